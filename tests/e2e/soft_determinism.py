# SPDX-License-Identifier: GPL-2.0-or-later
"""soft_determinism.py - a session of Debian's kernel on our own CPUs is the same session again: replayed, typed by a script at
the same times with and without a recording, traced and not, on a host at rest and under load. Memory use beside the guest's.

DETERMINISM_RUNS: how many scripted sessions of each sort (1: traced and under load; the session typed by hand is neither).
"""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import linux
from emulator import DEADLINE_S, MIB, REPLUG, run_tests
from rpl_reader import Reader

RUNS = int(os.environ.get('DETERMINISM_RUNS', '1'))
TURN_CONSOLE, EFFECT_CONSOLE = 4, 2
KIB = 1024
LONG = 'more than any FIFO takes at once'.replace('o', '0').replace('c', 'k').replace('r', 'R')  # nothing the guest knows
COMMANDS = ('echo hello', 'grep -c ^processor /proc/cpuinfo', 'head -c 1000000 /dev/zero | sha256sum', 'cat /proc/interrupts',
            'dmesg | tail -n 5')


def command_of(*arguments):
    return [REPLUG, '-accel', 'soft', '-m', '256M', '-smp', '2', '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot',
            '-kernel', str(linux.FOLDER / 'vmlinuz'), '-initrd', str(linux.FOLDER / 'initrd.gz'), '-append', 'console=ttyS0 panic=-1',
            '-rtc', 'base=2026-01-31T12:00:00', *map(str, arguments)]


def end_of(errors):
    """(instructions, ns, digest) that -digest tells."""
    found = re.search(r'(?m)^replug: (\d+) instructions, (\d+) ns, digest ([0-9a-f]{16})$', errors)
    assert found, errors
    return int(found[1]), int(found[2]), found[3]


def typed_by_hand(file):
    """Records a session that somebody types; (its end, console bytes)."""
    with linux.linux('-smp', 2, '-record', file, '-digest') as vm:
        vm.line('guest: up')
        for command in COMMANDS:
            linux.run_in(vm, command, '')
        vm.type('poweroff -f\n')
        assert vm.wait() == 0, vm.stderr()
        return end_of(vm.stderr())


def console_bytes(file, kind):
    """Of a recording: what was typed, [(ns, bytes)]."""
    reader = Reader(pathlib.Path(file).read_bytes())
    assert not reader.damage, reader.damage
    return [(record.now_ns, record.icount, record.payload.split(b'\0', 1)[1]) for record in reader.records
            if (record.group, record.kind) == ('turn', kind)]


def script_of(file):
    """A -console-script that types what was typed in a recording, at the same times."""
    lines = [f'{ns}ns ' + ''.join(f'\\x{byte:02x}' for byte in data) for ns, _, data in console_bytes(file, TURN_CONSOLE)]
    return '\n'.join(['# typed by hand once', *lines, ''])


