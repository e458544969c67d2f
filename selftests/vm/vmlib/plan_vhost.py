# SPDX-License-Identifier: GPL-2.0
"""Guests whose network devices are DPDK's, over vhost-user. Only where that is installed
(make test-vhost): its forwarding thread takes a processor for itself. It drops what finds no
buffer, as a switch does, so suites that insist on every packet are not for it.
"""

import shutil

from .config import Guest, Pair
from .plan import suites


def guests(asked):
    """Whoever asks for them has them fail where it is not installed."""
    if not asked and not shutil.which("dpdk-testpmd"):
        return []
    tests = suites("smoke.sh", "negotiation.sh", "toggles.sh", "wrap.sh", "ethtool.sh")
    return [
        Guest(name="dpdk", seconds=200, timeout=900, wide=True, tests=tests,
              pairs=[Pair("a", backend="vhost")]),
        Guest(name="dpdk-flags", seconds=200, timeout=900, wide=True, tests=tests,
              pairs=[Pair("a", backend="vhost",
                          props={"event_idx": "off", "indirect_desc": "off"})]),
    ]
