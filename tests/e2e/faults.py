# SPDX-License-Identifier: GPL-2.0-or-later
"""faults.py - every injected failure of the host ends in an error that names call and errno, with the machine as before."""
import subprocess

from emulator import GUEST, MIB, REPLUG, Emulator, need_kvm, run_tests
from refused import difference

# Fault points that a plug passes, with what the error text must name. memory_*: in object-add; kvm_*: in device_add.
OBJECT_POINTS = [
    ('memory_map', {'qom_type': 'memory-backend-ram'}, 'mmap'),
    ('memory_memfd_create', {'qom_type': 'memory-backend-memfd'}, 'memfd_create'),
    ('memory_truncate', {'qom_type': 'memory-backend-memfd'}, 'size'),
    ('memory_prealloc', {'qom_type': 'memory-backend-ram', 'prealloc': True}, 'preallocation'),
    ('memory_file_open', {'qom_type': 'memory-backend-file', 'mem_path': '/dev/shm'}, 'open of /dev/shm'),
    ('memory_truncate', {'qom_type': 'memory-backend-file', 'mem_path': '/dev/shm'}, 'size'),
    ('memory_map', {'qom_type': 'memory-backend-file', 'mem_path': '/dev/shm'}, 'mmap'),
]
ERRNOS = ['EEXIST', 'ENOMEM', 'ENOSPC']


def fail(vm, command, arguments, texts):
    answer = vm.qmp.execute(command, arguments)
    assert 'error' in answer, f'{command} {arguments} succeeded in spite of the fault'
    for text in texts:
        assert text in answer['error']['desc'], (text, answer)


def test_backends():
    with Emulator('-S') as vm:
        before = vm.qmp.state()
        for point, properties, text in OBJECT_POINTS:
            for errno in ERRNOS:
                arguments = {'id': 'ram0', 'size': 2 * MIB, **{k.replace('_', '-'): v for k, v in properties.items()}}
                vm.qmp.command('x-fault-inject', fault=f'{point}={errno}')
                fail(vm, 'object-add', arguments, [text, errno])
                assert vm.qmp.state() == before, difference(before, vm.qmp.state())
                vm.qmp.command('object-add', **arguments)  # the next one works: nothing was left behind
                vm.qmp.command('object-del', id='ram0')
                assert vm.qmp.state() == before, difference(before, vm.qmp.state())
        vm.quit()


def plug_faults(vm, point, text, limit):
    """Lets the Nth such call of a plug fail, for every N until a plug survives; returns how many failed."""
    vm.qmp.command('object-add', qom_type='memory-backend-ram', id='ram0', size=256 * MIB)
    before = vm.qmp.state()
    arguments = {'driver': 'pc-dimm', 'id': 'dimm0', 'memdev': 'ram0'}
    for count in range(1, limit):
        for errno in ERRNOS:
            vm.qmp.command('x-fault-inject', fault=f'{point}={errno},at={count}')
            answer = vm.qmp.execute('device_add', arguments)
            vm.qmp.command('x-fault-inject', fault=f'{point}=off')
            if 'return' in answer:
                return count - 1
            assert text in answer['error']['desc'] and errno in answer['error']['desc'], answer
            after = vm.qmp.state()
            assert after == before, difference(before, after)
    raise AssertionError(f'{point}: still failing after {limit} calls')


def test_memslot_fails():
    with Emulator('-S') as vm:
        failed = plug_faults(vm, 'kvm_set_user_memory_region', 'KVM_SET_USER_MEMORY_REGION', 10)
        assert failed == 1, f'a plug asks KVM {failed} times for a memslot, expected 1'
        assert [d['data']['id'] for d in vm.qmp.command('query-memory-devices')] == ['dimm0']
        vm.quit()


def test_interrupt_line_fails():
    with Emulator('-S') as vm:
        assert plug_faults(vm, 'kvm_irq_line', 'KVM_IRQ_LINE', 10) >= 1
        vm.quit()


def test_guest_goes_on_after_a_failed_plug():
    with Emulator(guest=GUEST) as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        for point in ('kvm_set_user_memory_region', 'kvm_irq_line'):
            vm.qmp.command('object-add', qom_type='memory-backend-ram', id='ram1', size=256 * MIB)
            vm.qmp.command('x-fault-inject', fault=f'{point}=ENOMEM')
            fail(vm, 'device_add', {'driver': 'pc-dimm', 'id': 'dimm1', 'memdev': 'ram1'}, ['ENOMEM'])
            vm.qmp.command('device_add', driver='pc-dimm', id='dimm1', memdev='ram1')
            vm.line('slot 1: online')
            vm.qmp.command('device_del', id='dimm1')
            vm.qmp.event('DEVICE_DELETED', device='dimm1')
            vm.qmp.command('object-del', id='ram1')
        vm.type('c')
        vm.line('slot 0: memory intact')
        vm.quit()


