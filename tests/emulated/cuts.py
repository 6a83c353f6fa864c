"""The power cut in the emulated machine at random moments of an install on a real ext4 disk. After each cut the machine
boots with that disk, the bundle before or the new one is active and whole, and the station judges frames by it.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import time

import bundles
import frames as recorded_frames
import station
import store
from machine import Machine, expect

SEED = int(os.environ.get("SEED", "6"))
CUTS = int(os.environ.get("CUTS", "3"))
# An install, or a run, on an emulated processor.
SLOW = 120.0
DISK_MIB = 256
NAMES = ("second", "third")

# The same program, fed with recorded frames: it ends when they do.
FROM_FILES = f"""
state_dir = "/data/state"
runtime_dir = "/run/station"
[trust]
{store.UNPROVEN}
[camera]
source = "folder"
path = "/share/shown"
[camera.quality]
frozen_frames = 0
max_overexposed = 1.0
[preflight]
seconds = 60
[gate]
# A verdict that takes seconds is in time, and no part is beyond the gate before the frames end.
delay_ms = 6000
budget_ms = 5500
tolerance_ms = 300
[images]
keep = "none"
"""


def prepare_disk(folder):
    """An empty ext4 disk."""
    disk = os.path.join(folder, "disk.img")
    with open(disk, "wb") as file:
        file.truncate(DISK_MIB << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", disk], check=True)
    return disk


def mounted(image, share, folder, disk):
    """A boot with that disk, which has the program, too."""
    machine = Machine(image, share, folder, disk)
    machine.run("mkdir -p /data /etc /lib /run/station && mount -t ext4 /dev/vda /data && "
                "cp /share/files.toml /etc/station.toml")
    machine.run("if [ ! -e /data/program/edge-runtime ]; then mkdir -p /data/program/lib && "
                "cp /share/lib/* /data/program/lib/ && cp /share/edge-runtime /data/program/ && sync; fi", SLOW)
    machine.run("ln -sf /data/program/lib/* /lib/ && ln -sf /data/program/edge-runtime /bin/edge-runtime")
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
        store.install(machine, "second")
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


def check_all(table, image, share, folder, _frames, _size, program):
    """One boot for the first install, then one for each cut."""
    ids = bundles.write_quick(station.REPOSITORY, share, NAMES)
    station.provide(share, program)
    with open(os.path.join(share, "files.toml"), "w", encoding="utf-8") as file:
        file.write(FROM_FILES)
    recorded = recorded_frames.recorded(station.REPOSITORY)
    shown = [next(part for part in recorded if part["verdict"] == verdict) for verdict in ("pass", "reject")]
    shutil.rmtree(os.path.join(share, "shown"), ignore_errors=True)
    os.makedirs(os.path.join(share, "shown"))
    for number, part in enumerate(shown):
        source = os.path.join(station.REPOSITORY, "tests/frames", part["file"])
        shutil.copy(source, os.path.join(share, "shown", f"{number}.png"))
    table.check("power cut", cut_off, image, share, folder, shown, ids,
                row=("U1", f"power cut during an install, seed {SEED}", CUTS))
