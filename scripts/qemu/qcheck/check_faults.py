# SPDX-License-Identifier: GPL-2.0
"""Faults of notification and of used entries: each is seen, where and when it was asked for.

These are also the proof that the checks of the directions can fail.
"""

import time

from .device import DRAFT, NO_NOTIFY, high_bits, low_bits
from .disk import SIZE, TOTAL, WRITTEN, Disk, disk_args
from .machine import Machine, QemuError, wait_for
from .runner import check, expect_equal, expect_none
from .suppression import BATCH, SENTINEL, ring_complaints

STUCK = f'used.flags: {SENTINEL | NO_NOTIFY}'

# fault, negotiated (29, 32), what has to be complained of, and what if the first step is sound
FAULTS = [
    ('used-event-off-by-one', True, False, 'on the event: interrupts: 0',
     'on the event: interrupts: 0'),
    ('avail-event-off-by-one', False, True, 'first: avail_event: 2, expected 1',
     'interrupts off: avail_event: 3, expected 2'),
    ('avail-event-stuck', True, True, 'first: avail_event: 0, expected 1',
     'interrupts off: avail_event: 1, expected 2'),
    ('lost-interrupt', False, False, 'first: interrupts: 0', 'interrupts on: interrupts: 0'),
    ('lost-interrupt', True, True, 'first: interrupts: 0', 'interrupts on: interrupts: 0'),
    ('lost-kick', False, False, 'first: used.idx: 0', 'interrupts off: used.idx: 1'),
    ('lost-kick', False, True, 'first: used.idx: 0', 'interrupts off: used.idx: 1'),
    ('unsuppressed-interrupts', True, False, f'a batch: interrupts: {BATCH}, expected 1',
     'interrupts off: interrupts: 1'),
    ('unsuppressed-interrupts', False, True, 'interrupts off: interrupts: 1',
     'interrupts off: interrupts: 1'),
    ('unused-field-writes', True, True, f'first: {STUCK}', f'interrupts off: {STUCK}'),
    ('unused-field-writes', True, False, 'first: avail_event: 0, expected 48879',
     'interrupts off: avail_event: 1, expected 48879'),
    ('used-idx-jump', True, True, 'first: used.idx: 257', 'interrupts off: used.idx: 258'),
    ('used-idx-jump', False, False, 'first: used.idx: 257', 'interrupts off: used.idx: 258'),
    ('bad-used-id', False, False, f'first: used element: ({SIZE}, {WRITTEN})',
     f'interrupts off: used element: ({SIZE}, {WRITTEN})'),
    ('bad-used-len', True, False, f'first: used element: (0, {WRITTEN + 1})',
     f'interrupts off: used element: (0, {WRITTEN + 1})'),
    ('total-used-len', True, True, f'first: used element: (0, {TOTAL})',
     f'interrupts off: used element: (0, {TOTAL})'),
    ('total-used-len', False, False, f'first: used element: (0, {TOTAL})',
     f'interrupts off: used element: (0, {TOTAL})'),
    ('used-len', True, True, 'first: used element: (0, 9)', 'interrupts off: used element: (0, 9)'),
    ('no-notify-stuck', True, False, f'first: {STUCK}', f'interrupts off: {STUCK}'),
    ('no-notify-stuck', False, False, f'first: {STUCK}', f'interrupts off: {STUCK}'),
]


@check
def faults_from_the_start():
    """each seeded fault, given with -device, makes the ring check fail"""
    for fault, used_event, avail_event, symptom, _ in {row[0]: row for row in FAULTS}.values():
        with Machine(*disk_args(f'{DRAFT},x-draft-fault={fault},x-draft-fault-value=9')) as m:
            disk = Disk(m)
            disk.start(low_bits(used_event), high_bits(avail_event))
            said = ring_complaints(disk, used_event, avail_event)
            if not any(symptom in x for x in said):
                raise AssertionError(f'{fault}: {said}')


