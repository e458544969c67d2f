# SPDX-License-Identifier: GPL-2.0
"""The plan, and each check in a process of its own, whatever happens in the others."""

import argparse
import collections
import contextlib
import importlib
import multiprocessing
import multiprocessing.connection
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from . import machine

LIMIT = 120         # seconds for one check, far beyond what any takes

ENDING = {signal.SIGINT, signal.SIGTERM}
FORK = multiprocessing.get_context('fork')
CHECKS = []

Check = collections.namedtuple('Check', 'name text function')
Result = collections.namedtuple('Result', 'kind text')     # passed, failed, skipped


def check(function):
    """Declare a check. It raises, or returns None, or why it was skipped."""
    topic = function.__module__.rpartition('.check_')[2]
    CHECKS.append(Check(f'{topic}.{function.__name__}', function.__doc__, function))
    return function


def expect_equal(what, got, wanted):
    if got != wanted:
        def show(x):
            return hex(x) if isinstance(x, int) else repr(x)
        raise AssertionError(f'{what}: {show(got)}, expected {show(wanted)}')


def expect_none(what, complaints):
    if complaints:
        raise AssertionError(f'{what}: ' + '; '.join(complaints[:6]))


def run_check(function, connection):
    machine.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        why = function()
        result = Result('skipped', why) if why else Result('passed', '')
    except BaseException:       # pylint: disable=broad-except
        result = Result('failed', traceback.format_exc())
    connection.send(result)
    connection.close()


class Runner:
    """Runs up to so many at a time; yields (check, result) in the order of the plan."""

    def __init__(self, jobs, limit=LIMIT):
        self.jobs, self.limit = jobs, limit
        self.running = {}       # connection: number, process, deadline
        self.results = {}

    def start(self, number, function):
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=run_check, args=(function, theirs))
        # a process that was started and is not yet known would not be ended
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        process.start()
        theirs.close()
        self.running[ours] = number, process, time.monotonic() + self.limit
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self, connection, result=None):
        number, process, _ = self.running.pop(connection)
        try:
            result = result or connection.recv()
        except EOFError:
            process.join()
            result = Result('failed', f'the check ended by itself, status {process.exitcode}')
        process.kill()
        process.join()
        connection.close()
        self.results[number] = result

    def run(self, checks):
        waiting = list(enumerate(checks))
        try:
            for number, one in enumerate(checks):
                while number not in self.results:
                    while waiting and len(self.running) < self.jobs:
                        later, other = waiting.pop(0)
                        self.start(later, other.function)
                    self.collect()
                yield one, self.results.pop(number)
        finally:
            for connection in list(self.running):
                self.end(connection, Result('failed', 'interrupted'))

    def collect(self):
        first = min(deadline for _, _, deadline in self.running.values())
        for connection in multiprocessing.connection.wait(
                list(self.running), timeout=max(0, first - time.monotonic())):
            self.end(connection)
        for connection, (_, _, deadline) in list(self.running.items()):
            if time.monotonic() >= deadline:
                self.end(connection, Result('failed', f'not done after {self.limit} s'))


def report(checks, runner, out):
    """TAP, the sum last; returns whether all is well, which takes one that has passed."""
    sums = collections.Counter()
    print(f'TAP version 13\n1..{len(checks)}', file=out, flush=True)
    with contextlib.closing(runner.run(checks)) as results:
        for number, (one, result) in enumerate(results, 1):
            sums[result.kind] += 1
            print('not ok' if result.kind == 'failed' else 'ok', number, '-',
                  f'{one.name}: {one.text}'
                  + (f' # SKIP {result.text}' if result.kind == 'skipped' else ''), file=out)
            if result.kind == 'failed':
                for line in result.text.splitlines():
                    print(f'# {line}', file=out)
            out.flush()
    print(', '.join(f'{sums[kind]} {kind}' for kind in ('passed', 'failed', 'skipped')), file=out)
    return bool(sums['passed']) and not sums['failed']


def select(checks, pattern):
    return [one for one in checks if re.search(pattern, one.name)]


def load_checks():
    package = os.path.dirname(__file__)
    for module in sorted(x.name for x in pkgutil.iter_modules([package])):
        if module.startswith('check_'):
            importlib.import_module(f'{__package__}.{module}')


def parse_arguments(description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('qemu', nargs='?', metavar='QEMU',
                        help='qemu-system-x86_64, that of scripts/qemu/build by default')
    parser.add_argument('--filter', metavar='REGEX', type=re.compile, default='',
                        help='run those whose name matches')
    parser.add_argument('--list', action='store_true', help='print the names, run nothing')
    parser.add_argument('--jobs', metavar='N', type=int, default=len(os.sched_getaffinity(0)),
                        help='run so many at a time (%(default)s)')
    return parser.parse_args()


def main(description, build):
    options = parse_arguments(description)
    load_checks()
    checks = select(CHECKS, options.filter)
    if options.list:
        for one in checks:
            print(f'{one.name}: {one.text}')
        return 0
    if not checks:
        print(f'no check matches {options.filter.pattern}', file=sys.stderr)
        return 2

    machine.binary = os.path.abspath(options.qemu) if options.qemu else subprocess.run(
        [build], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # one place for all sockets and streams, also of those that are killed
    tempfile.tempdir = tempfile.mkdtemp(prefix='qemu-check.')
    try:
        return 0 if report(checks, Runner(max(1, options.jobs)), sys.stdout) else 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)
