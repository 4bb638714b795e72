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


def pytest(folder, module_path, command):
    """Runs the folder's test_plug.py; without pytest its functions are called as pytest would."""
    env = {**os.environ, 'PYTHONPATH': str(module_path), 'TRACEDUMP': str(command)}
    python = next((p for p in (sys.executable, '/usr/bin/python3') if has_pytest(p)), None)
    if python:
        arguments = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_plug.py']
    else:
        print('pytest is not installed: its test functions are called without it')
        arguments = [sys.executable, '-c', 'import test_plug as t; [f() for n, f in vars(t).items() if n.startswith("test_")]']
    return subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True)


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
        done = pytest(folder, PAGE.parents[1] / 'python', TRACEDUMP)
        assert done.returncode == 0, done.stdout + done.stderr
        test = pathlib.Path(folder, 'test_plug.py')
        test.write_text(test.read_text().replace('good.rpt', 'bad.rpt'))
        done = pytest(folder, PAGE.parents[1] / 'python', TRACEDUMP)
        assert done.returncode == 1 and 'FAILED order: mapped before' in done.stdout + done.stderr, done.stdout + done.stderr


if __name__ == '__main__':
    run_tests(dict(globals()))
