"""The line around the emulated station: parts before its camera, edges on its trigger, and what the gate would see.

Emulated inference takes seconds, so the line is slow: a part has GATE seconds from the trigger to the gate, and several
are on their way at once. The gate's time tells which part an accept edge is of.
"""

import json
import time

import equipment
from machine import Failure, Unsafe, expect, forbid, wait_until

ACCEPT, READY, BUSY, FAULT, TRIGGER, RESET = range(6)
GATE, BUDGET, PULSE, INTERVAL = 10.0, 9.5, 0.8, 3.5
# How far an accept edge may lie from its part's gate, seen from outside.
JITTER = 0.4
START = 400.0
# How often a part is brought at most that the station itself has diverted, since this machine was too slow for it.
ATTEMPTS = 4
SLOW_REASONS = ("late", "no_frame_for_part", "frame_stale", "camera_timeout", "line_faulted")

STATUS = "edge-runtime status --runtime-dir /run/station --json"


class Line:
    """The line around the station: shows parts to the camera, triggers, and counts what the gate would see."""

    def __init__(self, machine, frames):
        self.machine = machine
        self.frames = frames
        self.began = time.monotonic()

    def part(self, file):
        """Brings the part of a recorded frame before the camera and triggers; the trigger's time."""
        equipment.show(self.machine, self.frames[file][0])
        # A capture that began before still shows the part before.
        time.sleep(0.1)
        at = time.monotonic()
        self.machine.pins.drive(TRIGGER, 1)
        # Long enough for a debounced input of a slow machine.
        time.sleep(0.1)
        self.machine.pins.drive(TRIGGER, 0)
        return at

    def accepted(self, since):
        """The times of the accept edges."""
        return self.machine.pins.rising(ACCEPT, since)

    def accepts_at_gate(self, triggered):
        """How many accept edges there were when the part was at the gate; call it later than that."""
        return sum(abs(at - triggered - GATE) <= JITTER for at in self.accepted(triggered))

    def wait_ready(self, seconds=START):
        """Waits for the ready pin."""
        wait_until(lambda: self.machine.pins.level(READY), seconds, "ready")

    def status(self):
        """The station's status; none if there is none yet."""
        try:
            # It exits with 1 unless the station is ready.
            return json.loads(self.machine.run(f"{STATUS} 2>/dev/null", status=None)[0])
        except (IndexError, ValueError):
            return None

    def diverted(self):
        """How many parts the station has diverted because they, or their frames, were not in time."""
        status = self.status()
        found = status["line"]["diverted"] if status else {}
        return sum(found.get(reason, 0) for reason in SLOW_REASONS)

    def in_time(self, attempt):
        """What `attempt(number)` gives. It is made again, once the station is ready, if it failed and the station has
        diverted parts meanwhile since this machine was too slow: that is what it must do. An edge that must not be is
        never excused."""
        for number in range(ATTEMPTS):
            before = self.diverted()
            try:
                return attempt(number)
            except Unsafe:
                raise
            except Failure as failure:
                diverted = self.diverted() - before
                if diverted <= 0 or number + 1 == ATTEMPTS:
                    raise
                print(f"      too slow for {diverted} parts, once more: {failure}", flush=True)
                time.sleep(GATE)
                self.wait_ready()

    def passes_one(self, file):
        """Brings one good part: exactly one accept edge, at its gate."""
        def once(_number):
            triggered = self.part(file)
            time.sleep(GATE + JITTER + PULSE)
            edges = [round(at - triggered, 2) for at in self.accepted(triggered)]
            forbid(len(edges) > 1, f"{file}: accept edges after {edges} s")
            expect(len(edges) == 1 and abs(edges[0] - GATE) <= JITTER, f"{file}: accept edges after {edges} s")

        self.in_time(once)
