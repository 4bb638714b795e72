# SPDX-License-Identifier: GPL-2.0-or-later
"""pci_guest.py - a tiny guest, on KVM too, takes PCI functions by the hotplug registers, drives them by its own virtio code, refuses and ejects;
recorded and replayed to equal traces."""
import contextlib
import os
import pathlib
import re
import tempfile

from checkpoints import check_all
from emulator import ACCEL, GUEST, Emulator, check_trace, need_kvm, run_tests, tracedump
from recorded import replay, same_trace
from sci_chain import SCI_CHAIN

CREATION = 'qmp_device_add --> qdev_device_add --> object_property_set_bool --> object_property_set_qobject --> property_set_bool --> device_set_realized'
CHAINS = [
    f'{CREATION} --> piix4_device_plug_cb --> acpi_pcihp_device_plug_cb --> {SCI_CHAIN}',
    f'qmp_device_del --> qdev_unplug --> piix4_device_unplug_request_cb --> acpi_pcihp_device_unplug_request_cb --> {SCI_CHAIN}',
    'acpi_pcihp_eject_slot --> piix4_device_unplug_cb --> acpi_pcihp_device_unplug_cb',
]


@contextlib.contextmanager
def session(*arguments, append='pci', chains=(), events=(), started=True):
    """A traced, recorded guest that is driven to its end; then its replay. chains and events: what stands in the trace, in this order."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        with Emulator(*arguments, '-record', path / 's.rpl', '-trace', f'*,file={path}/a.rpt', guest=GUEST, append=append) as vm:
            if started:
                vm.line('guest: ACPI enabled')
            yield vm
            vm.type('o')
            assert vm.wait() == 0, vm.stderr()
        check_trace(path / 'a.rpt')
        lines = iter(tracedump('show', path / 'a.rpt').splitlines())
        for event in events:
            assert any(re.search(event, line) for line in lines), event
        found = tracedump('chains', path / 'a.rpt')
        for chain in chains:
            assert chain in found, (chain, found)
        replay(path / 's.rpl', '-trace', f'*,file={path}/b.rpt')
        same_trace(path / 'a.rpt', path / 'b.rpt')


def unplug(vm, device, slot):
    vm.qmp.command('device_del', id=device)
    vm.qmp.event('DEVICE_DELETED', device=device)
    vm.line(f'pci slot {slot}: ejected')


def test_each_kind():
    with tempfile.TemporaryDirectory() as folder:
        image, out = pathlib.Path(folder) / 'a.img', pathlib.Path(folder) / 'out'
        image.write_bytes(bytes(8 * 512))
        with session('-chardev', f'file,id=c0,path={out}') as vm:
            vm.qmp.command('device_add', driver='virtio-rng-pci', id='r0', addr='5')
            vm.line('pci slot 5: inserted, 1af4:1044')
            vm.line('pci slot 5: 64 random bytes')

            vm.qmp.command('blockdev-add', driver='file', node_name='f0', filename=str(image))
            vm.qmp.command('device_add', driver='virtio-blk-pci', id='b0', drive='f0', addr='6')
            vm.line('pci slot 6: inserted, 1af4:1042')
            vm.line('pci slot 6: 8 sectors, the last one written and read')
            assert image.read_bytes() == bytes(7 * 512) + bytes((i * 5 + 6) & 0xff for i in range(512))

            vm.qmp.command('netdev_add', type='user', id='net0')
            vm.qmp.command('device_add', driver='virtio-net-pci', id='n0', netdev='net0', mac='52:54:00:00:00:01', addr='7')
            vm.line('pci slot 7: inserted, 1af4:1041')
            vm.line('pci slot 7: 10.0.2.2 is 52:55:0a:00:02:02')

            vm.qmp.command('device_add', driver='virtio-serial-pci', id='s0', addr='8')
            vm.line('pci slot 8: inserted, 1af4:1043')
            vm.line('pci slot 8: said a line')
            vm.qmp.command('device_add', driver='virtconsole', id='con0', bus='s0.0', chardev='c0')
            for device, slot in (('n0', 7), ('r0', 5), ('s0', 8), ('b0', 6)):
                unplug(vm, device, slot)
            # The place can be had again, and the guest drives the newcomer.
            vm.qmp.command('device_add', driver='virtio-blk-pci', id='b1', drive='f0', addr='5')
            vm.line('pci slot 5: 8 sectors, the last one written and read')
        # The console came when the guest had said its line.
        assert out.read_bytes() == b''


def test_from_the_start():
    """Functions of the command line are there at once, and leave as those that came later; so does one that came before the guest ran."""
    with session('-S', '-device', 'virtio-rng-pci,id=r0,addr=4', '-netdev', 'user,id=net0,hostname=guest',
                 '-device', 'virtio-net-pci,id=n0,netdev=net0,mac=52:54:00:00:00:01,addr=9', started=False) as vm:
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='r1', addr='5')
        vm.qmp.command('cont')
        vm.line('pci slot 4: 64 random bytes')
        vm.line('pci slot 5: 64 random bytes')
        vm.line('pci slot 9: 10.0.2.2 is 52:55:0a:00:02:02')
        vm.line('guest: ACPI enabled')
        for device, slot in (('r0', 4), ('n0', 9), ('r1', 5)):
            unplug(vm, device, slot)
        vm.qmp.command('netdev_del', id='net0')


def test_stages():
    """The registers that the guest reads and writes, by their names, and the stages of plug, request and eject."""
    events = [r'acpi_pcihp_device_plug_cb.*slot=5', r'acpi_pci_register_read.*PCIU" value=0x20$', r'acpi_pci_register_read.*PCID" value=0x0$',
              r'virtio_status_changed.*device="r0" status=0xf$', r'virtio_queue_notify.*device="r0"', r'virtio_rng_filled.*size_bytes=64',
              r'acpi_pcihp_device_unplug_request_cb.*slot=5', r'acpi_pci_register_read.*PCIU" value=0x0$', r'acpi_pci_register_read.*PCID" value=0x20$',
              r'virtio_status_changed.*device="r0" status=0x0$', r'acpi_pci_register_write.*B0EJ" value=0x20$', r'acpi_pcihp_eject_slot.*slot=5',
              r'acpi_pcihp_device_unplug_cb.*slot=5', r'device_deleted.*r0']
    with session(chains=CHAINS, events=events) as vm:
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='r0', addr='5')
        vm.line('pci slot 5: 64 random bytes')
        unplug(vm, 'r0', 5)


def test_refused_and_asked_again():
    """A guest that keeps a function may be asked again, once it has seen the first request."""
    with session(append='pci refuse', events=[r'acpi_pci_register_read.*PCID" value=0x20$'] * 2 + ['acpi_pcihp_eject_slot.*slot=5']) as vm:
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='r0', addr='5')
        vm.line('pci slot 5: 64 random bytes')
        vm.qmp.command('device_del', id='r0')
        vm.line('pci slot 5: refused, in use')
        vm.type('a')
        vm.line('guest: accepting eject requests')
        unplug(vm, 'r0', 5)


def test_before_the_guest_looks():
    """What is plugged and asked back while the guest has no ACPI handler is there for it later, all at once."""
    with Emulator(guest=GUEST, append='pci ignore') as vm:
        vm.line('guest: hello')
        for slot in (5, 6, 7):
            vm.qmp.command('device_add', driver='virtio-rng-pci', id=f'r{slot}', addr=str(slot))
        vm.qmp.command('device_del', id='r6')
        vm.type('e')
        vm.line('guest: ACPI enabled')
        vm.line('pci slot 5: 64 random bytes')
        vm.line('pci slot 6: 64 random bytes')
        vm.line('pci slot 6: ejected')
        vm.qmp.event('DEVICE_DELETED', device='r6')
        vm.line('pci slot 7: 64 random bytes')
        vm.type('o')
        assert vm.wait() == 0


def test_checkpoints():
    """A replay begins between any two of these steps, without the image and without the network."""
    if ACCEL != 'soft':
        return  # on KVM there are none
    with tempfile.TemporaryDirectory() as folder:
        image, file = pathlib.Path(folder) / 'a.img', pathlib.Path(folder) / 's.rpl'
        image.write_bytes(bytes(8 * 512))
        with Emulator('-record', f'{file},checkpoint=100us', '-rtc', 'base=2026-01-31T12:00:00', guest=GUEST, append='pci') as vm:
            vm.line('guest: ACPI enabled')
            vm.qmp.command('blockdev-add', driver='file', node_name='f0', filename=str(image))
            vm.qmp.command('device_add', driver='virtio-blk-pci', id='b0', drive='f0', addr='6')
            vm.line('pci slot 6: 8 sectors, the last one written and read')
            vm.qmp.command('netdev_add', type='user', id='net0')
            vm.qmp.command('device_add', driver='virtio-net-pci', id='n0', netdev='net0', mac='52:54:00:00:00:01', addr='7')
            vm.line('pci slot 7: 10.0.2.2 is 52:55:0a:00:02:02')
            vm.qmp.command('set_link', name='n0', up=False)
            unplug(vm, 'b0', 6)
            vm.qmp.command('set_link', name='n0', up=True)
            vm.qmp.command('netdev_del', id='net0')
            unplug(vm, 'n0', 7)
            vm.qmp.command('device_add', driver='virtio-blk-pci', id='b1', drive='f0', addr='5')
            vm.line('pci slot 5: 8 sectors, the last one written and read')
            vm.qmp.command('netdev_add', type='user', id='net0')
            vm.qmp.command('device_add', driver='virtio-net-pci', id='n1', netdev='net0', mac='52:54:00:00:00:01', addr='8')
            vm.line('pci slot 8: 10.0.2.2 is 52:55:0a:00:02:02')
            vm.type('o')
            assert vm.wait() == 0, vm.stderr()
        image.unlink()
        assert check_all(file) > 2


if __name__ == '__main__':
    if os.environ.get('ACCEL', 'kvm').startswith('kvm'):
        need_kvm()
    run_tests(dict(globals()))
