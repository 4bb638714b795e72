#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_seek.py - how long tracedump takes to show one turn of a recording of 1 GiB, found by its index; asked are 100 ms.

usage: bench_seek.py TRACEDUMP [MIB]
"""
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
from rpl_writer import Recording, pio_out  # noqa: E402

TURNS_A_FRAME = 1000


def write(path, mib):
    """Frames of a thousand exits and 256 KiB that the guest's memory had, as a session with DMA has them."""
    session, data = Recording(), random.Random(1).randbytes(256 << 10)
    session.turn('build')
    session.end(b'state')
    for _ in range(mib * 1024 // 290):
        for number in range(TURNS_A_FRAME):
            session.turn('exit', pio_out(0xb2, b'\1'), now_ns=session.number * 1000, vcpu=0)
            if number == 0:
                session.input('dma_read', b'\1' + data)
            session.end()
        session.cut()
    path.write_bytes(session.bytes())
    return session.number


def seconds(tracedump, path, turn):
    """Of CPU and of the clock, without a page of the file being in memory counted against it twice: the first run warms both."""
    began = time.perf_counter()
    done = subprocess.run([tracedump, 'events', '--turns', f'{turn}', path], capture_output=True, text=True)
    took = time.perf_counter() - began
    assert done.returncode == 0 and done.stdout.startswith(f'turn {turn:8d}'), (done.stdout[:200], done.stderr)
    return took


def main():
    tracedump, mib = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'large.rpl')
        last = write(path, mib)
        for turn in (1, last // 3, last // 2, last - 1):
            took = [seconds(tracedump, path, turn) for _ in range(7)]
            print(f'turn {turn:8d} of {last} in {path.stat().st_size >> 20} MiB: median {statistics.median(took) * 1000:.1f} ms, worst {max(took) * 1000:.1f} ms')
            assert statistics.median(took) < 0.1, took


main()
