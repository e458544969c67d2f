# SPDX-License-Identifier: GPL-2.0
"""Each checker of a debug kernel, seen to find something: vei_crime.ko does it, in a guest of
its own that has to fail, and the console or the guest's report has to name it.
"""

import os
import re

from . import guest
from .config import Guest
from .control import Control

# by kernel: what vei_crime.ko does, and what is said of it
CRIMES = {
    "kasan": {
        "beyond": "KASAN: slab-out-of-bounds in vei_crime_beyond",
        "vmalloc": "KASAN: vmalloc-out-of-bounds in vei_crime_vmalloc",
        "stack": "KASAN: stack-out-of-bounds in vei_crime_stack",
        "after-free": "KASAN: (slab-)?use-after-free in vei_crime_after_free",
        "twice": "KASAN: double-free",
        "redzone": "BUG vei_crime .*: Right Redzone overwritten",
        "page": "pagealloc: (memory corruption|single bit error)",
        "leak": "vei_crime_leak",
        "shift": "UBSAN: shift-out-of-bounds in .*vei_crime.c",
        "index": "UBSAN: array-index-out-of-bounds in .*vei_crime.c",
        "order": "possible circular locking dependency",
        "irq": "inconsistent lock state",
        "sleep": "sleeping function called from invalid context at .*vei_crime.c",
        "rcu": "suspicious RCU usage",
        "timer": "ODEBUG: free active .* object type: timer_list",
        "work": "ODEBUG: free active .* object type: timer_list hint: vei_crime_nothing",
        "list": "list_del corruption",
        "map-unchecked": "DMA-API: .*failed to check map error",
        "map-size": "DMA-API: .*different size",
        "map-kept": "DMA-API: .*pending DMA allocations",
    },
    "kcsan": {
        "sleep": "sleeping function called from invalid context at .*vei_crime.c",
        "race": "KCSAN: data-race in vei_crime_racer",
    },
}

LOAD = "insmod /opt/virtio_ei.ko && insmod /opt/virtio_ei_net.ko && " \
       "insmod /opt/vei_crime.ko which={} bdf=$VEI_BDF_a0"


def guests(pattern):
    """One for each crime on the kernel that guests run, and one without any."""
    crimes = {"none": None, **CRIMES.get(os.environ.get("VEI_ON"), {})}
    return [Guest(name=f"crime-{which}", command=LOAD.format(which), timeout=60, seconds=20,
                  kernel_args="slub_debug=FZ" if which == "redzone" else "")
            for which in crimes if len(crimes) > 1 and
            (not pattern or re.search(pattern, f"crime-{which}/crime"))]


def run(one, images, log_dir, totals, say):
    """The guest has to fail, and all that was said to have the crime's text."""
    lines = []
    outcome = guest.Boot(one, images(one), log_dir, lines.append).run()
    with open(outcome.console, errors="replace") as console:
        said = "\n".join(lines) + "\n" + console.read()
    control = Control(one.name, say)
    which = one.name.partition("-")[2]
    if which == "none":
        control.check(outcome.ok() and outcome.passed == 3,
                      "nothing is found where there is nothing")
    else:
        found = CRIMES[os.environ["VEI_ON"]][which]
        control.check(not outcome.ok() and re.search(found, said), f"{which} is found: {found}")
    totals.add(control)
