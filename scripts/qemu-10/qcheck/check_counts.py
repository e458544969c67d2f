# SPDX-License-Identifier: GPL-2.0
"""The counts of a queue, and the two ways a kick and an interrupt can take."""

import itertools

from .device import (DRAFT, HEADER, ISR, NO_INTERRUPT, NOTIFY_ON_EMPTY, RING, high_bits,
                     low_bits)
from .disk import Disk, disk_args
from .machine import Machine, QemuError, wait_for
from .runner import check, expect_equal


@check
def notify_on_empty():
    """forced when the queue has run empty and only then, over flags and over the index"""
    for draft, used_event, on in itertools.product((True, False), repeat=3):
        with Machine(*disk_args(DRAFT if draft else '')) as m:
            disk = Disk(m)
            disk.start(low_bits(used_event, *([NOTIFY_ON_EMPTY] if on else [])),
                       0 if draft else None)
            disk.post()                     # the first decision of all always interrupts
            disk.interrupts()
            disk.delta()
            m.write16(disk.ring.avail, NO_INTERRUPT)
            m.write16(disk.ring.used_event, -100)
            disk.post(3)                    # two that leave something, one that does not
            got = disk.delta()
            what = f'draft={draft} used_event={used_event} notify_on_empty={on}'
            # of QEMU's own kind one that is forced is no decision: the first is still to come
            first = int(not draft and used_event and on)
            expect_equal(f'{what}: interrupt', disk.interrupts(), on + first)
            expect_equal(f'{what}: interrupts', got['interrupts'], on + first)
            expect_equal(f'{what}: forced', got['forced-on-empty'], int(on))
            expect_equal(f'{what}: suppressed', got['suppressed-by-index'] if used_event
                         else got['suppressed-by-flag'], 3 - on - first)
            # wanted anyway, so not forced
            m.write16(disk.ring.avail, 0)
            m.write16(disk.ring.used_event, disk.idx)
            disk.post()
            got = disk.delta()
            expect_equal(f'{what}: wanted anyway', (got['interrupts'], got['forced-on-empty']),
                         (1, 0))


@check
def kicks_are_counted():
    """kicks, and those that bring nothing; before the queue is set up there are none"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.kick()
        expect_equal('before the set-up', disk.stats()['kicks'], 0)
        disk.start(0, 0)
        disk.post()
        disk.kick()
        disk.kick()
        disk.post(2, kick=False)
        disk.kick()
        got = disk.delta()
        expect_equal('kicks', got['kicks'], 4)
        expect_equal('kicks-empty', got['kicks-empty'], 2)
        total = disk.stats()
        disk.reset()
        expect_equal('after a reset', disk.stats(), total)
        text = m.hmp(f'info virtio-queue-notify-stats {disk.path} 0')
        for key in ('kicks', 'kicks-empty', 'interrupts', 'suppressed-by-flag',
                    'suppressed-by-index', 'forced-on-empty'):
            line = f'{key.replace("-", "_")}:'
            value = [x.split()[1] for x in text.splitlines() if x.split()[:1] == [line]]
            expect_equal(f'HMP {key}', value, [str(total[key])])
        for queue, path, wanted in ((1, disk.path, 'Invalid virtqueue number'),
                                    (0, '/machine', 'is not a VirtIODevice')):
            try:
                m.execute('x-query-virtio-queue-notify-stats', path=path, queue=queue)
            except QemuError as e:
                if wanted in str(e):
                    continue
                raise
            raise AssertionError(f'queue {queue} of {path} has counters')


@check
def each_queue_for_itself():
    """what happens on one queue is not counted on another"""
    args = [x.replace('num-queues=1', 'num-queues=2') for x in disk_args(DRAFT)]
    with Machine(*args) as m:
        disk = Disk(m)
        disk.start(0, 0)
        disk.set_queue(1, RING + 0x10000)
        for queue in 0, 1:
            disk.delta(queue)
        for times, queue in (2, 1), (3, 0):
            for _ in range(times):
                disk.kick(queue)
            expect_equal('queue-index', disk.stats(queue)['queue-index'], queue)
        expect_equal('kicks', [disk.delta(queue)['kicks'] for queue in (0, 1)], [3, 2])


@check
def counting_begins_when_asked():
    """what happens before anyone asks for a queue is not counted, and from then on all is"""
    with Machine(*disk_args(DRAFT, bell=False)) as m:
        disk = Disk(m)
        disk.negotiate(0, 0)
        disk.prepare_ring()
        disk.set_queue(0, RING, msix=False)
        disk.go()
        for wanted in 0, 1:
            disk.post(3)
            disk.kick()
            got = disk.stats()
            for key, times in (('kicks', 2), ('kicks-empty', 1), ('interrupts', 3),
                               ('used-flags-writes', 4)):
                expect_equal(key, got[key], wanted * times)


@check
def intx_and_ioeventfd():
    """without MSI-X the ISR tells; kicks by ioeventfd arrive, and none is lost"""
    with Machine(*[a.replace('ioeventfd=off', 'ioeventfd=on') for a in disk_args(DRAFT)]) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True), msix=False)
        expect_equal('pair without MSI-X', disk.get(HEADER + 4), 1)
        for i in range(20):
            m.write16(disk.ring.used_event, disk.idx)
            disk.post()
            wait_for(lambda: disk.ring.used_idx() == disk.idx)
            wait_for(lambda: disk.get(ISR, 1) & 1)
        if not 20 <= disk.delta()['kicks'] <= 21:
            raise AssertionError(f'kicks: {disk.stats()["kicks"]}')
