# SPDX-License-Identifier: GPL-2.0-or-later
"""churn.py - many plugs and unplugs: slots filled and emptied in random order, memory and memslots end as they began. In a build with
sanitizers the emulator's exit status tells of leaks."""
import random
import re

from emulator import GUEST, MIB, ON_KVM, Emulator, need_kvm, run_tests


def used_slots(vm):
    """Of KVM; with our own CPUs there are none."""
    return len(re.findall(r'(?m)^slot ', vm.qmp.hmp('info memslots')))


def rss_kib(vm):
    return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{vm.process.pid}/status').read())[1])


def wait_online(vm, devices):
    """The guest's answers come in the order in which its walks meet the slots."""
    while devices:
        info = vm.qmp.event('ACPI_DEVICE_OST')['data']['info']
        if info['source'] == 1:  # not the last words about an eject of the round before
            assert info['status'] == 0, info
            devices.remove(info['device'])


def in_random_order(count, rounds):
    with Emulator(guest=GUEST, append=f'slots={count}', memory=f'64M,slots={count},maxmem=64G') as vm:
        vm.guest_listens()
        slots, order, rss = used_slots(vm), random.Random(1), []
        for _ in range(rounds):
            numbers = list(range(count))
            for number in numbers:
                vm.qmp.plug(number, size=2 * MIB)
            wait_online(vm, {f'dimm{number}' for number in numbers})
            assert used_slots(vm) == (slots + count if ON_KVM else 0)
            assert len(vm.qmp.command('query-memory-devices')) == count
            order.shuffle(numbers)
            for number in numbers:
                vm.qmp.command('device_del', id=f'dimm{number}')
                vm.qmp.event('DEVICE_DELETED', device=f'dimm{number}')
                vm.qmp.command('object-del', id=f'ram{number}')
            assert used_slots(vm) == slots
            assert vm.qmp.command('query-memory-devices') == []
            vm.type('c')
            vm.line('guest: all slots checked')
            rss.append(rss_kib(vm))
        assert rss[-1] - rss[0] < 2048, f'memory grows: {rss} KiB'
        vm.quit()


def test_64_dimms_three_times():
    in_random_order(64, 3)


def test_all_256_slots():
    in_random_order(256, 2)


def test_plug_while_other_vcpus_run():
    with Emulator('-smp', 4, guest=GUEST, append='slots=4 smp') as vm:
        vm.guest_listens()
        for _ in range(20):
            vm.qmp.plug(0, size=4 * MIB)
            vm.line('slot 0: online')
            vm.qmp.command('stop')
            vm.qmp.command('cont')
            vm.qmp.command('device_del', id='dimm0')
            vm.qmp.event('DEVICE_DELETED', device='dimm0')
            vm.qmp.command('object-del', id='ram0')
        vm.quit()


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    run_tests(dict(globals()))
