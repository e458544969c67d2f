# SPDX-License-Identifier: GPL-2.0
"""Which function, of which module, is at an address: from the guest's /proc/kallsyms."""

import base64
import bisect
import gzip
import os
import re

from vmlib import config

# What the compiler makes of one function counts as that function.
PARTS = re.compile(r"\.(cold|isra|part|constprop)(\.\d+)?")
# The module of what was loaded after these were read.
LATE = "another module"


def cache_path():
    """The kernel's own symbols, which are the same at each boot (nokaslr)."""
    env = config.environment()
    return os.path.join(os.path.dirname(env["VEI_KERNEL"]), f"symbols-{env['KVER']}")


def cached():
    return os.path.exists(cache_path())


class Symbols:
    def __init__(self):
        self.by_name = {}
        self.table = []
        self.starts = []
        self.ends = {}

    def read(self, lines, modules):
        """What the guest printed: lines of "address name [module]", or all of it packed.

        modules: "MODULE name address size". Behind the last function of a module may lie
        another one that was loaded later: its code must not count as that function's.
        """
        for line in modules:
            _, name, address, size = line.split()
            self.ends[name] = int(address, 16) + int(size)
        if lines and " " not in lines[0]:
            lines = gzip.decompress(base64.b64decode("".join(lines))).decode().splitlines()
            kernel = [line for line in lines if "[" not in line]
            with open(cache_path() + ".new", "w") as out:
                out.write("\n".join(kernel) + "\n")
            os.replace(cache_path() + ".new", cache_path())
        else:
            with open(cache_path()) as known:
                lines = known.read().splitlines() + lines
        for line in lines:
            address, name, *module = line.split()
            where = module[0].strip("[]") if module else "kernel"
            self.by_name.setdefault(name, int(address, 16))
            self.table.append((int(address, 16), PARTS.sub("", name), where))
        self.table.sort()
        self.starts = [start for start, _, _ in self.table]

    def find(self, address):
        """(function, module) that has that address."""
        place = bisect.bisect_right(self.starts, address) - 1
        if place < 0:
            return "?", "?"
        _, name, where = self.table[place]
        if address >= self.ends.get(where, 1 << 64):
            return "?", LATE
        return name, where

    def address(self, name):
        return self.by_name.get(name)
