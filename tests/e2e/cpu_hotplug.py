# SPDX-License-Identifier: GPL-2.0-or-later
"""cpu_hotplug.py - processors reach a guest, run, are refused and given back, on KVM and on our own CPUs; recorded and replayed."""
import pathlib
import subprocess
import tempfile

from emulator import DEADLINE_S, GUEST, ON_KVM, REPLUG, Emulator, QmpError, need_kvm, poll, run_tests, tracedump
from sci_chain import SCI_CHAIN

SMP = ['-smp', '1,maxcpus=6,sockets=2,cores=3,threads=1']
CLOCK = ['-rtc', 'base=2026-01-31T12:00:00']

CREATION = ('qmp_device_add --> qdev_device_add --> object_property_set_bool --> object_property_set_qobject --> '
            'property_set_bool --> device_set_realized --> pc_machine_device')
CHAINS = [
    f'{CREATION}_pre_plug_cb --> pc_cpu_pre_plug',
    f'{CREATION}_plug_cb --> pc_cpu_plug --> piix4_device_plug_cb --> acpi_cpu_plug_cb --> {SCI_CHAIN}',
    'qmp_device_del --> qdev_unplug --> pc_machine_device_unplug_request_cb --> pc_cpu_unplug_request_cb --> '
    'piix4_device_unplug_request_cb --> acpi_cpu_unplug_request_cb',
    'cpuhp_acpi_ejecting_cpu --> pc_machine_device_unplug_cb --> pc_cpu_unplug_cb --> piix4_device_unplug_cb --> acpi_cpu_unplug_cb',
]


def apic_id(index):
    return index // 3 * 4 + index % 3


def add(vm, index):
    vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id=f'cpu{index}', socket_id=index // 3, core_id=index % 3, thread_id=0)


def plug(vm, index):
    add(vm, index)
    vm.line(f'cpu {index}: started, APIC ID {apic_id(index)}')
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': f'cpu{index}', 'slot': str(index), 'slot-type': 'CPU', 'source': 1, 'status': 0})
    vm.expect('cpu-plug', 'ost', device=f'cpu{index}')


def unplug(vm, index):
    vm.qmp.command('device_del', id=f'cpu{index}')
    vm.qmp.event('DEVICE_DELETED', device=f'cpu{index}', path=f'/machine/peripheral/cpu{index}')
    vm.qmp.event('ACPI_DEVICE_OST', info={'slot': str(index), 'slot-type': 'CPU', 'source': 3, 'status': 0})


def present(vm):
    """Indexes of what is plugged, by both queries."""
    listed = [cpu['props'] for cpu in vm.qmp.command('query-hotpluggable-cpus') if 'qom-path' in cpu]
    indexes = sorted(props['socket-id'] * 3 + props['core-id'] for props in listed)
    assert len(vm.qmp.command('query-cpus-fast')) == len(indexes)
    return indexes


def vcpu_threads(vm):
    return sorted(path.read_text().strip() for path in pathlib.Path(f'/proc/{vm.process.pid}/task').glob('*/comm')
                  if path.read_text().startswith('CPU '))


def test_plug_start_unplug():
    with Emulator(*SMP, guest=GUEST) as vm:
        vm.guest_listens()
        assert present(vm) == [0]
        for index in (1, 5, 3):
            plug(vm, index)
        assert present(vm) == [0, 1, 3, 5]
        if ON_KVM:
            assert vcpu_threads(vm) == ['CPU 0/KVM', 'CPU 1/KVM', 'CPU 3/KVM', 'CPU 5/KVM']
        for _ in range(3):
            unplug(vm, 5)
            assert present(vm) == [0, 1, 3]
            plug(vm, 5)
        for index in (1, 3, 5):
            unplug(vm, index)
        assert present(vm) == [0]
        if ON_KVM:
            poll(lambda: vcpu_threads(vm) == ['CPU 0/KVM'], 'end of the threads')
        vm.qmp.command('system_powerdown')
        assert vm.wait() == 0


