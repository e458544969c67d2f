# SPDX-License-Identifier: GPL-2.0
"""Negative controls of the suites: each runs with something broken, and has to say so.

A suite goes only as far as it takes. For one of its tests the driver, the device or what
is asked of them is made wrong (lib_break.sh), and that test or a later one must then
fail, and name the symptom. Some suites have their control inside: integrity.sh and
bind.sh break what they measure, negotiation.sh its own expectation, and faults.sh is the
control of wakeup.sh.
"""

import os
import re
from dataclasses import dataclass

from . import guest
from .config import Guest, Pair
from .control import Control
from .plan import suites
from .plan_draft import DRAFT, extended, storm_pairs


@dataclass
class Break:
    """One control: entries are those of the suite's ALL_TESTS."""
    suite: str
    at: str                     # the entry in which something is broken
    what: str                   # the shell command that breaks it
    symptom: str                # what must be said
    only: str = "."             # regular expression: the entries to run
    fails: str = None           # the entry that must fail, if it is a later one

    def env(self):
        return {f"VEI_ONLY_{self.suite}": self.only, f"VEI_BREAK_{self.suite}": self.what,
                f"VEI_BREAK_AT_{self.suite}": self.at}

    def failing(self):
        """The name of the result, as tests_run makes it."""
        return (self.fails or self.at).removeprefix("test_").replace("_", " ")

    def noticed(self, lines):
        """Was it found, and nothing before it was broken? lines: what the report showed."""
        found = suite_lines(lines, f"{self.suite}.sh")
        first = next((i for i, line in enumerate(found) if line.startswith("    FAIL")), None)
        if first is None or found[first] != f"    FAIL  {self.failing()}":
            return False
        notes = []
        for line in found[first + 1:]:
            if not line.startswith("          "):
                break
            notes.append(line)
        return (any(self.symptom in note for note in notes) and
                not any("cannot be broken" in line for line in found))


def suite_lines(lines, name):
    """Those between the suite's heading and the next."""
    found, inside = [], False
    for line in lines:
        if re.match(r"  \S", line):
            inside = line == f"  {name}"
        elif inside:
            found.append(line)
    return found


def meddle(words):
    return f"break_meddle {words}"


MODE = "used_event=1,avail_event=1"
PEER_DOWN = 'in_peer ip link set dev "$IF1" down'

HUB = [
    Break("smoke", "test_answers", PEER_DOWN, "no answer"),
    Break("parameters", "test_wrong core used_event=2", meddle("func=kstrtobool ret=0"),
          "used_event=2 was taken", only="used_event=2"),
    Break("link", "test_down_at_up", meddle("func=netif_carrier_off skip=1 ret=0"),
          "carrier without a link", only="start|down"),
    Break("layout", "test_link a auto", meddle("func=netif_carrier_off skip=1 ret=0"),
          "link down is not seen", only="load auto|link a auto"),
    Break("mtu", "test_mtu c 4000", meddle("func=dev_set_mtu_ext skip=1 ret=0"),
          "MTU: got", only="start|limits c|mtu c 4000"),
    Break("backpressure", "test_stop_and_wake a -q",
          meddle("func=netif_tx_wake_queue skip=1 ret=0"), "the sender does not go on",
          only="start a|stop_and_wake a -q"),
    Break("hotplug", "test_under_traffic 0", meddle("func=netif_carrier_on skip=1 ret=0"),
          "no traffic after a0 is back", only="start|traffic 0"),
    Break("suspend", "test_suspend", meddle("func=pci_pm_resume skip=1 ret=0"),
          "the traffic has stopped", only="start|suspend$"),
    Break("snapshot", "test_snapshot packet there", f"snapshot() {{ {PEER_DOWN}; }}",
          "the traffic stalls after a restore", only="start|packet there"),
    Break("migrate", "test_migrate there", f"migrate() {{ {PEER_DOWN}; }}",
          "the traffic stalls after the move", only="start|migrate there"),
    Break("settings", "test_unicast", meddle("func=vei_net_rx_mode_work skip=1 ret=0"),
          "after a reset unicast-table", only="start|unicast"),
    Break("override", "test_move virtio-pci", "BIND=echo", "driver: got",
          only="start|move virtio-pci"),
]

