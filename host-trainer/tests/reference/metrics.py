"""Expected values for the tests of host-trainer/src/evaluation/metrics: writes metrics.json beside this file.

usage: python host-trainer/tests/reference/metrics.py
needs numpy, scipy, scikit-learn, scikit-image; the versions that made metrics.json are in it; takes three minutes

Nothing here is shared with the Rust code. AUPRO and the bootstrap are written from their definitions, slowly and
plainly; everything else is a call of a library.
"""
import json
import pathlib

import numpy as np
import scipy
import skimage
import sklearn
from scipy.ndimage import map_coordinates
from scipy.stats import beta, binomtest
from skimage.measure import label
from skimage.transform import resize
from sklearn.metrics import (average_precision_score, f1_score, jaccard_score, precision_recall_curve, precision_score,
                             recall_score, roc_auc_score, roc_curve)

ONE = 1 << 24
LIMIT = 0.3
RESAMPLED = ("many ties", "continuous")


def best_f1(truth, scores):
    precision, recall, _ = precision_recall_curve(truth, scores)
    with np.errstate(invalid="ignore"):
        f1 = 2 * precision * recall / (precision + recall)
    return float(np.nanmax(f1))


def image_case(name, good, defective, threshold):
    """Image-level figures; defective is 1, a score at or above the threshold is a reject."""
    scores = np.array(list(good) + list(defective), dtype=np.float64)
    truth = np.array([0] * len(good) + [1] * len(defective))
    rejected = (scores >= threshold).astype(int)
    fpr, tpr, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    return {
        "name": name,
        "good": [int(s) for s in good],
        "defective": [int(s) for s in defective],
        "threshold": int(threshold),
        "auroc": roc_auc_score(truth, scores),
        "average_precision": average_precision_score(truth, scores),
        "precision": precision_score(truth, rejected) if rejected.any() else None,
        "recall": recall_score(truth, rejected),
        "f1": f1_score(truth, rejected),
        "f1_max": best_f1(truth, scores),
        "precision_good_positive": precision_score(truth, rejected, pos_label=0) if not rejected.all() else None,
        "recall_good_positive": recall_score(truth, rejected, pos_label=0),
        "f1_good_positive": f1_score(truth, rejected, pos_label=0),
        "f1_max_good_positive": best_f1(1 - truth, -scores),
        "roc": [[float(f), float(t), None if np.isinf(s) else int(s)] for f, t, s in zip(fpr, tpr, thresholds)],
    }


def image_cases(rng):
    def spread(n, mean):
        return rng.lognormal(np.log(mean), 0.5, n) * ONE

    return [
        image_case("separated", [100, 200, 300], [400, 500], 350),
        image_case("the wrong way round", [400, 500], [100, 200, 300], 350),
        image_case("one of each, tied", [7], [7], 7),
        image_case("all tied, none rejected", [5] * 4, [5] * 3, 6),
        image_case("all rejected", [1, 2, 2], [2, 3], 0),
        image_case("many ties", rng.integers(0, 12, 40), rng.integers(4, 16, 25), 9),
        image_case("continuous", spread(60, 0.1).astype(int), spread(45, 0.2).astype(int), int(0.15 * ONE)),
        image_case("few defects", spread(200, 0.1).astype(int), spread(6, 0.25).astype(int), int(0.3 * ONE)),
    ]


def rate_cases():
    pairs = [(0, 1), (1, 1), (0, 31), (1, 31), (31, 31), (30, 31), (2, 32), (1, 10), (5, 100), (50, 100), (97, 100),
             (0, 2995), (13, 2995), (1500, 3000), (0, 100000), (70, 100000)]
    cases = []
    for k, n in pairs:
        interval = binomtest(k, n).proportion_ci(confidence_level=0.95, method="exact")
        upper = 1.0 if k == n else float(beta.ppf(0.95, k + 1, n - k))
        cases.append([k, n, float(interval.low), float(interval.high), upper])
    return cases


