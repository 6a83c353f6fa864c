#!/usr/bin/env python3
"""Trains and evaluates variants of the recipe on several kinds of part, and keeps one line of CSV for each run.

    python3 docs/detection/measure.py --trainer target/debug/host-trainer --out out/detection \\
        --kind bottle=PATH --kind tile=PATH --rendered --seeds 1,2,3 --variants default,no-handicap
    python3 docs/detection/measure.py ... --settings "--width 0.5 --steps 2000 --detectability none" --variants training
    python3 docs/detection/measure.py ... --variants designs --runtime target/debug/edge-runtime

Run it from the root of the repository. A run whose line is there already is left out, so an interrupted measurement goes
on where it stopped. A training that was interrupted goes on too. `--rendered` adds the kinds that the trainer draws.
`--settings` go to every training; the lines say how many steps it had. With `--runtime` lines also get the milliseconds
that the station's program takes from frame to verdict, in one thread, after all trainings: let nothing else run then.
"""

import argparse
import csv
import json
import pathlib
import shlex
import subprocess
import sys
import time

# What differs in training.
TRAININGS = {
    "default": [],
    "no-handicap": ["--handicap", "none"],
    "paper-handicap": ["--handicap", "paper"],
    "fixed-light": ["--light", "0"],
    "ssim-l1": ["--loss", "ssim-l1"],
    "mse": ["--loss", "mse"],
    "whole": ["--geometry", "whole"],
    "tiles": ["--geometry", "tiles"],
}
# Networks, for the front of designs: each with as many steps as take as long as the default's 2,800. Seconds of a step, two
# cores, another process in one of them: default 0.122; a quarter of the width 0.026, a half 0.049, one and a half 0.267; no
# skips 0.112; 96 pixels 0.073, 192 pixels 0.273; compact 0.079.
DESIGNS = {
    "width-0.25": ["--width", "0.25", "--steps", "13200"],
    "width-0.5": ["--width", "0.5", "--steps", "7000"],
    "width-1.5": ["--width", "1.5", "--steps", "1280"],
    "no-skips": ["--skips", "none", "--steps", "3050"],
    "no-skips-no-handicap": ["--skips", "none", "--handicap", "none", "--steps", "3050"],
    "resolution-96": ["--resolution", "96", "--steps", "4650"],
    "resolution-192": ["--resolution", "192", "--steps", "1250"],
    "compact": ["--model", "compact", "--geometry", "whole", "--steps", "4300"],
    "compact-no-handicap": ["--model", "compact", "--geometry", "whole", "--handicap", "none", "--steps", "4300"],
}
# Sealed again from the finished training of the default: what differs comes after training.
SCORES = {
    "ssim": ["--metric", "ssim"],
    "msgms": ["--metric", "msgms"],
    "ssim-msgms": ["--metric", "ssim-msgms"],
    "l2": ["--metric", "l2"],
    "top": ["--pooling", "top"],
    "mean": ["--pooling", "mean"],
    "no-margin": ["--margin", "none"],
    "normalised": ["--normalise", "pixels"],
    "paper-score": ["--metric", "ssim", "--pooling", "mean", "--margin", "none"],
}
VARIANTS = TRAININGS | DESIGNS | SCORES
GROUPS = {
    "training": ["default", "no-handicap", "paper-handicap", "fixed-light", "ssim-l1", "mse"],
    "scoring": ["default", *SCORES],
    "designs": ["default", *DESIGNS],
}
FIGURES = ["image_auroc", "f1", "f1_max", "f1_reject_all", "false_reject_rate", "escape_rate", "pixel_auroc", "aupro"]
FIELDS = ["kind", "variant", "seed", "steps", *FIGURES, "n_good", "n_defective", "n_fault", "train_s", "geometry",
          "inference_ms", "frame_ms"]


def run(command):
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if finished.returncode != 0:
        raise subprocess.SubprocessError(f"{shlex.join(map(str, command))}\n{finished.stderr.strip()}")
    return finished.stdout


