# SPDX-License-Identifier: GPL-2.0
"""The guests whose devices speak the draft: what they offer, in all pairs.

The driver's toggles vary inside: negotiation.sh goes through all of their
combinations on every device of its guest.
"""

import os

from .config import Guest, Pair
from .plan import all_pairs, suites

ON_OFF = ("on", "off")
DRAFT = {"x-features-hi": "on", "x-avail-event-idx": "on"}
EITHER = {"event_idx": ON_OFF, "indirect_desc": ON_OFF, "notify_on_empty": ON_OFF}
# none, some and all of the bits that nobody knows
UNKNOWN = ("0", "0x5555555400000000", "0xfffffffe00000000")

# Two slots each, below the chipset's.
PAIRS_PER_GUEST = 6
BLK_SECTORS = 0x1234567
TOGGLES = ("used_event", "avail_event", "features_hi", "indirect", "notify_on_empty")
MODES = " ".join(f"used_event={used},avail_event={avail}" for used in (1, 0) for avail in (1, 0))
EXTENDED = "x-features-hi=on,x-avail-event-idx=on,x-features-hi-mask=0xa00000000"


def storm_pairs():
    """Slots that are four apart share a line; one apart they do not."""
    return [Pair("i", props=dict(DRAFT, vectors="0")), Pair("a", props=DRAFT),
            Pair("n", props={"vectors": "0"})]


def extended(props):
    """Devices of other types, of these properties."""
    return {"qemu_args": ["-drive", "if=none,id=blk,format=raw,file=null-co://,"
                                    f"file.size={512 * BLK_SECTORS}"],
            "devices": [f"virtio-blk-pci,disable-modern=on,{props},drive=blk",
                        f"virtio-rng-pci,disable-modern=on,{props}"]}


def offers():
    """What devices offer, guest by guest: the directions' 2x2 in full; all pairs of the
    rest; the same without bit 31, so without a high half to offer."""
    square = [dict(DRAFT, **{"event_idx": used, "x-avail-event-idx": avail})
              for used in ON_OFF for avail in ON_OFF]
    high = dict(EITHER, **{"x-avail-event-idx": ON_OFF, "x-features-hi-mask": UNKNOWN})
    rest = [{"x-features-hi": "on", **row} for row in all_pairs(high)]
    rest += [{"x-features-hi": "off", **row} for row in all_pairs(EITHER)]
    return [square, rest[:PAIRS_PER_GUEST], rest[PAIRS_PER_GUEST:]]


def toggle_rows(square_too):
    """For matrix.sh: all pairs of toggles; if so wished the 2x2 in full, past the wrap."""
    rows = ["".join(str(row[name]) for name in TOGGLES)
            for row in all_pairs({name: (1, 0) for name in TOGGLES})]
    square = [f"{used}{avail}110+" for used in (1, 0) for avail in (1, 0)]
    return " ".join(square * square_too + rows)


def offer_guests(qemu):
    """All offers times all wishes."""
    found = []
    for number, rows in enumerate(offers()):
        pairs = [Pair("abcdefgh"[i], props=dict(row, ioeventfd="off"))
                 for i, row in enumerate(rows)]
        # The 2x2 of the device times the 2x2 of the driver, in full and past the wrap.
        square = number == 0
        found.append(Guest(name=f"draft-offers-{number + 1}", timeout=1200, qemu=qemu,
                           seconds=180 if square else 60, cpus=2 if square else 1,
                           wide=not square, pairs=pairs, env={"VEI_TOGGLE_ROWS": toggle_rows(square)},
                           tests=suites(*["negotiation.sh"] * square, "matrix.sh")))
    return found


