#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_trace_file.py - runs trace_sample and checks its native traces with a reader that knows only the written format.

usage: test_trace_file.py TRACE_SAMPLE TRACE_RANDOM TRACEDUMP
"""
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'support'))
import rpt_reader  # noqa: E402

SAMPLE, RANDOM, TRACEDUMP = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
COMMIT, ADD = 'memory_region_transaction_commit', 'memory_region_add_subregion_common'


def story(turn):
    """What trace_sample tells in a turn: event, phase, how many events ago its parent's enter was, fields."""
    return [
        (COMMIT, 'enter', 0, {'depth': turn}),
        (ADD, 'enter', 1, {'container': 'system', 'offset': 0x100000000, 'region': 'dimm0', 'priority': -1}),
        ('guest_error', 'instant', 1, {'device': 'piix4_pm', 'address': turn, 'value': 2**64 - 1, 'what': 'a "quoted"\nlate wörd'}),
        (ADD, 'leave', 3, {}),
        ('memory_region_access', 'instant', 4,
         {'region': 'x' * 1021, 'offset': 0xcf8, 'value': turn, 'size_bytes': 4, 'write': 1}),
        (COMMIT, 'leave', 0, {'rendered': turn % 2}),
    ]


def function_at(offset):
    """The sample's function that holds an address, by its symbol table."""
    table = subprocess.run(['nm', '-n', '--defined-only', SAMPLE], capture_output=True, text=True, check=True).stdout
    name = None
    for line in table.splitlines():
        address, kind, symbol = line.split(maxsplit=2)
        if int(address, 16) > offset:
            break
        name = symbol if kind in 'tT' else name
    return name


