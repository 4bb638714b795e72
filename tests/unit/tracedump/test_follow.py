# SPDX-License-Identifier: GPL-2.0-or-later
"""test_follow.py - tracedump follow on files that grow: whole blocks, half ones, packets of CTF, turns of a recording.

usage: test_follow.py TRACEDUMP
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / 'support'), str(HERE.parent.parent / 'golden')]
sys.dont_write_bytecode = True
import cases  # noqa: E402
import recording_cases  # noqa: E402
from ctf_writer import Ctf, packet  # noqa: E402
from rpt_writer import instant  # noqa: E402

TRACEDUMP = sys.argv[1]


class Follow:
    """tracedump follow; lines() waits for so many more lines."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([TRACEDUMP, 'follow', '--interval', '10ms', *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def lines(self, count):
        return [self.process.stdout.readline() for _ in range(count)]

    def end(self):
        out, errors = self.process.communicate(timeout=30)
        assert (self.process.returncode, out, errors) == (0, '', ''), (self.process.returncode, out, errors)


def shown(path, *arguments):
    return subprocess.run([TRACEDUMP, 'show', *arguments, str(path)], capture_output=True, text=True, check=True).stdout.splitlines(True)


def pieces(data, *at):
    bounds = [0, *at, len(data)]
    return [data[a:b] for a, b in zip(bounds, bounds[1:])]


def append(path, data):
    with open(path, 'ab') as file:
        file.write(data)


def native(folder):
    whole = cases.two_plugs().bytes(7)
    path, full = folder / 'grows.rpt', folder / 'full.rpt'
    full.write_bytes(whole)
    expected = shown(full)
    second = whole.index(b'RBLK', whole.index(b'RBLK') + 4)
    first, half, rest = pieces(whole, second, second + 40)
    path.write_bytes(first)
    follow = Follow('--limit', len(expected), path)
    assert follow.lines(7) == expected[:7]
    append(path, half)
    append(path, rest[:10])
    append(path, rest[10:])
    assert follow.lines(len(expected) - 7) == expected[7:]
    follow.end()
    follow = Follow('--to', 'pc_dimm_plug(device=dimm1)', '--filter', 'external_event', path)
    assert len(follow.lines(2)) == 2
    follow.end()


def ctf(folder):
    events = [instant(1, 'happened', [('u32', 'number')])]
    writer = Ctf(events)
    made = [writer.instant(1, n, 1000 + n, n) for n in range(1, 9)]
    path = folder / 'ctf'
    writer.write(path, made[:3])
    follow = Follow('--limit', 8, path)
    first = follow.lines(3)
    assert [line.split()[-1] for line in first] == ['number=1', 'number=2', 'number=3'], first
    append(path / 'channel0_0', packet(made[3:], 0))
    assert [line.split()[-1] for line in follow.lines(5)] == [f'number={n}' for n in range(4, 9)]
    follow.end()


def recording(folder):
    whole = next(case for case in recording_cases.CASES if case.name == 'recording').files()
    whole = next(data for name, data in whole.items() if name.endswith('.rpl'))
    path, full = folder / 'grows.rpl', folder / 'full.rpl'
    full.write_bytes(whole)
    expected = shown(full)
    frames = [at for at in range(len(whole)) if whole.startswith(b'RPLF', at)]
    path.write_bytes(whole[:frames[2]])
    known = len(subprocess.run([TRACEDUMP, 'show', str(path)], capture_output=True, text=True).stdout.splitlines())
    assert 0 < known < len(expected), (known, len(expected))
    follow = Follow('--limit', len(expected), path)
    assert follow.lines(known) == expected[:known]
    append(path, whole[frames[2]:-20])
    append(path, whole[-20:])
    assert follow.lines(len(expected) - known) == expected[known:]
    follow.end()


def idle(folder):
    path = folder / 'idle.rpt'
    path.write_bytes(cases.two_plugs().bytes(7))
    follow = Follow('--idle', '20ms', path)
    assert follow.process.stdout.readlines() == shown(path)
    follow.end()


with tempfile.TemporaryDirectory() as name:
    for test in (native, ctf, recording, idle):
        test(pathlib.Path(name))
        print(test.__name__, 'ok')
