# SPDX-License-Identifier: GPL-2.0
"""The guests in which something goes wrong on purpose: devices with faults that
QEMU knows under x-draft-fault, functions of the kernel that vei_meddle.ko delays
or lets fail. They need the QEMU of QEMU_DRAFT, but no device that speaks the draft.
"""

import os

from .config import Guest, Pair
from .plan import suites


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
    ]
