# SPDX-License-Identifier: GPL-2.0
"""Which dialect a device speaks."""

from .device import DRAFT, low_bits
from .disk import Disk, disk_args
from .machine import Machine
from .runner import check, expect_none
from .suppression import ring_complaints


@check
def dialect_follows_from_the_offer():
    """bit 29 alone is used_event alone on a draft device, both directions on a released one"""
    for props, high, avail_event in ((DRAFT, None, False), (DRAFT, 0, False),
                                     ('x-features-hi=on', 0, False), ('', None, True)):
        with Machine(*disk_args(props)) as m:
            disk = Disk(m)
            disk.start(low_bits(True), high)
            expect_none(f'"{props}", high half {high}', ring_complaints(disk, True, avail_event))
    for props in '', DRAFT + ',event_idx=off':
        with Machine(*disk_args(props)) as m:
            disk = Disk(m)
            disk.start(low_bits('off' in props), None)
            expect_none(f'"{props}", nothing negotiated', ring_complaints(disk, False, False))
