# SPDX-License-Identifier: GPL-2.0
"""What make bench measures: groups of rows that share their guests."""

import shutil
from dataclasses import dataclass, field

from vmlib import config, disk, guest

from . import figures, session

HUB = ["pktgen1", "pktgen32", "udp", "sndbuf", "zerocopy", "tcp", "tcpr", "rr", "rr3ms", "rr1s"]
TAP = ["rr16", "tso", "tso4"]
BLK = ["read1", "read32", "seq", "sync"]
DRAFT = {"x-features-hi": "on", "x-avail-event-idx": "on"}
LATENCY = 10000                 # ns
IOPS = 2000
DISK_RATIOS = ("kicks", "irqs", "wakeups", "driver", "lists", "usecs", "p50")
Row = session.Row


def timed(nanoseconds):
    """Properties of a device that sends so much later by the guest's clock.

    Kicks are taken by the processor's own thread, and what they start is a timer of
    the clock that counts instructions, which that thread runs, too: no other thread
    has a part in it, so each run is like the other.
    """
    return {"ioeventfd": "off", "tx": "timer", "x-txtimer": str(nanoseconds)}


@dataclass
class Group:
    """Rows to be compared, and after the measurement their figures."""
    name: str
    title: str
    remark: str
    plan: session.Plan
    names: dict                     # of the rows, for people
    reference: str                  # the label of the row that is 1
    ratios: tuple = ("wakeups",)    # of what to it the table has
    runs: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    table: dict = field(default_factory=dict)
    by_row: dict = field(default_factory=dict)
    least: dict = field(default_factory=dict)

    def take(self, runs):
        self.runs = runs
        self.table, self.by_row, self.least = figures.collect(runs)

    def works(self):
        return [work for work in self.plan.workloads if work != "idle"]


def qemu_path():
    return shutil.which(guest.qemu_binary())


def timed_device(options):
    group = stock_device(options)
    for pair in group.plan.pairs:
        pair.props.update(timed(LATENCY))
    group.name, group.title = "timed", "Stock device that sends 10 us after a kick"
    group.remark = ("As below, but with `tx=timer,x-txtimer=10000,ioeventfd=off`: device and guest "
                    "go by one clock, which counts instructions, whatever the host does.")
    return group


def released_rows(driver):
    """Both drivers on a device "s" with event index and an "f" without: rows, and their names."""
    rows = [Row("stock-ii", "s", "stock", "-:-"), Row("ours-ii", "s", "ours", "1:1"),
            Row("stock-ff", "f", "stock", "-:-"), Row("ours-ff", "f", "ours", "0:0")]
    return rows, {"stock-ii": f"{driver}, event index", "ours-ii": "ours, event index",
                  "stock-ff": f"{driver}, flags", "ours-ff": "ours, flags"}


def draft_rows(prefix="", words="ours"):
    """Ours in the four combinations, kicks by / interrupts by, on a device "d": likewise."""
    rows, names = [], {}
    for kick, avail in (("flags", 0), ("avail_event", 1)):
        for intr, used in (("flags", 0), ("used_event", 1)):
            label = f"{prefix}{kick[0]}{intr[0]}"
            rows.append(Row(label, "d", "ours", f"{used}:{avail}"))
            names[label] = f"{words}, {kick} / {intr}"
    return rows, names


def stock_device(options):
    rows, names = released_rows("virtio_net")
    return Group(
        "stock", "Stock device",
        "Debian's QEMU, one pair of NICs on a hub; counted by the plugin, one processor, "
        "`-icount shift=0,sleep=off`.",
        session.Plan(rows=rows,
                     pairs=[config.Pair("s"), config.Pair("f", props={"event_idx": "off"})],
                     workloads=HUB, qemu=shutil.which("qemu-system-x86_64"), **options),
        names, "stock-ii")


def draft_device(options):
    rows, names = draft_rows()
    rows.insert(0, Row("stock", "s", "stock", "-:-"))
    names["stock"] = "virtio_net, event index (released dialect)"
    return Group(
        "draft", "Draft device, the four combinations",
        "Kicks by / interrupts by; the QEMU of scripts/qemu, the device sends 10 us after a kick.",
        session.Plan(rows=rows, pairs=[config.Pair("s", props=timed(LATENCY)),
                                       config.Pair("d", props={**DRAFT, **timed(LATENCY)})],
                     workloads=HUB, qemu=qemu_path(), **options), names, "stock")


