# SPDX-License-Identifier: GPL-2.0-or-later
"""sessions.py - sessions of each kind, recorded again and again, replayed without /dev/kvm to the same digests and the same trace.

    REPLAY_REPEATS=20 REPLAY_ROUNDS=1000 meson test -C build sessions --timeout-multiplier 20
"""
import json
import os

from emulator import GUEST, KVM_CHIPS, MIB, Qmp, need_kvm, run_tests
from recorded import need_namespaces, online, recorded, unplug

REPEATS = int(os.environ.get('REPLAY_REPEATS', '1'))
ROUNDS = int(os.environ.get('REPLAY_ROUNDS', '100'))


def plugs():
    with recorded(guest=GUEST) as vm:
        online(vm)
        for number in range(3):
            vm.qmp.plug(number)
            vm.line(f'slot {number}: online')
        unplug(vm, 1)
        vm.qmp.plug(3, size=4 * MIB, backend='memory-backend-memfd')
        vm.line('slot 1: online')
        vm.type('c')
        vm.line('guest: all slots checked')
        vm.qmp.state()
        unplug(vm, 0)


def refused_plugs():
    with recorded('-fault', 'kvm_get_irqchip=EIO,at=4', guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        for name, arguments in [
                ('device_add', {'driver': 'pc-dimm', 'id': 'dimm0', 'memdev': 'ram0'}),
                ('device_add', {'driver': 'pc-dimm', 'id': 'dimm1', 'memdev': 'ram0'}),
                ('device_add', {'driver': 'nothing'}),
                ('object-add', {'qom-type': 'memory-backend-ram', 'id': 'big', 'size': 1 << 62}),
                ('object-add', {'qom-type': 'memory-backend-file', 'id': 'f', 'size': 4096, 'mem-path': '/nonexistent/file'}),
                ('object-del', {'id': 'ram0'}), ('device_del', {'id': 'dimm7'}), ('qom-get', {'path': '/machine', 'property': 'x'})]:
            assert 'error' in vm.qmp.execute(name, arguments), name
        vm.qmp.hmp('info pic')


def injected_failures():
    with recorded(guest=GUEST) as vm:
        online(vm)
        for fault in ('memory_map=ENOMEM', 'kvm_set_user_memory_region=EEXIST', *(['kvm_irq_line=EIO'] if KVM_CHIPS else []),
                      'memory_memfd_create=EMFILE'):
            vm.qmp.command('x-fault-inject', fault=fault)
            backend = 'memory-backend-memfd' if 'memfd' in fault else 'memory-backend-ram'
            added = 'return' in vm.qmp.execute('object-add', {'qom-type': backend, 'id': 'ram0', 'size': 4 * MIB})
            failed = not added or 'error' in vm.qmp.execute('device_add', {'driver': 'pc-dimm', 'id': 'd', 'memdev': 'ram0'})
            assert failed, fault
            vm.qmp.command('x-query-faults')
            if added:
                vm.qmp.command('object-del', id='ram0')
        vm.qmp.command('x-fault-inject', fault='kvm_set_user_memory_region=EIO,at=2')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        vm.qmp.execute('device_del', {'id': 'dimm0'})


def resets():
    with recorded('-smp', 2, guest=GUEST, append='slots=4 smp') as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        for byte in 'rt':
            vm.type(byte)
            vm.qmp.event('RESET', guest=True, reason='guest-reset')
            online(vm)
        vm.qmp.command('system_reset')
        vm.qmp.event('RESET', guest=False)
        online(vm)


def power_off():
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.qmp.command('system_powerdown')
        vm.line('guest: power off')
        assert vm.wait() == 0


def debug_exit():
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.type('x')
        assert vm.wait() == 3 << 1 | 1


def power_off_that_pauses():
    with recorded('-no-shutdown', guest=GUEST) as vm:
        online(vm)
        vm.type('o')
        vm.qmp.event('STOP')
        vm.qmp.command('system_reset')
        vm.qmp.command('cont')
        online(vm)


def signal():
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.process.terminate()
        vm.qmp.event('SHUTDOWN', guest=False, reason='host-signal')
        assert vm.wait() == 0


def processors(count):
    with recorded('-smp', count, guest=GUEST, append='slots=4 smp') as vm:
        vm.line(f'guest: processors {count}')
        online(vm)
        for _ in range(5):
            vm.qmp.plug(0, size=4 * MIB)
            vm.qmp.command('stop')
            vm.qmp.command('cont')
            vm.line('slot 0: online')
            unplug(vm, 0)


def two_clients():
    """One after the other; the first leaves in the middle of a command, and of a plug."""
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.qmp.command('query-chardev')
        vm.qmp.send(b'{"execute": "device_del", "arguments": {"id": ')
        vm.qmp.close()
        vm.qmp = Qmp(vm.qmp_path)
        vm.qmp.command('query-memory-devices')
        vm.qmp.command('query-chardev')
        vm.line('slot 0: online')
        unplug(vm, 0)


def clients_that_vanish():
    """They leave before their answers: what was obeyed is in the recording, whatever that was."""
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.qmp.send(b'{"execute": "query-chardev"}' * 20 + b'{"execute": "stop"}{"execute": "cont"}')
        vm.qmp.close()
        for number in range(5):
            client = Qmp(vm.qmp_path)
            client.command('object-add', **{'qom-type': 'memory-backend-ram', 'id': f'ram{number}', 'size': 2 * MIB})
            client.send(json.dumps({'execute': 'device_add', 'arguments': {
                'driver': 'pc-dimm', 'id': f'dimm{number}', 'memdev': f'ram{number}'}}).encode() + b'\n{"execute":')
            client.close()
        vm.qmp = Qmp(vm.qmp_path)
        for dimm in vm.qmp.command('query-memory-devices'):
            vm.qmp.command('device_del', id=dimm['data']['id'])


def many_rounds():
    with recorded(guest=GUEST) as vm:
        online(vm)
        for _ in range(ROUNDS):
            vm.qmp.plug(0, size=2 * MIB)
            vm.line('slot 0: online')
            unplug(vm, 0)


SESSIONS = [(function.__name__, function) for function in (
    plugs, refused_plugs, injected_failures, resets, power_off, debug_exit, power_off_that_pauses, signal, two_clients,
    clients_that_vanish, many_rounds)]
SESSIONS += [(f'processors_{count}', lambda count=count: processors(count)) for count in (1, 2, 4)]


def repeated(session):
    def test():
        for number in range(REPEATS):
            try:
                session()
            except BaseException:
                print(f'recording {number + 1} of {REPEATS}')
                raise
    return test


if __name__ == '__main__':
    need_kvm()
    need_namespaces()
    print(f'{REPEATS} recordings each, {ROUNDS} rounds')
    run_tests({'test_' + name: repeated(session) for name, session in SESSIONS})
