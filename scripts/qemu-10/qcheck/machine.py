# SPDX-License-Identifier: GPL-2.0
"""A QEMU whose CPU stands still, moved over qtest and QMP."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

TIMEOUT = 20

# path of the QEMU under test, set once by the runner
binary = None


class QemuError(Exception):
    pass


class QemuGone(QemuError):
    """A socket was closed from the other side."""


def die_with_parent():
    """In a child to be: nothing outlives a check that was killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise QemuError('waited in vain')
        time.sleep(0.01)


class Machine:
    """Ended on leaving the `with`; one that has died by then raises QemuError.

    may_end: it may end by itself, which is then the caller's to judge.
    """

    def __init__(self, *args, qemu=None, machine='pc,vmport=off', accel='qtest',
                 expect_start=True):
        self.args = args
        self.may_end = not expect_start
        self.dir = tempfile.mkdtemp(prefix='qemu-check.')
        command = [qemu or binary, '-nodefaults', '-display', 'none', '-m', '16',
                   '-machine', machine, '-accel', accel, '-qtest-log', 'none']
        self.listeners = []
        for name in 'qtest', 'qmp':
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(self.dir, name))
            listener.listen(1)
            self.listeners.append(listener)
            command += ['-' + name, 'unix:' + os.path.join(self.dir, name)]
        self.stderr = open(os.path.join(self.dir, 'stderr'), 'w+')
        self.process = subprocess.Popen(command + list(args), stdin=subprocess.DEVNULL,
                                        stdout=self.stderr, stderr=self.stderr,
                                        preexec_fn=die_with_parent)
        self.qtest = self.qmp = None
        if expect_start:
            try:
                self.qtest = self.accept(self.listeners[0])
                self.qmp = self.accept(self.listeners[1])
                self.qmp.readline()
                self.execute('qmp_capabilities')
            except BaseException as e:
                self.__exit__(type(e), e, None)
                raise

    def accept(self, listener):
        deadline = time.monotonic() + TIMEOUT
        listener.settimeout(0.05)
        while True:
            try:
                connection, _ = listener.accept()
                connection.settimeout(TIMEOUT)
                return connection.makefile('rw')
            except socket.timeout:
                if self.process.poll() is not None:
                    raise QemuGone('at its start') from None
                if time.monotonic() > deadline:
                    raise QemuError('QEMU does not answer') from None

    def said(self):
        self.stderr.flush()
        with open(self.stderr.name, errors='replace') as f:
            return f.read().strip()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for f in (self.qtest, self.qmp, self.stderr, *self.listeners):
            with contextlib.suppress(OSError):
                if f:
                    f.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, e, traceback):
        try:
            if self.may_end:
                return
            try:
                if e is None:       # what the last command began may be its end yet
                    self.execute('query-status')
            except QemuGone as gone:
                e = gone
            # it closes its sockets a moment before it can be waited for
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=TIMEOUT if isinstance(e, QemuGone) else 0)
            status = self.process.returncode
            if status is not None:
                raise QemuError(f'QEMU died with status {status}: {self.said()}')
        finally:
            self.close()

    def do(self, command):
        try:
            self.qtest.write(command + '\n')
            self.qtest.flush()
            while True:
                answer = self.qtest.readline().split()
                if not answer:
                    raise QemuGone(command)
                if answer[0] != 'IRQ':
                    break
        except ConnectionError as e:
            raise QemuGone(command) from e
        if answer[0] != 'OK':
            raise QemuError(f'{command}: {answer}')
        return answer[1] if len(answer) > 1 else None

    def inp(self, port, size):
        return int(self.do(f'in{" bw l"[size]} {port:#x}'), 16)

    def out(self, port, size, value):
        self.do(f'out{" bw l"[size]} {port:#x} {value:#x}')

    def read(self, address, size):
        return bytes.fromhex(self.do(f'read {address:#x} {size:#x}')[2:])

    def write(self, address, data):
        self.do(f'write {address:#x} {len(data):#x} 0x{data.hex()}')

    def read16(self, address):
        return struct.unpack('<H', self.read(address, 2))[0]

    def write16(self, address, value):
        self.write(address, struct.pack('<H', value & 0xffff))

    def execute(self, command, **arguments):
        try:
            self.qmp.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
            self.qmp.flush()
            while True:
                line = self.qmp.readline()
                if not line:
                    raise QemuGone(command)
                answer = json.loads(line)
                if 'error' in answer:
                    raise QemuError(answer['error']['desc'])
                if 'return' in answer:
                    return answer['return']
        except ConnectionError as e:
            raise QemuGone(command) from e

    def hmp(self, line):
        return self.execute('human-monitor-command', **{'command-line': line})

    def migrate_to(self, path):
        self.execute('migrate', uri=f'exec:cat > {path}')
        wait_for(lambda: self.execute('query-migrate').get('status') in ('completed', 'failed'))
        if self.execute('query-migrate')['status'] != 'completed':
            raise QemuError('migration failed: ' + self.said())
