"""The emulated machine: started, driven and watched from outside.

QEMU's `virt` machine with a PL061 GPIO controller. Everything outside goes through QEMU itself: pins by its test
protocol (qtest), which reports every level change of an output when it happens, and the end by its monitor (QMP).
Commands inside go through a shell on a virtual serial port. Times are seconds of the host's monotonic clock.
"""

import json
import os
import queue
import socket
import subprocess
import threading
import time

PORTS = ["shell", "feed"]
# The PL061's data register with all lines, on this machine.
DATA = 0x90303FC


class Failure(Exception):
    """A check of the harness that did not hold."""


class Unsafe(Failure):
    """An accept edge that must not be. However slow the machine is, it is never a reason for one."""


def expect(condition, message):
    """Raises `Failure` with `message` unless `condition` holds."""
    if not condition:
        raise Failure(message)


def forbid(condition, message):
    """Raises `Unsafe` with `message` if `condition` holds."""
    if condition:
        raise Unsafe(message)


def wait_until(condition, seconds, what):
    """Polls `condition` until it gives something true, which is returned; `Failure` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Port:
    """A stream of lines to and from the machine."""

    def __init__(self, path):
        self.socket = connect(path)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.socket.makefile("r", errors="replace") as stream:
            for line in stream:
                self.lines.put(line.rstrip("\r\n"))
        self.lines.put(None)

    def send(self, line):
        """Sends one line."""
        self.socket.sendall(line.encode() + b"\n")

    def receive(self, seconds):
        """The next line; `Failure` if none comes."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Failure(f"no answer within {seconds} s") from None
        expect(line is not None, "the machine has ended")
        return line

    def ask(self, line, seconds=30):
        """Sends a line and returns the one that comes back."""
        self.send(line)
        return self.receive(seconds)


class Pins:
    """The PL061's eight pins: inputs are driven, every edge of an output is noted."""

    def __init__(self, path, device):
        self.device = device
        self.edges = []  # (seconds, line, level)
        self.levels = {}
        self.answers = queue.Queue()
        self.ended = threading.Event()
        self.socket = connect(path)
        threading.Thread(target=self._read, daemon=True).start()
        self._command(f"irq_intercept_out {device}")

    def _read(self):
        with self.socket.makefile("r") as stream:
            for line in stream:
                words = line.split()
                if words[:1] == ["IRQ"]:
                    level = words[1] == "raise"
                    self.levels[int(words[2])] = level
                    self.edges.append((time.monotonic(), int(words[2]), level))
                else:
                    self.answers.put(line.strip())
        self.answers.put(None)
        self.ended.set()

    def _command(self, line):
        self.socket.sendall(line.encode() + b"\n")
        answer = self.answers.get(timeout=10)
        expect(answer is not None, "the machine has ended")
        expect(answer.startswith("OK"), f"qtest {line}: {answer}")

    def _catch_up(self):
        """Reads every edge until now: an answer comes after the edges before it."""
        try:
            if not self.ended.is_set():
                self._command(f"readl {DATA:#x}")
        except (Failure, OSError):
            # The edges until the end are as good.
            self.ended.wait(5)

    def drive(self, line, level):
        """Sets the level of an input."""
        self._command(f"set_irq_in {self.device} unnamed-gpio-in {line} {int(level)}")

    def level(self, line):
        """The level of an output; low until its first edge."""
        self._catch_up()
        return self.levels.get(line, False)

    def rising(self, line, since=0.0):
        """The times of the rising edges of an output."""
        return [at for at, level in self.seen(line, since) if level]

    def seen(self, line, since=0.0):
        """The edges of an output: (seconds, level)."""
        self._catch_up()
        return [(at, level) for at, found, level in list(self.edges) if found == line and at >= since]


