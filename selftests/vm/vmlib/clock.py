# SPDX-License-Identifier: GPL-2.0
"""What guests are told of time, which they would find out wrongly on a busy host.

The rate of the counter that they tell it by: under TCG it is the host's. A kernel measures it
in its first milliseconds, against a timer that QEMU may be too busy for: 110,747 kHz were
found for 2,594,382 on a busy host ("PIT calibration deviates from HPET"), and all time limits
of that guest passed 23 times too soon. So the guest is told. And that its timer interrupts:
else the kernel waits ten ticks for that, by instructions, and panics ("IO-APIC + timer
doesn't work!").
"""

import os
import platform
import subprocess
import threading

_lock = threading.Lock()
_found = {}


def tsc_khz(env, top):
    """Measured once in a run; None where there is no such counter."""
    with _lock:
        if "khz" not in _found:
            _found["khz"] = measured(env, top) if platform.machine() == "x86_64" else None
        return _found["khz"]


def measured(env, top):
    program = os.path.join(env["VEI_VM"], f"tsc_khz.{os.getpid()}")
    os.makedirs(env["VEI_VM"], exist_ok=True)
    subprocess.run(["cc", "-O1", "-o", program,
                    os.path.join(top, "selftests", "vm", "tsc_khz.c")], check=True,
                   # in a directory of an odd name it leaves something behind
                   env=dict(os.environ, TMPDIR=env["VEI_VM"]))
    try:
        # the machine may have been away between two looks: the middle one of three
        return sorted(int(subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout)
                      for _ in range(3))[1]
    finally:
        os.unlink(program)


def kernel_args(env, top, accel):
    """For the guest's command line. A clock that counts instructions is another."""
    ours = "-icount" not in accel and any("tcg" in word for word in accel)
    khz = tsc_khz(env, top) if ours else None
    return f"no_timer_check tsc_early_khz={khz} " if khz else ""
