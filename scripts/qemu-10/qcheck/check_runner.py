# SPDX-License-Identifier: GPL-2.0
"""What the plan makes of checks that fail, die, hang or take QEMU with them."""

import contextlib
import io
import os
import re
import signal
import subprocess
import tempfile
import time

from . import machine
from .disk import Disk, disk_args
from .machine import TIMEOUT, Machine, wait_for
from .runner import CHECKS, LIMIT, Check, Runner, check, expect_equal, report, select


def passes():
    """as it should"""


def is_skipped():
    """for a reason"""
    return 'a reason'


def fails():
    """by what it finds"""
    expect_equal('one', 1, 2)


def raises():
    """what nobody expects"""
    return {}['missing']


def exits():
    """as if all were well"""
    raise SystemExit(0)


def ends():
    """without a word"""
    os._exit(0)


def hangs():
    """for longer than is allowed"""
    time.sleep(60)


def kills_qemu():
    """and asks it something"""
    with Machine(*disk_args()) as m:
        m.process.kill()
        Disk(m)


def kills_qemu_at_the_end():
    """and asks nothing any more"""
    with Machine() as m:
        m.process.kill()
        m.process.wait()


def starts_no_qemu():
    """and is told why"""
    with Machine('-device', 'no-such-device'):
        pass


# and what the lines after it say
SAMPLES = [
    (passes, None), (fails, 'one: 0x1, expected 0x2'), (raises, "KeyError: 'missing'"),
    (exits, 'SystemExit'), (ends, 'ended by itself'), (is_skipped, None),
    (kills_qemu, 'QEMU died with status -9'), (kills_qemu_at_the_end, 'QEMU died with status -9'),
    (starts_no_qemu, "'no-such-device' is not a valid device"), (passes, None),
]


def outcome(functions, limit=LIMIT):
    """The verdict, and what was printed, one entry for each check between plan and sum."""
    out = io.StringIO()
    checks = [Check(f.__name__, f.__doc__, f) for f in functions]
    verdict = report(checks, Runner(2, limit), out)
    head, plan, *rest = out.getvalue().splitlines()
    expect_equal('head', [head, plan], ['TAP version 13', f'1..{len(checks)}'])
    return verdict, re.split(r'\n(?=ok|not ok)', '\n'.join(rest[:-1])), rest[-1]


@check
def whatever_happens():
    """each failure is that of its check, with the reason, and the rest runs in its order"""
    verdict, entries, total = outcome([f for f, _ in SAMPLES])
    expect_equal('sum', total, '2 passed, 7 failed, 1 skipped')
    expect_equal('verdict', verdict, False)
    expect_equal('entries', len(entries), len(SAMPLES))
    for number, ((f, reason), entry) in enumerate(zip(SAMPLES, entries), 1):
        first, *rest = entry.splitlines()
        wanted = f'{"not ok" if reason else "ok"} {number} - {f.__name__}: {f.__doc__}'
        expect_equal('line', first, wanted + (' # SKIP a reason' if f is is_skipped else ''))
        if reason and (not any(reason in x for x in rest)
                       or not all(x.startswith('# ') for x in rest)):
            raise AssertionError(f'not told that {reason!r}: {entry}')


@check
def no_check_takes_for_ever():
    """one that hangs is ended and has failed; so has a plan with nothing in it or done of it"""
    verdict, entries, total = outcome([hangs], limit=0.5)
    expect_equal('sum', (verdict, total), (False, '0 passed, 1 failed, 0 skipped'))
    if 'not done after' not in entries[0]:
        raise AssertionError(entries[0])
    expect_equal('a sound plan', outcome([passes])[::2], (True, '1 passed, 0 failed, 0 skipped'))
    expect_equal('a plan of which nothing was done', outcome([is_skipped])[::2],
                 (False, '0 passed, 0 failed, 1 skipped'))
    expect_equal('an empty plan', outcome([])[::2], (False, '0 passed, 0 failed, 0 skipped'))


@check
def the_filter_selects():
    """by any part of topic and name"""
    expect_equal('by name', [x.name for x in select(CHECKS, r'^runner\.the_f')],
                 ['runner.the_filter_selects'])
    expect_equal('nothing', select(CHECKS, 'no such check'), [])
    expect_equal('all', select(CHECKS, ''), CHECKS)
    expect_equal('names', len({x.name for x in CHECKS}), len(CHECKS))


def processes_with(text):
    """The numbers of all that have it in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline', 'rb') as f:
            if text.encode() in f.read():
                found.append(int(pid))
    return found


@check
def a_killed_run_leaves_nothing():
    """ended by a signal in the midst of it: no QEMU, and after SIGTERM and SIGINT no file"""
    entry = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'check')
    for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130),
                           (signal.SIGKILL, -signal.SIGKILL)):
        with tempfile.TemporaryDirectory() as directory:
            run = subprocess.Popen(
                [entry, machine.binary, '--filter', 'faults_come_and_go'],
                env={**os.environ, 'TMPDIR': directory}, stdout=subprocess.DEVNULL,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
            with run:
                wait_for(lambda: processes_with(directory))
                run.send_signal(number)
                expect_equal(f'{number.name}: status', run.wait(timeout=TIMEOUT), status)
            wait_for(lambda: not processes_with(directory))
            if number != signal.SIGKILL:
                expect_equal(f'{number.name}: files', os.listdir(directory), [])
