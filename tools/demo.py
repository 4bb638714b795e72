# SPDX-License-Identifier: GPL-2.0-or-later
"""demo.py - the session behind demo.sh: prints what the client says, what the guest says, and what trace and replay say."""
import os
import pathlib
import re
import subprocess
import tempfile
import time

from emulator import GUEST, MIB, REPLUG, TRACEDUMP, Emulator

REPORT = pathlib.Path(os.environ['DEMO_REPORT'])
LINUX = pathlib.Path(os.environ['LINUX_FOLDER'])
SCRIPT = pathlib.Path(__file__).parent / '../tests/support/linux_guest.sh'
STARTED = time.monotonic()


def say(who, text):
    print(f'{time.monotonic() - STARTED:5.1f} s {who:>7} | {text}', flush=True)


def client(vm, command, **arguments):
    shown = ' '.join(f"{key.replace('_', '-')}={value}" for key, value in arguments.items())
    say('client', f'{command} {shown}')
    return vm.qmp.command(command, **arguments)


def event(vm, name, **data):
    say('replug', f"{name} {vm.qmp.event(name, **data)['data']}")


def guest(vm, text):
    say('guest', vm.line(text)[:120])


def plug(vm):
    client(vm, 'object-add', qom_type='memory-backend-ram', id='ram0', size=256 * MIB)
    client(vm, 'device_add', driver='pc-dimm', id='dimm0', memdev='ram0')
    event(vm, 'ACPI_DEVICE_OST')


def unplug(vm):
    client(vm, 'device_del', id='dimm0')
    event(vm, 'DEVICE_DELETED')


def run_in(vm, command, text):
    say('console', command)
    vm.type(f'{command}\n')
    guest(vm, text)


def linux_session(vm):
    say('replug', "boots Debian's kernel on its own processors")
    for text in ('Linux version', 'Memory:', 'ACPI: Interpreter enabled', 'Run /init', 'guest: up'):
        guest(vm, text)
    run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:')
    plug(vm)
    run_in(vm, 'for m in /sys/devices/system/memory/memory*/state; do grep -q online $m || echo online_movable > $m; done; echo all on""line',
           'all online')
    run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:')
    unplug(vm)
    run_in(vm, 'grep MemTotal /proc/meminfo', 'MemTotal:')


def small_session(vm):
    guest(vm, 'ACPI enabled')
    plug(vm)
    guest(vm, 'slot 0: online')
    unplug(vm)
    guest(vm, 'slot 0: ejected')


def replay(recording, trace):
    """Tells every few seconds that it goes on."""
    process = subprocess.Popen([REPLUG, '-replay', recording, '-trace', f'*,file={trace}'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while True:
        try:
            out, errors = process.communicate(timeout=5)
            break
        except subprocess.TimeoutExpired:
            say('replug', 'replays ...')
    assert process.returncode == 0 and re.search('equal$', out), (out, errors)
    say('replug', out.strip())


def has_linux():
    say('demo', f"gets Debian's kernel into {LINUX}")
    done = subprocess.run([SCRIPT, LINUX], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ['no reason given'])[-1]
        say('demo', f'no Linux here ({reason}): the small guest of tests/guest takes its place')
    return done.returncode == 0


def main():
    with tempfile.TemporaryDirectory(prefix='replug-demo-') as folder:
        arguments = ['-rtc', 'base=2026-01-31T12:00:00', '-record', f'{folder}/plug.rpl']
        if has_linux():
            boot = ['-kernel', LINUX / 'vmlinuz', '-initrd', LINUX / 'initrd.gz', '-append', 'console=ttyS0', '-serial', 'stdio']
            with Emulator(*boot, *arguments, memory='256M,slots=4,maxmem=8G', accel='soft') as vm:
                linux_session(vm)
                client(vm, 'quit')
                vm.wait()
        else:
            with Emulator(*arguments, guest=GUEST, accel='soft') as vm:
                small_session(vm)
                client(vm, 'quit')
                vm.wait()
        say('demo', 'replays the session to the same instruction, this time with the trace on')
        replay(f'{folder}/plug.rpl', f'{folder}/plug.rpt')
        for command in (['chains', '--from', 'qmp_device_add'], ['chains', '--from', 'acpi_memory_eject'], ['hotplug']):
            print(f"\n$ tracedump {' '.join(command)} plug.rpt", flush=True)
            subprocess.run([TRACEDUMP, *command, f'{folder}/plug.rpt'], check=True)
        print()
        subprocess.run([TRACEDUMP, 'report', '-o', REPORT, f'{folder}/plug.rpt'], check=True)
        say('demo', f'the session as a page for a browser, {REPORT.stat().st_size >> 10} KiB: {REPORT.resolve()}')
        say('demo', 'done')


main()
