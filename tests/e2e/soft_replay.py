# SPDX-License-Identifier: GPL-2.0-or-later
"""soft_replay.py - sessions on our own CPUs, recorded and replayed to the same instruction, state and memory, the guest included."""
import os
import re
import subprocess
import sys
import tempfile

from emulator import DEADLINE_S, GUEST, REPLUG, Emulator, run_tests, tracedump

CLOCK = ('-rtc', 'base=2026-01-31T12:00:00')


def replay(file, *options, status=0):
    done = subprocess.run([REPLUG, '-replay', str(file), *options], capture_output=True, text=True, timeout=DEADLINE_S * 2,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, (options, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def session(file, *arguments):
    """Plugs, a refused plug, a reset, console input, an unplug, power-off."""
    with Emulator('-record', file, *CLOCK, *arguments, guest=GUEST, append='slots=4 smp', accel='soft') as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        assert 'error' in vm.qmp.execute('device_add', {'driver': 'pc-dimm', 'id': 'x', 'memdev': 'nope'})
        vm.type('c')
        vm.line('guest: all slots checked')
        vm.type('r')
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(1)
        vm.line('slot 1: online')
        vm.qmp.command('stop')
        vm.qmp.command('cont')
        vm.qmp.command('device_del', id='dimm1')
        vm.qmp.event('DEVICE_DELETED', device='dimm1')
        vm.type('o')
        assert vm.wait() == 0, vm.stderr()


def test_same_session_again():
    with tempfile.TemporaryDirectory() as folder:
        for cpus in (1, 2, 4):
            file, traces = f'{folder}/{cpus}.rpl', [f'{folder}/{cpus}{which}.rpt' for which in 'ab']
            session(file, '-smp', cpus, '-trace', f'*,file={traces[0]}')
            texts = {replay(file, '-trace', f'*,file={traces[1]}'), replay(file)}
            assert len(texts) == 1 and 'equal' in texts.pop()
            first, second = (tracedump('show', trace).splitlines() for trace in traces)
            for ours, theirs in zip(first, second):
                assert ours == theirs, f'recorded: {ours}\nreplayed: {theirs}'
            assert len(first) == len(second) > 500


def test_planted_bit_is_found():
    with tempfile.TemporaryDirectory() as folder:
        session(f'{folder}/a.rpl')
        text = replay(f'{folder}/a.rpl', status=0)
        turns = int(re.search(r'replayed (\d+) turns', text)[1])
        assert turns > 10, text
        text = subprocess.run([REPLUG, '-replay', f'{folder}/a.rpl,plant=state@5'], capture_output=True, text=True,
                              timeout=DEADLINE_S)
        assert text.returncode == 3 and 'turn 5' in text.stderr and 'recorded' in text.stderr, text


if __name__ == '__main__':
    run_tests(dict(globals()))
