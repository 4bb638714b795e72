# SPDX-License-Identifier: GPL-2.0-or-later
"""qmp_protocol.py - QMP as clients meet it: framing, ids, errors, bad JSON, clients that vanish, TCP and stdio."""
import json
import re
import socket
import subprocess

from emulator import GUEST, MIB, REPLUG, Emulator, Qmp, need_kvm, run_tests


def error_of(message):
    assert set(message['error']) == {'class', 'desc'}, message
    return message['error']['class'], message['error']['desc']


def test_greeting_and_negotiation():
    with Emulator('-S') as vm:
        vm.qmp.close()
        client = Qmp(vm.qmp_path, negotiate=False)
        version = client.greeting['QMP']['version']
        assert (version['qemu']['major'], version['qemu']['minor']) == (7, 2), version
        klass, desc = error_of(client.execute('query-status'))
        assert klass == 'CommandNotFound' and 'qmp_capabilities' in desc
        assert client.execute('qmp_capabilities', id=7) == {'return': {}, 'id': 7}
        assert error_of(client.execute('qmp_capabilities'))[0] == 'CommandNotFound'
        assert all(line.endswith(b'\r\n') for line in client.raw), client.raw
        client.command('quit')
        assert vm.wait() == 0


def test_ids_are_echoed():
    with Emulator('-S') as vm:
        for value in ('libvirt-12', 0, -5, 1.5, True, None, [1, {'a': []}], {'x': 'y'}):
            assert vm.qmp.execute('query-status', id=value)['id'] == value
            assert vm.qmp.execute('no-such', id=value)['id'] == value
        vm.quit()


def test_split_and_joined_messages():
    with Emulator('-S') as vm:
        text = b'{"execute":"query-name","id":1} {"execute":"query-status",\n"id":\t2}{"execute":"query-uuid","id":3}\r\n'
        for size in (1, 2, 7, len(text)):
            for at in range(0, len(text), size):
                vm.qmp.send(text[at:at + size])
            assert [vm.qmp.reply()['id'] for _ in range(3)] == [1, 2, 3]
        vm.quit()


def test_bad_messages():
    """Each gets an error; the machine stays as it was, the connection usable."""
    deep = b'[' * 100000
    cases = [b'}\n', b'{]\n', b'nonsense\n', b'"text"\n', b'[1]\n', b'12\n', b'{}\n', b'{"execute": 5}\n',
             b'{"execute": "query-status", "arguments": []}\n', b'{"execute": "query-status", "surprise": 1}\n',
             b'{"execute": "query-status", "arguments": {"x": 1}}\n', b'\x00\n', b'\xff\xfe\n',
             b'{"execute": "object-del", "arguments": {"id": 5}}\n', b'{"execute": "object-del"}\n',
             b'{"execute": "device_add", "arguments": {"driver": 1}}\n', b'{"execute": "\xff"}\n',
             b'{"execute": "' + b'x' * 100000 + b'"}\n', deep + b'\n',
             b'{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"r","size":1e400}}\n',
             b'{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"r","size":-1}}\n',
             b'{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"r","size":"1"}}\n',
             b'{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"r","size":36893488147419103232}}\n']
    with Emulator('-S') as vm:
        before = vm.qmp.state()
        for case in cases:
            vm.qmp.send(case)
            message = vm.qmp.reply()
            klass, desc = error_of(message)
            assert klass in ('GenericError', 'CommandNotFound') and desc, (case[:60], message)
            vm.qmp.close()
            vm.qmp = Qmp(vm.qmp_path)
            assert vm.qmp.state() == before, case[:60]
        # Without coming back: after a syntax error the next line is read anew.
        vm.qmp.send(b'{"execute": }\n{"execute":"query-name","id":"after"}\n')
        replies = [vm.qmp.reply()]
        while replies[-1].get('id') != 'after':
            replies.append(vm.qmp.reply())
        assert 'error' in replies[0] and 'return' in replies[-1], replies
        vm.quit()


def test_huge_message():
    with Emulator('-S') as vm:
        try:
            vm.qmp.send(b'{"execute": "query-status", "id": "')
            for _ in range(80):
                vm.qmp.send(b'x' * MIB)
            vm.qmp.send(b'"}\n')
            error_of(vm.qmp.reply())
        except (BrokenPipeError, ConnectionResetError, EOFError):
            pass  # thrown out is fine too; the machine goes on
        vm.qmp.close()
        vm.qmp = Qmp(vm.qmp_path)
        status = next(line for line in open(f'/proc/{vm.process.pid}/status') if line.startswith('VmHWM'))
        assert int(status.split()[1]) < 300 * 1024, status
        vm.quit()


def test_clients_that_vanish():
    with Emulator(guest=GUEST) as vm:
        vm.line('guest: ACPI enabled')
        for cut in (b'', b'{"exec', b'{"execute":"query-status"}', b'{"execute":"object-add","arguments":{"qom-type":'):
            vm.qmp.send(cut)
            vm.qmp.close()
            vm.qmp = Qmp(vm.qmp_path)
        # A command that was complete is carried out even if nobody waits for its answer.
        vm.qmp.send(b'{"execute":"object-add","arguments":{"qom-type":"memory-backend-ram","id":"ram0","size":268435456}}\n'
                    b'{"execute":"device_add","arguments":{"driver":"pc-dimm","id":"dimm0","memdev":"ram0"}}\n')
        vm.qmp.close()
        vm.line('slot 0: online')
        vm.qmp = Qmp(vm.qmp_path)
        assert [d['data']['id'] for d in vm.qmp.command('query-memory-devices')] == ['dimm0']
        vm.quit()


