"""The checks of the station in the emulated machine: frames enter through the camera alone, parts through the trigger
pin, and what it does is seen on its pins, outside.
"""

import difflib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import bundles
import equipment
import frames as recorded_frames
from line import ACCEPT, BUDGET, BUSY, FAULT, GATE, INTERVAL, JITTER, PULSE, READY, RESET, TRIGGER
from line import ATTEMPTS, SLOW_REASONS, START, Line
from machine import Machine, expect, forbid, wait_until

WATCHDOG = 8.0
KILLS = 3

# Bundles that nobody signed, and quick ones without golden frames.
UNPROVEN = 'unsigned = "accept"\nunproven = "accept"'

CONFIGURATION = f"""
bundle = "/bin/station.bundle"
state_dir = "/run/state"
runtime_dir = "/run/station"
[trust]
{UNPROVEN}
[camera]
source = "v4l"
device = "/dev/video0"
format = "grey"
width = WIDTH
height = HEIGHT
timeout_ms = 3000
max_age_ms = 3000
[camera.quality]
# The virtual camera has no noise: an image that stays is the same to the bit.
frozen_frames = 0
max_overexposed = 1.0
[preflight]
# An emulated processor is slow.
seconds = 240
[trigger]
mode = "gpio"
chip = "/dev/gpiochip0"
line = {TRIGGER}
edge = "rising"
debounce_us = 500
min_gap_ms = 2500
frame_from_ms = 0
frame_to_ms = 2000
[gate]
delay_ms = {GATE * 1000:.0f}
budget_ms = {BUDGET * 1000:.0f}
pulse_ms = {PULSE * 1000:.0f}
tolerance_ms = 300
chip = "/dev/gpiochip0"
[outputs]
accept = {{ line = {ACCEPT}, active = "high" }}
ready = {{ line = {READY} }}
busy = {{ line = {BUSY} }}
fault = {{ line = {FAULT} }}
[inputs]
reset = {{ line = {RESET} }}
[images]
keep = "none"
[watchdog]
stall_ms = {WATCHDOG * 1000:.0f}
"""

# How the program is called; everything that depends on its command line.
RUN = "/bin/edge-runtime run --config /etc/station.toml"
STOP_POST = "/bin/edge-runtime outputs --safe --config /etc/station.toml"
RECORDS = "edge-runtime records --state-dir /run/state --json"

REPOSITORY = str(pathlib.Path(__file__).resolve().parents[2])
GOLDEN_LOG = pathlib.Path(__file__).with_name("golden_log.txt")

LIBRARIES = ["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1"]


def provide(share, program):
    """The program and its libraries, in the shared folder."""
    os.makedirs(os.path.join(share, "lib"), exist_ok=True)
    for library in LIBRARIES:
        shutil.copy(os.path.join("/usr/aarch64-linux-gnu/lib", library), os.path.join(share, "lib"))
    shutil.copy(program, os.path.join(share, "edge-runtime"))


def install(machine, share, program, size, configuration=CONFIGURATION, bundle=None):
    """The program with its libraries and a sealed bundle, the committed one if none is given."""
    provide(share, program)
    with open(os.path.join(share, "station.bundle"), "wb") as file:
        file.write(bundle or bundles.committed(REPOSITORY))
    with open(os.path.join(share, "station.toml"), "w", encoding="utf-8") as file:
        file.write(configuration.replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1])))
    machine.run("mkdir -p /lib /etc /run/state /run/station && cp /share/lib/* /lib/ && "
                "cp /share/edge-runtime /share/station.bundle /bin/ && cp /share/station.toml /etc/")


def start(machine, watchdog="-"):
    """Starts the station under the service manager."""
    machine.run(f": >/share/service.log; guest supervise {WATCHDOG * 1000:.0f} '{STOP_POST}' {watchdog} {RUN} "
                ">/share/service.log 2>/share/station.err & echo $! >/run/manager")


def messages(machine, what):
    """The times, in seconds inside, of the manager's log lines that hold `what`."""
    lines = machine.run("cat /share/service.log")
    return [int(line.split()[0]) / 1e6 for line in lines if what in line]


def station_process(machine):
    """The process id of the station that runs now."""
    return machine.run("awk '$2 == \"started\" {pid = $3} END {print pid}' /share/service.log")[0]


