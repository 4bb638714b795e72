# SPDX-License-Identifier: GPL-2.0-or-later
"""failure_paths.py - the ways in which a hotplug fails, as users meet them, and what the trace says of each.

On our own CPUs two boots of Linux join in: its console tells what its memory code did, the trace what it answered.
"""
import contextlib
import os
import pathlib
import subprocess

from emulator import GUEST, MIB, Emulator, QmpError, need_kvm, run_tests

ON_KVM = os.environ.get('ACCEL', 'kvm') == 'kvm'
GIB = 1 << 30
LINUX = pathlib.Path(os.environ.get('LINUX_FOLDER', '/tmp/replug-linux'))


@contextlib.contextmanager
def traced(*arguments, explains, **options):
    """A session whose trace must have these events, in this order."""
    with Emulator(*arguments, **options) as vm:
        vm.expect_in_order(*explains)
        yield vm
        vm.quit()


def refused(vm, text, **arguments):
    try:
        vm.qmp.command('device_add', driver='pc-dimm', **arguments)
    except QmpError as error:
        assert text in error.desc, error
    else:
        raise AssertionError(f'{arguments} was accepted; expected "{text}"')


def backend(vm, name, size=256 * MIB, **properties):
    vm.qmp.command('object-add', qom_type='memory-backend-ram', id=name, size=size, **properties)


def ost(vm, device, slot, source, status):
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': device, 'slot': str(slot), 'slot-type': 'DIMM', 'source': source, 'status': status})


def test_slots_used_up():
    with traced(guest=GUEST, append='slots=1', memory='64M,slots=1,maxmem=8G',
                explains=['pc_dimm_slot_assigned(device=dimm0, slot=0)', 'device_add_refused(id=dimm1, reason="no free slots available")']) as vm:
        vm.guest_listens()
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        backend(vm, 'ram1')
        refused(vm, 'no free slots available', id='dimm1', memdev='ram1')


def test_misaligned_for_blocks_of_1_gib():
    """Replug places DIMMs side by side; a guest whose blocks are larger can't use all of them. Naming the address helps."""
    with traced(guest=GUEST, append='slots=4 block1g',
                explains=['memory_device_address_assigned(device=dimm1, gpa=0x110000000, align_bytes=2M, not wished)',
                          'acpi_device_ost(slot=1, device=dimm1, source=1, status=1, meaning=failure)',
                          'memory_device_address_assigned(device=dimm2, gpa=5G, wished)',
                          'acpi_device_ost(slot=2, device=dimm2, source=1, status=0, meaning=success)']) as vm:
        vm.guest_listens()
        vm.qmp.plug(0)
        ost(vm, 'dimm0', 0, 1, 1)  # 256 MiB are less than a block
        vm.qmp.plug(1, size=GIB)
        vm.line('slot 1: misaligned for blocks of 1 GiB')
        ost(vm, 'dimm1', 1, 1, 1)
        vm.qmp.command('device_del', id='dimm1')
        vm.qmp.event('DEVICE_DELETED', device='dimm1')
        vm.qmp.plug(2, size=GIB, addr=5 * GIB, slot=2)
        ost(vm, 'dimm2', 2, 1, 0)


def test_guest_refuses():
    with traced(guest=GUEST, append='slots=4 refuse',
                explains=['acpi_memory_unplug_request_cb(device=dimm0)', 'acpi_device_ost(source=3, status=130, meaning="device busy")',
                          'acpi_unplug_refused(why="the guest refused to eject: device busy (_OST source 0x3, status 0x82)")',
                          'qmp_event(name=MEM_UNPLUG_ERROR)', 'qmp_event(name=DEVICE_UNPLUG_GUEST_ERROR)']) as vm:
        vm.guest_listens()
        vm.qmp.plug(0)
        ost(vm, 'dimm0', 0, 1, 0)
        vm.qmp.command('device_del', id='dimm0')
        error = vm.qmp.event('MEM_UNPLUG_ERROR', device='dimm0')
        assert 'device busy' in error['data']['msg'], error
        vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device='dimm0', path='/machine/peripheral/dimm0')


def test_request_lost_during_boot():
    """The guest is asked while it has no ACPI code yet, and starts anew: the request may be made again."""
    with traced(guest=GUEST, append='slots=4 ignore',
                explains=['acpi_memory_unplug_request_cb', 'machine_reset', 'acpi_memory_unplug_request_cb', 'acpi_memory_eject',
                          'device_deleted(device=dimm0)']) as vm:
        vm.line('guest: hello')
        vm.qmp.plug(0)
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.command('system_reset')
        vm.line('guest: hello')
        vm.qmp.command('device_del', id='dimm0')
        vm.type('e')
        vm.line('slot 0: inserted')
        vm.line('slot 0: ejected')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')


def test_plug_races_a_pending_unplug():
    """What leaves keeps slot, name and backend until the guest has let it go; others come meanwhile."""
    with traced(guest=GUEST, append='slots=4 ignore',
                explains=['device_add_refused(reason="slot 0 is busy")', 'device_add_refused(reason="can\'t use already busy memdev: ram0")',
                          'device_add_refused(reason="Duplicate device ID \'dimm0\'")', 'pc_dimm_slot_assigned(device=dimm1, slot=1)',
                          'acpi_memory_eject(slot=0)', 'pc_dimm_slot_assigned(device=dimm0, slot=0)']) as vm:
        vm.line('guest: hello')
        vm.qmp.plug(0)
        vm.qmp.command('device_del', id='dimm0')
        backend(vm, 'ram1')
        refused(vm, 'slot 0 is busy', id='dimm1', memdev='ram1', slot=0)
        refused(vm, "can't use already busy memdev: ram0", id='dimm1', memdev='ram0')
        refused(vm, "Duplicate device ID 'dimm0'", id='dimm0', memdev='ram1')
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm1', memdev='ram1')
        vm.type('e')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        vm.line('slot 1: online')
        backend(vm, 'ram2')
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram2')
        vm.line('slot 0: online')


