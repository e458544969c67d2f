# SPDX-License-Identifier: GPL-2.0
"""What goes with a device to another QEMU, or into a snapshot."""

import itertools
import os
import shutil
import subprocess
import tempfile

from . import machine
from .device import (DRAFT, GUEST_FEATURES, HEADER, MASK, RING, Device, bit, high_bits, low_bits)
from .disk import SECTORS, Disk, disk_args
from .machine import TIMEOUT, Machine, QemuError, wait_for
from .runner import check, expect_equal, expect_none
from .suppression import ring_complaints


def saved(args, path, start, use=None):
    with Machine(*args) as m:
        disk = Disk(m)
        start(disk)
        if use:
            use(disk)
        m.migrate_to(path)
        return disk


def load_error(args, path, **options):
    """None, or what the destination says"""
    with Machine(*args, '-incoming', f'exec:cat {path}', **options) as m:
        m.may_end = True
        try:
            wait_for(lambda: m.execute('query-status')['status'] != 'inmigrate')
            wait_for(lambda: m.execute('query-migrate').get('status') == 'completed')
            return None
        except QemuError:
            m.process.wait(timeout=TIMEOUT)
            return m.said()


@check
def migration_keeps_what_was_negotiated():
    """in each combination the other side has the bits, the layout and the suppression"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'stream')
        for used_event, avail_event in itertools.product((False, True), repeat=2):
            what = f'used_event={used_event} avail_event={avail_event}'
            low, high = low_bits(used_event), high_bits(avail_event)
            args = disk_args(f'{DRAFT},x-features-hi-mask={MASK:#x}')
            source = saved(args, path, lambda d: d.start(low, high | MASK >> 32),
                           lambda d: d.post(3))
            with Machine(*args, '-incoming', f'exec:cat {path}') as m:
                wait_for(lambda: m.execute('query-status')['status'] == 'running')
                disk = Disk(m, restored=source)
                expect_equal(f'{what}: low', disk.get(GUEST_FEATURES), low | bit(31))
                expect_equal(f'{what}: high', disk.get(28), high | MASK >> 32)
                expect_equal(f'{what}: capacity', disk.get(32), SECTORS)
                expect_none(what, ring_complaints(disk, used_event, avail_event))


@check
def snapshot_in_place():
    """savevm, something else negotiated, loadvm: as it was"""
    image = os.path.join(os.path.dirname(machine.binary), 'qemu-img')
    if not os.path.exists(image):
        image = shutil.which('qemu-img')
    if not image:
        return 'no qemu-img'
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'snapshot.qcow2')
        subprocess.run([image, 'create', '-q', '-f', 'qcow2', path, '1M'], check=True)
        args = ('-device', 'virtio-rng-pci,id=rng,addr=4,' + DRAFT, '-drive',
                f'if=none,id=s,file={path},format=qcow2', '-device', 'virtio-blk-pci,drive=s')
        with Machine(*args) as m:
            d = Device(m, 'rng', 4)
            d.negotiate(low_bits(True), high_bits(True))
            expect_equal('savevm', m.hmp('savevm a'), '')
            d.reset()
            d.negotiate(0)
            expect_equal('between', d.status()['legacy-guest-features'], 0)
            expect_equal('loadvm', m.hmp('loadvm a'), '')
            expect_equal('after', d.status()['legacy-guest-features'], bit(29, 31, 32))
            expect_equal('register', d.get(HEADER + 4), 1)
    return None


@check
def migration_between_kinds():
    """a draft device's state loads into its like only, and only drafts send the subsection"""
    def args(properties=''):
        return disk_args(properties, bell=False)

    with tempfile.TemporaryDirectory() as directory:
        draft, plain = (os.path.join(directory, x) for x in ('draft', 'plain'))
        saved(args(DRAFT), draft, lambda d: d.start(low_bits(True), high_bits(True)))
        saved(args(), plain, lambda d: d.start(low_bits(True)))
        for path, wanted in (draft, True), (plain, False):
            with open(path, 'rb') as f:
                expect_equal(f'subsection in {path}',
                             b'virtio/draft_features' in f.read(), wanted)
        expect_equal('plain to plain', load_error(args(), plain), None)
        expect_equal('draft to draft', load_error(args(DRAFT), draft), None)
        for what, destination, path, message in (
                ('plain to draft', args(DRAFT), plain, 'does not offer features 31 and up'),
                ('draft to plain', args(), draft, 'virtio'),
                ('draft to less', args('x-features-hi=on'), draft,
                 'Draft features 0x180000000 unsupported')):
            said = load_error(destination, path)
            if said is None or message not in said:
                raise AssertionError(f'{what}: {said}')


@check
def streams_of_stock_qemu():
    """a default device's state goes to an unpatched QEMU and back"""
    stock = os.environ.get('STOCK_QEMU') or shutil.which('qemu-system-x86_64')
    if not stock:
        return 'no stock QEMU (set STOCK_QEMU)'
    versions = [subprocess.run([x, '--version'], capture_output=True, text=True,
                               check=True).stdout.split('(')[0].split('\n')[0].split()[:4]
                for x in (stock, machine.binary)]
    if versions[0] != versions[1]:
        return f'{stock} is another version'
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'stream')
        for source, destination in (machine.binary, stock), (stock, machine.binary):
            # -S, as a stock QEMU may lack the accelerator that stands still
            args = *disk_args(bell=False), '-S'
            with Machine(*args, qemu=source, accel='tcg') as m:
                disk = Disk(m)
                disk.negotiate(low_bits(True))
                disk.prepare_ring()
                disk.set_queue(0, RING, msix=False)
                disk.go()
                disk.post(3)
                m.migrate_to(path)
            expect_equal(f'{source} to {destination}',
                         load_error(args, path, qemu=destination, accel='tcg'), None)
    return None
