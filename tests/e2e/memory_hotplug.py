# SPDX-License-Identifier: GPL-2.0-or-later
"""memory_hotplug.py - the main job: DIMMs reach a KVM guest, are used, refused, given back; the trace shows each stage.

REPLUG=qemu-system-x86_64 runs the parts that need nothing of Replug's own on QEMU.
"""
import os
import re
import pathlib

from emulator import GUEST, KVM_CHIPS, MIB, ON_KVM, PEER, Emulator, QmpError, need_kvm, run_tests, tracedump
from sci_chain import SCI_CHAIN

GIB = 1 << 30

# HOTPLUG-CHAINS: one plug, from the management client's command to the interrupt, and on KVM the ioctls.
CREATION = ('qmp_device_add --> qdev_device_add --> object_property_set_bool --> object_property_set_qobject --> '
            'property_set_bool --> device_set_realized --> pc_machine_device_plug_cb --> pc_dimm_plug')
MAPPING = f'{CREATION} --> pc_dimm_memory_plug --> memory_region_add_subregion --> memory_region_add_subregion_common'
COMMIT = f'{MAPPING} --> memory_region_update_container_subregions --> memory_region_transaction_commit'
CHAINS = [
    f'{MAPPING} --> memory_region_update_container_subregions --> memory_region_transaction_begin --> qemu_flush_coalesced_mmio_buffer' +
    (' --> kvm_flush_coalesced_mmio_buffer' if ON_KVM else ''),
    f'{COMMIT} --> flatviews_reset --> generate_memory_topology --> render_memory_region',
    f'{COMMIT} --> address_space_set_flatview --> address_space_update_topology_pass' +
    (' --> kvm_region_add --> kvm_set_phys_mem' if ON_KVM else ''),
    f'{CREATION} --> piix4_device_plug_cb --> acpi_memory_plug_cb --> {SCI_CHAIN}',
] + ([' kvm_interrupt'] if ON_KVM and not KVM_CHIPS else [])


def wait_online(vm, slot):
    vm.line(f'slot {slot}: online, memory tested')
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': f'dimm{slot}', 'slot': str(slot), 'slot-type': 'DIMM', 'source': 1,
                                          'status': 0})


def memslots(vm):
    """{gpa: size} of what KVM has, as the monitor tells it."""
    if PEER or not ON_KVM:
        return {}
    return {int(gpa, 16): int(size, 16) for gpa, size in
            re.findall(r'(?m)^slot +\d+: ([0-9a-fx]+)-[0-9a-fx]+ size ([0-9a-fx]+)', vm.qmp.hmp('info memslots'))}


def test_plug_use_unplug():
    with Emulator('-smp', 2, guest=GUEST, append='slots=4 smp') as vm:
        vm.line('guest: processors 2')
        vm.guest_listens()
        before = memslots(vm)
        for number in (0, 1):
            vm.qmp.plug(number)
            base = vm.line(f'slot {number}: inserted')
            assert f'base {hex(4 * GIB + number * 256 * MIB)} size 0x10000000 node 0' in base, base
            wait_online(vm, number)
        devices = vm.qmp.command('query-memory-devices')
        assert [d['data']['id'] for d in devices] == ['dimm0', 'dimm1'], devices
        assert vm.qmp.command('query-memory-size-summary') == {'base-memory': 64 * MIB, 'plugged-memory': 512 * MIB}
        if not PEER and ON_KVM:
            assert memslots(vm) == {**before, 4 * GIB: 256 * MIB, 4 * GIB + 256 * MIB: 256 * MIB}, memslots(vm)
        vm.type('c')
        vm.line('slot 0: memory intact')
        vm.line('slot 1: memory intact')

        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0', path='/machine/peripheral/dimm0')
        vm.qmp.event('ACPI_DEVICE_OST', info={'slot': '0', 'slot-type': 'DIMM', 'source': 3, 'status': 0})
        vm.qmp.command('object-del', id='ram0')
        devices = vm.qmp.command('query-memory-devices')
        assert [d['data']['id'] for d in devices] == ['dimm1'], devices
        if not PEER and ON_KVM:
            assert memslots(vm) == {**before, 4 * GIB + 256 * MIB: 256 * MIB}, memslots(vm)
        vm.type('c')
        vm.line('slot 1: memory intact')
        vm.line('guest: all slots checked')

        # The place is free again.
        vm.qmp.plug(0)
        wait_online(vm, 0)
        vm.expect('memory-plug', 'ost', device='dimm0')
        vm.expect('memory-plug', device='dimm1')
        vm.expect('memory-unplug', device='dimm0')
        vm.expect('transactions', 'interrupts', 'coalesced-flush')
        vm.qmp.command('system_powerdown')
        vm.qmp.event('SHUTDOWN', guest=True, reason='guest-shutdown')
        assert vm.wait() == 0


