# SPDX-License-Identifier: GPL-2.0
"""The modern interface of a transitional draft device, and both crossed."""

import itertools
import random
import struct

from .device import (ACKNOWLEDGE, BUFFERS, DRAFT, DRIVER, DRIVER_OK, FEATURES_HI, FEATURES_OK,
                     GUEST_FEATURES, HEADER, QUEUE_NOTIFY, QUEUE_PFN, QUEUE_SEL, QUEUE_VECTOR,
                     RING, RING_PACKED, STATUS, USED_EVENT, VERSION_1, bit, high_bits, low_bits)
from .disk import PACKED_AVAIL, PACKED_USED, SIZE, Disk, ModernDisk, PackedDisk, disk_args
from .machine import Machine, wait_for
from .runner import check, expect_equal, expect_none
from .suppression import ring_complaints

# of random_walk, for each kind of device: these have ended in QEMU's end once
SEEDS, STEPS = (17, 28, 30), 400


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
    """a size written by the modern interface once either has set up the queue is not taken"""
    def sequence(disk, modern, legacy, features_ok):
        for size in 0, 3, 512, 0xffff:
            if features_ok:
                disk.start_modern(modern, features_ok)
            else:
                Disk.start(disk, legacy[0], high_bits(True) if legacy[1] else None)
            expect_equal(f'the size after {size}', disk.modern_queue_size(size), SIZE)
            use_both_doors(disk)
            disk.reset()

    cross(sequence)


