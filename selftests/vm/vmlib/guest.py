# SPDX-License-Identifier: GPL-2.0
"""One boot from start to end."""

import os
import selectors
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field

from . import agent, config, process
from .machine import Machine
from .report import Report


# A guest says a word when its init begins, on a busy machine after half a minute.
BOOT_SECONDS = 150
BOOTS = 3


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
    qemu = os.environ.get("QEMU") or config.arch_of(config.environment()).qemu
    if not shutil.which(qemu):
        raise config.ConfigError(f"no QEMU: {qemu} is not there (run scripts/setup)")
    return qemu


def text_of(path):
    try:
        with open(path, errors="replace") as log:
            return log.read()
    except OSError:
        return ""


def tail(path, lines=40):
    return text_of(path).splitlines()[-lines:]


def panicked(console):
    """Before it powers down: then it may run on for a moment, and take that amiss."""
    return "Kernel panic - " in text_of(console).partition("reboot: Power down")[0]


class Boot:
    """Start QEMU, follow the report, stop QEMU whatever happens.

    The guest may move to another QEMU meanwhile: machine is where it is.
    """

    def __init__(self, guest, initrd, log_dir, show=lambda text: None, keep=None):
        """keep: called with the run's directory before that goes."""
        self.guest = guest
        self.limit = guest.timeout
        if config.environment()["VEI_DEBUG"]:
            self.limit *= config.DEBUG_TIME
        self.initrd = initrd
        self.show = show
        self.keep = keep
        os.makedirs(log_dir, exist_ok=True)
        self.console = os.path.join(log_dir, f"{guest.name}.console")
        self.report_log = os.path.join(log_dir, f"{guest.name}.report")
        self.problems = []
        self.machines = []
        self.daemons = []
        self.report = Report(show=show, allow_skips=guest.allow_skips)

    def run(self):
        started = time.monotonic()
        self.machine = None
        with process.run_dir() as self.dir:
            try:
                self.start()
                # how long a busy machine takes to boot is not the suites' time
                self.follow(time.monotonic() + self.limit)
            finally:
                for machine in self.machines:
                    machine.end()
                for daemon in self.daemons:
                    process.end(daemon)
                if self.keep:
                    self.keep(self.dir)
            if process.stopped():
                raise process.Stopped
            if self.guest.mode == "tests":
                self.report.judge(self.guest.tests)
            # also after the verdict, and in a moment that a snapshot took back
            if self.guest.mode != "shell" and panicked(self.console):
                self.problems.append("the kernel panicked")
            outcome = Outcome(self.guest.name, self.report, self.problems + self.report.problems,
                              time.monotonic() - started, self.console)
            self.show_problems(outcome)
        return outcome

    def start(self):
        with open(os.path.join(self.dir, "job"), "w") as job:
            job.write(self.guest.job())
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2",
                        os.path.join(self.dir, "state.qcow2"), "4G"], check=True)
        for one in self.guest.disks:
            one.create(self.dir)
        for one in self.guest.pairs + self.guest.disks:
            for command, socket in one.serve(self.dir):
                self.start_daemon(command, socket)
        self.machine = self.bring_up()
        agent.Agent(self).start()

    def start_daemon(self, command, socket):
        """Something that QEMU will connect to; it ends with the run."""
        # some end with their input
        daemon = process.spawn(process.mortal(command), stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL)
        self.daemons.append(daemon)
        deadline = time.monotonic() + 20
        while not os.path.exists(socket):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise config.ConfigError(f"{os.path.basename(command[0])} did not start")
            time.sleep(0.05)

    def bring_up(self):
        """A machine whose guest has begun.

        QEMU 7.2's TCG now and then stops a kernel in its first second, long before anything
        of ours is loaded. Then, and only then, there is another try; it is said.
        """
        patience = BOOT_SECONDS
        if config.environment()["VEI_DEBUG"]:
            patience *= config.DEBUG_TIME
        for left in reversed(range(BOOTS)):
            machine = self.launch()
            with selectors.DefaultSelector() as selector:
                selector.register(machine.report, selectors.EVENT_READ)
                if self.guest.mode == "shell" or selector.select(patience):
                    return machine
            self.show(f"the kernel has not come to its init in {patience} s" +
                      (", once more" if left else ""))
            if left:
                machine.end()
        return machine

    def launch(self, incoming=None):
        """A QEMU in a directory of its own; the console goes on where it is."""
        run_dir = os.path.join(self.dir, f"qemu{len(self.machines)}")
        os.mkdir(run_dir)
        for name in ("job", "state.qcow2"):
            os.symlink(os.path.join("..", name), os.path.join(run_dir, name))
        if self.guest.mode == "shell":
            console = "stdio,id=con,signal=off"
        else:
            console = (f"file,id=con,path={config.option(self.console)},"
                       f"append={'on' if self.machines else 'off'}")
        machine = Machine(self.guest, self.guest.qemu or qemu_binary(), self.initrd, run_dir,
                          console, incoming)
        self.machines.append(machine)
        return machine

    def migrate(self):
        """Carry the guest over to another QEMU, and end the one that it was in.

        It stands still meanwhile. While it runs, TCG with several threads loses stores
        to a page whose dirty bit the migration clears between a processor's look at its
        TLB and the store itself: stale stacks on the other side, on a busy host.
        """
        uri = f"unix:{os.path.join(self.dir, f'migration{len(self.machines)}')}"
        old, new = self.machine, self.launch(uri)
        old.qmp.execute("migrate-set-parameters", {"max-bandwidth": 1 << 33})
        old.qmp.execute("stop")
        old.qmp.execute("migrate", {"uri": uri})
        agent.wait_until(lambda: old.qmp.execute("query-migrate").get("status"),
                         "completed", ("failed", "cancelled"))
        agent.wait_until(lambda: new.qmp.execute("query-status")["status"], "paused")
        new.qmp.execute("cont")
        self.machine = new
        old.qmp.execute("quit")
        return {}

    def follow(self, deadline):
        """Feed the report until the guest's last QEMU ends or the time is up."""
        followed = None
        self.buffer = b""
        with open(self.report_log, "wb") as log:
            while followed is not self.machine:
                followed = self.machine
                if not self.follow_one(followed, deadline, log):
                    return
                code = followed.process.wait(timeout=20)
                if code:
                    self.problems.append(f"QEMU ended with code {code}")

    def follow_one(self, machine, deadline, log):
        """One QEMU's report to its end; False if the time is up."""
        selector = selectors.DefaultSelector()
        selector.register(machine.report, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 and self.guest.mode != "shell":
                self.problems.append(f"time limit of {self.limit} s exceeded")
                self.keep_registers(machine)
                return False
            if not selector.select(min(max(left, 0), 5) or 5):
                continue
            data = machine.report.recv(65536)
            if not data:
                return True                         # QEMU has ended
            log.write(data)
            log.flush()
            *lines, self.buffer = (self.buffer + data).split(b"\n")
            for line in lines:
                self.report.feed(line.decode(errors="replace").rstrip("\r"))

    def keep_registers(self, machine):
        """Where the processors of a guest that hangs are, beside its console.

        The agent may be talking to QEMU as well; then this is given up, whatever comes of it.
        """
        try:
            with open(self.console.removesuffix(".console") + ".registers", "w") as log:
                for _ in range(3):
                    log.write(machine.qmp.monitor("info registers -a", timeout=10))
                    time.sleep(0.2)
        except Exception as error:      # pylint: disable=broad-except
            self.show(f"  {self.guest.name}: no registers: {error!r}")

    def show_problems(self, outcome):
        for problem in outcome.problems:
            self.show(f"    FAIL  {outcome.name}: {problem}")
        if outcome.problems and self.guest.mode != "shell":
            # first, being the shorter: what is said again below all else has few lines
            for line in self.machine.said().splitlines()[-6:]:
                self.show(f"  QEMU: {line}")
            self.show(f"  the last lines of {self.console}:")
            for line in tail(self.console):
                self.show(f"  | {line}")


def make_image(stock=False, blk=False, seeing=False):
    """Build the initramfs (or find it unchanged); its path."""
    args = [os.path.join(config.HERE, "image")]
    args += ["--stock"] * stock + ["--blk"] * blk + ["--seeing"] * seeing
    done = subprocess.run(args, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise config.ConfigError("no image")
    return done.stdout.strip()


def say(text):
    print(text, flush=True)


def fail(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(1)
