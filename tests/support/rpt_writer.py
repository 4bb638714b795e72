# SPDX-License-Identifier: GPL-2.0-or-later
"""rpt_writer.py - writes native traces from Python; made from docs/formats/trace.md alone, not from Replug's writer.

    trace = Trace(events=[span(1, 'pc_dimm_plug', [('str', 'device')], [('bool', 'ok')])], modules=[...])
    trace.enter(1, 'dimm0', turn=3)
    trace.leave(True)
    open('out.rpt', 'wb').write(trace.bytes())
"""
import ctypes
import json
import struct

FIXED = {'u8': 'B', 'u16': 'H', 'u32': 'I', 'u64': 'Q', 'i32': 'i', 'i64': 'q', 'bool': '?', 'x8': 'B', 'x16': 'H', 'x32': 'I',
         'x64': 'Q'}
INSTANT, ENTER, LEAVE = 0, 1, 2
NO_VCPU = 0xffff

_xxhash = ctypes.CDLL('libxxhash.so.0')
_xxhash.XXH3_64bits.restype = ctypes.c_uint64
_xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    return _xxhash.XXH3_64bits(data, len(data))


def span(ident, name, fields=(), results=()):
    return {'id': ident, 'name': name, 'kind': 'span', 'fields': [list(f) for f in fields], 'results': [list(r) for r in results],
            'doc': ''}


def instant(ident, name, fields=()):
    return {'id': ident, 'name': name, 'kind': 'instant', 'fields': [list(f) for f in fields], 'results': [], 'doc': ''}


def frame(module, offset):
    return module << 48 | offset


def encode_fields(types, values):
    out = b''
    assert len(types) == len(values), (types, values)
    for (kind, _), value in zip(types, values):
        if kind == 'str':
            text = value if isinstance(value, bytes) else value.encode()
            out += struct.pack('<H', len(text)) + text
        else:
            out += struct.pack('<' + FIXED[kind], value)
    return out


def record(event, phase, fields, *, sequence, turn=0, now_ns=0, icount=0, span=0, parent=0, vcpu=NO_VCPU, host_ns=0, frames=None,
           length=None):
    flags = 0
    if frames is not None:
        flags = 1
        fields += struct.pack('<B', len(frames)) + b''.join(struct.pack('<Q', f) for f in frames)
    body = struct.pack('<HBBH7Q', event, phase, flags, vcpu, sequence, turn, now_ns, icount, span, parent, host_ns) + fields
    return struct.pack('<H', len(body) + 2 if length is None else length) + body


def short(event, phase, fields, *, distance=0, stamp=0, frames=None, length=None):
    """A record that leaves out what it shares with the one before it in the block; its parent is distance events before."""
    if frames is not None:
        fields += struct.pack('<B', len(frames)) + b''.join(struct.pack('<Q', f) for f in frames)
    body = struct.pack('<HBBHI', event, phase, 2 | (frames is not None), distance, stamp) + fields
    return struct.pack('<H', len(body) + 2 if length is None else length) + body


def block(records, *, lost=0, count=None, checksum=None, magic=b'RBLK', length=None, clock=(0, 0, 0, 0)):
    """clock: a stamp and the ns that it means, and another such pair; stamps are ns where both stamps are equal."""
    payload = struct.pack(f'<{len(clock)}Q', *clock) + b''.join(records)
    return (magic + struct.pack('<IIIQ', len(payload) if length is None else length, len(records) if count is None else count, lost,
                                xxh3(payload) if checksum is None else checksum) + payload)


def header(events, modules=(), *, major=2, minor=0, checksum=None, length=None, extra=None, text=None, magic=b'RPLTRACE'):
    if text is None:
        text = json.dumps({'build_id': '00', 'program': 'replug test', 'modules': list(modules), 'events': events} | (extra or {}))
    text = text if isinstance(text, bytes) else text.encode()
    return (magic + struct.pack('<HHIQ', major, minor, len(text) if length is None else length,
                                xxh3(text) if checksum is None else checksum) + text)


class Trace:
    """Keeps the sequence and the open spans, as a session does."""

    def __init__(self, events, modules=()):
        self.events = {e['id']: e for e in events}
        self.modules = modules
        self.sequence = 0
        self.open = []
        self.records = []
        self.context = {'turn': 0, 'now_ns': 0, 'vcpu': NO_VCPU}

    def turn(self, turn, now_ns, vcpu=NO_VCPU):
        self.context = {'turn': turn, 'now_ns': now_ns, 'vcpu': vcpu}

    def _add(self, ident, phase, fields, own, frames):
        self.records.append({'event': ident, 'phase': phase, 'fields': fields, 'sequence': self.sequence, 'span': own, 'frames': frames,
                             'parent': self.open[-1][0] if self.open else 0, 'host_ns': 10**12 + self.sequence, **self.context})

    def instant(self, ident, *values, frames=None):
        self.sequence += 1
        self._add(ident, INSTANT, encode_fields(self.events[ident]['fields'], values), 0, frames)

    def enter(self, ident, *values, frames=None):
        self.sequence += 1
        self._add(ident, ENTER, encode_fields(self.events[ident]['fields'], values), self.sequence, frames)
        self.open.append((self.sequence, ident))

    def leave(self, *values, frames=None):
        own, ident = self.open.pop()
        self.sequence += 1
        self._add(ident, LEAVE, encode_fields(self.events[ident]['results'], values), own, frames)

    def encoded(self, records):
        """A block's records: full ones where a turn begins, short ones elsewhere. What was added as bytes stays as it is."""
        full, out = None, []
        for item in records:
            if isinstance(item, bytes):
                full = None
                out.append(item)
            elif full is None or full['turn'] != item['turn']:
                full = item
                out.append(record(**item))
            else:
                out.append(short(item['event'], item['phase'], item['fields'], frames=item['frames'],
                                 distance=item['sequence'] - item['parent'] if item['parent'] else 0,
                                 stamp=item['host_ns'] - full['host_ns']))
        return out

    def bytes(self, records_a_block=1000):
        blocks = [self.records[i:i + records_a_block] for i in range(0, len(self.records), records_a_block)]
        return header(list(self.events.values()), self.modules) + b''.join(block(self.encoded(b)) for b in blocks)
