# SPDX-License-Identifier: GPL-2.0-or-later
"""linux.py - Debian's unmodified cloud kernel on our own CPUs: boots to a shell, computes, switches itself off; twice the same."""
import hashlib
import os
import pathlib
import random
import re
import subprocess
import tempfile

from churn import rss_kib
from emulator import MIB, PEER, REPLUG, Emulator, run_tests, skip

FOLDER = pathlib.Path(os.environ.get('LINUX_FOLDER', '/tmp/replug-linux'))
SCRIPT = pathlib.Path(__file__).parent / '../support/linux_guest.sh'


def linux(*arguments, memory='256M', append='console=ttyS0 panic=-1'):
    return Emulator('-kernel', FOLDER / 'vmlinuz', '-initrd', FOLDER / 'initrd.gz', '-append', append, '-serial', 'stdio', '-no-reboot',
                    '-rtc', 'base=2026-01-31T12:00:00', *arguments, memory=memory, accel='soft')


def run_in(vm, command, pattern):
    """Types a command and waits for a line of its output."""
    vm.type(f'{command}; echo "done" "$?"\n')
    line = vm.line(pattern)
    vm.line('done 0')
    return line


def test_shell_and_answers():
    with linux('-smp', 2) as vm:
        vm.line('guest: up')
        assert 'MemTotal' in run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:')
        run_in(vm, 'grep -c ^processor /proc/cpuinfo', '2')
        data = bytes(MIB)
        run_in(vm, 'head -c 1048576 /dev/zero | sha256sum', hashlib.sha256(data).hexdigest())
        run_in(vm, "awk 'BEGIN { s = 0; for (i = 1; i <= 20000; i++) s += 1 / i; printf \"%.9f\", s; print \"\" }'",
               f'{sum(1 / i for i in range(1, 20001)):.9f}')
        vm.type('dmesg | grep -cE "WARNING|BUG|Oops"; echo end\n')
        assert vm.line('0') == '0'
        vm.type('poweroff -f\n')
        vm.line('reboot: Power down')
        assert vm.wait() == 0


def boot(*arguments):
    """Everything that a boot to the shell prints, and the registers then; the guest waits for input."""
    with linux('-S', *arguments, append='console=ttyS0 panic=-1 rdinit=/bin/busybox -- poweroff -f') as vm:
        vm.qmp.command('cont')
        assert vm.wait() == 0, vm.stderr()
        vm.reader.join()
        return [line for line in vm.lines if line is not None]


def test_two_boots_are_the_same():
    first = boot('-smp', 2)
    assert any('reboot: Power down' in line for line in first), first[-5:]
    assert len(first) > 150
    assert boot('-smp', 2, '-trace', '*') == first  # the times in the lines are the instructions' count


def recording(file):
    """The options that record to the file; none on QEMU."""
    return () if PEER else ('-record', file)


