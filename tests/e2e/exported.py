# SPDX-License-Identifier: GPL-2.0-or-later
"""exported.py - what tracedump exports of a real session is what others read: babeltrace2, JSON, CSV; and tracedump itself."""
import csv
import json
import re
import subprocess
import tempfile

from emulator import GUEST, Emulator, run_tests, tracedump


def session(folder):
    trace = f'{folder}/out.rpt'
    with Emulator('-smp', 2, '-trace', f'*,file={trace}', accel='soft', guest=GUEST, append='slots=4 smp') as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online, memory tested')
        vm.quit()
    return trace


def shown(trace):
    """[(sequence, phase, name)] as show tells them."""
    arrows = {'--> ': 'enter', '<-- ': 'leave', '': 'instant'}
    return [(int(seq), arrows[arrow], name) for seq, arrow, name in
            re.findall(r'(?m)^ *(\d+) turn \d+ +\d+ ns vcpu \S+ (--> |<-- |)(\w+)', tracedump('show', trace))]


def test_all_forms_hold_the_same_events():
    with tempfile.TemporaryDirectory() as folder:
        trace, ctf = session(folder), f'{folder}/ctf'
        events = shown(trace)
        assert len(events) > 1000
        tracedump('export', '--to', 'ctf', '-o', ctf, trace)
        for command in (['show', '--host-time'], ['show', '--tree'], ['chains'], ['hotplug'], ['flatview'], ['mtree'], ['why', 'dimm0']):
            assert tracedump(*command, ctf) == tracedump(*command, trace), command
        lines = subprocess.run(['babeltrace2', ctf], capture_output=True, text=True, check=True).stdout.splitlines()
        suffix = {'enter': '_enter', 'leave': '_leave', 'instant': ''}
        there = [(name, int(seq)) for line in lines for name, seq in re.findall(r'replug:(\w+): \{ rp_sequence = (\d+)', line) if seq != '0']
        assert there == [(name + suffix[phase], seq) for seq, phase, name in events]

        rows = [json.loads(line) for line in tracedump('export', '--to', 'json', trace).splitlines()]
        assert [(r['seq'], r['phase'], r['event']) for r in rows] == events
        table = list(csv.reader(tracedump('export', '--to', 'csv', trace).splitlines()))
        assert [(int(r[0]), r[6], r[7]) for r in table[1:]] == events

        slices = json.loads(tracedump('export', '--to', 'perfetto', '--host-time', trace))['traceEvents']
        phases = {'B': 'enter', 'E': 'leave', 'i': 'instant'}
        assert [(s['args']['sequence'], phases[s['ph']], s['name']) for s in slices if s['ph'] != 'M'] == events
        times, stacks = {}, {}
        for s in slices:
            if s['ph'] == 'M':
                continue
            assert s['ts'] >= times.get(s['tid'], 0)
            times[s['tid']] = s['ts']
            stack = stacks.setdefault(s['tid'], [])
            if s['ph'] == 'B':
                stack.append(s['name'])
            elif s['ph'] == 'E':
                assert stack.pop() == s['name'], s


if __name__ == '__main__':
    run_tests(dict(globals()))