TAPS = [
    Break("offload", "test_stream all", "VEI_NET_PARAMS=gso=0", "transmit: bytes a packet",
          only="stream all|large large", fails="test_sizes large large"),
    Break("queues", "test_all_used", 'ethtool -L "$IF0" combined 1', "on transmit queue 1",
          only="pairs 0|all_used"),
    Break("ethtool", "test_features a", 'ethtool -K "$(nic_ifname a0)" tx off >/dev/null',
          "tx-checksumming with bit", only="start|features a"),
]

DRAFT_DEVICES = [
    Break("counters", f"test_start {MODE}", "break_fault a0 unused-field-writes",
          "used->flags beside avail_event", only=f"(start|unused_direction) {MODE}",
          fails=f"test_unused_direction {MODE}"),
    Break("direction", "test_traffic 1:1", "break_fault a0 unsuppressed-interrupts",
          "receive interrupts suppressed", only="start|(traffic|means) 1:1",
          fails="test_means 1:1"),
    Break("toggles", "test_toggle used_event 0", "break_fault a1 lost-interrupt",
          "the traffic has stopped", only="start|toggle used_event 0"),
    Break("wrap", f"test_wrap {MODE}", "break_fault a1 lost-interrupt x-draft-fault-after=50",
          "lost or spoiled", only=f"wrap {MODE}"),
    Break("matrix", "test_row a 11110", "break_fault a0 avail-event-stuck",
          "there: lost or spoiled"),
    Break("wakeup", "test_wakeups 0:0 0", "break_fault a0 no-notify-stuck",
          "stalled on the way there", only="start|0:0 0"),
    Break("trace", "test_traffic 1:1", "echo 0 >$EVENTS/vei_kick/enable", "vei_kick, decisions",
          only="start|(traffic|kicks) 1:1", fails="test_kicks 1:1"),
    Break("empty", "test_start", "VEI_CORE_PARAMS=feature_mask=0xfffffffffeffffff",
          "interrupts forced on empty", only="start|forced 1 1", fails="test_forced 1 1"),
    Break("dialect", "test_row released 1 0 draft    0 0 0 flags       flags",
          'drv_reload() { drv_unload && drv_load "${1/released/auto}"; }',
          "dialect: got 'draft'", only="row released 1 0 draft"),
    Break("extended", "test_device 2", ":", "bit 31 is offered", only="device 2"),
]

# The suites of plan_defects.py, each with the driver without what they are about.
DEFECTS = [
    Break("txdefer", "test_lone_packet",
          "ROUNDS=1; " + meddle("func=vei_txq_arrange skip=1 ret=0"), "the timer does not fire"),
    Break("ctrl", "test_waiting reset", meddle("func=vei_net_ctrl_cancel skip=1 ret=0"),
          "in the log", only="start|waiting reset"),
    Break("late", "test_asleep", meddle("func=vei_net_restart_dev skip=1 ret=0"),
          "a device that sleeps was reset", only="start|asleep"),
    Break("lifecycle", "test_memory_kept", meddle("func=vei_queue_serves skip=1 ret=0"),
          "cannot toggle and reset", only="start|memory_kept"),
    Break("reap", "test_requests", 'ethtool -C "$IF0" tx-usecs 0', "interrupts asked for",
          only="start|requests"),
    Break("coalesce", "test_stream rx-usecs 50000 rx-frames 16",
          meddle("func=vei_rxq_postpone skip=1 ret=1"), "lost or spoiled",
          only="start|rx-frames 16"),
    Break("netpoll", "test_beside there", meddle("func=netpoll_send_udp skip=1 ret=0"),
          "0 of 3000 messages came", only="start|beside there"),
    # the last: nobody can have the device afterwards
    Break("probe", "test_refused queue-size 0 0 queue.0.*size.0",
          meddle("func=pci_release_region skip=1 ret=0"), "its BAR is left claimed",
          only="start|queue-size 0 0"),
]

