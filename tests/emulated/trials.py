"""Trials of the station in the emulated machine that need another configuration: encoder and reset button on real pins,
the wall clock set while parts are on their way, and a camera that freezes. Two boots.
"""

import json
import os
import time

import bundles
import equipment
import frames as recorded_frames
import station
from line import ACCEPT, BUDGET, FAULT, GATE, JITTER, PULSE, READY, RESET, TRIGGER, Line
from machine import Machine, expect, forbid, wait_until

ENCODER = 6
TICKS = 30
DAY = 86400
# Longer than usual: the picture that changes takes processor time, too. Parts are still on their way together.
INTERVAL = 6.0
# As many equal frames in a row are a frozen camera.
FROZEN = 3

WITH_ENCODER = station.CONFIGURATION.replace(
    f"delay_ms = {GATE * 1000:.0f}\n", f"delay_ticks = {TICKS}\n"
).replace("[gate]", f"[trigger.encoder]\nline = {ENCODER}\n[gate]")
WITH_FROZEN = station.CONFIGURATION.replace("frozen_frames = 0", f"frozen_frames = {FROZEN}")


class Belt:
    """Drives the encoder's pin, one step at a time: the next when the kernel has seen the last."""

    def __init__(self, machine):
        self.machine = machine

    def seen(self):
        """The kernel's count of the encoder's edges."""
        lines = self.machine.run("cat /proc/interrupts")
        # "NN: COUNT COUNT 9030000.pl061 LINE Edge CONSUMER", a count for each processor.
        found = [line.split() for line in lines if "pl061" in line and "edge-runtime" in line]
        mine = [words for words in found if words[words.index("Edge") - 1] == str(ENCODER)]
        expect(len(mine) == 1, f"the encoder's interrupt: {lines}")
        return sum(int(word) for word in mine[0][1:3])

    def step(self, count=1):
        """So many steps forward; the time right before the last one."""
        for _ in range(count):
            before = self.seen()
            at = time.monotonic()
            self.machine.pins.drive(ENCODER, 1)
            wait_until(lambda: self.seen() == before + 1, 30, "a step of the encoder inside")
            self.machine.pins.drive(ENCODER, 0)
        return at


def accepted_after(machine, since):
    """The accept edges since then, after as long as one may take."""
    time.sleep(JITTER + PULSE)
    return machine.pins.rising(ACCEPT, since)


