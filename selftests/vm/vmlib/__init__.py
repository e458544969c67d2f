# SPDX-License-Identifier: GPL-2.0
"""Boot guests, bridge their requests to QMP, and judge what they report.

config.py   what a guest consists of, and the QEMU command line for it
agent.py    the host's end of the request channel
report.py   the TAP stream and the verdict, counted a second time
guest.py    one boot from start to end
plan.py     which guests the suites run in
"""
