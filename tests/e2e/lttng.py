# SPDX-License-Identifier: GPL-2.0-or-later
"""lttng.py - an ordinary LTTng session gets the same events as the file: same order, same fields, same chains.

Runs in a mount namespace of its own, with its own session daemon, so that it meets no other session on this host.
"""
import os
import shutil
import tempfile

from emulator import GUEST, Emulator, need_kvm, run_tests, tracedump
from lttng_alone import daemons, lttng
from memory_hotplug import CHAINS, wait_online


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
    with daemons():
        run_tests(dict(globals()))