def draft_guests(qemu):
    """What is only of the draft's devices."""
    return [
        Guest(name="draft-modes", timeout=1200, seconds=115, qemu=qemu,
              env={"VEI_MODES": "all"}, pairs=[
                  Pair("a", props=dict(DRAFT, ioeventfd="off")), Pair("b", props=DRAFT),
              ], tests=suites("direction.sh", "wakeup.sh", "toggles.sh", "wrap.sh", "trace.sh",
                              "empty.sh")),
        Guest(name="draft-extended", timeout=300, seconds=15, qemu=qemu,
              env={"VEI_BLK_SECTORS": BLK_SECTORS}, **extended(EXTENDED),
              tests=suites("extended.sh")),
        # what the watch makes good for would not be found by those who look for it
        Guest(name="draft-faults", timeout=600, seconds=105, qemu=qemu, core_params="watch_ms=0",
              pairs=[Pair("r", props=dict(DRAFT, **{"x-draft-fault-queue": "0",
                                                    "x-draft-fault-after": "20"})),
                     Pair("t", props=dict(DRAFT, **{"x-draft-fault-queue": "1",
                                                    "x-draft-fault-after": "20"}))],
              tests=suites("faults.sh")),
        Guest(name="draft-watch", timeout=600, seconds=55, qemu=qemu,
              pairs=[Pair("a", props=dict(DRAFT, ioeventfd="off"))], tests=suites("watch.sh")),
        # poisoned slabs: what comes to a queue that has gone shows. Wide, as it has nine seconds
        # for what it does while a processor is held
        Guest(name="draft-watch-reset", timeout=600, seconds=50, qemu=qemu, wide=True,
              kernel_args="slub_debug=FZP", pairs=[Pair("a", props=dict(DRAFT, ioeventfd="off"))],
              tests=suites("watch_reset.sh")),
        Guest(name="draft-every-fault", timeout=2400, seconds=400, qemu=qemu, wide=True,
              pairs=[Pair("a", props=dict(DRAFT, ioeventfd="off"))],
              tests=suites("every_fault.sh", "vanish.sh")),
        Guest(name="draft-dialect", timeout=300, seconds=30, qemu=qemu, pairs=[
            Pair("d", props=DRAFT), Pair("r"),
        ], tests=suites("dialect.sh")),
    ]


def same_guests(qemu):
    """What the stock device has to stand as well; see plan.py."""
    return [
        Guest(name="draft-layouts", timeout=900, seconds=80, qemu=qemu, pairs=[
            Pair("a", props=DRAFT),
            Pair("b", props=dict(DRAFT, vectors="0")),
            Pair("c", props=dict(DRAFT, vectors="2")),
            Pair("d", props=dict(DRAFT, **{"disable-modern": "off"})),
        ], tests=suites("layout.sh", "link.sh")),
        Guest(name="draft-rings", timeout=900, seconds=60, qemu=qemu, pairs=[
            Pair("a", props=DRAFT),
            Pair("b", props=dict(DRAFT, rx_queue_size="1024", mrg_rxbuf="off",
                                 indirect_desc="off")),
        ], tests=suites("integrity.sh", "backpressure.sh", "coalesce.sh", "copybreak.sh",
                        "waiters.sh")),
        Guest(name="draft-snapshot", timeout=900, seconds=90, qemu=qemu, env={"VEI_MODES": MODES},
              pairs=[Pair("a", props=DRAFT)], tests=suites("snapshot.sh")),
        Guest(name="draft-lifecycle", timeout=900, seconds=180, qemu=qemu,
              kernel_args="slub_debug=FZP", env={"VEI_BIND_ROUNDS": 120},
              pairs=[Pair("a", props=DRAFT)], tests=suites("bind.sh", "migrate.sh")),
        Guest(name="draft-hotplug", timeout=600, seconds=60, qemu=qemu, machine="pc,usb=off",
              pairs=[Pair("a", props=DRAFT)], tests=suites("hotplug.sh", "suspend.sh")),
        Guest(name="draft-offload", timeout=900, seconds=80, qemu=qemu, cpus=3, pairs=[
            Pair("a", backend="tap", props=DRAFT),
            Pair("b", backend="tap", queues=3, props=DRAFT),
        ], tests=suites("offload.sh", "queues.sh")),
    ]


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    if not qemu:
        return []
    return offer_guests(qemu) + draft_guests(qemu) + same_guests(qemu)
