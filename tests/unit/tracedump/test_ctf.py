#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_ctf.py - tracedump on CTF folders that LTTng writes only on a bad day: disorder, restarts, losses, foreign and hostile events.

usage: test_ctf.py TRACEDUMP
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'support'))
from ctf_writer import Ctf, packet  # noqa: E402
from rpt_writer import frame, instant, span  # noqa: E402

EVENTS = [instant(1, 'tick', [('u32', 'number')]), span(2, 'memory_region_transaction_commit', [('u32', 'depth')], [('bool', 'rendered')]),
          instant(3, 'trace_module', [('u32', 'index'), ('str', 'path'), ('str', 'build_id'), ('x64', 'code_start')])]


class TestCtf(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = os.path.join(self.temporary.name, 'trace')
        self.ctf = Ctf(EVENTS)

    def tearDown(self):
        self.temporary.cleanup()

    def tracedump(self, *arguments, path=None):
        done = subprocess.run([TRACEDUMP, *arguments, path or self.folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout, done.stderr.replace(self.temporary.name, '')

    def sequences(self):
        status, out, err = self.tracedump('show')
        self.assertEqual((status, err), (0, ''))
        return [int(line.split()[0]) for line in out.splitlines()]

    def ticks(self, *pairs):
        return [self.ctf.instant(1, sequence, time, sequence) for sequence, time in pairs]

    def test_streams_are_put_in_order(self):
        """Time has it wrong by a few, across streams."""
        events = self.ticks(*((n, 1000 + n - 3 * (n % 4)) for n in range(1, 5001)))
        streams = [sorted(e for i, e in enumerate(events) if i % 3 == k) for k in range(3)]
        self.ctf.write(self.folder, *streams)
        self.assertEqual(self.sequences(), list(range(1, 5001)))

    def test_order_with_gaps(self):
        """Only some events are on: no event follows the one before it."""
        pairs = [(10 * n, 1000 + n - 3 * (n % 4)) for n in range(1, 3001)]
        self.ctf.write(self.folder, sorted(self.ticks(*pairs[::2])), sorted(self.ticks(*pairs[1::2])))
        self.assertEqual(self.sequences(), [s for s, _ in pairs])

    def test_restart_is_another_run(self):
        long = [(n, n) for n in range(1, 3001)] + [(n, 5000 + n) for n in range(1, 11)]
        self.ctf.write(self.folder, self.ticks(*long))
        self.assertEqual(self.sequences(), [s for s, _ in long])

    def test_short_restart_is_known_by_its_modules(self):
        module = [self.ctf.instant(3, 0, time, 0, '/x', '', 0) for time in (0, 50)]
        self.ctf.write(self.folder, module[:1] + self.ticks((1, 1), (3, 2), (5, 3)) + module[1:] + self.ticks((1, 51), (2, 52)))
        self.assertEqual(self.sequences(), [1, 3, 5, 1, 2])

    def test_text(self):
        events = [self.ctf.enter(2, 1, 10, 9, turn=3, now_ns=77, vcpu=1), self.ctf.leave(2, 2, 20, 1, True, turn=3, vcpu=1),
                  self.ctf.instant(1, 3, 30, 4000000000)]
        self.ctf.write(self.folder, events)
        expected = ('       1 turn 3         77 ns vcpu 1 host 10 ns --> memory_region_transaction_commit: depth=9\n'
                    '       2 turn 3          0 ns vcpu 1 host 20 ns <-- memory_region_transaction_commit: rendered=true\n'
                    '       3 turn 0          0 ns vcpu - host 30 ns tick: number=4000000000\n')
        self.assertEqual(self.tracedump('show', '--host-time'), (0, expected, ''))
        self.assertEqual(self.tracedump('chains'), (0, '       1  memory_region_transaction_commit\n', ''))

    def test_leave_of_a_span_that_was_not_traced(self):
        self.ctf.write(self.folder, [self.ctf.enter(2, 1, 1, 0), self.ctf.leave(2, 3, 3, 0, True, parent=1), self.ctf.leave(2, 4, 4, 1, False)])
        self.assertEqual(self.tracedump('show', '--tree'), (0, (
            '       1 turn 0          0 ns vcpu - --> memory_region_transaction_commit: depth=0\n'
            '       3 turn 0          0 ns vcpu -   <-- memory_region_transaction_commit: rendered=true\n'
            '       4 turn 0          0 ns vcpu - <-- memory_region_transaction_commit: rendered=false\n'), ''))

    def test_modules(self):
        """Each announcement counts for the events behind it."""
        def module(time, path):
            return self.ctf.instant(3, 0, time, 0, path, 'ab', 0)
        ticks = [self.ctf.instant(1, n, 10 * n, 0, frames=[frame(0, 0x10 * n)]) for n in (1, 2)]
        self.ctf.write(self.folder, [module(1, '/no/such/first'), ticks[0], module(15, '/no/such/second'), ticks[1]])
        status, out, err = self.tracedump('backtraces')
        self.assertEqual((status, [line for line in out.splitlines() if line[:1] == '#']),
                         (0, ['#0  /no/such/first+0x10', '#0  /no/such/second+0x20']))
        self.assertEqual(err.count('No such file'), 2)

    def test_foreign_and_strange_events(self):
        foreign = self.ctf.add_class('other:thing', [('u8', 'x')], has_context=False)
        strange = self.ctf.add_class('replug:thing', [('u8', 'x')], has_context=False)
        other = [self.ctf.event(foreign, 1, [1]), self.ctf.event(strange, 2, [1]), self.ctf.event(strange, 3, [1])]
        self.ctf.write(self.folder, other + self.ticks((1, 4)))
        status, out, err = self.tracedump('show')
        self.assertEqual((status, out.count('\n')), (1, 1))
        self.assertEqual(err, 'tracedump: /trace: warning: replug:thing has no rp_sequence; such events are left out\n')

    def test_lost_events_are_told(self):
        self.ctf.write(self.folder, self.ticks((1, 1), (2, 2)), lost=17)
        status, out, err = self.tracedump('show')
        self.assertEqual((status, out.count('\n'), err), (0, 2, 'tracedump: /trace: events lost by LTTng: 17\n'))

    def test_info_and_verify(self):
        module = self.ctf.instant(3, 0, 1, 0, '/usr/bin/replug', 'beef', 0)
        events = [self.ctf.enter(2, 1, 10, 9, turn=3, now_ns=77), self.ctf.leave(2, 2, 20, 1, True, turn=3), self.ctf.instant(1, 5, 30, 0, turn=4)]
        self.ctf.write(self.folder, [module] + events)
        self.assertEqual(self.tracedump('info'), (0, (
            'kind         LTTng trace (CTF)\nprogram      /usr/bin/replug\nbuild        beef\nevents       3 events, 1 span among them\n'
            'turns        2, from 3 to 4\nvirtual time 0.000000077 s to 0.000000000 s\n'
            'host time    0.000000020 s from the first event to the last\nlost         no events\n\n'
            '       1  memory_region_transaction_commit (span)\n       1  tick\n'), ''))
        self.assertEqual(self.tracedump('verify'), (0, (
            'events       3 events in 2 turns\nsequence     2 numbers missing\n'
            'spans        1 begun, 0 of them without an end, 0 ends of others\nresult       whole\n'), ''))

    def test_lost_events_are_missing(self):
        self.ctf.write(self.folder, self.ticks((1, 1), (2, 2)), lost=17)
        status, out, err = self.tracedump('verify')
        self.assertEqual((status, err), (1, ''))
        self.assertIn('missing      events lost by LTTng: 17\n', out)
        self.assertIn('result       incomplete, usable: 2 events, the last is 2 in turn 0\n', out)
        self.assertIn('lost         17 events\n', self.tracedump('info')[1])

    def test_length_that_lies(self):
        """What is before it is shown; libbabeltrace2 2.0.4 dies of the first one."""
        for index, count in enumerate((0xffffffff, 0x7fffffff, 1 << 28, 1000)):
            self.folder = os.path.join(self.temporary.name, f'trace{index}')
            bad = self.ctf.instant(1, 101, 101, 5, frame_count=count)
            self.ctf.write(self.folder, self.ticks(*((n, n) for n in range(1, 101))) + [bad])
            status, out, err = self.tracedump('show')
            self.assertEqual((status, err.count('trace ends early')), (1, 1), err)
            self.assertGreater(out.count('\n'), 50)

    def test_cut(self):
        """The events that are there are given (but the last), none that is half there, and it is said what is missing; nothing stays behind."""
        scratch = pathlib.Path(self.temporary.name, 'scratch')
        scratch.mkdir()
        events, other = self.ticks(*((n, 10 * n) for n in range(1, 12, 2))), self.ticks(*((n, 10 * n) for n in range(2, 9, 2)))
        self.ctf.write(self.folder, other, events[:2])
        stream = pathlib.Path(self.folder, 'channel0_1')
        whole = stream.read_bytes()
        stream.write_bytes(whole + packet(events[2:], 0))
        full, everything = self.tracedump('show')[1], stream.read_bytes()
        ends = [len(whole) + 64]
        for _, data in events[2:]:
            ends.append(ends[-1] + len(data))
        for size in [*range(len(whole) + 1, len(everything), 7), *(end - 1 for end in ends), *ends[:-1]]:
            stream.write_bytes(everything[:size])
            done = subprocess.run([TRACEDUMP, 'show', self.folder], capture_output=True, text=True, timeout=60, env=os.environ | {'TMPDIR': str(scratch)})
            there = sum(end <= size for end in ends[1:])
            numbers = [int(line.rsplit('=')[1]) for line in done.stdout.splitlines()]
            wanted = sorted([1, 2, 3, 4, 6, 8] + [5, 7, 9, 11][:there])
            # The other stream may go on behind the place: babeltrace2 ends there as a whole. The last event that is there may
            # be left out too: babeltrace2 does not always tell it from one that is cut.
            there -= size != ends[there] and there > 0
            lost = [number for number in wanted if number not in numbers]
            self.assertTrue(set(numbers) <= set(wanted) and all(n > (3, 5, 7, 9, 11)[there] for n in lost), (size, done))
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f'stream channel0_1 is cut: {size - len(whole)} bytes of its last packet are there', done.stderr)
            self.assertEqual(list(scratch.iterdir()), [])
        self.assertEqual(len(full.splitlines()), 10)
        stream.write_bytes(everything[:5])
        status, out, err = self.tracedump('show')
        self.assertEqual((status, len(out.splitlines())), (1, 4), err)

    def test_unusable(self):
        self.ctf.write(self.folder, self.ticks((1, 1)))
        metadata = pathlib.Path(self.folder, 'metadata')
        for content in b'', b'/* CTF 1.8 */\ntrace {', b'\x00\xff' * 100, metadata.read_bytes()[:-40]:
            metadata.write_bytes(content)
            status, out, err = self.tracedump('show')
            self.assertEqual((status, out, err.count('\n')), (2, '', 1), (content, err))
            self.assertIn("its CTF", err)

    def test_folders(self):
        """The folder of a session, a rotated one, and one without anything."""
        for index, chunk in enumerate(('a', 'b')):
            self.ctf.write(os.path.join(self.folder, 'archives', chunk, 'ust/uid/0/64-bit'), self.ticks((index + 1, index + 1)))
        self.assertEqual(self.sequences(), [1, 2])
        os.symlink('.', os.path.join(self.folder, 'loop'))
        self.assertEqual(self.sequences(), [1, 2])
        empty = os.path.join(self.temporary.name, 'empty')
        self.ctf.write(empty)
        self.assertEqual(self.tracedump('show', path=empty), (0, '', ''))


TRACEDUMP = os.path.abspath(sys.argv.pop(1))
unittest.main()
