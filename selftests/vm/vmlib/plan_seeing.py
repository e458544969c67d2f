# SPDX-License-Identifier: GPL-2.0
"""The guests that look at what is under way: tools/, and the documents that show how.

bpftrace brings LLVM along, and compiles its scripts in an emulated guest: room and patience.
"""

import functools
import os

from .collection import collect
from .config import Guest, Pair
from .disk import Disk
from .plan_controls import Break, control_guest
from .plan_draft import DRAFT

QUIET = dict(DRAFT, ioeventfd="off")
ROOM = 1536                     # MiB

nets = functools.partial(collect, "net")
disks = functools.partial(collect, "blk")

TOOLS = [
    Break("seeing", "test_hist suppressed",
          "cp -r $TOOLS /run/tools && TOOLS=/run/tools && "
          "sed -i s/keys=name,kick/keys=name,by_index/ $TOOLS/hist",
          "decisions and suppressed", only="start|hist suppressed"),
    Break("documents", "test_command 1", "COMMANDS[0]=:", "not as the document says",
          only="start|command 1$"),
]

# The tutorial's device is not asked, and gets no fault: with the first question it shows.
FAULTLESS = [
    Break("tutorial", "test_start", "qmp() { echo '{}'; }", "not as the document says",
          only="start|command", fails="test_command 6"),
]


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    if not qemu:
        return []
    # the watch would mend what is to be seen
    still = {"qemu": qemu, "core_params": "watch_ms=0"}
    look = dict(still, seeing=True, mem=ROOM, pairs=[Pair("a", props=QUIET)])
    disk = dict(still, pairs=[], disks=[Disk("d", props=QUIET)])
    return [
        Guest(name="seeing", timeout=900, seconds=150, wide=True,
              tests=nets("seeing.sh", "documents.sh"), **look),
        Guest(name="tutorial", timeout=300, seconds=30, wide=True,
              tests=disks("tutorial.sh"), **disk),
        control_guest("seeing", TOOLS, seconds=60, **look),
        control_guest("tutorial", FAULTLESS, collect=disks, seconds=30, **disk),
    ]
