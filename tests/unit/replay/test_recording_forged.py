#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_recording_forged.py - recordings with right checksums and wrong content: both readers stop at the same frame, with the reason.

usage: test_recording_forged.py SOURCE_ROOT RECORDED_SESSION_PROGRAM
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

SOURCE, PROGRAM = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(SOURCE / 'tests/support'))
import rpl_reader  # noqa: E402

HEADER, RECORDS, INDEX, END = 1, 2, 3, 4
TURN, INPUT, EFFECT, TURN_END = 0, 1, 2, 3


def frame(kind, raw, count=0, sequence=0, turn=0, ended=0, carry=0, state=b'', coding=0, raw_length=None):
    head = struct.pack('<4sBBHIIIIQQQQQ', b'RPLF', kind, coding, 0, len(raw), len(raw) if raw_length is None else raw_length, carry, count,
                       sequence, turn, ended, rpl_reader.xxh3(state), rpl_reader.xxh3(raw))
    return head + struct.pack('<Q', rpl_reader.xxh3(head)) + raw


def string(data):
    return struct.pack('<I', len(data)) + data


def header(version=(1, 0), program=string(b'forged'), arguments=struct.pack('<I', 0), rest=struct.pack('<Qq', 7, 9)):
    return frame(HEADER, struct.pack('<HH', *version) + program + string(b'') + arguments + rest)


def turn(difference, kind=0):
    return bytes([TURN | kind << 3, difference, 0, 0, 0, 0])


def record(group, payload=b'', kind=0, length=None):
    return bytes([group | kind << 3, len(payload) if length is None else length]) + payload


# Turn 0 in frame 1; what is forged comes as frame 2.
FIRST = frame(RECORDS, turn(0) + record(TURN_END), count=2, ended=1)
SECOND = len(header()) + len(FIRST)


def second(raw, count, **changes):
    return frame(RECORDS, raw, **{'count': count, 'sequence': 2, 'turn': 1, 'ended': 2, **changes})


def end(number=2, index=0, turns=1, records=2, state=b''):
    return frame(END, struct.pack('<QQQQQ', index, number, turns, records, rpl_reader.xxh3(state)), sequence=records, ended=turns)


INDEX_RAW = struct.pack('<QQQQ', len(header()), 0, 0, 1)
SECOND_CASES = {
    'a record is of an unknown group': second(turn(0) + record(5) + record(TURN_END), 3),
    'a record stands outside of turns': second(turn(0) + record(TURN_END) + record(EFFECT), 3),
    'a turn begins within a turn': second(turn(0) + turn(1) + record(TURN_END), 3),
    'a turn has an impossible number': second(turn(0) + record(TURN_END) + turn(0) + record(TURN_END), 4),
    'the begin of a turn is cut': second(turn(0) + record(TURN_END) + b'\0\1', 3),
    'a record has an impossible length': second(turn(0) + b'\2\xff\xff\xff\xff\x7f', 2),
    'it holds fewer records than it says': second(turn(0) + record(TURN_END), 3),
    'it holds more records than it says': second(turn(0) + record(TURN_END) + record(EFFECT), 2),
    'records are missing behind one that is cut': second(turn(0) + record(EFFECT, b'abc', length=9), 3),
    'a change of state is malformed': second(turn(0) + record(TURN_END, b'\5\0\1x'), 2),
    'the state at its end does not have its digest': second(turn(0) + record(TURN_END, b'\1\0\1x'), 2),
    'it does not continue the frame before': second(turn(0) + record(TURN_END), 2, sequence=3),
    'its payload does not decompress': second(b'no zstd frame', 2, coding=1, raw_length=99),
    "the payload's coding is unknown": second(turn(0) + record(TURN_END), 2, coding=2),
    'a plain payload has two lengths': second(turn(0) + record(TURN_END), 2, raw_length=99),
    "the payload's length is outside 1 byte to 16 MiB": second(turn(0) + record(TURN_END), 2, coding=1, raw_length=(16 << 20) + 1),
    'a record is longer than 256 MiB': second(turn(0) + record(TURN_END), 2, carry=(256 << 20) + 1),
    'a second header': header(),
    'the index does not say where the frames are': frame(INDEX, INDEX_RAW[:-1] + b'\1'),
    'the end is malformed': frame(END, b'x' * 39),
    'the end does not say what the file holds': end(records=3),
}


def run(mode, path):
    return subprocess.run([PROGRAM, mode, path], capture_output=True, text=True, check=False)


def check_damage(path, data, expected):
    path.write_bytes(data)
    done = run('print', path)
    assert done.returncode == 0, done.stderr
    damage = done.stdout.splitlines()[-1]
    assert damage == f'damage: {expected}', f'{damage}\nexpected {expected}'
    other = rpl_reader.Reader(data)
    assert other.damage and other.damage.split(':')[0] == expected.split(':')[0], other.damage


