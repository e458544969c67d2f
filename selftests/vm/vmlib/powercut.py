# SPDX-License-Identifier: GPL-2.0
"""Is everything that fsync acknowledged on the disk after a power cut?

A guest's four writers (selftests/blk/disk_sync.c) sync records on a file system, and write
to another part of the same disk what they were promised. Their disk's log is cut at random
places; for each the disk is made as it may be then, the journal replayed, the file system
checked, and each promise of before the cut looked up.
"""

import os
import random
import re
import shutil
import subprocess
import tempfile
import zlib

from . import process
from .replay import LogError, Replay, read_log

MIB = 1 << 20
SECTOR = 512
FS_START = MIB                  # powercut.sh has the same numbers
ACKS_BYTES = MIB
HEAD = 64
SLOTS, SLOT_BYTES, KEPT = 8, 8192, 16
ACK = re.compile(rb"vei-ack (\d+) (\d+)\n")
RECORD = re.compile(rb"vei-record (\d+) (\d+) (\d+) (\d+)\n\0")


def record(data, at=0):
    """(writer, number, where it ends) of an intact record, or None."""
    found = RECORD.match(data, at)
    if not found:
        return None
    writer, number, length, crc = map(int, found.groups())
    end = at + HEAD + length
    if end > len(data) or zlib.crc32(data[at + HEAD:end]) != crc:
        return None
    return writer, number, end


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def check_append(top, promised):
    data, at = read(os.path.join(top, "0", "data")), 0
    for number in range(1, promised + 1):
        found = record(data, at)
        if not found or found[:2] != (0, number):
            return f"append: record {number} of {promised} is not there"
        at = found[2]
    return None


def check_overwrite(top, promised):
    data = read(os.path.join(top, "1", "data"))
    for number in range(max(1, promised - SLOTS + 1), promised + 1):
        # the slot of the next record may be in the middle of being written
        if number % SLOTS == (promised + 1) % SLOTS:
            continue
        found = record(data, number % SLOTS * SLOT_BYTES)
        if not found or found[:2] != (1, number):
            return f"overwrite: record {number} of {promised} is not there"
    return None


def check_create(top, promised):
    for number in range(max(1, promised - KEPT + 2), promised + 1):
        found = record(read(os.path.join(top, "2", str(number))))
        if not found or found[:2] != (2, number):
            return f"create: file {number} of {promised} is not there"
    for number in range(1, promised - KEPT + 1):
        if os.path.exists(os.path.join(top, "2", str(number))):
            return f"create: file {number} of {promised} is there again"
    return None


def check_rename(top, promised):
    if not promised:
        return None
    found = record(read(os.path.join(top, "3", "data")))
    if not found or found[0] != 3 or found[1] not in (promised, promised + 1):
        return f"rename: not record {promised}, but {found and found[1]}"
    return None


CHECKS = (check_append, check_overwrite, check_create, check_rename)


def run(*args):
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=dict(os.environ, LC_ALL="C",
                          PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))


def lost(image, promises, work):
    """What is wrong with the file system; nothing if every promise was kept."""
    top = os.path.join(work, "files")
    # as a mount does: the journal and what it left over, then look at all of it
    done = run("e2fsck", "-p", image)
    if done.returncode not in (0, 1):
        return [f"e2fsck -p: {done.returncode}: {last_line(done.stdout)}"]
    done = run("e2fsck", "-fn", image)
    if done.returncode:
        return [f"e2fsck -fn: {done.returncode}: {last_line(done.stdout)}"]
    shutil.rmtree(top, ignore_errors=True)
    os.mkdir(top)
    run("debugfs", "-R", f"rdump / {top}", image)
    return [wrong for check, promised in zip(CHECKS, promises) if (wrong := check(top, promised))]


def last_line(text):
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no word"


class Promises:
    """What each writer had been promised when so many requests were in the log."""

    def __init__(self, entries, size):
        self.when = []                          # (index of the request, writer, number)
        for index, entry in enumerate(entries):
            if entry.data is None or entry.start < size - ACKS_BYTES:
                continue
            # promises to several writers may come as one request
            for at in range(0, entry.length, SECTOR):
                if found := ACK.match(bytes(entry.data[at:at + 64])):
                    self.when.append((index, int(found.group(1)), int(found.group(2))))

    def before(self, number):
        promised = [0] * len(CHECKS)
        for index, writer, count in self.when:
            if index < number:
                promised[writer] = count
        return promised


class Result:
    def __init__(self):
        self.cuts = self.promises = self.flushes = self.requests = 0
        self.losses = []


def cuts(path, size, number, seed):
    """Cut a log so many times; size is that of the disk in bytes."""
    result = Result()
    entries = read_log(path)
    promises = Promises(entries, size)
    if not promises.when:
        raise ValueError("no writer was promised anything")
    result.requests = len(entries)
    result.flushes = sum(1 for entry in entries if entry.flags & 3)
    result.promises = len(promises.when)
    rng = random.Random(seed)
    places = sorted(rng.randint(promises.when[0][0] + 1, len(entries)) for _ in range(number))
    with tempfile.TemporaryDirectory(prefix="vei-cut-") as work:
        replay = Replay(entries, work, FS_START, size - ACKS_BYTES)
        image = os.path.join(work, "image")
        for place in places:
            promised = promises.before(place)
            replay.cut(place, random.Random(f"{seed} {place}"), image)
            wrong = lost(image, promised, work)
            result.cuts += 1
            if wrong:
                result.losses.append((place, wrong))
    return result


def seed():
    """VEI_CUT_SEED, or another one every time."""
    return int(os.environ.get("VEI_CUT_SEED") or random.SystemRandom().randrange(1 << 32))


# What is done to the flushes on the way (powercut.sh), from which something has to be lost.
LOSING = ("write-through", "nobarrier")


def judge(one, where, log_dir, control):
    """Cut the logs of a guest's disks; each is one check."""
    for disk in one.disks:
        if disk.backend != "log" or process.stopped():
            continue
        way = one.env.get(f"VEI_CUT_{disk.name}", "")
        losing, number = way in LOSING, int(os.environ.get("VEI_CUTS") or 50)
        log, chosen = os.path.join(where, f"{disk.name}.log"), seed()
        try:
            result = cuts(log, disk.size << 20, number // 5 if losing else number, chosen)
        except (LogError, ValueError, OSError) as error:
            control.check(False, f"power cut of {disk.name}: {error}")
            continue
        text = (f"power cut of {disk.name}{way and ' (' + way + ')'}: {len(result.losses)} of "
                f"{result.cuts} lose something (seed {chosen}, {result.requests} requests, "
                f"{result.flushes} flushes, {result.promises} promises)")
        control.check(bool(result.losses) == losing, text)
        if result.losses and not losing:
            kept = os.path.join(log_dir, f"{one.name}-{disk.name}.log")
            shutil.copy(log, kept)
            control.say(f"          {kept} is the log")
            for place, wrong in result.losses[:5]:
                control.say(f"          after {place} requests: {'; '.join(wrong)}")
