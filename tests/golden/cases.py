# SPDX-License-Identifier: GPL-2.0-or-later
"""cases.py - the traces that golden.py runs tracedump on: whole ones first, then each kind of damage."""
import collections
import json

from rpt_writer import (ENTER, INSTANT, LEAVE, Trace, block, encode_fields, frame, header, instant, record, short, span)



class Case(collections.namedtuple('Case', 'name data commands')):
    """data: a trace's bytes, or files' by their names, or None."""

    def files(self):
        return self.data if isinstance(self.data, dict) else {} if self.data is None else {'trace.rpt': self.data}


BEGIN, COMMIT, RESET, PLUG, MEMORY, ANNOUNCE, IRQ, RANGE, EVENT = range(1, 10)
EVENTS = [
    span(BEGIN, 'memory_region_transaction_begin', [('u32', 'depth')]),
    span(COMMIT, 'memory_region_transaction_commit', [('u32', 'depth')], [('bool', 'rendered')]),
    span(RESET, 'flatviews_reset', [('u32', 'address_spaces')]),
    span(PLUG, 'pc_dimm_plug', [('str', 'device'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('i32', 'slot')], [('bool', 'ok')]),
    span(MEMORY, 'pc_dimm_memory_plug'),
    span(ANNOUNCE, 'piix4_device_plug_cb', [('str', 'device')], [('bool', 'ok')]),
    span(IRQ, 'qemu_set_irq', [('u32', 'line'), ('bool', 'level')]),
    instant(RANGE, 'flat_range_added', [('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region')]),
    instant(EVENT, 'external_event', [('str', 'kind')]),
]
MODULES = [{'path': '/no/such/folder/replug', 'build_id': 'abcd', 'code_start': 4096}, {'path': 'linux-vdso.so.1', 'build_id': ''}]


def plug(trace, device, frames=None):
    trace.instant(EVENT, 'qmp')
    trace.enter(PLUG, device, 0x100000000, 256 << 20, -1, frames=frames)
    trace.enter(MEMORY)
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.enter(COMMIT, 0)
    trace.enter(RESET, 2)
    trace.leave()
    trace.instant(RANGE, 0x100000000, 256 << 20, device, frames=frames)
    trace.leave(True)
    trace.leave()
    trace.enter(ANNOUNCE, device)
    trace.enter(IRQ, 9, True)
    trace.enter(IRQ, 9, True)
    trace.leave()
    trace.leave()
    trace.leave(True)
    trace.leave(True)


def two_plugs(frames=None):
    trace = Trace(EVENTS, MODULES)
    trace.turn(2, 1500)
    plug(trace, 'dimm0', frames)
    trace.turn(3, 123456789, vcpu=1)
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.turn(4, 9876543210)
    plug(trace, 'dimm1', frames)
    return trace


def every_type():
    types = ['u8', 'u16', 'u32', 'u64', 'i32', 'i64', 'bool', 'x8', 'x16', 'x32', 'x64', 'str']
    trace = Trace([instant(1, 'every_type', [(t, 'a_' + t) for t in types]), instant(2, 'nothing'), span(65535, 'empty')])
    trace.instant(1, 0, 0, 0, 0, 0, 0, False, 0, 0, 0, 0, '')
    trace.instant(1, 2**8 - 1, 2**16 - 1, 2**32 - 1, 2**64 - 1, -2**31, -2**63, True, 0xff, 0xffff, 0xffffffff, 2**64 - 1, 'x' * 40)
    trace.instant(1, 1, 2, 3, 4, 5, 6, True, 7, 8, 9, 10, 'a"b\\c\n\t\r\a\b\f\v\x7f\0001 é 漢 \u009b \u202e'.encode() + b'\xff\xc3')
    trace.instant(2)
    trace.enter(65535)
    trace.leave()
    return trace.bytes()


def record_of(event, phase, sequence, *values, **context):
    fields = EVENTS[event - 1]['results' if phase == LEAVE else 'fields']
    return record(event, phase, encode_fields(fields, values), sequence=sequence, **context)


def short_of(event, phase, distance, *values, **more):
    return short(event, phase, encode_fields(EVENTS[event - 1]['results' if phase == LEAVE else 'fields'], values), distance=distance, **more)


def short_records():
    """All that a short record takes over from the one before, after each phase; and what host time becomes of stamps."""
    context = {'turn': 7, 'now_ns': 7000, 'icount': 77, 'vcpu': 2}
    return header(EVENTS) + block([
        record_of(EVENT, INSTANT, 100, 'begin', parent=99, host_ns=1000, **context),
        short_of(COMMIT, ENTER, 2, 1, stamp=1000),
        short_of(RESET, ENTER, 1, 1, stamp=2000, frames=STACK),
        short_of(EVENT, INSTANT, 1, 'in two', stamp=3000),
        short_of(RESET, LEAVE, 3, stamp=2**32 - 1),
        short_of(COMMIT, LEAVE, 0, True),
        short_of(EVENT, INSTANT, 0, 'in none'),
        record_of(COMMIT, LEAVE, 120, False, span=90, parent=80, turn=8, now_ns=8000, host_ns=999),
        short_of(RESET, LEAVE, 41),
        short_of(BEGIN, ENTER, 0xffff - 65500, 3, stamp=4),
    ], clock=(1000, 10**9, 5000, 10**9 + 1000)) + block([
        record_of(EVENT, INSTANT, 2**64 - 1, 'last', host_ns=2**64 - 1), short_of(EVENT, INSTANT, 0, 'first', stamp=5)])


def odd_nesting():
    """Leaves and enters that are missing, as after lost records or where events were switched, and spans open at the end."""
    return header(EVENTS) + block([
        record_of(COMMIT, LEAVE, 10, True, span=4, parent=1, turn=1),
        record_of(PLUG, ENTER, 11, 'dimm0', 0, 0, 0, span=11, turn=2),
        record_of(MEMORY, ENTER, 12, span=12, parent=11, turn=2),
        record_of(COMMIT, LEAVE, 14, True, span=0, parent=12, turn=2),
        record_of(ANNOUNCE, ENTER, 20, 'dimm0', span=20, parent=11, turn=2),
        record_of(BEGIN, ENTER, 30, 0, span=30, turn=3),
    ], lost=3) + block([
        record_of(COMMIT, ENTER, 31, 0, span=31, parent=30, turn=3),
        record_of(BEGIN, LEAVE, 40, span=30, turn=3),
        record_of(BEGIN, ENTER, 50, 0, span=50, turn=4),
        record_of(RESET, ENTER, 51, 1, span=51, parent=50, turn=4),
    ], lost=0xffffffff)


def deep(levels):
    trace = Trace([span(1, 'down')])
    for _ in range(levels):
        trace.enter(1)
    for _ in range(levels):
        trace.leave()
    return trace.bytes()


def newer_minor():
    events = EVENTS + [instant(20, 'from_the_future', [('u128', 'wide'), ('u8', 'narrow')])]
    events[0] = events[0] | {'colour': {'deep': [[], {}, -1.5e3, None, True, '\u00e9\ud83d\ude00\n']}}
    return header(events, minor=7, extra={'more': [1, {'a': 'b'}]}) + block([
        record_of(BEGIN, ENTER, 1, 5, span=1),
        record(20, INSTANT, bytes(range(17)), sequence=2, parent=1),
        record(77, INSTANT, b'\x01\xff', sequence=3, parent=1),
        record(78, INSTANT, b'', sequence=4, parent=1),
        record_of(BEGIN, LEAVE, 5, span=1),
    ])


def head(**options):
    return header(EVENTS, **options)


def text_header(**keys):
    return header(EVENTS, text=json.dumps({'events': [], 'modules': []} | keys))


GOOD = two_plugs().bytes(7)
FIRST = record_of(BEGIN, ENTER, 1, 0, span=1)
SECOND = record_of(BEGIN, LEAVE, 2, span=1)
PAIR = block([FIRST, SECOND])
SHOW = [['show', 'trace.rpt']]
STACK = [frame(0, 0x1234), frame(1, 0x10), frame(0xffff, 0xffff), frame(9, 1)]


def bad_event(**changes):
    return text_header(events=[{k: v for k, v in ({'id': 1, 'name': 'a', 'kind': 'span'} | changes).items() if v is not None}])


def small():
    """All that a trace can hold, in few bytes: damage_trace.c tries each of them."""
    trace = Trace([span(1, 'a', [('u8', 'b'), ('str', 'c')], [('bool', 'd')]), instant(9, 'e', [('i32', 'f'), ('x64', 'g')])],
                  MODULES[:1])
    trace.enter(1, 1, 'text', frames=STACK)
    trace.instant(9, -2, 3)
    trace.leave(True)
    trace.instant(9, 4, 5, frames=STACK[:1])
    trace.records.append(record(8, INSTANT, b'unknown', sequence=5))
    return trace.bytes(3)


CASES = [
    Case('usage', None, [[], ['help'], ['help', 'show'], ['help', 'chains'], ['help', 'backtraces'], ['show', '--help'],
                         ['help', 'nothing'], ['nothing'], ['show'], ['show', 'a', 'b'], ['show', '--nothing', 'a'],
                         ['chains', '--from'], ['backtraces', '--event'], ['show', 'missing.rpt'], ['show', '.']]),
    Case('show', GOOD, [['show', 'trace.rpt'], ['show', '--tree', 'trace.rpt'],
                        ['show', '--host-time', '--filter', '*irq', 'trace.rpt'],
                        ['show', '--tree', '--filter', 'pc_*,flat*', '--filter', 'qemu_set_irq', 'trace.rpt'],
                        ['show', '--filter', 'nothing', 'trace.rpt'], ['show', '--', 'trace.rpt']]),
    Case('filter', GOOD, [['help', 'filter'],
                          ['show', '--from', 'pc_dimm_plug(device=dimm1)', '--to', 'flatviews_reset', 'trace.rpt'],
                          ['show', '--from', 'turn=3', '--to', '1s', 'trace.rpt'],
                          ['show', '--tree', '--filter', 'within pc_dimm_plug(device=dimm1) and (*irq or flat* or slot<0)', 'trace.rpt'],
                          ['show', '--filter', 'slto=1', 'trace.rpt'],
                          ['chains', '--filter', 'not within memory_region_transaction_commit', 'trace.rpt'],
                          ['diff', '--to', 'turn=3', 'trace.rpt', 'trace.rpt'],
                          ['show', '--filter', 'kvm_* and slot=5..1', 'trace.rpt'],
                          ['show', '--filter', 'device ~ /(/', 'trace.rpt'],
                          ['show', '--from', 'turn=', 'trace.rpt'], ['diff', '--to', '12', 'trace.rpt', 'trace.rpt']]),
    Case('types', every_type(), SHOW + [['show', '--json', 'trace.rpt']]),
    Case('chains', GOOD, [['chains', 'trace.rpt'], ['chains', '--from', 'pc_dimm_memory_plug', 'trace.rpt'],
                          ['chains', '--through', 'qemu_set_irq', 'trace.rpt'],
                          ['chains', '--from', 'pc_*,*commit', '--through', '*reset', 'trace.rpt'],
                          ['chains', '--from', 'qemu_set_irq', 'trace.rpt'], ['chains', '--from', 'nothing', 'trace.rpt'],
                          ['chains', '--filter', 'pc_dimm_plug,qemu_*', 'trace.rpt']]),
    Case('odd-nesting', odd_nesting(), [['show', '--tree', 'trace.rpt'], ['chains', 'trace.rpt']]),
    Case('short', short_records(), [['show', '--host-time', 'trace.rpt'], ['show', '--tree', 'trace.rpt'], ['chains', 'trace.rpt'], ['backtraces', 'trace.rpt']]),
    Case('deep', deep(300), [['chains', 'trace.rpt']]),
    Case('backtraces', two_plugs(STACK).bytes(), [['backtraces', 'trace.rpt'], ['backtraces', '--count', 'trace.rpt'],
                                                  ['backtraces', '--event', 'flat*', '--host-time', 'trace.rpt'],
                                                  ['backtraces', '--event', 'nothing', 'trace.rpt']]),
    Case('newer-minor', newer_minor(), [['show', 'trace.rpt'], ['chains', 'trace.rpt']]),
    Case('small', small(), [['show', 'trace.rpt'], ['backtraces', '--count', 'trace.rpt']]),
    Case('no-events', head(), [['show', 'trace.rpt'], ['chains', 'trace.rpt'], ['backtraces', 'trace.rpt']]),

    Case('bad-empty', b'', SHOW),
    Case('bad-magic', b'RPLTRACF' + GOOD[8:], SHOW),
    Case('bad-short', GOOD[:23], SHOW),
    Case('bad-major', head(major=1), SHOW),
    Case('bad-major-newer', head(major=3), SHOW),
    Case('bad-header-checksum', head(checksum=1), SHOW),
    Case('bad-header-length', head(length=(16 << 20) + 1), SHOW),
    Case('bad-header-cut', GOOD[:100], SHOW),
    Case('bad-header-json', header(EVENTS, text='{"events": [}'), SHOW),
    Case('bad-header-utf8', header(EVENTS, text=b'{"events": "\xff"}'), SHOW),
    Case('bad-header-depth', header(EVENTS, text='{"more": ' + '[' * 100000), SHOW),
    Case('bad-header-tail', header(EVENTS, text='{} {}'), SHOW),
    Case('bad-event-id', bad_event(id=65536), SHOW),
    Case('bad-event-no-name', bad_event(name=None), SHOW),
    Case('bad-event-name', bad_event(name='a\x1b[31m'), SHOW),
    Case('bad-event-long-name', bad_event(name='a' * 256), SHOW),
    Case('bad-event-kind', bad_event(kind='moment'), SHOW),
    Case('bad-event-field', bad_event(fields=[[], 'u8']), SHOW),
    Case('bad-event-field-long', bad_event(fields=[['u8', 'a', 'b']]), SHOW),
    Case('bad-event-twice', header(EVENTS + EVENTS), SHOW),
    Case('bad-module', text_header(modules=[{}]), SHOW),

    Case('damaged-cut-head', head() + PAIR + PAIR[:10], SHOW),
    Case('damaged-cut-payload', head() + PAIR + PAIR[:-1], SHOW),
    Case('damaged-checksum', head() + PAIR + block([FIRST, SECOND], checksum=0) + PAIR, SHOW),
    Case('damaged-magic', head() + PAIR + b'RBLX' + PAIR[4:] + PAIR, SHOW),
    Case('damaged-length', head() + PAIR + block([], length=(16 << 20) + 1), SHOW),
    Case('damaged-lying-length', head() + PAIR + block([FIRST], length=16 << 20), SHOW),
    Case('damaged-count-low', head() + block([FIRST, SECOND], count=1) + PAIR, SHOW),
    Case('damaged-count-high', head() + block([FIRST, SECOND], count=3) + PAIR, SHOW),
    Case('damaged-record-short', head() + block([FIRST, record(BEGIN, ENTER, b'', sequence=9, length=63)]) + PAIR, SHOW),
    Case('damaged-record-long', head() + block([FIRST, record(BEGIN, ENTER, b'', sequence=9, length=999)]) + PAIR, SHOW),
    Case('damaged-fields-short', head() + block([FIRST, record(BEGIN, ENTER, b'\0', sequence=9)]) + PAIR, SHOW),
    Case('damaged-fields-long', head() + block([FIRST, record(BEGIN, ENTER, b'\0' * 5, sequence=9)]) + PAIR, SHOW),
    Case('damaged-phase', head() + block([FIRST, record(BEGIN, 3, b'\0' * 4, sequence=9)]) + PAIR, SHOW),
    Case('damaged-kind', head() + block([FIRST, record(BEGIN, INSTANT, b'\0' * 4, sequence=9)]) + PAIR, SHOW),
    Case('damaged-bool', head() + block([FIRST, record(COMMIT, LEAVE, b'\2', sequence=9)]) + PAIR, SHOW),
    Case('damaged-string', head() + block([FIRST, record(EVENT, INSTANT, b'\xff\xffab', sequence=9)]) + PAIR, SHOW),
    Case('damaged-short-first', head() + PAIR + block([short_of(BEGIN, ENTER, 0, 0), FIRST]) + PAIR, SHOW),
    Case('damaged-short-length', head() + block([FIRST, short(BEGIN, LEAVE, b'', length=11)]) + PAIR, SHOW),
    Case('damaged-short-cut', head() + block([FIRST, short(BEGIN, LEAVE, b'')[:11]]) + PAIR, SHOW),
    Case('damaged-short-parent', head() + block([FIRST, short_of(BEGIN, ENTER, 2, 0)]) + PAIR, SHOW),
    Case('damaged-clock', head() + block([FIRST], clock=(2, 1, 1, 1)) + block([FIRST], clock=(1, 2, 1, 1)) + PAIR, SHOW),
    Case('damaged-no-clock', head() + block([b'\0' * 7], clock=(0, 0, 0)) + PAIR, SHOW),
    Case('damaged-all-over', head() + block([FIRST], checksum=0) * 25 + PAIR, SHOW),
]
