# SPDX-License-Identifier: GPL-2.0
"""Faults that are random: what they touch, and that the same seed does the same again."""

import struct

from .device import DRAFT, GUEST_FEATURES, HEADER, HOST_FEATURES, bit, high_bits, low_bits
from .disk import SIZE, WRITTEN, Disk, disk_args
from .machine import Machine
from .net import HEADER_SIZE, net_machine, packet
from .runner import check, expect_equal

USES = 200


def scribbles(disk, seed):
    """Of so many uses, each place of the used ring that another byte was written to, and which."""
    ring, found = disk.ring, []
    disk.reset()
    disk.start(low_bits(True), high_bits(True))
    disk.set_fault('used-scribble', value=seed)
    for i in range(USES):
        wanted = bytearray(disk.m.read(ring.used, ring.avail_event - ring.used))
        wanted[2:4] = struct.pack('<H', i + 1)
        at = 4 + 8 * (i % SIZE)
        wanted[at:at + 8] = struct.pack('<II', 0, WRITTEN)
        disk.post()
        got = disk.m.read(ring.used, len(wanted))
        found.append([(k - at, got[k]) for k in range(len(got)) if got[k] != wanted[k]])
    return found


@check
def used_ring():
    """each use changes one byte, as often of the new entry as anywhere; by the seed"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        first = scribbles(disk, 1)
        expect_equal('bytes changed at once', max(map(len, first)), 1)
        # what falls on avail_event is written over again
        strikes = [places[0][0] for places in first if places]
        new = sum(0 <= k < 8 for k in strikes)
        if len(strikes) < USES - 5 or not USES // 3 < new < 2 * USES // 3:
            raise AssertionError(f'{len(strikes)} strikes in {USES} uses, {new} at new entries')
        expect_equal('parts of a new entry', set(range(8)) - set(strikes), set())
        expect_equal('the same seed', scribbles(disk, 1) == first, True)
        expect_equal('another seed', scribbles(disk, 2) == first, False)
        disk.set_fault('used-scribble', value=1, queue=1)
        disk.post()
        expect_equal('another queue', disk.used(), (0, WRITTEN))
        disk.set_fault('none')
        disk.post()
        expect_equal('without the fault', disk.used(), (0, WRITTEN))


def headers(net, wire, seed):
    """Those of so many packets, each of which has to be what was sent."""
    found = []
    net.reset()
    net.start(0, 0)
    net.set_fault('net-header-scribble', value=seed)
    for i in range(USES):
        net.post_receive()
        wire.send(packet('x'))
        got = net.received(i)
        expect_equal('the packet', got[HEADER_SIZE:], packet('x'))
        found.append(got[:HEADER_SIZE])
    return found


@check
def net_header():
    """one byte of each received header is another one, and all are, by and by; by the seed"""
    with net_machine(DRAFT) as (net, wire):
        first = headers(net, wire, 7)
        expect_equal('bytes changed', {sum(map(bool, header)) for header in first}, {1})
        expect_equal('places', {k for header in first for k in range(HEADER_SIZE) if header[k]},
                     set(range(HEADER_SIZE)))
        expect_equal('the same seed', headers(net, wire, 7) == first, True)
        expect_equal('another seed', headers(net, wire, 8) == first, False)
        net.set_fault('none')
        net.post_receive()
        wire.send(packet('x'))
        expect_equal('without the fault', net.received(USES), bytes(HEADER_SIZE) + packet('x'))


def offered(disk):
    return disk.get(HOST_FEATURES), disk.get(HEADER)


@check
def offer():
    """of the bits of the value each comes and goes, the others stay; by the seed"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.set(GUEST_FEATURES, bit(31))       # which shows the others
        sound = offered(disk)
        driver = disk.get(HEADER + 4)
        for value in bit(31), bit(24, 28, 29), bit(32), bit(5, 33, 63), bit(0, 29, 31, 32):
            disk.set_fault('offer-random', value=value)
            reads = [offered(disk) for _ in range(50)]
            for half in 0, 1:
                mask = value >> 32 * half & 0xffffffff
                seen = [read[half] ^ sound[half] for read in reads]
                expect_equal(f'{value:#x}: of the others', [x & ~mask for x in seen], 50 * [0])
                for k in range(32):
                    if mask >> k & 1 and {x >> k & 1 for x in seen} != {0, 1}:
                        raise AssertionError(f'{value:#x}: bit {k + 32 * half} does not change')
            expect_equal("the driver's bits", disk.get(HEADER + 4), driver)
            disk.set_fault('offer-random')
            expect_equal(f'{value:#x} again', [offered(disk) for _ in range(50)], reads)
        disk.set_fault('none')
        expect_equal('without the fault', offered(disk), sound)
