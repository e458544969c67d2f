# SPDX-License-Identifier: GPL-2.0
"""A network device: its rings of any size, its interrupts, and the faults it has of its own."""

import itertools

from .device import (CONFIG_VECTOR, DRAFT, HEADER, HOST_FEATURES, MESSAGES, NO_INTERRUPT,
                     NO_NOTIFY, bit, high_bits, low_bits, u16)
from .machine import TIMEOUT, Machine
from .net import CONFIG_MTU, CONFIG_PAIRS, HEADER_SIZE, RX, TX, net_machine, packet
from .runner import check, expect_equal

F_MTU, F_MRG_RXBUF, F_MQ = 3, 15, 22


def exchange(net, wire, count):
    """So many packets each way, one after the other; what the driver asks for is left alone."""
    start = net.idx[RX]
    net.post_receive(min(4, net.rings[RX].size))
    for i in range(count):
        wire.send(packet(f'in {i}'))
        got = net.received(u16(start + i))
        expect_equal(f'received {i}', got, bytes(HEADER_SIZE) + packet(f'in {i}'))
        net.post_receive()
        expect_equal(f'used {i}', net.send(f'out {i}')[1], 0)
        expect_equal(f'sent {i}', wire.recv(4096), packet(f'out {i}'))


@check
def small_rings():
    """rings of 4 and more entries work across their ends, in each direction and dialect"""
    for size in 4, 8, 64, 128:
        with net_machine(f'{DRAFT},rx_queue_size={size},tx_queue_size={size}') as (net, wire):
            for used_event, avail_event in itertools.product((False, True), repeat=2):
                net.reset()
                net.start(low_bits(used_event), high_bits(avail_event))
                expect_equal('sizes', [r.size for r in net.rings], [size, size])
                exchange(net, wire, 10 if size < 10 else 3)


@check
def small_rings_are_refused():
    """those that are no ring: no power of two, or less than 4 entries"""
    for size, queue in itertools.product((0, 2, 3, 12, 2048), ('rx', 'tx')):
        with Machine('-device', f'virtio-net-pci,{queue}_queue_size={size}',
                     expect_start=False) as m:
            expect_equal(f'{queue} {size}: exit status', m.process.wait(timeout=TIMEOUT), 1)
            if f'{queue}_queue_size' not in m.said():
                raise AssertionError(f'{queue} {size}: {m.said()}')


@check
def several_used_at_once():
    """a packet that fills three buffers interrupts once, wherever used_event is among them"""
    with net_machine(DRAFT) as (net, wire):
        net.start(low_bits(True, F_MRG_RXBUF), high_bits(True))
        ring = net.rings[RX]
        for fault, wanted in (('none', [1, 1, 1, 0, 0]), ('unsuppressed-interrupts', 5 * [1]),
                              ('lost-interrupt', [0, 1, 1, 0, 0])):
            net.set_fault('none')
            net.post_receive(3, size=64)        # the first decision of all always interrupts
            wire.send(packet('').ljust(150))
            net.received(u16(net.idx[RX] - 3), 3)
            net.set_fault(fault)
            net.bell.rings()
            got = []
            for event in 0, 1, 2, 3, -1:
                start = net.idx[RX]
                net.m.write16(ring.used_event, start + event)
                net.post_receive(3, size=64)
                wire.send(packet('').ljust(150))
                expect_equal('length', len(net.received(start, 3)), HEADER_SIZE + 2 + 150)
                got.append(net.bell.rings())
            expect_equal(f'interrupts with fault {fault}', got, wanted)


@check
def transmit_lengths():
    """total-used-len and used-len: what a driver may be told of a buffer nobody wrote to"""
    with net_machine(DRAFT) as (net, wire):
        net.start(low_bits(True), high_bits(True))
        for fault, queue, wanted in (
                ('none', 65535, 0), ('total-used-len', 65535, HEADER_SIZE + len(packet(''))),
                ('total-used-len', RX, 0), ('used-len', TX, 77), ('used-len', RX, 0)):
            net.set_fault(fault, queue=queue, value=77)
            expect_equal(f'{fault} on queue {queue}', net.send('x')[1], wanted)
            wire.recv(4096)