@check
def faults_come_and_go():
    """each at run time, also after one sound step; no complaint before, and none after a reset"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        for fault, used_event, avail_event, *symptoms in FAULTS:
            for now, after in ('none', 0), (fault, 0), (fault, 1), ('none', 0):
                disk.reset()
                disk.set_fault(now, value=9, after=after)
                disk.start(low_bits(used_event), high_bits(avail_event))
                said = ring_complaints(disk, used_event, avail_event)
                if now == 'none':
                    expect_none(f'without {fault}', said)
                    continue
                if not any(x.startswith(symptoms[after]) for x in said):
                    raise AssertionError(f'{fault} after {after}: {said}')
                if after:
                    expect_none(f'{fault} after {after}',
                                [x for x in said if x.startswith('first:')])


def kicks_of_nobody(disk):
    """One, or two: the eventfd is created rung and rung again, which a thread may see apart."""
    wait_for(lambda: disk.stats()['kicks'])
    before = 0
    while before != (now := disk.stats()['kicks']):
        before = now
        time.sleep(0.2)
    return now


@check
def lost_kick_by_ioeventfd():
    """the device rings the eventfd as it starts to listen: no occasion, a kick of the driver is"""
    for iothread in False, True:
        # a thread that polls needs no kick
        args = ('-object', 'iothread,id=io,poll-max-ns=0') if iothread else ()
        for at_start in True, False:
            properties = DRAFT + (',iothread=io' if iothread else '') \
                + (',x-draft-fault=lost-kick' if at_start else '')
            with Machine(*args, *(x.replace('ioeventfd=off', 'ioeventfd=on') if 'blk' in x else x
                                  for x in disk_args(properties))) as m:
                disk = Disk(m)
                disk.stats()
                disk.start(low_bits(True), high_bits(True))
                kicks = kicks_of_nobody(disk)
                if not at_start:
                    disk.set_fault('lost-kick')
                disk.post()
                wait_for(lambda now=kicks: disk.stats()['kicks'] == now + 1)
                expect_equal(f'iothread={iothread} at_start={at_start}: lost', disk.pending(), 1)
                disk.post()
                wait_for(lambda: disk.pending() == 0)


@check
def faults_are_confined():
    """to the queue that is named, to one time where they are one-time, and to their moment"""
    with Machine(*disk_args(f'{DRAFT},x-draft-fault=lost-kick,x-draft-fault-queue=1')) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        expect_none('another queue', ring_complaints(disk, True, True))
        for queue in 0, 1, 65535:
            disk.set_fault('lost-kick', queue=queue, after=2)
            lost = []
            for _ in range(4):
                disk.post()
                lost.append(disk.pending())
            expect_equal(f'lost of queue {queue}', lost, [0, 0, int(queue != 1), 0])
        disk.set_fault('lost-kick', after=0)
        for _ in range(2):
            disk.set_fault('lost-kick')         # which arms it again
            disk.post()
            expect_equal('one lost', disk.pending(), 1)
            disk.post()
            expect_equal('the next is not', disk.pending(), 0)
        disk.set_fault('none')
        disk.post()
        expect_none('after', ring_complaints(disk, True, True))


@check
def used_length_is_any():
    """used-len gives the value of the moment, total-used-len the whole chain, on each request"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        for fault, value, wanted in (('none', 7, WRITTEN), ('used-len', 9, 9), ('used-len', 0, 0),
                                     ('used-len', 0xffffffff, 0xffffffff), ('none', 0, WRITTEN),
                                     ('total-used-len', 5, TOTAL), ('none', 0, WRITTEN)):
            disk.set_fault(fault, value=value)
            for _ in range(2):
                disk.post()
                expect_equal(f'{fault} {value}', disk.used(), (0, wanted))
        disk.set_fault('used-len', value=1)
        m.execute('qom-set', path=disk.path, property='x-draft-fault-value', value=2)
        disk.post()
        expect_equal('the value alone was set', disk.used(), (0, 2))


@check
def no_notify_sticks():
    """no-notify-stuck stays set when the kick is served, until the fault is taken away"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(False))
        disk.set_fault('no-notify-stuck', after=2)
        flags = []
        for _ in range(5):
            disk.post()                     # whoever obeyed the flag would not kick
            flags.append(m.read16(disk.ring.used))
        expect_equal('used.flags', flags, [0, 0] + 3 * [NO_NOTIFY])
        disk.set_fault('none')
        disk.post()
        expect_equal('used.flags without the fault', m.read16(disk.ring.used), 0)


@check
def silence():
    """a queue that is silent takes nothing, whatever it is kicked, and goes on without the fault"""
    with Machine(*disk_args(DRAFT)) as m:
        disk = Disk(m)
        disk.start(low_bits(True), high_bits(True))
        for queue, pending in (1, 0), (0, 1), (65535, 2):
            disk.set_fault('silent', queue=queue)
            disk.post()
            disk.kick()
            expect_equal(f'pending, queue {queue} silent', disk.pending(), pending)
        disk.set_fault('none')
        expect_equal('pending before a kick', disk.pending(), 2)
        disk.kick()
        expect_equal('pending', disk.pending(), 0)
        expect_none('after', ring_complaints(disk, True, True))


# property, its default, another value
PROPERTIES = [
    ('x-draft-fault', 'none', 'used-len'),
    ('x-draft-fault-queue', 65535, 1),
    ('x-draft-fault-after', 0, 0xffffffff),
    ('x-draft-fault-value', 0, (1 << 64) - 1),
    ('x-draft-fault-header', '', '0180ff'),
]


@check
def fault_properties():
    """off by default; set by -device, -global and qom-set, and what makes no sense is refused"""
    def given(separator):
        return separator.join(f'{name}={value}' for name, _, value in PROPERTIES)

    by_global = [x for name, _, value in PROPERTIES
                 for x in ('-global', f'virtio-blk-device.{name}={value}')]
    for args, column in ((disk_args(), 1), (disk_args(given(',')), 2),
                         ((*by_global, *disk_args()), 2)):
        with Machine(*args) as m:
            path = Disk(m).path
            for row in PROPERTIES:
                expect_equal(f'{row[0]} at start', row[column],
                             m.execute('qom-get', path=path, property=row[0]))
                for value in row[2], row[1]:
                    m.execute('qom-set', path=path, property=row[0], value=value)
                    expect_equal(row[0], m.execute('qom-get', path=path, property=row[0]), value)
            for name, value in (('x-draft-fault', 'no-such-fault'), ('x-draft-fault-header', 'fff'),
                                ('x-draft-fault-header', 'zz'), ('x-draft-fault-queue', 65536)):
                try:
                    m.execute('qom-set', path=path, property=name, value=value)
                except QemuError:
                    continue
                raise AssertionError(f'{name}={value} was not refused')
