# SPDX-License-Identifier: GPL-2.0
"""What differs between the architectures of guests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """A machine of QEMU's with three serial lines: console, requests, report.

    The guest's init knows which is which (lines() of guest/init).
    """
    qemu: str
    console: str                    # what the kernel calls it
    tcg: tuple                      # the processor under TCG
    serial: tuple                   # -device values for the chardevs con, req and report
    machine: str = ""               # instead of the one that a guest of the plan names
    tsc: bool = False               # time is told by the host's counter, see clock.py
    hotplug_cpus: bool = True       # maxcpus may be more than there are
    firmware: tuple = ()            # what it does not bring along
    kernel_args: str = ""

    def serial_args(self):
        args = []
        for device in self.serial:
            args += device.split()
        return args


# cx16: QEMU 7.2's TCG gets a 16-byte compare-exchange wrong under load. The others cost
# a third of what a fork takes: bytewise string moves, a fifth level of page tables,
# a translation block's end at each access to user space, AVX state at each switch. Without
# that state there is no AVX either: kernel 7.2 dies of a processor that says otherwise.
# Nor FSRM without ERMS: Linux's memmove then takes short moves for long ones (QEMU 10's has it)
X86_MAX = "max,-cx16,-erms,-fsrm,-la57,-smap,-xsave,-avx,-avx2,-fma,-f16c,-vaes,-vpclmulqdq"
# SeaBIOS (1.16) does not wait, on the way back from sleep, for the processors that it sends to
# its eight bytes at 0x10000: it counts them in memory that is read-only by then. One that comes
# after these bytes have been put back runs what was there before, the header of the kernel's
# image: of 6.12.95 there is a BOUND in it, that is int 5 and SeaBIOS without end, on the stack
# of the next way back. So at each reset there is "cli; 1: hlt; jmp 1b" instead. Linux leaves
# the first MiB alone (since 5.13).
LATE_PROCESSOR = ("-device", "loader,addr=0x10000,data=0xfcebf4fa,data-len=4")
X86 = dict(
    qemu="qemu-system-x86_64", console="ttyS0", tsc=True, firmware=LATE_PROCESSOR,
    kernel_args="random.trust_cpu=on mitigations=off tsc=reliable ",
    # not ttyS0's interrupt for the third, as ISA has it: a shared edge gets lost
    serial=("-device isa-serial,chardev=con,index=0,irq=4",
            "-device isa-serial,chardev=req,index=1,irq=3",
            "-device isa-serial,chardev=report,index=2,irq=7"))

ARCHES = {
    "amd64": Arch(tcg=("-cpu", X86_MAX), **X86),
    "i386": Arch(tcg=("-cpu", X86_MAX + ",-lm"), **X86),
    # pauth: the architecture's own way to sign pointers takes most of TCG's time
    "arm64": Arch(
        qemu="qemu-system-aarch64", machine="virt,gic-version=3", console="ttyAMA0",
        tcg=("-cpu", "max,pauth-impdef=on,sve=off"), hotplug_cpus=False,
        serial=("-serial chardev:con", "-device pci-serial,chardev=req,addr=0x4",
                "-device pci-serial,chardev=report,addr=0x5")),
}