def test_event_form():
    with Emulator('-S') as vm:
        vm.qmp.command('cont')
        event = vm.qmp.event('RESUME')
        assert event['timestamp']['seconds'] > 1600000000 and 0 <= event['timestamp']['microseconds'] < 1000000, event
        vm.quit()


def test_query_commands_lists_what_works():
    with Emulator('-S') as vm:
        names = {c['name'] for c in vm.qmp.command('query-commands')}
        wanted = set('''qmp_capabilities query-version query-status query-kvm query-commands object-add object-del device_add
            device_del query-memory-devices query-memory-size-summary query-acpi-ospm-status query-hotpluggable-cpus
            query-cpus-fast qom-list qom-get qom-set qom-list-types device-list-properties stop cont system_reset
            system_powerdown quit human-monitor-command trace-event-get-state trace-event-set-state trace-ring-dump'''.split())
        assert wanted <= names, wanted - names
        for name in sorted(names - {'quit', 'qmp_capabilities', 'stop', 'cont', 'system_reset', 'system_powerdown'}):
            answer = vm.qmp.execute(name)
            assert 'return' in answer or answer['error']['class'] == 'GenericError', (name, answer)
        vm.quit()


def test_object_model():
    with Emulator('-S') as vm:
        vm.qmp.plug(0)
        children = {p['name']: p['type'] for p in vm.qmp.command('qom-list', path='/machine/peripheral')}
        assert children['dimm0'] == 'child<pc-dimm>', children
        assert vm.qmp.command('qom-get', path='/machine/peripheral/dimm0', property='slot') == 0
        assert vm.qmp.command('qom-get', path='/objects/ram0', property='size') == 256 * MIB
        types = {t['name'] for t in vm.qmp.command('qom-list-types')}
        assert {'pc-dimm', 'PIIX4_PM', 'memory-backend-ram', 'memory-backend-file', 'isa-serial'} <= types
        implementing = {t['name'] for t in vm.qmp.command('qom-list-types', implements='hotplug-handler')}
        assert 'PIIX4_PM' in implementing and 'pc-dimm' not in implementing, implementing
        properties = {p['name'] for p in vm.qmp.command('device-list-properties', typename='pc-dimm')}
        assert {'addr', 'slot', 'node', 'memdev'} <= properties, properties
        answer = vm.qmp.execute('qom-set', {'path': '/machine/peripheral/dimm0', 'property': 'slot', 'value': 2})
        assert 'after it was realized' in error_of(answer)[1], answer
        assert error_of(vm.qmp.execute('device-list-properties', {'typename': 'nope'}))[0] == 'DeviceNotFound'
        vm.quit()


HMP = {'info mtree': r'(?m)^address-space: memory\r$', 'info mtree -f': r'FlatView #0', 'info qtree': 'dev: pc-dimm, id "dimm0"',
       'info qom-tree': r'/dimm0 \(pc-dimm\)', 'info irq': '', 'info pic': 'irr', 'info memory-devices': 'Memory device .*dimm0',
       'info memslots': r'0000000100000000', 'info registers': 'RAX=', 'info status': 'VM status: paused', 'help': 'device_add'}


def test_human_monitor():
    with Emulator('-S') as vm:
        vm.qmp.plug(0)
        for line, pattern in HMP.items():
            text = vm.qmp.hmp(line)
            assert re.search(pattern, text), (line, text)
        assert 'unknown command' in vm.qmp.hmp('frobnicate')
        assert 'Duplicate device ID' in vm.qmp.hmp('device_add pc-dimm,id=dimm0,memdev=ram0')
        vm.quit()


def test_stdio_monitors():
    done = subprocess.run([REPLUG, '-accel', 'kvm', '-S', '-nodefaults', '-display', 'none', '-qmp', 'stdio'], timeout=60,
                          input=b'{"execute":"qmp_capabilities"}{"execute":"quit"}', capture_output=True)
    messages = [m for m in map(json.loads, done.stdout.splitlines()) if 'event' not in m]
    assert done.returncode == 0 and 'QMP' in messages[0] and messages[1] == {'return': {}} == messages[2], done
    done = subprocess.run([REPLUG, '-accel', 'kvm', '-S', '-nodefaults', '-display', 'none', '-monitor', 'stdio'], timeout=60,
                          input=b'info status\nquit\n', capture_output=True)
    assert done.returncode == 0 and b'VM status: paused' in done.stdout, done


def test_tcp():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    with Emulator('-S', '-qmp', f'tcp:127.0.0.1:{port},server=on,wait=off') as vm:
        client = socket.create_connection(('127.0.0.1', port), timeout=30)
        assert b'"QMP"' in client.recv(4096)
        client.sendall(b'{"execute":"qmp_capabilities"}\n')
        assert client.recv(4096) == b'{"return": {}}\r\n'
        # Events reach every monitor.
        vm.qmp.command('cont')
        assert b'RESUME' in client.recv(4096)
        client.close()
        vm.quit()


if __name__ == '__main__':
    need_kvm()
    run_tests(dict(globals()))