def test_eject_fails():
    """The host can't take the memslot away: the guest's eject has no effect, the client hears of it, all goes on."""
    with Emulator(guest=GUEST) as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        vm.qmp.command('x-fault-inject', fault='kvm_set_user_memory_region=EIO')
        vm.qmp.command('device_del', id='dimm0')
        event = vm.qmp.event('MEM_UNPLUG_ERROR', device='dimm0')
        assert 'EIO' in event['data']['msg'], event
        vm.line('slot 0: eject failed, still enabled')
        assert [d['data']['id'] for d in vm.qmp.command('query-memory-devices')] == ['dimm0']
        vm.quit()


# What fails before the machine is up: the emulator ends with status 1 and says which call.
START_POINTS = {'kvm_create_vm': 'KVM_CREATE_VM', 'kvm_create_irqchip': 'KVM_CREATE_IRQCHIP', 'kvm_create_pit': 'KVM_CREATE_PIT2',
                'kvm_set_gsi_routing': 'KVM_SET_GSI_ROUTING', 'kvm_create_vcpu': 'KVM_CREATE_VCPU', 'kvm_set_cpuid': 'KVM_SET_CPUID2',
                'kvm_get_irqchip': 'KVM_GET_IRQCHIP', 'kvm_set_regs': 'KVM_SET_REGS', 'kvm_set_sregs': 'KVM_SET_SREGS',
                'kvm_set_user_memory_region': 'KVM_SET_USER_MEMORY_REGION', 'kvm_irq_line': 'KVM_IRQ_LINE', 'memory_map': 'mmap'}
# What fails when somebody looks: the text says so, nothing changes.
LOOK_POINTS = {'kvm_get_regs': ('info registers', 'KVM_GET_REGS'), 'kvm_get_sregs': ('info registers', 'KVM_GET_SREGS'),
               'kvm_get_irqchip': ('info pic', 'KVM_GET_IRQCHIP')}
# What fails in a reset: the guest stops in the state internal-error, and can be reset again.
RESET_POINTS = {'kvm_set_irqchip': 'KVM_SET_IRQCHIP', 'kvm_set_regs': 'KVM_SET_REGS', 'kvm_set_sregs': 'KVM_SET_SREGS'}
# Asked for only by devices with batched writes, which tests/unit/kvm has; and by recordings, see replay.py.
ELSEWHERE = {'kvm_register_coalesced_mmio', 'kvm_unregister_coalesced_mmio', 'recording_write'}


def test_every_point_is_rehearsed():
    done = subprocess.run([REPLUG, '-fault', 'help'], capture_output=True, text=True, check=True)
    points = {line.split()[0] for line in done.stdout.splitlines() if line.startswith('  ')}
    rehearsed = {point for point, *_ in OBJECT_POINTS} | set(START_POINTS) | set(LOOK_POINTS) | set(RESET_POINTS) | ELSEWHERE
    assert points == rehearsed, points ^ rehearsed


def test_start_fails():
    for point, call in START_POINTS.items():
        with Emulator('-fault', f'{point}=ENOMEM', '-S', guest=GUEST, qmp=False) as vm:
            status, text = vm.wait(), vm.stderr()
            assert status == 1 and call in text and 'ENOMEM' in text and len(text.splitlines()) == 1, (point, status, text)


def test_looking_fails():
    with Emulator('-S') as vm:
        before = vm.qmp.state()
        for point, (line, call) in LOOK_POINTS.items():
            vm.qmp.command('x-fault-inject', fault=f'{point}=EIO')
            text = vm.qmp.hmp(line)
            assert call in text and 'EIO' in text, (point, text)
            assert vm.qmp.state() == before, difference(before, vm.qmp.state())
        vm.quit()


def test_reset_fails():
    for point, call in RESET_POINTS.items():
        with Emulator(guest=GUEST) as vm:
            vm.line('guest: ACPI enabled')
            vm.qmp.command('x-fault-inject', fault=f'{point}=EIO')
            vm.qmp.command('system_reset')
            vm.qmp.event('STOP')
            assert vm.qmp.command('query-status')['status'] == 'internal-error'
            assert call in vm.stderr() and 'EIO' in vm.stderr(), vm.stderr()
            vm.qmp.command('system_reset')
            vm.qmp.command('cont')
            vm.line('guest: ACPI enabled')
            vm.quit()


def test_arming():
    with Emulator('-S') as vm:
        answer = vm.qmp.execute('x-fault-inject', {'fault': 'nope=EIO'})
        assert "Unknown fault point 'nope'" in answer['error']['desc'], answer
        vm.qmp.command('x-fault-inject', fault='kvm_irq_line=EIO,at=7')
        assert vm.qmp.command('x-query-faults') == [{'point': 'kvm_irq_line', 'error': 'EIO', 'at': 7}]
        vm.quit()


if __name__ == '__main__':
    need_kvm()
    run_tests(dict(globals()))
