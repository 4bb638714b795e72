# SPDX-License-Identifier: GPL-2.0-or-later
"""lttng.py - an ordinary LTTng session gets the same events as the file: same order, same fields, same chains.

Runs in a mount namespace of its own, with its own session daemon, so that it meets no other session on this host.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from emulator import GUEST, Emulator, need_kvm, run_tests, skip, tracedump
from memory_hotplug import CHAINS, wait_online


def lttng(*arguments):
    done = subprocess.run(['lttng', '-n', *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


class Session:
    """lttng create; lttng enable-event; lttng start - as anybody would."""
    def __init__(self, pattern='replug:*', start=True):
        self.folder = tempfile.mkdtemp(prefix='replug-lttng-')
        self.ctf = f'{self.folder}/ctf'
        lttng('create', 'replug-test', f'--output={self.ctf}')
        lttng('enable-event', '--userspace', pattern)
        lttng('start') if start else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lttng('destroy', 'replug-test')
        shutil.rmtree(self.folder)


def one_hotplug(vm):
    vm.line('guest: ACPI enabled')
    vm.qmp.plug(0)
    wait_online(vm, 0)
    vm.qmp.command('device_del', id='dimm0')
    vm.qmp.event('DEVICE_DELETED', device='dimm0')


def test_same_content_as_the_file():
    with Session() as session:
        file = f'{session.folder}/out.rpt'
        with Emulator('-trace', f'*,file={file}', guest=GUEST, env={**os.environ, 'LTTNG_UST_REGISTER_TIMEOUT': '-1'}) as vm:
            one_hotplug(vm)
            vm.quit()
        lttng('stop')
        from_file, from_ctf = tracedump('show', file).splitlines(), tracedump('show', session.ctf).splitlines()
        assert len(from_file) > 500, len(from_file)
        for ours, theirs in zip(from_file, from_ctf):
            assert ours == theirs, f'file: {ours}\nCTF:  {theirs}'
        assert len(from_file) == len(from_ctf), (len(from_file), len(from_ctf))
        chains = tracedump('chains', session.ctf)
        assert chains == tracedump('chains', file)
        for chain in CHAINS:
            assert chain in chains, f'missing: {chain}'


def test_session_that_starts_later():
    with Session('replug:kvm_set_phys_mem*', start=False) as session:
        with Emulator(guest=GUEST, env={**os.environ, 'LTTNG_UST_REGISTER_TIMEOUT': '-1'}) as vm:
            vm.line('guest: ACPI enabled')
            vm.qmp.plug(1)
            lttng('start')
            vm.qmp.plug(0)
            lttng('stop')
            vm.qmp.command('device_del', id='dimm0')
            vm.quit()
        show = tracedump('show', session.ctf).splitlines()
        assert len(show) == 2, show
        assert '--> kvm_set_phys_mem' in show[0] and '<-- kvm_set_phys_mem' in show[1], show


if __name__ == '__main__':
    need_kvm()
    if '--inside' not in sys.argv:
        for program in ('lttng', 'lttng-sessiond', 'unshare'):
            if not shutil.which(program):
                skip(f'{program} is not installed')
        if os.getuid() != 0:
            skip('a mount namespace of its own needs root')
        pathlib.Path('/run/lttng').mkdir(exist_ok=True)
        os.execvp('unshare', ['unshare', '-m', sys.executable, __file__, '--inside'])
    sys.argv.remove('--inside')
    home = tempfile.mkdtemp(prefix='replug-lttng-home-')
    for folder in ('/run/lttng', '/dev/shm'):
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
    os.environ['LTTNG_HOME'] = os.environ['HOME'] = home
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])  # the daemon says by it that it is ready
    daemon = subprocess.Popen(['lttng-sessiond', '--no-kernel', '--sig-parent'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        ready = signal.sigtimedwait([signal.SIGUSR1], 30)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        if ready is None:
            skip('lttng-sessiond did not start')
        run_tests(dict(globals()))
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(home, ignore_errors=True)
