# SPDX-License-Identifier: GPL-2.0-or-later
"""rpl_writer.py - writes recordings from Python; made from docs/formats/recording.md alone, not from Replug's writer.

    session = Recording(arguments=['-machine', 'pc'])
    session.turn('exit', pio(0xb2, b'\\xf1'), now_ns=1500, vcpu=0)
    session.effect('kvm_call', irq_line(9, 1))
    session.end(state=b'...')
    open('session.rpl', 'wb').write(session.bytes())
"""
import struct

from rpt_writer import xxh3

HEADER, RECORDS, INDEX, END = 1, 2, 3, 4
GROUPS = ('turn', 'input', 'effect', 'end')
TURNS = ('build', 'start', 'command', 'exit', 'console', 'timer', 'signal', 'teardown', 'block', 'packet', 'interval')
INPUTS = ('kvm_call', 'coalesced', 'dma_read', 'realtime', 'host_fact', 'file', 'memory_call')
EFFECTS = ('kvm_call', 'exit_answer', 'console', 'reply', 'event', 'dma_write', 'memory_call', 'end', 'block',
           'state_layout', 'packet')
KINDS = {'turn': TURNS, 'input': INPUTS, 'effect': EFFECTS, 'end': ('',)}


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def signed(value):
    value = (value + (1 << 63)) % (1 << 64) - (1 << 63)
    return varint(-2 * value - 1 if value < 0 else 2 * value)


def string(text):
    return struct.pack('<I', len(text.encode())) + text.encode()


def frame(kind, payload, *, record_count=0, sequence=0, turn=0, ended=0, digest=0, carry=0, checksum=None, magic=b'RPLF'):
    head = struct.pack('<4sBBHIIIIQQQQQ', magic, kind, 0, 0, len(payload), len(payload), carry, record_count, sequence, turn, ended, digest,
                       xxh3(payload) if checksum is None else checksum)
    return head + struct.pack('<Q', xxh3(head)) + payload


def header(arguments=(), *, major=1, minor=1, program='replug test', build_id='abcd', schema=0x1234, realtime_us=1700000000123456, more=b''):
    payload = struct.pack('<HH', major, minor) + string(program) + string(build_id) + struct.pack('<I', len(arguments))
    payload += b''.join(string(a) for a in arguments) + struct.pack('<Qq', schema, realtime_us) + more
    return frame(HEADER, payload)


class Recording:
    """Records, gathered into frames; a frame ends where cut() is called and with the last turn."""

    def __init__(self, **head):
        self.header = header(**head)
        self.frames, self.index = [], []
        self.sequence, self.number, self.ended, self.state, self.last = 0, -1, 0, b'', -1
        self._begin()

    def _begin(self, turn=None):
        self.records, self.count, self.first_sequence, self.first_turn, self.context = [], 0, self.sequence, turn, (0, 0)

    def _add(self, group, kind, payload, context=b''):
        number = kind if isinstance(kind, int) else KINDS[group].index(kind)
        self.records.append(bytes([GROUPS.index(group) | number << 3]) + context + varint(len(payload)) + payload)
        self.count += 1
        self.sequence += 1

    def turn(self, kind, payload=b'', *, now_ns=0, icount=0, vcpu=-1, step=1):
        self.number += step
        if self.first_turn is None:
            self.first_turn = self.base = self.number
        context = varint(self.number - self.base) + signed(now_ns - self.context[0]) + signed(icount - self.context[1]) + varint(vcpu + 1)
        self.context, self.base = (now_ns, icount), self.number
        self._add('turn', kind, payload, context)

    def input(self, kind, payload=b''):
        self._add('input', kind, payload)

    def effect(self, kind, payload=b''):
        self._add('effect', kind, payload)

    def end(self, state=None):
        """All of a state is written when it has another size than before, else one run."""
        change = b''
        if state is not None and state != self.state:
            differs = [i for i, b in enumerate(state) if len(state) != len(self.state) or b != self.state[i]]
            run = state[differs[0]:differs[-1] + 1] if differs else b''
            change = varint(len(state)) + (varint(differs[0]) + varint(len(run)) + run if run else b'')
            self.state = state
        self._add('end', 0, change)
        self.ended += 1

    def cut(self, **damage):
        if self.records:
            self.frames.append(frame(RECORDS, b''.join(self.records), **({
                'record_count': self.count, 'sequence': self.first_sequence, 'turn': self.first_turn, 'ended': self.ended,
                'digest': xxh3(self.state)} | damage)))
        in_turn = self.number if self.records and self.records[-1][0] != GROUPS.index('end') else None
        self._begin(in_turn)
        self.base = self.number

    def bytes(self, *, index=True, end=True):
        self.cut()
        at, entries = len(self.header), b''
        for data in self.frames:
            sequence, turn, ended = struct.unpack_from('<QQQ', data, 24)
            entries += struct.pack('<QQQQ', at, turn, sequence, ended)
            at += len(data)
        last = {'sequence': self.sequence, 'turn': max(self.number, 0), 'ended': self.ended, 'digest': xxh3(self.state)}
        out = self.header + b''.join(self.frames)
        if index and entries:
            out += frame(INDEX, entries, **last)
        if end:
            count = 1 + len(self.frames) + bool(index and entries)
            out += frame(END, struct.pack('<QQQQQ', at if index and entries else 0, count, self.ended, self.sequence, xxh3(self.state)), **last)
        return out


# Payloads (docs/determinism.md).

def exit_payload(kind, gpa=0, data=None, *, size=0, count=0, details=()):
    written = data or b''
    if data is not None:
        size, count = size or len(data), count or 1
    return (struct.pack('<BBBBIQ', kind, data is not None, size, len(details), count, gpa) + written
            + b''.join(struct.pack('<Q', d) for d in details))


def pio_out(port, data, **more):
    return exit_payload(1, port, data, **more)


def pio_in(port, size, count=1):
    return exit_payload(1, port, None, size=size, count=count)


def mmio_write(gpa, data):
    return exit_payload(2, gpa, data)


def mmio_read(gpa, size):
    return exit_payload(2, gpa, None, size=size, count=1)


def command(text, client=0):
    return struct.pack('<I', client) + text.encode()


def console(label, data):
    return label.encode() + b'\0' + data


def kvm_call(request, argument=b'', target=1, vcpu=0):
    return struct.pack('<BBI', target, vcpu, request) + argument


def irq_line(gsi, level):
    return kvm_call(0x4008ae61, struct.pack('<II', gsi, level))


def memory_region(slot, gpa, size, flags=0):
    return kvm_call(0x4020ae46, struct.pack('<IIQQQ', slot, flags, gpa, size, 1))


def result(number, data=b''):
    return struct.pack('<i', number) + data
