# SPDX-License-Identifier: GPL-2.0
"""How runs end, and what they share: errors, signals, odd paths, the question for KVM."""

import contextlib
import fcntl
import glob
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from unittest import mock

from . import config, process, runner
from .arch import ARCHES
from .config import Guest

# Works in a socket's name, an option of QEMU and a line of shell, or does not.
ODD = "a b,c='d"


def wait_for(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def group(leader):
    """The names of the processes in a group."""
    names = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(path) as file:
            name, rest = file.read().split("(", 1)[1].rsplit(") ", 1)
            if int(rest.split()[2]) == leader and rest[0] != "Z":
                names.append(name)
    return names


class Run:
    """A run of selftests/vm/test of one small guest, beside this one."""

    def __init__(self, top, driver):
        os.makedirs(os.path.join(top, "tmp"), exist_ok=True)
        self.tmp = os.path.join(top, "tmp")
        self.process = subprocess.Popen(
            ["env", "--default-signal=HUP,INT,TERM",    # whatever this run is made to ignore
             os.path.join(config.HERE, "test"), "--filter", "basic/smoke", "--driver", driver,
             "--log", os.path.join(top, "logs")],
            env=dict(os.environ, TMPDIR=self.tmp), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def has_guest(self):
        return any(name.startswith("qemu-system") for name in group(self.process.pid))

    def ends(self, number):
        """Begin, end by a signal; the exit code, if no process stays."""
        # The first one on a machine builds the image before.
        begun = wait_for(900, self.has_guest)
        self.process.send_signal(number)
        code = self.process.wait()
        gone = wait_for(30, lambda: not group(self.process.pid))
        if not gone:
            os.killpg(self.process.pid, signal.SIGKILL)
        return code if begun and gone else None

    def left(self):
        return os.listdir(self.tmp)


def check_signals(control, driver):
    """All in a directory with an odd name."""
    with tempfile.TemporaryDirectory(prefix="vei-control-") as base:
        top = os.path.join(base, ODD)
        run = Run(top, driver)
        control.check(run.ends(signal.SIGINT) == 130 and not run.left(),
                      "Ctrl-C ends a run with its guests and directories")
        run = Run(top, driver)
        control.check(run.ends(signal.SIGKILL) == -signal.SIGKILL and run.left(),
                      "a run that is killed takes its guests along")
        run = Run(top, driver)
        control.check(run.process.wait() == 0 and not run.left(),
                      "the next run, in an odd path, passes and sweeps up")


def check_error(control, images, log_dir, driver):
    """The first guest cannot even start."""
    said = []
    totals = runner.Totals(said.append)
    good = mock.Mock(passed=7, failed=0, skipped=0)
    bad = Guest(name="control-no-qemu", qemu="/bin/false", driver=driver)
    runner.run_all([(bad.name, runner.run_guest, bad, images, log_dir, totals, said.append),
                    ("broken", lambda: {}["nothing"]), ("good", totals.add, good)], 1, totals)
    control.check((totals.passed, totals.failed) == (7, 2) and
                  totals.failures == ["control-no-qemu", "broken"] and
                  any("QEMU did not start" in line for line in said),
                  "one guest's error is its own failure, the others count")


def check_again(control):
    """Two guests at a time, one of which fails: its lines, and no other, end the run."""
    said = []
    totals = runner.Totals(said.append)
    one, two = (runner.Sayer(name, ["one", "two"], totals) for name in ("one", "two"))
    for line in ("    ok    this", "    FAIL  that\n          why", "    ok    more"):
        one(line)
        two(line.replace("FAIL", "skip"))
    totals.error("three", "came to nothing")
    said.clear()
    totals.say_failures()
    control.check([line.strip() for line in said] ==
                  ["one:     FAIL  that", "one:           why",
                   "FAIL  three: came to nothing", "failed: three"],
                  "what failed is said again below all else")


def check_kvm(control):
    """With something else in the place of /dev/kvm and of QEMU."""
    env = config.environment()
    with tempfile.TemporaryDirectory(prefix="vei-control-") as top:
        for code, wanted in ((0, "kvm"), (1, "tcg,thread=multi")):
            qemu = os.path.join(top, f"qemu{code}")
            with open(qemu, "w") as file:
                file.write('#!/bin/sh\n[ "$1" != --version ] || exit 0\n'
                           f'echo once >>"$0.log"\nexit {code}\n')
            os.chmod(qemu, stat.S_IRWXU)
            found = []

            def ask(qemu=qemu, found=found):
                found.append(config.accelerator(env, qemu, "auto", "/dev/null")[1])
            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with open(qemu + ".log") as log:
                control.check(found == [wanted] * 4 and log.read() == "once\n",
                              f"KVM that {'works' if code == 0 else 'hangs'} is found out once: "
                              f"{wanted.split(',')[0]}")


def check_directories(control):
    """Another run's sweep in the middle of making one: before there is a lock, and before it
    is taken."""
    lock, flock, seen = process.locked, fcntl.flock, []

    def sweep(path, original, *args):
        if not seen and os.path.basename(os.path.dirname(path)).startswith(process.PREFIX):
            seen.append(path)
            shutil.rmtree(os.path.dirname(path))
        return original(*args)

    def swept(path):
        return sweep(path, lock, path)

    def swept_late(fd, how):
        return sweep(os.readlink(f"/proc/self/fd/{fd}"), flock, fd, how)
    for owner, name, function, when in ((process, "locked", swept, "early"),
                                        (fcntl, "flock", swept_late, "late")):
        seen.clear()
        with tempfile.TemporaryDirectory(prefix="vei-control-") as top, \
                mock.patch.object(tempfile, "tempdir", top), \
                mock.patch.object(owner, name, function), process.run_dir() as path:
            control.check(seen and os.path.exists(os.path.join(path, "lock")),
                          f"a directory that another run sweeps away is made again ({when})")


def check_processors(control):
    x86, arm64 = ARCHES["amd64"], ARCHES["arm64"]
    control.check(config.processors(x86, 1) == ["-smp", "1,maxcpus=2"] and
                  config.processors(x86, 4) == ["-smp", "4,maxcpus=4"] and
                  config.processors(arm64, 1) == ["-smp", "2"],
                  "no guest is without room for a second processor")


def check_late_processor(control):
    """Where a processor runs that comes late from sleep, after a reset of each QEMU."""
    x86 = ARCHES["amd64"]

    def word(qemu, firmware):
        done = subprocess.run(
            [qemu, "-machine", "pc,usb=off", "-accel", "tcg", "-m", "16", "-nodefaults",
             "-no-user-config", "-display", "none", "-S", "-monitor", "stdio", *firmware],
            input="xp /1wx 0x10000\nquit\n", stdout=subprocess.PIPE, text=True)
        return "0xfcebf4fa" in done.stdout

    qemus = [x86.qemu] + [os.environ["QEMU_DRAFT"]] * ("QEMU_DRAFT" in os.environ)
    control.check(all(word(qemu, x86.firmware) and not word(qemu, ()) for qemu in qemus),
                  "a processor that comes late from sleep waits")


def run(control, images, log_dir, driver):
    check_processors(control)
    if config.environment()["VEI_ARCH"] == "amd64":
        check_late_processor(control)
    check_again(control)
    check_directories(control)
    check_kvm(control)
    check_error(control, images, log_dir, driver)
    check_signals(control, driver)
