# SPDX-License-Identifier: GPL-2.0
"""Our suites as kselftest knows them: by device type, in a place of the kernel's tree."""

# by the name below selftests/; image puts them there
COLLECTIONS = {
    "net": "drivers/net/virtio_ei",
    "blk": "drivers/block/virtio_ei",
    "rng": "drivers/char/virtio_ei",
    "soak": "drivers/virtio/virtio_ei",
}


def collect(kind, *names):
    """COLLECTION:SUITE for each of these of one type."""
    return [f"{COLLECTIONS[kind]}:{name}" for name in names]
