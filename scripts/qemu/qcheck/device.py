# SPDX-License-Identifier: GPL-2.0
"""A virtio-pci device by its registers, and a split ring."""

import struct

NOTIFY_ON_EMPTY, USED_EVENT, BAD_FEATURE, FEATURES_HI, AVAIL_EVENT = 24, 29, 30, 31, 32
VERSION_1, RING_PACKED = 32, 34     # of the modern interface
NO_INTERRUPT = NO_NOTIFY = 1
NEXT, WRITE = 1, 2      # of a descriptor

HOST_FEATURES, GUEST_FEATURES, QUEUE_PFN, QUEUE_NUM = 0, 4, 8, 12
QUEUE_SEL, QUEUE_NOTIFY, STATUS, ISR, HEADER = 14, 16, 18, 19, 20
CONFIG_VECTOR, QUEUE_VECTOR = 20, 22        # with MSI-X
ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK = 1, 2, 4, 8

DRAFT = 'x-features-hi=on,x-avail-event-idx=on'
MASK = 1 << 40 | 1 << 63

# guest memory: rings, buffers, where MSI-X messages go, and the ring of the Bell
RING = 0x100000
BUFFERS = 0x180000
MESSAGES = 0x1f0000
BELL_RING = 0x200000


def bit(*numbers):
    return sum(1 << n for n in numbers)


def u16(x):
    return x & 0xffff


def high_bits(avail_event):
    return bit(AVAIL_EVENT - 32) if avail_event else 0


def low_bits(used_event, *others):
    return bit(*others) | (bit(USED_EVENT) if used_event else 0)


class Ring:
    """A split ring in the legacy layout."""

    def __init__(self, machine, address, size):
        self.m = machine
        self.size = size
        self.desc = address
        self.avail = address + 16 * size
        self.used_event = self.avail + 4 + 2 * size
        self.used = (self.used_event + 2 + 4095) & ~4095
        self.avail_event = self.used + 4 + 8 * size
        self.end = self.avail_event + 2

    def clear(self):
        self.m.write(self.desc, bytes(self.end - self.desc))

    def describe(self, i, address, length, flags, following=0):
        self.m.write(self.desc + 16 * i, struct.pack('<QIHH', address, length, flags, following))

    def set_avail(self, idx, head=None):
        """Show the device all before idx, the last of them being head."""
        if head is not None:
            self.m.write16(self.avail + 4 + 2 * (u16(idx - 1) % self.size), head)
        self.m.write16(self.avail + 2, idx)

    def used_idx(self):
        return self.m.read16(self.used + 2)

    def used_element(self, idx):
        return struct.unpack('<II', self.m.read(self.used + 4 + 8 * (idx % self.size), 8))