def scale(values, shape):
    """Bilinear, pixel centres, edge clamped, rounded down to whole units."""
    y, x = ((np.arange(n) + 0.5) * m / n - 0.5 for n, m in zip(shape, values.shape))
    scaled = map_coordinates(values.astype(np.float64), np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")
    other = resize(values.astype(np.float64), shape, order=1, mode="edge", anti_aliasing=False, preserve_range=True)
    assert np.allclose(scaled, other, rtol=1e-9, atol=1e-6)
    # The exact value is a multiple of 1 / (4 width height) of a unit: the addend hides rounding errors of float64 only.
    return np.floor(scaled + 1e-5).astype(np.int64)


def scaling_cases(rng):
    cases = []
    for (h, w), (oh, ow) in [((2, 2), (4, 4)), ((5, 7), (11, 16)), ((7, 5), (7, 5)), ((9, 8), (4, 3)), ((1, 3), (5, 8)),
                             ((6, 1), (9, 1))]:
        values = rng.integers(0, 2 * ONE + 1, (h, w))
        cases.append({"width": w, "height": h, "map": values.ravel().tolist(), "to_width": ow, "to_height": oh,
                      "scaled": scale(values, (oh, ow)).ravel().tolist()})
    return cases


def mask_of(rows):
    return np.array([[c == "#" for c in row] for row in rows])


def rows_of(mask):
    return ["".join("#" if p else "." for p in row) for row in mask]


# Diagonal neighbours, a ring with something inside, a U that joins late, the border.
DRAWN = [
    "##.......#...#..#",
    "..#......#...#...",
    ".....#...#...#...",
    "....#....#####...",
    "...#.............",
    ".#######.......##",
    ".#.....#.......##",
    ".#.###.#.....#...",
    ".#.....#....#.#..",
    ".#######.....#...",
    "................#",
]


def region_cases(rng):
    masks = [mask_of(DRAWN), np.ones((3, 5), bool), np.zeros((3, 5), bool), np.eye(6, dtype=bool)]
    sizes = [(19, 23, 0.2), (23, 19, 0.4), (40, 40, 0.55), (1, 30, 0.5), (30, 1, 0.5)]
    masks += [rng.random((h, w)) < p for h, w, p in sizes]
    cases = []
    for mask in masks:
        regions = label(mask, connectivity=2)
        areas = sorted(np.bincount(regions.ravel())[1:].tolist())
        cases.append({"mask": rows_of(mask), "areas": areas})
    return cases


def share_at_least(values, thresholds):
    return 1 - np.searchsorted(np.sort(values), thresholds, side="left") / len(values)


def aupro(images):
    """From the definition: every distinct value is a threshold, every region is looked at by itself."""
    values = [scale(i["map"], i["mask"].shape) for i in images]
    good = np.concatenate([v[~i["mask"]] for v, i in zip(values, images)])
    regions = []
    for v, i in zip(values, images):
        numbered = label(i["mask"], connectivity=2)
        regions += [v[numbered == n] for n in range(1, numbered.max() + 1)]
    thresholds = np.unique(np.concatenate([v.ravel() for v in values]))[::-1]
    fpr = np.append(0.0, share_at_least(good, thresholds))
    pro = np.append(0.0, np.mean([share_at_least(r, thresholds) for r in regions], axis=0))
    inside = fpr < LIMIT
    # The curve at the limit: on the straight line between its two neighbours.
    after = np.argmin(inside)
    share = (LIMIT - fpr[after - 1]) / (fpr[after] - fpr[after - 1])
    at_limit = pro[after - 1] + share * (pro[after] - pro[after - 1])
    return float(np.trapezoid(np.append(pro[inside], at_limit), np.append(fpr[inside], LIMIT)) / LIMIT)


def pixel_figures(images, threshold):
    values = [scale(i["map"], i["mask"].shape) for i in images]
    truth = np.concatenate([i["mask"].ravel() for i in images])
    flat = np.concatenate([v.ravel() for v in values])
    defective = [(v, i["mask"]) for v, i in zip(values, images) if i["mask"].any()]
    found = np.concatenate([(v >= threshold).ravel() for v, _ in defective])
    wanted = np.concatenate([m.ravel() for _, m in defective])
    return {
        "pixel_auroc": roc_auc_score(truth, flat),
        "pixel_ap": average_precision_score(truth, flat),
        "aupro": aupro(images),
        "iou": jaccard_score(wanted, found),
    }


def random_images(rng, n_good, n_defective, greatest):
    """Maps that are higher, though not everywhere, where the mask is set; masks of other sizes than the maps."""
    images = []
    for index in range(n_good + n_defective):
        h, w = rng.integers(7, 12, 2)
        shape = [(17, 20), (h, w), (5, 4), (31, 16)][index % 4]
        mask = np.zeros(shape, bool)
        if index >= n_good:
            while not mask.any():
                mask = rng.random(shape) < 0.08
                mask |= np.roll(mask, (1, 1), (0, 1)) & (rng.random(shape) < 0.6)
        lift = resize(mask.astype(float), (h, w), order=1, mode="edge", anti_aliasing=False)
        strength = rng.uniform(0.2, 1.0)
        raw = rng.random((h, w)) * 0.5 + lift * strength * 0.6
        images.append({"map": np.floor(np.clip(raw, 0, 1) * greatest).astype(np.int64), "mask": mask})
    return images


def stored(images):
    return [{"width": i["map"].shape[1], "height": i["map"].shape[0], "map": i["map"].ravel().tolist(),
             "mask": rows_of(i["mask"])} for i in images]


def pixel_cases(rng):
    drawn = mask_of(DRAWN)
    lift = resize(drawn.astype(float), (8, 10), order=1, mode="edge", anti_aliasing=False)
    by_hand = [{"map": np.floor(lift * 12).astype(np.int64) + rng.integers(0, 9, (8, 10)), "mask": drawn},
               {"map": rng.integers(0, 9, (8, 10)), "mask": np.zeros_like(drawn)}]
    cases = []
    for name, images, threshold in [
        ("whole numbers below 20: many ties", by_hand, 10),
        ("values below 2^15, which the histogram keeps apart", random_images(rng, 3, 5, 30000), 15000),
        ("no good image", random_images(rng, 0, 4, 30000), 12000),
        ("the whole range of a score", random_images(rng, 4, 7, 2 * ONE), ONE),
    ]:
        figures = pixel_figures(images, threshold)
        cases.append({"name": name, "threshold": threshold, **figures, "images": stored(images)})
    return cases



def bootstrap_images(rng, case, resamples):
    good, defective = np.array(case["good"]), np.array(case["defective"])
    draws = []
    for _ in range(resamples):
        g, d = (rng.choice(scores, len(scores)) for scores in (good, defective))
        scores, truth = np.concatenate([g, d]), np.array([0] * len(g) + [1] * len(d))
        draws.append([roc_auc_score(truth, scores), average_precision_score(truth, scores),
                      f1_score(truth, scores >= case["threshold"]), best_f1(truth, scores)])
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    names = ["auroc", "average_precision", "f1", "f1_max"]
    return {"case": case["name"], **{n: [float(a), float(b)] for n, a, b in zip(names, low, high)}}


def bootstrap_pixels(rng, resamples):
    n_good, n_defective, threshold = 8, 12, ONE
    images = random_images(rng, n_good, n_defective, 2 * ONE)
    draws = []
    for _ in range(resamples):
        drawn = list(rng.integers(0, n_good, n_good)) + list(n_good + rng.integers(0, n_defective, n_defective))
        draws.append(list(pixel_figures([images[i] for i in drawn], threshold).values()))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    names = ["pixel_auroc", "pixel_ap", "aupro", "iou"]
    return {"threshold": threshold, "images": stored(images),
            **{n: [float(a), float(b)] for n, a, b in zip(names, low, high)}}


def main():
    rng = np.random.default_rng(7)
    images = image_cases(rng)
    fixture = {
        "made_by": "metrics.py",
        "versions": {m.__name__: m.__version__ for m in (np, scipy, sklearn, skimage)},
        "images": images,
        "rates": rate_cases(),
        "scaling": scaling_cases(rng),
        "regions": region_cases(rng),
        "pixels": pixel_cases(rng),
        "bootstrap_images": [bootstrap_images(rng, case, 10000) for case in images if case["name"] in RESAMPLED],
        "bootstrap_pixels": bootstrap_pixels(rng, 2000),
    }
    text = json.dumps(fixture, allow_nan=False)
    # One case on a line, so that a change of one is seen as such.
    text = text.replace('{"name"', '\n{"name"').replace('], "', '],\n"').replace('{"width"', '\n{"width"') + "\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


main()
