"""The checks of the machine itself, without the station: that the camera shows the frames, that pins are seen and
driven, that a service which does not kick its watchdog restarts the machine. The station's checks rely on it."""

import os
import time

from machine import expect, wait_until

PULSES = 20


def start_camera(machine, size):
    """Prepares the camera for frames of `size` and starts what shows them."""
    machine.run(f"guest camera prepare /dev/video0 /dev/video1 {size[0]} {size[1]}")
    machine.run("guest feed /dev/video1 <>/dev/feed >&0 2>/share/feed.log &")


def show(machine, name):
    """Shows a frame of the shared folder until the next."""
    answer = machine.feed.ask(f"/share/frames/{name}")
    expect(answer.startswith("shown "), answer)


def camera(machine, share, frames):
    """Every recorded frame is captured as it is shown, to the last bit."""
    captured = os.path.join(share, "captured")
    wrong = 0
    for name, pixels in frames.values():
        show(machine, name)
        machine.run("guest camera read /dev/video0 2 >/share/captured")
        with open(captured, "rb") as file:
            found = file.read()
        expect(len(found) == 2 * len(pixels), f"{name}: {len(found)} bytes captured")
        wrong += sum(a != b for a, b in zip(found, pixels * 2))
    expect(wrong == 0, f"{wrong} pixels are not as shown")
    return f"{len(frames)} frames shown and captured twice, 0 pixels differ"


def unplugged_camera(machine, frames):
    """An unplugged camera cannot be read, one plugged in again can."""
    name = next(iter(frames.values()))[0]
    expect(machine.feed.ask("unplug").startswith("unplugged "), "the camera cannot be unplugged")
    machine.run("guest camera read /dev/video0 1 2>&1 >/dev/null", status=1)
    expect(machine.feed.ask("replug").startswith("replugged "), "the camera cannot be plugged in again")
    show(machine, name)
    machine.run("guest camera read /dev/video0 1 >/dev/null")
    return "ENODEV while unplugged, frames afterwards"


def pins(machine):
    """Each pulse of an output is two edges outside; each pulse from outside is one rising edge inside."""
    began = time.monotonic()
    machine.run(f"guest gpio pulse 0 {PULSES} 1000 1000")
    seen = [level for _, level in machine.pins.seen(0, began)]
    expect(seen == [True, False] * PULSES, f"edges outside: {seen}")

    machine.run(": >/run/watched; guest gpio watch 4 >/run/watched & echo $! >/run/watcher")
    inside = lambda: sum(line.startswith("rising ") for line in machine.run("cat /run/watched"))
    wait_until(lambda: machine.run("cat /run/watched"), 30, "a watched pin")
    for pulse in range(PULSES):
        # Two edges that come before the kernel has seen the first are one, as on any controller; so one at a time.
        machine.pins.drive(4, 1)
        wait_until(lambda: inside() > pulse, 30, f"edge {pulse} inside")
        machine.pins.drive(4, 0)
    expect(inside() == PULSES, f"{inside()} rising edges inside")
    machine.run("kill $(cat /run/watcher)")

    machine.run("guest gpio hold 1 & echo $! >/run/holder")
    wait_until(lambda: machine.pins.level(1), 30, "the level outside")
    machine.run("kill -9 $(cat /run/holder)")
    time.sleep(0.3)
    stays = "stays" if machine.pins.level(1) else "falls"
    # Whoever takes the line next sets it low.
    machine.run("guest gpio pulse 1 0 0 0")
    expect(not machine.pins.level(1), "an output that was taken again is still high")
    return f"{PULSES} pulses out and in, none lost; the level of a killed process {stays}"


def watchdog(machine):
    """A service that kicks is left alone; one that is killed is started again; one that stops kicking has the machine
    restarted by the watchdog device. Ends the machine."""
    service = "guest notify READY=1; while test ! -e /run/hang; do guest notify WATCHDOG=1; sleep 0.2; done; sleep 1000"
    manager = f"guest supervise 3000 'echo stop-post' /dev/watchdog /bin/sh -c '{service}'"
    machine.run(f": >/share/service.log; {manager} >/share/service.log & true")
    log = lambda: machine.run("cat /share/service.log")
    count = lambda what: sum(what in line for line in log())
    wait_until(lambda: count("WATCHDOG=1") >= 10, 60, "ten kicks")
    expect(count("expired") == 0, "the service kicks, and its watchdog expires")
    machine.run("kill -9 $(awk '$2 == \"started\" {print $3}' /share/service.log)")
    wait_until(lambda: count("started") == 2 and count("ended 137") == 1, 30, "the restart of a killed service")
    kicks = count("WATCHDOG=1")
    machine.run("touch /run/hang")
    reason = machine.wait_for_end(60)
    expect(reason == "guest-reset", f"the machine ended by {reason}")
    return f"{kicks} kicks, a restart, then a reset of the machine when they stopped"
