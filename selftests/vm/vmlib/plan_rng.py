# SPDX-License-Identifier: GPL-2.0
"""The guests with an entropy device, their controls, and one with a device of each type."""

import functools
import os

from .collection import collect
from .config import Guest, Pair
from .disk import Disk
from .plan_controls import Break, control_guest, meddle
from .plan_draft import DRAFT

suites = functools.partial(collect, "rng")
SLOT = 0xe                      # below the pairs of NICs and the disks
MODE = "used_event=1,avail_event=1"

CONTROLS = [
    Break("smoke", f"test_bytes {MODE}", "rng_read() { head -c 4096 /dev/zero >\"$2\"; }",
          "values among 4096 bytes", only=f"(load|bytes) {MODE}"),
    Break("bind", "test_reset", meddle("func=vei_dev_find_queues skip=1 ret=-5"),
          "no reset in round 0", only="start|reset"),
]

# Linux's own driver locks up on the draft's devices.
MOVE = [
    Break("move", "test_move rng virtio_ei_rng", "once_rng() { false; }", "rng has stopped",
          only="start|move rng virtio"),
]


def device(props):
    """What a guest needs to have one."""
    props = {"id": "r", "addr": f"0x{SLOT:x}", "disable-modern": "on", **props}
    words = ",".join(["virtio-rng-pci", *(f"{key}={value}" for key, value in props.items())])
    return {"devices": [words],
            "env": {"VEI_BDF_r": f"0000:00:{SLOT:02x}.0", "VEI_DEVICE_r": words}}


def each_type(props):
    return {"pairs": [Pair("a", props=props)], "disks": [Disk("d", props=props)]}


def express():
    """One of each type on a bus of its own, as PCI Express, which can be reset alone."""
    at = [{"bus": f"port{bus}", "addr": "0x0", "disable-modern": "off", "disable-legacy": "off"}
          for bus in (1, 2, 3)]
    rng = device(at[2])
    ports = [f"pcie-root-port,id=port{bus},addr=0x{bus + 7:x},chassis={bus}" for bus in (1, 2, 3)]
    where = {f"VEI_BDF_{name}": f"0000:{bus:02x}:00.0"
             for bus, name in ((1, "a0"), (2, "d"), (3, "r"))}
    return {"pairs": [Pair("a", props0=at[0])], "disks": [Disk("d", props=at[1])],
            "devices": ports + rng["devices"], "env": {**rng["env"], **where}}


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    found = [
        Guest(name="rng", pairs=[], seconds=30, machine="pc,usb=off",
              tests=suites("smoke.sh", "bind.sh"), **device({})),
        control_guest("types", MOVE, seconds=60, collect=suites, **each_type({}), **device({})),
        Guest(name="types", seconds=80, tests=suites("move.sh"), **each_type({}), **device({})),
        Guest(name="types-express", seconds=40, tests=suites("bus_reset.sh"), **express()),
    ]
    if qemu:
        quiet = dict(DRAFT, ioeventfd="off")
        found += [
            Guest(name="draft-rng", qemu=qemu, pairs=[], seconds=60, machine="pc,usb=off",
                  tests=suites("smoke.sh", "bind.sh"), **device(quiet)),
            control_guest("rng", CONTROLS, qemu=qemu, seconds=40, collect=suites, pairs=[],
                          **device(quiet)),
        ]
    return found
