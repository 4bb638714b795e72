# SPDX-License-Identifier: GPL-2.0-or-later
"""ctf_writer.py - writes CTF 1.8 folders as LTTng does, with the payloads of docs/formats/trace.md; made from the CTF specification.

    write_ctf(folder, events, streams, modules)     events as for rpt_writer.Trace, a stream is a list of Ctf objects' bytes
"""
import pathlib
import struct

from rpt_writer import ENTER, INSTANT, LEAVE, FIXED, NO_VCPU

UUID = bytes(range(16))
CONTEXT = ('sequence', 'turn', 'now_ns', 'icount', 'span', 'parent')
SUFFIX = {INSTANT: '', ENTER: '_enter', LEAVE: '_leave'}
HEAD = '''/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace { major = 1; minor = 8; uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f"; byte_order = le;
    packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; }; };
clock { name = "monotonic"; freq = 1000000000; offset = 1700000000000000000; };
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock_t;
stream { id = 0; packet.context := struct { clock_t timestamp_begin; clock_t timestamp_end; uint64_t content_size;
        uint64_t packet_size; uint64_t events_discarded; };
    event.header := struct { uint32_t id; clock_t timestamp; }; };
'''


def metadata_field(kind, name):
    if kind == 'str':
        return f'string _{name};'
    bits = 8 if kind == 'bool' else int(kind[1:])
    return (f'integer {{ size = {bits}; align = 8; signed = {"true" if kind[0] == "i" else "false"};'
            f' base = {16 if kind[0] == "x" else 10}; }} _{name};')


def metadata(classes):
    out = HEAD
    for number, (name, fields, has_context) in enumerate(classes):
        context = ''.join(f'uint64_t _rp_{c};' for c in CONTEXT) if has_context else ''
        context += 'uint16_t _rp_vcpu; uint32_t __rp_backtrace_length; uint64_t _rp_backtrace[ __rp_backtrace_length ];' if context else ''
        out += (f'event {{ name = "{name}"; id = {number}; stream_id = 0; fields := struct {{ {context}'
                + ''.join(metadata_field(*f) for f in fields) + ' }; };\n')
    return out


def encode(kind, value):
    return value.encode() + b'\0' if kind == 'str' else struct.pack('<' + FIXED[kind], value)


def packet(events, discarded, time=0):
    body = b''.join(data for _, data in events)
    times = [time for time, _ in events] or [time]
    bits = (24 + 40 + len(body)) * 8
    return struct.pack('<I16sI5Q', 0xc1fc1fc1, UUID, 0, times[0], times[-1], bits, bits, discarded) + body


class Ctf:
    """Events of one folder; each is bytes that belong into some stream."""

    def __init__(self, events):
        self.classes = []
        self.numbers = {}
        for event in events:
            phases = (ENTER, LEAVE) if event['kind'] == 'span' else (INSTANT,)
            for phase in phases:
                fields = event['results' if phase == LEAVE else 'fields']
                self.numbers[event['id'], phase] = self.add_class(f'replug:{event["name"]}{SUFFIX[phase]}', fields)

    def add_class(self, name, fields, has_context=True):
        self.classes.append((name, fields, has_context))
        return len(self.classes) - 1

    def event(self, number, time, values, *, sequence=None, frames=(), frame_count=None, vcpu=NO_VCPU, **context):
        _, fields, has_context = self.classes[number]
        out = struct.pack('<IQ', number, time)
        if has_context:
            context['sequence'] = sequence
            out += b''.join(struct.pack('<Q', context.get(c, 0)) for c in CONTEXT) + struct.pack('<H', vcpu)
            out += struct.pack('<I', len(frames) if frame_count is None else frame_count) + b''.join(struct.pack('<Q', f) for f in frames)
        return time, out + b''.join(encode(kind, value) for (kind, _), value in zip(fields, values))

    def instant(self, ident, sequence, time, *values, **more):
        return self.event(self.numbers[ident, INSTANT], time, values, sequence=sequence, **more)

    def enter(self, ident, sequence, time, *values, **more):
        return self.event(self.numbers[ident, ENTER], time, values, sequence=sequence, span=sequence, **more)

    def leave(self, ident, sequence, time, span, *values, **more):
        return self.event(self.numbers[ident, LEAVE], time, values, sequence=sequence, span=span, **more)

    def write(self, folder, *streams, lost=0):
        """One file for each stream, each of one packet; the last one gets a second packet before which events were lost."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True)
        (folder / 'metadata').write_text(metadata(self.classes))
        for index, events in enumerate(streams):
            packets = packet(events, 0)
            if lost and index == len(streams) - 1:
                packets += packet([], lost, events[-1][0])
            (folder / f'channel0_{index}').write_bytes(packets)
