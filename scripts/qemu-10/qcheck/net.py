# SPDX-License-Identifier: GPL-2.0
"""A network device with a socket at its other end."""

import contextlib
import os
import socket
import tempfile

from .device import (BUFFERS, MESSAGES, RING, WRITE, Bell, Device, Ring, u16)
from .machine import TIMEOUT, Machine, wait_for

RX, TX = 0, 1
HEADER_SIZE = 10            # without mergeable buffers, and two more with them
CONFIG_PAIRS, CONFIG_MTU = 8, 10
BUFFER_SIZE = 0x800


def packet(text):
    """An Ethernet frame for anyone."""
    return b'\xff' * 6 + b'\x52\x54\0\0\0\x01\x88\xb5' + text.encode().ljust(50)


@contextlib.contextmanager
def net_machine(properties='', netdev=''):
    """A machine with one, and the socket that its packets go to."""
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = (os.path.join(directory, x) for x in ('ours', 'theirs'))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.bind(ours)
            wire.settimeout(TIMEOUT)
            with Machine('-netdev', f'dgram,id=n,local.type=unix,local.path={theirs},'
                         f'remote.type=unix,remote.path={ours}',
                         '-device', 'virtio-net-pci,id=net,addr=5,netdev=n,ioeventfd=off,'
                         'mac=52:54:00:12:34:56' + (',' + properties if properties else ''),
                         *Bell.ARGS) as m:
                wire.connect(theirs)
                yield Net(m), wire


class Net(Device):
    """Descriptor i of each ring is a buffer of its own; they are used in turn."""

    def __init__(self, machine):
        super().__init__(machine, 'net', 5)
        self.bell = None
        self.rings = []
        self.idx = [0, 0]

    def start(self, low=0, high=None):
        self.bell = self.bell or Bell(self.m)
        self.msix(True, self.bell.doorbell)
        self.negotiate(low, high)
        self.m.write(MESSAGES, bytes(16))
        address, self.rings, self.idx = RING, [], [0, 0]
        for queue in RX, TX:
            ring = Ring(self.m, address, self.queue_size(queue))
            ring.clear()
            self.rings.append(ring)
            self.set_queue(queue, address)
            address = (ring.end + 4095) & ~4095
        self.go()
        for queue in RX, TX:
            self.delta(queue)

    def buffer(self, queue, i):
        return BUFFERS + (queue * 32 + i % self.rings[queue].size % 32) * BUFFER_SIZE

    def post_receive(self, count=1, size=BUFFER_SIZE):
        ring = self.rings[RX]
        for _ in range(count):
            i = self.idx[RX]
            ring.describe(i % ring.size, self.buffer(RX, i), size, WRITE)
            self.idx[RX] = u16(i + 1)
            ring.set_avail(self.idx[RX], i % ring.size)
        self.kick(RX)

    def received(self, i, count=1):
        """Wait until so many buffers were used from number i on: their contents in one."""
        ring = self.rings[RX]
        wait_for(lambda: ring.used_idx() == u16(i + count))
        content = b''
        for k in range(count):
            head, length = ring.used_element(i + k)
            content += self.m.read(self.buffer(RX, head), length)
        return content

    def send(self, text, header=bytes(HEADER_SIZE)):
        ring, i = self.rings[TX], self.idx[TX]
        data = header + packet(text)
        self.m.write(self.buffer(TX, i), data)
        ring.describe(i % ring.size, self.buffer(TX, i), len(data), 0)
        self.idx[TX] = u16(i + 1)
        ring.set_avail(self.idx[TX], i % ring.size)
        self.kick(TX)
        wait_for(lambda: ring.used_idx() == self.idx[TX])
        return ring.used_element(i)