def run(*arguments):
    """A scripted session to its end; (its end, console bytes, CPU seconds)."""
    before = os.times()
    done = subprocess.run(command_of('-digest', *arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S * 4)
    after = os.times()
    assert done.returncode == 0, done.stderr
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return end_of(done.stderr.decode()), done.stdout, cpu


@contextlib.contextmanager
def load(busy):
    """The host's processors have other things to do."""
    loops = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(2 if busy else 0)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def replay(file, *arguments):
    """(end, standard output)"""
    done = subprocess.run([REPLUG, '-replay', str(file), '-digest', *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=DEADLINE_S * 4)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return end_of(done.stderr), done.stdout


def size_beside_images(file, folder):
    """Bytes of a recording without kernel and initrd, which came from outside."""
    images = pathlib.Path(folder) / 'images.rpl'
    with linux.linux('-S', '-smp', 2, '-record', images) as vm:
        vm.quit()
    return os.path.getsize(file) - os.path.getsize(images)


def test_same_session_again():
    with tempfile.TemporaryDirectory() as folder:
        by_hand = f'{folder}/by_hand.rpl'
        end = typed_by_hand(by_hand)
        beside = size_beside_images(by_hand, folder)
        assert 0 < beside < 64 * KIB, beside
        again, text = replay(by_hand)
        assert again == end, (again, end)
        assert f'digest {end[2]}, equal' in text, text
        assert len(console_bytes(by_hand, TURN_CONSOLE)) >= len(COMMANDS)
        pathlib.Path(f'{folder}/script').write_text(script_of(by_hand))
        script = ('-console-script', f'{folder}/script')
        consoles, started = set(), time.monotonic()
        for number in range(RUNS):
            traced = ('-trace', f'*,file={folder}/trace.rpt') if number % 2 == 0 else ()
            with load(busy=number % 4 in (0, 3)):
                plain = run(*script, *traced)
                recorded = run(*script, *traced, '-record', f'{folder}/{number}.rpl')
            consoles |= {plain[1], recorded[1]}
            assert plain[0] == recorded[0] == end, (number, plain[0], recorded[0], end)
            assert replay(f'{folder}/{number}.rpl', *traced)[0] == end
            os.unlink(f'{folder}/{number}.rpl')
        assert len(consoles) == 1, 'the consoles differ'
        assert b'hello' in consoles.pop()
        print(f'{end}; {beside} bytes beside the images; {RUNS} times unrecorded, recorded, replayed: '
              f'{time.monotonic() - started:.0f} s')


def test_script_at_instructions():
    """A position in instructions is one: the input comes at exactly that instruction, recorded or not."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(f'{folder}/script').write_text(f'2000 {LONG}\n20ms o')
        arguments = ('-accel', 'soft', '-m', '64M', '-nodefaults', '-display', 'none', '-kernel', os.environ['GUEST'], '-append', 'slots=4',
                     '-serial', 'stdio', '-device', 'isa-debug-exit', '-rtc', 'base=2026-01-31T12:00:00', '-digest', '-console-script',
                     f'{folder}/script')
        ends = set()
        for extra in ((), ('-record', f'{folder}/a.rpl'), ('-trace', '*')):
            done = subprocess.run([REPLUG, *arguments, *extra], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=DEADLINE_S)
            ends.add((done.returncode, done.stdout, end_of(done.stderr)))
        assert len(ends) == 1, ends
        typed = console_bytes(f'{folder}/a.rpl', TURN_CONSOLE)
        assert typed[0][1] == 2000 and b''.join(data for _, _, data in typed) == LONG.encode() + b'o', typed
        assert all(1 <= len(data) <= 16 for _, _, data in typed) and typed[-1][0] == 20000000, typed
        assert replay(f'{folder}/a.rpl')[0] == ends.pop()[2]


def resident_kib(pid, size):
    """In all, and of guest memory: the largest mapping."""
    total = int(re.search(r'Rss:\s+(\d+)', pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text())[1])
    maps = re.findall(r'(?m)^Size:\s+(\d+) kB\n(?:.*\n)*?Rss:\s+(\d+) kB', pathlib.Path(f'/proc/{pid}/smaps').read_text())
    length, rss = max((int(length), int(rss)) for length, rss in maps)
    assert size // KIB <= length < size // KIB + 4096, maps
    return total, min(rss, size // KIB)


def test_memory_beside_the_guests():
    """After a boot and programs that touch much of the guest's memory."""
    with linux.linux('-smp', 2, '-record', '/dev/null') as vm:
        vm.line('guest: up')
        linux.run_in(vm, 'head -c 60000000 /dev/zero >/big; wc -c /big', '60000000 /big')
        total, ram = resident_kib(vm.process.pid, 256 * MIB)
        print(f'{total} KiB resident, {ram} of them the guest\'s memory, {total - ram} beside it')
        assert ram > 100 * KIB and total - ram <= 64 * KIB, (total, ram)
        vm.quit()


if __name__ == '__main__':
    linux.need_linux()
    run_tests(dict(globals()))
