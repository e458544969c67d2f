# SPDX-License-Identifier: GPL-2.0
"""What a guest consists of, and the QEMU command line for it."""

import glob
import os
import shlex
import shutil
import subprocess
import threading
from dataclasses import dataclass, field

from . import clock, disk, process
from .arch import ARCHES

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(HERE))


# In the run's directory; we listen, QEMU connects.
SOCKETS = ("req", "report", "qmp")

# Kernels whose checkers are built in take so many times the memory and the time.
DEBUG_MEM = 2
DEBUG_TIME = 5


class ConfigError(Exception):
    """The request cannot be carried out; the message says why."""


def environment():
    """The variables of env.sh: kernel, cache and build directories."""
    names = ("KVER", "VEI_KERNEL", "VEI_BUILD", "VEI_VM", "VEI_SOURCE",
             "VEI_ARCH", "VEI_DEBUG")
    script = '. "$1"; for n in %s; do echo "$n=${!n-}"; done' % " ".join(names)
    out = subprocess.run(["bash", "-c", script, "env", os.path.join(HERE, "env.sh")],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(line.split("=", 1) for line in out.splitlines())


@dataclass
class Pair:
    """Two NICs of one guest, each the other's only peer.

    backend hub: joined inside QEMU; needs nothing of the host, loses no frame (a
    full receiver stalls the sender) but of a blast, offers no offloads.
    backend tap: two taps with vnet_hdr on a bridge in a network namespace of
    QEMU's own; checksum, segmentation and several queues.
    backend vhost: the devices are DPDK's, which forwards between them (testpmd).
    props go to both devices, props0 and props1 to one.
    """
    name: str
    backend: str = "hub"
    queues: int = 1
    props: dict = field(default_factory=dict)
    props0: dict = field(default_factory=dict)
    props1: dict = field(default_factory=dict)
    model: str = "virtio-net-pci"

    @classmethod
    def parse(cls, text):
        """NAME[,backend=hub|tap|vhost][,queues=N][,model=M][,PROP=VALUE]..."""
        name, *rest = text.split(",")
        pair = cls(name)
        for item in rest:
            key, sep, value = item.partition("=")
            if not sep:
                raise ConfigError(f"--pair: '{item}' is not PROP=VALUE")
            if key == "queues":
                pair.queues = int(value)
            elif key in ("backend", "model"):
                setattr(pair, key, value)
            else:
                pair.props[key] = value
        if pair.backend not in ("hub", "tap", "vhost"):
            raise ConfigError(f"--pair: backend is hub, tap or vhost, not {pair.backend}")
        return pair

    def describe(self):
        words = [self.backend] + [f"{key}={value}" for key, value in self.props.items()]
        return f"{self.name}({' '.join(words)})"

    def tap_names(self):
        return [f"vei{self.name}{half}" for half in (0, 1)]

    def device(self, half, slot):
        """The -device value; legacy only unless a property says otherwise."""
        props = {"id": f"{self.name}{half}", "netdev": f"n{self.name}{half}",
                 "addr": f"0x{slot:x}", "mac": f"52:54:00:12:{slot:02x}:0{half + 1}",
                 "disable-modern": "on", "romfile": ""}
        if self.queues > 1:
            props["mq"] = "on"
            props["vectors"] = str(2 * self.queues + 2)
        if self.backend == "vhost":
            # without KVM QEMU 7.2 dies of vhost-user with MSI-X
            props["vectors"] = "0"
        props.update(self.props)
        props.update((self.props0, self.props1)[half])
        words = [f"{key}={value}" for key, value in props.items() if value is not None]
        return ",".join([self.model] + words)

    def socket(self, half, where):
        return os.path.join(where, f"{self.name}{half}.sock")

    def serve(self, where):
        """What has to run before QEMU begins: (command, its socket)."""
        if self.backend != "vhost":
            return []
        ports = [f"--vdev=net_vhost{half},iface={self.socket(half, where)},queues={self.queues}"
                 for half in (0, 1)]
        return [(["dpdk-testpmd", "--no-huge", "-m", "128", "--no-pci",
                  "--no-telemetry", "--log-level=error",
                  # no files of its own in /run: two at a time know nothing of each other
                  "--no-shconf", f"--file-prefix={os.path.basename(where)}", "--lcores=0,1",
                  *ports, "--",
                  "--auto-start", "--forward-mode=io", "--total-num-mbufs=4096",
                  f"--rxq={self.queues}", f"--txq={self.queues}"], self.socket(1, where))]

    def args(self, index, where):
        """QEMU's arguments; index keeps the slots of the pairs apart."""
        args = []
        for half in (0, 1):
            if self.backend == "hub":
                netdev = f"hubport,id=n{self.name}{half},hubid={index}"
            elif self.backend == "vhost":
                args += ["-chardev",
                         f"socket,id=c{self.name}{half},path={option(self.socket(half, where))}"]
                netdev = f"vhost-user,id=n{self.name}{half},chardev=c{self.name}{half}"
            else:
                netdev = (f"tap,id=n{self.name}{half},ifname={self.tap_names()[half]},"
                          f"script=no,downscript=no,vhost=off,queues={self.queues}")
            args += ["-netdev", netdev, "-device", self.device(half, slot(index, half))]
        return args


def slot(index, half):
    return 0x10 + 2 * index + half


@dataclass
class Guest:
    """One boot."""
    name: str = "guest"
    mode: str = "tests"             # tests, command or shell
    tests: list = field(default_factory=list)
    command: str = ""               # mode command, or before the suites
    pairs: list = field(default_factory=lambda: [Pair("a")])
    disks: list = field(default_factory=list)
    # Linux evaluates the ACPI routing of the pin whenever a driver takes or
    # leaves a device. On pc that is a loop in AML, 0.3 s under TCG; on q35 a
    # table. But a device in a slot of q35's root bus cannot be unplugged.
    machine: str = "q35,usb=off,sata=off,smbus=off"
    cpus: int = 2
    mem: int = 512
    timeout: int = 300
    seconds: int = 0                # about how long it takes: the longest begin first
    wide: bool = False              # only of the wide tier
    seeing: bool = False            # with bpftrace and perf, and room for them
    driver: str = "virtio_ei_net"
    core_params: str = ""
    net_params: str = ""
    blk_params: str = ""
    env: dict = field(default_factory=dict)
    kernel_args: str = ""
    devices: list = field(default_factory=list)     # further -device values
    qemu_args: list = field(default_factory=list)
    breaks: list = field(default_factory=list)      # negative controls, see plan_controls.py
    qemu: str = None                # another QEMU than the environment's
    allow_skips: bool = True        # also those for want of something, see report.py
    accel: list = None              # another accelerator than the environment's: QEMU's arguments

    def job(self):
        """The shell text that the guest's init reads."""
        names = {"VEI_MODE": self.mode, "VEI_TESTS": " ".join(self.tests),
                 "VEI_COMMAND": self.command, "VEI_DRIVER": self.driver,
                 "VEI_CORE_PARAMS": self.core_params, "VEI_NET_PARAMS": self.net_params,
                 "VEI_BLK_PARAMS": self.blk_params,
                 "VEI_PAIRS": " ".join(pair.name for pair in self.pairs),
                 "VEI_DISKS": " ".join(one.name for one in self.disks)}
        for index, pair in enumerate(self.pairs):
            names[f"VEI_BACKEND_{pair.name}"] = pair.backend
            names[f"VEI_QUEUES_{pair.name}"] = str(pair.queues)
            names[f"VEI_PROPS_{pair.name}"] = " ".join(
                f"{key}={value}" for key, value in pair.props.items())
            for half in (0, 1):
                nic = f"{pair.name}{half}"
                names[f"VEI_BDF_{nic}"] = f"0000:00:{slot(index, half):02x}.0"
                names[f"VEI_DEVICE_{nic}"] = pair.device(half, slot(index, half))
        for index, one in enumerate(self.disks):
            names[f"VEI_BACKEND_{one.name}"] = one.backend
            names[f"VEI_QUEUES_{one.name}"] = str(one.queues)
            names[f"VEI_READONLY_{one.name}"] = str(int(one.readonly))
            names[f"VEI_SIZE_{one.name}"] = str(one.size)
            names[f"VEI_BAD_{one.name}"] = " ".join(one.bad)
            names[f"VEI_BDF_{one.name}"] = f"0000:00:{self.disk_slot(index):02x}.0"
            names[f"VEI_DEVICE_{one.name}"] = one.device(self.disk_slot(index))
        names.update(self.env)
        return "".join(f"{key}={shlex.quote(str(value))}\n" for key, value in names.items())

    def is_stock(self):
        return not self.driver.startswith("virtio_ei_")

    def disk_slot(self, index):
        return disk.FIRST_SLOT + 2 * len(self.pairs) + index

    def megabytes(self, env):
        return self.mem * (DEBUG_MEM if env["VEI_DEBUG"] else 1)

    def memory(self, arch, env):
        """Another process can only be the device if it sees the guest's memory."""
        machine = arch.machine or self.machine
        if all(one.backend != "vhost" for one in self.pairs + self.disks):
            return ["-machine", machine]
        return ["-machine", f"{machine},memory-backend=mem", "-object",
                f"memory-backend-memfd,id=mem,size={self.megabytes(env)}M,share=on"]

    def needs_more(self):
        """Why this machine cannot run the guest, or None."""
        if self.needs_taps() and (problem := taps_problem()):
            return problem
        if self.seeing and not (shutil.which("bpftrace") and shutil.which("perf")):
            return "bpftrace and perf are not installed: scripts/setup --seeing"
        return None

    def image(self):
        """What of the image it needs; see guest.make_image()."""
        return self.is_stock(), bool(self.disks), self.seeing

    def needs_taps(self):
        return any(pair.backend == "tap" for pair in self.pairs)


def accelerator(env, qemu, want=None, device="/dev/kvm"):
    """QEMU's arguments for the processor; VEI_ACCEL=tcg (default), kvm, auto."""
    tcg = ["-accel", "tcg,thread=multi", *arch_of(env).tcg]
    want = want or os.environ.get("VEI_ACCEL", "tcg")
    if want not in ("tcg", "kvm", "auto"):
        raise ConfigError(f"VEI_ACCEL is tcg, kvm or auto, not {want}")
    if want == "tcg":
        return tcg
    if kvm_works(env, qemu, device):
        return ["-accel", "kvm", "-cpu", "host"]
    if want == "kvm":
        raise ConfigError("VEI_ACCEL=kvm, but a guest does not boot under KVM here")
    return tcg


def arch_of(env):
    return ARCHES[env["VEI_ARCH"]]


_kvm_lock = threading.Lock()
_kvm_found = {}


def kvm_works(env, qemu, device):
    """Does a guest boot under KVM here? Found out once in a run."""
    with _kvm_lock:
        if qemu not in _kvm_found:
            _kvm_found[qemu] = os.access(device, os.W_OK) and boots_under_kvm(env, qemu)
        return _kvm_found[qemu]


def boots_under_kvm(env, qemu):
    """/dev/kvm may be there and yet hang guests: let one panic for want of a root."""
    args = process.mortal([qemu, "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults",
                           "-display", "none", "-no-reboot", "-kernel", kernel(env),
                           "-append", "panic=-1 root=none", "-serial", "none"])
    try:
        return subprocess.run(args, timeout=15, stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except (subprocess.TimeoutExpired, OSError):
        return False


def kernel(env):
    found = glob.glob(os.path.join(env["VEI_KERNEL"] or "none", "boot", "vmlinuz-*"))
    if not found:
        raise ConfigError("the guest's kernel is not there: run scripts/setup")
    return found[0]


def processors(arch, cpus):
    """-smp; with one processor QEMU's TCG drops barriers, so there is always room for two.

    QEMU 7.2 leaves CF_PARALLEL out of a machine's code if it can never have a second
    processor: barriers are then not translated and locked instructions are plain ones.
    The device runs in a thread of its own all the same, and kicks get lost.
    """
    most = max(cpus, 2)
    return ["-smp", f"{cpus},maxcpus={most}" if arch.hotplug_cpus else str(most)]


def option(value):
    """A value among QEMU's options: a comma would end it."""
    return str(value).replace(",", ",,")


def command_line(guest, env, qemu, accel, initrd, run_dir, console):
    """The whole QEMU command; the sockets in run_dir are ours, QEMU connects."""
    # panic_on_warn, oops=panic: whatever the kernel minds ends the guest at
    # once; -no-reboot turns that into the end of QEMU
    arch = arch_of(env)
    patience = 40 * (DEBUG_TIME if env["VEI_DEBUG"] else 1)
    append = (f"console={arch.console} quiet loglevel=5 panic=-1 panic_on_warn=1 oops=panic "
              "softlockup_panic=1 sysctl.kernel.hung_task_panic=1 "
              f"sysctl.kernel.hung_task_timeout_secs={patience} log_buf_len=4M net.ifnames=0 "
              "nokaslr norandmaps " + arch.kernel_args +
              (clock.kernel_args(env, TOP, accel) if arch.tsc else "") + guest.kernel_args)
    where = option(run_dir)
    args = [*process.mortal([qemu]), *guest.memory(arch, env), *accel, *processors(arch, guest.cpus),
            "-m", str(guest.megabytes(env)), "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-kernel", kernel(env), "-initrd", initrd, "-append", append,
            "-chardev", console, "-chardev", f"socket,id=req,path={where}/req",
            "-chardev", f"socket,id=report,path={where}/report", *arch.serial_args(),
            "-chardev", f"socket,id=qmp,path={where}/qmp", "-mon", "chardev=qmp,mode=control",
            "-fw_cfg", f"name=opt/vei/job,file={where}/job", *arch.firmware,
            # no device uses it: it is where savevm puts the machine
            "-drive", f"if=none,id=state,format=qcow2,file={where}/state.qcow2"]
    # first, as others may sit on one
    for device in guest.devices:
        args += ["-device", device]
    for index, pair in enumerate(guest.pairs):
        args += pair.args(index, os.path.dirname(run_dir))
    for index, one in enumerate(guest.disks):
        args += one.args(guest.disk_slot(index), option(os.path.dirname(run_dir)))
    return tap_wrapper(guest) + args + guest.qemu_args


def tap_wrapper(guest):
    """Run QEMU in a network namespace of its own that has the taps."""
    if not guest.needs_taps():
        return []
    script = ["set -e", "PATH=$PATH:/usr/sbin:/sbin"]
    for pair in guest.pairs:
        if pair.backend != "tap":
            continue
        bridge = f"vbr{pair.name}"
        script.append(f"ip link add {bridge} up type bridge mcast_snooping 0")
        multi = " multi_queue" if pair.queues > 1 else ""
        for tap in pair.tap_names():
            script.append(f"ip tuntap add {tap} mode tap vnet_hdr{multi}")
            script.append(f"ip link set {tap} up master {bridge}")
    script.append('exec "$@"')
    # addresses that the host's stack gives the bridge would put frames of its own on it
    script.insert(2, "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || :")
    return unshare() + ["sh", "-c", "\n".join(script), "taps"]


def unshare():
    return ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]


def taps_problem():
    """Why taps cannot be had here, or None."""
    probe = unshare() + ["sh", "-c", "PATH=$PATH:/usr/sbin:/sbin;"
                         "ip link add vbr type bridge && "
                         "ip tuntap add vtap mode tap vnet_hdr && : <>/dev/net/tun"]
    done = subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True)
    if done.returncode == 0:
        return None
    reason = done.stderr.strip().splitlines()
    return f"no tap in a network namespace ({reason[-1] if reason else 'unshare failed'})"
