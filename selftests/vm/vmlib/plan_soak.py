# SPDX-License-Identifier: GPL-2.0
"""The guest of the soak, and its controls. What it does follows from a seed.

    VEI_SOAK_SEED=N         another one than that of make test-wide
    VEI_SOAK_STEPS=N        so many steps
    VEI_SOAK_MINUTES=N      instead, so long, and by a random seed if none is given
"""

import os
import random

from .collection import collect
from .config import Guest, Pair
from .disk import Disk
from .plan_controls import Break, control_guest
from .plan_defects import WHO_HOLDS
from .plan_draft import DRAFT

# Of the first five hundred the one whose steps are the most various, with a disk whose ring lies, and
# without queues to poll: the kernel leaks with these, so that less is compared.
SEED = 340
STEPS = 50
CONTROL_STEPS = 6
FILTER = "selftests/vm/test --filter '^soak/'"


def wishes():
    """From the environment of whoever runs it."""
    minutes = int(os.environ.get("VEI_SOAK_MINUTES") or 0)
    seed = os.environ.get("VEI_SOAK_SEED") or (random.randrange(1, 1 << 31) if minutes else SEED)
    on = os.environ.get("VEI_ON")
    return minutes, {"VEI_SOAK_SEED": seed, "VEI_SOAK_MINUTES": minutes,
                     "VEI_SOAK_STEPS": os.environ.get("VEI_SOAK_STEPS") or STEPS,
                     "VEI_SOAK_COMMAND": f"VEI_ON={on} {FILTER}" if on else FILTER}


def machine(qemu):
    """One that can be unplugged from and sleeps; all that it writes to can be put into a snapshot.
    Slabs are checked, and keep who has an object."""
    return {"qemu": qemu, "machine": "pc,usb=off", "kernel_args": WHO_HOLDS,
            "pairs": [Pair("a", backend="tap", props=dict(DRAFT, mrg_rxbuf="off")),
                      Pair("q", backend="tap", queues=2, props=DRAFT)],
            "disks": [Disk("d", backend="qcow2", queues=2, props=DRAFT)]}


def suite(*names):
    return collect("soak", *names)


def control(name, begun, symptom, qemu):
    """Something is wrong from its first step on."""
    at = f"test_soak seed {SEED} steps {CONTROL_STEPS}"
    return control_guest(f"soak-{name}", [
        Break("soak", at, f"soak_begun() {{ {begun}; }}", symptom, only="start|soak")],
        env={"VEI_SOAK_SEED": SEED, "VEI_SOAK_STEPS": CONTROL_STEPS}, seconds=60, collect=suite,
        **machine(qemu))


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    if not qemu:
        return []
    minutes, env = wishes()
    return [
        # wide, until this seed has been seen to its end
        Guest(name="soak", timeout=900 + 90 * minutes, seconds=200 + 60 * minutes, env=env,
              wide=True, tests=suite("soak.sh"), **machine(qemu)),
        control("log", "echo 'BUG: that is none' >/dev/kmsg", "BUG: that is none", qemu),
        control("data", 'load_flows 300; dd if=/dev/urandom of="$(disk_dev "$DISK")" bs=64k count=8 '
                'oflag=direct conv=notrunc status=none', "the disk: lost or spoiled", qemu),
        control("watch", """device_set "${NICS[1]}" x-draft-fault '"lost-interrupt"'""",
                "has no fault: got", qemu),
    ]
