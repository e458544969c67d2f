# SPDX-License-Identifier: GPL-2.0
"""The harness's own test: each thing that must count as a failure, done on purpose.

Texts for what the report alone shows; guests for what only a boot can show.
"""

from . import controls_cut, controls_lib, controls_run, guest, report
from .config import Guest, Pair
from .control import Control

GOOD = """TAP version 13
1..1
# selftests: drivers/net/virtio_ei: x.sh
# 1..2
# ok 1 - one
# ok 2 - two # SKIP the stock driver has none
ok 1 selftests: drivers/net/virtio_ei: x.sh
TAP version 13
1..1
# selftests: guest: after
# 1..1
# ok 1 clean
ok 1 selftests: guest: after
verdict planned=3 passed=2 failed=0 skipped=1 end
"""
TESTS = ["drivers/net/virtio_ei:x.sh"]

# name, what is replaced in the good report, the symptom that must be named
TEXTS = [
    ("a good report", "", "", None),
    ("a failed result", "# ok 1 - one", "# not ok 1 - one", "counted"),
    ("a missing result", "# ok 1 - one\n", "", "planned results"),
    ("a count that does not add up", "planned=3", "planned=4", "add up"),
    ("a verdict without results", "passed=2", "passed=3", "counted"),
    ("an empty run", GOOD, "verdict planned=0 passed=0 failed=0 skipped=0 end\n", "nothing"),
    ("a suite that never ran", "x.sh", "y.sh", "reported 0 times"),
    ("a verdict cut short", " skipped=1 end", " skip", "no verdict"),
    ("a report without a verdict", GOOD[GOOD.index("verdict"):], "", "no verdict"),
    ("a command that the guest does not have", "# ok 1 - one",
     "# ok 1 - one\n# ./lib.sh: line 7: mountpoint: command not found", "not found"),
    ("a test skipped for want of something", "the stock driver has none", "no taps to be had",
     "may not be skipped"),
    ("a suite skipped for want of something", "# 1..2\n# ok 1 - one\n"
     "# ok 2 - two # SKIP the stock driver has none\nok 1 selftests: drivers/net/virtio_ei: x.sh",
     "# 1..0 # SKIP not root\nok 1 selftests: drivers/net/virtio_ei: x.sh # SKIP",
     "may not be skipped"),
    ("output after the verdict", "end\n", "end\n# ok 3 - late\n", "follows the verdict"),
]

NO_RESULT = GOOD.replace("# 1..2\n# ok 1 - one\n# ok 2 - two # SKIP the stock driver has none\n", "")

# name, the command in the guest, time limit, the symptom
GUESTS = [
    ("a panic", "echo c >/proc/sysrq-trigger; sleep 60", 60, "no verdict"),
    ("a panic after the verdict", "off=$(command -v poweroff) && rm $off && "
     "printf '#!/bin/sh\\necho c >/proc/sysrq-trigger\\n' >$off && chmod +x $off", 60,
     "the kernel panicked"),
    ("a hang", "sleep 600", 12, "time limit"),
    ("a warning in the kernel log",
     "echo 'WARNING: CPU: 0 PID: 1 at nowhere' >/dev/kmsg", 60, "kernel log is clean"),
    ("no suite at all", "", 60, None),
]


def judge_text(text):
    """The problems and failed results that a report comes to."""
    seen = report.Report(allow_skips=False)
    for line in text.splitlines():
        seen.feed(line)
    seen.judge(TESTS)
    return seen.problems, seen.counts.failed


def check_text(old, new, symptom):
    problems, failed = judge_text(GOOD.replace(old, new) if old else GOOD)
    if symptom is None:
        return not problems and not failed
    return any(symptom in problem for problem in problems)


def run_guests(control, images, log_dir, driver):
    for name, command, limit, symptom in GUESTS:
        lines = []
        one = Guest(name="control-" + name.replace(" ", "-"), mode="tests", driver=driver,
                    command=command, timeout=limit, cpus=1, mem=256, pairs=[Pair("a")])
        outcome = guest.Boot(one, images(one), log_dir, lines.append).run()
        if symptom is None:
            # nothing asked for, so the harness's own two results are all
            control.check(outcome.ok() and outcome.passed == 2,
                          f"{name}: only the harness's own results")
        else:
            control.check(not outcome.ok() and any(symptom in line for line in lines),
                          f"{name} is a failure")


def run(images, log_dir, driver, totals, say):
    say("controls: what must count as a failure does")
    control = Control("controls", say)
    for name, old, new, symptom in TEXTS:
        expected = "passes" if symptom is None else "is a failure"
        control.check(check_text(old, new, symptom), f"{name} {expected}")
    control.check(judge_text(NO_RESULT)[1] > 0, "a suite without any result is a failure")
    controls_cut.run(control)
    run_guests(control, images, log_dir, driver)
    controls_lib.run(control)           # what it builds lies where the image was made
    controls_run.run(control, images, log_dir, driver)
    totals.add(control)
