# SPDX-License-Identifier: GPL-2.0-or-later
"""pci_commands.py - plugging PCI functions by commands alone: what is refused leaves all as it was; what is asked for before there is a
guest goes with a reset; recorded and replayed."""
import os
import pathlib
import socket
import subprocess
import tempfile

from emulator import REPLUG, Emulator, need_kvm, run_tests


def plug(vm, driver, **properties):
    vm.qmp.command('device_add', driver=driver, **properties)


def refuse(vm, command, text, /, **arguments):
    """The command fails with the text and changes nothing."""
    before = vm.qmp.state()
    answer = vm.qmp.execute(command, {key.replace('_', '-'): value for key, value in arguments.items()})
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


def test_networks_refused():
    with Emulator('-S') as vm, socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        vm.qmp.command('netdev_add', type='user', id='net0', net='192.168.7.0/24', host='192.168.7.1', dns='192.168.7.2', dhcpstart='192.168.7.9',
                       restrict=True, hostname='guest', dnssearch=[{'str': 'example.org'}], hostfwd=[{'str': 'tcp:127.0.0.1:0-:22'}, {'str': 'udp::0-192.168.7.9:5'}])
        plug(vm, 'virtio-net-pci', id='n0', netdev='net0', mac='52:54:00:12:34:57')
        plug(vm, 'virtio-net-pci', id='n1')
        plug(vm, 'virtio-net-pci', id='n2')
        text = vm.qmp.hmp('info network')
        assert text == (
            'n0: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:57\r\n \\ net0: index=0,type=user,net=192.168.7.0,restrict=on\r\n'
            'n1: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:56\r\n'
            'n2: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:58\r\n'), text
        refuse(vm, 'netdev_add', "Duplicate ID 'net0'", type='user', id='net0')
        refuse(vm, 'netdev_add', "'type' does not accept value 'tap'", type='tap', id='x')
        refuse(vm, 'netdev_add', "'type' is missing", id='x')
        refuse(vm, 'netdev_add', "'id' expects an identifier", type='user', id='1 x')
        refuse(vm, 'netdev_add', "'foo' is unexpected", type='user', id='x', foo=1)
        for net in ('abc', '10.0.2.0/33', '10.0.2.0/255.0.255.0', '10.0.2', ''):
            refuse(vm, 'netdev_add', f"'net' does not accept value '{net}'", type='user', id='x', net=net)
        for key in ('host', 'dns', 'dhcpstart'):
            refuse(vm, 'netdev_add', 'expected an address inside the network', type='user', id='x', **{key: '10.0.3.1'})
        refuse(vm, 'netdev_add', 'must differ', type='user', id='x', dns='10.0.2.2')
        refuse(vm, 'netdev_add', "option 'restrict'", type='user', id='x', restrict='perhaps')
        refuse(vm, 'netdev_add', 'IPv4 and IPv6 disabled', type='user', id='x', ipv4=False)
        for rule in ('', 'tcp', 'tcp::1', 'sctp::1-:2', 'tcp:1-:2', 'tcp::1-2', 'tcp::x-:2', 'tcp::1-:0', 'tcp::70000-:2', 'tcp:1.2.3:1-:2', 'tcp::1-10.0.2.900:2'):
            refuse(vm, 'netdev_add', f"Invalid host forwarding rule '{rule}'", type='user', id='x', hostfwd=[{'str': rule}])
        rule = f'tcp:127.0.0.1:{taken.getsockname()[1]}-:1'
        refuse(vm, 'netdev_add', f"Could not set up host forwarding rule '{rule}'", type='user', id='x', hostfwd=[{'str': rule}])
        refuse(vm, 'device_add', "can't find value 'nope'", driver='virtio-net-pci', id='x', netdev='nope')
        refuse(vm, 'device_add', "it's in use", driver='virtio-net-pci', id='x', netdev='net0')
        refuse(vm, 'device_add', "doesn't take value '52:54'", driver='virtio-net-pci', id='x', mac='52:54')
        refuse(vm, 'netdev_del', "Device 'nope' not found", id='nope')
        refuse(vm, 'set_link', "Device 'nope' not found", name='nope', up=True)
        vm.qmp.command('set_link', name='n1', up=False)
        vm.qmp.command('netdev_del', id='net0')
        assert vm.qmp.hmp('info network').count('link=down') == 2
        for line, text in (('netdev_add user,id=a,hostfwd=tcp::0-:1,hostfwd=udp::0-:1', ''), ('set_link a off', ''), ('set_link a perhaps', 'is no switch'),
                           ('netdev_del a', ''), ('netdev_del a', 'not found')):
            answer = vm.qmp.hmp(line)
            assert (text in answer) if text else answer == '', (line, answer)
        vm.quit()


