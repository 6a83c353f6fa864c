"""Writes maps.tsv beside it: pairs of images, and in float64 their difference maps and mean scores.

usage: python shared/tests/reference/reference.py     from the root of the repository; numpy, scipy,
                                                    scikit-image 0.26, Pillow

The maps are 1 - SSIM by scikit-image (uniform 7x7 windows with its defaults; Gaussian 11x11, sigma 1.5, population
covariance, as Wang 2004 and TensorFlow), ((a - b) / 255)^2, and for images of 19 pixels a side and more 1 - MSGMS and its
sum with half of the first. The means are over the pixels at least 3 (Gaussian: 5) from each edge, for squares and MSGMS
over all. For the mean, the Gaussian is filtered once more, without scikit-image.
"""
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from msgms import msgms

FRAMES = Path("tests/frames")
OUT = Path("shared/tests/reference/maps.tsv")


def random(seed, width, height):
    """The upper bytes of Numerical Recipes' generator x = (1664525 x + 1013904223) mod 2^32."""
    values = []
    for _ in range(width * height):
        seed = (1664525 * seed + 1013904223) % 2**32
        values.append(seed >> 24)
    return np.array(values).reshape(height, width)


def frame(name, x, y, width=24, height=20):
    """Part of a frame of the project."""
    return np.asarray(Image.open(FRAMES / name).convert("L"), np.int64)[y:y + height, x:x + width]


def formula(function, width, height):
    y, x = np.mgrid[0:height, 0:width]
    return function(x, y) % 256 + 0 * x


def pairs():
    yield "random", random(1, 20, 14), random(2, 20, 14)
    yield "random, near", random(3, 20, 14), np.clip(random(3, 20, 14) + random(4, 20, 14) % 9 - 4, 0, 255)
    yield "smooth", *(formula(f, 23, 13) for f in (lambda x, y: 20 + 5 * x + 3 * y,
                                                    lambda x, y: 24 + 4 * x + x * y // 3))
    yield "texture", *(formula(f, 21, 15) for f in (lambda x, y: 31 * x * x + 17 * y * y + 7 * x * y,
                                                     lambda x, y: 37 * x + 101 * y + 13 * x * y))
    yield "flat", formula(lambda x, y: 100, 12, 11), formula(lambda x, y: 103, 12, 11)
    yield "flat, dark", formula(lambda x, y: 0, 11, 12), formula(lambda x, y: 1, 11, 12)
    yield "black and white", formula(lambda x, y: 0, 11, 11), formula(lambda x, y: 255, 11, 11)
    yield "checkerboards", *(formula(lambda x, y: 255 * ((x + y + shift) % 2), 14, 13) for shift in (0, 1))
    yield "one pixel", formula(lambda x, y: 255 * ((x == 6) & (y == 5)), 13, 12), formula(lambda x, y: 0, 13, 12)
    yield "saturated", 255 * (random(5, 20, 14) // 128), 255 * (random(6, 20, 14) // 128)
    yield "frames, good", frame("good/000.png", 90, 40), frame("good/001.png", 90, 40)
    yield "frames, defective", frame(DEFECTIVE, 100, 96), frame("good/000.png", 100, 96)
    noise = np.clip(frame("good/002.png", 60, 120) + random(7, 24, 20) % 7 - 3, 0, 255)
    yield "frame, redrawn", frame("good/002.png", 60, 120), noise


DEFECTIVE = sorted(str(path.relative_to(FRAMES)) for path in FRAMES.glob("*/*.png") if path.parent.name != "good")[0]


def gaussian_mean(a, b):
    """The mean over the valid windows, from the definition."""
    k = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    k /= k.sum()
    window = np.lib.stride_tricks.sliding_window_view
    blur = lambda x: np.einsum("yxij,i,j->yx", window(x, (11, 11)), k, k)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    return 1 - ((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()


def maps(a, b):
    mean, ssim = structural_similarity(a, b, data_range=255, full=True)
    yield "ssim", 1 - mean, 1 - ssim
    uniform = 1 - ssim
    options = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    mean, ssim = structural_similarity(a, b, data_range=255, full=True, **options)
    assert abs(1 - mean - gaussian_mean(a, b)) < 1e-12
    yield "ssim-gaussian", 1 - mean, 1 - ssim
    squares = ((a - b) / 255) ** 2
    yield "l2", squares.mean(), squares
    if min(a.shape) >= 19:
        gradients = msgms(a, b)
        yield "msgms", gradients.mean(), gradients
        both = uniform / 2 + gradients
        yield "ssim-msgms", both[3:-3, 3:-3].mean(), both


with OUT.open("w", newline="\n") as out:
    out.write("# Written by reference.py. A pair: name, width, height; both images, row by row, in hexadecimal digits;\n"
              "# then for each metric its name and mean, and the rows of the map.\n")
    for name, a, b in pairs():
        height, width = a.shape
        out.write(f"pair\t{name}\t{width}\t{height}\n")
        for image in (a, b):
            out.write(image.astype(np.uint8).tobytes().hex() + "\n")
        for metric, mean, values in maps(a.astype(np.float64), b.astype(np.float64)):
            out.write(f"{metric}\t{mean:.10f}\n")
            out.writelines("\t".join(f"{value:.8f}" for value in row) + "\n" for row in values)
