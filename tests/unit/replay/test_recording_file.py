#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_recording_file.py - recordings read by a reader that knows only docs/formats/recording.md: it finds what Replug's own finds.

usage: test_recording_file.py SOURCE_ROOT RECORDED_SESSION_PROGRAM
"""
import pathlib
import random
import subprocess
import sys
import tempfile

SOURCE, PROGRAM = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(SOURCE / 'tests/support'))
import rpl_reader  # noqa: E402


def own_reader(path):
    lines = subprocess.run([PROGRAM, 'print', path], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if not line.startswith('damage: ')]


def other_reader(path):
    reader = rpl_reader.Reader(path.read_bytes())
    lines = [rpl_reader.text_of(record) for record in reader.records]
    end = 'complete' if reader.end else 'no end'
    return reader, lines + [f'{reader.turns_ended} turns, state digest {rpl_reader.xxh3(reader.state):016x}, {end}']


def check_session(path, seed, shape):
    subprocess.run([PROGRAM, 'write', path, str(seed), *map(str, shape)], check=True)
    reader, lines = other_reader(path)
    assert reader.damage is None and reader.end, reader.damage
    assert reader.turns_ended == shape[0], reader.turns_ended
    assert lines == own_reader(path)
    assert reader.header.program == 'replug test' and reader.header.arguments == ['-machine', 'pc', '-append', 'a="é"', '']
    assert reader.header.schema == 0x1122334455667788 and reader.header.realtime_us == 1700000000000000
    return reader


def check_cut(path, whole, at):
    """A part of a file: both readers stop in front of the same frame."""
    path.write_bytes(whole[:at])
    reader, lines = other_reader(path)
    assert lines[:-1] == own_reader(path)[:-1]
    assert own_reader(path)[-1].split(',')[0] == lines[-1].split(',')[0]
    assert reader.end is None


def main():
    seed = random.randrange(1 << 32)
    print(f'seed {seed}')
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'session.rpl'
        check_session(path, seed, (0, 10, 0, 10, 0))
        check_session(path, seed, (2000, 100, 0, 3000, 0))
        check_session(path, seed, (30, 3000, 1500000, 400000, 4))
        check_session(path, seed, (60, 30, 0, 200, 7))
        whole = path.read_bytes()
        for at in range(rpl_reader.read_frame(whole, 0, 0)[1], len(whole), 97):
            check_cut(path, whole, at)


main()
