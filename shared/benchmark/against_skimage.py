"""Times scoring against scikit-image on the same images in the same run, and counts instructions.

usage: python shared/benchmark/against_skimage.py     from the root of the repository; numpy, scikit-image 0.26, cargo;
                                                      valgrind for the instructions

Prints two tables. A time is the least of all samples on one core: whatever else the machine does only adds to it.
skimage is timed before and after criterion. The instructions of one more call, by callgrind, are not disturbed by
anything.
"""
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import skimage
from skimage.metrics import structural_similarity

MANIFEST = "shared/benchmark/Cargo.toml"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", "target")).resolve() / "benchmark"
PROGRAM = TARGET / "release" / "benchmark"
SIZES = [(128, 128), (227, 227), (640, 480)]
SKIMAGE = {
    "ssim": lambda a, b: structural_similarity(a, b, data_range=255, full=True),
    "ssim-gaussian": lambda a, b: structural_similarity(
        a, b, data_range=255, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
    "l2": lambda a, b: (lambda squares: (squares.mean(), squares))(((a.astype(float) - b) / 255) ** 2),
}
RECIPES = [*SKIMAGE, "default"]
ENVIRONMENT = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}


def images(width, height):
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}" for name in "ab"]
        subprocess.run([PROGRAM, "images", str(width), str(height), *paths], check=True)
        return [np.fromfile(path, np.uint8).reshape(height, width) for path in paths]


def time_skimage(best):
    for size in SIZES:
        a, b = images(*size)
        for metric, score in SKIMAGE.items():
            until = time.perf_counter() + 1.5
            while time.perf_counter() < until:
                start = time.perf_counter()
                score(a, b)
                best[metric, size] = min(best.get((metric, size), float("inf")), time.perf_counter() - start)


def criterion(group, name):
    """The least time of one call, over the samples of a benchmark, in seconds."""
    sample = json.loads((TARGET / "criterion" / group / name / "new" / "sample.json").read_text())
    return min(time / times for time, times in zip(sample["times"], sample["iters"])) / 1e9


def instructions(recipe, width, height):
    def collected(times):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM]
        run = subprocess.run([*command, recipe, str(width), str(height), str(times)], capture_output=True, text=True)
        return int(run.stderr.split("Collected :")[1].split()[0])

    return (collected(3) - collected(1)) / 2 / (width * height)


def main():
    subprocess.run(["cargo", "build", "-q", "--release", "--manifest-path", MANIFEST], check=True, env=ENVIRONMENT)
    skimage_best = {}
    time_skimage(skimage_best)
    command = ["cargo", "bench", "-q", "--manifest-path", MANIFEST]
    log = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if log.returncode != 0:
        raise SystemExit(log.stdout + log.stderr)
    time_skimage(skimage_best)

    print(f"scikit-image {skimage.__version__}, one core, map and score\n")
    print("| | size | this, us | skimage, us | times faster | map alone, ns/pixel | map and score, ns/pixel |")
    print("|---|---|---|---|---|---|---|")
    for recipe in RECIPES:
        for width, height in SIZES:
            group, pixels = f"{width}x{height}", width * height
            ours = criterion(group, recipe if recipe == "default" else f"mean {recipe}")
            alone = "" if recipe == "default" else f"{criterion(group, f'map {recipe}') / pixels * 1e9:.1f}"
            theirs = skimage_best.get((recipe, (width, height)))
            compared = f"{theirs * 1e6:.0f} | {theirs / ours:.1f}" if theirs else " | "
            print(f"| {recipe} | {group} | {ours * 1e6:.0f} | {compared} | {alone} | {ours / pixels * 1e9:.1f} |")
    if not shutil.which("valgrind"):
        print("\nvalgrind is not installed: no instructions counted")
        return
    print("\n| instructions per pixel | " + " | ".join(f"{width}x{height}" for width, height in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for recipe in RECIPES:
        print(f"| {recipe} | " + " | ".join(f"{instructions(recipe, *size):.0f}" for size in SIZES) + " |")


main()
