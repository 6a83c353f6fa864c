#!/usr/bin/env python3
"""Prints the lines of `measure.py` as a table: a row for each variant, a column for each kind of part.

    python3 docs/detection/table.py docs/detection/ablation.csv            image AUROC
    python3 docs/detection/table.py docs/detection/ablation.csv aupro      another figure

A cell has the mean over the seeds and, in brackets, the worst and the best of them; its last number is the difference of the
mean from that of the default on the same seeds.
"""

import collections
import csv
import sys


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figure = sys.argv[2] if len(sys.argv) == 3 else "image_auroc"
    found = collections.defaultdict(dict)
    with open(sys.argv[1], newline="") as file:
        reader = csv.DictReader(file)
        if figure not in reader.fieldnames:
            sys.exit(f"{sys.argv[1]}: found no column {figure}, expected one of {', '.join(reader.fieldnames)}")
        for line in reader:
            if line[figure]:
                found[line["variant"], line["kind"]][line["seed"]] = float(line[figure])
    kinds = list(dict.fromkeys(kind for _, kind in found))
    variants = list(dict.fromkeys(variant for variant, _ in found))
    print(f"| {figure} | {' | '.join(kinds)} |")
    print("|---" * (len(kinds) + 1) + "|")
    for variant in variants:
        cells = []
        for kind in kinds:
            seeds, default = found.get((variant, kind)), found.get(("default", kind), {})
            if not seeds:
                cells.append("")
                continue
            mean = sum(seeds.values()) / len(seeds)
            cell = f"{mean:.3f} ({min(seeds.values()):.3f} to {max(seeds.values()):.3f})"
            both = [seed for seed in seeds if seed in default]
            if variant != "default" and both:
                cell += f", {sum(seeds[seed] - default[seed] for seed in both) / len(both):+.3f}"
            cells.append(cell)
        print(f"| `{variant}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
