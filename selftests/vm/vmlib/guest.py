# SPDX-License-Identifier: GPL-2.0
"""One boot from start to end."""

import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from . import agent, config
from .report import Report


@dataclass
class Outcome:
    """What a boot came to. Each problem counts as one failure."""
    name: str
    report: Report
    problems: list = field(default_factory=list)
    seconds: float = 0
    console: str = ""

    @property
    def passed(self):
        return self.report.counts.passed

    @property
    def failed(self):
        return self.report.counts.failed + len(self.problems)

    @property
    def skipped(self):
        return self.report.counts.skipped

    def ok(self):
        return self.failed == 0


def qemu_binary():
    qemu = os.environ.get("QEMU") or "qemu-system-x86_64"
    if not shutil.which(qemu):
        raise config.ConfigError(f"no QEMU: {qemu} is not there (run scripts/setup)")
    return qemu


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(1)
    sock.settimeout(20)
    return sock


def tail(path, lines=40):
    try:
        with open(path, errors="replace") as log:
            return log.read().splitlines()[-lines:]
    except OSError:
        return []


class Boot:
    """Start QEMU, follow the report, stop QEMU whatever happens."""

    def __init__(self, guest, initrd, log_dir, show=lambda text: None):
        self.guest = guest
        self.initrd = initrd
        self.show = show
        os.makedirs(log_dir, exist_ok=True)
        self.console = os.path.join(log_dir, f"{guest.name}.console")
        self.report_log = os.path.join(log_dir, f"{guest.name}.report")
        self.problems = []
        self.report = Report(show=show)

    def run(self):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vei-") as run_dir:
            self.process = None
            try:
                self.start(run_dir)
                self.follow(started + self.guest.timeout)
            finally:
                self.stop()
        if self.guest.mode == "tests":
            self.report.judge(self.guest.tests)
        outcome = Outcome(self.guest.name, self.report, self.problems + self.report.problems,
                          time.monotonic() - started, self.console)
        self.show_problems(outcome)
        return outcome

    def start(self, run_dir):
        env = config.environment()
        qemu = self.guest.qemu or qemu_binary()
        with open(os.path.join(run_dir, "job"), "w") as job:
            job.write(self.guest.job())
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2",
                        os.path.join(run_dir, "state.qcow2"), "4G"], check=True)
        interactive = self.guest.mode == "shell"
        console = ("stdio,id=con,signal=off" if interactive else f"file,id=con,path={self.console}")
        args = config.command_line(self.guest, env, qemu, config.accelerator(env, qemu),
                                   self.initrd, run_dir, console)
        listeners = {name: listen(os.path.join(run_dir, name)) for name in ("req", "report", "qmp")}
        self.errors = open(os.path.join(run_dir, "errors"), "w+")
        self.process = subprocess.Popen(args, stdin=None if interactive else subprocess.DEVNULL,
                                        stderr=None if interactive else self.errors)
        request = self.accept(listeners["req"])
        self.report_conn = self.accept(listeners["report"])
        try:
            qmp = agent.Qmp(self.accept(listeners["qmp"]))
        except (agent.QmpError, OSError):
            raise config.ConfigError(self.why_no_qemu()) from None
        agent.Agent(request, qmp).start()

    def accept(self, listener):
        """QEMU's connection, or at once its reason for not coming."""
        listener.settimeout(0.2)
        for _ in range(100):
            try:
                conn = listener.accept()[0]
                listener.close()
                conn.settimeout(None)
                return conn
            except socket.timeout:
                if self.process.poll() is not None:
                    break
        raise config.ConfigError(self.why_no_qemu())

    def why_no_qemu(self):
        self.errors.seek(0)
        return "QEMU did not start: " + self.errors.read().strip()

    def follow(self, deadline):
        """Feed the report until QEMU ends or the time is up."""
        buffer = b""
        selector = selectors.DefaultSelector()
        selector.register(self.report_conn, selectors.EVENT_READ)
        with open(self.report_log, "wb") as log:
            while True:
                left = deadline - time.monotonic()
                if left <= 0 and self.guest.mode != "shell":
                    self.problems.append(f"time limit of {self.guest.timeout} s exceeded")
                    return
                if not selector.select(min(max(left, 0), 5) or 5):
                    continue
                data = self.report_conn.recv(65536)
                if not data:
                    break                           # QEMU has ended
                log.write(data)
                log.flush()
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    self.report.feed(line.decode(errors="replace").rstrip("\r"))
        code = self.process.wait(timeout=20)
        if code:
            self.problems.append(f"QEMU ended with code {code}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def show_problems(self, outcome):
        for problem in outcome.problems:
            self.show(f"    FAIL  {outcome.name}: {problem}")
        if outcome.problems and self.guest.mode != "shell":
            self.show(f"  the last lines of {self.console}:")
            for line in tail(self.console):
                self.show(f"  | {line}")
            self.errors.seek(0)
            for line in self.errors.read().splitlines()[-10:]:
                self.show(f"  QEMU: {line}")


def make_image(stock=False):
    """Build the initramfs (or find it unchanged); its path."""
    args = [os.path.join(config.HERE, "image")] + (["--stock"] if stock else [])
    done = subprocess.run(args, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise config.ConfigError("no image")
    return done.stdout.strip()


def say(text):
    print(text, flush=True)


def fail(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(1)
