# SPDX-License-Identifier: GPL-2.0
"""Devices whose rings a vhost-user back end serves."""

import contextlib
import os
import struct
import tempfile

from .device import MESSAGES, RING, RING_PACKED, VERSION_1, Device, bit
from .machine import TIMEOUT, Machine, QemuError, wait_for
from .runner import check, expect_equal
from .vhost import GET_VRING_BASE, VhostUserBackend

FAULT = 'is not possible with vhost, which serves the rings'
# and the queues that QEMU starts of each
NET = 'virtio-net-pci,netdev=n,packed=on,ctrl_vq=off', 2
TYPES = [NET, ('vhost-user-scsi-pci,chardev=c,num_queues=1', 3),
         ('vhost-user-i2c-pci,chardev=c', 1), ('vhost-user-gpio-pci,chardev=c', 2)]


@contextlib.contextmanager
def vhost_args(device):
    """The back end, and what tells QEMU of it and of a device that it is for."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'vhost')
        args = ('-object', 'memory-backend-memfd,id=mem,size=16M,share=on',
                '-chardev', f'socket,id=c,path={path}')
        if 'netdev' in device:
            args += '-netdev', 'vhost-user,id=n,chardev=c'
        yield VhostUserBackend(path), args + ('-device', f'{device},id=d,addr=4')


def vhost_machine(args, **options):
    return Machine(*args, machine='pc,vmport=off,memory-backend=mem', **options)


class VhostDevice(Device):
    """By the modern interface."""

    def __init__(self, machine):
        super().__init__(machine, 'd', 4)
        self.msix(True, MESSAGES + 4)

    def set_status(self, status):
        self.m.write(self.modern_bar + 0x14, bytes([status]))

    def set_features(self, features):
        for select in 0, 1:
            self.m.write(self.modern_bar + 8, struct.pack('<I', select))
            self.m.write(self.modern_bar + 12,
                         struct.pack('<I', features >> 32 * select & 0xffffffff))

    def start(self, features, queues):
        self.set_status(3)
        self.set_features(features)
        for queue in range(queues):
            self.m.write16(self.modern_bar + 0x16, queue)
            for i in range(3):
                address = RING + queue * 0x8000 + (0, 0x2000, 0x3000)[i]
                self.m.write(self.modern_bar + 0x20 + 8 * i, struct.pack('<Q', address))
            self.m.write16(self.modern_bar + 0x1c, 1)
        self.set_status(7)
        wait_for(lambda: self.status()['vhost-dev'])


@check
def status_of_started_devices():
    """x-query-virtio-status of a device of each type that vhost-user has started"""
    for device, queues in TYPES:
        with vhost_args(device) as (_, args), vhost_machine(args) as m:
            d = VhostDevice(m)
            d.start(bit(VERSION_1), queues)
            if not d.status()['vhost-dev']['nvqs']:
                raise AssertionError(f'{device}: {d.status()["vhost-dev"]}')


@check
def stopped_after_a_change_of_format():
    """a driver that takes RING_PACKED back: at the end the back end is asked for each queue"""
    device, queues = NET
    for flip in False, True:
        with vhost_args(device) as (backend, args), vhost_machine(args) as m:
            d = VhostDevice(m)
            d.start(bit(VERSION_1, RING_PACKED), queues)
            before = d.status()['guest-features']
            if flip:
                d.set_features(bit(VERSION_1))
            after = d.status()['guest-features']
            backend.requests.clear()
            d.set_status(0)
            expect_equal(f'flip={flip}: queues that were stopped',
                         backend.requests.count(GET_VRING_BASE), queues)
            expect_equal('features', after, before)


@check
def faults_of_rings_are_refused():
    """at start and at run time; those of registers are not"""
    device, _ = NET
    for fault in ('lost-kick', 'used-len', 'net-header', 'net-header-scribble', 'used-idx-late',
                  'used-entries-late', 'used-scribble', 'silent', 'gone'):
        with vhost_args(f'{device},x-draft-fault={fault}') as (_, args), \
                vhost_machine(args, expect_start=False) as m:
            expect_equal(f'{fault}: exit status', m.process.wait(timeout=TIMEOUT), 1)
            if f'x-draft-fault={fault} {FAULT}' not in m.said():
                raise AssertionError(m.said())
    with vhost_args(f'{device},x-draft-fault=config-pairs,x-draft-fault-value=7') as (_, args), \
            vhost_machine(args) as m:
        d = VhostDevice(m)
        try:
            d.set_fault('lost-kick')
        except QemuError as e:
            if FAULT not in str(e):
                raise
        else:
            raise AssertionError('lost-kick was not refused')
        expect_equal('the fault', m.execute('qom-get', path=d.path, property='x-draft-fault'),
                     'config-pairs')
        d.set_fault('queue-size', value=5)
        expect_equal('the size', d.queue_size(), 5)
        # whose vhost_net has gone, and which therefore serves nothing
        m.execute('netdev_del', id='n')
        d.set_fault('lost-kick')
