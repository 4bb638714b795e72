#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_lttng.py - an ordinary LTTng session sees what the file sink writes.

usage: test_lttng.py TRACE_SAMPLE

The session daemon runs in a mount namespace with /run/lttng and /dev/shm of its own, so neither a daemon of the host nor its sessions
are touched. Exit status 77 (skipped) where LTTng's tools, babeltrace2 or namespaces are missing.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / 'support'))
import rpt_reader  # noqa: E402

INSIDE = 'REPLUG_TEST_LTTNG_INSIDE'
PRIVATE = 'mkdir -p /run/lttng && mount -t tmpfs tmpfs /run/lttng && mount -t tmpfs tmpfs /dev/shm && exec "$@"'
EVENT = re.compile(r'\S+ replug:(\w+): \{ cpu_id = \d+ \}, \{ (.*) \}$')
ESCAPES = {'\n': '\\n', '"': '\\"', '\\': '\\\\'}


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(77)


def enter_namespace():
    for tool in ('lttng', 'lttng-sessiond', 'babeltrace2', 'unshare'):
        if shutil.which(tool) is None:
            skip(f'{tool} is not installed')
    unshare = ['unshare', '--mount'] if os.geteuid() == 0 else ['unshare', '--map-root-user', '--mount']
    wrap = unshare + ['sh', '-c', PRIVATE, 'sh']
    if subprocess.run(wrap + ['true'], capture_output=True).returncode != 0:
        skip('no mount namespace of our own here')
    os.environ[INSIDE] = '1'
    os.execvp(wrap[0], wrap + [sys.executable, *sys.argv])


def shown(kind, value):
    """A field's value as babeltrace2 prints it."""
    if kind == 'str':
        return '"' + ''.join(ESCAPES.get(c, c) for c in value) + '"'
    return f'0x{value:X}' if kind[0] == 'x' else str(value)


def expected(trace):
    """The records of a native trace as babeltrace2 would print the same events from LTTng."""
    events = {event['name']: event for event in trace.header['events']}
    for r in trace.records:
        event = events[r.event]
        frames = ', '.join(f'[{i}] = {module << 48 | offset}' for i, (module, offset) in enumerate(r.backtrace))
        fields = [f'rp_sequence = {r.sequence}', f'rp_turn = {r.turn}', f'rp_now_ns = {r.now_ns}', f'rp_icount = {r.icount}',
                  f'rp_span = {r.span}', f'rp_parent = {r.parent}', f'rp_vcpu = {r.vcpu}',
                  f'_rp_backtrace_length = {len(r.backtrace)}', f'rp_backtrace = [ {frames} ]' if frames else 'rp_backtrace = [ ]']
        fields += [f'{name} = {shown(kind, r.fields[name])}' for kind, name in event['results' if r.phase == 'leave' else 'fields']]
        yield r.event + ('' if r.phase == 'instant' else '_' + r.phase), ', '.join(fields)


class Lttng(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        os.environ['LTTNG_HOME'] = self.folder.name
        self.path = os.path.join(self.folder.name, 'out.rpt')
        self.output = os.path.join(self.folder.name, 'ctf')
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        self.daemon = subprocess.Popen(
            ['lttng-sessiond', '--no-kernel', '--sig-parent'], stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1}))
        # The daemon's word that it is ready.
        self.assertIsNotNone(signal.sigtimedwait({signal.SIGUSR1}, 60))

    def tearDown(self):
        self.daemon.terminate()
        self.daemon.wait(60)
        self.folder.cleanup()

    def lttng(self, *arguments):
        subprocess.run(['lttng', '--no-sessiond', *arguments], check=True, timeout=60, capture_output=True)

    def start(self, *events):
        self.lttng('create', 'test', f'--output={self.output}')
        for event in events or ['replug:*']:
            self.lttng('enable-event', '--userspace', event)
        self.lttng('start')

    def stop(self):
        """Ends the session; the events that it saw as (name, payload)."""
        self.lttng('stop')
        self.lttng('destroy')
        run = subprocess.run(['babeltrace2', '--no-delta', self.output], capture_output=True, text=True, check=True, timeout=60)
        return [EVENT.search(line).groups() for line in run.stdout.splitlines()]

    def tell(self, *arguments):
        run = subprocess.run([SAMPLE, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ''))

    def split(self, seen):
        modules = [payload for name, payload in seen if name == 'trace_module']
        return modules, [event for event in seen if event[0] != 'trace_module']

    def check_modules(self, seen, header):
        self.assertEqual(len(seen), len(header['modules']))
        for index, (payload, module) in enumerate(zip(seen, header['modules'])):
            self.assertTrue(payload.startswith('rp_sequence = 0, '), payload)
            self.assertTrue(payload.endswith(f'index = {index}, path = "{module["path"]}", build_id = "{module["build_id"]}", '
                                             f'code_start = 0x{module["code_start"]:X}'), payload)

    def test_same_content_as_the_file(self):
        self.start()
        self.tell('-turns', '3', '-trace', f'*,file={self.path},backtrace=on')
        modules, events = self.split(self.stop())
        trace = rpt_reader.read_trace(self.path)
        self.assertEqual(len(events), 18)
        self.assertEqual(events, list(expected(trace)))
        self.check_modules(modules, trace.header)

    def test_a_session_that_starts_after_the_program(self):
        with subprocess.Popen([SAMPLE, '-wait', '-trace', 'guest_error,sink=lttng,backtrace=on'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as run:
            self.assertEqual(run.stdout.readline(), b'ready\n')
            self.start()
            run.stdin.write(b'\n')
        self.assertEqual(run.returncode, 0)
        modules, events = self.split(self.stop())
        self.assertGreater(len(modules), 3)
        self.assertEqual([name for name, _ in events], [
            'memory_region_transaction_commit_enter', 'memory_region_add_subregion_common_enter', 'guest_error',
            'memory_region_add_subregion_common_leave', 'memory_region_access', 'memory_region_transaction_commit_leave'])
        for name, payload in events:
            self.assertEqual('rp_backtrace = [ [0] = ' in payload, name == 'guest_error', payload)

    def test_no_option_is_needed_and_half_a_span_does_no_harm(self):
        self.start('replug:memory_region_transaction_commit_leave', 'replug:guest_error')
        self.tell('-turns', '2')
        modules, events = self.split(self.stop())
        self.assertEqual(modules, [])
        context = [re.search(r'rp_sequence = (\d+), .*rp_turn = (\d+), .*rp_span = (\d+), rp_parent = (\d+)', p).groups() for _, p in events]
        self.assertEqual([(name, *map(int, c)) for (name, _), c in zip(events, context)], [
            ('guest_error', 2, 1, 0, 1), ('memory_region_transaction_commit_leave', 3, 1, 1, 0),
            ('guest_error', 5, 2, 0, 4), ('memory_region_transaction_commit_leave', 6, 2, 4, 0)])

    def test_program_is_prompt(self):
        began = time.monotonic()
        self.tell()
        self.assertLess(time.monotonic() - began, 2)


class WithoutDaemon(unittest.TestCase):
    def test_program_is_prompt(self):
        """lttng-ust waits up to three seconds at start where it has reason to hope for a daemon."""
        began = time.monotonic()
        subprocess.run([SAMPLE], check=True, stdout=subprocess.DEVNULL, timeout=60)
        self.assertLess(time.monotonic() - began, 2)


if INSIDE not in os.environ:
    enter_namespace()
SAMPLE = os.path.abspath(sys.argv.pop(1))
unittest.main()
