# SPDX-License-Identifier: GPL-2.0
"""The host's end of the request channel: lines from the guest, bridged to QMP.

A request is a line of JSON: any QMP command. Handled here beyond that:

device_add     arguments.device: what -device takes; QMP's own wants each value in its type
device_del     answers when DEVICE_DELETED has come
snapshot       savevm, let the guest go on for arguments.ms (300), loadvm, and
               only then answer: the guest gets its answer in the rewound past
migrate        carry the guest over to another QEMU, which answers
wake           answers, and wakes the guest once it sleeps; unless it asks for something before
features       arguments.id: what the guest has acknowledged, as a number in
               hex, from the device's own status report (all 64 bits)
storm          each of arguments.commands in turn, arguments.times times, without a pause
pick           a member "a.b.0" of the answer instead of the whole; of a list also the
               one with a certain member, as in "node-name=a.stats"
"""

import json
import re
import select
import socket
import subprocess
import threading
import time

from .config import ConfigError

# Whoever does not answer by then does not. Less than the guest's patience, see guest/qmp.
QMP_TIMEOUT = 240

# The names of the bits in the reports of QEMU's x-query-virtio-status.
TRANSPORT_BITS = {
    "VIRTIO_F_NOTIFY_ON_EMPTY": 24, "VIRTIO_F_ANY_LAYOUT": 27,
    "VIRTIO_RING_F_INDIRECT_DESC": 28, "VIRTIO_RING_F_EVENT_IDX": 29,
    "VIRTIO_RING_F_USED_EVENT_IDX": 29, "VIRTIO_F_BAD_FEATURE": 30,
    "VIRTIO_F_FEATURES_HI": 31, "VIRTIO_F_VERSION_1": 32,
    "VIRTIO_RING_F_AVAIL_EVENT_IDX": 32, "VIRTIO_F_IOMMU_PLATFORM": 33,
    "VIRTIO_F_RING_PACKED": 34, "VIRTIO_F_IN_ORDER": 35,
    "VIRTIO_F_ORDER_PLATFORM": 36, "VIRTIO_F_SR_IOV": 37, "VIRTIO_F_RING_RESET": 40,
}
NET_BITS = {
    "VIRTIO_NET_F_CSUM": 0, "VIRTIO_NET_F_GUEST_CSUM": 1,
    "VIRTIO_NET_F_CTRL_GUEST_OFFLOADS": 2, "VIRTIO_NET_F_MTU": 3, "VIRTIO_NET_F_MAC": 5,
    "VIRTIO_NET_F_GSO": 6, "VIRTIO_NET_F_GUEST_TSO4": 7, "VIRTIO_NET_F_GUEST_TSO6": 8,
    "VIRTIO_NET_F_GUEST_ECN": 9, "VIRTIO_NET_F_GUEST_UFO": 10, "VIRTIO_NET_F_HOST_TSO4": 11,
    "VIRTIO_NET_F_HOST_TSO6": 12, "VIRTIO_NET_F_HOST_ECN": 13, "VIRTIO_NET_F_HOST_UFO": 14,
    "VIRTIO_NET_F_MRG_RXBUF": 15, "VIRTIO_NET_F_STATUS": 16, "VIRTIO_NET_F_CTRL_VQ": 17,
    "VIRTIO_NET_F_CTRL_RX": 18, "VIRTIO_NET_F_CTRL_VLAN": 19,
    "VIRTIO_NET_F_CTRL_RX_EXTRA": 20, "VIRTIO_NET_F_GUEST_ANNOUNCE": 21,
    "VIRTIO_NET_F_MQ": 22, "VIRTIO_NET_F_CTRL_MAC_ADDR": 23,
}
BLK_BITS = {
    "VIRTIO_BLK_F_BARRIER": 0, "VIRTIO_BLK_F_SIZE_MAX": 1, "VIRTIO_BLK_F_SEG_MAX": 2,
    "VIRTIO_BLK_F_GEOMETRY": 4, "VIRTIO_BLK_F_RO": 5, "VIRTIO_BLK_F_BLK_SIZE": 6,
    "VIRTIO_BLK_F_SCSI": 7, "VIRTIO_BLK_F_FLUSH": 9, "VIRTIO_BLK_F_TOPOLOGY": 10,
    "VIRTIO_BLK_F_CONFIG_WCE": 11, "VIRTIO_BLK_F_MQ": 12, "VIRTIO_BLK_F_DISCARD": 13,
    "VIRTIO_BLK_F_WRITE_ZEROES": 14, "VIRTIO_BLK_F_SECURE_ERASE": 16,
}
OTHER_BITS = {"VHOST_USER_F_PROTOCOL_FEATURES": 30, "VHOST_F_LOG_ALL": 26}


class QmpError(Exception):
    """QEMU refused a command or did not answer."""


