# SPDX-License-Identifier: GPL-2.0-or-later
"""demo.py - the session behind demo.sh: prints what the client says, what the guest says, and what the trace says."""
import subprocess
import tempfile

from emulator import GUEST, TRACEDUMP, Emulator


def say(who, text):
    print(f'{who:>7} | {text}', flush=True)


def client(vm, command, **arguments):
    shown = ' '.join(f"{key.replace('_', '-')}={value}" for key, value in arguments.items())
    say('client', f'{command} {shown}')
    return vm.qmp.command(command, **arguments)


def guest(vm, text):
    say('guest', vm.line(text))


def session(vm):
    guest(vm, 'hello')
    guest(vm, 'ACPI enabled')
    for number in (0, 1):
        client(vm, 'object-add', qom_type='memory-backend-ram', id=f'ram{number}', size=256 << 20)
        client(vm, 'device_add', driver='pc-dimm', id=f'dimm{number}', memdev=f'ram{number}')
        guest(vm, f'slot {number}: inserted')
        guest(vm, f'slot {number}: online')
    say('client', 'query-memory-size-summary')
    say('replug', vm.qmp.command('query-memory-size-summary'))
    client(vm, 'device_del', id='dimm0')
    guest(vm, 'slot 0: eject requested')
    say('replug', f"DEVICE_DELETED {vm.qmp.event('DEVICE_DELETED')['data']}")
    guest(vm, 'slot 0: ejected')
    say('client', 'info memslots')
    for line in vm.qmp.hmp('info memslots').splitlines():
        say('replug', line)
    client(vm, 'quit')
    vm.wait()


def main():
    with tempfile.TemporaryDirectory(prefix='replug-demo-') as folder:
        trace = f'{folder}/plug.rpt'
        with Emulator('-trace', f'*,file={trace}', guest=GUEST) as vm:
            session(vm)
        for command in (['chains', '--from', 'qmp_device_add'], ['chains', '--from', 'acpi_memory_eject']):
            print(f"\n$ tracedump {' '.join(command)} plug.rpt", flush=True)
            subprocess.run([TRACEDUMP, *command, trace], check=True)


main()
