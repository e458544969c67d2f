# SPDX-License-Identifier: GPL-2.0
"""Boots that measure: rows of drivers on pairs of NICs or on disks, rounds of workloads."""

import collections
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from vmlib import config, guest
from vmlib.report import Report

from . import BENCH, counts, symbols

Row = collections.namedtuple("Row", "label device driver toggles")
RESULT = re.compile(r"RESULT (\S+) (\S+) (\d+) (.*)")


@dataclass
class Plan:
    """What to measure."""
    rows: list
    workloads: list
    pairs: list = field(default_factory=list)
    disks: list = field(default_factory=list)   # instead
    rounds: int = 1
    # icount: counted by the plugin; multi: too, several processors in threads of their own by
    # the host's clock (with -icount they do not boot); real: the guest counts
    mode: str = "icount"
    sleep: str = "off"              # icount's
    cpus: int = 1
    qemu: str = ""
    modules: str = ""               # a folder with another build of ours
    env: dict = field(default_factory=dict)
    timeout: int = 1500

    def type(self):
        return "blk" if self.disks else "net"

    def unit(self):
        """What figures are by."""
        return "request" if self.disks else "packet"

    def runs(self):
        return self.rounds * len(self.rows) * len(self.workloads)


@dataclass
class Run:
    """One workload by one driver once. counted: of all packets or requests together."""
    label: str
    driver: str
    workload: str
    boot: int
    round: int
    counted: dict
    functions: dict = field(default_factory=dict)


class Stream(Report):
    """What the guest says, as it comes."""

    def __init__(self, plan, boot):
        super().__init__()
        self.plan, self.boot = plan, boot
        self.results = []
        self.symbols, self.modules = [], []
        self.in_symbols = self.complete = False
        self.errors = []
        self.started = time.monotonic()

    def feed(self, line):
        if line == "SYMBOLS":
            self.in_symbols = True
        elif line == "SYMBOLS END":
            self.in_symbols = False
        elif self.in_symbols:
            self.symbols.append(line)
        elif line.startswith("MODULE "):
            self.modules.append(line)
        elif match := RESULT.match(line):
            label, work, number, rest = match.groups()
            counted = {key: int(value) for key, value in
                       (word.split("=") for word in rest.split())}
            driver = next(row.driver for row in self.plan.rows if row.label == label)
            self.results.append(Run(label, driver, work, self.boot, int(number), counted))
            self.progress(f"{label} {work}")
        elif line == "COMPLETE":
            self.complete = True
        elif line.startswith(("FAILED", "NOTE")):
            self.errors.append(line)
        else:
            super().feed(line)

    def progress(self, what):
        text = (f"boot {self.boot}: {len(self.results)} of {self.plan.runs()} runs, "
                f"{time.monotonic() - self.started:.0f} s: {what}")
        if sys.stderr.isatty():
            print(f"\r  {text:76}", end="", file=sys.stderr, flush=True)
        elif len(self.results) % 4 == 0 or len(self.results) == self.plan.runs():
            print(f"  {text}", file=sys.stderr, flush=True)


