# SPDX-License-Identifier: GPL-2.0
"""Many guests, several at a time, and their sum."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

from . import config, guest, powercut, process
from .control import Control


class Totals:
    def __init__(self, say=guest.say):
        self.say = say
        self.passed = self.failed = self.skipped = 0
        self.failures = []
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
        self.say(f"    FAIL  {name}: {reason}")


class Images:
    """Each image is built once."""

    def __init__(self):
        self.built = {}
        self.lock = threading.Lock()

    def __call__(self, one):
        key = one.is_stock(), bool(one.disks)
        with self.lock:
            if key not in self.built:
                self.built[key] = guest.make_image(*key)
            return self.built[key]


def sayer(name, names):
    """Where a guest's lines go; with others beside it each line has its name."""
    if len(names) == 1:
        return guest.say
    width = max(map(len, names)) + 2
    return lambda text: guest.say("\n".join(f"{name + ':':{width}}{line}"
                                            for line in text.split("\n")))


def run_guest(one, images, log_dir, totals, say):
    say(f"guest {one.name}: {len(one.tests)} suites, "
        f"{', '.join(each.describe() for each in one.pairs + one.disks)}")
    if one.needs_taps() and (problem := config.taps_problem()):
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