@check
def enabled_in_use():
    """a queue in use is not enabled anew, not at address 0, nor is it shorter after that"""
    with Machine(*disk_args('packed=on')) as m:
        disk = PackedDisk(m)
        for features_ok in 0, FEATURES_OK:
            disk.start_packed(features_ok)
            for i in range(SIZE):
                if i in (1, SIZE // 2 - 1):
                    disk.enable_queue_at(0, 0, 0)
                    expect_equal('the size', disk.modern_queue_size(16), SIZE)
                    disk.enable_queue()
                expect_equal(f'request {i} used', disk.request(), True)
            disk.reset()
        Disk.start(disk, 0)
        disk.post(200)
        disk.enable_queue_at(0, 0, 0)
        disk.post(200)
        expect_equal('the legacy queue', disk.pending(), 0)
        # that which a reset leaves can be anything again
        disk.reset()
        expect_equal('the size after a reset', disk.modern_queue_size(16), 16)


def features_in_effect(disk):
    return disk.m.execute('x-query-virtio-status', path=disk.path)['guest-features']


@check
def format_changed_in_use():
    """RING_PACKED neither comes nor goes while there is a queue, and the queue goes on"""
    with Machine(*disk_args(DRAFT + ',packed=on')) as m:
        disk = PackedDisk(m)
        disk.start_packed(0)
        before = features_in_effect(disk)
        for i in range(SIZE):
            if i == SIZE // 2 - 1:
                legacy_features(disk, bit(USED_EVENT), True)
                expect_equal('after legacy bits', features_in_effect(disk), before)
                # before any write that is taken, which would end them as well
                expect_equal('draft bits', disk.status()['legacy-guest-features'] >> 31, 0)
                disk.set_features(bit(VERSION_1))
                expect_equal('without RING_PACKED', features_in_effect(disk), before)
            expect_equal(f'request {i} used', disk.request(), True)
        disk.reset()
        for start in (lambda: Disk.start(disk, bit(USED_EVENT), high_bits(True)),
                      lambda: disk.start_modern(bit(USED_EVENT, VERSION_1), 0)):
            start()
            disk.post(SIZE + 9)
            disk.set_features(bit(VERSION_1, RING_PACKED))
            ModernDisk.kick(disk)
            disk.reset()
            start()
            disk.post(SIZE + 9)
            before = disk.status()['legacy-guest-features']
            disk.m.write(disk.modern_bar + 8, b'\1\0\0\0')
            disk.m.write(disk.modern_bar + 12, b'\5\0\0\0')      # both bits in one write
            expect_equal('features', disk.status()['legacy-guest-features'], before)
            disk.post(SIZE + 9)
            expect_equal('pending', disk.pending(), 0)
            disk.reset()
        expect_none('after all that', started_complaints(disk))


def started_complaints(disk):
    disk.start_modern(bit(USED_EVENT, VERSION_1))
    return ring_complaints(disk, True, True)


@check
def format_changed_under_an_iothread():
    """the same while an iothread serves the queue"""
    args = ('-object', 'iothread,id=io', *disk_args('packed=on,iothread=io', bell=False))
    with Machine(*(x.replace('ioeventfd=off', 'ioeventfd=on') for x in args)) as m:
        disk = PackedDisk(m)
        for _ in range(40):
            disk.start_modern(bit(VERSION_1), 0)
            m.write(disk.modern_bar + 8, b'\1\0\0\0')
            for _ in range(4):
                disk.post(SIZE)
                wait_for(lambda: disk.pending() == 0)
            disk.post(SIZE)
            m.write(disk.modern_bar + 12, b'\5\0\0\0')
            disk.enable_queue()
            disk.kick()
            wait_for(lambda: disk.pending() == 0)
            disk.post(3)
            wait_for(lambda: disk.pending() == 0)
            disk.reset()


@check
def event_index_under_an_iothread():
    """bit 29 comes while an iothread serves the last of many queues: QEMU goes on"""
    queues, idle = 1000, BUFFERS + 0x20000
    for draft in '', DRAFT:
        args = [x.replace('ioeventfd=off', 'ioeventfd=on').replace('num-queues=1',
                                                                   f'num-queues={queues}')
                for x in disk_args((draft + ',' if draft else '') + 'iothread=io', bell=False)]
        with Machine('-object', 'iothread,id=io', *args) as m:
            disk = Disk(m)
            for count in range(1, 31):
                disk.negotiate(0)
                disk.prepare_ring()
                for queue in range(queues):
                    disk.set_queue(queue, RING if queue == queues - 1 else idle, msix=False)
                disk.go()
                # whenever it is done with these, between the first cache and the last
                disk.post(count, kick=False)
                disk.kick(queues - 1)
                disk.set(GUEST_FEATURES, bit(USED_EVENT))
                wait_for(lambda: disk.pending() == 0)
                disk.reset()


@check
def broken_packed_ring():
    """two wrong requests on a packed ring: QEMU goes on, and a reset makes the device sound"""
    with Machine(*disk_args('packed=on')) as m:
        disk = PackedDisk(m)
        disk.start_packed()
        for i in 1, 0:
            disk.describe(i, BUFFERS, 16, PACKED_AVAIL)     # nowhere to answer to
        disk.kick()
        expect_equal('broken', disk.status()['broken'], True)
        disk.reset()
        disk.start_packed()
        expect_equal('used', disk.request(), True)


class Walk:
    """Steps of a driver out of its mind, the same for each seed."""

    RINGS = RING, RING + 0x8000
    QUEUE_SIZE = 64

    def __init__(self, machine, seed):
        self.m = machine
        self.random = random.Random(seed)
        self.disk = ModernDisk(machine)
        self.disk.msix(True)
        self.bar = self.disk.modern_bar

    def some(self, bits, chance):
        return bit(*(b for b in bits if self.random.random() < chance))

    def memory(self):
        self.m.write(BUFFERS, struct.pack('<IIQ', 8, 0, 0))
        for base in self.RINGS:
            self.m.write(base, b''.join(
                struct.pack('<QIHH', address, length, flags if self.random.random() < .9
                            else self.random.getrandbits(16), 3 * i + j + 1)
                for i in range(self.QUEUE_SIZE // 3) for j, (address, length, flags) in enumerate(
                    ((BUFFERS, 16, 1), (BUFFERS + 64, 20, 3), (BUFFERS + 128, 1, 2)))))

    def modern_features(self):
        self.disk.set_features(self.some((24, 28, 29, 30, 31, 32, 34, 35, 40, 41, 63), .4))

    def legacy_features(self):
        self.disk.set(GUEST_FEATURES, self.some((24, 28, 29, 31), .6))

    def legacy_register(self):
        size = self.random.choice((1, 2, 4))
        offset = self.random.randrange(20, 32) & -size
        self.disk.set(offset, self.random.choice((0, 1, self.random.getrandbits(8 * size))), size)

    def legacy_queue(self):
        self.disk.set(QUEUE_PFN, self.random.choice(9 * self.RINGS + (0,)) >> 12)

    def select(self):
        self.disk.set(QUEUE_SEL, self.random.choice((0, 0, 0, 1, 2)), 2)

    def size(self):
        self.disk.modern_queue_size(self.random.choice(
            (0, 1, 3, 4, 8, 16, 32, 64, 64, 65, 128, 1024, 65535)))

    def enable(self):
        base = self.random.choice(self.RINGS + (0,))
        self.disk.enable_queue_at(base, base and base + 0x1000, base and base + 0x2000)

    def reset_queue(self):
        if self.random.random() < .3:
            self.m.write16(self.bar + 0x3a, 1)

    def status(self):
        status = self.random.choice((0, 3, 7, 7, 7, 11, 15, 15))
        if self.random.random() < .5:
            self.disk.set(STATUS, status, 1)
        else:
            self.disk.set_status(status)

    def kick(self):
        for base in self.RINGS:
            for avail in base + 0x1000, base + 16 * self.QUEUE_SIZE, base + 16 * 16:
                if self.random.random() < .7:
                    self.m.write16(avail + 2, self.m.read16(avail + 2)
                                   + self.random.choice((1, 2, 20, 63)))
            if self.random.random() < .3:
                self.packed_flags(base)
        queue = self.random.choice((0, 0, 1))
        if self.random.random() < .5:
            self.disk.set(QUEUE_NOTIFY, queue, 2)
        else:
            self.m.write16(self.disk.doorbell + 4 * queue, queue)

    def packed_flags(self, base):
        table = bytearray(self.m.read(base, 16 * (self.QUEUE_SIZE - 1)))
        for i in range(14, len(table), 16):
            table[i] = table[i] & 0x7f | self.random.choice((0, PACKED_AVAIL))
            table[i + 1] = table[i + 1] & 0x7f | self.random.choice((0, PACKED_USED >> 8))
        self.m.write(base, bytes(table))

    def messages(self):
        self.disk.msix(self.random.random() < .5)

    def vector(self):
        self.disk.set(QUEUE_VECTOR, self.random.choice((0, 1, 2, 3, 0xffff)), 2)

    def go(self, steps):
        self.memory()
        choice = (self.modern_features, self.legacy_features, self.legacy_register,
                  self.legacy_queue, self.select, self.size, *2 * (self.enable, self.status),
                  *5 * (self.kick,), self.messages, self.vector, self.memory, self.reset_queue)
        for _ in range(steps):
            self.random.choice(choice)()
        self.m.execute('query-status')


@check
def random_walk():
    """over both interfaces at once, with nonsense in the rings: QEMU goes on"""
    for properties in 'packed=on', DRAFT + ',packed=on':
        for seed in SEEDS:
            try:
                with Machine('-blockdev', 'driver=null-co,node-name=null,size=4194304',
                             '-device', 'virtio-blk-pci,id=disk,addr=4,drive=null,num-queues=2,'
                             f'queue-size={Walk.QUEUE_SIZE},ioeventfd=off,{properties}') as m:
                    Walk(m, seed).go(STEPS)
            except Exception as e:
                raise AssertionError(f'{properties}, seed {seed}: {e!r}') from e


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
