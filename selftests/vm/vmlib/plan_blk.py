# SPDX-License-Identifier: GPL-2.0
"""The guests with disks: which suites run on what. plan_blk_controls.py breaks them.

The features of devices are varied in pairs: every two values of any two of them meet on
some disk, and a guest has several. Modes vary inside, where a suite loads the driver anew.
"""

import functools
import os

from .collection import collect
from .config import Guest
from .disk import Disk
from .plan import all_pairs
from .plan_draft import DRAFT

suites = functools.partial(collect, "blk")
CUT_SIZE = 24                   # MiB of a disk whose log is cut

FACTORS = {
    "backend": ("raw", "qcow2"),
    "iothread": (True, False),
    "vectors": ("own", "0", "2"),               # each queue its own, the pin, all share one
    "indirect_desc": ("on", "off"),
    "block": ("512", "4096"),
    "queues": (1, 2),
}


# What makes the suites longer, from the environment of whoever runs them.
LONGER = ("VEI_CUT_SECONDS", "VEI_WRAP_REQUESTS", "VEI_FULL_REQUESTS", "VEI_FULL_SMALL",
          "VEI_BIND_ROUNDS", "VEI_PLUG_ROUNDS", "VEI_VERIFY_SIZE")


def matrix(props):
    """Disks in which each two values of the factors meet."""
    disks = []
    for number, row in enumerate(all_pairs(FACTORS)):
        own = {"indirect_desc": row["indirect_desc"], "logical_block_size": row["block"],
               "physical_block_size": row["block"], **props}
        if row["vectors"] != "own":
            own["vectors"] = row["vectors"]
        disks.append(Disk("abcdefghijkl"[number], backend=row["backend"], queues=row["queues"],
                          iothread=row["iothread"], props=own))
    return disks


def small_rings(props):
    return [Disk("a", props={"queue-size": "4", **props}),
            Disk("b", props={"queue-size": "8", "indirect_desc": "off", **props}),
            Disk("c", queues=2, props={"queue-size": "16", "seg-max-adjust": "off", **props}),
            # no scheduler: what ends in a batch does not have others sent
            Disk("d", queues=2, props={"queue-size": "8", "indirect_desc": "off", **props})]


def guest(name, disks, names, **what):
    env = {key: os.environ[key] for key in LONGER if key in os.environ}
    env.update(what.pop("env", {}))
    return Guest(name=f"blk-{name}", pairs=[], disks=disks, tests=suites(*names), env=env, **what)


def same_guests(prefix, props, wide, **what):
    """What a device has to stand in either dialect; wide: where the other one is quicker."""
    dear = dict(what, wide=wide)
    return [
        guest(f"{prefix}matrix", matrix(props), ["smoke.sh", "verify.sh"], seconds=100,
              timeout=900, **dear),
        guest(f"{prefix}files", [Disk("a", props=props),
                                 Disk("b", backend="qcow2", iothread=True, props=props)],
              ["files.sh", "resize.sh", "cache.sh", "toggles.sh", "bind.sh"], seconds=110,
              timeout=900, **dear),
        guest(f"{prefix}rings", small_rings(props), ["full.sh"], seconds=70, timeout=600, **dear),
        guest(f"{prefix}wrap", [Disk("n", backend="null", props=props)], ["wrap.sh"], seconds=55,
              timeout=900, **dear),
        # poisoned and checked slabs: a request used after its end shows. A machine whose root
        # bus can be unplugged from; all its disks can be put into a snapshot. A queue for each
        # processor, of which sleep takes one out
        guest(f"{prefix}life", [Disk("a", backend="qcow2", queues=2, props=props)],
              ["hotplug.sh", "suspend.sh", "snapshot.sh"], seconds=95, timeout=900,
              machine="pc,usb=off", kernel_args="slub_debug=FZP", **what),
    ]


# One request at a time. A disk without a flush command syncs each write; QEMU 7.2 leaves that
# out for a write which ends while another one's sync is under way (bdrv_co_flush() compares
# generations, and bdrv_aligned_pwritev() counts the write only after its sync).
ALONE = {"queue-size": "4", "indirect_desc": "off"}


def cut_guest(name, ways, props, **what):
    """ways: by disk what is done to its flushes, see powercut.sh."""
    return guest(name, [Disk(disk, backend="log", size=CUT_SIZE,
                             props=dict(ALONE if way == "masked" else {}, **props))
                        for disk, way in ways.items()],
                 ["powercut.sh"], seconds=60, timeout=900,
                 env={f"VEI_CUT_{disk}": way for disk, way in ways.items()}, **what)


def stock_guests():
    """Debian's QEMU, and its storage daemon as another implementation of the device."""
    return same_guests("", {}, False) + [
        cut_guest("powercut", {"p": "", "q": "masked", "r": "write-through", "s": "nobarrier"}, {}),
        guest("more", [Disk("a", queues=2), Disk("b", backend="qcow2", props={"queue-size": "1024"}),
                       Disk("e", backend="errors", queues=2, bad=("read:2048", "write:4096")),
                       Disk("f", backend="errors", bad=("flush:-1",)),
                       Disk("g", readonly=True),
                       Disk("h", props={"logical_block_size": "4096",
                                        "physical_block_size": "4096",
                                        "min_io_size": "8192", "opt_io_size": "65536"}),
                       Disk("y", backend="null", iothread=True, iops=50),
                       Disk("w", backend="null", iothread=True, iops_write=3),
                       Disk("z", backend="null", iothread=True, iops=2000)],
              ["override.sh", "errors.sh", "parameters.sh", "smoke.sh", "cache.sh"], seconds=60,
              timeout=600,
              env={"VEI_SLOW": "y", "VEI_FAST": "z", "VEI_BLOCKS": "h", "VEI_SLOW_WRITES": "w"}),
        guest("vhost", [Disk("a", backend="vhost"),
                        Disk("b", backend="vhost", queues=2, props={"queue-size": "64"})],
              ["smoke.sh", "verify.sh", "files.sh", "bind.sh"], seconds=100, timeout=900,
              wide=True),
    ]


def draft_guests(qemu):
    quiet = dict(DRAFT, ioeventfd="off")
    return same_guests("draft-", DRAFT, True, qemu=qemu) + [
        guest("draft-counters", [Disk("a", props=quiet)], ["counters.sh"], seconds=30,
              timeout=600, qemu=qemu),
        # whose device counts as well, but speaks as the others do
        guest("counters", [Disk("a", props={"ioeventfd": "off"})], ["counters.sh"], seconds=20,
              timeout=600, qemu=qemu),
        # what the watch makes good for would not reach the time limits of requests
        guest("draft-faults", [Disk("a", props=quiet)], ["faults.sh"], seconds=165, timeout=900,
              core_params="watch_ms=0",
              qemu=qemu, kernel_args="slub_debug=FZP"),
        guest("draft-watch", [Disk("a", queues=3, props=quiet)], ["watch.sh"], seconds=50,
              timeout=600, qemu=qemu, cpus=3),
        guest("draft-every-fault", [Disk("a", props=quiet)], ["every_fault.sh", "vanish.sh"], seconds=200,
              timeout=1800, qemu=qemu, wide=True),
        cut_guest("draft-powercut", {"p": ""}, DRAFT, qemu=qemu),
    ]


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    return stock_guests() + (draft_guests(qemu) if qemu else [])
