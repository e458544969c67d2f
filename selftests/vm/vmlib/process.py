# SPDX-License-Identifier: GPL-2.0
"""What a run has on the host: QEMUs and directories. They go when it goes, however it ends.

Ctrl-C and SIGTERM: stop_all() ends every guest, each cleans up after itself. SIGKILL: the
kernel ends the guests (setpriv's pdeathsig), and the next run sweeps the directories.
"""

import contextlib
import fcntl
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import threading

PREFIX = "vei-run-"

_lock = threading.Lock()
_running = set()
_stopped = threading.Event()


class Stopped(Exception):
    """The run is being ended from outside."""


def mortal(args):
    """The same command, which the kernel kills when the thread that started it is no more."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *args]


def spawn(args, **options):
    with _lock:
        if _stopped.is_set():
            raise Stopped
        process = subprocess.Popen(args, **options)
        _running.add(process)
    return process


def end(process):
    """Whatever it was doing."""
    if process.poll() is None:
        process.kill()
        process.wait()
    with _lock:
        _running.discard(process)


def stop_all():
    with _lock:
        _stopped.set()
        for process in _running:
            process.kill()


def stopped():
    return _stopped.is_set()


def end_on_signals():
    """To be asked to end is as good as Ctrl-C."""
    def interrupt(*_unused):
        raise KeyboardInterrupt
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def locked(path):
    """A descriptor that holds the lock, or None if somebody has it, or had and removed it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return fd
    os.close(fd)
    return None


def sweep():
    """Directories of runs that were killed: nobody holds their lock."""
    for lock in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), PREFIX + "*", "lock")):
        with contextlib.suppress(OSError):
            fd = locked(lock)
            if fd is not None:
                shutil.rmtree(os.path.dirname(lock), ignore_errors=True)
                os.close(fd)


@contextlib.contextmanager
def run_dir():
    """A directory for sockets and the like, short enough for the name of a socket."""
    sweep()
    fd = None
    while fd is None:
        # another run's sweep may come between the file and its lock
        path = tempfile.mkdtemp(prefix=PREFIX)
        with contextlib.suppress(FileNotFoundError):
            fd = locked(os.path.join(path, "lock"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(fd)
