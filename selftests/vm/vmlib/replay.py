# SPDX-License-Identifier: GPL-2.0
"""A log of blklogwrites, and the disk as it is when the power goes in the middle of it.

The format is that of Linux's dm-log-writes: a superblock, then for each request a header
of one sector and the data. QEMU's filter puts a request into the log when it is submitted.
A flush counts once anything follows it in the log; what was logged before such a flush is
on the disk. Of what was written since, any part may have arrived, in any order, and of one
request any of its sectors. Whatever is made of it here a disk with a volatile cache may do.
The other way round that is not so: a write that is still under way when a flush is
submitted need not be covered by it, but is taken for covered, as the log does not tell.
"""

import mmap
import os
import struct
import subprocess

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512


class LogError(Exception):
    """This is no log."""


class Entry:
    """One request; data is None if it has none."""
    __slots__ = ("start", "length", "flags", "data")

    def __init__(self, start, length, flags, data):
        self.start = start
        self.length = length
        self.flags = flags
        self.data = data


def read_log(path):
    """All entries; a flush with data comes as two, the flush first."""
    if os.path.getsize(path) < SECTOR:
        raise LogError(f"{path} is empty")
    with open(path, "rb") as file:
        log = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    magic, version, number, sector = struct.unpack_from("<QQQI", log)
    if magic != MAGIC or version != 1:
        raise LogError(f"{path} is no log of blklogwrites")
    entries, where = [], sector
    for _ in range(number):
        start, count, flags, _length = struct.unpack_from("<QQQQ", log, where)
        where += sector
        size = count * sector
        data = None
        if count and not flags & (DISCARD | MARK):
            data = log[where:where + size]
            where += size
        if flags & FLUSH and data is not None:
            entries.append(Entry(0, 0, FLUSH, None))
            flags &= ~FLUSH
        entries.append(Entry(start * sector, size, flags, data))
    return entries


class Replay:
    """A piece of the disk at one cut after the other, in the order of the log.

    It is a file with holes: little of a disk is ever written, and copied.
    """

    def __init__(self, entries, work, begin, end):
        self.entries = entries
        self.begin, self.end = begin, end
        self.image = os.path.join(work, "durable")
        with open(self.image, "wb") as file:
            file.truncate(end - begin)
        self.safe = 0                   # entries that are in the image

    def cut(self, number, rng, path):
        """The power goes when so many requests have been submitted; what is left is in path."""
        with open(self.image, "r+b", buffering=0) as file:
            for index in range(self.safe, number - 1):
                if self.entries[index].flags & FLUSH:
                    for entry in self.entries[self.safe:index]:
                        self.apply(file, entry)
                    self.safe = index + 1
        subprocess.run(["cp", "--sparse=always", self.image, path], check=True)
        since = self.entries[self.safe:number]
        # on the disk by themselves
        sure = [entry for entry in since[:-1] if entry.flags & FUA]
        rest = [entry for entry in since[:-1] if not entry.flags & FUA] + since[-1:]
        rest = [entry for entry in rest if rng.random() < 0.5]
        rng.shuffle(rest)
        with open(path, "r+b", buffering=0) as file:
            for entry in sure:
                self.apply(file, entry)
            for entry in rest:
                self.apply(file, entry, rng if rng.random() < 0.25 else None)

    def apply(self, file, entry, torn=None):
        """With torn, a generator of numbers, only some of its sectors."""
        if entry.data is None:
            return                      # what is discarded may as well stay
        if entry.start < self.begin or entry.start + entry.length > self.end:
            return
        where = entry.start - self.begin
        if torn is None:
            os.pwrite(file.fileno(), entry.data, where)
            return
        for at in range(0, entry.length, SECTOR):
            if torn.random() < 0.5:
                os.pwrite(file.fileno(), entry.data[at:at + SECTOR], where + at)
