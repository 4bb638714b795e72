# SPDX-License-Identifier: GPL-2.0-or-later
"""system_guests.py - faults, privileges, paging, debug registers, interrupts: guests try what user mode can't, and print what they found.

On soft the output is compared with the kept one, which was held against Intel's manual line by line. KVM has to print the same; where
it interprets guest code instead of running it, emulated_kvm.txt and emulated_kvm_lapic.txt name what it is known to do differently.
"""
import os
import pathlib
import sys

from emulator import ACCEL, ON_KVM, Emulator, need_kvm, poll, run_tests

FOLDER = pathlib.Path(__file__).parent.parent / 'guest' / 'system'
GUESTS = os.environ['SYSTEM_GUESTS'].split(':')
# KVM_INTERNAL_ERROR_EMULATION: KVM says itself that it can't.
NOT_INTERPRETED = 'internal-error 0x1 '
KVM_LAPIC = ON_KVM and not ACCEL.endswith('irqchip=off')
DEVICES = {'messages': ['-device', 'virtio-rng-pci,addr=5']}


def run_from(guest, first):
    """The console's lines from that scenario on, and what ended them: None at the guest's own end."""
    devices = DEVICES.get(pathlib.Path(guest).stem, [])
    with Emulator('-no-reboot', '-cpu', 'max', *devices, guest=guest, append=f'from={first}', qmp=False) as vm:
        poll(lambda: vm.process.poll() is not None or "can't go on" in vm.stderr(), 'end and no error')
        if vm.process.poll() is None:
            vm.process.kill()
        vm.reader.join()
        lines = [line for line in vm.lines if line is not None]
        if lines and lines[-1] == 'end':
            return lines[:-1], None
        return lines, vm.stderr().strip() or f'exit status {vm.process.returncode}'


def scenarios(lines):
    """{name: what was found}, its indented lines included."""
    found = {}
    for line in lines:
        if line.startswith(' '):
            found[name] += '\n' + line
        else:
            name, _, rest = line.partition(':')
            assert name not in found, f'two scenarios "{name}"'
            found[name] = rest
    return found


def run(guest):
    found = {}
    while True:
        lines, end = run_from(guest, len(found))
        new = scenarios(lines)
        assert new or end is None, f'no scenario after {list(found)[-1:]}: {end}'
        found |= new
        if end is None:
            return found
        found[list(found)[-1]] = f' ended the machine: {end}'


def known_deviations():
    names = ['emulated_kvm.txt'] * ON_KVM + ['emulated_kvm_lapic.txt'] * KVM_LAPIC
    lines = [line for name in names for line in (FOLDER / name).read_text().splitlines()]
    return dict(line.split(': ', 1) for line in lines if not line.startswith('# '))


def compare(guest):
    name = pathlib.Path(guest).stem
    expected = scenarios((FOLDER / f'{name}.expected').read_text().splitlines()[:-1])
    found = run(guest)
    assert list(found) == list(expected), f'scenarios: {set(found) ^ set(expected)}'
    equal = [scenario for scenario in expected if found[scenario] == expected[scenario]]
    refused = [scenario for scenario in expected if ON_KVM and NOT_INTERPRETED in found[scenario]]
    allowed = known_deviations()
    wrong = [scenario for scenario in expected if scenario not in equal + refused and scenario not in allowed]
    for scenario in wrong:
        print(f'{scenario}:\n  expected{expected[scenario]}\n  found   {found[scenario]}', file=sys.stderr)
    assert not wrong, f'{len(wrong)} of {len(expected)} scenarios differ'
    assert len(equal) >= 3, f'only {equal} could be compared'
    print(f'{name}: {len(equal)} of {len(expected)} scenarios equal; {len(refused)} not interpreted by this KVM; '
          f'{len(expected) - len(equal) - len(refused)} known to differ where KVM interprets')


def test_guests_print_what_the_manual_says():
    for guest in GUESTS:
        compare(guest)


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    run_tests(dict(globals()))
