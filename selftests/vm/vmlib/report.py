# SPDX-License-Identifier: GPL-2.0
"""The report channel: TAP as it comes, then the verdict, counted a second time.

The guest counts with its own program (guest/judge). Here the same stream is
counted line by line as it arrives, and a guest passes only if both agree, the
sums add up, every program that was asked for has reported, and there was
anything to count at all.
"""

import os
import re
import time
from dataclasses import dataclass, field

from .collection import COLLECTIONS

PROGRAM = re.compile(r"^(not )?ok (\d+) selftests: (\S+): (\S+)(.*)$")
RESULT = re.compile(r"^# (not )?ok (\d+)\s*-?\s*(.*)$")
PLAN = re.compile(r"^# \s*1\.\.(\d+)(.*)$")
HEADER = re.compile(r"^# selftests: (\S+): (\S+)$")
VERDICT = re.compile(r"^verdict planned=(\d+) passed=(\d+) failed=(\d+) skipped=(\d+) end$")

# Reasons for which a test may be left out: it is not about this driver, or about a device of
# the draft's QEMU, on which it runs. Any other is a thing that the machine lacks, and then the
# tests have not passed; whoever wants to do without it says --allow-skips. The guests' usual
# kernel lacks nothing.
MAY_SKIP = re.compile(r"the stock driver|only for virtio_ei_|this QEMU's device cannot" +
                      (r"|this kernel" if os.environ.get("VEI_ON") else ""))

# Programs of these collections always print results of their own.
OURS = (*COLLECTIONS.values(), "guest")


@dataclass
class Counts:
    planned: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self):
        return (f"{self.planned} planned, {self.passed} passed, "
                f"{self.failed} failed, {self.skipped} skipped")


@dataclass
class Report:
    """Feed it lines; show(line) is called for what a reader wants to see."""
    show: callable = lambda text: None
    counts: Counts = field(default_factory=Counts)
    verdict: Counts = None
    programs: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    exit_code: int = None
    program: str = None
    plan: int = None
    results: int = 0
    bad: int = 0
    notes: list = field(default_factory=list)
    started: float = 0
    allow_skips: bool = True

    def feed(self, line):
        """One line of the report channel, without its end."""
        if self.verdict:
            self.problems.append(f"something follows the verdict: {line}")
        elif match := VERDICT.match(line):
            self.verdict = Counts(*map(int, match.groups()))
        elif line.startswith("exit "):
            self.exit_code = int(line.split()[1])
        elif match := PROGRAM.match(line):
            self.end_program(*match.groups())
        elif match := RESULT.match(line):
            self.result(*match.groups())
        elif match := PLAN.match(line):
            self.plan = (self.plan or 0) + int(match.group(1))
            self.notes.append(match.group(2).strip())   # why there are none, perhaps
        elif match := HEADER.match(line):
            self.start_program(match.group(2))
        elif line.startswith("#"):
            self.notes.append(line[1:].strip())
            del self.notes[:-40]
            if line.endswith(": command not found"):
                self.problems.append(f"{self.program}: {line[1:].strip()}")

    def start_program(self, name):
        self.program = name
        self.plan, self.results, self.bad, self.notes = None, 0, 0, []
        self.started = time.monotonic()
        self.show(f"  {name}")

    def result(self, bad, _number, text):
        self.results += 1
        if bad:
            self.bad += 1
            self.counts.failed += 1
            self.show(f"    FAIL  {text}")
            self.show_notes()
        elif "# SKIP" in text:
            self.counts.skipped += 1
            self.show(f"    skip  {text.replace('# SKIP', '-')}")
            self.mind_skip(text)
        else:
            self.counts.passed += 1
            self.show(f"    ok    {text}")
        self.notes = []

    def mind_skip(self, text):
        if not self.allow_skips and not MAY_SKIP.search(text):
            self.problems.append(f"{self.program}: may not be skipped: {text}")

    def show_notes(self):
        for note in self.notes:
            if note:
                self.show(f"          {note}")

    def end_program(self, bad, _number, collection, name, rest):
        self.programs.append(f"{collection}:{name}")
        if self.plan or self.results:
            self.counts.planned += self.plan or 0
            if bad and not self.bad:
                self.counts.planned += 1
                self.counts.failed += 1
                self.show(f"    FAIL  {name} as a whole{rest}")
                self.show_notes()
        else:
            self.counts.planned += 1
            self.whole_program(bad, collection, name, rest)
        if self.plan is not None and self.results != self.plan:
            self.problems.append(f"{name}: {self.results} of {self.plan} planned results")
        self.program = None
        if time.monotonic() - self.started > 10:
            self.show(f"          ({time.monotonic() - self.started:.0f} s)")

    def whole_program(self, bad, collection, name, rest):
        """A program without results of its own is one result."""
        if not bad and "# SKIP" in rest:
            self.counts.skipped += 1
            self.show(f"    skip  {name}")
            self.show_notes()
            self.mind_skip(" ".join([name, rest, *self.notes]))
        elif bad or collection in OURS:
            self.counts.failed += 1
            self.show(f"    FAIL  {name}{rest}" + ("" if bad else ": no result at all"))
            self.show_notes()
        else:
            self.counts.passed += 1
            self.show(f"    ok    {name}")

    def judge(self, tests):
        """The problems that remain once the guest has ended."""
        if self.program:
            said = [note for note in self.notes if note][-1:]
            self.problems.append(f"{self.program} did not end" +
                                 "".join(f"; the last that it said: {note}" for note in said))
        if self.verdict is None:
            self.problems.append("no verdict")
            return
        v = self.verdict
        if v != self.counts:
            self.problems.append(f"the guest counted {v}; here: {self.counts}")
        if v.planned != v.passed + v.failed + v.skipped:
            self.problems.append(f"the counts do not add up: {v}")
        if v.passed + v.failed + v.skipped == 0:
            self.problems.append("nothing was tested")
        for test in list(tests) + ["guest:after"]:
            if self.programs.count(test) != 1:
                self.problems.append(f"{test} reported {self.programs.count(test)} times")
