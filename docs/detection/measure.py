#!/usr/bin/env python3
"""Trains and evaluates variants of the recipe on several kinds of part, and keeps one line of CSV for each run.

    python3 docs/detection/measure.py --trainer target/debug/host-trainer --out out/detection \\
        --kind bottle=PATH --kind tile=PATH --rendered --seeds 1,2,3 --variants default,no-handicap

Run it from the root of the repository. A run whose line is there already is left out, so an interrupted measurement goes
on where it stopped. A training that was interrupted goes on too. `--rendered` adds the kinds that the trainer draws.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import time

VARIANTS = {
    "default": [],
    "no-handicap": ["--handicap", "none"],
    "paper-handicap": ["--handicap", "paper"],
    "fixed-light": ["--light", "0"],
    "ssim-l1": ["--loss", "ssim-l1"],
    "mse": ["--loss", "mse"],
    "compact": ["--model", "compact", "--geometry", "whole"],
    "compact-no-handicap": ["--model", "compact", "--geometry", "whole", "--handicap", "none"],
    "whole": ["--geometry", "whole"],
    "tiles": ["--geometry", "tiles"],
    "normalised": ["--normalise", "pixels"],
    "ssim": ["--metric", "ssim"],
    "msgms": ["--metric", "msgms"],
    "l2": ["--metric", "l2"],
    "ssim-top": ["--metric", "ssim", "--pooling", "top"],
    "msgms-top": ["--metric", "msgms", "--pooling", "top"],
    "mean": ["--metric", "ssim", "--pooling", "mean"],
}
# Sealed again from the finished training of the default: what differs comes after training.
SCORES = ["normalised", "ssim", "msgms", "l2", "ssim-top", "msgms-top", "mean"]
FIGURES = ["image_auroc", "f1", "f1_max", "f1_reject_all", "false_reject_rate", "escape_rate", "pixel_auroc", "aupro"]
FIELDS = ["kind", "variant", "seed", "steps", *FIGURES, "n_good", "n_defective", "n_fault", "train_s", "geometry"]


def run(command):
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{finished.stderr.strip()}")
    return finished.stdout


def measure(trainer, out, kind, data, variant, seed):
    folder = out / f"{kind}-{variant}-{seed}"
    if variant in SCORES:
        former = out / f"{kind}-default-{seed}" / "checkpoint.safetensors"
        if not former.exists():
            sys.exit(f"{former} is missing: measure `default` first")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / former.name).write_bytes(former.read_bytes())
    start = time.monotonic()
    again = ["--resume"] if (folder / "checkpoint.safetensors").exists() else []
    run([trainer, "train", "--data", data, "--out", folder, "--device", "cpu", "--seed", seed, *VARIANTS[variant], *again])
    seconds = time.monotonic() - start
    bundle = folder / "station.bundle"
    found = json.loads(run([trainer, "evaluate", "--bundle", bundle, "--data", data, "--json"]))
    record = json.loads((folder / "training.json").read_text())
    line = {name: found.get(name) for name in FIELDS}
    figures = {name: round(found[name], 4) for name in FIGURES if isinstance(found.get(name), float)}
    line |= figures | {"kind": kind, "variant": variant, "seed": seed, "steps": record["history"][-1]["step"]}
    return line | {"train_s": round(seconds), "geometry": record["geometry"]["reason"].split(":")[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", required=True, type=pathlib.Path, help="the host-trainer program")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for bundles and results.csv")
    parser.add_argument("--kind", action="append", default=[], metavar="NAME=PATH", help="photographs in MVTec's layout")
    parser.add_argument("--rendered", action="store_true", help="add the kinds that the trainer renders")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--variants", default="default", help=f"of {', '.join(VARIANTS)}")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kinds = dict(kind.split("=", 1) for kind in options.kind)
    for kind in ["bottle", "surface", "turned"] if options.rendered else []:
        folder = options.out / "data" / kind
        if not (folder / "RENDERED.txt").exists():
            run([options.trainer, "render", "--kind", kind, "--out", folder])
        kinds[f"rendered {kind}"] = folder
    results = options.out / "results.csv"
    done = set()
    if results.exists():
        with results.open(newline="") as file:
            done = {(line["kind"], line["variant"], line["seed"]) for line in csv.DictReader(file)}
    with results.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if not done:
            writer.writeheader()
        for variant in options.variants.split(","):
            for kind, data in kinds.items():
                for seed in options.seeds.split(","):
                    if (kind, variant, seed) in done:
                        continue
                    line = measure(options.trainer, options.out, kind, data, variant, seed)
                    writer.writerow(line)
                    file.flush()
                    print({name: line[name] for name in FIELDS[:12]}, flush=True)


if __name__ == "__main__":
    main()
