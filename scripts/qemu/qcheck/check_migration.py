# SPDX-License-Identifier: GPL-2.0
"""What goes with a device to another QEMU, or into a snapshot."""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile

from . import machine
from .device import (DRAFT, GUEST_FEATURES, HEADER, ISR, MASK, RING, Device, bit, high_bits,
                     low_bits)
from .disk import SECTORS, SIZE, Disk, disk_args
from .machine import TIMEOUT, Machine, QemuGone, wait_for
from .runner import check, expect_equal, expect_none
from .suppression import ring_complaints
from .types import TYPES, all_types


def saved(args, path, start, use=None, **options):
    with Machine(*args, **options) as m:
        disk = Disk(m)
        start(disk)
        if use:
            use(disk)
        m.migrate_to(path)
        return disk


def load(m, path):
    """Whether it has begun: QEMU may come to an end before it answers."""
    with contextlib.suppress(QemuGone):
        m.execute('migrate-incoming', uri=f'exec:cat {path}')


def expect_loads(args, path, **options):
    with Machine(*args, '-incoming', 'defer', **options) as m:
        load(m, path)
        wait_for(lambda: m.execute('query-migrate').get('status') == 'completed')


def expect_refused(what, args, path, message, **options):
    """QEMU ends as for a stream that it cannot take, and says why."""
    with Machine(*args, '-incoming', 'defer', **options) as m:
        m.may_end = True
        load(m, path)
        expect_equal(f'{what}: exit status', m.process.wait(timeout=TIMEOUT), 1)
        if message not in m.said():
            raise AssertionError(f'{what}: {m.said()}')


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


@contextlib.contextmanager
def snapshot_image():
    """Where there is room for snapshots, or None if nothing makes it."""
    image = os.path.join(os.path.dirname(machine.binary), 'qemu-img')
    if not os.path.exists(image):
        image = shutil.which('qemu-img')
    if not image:
        yield None
        return
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'snapshot.qcow2')
        subprocess.run([image, 'create', '-q', '-f', 'qcow2', path, '1M'], check=True)
        yield path


def snapshot_args(path, properties):
    return ('-device', f'virtio-rng-pci,id=rng,addr=4,{properties}', '-drive',
            f'if=none,id=s,file={path},format=qcow2', '-device', 'virtio-blk-pci,drive=s')


@check
def snapshot_in_place():
    """savevm, something else negotiated, loadvm: as it was"""
    with snapshot_image() as path:
        if not path:
            return 'no qemu-img'
        with Machine(*snapshot_args(path, DRAFT)) as m:
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


NOT_OFFERED = 'Saved device offers features 31 and up of the draft, this one does not'
NOT_SAVED = 'Saved device does not offer features 31 and up of the draft, this one does'
LESS = 'Draft features 0x180000000 unsupported. Allowed features: 0x80000000'


@check
def migration_between_kinds():
    """a draft device's state loads into its like only, and only drafts send the subsection"""
    def args(properties=''):
        return disk_args(properties, bell=False)

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'stream')
        for low, high in ((low_bits(True), None), (low_bits(False), None),
                          (low_bits(True), high_bits(True))):
            for source, destination, message in (
                    ('', '', None), (DRAFT, DRAFT, None), ('', DRAFT, NOT_SAVED),
                    (DRAFT, '', NOT_OFFERED)):
                what = f'"{source}" to "{destination}", bits {low:#x} {high}'
                if high is not None and not source:
                    continue
                saved(args(source), path, lambda d, l=low, h=high: d.start(l, h),
                      lambda d: d.post(3))
                with open(path, 'rb') as f:
                    expect_equal(f'{what}: subsection', b'virtio/draft_features' in f.read(),
                                 bool(source))
                if message:
                    expect_refused(what, args(destination), path, message)
                else:
                    expect_loads(args(destination), path)
        saved(args(DRAFT), path, lambda d: d.start(low_bits(True), high_bits(True)))
        expect_refused('draft to less', args('x-features-hi=on'), path, LESS)


@check
def state_that_does_not_load():
    """of whatever is wrong, loadvm tells, and leaves no bit that the driver has not"""
    with snapshot_image() as path:
        if not path:
            return 'no qemu-img'
        for source, destination, message in (
                (DRAFT + ',vectors=0', DRAFT + ',vectors=2', 'get_pci_config_device'),
                ('event_idx=on', DRAFT, NOT_SAVED), (DRAFT, 'event_idx=on', NOT_OFFERED),
                (DRAFT, 'x-features-hi=on', LESS)):
            with Machine(*snapshot_args(path, source)) as m:
                Device(m, 'rng', 4).negotiate(low_bits(True), high_bits(True)
                                              if DRAFT in source else None)
                expect_equal('savevm', m.hmp('savevm a'), '')
            with Machine(*snapshot_args(path, destination)) as m:
                what = f'{source} to {destination}'
                said = m.hmp('loadvm a')
                if message not in said:
                    raise AssertionError(f'{what}: {said!r}')
                d = Device(m, 'rng', 4)
                expect_equal(f'{what}: bits left', d.status()['legacy-guest-features'] >> 31, 0)
                expect_equal(f'{what}: in the register', d.get(GUEST_FEATURES) >> 31, 0)
    return None