def recorded(machine, share, frames):
    """`record` keeps every frame as it is shown, to the last bit."""
    command = "edge-runtime record --device /dev/video0 --format grey --size {}x{} --frames 2 --out /share/record"
    differ = 0
    for file, (name, pixels) in frames.items():
        equipment.show(machine, name)
        machine.run("rm -rf /share/record")
        width, height, _ = recorded_frames.gray_from_png(os.path.join(REPOSITORY, "tests/frames", file))
        machine.run(command.format(width, height))
        kept = sorted(pathlib.Path(share, "record").rglob("*.png"))
        expect(len(kept) == 2, f"{file}: {len(kept)} frames kept, expected 2")
        for path in kept:
            found = recorded_frames.gray_from_png(path)
            expect(found[:2] == (width, height), f"{path}: {found[0]}x{found[1]}")
            differ += sum(a != b for a, b in zip(found[2], pixels))
    expect(differ == 0, f"{differ} pixels are not as shown")
    return f"{len(frames)} frames kept twice, 0 pixels differ"


def self_test(machine):
    """The bundle's golden frames come out on this processor as on the one that sealed the bundle."""
    found = json.loads(machine.run("edge-runtime self-test --bundle /bin/station.bundle --json", 300)[-1])
    text = f"{found['result']}: {found['golden_frames']} frames, {found['differing_pixels']} pixels and "
    text += f"{found['greatest_score_difference']}/2^24 of score differ"
    expect(found["result"] == "proven", text)
    return text


def safe_outputs(machine):
    """`outputs --safe` takes an accept line that a killed process left high to low, and raises none."""
    machine.run(f"guest gpio hold {ACCEPT} & echo $! >/run/holder")
    wait_until(lambda: machine.pins.level(ACCEPT), 30, "a high accept line")
    machine.run("kill -9 $(cat /run/holder)")
    began = time.monotonic()
    machine.run(STOP_POST)
    expect(not machine.pins.level(ACCEPT), "the accept line is still high")
    forbid(machine.pins.rising(ACCEPT, began), "an accept edge")
    return "a line left high is low, without an edge up"


def becomes_ready(machine, line):
    """The station loads its bundle, tests itself and is ready; nothing was accepted meanwhile."""
    def ready_or_ended():
        expect(not messages(machine, " ended "), "the program has ended; station.err says why")
        return machine.pins.level(READY)

    wait_until(ready_or_ended, START, "ready")
    forbid(line.accepted(line.began), "an accept edge before the first part")
    wait_until(lambda: messages(machine, "READY=1"), 30, "READY=1")
    return f"{time.monotonic() - line.began:.1f} s from start to ready"


def verdicts(machine, line):
    """All recorded frames as parts, several on the way at once: one accept edge for each good one, none for another,
    and the records hold the verdicts and scores of x86-64. Parts come more slowly if the machine was too slow."""
    golden = recorded_frames.recorded(REPOSITORY)
    random.Random(1).shuffle(golden)
    return line.in_time(lambda number: judged(machine, line, golden, INTERVAL * (1 + number)))


