# SPDX-License-Identifier: GPL-2.0-or-later
"""small_trace.py - a trace from a few words a line (or between semicolons), for tests of single rules.

    plug(device=d0, gpa=0x100) {        a span's enter
        added(gpa=0x100)                an instant
    } ok=1                              its leave; without results they are 0
    ...                                 a leave that is lost closes by }lost
    +5ns   +3instructions   turn        time goes on before the next event
"""
import re

import rpt_writer as writer

EVENTS = [
    writer.span(1, 'plug', [('str', 'device'), ('x64', 'gpa'), ('u32', 'size')], [('bool', 'ok'), ('u32', 'r')]),
    writer.span(2, 'commit', [('u32', 'depth')], [('bool', 'rendered')]),
    writer.span(3, 'notify', [('str', 'device')], [('bool', 'ok')]),
    writer.instant(11, 'added', [('x64', 'gpa'), ('u32', 'size')]),
    writer.instant(12, 'removed', [('x64', 'gpa'), ('u32', 'size')]),
    writer.instant(13, 'told', [('x32', 'status')]),
    writer.instant(14, 'noise', [('i32', 'n')]),
]
KNOWN = {event['name']: event for event in EVENTS}


def values(declared, text):
    given = dict(re.findall(r'(\w+)=([^,)\s]+)', text or ''))
    assert set(given) <= {name for _, name in declared}, (text, declared)
    return [given.get(name, '') if kind == 'str' else int(given.get(name, '0'), 0) for kind, name in declared]


def small_trace(text):
    """Sequences count from 1, turns from 0."""
    records, stack, sequence, context = [], [], 0, {'turn': 0, 'now_ns': 0, 'icount': 0}

    def add(event, phase, declared, words, span, parent):
        records.append(writer.record(event['id'], phase, writer.encode_fields(declared, values(declared, words)), sequence=sequence,
                                     span=span, parent=parent, **context))
    for line in filter(None, map(str.strip, re.split('[;\n]', text))):
        if moved := re.fullmatch(r'\+(\d+)(ns|instructions)', line):
            context['now_ns' if moved[2] == 'ns' else 'icount'] += int(moved[1])
        elif line == 'turn':
            context['turn'] += 1
        elif line == '}lost':
            stack.pop()
        elif line.startswith('}'):
            sequence += 1
            event, span = stack.pop()
            add(event, writer.LEAVE, event['results'], line[1:], span, stack[-1][1] if stack else 0)
        else:
            name, arguments, opens = re.fullmatch(r'(\w+)(\(.*\))? ?(\{?)', line).groups()
            sequence += 1
            event, parent = KNOWN[name], stack[-1][1] if stack else 0
            add(event, writer.ENTER if opens else writer.INSTANT, event['fields'], arguments, sequence if opens else 0, parent)
            if opens:
                stack.append((event, sequence))
    return writer.header(EVENTS) + writer.block(records)