def milliseconds(runtime, bundle):
    """The medians of inference, and of all from frame to verdict."""
    found = json.loads(run([runtime, "bench", "--bundle", bundle, "--frames", 50, "--json"]))
    return {f"{name}_ms": found[stage]["p50"] for name, stage in [("inference", "inference"), ("frame", "total")]}


def fill_times(options, results):
    """Gives every line that has no times yet those of its bundle: of three runs the one in the middle."""
    with results.open(newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        bundle = folder_of(options, line["kind"], line["variant"], line["seed"]) / "station.bundle"
        if not line["frame_ms"] and bundle.exists():
            runs = sorted((milliseconds(options.runtime, bundle) for _ in range(3)), key=lambda run: run["frame_ms"])
            line |= runs[1]
            print(line["kind"], line["variant"], line["seed"], runs[1], flush=True)
    whole = results.with_suffix(".new")
    with whole.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    whole.replace(results)


def folder_of(options, kind, variant, seed):
    return options.out / f"{kind}-{variant}-{seed}".replace(" ", "-")


def measure(options, kind, data, variant, seed):
    folder = folder_of(options, kind, variant, seed)
    if variant in SCORES:
        former = folder_of(options, kind, "default", seed) / "checkpoint.safetensors"
        if not former.exists():
            sys.exit(f"{former} is missing: measure `default` first")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / former.name).write_bytes(former.read_bytes())
    start = time.monotonic()
    again = ["--resume"] if (folder / "checkpoint.safetensors").exists() else []
    settings = [*shlex.split(options.settings), *VARIANTS[variant]]
    run([options.trainer, "train", "--data", data, "--out", folder, "--device", "cpu", "--seed", seed, *settings, *again])
    seconds = time.monotonic() - start
    bundle = folder / "station.bundle"
    found = json.loads(run([options.trainer, "evaluate", "--bundle", bundle, "--data", data, "--json"]))
    record = json.loads((folder / "training.json").read_text())
    line = {name: found.get(name) for name in FIELDS}
    figures = {name: round(found[name], 4) for name in FIGURES if isinstance(found.get(name), float)}
    line |= figures | {"kind": kind, "variant": variant, "seed": seed, "steps": record["history"][-1]["step"]}
    return line | {"train_s": round(seconds), "geometry": record["geometry"]["reason"].split(":")[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", required=True, type=pathlib.Path, help="the host-trainer program")
    parser.add_argument("--runtime", type=pathlib.Path, help="the edge-runtime program, to measure its time")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for bundles and results.csv")
    parser.add_argument("--kind", action="append", default=[], metavar="NAME=PATH", help="photographs in MVTec's layout")
    parser.add_argument("--rendered", action="store_true", help="add the kinds that the trainer renders")
    parser.add_argument("--settings", default="", help="further settings of every training")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--variants", default="default", help=f"of {', '.join([*VARIANTS, *GROUPS])}")
    options = parser.parse_args()
    names = [name for asked in options.variants.split(",") for name in GROUPS.get(asked, [asked])]
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        parser.error(f"found {', '.join(unknown)}, expected variants of {', '.join([*VARIANTS, *GROUPS])}")
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
            reader = csv.DictReader(file)
            if reader.fieldnames != FIELDS:
                sys.exit(f"{results}: found other columns than this version writes; move it away and measure again")
            done = {(line["kind"], line["variant"], line["seed"]) for line in reader}
    with results.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        for seed in options.seeds.split(","):
            for variant in dict.fromkeys(names):
                for kind, data in kinds.items():
                    if (kind, variant, seed) in done:
                        continue
                    try:
                        line = measure(options, kind, data, variant, seed)
                    except subprocess.SubprocessError as error:
                        # A design may be refused for a kind of part; the others go on.
                        print(f"{kind} {variant} {seed}: {error}", file=sys.stderr, flush=True)
                        continue
                    writer.writerow(line)
                    file.flush()
                    print({name: line[name] for name in FIELDS[:12]}, flush=True)
    if options.runtime:
        fill_times(options, results)


if __name__ == "__main__":
    main()
