# SPDX-License-Identifier: GPL-2.0
"""A block device whose one request is done when the kick returns."""

import struct

from .device import (BUFFERS, MESSAGES, NEXT, RING, RING_PACKED, VERSION_1, WRITE, ACKNOWLEDGE,
                     DRIVER, DRIVER_OK, FEATURES_OK, Bell, Device, Ring, bit, u16)

SIZE = 256
WRITTEN, TOTAL = 21, 37     # bytes of a request that the device writes, and all
SECTORS = (4 << 20) // 512
PACKED_AVAIL, PACKED_USED = 1 << 7, 1 << 15     # flags of a packed descriptor


def disk_args(properties='', slot=4, bell=True):
    return ('-blockdev', 'driver=null-co,node-name=null,size=4194304',
            '-device', f'virtio-blk-pci,id=disk,addr={slot:#x},drive=null,'
            f'num-queues=1,queue-size={SIZE},ioeventfd=off'
            + (',' + properties if properties else '')) + (Bell.ARGS if bell else ())


class Disk(Device):
    """Its request is GET_ID, which needs no back end to wait for."""

    def __init__(self, machine, restored=None):
        super().__init__(machine, 'disk', 4, restored=bool(restored))
        self.ring = Ring(machine, RING, SIZE)
        self.idx = restored.idx if restored else 0
        self.bell = None
        if restored and restored.bell:
            self.bell = Bell(machine, restored=True)

    def start(self, low, high=None, msix=True):
        if msix:
            self.enable_msix()
        offered, acknowledged = self.negotiate(low, high)
        assert self.queue_size() == SIZE
        self.prepare_ring()
        self.set_queue(0, RING, msix)
        self.go()
        self.delta()
        return offered, acknowledged

    def enable_msix(self):
        if Bell.ARGS[1] in self.m.args:
            self.bell = self.bell or Bell(self.m)
        self.msix(True, self.bell.doorbell if self.bell else MESSAGES + 4)

    def prepare_ring(self):
        self.idx = 0
        self.ring.clear()
        self.m.write(BUFFERS, struct.pack('<IIQ', 8, 0, 0))
        self.ring.describe(0, BUFFERS, 16, NEXT, 1)
        self.ring.describe(1, BUFFERS + 64, 20, NEXT | WRITE, 2)
        self.ring.describe(2, BUFFERS + 128, 1, WRITE)

    def post(self, count=1, kick=True):
        """All entries name the chain at descriptor 0: the device does one at a time."""
        self.idx = u16(self.idx + count)
        self.ring.set_avail(self.idx)
        if kick:
            self.kick()

    def pending(self):
        return u16(self.idx - self.ring.used_idx())

    def used(self):
        """The used element of the last request."""
        return self.ring.used_element(u16(self.idx - 1))

    def interrupts(self):
        """How many since the last call."""
        return self.bell.rings()


class ModernDisk(Disk):
    """The same disk by the modern interface."""

    def features(self, select):
        self.m.write(self.modern_bar, struct.pack('<I', select))
        return struct.unpack('<I', self.m.read(self.modern_bar + 4, 4))[0]

    def set_features(self, features):
        for select in 0, 1:
            self.m.write(self.modern_bar + 8, struct.pack('<I', select))
            self.m.write(self.modern_bar + 12,
                         struct.pack('<I', features >> 32 * select & 0xffffffff))

    def set_status(self, status):
        self.m.write(self.modern_bar + 0x14, bytes([status]))

    def enable_queue(self):
        for offset, value in (0x16, 0), (0x18, SIZE), (0x1a, 1):
            self.m.write16(self.modern_bar + offset, value)
        self.enable_queue_at(self.ring.desc, self.ring.avail, self.ring.used)

    def enable_queue_at(self, *addresses):
        for i, address in enumerate(addresses):
            self.m.write(self.modern_bar + 0x20 + 8 * i, struct.pack('<I', address))
            self.m.write(self.modern_bar + 0x24 + 8 * i, struct.pack('<I', 0))
        self.m.write(self.modern_bar + 0x1c, b'\x01\x00')

    def modern_queue_size(self, size=None):
        """Written if one is given, and read."""
        if size is not None:
            self.m.write16(self.modern_bar + 0x18, size)
        return self.m.read16(self.modern_bar + 0x18)

    def start_modern(self, features, features_ok=FEATURES_OK):
        self.enable_msix()
        self.set_status(ACKNOWLEDGE | DRIVER)
        self.set_features(features)
        self.set_status(ACKNOWLEDGE | DRIVER | features_ok)
        self.prepare_ring()
        self.enable_queue()
        self.set_status(ACKNOWLEDGE | DRIVER | features_ok | DRIVER_OK)
        self.delta()

    def kick(self, queue=0):
        self.m.write(self.doorbell, struct.pack('<H', queue))


class PackedDisk(ModernDisk):
    """The same disk with a packed ring, each request in the next two places of it."""

    def start_packed(self, features_ok=FEATURES_OK):
        self.start_modern(bit(VERSION_1, RING_PACKED), features_ok)

    def describe(self, i, address, length, flags):
        self.m.write(self.ring.desc + 16 * i, struct.pack('<QIHH', address, length, i, flags))

    def request(self):
        """Whether it has been used when the kick returns."""
        lap, i = divmod(2 * self.idx, SIZE)
        mine, both = (PACKED_USED if lap % 2 else PACKED_AVAIL), PACKED_AVAIL | PACKED_USED
        self.idx += 1
        self.describe(i + 1, BUFFERS + 64, WRITTEN, mine | WRITE)
        self.describe(i, BUFFERS, 16, mine | NEXT)
        self.kick()
        flags = self.m.read16(self.ring.desc + 16 * i + 14)
        return flags & both == (0 if lap % 2 else both)
