# SPDX-License-Identifier: GPL-2.0
"""The guests whose devices speak the draft: what they offer, in all pairs.

The driver's toggles vary inside: negotiation.sh goes through all of their
combinations on every device of its guest.
"""

import os

from .config import Guest, Pair
from .plan import all_pairs, suites

ON_OFF = ("on", "off")
DRAFT = {"features-hi": "on", "avail-event-idx": "on"}
EITHER = {"event_idx": ON_OFF, "indirect_desc": ON_OFF, "notify_on_empty": ON_OFF}
# none, some and all of the bits that nobody knows
UNKNOWN = ("0", "0x5555555400000000", "0xfffffffe00000000")

# Two slots each, below the chipset's.
PAIRS_PER_GUEST = 6
BLK_SECTORS = 0x1234567
TOGGLES = ("used_event", "avail_event", "features_hi", "indirect", "notify_on_empty")
MODES = " ".join(f"used_event={used},avail_event={avail}" for used in (1, 0) for avail in (1, 0))


def offers():
    """What devices offer, guest by guest: the directions' 2x2 in full; all pairs of the
    rest; the same without bit 31, so without a high half to offer."""
    square = [dict(DRAFT, **{"event_idx": used, "avail-event-idx": avail})
              for used in ON_OFF for avail in ON_OFF]
    high = dict(EITHER, **{"avail-event-idx": ON_OFF, "features-hi-mask": UNKNOWN})
    rest = [{"features-hi": "on", **row} for row in all_pairs(high)]
    rest += [{"features-hi": "off", **row} for row in all_pairs(EITHER)]
    return [square, rest[:PAIRS_PER_GUEST], rest[PAIRS_PER_GUEST:]]


def toggle_rows(square_too):
    """For matrix.sh: all pairs of toggles; if so wished the 2x2 in full, past the wrap."""
    rows = ["".join(str(row[name]) for name in TOGGLES)
            for row in all_pairs({name: (1, 0) for name in TOGGLES})]
    square = [f"{used}{avail}110+" for used in (1, 0) for avail in (1, 0)]
    return " ".join(square * square_too + rows)


def guests():
    qemu = os.environ.get("QEMU_DRAFT")
    if not qemu:
        return []
    found = []
    for number, rows in enumerate(offers()):
        pairs = [Pair("abcdefgh"[i], props=dict(row, ioeventfd="off"))
                 for i, row in enumerate(rows)]
        # The 2x2 of the device times the 2x2 of the driver, in full and past the wrap.
        square = number == 0
        found.append(Guest(name=f"draft-offers-{number + 1}", timeout=1200, qemu=qemu,
                           pairs=pairs, env={"VEI_TOGGLE_ROWS": toggle_rows(square)},
                           tests=suites(*["negotiation.sh"] * square, "matrix.sh")))
    found += [
        Guest(name="draft-modes", timeout=1200, qemu=qemu, env={"VEI_MODES": "all"}, pairs=[
            Pair("a", props=dict(DRAFT, ioeventfd="off")), Pair("b", props=DRAFT),
        ], tests=suites("direction.sh", "wakeup.sh", "toggles.sh", "wrap.sh")),
        Guest(name="draft-layouts", timeout=900, qemu=qemu, pairs=[
            Pair("a", props=DRAFT),
            Pair("b", props=dict(DRAFT, vectors="0")),
            Pair("c", props=dict(DRAFT, vectors="2")),
            Pair("d", props=dict(DRAFT, **{"disable-modern": "off"})),
        ], tests=suites("layout.sh", "link.sh")),
        Guest(name="draft-extended", timeout=300, qemu=qemu, env={"VEI_BLK_SECTORS": BLK_SECTORS},
              qemu_args=["-drive", "if=none,id=blk,format=raw,file=null-co://,"
                                   f"file.size={512 * BLK_SECTORS}"],
              devices=["virtio-blk-pci,disable-modern=on,features-hi=on,avail-event-idx=on,"
                       "features-hi-mask=0xa00000000,drive=blk",
                       "virtio-rng-pci,disable-modern=on,features-hi=on,avail-event-idx=on"],
              tests=suites("extended.sh")),
        Guest(name="draft-snapshot", timeout=900, qemu=qemu, env={"VEI_MODES": MODES},
              pairs=[Pair("a", props=DRAFT)], tests=suites("snapshot.sh")),
        Guest(name="draft-faults", timeout=600, qemu=qemu, pairs=[
            Pair("r", props=dict(DRAFT, **{"x-draft-fault-queue": "0",
                                           "x-draft-fault-after": "20"})),
            Pair("t", props=dict(DRAFT, **{"x-draft-fault-queue": "1",
                                           "x-draft-fault-after": "20"})),
        ], tests=suites("faults.sh")),
    ]
    return found
