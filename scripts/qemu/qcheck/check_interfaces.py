# SPDX-License-Identifier: GPL-2.0
"""The modern interface of a transitional draft device, and both crossed."""

import itertools

from .device import (ACKNOWLEDGE, DRAFT, DRIVER, DRIVER_OK, FEATURES_HI, FEATURES_OK,
                     GUEST_FEATURES, HEADER, RING_PACKED, USED_EVENT, VERSION_1, bit, high_bits,
                     low_bits)
from .disk import Disk, ModernDisk, disk_args
from .machine import Machine
from .runner import check, expect_equal, expect_none
from .suppression import ring_complaints


@check
def modern_interface_is_unaffected():
    """a transitional draft device shows modern drivers what a stock one does, and obeys 1.0"""
    with Machine(*disk_args()) as stock, Machine(*disk_args(DRAFT)) as draft:
        s, d = ModernDisk(stock), ModernDisk(draft)
        for select in 0, 1:
            expect_equal(f'features {select}', d.features(select), s.features(select))
        d.start_modern(bit(USED_EVENT, VERSION_1))
        expect_none('1.0', ring_complaints(d, True, True))
        expect_equal('draft bits', d.status()['legacy-guest-features'] >> 31, 0)


LEGACY_FEATURES = [(0, None), (0, True), (bit(USED_EVENT), None), (bit(USED_EVENT), True)]
MODERN_FEATURES = [sum(x) for x in itertools.product(
    (0, bit(VERSION_1)), (0, bit(USED_EVENT)), (0, bit(RING_PACKED)))]


def use_both_doors(disk):
    """What comes of it is the driver's own fault, as long as it is not QEMU's end."""
    for door in Disk, ModernDisk:
        disk.m.write16(disk.ring.avail, 0)
        disk.m.write16(disk.ring.used_event, disk.ring.used_idx())
        disk.post(kick=False)
        door.kick(disk)


def legacy_features(disk, low, high):
    base = HEADER + 4 * disk.has_msix()
    disk.set(GUEST_FEATURES, low | (bit(FEATURES_HI) if high else 0))
    if high:
        disk.set(base + 4, high_bits(True))


def cross(sequence):
    """Each pair of features, on a draft device and on a released one; QEMU survives it.

    After a reset either interface has to be as good as new.
    """
    for draft in True, False:
        with Machine(*disk_args((DRAFT + ',' if draft else '') + 'packed=on')) as m:
            disk = ModernDisk(m)
            for modern, legacy, features_ok in itertools.product(
                    MODERN_FEATURES, LEGACY_FEATURES, (0, FEATURES_OK)):
                sequence(disk, modern, legacy, features_ok)
                disk.reset()
            Disk.start(disk, low_bits(True), high_bits(True) if draft else None)
            expect_none(f'legacy, draft={draft}', ring_complaints(disk, True, True))
            disk.reset()
            disk.start_modern(bit(USED_EVENT, VERSION_1))
            expect_none(f'1.0, draft={draft}', ring_complaints(disk, True, True))


@check
def legacy_bits_over_a_modern_queue():
    """features by the legacy interface once the modern one has set up a queue: QEMU goes on"""
    def sequence(disk, modern, legacy, features_ok):
        disk.start_modern(modern, features_ok)
        disk.post()
        legacy_features(disk, *legacy)
        use_both_doors(disk)
        legacy_features(disk, 0, None)
        use_both_doors(disk)

    cross(sequence)


@check
def modern_bits_over_a_legacy_queue():
    """features by the modern interface once the legacy one has set up a queue: QEMU goes on"""
    def sequence(disk, modern, legacy, features_ok):
        high = high_bits(True) if legacy[1] else None
        Disk.start(disk, legacy[0], high)
        Disk.kick(disk)
        disk.set_features(modern)
        disk.set_status(ACKNOWLEDGE | DRIVER | features_ok | DRIVER_OK)
        use_both_doors(disk)
        disk.enable_queue()
        use_both_doors(disk)
        legacy_features(disk, *legacy)
        use_both_doors(disk)

    cross(sequence)


@check
def resized_in_use():
    """a size written by the modern interface once either has set up the queue: QEMU goes on"""
    def sequence(disk, modern, legacy, features_ok):
        for size in 0, 3, 512, 0xffff:
            if features_ok:
                disk.start_modern(modern, features_ok)
            else:
                Disk.start(disk, legacy[0], high_bits(True) if legacy[1] else None)
            disk.m.write16(disk.modern_bar + 0x18, size)
            use_both_doors(disk)
            disk.reset()

    cross(sequence)


@check
def bits_after_the_queue():
    """bits 29, 31 and 32 taken after the queue was set up, on either interface, are obeyed"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = ModernDisk(m)
        disk.start_modern(bit(VERSION_1), features_ok=0)
        disk.set_features(bit(VERSION_1, USED_EVENT))
        expect_none('1.0', ring_complaints(disk, True, True))
        disk.reset()
        Disk.start(disk, 0)
        legacy_features(disk, bit(USED_EVENT), True)
        expect_none('draft', ring_complaints(disk, True, True))
