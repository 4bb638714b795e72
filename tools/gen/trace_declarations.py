# SPDX-License-Identifier: GPL-2.0-or-later
"""trace_declarations.py - reads trace-events files into Event tuples and refuses what can't be generated."""
import collections
import re
import sys

# Name in trace-events: (C type, bytes in a record; of a string, those of its length).
TYPES = {
    'u8': ('uint8_t', 1), 'u16': ('uint16_t', 2), 'u32': ('uint32_t', 4), 'u64': ('uint64_t', 8),
    'i32': ('int32_t', 4), 'i64': ('int64_t', 8), 'bool': ('bool', 1),
    'x8': ('uint8_t', 1), 'x16': ('uint16_t', 2), 'x32': ('uint32_t', 4), 'x64': ('uint64_t', 8),
    'str': ('const char *', 2),
}
STRING_BYTES_MAX = 1023
RECORD_BYTES_MAX = 0xffff
CONTEXT_BYTES = 64
BACKTRACE_BYTES_MAX = 1 + 255 * 8

Field = collections.namedtuple('Field', 'type name')
Event = collections.namedtuple('Event', 'kind name fields results doc folder')

LINE = re.compile(r'(span|instant) ([a-z][a-z0-9_]*)\(([^)]*)\)(?: -> \(([^)]*)\))? : (\S.*)$')
FIELD_NAME = re.compile(r'[a-z][a-z0-9_]*$')
# Words that can't name a C parameter in the generated code.
RESERVED = set('''auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false
    errno asm typeof linux unix NULL'''.split())


def read_fields(text, where):
    fields = []
    for part in (p.strip() for p in text.split(',')) if text.strip() else ():
        words = part.split()
        if len(words) != 2 or words[0] not in TYPES:
            sys.exit(f'{where}: field "{part}": expected TYPE NAME with TYPE one of {" ".join(TYPES)}')
        name = words[1]
        if not FIELD_NAME.match(name) or name in RESERVED:
            sys.exit(f'{where}: field "{name}": expected a lower-case C identifier that is no keyword')
        if name.startswith('rp_'):
            sys.exit(f'{where}: field "{name}": names that begin with rp_ are the context\'s own')
        if name in (f.name for f in fields):
            sys.exit(f'{where}: field "{name}" is given twice')
        fields.append(Field(*words))
    size = CONTEXT_BYTES + BACKTRACE_BYTES_MAX
    size += sum(TYPES[f.type][1] + (STRING_BYTES_MAX if f.type == 'str' else 0) for f in fields)
    if size > RECORD_BYTES_MAX:
        sys.exit(f'{where}: a record could reach {size} bytes; at most {RECORD_BYTES_MAX} fit')
    return fields


def tracepoints(event):
    """The names under which an event's moments are known: in LTTng, and as probes."""
    return [event.name + '_enter', event.name + '_leave'] if event.kind == 'span' else [event.name]


def read_file(path):
    parts = path.split('/')[:-1]
    folder = '/'.join(parts[len(parts) - parts[::-1].index('src'):] if 'src' in parts else parts[-1:])
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.strip()
        if not line or line[0] == '#':
            continue
        where = f'{path}:{number}'
        match = LINE.match(line)
        if not match:
            sys.exit(f'{where}: expected "span|instant NAME(TYPE FIELD, ...) [-> (TYPE FIELD, ...)] : sentence"')
        kind, name, enter, leave, doc = match.groups()
        if leave is not None and kind == 'instant':
            sys.exit(f'{where}: {name}: only a span has results')
        yield where, Event(kind, name, read_fields(enter, where), read_fields(leave or '', where), doc, folder)


def read_events(paths):
    events, taken = [], {}
    for path in paths:
        for where, event in read_file(path):
            # "x_enabled" is the switch of x: all four names of a probe share one C namespace.
            for name in dict.fromkeys((event.name, *tracepoints(event), event.name + '_enabled')):
                if name in taken:
                    sys.exit(f'{where}: {event.name}: the name {name} is taken by {taken[name]}')
                taken[name] = where
            events.append(event)
    return events
