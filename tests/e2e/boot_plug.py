# SPDX-License-Identifier: GPL-2.0-or-later
"""boot_plug.py - a DIMM and a processor that come while Linux boots: whatever it has got to, both are there in the end.

BOOT_POINTS=all tries each point of the boot alone; usually only the two that are most likely to be lost."""
import os
import pathlib
import re
import tempfile

from emulator import MIB, PEER, run_tests, tracedump
from linux import linux, need_linux, power_off, recording, replay_equal, run_in

# What the kernel says when it has got there; None is before its first instruction.
POINTS = {
    'before the start': None,
    'before it knows its memory': 'bootconsole [uart8250] enabled',
    'before it has ACPI': 'Memory: ',
    'before it looks for devices': 'ACPI: Interpreter enabled',
    'while it looks for devices': 'acpiphp: Slot [3] registered',
    'before its first program': 'Run /init as init process',
}
CHOSEN = POINTS if os.environ.get('BOOT_POINTS') == 'all' else ['before the start', 'while it looks for devices']


def boot(*arguments):
    return linux('-S', '-smp', '1,maxcpus=3', *arguments, memory='256M,slots=8,maxmem=4G',
                 append='console=ttyS0 panic=-1 earlycon=uart8250,io,0x3f8 keep_bootcon')


def plug_cpu(vm, core):
    vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id=f'cpu{core}', socket_id=0, core_id=core, thread_id=0)


def total(vm):
    return int(re.search(r'(\d+) kB', run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:'))[1])


def use(vm, dimms, cpus):
    """All of them are there, can be brought online, and nothing is wrong in the kernel's log."""
    before = total(vm)
    run_in(vm, 'cd /sys/devices/system/memory; for m in memory*/state; do grep -q online $m || echo online_movable > $m; done; '
               'echo "blocks:" $(cat memory*/state | grep -c online)', f'blocks: {2 + dimms}')
    run_in(vm, 'cd /sys/devices/system/cpu; for c in cpu[1-9]; do grep -q 1 $c/online || echo 1 > $c/online; done; '
               'echo "processors:" $(grep -c ^processor /proc/cpuinfo)', f'processors: {1 + cpus}')
    assert total(vm) - before == 128 * dimms * 1024, (before, total(vm))
    vm.type('dmesg | grep -cE "WARNING|BUG|Oops"; echo end\n')
    assert vm.line('0') == '0'


def test_alone():
    """One DIMM and one processor at one point of the boot: nothing that comes later can make up for a loss."""
    for name in CHOSEN:
        with boot() as vm:
            vm.qmp.command('object-add', qom_type='memory-backend-ram', id='ram0', size=128 * MIB)
            if POINTS[name] is not None:
                vm.qmp.command('cont')
                vm.line(POINTS[name])
            vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram0')
            plug_cpu(vm, 1)
            if POINTS[name] is None:
                vm.qmp.command('cont')
            vm.line('guest: up')
            use(vm, dimms=1, cpus=1)
            if not PEER:  # there the first request is lost behind an insertion that the guest has found by itself; a CPU that leaves crashes it
                vm.qmp.command('device_del', id='dimm0')
                vm.qmp.event('DEVICE_DELETED', device='dimm0')
                vm.qmp.command('device_del', id='cpu1')
                vm.qmp.event('DEVICE_DELETED', device='cpu1')
            vm.quit()
            print('there when plugged', name)


def test_at_each_point_recorded_and_replayed():
    """What Linux is told of before its own scan has met it, it reports as a failure (_OST status 1), and takes it all the same."""
    with tempfile.TemporaryDirectory() as folder:
        file, trace = pathlib.Path(folder) / 'boot.rpl', pathlib.Path(folder) / 'boot.rpt'
        traced = () if PEER else ('-trace', f'*,file={trace}')
        with boot(*recording(file), *traced) as vm:
            for number, text in enumerate(POINTS.values()):
                if text is not None:
                    vm.line(text)
                vm.qmp.plug(number, size=128 * MIB)
                if number in (1, 4):
                    plug_cpu(vm, 1 + number // 4)
                if text is None:
                    vm.qmp.command('cont')
            vm.line('guest: up')
            use(vm, dimms=len(POINTS), cpus=2)
            power_off(vm)
        if not PEER:
            print(tracedump('show', '--filter', 'qmp_device_add or acpi_device_ost(source=1)', trace))
        replay_equal(file)


if __name__ == '__main__':
    need_linux()
    run_tests(dict(globals()))
