# SPDX-License-Identifier: GPL-2.0
"""Each direction has the suppression that was negotiated for it."""

import itertools

from .device import DRAFT, high_bits, low_bits
from .disk import Disk, disk_args
from .machine import Machine
from .runner import check, expect_equal, expect_none
from .suppression import BATCH, Steps, ring_complaints


@check
def two_by_two():
    """each direction goes by what was negotiated for it, whatever the other field says"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        for used_event, avail_event in itertools.product((False, True), repeat=2):
            disk.reset()
            _, got = disk.start(low_bits(used_event), high_bits(avail_event))
            what = f'used_event={used_event} avail_event={avail_event}'
            expect_equal(what, got, low_bits(used_event, 31) | high_bits(avail_event) << 32)
            expect_none(what, ring_complaints(disk, used_event, avail_event))


@check
def two_by_two_past_the_wrap():
    """the same across index 65535"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        for used_event, avail_event in itertools.product((False, True), repeat=2):
            disk.reset()
            disk.start(low_bits(used_event), high_bits(avail_event))
            said = ring_complaints(disk, used_event, avail_event, past_the_wrap=True)
            if disk.idx > 0x100:
                raise AssertionError(f'the wrap was not reached: index {disk.idx}')
            expect_none(f'used_event={used_event} avail_event={avail_event}', said)


@check
def surplus_in_a_batch():
    """of several buffers used at once one has the event: one interrupt, and any more is seen"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        disk.post()                         # the first decision of all always interrupts
        for fault, surplus in ('none', 0), ('unsuppressed-interrupts', BATCH - 1), ('none', 0):
            s = Steps(disk, True, True)
            disk.set_fault(fault)
            s.want_interrupts(True, after=BATCH // 2)
            s.step('a batch', 1, BATCH)
            wanted = [f'a batch: {what}' for what in (
                f'interrupts: {1 + surplus}, expected 1',
                f'count of interrupts: {1 + surplus}, expected 1',
                f'count of suppressed-by-index: 0, expected {BATCH - 1}')] if surplus else []
            expect_equal(f'complaints with fault {fault}', s.said, wanted)
