"""Writes reference.tsv: the images of the golden set and their scores in float64, by scikit-image and SciPy.

usage: python shared/tests/golden/reference.py     needs numpy, scipy and scikit-image

set/pairs.rs has the same formulas, set/mod.rs the same recipes; docs/scoring.md defines what they mean.
"""
import pathlib
import sys
import zlib

import numpy as np
from scipy.ndimage import uniform_filter1d
from skimage.metrics import structural_similarity

sys.path.append(str(pathlib.Path(__file__).parent.parent / "reference"))
from msgms import msgms


def noise(seed, x, y):
    with np.errstate(over="ignore"):
        h = np.uint32(seed) * np.uint32(0x9E3779B1) ^ x * np.uint32(0x85EBCA77) ^ y * np.uint32(0xC2B2AE3D)
        h = (h ^ h >> np.uint32(16)) * np.uint32(0x7FEB352D)
        h = (h ^ h >> np.uint32(15)) * np.uint32(0x846CA68B)
        return h ^ h >> np.uint32(16)


flat = lambda value: lambda w, h, x, y: np.full((h, w), value)
board = lambda even, odd: lambda w, h, x, y: np.where((x + y) % 2 == 0, even, odd)
first = lambda count, one, two: lambda w, h, x, y: np.where(w * y.astype(int) + x < count, one, two)
point = lambda u, v, ground, value: lambda w, h, x, y: np.where((x == u) & (y == v), value, ground)
noisy = lambda seed: lambda w, h, x, y: noise(seed, x, y) >> 24
grain = lambda value, bits, seed: lambda w, h, x, y: value + (noise(seed, x, y) >> 32 - bits)


def polynomial(*c):
    def draw(w, h, x, y):
        x, y = x.astype(int), y.astype(int)
        return (c[0] * x * x + c[1] * x * y + c[2] * y * y + c[3] * x + c[4] * y + c[5]) % 256

    return draw


def ramp(right, down, start):
    return lambda w, h, x, y: np.clip(right * x.astype(int) + down * y.astype(int) + start, 0, 255)


