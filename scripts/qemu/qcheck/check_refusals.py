# SPDX-License-Identifier: GPL-2.0
"""What cannot be is refused."""

import os
import subprocess
import tempfile

from .device import DRAFT, bit
from .machine import TIMEOUT, Machine
from .runner import check, expect_equal
from .vhost import VhostUserBackend


MODERN_ONLY = 'x-features-hi is not possible on a modern-only device'
VHOST = 'x-features-hi is not possible with vhost'


def refusals(vhost_user):
    net = '-device', 'virtio-net-pci'
    yield 'x-avail-event-idx needs x-features-hi=on', (), f'{net[1]},x-avail-event-idx=on'
    yield 'x-features-hi-mask needs x-features-hi=on', (), \
        'virtio-rng-pci,x-features-hi-mask=0x200000000'
    for wrong in 32, 31, 0:
        yield ('x-features-hi-mask can offer bits 33 to 63 only', (),
               f'virtio-balloon-pci,x-features-hi=on,x-features-hi-mask={bit(wrong, 40):#x}')
    yield MODERN_ONLY, (), f'{net[1]},x-features-hi=on,disable-legacy=on'
    yield MODERN_ONLY, (), 'virtio-rng-pci-non-transitional,x-features-hi=on'
    yield MODERN_ONLY, ('-device', 'pcie-root-port,id=rp'), \
        'virtio-scsi-pci,bus=rp,x-features-hi=on,x-avail-event-idx=on'
    chardev = '-chardev', f'socket,id=c,path={vhost_user}'
    yield VHOST, chardev + ('-netdev', 'vhost-user,id=n,chardev=c'), \
        f'{net[1]},netdev=n,x-features-hi=on'
    yield VHOST, chardev, 'vhost-user-blk-pci,chardev=c,x-features-hi=on'
    yield VHOST, chardev, 'vhost-user-scsi-pci,chardev=c,x-features-hi=on'


@check
def refused_at_start():
    """what cannot be is refused with a message, and the same device without it starts"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'vhost')
        VhostUserBackend(path)
        for message, args, device in refusals(path):
            with Machine(*args, '-device', device, machine='q35,vmport=off',
                         expect_start=False) as m:
                try:
                    status = m.process.wait(timeout=TIMEOUT)
                except subprocess.TimeoutExpired:
                    raise AssertionError(f'{device}: was not refused') from None
                if status != 1 or message not in m.said():
                    raise AssertionError(f'{device}: exit status {status}, {m.said()}')
            plain = ','.join(p for p in device.split(',')
                             if not p.startswith(('x-features-hi', 'x-avail-event')))
            with Machine(*args, '-device', plain, machine='q35,vmport=off'):
                pass


@check
def refused_when_plugged():
    """device_add refuses likewise, and the machine goes on"""
    with Machine() as m:
        for message, args, device in refusals('/nonexistent'):
            if args:
                continue
            said = m.hmp(f'device_add {device},id=x')
            if message not in said:
                raise AssertionError(f'{device}: {said!r}')
        if 'No virtio devices' not in m.hmp('info virtio'):
            raise AssertionError('a device is left')
        expect_equal('a sound one', m.hmp(f'device_add virtio-rng-pci,id=x,{DRAFT}'), '')
        expect_equal('devices', [x['name'] for x in m.execute('x-query-virtio')], ['virtio-rng'])
