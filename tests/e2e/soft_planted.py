# SPDX-License-Identifier: GPL-2.0-or-later
"""soft_planted.py - a device that reads host time makes a replay differ, and the report names the very instruction.

CMOS_GUEST: a guest that reads hours, minutes and seconds again and again; where each access stands is read from the recording by
a decoder made from docs/formats/recording.md alone.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from emulator import DEADLINE_S, REPLUG, run_tests, tracedump
from rpl_reader import Cursor, Reader

GUEST = os.environ['CMOS_GUEST']
TURN_INTERVAL, IN, OUT = 10, 0, 1
Access = collections.namedtuple('Access', 'kind icount address value')


def record(file, verify):
    done = subprocess.run([REPLUG, '-accel', 'soft', '-m', '16M', '-nodefaults', '-display', 'none', '-kernel', GUEST, '-device', 'isa-debug-exit,iobase=0xf4',
                           '-rtc', 'base=2026-01-31T12:00:00', '-record', f'{file}{verify}'], stdin=subprocess.DEVNULL, timeout=DEADLINE_S)
    assert done.returncode == 1, done  # what the guest wrote to isa-debug-exit


def replay(file, options, status):
    done = subprocess.run([REPLUG, '-replay', f'{file}{options}'], stdin=subprocess.DEVNULL, timeout=DEADLINE_S, text=True,
                          capture_output=True)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def accesses(file):
    """All of a recording, in order."""
    reader, found = Reader(pathlib.Path(file).read_bytes()), []
    for record in reader.records:
        if (record.group, record.kind) != ('turn', TURN_INTERVAL):
            continue
        cursor, icount, address = Cursor(record.payload), 0, 0
        cursor.take(32)
        count = int.from_bytes(record.payload[8:16], 'little')
        before = len(found)
        while cursor.at < len(record.payload):
            tag = cursor.take(1)[0]
            size = tag >> 4 if tag >> 4 < 15 else cursor.take(1)[0]
            icount += cursor.varint()
            address = address if tag & 8 else cursor.varint()
            found.append(Access(tag & 7, icount, address, int.from_bytes(cursor.take(size), 'little')))
        assert len(found) - before == count, (len(found), before, count)
    return found


def test_the_very_instruction():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/a.rpl'
        record(file, ',verify=io')
        assert 'equal' in replay(file, '', 0)
        found = accesses(file)
        assert [a[:1] + a[2:] for a in found[:6]] == [(OUT, 0x70, 4), (IN, 0x71, 0x12), (OUT, 0x70, 2), (IN, 0x71, 0),
                                                       (OUT, 0x70, 0), (IN, 0x71, 0)], found[:6]
        assert len(found) == 3000 * 6 + 1 and found[-1].address == 0xf4, (len(found), found[-1])
        for start in (0, 1000, found[9000].icount, found[9001].icount, found[9001].icount + 1):
            text = replay(file, f',plant=rtc@{start}', 3)
            told = re.search(r'diverged at turn \d+ \(interval\): instruction (\d+): in 0x71 gave 0x(..); recorded was in 0x71 gave 0x(..)\n', text)
            assert told and told[2] != told[3], text
            reads = [a for a in found if a.icount >= start and a.kind == IN][:3]
            [access] = [a for a in reads if a.icount == int(told[1])]
            assert access.value == int(told[3], 16), (access, text)
            # Of hours, minutes and seconds, those in front of it are the same on the host by chance.
            print(f'planted at {start}, found at {told[1]}: 0x{told[2]}, recorded 0x{told[3]}')


def test_the_interval_without_a_list():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/a.rpl'
        record(file, '')
        assert 'equal' in replay(file, '', 0)
        text = replay(file, ',plant=rtc@5000', 3)
        told = re.search(r'between instructions (\d+) and (\d+) the guest did other things with devices \((\d+) accesses and interrupts here, '
                         r'(\d+) recorded\); a recording made with -record FILE,verify=io tells which', text)
        assert told and int(told[1]) <= 5000 < int(told[2]), text
        assert int(told[3]) == int(told[4]) == 3000 * 6 + 1, text
        assert accesses_or_none(file) == [], 'accesses stand in a recording without verify=io'


def accesses_or_none(file):
    reader = Reader(pathlib.Path(file).read_bytes())
    return [record for record in reader.records if (record.group, record.kind) == ('turn', TURN_INTERVAL) and len(record.payload) > 32]


def test_recordings_end_alike():
    """Lists or not, recorded or not: the same digest."""
    with tempfile.TemporaryDirectory() as folder:
        digests = set()
        for options in (('-record', f'{folder}/a.rpl'), ('-record', f'{folder}/b.rpl,verify=io'), ()):
            done = subprocess.run([REPLUG, '-accel', 'soft', '-m', '16M', '-nodefaults', '-display', 'none', '-kernel', GUEST, '-device',
                                   'isa-debug-exit,iobase=0xf4', '-rtc', 'base=2026-01-31T12:00:00', '-digest', *options], stdin=subprocess.DEVNULL,
                                  timeout=DEADLINE_S, text=True, capture_output=True)
            digests.add(done.stderr)
        assert len(digests) == 1 and 'digest' in digests.pop(), digests


def test_words():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/a.rpl'
        record(file, ',verify=io')
        text = tracedump('events', '--kind', 'interval', file)
        assert 'from instruction 0: accesses and interrupts' in text and '; 3 out 0x70, 0x04; 4 in 0x71 gave 0x12; ' in text, text[:1000]
        assert text.count(' in 0x71 gave') < 20 and '; ...' in text, 'not cut'
        assert tracedump('events', '--full', '--kind', 'interval', file).count(' in 0x71 gave') == 9000


if __name__ == '__main__':
    run_tests(dict(globals()))
