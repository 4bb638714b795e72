#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rpl_reader.py - reads and checks a recording, written from docs/formats/recording.md alone.

usage: rpl_reader.py FILE        prints one record a line; exit status 1 when the file breaks the format
"""
import collections
import ctypes
import struct
import sys

MIB = 1 << 20
FRAME_MAX, PAYLOAD_MAX, STATE_MAX = 16 * MIB, 256 * MIB, 16 * MIB
HEADER, RECORDS, INDEX, END, CHECKPOINT, PART, PARTS_END = 1, 2, 3, 4, 5, 6, 7
PART_MAX = 4 * MIB + 4
GROUPS = ('turn', 'input', 'effect', 'end')
XXHASH = ctypes.CDLL('libxxhash.so.0')
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
ZSTD = ctypes.CDLL('libzstd.so.1')
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

Frame = collections.namedtuple('Frame', 'number offset type raw carry record_count first_sequence first_turn turns_ended digest')
Header = collections.namedtuple('Header', 'major minor program build_id arguments schema realtime_us')
Checkpoint = collections.namedtuple('Checkpoint', 'turn now_ns icount parts')
Record = collections.namedtuple('Record', 'sequence group kind turn now_ns icount vcpu payload')


class Damage(Exception):
    pass


class Unsupported(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damage(what)


def xxh3(data):
    return XXHASH.XXH3_64bits(bytes(data), ctypes.c_size_t(len(data)))


def decompress(stored, raw_length):
    raw = ctypes.create_string_buffer(raw_length)
    got = ZSTD.ZSTD_decompress(raw, raw_length, stored, len(stored))
    need(got == raw_length, 'payload does not decompress to its length')
    return raw.raw


def read_frame(data, number, offset):
    need(len(data) - offset >= 72, 'cut')
    head = data[offset:offset + 72]
    (magic, kind, coding, zero, stored_length, raw_length, carry, record_count, sequence, turn, ended, digest, checksum,
     head_sum) = struct.unpack('<4sBBHIIIIQQQQQQ', head)
    need(magic == b'RPLF', 'magic')
    need(xxh3(head[:64]) == head_sum, 'header checksum')
    need(coding in (0, 1) and zero == 0, 'coding')
    need(1 <= stored_length <= FRAME_MAX and 1 <= raw_length <= FRAME_MAX, 'length')
    need(coding == 1 or stored_length == raw_length, 'two lengths')
    need(carry <= PAYLOAD_MAX, 'carry')
    stored = data[offset + 72:offset + 72 + stored_length]
    need(len(stored) == stored_length, 'cut')
    need(xxh3(stored) == checksum, 'checksum')
    need(coding == 0 or kind not in (HEADER, END), 'coding')
    raw = decompress(stored, raw_length) if coding else stored
    return Frame(number, offset, kind, raw, carry, record_count, sequence, turn, ended, digest), offset + 72 + stored_length


class Cursor:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, count):
        need(count <= len(self.data) - self.at, 'cut')
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack('<' + form, self.take(struct.calcsize(form)))[0]

    def string(self, limit):
        length = self.number('I')
        need(length <= limit, f'string of {length} bytes')
        text = self.take(length)
        need(b'\0' not in text, 'NUL in a string')
        return text.decode('utf-8')

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                need(value < 1 << 64 and (byte != 0 or shift == 7), 'varint')
                return value
            need(shift < 70, 'varint')

    def signed(self):
        value = self.varint()
        return -(value + 1) // 2 if value & 1 else value // 2


def read_header(raw):
    cursor = Cursor(raw)
    major, minor = cursor.number('H'), cursor.number('H')
    program, build_id = cursor.string(256), cursor.string(256)
    if major != 1:
        raise Unsupported(f'format {major}.{minor}, written by {program} {build_id}')
    count = cursor.number('I')
    need(count <= 65536, 'argument count')
    arguments = [cursor.string(131072) for _ in range(count)]
    schema, realtime = cursor.number('Q'), cursor.number('q')
    need(minor > 2 or cursor.at == len(raw), 'bytes behind the header')
    return Header(major, minor, program, build_id, arguments, schema, realtime)


def apply_change(state, change):
    if not change:
        return state
    cursor = Cursor(change)
    size = cursor.varint()
    need(size <= STATE_MAX, 'size of the state')
    runs, place = [], 0
    while cursor.at < len(change):
        place += cursor.varint()
        data = cursor.take(cursor.varint())
        need(data and place + len(data) <= size, 'run')
        runs.append((place, data))
        place += len(data)
    if size != len(state):
        need([(at, len(data)) for at, data in runs] == ([(0, size)] if size else []), 'a new size without all bytes')
        state = bytes(size)
    state = bytearray(state)
    for at, data in runs:
        state[at:at + len(data)] = data
    return bytes(state)


class Reader:
    """All of a file; what is in front of damage, and the damage."""

    def __init__(self, data):
        self.records, self.index, self.frames, self.checkpoints, self.open_checkpoint = [], [], [], [], None
        self.state, self.turns_ended, self.sequence, self.turn = b'', 0, 0, None
        self.in_turn, self.open_record, self.missing = False, None, 0
        self.damage, self.end, self.has_index = None, None, False
        first, at = read_frame(data, 0, 0)
        need(first.type == HEADER, 'no header')
        self.header = read_header(first.raw)
        number, index_offset = 1, 0
        while at < len(data) and not self.damage:
            try:
                need(self.end is None, 'bytes behind the end')
                frame, next_at = read_frame(data, number, at)
                if frame.type == INDEX:
                    index_offset = at
                self.take_frame(frame, index_offset)
                number, at = number + 1, next_at
            except Damage as damage:
                self.damage = f'frame {number} at byte {at}: {damage}'
        self.sound_bytes = at

    def take_frame(self, frame, index_offset):
        need(frame.type != HEADER, 'a second header')
        if frame.type == RECORDS:
            need(index_offset == 0, 'records behind the index')
            self.take_records(frame)
            self.index.append((frame.offset, frame.first_turn, frame.first_sequence, frame.turns_ended))
        elif frame.type == INDEX:
            need(index_offset == frame.offset and not self.has_index, 'a second index')
            self.has_index = True
            need(len(frame.raw) % 32 == 0, 'index')
            need(list(struct.iter_unpack('<QQQQ', frame.raw)) == self.index, 'index')
        elif frame.type == END:
            need(len(frame.raw) == 40, 'end')
            end = struct.unpack('<QQQQQ', frame.raw)
            need(end == (index_offset, frame.number, self.turns_ended, self.sequence, xxh3(self.state)), f'end {end}')
            self.end = end
        self.take_checkpoint(frame)

    def take_checkpoint(self, frame):
        if frame.type == CHECKPOINT:
            need(len(frame.raw) >= 24 and not self.in_turn, 'checkpoint')
            self.open_checkpoint = Checkpoint(*struct.unpack_from('<QQQ', frame.raw), [])
            need(frame.raw[24:] == self.state and self.open_checkpoint.turn == self.turn, 'state of a checkpoint')
        elif frame.type == PART and self.open_checkpoint is not None:
            need(5 <= len(frame.raw) <= PART_MAX, 'part')
            self.open_checkpoint.parts.append((struct.unpack_from('<I', frame.raw)[0], frame.raw[4:]))
        else:
            if frame.type == PARTS_END and self.open_checkpoint is not None:
                need(frame.raw == bytes(4), 'end of a checkpoint')
                kinds = [kind for kind, _ in self.open_checkpoint.parts]
                need(kinds[:1] == [0] and kinds.count(0) == 1, 'parts')
                self.checkpoints.append(self.open_checkpoint)
            self.open_checkpoint = None

    def take_records(self, frame):
        need(frame.first_sequence == self.sequence, 'first sequence')
        need(frame.carry == self.missing, 'carry')
        need(not self.in_turn or frame.first_turn == self.turn, 'first turn')
        cursor = Cursor(frame.raw)
        if self.missing:
            part = cursor.take(min(self.missing, len(frame.raw)))
            self.open_record = self.open_record._replace(payload=self.open_record.payload + part)
            self.missing -= len(part)
            if not self.missing:
                self.finish_record()
        context = [frame.first_turn, 0, 0]
        for number in range(frame.record_count):
            self.take_record(frame, cursor, context, number)
        need(cursor.at == len(frame.raw), 'bytes behind the records')
        need(self.turns_ended == frame.turns_ended, 'turns ended')
        need(xxh3(self.state) == frame.digest, 'state digest')

    def take_record(self, frame, cursor, context, number):
        tag = cursor.take(1)[0]
        need(tag & 7 < len(GROUPS), 'group')
        group, vcpu, times = GROUPS[tag & 7], None, (None, None)
        if group == 'turn':
            difference = cursor.varint()
            need(not self.in_turn, 'a turn in a turn')
            need(difference > 0 or (number == 0 and frame.carry == 0), 'turn number')
            need(self.turn is None or context[0] + difference > self.turn, 'turn number')
            context[:] = context[0] + difference, (context[1] + cursor.signed()) % (1 << 64), (context[2] + cursor.signed()) % (1 << 64)
            self.turn, times, self.in_turn = context[0], context[1:], True
            vcpu = cursor.varint() - 1
            need(-1 <= vcpu < 65535, 'vCPU')
        need(self.in_turn, 'a record outside of turns')
        length = cursor.varint()
        need(length <= PAYLOAD_MAX, 'payload length')
        part = cursor.take(min(length, len(frame.raw) - cursor.at))
        self.open_record = Record(self.sequence, group, tag >> 3, self.turn, *times, vcpu, part)
        self.sequence += 1
        self.missing = length - len(part)
        if not self.missing:
            self.finish_record()

    def finish_record(self):
        record = self.open_record
        if record.group == 'end':
            need(record.kind == 0, 'kind of an end')
            self.state = apply_change(self.state, record.payload)
            self.turns_ended += 1
            self.in_turn = False
        self.records.append(record)


def text_of(record):
    text = f'{record.sequence} {record.turn} {record.group} {record.kind}'
    if record.group == 'turn':
        text += f' now={record.now_ns} icount={record.icount} vcpu={record.vcpu}'
    return f'{text} {len(record.payload)} {xxh3(record.payload):016x}'


def main():
    try:
        with open(sys.argv[1], 'rb') as file:
            reader = Reader(file.read())
    except (Damage, Unsupported, ValueError) as bad:
        sys.exit(f'{sys.argv[1]}: {bad}')
    print(reader.header)
    for record in reader.records:
        print(text_of(record))
    print(f'{reader.turns_ended} turns, state digest {xxh3(reader.state):016x}, {"complete" if reader.end else "no end"}')
    if reader.damage:
        sys.exit(f'{sys.argv[1]}: {reader.damage}')


if __name__ == '__main__':
    main()
