#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""trace_events.py - reads the folders' trace-events files and writes the probes of trace/trace_events.h.

usage: trace_events.py --header OUT FILE...
"""
import argparse
import re
import sys

C_TYPES = {'u8': 'uint8_t', 'u16': 'uint16_t', 'u32': 'uint32_t', 'u64': 'uint64_t', 'i32': 'int32_t', 'i64': 'int64_t',
           'x8': 'uint8_t', 'x16': 'uint16_t', 'x32': 'uint32_t', 'x64': 'uint64_t', 'bool': 'bool', 'str': 'const char *'}
LINE = re.compile(r'(span|instant) ([a-z][a-z0-9_]*)\(([^)]*)\)(?: -> \(([^)]*)\))? : (\S.*)$')


def read_fields(text, where):
    fields = []
    for part in filter(None, (p.strip() for p in text.split(','))):
        words = part.split()
        if len(words) != 2 or words[0] not in C_TYPES:
            sys.exit(f'{where}: field "{part}": expected TYPE NAME with TYPE one of {" ".join(C_TYPES)}')
        fields.append(words)
    return fields


def read_events(paths):
    events = []
    for path in paths:
        for number, line in enumerate(open(path), 1):
            line = line.strip()
            if not line or line[0] == '#':
                continue
            where = f'{path}:{number}'
            match = LINE.match(line)
            if not match:
                sys.exit(f'{where}: expected "span|instant NAME(TYPE FIELD, ...) [-> (TYPE FIELD, ...)] : sentence"')
            kind, name, enter, leave, doc = match.groups()
            events.append((kind, name, read_fields(enter, where), read_fields(leave or '', where), doc))
    return events


def probe(suffix, fields):
    params = ', '.join(f'{C_TYPES[t]}{"" if t == "str" else " "}{n}' for t, n in fields) or 'void'
    uses = ''.join(f'    (void){n};\n' for _, n in fields)
    return f'static inline void trace_{suffix}({params})\n{{\n{uses}}}\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--header', required=True)
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    out = ['#ifndef REPLUG_TRACE_TRACE_EVENTS_H\n#define REPLUG_TRACE_TRACE_EVENTS_H\n#include <stdbool.h>\n#include <stdint.h>\n']
    for kind, name, enter, leave, _ in read_events(options.files):
        out.append(f'static inline bool trace_{name}_enabled(void)\n{{\n    return false;\n}}\n')
        if kind == 'span':
            out += [probe(name + '_enter', enter), probe(name + '_leave', leave)]
        else:
            out.append(probe(name, enter))
    out.append('#endif\n')
    open(options.header, 'w').write('\n'.join(out))


main()