DEFECTS_TAPS = [
    Break("hdr", "test_lie the_truth 1 1 500 34 16 1 500",
          meddle("func=skb_partial_csum_set skip=1 ret=0"), "0 taken, 1 dropped",
          only="start o|lie the_truth 1"),
    Break("starve", "test_starve b", meddle("func=vei_rxq_refill_work skip=1 ret=0"),
          "the stream does not go on", only="b$"),
    Break("less", "test_offload checksum 0 tx-checksum-ip-generic",
          meddle("func=netdev_update_features skip=1 ret=0"), "in the end: got 'off'",
          only="start|offload checksum"),
]

# A processor that does little but take interrupts.
STORMS = [
    Break("storm", "test_flaps", meddle("func=vei_net_config_changed delay_us=400000"),
          "naps, 10 times as many", only="start a|flaps"),
]

# What direction.sh has one more of.
UNUSED = [
    Break("direction", "test_traffic 1:1", "break_fault a0 unused-field-writes",
          "queue 1: used_flags", only="start|(traffic|unused) 1:1", fails="test_unused 1:1"),
]


def control_guest(name, breaks, env=None, collect=suites, **what):
    values = dict(env or {})
    for one in breaks:
        values.update(one.env())
    return Guest(name=f"control-{name}", timeout=600, env=values, breaks=breaks, wide=True,
                 tests=collect(*[f"{one.suite}.sh" for one in breaks]), **what)


def guests():
    found = [
        # a machine that can be unplugged from, and that sleeps
        control_guest("hub", HUB, machine="pc,usb=off", seconds=130,
                      env={"VEI_MODES": MODE},
                      pairs=[Pair("a"), Pair("c", props={"mrg_rxbuf": "off"})]),
        control_guest("taps", TAPS, seconds=40,
                      pairs=[Pair("a", backend="tap"), Pair("b", backend="tap", queues=2)]),
    ]
    qemu = os.environ.get("QEMU_DRAFT")
    if qemu:
        pair = Pair("a", props=dict(DRAFT, ioeventfd="off"))
        found += [
            control_guest("draft", DRAFT_DEVICES, qemu=qemu, seconds=95, pairs=[pair],
                          env={"VEI_TOGGLE_ROWS": "11110", "VEI_BLK_SECTORS": 1,
                               "VEI_WRAP_PACKETS": 2000},
                          **extended("ioeventfd=off")),
            control_guest("unused", UNUSED, qemu=qemu, seconds=30, pairs=[pair]),
            control_guest("storm", STORMS, qemu=qemu, seconds=60, pairs=storm_pairs()),
            control_guest("defects", DEFECTS, qemu=qemu, seconds=75, pairs=[Pair("a")]),
            control_guest("defects-taps", DEFECTS_TAPS, qemu=qemu, seconds=90, pairs=[
                Pair("o", backend="tap"),
                Pair("b", backend="tap", props={"rx_queue_size": "4"}),
                Pair("q", backend="tap", queues=2, props={"host_mtu": "1500"})]),
        ]
    return found


def run_guest(one, images, log_dir, totals, say):
    """Boot it; each of its controls is one check, and nothing else of it counts."""
    if problem := one.needs_more():
        totals.lack(one.name, problem, len(one.tests), one.allow_skips)
        return
    lines = []
    guest.Boot(one, images(one), log_dir, lines.append).run()
    control = Control(one.name, say)
    for each in one.breaks:
        if any(test.endswith(f":{each.suite}.sh") for test in one.tests):
            noticed = each.noticed(lines)
            control.check(noticed, f"{each.suite}.sh notices: {each.what}: {each.symptom}")
            if not noticed:
                for line in suite_lines(lines, f"{each.suite}.sh") or lines[-40:]:
                    say(f"    | {line}")
    totals.add(control)
