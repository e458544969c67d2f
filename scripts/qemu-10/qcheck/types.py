# SPDX-License-Identifier: GPL-2.0
"""One device of each type that has a legacy interface."""

import struct

# type, extra properties, where in its configuration, and what is there
TYPES = [
    ('virtio-net-pci', 'vectors=2,mac=52:54:00:12:34:56', 0, bytes.fromhex('525400123456')),
    ('virtio-blk-pci', 'vectors=2,drive=null', 0, struct.pack('<Q', (3 << 20) // 512)),
    ('virtio-scsi-pci', 'vectors=2,num_queues=3', 0, struct.pack('<I', 3)),
    ('virtio-serial-pci', 'vectors=2,max_ports=5', 4, struct.pack('<I', 5)),
    ('virtio-balloon-pci', '', 0, bytes(8)),
    ('virtio-rng-pci', 'vectors=2', 0, b''),
]


def all_types(properties=''):
    args = ['-blockdev', f'driver=null-co,node-name=null,size={3 << 20}']
    for i, (kind, extra, *_) in enumerate(TYPES):
        args += ['-device', ','.join(filter(None, (
            kind, f'id=d{i}', f'addr={i + 4:#x}', extra, properties)))]
    return args
