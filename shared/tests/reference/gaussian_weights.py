"""The search for the integer weights of the Gaussian window (shared/src/similarity/gaussian.rs).

usage: python shared/tests/reference/gaussian_weights.py     needs numpy; takes a minute

Eleven weights exp(-i^2 / (2 1.5^2)), i = -5 to 5, times c and rounded, for c in steps of 1/4. The best are those whose
greatest relative error is least, and of the first two the one that is wrong by less in all; their sum T is at most
4,210,752, so that 2 * 510 T fits in 32 bits.
"""
import numpy as np

real = np.exp(-np.arange(6) ** 2 / (2 * 1.5**2))
real /= real[0] + 2 * real[1:].sum()

found = []
for start in range(2**21, 4_210_000, 250_000):
    scales = np.arange(start, min(start + 250_000, 4_210_000), 0.25)
    weights = np.rint(scales[:, None] * real)
    total = weights[:, 0] + 2 * weights[:, 1:].sum(axis=1)
    error = np.abs(weights / total[:, None] / real - 1).max(axis=1)
    found += [(error[i], int(total[i]), *weights[i].astype(int).tolist()) for i in error.argsort()[:20]]
for error, total, *weights in sorted(set(found))[:5]:
    off = np.abs(np.array(weights) / total - real)
    print(f"T = {total}, weights {weights}: each wrong by at most {error:.3e} of itself, all together by "
          f"{off[0] + 2 * off[1:].sum():.1e}")
