#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_check.py - makes a long trace of a real session, again and again, and runs bench_check on it.

usage: bench_check.py BENCH_CHECK [EVENTS]
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'check'))
import mutations  # noqa: E402
import rpt_reader  # noqa: E402
import rpt_writer  # noqa: E402


def longer(source, target, events):
    """The blocks of source, each time with later sequences, turns and times; short records follow their full ones."""
    data = source.read_bytes()
    trace = rpt_reader.read_trace(source)
    _, at = rpt_reader.read_header(data)
    last = trace.records[-1]
    copies = max(1, events // last.sequence)
    blocks = []
    while at < len(data):
        size, count = struct.unpack_from('<II', data, at + 4)
        blocks.append((data[at + 24:at + 24 + size], count))
        at += 24 + size
    clock = struct.calcsize('<4Q')
    with open(target, 'wb') as out:
        out.write(data[:rpt_reader.read_header(data)[1]])
        for copy in range(copies):
            for payload, count in blocks:
                payload, place = bytearray(payload), clock
                while place < len(payload):
                    length, flags = struct.unpack_from('<H3xB', payload, place)
                    if not flags & 2:
                        values = list(struct.unpack_from('<6Q', payload, place + 8))
                        steps = (last.sequence, last.turn + 1, last.now_ns + 1, last.icount + 1, last.sequence, last.sequence)
                        values = [v + copy * s if v or i < 4 else 0 for i, (v, s) in enumerate(zip(values, steps))]
                        struct.pack_into('<6Q', payload, place + 8, *values)
                    place += length
                payload = bytes(payload)
                out.write(b'RBLK' + struct.pack('<IIIQ', len(payload), count, 0, rpt_writer.xxh3(payload)) + payload)
    return copies * last.sequence


def main():
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 5000000
    accels = ['soft'] + (['kvm'] if os.access('/dev/kvm', os.R_OK | os.W_OK) else [])
    with tempfile.TemporaryDirectory() as folder:
        for accel in accels:
            good, long = pathlib.Path(folder, 'good.rpt'), pathlib.Path(folder, 'long.rpt')
            mutations.session(good, accel)
            longer(good, long, events)
            print(f'-- a session on {accel}, {long.stat().st_size >> 20} MiB', flush=True)
            subprocess.run([sys.argv[1], long, '3'], check=True)


main()
