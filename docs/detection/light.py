#!/usr/bin/env python3
"""Evaluates bundles of `measure.py` on test images that are a little darker or brighter than the training images.

    python3 docs/detection/light.py --trainer target/debug/host-trainer --out out/training --kind bottle=MVTEC/bottle

`--out` is the folder of `measure.py --variants training`. Gray levels are multiplied, rounded and clipped to 0 to 255. Needs Pillow.
"""

import argparse
import json
import pathlib
import shutil
import subprocess

from PIL import Image


def lit(data, folder, factor):
    """A copy of the test images with every gray level multiplied, and of the masks as they are."""
    if folder.exists():
        return
    whole = folder.with_suffix(".new")
    shutil.rmtree(whole, ignore_errors=True)
    for path in sorted((data / "test").rglob("*")):
        if path.suffix.lower() in (".png", ".jpg", ".bmp"):
            to = whole / path.relative_to(data)
            to.parent.mkdir(parents=True, exist_ok=True)
            Image.open(path).point(lambda level: min(round(level * factor), 255)).save(to.with_suffix(".png"))
    if (data / "ground_truth").exists():
        shutil.copytree(data / "ground_truth", whole / "ground_truth")
    whole.rename(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", required=True, type=pathlib.Path, help="the host-trainer program")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the folder of measure.py")
    parser.add_argument("--kind", action="append", required=True, metavar="NAME=PATH", help="photographs in MVTec's layout")
    parser.add_argument("--variants", default="default,fixed-light")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--factors", default="1,0.9,1.1")
    options = parser.parse_args()
    print("| kind | variant | factor | seed | image AUROC | good rejected | defective passed | faults |\n" + "|---" * 8 + "|")
    for kind, data in (kind.split("=", 1) for kind in options.kind):
        for factor in options.factors.split(","):
            folder = options.out / f"{kind}-light-{factor}".replace(" ", "-")
            lit(pathlib.Path(data), folder, float(factor))
            for variant in options.variants.split(","):
                for seed in options.seeds.split(","):
                    bundle = options.out / f"{kind}-{variant}-{seed}".replace(" ", "-") / "station.bundle"
                    command = [options.trainer, "evaluate", "--bundle", bundle, "--data", folder, "--json"]
                    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                    print(f"| {kind} | `{variant}` | {factor} | {seed} | {found['image_auroc']:.3f} | "
                          f"{found['false_reject_rate'] * found['n_good']:.0f} of {found['n_good']} | "
                          f"{found['escape_rate'] * found['n_defective']:.0f} of {found['n_defective']} | {found['n_fault']} |", flush=True)


if __name__ == "__main__":
    main()
