#!/usr/bin/env python3
"""Compares what a processor's `edge-runtime replay --json` printed with the recorded verdicts of x86-64.

    edge-runtime replay --bundle models/default/station.bundle tests/frames --json | compare_verdicts.py NAME

Prints a row; `greatest difference` is of scores, in the score's unit (0 to 2). Everything after the reconstruction is
integer arithmetic, so that scores differ only where float32 inference moved a pixel by a gray level. Fails unless
every verdict is equal and every score is within TOLERANCE, the one of tests/default_model.rs.
"""

import json
import pathlib
import sys

TOLERANCE = (1 << 24) // 200


def compare(recorded, judged):
    """(equal verdicts, equal scores, greatest difference in 2^-24); ValueError if a frame is missing."""
    if len(judged) != len(recorded):
        raise ValueError(f"found {len(judged)} verdicts, expected {len(recorded)}")
    verdicts = scores = greatest = 0
    for expected, found in zip(recorded, judged):
        if not found["file"].endswith(expected["file"]):
            raise ValueError(f"found {found['file']}, expected {expected['file']}")
        # A frame that could not be judged is as far off as can be.
        off = abs((found["score_raw"] if found["score_raw"] is not None else 2 << 24) - expected["score_raw"])
        verdicts += found["verdict"] == expected["verdict"]
        scores += off == 0
        greatest = max(greatest, off)
    return verdicts, scores, greatest


def main():
    with open(pathlib.Path(__file__).parent / "default_verdicts.json", encoding="utf-8") as file:
        recorded = json.load(file)
    judged = [json.loads(line) for line in sys.stdin]
    verdicts, scores, greatest = compare(recorded, judged)
    print(f"{'processor':29}  {'frames':>6}  {'equal verdicts':>14}  {'equal scores':>12}  {'greatest difference':>19}")
    print(f"{sys.argv[1]:29}  {len(judged):>6}  {verdicts:>14}  {scores:>12}  {greatest / (1 << 24):>19.6f}")
    return 0 if verdicts == len(recorded) > 0 and greatest <= TOLERANCE else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ValueError as error:
        sys.exit(f"error: {error}")
