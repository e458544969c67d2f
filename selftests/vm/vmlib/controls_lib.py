# SPDX-License-Identifier: GPL-2.0
"""lib_test.sh's own test, on the host: suites that must fail, and one that must not."""

import glob
import os
import subprocess
import tempfile

from .collection import COLLECTIONS
from .config import TOP, environment

LIB = os.path.join(TOP, "selftests", "lib", "lib_test.sh")

# name, text of the suite, lines that its output must have, exit code
SUITES = [
    ("a good suite",
     "ALL_TESTS=(test_one 'test_two 2'); test_one() { check_err 0 x; }\n"
     "test_two() { check_eq $1 2 x; }",
     ["1..2", "ok 1 - one", "ok 2 - two 2"], 0),
    ("a test that does not exist",
     "ALL_TESTS=(test_one)",
     ["# there is no function test_one", "not ok 1 - one"], 1),
    ("a test that returns before it has checked anything",
     "ALL_TESTS=(test_one); test_one() { return; check_err 0 x; }",
     ["# test_one checked nothing", "not ok 1 - one"], 1),
    ("a test that returns something else than 0",
     "ALL_TESTS=(test_one); test_one() { check_err 0 x; return 3; }",
     ["# test_one returned 3", "not ok 1 - one"], 1),
    ("a test skipped without a reason",
     "ALL_TESTS=(test_one); test_one() { skip; }",
     ["# skipped without a reason", "not ok 1 - one"], 1),
    ("a test skipped with a reason",
     "ALL_TESTS=(test_one); test_one() { skip no luck; }",
     ["ok 1 - one # SKIP no luck"], 4),
    ("an exit in the middle",
     "ALL_TESTS=(test_one test_two); test_one() { exit 0; }\ntest_two() { check_err 0 x; }",
     ["1..2", "Bail out! the suite ended before its last test"], 1),
    ("a suite without any test", "ALL_TESTS=()", ["1..0"], 1),
    ("a choice that no test matches",
     "ALL_TESTS=(test_one); test_one() { check_err 0 x; }\nVEI_ONLY=two", ["1..0"], 1),
    ("an error that was checked for",
     "ALL_TESTS=(test_one); test_one() { false; check_err $? wrong; }",
     ["# wrong", "not ok 1 - one"], 1),
    ("a success that was not wanted",
     "ALL_TESTS=(test_one); test_one() { true; check_fail $? right; }",
     ["# right", "not ok 1 - one"], 1),
    ("what comes true while it is waited for",
     "ALL_TESTS=(test_one); third() { ((++n == 3)); }\n"
     "test_one() { wait_for 5 third; check_err $? late; }", ["ok 1 - one"], 0),
    ("what never comes true",
     "ALL_TESTS=(test_one); test_one() { wait_for 1 false; check_err $? never; }",
     ["# never", "not ok 1 - one"], 1),
    ("something that cannot be cleaned up",
     "ALL_TESTS=(test_one); test_one() { check_err 0 x; }\nCLEANUP=false",
     ["ok 1 - one", "# not cleaned up"], 1),
    ("a cleanup of the suite's own",
     "ALL_TESTS=(test_one); test_one() { check_err 0 x; }\n"
     "CLEANUP=own; own() { echo tidy; }", ["ok 1 - one", "tidy"], 0),
    ("numbers out of range",
     "ALL_TESTS=(test_one test_two); test_one() { check_le 3 2 high; }\n"
     "test_two() { check_ge 1 2 low; }",
     ["# high: got '3', expected at most 2", "not ok 1 - one", "not ok 2 - two"], 1),
    ("no number where one is expected",
     "ALL_TESTS=(test_one test_two); test_one() { check_le '' 2 high; }\n"
     "test_two() { check_ge '' 0 low; }",
     ["not ok 1 - one", "not ok 2 - two"], 1),
]


def run_suite(text):
    """What a suite of this text prints, and its exit code."""
    script = f'. "$1"; set --\n{text}\ntests_run\n'
    done = subprocess.run(["bash", "-c", script, "suite", LIB], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                          env={"PATH": os.environ["PATH"]})
    return done.stdout.splitlines(), done.returncode


def suites_alone():
    """The suites that do something else than skip where there are no devices."""
    wrong = []
    for path in sorted(glob.glob(os.path.join(TOP, "selftests", "*", "*.sh"))):
        name = os.path.basename(path)
        if name.startswith("lib") or name == "workload.sh" or os.path.islink(path):
            continue
        if os.path.basename(os.path.dirname(path)) not in COLLECTIONS:
            continue
        done = subprocess.run(["bash", path], stdin=subprocess.DEVNULL,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=30, env={"PATH": os.environ["PATH"]})
        if done.returncode != 4 or not done.stdout.startswith("TAP version 13\n1..0 # SKIP "):
            wrong.append(name)
    return wrong


def builds_with(compiler):
    """Does kselftest build and install the suites with this compiler?"""
    tree = os.path.join(environment()["VEI_VM"], "kselftest", "tools", "testing", "selftests")
    with tempfile.TemporaryDirectory(prefix="vei-control-") as top:
        done = subprocess.run(["make", "-C", tree, f"O={top}/out", "FORCE_TARGETS=1",
                               f"TARGETS={' '.join(COLLECTIONS.values())}", f"KSFT_INSTALL_PATH={top}/to",
                               f"CC={compiler}", "install"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (done.returncode == 0 and
                all(os.access(os.path.join(top, "to", "drivers", tool), os.X_OK)
                    for tool in ("net/virtio_ei/traffic", "block/virtio_ei/disk")))


def run(control):
    wrong = suites_alone()
    control.check(not wrong, " ".join(["without devices each suite skips", *wrong]))
    for compiler in ("gcc", "clang"):
        control.check(builds_with(compiler), f"the suites build with {compiler}")
    for name, text, wanted, code in SUITES:
        lines, got = run_suite(text)
        control.check(got == code and all(line in lines for line in wanted),
                      f"lib_test.sh: {name} {'passes' if code in (0, 4) else 'is a failure'}")