def test_several_before_the_guest_looks():
    """Events are bits: one interrupt may tell of many DIMMs, so the guest's walk must find them all."""
    with traced(guest=GUEST, append='slots=8 ignore', memory='64M,slots=8,maxmem=8G',
                explains=['pc_dimm_slot_assigned(device=dimm7)', 'acpi_register_write(reg=gpe0_enable)',
                          *(f'acpi_device_ost(slot={i}, meaning=success)' for i in range(8))]) as vm:
        vm.line('guest: hello')
        for number in range(8):
            vm.qmp.plug(number, size=32 * MIB)
        vm.type('e')
        for number in range(8):
            ost(vm, f'dimm{number}', number, 1, 0)


def test_preallocation_fails():
    with traced('-fault', 'memory_prealloc=ENOMEM', guest=GUEST,
                explains=['qmp_object_add', 'memory_backend_completed(backend=ram0, prealloc)']) as vm:
        try:
            backend(vm, 'ram0', prealloc=True)
        except QmpError as error:
            assert 'preallocation' in error.desc and 'ENOMEM' in error.desc, error
        else:
            raise AssertionError('object-add succeeded')
        backend(vm, 'ram0', prealloc=True)  # nothing was left behind
        vm.guest_listens()
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram0')
        ost(vm, 'dimm0', 0, 1, 0)


def memslot_fails(errno, number):
    with traced(guest=GUEST,
                explains=['pc_dimm_memory_plug(device=dimm0)', f'kvm_ioctl(request=KVM_SET_USER_MEMORY_REGION, error={number})',
                          f'pc_dimm_plug_undone(device=dimm0, reason~/{errno}/)']) as vm:
        vm.guest_listens()
        before = vm.qmp.hmp('info memslots')
        backend(vm, 'ram0')
        vm.qmp.command('x-fault-inject', fault=f'kvm_set_user_memory_region={errno}')
        refused(vm, errno, id='dimm0', memdev='ram0')
        assert vm.qmp.hmp('info memslots') == before
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram0')
        ost(vm, 'dimm0', 0, 1, 0)


def test_memslot_fails():
    for errno, number in (('EEXIST', 17), ('ENOMEM', 12), ('ENOSPC', 28)):
        memslot_fails(errno, number)


# ---- Linux ----

def linux(memory):
    return Emulator('-kernel', LINUX / 'vmlinuz', '-initrd', LINUX / 'initrd.gz', '-append', 'console=ttyS0 panic=-1', '-serial', 'stdio', '-no-reboot',
                    memory=memory, accel='soft')


def test_linux_small_blocks_and_refusal():
    """Blocks of 128 MiB; memory that the kernel itself uses can't be taken offline."""
    with linux('256M,slots=8,maxmem=8G') as vm:
        vm.line('guest: up')
        # Linux tells its log what is wrong, but reports success: the device is there, its memory is not.
        vm.qmp.plug(0, size=128 * MIB, addr=4 * GIB + 64 * MIB)
        ost(vm, 'dimm0', 0, 1, 0)
        vm.line('Block size [0x8000000] unaligned hotplug range: start 0x104000000, size 0x8000000')
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        vm.qmp.plug(1, size=128 * MIB, addr=4 * GIB + 128 * MIB)
        ost(vm, 'dimm1', 0, 1, 0)
        vm.type('echo online_kernel > /sys/devices/system/memory/memory33/state; for i in 1 2 3 4 5 6 7 8; do sleep 9999 & done; echo on""lined\n')
        vm.line('onlined')
        vm.qmp.command('device_del', id='dimm1')
        error = vm.qmp.event('MEM_UNPLUG_ERROR', device='dimm1')
        assert 'refused to eject' in error['data']['msg'], error
        vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device='dimm1')
        vm.expect_in_order('memory_device_address_assigned(device=dimm0, gpa=0x104000000, wished)', 'acpi_memory_eject(device=dimm0)',
                           'acpi_unplug_refused(slot=0, device=dimm1, why~/^the guest refused to eject/)')
        vm.expect('memory-plug', 'memory-unplug', 'memory-unplug-refused', 'ost')
        vm.quit()


def test_linux_page_structs_do_not_fit():
    """32 GiB need 512 MiB of page structs, twice what the guest has. Linux reports success here as well: its log tells."""
    with linux('256M,slots=8,maxmem=64G') as vm:
        vm.line('guest: up')
        vm.qmp.plug(0, size=32 * GIB)
        vm.line('vmemmap alloc failure')
        ost(vm, 'dimm0', 0, 1, 0)
        vm.expect_in_order('memory_device_address_assigned(device=dimm0, gpa=4G, size_bytes=32G)',
                           'acpi_device_ost(slot=0, device=dimm0, source=1, status=0)')
        vm.quit()


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
        del test_linux_small_blocks_and_refusal, test_linux_page_structs_do_not_fit
    else:
        del test_memslot_fails
        done = subprocess.run([pathlib.Path(__file__).parent / '../support/linux_guest.sh', LINUX], capture_output=True, text=True)
        if done.returncode != 0:
            print('left out, no Linux to boot:', done.stderr.strip())
            del test_linux_small_blocks_and_refusal, test_linux_page_structs_do_not_fit
    run_tests(dict(globals()))
