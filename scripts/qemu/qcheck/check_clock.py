# SPDX-License-Identifier: GPL-2.0
"""Faults that strike by the clock, which stands still here until it is told to go on."""

from .device import DRAFT, ISR, high_bits, low_bits
from .disk import WRITTEN, Disk, disk_args
from .machine import Machine
from .runner import check, expect_equal

LATE = 500      # microseconds


def go_on(disk, us):
    disk.m.do(f'clock_step {1000 * us}')


def started(machine):
    disk = Disk(machine)
    disk.start(low_bits(True), high_bits(True))
    disk.interrupts()
    return disk


def restart(disk):
    disk.reset()
    disk.start(low_bits(True), high_bits(True))


@check
def used_idx_late():
    """the entry and the interrupt come at once, the index when nothing was used for so long"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = started(m)
        disk.set_fault('used-idx-late', value=LATE)
        disk.post()
        expect_equal('the entry', disk.used(), (0, WRITTEN))
        expect_equal('interrupts', disk.interrupts(), 1)
        for us, pending in (LATE - 1, 1), (1, 0), (LATE, 0):
            expect_equal('pending until then', disk.pending(), int(us != LATE))
            go_on(disk, us)
            expect_equal('pending', disk.pending(), pending)
        expect_equal('interrupts of the index', disk.interrupts(), 0)
        for us, pending in (LATE - 1, 1), (LATE - 1, 2), (1, 0):
            if us > 1:
                disk.post()
            go_on(disk, us)
            expect_equal('pending of those that follow', disk.pending(), pending)
        disk.post()
        disk.set_fault('none')
        expect_equal('pending when the fault goes', disk.pending(), 1)
        go_on(disk, LATE)
        expect_equal('pending later', disk.pending(), 0)


@check
def used_entries_late():
    """the index and the interrupt come at once, the entry later, and none to another ring"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = started(m)
        disk.set_fault('used-entries-late', value=LATE, after=1)
        disk.post()
        expect_equal('the first one', disk.used(), (0, WRITTEN))
        disk.interrupts()
        m.write16(disk.ring.used_event, disk.idx)
        disk.post()
        expect_equal('pending', disk.pending(), 0)
        expect_equal('interrupts', disk.interrupts(), 1)
        go_on(disk, LATE - 1)
        expect_equal('the entry', disk.used(), (0, 0))
        go_on(disk, 1)
        expect_equal('the entry later', disk.used(), (0, WRITTEN))
        disk.post(3)
        expect_equal('three', [disk.ring.used_element(i) for i in (2, 3, 4)], 3 * [(0, 0)])
        go_on(disk, LATE)
        expect_equal('three later', [disk.ring.used_element(i) for i in (2, 3, 4)],
                     3 * [(0, WRITTEN)])
        disk.post()
        restart(disk)
        go_on(disk, LATE)
        expect_equal('after a reset', [disk.ring.used_element(i) for i in range(8)], 8 * [(0, 0)])


@check
def spurious_interrupts():
    """so many a second, of the queue named, when nothing was used, and only of a queue in use"""
    with Machine(*disk_args(f'{DRAFT},x-draft-fault=spurious-interrupts,'
                            'x-draft-fault-value=1000')) as m:
        disk = started(m)
        go_on(disk, 5000)
        expect_equal('from the start', disk.interrupts(), 5)
        for rate, queue, after, wanted in ((100_000, 65535, 0, 100), (1000, 0, 0, 1),
                                           (100_000, 0, 30, 70), (100_000, 1, 0, 0),
                                           (0, 65535, 0, 0)):
            disk.set_fault('spurious-interrupts', value=rate, queue=queue, after=after)
            go_on(disk, 1000)
            expect_equal(f'{rate}/s on queue {queue} after {after}', disk.interrupts(), wanted)
        disk.set_fault('spurious-interrupts', value=10 ** 12, queue=65535, after=0)
        go_on(disk, 10)
        expect_equal('no more than a million', disk.interrupts(), 10)
        expect_equal('decisions counted', disk.delta()['interrupts'], 0)
        expect_equal('used.idx', disk.ring.used_idx(), 0)
        disk.reset()
        go_on(disk, 1000)
        expect_equal('of a device that was reset', disk.interrupts(), 0)
        restart(disk)
        disk.set_fault('none')
        go_on(disk, 1000)
        expect_equal('without the fault', disk.interrupts(), 0)
        disk.reset()
        disk.msix(False)
        disk.start(low_bits(True), high_bits(True), msix=False)
        disk.set_fault('spurious-interrupts', value=1000)
        for _ in range(2):
            expect_equal('ISR', disk.get(ISR, 1), 0)
            go_on(disk, 1000)
            expect_equal('ISR later', disk.get(ISR, 1), 1)