def judged(machine, line, golden, interval):
    """These parts, one after the other: their edges and records are as their golden verdicts."""
    began = time.monotonic()
    triggered = []
    for part in golden:
        triggered.append(line.part(part["file"]))
        time.sleep(max(0.0, triggered[-1] + interval - time.monotonic()))
    time.sleep(max(0.0, triggered[-1] + GATE + JITTER + PULSE - time.monotonic()))
    good = sum(part["verdict"] == "pass" for part in golden)
    accepted = line.accepted(began)
    forbid(len(accepted) > good, f"{len(accepted)} accept edges for {good} good parts")
    counted = [line.accepts_at_gate(at) for at in triggered]
    for part, edges in zip(golden, counted):
        forbid(edges > (part["verdict"] == "pass"), f"{part['file']}, {part['verdict']}: {edges} accept edges")
    expect(sum(counted) == len(accepted) == good, f"{sum(counted)} accept edges at their gates for {good} good parts")
    found = [json.loads(row) for row in machine.run(RECORDS)][-len(golden):]
    equal = sum(row["verdict"] == part["verdict"] for row, part in zip(found, golden))
    off = [abs((row["score_raw"] or 2 << 24) - part["score_raw"]) for row, part in zip(found, golden)]
    text = f"{equal} verdicts equal, {off.count(0)} scores equal, greatest difference {max(off, default=0)}/2^24"
    expect(len(found) == len(golden) == equal and max(off) <= (1 << 24) // 200, text)
    return f"{good} accept edges for {good} good parts, 0 for {len(golden) - good} others; {text}"


def unplugged(machine, line, good):
    """Without its camera the station is not ready; with it, it is again, by itself."""
    began = time.monotonic()
    expect(machine.feed.ask("unplug").startswith("unplugged "), "the camera cannot be unplugged")
    wait_until(lambda: not machine.pins.level(READY), 5, "ready drops")
    dropped = time.monotonic() - began
    time.sleep(2)
    expect(not machine.pins.level(READY), "ready without a camera")
    began = time.monotonic()
    expect(machine.feed.ask("replug").startswith("replugged "), "the camera cannot be plugged in again")
    equipment.show(machine, line.frames[good][0])
    line.wait_ready(20)
    recovered = time.monotonic() - began
    line.passes_one(good)
    return f"ready drops after {dropped:.2f} s, comes back {recovered:.2f} s after the camera; then a good part passes"


def starts_quickly(machine, share, line):
    """From here on the station has the same model without golden frames, with which it started once: an emulated
    processor redraws them for half a minute at each start."""
    bundles.write(share, "quick.bundle", bundles.quick(REPOSITORY, b"q"))
    machine.run(f"cp /share/quick.bundle /bin/station.bundle && kill -9 {station_process(machine)}")
    wait_until(lambda: not machine.pins.level(READY), 30, "the end of the station that was killed")
    began = time.monotonic()
    line.wait_ready()
    return f"{time.monotonic() - began:.1f} s from the kill to ready, without golden frames"


def killed(machine, line, good, kills, seed):
    """Killed at any moment, the station accepts nothing afterwards until a new part has passed. Every third time the
    moment is in an accept pulse, else anywhere from the trigger to the gate."""
    moments = random.Random(seed)
    done = in_pulse = 0
    # A kill that came too late for its pulse is one more of the others.
    while done < kills or (in_pulse < kills // 3 and done < kills + ATTEMPTS):
        after = None if done % 3 == 2 or done >= kills else moments.uniform(0, GATE - 0.3)
        in_pulse += killed_once(machine, line, good, after)
        done += 1
    line.wait_ready()
    expect(in_pulse >= kills // 3, f"{in_pulse} of {done} kills were within a pulse, expected {kills // 3}")
    line.passes_one(good)
    return f"{done} kills, {in_pulse} of them in an accept pulse: 0 accept edges afterwards; then a good part passes"


def killed_once(machine, line, good, after):
    """Kills the station so many seconds after a trigger, or with `None` in the pulse of its part; whether it was in the
    pulse."""
    def until_accepted(_number):
        at = line.part(good)
        return at, wait_until(lambda: line.accepted(at), GATE + JITTER + 1, "the accept edge")[0]

    line.wait_ready()
    process, edge = station_process(machine), None
    if after is None:
        triggered, edge = line.in_time(until_accepted)
    else:
        triggered = line.part(good)
        time.sleep(after)
    # The answer comes after the process is gone.
    machine.run(f"kill -9 {process}")
    dead = time.monotonic()
    # Past the gate of the part that was on its way, the new process running meanwhile.
    time.sleep(max(0.0, triggered + GATE + JITTER + PULSE - time.monotonic()) + 0.5)
    late = [round(at - dead, 3) for at in line.accepted(dead)]
    forbid(late, f"accept edges {late} s after a kill")
    return edge is not None and dead - edge < PULSE


def watched(machine):
    """The watchdog is fed while the station works."""
    kicks = messages(machine, "WATCHDOG=1")
    gaps = [later - earlier for earlier, later in zip(kicks, kicks[1:])]
    expect(len(kicks) > 5 and not messages(machine, "expired"), f"{len(kicks)} kicks")
    return f"{len(kicks)} kicks, none missed"


def hanging(machine, line, good):
    """The inspection thread hangs with a part on its way: the part is diverted, the kicks stop, and the watchdog device
    restarts the machine. Ends the machine."""
    line.wait_ready()
    machine.run(f"guest freeze {station_process(machine)} >/run/frozen & true")
    wait_until(lambda: machine.run("cat /run/frozen"), 30, "the hang")
    frozen = time.monotonic()
    line.part(good)
    reason = machine.wait_for_end(WATCHDOG * 4 + 10)
    expect(reason == "guest-reset", f"the machine ended by {reason}")
    forbid(line.accepted(frozen), "an accept edge while the inspection hangs")
    return f"no accept edge; reset by the watchdog {time.monotonic() - frozen:.1f} s after the hang"


def decoded_log(machine, share, program):
    """The log so far, decoded outside against the program, is the golden one once what differs from run to run is."""
    machine.run("rm -rf /share/log && cp -r /run/state/log /share/log")
    folder = os.path.join(share, "log")
    entries = b""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            entries += file.read()
    printer = [os.environ.get("DEFMT_PRINT", "defmt-print"), "-e", program, "--log-format", "{L} {s}"]
    printed = subprocess.run(printer, input=entries, capture_output=True, check=False)
    expect(printed.returncode == 0, f"defmt-print: {printed.stderr.decode(errors='replace').strip()}")
    text = printed.stdout.decode()
    with open(os.path.join(share, "log.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    found = "".join(entry + "\n" for entry in comparable(text.splitlines()))
    if os.environ.get("GOLDEN_BLESS"):
        with open(GOLDEN_LOG, "w", encoding="utf-8") as file:
            file.write(found)
    with open(GOLDEN_LOG, encoding="utf-8") as file:
        golden = file.read()
    differences = difflib.unified_diff(golden.splitlines(), found.splitlines(), "golden", "found", lineterm="", n=1)
    expect(found == golden, "\n".join(differences))
    return f"{len(found.splitlines())} entries, as in the golden log"


def comparable(entries):
    """The entries without what differs from run to run: those of parts that were too slow are left out, and those of
    frames are sorted, each once, since a part may have come twice."""
    entries = [normalised(entry) for entry in entries if entry.strip()]
    entries = [entry for entry in entries if not any(reason in entry for reason in SLOW_REASONS)]
    of_frames = {entry for entry in entries if " frame _: " in entry}
    return [entry for entry in entries if entry not in of_frames] + sorted(of_frames)


def normalised(entry):
    """A log entry without what differs from run to run: ids, versions, sequence numbers and times."""
    entry = re.sub(r"\b(frame|process|boot|part|edge-runtime) [0-9a-f.-]+", r"\1 _", entry)
    return re.sub(r"\b[0-9.]+ (us|ms|s)\b", r"_ \1", entry)


def check_all(table, image, share, folder, frames, size, program):
    """Every check of the station, in one boot."""
    machine = Machine(image, share, os.path.join(folder, "station"))
    line = Line(machine, frames)
    good = next(part["file"] for part in recorded_frames.recorded(REPOSITORY) if part["verdict"] == "pass")
    try:
        equipment.start_camera(machine, size)
        equipment.show(machine, frames[good][0])
        install(machine, share, program, size)
        table.check("frames recorded", recorded, machine, share, frames)
        table.check("self-test", self_test, machine)
        table.check("outputs made safe", safe_outputs, machine)
        line.began = time.monotonic()
        start(machine, "/dev/watchdog")
        if table.check("station starts", becomes_ready, machine, line):
            table.check("verdicts and accept pin", verdicts, machine, line)
            table.check("log", decoded_log, machine, share, program)
            table.check("station unplugged", unplugged, machine, line, good, row=("C1", "camera unplugged", 1))
            table.check("quick start", starts_quickly, machine, share, line)
            table.check("station killed", killed, machine, line, good, KILLS, 1, row=("P1", "SIGKILL", KILLS))
            table.check("watchdog fed", watched, machine)
            machine.run("cp -r /run/state /share/ 2>/dev/null; true")
            table.check("inspection hangs", hanging, machine, line, good,
                        row=("P2", "inspection frozen by ptrace", 1))
    finally:
        machine.close()
