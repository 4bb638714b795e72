#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rpt_reader.py - reads and checks a native trace, written from docs/formats/trace.md alone.

usage: rpt_reader.py FILE        prints one record a line; exit status 1 when the file breaks the format
"""
import collections
import ctypes
import json
import struct
import sys

INTEGERS = {'u8': 'B', 'u16': 'H', 'u32': 'I', 'u64': 'Q', 'i32': 'i', 'i64': 'q', 'x8': 'B', 'x16': 'H', 'x32': 'I', 'x64': 'Q',
            'bool': 'B'}
LIMIT = 16 << 20
XXHASH = ctypes.CDLL('libxxhash.so.0')
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
PHASES = ('instant', 'enter', 'leave')

Record = collections.namedtuple('Record', 'event phase vcpu sequence turn now_ns icount span parent host_ns fields backtrace')
Trace = collections.namedtuple('Trace', 'header records lost cut')


class BadTrace(Exception):
    pass


def need(condition, what):
    if not condition:
        raise BadTrace(what)


def check_sum(data, stored, what):
    computed = XXHASH.XXH3_64bits(data, ctypes.c_size_t(len(data)))
    need(computed == stored, f'{what}: checksum {stored:#x}, computed {computed:#x}')


def read_header(data):
    need(len(data) >= 24, 'shorter than the fixed part of a header')
    magic, major, minor, size, stored = struct.unpack_from('<8sHHIQ', data)
    need(magic == b'RPLTRACE', f'magic {magic}')
    need((major, minor) == (2, 0), f'version {major}.{minor}')
    need(size <= LIMIT and 24 + size <= len(data), f'header length {size}')
    check_sum(data[24:24 + size], stored, 'header')
    header = json.loads(data[24:24 + size].decode('utf-8'))
    need({'build_id', 'program', 'modules', 'events'} <= header.keys(), f'header keys {list(header)}')
    for module in header['modules']:
        need({'path', 'build_id', 'code_start'} <= module.keys(), f'module {module}')
    for event in header['events']:
        need({'id', 'name', 'kind', 'fields', 'results', 'doc'} <= event.keys(), f'event {event}')
        need(event['kind'] in ('span', 'instant'), f'event {event}')
        for kind, _ in event['fields'] + event['results']:
            need(kind in INTEGERS or kind == 'str', f'event {event}')
    return header, 24 + size


def read_fields(data, at, declared):
    values = {}
    for kind, name in declared:
        if kind == 'str':
            length, = struct.unpack_from('<H', data, at)
            need(length <= 1023 and at + 2 + length <= len(data), f'string of {length} bytes')
            values[name] = data[at + 2:at + 2 + length].decode('utf-8')
            at += 2 + length
        else:
            values[name], = struct.unpack_from('<' + INTEGERS[kind], data, at)
            at += struct.calcsize(INTEGERS[kind])
            need(kind != 'bool' or values[name] in (0, 1), f'bool {values[name]}')
    return values, at


def host_time(clock, stamp):
    from_stamp, from_ns, to_stamp, to_ns = clock
    if from_stamp == to_stamp:
        return stamp
    return from_ns + (min(max(stamp, from_stamp), to_stamp) - from_stamp) * (to_ns - from_ns) // (to_stamp - from_stamp)


def read_short(data, phase, before):
    """The context of a short record; before is the record in front of it, of the same block."""
    need(before is not None, 'a block begins with a short record')
    distance, stamp = struct.unpack_from('<HI', data, 6)
    sequence = before.sequence + 1
    need(distance < sequence, f'record {sequence} has its parent {distance} before it')
    innermost = before.span if before.phase == 'enter' else before.parent
    own = (0, sequence, innermost)[phase]
    return before.vcpu, sequence, before.turn, before.now_ns, before.icount, own, sequence - distance if distance else 0, stamp


class Block:
    """What the records of a block have in common, and what the next one may refer to."""

    def __init__(self, payload, events):
        need(len(payload) >= 32, f'payload of {len(payload)} bytes')
        self.clock = struct.unpack_from('<4Q', payload)
        self.events = events
        self.before = self.full_stamp = None
        need(self.clock[0] <= self.clock[2] and self.clock[1] <= self.clock[3], f'clock {self.clock}')

    def read(self, data):
        self.before = read_record(data, self)
        return self.before


def read_record(data, block):
    events = block.events
    _, event_id, phase, flags = struct.unpack_from('<HHBB', data)
    need(phase < 3, f'phase {phase}')
    if flags & 2:
        head = 12
        vcpu, *context, stamp = read_short(data, phase, block.before)
        stamp += block.full_stamp
    else:
        head = 64
        need(len(data) >= head, f'record of {len(data)} bytes')
        vcpu, *context, stamp = struct.unpack_from('<HQQQQQQQ', data, 6)
        block.full_stamp = stamp
    context.append(host_time(block.clock, stamp % 2**64))
    event = events.get(event_id)
    need(event is not None, f'event id {event_id}')
    need(phase in ((1, 2) if event['kind'] == 'span' else (0,)), f'{event["name"]}: phase {phase}')
    need(flags < 4, f'{event["name"]}: flags {flags:#x}')
    fields, at = read_fields(data, head, event['results' if phase == 2 else 'fields'])
    frames = []
    if flags & 1:
        frames = list(struct.unpack_from(f'<{data[at]}Q', data, at + 1))
        at += 1 + 8 * len(frames)
    need(at == len(data), f'{event["name"]}: {len(data) - at} bytes behind the fields')
    return Record(event['name'], PHASES[phase], vcpu, *context, fields, [(f >> 48, f & ((1 << 48) - 1)) for f in frames])


def read_trace(path):
    data = open(path, 'rb').read()
    header, at = read_header(data)
    events = {event['id']: event for event in header['events']}
    records, lost = [], 0
    while at < len(data):
        if len(data) - at < 24:
            return Trace(header, records, lost, True)
        magic, size, count, missing, stored = struct.unpack_from('<4sIIIQ', data, at)
        need(magic == b'RBLK' and size <= LIMIT, f'block at {at}: magic {magic}, length {size}')
        payload = data[at + 24:at + 24 + size]
        if len(payload) < size:
            return Trace(header, records, lost, True)
        check_sum(payload, stored, f'block at {at}')
        lost += missing
        block = Block(payload, events)
        place = 32
        for _ in range(count):
            length, = struct.unpack_from('<H', payload, place)
            need(12 <= length <= size - place, f'record of {length} bytes')
            records.append(block.read(payload[place:place + length]))
            place += length
        need(place == size, f'block at {at}: {size - place} bytes behind its records')
        at += 24 + size
    return Trace(header, records, lost, False)


def check_order(trace):
    """What holds for every trace whose events were all on: numbers without gaps, spans that nest."""
    open_spans = []
    for number, record in enumerate(trace.records, trace.records[0].sequence if trace.records else 1):
        need(record.sequence == number, f'sequence {record.sequence} where {number} was due')
        if record.phase == 'leave' and record.span:
            need(record.span in open_spans, f'{record.sequence} leaves {record.span}, which is not open')
            del open_spans[open_spans.index(record.span):]
        need(record.parent in open_spans + [0], f'{record.sequence} has parent {record.parent}, which is not open')
        if record.phase == 'enter':
            need(record.span == record.sequence, f'{record.sequence} enters span {record.span}')
            open_spans.append(record.span)
        if record.phase == 'instant':
            need(record.span == 0, f'{record.sequence} is an instant with span {record.span}')


def main():
    try:
        trace = read_trace(sys.argv[1])
    except (BadTrace, struct.error, ValueError) as bad:
        sys.exit(f'{sys.argv[1]}: {bad}')
    for record in trace.records:
        print(record)
    print(f'{len(trace.records)} records, {trace.lost} lost{", cut" if trace.cut else ""}')


if __name__ == '__main__':
    main()