def test_command_line():
    with Emulator('-S', '-net', 'none', '-nic', 'user,model=virtio,mac=52:54:00:00:00:01,hostfwd=tcp::0-:1', '-nic', 'none', '-netdev', 'user,id=b') as vm:
        assert [line.split(',')[-1] for line in vm.qmp.hmp('info network').split('\r\n')] == [
            'macaddr=52:54:00:00:00:01', 'restrict=off', 'restrict=off', '']
        vm.quit()
    for arguments, text in ((['-nic', 'user,model=e1000'], "does not accept value 'e1000'"), (['-net', 'user'], 'expected none'),
                            (['-netdev', 'user,id=a,net=x'], "'net' does not accept value 'x'"), (['-nic', 'tap'], "does not accept value 'tap'")):
        done = subprocess.run([REPLUG, '-S', '-display', 'none', '-accel', 'soft', *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and text in done.stderr, (arguments, done)


def test_queries():
    """As QEMU's, whose names and numbers stand here; ours have 32-bit BARs and no ROM."""
    with tempfile.TemporaryDirectory() as folder:
        image, other = pathlib.Path(folder) / 'a.img', pathlib.Path(folder) / 'b.img'
        image.write_bytes(bytes(65536))
        other.write_bytes(bytes(4096))
        with Emulator('-S', '-drive', f'if=none,id=d0,file={image},format=raw', '-device', 'virtio-blk-pci,drive=d0,id=b0,addr=6',
                      '-device', 'virtio-net-pci,id=n0,addr=5') as vm:
            vm.qmp.command('blockdev-add', **{'driver': 'file', 'node_name': 'f1', 'filename': str(other), 'read_only': True})
            vm.qmp.command('blockdev-add', **{'driver': 'raw', 'node_name': 'r1', 'file': 'f1'})
            bus, = vm.qmp.command('query-pci')
            functions = {(entry['slot'], entry['function']): entry for entry in bus['devices']}
            assert bus['bus'] == 0 and list(functions) == [(0, 0), (1, 0), (1, 3), (5, 0), (6, 0)]
            memory = {'type': 'memory', 'prefetch': False, 'mem_type_64': False, 'address': -1}
            assert functions[5, 0] == {
                'bus': 0, 'slot': 5, 'function': 0, 'qdev_id': 'n0', 'irq': 0, 'irq_pin': 1, 'class_info': {'class': 512, 'desc': 'Ethernet controller'},
                'id': {'vendor': 6900, 'device': 4161, 'subsystem-vendor': 6900, 'subsystem': 4352},
                'regions': [{'bar': 1, 'size': 4096, **memory}, {'bar': 4, 'size': 16384, **memory}]}
            assert functions[0, 0]['class_info'] == {'class': 1536, 'desc': 'Host bridge'} and 'irq' not in functions[0, 0]
            text = vm.qmp.hmp('info pci')
            assert ('  Bus  0, device   6, function 0:\r\n    SCSI controller: PCI device 1af4:1042\r\n      PCI subsystem 1af4:1100\r\n      IRQ 0, pin A\r\n'
                    '      BAR1: 32 bit memory at 0xffffffffffffffff [0x00000ffe].\r\n') in text and text.endswith('      id "b0"\r\n'), text
            block, = vm.qmp.command('query-block')
            assert block == {
                'device': 'd0', 'qdev': '/machine/peripheral/b0', 'io-status': 'ok', 'type': 'unknown', 'removable': False, 'locked': False, 'inserted': {
                    'file': str(image), 'node-name': 'd0', 'drv': 'raw', 'ro': False, 'backing_file_depth': 0, 'encrypted': False, 'detect_zeroes': 'off',
                    'bps': 0, 'bps_rd': 0, 'bps_wr': 0, 'iops': 0, 'iops_rd': 0, 'iops_wr': 0, 'write_threshold': 0,
                    'cache': {'writeback': True, 'direct': False, 'no-flush': False},
                    'image': {'filename': str(image), 'format': 'raw', 'virtual-size': 65536, 'dirty-flag': False}}}
            nodes = {node['node-name']: node for node in vm.qmp.command('query-named-block-nodes')}
            assert set(nodes) == {'d0', 'f1', 'r1'} and nodes['r1']['file'] == str(other) and nodes['r1']['ro'] and nodes['f1']['drv'] == 'file'
            plug(vm, 'virtio-blk-pci', id='b1', drive='r1')
            assert vm.qmp.hmp('info block') == (
                f'd0 (d0): {image} (raw)\r\n    Attached to:      /machine/peripheral/b0\r\n    Cache mode:       writeback\r\n\r\n'
                f'r1: {other} (raw, read-only)\r\n    Attached to:      /machine/peripheral/b1\r\n    Cache mode:       writeback\r\n')
            vm.quit()


def test_images_are_locked():
    """One emulator writes an image, or any number read it; the lock goes with the device; a replay needs none."""
    def drive(image, name, *options):
        return ['-drive', ','.join([f'if=none,id={name},file={image},format=raw', *options])]

    with tempfile.TemporaryDirectory() as folder:
        image, file = pathlib.Path(folder) / 'a.img', f'{folder}/s.rpl'
        image.write_bytes(bytes(4096))
        writer, reader = drive(image, 'w'), drive(image, 'r', 'readonly=on')
        with Emulator('-S', '-record', file, *writer, *reader) as first, Emulator('-S', *writer, *reader) as second:
            refused = 'Failed to get {}"write" lock: is another process using the image'
            plug(first, 'virtio-blk-pci', id='a', drive='w')
            for vm in (first, second):
                refuse(vm, 'device_add', refused.format('shared '), driver='virtio-blk-pci', id='x', drive='r')
            refuse(second, 'device_add', refused.format(''), driver='virtio-blk-pci', id='x', drive='w')
            first.qmp.command('device_del', id='a')
            first.qmp.command('system_reset')
            first.qmp.event('DEVICE_DELETED', device='a')
            plug(second, 'virtio-blk-pci', id='b', drive='r')
            plug(first, 'virtio-blk-pci', id='c', drive='r')
            refuse(first, 'device_add', refused.format(''), driver='virtio-blk-pci', id='x', drive='w')
            plug(first, 'virtio-rng-pci', id='r')
            with Emulator('-S', *reader, '-device', 'virtio-blk-pci,drive=r') as third:
                third.quit()
            first.quit()
            done = subprocess.run([REPLUG, '-replay', file], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            assert done.returncode == 0 and 'equal' in done.stdout, done
            second.quit()


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
