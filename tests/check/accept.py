# SPDX-License-Identifier: GPL-2.0-or-later
"""accept.py - what `check --accept` writes of one session holds in another with other addresses, names and counts, and fails in a broken one."""
import os
import subprocess
import tempfile

import mutations
from emulator import GUEST, MIB, TRACEDUMP, Emulator, run_tests


def other_session(path, accel):
    """What mutations.session() does well, of other devices, in another order, more often."""
    with Emulator('-smp', '1,maxcpus=4,cores=4', '-object', 'rng-builtin,id=seeds', '-trace', f'*,file={path}', guest=GUEST, append='slots=4',
                  accel=accel) as vm:
        vm.guest_listens()
        for core in (3, 2):
            mutations.processor(vm, core, f'p{core}')
        for slot, size in enumerate((128 * MIB, 512 * MIB, 4 * MIB)):
            vm.qmp.command('object-add', qom_type='memory-backend-ram', id=f'memory-{slot}', size=size)
            vm.qmp.command('device_add', driver='pc-dimm', id=f'bank-{slot}', memdev=f'memory-{slot}')
            vm.qmp.event('ACPI_DEVICE_OST', info={'device': f'bank-{slot}', 'slot': str(slot), 'slot-type': 'DIMM', 'source': 1, 'status': 0})
        for device in ('bank-1', 'bank-0', 'p3'):
            mutations.unplugged(vm, device)
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='random', rng='seeds', addr='9')
        vm.qmp.command('device_del', id='random')
        vm.qmp.command('system_reset')
        vm.qmp.event('DEVICE_DELETED', device='random')
        vm.quit()


def untold(**of):
    """A plug of which the guest is not told."""
    def doctor(t):
        around = t.find('qmp_device_add', 'enter', **of)
        t.drop_span(t.find('acpi_send_gpe_event', 'enter', inside=around))
    return doctor


def still_mapped(t):
    t.drop(t.find('flat_range_removed', inside=t.find('acpi_memory_eject', 'enter')))


def left_out(stage, what):
    return lambda t: t.drop_span(t.find(what, 'enter', inside=t.find(stage, 'enter')))


# (the span that is accepted, how often it holds in the other session, what breaks it there)
ACCEPTED = [
    ('pc_dimm_plug', 3, mutations.announce_first),
    ('qmp_device_add(driver=pc-dimm)', 3, untold(driver='pc-dimm')),
    ('qmp_device_add(driver=*-cpu)', 2, untold(id='p2')),
    ('pc_cpu_plug(turn > 0)', 2, untold(id='p3')),
    ('qmp_device_add(driver=virtio-*)', 1, untold(id='random')),
    ('acpi_pcihp_device_plug_cb', 1, untold(id='random')),
    ('acpi_memory_eject', 2, still_mapped),
    ('cpuhp_acpi_ejecting_cpu', 1, left_out('cpuhp_acpi_ejecting_cpu', 'acpi_cpu_unplug_cb')),
    ('acpi_pcihp_eject_slot', 1, left_out('acpi_pcihp_eject_slot', 'acpi_pcihp_device_unplug_cb')),
]


def check(folder, trace, status):
    done = subprocess.run([TRACEDUMP, 'check', 'new.expect', trace], cwd=folder, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def accept(folder, span):
    return subprocess.run([TRACEDUMP, 'check', '--accept', 'new.expect', '--of', span, 'good.rpt'], cwd=folder, capture_output=True, text=True)


def accepted_of(folder, accel):
    mutations.session(f'{folder}/good.rpt', accel)
    other_session(f'{folder}/other.rpt', accel)
    for span, held, doctor in ACCEPTED:
        assert accept(folder, span).returncode == 0, span
        check(folder, 'good.rpt', 0)
        said = check(folder, 'other.rpt', 0)
        assert f'held {held} times' in said, (span, said)
        trace = mutations.Doctored(f'{folder}/other.rpt')
        doctor(trace)
        trace.write(f'{folder}/broken.rpt')
        said = check(folder, 'broken.rpt', 1)
        assert f'failed 1 times, held {held - 1}' in said, (span, said)
        print(f'{accel}: {span} holds {held} times in another session, and fails in a broken one')


def test_accepted_on_our_own_cpus():
    with tempfile.TemporaryDirectory() as folder:
        accepted_of(folder, 'soft')


def test_accepted_on_kvm():
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        print('left out: no /dev/kvm')
        return
    with tempfile.TemporaryDirectory() as folder:
        accepted_of(folder, 'kvm')


def test_nothing_to_accept():
    with tempfile.TemporaryDirectory() as folder:
        other_session(f'{folder}/good.rpt', 'soft')
        for span, why in (('no_such_span', 'no such span'), ('acpi_memory_eject(slot=99)', 'no such span'), ('qmp_device_add(', '--of: '),
                          ('qemu_flush_coalesced_mmio_buffer', 'nothing happens inside of the span')):
            done = accept(folder, span)
            assert done.returncode == 2 and why in done.stderr, (span, done)


if __name__ == '__main__':
    run_tests(dict(globals()))
