#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Between QEMU and a vhost-user device that wants VERSION_1: vhost_legacy.py LISTEN CONNECT

libvhost-user, and so qemu-storage-daemon, refuses a driver that does not acknowledge
VERSION_1. Split rings are the same to it with and without on a little-endian machine, so
everything passes here as it is, but for SET_FEATURES, to which that bit is added.
"""

import array
import os
import socket
import struct
import sys
import threading

HEADER = struct.Struct("<III")      # request, flags, size
SET_FEATURES = 2
VERSION_1 = 1 << 32
MOST_FDS = 64
FDS = socket.CMSG_SPACE(MOST_FDS * array.array("i").itemsize)


def receive(sock, size):
    """So many bytes, or as many as there are, and the descriptors that came along."""
    data, ancillary, _flags, _address = sock.recvmsg(size, FDS)
    fds = array.array("i")
    for level, kind, blob in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(blob[:len(blob) - len(blob) % fds.itemsize])
    return data, list(fds)


def send(sock, data, fds):
    if fds:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        data = data[sock.sendmsg([data], rights):]
        for fd in fds:
            os.close(fd)
    sock.sendall(data)


def to_device(front, back):
    """Message by message."""
    while True:
        message, fds = receive(front, HEADER.size)
        if not message:
            return
        size = HEADER.size
        while len(message) < size or size == HEADER.size:
            if len(message) >= HEADER.size:
                size = HEADER.size + HEADER.unpack_from(message)[2]
                if len(message) >= size:
                    break
            more, also = receive(front, size - len(message))
            if not more:
                return
            message, fds = message + more, fds + also
        if HEADER.unpack_from(message)[0] == SET_FEATURES:
            bits = struct.unpack_from("<Q", message, HEADER.size)[0]
            message = message[:HEADER.size] + struct.pack("<Q", bits | VERSION_1)
        send(back, message, fds)


def to_qemu(back, front):
    while True:
        data, fds = receive(back, 65536)
        if not data:
            return
        send(front, data, fds)


def relay(way, source, target):
    try:
        way(source, target)
    except OSError:
        pass                            # one of them has gone
    for sock in (source, target):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    listen, connect = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX)
    server.bind(listen)
    server.listen(1)
    while True:
        front = server.accept()[0]
        back = socket.socket(socket.AF_UNIX)
        back.connect(connect)
        threading.Thread(target=relay, args=(to_device, front, back), daemon=True).start()
        threading.Thread(target=relay, args=(to_qemu, back, front), daemon=True).start()


if __name__ == "__main__":
    main()