def taps(options):
    rows = [Row("stock", "t", "stock", "-:-"), Row("ours", "t", "ours", "1:1")]
    return Group(
        "taps", "Four queues over taps",
        "Segmentation offload, 4 processors, counted by the plugin, the host's "
        "clock; the packets of the TSO streams are skbs of up to 64 KiB.",
        session.Plan(rows=rows, pairs=[config.Pair("t", backend="tap", queues=4)], workloads=TAP,
                     cpus=4, mode="multi", qemu=qemu_path(), **options),
        {"stock": "virtio_net", "ours": "ours"}, "stock")


def real(options):
    rows = [Row("stock", "s", "stock", "-:-"), Row("ours", "s", "ours", "1:1")]
    return Group(
        "real", "With a clock of its own",
        "No plugin and no -icount: 2 processors in threads of their own, whatever else the "
        "host does; the guest counts. The clock does not jump here, but a guest under TCG is "
        "some 10 times slower than its device.",
        session.Plan(rows=rows, pairs=[config.Pair("s")], workloads=HUB, mode="real", cpus=2,
                     qemu=qemu_path(), **options),
        {"stock": "virtio_net", "ours": "ours"}, "stock")


def disk_rows(draft):
    """All that can be compared on disks: rows, what they are called, and the disks' properties."""
    rows, names = released_rows("virtio_blk")
    props = {"s": {}, "f": {"event_idx": "off"}}
    if draft:
        props["d"] = DRAFT
        more, called = draft_rows("draft-", "ours, draft")
        rows += more
        names |= called
    return rows, names, props


def disks(options):
    """Kicks and interrupts by a clock of its own."""
    rows, names, props = disk_rows(session.speaks_draft(qemu_path()))
    return Group(
        "blk", "Disks",
        f"A disk that does {IOPS} requests a second and no more, as in a cloud, on a thread of its "
        "own; no plugin, 2 processors; kicks of ours are its own count, of virtio_blk a probe's.",
        session.Plan(rows=rows, disks=[disk.Disk(name, backend="null", iothread=True, iops=IOPS,
                                                 props=own)
                                       for name, own in props.items()],
                     workloads=BLK, mode="real", cpus=2, qemu=qemu_path(), **options),
        names, "stock-ii", DISK_RATIOS)


def fast_disks(options):
    """The same, but nobody ever waits for the disk."""
    group = disks(options)
    for one in group.plan.disks:
        one.iops = 0
    group.name, group.title = "blk-fast", "Disks that do nothing"
    group.remark = ("As above, but the disk answers as fast as its thread can: under TCG the guest "
                    "is what both drivers wait for.")
    return group


def disks_counted(options):
    """Instructions by the plugin; the disk answers at once."""
    rows, names, props = disk_rows(session.speaks_draft(qemu_path()))
    return Group(
        "blk-counted", "Disks, counted by the plugin",
        "A disk that answers at once: the processor stands still meanwhile. `-icount shift=0`.",
        session.Plan(rows=rows, disks=[disk.Disk(name, backend="null",
                                                 props=dict(own, ioeventfd="off"))
                                       for name, own in props.items()],
                     workloads=BLK, qemu=qemu_path(), env={"DEVICE_MARK": "2"}, **options),
        names, "stock-ii", DISK_RATIOS)


GROUPS = {"timed": timed_device, "stock": stock_device, "draft": draft_device, "taps": taps,
          "real": real, "blk": disks, "blk-fast": fast_disks,
          "blk-counted": disks_counted}


def problem(name, plan):
    """Why a group cannot be measured here, or None."""
    if any(pair.backend == "tap" for pair in plan.pairs):
        return config.taps_problem()
    if name == "draft" and not session.speaks_draft(plan.qemu):
        return "QEMU does not speak the draft (QEMU=$(scripts/qemu/build))"
    return None


def plain(runs):
    """For JSON; the driver's functions only."""
    out = []
    for run in runs:
        own = session.counts.MODULES[run.driver]
        out.append({**vars(run), "functions": {
            f"{module}:{name}": count for (name, module), count in run.functions.items()
            if module in own}})
    return out
