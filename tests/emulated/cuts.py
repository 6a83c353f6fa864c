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
from machine import Machine, expect, wait_until

SEED = int(os.environ.get("SEED", "6"))
CUTS = int(os.environ.get("CUTS", "3"))
# An install, or a run, on an emulated processor that others use, too.
SLOW = 300.0
# Where the cuts are, in turn: what is waited for inside, if anything, and then a random share of an install's time, up
# to this one. Most of that time is the child's that tries the model; files change at the end.
PLACES = [
    (None, 1.0),
    ("[ -e {bundle} ]", 0.1),
    ("[ {pointer} -nt /run/began ]", 0.03),
]
DISK_MIB = 256
NAMES = ("second", "third")
BUNDLES, POINTER = "/data/state/store/bundles", "/data/state/store/pointer"

# The same program, fed with recorded frames: it ends when they do.
FROM_FILES = f"""
state_dir = "/data/state"
runtime_dir = "/run/station"
[trust]
{station.UNPROVEN}
[camera]
source = "folder"
path = "/share/shown"
[camera.quality]
frozen_frames = 0
max_overexposed = 1.0
[preflight]
seconds = 240
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
    pointer = json.loads(machine.run("edge-runtime store --json --config /etc/station.toml", SLOW)[-1])
    expect(pointer["active"] in allowed, f"the active bundle is {pointer['active']}")
    name = next(name for name, identifier in ids.items() if identifier == pointer["active"])
    file = f"{BUNDLES}/{pointer['active']}/station.bundle"
    with open(os.path.join(share, name), "rb") as whole:
        expected = hashlib.sha256(whole.read()).hexdigest()
    expect(machine.run(f"sha256sum {file}", SLOW)[0].split()[0] == expected, f"{name} is not whole")
    machine.run("edge-runtime run --config /etc/station.toml 2>/share/run.err", SLOW)
    rows = machine.run("edge-runtime records --state-dir /data/state --json", SLOW)
    found = [json.loads(row) for row in rows][-len(shown):]
    for row, part in zip(found, shown):
        same = row["bundle"] == pointer["active"] and row["verdict"] == part["verdict"]
        expect(same and abs(row["score_raw"] - part["score_raw"]) <= (1 << 24) // 200, f"{part['file']}: {row}")
    expect(len(found) == len(shown), f"{len(found)} records, expected {len(shown)}")
    machine.run("edge-runtime confirm --config /etc/station.toml", SLOW)
    return name


def cut_an_install(machine, name, identifier, place, seconds):
    """Begins an install and ends QEMU so many seconds after its beginning, or after the place was reached; whether the
    install was reported by then."""
    machine.run("touch /run/began")
    if place:
        reached = place.format(bundle=f"{BUNDLES}/{identifier}", pointer=POINTER)
        machine.begin(f"(until {reached}; do :; done; echo reached) &")
    machine.begin(f"cat /share/{name} | edge-runtime install - --config /etc/station.toml --json")
    if place:
        wait_until(lambda: machine.said("reached"), SLOW, f"an install: {place}")
    time.sleep(seconds)
    return any('"installed"' in line for line in machine.end())


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
            place, share_of_time = PLACES[cut % len(PLACES)]
            seconds = moments.uniform(0, share_of_time) * takes
            reported = cut_an_install(machine, other, ids[other], place, seconds)
            machine = mounted(image, share, os.path.join(folder, "disk"), disk)
            allowed = [other] if reported else [active, other]
            found = judges(machine, share, shown, ids, [ids[name] for name in allowed])
            outcomes["after" if found == other else "before"] += 1
            outcomes["reported"] += reported
            which = f"the {'new' if found == other else 'old'} bundle{', reported' if reported else ''}"
            print(f"      cut {cut + 1}: {seconds:.2f} s after {place or 'the beginning'}: {which}", flush=True)
            active = found
    finally:
        machine.close()
    return f"{CUTS}/{CUTS} boots with a whole bundle that judges: {outcomes['before']} the one before, " \
           f"{outcomes['after']} the new one, {outcomes['reported']} of them reported; an install takes {takes:.1f} s"


def check_all(table, image, share, folder, _frames, _size, program):
    """One boot for the first install, then one for each cut."""
    ids = bundles.write_quick(station.REPOSITORY, share, NAMES)
    station.provide(share, program)
    # Its log is not read here, and it is read from a disk that is new.
    subprocess.run(["aarch64-linux-gnu-strip", os.path.join(share, "edge-runtime")], check=True)
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
