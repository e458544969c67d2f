# SPDX-License-Identifier: GPL-2.0
"""One QEMU and the host's ends of its three lines: requests, report, monitor."""

import os
import socket
import subprocess

from . import agent, config, process


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(1)
    sock.settimeout(0.2)
    return sock


class Machine:
    """A QEMU process. Start it in run_dir; with incoming it waits to be migrated to."""

    def __init__(self, guest, qemu, initrd, run_dir, console, incoming=None):
        self.dir = run_dir
        self.interactive = guest.mode == "shell"
        env = config.environment()
        accel = guest.accel or config.accelerator(env, qemu)
        args = config.command_line(guest, env, qemu, accel, initrd, run_dir, console)
        if incoming:
            args += ["-incoming", incoming]
        listeners = {name: listen(os.path.join(run_dir, name)) for name in config.SOCKETS}
        self.errors = open(os.path.join(run_dir, "errors"), "w+")
        self.process = process.spawn(args, stdin=None if self.interactive else subprocess.DEVNULL,
                                     stderr=None if self.interactive else self.errors)
        try:
            self.request = self.accept(listeners["req"])
            self.report = self.accept(listeners["report"])
            self.qmp = agent.Qmp(self.accept(listeners["qmp"]))
        except (agent.QmpError, OSError) as error:
            self.end()
            raise config.ConfigError(f"QEMU did not start: {self.said() or error}") from None
        finally:
            for sock in listeners.values():
                sock.close()

    def accept(self, listener):
        """QEMU's connection, unless it ends before it comes."""
        for _ in range(300):
            try:
                conn = listener.accept()[0]
                conn.settimeout(None)
                return conn
            except socket.timeout:
                if self.process.poll() is not None:
                    break
        raise OSError("it does not connect")

    def said(self):
        """QEMU's messages."""
        self.errors.seek(0)
        return self.errors.read().strip()

    def end(self):
        process.end(self.process)