def ring(dent, bits):
    def draw(w, h, x, y):
        x, y = x.astype(int), y.astype(int)
        distance = (2 * x + 1 - w) ** 2 + (2 * y + 1 - h) ** 2
        side = min(w, h) ** 2
        inner, outer = side * 25 // 64, side * 49 // 64
        dented = dent & (x > w * 3 // 4) & (y >= h * 7 // 16) & (y < h * 9 // 16)
        ground = 40 + 60 * x // w
        rim = np.where((distance < outer) & ~dented, 100 + 120 * (distance - inner) // (outer - inner), ground)
        added = noise(10, x.astype(np.uint32), y.astype(np.uint32)).astype(np.int64) >> 32 - bits
        return np.where(distance < inner, 30, rim) + added

    return draw


PAIRS = {
    "black_black": (7, 7, flat(0), flat(0)),
    "black_white": (7, 7, flat(0), flat(255)),
    "white_white": (16, 12, flat(255), flat(255)),
    "gray_next": (9, 8, flat(127), flat(128)),
    "boards": (16, 12, board(0, 255), board(255, 0)),
    "board_gray": (13, 21, board(0, 255), flat(128)),
    "board_faint": (21, 13, board(127, 128), board(128, 127)),
    "half": (7, 7, first(24, 255, 0), first(24, 0, 255)),
    "point_centre": (15, 15, point(7, 7, 0, 255), flat(0)),
    "point_corner": (15, 15, point(0, 0, 255, 0), point(14, 14, 255, 0)),
    "point_faint": (15, 16, point(8, 3, 200, 201), flat(200)),
    "ramp": (40, 30, ramp(5, 3, 0), ramp(5, 3, 9)),
    "ramp_saturated": (40, 30, ramp(31, -17, -100), ramp(-23, 29, 128)),
    "texture": (31, 17, polynomial(31, 7, 17, 0, 0, 0), polynomial(0, 13, 0, 37, 101, 0)),
    "noise": (64, 48, noisy(1), noisy(2)),
    "noise_gray": (33, 65, noisy(3), flat(128)),
    "noise_odd": (129, 127, noisy(4), ring(False, 0)),
    "grain_dark": (48, 48, grain(0, 2, 5), flat(1)),
    "grain_bright": (48, 48, grain(240, 4, 6), grain(240, 4, 7)),
    "ring": (128, 128, ring(True, 3), ring(False, 0)),
    "ring_good": (128, 128, ring(False, 3), ring(False, 0)),
    "ring_large": (227, 227, ring(True, 4), ring(False, 1)),
    "widest": (16384, 11, board(0, 255), noisy(8)),
    "tallest": (11, 16384, noisy(9), board(255, 0)),
}
gaussian = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
# Name, border and least side, map.
METRICS = {
    "ssim": (3, 7, lambda a, b: 1 - structural_similarity(a, b, data_range=255, full=True)[1]),
    "gaussian": (5, 11, lambda a, b: 1 - structural_similarity(a, b, data_range=255, full=True, **gaussian)[1]),
    "l2": (0, 7, lambda a, b: ((a - b) / 255) ** 2),
    "msgms": (0, 19, msgms),
}
# Metric, radius of smoothing, what else is done to the map, pooling and its number.
RECIPES = {
    "ssim.mean": ("ssim", 0, "", "mean", 0),
    "ssim.max0": ("ssim", 0, "", "max", 0),
    "ssim.max2": ("ssim", 0, "", "max", 2),
    "ssim.max63": ("ssim", 0, "", "max", 63),
    "ssim.top1": ("ssim", 0, "", "top", 1),
    "ssim.masked.mean": ("ssim", 0, "masked", "mean", 0),
    "ssim.all.max1": ("ssim", 2, "normalised masked", "max", 1),
    "gaussian.mean": ("gaussian", 0, "", "mean", 0),
    "gaussian.max4": ("gaussian", 0, "", "max", 4),
    "gaussian.all.top9": ("gaussian", 2, "normalised masked", "top", 9),
    "l2.mean": ("l2", 0, "", "mean", 0),
    "l2.max3": ("l2", 0, "", "max", 3),
    "l2.top20": ("l2", 0, "", "top", 20),
    "msgms.mean": ("msgms", 0, "", "mean", 0),
    "msgms.max4": ("msgms", 0, "", "max", 4),
    "msgms.all.top9": ("msgms", 2, "normalised masked", "top", 9),
    "l2.normalised.mean": ("l2", 0, "normalised", "mean", 0),
}


def smooth(values, radius):
    for axis in (1, 1, 1, 0, 0, 0):
        values = uniform_filter1d(values, 2 * radius + 1, axis, mode="reflect")
    return values


def score(metric, smoothing, extra, pooling, number, values, x, y):
    """The score, or None where the recipe does not allow the size."""
    (height, width), (border, least, _) = values.shape, METRICS[metric]
    radius = max(smoothing, number if pooling == "max" else 0)
    if min(width, height) < max(least, 2 * radius + 1):
        return None
    values = smooth(values, smoothing)
    if "normalised" in extra:
        mean, spread = (noise(20, x, y) >> 12) / 2**24, (2**23 + (noise(21, x, y) >> 8).astype(int)) / 2**24
        values = np.clip((values - mean) / spread, 0, 2)
    if pooling == "max":
        values = smooth(values, number)
    weights = np.full(values.shape, 255)
    if "masked" in extra:
        weights = np.where(x < width // 4, 0, np.where(x < width // 4 * 2, noise(22, x, y) >> 24, 255))
    inside = slice(border, height - border), slice(border, width - border)
    values, weights = values[inside], weights[inside]
    values, weights = values[weights > 0], weights[weights > 0].astype(float)
    if pooling == "mean":
        return (values * weights).sum() / weights.sum()
    greatest = np.sort(values * weights / 255)[::-1]
    if pooling == "max":
        return greatest[0]
    return greatest[:number].mean() if number <= len(greatest) else None


with open(pathlib.Path(__file__).parent / "reference.tsv", "w") as out:
    print("# subject\twhat\tchecksum\tvalue\n# Written by reference.py, in float64.", file=out)
    for name, (width, height, *patterns) in PAIRS.items():
        y, x = np.mgrid[0:height, 0:width].astype(np.uint32)
        a, b = (np.asarray(draw(width, height, x, y)).astype(np.uint8) for draw in patterns)
        for what, image in ("a", a), ("b", b):
            print(f"{name}\t{what}\t{zlib.crc32(image.tobytes()):08x}\t{image.sum(dtype=np.uint64)}", file=out)
        a, b = a.astype(np.float64), b.astype(np.float64)
        maps = {metric: of(a, b) for metric, (_, least, of) in METRICS.items() if min(width, height) >= least}
        for what, (metric, *recipe) in RECIPES.items():
            value = score(metric, *recipe, maps[metric], x, y) if metric in maps else None
            if value is not None:
                print(f"{name}\t{what}\t-\t{value:.12f}", file=out)
