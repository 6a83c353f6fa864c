#!/usr/bin/env python3
"""Draws the front of designs: how well each network finds defects against how long the station takes for a frame.

    python3 docs/detection/front.py docs/detection/designs.csv docs/detection/front.svg

The lines are those of `measure.py --runtime`. Dots are means over seeds, whiskers go from the worst seed to the best. A
design on the front (joined by a line) is not beaten by one that is as fast. Prints the same as a table.
"""

import collections
import csv
import html
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 380, 58, 20, 40, 48
FIGURE, TIME = "image_auroc", "frame_ms"
COLOURS = {"front": "#0b6e4f", "other": "#7a7a7a", "default": "#c1440e"}


def groups(path):
    """{kind: {variant: [(ms, figure), one for each seed]}}"""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, newline="") as file:
        for line in csv.DictReader(file):
            if line[TIME] and line[FIGURE]:
                found[line["kind"]][line["variant"]].append((float(line[TIME]), float(line[FIGURE])))
    return found


def middle(runs):
    return sum(ms for ms, _ in runs) / len(runs), sum(figure for _, figure in runs) / len(runs)


def front(designs):
    """The designs that none beats: faster or as fast, and better."""
    best, names = -1.0, []
    for (_, figure), name in sorted(((middle(runs), name) for name, runs in designs.items()), key=lambda p: (p[0][0], -p[0][1])):
        if figure > best:
            best = figure
            names.append(name)
    return names


def ticks(least, greatest):
    """Times to mark on a logarithmic axis."""
    marks = [base * 10**power for power in range(-1, 4) for base in (1, 2, 5)]
    return [mark for mark in marks if least <= mark <= greatest]


def panel(kind, designs, at):
    times = [ms for runs in designs.values() for ms, _ in runs]
    figures = [figure for runs in designs.values() for _, figure in runs]
    least, greatest = min(times) / 1.3, max(times) * 1.6
    low, high = min(figures), max(figures)
    low, high = low - 0.08 * (high - low) - 0.002, high + 0.08 * (high - low) + 0.002
    inner = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)

    def x(ms):
        return LEFT + inner[0] * math.log(ms / least) / math.log(greatest / least)

    def y(figure):
        return TOP + inner[1] * (high - figure) / (high - low)

    parts = [f'<g transform="translate(0 {at})"><text x="{LEFT}" y="22" class="title">{html.escape(kind)}</text>']
    for mark in ticks(least, greatest):
        parts.append(f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                     f'<text x="{x(mark):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{mark:g}</text>')
    step = next(step for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / step <= 8)
    for index in range(math.ceil(low / step), math.floor(min(high, 1.0) / step) + 1):
        value = index * step
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
                     f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3f}</text>')
    best = front(designs)
    line = " ".join(f"{x(ms):.1f},{y(figure):.1f}" for ms, figure in (middle(designs[name]) for name in best))
    parts.append(f'<polyline class="front" points="{line}"/>')
    taken = []
    for name, runs in sorted(designs.items(), key=lambda item: (item[0] != "default", middle(item[1]))):
        ms, figure = middle(runs)
        colour = COLOURS["default" if name == "default" else "front" if name in best else "other"]
        worst, highest = min(f for _, f in runs), max(f for _, f in runs)
        parts.append(f'<line x1="{x(ms):.1f}" x2="{x(ms):.1f}" y1="{y(worst):.1f}" y2="{y(highest):.1f}" stroke="{colour}"/>'
                     f'<circle cx="{x(ms):.1f}" cy="{y(figure):.1f}" r="4" fill="{colour}"/>')
        width = 6.2 * len(name) + 8
        right = x(ms) + 8 + width <= WIDTH
        left_edge = x(ms) + 8 if right else x(ms) - 8 - width
        height = y(figure) + 4
        while any(abs(height - other) < 12 and left_edge < end and start < left_edge + width for other, start, end in taken):
            height += 12
        taken.append((height, left_edge, left_edge + width))
        anchor, at_x = ("start", x(ms) + 8) if right else ("end", x(ms) - 8)
        parts.append(f'<text x="{at_x:.1f}" y="{height:.1f}" style="fill:{colour}" text-anchor="{anchor}">{html.escape(name)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">ms from frame to verdict, one '
                 f'thread</text><text transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
                 f'text-anchor="middle">image AUROC</text></g>')
    return "\n".join(parts)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = groups(sys.argv[1])
    if not found:
        sys.exit(f"{sys.argv[1]}: found no line with {TIME} and {FIGURE}; measure with --runtime")
    style = ("text{font:12px sans-serif;fill:#333}.title{font-weight:bold;font-size:14px}"
             ".grid{stroke:#e4e4e4}.front{fill:none;stroke:#0b6e4f;stroke-dasharray:4 3}")
    panels = [panel(kind, designs, index * HEIGHT) for index, (kind, designs) in enumerate(found.items())]
    pathlib.Path(sys.argv[2]).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(panels)}" width="{WIDTH}">\n'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(panels) + "\n</svg>\n")
    print("| kind | design | seeds | image AUROC, mean (worst to best) | ms | on the front |\n|---|---|---|---|---|---|")
    for kind, designs in found.items():
        best = front(designs)
        for name, runs in sorted(designs.items(), key=lambda item: middle(item[1])):
            ms, figure = middle(runs)
            spread = f"{min(f for _, f in runs):.3f} to {max(f for _, f in runs):.3f}"
            print(f"| {kind} | `{name}` | {len(runs)} | {figure:.3f} ({spread}) | {ms:.1f} | {'yes' if name in best else ''} |")


if __name__ == "__main__":
    main()
