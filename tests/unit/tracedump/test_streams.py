#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_streams.py - tracedump with a reader that has enough, a full disk, and a trace that comes through a pipe.

usage: test_streams.py TRACEDUMP WRITE_TRACES
"""
import pathlib
import subprocess
import sys
import tempfile


def run(command, folder):
    done = subprocess.run(['bash', '-c', command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def make_large(path):
    """More output than a pipe holds: the trace's blocks again and again."""
    data = path.read_bytes()
    first = data.index(b'RBLK')
    path.write_bytes(data[:first] + data[first:] * 200)


def main():
    tracedump, write_traces = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, write_traces, folder, 'show'], check=True)
        whole = run(f'{tracedump} show show.rpt', folder)
        assert whole[0] == 0 and whole[1].count('\n') == 38 and whole[2] == '', whole
        assert run(f'cat show.rpt | {tracedump} show /dev/stdin', folder) == whole
        assert run(f'{tracedump} show <(cat show.rpt)', folder) == whole
        status, out, err = run(f'{tracedump} show <(head -c 2500 show.rpt)', folder)
        assert status == 1 and out != '' and whole[1].startswith(out) and 'trace ends early' in err, (status, out, err)
        assert run(f'{tracedump} show show.rpt >/dev/full', folder) == (2, '', "tracedump: can't write: No space left on device\n")
        make_large(pathlib.Path(folder, 'show.rpt'))
        for command in 'show', 'show --tree':
            result = run(f'set -o pipefail; {tracedump} {command} show.rpt | head -n 1', folder)
            assert result == (0, whole[1].splitlines(True)[0], ''), result
    print('ok')


main()
