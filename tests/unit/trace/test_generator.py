#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_generator.py - what tools/gen/trace_events.py writes for a small input, and what it refuses.

usage: test_generator.py TRACE_EVENTS_PY FOLDER [--accept]
FOLDER holds trace-events and the expected NAME.expect; --accept writes them anew.
"""
import pathlib
import subprocess
import sys
import tempfile

GOOD = 'instant good(u32 value) : Good.\n'
REFUSED = [
    ('instant x(u32 v) : One.\ninstant x(u32 v) : Two.', ':2: x: the name x is taken by '),
    ('span x() -> () : One.\ninstant x_enter() : Two.', ':2: x_enter: the name x_enter is taken by '),
    ('instant x_leave() : One.\nspan x() -> () : Two.', ':2: x: the name x_leave is taken by '),
    ('instant x() : One.\ninstant x_enabled() : Two.', ':2: x_enabled: the name x_enabled is taken by '),
    ('instant x(int v) : One.', ':1: field "int v": expected TYPE NAME with TYPE one of u8 u16'),
    ('instant x(u32) : One.', ':1: field "u32": expected TYPE NAME'),
    ('instant x(u32 a,, u32 b) : One.', ':1: field "": expected TYPE NAME'),
    ('instant x(u32 rp_span) : One.', ':1: field "rp_span": names that begin with rp_ are the context\'s own'),
    ('instant x(u32 int) : One.', ':1: field "int": expected a lower-case C identifier that is no keyword'),
    ('instant x(u32 A) : One.', ':1: field "A": expected a lower-case C identifier'),
    ('instant x(u32 a, str a) : One.', ':1: field "a" is given twice'),
    ('instant x(u32 a) -> (bool ok) : One.', ':1: x: only a span has results'),
    ('instant x(u32 a)', ':1: expected "span|instant NAME(TYPE FIELD, ...)'),
    ('point x(u32 a) : One.', ':1: expected "span|instant NAME(TYPE FIELD, ...)'),
    ('instant X(u32 a) : One.', ':1: expected "span|instant NAME(TYPE FIELD, ...)'),
    ('instant x(' + ', '.join(f'str s{i}' for i in range(64)) + ') : One.', ':1: a record could reach '),
]


def generate(generator, folder, *inputs):
    return subprocess.run([sys.executable, generator, folder, *inputs], capture_output=True, text=True)


def check_golden(generator, folder, accept):
    failures = []
    with tempfile.TemporaryDirectory() as output:
        run = generate(generator, output, folder / 'trace-events')
        if run.returncode != 0:
            return [f'the small input is refused: {run.stderr}']
        for path in sorted(pathlib.Path(output).iterdir()):
            expected = folder / (path.name + '.expect')
            if accept:
                expected.write_text(path.read_text())
            elif not expected.exists() or expected.read_text() != path.read_text():
                failures.append(f'{path.name} differs from {expected}; if that is meant: {" ".join(sys.argv)} --accept')
    return failures


def check_refusals(generator):
    failures = []
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / 'trace-events'
        for text, expected in REFUSED:
            path.write_text(text + '\n')
            run = generate(generator, work, path)
            if run.returncode == 0 or f'{path}{expected}' not in run.stderr:
                failures.append(f'{text!r}: expected {expected!r}, got status {run.returncode} and {run.stderr!r}')
            if sorted(p.name for p in pathlib.Path(work).iterdir()) != ['trace-events']:
                failures.append(f'{text!r}: files were written all the same')
        path.write_text(GOOD)
        if generate(generator, work, path).returncode != 0:
            failures.append('a good line is refused')
    return failures


def main():
    generator, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    failures = check_golden(generator, folder, '--accept' in sys.argv) + check_refusals(generator)
    print('\n'.join(failures))
    sys.exit(bool(failures))


main()