class TraceFile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, 'out.rpt')

    def tearDown(self):
        self.folder.cleanup()

    def tell(self, *arguments, **more):
        return subprocess.run([SAMPLE, *arguments], capture_output=True, text=True, timeout=60, **more)

    def traced(self, turns, option='*,file={}'):
        run = self.tell('-turns', str(turns), '-trace', option.format(self.path))
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        return rpt_reader.read_trace(self.path)

    def assert_same(self, left, right):
        """Lists too long for assertEqual, which describes all differences."""
        for pair in zip(left, right, strict=True):
            self.assertEqual(*pair)

    def test_records_tell_the_story(self):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        trace = self.traced(3)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        rpt_reader.check_order(trace)
        self.assertEqual((len(trace.records), trace.lost, trace.cut), (18, 0, False))
        for turn in (1, 2, 3):
            for place, (event, phase, up, fields) in enumerate(story(turn)):
                record = trace.records[6 * (turn - 1) + place]
                self.assertEqual((record.event, record.phase, record.fields), (event, phase, fields))
                self.assertEqual(record.parent, record.sequence - up if up else 0)
                self.assertEqual((record.turn, record.now_ns, record.icount), (turn, 1000 * turn, 7 * turn))
                self.assertEqual(record.vcpu, 3 if turn % 2 else 0xffff)
                self.assertEqual(record.backtrace, [])
        times = [record.host_ns for record in trace.records]
        self.assertTrue(times == sorted(times), 'host times go back')
        self.assertTrue(before <= times[0] and times[-1] <= after, (before, times[0], times[-1], after))

    def test_many_blocks(self):
        trace = self.traced(5000)
        rpt_reader.check_order(trace)
        self.assertEqual((len(trace.records), trace.lost), (30000, 0))
        times = [record.host_ns for record in trace.records]
        self.assertTrue(times == sorted(times), 'host times go back')
        self.assertEqual(os.stat(self.path).st_size, len(open(self.path, 'rb').read()))

    def test_a_pattern_selects_and_numbers_stay(self):
        trace = self.traced(2, 'guest_*,file={}')
        self.assertEqual([(r.event, r.sequence, r.parent) for r in trace.records], [('guest_error', 1, 0), ('guest_error', 2, 0)])

    def test_same_run_same_trace(self):
        first = self.traced(4, '*,file={},backtrace=on')
        second = self.traced(4, '*,file={},backtrace=on')
        self.assertEqual(first.header, second.header)
        self.assertEqual([r._replace(host_ns=0) for r in first.records], [r._replace(host_ns=0) for r in second.records])

    def test_header_names_the_program(self):
        header = self.traced(1).header
        self.assertRegex(header['program'], r'^replug \d+\.\d+\.\d+$')
        self.assertEqual(os.path.realpath(header['modules'][0]['path']), os.path.realpath(SAMPLE))
        self.assertEqual(header['build_id'], header['modules'][0]['build_id'])
        self.assertRegex(header['build_id'], r'^[0-9a-f]{40}$')
        self.assertEqual([event['id'] for event in header['events']], list(range(len(header['events']))))

    def test_backtraces_point_into_functions(self):
        trace = self.traced(1, '*,file={},backtrace=on')
        for record in trace.records:
            if record.phase == 'leave':
                self.assertEqual(record.backtrace, [])
                continue
            self.assertEqual({module for module, _ in record.backtrace[:2]}, {0})
            functions = [function_at(offset - 1) for module, offset in record.backtrace if module == 0]
            expected = ['inner', 'outer'] if record.event in (ADD, 'guest_error') else ['outer']
            self.assertEqual(functions[:len(expected)], expected)
            self.assertIn('main', functions)
            outside = {trace.header['modules'][module]['path'] for module, _ in record.backtrace if module != 0}
            self.assertTrue(any('libc' in path for path in outside), outside)

    def test_backtraces_of_one_pattern(self):
        run = self.tell('-trace', f'*,file={self.path}', '-trace', f'guest_error,file={self.path},backtrace=on')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        for record in rpt_reader.read_trace(self.path).records:
            self.assertEqual(bool(record.backtrace), record.event == 'guest_error')

    def test_cut_files_give_what_is_whole(self):
        whole = self.traced(600)
        data = open(self.path, 'rb').read()
        self.assertGreater(len(whole.records), 0)
        for keep in (len(data) - 1, len(data) // 2, len(data) - 64):
            with open(self.path, 'wb') as out:
                out.write(data[:keep])
            cut = rpt_reader.read_trace(self.path)
            self.assertTrue(cut.cut)
            self.assertEqual(cut.records, whole.records[:len(cut.records)])

    def test_a_full_disk_is_told_once_and_the_file_stays_whole(self):
        whole = self.traced(1)
        limit = os.stat(self.path).st_size + 1000000

        def bound():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        run = self.tell('-turns', '5000', '-trace', f'*,file={self.path}', preexec_fn=bound)
        trace = rpt_reader.read_trace(self.path)
        rpt_reader.check_order(trace)
        self.assertEqual(run.returncode, 0)
        missing = 30000 - len(trace.records)
        self.assertEqual(run.stderr, f"trace_sample: Can't write trace file '{self.path}': File too large; "
                         f'{missing} events are missing in it\n')
        self.assertTrue(0 < missing < 30000)
        self.assertFalse(trace.cut)
        self.assertEqual(trace.header, whole.header)

    def test_a_device_that_is_full_at_once(self):
        run = self.tell('-trace', '*,file=/dev/full')
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, "trace_sample: Can't write trace file '/dev/full': No space left on device\n")

    def test_short_records_hide_nothing(self):
        """The ring has full records, the file short ones where it can: they tell the same."""
        ring = os.path.join(self.folder.name, 'ring.rpt')
        for seed in range(5):
            subprocess.run([RANDOM, self.path, ring, str(seed)], check=True, timeout=60)
            data = open(self.path, 'rb').read()
            in_file = [r._replace(host_ns=0) for r in rpt_reader.read_trace(self.path).records]
            in_ring = [r._replace(host_ns=0) for r in rpt_reader.read_trace(ring).records]
            wanted = [r for r in in_ring if r.event != 'ram_block_destroyed']
            self.assertGreater(len(wanted), 6000)
            self.assert_same(in_file[-len(wanted):], wanted)
            self.assertLess(len(data), 45 * len(in_file))
            shown = [subprocess.run([TRACEDUMP, 'show', p], capture_output=True, text=True, check=True).stdout.splitlines()
                     for p in (self.path, ring)]
            in_ring = [line for line in shown[1] if 'ram_block_destroyed' not in line]
            self.assert_same(shown[0][-len(in_ring):], in_ring)

    def test_a_pipe_takes_a_trace(self):
        os.mkfifo(self.path)
        with subprocess.Popen([SAMPLE, '-trace', f'*,file={self.path}'], stdout=subprocess.DEVNULL) as run:
            data = open(self.path, 'rb').read()
        self.assertEqual(run.returncode, 0)
        copy = os.path.join(self.folder.name, 'copy.rpt')
        with open(copy, 'wb') as out:
            out.write(data)
        self.assertEqual(len(rpt_reader.read_trace(copy).records), 6)

    def test_the_rings_text_is_what_tracedump_shows(self):
        run = self.tell('-turns', '3', '-dump', '-trace', f'*,file={self.path}', '-trace', '*')
        shown = subprocess.run([TRACEDUMP, 'show', self.path], capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout, 'ready\n' + shown.stdout)
        self.assertEqual(len(shown.stdout.splitlines()), 18)


unittest.main()
