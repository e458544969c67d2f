# SPDX-License-Identifier: GPL-2.0
"""Devices of other types: an entropy device by its ring, and one that is modern only."""

from .device import (BUFFERS, DRAFT, MESSAGES, RING, WRITE, Device, Ring, high_bits, low_bits)
from .machine import Machine, wait_for
from .runner import check, expect_equal


@check
def rng_never_turns_kicks_off():
    """virtio-rng, which never turns kicks off: avail_event iff bit 32, flags untouched"""
    for avail_event in False, True:
        with Machine('-device', f'virtio-rng-pci,id=rng,addr=4,ioeventfd=off,{DRAFT}') as m:
            d = Device(m, 'rng', 4)
            d.msix(True)
            d.negotiate(low_bits(True), high_bits(avail_event))
            ring = Ring(m, RING, d.queue_size())
            ring.clear()
            m.write(MESSAGES, bytes(8))
            m.write(BUFFERS, bytes(64))
            ring.describe(0, BUFFERS, 64, WRITE)
            d.set_queue(0, RING)
            d.go()
            d.delta()
            for i in range(1, 4):
                m.write16(ring.used_event, i - 1)      # tell me of this one
                ring.set_avail(i)
                d.kick()
                wait_for(lambda: ring.used_idx() == i)
                wait_for(lambda: m.read(MESSAGES + 4, 4) != bytes(4))
                m.write(MESSAGES + 4, bytes(4))
                expect_equal('used.flags', m.read16(ring.used), 0)
                expect_equal('avail_event', m.read16(ring.avail_event), i if avail_event else 0)
            expect_equal('random bytes', m.read(BUFFERS, 64) != bytes(64), True)
            got = d.delta()
            expect_equal('kicks, interrupts', (got['kicks'], got['interrupts']), (3, 3))


@check
def crypto_is_modern_only():
    """virtio-crypto, which has no legacy interface: its status is told, the draft refused"""
    args = ('-object', 'cryptodev-backend-builtin,id=c', '-device',
            'virtio-crypto-pci,id=crypto,addr=4,cryptodev=c')
    with Machine(*args) as m:
        d = Device(m, 'crypto', 4)
        for _ in 'before', 'after':
            expect_equal('name', d.status()['name'], 'virtio-crypto')
            m.write(d.modern_bar + 0x14, b'\x07')       # DRIVER_OK
    with Machine(*args[:2]) as m:
        said = m.hmp(f'device_add {args[3]},{DRAFT}')
        if 'x-features-hi is not possible on a modern-only device' not in said:
            raise AssertionError(said)
