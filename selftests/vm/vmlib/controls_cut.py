# SPDX-License-Identifier: GPL-2.0
"""replay.py's own test: what may be on a disk after a cut, and what has to be."""

import os
import random
import struct
import tempfile

from . import replay

SECTOR = replay.SECTOR
SIZE = 4 * SECTOR


def log(requests):
    """The file for (flags, sector or None); a write of sector N is of bytes N + 1."""
    text = struct.pack("<QQQI", replay.MAGIC, 1, len(requests), SECTOR).ljust(SECTOR, b"\0")
    for flags, sector in requests:
        count = 0 if sector is None else 1
        text += struct.pack("<QQQQ", sector or 0, count, flags, 0).ljust(SECTOR, b"\0")
        text += bytes([(sector or 0) + 1]) * SECTOR * count
    return text


def outcomes(requests, number):
    """Which sets of sectors can be there after so many requests, in 40 tries."""
    with tempfile.TemporaryDirectory(prefix="vei-control-") as top:
        path = os.path.join(top, "log")
        with open(path, "wb") as file:
            file.write(log(requests))
        entries = replay.read_log(path)
        found = set()
        for seed in range(40):
            out = os.path.join(top, "disk")
            replay.Replay(entries, top, 0, SIZE).cut(number, random.Random(seed), out)
            with open(out, "rb") as file:
                disk = file.read()
            found.add("".join(str(i) for i in range(4) if disk[i * SECTOR] == i + 1))
    return found


# name, requests, after how many the power goes, what is there then
CUTS = [
    ("what was flushed is there, and of the rest any",
     [(0, 0), (replay.FLUSH, None), (0, 1), (0, 2)], 4, {"0", "01", "02", "012"}),
    ("a flush that nothing follows may not have come", [(0, 0), (replay.FLUSH, None)], 2,
     {"", "0"}),
    ("without a flush anything may be lost", [(0, 0), (0, 1)], 2, {"", "0", "1", "01"}),
    ("forced unit access is there by itself", [(0, 0), (replay.FUA, 1), (0, 2)], 3,
     {"1", "01", "12", "012"}),
    ("a flush with data is one before them", [(0, 0), (replay.FLUSH, 1), (0, 2)], 4,
     {"0", "01", "02", "012"}),
]


def run(control):
    for name, requests, number, wanted in CUTS:
        control.check(outcomes(requests, number) == wanted, f"power cut: {name}")
