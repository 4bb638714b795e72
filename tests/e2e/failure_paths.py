# SPDX-License-Identifier: GPL-2.0-or-later
"""failure_paths.py - the ways in which a hotplug fails, as users meet them, and what the trace says of each: its events, and the rows
of `tracedump hotplug` (those of Linux: linux_failures.py)."""
import contextlib
import json

from emulator import GUEST, MIB, ON_KVM, Emulator, QmpError, need_kvm, run_tests, tracedump

GIB = 1 << 30


def has_rows(trace, rows):
    """Among what tracedump tells of plugs and unplugs there are these, in this order: operation and device, result, why."""
    found = [json.loads(line) for line in tracedump('hotplug', '--json', trace).splitlines()]
    left = list(found)
    for row in rows:
        operation, result, why = (*row, '')[:3]
        while left and not (f"{left[0]['operation']} {left[0]['device']}" == operation and left[0]['result'] == result and
                            why in left[0].get('why', '')):
            left.pop(0)
        assert left, f'no {row} in its place among {[(r["operation"], r["device"], r["result"], r.get("why")) for r in found]}'
        left.pop(0)


@contextlib.contextmanager
def traced(*arguments, explains, rows, start=Emulator, **options):
    """A session whose trace must have these events, in this order, and explain them in these rows."""
    with start(*arguments, **options) as vm:
        vm.expect_in_order(*explains)
        yield vm
        vm.quit()
        has_rows(vm.traces()[0], rows)


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
                explains=['pc_dimm_slot_assigned(device=dimm0, slot=0)', 'device_add_refused(id=dimm1, reason="no free slots available")'],
                rows=[('plug dimm0', 'online'), ('plug dimm1', 'refused', 'no free slots available')]) as vm:
        vm.guest_listens()
        vm.qmp.plug(0)
        ost(vm, 'dimm0', 0, 1, 0)
        backend(vm, 'ram1')
        refused(vm, 'no free slots available', id='dimm1', memdev='ram1')


def test_misaligned_for_blocks_of_1_gib():
    """Replug places DIMMs side by side; a guest whose blocks are larger can't use all of them. Naming the address helps."""
    with traced(guest=GUEST, append='slots=4 block1g',
                explains=['memory_device_address_assigned(device=dimm1, gpa=0x110000000, align_bytes=2M, not wished)',
                          'acpi_device_ost(slot=1, device=dimm1, source=1, status=1, meaning=failure)',
                          'memory_device_address_assigned(device=dimm2, gpa=5G, wished)',
                          'acpi_device_ost(slot=2, device=dimm2, source=1, status=0, meaning=success)'],
                rows=[('plug dimm0', 'failed', 'failure'), ('plug dimm1', 'failed', 'failure'), ('unplug dimm1', 'gone'),
                      ('plug dimm2', 'online')]) as vm:
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
                          'qmp_event(name=MEM_UNPLUG_ERROR)', 'qmp_event(name=DEVICE_UNPLUG_GUEST_ERROR)'],
                rows=[('plug dimm0', 'online'), ('unplug dimm0', 'kept', 'device busy')]) as vm:
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
                          'device_deleted(device=dimm0)'],
                rows=[('plug dimm0', 'pending', 'the guest has enabled no GPE; its ACPI does not run'), ('unplug dimm0', 'pending'),
                      ('unplug dimm0', 'gone')]) as vm:
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
                          'acpi_memory_eject(slot=0)', 'pc_dimm_slot_assigned(device=dimm0, slot=0)'],
                rows=[('plug dimm1', 'refused', 'slot 0 is busy'), ('plug dimm1', 'refused', "can't use already busy memdev: ram0"),
                      ('plug dimm0', 'refused', "Duplicate device ID 'dimm0'"), ('plug dimm1', 'online'), ('plug dimm0', 'online')]) as vm:
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
        ost(vm, 'dimm1', 1, 1, 0)
        backend(vm, 'ram2')
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='ram2')
        ost(vm, 'dimm0', 0, 1, 0)


def test_several_before_the_guest_looks():
    """Events are bits: one interrupt may tell of many DIMMs, so the guest's walk must find them all."""
    with traced(guest=GUEST, append='slots=8 ignore', memory='64M,slots=8,maxmem=8G',
                explains=['pc_dimm_slot_assigned(device=dimm7)', 'acpi_register_write(reg=gpe0_enable)',
                          *(f'acpi_device_ost(slot={i}, meaning=success)' for i in range(8))],
                rows=[(f'plug dimm{i}', 'online') for i in range(8)]) as vm:
        vm.line('guest: hello')
        for number in range(8):
            vm.qmp.plug(number, size=32 * MIB)
        vm.type('e')
        for number in range(8):
            ost(vm, f'dimm{number}', number, 1, 0)


def test_preallocation_fails():
    with traced('-fault', 'memory_prealloc=ENOMEM', guest=GUEST,
                explains=['qmp_reply(name=object-add, not ok, error~/preallocation failed: Cannot allocate memory .ENOMEM/)',
                          'memory_backend_completed(backend=ram0, prealloc)'],
                rows=[('plug dimm0', 'online')]) as vm:
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
                          f'pc_dimm_plug_undone(device=dimm0, reason~/{errno}/)'],
                rows=[('plug dimm0', 'refused', 'KVM_SET_USER_MEMORY_REGION(slot=1, gpa=0x100000000, size=0x10000000, flags=0) failed'),
                      ('plug dimm0', 'online')]) as vm:
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


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    else:
        del test_memslot_fails
    run_tests(dict(globals()))
