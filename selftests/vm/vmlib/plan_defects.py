# SPDX-License-Identifier: GPL-2.0
"""The guests in which something goes wrong on purpose: devices with faults that
QEMU knows under x-draft-fault, functions of the kernel that vei_meddle.ko delays
or lets fail. They need the QEMU of QEMU_DRAFT, but no device that speaks the draft.
"""

import os

from .collection import collect
from .config import Guest, Pair
from .disk import Disk
from .plan import suites
from .plan_draft import DRAFT, storm_pairs
from .plan_rng import device as entropy


# Objects of slabs are checked, and those of kmalloc() have their allocators kept.
WHO_HOLDS = "slub_debug=FZPU,kmalloc-*;FZP"


def memory_guests(qemu):
    """Memory is refused, at one place after the other. Those that sleep are machines that power
    off afterwards; to probe a device there is to run a long program of ACPI's, under watch. They
    have one processor: of two, one came back from one sleep of many without its timer."""
    sleeps = {"machine": "pc,usb=off", "cpus": 1, "env": {"VEI_MEMORY": "sleep"}}
    return [
        Guest(name="memory", timeout=900, seconds=100, qemu=qemu, kernel_args=WHO_HOLDS, pairs=[
            Pair("a"),
            Pair("q", backend="tap", queues=2),
            Pair("t", backend="tap", props={"tx_queue_size": "4", "indirect_desc": "off"}),
            Pair("m", props={"mrg_rxbuf": "off"}),
        ], tests=suites("memory.sh")),
        Guest(name="memory-sleep", timeout=900, seconds=90, qemu=qemu, kernel_args=WHO_HOLDS,
              tests=suites("memory.sh"), **sleeps),
        Guest(name="blk-memory", timeout=900, seconds=60, qemu=qemu, kernel_args=WHO_HOLDS,
              pairs=[], disks=[Disk("a", queues=2)], driver="virtio_ei_blk",
              tests=collect("blk", "memory.sh")),
        Guest(name="blk-memory-sleep", timeout=900, seconds=60, qemu=qemu, kernel_args=WHO_HOLDS,
              pairs=[], disks=[Disk("a")], driver="virtio_ei_blk",
              tests=collect("blk", "memory.sh"), **sleeps),
        Guest(name="rng-memory", timeout=600, seconds=20, kernel_args=WHO_HOLDS, pairs=[],
              tests=collect("rng", "memory.sh"), **entropy({})),
        Guest(name="rng-memory-sleep", timeout=600, seconds=20, kernel_args=WHO_HOLDS, pairs=[],
              tests=collect("rng", "memory.sh"), machine=sleeps["machine"], cpus=1,
              devices=entropy({})["devices"], env=dict(entropy({})["env"], **sleeps["env"])),
    ]


def storm_guests(qemu):
    """Devices that interrupt, change and dawdle without end. Slabs are poisoned and checked:
    what comes to a device that has gone shows."""
    return [
        Guest(name="storm", timeout=900, seconds=80, qemu=qemu, kernel_args="slub_debug=FZP",
              pairs=storm_pairs(), tests=suites("storm.sh")),
        Guest(name="blk-storm", timeout=600, seconds=40, qemu=qemu, pairs=[],
              kernel_args="slub_debug=FZP",
              disks=[Disk("a", queues=2, props=DRAFT)], driver="virtio_ei_blk",
              tests=collect("blk", "storm.sh")),
    ]


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    if not qemu:
        return []
    return [
        # poisoned and checked slabs: a buffer used after its end shows
        Guest(name="defects", timeout=600, seconds=150, qemu=qemu, kernel_args="slub_debug=FZP", pairs=[
            Pair("a"),
            Pair("s", props0={"x-legacy-bar-size": "16"}),
            Pair("m", props={"mrg_rxbuf": "off"}),
        ], tests=suites("txdefer.sh", "reap.sh", "ctrl.sh", "late.sh", "lifecycle.sh", "probe.sh",
                        "netpoll.sh")),
        Guest(name="defects-tap", timeout=600, seconds=80, qemu=qemu, kernel_args="slub_debug=FZP", pairs=[
            Pair("o", backend="tap"),
            Pair("p"),
            Pair("b", backend="tap", props={"rx_queue_size": "4"}),
            Pair("c", backend="tap", props={"rx_queue_size": "16"}),
            Pair("q", backend="tap", queues=2, props={"host_mtu": "1500"}),
        ], tests=suites("hdr.sh", "starve.sh", "less.sh")),
    ] + memory_guests(qemu) + storm_guests(qemu)