class Qmp:
    """A QMP connection; QEMU has connected to us."""

    def __init__(self, conn):
        self.conn = conn
        self.buffer = b""
        self.events = []
        self.last = 0
        self.read_message(QMP_TIMEOUT)              # the greeting
        self.execute("qmp_capabilities")

    def read_message(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise QmpError("QEMU does not answer")
            self.conn.settimeout(left)
            try:
                data = self.conn.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise QmpError("QEMU closed the connection")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def execute(self, command, arguments=None, timeout=QMP_TIMEOUT):
        self.last += 1
        request = {"execute": command, "id": self.last}
        if arguments:
            request["arguments"] = arguments
        self.conn.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.read_message(timeout)
            if "event" in message:
                self.events.append(message)
                del self.events[:-64]
            elif message.get("id") != self.last:
                continue                            # nobody waits for it any more
            elif "error" in message:
                raise QmpError(f"{command}: {message['error'].get('desc')}")
            else:
                return message["return"]

    def monitor(self, line, timeout=QMP_TIMEOUT):
        """A command of the human monitor; what it prints."""
        return self.execute("human-monitor-command", {"command-line": line}, timeout)

    def wait_event(self, name, device, timeout=QMP_TIMEOUT):
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events:
                if event["event"] == name and event["data"].get("device") == device:
                    self.events.remove(event)
                    return
            left = deadline - time.monotonic()
            if left <= 0:
                raise QmpError(f"no {name} of {device} within {timeout} s")
            message = self.read_message(left)
            if "event" in message:
                self.events.append(message)


def feature_bits(status):
    """All 64 bits of guest-features, from names and the unknown rest."""
    report = status["guest-features"]
    bits = 0
    for key, table in (("transports", TRANSPORT_BITS), ("dev-features", {**NET_BITS, **BLK_BITS})):
        for text in report.get(key) or []:
            name = re.match(r"\w+", text).group()
            bit = table.get(name, OTHER_BITS.get(name))
            if bit is None:
                raise QmpError(f"no number known for feature {name}")
            bits |= 1 << bit
    return bits | report.get("unknown-dev-features", 0)


def pick(value, path):
    for name in path.split("."):
        if not isinstance(value, list):
            value = value[name]
        elif "=" in name:
            key, _, wanted = name.partition("=")
            value = {str(each.get(key)): each for each in reversed(value)}[wanted]
        else:
            value = value[int(name)]
    return value


def wait_until(state, wanted, lost=(), timeout=QMP_TIMEOUT):
    """Ask for the state until it is as wanted."""
    deadline = time.monotonic() + timeout
    while (now := state()) != wanted:
        if now in lost or time.monotonic() > deadline:
            raise QmpError(f"{now} instead of {wanted}")
        time.sleep(0.05)


class Agent(threading.Thread):
    """Answers the guest's requests until the channel closes.

    boot.machine is the QEMU that the guest is in; after a migration it is another.
    """

    def __init__(self, boot):
        super().__init__(daemon=True)
        self.boot = boot
        self.to_wake = False

    @property
    def qmp(self):
        return self.boot.machine.qmp

    def run(self):
        served = None
        try:
            while served is not self.boot.machine:
                served = self.boot.machine
                self.serve_machine(served)
        except (OSError, QmpError) as error:
            self.check_gone(error)
        # A QEMU started by this thread is killed when the thread ends.
        self.boot.machine.process.wait()

    def check_gone(self, error):
        """Nobody is left to be answered, or the run is told."""
        try:
            self.boot.machine.process.wait(timeout=QMP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.boot.problems.append(f"the guest's requests are answered no more: {error}")

    def serve_machine(self, machine):
        with machine.request.makefile("rb") as lines:
            for line in lines:
                answer = self.answer(line)
                self.boot.machine.request.sendall(answer + b"\n")
                if self.to_wake:
                    self.wake(machine)
                if machine is not self.boot.machine:
                    return

    def answer(self, line):
        try:
            request = json.loads(line)
            path = request.pop("pick", None)
            value = self.serve(request)
            if path is not None:
                value = pick(value, path)
        except (QmpError, ConfigError, ValueError, LookupError, TypeError, OSError) as error:
            return json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
        if isinstance(value, str):
            return value.replace("\r", "").replace("\n", "\\n").encode()
        return json.dumps(value, separators=(",", ":")).encode()

    def serve(self, request):
        command = request["execute"]
        arguments = request.get("arguments", {})
        if command == "snapshot":
            return self.snapshot(arguments.get("ms", 300))
        if command == "migrate":
            return self.boot.migrate()
        if command == "wake":
            self.to_wake = True
            return {}
        if command == "features":
            return self.features(arguments["id"])
        if command == "device_add":
            return self.monitor_quietly(f"device_add {arguments['device']}")
        if command == "storm":
            return self.storm(arguments["commands"], arguments["times"])
        answer = self.qmp.execute(command, arguments)
        if command == "device_del":
            self.qmp.wait_event("DEVICE_DELETED", arguments["id"])
        return answer

    def wake(self, machine):
        """As long as QEMU lives: a busy one may not answer in time."""
        self.to_wake = False
        while not select.select([machine.request], [], [], 0.05)[0]:
            try:
                if self.qmp.execute("query-status")["status"] == "suspended":
                    self.qmp.execute("system_wakeup")
                    return
            except QmpError as error:
                if machine.process.poll() is not None:
                    raise
                self.boot.show(f"  {self.boot.guest.name}: not woken yet: {error}")

    def features(self, device):
        path = f"/machine/peripheral/{device}/virtio-backend"
        status = self.qmp.execute("x-query-virtio-status", {"path": path})
        # A QEMU that speaks the draft shows the legacy interface's own 64 bits.
        bits = status.get("legacy-guest-features")
        return f"0x{feature_bits(status) if bits is None else bits:016x}"

    def monitor_quietly(self, line):
        """A command of the human monitor that says something only if it fails."""
        problem = self.qmp.monitor(line).strip()
        if problem:
            raise QmpError(f"{line.split()[0]}: {problem}")
        return {}

    def storm(self, commands, times):
        for _ in range(times):
            for one in commands:
                self.qmp.execute(one["execute"], one.get("arguments"))
        return {}

    def snapshot(self, milliseconds):
        for step in ("savevm", "loadvm"):
            self.monitor_quietly(f"{step} vei")
            if step == "savevm":
                time.sleep(milliseconds / 1000)     # traffic that will not have been
        self.qmp.monitor("delvm vei")
        return {}
