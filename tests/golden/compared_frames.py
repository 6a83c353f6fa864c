"""Writes compared_frames.json beside it: pairs of the recorded frames, compared in float64.

usage: python tests/golden/compared_frames.py     from the root of the repository; numpy, scikit-image 0.26, Pillow

For each metric the mean score (1 - SSIM over the pixels at least 3, with the Gaussian 5, from each edge; squares over
all pixels) and every 16th pixel of every 16th row of the map, from (5, 5) on.
"""
import json
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

FRAMES = Path("tests/frames")
PAIRS = [
    ("good/000", "good/001"),
    ("good/000", "chip/000"),
    ("good/002", "crack/001"),
    ("contamination/000", "good/003"),
]
GAUSSIAN = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def metrics(a, b):
    for name, options in (("ssim", {}), ("ssim-gaussian", GAUSSIAN)):
        mean, ssim = structural_similarity(a, b, data_range=255, full=True, **options)
        yield name, 1 - mean, 1 - ssim
    squares = ((a - b) / 255) ** 2
    yield "l2", squares.mean(), squares


result = []
for names in PAIRS:
    a, b = (np.asarray(Image.open(FRAMES / f"{name}.png").convert("L"), np.float64) for name in names)
    kept = lambda values: (np.round(values[5::16, 5::16], 7) + 0.0).ravel().tolist()
    compared = {metric: {"score": round(float(mean), 10), "map": kept(values)}
                for metric, mean, values in metrics(a, b)}
    result.append({"a": f"{names[0]}.png", "b": f"{names[1]}.png", "metrics": compared})
text = ",\n".join(json.dumps(pair, separators=(",", ":")) for pair in result)
Path("tests/golden/compared_frames.json").write_text(f"[\n{text}\n]\n")
