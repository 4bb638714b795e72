# SPDX-License-Identifier: GPL-2.0-or-later
"""linux_failures.py - hotplugs that Linux takes differently than their user thought: its log tells what its memory code did, the trace what
it answered."""
from boot_plug import POINTS, boot
from emulator import MIB, QmpError, run_tests
from failure_paths import GIB, ost, traced
from linux import linux, need_linux, run_in


def unplug(vm, device):
    vm.qmp.command('device_del', id=device)
    vm.qmp.event('DEVICE_DELETED', device=device)


def test_misaligned_for_blocks_of_128_mib_and_refusal():
    """What every small Linux has; and memory that the kernel itself uses can't be taken offline."""
    with traced(start=linux, memory='256M,slots=8,maxmem=8G',
                explains=['memory_device_address_assigned(device=dimm0, gpa=0x104000000, wished)',
                          'acpi_device_ost(slot=0, device=dimm0, source=1, status=0)', 'acpi_memory_eject(device=dimm0)',
                          'acpi_unplug_refused(slot=0, device=dimm1, why~/^the guest refused to eject/)'],
                rows=[('plug dimm0', 'online'), ('unplug dimm0', 'gone'), ('plug dimm1', 'online'), ('unplug dimm1', 'kept')]) as vm:
        vm.line('guest: up')
        # Linux tells its log what is wrong, but reports success: the device is there, its memory is not.
        vm.qmp.plug(0, size=128 * MIB, addr=4 * GIB + 64 * MIB)
        ost(vm, 'dimm0', 0, 1, 0)
        vm.line('Block size [0x8000000] unaligned hotplug range: start 0x104000000, size 0x8000000')
        unplug(vm, 'dimm0')
        vm.qmp.plug(1, size=128 * MIB, addr=4 * GIB + 128 * MIB)
        ost(vm, 'dimm1', 0, 1, 0)
        vm.type('echo online_kernel > /sys/devices/system/memory/memory33/state; for i in 1 2 3 4 5 6 7 8; do sleep 9999 & done; echo on""lined\n')
        vm.line('onlined')
        vm.qmp.command('device_del', id='dimm1')
        error = vm.qmp.event('MEM_UNPLUG_ERROR', device='dimm1')
        assert 'refused to eject' in error['data']['msg'], error
        vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device='dimm1')


def test_misaligned_for_blocks_of_1_gib():
    """From 64 GiB on Linux has larger blocks. Its RAM ends at 65 GiB, so these are of 1 GiB; DIMMs are placed from there on."""
    with traced(start=linux, memory='64G,slots=8,maxmem=80G',
                explains=['memory_device_address_assigned(device=dimm0, gpa=65G, size_bytes=512M, not wished)',
                          'memory_device_address_assigned(device=dimm1, gpa=0x1060000000, size_bytes=1G, not wished)',
                          'memory_device_address_assigned(device=dimm2, gpa=66G, size_bytes=1G, wished)'],
                rows=[('plug dimm0', 'online'), ('plug dimm1', 'online'), ('unplug dimm1', 'gone'), ('plug dimm2', 'online'),
                      ('unplug dimm2', 'gone')]) as vm:
        vm.line('guest: up')
        run_in(vm, 'cat /sys/devices/system/memory/block_size_bytes', '40000000')
        vm.qmp.plug(0, size=512 * MIB)  # half a block
        ost(vm, 'dimm0', 0, 1, 0)
        vm.line('Block size [0x40000000] unaligned hotplug range: start 0x1040000000, size 0x20000000')
        vm.qmp.plug(1, size=GIB)  # a whole one, from the middle of one to the middle of the next
        ost(vm, 'dimm1', 1, 1, 0)
        vm.line('Block size [0x40000000] unaligned hotplug range: start 0x1060000000, size 0x40000000')
        unplug(vm, 'dimm1')
        vm.qmp.plug(2, size=GIB, addr=66 * GIB)
        ost(vm, 'dimm2', 1, 1, 0)
        run_in(vm, 'echo online_movable > /sys/devices/system/memory/memory66/state; echo $(cat /sys/devices/system/memory/memory66/state) now',
               'online now')
        unplug(vm, 'dimm2')


def test_page_structs_do_not_fit():
    """32 GiB need 512 MiB of page structs, twice what the guest has. Linux reports success here as well: its log tells."""
    with traced(start=linux, memory='256M,slots=8,maxmem=64G',
                explains=['memory_device_address_assigned(device=dimm0, gpa=4G, size_bytes=32G)',
                          'acpi_device_ost(slot=0, device=dimm0, source=1, status=0)'],
                rows=[('plug dimm0', 'online')]) as vm:
        vm.line('guest: up')
        vm.qmp.plug(0, size=32 * GIB)
        vm.line('vmemmap alloc failure')
        ost(vm, 'dimm0', 0, 1, 0)


def test_request_lost_during_boot():
    """When its ACPI code starts, Linux drops the events that came before. The request has to be made again, and may be."""
    with traced(start=boot,
                explains=['acpi_memory_unplug_request_cb(device=dimm0)', 'acpi_register_write(reg=gpe0_status, value=0xff)',
                          'acpi_memory_unplug_request_cb(device=dimm0)', 'acpi_memory_eject(slot=0)'],
                rows=[('unplug dimm0', 'pending'), ('unplug dimm0', 'gone')]) as vm:
        vm.qmp.plug(0, size=128 * MIB)
        vm.qmp.command('cont')
        vm.line(POINTS['before it has ACPI'])
        vm.qmp.command('device_del', id='dimm0')
        try:
            vm.qmp.command('device_del', id='dimm0')
        except QmpError as error:
            assert error.desc == 'Device dimm0 is already in the process of unplug', error
        else:
            raise AssertionError('the second request was accepted while the first was still there to be seen')
        vm.line('guest: up')
        assert [d['data']['id'] for d in vm.qmp.command('query-memory-devices')] == ['dimm0']
        unplug(vm, 'dimm0')


if __name__ == '__main__':
    need_linux()
    run_tests(dict(globals()))
