# SPDX-License-Identifier: GPL-2.0-or-later
"""lttng_alone.py - LTTng's daemons in namespaces of their own, so that a test meets no other session on this host.

    if __name__ == '__main__':
        with daemons():
            run_tests(dict(globals()))
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from emulator import DEADLINE_S, skip


def lttng(*arguments):
    done = subprocess.run(['lttng', '-n', *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def loopback_up():
    siocsifflags, up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack('16sH14x', b'lo', up))


def start(program, *arguments):
    """Starts a daemon that says by SIGUSR1 that it is ready."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    daemon = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ready = signal.sigtimedwait([signal.SIGUSR1], 30)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    if ready is None:
        daemon.kill()
        skip(f'{program} did not start')
    return daemon


def start_relay():
    """It says nothing when it is ready, so its last port is asked."""
    daemon = subprocess.Popen(['lttng-relayd'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + DEADLINE_S
    while daemon.poll() is None and time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(('localhost', 5344)) == 0:
                return daemon
        time.sleep(.01)
    daemon.kill()
    skip('lttng-relayd did not start')


@contextlib.contextmanager
def daemons(relay=False):
    """Starts this program anew in its own mount namespace (with a relay: also network), and there the session daemon."""
    if '--inside' not in sys.argv:
        for program in ('lttng', 'lttng-sessiond', 'unshare') + (('lttng-relayd',) if relay else ()):
            if not shutil.which(program):
                skip(f'{program} is not installed')
        if os.getuid() != 0:
            skip('a mount namespace of its own needs root')
        pathlib.Path('/run/lttng').mkdir(exist_ok=True)
        os.execvp('unshare', ['unshare', '-m', *(['-n'] if relay else []), sys.executable, *sys.argv, '--inside'])
    sys.argv.remove('--inside')
    home = tempfile.mkdtemp(prefix='replug-lttng-home-')
    for folder in ('/run/lttng', '/dev/shm'):
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
    os.environ['LTTNG_HOME'] = os.environ['HOME'] = home
    started = []
    try:
        if relay:
            loopback_up()
            started.append(start_relay())
        started.append(start('lttng-sessiond', '--no-kernel', '--sig-parent'))
        yield
    finally:
        for daemon in reversed(started):
            daemon.terminate()
            daemon.wait()
        shutil.rmtree(home, ignore_errors=True)
