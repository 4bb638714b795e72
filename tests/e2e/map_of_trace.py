# SPDX-License-Identifier: GPL-2.0-or-later
"""map_of_trace.py - the memory map that tracedump makes of a trace or of a recording is the one that the monitor showed at that moment."""
import os
import tempfile

from emulator import GUEST, Emulator, need_kvm, run_tests, tracedump

ON_KVM = os.environ.get('ACCEL', 'kvm') == 'kvm'
COMMANDS = {'info mtree': 'mtree', 'info mtree -f': 'flatview'} | ({'info memslots': 'memslots'} if ON_KVM else {})


def look(vm):
    return {line: vm.qmp.hmp(line).replace('\r', '') for line in COMMANDS}


def test_maps_are_the_monitors():
    with tempfile.TemporaryDirectory() as folder:
        trace, recording = f'{folder}/out.rpt', f'{folder}/session.rpl'
        with Emulator('-smp', 2, '-trace', f'*,file={trace}', '-record', recording, guest=GUEST, append='slots=4 smp') as vm:
            vm.line('guest: ACPI enabled')
            before = look(vm)
            for number in (0, 1):
                vm.qmp.plug(number)
                vm.line(f'slot {number}: online, memory tested')
            plugged = look(vm)
            vm.qmp.command('device_del', id='dimm0')
            vm.qmp.event('DEVICE_DELETED', device='dimm0')
            vm.line('slot 0: ejected')
            after = look(vm)
            vm.quit()
        assert len({texts['info mtree -f'] for texts in (before, plugged, after)}) == 3
        for file in (trace, recording):
            for line, command in COMMANDS.items():
                # The moment is that of the monitor's own command; nothing but what it saw can be right.
                moment = f'hmp_command command_line="{line}"'
                assert tracedump(command, '--at', moment, file) == before[line], (file, line)
                assert tracedump(command, '--at', f'turn={turn_of(trace, "acpi_device_ost slot=1")}', file) == plugged[line], (file, line)
                assert tracedump(command, file) == after[line], (file, line)
            change = tracedump('flatview', '--change', 'qmp_device_add id=dimm1', file)
            assert '+  0000000110000000-000000011fffffff (prio 0, ram): ram1, 256 MiB\n' in change, change
            assert change.count('\n+') == (2 if ON_KVM else 1) and '\n-' not in change, change


def turn_of(trace, event):
    return tracedump('show', '--filter', event, trace).split()[2]


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    run_tests(dict(globals()))
