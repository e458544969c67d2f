# SPDX-License-Identifier: GPL-2.0
"""Which bits are offered, taken and forgotten."""

import struct

from .device import (ACKNOWLEDGE, AVAIL_EVENT, BAD_FEATURE, DRAFT, DRIVER, FEATURES_HI, FEATURES_OK,
                     GUEST_FEATURES, HEADER, MASK, QUEUE_PFN, STATUS, USED_EVENT, bit, high_bits,
                     low_bits)
from .disk import SECTORS, Disk, disk_args
from .machine import Machine, wait_for
from .runner import check, expect_equal


@check
def only_offered_bits_are_acknowledged():
    """every high bit written, the offered ones stay; the low half leaves them alone"""
    for props, offered in ((DRAFT, bit(AVAIL_EVENT)), ('x-features-hi=on', 0),
                           (f'x-features-hi=on,x-features-hi-mask={MASK:#x}', MASK),
                           (f'{DRAFT},x-features-hi-mask=0xfffffffe00000000', (1 << 64) - bit(32))):
        with Machine(*disk_args(props)) as m:
            d = Disk(m)
            got = d.negotiate(low_bits(True), 0xffffffff)
            expect_equal(f'{props}: offered', got[0] & ~0x7fffffff, offered | bit(31))
            expect_equal(f'{props}: acknowledged', got[1], offered | bit(29, 31))
            d.set(GUEST_FEATURES, bit(FEATURES_HI))
            expect_equal('after writing the low half', d.get(HEADER + 4), offered >> 32)
            expect_equal('QMP', d.status()['legacy-guest-features'], offered | bit(31))
            transports = ' '.join(d.status()['guest-features']['transports'])
            if 'VERSION_1' in transports or 'IOMMU' in transports:
                raise AssertionError('a high bit leaked into the modern features')


@check
def letting_go_of_bit_31_takes_all():
    """clearing bit 31, or claiming bit 30, hides the pair and forgets the high half"""
    with Machine(*disk_args(DRAFT)) as m:
        d = Disk(m)
        capacity = struct.pack('<Q', SECTORS)
        for low in 0, bit(USED_EVENT), bit(BAD_FEATURE, FEATURES_HI):
            d.negotiate(0, high_bits(True))
            expect_equal('acknowledged', d.get(HEADER + 4), high_bits(True))
            d.set(GUEST_FEATURES, low)
            expect_equal('config', d.get_bytes(HEADER, 8), capacity)
            expect_equal('QMP', d.status()['legacy-guest-features'] >> 31, 0)
            d.set(GUEST_FEATURES, bit(FEATURES_HI))
            expect_equal('high half when bit 31 is back', d.get(HEADER + 4), 0)


@check
def reset_takes_the_pair_away():
    """reset by status, by a zero queue address, and of the system"""
    with Machine(*disk_args(DRAFT)) as m:
        d = Disk(m)
        capacity = struct.pack('<Q', SECTORS)

        def system_reset():
            m.execute('system_reset')
            wait_for(lambda: d.status()['legacy-guest-features'] == 0)
            Disk(m)

        for name, reset in (('status', d.reset), ('queue address', lambda: d.set(QUEUE_PFN, 0)),
                            ('system', system_reset)):
            d.negotiate(low_bits(True), high_bits(True))
            reset()
            expect_equal(f'{name}: guest features', d.get(GUEST_FEATURES), 0)
            expect_equal(f'{name}: config', d.get_bytes(HEADER, 8), capacity)
            d.set(GUEST_FEATURES, bit(FEATURES_HI))
            expect_equal(f'{name}: high half', d.get(HEADER + 4), 0)


@check
def narrow_accesses():
    """bytes and words of the pair are those of its registers; the device's half is read-only"""
    mask = 0xfedcba9800000000
    with Machine(*disk_args(f'{DRAFT},x-features-hi-mask={mask:#x}')) as m:
        d = Disk(m)
        d.set(GUEST_FEATURES, bit(FEATURES_HI))
        word = (mask | bit(AVAIL_EVENT)) >> 32
        expect_equal('bytes', d.get_bytes(HEADER, 4), struct.pack('<I', word))
        expect_equal('words', [d.get(HEADER, 2), d.get(HEADER + 2, 2)], [word & 0xffff, word >> 16])
        d.set(HEADER, 0)
        expect_equal('offered after a write to it', d.get(HEADER), word)
        d.set(HEADER + 4, 0x01, 1)
        d.set(HEADER + 7, 0xff, 1)
        expect_equal('bytes written', d.get(HEADER + 4), 0xfe000001)
        d.set(HEADER + 6, 0, 2)
        expect_equal('word written', d.get(HEADER + 4), 1)


@check
def no_change_after_features_ok():
    """as for the low half, FEATURES_OK ends it"""
    with Machine(*disk_args(DRAFT)) as m:
        d = Disk(m)
        d.negotiate(low_bits(True), high_bits(True))
        d.set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK, 1)
        d.set(HEADER + 4, 0)
        d.set(GUEST_FEATURES, 0)
        expect_equal('high half', d.get(HEADER + 4), high_bits(True))