def replay_equal(file):
    """Replays the session to its end; what it needed beside kernel and initrd, which came from outside."""
    if PEER:
        return
    with tempfile.TemporaryDirectory() as folder:
        with linux('-S', '-record', f'{folder}/images.rpl') as vm:
            vm.quit()
        beside = file.stat().st_size - pathlib.Path(f'{folder}/images.rpl').stat().st_size
    assert 0 < beside < 128 * 1024, beside
    done = subprocess.run([REPLUG, '-replay', str(file)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    print(beside, 'bytes beside kernel and initrd;', done.stdout.strip())
    assert done.returncode == 0 and 'equal' in done.stdout, done


def power_off(vm):
    vm.type('poweroff -f\n')
    vm.line('reboot: Power down')
    assert vm.wait() == 0


def test_cpu_hotplug_recorded_and_replayed():
    """A processor that Linux takes by its own ACPI code, runs a program on, and gives back; the same again from the recording."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / 'session.rpl'
        with linux('-smp', '2,maxcpus=4', *recording(file)) as vm:
            vm.line('guest: up')
            run_in(vm, 'grep -c ^processor /proc/cpuinfo', '2')
            for _ in range(2):
                vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id='cpu3', socket_id=0, core_id=3, thread_id=0)
                vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'cpu3', 'slot': '3', 'slot-type': 'CPU', 'source': 1, 'status': 0})
                run_in(vm, 'echo 1 > $(ls -d /sys/devices/system/cpu/cpu[2-9])/online; grep -c ^processor /proc/cpuinfo', '3')
                run_in(vm, "taskset 4 awk '/^processor/ { n++ } END { print \"ran on the third:\", n }' /proc/cpuinfo", 'ran on the third: 3')
                vm.qmp.command('device_del', id='cpu3')
                vm.qmp.event('DEVICE_DELETED', device='cpu3')
                vm.qmp.event('ACPI_DEVICE_OST', info={'slot': '3', 'slot-type': 'CPU', 'source': 3, 'status': 0})
                run_in(vm, 'grep -c ^processor /proc/cpuinfo', '2')
            # One of the start leaves too; the first one can't.
            [second] = [cpu['qom-path'] for cpu in vm.qmp.command('query-cpus-fast') if cpu['cpu-index'] == 1]
            vm.qmp.command('device_del', id=second)
            vm.qmp.event('DEVICE_DELETED', path=second)
            run_in(vm, 'grep -c ^processor /proc/cpuinfo', '1')
            vm.type('dmesg | grep -cE "WARNING|BUG|Oops"; echo end\n')
            assert vm.line('0') == '0'
            vm.expect('cpu-plug', 'ost', device='cpu3')
            power_off(vm)
        replay_equal(file)


def test_memory_hotplug_recorded_and_replayed():
    """A DIMM that Linux takes by its own ACPI code and gives back; then the same again from the recording."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / 'session.rpl'
        with linux('-m', '256M,slots=4,maxmem=2G', *recording(file)) as vm:
            vm.line('guest: up')
            before = int(re.search(r'\d+', run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:'))[0])
            vm.qmp.plug(0, size=128 * MIB)
            vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 1, 'status': 0})
            run_in(vm, 'for m in /sys/devices/system/memory/memory*/state; do echo online_movable > $m; done; grep -c online '
                       '/sys/devices/system/memory/memory*/state | tail -n 1', ':1')
            after = int(re.search(r'\d+', run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:'))[0])
            assert after - before == 128 * 1024, (before, after)
            vm.qmp.command('device_del', id='dimm0')
            vm.qmp.event('DEVICE_DELETED', device='dimm0')
            vm.expect('memory-plug', 'memory-unplug', 'ost', device='dimm0')
            power_off(vm)
        replay_equal(file)


def test_64_dimms_in_random_order():
    """All at once, online, away in random order, DIMM_ROUNDS times: slots, memory blocks and the emulator's size as before."""
    with linux('-m', '512M,slots=64,maxmem=32G') as vm:
        vm.line('guest: up')
        order, sizes = list(range(64)), []
        for _ in range(int(os.environ.get('DIMM_ROUNDS', '1'))):
            for number in range(64):
                vm.qmp.plug(number, size=128 * MIB)
            left = {f'dimm{number}' for number in order}
            while left:
                info = vm.qmp.event('ACPI_DEVICE_OST')['data']['info']
                if (info['source'], info['status']) == (1, 0):
                    left.discard(info['device'])
            run_in(vm, 'cd /sys/devices/system/memory; for m in memory*/state; do grep -q online $m || echo online_movable > $m; done; '
                       'cat memory*/state | grep -c online', '68')
            random.Random(len(sizes)).shuffle(order)
            for number in order:
                vm.qmp.command('device_del', id=f'dimm{number}')
            for _ in order:
                vm.qmp.event('DEVICE_DELETED')
            for number in order:
                vm.qmp.command('object-del', id=f'ram{number}')
            run_in(vm, 'cat memory*/state | grep -c online', '4')
            assert vm.qmp.command('query-memory-devices') == []
            sizes.append(rss_kib(vm))
        assert sizes[-1] - sizes[0] < 8192, f'memory grows: {sizes} KiB'
        vm.quit()


def need_linux():
    done = subprocess.run([SCRIPT, FOLDER], capture_output=True, text=True)
    if done.returncode != 0:
        skip(f'no Linux to boot: {done.stderr.strip()}')


if __name__ == '__main__':
    need_linux()
    if PEER:
        del test_two_boots_are_the_same
        del test_cpu_hotplug_recorded_and_replayed  # QEMU 7.2's software CPUs crash when they leave
    run_tests(dict(globals()))