def stock_qemu():
    """One to exchange streams with and a machine that both know, or why there is none."""
    stock = os.environ.get('STOCK_QEMU') or shutil.which('qemu-system-x86_64')
    if not stock:
        return None, None, 'no stock QEMU (set STOCK_QEMU)'
    versions = [subprocess.run([x, '--version'], capture_output=True, text=True, check=True)
                .stdout.split('version ')[1].split('.')[:2] for x in (stock, machine.binary)]
    older = min(versions, key=lambda x: [int(y) for y in x])
    if older != versions[0]:
        return None, None, f'{stock} is newer'
    return stock, f'pc-i440fx-{".".join(older)},vmport=off', ''


@contextlib.contextmanager
def standing_still(known):
    """What makes a stock QEMU, which may lack the accelerator for it, do as good as nothing."""
    with tempfile.TemporaryDirectory() as directory:
        firmware = os.path.join(directory, 'firmware')
        with open(firmware, 'wb') as f:
            f.write(b'\xf4' * 65536)        # HLT, with interrupts off
        yield {'accel': 'tcg', 'machine': known}, ('-bios', firmware)


def plain_ring_complaints(disk):
    """Both directions go by their index, as far as that shows without counts or messages."""
    said = []
    for interrupt in True, False, True, False:
        for _ in range(2):
            disk.get(ISR, 1)
            disk.m.write16(disk.ring.used_event, disk.idx - (0 if interrupt else SIZE))
            disk.post()
            got = (disk.pending(), disk.m.read16(disk.ring.avail_event), disk.get(ISR, 1) & 1)
            if got != (0, disk.idx, int(interrupt)):
                said.append(f'pending, avail_event, interrupt: {got} at {disk.idx} {interrupt}')
    return said


@check
def streams_of_stock_qemu():
    """a default device's state goes to an unpatched QEMU and back, and its ring goes on"""
    stock, known, why = stock_qemu()
    if why:
        return why
    with tempfile.TemporaryDirectory() as directory, standing_still(known) as (options, firmware):
        path = os.path.join(directory, 'stream')
        args = (*firmware, *disk_args(bell=False))
        for source, destination in (machine.binary, stock), (stock, machine.binary):
            with Machine(*args, qemu=source, **options) as m:
                disk = Disk(m)
                disk.negotiate(low_bits(True))
                disk.prepare_ring()
                disk.set_queue(0, RING, msix=False)
                disk.go()
                disk.post()             # the first decision of all always interrupts
                expect_none(f'{source}', plain_ring_complaints(disk))
                m.migrate_to(path)
            with Machine(*args, '-incoming', 'defer', qemu=destination, **options) as m:
                load(m, path)
                wait_for(lambda: m.execute('query-status')['status'] == 'running')
                there = Disk(m, restored=disk)
                there.post()
                expect_none(f'{source} to {destination}', plain_ring_complaints(there))
        saved(disk_args(DRAFT, bell=False) + firmware, path,
              lambda d: d.start(low_bits(True), None), **options)
        expect_refused('draft to stock', args, path, 'error while loading state', qemu=stock,
                       **options)
    return None


@check
def stock_streams_of_all_types():
    """a default device of each type: what its driver sees is the same behind a stream"""
    stock, known, why = stock_qemu()
    if why:
        return why

    def seen(d):
        return d.get_bytes(0, ISR), d.get_bytes(ISR + 1, 32 - ISR - 1)

    with tempfile.TemporaryDirectory() as directory, standing_still(known) as (options, firmware):
        path = os.path.join(directory, 'stream')
        args = (*firmware, *all_types())
        for source, destination in (machine.binary, stock), (stock, machine.binary):
            with Machine(*args, qemu=source, **options) as m:
                before = []
                for i in range(len(TYPES)):
                    d = Device(m, f'd{i}', i + 4)
                    d.negotiate(low_bits(True))
                    d.set_queue(0, RING + 0x8000 * i, msix=False)
                    d.go()
                    before.append(seen(d))
                m.migrate_to(path)
            with Machine(*args, '-incoming', 'defer', qemu=destination, **options) as m:
                load(m, path)
                wait_for(lambda: m.execute('query-status')['status'] == 'running')
                for i, (kind, *_) in enumerate(TYPES):
                    d = Device(m, f'd{i}', i + 4, restored=True)
                    expect_equal(f'{kind} from {source}', seen(d), before[i])
    return None
