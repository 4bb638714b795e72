#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_real_traces.py - traces one program to a file and into an LTTng session at once; tracedump must say the same of both.

usage: test_real_traces.py TRACEDUMP TRACED_PROGRAM

The session daemon is the test's own: its folders are in a mount namespace of its own or, without the right to one, below LTTNG_HOME.
"""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77
STACK = ['innermost_function', 'inlined_function', 'outermost_function', 'run_turn', 'run_thread']


def skip(reason):
    print('skipped:', reason)
    sys.exit(SKIP)


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options)
    return done.returncode, done.stdout, done.stderr


def must(*command, **options):
    status, out, err = run(*command, **options)
    assert status == 0, f'{command}: status {status}\n{out}{err}'
    return out


def enter_own_namespace():
    """As root, the daemon's folder is /run/lttng, whatever LTTNG_HOME says."""
    if os.geteuid() != 0 or os.environ.get('OWN_NAMESPACE'):
        return
    if run('unshare', '-m', 'true')[0] != 0:
        skip('no right to a mount namespace for an LTTng session daemon of its own')
    os.environ['OWN_NAMESPACE'] = '1'
    os.execvp('unshare', ['unshare', '-m', sys.executable, *sys.argv])


def start_daemon(folder):
    if os.geteuid() == 0:
        os.makedirs('/run/lttng', exist_ok=True)
        must('mount', '-t', 'tmpfs', 'tmpfs', '/run/lttng')
    pid_file = folder / 'sessiond.pid'
    status, out, err = run('lttng-sessiond', '--daemonize', '--no-kernel', f'--pidfile={pid_file}')
    if status != 0:
        skip(f'lttng-sessiond does not start: {out}{err}')
    return int(pid_file.read_text())


def stop_daemon(daemon):
    end = os.pidfd_open(daemon)  # It is no child of ours.
    os.kill(daemon, signal.SIGTERM)
    select.select([end], [], [], 10)
    os.close(end)


def record(program, folder):
    """A trace of the same events as a file and as a CTF folder."""
    native, ctf = folder / 'trace.rpt', folder / 'ctf'
    must('lttng', 'create', 'replug-test', f'--output={ctf}')
    must('lttng', 'enable-event', '--userspace', 'replug:*')
    must('lttng', 'start')
    must(program, str(native))
    must('lttng', 'destroy')
    return native, ctf


def check_same(tracedump, native, ctf, *command):
    expected = must(tracedump, *command, str(native))
    assert expected.count('\n') > 0, command
    for path in (ctf, *ctf.glob('ust/uid/*/64-bit')):
        status, out, err = run(tracedump, *command, str(path))
        assert (status, out, err) == (0, expected, ''), f'{command} {path}: {status} {err}\n{out[:3000]}\nexpected\n{expected[:3000]}'
    return expected


def check_ctf(tracedump, native, ctf):
    shown = check_same(tracedump, native, ctf, 'show')
    assert [int(line.split()[0]) for line in shown.splitlines()] == list(range(1, shown.count('\n') + 1))
    check_same(tracedump, native, ctf, 'show', '--tree', '--filter', 'pc_dimm*,memory*')
    check_same(tracedump, native, ctf, 'chains')
    check_same(tracedump, native, ctf, 'backtraces')


def check_diff(tracedump, native, ctf):
    assert must(tracedump, 'diff', str(native), str(ctf)) == ''
    assert must(tracedump, 'diff', str(ctf), str(native)) == ''
    assert must(tracedump, 'diff', '--filter', 'pc_dimm*', str(ctf), str(native)) == ''


def check_damaged_ctf(tracedump, ctf):
    streams = [p for p in next(ctf.glob('ust/uid/*/64-bit')).iterdir() if p.name != 'metadata' and p.is_file()]
    largest = max(streams, key=lambda p: p.stat().st_size)
    whole = largest.read_bytes()
    middle = len(whole) // 8
    largest.write_bytes(whole[:middle] + b'\xff' * 4096 + whole[middle + 4096:])
    status, out, err = run(tracedump, 'show', str(ctf))
    assert status == 1 and out.count('\n') > 10 and 'warning: trace ends early' in err, (status, out[:1000], err)
    largest.write_bytes(whole[:-100])
    status, out, err = run(tracedump, 'show', str(ctf))
    assert status == 1 and out.count('\n') > 10 and f'warning: stream {largest.name} is cut' in err, (status, out[:1000], err)


def check_backtraces(tracedump, native):
    out = must(tracedump, 'backtraces', '--count', str(native))
    stacks = out.strip().split('\n\n')
    assert len(stacks) == 2, out
    for stack in stacks:
        head, *frames = stack.splitlines()
        assert head.strip() == '200 times memory_region_access', head
        for number, function in enumerate(STACK):
            assert re.fullmatch(rf'#{number}  {function} at \S*traced_program\.c:\d+', frames[number]), frames
    source = (pathlib.Path(__file__).parents[2] / 'support' / 'traced_program.c').read_text().splitlines()
    line = int(re.search(r'innermost_function at \S+:(\d+)', out)[1])
    assert 'trace_memory_region_access(' in source[line - 1], line


def check_strange_build(tracedump, program, native, folder):
    """The program was built anew after the trace, or is gone."""
    copy = folder / 'program'
    shutil.copy(program, copy)
    must(str(copy), str(folder / 'copy.rpt'))
    shutil.copy('/bin/true', copy)
    for reason in ('but .* was traced', 'No such file'):
        status, out, err = run(tracedump, 'backtraces', str(folder / 'copy.rpt'))
        assert status == 0 and len(re.findall(f'{copy} have no names: .*{reason}', err)) == 1, (status, err)
        assert re.search(rf'^#0  {copy}\+0x[0-9a-f]+$', out, re.M), out[:1000]
        copy.unlink(missing_ok=True)


def main():
    tracedump, program = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        must(program, str(folder / 'alone.rpt'))
        check_backtraces(tracedump, folder / 'alone.rpt')
        check_strange_build(tracedump, program, folder / 'alone.rpt', folder)
        if not shutil.which('lttng-sessiond'):
            skip('lttng-tools is not installed')
        os.environ.update(LTTNG_HOME=name, LTTNG_UST_REGISTER_TIMEOUT='30000')
        enter_own_namespace()
        daemon = start_daemon(folder)
        try:
            traces = record(program, folder)
            check_ctf(tracedump, *traces)
            check_diff(tracedump, *traces)
            check_damaged_ctf(tracedump, folder / 'ctf')
        finally:
            stop_daemon(daemon)
    print('ok')


main()
