"""Checks of the station's store in the emulated machine: a bundle flashed into a running station, a bad one, one whose
process is killed until it is given up, and the power cut at random moments of an install on a real ext4 disk.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import time

import bundles
import equipment
import frames as recorded_frames
import station
from machine import Machine, expect, wait_until

SEED = 6
CUTS = int(os.environ.get("CUTS", "5"))
# An install, or a change over, on an emulated processor.
SLOW = 120.0
SELF_TEST_FAILED = 18
DISK_MIB = 64

FLASHED = station.CONFIGURATION.replace('bundle = "/bin/station.bundle"\n', "") + "[store]\ntrial_parts = 2\n"
# The same program, fed with recorded frames: it ends when they do.
FROM_FILES = """
state_dir = "/data/state"
runtime_dir = "/run/station"
[trust]
unsigned = "accept"
[camera]
source = "folder"
path = "/share/shown"
[camera.quality]
frozen_frames = 0
max_overexposed = 1.0
[preflight]
seconds = 60
[images]
keep = "none"
"""


def status(machine):
    """The status; none if there is none yet."""
    try:
        return json.loads(machine.run(f"{station.STATUS} 2>/dev/null", status=None)[0])
    except (IndexError, ValueError):
        return None


def wait_for(machine, what, wanted):
    """The status, once it is as wanted."""
    def found():
        time.sleep(0.2)
        now = status(machine)
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
    found = wait_for(machine, "the second bundle", lambda now: now["bundle"] == ids["second"])
    expect(found["ready"] and found["swaps"]["taken_over"] == 1, f"the status is {found}")
    pause = found["swaps"]["longest_pause_us"]
    for _ in range(2):
        line.passes_one(good)
    wait_for(machine, "its confirmation", lambda now: now["store"]["confirmed"])
    expect(station.station_process(machine) == process, "the station was started again")
    return f"took over within {pause} us, 2 parts on trial, confirmed; the process is the same"


def refused(machine, line, good, ids):
    """A bundle that fails its self-test is refused, and the station goes on with the one that it has."""
    said = install(machine, "failing", SELF_TEST_FAILED)
    found = status(machine)
    expect(found["bundle"] == found["store"]["active"] == ids["second"] and found["ready"], f"the status is {found}")
    line.passes_one(good)
    return f"code {said['code']}: {said['error'][:60]}; a good part passes"


def reverted(machine, line, good, ids):
    """A bundle whose process ends before it is confirmed is given up by itself after its tries."""
    install(machine, "third")
    wait_for(machine, "the third bundle", lambda now: now["bundle"] == ids["third"])
    for left in (1, 0, None):
        machine.run(f"kill -9 {station.station_process(machine)}; rm /run/station/status.json")
        runs = ids["second"] if left is None else ids["third"]
        found = wait_for(machine, f"the start with {left} tries left", lambda now: now["bundle"] == runs)
        expect(left is None or found["store"]["tries_left"] == left, f"the status is {found}")
    expect(found["store"]["confirmed"] and found["store"]["active"] == ids["second"], f"the status is {found}")
    line.wait_ready()
    line.passes_one(good)
    return "killed three times on trial: the bundle before is back by itself, and a good part passes"


def prepare_disk(folder):
    """An empty ext4 disk."""
    disk = os.path.join(folder, "disk.img")
    with open(disk, "wb") as file:
        file.truncate(DISK_MIB << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", disk], check=True)
    return disk


def mounted(image, share, folder, disk):
    """A boot with that disk and the program."""
    machine = Machine(image, share, folder, disk)
    machine.run("mkdir -p /data /etc /lib /run/station && mount -t ext4 /dev/vda /data && cp /share/lib/* /lib/ && "
                "cp /share/edge-runtime /bin/ && cp /share/files.toml /etc/station.toml")
    return machine


def judges(machine, share, shown, ids, allowed):
    """The station starts with one of the allowed bundles, whole, and judges the shown frames as on x86-64; which."""
    store = json.loads(machine.run("edge-runtime store --json --config /etc/station.toml")[-1])
    expect(store["active"] in allowed, f"the active bundle is {store['active']}")
    name = next(name for name, identifier in ids.items() if identifier == store["active"])
    file = f"/data/state/store/bundles/{store['active']}/station.bundle"
    with open(os.path.join(share, name), "rb") as whole:
        expected = hashlib.sha256(whole.read()).hexdigest()
    expect(machine.run(f"sha256sum {file}")[0].split()[0] == expected, f"{name} is not whole")
    machine.run("edge-runtime run --config /etc/station.toml 2>/share/run.err", SLOW)
    rows = machine.run("edge-runtime records --state-dir /data/state --json")
    found = [json.loads(row) for row in rows][-len(shown):]
    for row, part in zip(found, shown):
        same = row["bundle"] == store["active"] and row["verdict"] == part["verdict"]
        expect(same and abs(row["score_raw"] - part["score_raw"]) <= (1 << 24) // 200, f"{part['file']}: {row}")
    machine.run("edge-runtime confirm --config /etc/station.toml")
    return name


def cut_off(image, share, folder, shown, ids):
    """The machine loses its power at random moments of an install: after each, it boots, the bundle before or the new
    one is active, whole, the new one if its install was reported, and the station judges."""
    disk = prepare_disk(folder)
    moments, outcomes = random.Random(SEED), {"before": 0, "after": 0, "reported": 0}
    machine = mounted(image, share, os.path.join(folder, "disk"), disk)
    try:
        began = time.monotonic()
        install(machine, "second")
        takes = time.monotonic() - began
        active = judges(machine, share, shown, ids, [ids["second"]])
        for cut in range(CUTS):
            other = "third" if active == "second" else "second"
            # Most of an install is the child's; every other cut is near its end, where the files are changed.
            moment = takes * (moments.uniform(0.85, 1.1) if cut % 2 else moments.uniform(0, 1))
            machine.begin(f"cat /share/{other} | edge-runtime install - --config /etc/station.toml --json")
            time.sleep(moment)
            said = machine.end()
            reported = any('"installed"' in line for line in said)
            machine = mounted(image, share, os.path.join(folder, "disk"), disk)
            allowed = [other] if reported else [active, other]
            found = judges(machine, share, shown, ids, [ids[name] for name in allowed])
            outcomes["after" if found == other else "before"] += 1
            outcomes["reported"] += reported
            active = found
    finally:
        machine.close()
    return f"{CUTS}/{CUTS} boots with a whole bundle that judges: {outcomes['before']} the one before, " \
           f"{outcomes['after']} the new one, {outcomes['reported']} of them reported; an install takes {takes:.1f} s"


def check_all(table, image, share, folder, frames, size, program):
    """Every check: one boot with the line, then one for each cut."""
    recorded = recorded_frames.recorded(station.REPOSITORY)
    good = next(part for part in recorded if part["verdict"] == "pass")
    defective = next(part for part in recorded if part["verdict"] == "reject")
    sealed = {name: bundles.quick(station.REPOSITORY, name[:1].encode()) for name in ("first", "second", "third")}
    sealed["failing"] = bundles.failing(station.REPOSITORY)
    ids = {name: identifier for name, (_, identifier) in sealed.items()}
    for name, (data, _) in sealed.items():
        with open(os.path.join(share, name), "wb") as file:
            file.write(data)
    with open(os.path.join(share, "files.toml"), "w", encoding="utf-8") as file:
        file.write(FROM_FILES)
    shutil.rmtree(os.path.join(share, "shown"), ignore_errors=True)
    os.makedirs(os.path.join(share, "shown"))
    shown = [good, defective]
    for number, part in enumerate(shown):
        source = os.path.join(station.REPOSITORY, "tests/frames", part["file"])
        shutil.copy(source, os.path.join(share, "shown", f"{number}.png"))

    machine = Machine(image, share, os.path.join(folder, "flashed"))
    line = station.Line(machine, frames)
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
    table.check("power cut", cut_off, image, share, folder, shown, ids,
                row=("U1", "power cut during an install", CUTS))
