#!/usr/bin/env python3
"""The station in an emulated machine: boots it and runs the checks, each a row of the table at the end.

    tests/emulated/image IMAGE
    tests/emulated/run.py IMAGE FOLDER [PROGRAM]

IMAGE holds kernel and initial file system. FOLDER receives logs, records and everything else that remains. PROGRAM is
`edge-runtime` for aarch64, with symbols; without it only the machine itself is checked. CHECKS in the environment names
some of the parts: equipment station trials store cuts; the last two, which take half an hour, only run if they are
named. CUTS and SEED are how often and when the power is cut. Exits with 0 if every check held.
"""

import os
import pathlib
import shutil
import sys
import time

import cuts
import equipment
import frames as recorded_frames
import station
import store
import trials
from machine import Failure, Machine

REPOSITORY = str(pathlib.Path(__file__).resolve().parents[2])


class Table:
    """The checks in the order in which they ran."""

    def __init__(self):
        self.rows = []

    def check(self, name, function, *arguments, row=None):
        """Runs a check and notes what it says; true if it held. `row` is its id in the fault matrix, what is injected
        and how many times; the line that it gives is for `.ci/fault-matrix`."""
        started = time.monotonic()
        try:
            outcome, held = function(*arguments), True
        except Failure as failure:
            outcome, held = str(failure), False
        self.rows.append((name, held, time.monotonic() - started, outcome))
        print(f"{'ok  ' if held else 'FAIL'}  {name:24}  {self.rows[-1][2]:6.1f} s  {outcome}", flush=True)
        if row:
            identity, injection, count = row
            # A check fails at the first false pass.
            cells = [f"ROW {identity}", f"{injection}, emulated machine", count, 0 if held else "unknown", outcome]
            print(*cells, "yes" if held else "NO", sep=" | ", flush=True)
        return held

    def end(self):
        """The last line; the exit code."""
        failed = sum(not held for _, held, _, _ in self.rows)
        print(f"{len(self.rows) - failed} held, {failed} failed, in {sum(row[2] for row in self.rows):.0f} s")
        return 1 if failed else 0


def boot(image, share, folder):
    """A machine that has started."""
    started = Machine(image, share, folder)
    started.run("exit_code() { return 7; }; exit_code", status=7)
    return started


def check_equipment(table, image, share, folder, frames, size):
    """The machine without the station, in one boot."""
    machine = boot(image, share, os.path.join(folder, "equipment"))
    try:
        table.check("boot", lambda: f"{machine.boot_seconds:.1f} s to the shell")
        table.check("pins", equipment.pins, machine)
        equipment.start_camera(machine, size)
        table.check("camera", equipment.camera, machine, share, frames)
        table.check("camera unplugged", equipment.unplugged_camera, machine, frames)
        table.check("watchdog", equipment.watchdog, machine)
    finally:
        machine.close()


def main(image, folder, program=None):
    share = os.path.join(folder, "share")
    shutil.rmtree(share, ignore_errors=True)
    os.makedirs(share)
    table = Table()
    checks = os.environ.get("CHECKS", "equipment station trials").split()
    frames, size = recorded_frames.write_raw(REPOSITORY, os.path.join(share, "frames"))
    if "equipment" in checks:
        check_equipment(table, image, share, folder, frames, size)
    for name, part in [("station", station), ("trials", trials), ("store", store), ("cuts", cuts)]:
        if program and name in checks:
            part.check_all(table, image, share, folder, frames, size, program)
    return table.end()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
