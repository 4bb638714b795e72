# SPDX-License-Identifier: GPL-2.0-or-later
"""pci_commands.py - plugging PCI functions by commands alone: what is refused leaves all as it was; what is asked for before there is a
guest goes with a reset; recorded and replayed."""
import os
import pathlib
import subprocess
import tempfile

from emulator import REPLUG, Emulator, need_kvm, run_tests


def plug(vm, driver, **properties):
    vm.qmp.command('device_add', driver=driver, **properties)


def refuse(vm, name, text, **arguments):
    """The command fails with the text and changes nothing."""
    before = vm.qmp.state()
    answer = vm.qmp.execute(name, {key.replace('_', '-'): value for key, value in arguments.items()})
    assert text in answer['error']['desc'], answer
    assert vm.qmp.state() == before, 'a refused command has left something'


def test_refused():
    with tempfile.TemporaryDirectory() as folder, Emulator('-S') as vm:
        image = pathlib.Path(folder) / 'a.img'
        image.write_bytes(bytes(4096))
        vm.qmp.command('object-add', qom_type='rng-builtin', id='rng0')
        vm.qmp.command('blockdev-add', driver='file', node_name='f0', filename=str(image))
        vm.qmp.command('blockdev-add', **{'driver': 'raw', 'node_name': 'd0', 'file': 'f0'})
        plug(vm, 'virtio-rng-pci', id='r0', rng='rng0', addr='5')
        plug(vm, 'virtio-blk-pci', id='b0', drive='d0')
        refuse(vm, 'device_add', 'drive property not set', driver='virtio-blk-pci', id='x')
        refuse(vm, 'device_add', "can't find value 'nope'", driver='virtio-blk-pci', id='x', drive='nope')
        refuse(vm, 'device_add', "it's in use", driver='virtio-blk-pci', id='x', drive='d0')
        refuse(vm, 'device_add', "it's in use", driver='virtio-blk-pci', id='x', drive='f0')
        refuse(vm, 'device_add', 'already busy rng backend', driver='virtio-rng-pci', id='x', rng='rng0')
        refuse(vm, 'device_add', "not found", driver='virtio-rng-pci', id='x', rng='nope')
        refuse(vm, 'device_add', 'slot 5 function 0 not available', driver='virtio-rng-pci', id='x', addr='5')
        refuse(vm, 'device_add', 'Duplicate device ID', driver='virtio-rng-pci', id='r0')
        refuse(vm, 'device_add', "doesn't take value", driver='virtio-rng-pci', id='x', addr='77')
        refuse(vm, 'object-del', 'is in use', id='rng0')
        refuse(vm, 'blockdev-del', 'in use', node_name='d0')
        refuse(vm, 'blockdev-del', 'Failed to find node', node_name='nope')
        refuse(vm, 'blockdev-add', 'Duplicate nodes', driver='file', node_name='d0', filename=str(image))
        refuse(vm, 'blockdev-add', "does not accept value 'qcow2'", driver='qcow2', node_name='q0', filename=str(image))
        refuse(vm, 'blockdev-add', 'Could not open', driver='file', node_name='q0', filename=folder + '/none')
        refuse(vm, 'blockdev-add', 'is no image', driver='file', node_name='q0', filename='/dev/null')
        vm.qmp.command('object-add', qom_type='rng-random', id='rng1', filename=folder + '/none')
        refuse(vm, 'device_add', 'cannot open', driver='virtio-rng-pci', id='x', rng='rng1')
        vm.quit()


def test_slots_used_up():
    with Emulator('-S') as vm:
        for number in range(30):
            plug(vm, 'virtio-rng-pci', id=f'r{number}')
        refuse(vm, 'device_add', 'no slot/function available', driver='virtio-rng-pci', id='x')
        vm.quit()


def test_reset_lets_go_and_replay():
    with tempfile.TemporaryDirectory() as folder:
        image, file = pathlib.Path(folder) / 'a.img', f'{folder}/s.rpl'
        image.write_bytes(bytes(1 << 20))
        with Emulator('-drive', f'file={image},if=none,id=d1,format=raw', '-device', 'virtio-blk-pci,drive=d1,id=b1', '-record', file) as vm:
            plug(vm, 'virtio-rng-pci', id='r0')
            vm.qmp.command('device_del', id='r0')
            assert 'in the process of unplug' in vm.qmp.execute('device_del', {'id': 'r0'})['error']['desc']
            vm.qmp.command('system_reset')
            vm.qmp.event('DEVICE_DELETED', device='r0')
            plug(vm, 'virtio-rng-pci', id='r0')
            vm.quit()
        image.unlink()
        done = subprocess.run([REPLUG, '-replay', file], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert done.returncode == 0 and 'equal' in done.stdout, done


if __name__ == '__main__':
    if os.environ.get('ACCEL', 'kvm') == 'kvm':
        need_kvm()
    run_tests(dict(globals()))