def encoder(machine, line, good, defective):
    """The gate is TICKS steps of the belt after the trigger, however fast the belt runs and however long it stands: a
    good part gets its edge at that step and not before, a defective one gets none."""
    belt = Belt(machine)
    belt.step(3)

    def delay(standstill):
        triggered = line.part(good)
        belt.step(TICKS // 2)
        time.sleep(max(standstill, triggered + BUDGET - time.monotonic()))
        belt.step(TICKS - TICKS // 2 - 1)
        forbid(accepted_after(machine, triggered), f"an accept edge {TICKS - 1} steps after the trigger")
        last = belt.step()
        after = [at - last for at in accepted_after(machine, triggered)]
        forbid(len(after) > 1 or min(after, default=0) < 0, f"accept edges {after} s after step {TICKS}")
        expect(len(after) == 1 and after[0] <= JITTER, f"accept edges {after} s after step {TICKS}")
        return after[0]

    delays = [line.in_time(lambda _: delay(standstill)) for standstill in (0.0, 4.0)]
    triggered = line.part(defective)
    time.sleep(BUDGET)
    belt.step(TICKS + 2)
    forbid(accepted_after(machine, triggered), "an accept edge for a defective part")
    # The belt stands, the frame has passed: nothing is accepted until the part is at the gate, however long that is.
    return f"an edge for each of 2 good parts, {max(delays):.2f} s or less after step {TICKS}, none before; " \
           "none for 1 other"


def missed_and_reset(machine, line, good):
    """Two triggers too close to each other: latched fault, both parts diverted; the reset pin clears it, and the next
    good part passes."""
    belt = Belt(machine)
    began = time.monotonic()
    for _ in range(2):
        line.part(good)
    wait_until(lambda: machine.pins.level(FAULT) and not machine.pins.level(READY), 30, "the fault")
    found = wait_for_status(line, "faulted")
    expect(found["fault"] == "trigger_early", f"the fault is {found['fault']}")
    belt.step(TICKS + 3)
    forbid(accepted_after(machine, began), "an accept edge for parts before the fault")
    expect(machine.pins.level(FAULT), "the fault cleared itself")
    machine.pins.drive(RESET, 1)
    wait_until(lambda: machine.pins.level(READY) and not machine.pins.level(FAULT), 30, "ready after the reset")
    machine.pins.drive(RESET, 0)

    def passes(_number):
        triggered = line.part(good)
        time.sleep(BUDGET)
        belt.step(TICKS)
        expect(len(accepted_after(machine, triggered)) == 1, "the part after the reset does not pass")

    line.in_time(passes)
    return "trigger_early: 0 edges; the reset pin clears it; the part afterwards passes"


def wait_for_status(line, state):
    """The status, once it tells this state."""
    def found():
        status = line.status()
        return status if status and status["state"] == state else None

    return wait_until(found, 30, f"the state {state}")


def wall_clock(machine, line, good, defective):
    """The wall clock is set a day on, two days back and a day on, each with parts on their way: verdicts, edges and
    their times are as always."""
    return line.in_time(lambda _: with_wall_clock_set(machine, line, good, defective))


def with_wall_clock_set(machine, line, good, defective):
    """One course of it, at the end of which the wall clock is right again."""
    began, worst, parts, jumps = time.monotonic(), 0.0, [], 0
    start = int(machine.run("date +%s")[0])
    jumps_of_parts = (DAY, -2 * DAY, DAY, 0)
    shown = ((good, "pass"), (defective, "reject"), (good, "pass"), (good, "pass"))
    for (file, verdict), jump in zip(shown, jumps_of_parts):
        at = line.part(file)
        parts.append((at, verdict))
        time.sleep(0.3)
        if jump:
            machine.run(f"date -s @$(( $(date +%s) + {jump} )) >/dev/null")
            jumps += 1
        time.sleep(max(0.0, at + INTERVAL - time.monotonic()))
        passed = int(machine.run("date +%s")[0]) - start
        expect(abs(passed - sum(jumps_of_parts[:jumps])) < 120, f"the wall clock moved by {passed} s")
    time.sleep(max(0.0, parts[-1][0] + GATE + JITTER + PULSE - time.monotonic()))
    edges = machine.pins.rising(ACCEPT, began)
    found = [json.loads(row) for row in machine.run(station.RECORDS)][-len(parts):]
    verdicts = [row["reason"] or row["verdict"] for row in found]
    expect(verdicts == [verdict for _, verdict in parts], f"verdicts {verdicts}")
    for at, verdict in parts:
        mine = [edge for edge in edges if abs(edge - at - GATE) <= JITTER]
        forbid(len(mine) > (verdict == "pass"), f"a part that is a {verdict}: edges after {[e - at for e in edges]}")
        expect(len(mine) == (verdict == "pass"), f"a part that is a {verdict}: edges after {[e - at for e in edges]}")
        worst = max([worst] + [abs(edge - at - GATE) for edge in mine])
    forbid(len(edges) > 3, f"{len(edges)} accept edges for 3 good parts")
    expect(machine.pins.level(READY), "not ready any more")
    return f"4 verdicts as always, 3 edges for 3 good parts, {worst:.2f} s or less from their gates"


def frozen(machine, line, good):
    """While the picture has noise a good part passes; when it stays the same to the bit, the next part is a latched
    fault and gets no edge; with noise again and the fault cleared, a good part passes."""
    line.passes_one(good)
    expect(machine.feed.ask("still").startswith("still "), "the picture cannot be held")
    time.sleep(FROZEN * 0.1)
    edges = len(line.accepted(line.began))
    before = len(machine.run(station.RECORDS))
    triggered = time.monotonic()
    machine.pins.drive(TRIGGER, 1)
    wait_until(lambda: machine.pins.level(FAULT) and not machine.pins.level(READY), 30, "the fault")
    faulted = time.monotonic() - triggered
    machine.pins.drive(TRIGGER, 0)
    found = wait_for_status(line, "faulted")
    expect(found["fault"] == "frame_frozen", f"the fault is {found['fault']}")
    time.sleep(GATE + JITTER + PULSE)
    forbid(len(line.accepted(line.began)) > edges, "an accept edge for a frozen picture")
    judged = [json.loads(row) for row in machine.run(station.RECORDS)][before:]
    reasons = [row["reason"] for row in judged]
    expect(reasons[:1] == ["frame_frozen"], f"the frame of the part is {reasons}")
    expect(machine.pins.level(FAULT), "the fault is not latched")
    expect(machine.feed.ask("live").startswith("live "), "the picture cannot be freed")
    machine.run("edge-runtime clear --runtime-dir /run/station")
    line.wait_ready(60)
    line.passes_one(good)
    return f"frame_frozen {faulted:.2f} s after the trigger, at the part's first frame; latched; no accept edge"


def station_with(table, image, share, folder, frames, size, program, configuration, live):
    """A machine with a station of this configuration that is ready; none if it does not become so."""
    machine = Machine(image, share, folder)
    line = Line(machine, frames)
    good = next(part["file"] for part in recorded_frames.recorded(station.REPOSITORY) if part["verdict"] == "pass")
    equipment.start_camera(machine, size)
    equipment.show(machine, frames[good][0])
    if live:
        expect(machine.feed.ask("live").startswith("live "), "the picture cannot change")
    # Without golden frames, which take an emulated processor long: the checks of the station have them.
    quick = bundles.quick(station.REPOSITORY, b"q")[0]
    station.install(machine, share, program, size, configuration, quick)
    line.began = time.monotonic()
    station.start(machine)
    table.check(f"{os.path.basename(folder)} starts", station.becomes_ready, machine, line)
    return machine, line


def check_all(table, image, share, folder, frames, size, program):
    """Every trial, in two boots."""
    recorded = recorded_frames.recorded(station.REPOSITORY)
    good = next(part["file"] for part in recorded if part["verdict"] == "pass")
    defective = next(part["file"] for part in recorded if part["verdict"] == "reject")
    setting = (share, os.path.join(folder, "encoder"), frames, size, program, WITH_ENCODER, False)
    machine, line = station_with(table, image, *setting)
    try:
        table.check("encoder", encoder, machine, line, good, defective)
        table.check("reset", missed_and_reset, machine, line, good, row=("C7", "two triggers too close", 1))
    finally:
        machine.close()
    setting = (share, os.path.join(folder, "frozen"), frames, size, program, WITH_FROZEN, True)
    machine, line = station_with(table, image, *setting)
    try:
        table.check("wall clock", wall_clock, machine, line, good, defective,
                    row=("T1", "wall clock set by a day, forwards and backwards", 3))
        table.check("camera frozen", frozen, machine, line, good, row=("C3", "same picture again", 1))
    finally:
        machine.close()
