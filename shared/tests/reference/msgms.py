"""1 - MSGMS in float64, by SciPy; docs/scoring.md defines it. For both reference scripts."""
import numpy as np
from scipy.ndimage import map_coordinates, prewitt


def msgms(a, b):
    """Prewitt's gradient magnitudes compared (Xue et al. 2014, T = 170) at the scales 1, 1/2 and 1/4, each enlarged."""
    height, width = a.shape
    total = 0.0
    for scale in (1, 2, 4):
        ga, gb = (np.hypot(prewitt(x, 0, mode="reflect"), prewitt(x, 1, mode="reflect")) / 3 for x in (a, b))
        level = 1 - (2 * ga * gb + 170) / (ga**2 + gb**2 + 170)
        rows, columns = ((np.arange(side) + 0.5) / scale - 0.5 for side in (height, width))
        total = total + map_coordinates(level, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")
        a, b = (np.pad(x, [(0, side % 2) for side in x.shape], mode="symmetric") for x in (a, b))
        a, b = ((x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4 for x in (a, b))
    return total / 3
