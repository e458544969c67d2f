# SPDX-License-Identifier: GPL-2.0
"""Faults of the legacy registers, and a BAR that is too short for them."""

from .device import (ACKNOWLEDGE, DRAFT, DRIVER, DRIVER_OK, GUEST_FEATURES, HEADER, HOST_FEATURES,
                     ISR, QUEUE_SEL, QUEUE_VECTOR, STATUS, Device, bit, high_bits, low_bits)
from .disk import SECTORS, SIZE, Disk, disk_args
from .machine import TIMEOUT, Machine
from .runner import check, expect_equal, expect_none
from .suppression import ring_complaints
from .types import TYPES, all_types

ALIVE = ACKNOWLEDGE | DRIVER | DRIVER_OK


@check
def queue_size():
    """the register reads as given, for the queue named or for all"""
    with Machine(*all_types(DRAFT)) as m:
        net = Device(m, 'd0', 4)
        sound = [net.queue_size(queue) for queue in range(4)]
        expect_equal('sizes', sound, [256, 256, 64, 0])
        for value in 0, 3, 6, 0x8000, 0xffff:
            for queue in 0, 1, 2:
                net.set_fault('queue-size', queue=queue, value=value)
                expect_equal(f'{value} of queue {queue}', [net.queue_size(q) for q in range(4)],
                             [value if q == queue else sound[q] for q in range(4)])
            net.set_fault('queue-size', queue=65535, value=value)
            expect_equal(f'{value} of all', [net.queue_size(q) for q in range(3)], 3 * [value])
        net.set_fault('none')
        expect_equal('sizes', [net.queue_size(queue) for queue in range(4)], sound)


@check
def vector_refused():
    """the vector register of the queue named reads 0xffff whatever is written, the others take"""
    def vectors(d):
        got = []
        for queue in range(2):
            d.set(QUEUE_SEL, queue, 2)
            d.set(QUEUE_VECTOR, 1, 2)
            got.append(d.get(QUEUE_VECTOR, 2))
        return got

    with Machine(*all_types(DRAFT)) as m:
        for i in 0, 2:
            d = Device(m, f'd{i}', i + 4)
            d.msix(True)
            for fault, queue, wanted in (
                    ('none', 65535, [1, 1]), ('vector-refused', 1, [1, 0xffff]),
                    ('vector-refused', 0, [0xffff, 1]), ('vector-refused', 65535, 2 * [0xffff]),
                    ('none', 65535, [1, 1])):
                d.reset()
                d.set_fault(fault, queue=queue)
                expect_equal(f'{TYPES[i][0]}: {fault} of {queue}', vectors(d), wanted)


