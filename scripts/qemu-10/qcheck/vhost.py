# SPDX-License-Identifier: GPL-2.0
"""A vhost-user back end that serves nothing and remembers what it was asked."""

import socket
import struct
import threading

from .device import RING_PACKED, VERSION_1, bit

GET_FEATURES, GET_VRING_BASE, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, GET_CONFIG = 1, 11, 15, 17, 24
PROTOCOL_FEATURES = 30          # among the features
NEED_REPLY = 8                  # in a message's flags
PROTOCOL_REPLY_ACK, PROTOCOL_CONFIG = 3, 9


class VhostUserBackend:
    """Just enough of one for QEMU to go on with it."""

    def __init__(self, path):
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        answers = {GET_FEATURES: struct.pack('<Q', bit(VERSION_1, RING_PACKED,
                                                       PROTOCOL_FEATURES)),
                   GET_PROTOCOL_FEATURES: struct.pack('<Q', bit(PROTOCOL_REPLY_ACK,
                                                                PROTOCOL_CONFIG)),
                   GET_QUEUE_NUM: struct.pack('<Q', 1)}
        while True:
            header = connection.recv(12, socket.MSG_WAITALL)
            if len(header) < 12:
                return
            request, flags, size = struct.unpack('<III', header)
            payload = connection.recv(size, socket.MSG_WAITALL) if size else b''
            self.requests.append(request)
            if request in (GET_VRING_BASE, GET_CONFIG):
                answer = payload
            elif request in answers:
                answer = answers[request]
            elif flags & NEED_REPLY:
                answer = bytes(8)
            else:
                continue
            connection.sendall(struct.pack('<III', request, 5, len(answer)) + answer)
