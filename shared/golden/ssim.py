"""Expected numbers for src/similarity/tests.rs: 1 - SSIM by scikit-image 0.26 with its defaults, in float64.

usage: python shared/golden/ssim.py     needs numpy and scikit-image; prints Rust literals
"""
import numpy as np
from skimage.metrics import structural_similarity

WIDTH, HEIGHT = 16, 12
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
PAIRS = {
    "ramp": (7 * x + 11 * y, 7 * x + 11 * y + 3 * (x * y % 5)),
    "checkerboard": (255 * ((x + y) % 2), 255 * ((x + y + 1) % 2)),
    "texture": (31 * x * x + 17 * y * y + 7 * x * y, 37 * x + 101 * y + 13 * x * y),
}
PIXELS = [(0, 0), (15, 0), (3, 3), (8, 5), (0, 11), (15, 11)]

for name, pair in PAIRS.items():
    a, b = ((image % 256).astype(np.float64) for image in pair)
    ssim, ssim_map = structural_similarity(a, b, data_range=255, full=True)
    pixels = ", ".join(f"({u}, {v}, {1 - ssim_map[v, u]:.9f})" for u, v in PIXELS)
    print(f"{name}: mean {1 - ssim:.9f}, map [{pixels}]")