@check
def transmit_without_kicks():
    """no-notify-stuck stays in the flags of the transmit queue, and of no other"""
    with net_machine(DRAFT) as (net, wire):
        net.start(0, 0)
        net.set_fault('no-notify-stuck', queue=TX, after=1)
        flags = []
        for _ in range(3):
            net.send('x')
            wire.recv(4096)
            flags.append(net.m.read16(net.rings[TX].used) & NO_NOTIFY)
        expect_equal('used.flags', flags, [0, NO_NOTIFY, NO_NOTIFY])
        net.m.write16(net.rings[RX].avail, NO_INTERRUPT)
        net.set_fault('none')
        exchange(net, wire, 2)
        expect_equal('used.flags without the fault',
                     net.m.read16(net.rings[TX].used) & NO_NOTIFY, 0)


@check
def net_header():
    """the bytes given stand at the start of each received header, the rest is as it was"""
    with net_machine(DRAFT) as (net, wire):
        net.start()
        data = bytes(HEADER_SIZE) + packet('y')
        for fault, header, after, wanted in (
                ('none', '0102', 0, 2 * [data]),
                ('net-header', '0102', 0, 2 * [b'\1\2' + data[2:]]),
                ('net-header', 'ffeeddccbbaa99887766', 1,
                 [data, bytes.fromhex('ffeeddccbbaa99887766') + data[HEADER_SIZE:]]),
                ('net-header', '', 0, 2 * [data]),
                # longer than the header: the packet is nobody's to touch
                ('net-header', 'ff' * 12, 0, 2 * [b'\xff' * HEADER_SIZE + data[HEADER_SIZE:]])):
            net.set_fault(fault, header=header, after=after)
            got = []
            for _ in wanted:
                start = net.idx[RX]
                net.post_receive()
                wire.send(packet('y'))
                got.append(net.received(start))
            expect_equal(f'{fault} {header} after {after}', got, wanted)
        # and with the number of buffers, which is not known when the header is written
        net.reset()
        net.start(bit(F_MRG_RXBUF))
        net.set_fault('net-header', header='00' * 10 + 'efbe', after=0)
        net.post_receive()
        wire.send(packet('y'))
        expect_equal('with mergeable buffers', net.received(0),
                     bytes(10) + b'\xef\xbe' + packet('y'))


@check
def gone_while_it_works():
    """at once, if after no access: no change of the link is told then"""
    with net_machine(DRAFT) as (net, _):
        net.start()
        net.set(CONFIG_VECTOR, 0, 2)
        for after, up in (1, False), (0, True), (1, False):
            net.m.write(MESSAGES, bytes(4))
            net.set_fault('gone', after=after)
            net.m.execute('set_link', name='net', up=up)
            expect_equal(f'told after {after}', any(net.m.read(MESSAGES, 4)), after == 1)


@check
def config_mtu():
    """the mtu field reads as given where an MTU is offered, and only there"""
    with net_machine(DRAFT + ',host_mtu=1400') as (net, _):
        expect_equal('offered', net.get(HOST_FEATURES) >> F_MTU & 1, 1)
        for fault, value, wanted in (('none', 67, 1400), ('config-mtu', 67, 67),
                                     ('config-mtu', 65535, 65535), ('none', 0, 1400)):
            net.set_fault(fault, value=value)
            expect_equal(f'{fault} {value}', net.get(HEADER + CONFIG_MTU, 2), wanted)
            expect_equal('MAC', net.get_bytes(HEADER, 6), bytes.fromhex('525400123456'))
    with net_machine(DRAFT) as (net, _):
        expect_equal('offered', net.get(HOST_FEATURES) >> F_MTU & 1, 0)
        before = net.get(HEADER + CONFIG_MTU, 2)
        net.set_fault('config-mtu', value=67)
        expect_equal('mtu not offered', net.get(HEADER + CONFIG_MTU, 2), before)


@check
def config_pairs():
    """max_virtqueue_pairs reads as given"""
    with net_machine(DRAFT + ',mq=on') as (net, _):
        for fault, value, wanted in (('none', 4, 1), ('config-pairs', 4, 4), ('config-pairs', 0, 0),
                                     ('config-pairs', 0x8001, 0x8001), ('none', 4, 1)):
            net.set_fault(fault, value=value)
            expect_equal(f'{fault} {value}', net.get(HEADER + CONFIG_PAIRS, 2), wanted)
