# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_replay.py - what a recording costs a guest that does nothing but exits, and how fast a replay of it is."""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

REPLUG, GUEST = sys.argv[1:3]
RUNS = int(os.environ.get('BENCH_RUNS', '15'))
EXITS = 200000


def run(*arguments, status):
    """(wall seconds, CPU seconds) of one run."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([REPLUG, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert status(done.returncode), done
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        print('SKIP: no /dev/kvm')
        sys.exit(77)
    session = ['-m', '16M', '-nodefaults', '-display', 'none', '-kernel', GUEST, '-device', 'isa-debug-exit,iobase=0xf4']
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'a.rpl'
        plain, recorded, replayed = [], [], []
        for _ in range(RUNS):  # in turns: the host's mood changes
            plain.append(run(*session, status=lambda s: s & 1))
            recorded.append(run(*session, '-record', path, status=lambda s: s & 1))
            replayed.append(run('-replay', path, status=lambda s: s == 0))
        size = path.stat().st_size
    middle = [tuple(map(statistics.median, zip(*runs))) for runs in (plain, recorded, replayed)]
    for name, (wall, cpu) in zip(('not recorded', 'recorded', 'replayed'), middle):
        print(f'{name:13} {wall:7.3f} s wall {cpu:7.3f} s CPU {cpu / EXITS * 1e6:7.3f} us an exit')
    # Neighbours are compared: the host's mood lasts longer than a pair of runs.
    more = statistics.median(with_it[1] / without[1] for without, with_it in zip(plain, recorded)) - 1
    print(f'recording: {100 * more:+.1f} % CPU (median of {RUNS} pairs), {size / EXITS:.1f} bytes an exit')
    print(f'replay: {middle[1][0] / middle[2][0]:.1f} times as fast as the session')


main()
