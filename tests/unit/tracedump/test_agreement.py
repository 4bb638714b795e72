#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_agreement.py - the commands say the same of a session's native trace and of its CTF.

usage: test_agreement.py TRACEDUMP
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / 'support'), str(HERE.parent.parent / 'golden')]
sys.dont_write_bytecode = True
import session_cases  # noqa: E402

COMMANDS = [
    ['show'], ['show', '--tree'], ['show', '--json'], ['show', '--from', 'qmp_device_add id=dimm9', '--to', 'acpi_device_ost'],
    ['show', '--filter', 'kvm_* and within qmp_device_add(id=dimm0) or error=EEXIST or phase=leave ok=false'],
    ['show', '--filter', 'after acpi_unplug_refused before device_deleted gpa>=4G'],
    ['chains'], ['chains', '--filter', 'within acpi_memory_eject'], ['hotplug'], ['hotplug', '--json'], ['hotplug', '--clock', 'host'],
    ['hotplug', 'dimm0'], ['stats', '--sort', 'total'], ['stats', '--json'], ['flame'], ['flame', '--count'], ['irq', '--storm', '1'],
    ['top', '--once'], ['follow', '--idle', '1ms'],
]


def main():
    tracedump = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for session in ('plugs', 'pending'):
            native, ctf = folder / f'{session}.rpt', folder / session
            native.write_bytes(session_cases.kept_trace(session))
            ctf.mkdir()
            for path, data in session_cases.ctf_files(session, session).items():
                (folder / path).write_bytes(data)
            for command in COMMANDS:
                results = []
                for path in (native, ctf):
                    done = subprocess.run([tracedump, *command, str(path)], capture_output=True, text=True, timeout=60)
                    results.append((done.returncode, done.stdout, done.stderr.replace(str(path), 'FILE')))
                assert results[0] == results[1], (command, *results)
                assert results[0][0] == 0 and (results[0][1] or results[0][2]), (command, results[0])
            same = subprocess.run([tracedump, 'diff', str(native), str(ctf)], capture_output=True, text=True, timeout=60)
            assert (same.returncode, same.stdout, same.stderr) == (0, '', ''), same
    print('ok')


main()
