"""Checks of the station's store in the emulated machine: a bundle flashed into a running station, a bad one, and one
whose process is killed until it is given up.
"""

import json
import os
import time

import bundles
import equipment
import frames as recorded_frames
import station
from line import Line
from machine import Machine, expect, wait_until

# An install, or a change over, on an emulated processor.
SLOW = 300.0
SELF_TEST_FAILED = 18

# Its bundles have no golden frames, which take an emulated processor long.
FLASHED = station.CONFIGURATION.replace('bundle = "/bin/station.bundle"\n', "") + "[store]\ntrial_parts = 2\n"


def wait_for(line, what, wanted):
    """The status, once it is as wanted."""
    def found():
        time.sleep(0.2)
        now = line.status()
        return now if now and not now["stale"] and wanted(now) else None

    return wait_until(found, SLOW, what)


def install(machine, name, code=0):
    """Flashes a bundle of the shared folder through a pipe; what `install` says."""
    command = f"cat /share/{name} | edge-runtime install - --config /etc/station.toml --json 2>/share/install.err"
    said = json.loads(machine.run(command, SLOW, code)[-1])
    expect(said["code"] == code, f"install {name}: {said}")
    return said


def flashed(machine, line, good, ids):
    """A bundle is flashed into the station that runs: it takes over without a restart, judges its trial and is
    confirmed by itself."""
    process = station.station_process(machine)
    install(machine, "second")
    found = wait_for(line, "the second bundle", lambda now: now["bundle"] == ids["second"])
    expect(found["ready"] and found["swaps"]["taken_over"] == 1, f"the status is {found}")
    pause = found["swaps"]["longest_pause_us"]
    for _ in range(2):
        line.passes_one(good)
    wait_for(line, "its confirmation", lambda now: now["store"]["confirmed"])
    expect(station.station_process(machine) == process, "the station was started again")
    return f"took over within {pause} us, 2 parts on trial, confirmed; the process is the same"


def refused(machine, line, good, ids):
    """A bundle that fails its self-test is refused, and the station goes on with the one that it has."""
    said = install(machine, "failing", SELF_TEST_FAILED)
    found = line.status()
    expect(found["bundle"] == found["store"]["active"] == ids["second"] and found["ready"], f"the status is {found}")
    line.passes_one(good)
    return f"code {said['code']}: {said['error'][:60]}; a good part passes"


def reverted(machine, line, good, ids):
    """A bundle whose process ends before it is confirmed is given up by itself after its tries."""
    install(machine, "third")
    wait_for(line, "the third bundle", lambda now: now["bundle"] == ids["third"])
    for left in (1, 0, None):
        machine.run(f"kill -9 {station.station_process(machine)}; rm /run/station/status.json")
        runs = ids["second"] if left is None else ids["third"]
        found = wait_for(line, f"the start with {left} tries left", lambda now: now["bundle"] == runs)
        expect(left is None or found["store"]["tries_left"] == left, f"the status is {found}")
    expect(found["store"]["confirmed"] and found["store"]["active"] == ids["second"], f"the status is {found}")
    line.wait_ready()
    line.passes_one(good)
    return "killed three times on trial: the bundle before is back by itself, and a good part passes"


def check_all(table, image, share, folder, frames, size, program):
    """Every check, in one boot with the line."""
    recorded = recorded_frames.recorded(station.REPOSITORY)
    good = next(part for part in recorded if part["verdict"] == "pass")
    ids = bundles.write_quick(station.REPOSITORY, share, ("first", "second", "third"))
    bundles.write(share, "failing", bundles.failing(station.REPOSITORY))

    machine = Machine(image, share, os.path.join(folder, "flashed"))
    line = Line(machine, frames)
    try:
        equipment.start_camera(machine, size)
        equipment.show(machine, frames[good["file"]][0])
        station.install(machine, share, program, size, FLASHED)
        install(machine, "first")
        machine.run("edge-runtime confirm --config /etc/station.toml")
        line.began = time.monotonic()
        station.start(machine)
        if table.check("flashed starts", station.becomes_ready, machine, line):
            table.check("bundle flashed", flashed, machine, line, good["file"], ids)
            table.check("bad bundle", refused, machine, line, good["file"], ids)
            table.check("bundle reverted", reverted, machine, line, good["file"], ids,
                        row=("U9", "killed on trial three times", 1))
    finally:
        machine.close()
