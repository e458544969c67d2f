# SPDX-License-Identifier: GPL-2.0
"""A guest's disks: what QEMU is told of them, and what has to lie on the host."""

import os
import subprocess
import sys
from dataclasses import dataclass, field

LEGACY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vhost_legacy.py")
BACKENDS = ("raw", "qcow2", "null", "log", "errors", "vhost")

# Above the pairs of NICs, of which such a guest has few or none.
FIRST_SLOT = 0x10


class DiskError(Exception):
    """No such disk can be had; the message says why."""


@dataclass
class Disk:
    """One virtio-blk device of one guest.

    backend raw, qcow2: a file of the run. The guest's flushes reach QEMU, but not the
    host's own disk, where nothing has to outlive the run.
    backend null: nothing is kept; for what counts requests. No more than iops a second, or
    writes no more than iops_write, if that is not 0.
    backend log: raw, and each request is logged by QEMU's blklogwrites; see replay.py.
    backend errors: raw, but what bad says fails: "read:SECTOR", "write:SECTOR", "flush:-1".
    backend vhost: raw, but the device is qemu-storage-daemon's, over vhost-user.
    """
    name: str
    backend: str = "raw"
    size: int = 64                  # MiB
    iothread: bool = False
    readonly: bool = False
    queues: int = 1
    bad: tuple = ()
    iops: int = 0
    iops_write: int = 0
    props: dict = field(default_factory=dict)

    @classmethod
    def parse(cls, text):
        """NAME[,backend=B][,size=MIB][,iothread=on][,readonly=on][,queues=N]
        [,iops=N][,PROP=VALUE]..."""
        name, *rest = text.split(",")
        disk = cls(name)
        for item in rest:
            key, sep, value = item.partition("=")
            if not sep:
                raise DiskError(f"--disk: '{item}' is not PROP=VALUE")
            if key in ("size", "queues", "iops"):
                setattr(disk, key, int(value))
            elif key in ("iothread", "readonly"):
                setattr(disk, key, value == "on")
            elif key == "backend":
                disk.backend = value
            else:
                disk.props[key] = value
        if disk.backend not in BACKENDS:
            raise DiskError(f"--disk: backend is one of {', '.join(BACKENDS)}, not {disk.backend}")
        return disk

    def describe(self):
        words = [self.backend] + [f"{key}={value}" for key, value in self.props.items()]
        return f"{self.name}({' '.join(words + ['iothread'] * self.iothread)})"

    def device(self, slot):
        """The -device value; legacy only unless a property says otherwise."""
        props = {"id": self.name, "addr": f"0x{slot:x}", "disable-modern": "on",
                 "num-queues": str(self.queues)}
        if self.backend == "vhost":
            model = "vhost-user-blk-pci"
            # without KVM QEMU 7.2 dies of vhost-user with MSI-X
            props.update({"chardev": f"c{self.name}", "vectors": "0"})
        else:
            model = "virtio-blk-pci"
            props.update({"drive": self.name, "serial": f"serial-{self.name}"})
        if self.backend == "errors":
            props.update({"rerror": "report", "werror": "report"})
        if self.iothread:
            props["iothread"] = f"t{self.name}"
        props.update(self.props)
        words = [f"{key}={value}" for key, value in props.items() if value is not None]
        return ",".join([model] + words)

    def nodes(self, where):
        """The values of -blockdev, the one that the device uses as the last."""
        # what is written is kept by the host until the run ends: no need to wait for its disk
        quick = "cache.no-flush=on,discard=unmap"
        file = f"driver=file,node-name=f{self.name},filename={where}/{self.name}.{{}},{quick}"
        end = f"node-name={self.name},read-only={'on' if self.readonly else 'off'}"
        null = f"driver=null-co,size={self.size << 20},read-zeroes=on"
        if self.backend == "null" and (self.iops or self.iops_write):
            return [f"{null},node-name=f{self.name}",
                    f"driver=throttle,{end},throttle-group=g{self.name},file=f{self.name}"]
        if self.backend == "null":
            return [f"{null},{end}"]
        if self.backend == "log":
            return [file.format("raw"),
                    f"driver=file,node-name=l{self.name},filename={where}/{self.name}.log,{quick}",
                    f"driver=blklogwrites,{end},file=f{self.name},log=l{self.name},"
                    "log-super-update-interval=1024"]
        if self.backend == "errors":
            return [file.format("raw"), f"driver=blkdebug,{end},image=f{self.name}" + "".join(
                f",inject-error.{i}.event=none,inject-error.{i}.errno=5,"
                f"inject-error.{i}.iotype={kind},inject-error.{i}.sector={sector},"
                f"inject-error.{i}.once=off"
                for i, (kind, sector) in enumerate(one.split(":") for one in self.bad))]
        kind = "qcow2" if self.backend == "qcow2" else "raw"
        return [file.format(kind), f"driver={kind},{end},file=f{self.name},discard=unmap"]

    def args(self, slot, where):
        """QEMU's arguments."""
        args = []
        if self.iothread:
            args += ["-object", f"iothread,id=t{self.name}"]
        if self.iops or self.iops_write:
            args += ["-object", f"throttle-group,id=g{self.name},x-iops-total={self.iops},"
                                f"x-iops-write={self.iops_write}"]
        if self.backend == "vhost":
            args += ["-chardev", f"socket,id=c{self.name},path={where}/{self.name}.sock"]
        else:
            for node in self.nodes(where):
                args += ["-blockdev", node]
        return args + ["-device", self.device(slot)]

    def create(self, where):
        """The files behind it."""
        if self.backend == "null":
            return
        kind = "qcow2" if self.backend == "qcow2" else "raw"
        subprocess.run(["qemu-img", "create", "-q", "-f", kind,
                        os.path.join(where, f"{self.name}.{kind}"), f"{self.size}M"], check=True)
        if self.backend == "log":
            with open(os.path.join(where, f"{self.name}.log"), "wb"):
                pass

    def serve(self, where):
        """What has to run before QEMU begins: (command, its socket) in this order."""
        if self.backend != "vhost":
            return []
        device, front = (os.path.join(where, f"{self.name}.{end}") for end in ("device", "sock"))
        nodes = [word for node in self.nodes(where) for word in ("--blockdev", node)]
        export = (f"type=vhost-user-blk,id=e{self.name},node-name={self.name},"
                  f"writable={'off' if self.readonly else 'on'},num-queues={self.queues},"
                  f"addr.type=unix,addr.path={device}")
        return [(["qemu-storage-daemon", *nodes, "--export", export], device),
                ([sys.executable, LEGACY, front, device], front)]