class Device:
    """One virtio-pci device, as its driver sees it."""

    def __init__(self, machine, name, slot, restored=False):
        self.m = machine
        self.slot = slot
        self.path = f'/machine/peripheral/{name}/virtio-backend'
        self.port = 0xc000 + slot * 0x200
        self.msix_bar = 0xfe000000 + slot * 0x10000
        self.modern_bar = 0xfd000000 + slot * 0x100000
        self.doorbell = self.modern_bar + 0x3000
        self.seen = {}
        if not restored:
            self.config(0x10, 4, self.port)
            self.config(0x14, 4, self.msix_bar)
            self.config(0x20, 4, self.modern_bar)
            self.config(0x24, 4, 0)
            self.config(0x04, 2, 7)

    def config(self, offset, size, value=None):
        self.m.out(0xcf8, 4, 1 << 31 | self.slot << 11 | offset & ~3)
        if value is None:
            return self.m.inp(0xcfc + (offset & 3), size)
        return self.m.out(0xcfc + (offset & 3), size, value)

    def bar0_size(self):
        self.config(0x10, 4, 0xffffffff)
        size = -(self.config(0x10, 4) & ~3) & 0xffffffff
        self.config(0x10, 4, self.port)
        return size

    def get(self, offset, size=4):
        return self.m.inp(self.port + offset, size)

    def set(self, offset, value, size=4):
        self.m.out(self.port + offset, size, value)

    def get_bytes(self, offset, count):
        return bytes(self.get(offset + i, 1) for i in range(count))

    def msix_capability(self):
        assert self.config(0, 2) == 0x1af4, f'no virtio device in slot {self.slot}'
        cap = self.config(0x34, 1)
        while cap and self.config(cap, 1) != 0x11:
            cap = self.config(cap + 1, 1)
        return cap

    def has_msix(self):
        cap = self.msix_capability()
        return bool(cap and self.config(cap + 2, 2) & 0x8000)

    def msix(self, on, queue_messages=MESSAGES + 4):
        """Messages go to memory, where they can be seen; those of vector 1 to the place given."""
        cap = self.msix_capability()
        control = self.config(cap + 2, 2)
        self.config(cap + 2, 2, control | 0x8000 if on else control & ~0x8000)
        if on:
            for vector, address in enumerate((MESSAGES, queue_messages)):
                self.m.write(self.msix_bar + 16 * vector,
                             struct.pack('<QII', address, 0x5555aaaa, 0))

    def reset(self):
        self.set(STATUS, 0, 1)

    def negotiate(self, low, high=None):
        """The draft's order; returns (offered, acknowledged) as 64 bits."""
        base = HEADER + 4 * self.has_msix()
        self.set(STATUS, ACKNOWLEDGE, 1)
        self.set(STATUS, ACKNOWLEDGE | DRIVER, 1)
        offered = self.get(HOST_FEATURES)
        if high is not None:
            self.set(GUEST_FEATURES, bit(FEATURES_HI))
            offered |= self.get(base) << 32
            self.set(base + 4, high)
            low |= bit(FEATURES_HI)
        self.set(GUEST_FEATURES, low)
        acknowledged = self.get(GUEST_FEATURES)
        if high is not None:
            acknowledged |= self.get(base + 4) << 32
        return offered, acknowledged

    def queue_size(self, queue=0):
        self.set(QUEUE_SEL, queue, 2)
        return self.get(QUEUE_NUM, 2)

    def set_queue(self, queue, address, msix=True):
        self.set(QUEUE_SEL, queue, 2)
        if msix:
            self.set(QUEUE_VECTOR, 1, 2)
        self.set(QUEUE_PFN, address >> 12)

    def go(self):
        self.set(STATUS, ACKNOWLEDGE | DRIVER | DRIVER_OK, 1)

    def kick(self, queue=0):
        self.set(QUEUE_NOTIFY, queue, 2)

    def status(self):
        return self.m.execute('x-query-virtio-status', path=self.path)

    def stats(self, queue=0):
        return self.m.execute('x-query-virtio-queue-notify-stats', path=self.path, queue=queue)

    def delta(self, queue=0):
        """The counts since the last call."""
        now = self.stats(queue)
        before, self.seen[queue] = self.seen.get(queue, {}), now
        return {k: now[k] - before.get(k, 0) for k in now if k not in ('name', 'queue-index')}

    def set_fault(self, fault, **others):
        """The fault itself last, which arms it."""
        for name, value in others.items():
            self.m.execute('qom-set', path=self.path, property='x-draft-fault-' + name,
                           value=value)
        self.m.execute('qom-set', path=self.path, property='x-draft-fault', value=fault)


class Bell(Device):
    """Counts messages: an entropy device, and its doorbell is where they are sent.

    Memory shows that there was a message, but not how many, and the counts of the
    device that sends them are what is to be checked.
    """

    ARGS = '-device', 'virtio-rng-pci,id=bell,addr=0xa,ioeventfd=off'

    def __init__(self, machine, restored=False):
        super().__init__(machine, 'bell', 10, restored)
        if not restored:
            self.negotiate(0)
            self.set_queue(0, BELL_RING, msix=False)    # empty for ever
            self.go()
        self.delta()

    def rings(self):
        """How many since the last call."""
        return self.delta()['kicks']
