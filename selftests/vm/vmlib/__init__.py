# SPDX-License-Identifier: GPL-2.0
"""Boot guests, bridge their requests to QMP, and judge what they report.

config.py   what a guest consists of, and the QEMU command line for it
disk.py     the disks among it
agent.py    the host's end of the request channel
report.py   the TAP stream and the verdict, counted a second time
machine.py  one QEMU
guest.py    one boot from start to end
process.py  what a run leaves on the host, and how it goes
runner.py   many guests, several at a time, and their sum
vhost_legacy.py  between QEMU and a device that wants VERSION_1
replay.py    a disk after a power cut
powercut.py  whether it has what was promised
plan*.py    which guests the suites run in
controls*   what must count as a failure of the harness, done on purpose
"""