def test_refused_and_asked_again():
    with Emulator(*SMP, guest=GUEST, append='refuse') as vm:
        vm.guest_listens()
        plug(vm, 2)
        vm.qmp.command('device_del', id='cpu2')
        vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'cpu2', 'slot': '2', 'slot-type': 'CPU', 'source': 3, 'status': 0x82})
        vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device='cpu2', path='/machine/peripheral/cpu2')
        vm.type('a')
        vm.line('guest: accepting eject requests')
        unplug(vm, 2)
        vm.quit()


def test_before_the_guest_listens():
    """What comes before the guest has its ACPI code running is not lost, several at once neither."""
    with Emulator(*SMP, guest=GUEST, append='ignore') as vm:
        vm.line('guest: hello')
        for index in (4, 1, 2):
            add(vm, index)
        vm.type('e')
        for index in (1, 2, 4):
            vm.line(f'cpu {index}: started, APIC ID {apic_id(index)}')
        vm.quit()


def test_asked_back_before_the_guest_looks():
    with Emulator(*SMP, guest=GUEST, append='ignore') as vm:
        vm.line('guest: hello')
        add(vm, 1)
        vm.qmp.command('device_del', id='cpu1')
        try:
            vm.qmp.command('device_del', id='cpu1')
        except QmpError as error:
            assert error.desc == 'Device cpu1 is already in the process of unplug', error
        else:
            raise AssertionError('the second device_del was accepted')
        vm.type('e')
        vm.line('cpu 1: started, APIC ID 1')
        vm.qmp.event('DEVICE_DELETED', device='cpu1')
        vm.quit()


def test_reset_with_plugged():
    """What is plugged stays plugged over a reset, waits for SIPI again, and can go then."""
    with Emulator(*SMP, guest=GUEST, append='smp') as vm:
        vm.line('guest: processors 1')
        vm.guest_listens()
        plug(vm, 1)
        plug(vm, 4)
        vm.qmp.command('system_reset')
        vm.line('guest: processors 3')
        vm.guest_listens()
        unplug(vm, 4)
        plug(vm, 4)
        vm.quit()


def test_recorded_and_replayed():
    """Plug, use, unplug, plug again: the same trace and the same end from the recording; its chains are the field's."""
    with tempfile.TemporaryDirectory() as folder:
        recording, recorded, replayed = (pathlib.Path(folder) / name for name in ('a.rpl', 'a.rpt', 'b.rpt'))
        with Emulator(*SMP, *CLOCK, '-record', recording, '-trace', f'*,file={recorded}', guest=GUEST) as vm:
            vm.guest_listens()
            plug(vm, 4)
            unplug(vm, 4)
            plug(vm, 4)
            plug(vm, 1)
            unplug(vm, 1)
            vm.quit()
        assert recording.stat().st_size < 128 * 1024, recording.stat().st_size
        done = subprocess.run([REPLUG, '-replay', recording, '-trace', f'*,file={replayed}'], capture_output=True, text=True,
                              timeout=DEADLINE_S, stdin=subprocess.DEVNULL)
        assert done.returncode == 0 and 'equal' in done.stdout, done
        assert tracedump('show', recorded) == tracedump('show', replayed)
        chains = tracedump('chains', recorded).splitlines()
        for chain in CHAINS:
            assert any(chain in line for line in chains), f'missing: {chain}\nin:\n' + '\n'.join(chains)
        show = tracedump('show', recorded)
        for stage in ['cpuhp_acpi_cpu_has_events', 'cpuhp_acpi_clear_inserting_evt', 'cpuhp_acpi_write_ost_status',
                      'acpi_device_ost'] + (['kvm_vcpu_created', 'kvm_park_vcpu', 'kvm_unpark_vcpu'] if ON_KVM else []):
            assert stage in show, f'no {stage} in the trace'


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    run_tests(dict(globals()))
