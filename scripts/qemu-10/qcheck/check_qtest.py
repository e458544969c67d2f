# SPDX-License-Identifier: GPL-2.0
"""The test in C that comes with the series and is built with QEMU."""

import os
import re
import subprocess
import tempfile

from . import machine
from .runner import check, expect_equal

NAME = 'virtio-draft-test'
LIMIT = 120         # seconds


def run_test(path):
    """Raises unless the test ends well and something in it has passed."""
    done = subprocess.run([path, '--tap', '-k'],
                          env={**os.environ, 'QTEST_QEMU_BINARY': machine.binary,
                               'TMPDIR': tempfile.gettempdir()},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', timeout=LIMIT, check=False,
                          preexec_fn=machine.die_with_parent)
    lines = done.stdout.splitlines()
    passed = [x for x in lines if re.match(r'ok \d+', x) and '# SKIP' not in x]
    if done.returncode or not passed or any(x.startswith(('not ok', 'Bail out')) for x in lines):
        raise AssertionError(f'{NAME} ended with status {done.returncode}, '
                             f'{len(passed)} passed:\n{done.stdout}')


@check
def virtio_draft_test():
    """the qtest beside this QEMU passes"""
    path = os.path.join(os.path.dirname(machine.binary), NAME)
    if not os.path.exists(path):
        return f'no {NAME} beside {machine.binary}'
    run_test(path)
    return None


# what a test does, and whether it has passed by that
TESTS = [
    ('echo "1..1"; echo "ok 1 /x"', True),
    ('echo "1..2"; echo "ok 1 /x"; echo "not ok 2 /y"; exit 1', False),
    ('echo "ok 1 /x"; echo "not ok 2 /y"', False),
    ('echo "ok 1 /x"; echo "Bail out! no QEMU"', False),
    ('echo "ok 1 /x"; kill -ABRT $$', False),
    ('echo "1..1"; echo "ok 1 /x # SKIP"', False),
    ('', False),
    ('[ -x "$QTEST_QEMU_BINARY" ] && echo "ok 1 /x"', True),
]


@check
def failures_of_a_test():
    """one that fails, dies, bails out or passes nothing has not passed"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, NAME)
        for script, good in TESTS:
            with open(path, 'w') as f:
                f.write('#!/bin/sh\n' + script + '\n')
            os.chmod(path, 0o755)
            try:
                run_test(path)
            except AssertionError:
                if good:
                    raise
            else:
                expect_equal(f'passed: {script!r}', True, good)
