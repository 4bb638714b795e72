# SPDX-License-Identifier: GPL-2.0-or-later
"""tutorial.py - docs/trace-tests.md: its expectations and commands do what it says, its pytest file passes and fails where it should."""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import mutations
from emulator import TRACEDUMP, run_tests

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs/trace-tests.md'


def run_console(block, folder):
    command, *wanted = block.splitlines()
    arguments = shlex.split(command.removeprefix('$ tracedump '))
    done = subprocess.run([TRACEDUMP, *arguments], cwd=folder, capture_output=True, text=True)
    status = 1 if 'bad.rpt' in command or 'dimm7' in command else 0
    assert done.returncode == status, (command, done.stdout, done.stderr)
    said = done.stdout.splitlines()
    assert said[:len(wanted)] == wanted, (command, wanted, said)
    return done.stdout


def has_pytest(python):
    return os.path.exists(python) and subprocess.run([python, '-c', 'import pytest'], capture_output=True).returncode == 0


def run_pytest(folder, trace):
    """Exit status; without pytest its two functions are called as pytest would."""
    env = {**os.environ, 'PYTHONPATH': os.environ['PYTHONPATH'] + ':' + str(PAGE.parents[1] / 'python'), 'TRACEDUMP': TRACEDUMP}
    if trace != 'good.rpt':
        text = pathlib.Path(folder, 'test_plug.py').read_text()
        pathlib.Path(folder, 'test_plug.py').write_text(text.replace('good.rpt', trace))
    python = next((p for p in (sys.executable, '/usr/bin/python3') if has_pytest(p)), None)
    if python:
        command = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_plug.py']
    else:
        print('pytest is not installed: its test functions are called without it')
        command = [sys.executable, '-c', 'import test_plug as t; [f() for n, f in vars(t).items() if n.startswith("test_")]']
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_tutorial():
    text = PAGE.read_text()
    with tempfile.TemporaryDirectory() as folder:
        mutations.session(f'{folder}/good.rpt', 'soft')
        trace = mutations.Doctored(f'{folder}/good.rpt')
        # One plug is enough for the page's numbers.
        second = trace.find('pc_dimm_plug', 'enter', device='dimm1')
        trace.drop(*range(second, len(trace.records)))
        trace.write(f'{folder}/good.rpt')
        mutations.announce_first(trace)
        trace.write(f'{folder}/bad.rpt')
        for language, name, block in re.findall(r'(?ms)^```(\w+) ?(\S*)\n(.*?)^```$', text):
            if language in ('expect', 'python'):
                pathlib.Path(folder, name).write_text(block)
            elif language == 'console':
                said = run_console(block, folder)
                if 'check order.expect bad.rpt' in block:
                    assert 'too early #' in said and 'matched' in said and 'chain' in said, said
        done = run_pytest(folder, 'good.rpt')
        assert done.returncode == 0, done.stdout + done.stderr
        done = run_pytest(folder, 'bad.rpt')
        assert done.returncode == 1 and 'FAILED order: mapped before' in done.stdout + done.stderr, done.stdout + done.stderr


def test_accepted_expectations():
    """What --accept writes holds in the trace that it came from, and for another DIMM."""
    with tempfile.TemporaryDirectory() as folder:
        mutations.session(f'{folder}/good.rpt', 'soft')
        for span in ('pc_dimm_plug', 'qmp_device_add(driver=pc-dimm)', 'acpi_memory_eject'):
            subprocess.run([TRACEDUMP, 'check', '--accept', 'new.expect', '--of', span, 'good.rpt'], cwd=folder, check=True)
            done = subprocess.run([TRACEDUMP, 'check', 'new.expect', 'good.rpt'], cwd=folder, capture_output=True, text=True)
            plugs = span == 'pc_dimm_plug'
            assert done.returncode == 0 or span.startswith('qmp'), (span, done.stdout)
            assert not plugs or 'held 2 times' in done.stdout, done.stdout
        trace = mutations.Doctored(f'{folder}/good.rpt')
        mutations.announce_first(trace)
        trace.write(f'{folder}/bad.rpt')
        subprocess.run([TRACEDUMP, 'check', '--accept', 'new.expect', '--of', 'pc_dimm_plug', 'good.rpt'], cwd=folder, check=True)
        done = subprocess.run([TRACEDUMP, 'check', 'new.expect', 'bad.rpt'], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1, done.stdout
        done = subprocess.run([TRACEDUMP, 'check', '--accept', 'new.expect', '--of', 'no_such_span', 'good.rpt'], cwd=folder,
                              capture_output=True, text=True)
        assert done.returncode == 2 and 'no such span' in done.stderr, done.stderr


if __name__ == '__main__':
    run_tests(dict(globals()))