@check
def reset_ignored():
    """a zero written to the status changes nothing, and other writes do what they do"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.set_fault('reset-ignored')
        disk.start(low_bits(True), high_bits(True))
        disk.post()
        disk.reset()
        expect_equal('status', disk.get(STATUS, 1), ALIVE)
        expect_equal('features', disk.get(GUEST_FEATURES), bit(29, 31))
        expect_none('the ring', ring_complaints(disk, True, True))
        disk.set_fault('none')
        disk.reset()
        expect_equal('status without the fault', disk.get(STATUS, 1), 0)
        disk.start(low_bits(True), high_bits(True))
        disk.set_fault('reset-ignored', after=1)
        disk.reset()
        expect_equal('the first one, which is to go well', disk.get(STATUS, 1), 0)
        disk.start(low_bits(True), high_bits(True))
        disk.reset()
        expect_equal('the next', disk.get(STATUS, 1), ALIVE)


@check
def reads_ones():
    """all registers read ones, the configuration too, and the device serves its ring meanwhile"""
    def all_but_isr(disk):
        return disk.get_bytes(0, ISR) + disk.get_bytes(ISR + 1, 48 - ISR - 1)

    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        sound = all_but_isr(disk)
        disk.set_fault('reads-ones')
        for offset in range(48):
            for size in 1, 2, 4:
                if offset % size == 0:
                    expect_equal(f'{size} bytes at {offset}', disk.get(offset, size),
                                 (1 << 8 * size) - 1)
        expect_none('the ring', ring_complaints(disk, True, True))
        disk.set_fault('none')
        expect_equal('registers without the fault', all_but_isr(disk), sound)
        disk.set_fault('reads-ones')
        disk.reset()
        disk.set_fault('none')
        expect_equal('a reset meanwhile', disk.get(STATUS, 1), 0)


@check
def gone():
    """at once or after so many accesses: ones, no effect, no ring; as it was without the fault"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        disk.interrupts()
        for after in 0, 1, 2, 7:
            before = disk.get_bytes(0, ISR)
            disk.set_fault('gone', after=after)
            got = [disk.get(QUEUE_SEL, 2) for _ in range(after // 2)]
            for _ in range(after - after // 2):
                disk.set(QUEUE_SEL, 1, 2)
            disk.reset()
            expect_equal(f'after {after}: those before', got, after // 2 * [0])
            for offset in range(48):
                expect_equal(f'after {after}: {offset}', disk.get(offset, 1), 0xff)
            disk.post()
            expect_equal(f'after {after}: pending', disk.pending(), 1)
            expect_equal(f'after {after}: interrupts', disk.interrupts(), 0)
            disk.set_fault('none', after=0)
            expect_equal(f'after {after}: queue selected', disk.get(QUEUE_SEL, 2), int(after > 0))
            disk.set(QUEUE_SEL, 0, 2)
            expect_equal(f'after {after}: registers again', disk.get_bytes(0, ISR), before)
            disk.kick()
            expect_equal(f'after {after}: pending later', disk.pending(), 0)
            disk.interrupts()
        expect_none('the ring', ring_complaints(disk, True, True))


@check
def isr_again():
    """the ISR register says again what it said, and the pin stays asserted; zero stays zero"""
    def pin(disk):
        return disk.config(6, 2) >> 3 & 1       # Interrupt Status

    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True), msix=False)
        disk.set_fault('isr-again', after=1)
        expect_equal('idle', [(disk.get(ISR, 1), pin(disk)) for _ in range(3)], 3 * [(0, 0)])
        disk.post()
        expect_equal('pin', pin(disk), 1)
        expect_equal('the first one', (disk.get(ISR, 1), pin(disk)), (1, 0))
        m.write16(disk.ring.used_event, disk.idx)
        disk.post()
        expect_equal('reads', [(disk.get(ISR, 1), pin(disk)) for _ in range(5)], 5 * [(1, 1)])
        disk.set_fault('none')
        expect_equal('without', [(disk.get(ISR, 1), pin(disk)) for _ in range(2)],
                     [(1, 0), (0, 0)])


@check
def offer_mask():
    """the offer in bits 0:31 is less by what the value lacks, and nothing else is"""
    with Machine(*all_types(DRAFT)) as m:
        for i, (kind, *_) in enumerate(TYPES):
            d = Device(m, f'd{i}', i + 4)
            sound = d.get(HOST_FEATURES)
            d.set(GUEST_FEATURES, bit(31))
            base = HEADER
            high = d.get(base)
            for value in 0, bit(31), 0x7fffffff, 0xdfffffff, 0xffffffff, (1 << 64) - 1:
                d.set_fault('offer-mask', value=value)
                expect_equal(f'{kind}: {value:#x}', d.get(HOST_FEATURES), sound & value)
                expect_equal(f'{kind}: bits 32 and up', d.get(base), high)
            d.set_fault('none')
            expect_equal(f'{kind}: without the fault', d.get(HOST_FEATURES), sound)


@check
def short_bar():
    """x-legacy-bar-size makes BAR 0 that long, 0 leaves it; what no BAR can be is refused"""
    with Machine(*disk_args(DRAFT)) as m:
        usual = Disk(m).bar0_size()
    for size in 0, 4, 16, 32, 256:
        with Machine(*disk_args(f'{DRAFT},x-legacy-bar-size={size}')) as m:
            disk = Disk(m)
            expect_equal(f'given {size}', disk.bar0_size(), size or usual)
            expect_equal('bit 31', disk.get(HOST_FEATURES) >> 31, 1)
            if size in (0, 256):
                expect_equal('capacity', disk.get(HEADER), SECTORS)
                expect_equal('queue', disk.queue_size(), SIZE)
    for size in 1, 17, 1024:
        with Machine(*disk_args(f'{DRAFT},x-legacy-bar-size={size}'), expect_start=False) as m:
            expect_equal(f'given {size}: exit status', m.process.wait(timeout=TIMEOUT), 1)
            if 'x-legacy-bar-size must be' not in m.said():
                raise AssertionError(m.said())


@check
def default_devices_have_no_faults():
    """faults of registers work on a device of the released kind as well, and only when asked"""
    with Machine(*all_types()) as m:
        for i, (kind, *_) in enumerate(TYPES):
            d = Device(m, f'd{i}', i + 4)
            sound = d.get_bytes(0, 24), d.queue_size()
            d.set_fault('reads-ones')
            expect_equal(f'{kind}: ones', d.get(STATUS, 1), 0xff)
            d.set_fault('queue-size', value=3)
            expect_equal(f'{kind}: size', d.queue_size(), 3)
            d.set_fault('none')
            expect_equal(f'{kind}: without', (d.get_bytes(0, 24), d.queue_size()), sound)
