# SPDX-License-Identifier: GPL-2.0-or-later
"""linux_checkpoints.py - a Linux session with a DIMM, a disk and a processor plugged and given back, replayed from its checkpoints."""
import hashlib
import os
import pathlib
import resource
import subprocess
import tempfile

from checkpoints import check_all, numbers, replay
from emulator import MIB, run_tests, skip
from linux import FOLDER, SCRIPT, linux, power_off, run_in


def replay_seconds(file):
    """The CPU time that a replay takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    replay(file)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def linux_session(file, image):
    """DIMM, disk and processor plugged, used, given back."""
    with linux('-m', '256M,slots=4,maxmem=2G', '-smp', '2,maxcpus=4', '-record', file) as vm:
        vm.line('guest: up')
        run_in(vm, '/modules/load && echo loaded', 'loaded')
        vm.qmp.plug(0, size=128 * MIB)
        vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 1, 'status': 0})
        run_in(vm, 'for m in /sys/devices/system/memory/memory*/state; do echo online_movable > $m; done; cat '
                   '/sys/devices/system/memory/memory*/state | grep -c online', '3')
        vm.qmp.command('blockdev-add', driver='file', node_name='disk', filename=str(image))
        vm.qmp.command('device_add', driver='virtio-blk-pci', id='vb', drive='disk')
        run_in(vm, 'until [ -b /dev/vda ]; do sleep 0.1; done; sha256sum /dev/vda', hashlib.sha256(image.read_bytes()).hexdigest())
        vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id='cpu3', socket_id=0, core_id=3, thread_id=0)
        vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'cpu3', 'slot': '3', 'slot-type': 'CPU', 'source': 1, 'status': 0})
        run_in(vm, 'echo 1 > $(ls -d /sys/devices/system/cpu/cpu[2-9])/online; grep -c ^processor /proc/cpuinfo', '3')
        run_in(vm, 'echo x | dd of=/dev/vda bs=512 seek=3 conv=notrunc 2>/dev/null; sync; echo written', 'written')
        for device in ('dimm0', 'vb', 'cpu3'):
            vm.qmp.command('device_del', id=device)
            vm.qmp.event('DEVICE_DELETED', device=device)
        power_off(vm)


def test_linux_from_each():
    """CHECKPOINT_EVERY=1: from each; a replay from the last needs a fraction of the time of all."""
    with tempfile.TemporaryDirectory() as folder:
        file, image = f'{folder}/linux.rpl', pathlib.Path(folder) / 'disk.img'
        image.write_bytes(os.urandom(MIB))
        linux_session(f'{file},checkpoint=1s', image)
        print(check_all(file, every=int(os.environ.get('CHECKPOINT_EVERY', '4'))), 'checkpoints,', os.path.getsize(file), 'bytes')
        all_of_it, rest = replay_seconds(file), replay_seconds(f'{file},from=last')
        assert rest < all_of_it / 2, (rest, all_of_it)


def test_linux_notices_nothing():
    """A boot to power-off without input from outside: the same end with checkpoints and without."""
    def run(option):
        with linux('-S', '-smp', 2, '-record', f'{folder}/a.rpl{option}', append='console=ttyS0 panic=-1 rdinit=/bin/busybox -- poweroff -f') as vm:
            vm.qmp.command('cont')
            assert vm.wait() == 0, vm.stderr()
            vm.reader.join()
            lines = [line for line in vm.lines if line is not None]
        return lines, replay(f'{folder}/a.rpl')

    with tempfile.TemporaryDirectory() as folder:
        without = run('')
        assert run(',checkpoint=200ms') == without
        assert len(numbers(f'{folder}/a.rpl')) > 5 and len(without[0]) > 100


if __name__ == '__main__':
    done = subprocess.run([SCRIPT, FOLDER], capture_output=True, text=True)
    if done.returncode != 0:
        skip(f'no Linux to boot: {done.stderr.strip()}')
    run_tests(dict(globals()))