class Machine:
    """One boot. `folder` receives the console's log and the sockets; `share` is /share inside, and the file `disk`, if
    there is one, /dev/vda. What the machine has flushed to the disk is in that file when QEMU is killed."""

    def __init__(self, image, share, folder, disk=None):
        os.makedirs(folder, exist_ok=True)
        self.console = os.path.join(folder, "console.log")
        paths = {name: os.path.join(folder, name) for name in ["qmp", "qtest", *PORTS]}
        for path in paths.values():
            if os.path.exists(path):
                os.remove(path)
        command = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "512"]
        command += ["-display", "none", "-no-reboot", "-nic", "none", "-serial", f"file:{self.console}"]
        command += ["-kernel", os.path.join(image, "kernel"), "-initrd", os.path.join(image, "initrd.gz")]
        command += ["-append", "console=ttyAMA0 loglevel=4 panic=-1"]
        command += ["-fsdev", f"local,id=share,path={share},security_model=none"]
        command += ["-device", "virtio-9p-pci,fsdev=share,mount_tag=share", "-device", "virtio-serial-pci"]
        if disk:
            command += ["-drive", f"file={disk},format=raw,if=none,id=disk,cache=writeback"]
            command += ["-device", "virtio-blk-pci,drive=disk"]
        for port in PORTS:
            command += ["-chardev", f"socket,id={port},path={paths[port]},server=on,wait=off"]
            command += ["-device", f"virtserialport,chardev={port},name={port}"]
        command += ["-qmp", f"unix:{paths['qmp']},server=on,wait=off"]
        command += ["-qtest", f"unix:{paths['qtest']},server=on,wait=off", "-qtest-log", "/dev/null"]
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.ended = None  # why, in QMP's words
        self._qmp = Port(paths["qmp"])
        self._qmp.receive(10)
        self._monitor("qmp_capabilities")
        children = self._monitor("qom-list", path="/machine/unattached")
        controllers = [child["name"] for child in children if child["type"] == "child<pl061>"]
        expect(len(controllers) == 1, f"GPIO controllers: {controllers}")
        self.pins = Pins(paths["qtest"], f"/machine/unattached/{controllers[0]}")
        self.feed = Port(paths["feed"])
        self._shell = Port(paths["shell"])
        self._taken = []  # lines that nobody has waited for
        self.run("true", seconds=120)
        self.boot_seconds = time.monotonic() - self.started

    def _monitor(self, command, **arguments):
        self._qmp.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self._qmp.receive(10))
            if "return" in answer:
                return answer["return"]
            expect("error" not in answer, f"QMP {command}: {answer}")

    def run(self, command, seconds=30, status=0):
        """Runs a shell command inside and returns what it prints; `Failure` unless it exits with `status`."""
        self._shell.send(f"{{ {command}\n}} </dev/null; echo __ended $?")
        lines = []
        while True:
            line = self._shell.receive(seconds)
            # A last line without an end comes joined with ours.
            text, found, code = line.rpartition("__ended ")
            if found:
                lines += [text] if text else []
                break
            lines.append(line)
        expect(status is None or int(code) == status, f"{command}: exit code {code}: {' / '.join(lines[-5:])}")
        return lines

    def begin(self, command):
        """Sends a shell command and waits for nothing; what it prints is given by `end`."""
        self._shell.send(command)

    def said(self, word):
        """Whether the shell has printed a line that is `word` since the last command that was waited for."""
        while not self._shell.lines.empty():
            self._taken.append(self._shell.receive(1))
        return word in self._taken

    def end(self):
        """Ends QEMU as a loss of power ends a machine; the lines that had come from the shell by then."""
        self.close()
        while True:
            line = self._shell.lines.get(timeout=10)
            if line is None:
                return self._taken
            self._taken.append(line)

    def wait_for_end(self, seconds=30):
        """Waits until the machine is off, and returns why: `guest-shutdown`, `guest-reset` or another of QMP's."""
        end = time.monotonic() + seconds
        while True:
            event = json.loads(self._qmp.receive(max(end - time.monotonic(), 0.01)))
            if event.get("event") == "SHUTDOWN":
                self.process.wait(timeout=10)
                return event["data"]["reason"]

    def power_off(self):
        """Powers the machine off from inside and returns why it ended."""
        self._shell.send("poweroff -f")
        return self.wait_for_end()

    def close(self):
        """Ends QEMU, whatever happened before."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def connect(path):
    """Connects to a Unix socket that QEMU is about to make."""
    end = time.monotonic() + 10
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(path)
            return client
        except OSError:
            client.close()
            expect(time.monotonic() < end, f"{path}: nobody listens")
            time.sleep(0.02)