def test_refused_eject():
    with Emulator(guest=GUEST, append='slots=4 refuse') as vm:
        vm.guest_listens()
        vm.qmp.plug(0)
        wait_online(vm, 0)
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 3,
                                              'status': 0x82})
        if not PEER:
            error = vm.qmp.event('MEM_UNPLUG_ERROR', device='dimm0')
            assert error['data']['msg'], error
            vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device='dimm0', path='/machine/peripheral/dimm0')
        [device] = vm.qmp.command('query-memory-devices')
        assert device['data']['id'] == 'dimm0'
        vm.type('a')
        vm.line('guest: accepting eject requests')
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        assert vm.qmp.command('query-memory-devices') == []
        vm.qmp.command('object-del', id='ram0')
        vm.expect('memory-unplug-refused', 'memory-unplug', device='dimm0')
        vm.quit()


def test_plug_before_the_guest_listens():
    """What comes before the guest has its ACPI code running is not lost."""
    with Emulator(guest=GUEST, append='slots=4 ignore') as vm:
        vm.line('guest: hello')
        vm.qmp.plug(0)
        vm.qmp.plug(1)
        vm.type('e')
        vm.guest_listens()
        wait_online(vm, 0)
        wait_online(vm, 1)
        vm.quit()


def test_second_unplug_request_while_pending():
    """Refused as long as the guest has not looked at the first: it could tell the guest nothing new."""
    with Emulator(guest=GUEST, append='slots=4 ignore') as vm:
        vm.line('guest: hello')
        vm.qmp.plug(0)
        vm.qmp.command('device_del', id='dimm0')
        try:
            vm.qmp.command('device_del', id='dimm0')
        except QmpError as error:
            assert error.desc == 'Device dimm0 is already in the process of unplug', error
        else:
            raise AssertionError('the second device_del was accepted')
        vm.qmp.command('system_reset')
        vm.line('guest: hello')
        vm.qmp.command('device_del', id='dimm0')  # a guest that has started anew has forgotten the first
        vm.type('e')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        vm.quit()


def test_backends():
    with Emulator('-object', 'memory-backend-memfd,id=early,size=128M,prealloc=on,share=on',
                  '-device', 'pc-dimm,id=boot,memdev=early', guest=GUEST) as vm:
        vm.guest_listens()
        path = vm.folder / 'backing'
        vm.qmp.command('object-add', qom_type='memory-backend-file', id='file', size=128 * MIB, mem_path=str(path), share=True)
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm1', memdev='file')
        wait_online(vm, 1)
        # The guest's pattern stands in the shared file: the inverted address of its first quadword.
        base = vm.qmp.command('qom-get', path='dimm1', property='addr')
        assert int.from_bytes(path.read_bytes()[:8], 'little') == ~base & (1 << 64) - 1
        vm.quit()


def test_chains_of_a_plug():
    """The chains of HOTPLUG-CHAINS sections 1, 3 and 4, stage by stage, from a real trace."""
    with Emulator(guest=GUEST, traced=False) as quiet:  # the same without a trace: tracing changes no answer
        quiet.guest_listens()
        quiet.qmp.plug(0)
        wait_online(quiet, 0)
        expected = quiet.qmp.command('query-memory-devices')
        quiet.quit()
    trace = pathlib.Path(os.environ.get('TRACE_FILE', f'/tmp/replug-chains-{os.getpid()}.rpt'))
    try:
        with Emulator('-trace', f'*,file={trace}', guest=GUEST) as vm:
            vm.guest_listens()
            vm.qmp.plug(0)
            wait_online(vm, 0)
            assert vm.qmp.command('query-memory-devices') == expected
            vm.qmp.command('device_del', id='dimm0')
            vm.qmp.event('DEVICE_DELETED', device='dimm0')
            vm.expect_in_order('external_event', 'piix4_device_unplug_request_cb', *(['vcpu_exit'] if ON_KVM else []), 'pc_dimm_unplug',
                               'piix4_device_unplug_cb', 'memory_region_del_subregion', *(['kvm_region_del'] if ON_KVM else []), 'device_deleted')
            vm.quit()
        chains = tracedump('chains', trace).splitlines()
        for chain in CHAINS:
            assert any(line.endswith(chain) for line in chains), f'missing: {chain}\nin:\n' + '\n'.join(chains)
    finally:
        trace.unlink(missing_ok=True)


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    if PEER:
        del test_chains_of_a_plug, test_second_unplug_request_while_pending
    run_tests(dict(globals()))