def speaks_draft(qemu):
    """Does this QEMU's device know the draft's properties?"""
    out = subprocess.run([qemu, "-device", "virtio-net-pci,help"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return "x-features-hi" in out


def overlay(plan, initrd, where):
    """The image with the guest's script, and with the modules that are to be measured."""
    root = os.path.join(where, "root")
    os.makedirs(os.path.join(root, "opt", "bench"))
    for script in glob.glob(os.path.join(BENCH, "guest_*.sh")):
        shutil.copy(script, os.path.join(root, "opt", "bench"))
    if plan.modules:
        for name in ("virtio_ei.ko", f"virtio_ei_{plan.type()}.ko"):
            found = glob.glob(os.path.join(plan.modules, "**", name), recursive=True)
            if not found:
                raise config.ConfigError(f"{plan.modules} has no {name}")
            shutil.copy(found[0], os.path.join(root, "opt"))
    paths = glob.glob(os.path.join(root, "**", "*"), recursive=True)
    names = "\n".join(sorted(os.path.relpath(path, root) for path in paths))
    more = subprocess.run(["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet"],
                          cwd=root, input=names.encode(), stdout=subprocess.PIPE, check=True).stdout
    out = os.path.join(where, "initrd")
    with open(out, "wb") as image, open(initrd, "rb") as base:
        shutil.copyfileobj(base, image)
        image.write(more)
    return out


def make_guest(plan, number, plugin, where):
    env = dict(plan.env)
    qemu_args, accel = [], None
    if plan.mode != "real":
        thread = "multi" if plan.mode == "multi" else "single"
        accel = ["-accel", f"tcg,thread={thread}", "-cpu", "max,-cx16"]
        if plan.mode == "icount":
            accel += ["-icount", f"shift=0,sleep={plan.sleep}"]
        qemu_args = ["-plugin", f"file={config.option(plugin)},"
                                f"out={config.option(os.path.join(where, 'counts'))}"]
        env["PLUGIN"] = plan.mode
        env["SYMBOLS"] = "modules" if symbols.cached() else "all"
    rows = " ".join(f"{row.label}:{row.device}:{row.driver}:{row.toggles}" for row in plan.rows)
    command = (f"bash /opt/bench/guest_{plan.type()}.sh {plan.rounds} "
               f"'{' '.join(plan.workloads)}' {rows} </dev/null >/run/line/console 2>&1")
    return config.Guest(name=f"bench-{plan.type()}-{plan.mode}-{number}", mode="command",
                        command=command, pairs=plan.pairs, disks=plan.disks, mem=768,
                        driver="none", cpus=plan.cpus, env=env, timeout=plan.timeout,
                        accel=accel, qemu_args=qemu_args, qemu=plan.qemu or None)


def boot_once(plan, number, initrd, log_dir):
    """One boot's runs; raises ConfigError if it does not come to its end."""
    with tempfile.TemporaryDirectory(prefix="vei-bench-") as where:
        plugin = counts.build(plan.qemu) if plan.mode != "real" else None
        one = make_guest(plan, number, plugin, where)
        boot = guest.Boot(one, overlay(plan, initrd, where), log_dir, guest.say)
        boot.report = stream = Stream(plan, number)
        outcome = boot.run()
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if outcome.problems or not stream.complete or len(stream.results) != plan.runs():
            raise config.ConfigError(
                f"boot {number}: {len(stream.results)} of {plan.runs()} runs; "
                f"{'; '.join(stream.errors) or 'no reason given'}; console: {outcome.console}")
        for error in stream.errors:
            print(f"  {error}", file=sys.stderr)
        if len({run.counted["queues"] for run in stream.results}) > 1:
            raise config.ConfigError("the drivers do not use the same number of queues")
        if plan.mode != "real":
            add_windows(stream, os.path.join(where, "counts"))
    return stream.results


def add_windows(stream, path):
    """To each run what the plugin has counted in its window."""
    table = symbols.Symbols()
    table.read(stream.symbols, stream.modules)
    by_window = {run.counted["window"]: run for run in stream.results}
    for number, window in counts.windows(path, table):
        run = by_window[number]
        run.counted["kicks"] = window.totals["out16"]
        run.counted["driver"] = window.of_modules(counts.MODULES[run.driver])
        run.counted["lists"] = run.counted["driver"] + window.of_lists()
        run.counted["guest"] = window.whole()
        for name in ("fences", "waits", "late"):
            run.counted[name] = window.totals[name]
        if run.counted["late"]:
            print(f"  {run.label} {run.workload}: the device was late {run.counted['late']} times",
                  file=sys.stderr)
        run.counted.update(window.calls)
        run.functions = window.functions


@functools.lru_cache(maxsize=None)
def image(disks):
    """The guest's image, made once a run: nothing that is measured may change meanwhile."""
    return guest.make_image(blk=disks)


def measure(plan, numbers, log_dir, tries=3):
    """Boots of these numbers; one that stalls is said, and tried again."""
    initrd = image(bool(plan.disks))
    runs, failures = [], []
    for number in numbers:
        for attempt in range(1, tries + 1):
            try:
                os.utime(initrd)            # or whoever builds next sweeps it, after an hour
                runs += boot_once(plan, number, initrd, log_dir)
                break
            except config.ConfigError as error:
                failures.append(str(error))
                print(f"  {error} (try {attempt} of {tries})", file=sys.stderr, flush=True)
        else:
            raise config.ConfigError(f"boot {number} failed {tries} times")
    return runs, failures
