#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""trace_events.py - reads the folders' trace-events files and writes what is made of them into a folder.

usage: trace_events.py OUTPUT_FOLDER FILE...

    trace_events.h      probes for everybody (trace/trace.h includes it)
    trace_table.c       names, fields and sentences, for patterns, headers of traces and text
    trace_emit.c        one serializer for each probe
    trace_lttng_args.h  what the serializers hand to LTTng
    trace_provider.h/.c the LTTng-UST provider "replug"
    trace-events.md     the reference page
"""
import pathlib
import sys

import trace_write_c
import trace_write_lttng
from trace_declarations import read_events


def shown(fields):
    return ', '.join(f'{f.type} {f.name}' for f in fields)


def page(events):
    out = ['# Trace events\n\nGenerated from the folders\' `trace-events`; how to add one: docs/adding-a-trace-event.md.']
    folder = None
    for event in events:
        if event.folder != folder:
            folder = event.folder
            out.append(f'\n## {folder}\n\n| event | kind | fields | results | |\n| --- | --- | --- | --- | --- |')
        sentence = event.doc.replace('|', '\\|')
        out.append(f'| `{event.name}` | {event.kind} | {shown(event.fields)} | {shown(event.results)} | {sentence} |')
    return '\n'.join(out) + '\n'


OUTPUTS = {
    'trace_events.h': trace_write_c.header,
    'trace_table.c': trace_write_c.table,
    'trace_emit.c': trace_write_c.serializers,
    'trace_lttng_args.h': trace_write_lttng.args_header,
    'trace_provider.h': trace_write_lttng.provider,
    'trace_provider.c': trace_write_lttng.instance,
    'trace-events.md': page,
}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    events = read_events(sys.argv[2:])
    for name, write in OUTPUTS.items():
        (folder / name).write_text(write(events), encoding='utf-8')


main()
