# SPDX-License-Identifier: GPL-2.0
"""Many guests, several at a time, and their sum."""

import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

from . import config, guest, powercut, process
from .control import Control


# A failure, and the lines that go with it; so many of them are said again.
FAILURE = re.compile(r"    FAIL ")
FOLLOWS = re.compile(r" {10}| {2,4}\| |  QEMU: |  the last lines ")
AGAIN = 12


class Totals:
    def __init__(self, say=guest.say):
        self.say = say
        self.passed = self.failed = self.skipped = 0
        self.failures = []          # names of guests
        self.again = []             # what each Sayer and each error has to say once more
        self.lock = threading.Lock()

    def add(self, outcome):
        with self.lock:
            self.passed += outcome.passed
            self.failed += outcome.failed
            self.skipped += outcome.skipped
            if not outcome.ok():
                self.failures.append(outcome.name)

    def lack(self, name, reason, number, allow_skips):
        """What so many tests need is not there."""
        if not allow_skips:
            self.error(name, f"{reason}; --allow-skips does without")
            return
        with self.lock:
            self.skipped += number
        self.say(f"skip {name}: {reason}")

    def error(self, name, reason):
        """Something that came to nothing is one failure; the others count all the same."""
        with self.lock:
            self.failed += 1
            self.failures.append(name)
        line = f"    FAIL  {name}: {reason}"
        self.say(line)
        self.again.append([line])

    def say_failures(self):
        """Once more, all together."""
        for lines in self.again:
            for line in lines:
                self.say(line)
        if self.failures:
            self.say(f"failed: {' '.join(self.failures)}")


class Images:
    """Each image is built once."""

    def __init__(self):
        self.built = {}
        self.lock = threading.Lock()

    def __call__(self, one):
        key = one.image()
        with self.lock:
            if key not in self.built:
                self.built[key] = guest.make_image(*key)
            return self.built[key]


class Sayer:
    """Where a guest's lines go; with others beside it each line has its name.

    What failed is kept, to be found below all else.
    """

    def __init__(self, name, names, totals):
        self.prefix = f"{name + ':':{max(map(len, names)) + 2}}" if len(names) > 1 else ""
        self.failed = []
        self.left = 0
        self.say = totals.say
        totals.again.append(self.failed)

    def __call__(self, text):
        lines = text.split("\n")
        for line in lines:
            if FAILURE.match(line):
                self.left = AGAIN
            elif not FOLLOWS.match(line):
                self.left = 0
            if self.left:
                self.left -= 1
                self.failed.append(self.prefix + line)
        self.say("\n".join(self.prefix + line for line in lines))


def run_guest(one, images, log_dir, totals, say):
    say(f"guest {one.name}: {len(one.tests)} suites, "
        f"{', '.join(each.describe() for each in one.pairs + one.disks)}")
    if problem := one.needs_more():
        totals.lack(one.name, problem, len(one.tests), one.allow_skips)
        return
    cuts, keep = Control(one.name, say), None
    if any(disk.backend == "log" for disk in one.disks):
        def keep(where):
            powercut.judge(one, where, log_dir, cuts)
    outcome = guest.Boot(one, images(one), log_dir, say, keep).run()
    totals.add(outcome)
    if keep:
        totals.add(cuts)
    say(f"  {one.name}: {outcome.passed} passed, {outcome.failed} failed, "
        f"{outcome.skipped} skipped in {outcome.seconds:.0f} s")


def attempt(name, totals, job, *args):
    """A job of the pool: whatever it raises is its own failure."""
    try:
        job(*args)
    except process.Stopped:
        pass
    except config.ConfigError as error:
        totals.error(name, error)
    except Exception as error:              # pylint: disable=broad-except
        totals.error(name, f"{error!r}\n{traceback.format_exc()}")


def run_all(jobs, workers, totals):
    """Jobs are (name, function, argument...), begun in this order. Ctrl-C ends all of them."""
    pool = ThreadPoolExecutor(workers)
    futures = [pool.submit(attempt, name, totals, *job) for name, *job in jobs]
    try:
        for future in futures:
            future.result()
    except KeyboardInterrupt:
        process.stop_all()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
