#!/usr/bin/env python3
"""Runs the paper's study and its side findings on two cores, and gathers every figure in one CSV.

    python3 docs/study/measure.py --trainer target/debug/host-trainer --data mvtec_bottle --out out/study

Run it from the root of the repository. A study that was interrupted goes on, one that is finished takes seconds.
`--only NAME,..` runs some of the studies; the CSV then has those that were run.
"""

import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import sys

SIDE = ["--models", "0"]
# Name, what it is called with, and whether it has the length of the main study or of the side findings.
STUDIES = {
    "tables": (["--models", "0,1,2"], "main"),
    "average-0": (SIDE, "side"),
    **{f"average-{k}": ([*SIDE, "--average-layer", str(k)], "side") for k in range(1, 6)},
    "average-all": ([*SIDE, "--average-layer", "all"], "side"),
    "wide": ([*SIDE, "--bottleneck", "wide"], "side"),
    **{f"handicap-{name}": (["--models", "2", "--handicap", name], "side")
       for name in ("paper-weak", "paper", "paper-strong")},
}
FIELDS = ["study", "model", "seed", "steps", "ended", "validation_loss", "validation_similarity", "score", "auroc",
          "f1_first_split", "f1_mean", "f1_low95", "f1_high95", "f1_sd_seeds", "f1_sd_splits", "error_on_good",
          "error_on_defective", "pixel_auroc", "aupro", "iou", "inside_over_outside"]
ONE = 1 << 24


def rows(name, record):
    """A line for each model, seed and score."""
    figures = {(figure["variation"], figure["score"]): figure for figure in record["figures"]}
    for model in record["models"]:
        for index, score in enumerate(("ssim", "ssim-range2", "l2")):
            found = figures[model["variation"], score]
            spread, first = found["f1"], model["first_split"][index]
            place = model["l2_map" if score == "l2" else "ssim_map"]
            scores = {True: [], False: []}
            for image in model["images"]:
                scores[image["kind"] is None].append(image["scores"][index])
            line = {
                "study": name, "model": model["variation"], "seed": model["seed"],
                "steps": model["history"][-1]["step"], "ended": model["ended"], "validation_loss": model["validation_loss"],
                "validation_similarity": model["validation_similarity"], "score": score, "auroc": model["auroc"][index],
                "f1_first_split": first and first["f1"], "f1_mean": spread["mean"],
                "f1_low95": spread["interval95"]["low"], "f1_high95": spread["interval95"]["high"],
                "f1_sd_seeds": spread["between_seeds"], "f1_sd_splits": spread["between_splits"],
                "error_on_good": statistics.mean(scores[True]) / ONE,
                "error_on_defective": statistics.mean(scores[False]) / ONE,
            }
            if score != "ssim-range2":
                line |= {key: place[key] for key in ("pixel_auroc", "aupro", "iou")}
                line["inside_over_outside"] = place["inside"] / place["outside"]
            yield {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in line.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", required=True, type=pathlib.Path, help="the host-trainer program")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="photographs in MVTec's layout")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for the studies and study.csv")
    parser.add_argument("--width", default="0.25")
    parser.add_argument("--epochs", default="15", help="of the main study")
    parser.add_argument("--seeds", default="3", help="of the main study")
    parser.add_argument("--side-epochs", default="5", help="of the side findings, which have one seed")
    parser.add_argument("--only", default="", help=f"of {', '.join(STUDIES)}")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(STUDIES)
    unknown = set(names) - set(STUDIES)
    if unknown:
        sys.exit(f"unknown studies: {', '.join(sorted(unknown))}; expected of {', '.join(STUDIES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    gathered = []
    for name in names:
        arguments, length = STUDIES[name]
        of_length = ["--epochs", options.epochs, "--seeds", options.seeds]
        if length == "side":
            of_length = ["--epochs", options.side_epochs, "--seeds", "1"]
        folder = options.out / name
        command = [options.trainer, "study", "--data", options.data, "--out", folder, "--device", "cpu",
                   "--width", options.width, *of_length, *arguments]
        with open(options.out / f"{name}.log", "w", encoding="utf-8") as log:
            finished = subprocess.run([str(part) for part in command], stdout=log, stderr=log, check=False)
        if finished.returncode != 0:
            sys.exit(f"{name}: exit code {finished.returncode}: {' '.join(map(str, command))}")
        gathered += rows(name, json.loads((folder / "study.json").read_text(encoding="utf-8")))
        with open(options.out / "study.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(gathered)
        print(f"{name}: done", flush=True)


if __name__ == "__main__":
    main()