def check_seconds(path):
    for what, forged in SECOND_CASES.items():
        check_damage(path, header() + FIRST + forged, f'frame 2 at byte {SECOND}: {what}')


def check_first(path):
    for forged in (frame(RECORDS, b'x' + turn(0), count=1, carry=1), frame(RECORDS, record(EFFECT), count=1)):
        check_damage(path, header() + forged, f'frame 1 at byte {len(header())}: the first records are missing')


def check_carry(path):
    """A record over three frames, and what does not fit behind it."""
    begin = second(turn(0) + record(EFFECT, b'abc', length=9), 2, ended=1)
    middle = frame(RECORDS, b'def', sequence=4, turn=1, ended=1, carry=6)
    last = frame(RECORDS, b'ghi' + record(TURN_END), count=1, sequence=4, turn=1, ended=2, carry=3)
    whole = header() + FIRST + begin + middle + last
    whole += end(number=5, turns=2, records=5)
    path.write_bytes(whole)
    done = run('print', path)
    assert f'3 1 effect 0 9 {rpl_reader.xxh3(b"abcdefghi"):016x}' in done.stdout and 'damage' not in done.stdout, done.stdout
    assert rpl_reader.Reader(whole).damage is None
    third = SECOND + len(begin)
    for forged in (frame(RECORDS, b'def', sequence=4, turn=1, ended=1, carry=7), frame(RECORDS, b'def', sequence=4, turn=2, ended=1, carry=6)):
        check_damage(path, header() + FIRST + begin + forged, f'frame 3 at byte {third}: it does not continue the frame before')


def check_behind_the_index(path):
    data = header() + FIRST + frame(INDEX, INDEX_RAW, sequence=2, ended=1)
    for what, forged in {'a second index': frame(INDEX, INDEX_RAW), 'it stands behind the index': second(turn(0), 1)}.items():
        check_damage(path, data + forged, f'frame 3 at byte {len(data)}: {what}')
    path.write_bytes(data + end(number=3, index=SECOND))
    assert run('print', path).stdout.endswith('complete\n'), run('print', path).stdout


def check_headers(path):
    many = struct.pack('<I', 65537)
    for what, data in {
            'no version, program and build id': header(program=string(b'x' * 257)),
            'arguments': header(arguments=many + bytes(4 * 65537)),
            'it is cut': header(rest=b'1234567'),
            'something is behind it': header(rest=bytes(17)),
    }.items():
        path.write_bytes(data)
        done = run('print', path)
        assert done.returncode == 1 and done.stderr == f"Can't read recording '{path}': its header is malformed: {what}\n", done.stderr
        try:
            rpl_reader.Reader(data)
            raise AssertionError(f'{what}: the other reader takes it')
        except rpl_reader.Damage:
            pass
    path.write_bytes(frame(END, b'x'))
    assert 'does not begin with a recording\'s header' in run('print', path).stderr


def check_newer(path):
    """A higher minor version: more behind the header, frames of other types."""
    data = header(version=(1, 3), rest=bytes(20)) + FIRST + frame(77, b'new')
    data += end(number=3)
    path.write_bytes(data)
    done = run('print', path)
    assert done.stdout.endswith('complete\n'), done.stdout + done.stderr
    assert rpl_reader.Reader(data).damage is None


def check_replays(path):
    path.write_bytes(header() + FIRST + second(turn(0, kind=31) + record(TURN_END), 2))
    assert run('replay', path).stdout.endswith(
        'divergence: turn 1 (of an unknown kind): this program does not know that kind of turn\n')
    path.write_bytes(header() + FIRST + second(turn(0) + record(EFFECT, b'a', kind=31) + record(TURN_END), 3))
    assert run('replay', path).stdout.endswith(
        'divergence: turn 1 (build): record 1: expected effect of unknown kind 31 bytes=61; got the turn\'s end\n')
    path.write_bytes(header() + FIRST + second(turn(0) + record(5), 2))
    damage = f'frame 2 at byte {SECOND}: a record is of an unknown group'
    assert run('replay', path).stdout == (
        f'2 turns\ndamage: {damage}\ndivergence: turn 1 (build): the recording breaks off in this turn: {damage}\n')


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'forged.rpl'
        path.write_bytes(header() + FIRST + end())
        assert run('print', path).stdout.endswith('complete\n'), run('print', path).stdout
        check_seconds(path)
        check_first(path)
        check_carry(path)
        check_behind_the_index(path)
        check_headers(path)
        check_newer(path)
        check_replays(path)


main()
