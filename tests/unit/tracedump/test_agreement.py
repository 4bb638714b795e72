#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_agreement.py - the commands say the same of a session's native trace and of its CTF.

usage: test_agreement.py TRACEDUMP
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / 'support'), str(HERE.parent.parent / 'golden')]
sys.dont_write_bytecode = True
import session_cases  # noqa: E402

# Our CTF of a kept trace does not name the program.
PROGRAM = re.compile(r'"(program|build)":"[^"]*",?')

COMMANDS = [
    ['show'], ['show', '--tree'], ['show', '--json'], ['show', '--from', 'qmp_device_add id=dimm9', '--to', 'acpi_device_ost'],
    ['show', '--filter', 'kvm_* and within qmp_device_add(id=dimm0) or error=EEXIST or phase=leave ok=false'],
    ['show', '--filter', 'after acpi_unplug_refused before device_deleted gpa>=4G'],
    ['chains'], ['chains', '--filter', 'within acpi_memory_eject'], ['hotplug'], ['hotplug', '--json'], ['hotplug', '--clock', 'host'],
    ['hotplug', 'dimm0'], ['stats', '--sort', 'total'], ['stats', '--json'], ['flame'], ['flame', '--count'], ['irq', '--storm', '1'],
    ['top', '--once'], ['follow', '--idle', '1ms'], ['verify'], ['backtraces'], ['flatview'], ['flatview', '--at', 'acpi_device_ost', '--since'],
    ['flatview', '--change', 'qmp_device_add id=dimm0', '--picture'], ['flatview', '--svg'], ['mtree'], ['memslots', '--since'], ['why', 'dimm0'],
    ['why', '4G'], ['why', 'slot:1'], ['why', 'irq:9'], ['check', 'memory-plug'], ['check', '--all'], ['check', '--json', 'pci-plug'],
    ['export', '--to', 'csv'], ['export', '--to', 'json'], ['export', '--to', 'perfetto', '--host-time'], ['report'],
]


def main():
    tracedump = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for session in ('plugs', 'pending', 'processors', 'functions'):
            native, ctf = folder / f'{session}.rpt', folder / session
            native.write_bytes(session_cases.kept_trace(session))
            ctf.mkdir()
            for path, data in session_cases.ctf_files(session, session).items():
                (folder / path).write_bytes(data)
            for command in COMMANDS:
                results = []
                for path in (native, ctf):
                    done = subprocess.run([tracedump, *command, str(path)], capture_output=True, text=True, timeout=60)
                    results.append((done.returncode, PROGRAM.sub('', done.stdout.replace(str(path), 'FILE')), done.stderr.replace(str(path), 'FILE')))
                assert results[0] == results[1], (command, *(str(result)[:3000] for result in results))
                # With --all a trace of a part of the events is no proof, which is a failure of the check and of nobody's reading.
                assert results[0][0] in ((0, 1, 2) if command[0] == 'check' else (0,)), (command, results[0])
                assert results[0][1] or results[0][2] or 'after' in command[-1], (command, results[0])
            same = subprocess.run([tracedump, 'diff', str(native), str(ctf)], capture_output=True, text=True, timeout=60)
            assert (same.returncode, same.stdout, same.stderr) == (0, '', ''), same
    print('ok')


main()
