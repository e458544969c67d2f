# SPDX-License-Identifier: GPL-2.0
"""What QEMU's plugin has counted in a window: instructions by function, and calls."""

import collections
import os
import subprocess

from vmlib import config

from . import BENCH, symbols

MODULES = {"ours": {"virtio_ei", "virtio_ei_net", "virtio_ei_blk"},
           "stock": {"virtio", "virtio_ring", "virtio_net", "virtio_blk", "virtio_pci",
                     "virtio_pci_legacy_dev", "virtio_pci_modern_dev"}}
# What the kernel does on a driver's behalf when that wants scatterlists: part of the same work.
LISTS = {"__blk_rq_map_sg", "skb_to_sgvec", "__skb_to_sgvec", "sg_init_table", "sg_init_one",
         "sg_next", "sg_alloc_table_chained", "sg_free_table_chained", "sg_pool_alloc", "sg_pool_free"}
# Entries of any of these make one count.
CALLS = {
    "programs": ("lapic_next_deadline", "lapic_next_event"),
    "timerirqs": ("sysvec_apic_timer_interrupt",),
    "deviceirqs": ("common_interrupt",),
    "wakes": ("try_to_wake_up",),
    "switches": ("__switch_to_asm",),
}


def header(qemu):
    """The folder of qemu-plugin.h: beside that QEMU, or for Debian's, which has none, ours."""
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(qemu))), "include")
    if os.path.exists(os.path.join(beside, "qemu-plugin.h")):
        return beside
    version = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.split("version ")[-1].split()[0]
    if version.startswith("7.2."):
        return os.path.join(BENCH, "plugin", "qemu-7.2")
    raise config.ConfigError(f"{qemu}, version {version}, has no include/qemu-plugin.h beside it")


def build(qemu):
    """The plugin, compiled; its path."""
    include = header(qemu)
    out = os.path.join(config.environment()["VEI_BUILD"], "bench", "count.so")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    source = os.path.join(BENCH, "plugin", "count.c")
    glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout.split()
    done = subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread",
                           "-I", include, *glib, "-o", f"{out}.{os.getpid()}", source])
    if done.returncode:
        raise config.ConfigError("the plugin does not build")
    os.replace(f"{out}.{os.getpid()}", out)
    return out


class Window:
    """One window: totals, calls, instructions by function and by module."""

    def __init__(self, head, lines, known):
        self.totals = {key: int(value) for key, value in
                       (word.split("=") for word in head.split()[2:])}
        at = {}
        self.functions = collections.Counter()
        for line in lines:
            address, count = line.split()
            at[int(address, 16)] = int(count)
        for address, count in at.items():
            self.functions[known.find(address)] += count
        self.calls = {}
        for name, functions in CALLS.items():
            self.calls[name] = sum(at.get(known.address(function), 0)
                                   for function in functions)

    def of_modules(self, modules):
        return sum(count for (_, module), count in self.functions.items() if module in modules)

    def of_lists(self):
        return sum(count for (name, module), count in self.functions.items()
                   if module == "kernel" and name in LISTS)

    def whole(self):
        """The guest's, but for the generator's own: pktgen, which comes when all symbols are read.

        It spins while the queue is full, the longer the sooner the rest is done.
        """
        return self.totals["user"] + self.totals["kernel"] - self.of_modules({symbols.LATE})


def windows(path, known):
    """Number and window, one after the other, of a file that the plugin has written."""
    with open(path) as text:
        lines = []
        for line in text:
            if line.startswith("window"):
                head, lines = line, []
            elif line.startswith("end"):
                yield int(line.split()[1]), Window(head, lines, known)
            else:
                lines.append(line)
