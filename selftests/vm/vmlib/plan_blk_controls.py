# SPDX-License-Identifier: GPL-2.0
"""Negative controls of the suites with disks, as plan_controls.py has them for NICs.

faults.sh is its own control, as is powercut.sh: two of its disks get no flush.
"""

import os

from .disk import Disk
from .plan_blk import suites
from .plan_controls import Break, control_guest, meddle
from .plan_draft import DRAFT

MODE = "used_event=1,avail_event=1"

# The machine can be unplugged from, and its disk be put into a snapshot.
STOCK = [
    Break("smoke", "test_identity a", "VEI_SIZE_a=63", "sectors: got",
          only="load|identity a"),
    Break("verify", f"test_fio {MODE} a 0", "spoil a", "fio: ", only=f"load {MODE}|{MODE} a 0"),
    Break("files", "test_compare", 'echo more >>"$MNT/etc/passwd"', "differences of /etc",
          only=f"load {MODE}|make a|copy|compare"),
    Break("resize", "test_size 24", "device_resize() { :; }", "sectors: ", only="start|size 24"),
    Break("cache", "test_cache write back", meddle("func=blk_queue_write_cache skip=1 ret=0"),
          "queue/write_cache: got", only="load|cache write"),
    Break("bind", "test_rounds", "disk_bind() { :; }", "no requests are done in round 1",
          only="reset|rounds"),
    # these leave the disk dead, and unplugged
    Break("suspend", "test_suspend", "suspend() { " +
          meddle("func=vei_dev_find_queues skip=1 ret=-5") +
          '; . "$LIB_DIR/lib_machine.sh"; suspend; }',
          "the requests have stopped", only="suspend$"),
    Break("hotplug", "test_under_load", "plug() { :; }", "no requests are done in round 1",
          only="idle|under_load"),
]

# A second disk, and one with errors.
MORE = [
    Break("override", "test_move virtio-pci", "BIND=echo", "driver: got",
          only="start|move virtio-pci"),
    Break("errors", "test_read e 2048", meddle("func=blk_status_to_errno skip=1 ret=0"),
          "no error: read_at", only="load|read e"),
    Break("parameters", "test_polled", meddle("func=blk_queue_flag_set skip=1 ret=0 arg=16"),
          "queue/io_poll: got '0'", only="polled"),
]

# The device loses what a driver waits for; a time limit would make it good.
DRAFT_DEVICE = [
    Break("full", "test_small a", "patient a && break_fault a lost-interrupt",
          "no answer within", only=f"load {MODE}|small a"),
    Break("wrap", f"test_wrap {MODE}", "break_fault a lost-interrupt x-draft-fault-after=50",
          "no answer within", only=f"wrap {MODE}"),
    Break("toggles", "test_toggle used_event 0",
          "break_meddle func=vei_blk_restart_dev skip=1 ret=0", "bits from 24 on", only="start|toggle used_event 0"),
    Break("counters", f"test_start {MODE}", "break_fault a unused-field-writes",
          "used->flags beside avail_event", only=f"(start|unused) {MODE}",
          fails=f"test_unused {MODE}"),
    Break("storm", "test_start", "PULSE_LOG=/dev/null", "the pulse is not understood",
          only="start"),
    # the last: its requests wait on
    Break("snapshot", f"test_snapshot {MODE}",
          "snapshot() { patient a && break_fault a lost-interrupt; }",
          "the requests stall after a restore", only=f"snapshot {MODE}"),
]

# The watch makes good for one interrupt; that is said where the driver or the device goes.
LOSE = "break_fault a lost-interrupt && requests a 1 && device_faultless a"
LOST = "interrupts_lost: 1, expected 0"
FLAGS = "used_event=0,avail_event=0"
WATCHED = [
    Break("wrap", f"test_wrap {MODE}", f"patient() {{ patient() {{ :; }}; {LOSE}; }}", LOST,
          only="wrap", fails=f"test_wrap {FLAGS}"),
    Break("bind", "test_names", LOSE, LOST, only="reset|names"),
]


def guests():
    same = {"pairs": [], "collect": suites, "env": {"VEI_MODES": MODE, "VEI_PLUG_ROUNDS": 2}}
    found = [control_guest("blk", STOCK, seconds=100, machine="pc,usb=off",
                           disks=[Disk("a", backend="qcow2")], **same),
             control_guest("blk-more", MORE, seconds=30, disks=[
                 Disk("a", queues=2), Disk("b"),
                 Disk("e", backend="errors", bad=("read:2048",))], **same)]
    qemu = os.environ.get("QEMU_DRAFT")
    if qemu:
        found.append(control_guest("blk-draft", DRAFT_DEVICE, seconds=120, qemu=qemu, disks=[
            Disk("a", backend="qcow2", props=dict(DRAFT, ioeventfd="off"))], **same))
        same["env"] = {"VEI_MODES": f"{MODE} {FLAGS}", "VEI_WRAP_REQUESTS": 500,
                       "VEI_BIND_ROUNDS": 1}
        found.append(control_guest("blk-watch", WATCHED, seconds=30, qemu=qemu, disks=[
            Disk("a", props=dict(DRAFT, ioeventfd="off"))], **same))
    return found
