# SPDX-License-Identifier: GPL-2.0
"""Where registers and configuration lie."""

import itertools

from .device import (AVAIL_EVENT, DRAFT, FEATURES_HI, GUEST_FEATURES, HEADER, HOST_FEATURES, MASK,
                     Device, bit)
from .machine import Machine
from .runner import check, expect_equal
from .types import TYPES, all_types


@check
def default_device_has_no_draft():
    """without the properties: no bit 31, no registers, and asking changes nothing"""
    with Machine(*all_types()) as m:
        for i, (kind, _, at, content) in enumerate(TYPES):
            d = Device(m, f'd{i}', i + 4)
            expect_equal(f'{kind}: bit 31', d.get(HOST_FEATURES) >> 31, 0)
            d.set(GUEST_FEATURES, bit(FEATURES_HI))
            expect_equal(f'{kind}: bit 31 acknowledged', d.get(GUEST_FEATURES) >> 31, 0)
            expect_equal(f'{kind}: config', d.get_bytes(HEADER + at, len(content)), content)
            expect_equal(f'{kind}: QMP', d.status()['legacy-host-features'],
                         d.get(HOST_FEATURES))


@check
def draft_adds_bits_and_nothing_else():
    """a draft device differs from a stock one by its bits 31 and up, before bit 31 is set"""
    with Machine(*all_types()) as stock, \
            Machine(*all_types(f'{DRAFT},x-features-hi-mask={MASK:#x}')) as draft:
        for i, (kind, _, at, content) in enumerate(TYPES):
            s, d = Device(stock, f'd{i}', i + 4), Device(draft, f'd{i}', i + 4)
            expect_equal(f'{kind}: features', d.get(HOST_FEATURES),
                         s.get(HOST_FEATURES) | bit(FEATURES_HI))
            expect_equal(f'{kind}: config', d.get_bytes(HEADER + at, len(content)), content)
            # +0 of what would be the pair is configuration, or nothing
            expect_equal(f'{kind}: where the pair would be',
                         d.get(HEADER), s.get(HEADER))
            expect_equal(f'{kind}: QMP', d.status()['legacy-host-features'],
                         d.get(HOST_FEATURES) | bit(AVAIL_EVENT) | MASK)


@check
def four_layouts():
    """the pair and the configuration lie where the draft says: MSI-X or not, bit 31 or not"""
    with Machine(*all_types(f'{DRAFT},x-features-hi-mask={MASK:#x}')) as m:
        offered = (bit(AVAIL_EVENT) | MASK) >> 32
        for i, (kind, _, at, content) in enumerate(TYPES):
            d = Device(m, f'd{i}', i + 4)
            has_msix = 'vectors' in TYPES[i][1]
            for msix, hi in itertools.product((0, 1) if has_msix else (0,), (0, 1)):
                if has_msix:
                    d.msix(msix)
                d.set(GUEST_FEATURES, bit(FEATURES_HI) if hi else 0)
                base = HEADER + 4 * msix + 8 * hi
                what = f'{kind} msix={msix} bit31={hi}'
                expect_equal(f'{what}: config', d.get_bytes(base + at, len(content)), content)
                if hi:
                    expect_equal(f'{what}: offered', d.get(base - 8), offered)
                    expect_equal(f'{what}: acknowledged', d.get(base - 4), 0)
                    size = len(content) + at
                    if d.bar0_size() < base + size:
                        raise AssertionError(f'{what}: BAR 0 is too small')


@check
def config_writes_move_too():
    """a write to the configuration lands where a read finds it"""
    with Machine(*all_types(DRAFT)) as m:
        d = Device(m, 'd0', 4)
        for msix, hi in itertools.product((0, 1), (0, 1)):
            d.msix(msix)
            d.set(GUEST_FEATURES, bit(FEATURES_HI) if hi else 0)
            base = HEADER + 4 * msix + 8 * hi
            d.get_bytes(base, 6)        # QEMU writes back what was read last
            d.set(base + 5, 0x70 + 2 * msix + hi, 1)
            expect_equal(f'msix={msix} bit31={hi}: MAC', d.get_bytes(base, 6),
                         bytes.fromhex('5254001234') + bytes([0x70 + 2 * msix + hi]))
            if hi:
                expect_equal('acknowledged', d.get(base - 4), 0)
