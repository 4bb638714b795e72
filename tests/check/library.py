# SPDX-License-Identifier: GPL-2.0-or-later
"""library.py - libreplugcheck and `check --follow` watch a running machine; the Python module says what the command says."""
import os
import pathlib
import subprocess
import tempfile

import replugcheck
from emulator import DEADLINE_S, GUEST, TRACEDUMP, Emulator, run_tests

EXAMPLE = os.environ['WATCH_EXAMPLE']
BUG = '''expectation no-plugs
rule "nobody plugs"
in the trace
    never pc_dimm_plug
'''


def machine(trace):
    return Emulator('-trace', f'*,file={trace}', guest=GUEST, accel='soft')


def watch(*command):
    return subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def plug(vm):
    vm.line('guest: ACPI enabled')
    vm.qmp.plug(0)
    vm.line('slot 0: online, memory tested')


def test_library_finds_a_failure_while_the_machine_runs():
    with tempfile.TemporaryDirectory() as folder:
        trace, spec = f'{folder}/out.rpt', pathlib.Path(folder, 'bug.expect')
        spec.write_text(BUG)
        with watch(EXAMPLE, trace, spec, 'memory-plug') as example:
            assert example.stdout.readline() == 'watching\n'  # the trace isn't even there yet
            with machine(trace) as vm:
                plug(vm)
                assert example.stdout.readline() == 'failed live: no-plugs: nobody plugs, line 4: it happened (#%s)\n' % (
                    sequence_of(trace, 'pc_dimm_plug'))
                vm.quit()
            out, err = example.communicate(timeout=DEADLINE_S)
            assert example.returncode == 1, (out, err)
            assert 'FAILS  no-plugs' in out and 'holds  memory-plug' in out, out


def sequence_of(trace, name):
    done = subprocess.run([TRACEDUMP, 'show', '--filter', name, trace], capture_output=True, text=True)
    return done.stdout.split()[0]


def test_library_holds_and_trouble():
    with tempfile.TemporaryDirectory() as folder:
        trace = f'{folder}/out.rpt'
        with machine(trace) as vm, watch(EXAMPLE, trace, 'memory-plug', 'interrupts') as example:
            plug(vm)
            vm.quit()
            out, err = example.communicate(timeout=DEADLINE_S)
            assert example.returncode == 0 and 'holds  memory-plug' in out, (out, err)
        done = subprocess.run([EXAMPLE, trace, 'no-such-expectation'], capture_output=True, text=True)
        assert done.returncode == 2 and "nor an expectation of that name" in done.stderr, done.stderr
        pathlib.Path(trace).write_bytes(b'not a trace')
        done = subprocess.run([EXAMPLE, trace, 'memory-plug'], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 2 and 'neither a trace nor a recording' in done.stderr, done.stderr


def test_follow_ends_at_the_first_failure():
    with tempfile.TemporaryDirectory() as folder:
        trace, spec = f'{folder}/out.rpt', pathlib.Path(folder, 'bug.expect')
        spec.write_text(BUG)
        with machine(trace) as vm, watch(TRACEDUMP, 'check', '--follow', spec, trace) as follower:
            plug(vm)
            out, err = follower.communicate(timeout=DEADLINE_S)  # the machine still runs
            assert follower.returncode == 1 and 'FAILED no-plugs: nobody plugs' in out, (out, err)
            vm.quit()


def test_follow_ends_at_a_signal():
    with tempfile.TemporaryDirectory() as folder:
        trace = f'{folder}/out.rpt'
        with machine(trace) as vm:
            plug(vm)
            vm.quit()
        with watch(TRACEDUMP, 'check', '--follow', 'memory-plug', trace) as follower:
            while follower.poll() is None:
                follower.terminate()  # once it has its handler it reads what is there first
                try:
                    out, err = follower.communicate(timeout=.2)
                except subprocess.TimeoutExpired:
                    continue
            assert (follower.returncode == 0 and 'holds  memory-plug' in out) or follower.returncode == -15, (out, err)


def test_python_module():
    with tempfile.TemporaryDirectory() as folder:
        trace, spec = f'{folder}/out.rpt', pathlib.Path(folder, 'bug.expect')
        spec.write_text(BUG)
        with machine(trace) as vm:
            plug(vm)
            vm.quit()
        assert replugcheck.expect(trace, 'memory-plug', device='dimm0').ok
        assert replugcheck.expect_all(trace).ok
        answer = replugcheck.check(trace, spec)
        assert not answer.ok and answer.failures[0].line == 4 and 'nobody plugs' in answer.text, answer.text
        for call in (lambda: replugcheck.expect(trace, spec), lambda: replugcheck.expect(trace, 'memory-plug', device='dimm9')):
            try:
                call()
            except AssertionError:
                continue
            raise AssertionError('nothing was raised')
        try:
            replugcheck.check(trace, 'memory-plug', colour='red')
        except replugcheck.Trouble as trouble:
            assert 'colour' in str(trouble)
        else:
            raise AssertionError('an unknown parameter was taken')


if __name__ == '__main__':
    run_tests(dict(globals()))
