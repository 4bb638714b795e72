# SPDX-License-Identifier: GPL-2.0-or-later
"""linux_proofs.py - on Debian's cloud kernel programs give the host's answers, and the kernel complains of nothing that QEMU's doesn't.

The answers' source is the host itself: the same busybox, script and C program run on both. LINUX_PROOFS=all runs every number of
processors with every size of memory, all programs on every model of CPU, and QEMU beside Replug where it is installed.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import emulator
from emulator import MIB, Emulator, run_tests, skip
from linux import FOLDER, SCRIPT, linux

GUESTS = pathlib.Path(__file__).parent.parent / 'guest' / 'linux'
ALL = os.environ.get('LINUX_PROOFS') == 'all'
# Lines at level warn or worse that the kernel prints on QEMU 7.2's pc as well.
ON_QEMU_TOO = [
    "acpi PNP0A03:00: fail to add MMCONFIG information, can't access extended PCI configuration space under this bridge.",
    'Unstable clock detected, switching default tracing clock to "global"',
    'If you want to keep using the local clock, then add:',
    '"trace_clock=local"',
    'on the kernel command line',
]
emulator.DEADLINE_S = 300


def initrd_with(files, to):
    """The initrd and these behind it in /proof: the kernel unpacks one archive after the other."""
    with tempfile.TemporaryDirectory() as folder:
        proof = pathlib.Path(folder) / 'proof'
        proof.mkdir()
        for file in files:
            shutil.copy(file, proof)
        names = ''.join(f'proof/{pathlib.Path(file).name}\n' for file in files)
        archive = subprocess.run(['cpio', '-o', '-H', 'newc', '--quiet'], cwd=folder, input=f'proof\n{names}'.encode(),
                                 capture_output=True, check=True).stdout
    to.write_bytes((FOLDER / 'initrd.gz').read_bytes() + subprocess.run(['gzip', '-n1'], input=archive, capture_output=True,
                                                                        check=True).stdout)


def output(vm, command):
    """The lines that a command prints in the guest's shell; it has to succeed."""
    vm.type(f'echo be""gin; {command}; echo en""d $?\n')
    vm.line('begin')
    lines = []
    while not (line := vm.line('')).startswith('end '):
        lines.append(line)
    assert line == 'end 0', (command, line, lines)
    return lines


def warnings(lines):
    """The texts of those at level warn or worse; busybox's dmesg -r prints "<level>[time] text"."""
    found = [re.fullmatch(r'<(\d+)>\[ *[\d.]+\] (.*)', line) for line in lines]
    return [line[2].strip() for line in found if line and int(line[1]) & 7 <= 4]


def complaints(vm):
    lines = output(vm, 'dmesg -r')
    assert len(lines) > 150, lines
    return warnings(lines)


def power_off(vm):
    vm.type('poweroff -f\n')
    vm.line('reboot: Power down')
    assert vm.wait() == 0, vm.stderr()


def on_qemu(processors, memory):
    """What the same kernel complains of there."""
    with Emulator('-kernel', FOLDER / 'vmlinuz', '-initrd', FOLDER / 'initrd.gz', '-append', 'console=ttyS0 panic=-1', '-serial', 'stdio',
                  '-no-reboot', '-smp', processors, memory=memory, accel='tcg', program='qemu-system-x86_64') as vm:
        vm.line('guest: up')
        found = complaints(vm)
        power_off(vm)
        return found


def boots(processors, memory):
    """All of both is there, and nothing else is wrong."""
    with linux('-smp', processors, memory=memory) as vm:
        vm.line('guest: up')
        assert output(vm, 'grep -c ^processor /proc/cpuinfo') == [str(processors)]
        [ram] = output(vm, "awk '/System RAM/ { split($1, end, \"-\"); kib += (\"0x\" end[2]) / 1024 - (\"0x\" end[1]) / 1024 } "
                           "END { print int(kib / 1024 + .5) }' /proc/iomem")
        assert abs(int(ram) * MIB - emulator_bytes(memory)) <= 2 * MIB, ram  # the hole below 1 MiB
        found = complaints(vm)
        power_off(vm)
    allowed = ON_QEMU_TOO + (on_qemu(processors, memory) if ALL and shutil.which('qemu-system-x86_64') else [])
    assert [line for line in found if line not in allowed] == [], found
    print(f'{processors} processors, {memory}: {len(found)} warnings, all known from QEMU')


def emulator_bytes(memory):
    return int(memory[:-1]) * {'M': MIB, 'G': 1024 * MIB}[memory[-1]]


def test_processors_and_memory():
    if ALL:
        chosen = [(processors, memory) for processors in (1, 2, 4) for memory in ('256M', '512M', '1G', '2G', '3G', '4G', '8G')]
    else:
        chosen = [(1, '256M'), (2, '3G'), (4, '8G')]
    for processors, memory in chosen + [(16, '512M')]:
        boots(processors, memory)


def on_host(folder):
    """What program and script print here."""
    tools, files = folder / 'tools', folder / 'files'
    tools.mkdir()
    subprocess.run(['busybox', '--install', '-s', tools], check=True)
    answers = []
    for command in ([folder / 'answers'], [tools / 'sh', GUESTS / 'utilities.sh']):
        files.mkdir()
        answers.append(subprocess.run([*command, files], env={'PATH': str(tools)}, stdout=subprocess.PIPE, text=True, check=True,
                                      stdin=subprocess.DEVNULL).stdout.splitlines())
        shutil.rmtree(files)
    return answers


def same_answers(name, found, expected):
    different = [(here, there) for here, there in zip(expected, found) if here != there]
    assert found == expected, f'{name}: {len(found)} lines of {len(expected)}; host and guest: {different[:5]}'


def test_answers():
    """A C program and busybox's utilities."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run(['gcc', '-O2', '-static', '-pthread', '-o', folder / 'answers', GUESTS / 'answers.c', '-lm'], check=True)
        program, script = on_host(folder)
        assert 'processes: 2668667000, status 23' in program and len(script) > 90, (program, script)
        initrd_with([folder / 'answers', GUESTS / 'utilities.sh'], folder / 'initrd')
        for model in ('qemu64', 'max', 'x86-64-v1', 'x86-64-v2', 'x86-64-v3', 'x86-64-v3,-avx2') if ALL else ('qemu64', 'max'):
            with linux('-smp', 2, '-cpu', model, '-initrd', folder / 'initrd') as vm:
                vm.line('guest: up')
                run = 'mkdir /work && /proof/%s /work 2>&1 && rm -r /work'
                same_answers('answers.c', output(vm, run % 'answers'), program)
                if ALL or model == 'qemu64':
                    same_answers('utilities.sh', output(vm, run % 'utilities.sh'), script)
                power_off(vm)


def test_sha256():
    """Over 100 MB; over a tenth of it by default."""
    busybox = pathlib.Path('/bin/busybox').read_bytes()
    count = 1 + (100_000_000 if ALL else 10_000_000) // len(busybox)
    with linux() as vm:
        vm.line('guest: up')
        sums = output(vm, f'for i in $(seq {count}); do cat /bin/busybox; done | sha256sum')
        assert sums == [f'{hashlib.sha256(busybox * count).hexdigest()}  -']
        power_off(vm)


if __name__ == '__main__':
    done = subprocess.run([SCRIPT, FOLDER], capture_output=True, text=True)
    if done.returncode != 0:
        skip(f'no Linux to boot: {done.stderr.strip()}')
    run_tests(dict(globals()))
