# SPDX-License-Identifier: GPL-2.0
"""Which guests the suites run in.

A boot costs seconds, so one guest carries many suites and many device
configurations: several pairs of NICs with different properties side by side.
The driver's toggles vary inside the guest, where a suite loads the modules
anew or renegotiates through sysfs.

Every plan is a function that returns a list of guests; ALL names them in the
order in which they run. Those that are wide are left out where it has to be quick: what
they run the others run on devices that differ in something else.
"""

import functools
import itertools

from .collection import collect
from .config import Guest, Pair

suites = functools.partial(collect, "net")


def all_pairs(factors):
    """Few rows in which every two values of any two factors meet.

    factors: {name: [value, ...]}. Greedy: each row takes, factor by factor,
    the value that covers most of the combinations still missing.
    """
    names = list(factors)
    missing = {((a, x), (b, y)) for a, b in itertools.combinations(names, 2)
               for x in factors[a] for y in factors[b]}
    rows = []
    while missing:
        row = dict(min(missing))
        for name in names:
            if name in row:
                continue

            def gain(value, name=name, row=row):
                return sum(1 for other, chosen in row.items()
                           if ((name, value), (other, chosen)) in missing or
                           ((other, chosen), (name, value)) in missing)
            row[name] = max(factors[name], key=gain)
        missing -= set(itertools.permutations(row.items(), 2))
        rows.append({name: row[name] for name in names})
    return rows


def stock_device():
    """Debian's QEMU as it is: the released dialect."""
    return [
        # one processor: little runs at the same time here, and it is quicker so
        Guest(name="basic", seconds=120, timeout=900, cpus=1, pairs=[
            Pair("a"),
            Pair("b", props={"event_idx": "off"}),
            Pair("c", props={"indirect_desc": "off", "mrg_rxbuf": "off"}),
            Pair("d", props={"event_idx": "off", "indirect_desc": "off",
                             "notify_on_empty": "off"}),
        ], tests=suites("smoke.sh", "parameters.sh", "negotiation.sh", "toggles.sh",
                        "ethtool.sh", "mtu.sh")),
        Guest(name="layouts", seconds=35, timeout=900, cpus=1, pairs=[
            Pair("a"),
            Pair("b", props={"vectors": "0"}),
            Pair("c", props={"vectors": "2"}),
            Pair("d", props={"disable-modern": "off"}),
        ], tests=suites("layout.sh", "link.sh", "override.sh", "coalesce.sh")),
        # a machine whose root bus can be unplugged from, and that powers off after sleep
        Guest(name="hotplug", seconds=100, timeout=600, machine="pc,usb=off",
              tests=suites("hotplug.sh", "suspend.sh", "settings.sh", "counters.sh")),
        Guest(name="rings", seconds=90, timeout=900, pairs=[
            Pair("a", props={"rx_queue_size": "256"}),
            Pair("b", props={"rx_queue_size": "1024", "mrg_rxbuf": "off"}),
            Pair("c", props={"rx_queue_size": "512", "indirect_desc": "off"}),
            Pair("d", props={"event_idx": "off"}),
        ], tests=suites("integrity.sh", "wrap.sh", "backpressure.sh", "copybreak.sh")),
        # poisoned and checked slabs: a buffer used after its end shows
        Guest(name="lifecycle", seconds=200, timeout=900, kernel_args="slub_debug=FZP",
              tests=suites("bind.sh", "snapshot.sh", "migrate.sh")),
        Guest(name="offload", seconds=35, timeout=900, cpus=3, pairs=[
            Pair("a", backend="tap"),
            Pair("b", backend="tap", queues=3),
        ], tests=suites("offload.sh", "queues.sh", "waiters.sh")),
    ]


ALL = [stock_device]


def guests():
    """All guests on the stock device; plan_draft.py has the others."""
    found = []
    for plan in ALL:
        found += plan()
    return found
