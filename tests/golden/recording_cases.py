# SPDX-License-Identifier: GPL-2.0-or-later
"""recording_cases.py - the recordings that golden.py runs tracedump on: whole ones, each kind of damage, and pairs that differ."""
import pathlib
import struct

from cases import BEGIN, EVENT, EVENTS, GOOD as TRACE, MEMORY, MODULES, PLUG, Case, head, plug, two_plugs
from rpl_writer import (Recording, command, console, exit_payload, header, irq_line, kvm_call, memory_region, mmio_read, mmio_write,
                        pio_in, pio_out, result)
from rpt_writer import Trace, block, instant

ARGUMENTS = ['-machine', 'pc', '-accel', 'kvm', '-append', "console=ttyS0 it's", '-m', '128M,slots=4,maxmem=1G', '']
STATE = bytes(range(64))
LAYOUT = b'machine clock_base_ns:8 irq_level:4\n/machine/pm status:2 slots[0].flags:2 rest:4*12\n'


def changed(state, at, value):
    return state[:at] + bytes([value]) + state[at + 1:]


def answers(session, *pairs):
    """Ioctls: what was called, and what KVM said."""
    for call, number in pairs:
        session.effect('kvm_call', call)
        session.input('kvm_call', result(number))


def add_plug(session, device, gpa, *, fails=False, slot=4, mark=1):
    session.turn('command', command(f'{{"execute":"device_add","arguments":{{"driver":"pc-dimm","id":"{device}","memdev":"ram0"}}}}', 1),
                 now_ns=2_000_000_000)
    session.input('coalesced', b'\0')
    if fails:
        answers(session, (memory_region(slot, gpa, 256 << 20), -12))
        session.effect('reply', b'{"error":{"class":"GenericError","desc":"kvm_set_user_memory_region: Cannot allocate memory"}}')
        session.end()
        return
    answers(session, (memory_region(slot, gpa, 256 << 20), 0), (irq_line(9, 1), 1))
    session.effect('reply', b'{"return":{}}')
    session.end(changed(session.state, 9, mark))


def session(*, realtime=1700000000123456, seed=b'\0', late_ns=0, extra=False, layout=None, **options):
    """One turn of each kind at least, one payload of each layout."""
    recording = Recording(arguments=ARGUMENTS, realtime_us=realtime)
    recording.turn('build')
    recording.effect('memory_call', struct.pack('<BQQ', 0, 0, 0) + b'ram0')
    recording.input('memory_call', struct.pack('<IQ', 0, 0))
    recording.effect('memory_call', struct.pack('<BQQ', 5, 128 << 20, 2 << 20) + b'private')
    recording.input('memory_call', struct.pack('<IQ', 12, 0))
    recording.input('file', b'\x7fELF' * 1000)
    recording.effect('dma_write', struct.pack('<QQQ', 0x100000, 4, 4096) + b'\x7fELF')
    recording.effect('dma_write', struct.pack('<QQQQ', 0x200000, 4000, 4000, 0x1122334455667788))
    answers(recording, (kvm_call(0xae03, struct.pack('<Q', 10), 0), 1), (kvm_call(0x4138ae84, b'\xee' * 312, 2, 3), 0),
            (kvm_call(0x8138ae83, bytes(312), 2, 3), 0),
            (kvm_call(0x12345678, b'\1\2', 1), 0), (kvm_call(0x4010ae67, struct.pack('<QII', 0xfed00000, 4096, 0)), 0))
    if layout:
        recording.effect('state_layout', layout)
    recording.end(STATE)
    recording.turn('start', now_ns=1000)
    recording.end()
    recording.turn('exit', pio_out(0xb2, b'\xf1'), now_ns=1500, vcpu=0)
    recording.end(changed(STATE, 8, 0xf1))
    recording.turn('exit', pio_in(0x61, 1), now_ns=1600, vcpu=1)
    recording.effect('exit_answer', b'\x30')
    recording.end()
    recording.turn('exit', pio_out(0x3f8, b'Hello, world', size=1, count=12), now_ns=1700, vcpu=1)
    recording.effect('console', console('serial0', b'Hello, "world"\n\0'))
    recording.end()
    recording.cut()
    recording.turn('exit', mmio_write(0xfed000f0, struct.pack('<I', 0x12345678)), now_ns=1_000_001_700, vcpu=0)
    recording.input('coalesced', b'\1')
    recording.input('coalesced', struct.pack('<QII8s', 0xfed00010, 4, 0, b'\3'))
    recording.input('coalesced', b'\0')
    recording.end()
    recording.turn('exit', mmio_read(0xfed000f0, 4), now_ns=1_000_001_800, vcpu=0)
    recording.input('dma_read', seed * 100)
    recording.effect('exit_answer', struct.pack('<I', 0x1000))
    recording.end()
    recording.turn('exit', exit_payload(7, details=(1, 0xffff)), now_ns=1_000_001_900, vcpu=0)
    recording.end()
    add_plug(recording, 'dimm0', 0x100000000, **options)
    if extra:
        recording.turn('timer', now_ns=2_500_000_000)
        recording.end()
    recording.turn('console', console('serial0', b'root\r'), now_ns=3_000_000_000 + late_ns)
    recording.end()
    recording.turn('timer', now_ns=3_000_000_100)
    recording.input('realtime', struct.pack('<q', realtime))
    recording.effect('event', b'ACPI_DEVICE_OST {"info":{"device":"dimm0"}}')
    recording.end()
    recording.turn('command', command('{"execute":"query-cpus-fast"}'), now_ns=3_000_000_200)
    recording.input('host_fact', struct.pack('<BQ', 0, 4711))
    recording.input('host_fact', b'\3')
    recording.input('host_fact', b'\2[{"label":"serial0"}]')
    recording.input('host_fact', b'\3\3No such file')
    recording.effect('reply', b'{"return":["' + 'é'.encode() * 600 + b'\x1b[31m"]}')
    recording.end()
    recording.turn('signal', now_ns=3_000_000_300)
    recording.effect('end', b'\0')
    recording.end()
    recording.turn('teardown', now_ns=3_000_000_300)
    recording.end(b'')
    return recording


def unknown_kinds():
    recording = Recording(minor=3, more=b'more')
    recording.turn('build', b'\xff' * 3)
    recording.input(31, b'new')
    recording.effect(30)
    recording.end()
    recording.turn(29, b'', now_ns=(1 << 64) - 5, icount=123456)
    recording.end()
    return recording.bytes()


def odd_payloads():
    """Each kind with a payload that is none of its."""
    recording = Recording()
    recording.turn('build')
    for kind in range(7):
        for payload in b'', b'\xff', b'\xff' * 13:
            recording.input(kind, payload)
    for kind in range(8):
        for payload in b'', b'\xff', b'\xff' * 27:
            recording.effect(kind, payload)
    recording.end()
    for kind in range(8):
        for payload in b'', b'\xff', b'\1\1\x08\x10' + b'\xff' * 12:
            recording.turn(kind, payload)
            recording.end()
    return recording.bytes()


WHOLE = session().bytes()
# replug -accel kvm -smp 2 with the guest acpi_memory: plug, a refused plug, unplug, quit.
REAL = (pathlib.Path(__file__).parent / 'real_session.rpl').read_bytes()
FRAMES = session()
FRAMES.cut()
HEAD, FIRST = FRAMES.header, FRAMES.frames[0]
SECOND = FRAMES.frames[1]
NAME = 'session.rpl'
ALL = ['events', '--inputs', '--effects', '--state', NAME]
VERIFY = [['verify', NAME]]


def recording_case(name, data, commands=None):
    return Case(name, {NAME: data}, commands or VERIFY + [['events', NAME]])


def cut_in_turn():
    recording = session()
    recording.turn('exit', pio_in(0x64, 1), now_ns=3_000_000_400, vcpu=0)
    return recording.bytes(index=False, end=False)


def wrong_digest():
    recording = session()
    recording.cut(digest=1)
    return recording.bytes()


def small():
    """All that a recording can hold, in few bytes: damage_trace.c tries each of them."""
    recording = Recording(arguments=['-S'])
    recording.turn('build')
    recording.input('kvm_call', result(-5, b'x'))
    recording.effect('dma_write', struct.pack('<QQQ', 1, 2, 3) + b'\1\2')
    recording.end(b'abc')
    recording.turn('exit', pio_out(1, b'\2'), now_ns=3, vcpu=0)
    recording.cut()
    recording.effect('kvm_call', irq_line(9, 1))
    recording.effect('memory_call', struct.pack('<BQQ', 5, 1, 2) + b'x')
    recording.end(b'abd')
    recording.turn('console', console('a', b'b'), now_ns=4)
    recording.input('coalesced', struct.pack('<QII8s', 1, 4, 0, b'\3'))
    recording.end(b'')
    return recording.bytes()


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


# Pairs of traces: the same but for sequence and host time, or with a difference.

def other_trace(change=None, *, device='dimm1', before=(), turn=4, now_ns=9876543210, ok=True):
    """two_plugs() with events in front, and another second plug."""
    trace = Trace(EVENTS, MODULES)
    for kind in before:
        trace.instant(EVENT, kind)
    trace.turn(2, 1500)
    plug(trace, 'dimm0')
    trace.turn(3, 123456789, vcpu=1)
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.turn(turn, now_ns)
    if change == 'twice':
        trace.instant(EVENT, 'timer')
        trace.instant(EVENT, 'timer')
    if change != 'none':
        plug(trace, device)
    if change == 'more':
        plug(trace, device)
    return trace


def full():
    """The same session with one more event switched on: sequence, spans' numbers and parents are others."""
    trace = Trace(EVENTS + [instant(10, 'timer_expired', [('u32', 'number')])], MODULES)
    trace.instant(10, 1)
    trace.turn(2, 1500)
    trace.instant(10, 2)
    plug(trace, 'dimm0')
    trace.turn(3, 123456789, vcpu=1)
    trace.enter(BEGIN, 0)
    trace.instant(10, 3)
    trace.leave()
    trace.turn(4, 9876543210)
    plug(trace, 'dimm1')
    return trace


def other_nesting():
    trace = Trace(EVENTS, MODULES)
    trace.turn(2, 1500)
    trace.instant(EVENT, 'qmp')
    trace.enter(PLUG, 'dimm0', 0x100000000, 256 << 20, -1)
    trace.enter(MEMORY)
    trace.leave()
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.leave(True)
    return trace


def nested():
    trace = Trace(EVENTS, MODULES)
    trace.turn(2, 1500)
    trace.instant(EVENT, 'qmp')
    trace.enter(PLUG, 'dimm0', 0x100000000, 256 << 20, -1)
    trace.enter(MEMORY)
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.leave()
    trace.leave(True)
    return trace


def lossy():
    trace = two_plugs()
    return head() + b''.join(block(trace.encoded([r]), lost=3 * (i == 2)) for i, r in enumerate(trace.records))


CASES = [
    Case('recording-usage', {NAME: WHOLE, 'trace.rpt': TRACE}, [
        ['help', 'info'], ['help', 'verify'], ['help', 'events'], ['info'], ['info', '--nothing', NAME], ['verify', 'a', 'b'],
        ['info', 'missing.rpl'], ['verify', 'missing.rpl'], ['events', 'missing.rpl'], ['events', 'trace.rpt'], ['show', NAME],
        ['events', '--kind', 'exits', NAME], ['events', '--kind', '', NAME], ['events', '--turns', 'x', NAME],
        ['events', '--turns', '5..2', NAME], ['events', '--turns', '..', NAME], ['events', '--turns', '1..2..3', NAME],
        ['events', '--vcpu', '-1', NAME], ['events', '--vcpu', '65535', NAME]]),
    recording_case('recording', WHOLE, [
        ['info', NAME], ['verify', NAME], ['events', NAME], ['events', '--kind', 'command,console', NAME],
        ['events', '--turns', '2..4', NAME], ['events', '--turns', '12..', '--inputs', NAME], ['events', '--turns', '8', '--effects', NAME],
        ['events', '--turns', '..1', NAME], ['events', '--turns', '99..', NAME], ['events', '--vcpu', '1', NAME],
        ['events', '--kind', 'exit', '--vcpu', '0', '--turns', '3..', '--inputs', '--effects', NAME], ALL, ALL[:-1] + ['--full', NAME]]),
    Case('recording-small', {'small.rpl': small()}, [['info', 'small.rpl'], ['verify', 'small.rpl'],
                                                     ['events', '--inputs', '--effects', '--state', 'small.rpl']]),
    recording_case('recording-unknown-kinds', unknown_kinds(), [['info', NAME], ['verify', NAME], ALL]),
    recording_case('recording-real', REAL, [
        ['info', NAME], ['verify', NAME], ['events', '--kind', 'command,start', NAME],
        ['events', '--turns', '102..110', '--inputs', '--effects', '--state', NAME], ['events', '--turns', '363..', '--effects', NAME],
        ['events', '--kind', 'build', '--inputs', '--effects', NAME]]),
    Case('recording-as-events', {'real.rpl': REAL, 'cut.rpl': REAL[:7000], 'kinds.rpl': unknown_kinds(), 'odd.rpl': odd_payloads(),
                                 'small.rpl': small()}, [
        ['hotplug', 'real.rpl'], ['hotplug', 'dimm0', 'real.rpl'], ['hotplug', 'cut.rpl'], ['show', '--json', 'small.rpl'],
        ['show', '--tree', '--filter', 'within turn_command and not turn_*', 'real.rpl'], ['stats', 'real.rpl'],
        ['chains', 'real.rpl'], ['show', 'kinds.rpl'], ['show', 'odd.rpl'], ['top', '--once', 'real.rpl']]),
    recording_case('recording-real-cut', REAL[:7000], [['verify', NAME], ['events', '--kind', 'command', NAME]]),
    recording_case('recording-odd-payloads', odd_payloads(), [ALL]),

    recording_case('recording-bad-cut-header', WHOLE[:40]),
    recording_case('recording-bad-empty', b''),
    recording_case('recording-bad-magic', b'RPLG' + WHOLE[4:]),
    recording_case('recording-bad-major', header(major=2, program='replug 9.9.9') + FIRST, [['info', NAME]] + VERIFY + [['events', NAME]]),
    recording_case('recording-bad-checksum', flipped(WHOLE, 100)),
    recording_case('recording-no-turns', HEAD, [['info', NAME]] + VERIFY + [['events', NAME]]),

    recording_case('recording-killed', HEAD + FIRST, [['info', NAME]] + VERIFY + [['events', NAME]]),
    recording_case('recording-cut-frame', HEAD + FIRST + SECOND[:-1]),
    recording_case('recording-cut-turn', cut_in_turn()),
    recording_case('recording-no-index', session().bytes(index=False)),
    recording_case('recording-no-end', session().bytes(end=False)),
    recording_case('recording-flipped', flipped(WHOLE, len(HEAD) + len(FIRST) + 100)),
    recording_case('recording-digest', wrong_digest()),
    recording_case('recording-tail', WHOLE + b'tail'),

    Case('trace-info', TRACE, [['info', 'trace.rpt'], ['verify', 'trace.rpt']]),
    Case('trace-empty', head(), [['info', 'trace.rpt'], ['verify', 'trace.rpt']]),
    Case('trace-lossy', lossy(), [['info', 'trace.rpt'], ['verify', 'trace.rpt']]),
    Case('trace-cut', TRACE[:-30], [['info', 'trace.rpt'], ['verify', 'trace.rpt']]),
    Case('trace-damaged', head() + block([], count=1) * 25, [['verify', 'trace.rpt']]),

    Case('diff-traces', {'a.rpt': TRACE, 'same.rpt': other_trace().bytes(3), 'field.rpt': other_trace(device='dimm7').bytes(),
                         'time.rpt': other_trace(now_ns=9876543211).bytes(), 'more.rpt': other_trace('more').bytes(),
                         'short.rpt': other_trace('none').bytes(), 'twice.rpt': other_trace('twice').bytes(),
                         'turn.rpt': other_trace(turn=5).bytes(), 'far.rpt': other_trace(before=['x'] * 400).bytes()}, [
        ['diff', 'a.rpt', 'a.rpt'], ['diff', 'a.rpt', 'same.rpt'], ['diff', 'a.rpt', 'field.rpt'], ['diff', 'a.rpt', 'time.rpt'],
        ['diff', '--ignore', 'time', 'a.rpt', 'time.rpt'], ['diff', '--ignore', 'device,region', 'a.rpt', 'field.rpt'],
        ['diff', '--ignore', 'turn', 'a.rpt', 'turn.rpt'], ['diff', 'a.rpt', 'turn.rpt'], ['diff', 'a.rpt', 'more.rpt'],
        ['diff', 'more.rpt', 'a.rpt'], ['diff', 'a.rpt', 'short.rpt'], ['diff', 'a.rpt', 'twice.rpt'], ['diff', 'a.rpt', 'far.rpt'],
        ['diff', '--filter', 'qemu_*,pc_dimm_memory_plug', 'a.rpt', 'field.rpt']]),
    Case('diff-common', {'lean.rpt': TRACE, 'full.rpt': full().bytes(5), 'nested.rpt': nested().bytes(),
                         'flat.rpt': other_nesting().bytes(), 'damaged.rpt': TRACE[:-20]}, [
        ['diff', 'lean.rpt', 'full.rpt'], ['diff', '--common', 'lean.rpt', 'full.rpt'], ['diff', 'nested.rpt', 'flat.rpt'],
        ['diff', '--common', 'full.rpt', 'damaged.rpt'], ['diff', 'lean.rpt', 'missing.rpt'], ['diff', '--common', 'lean.rpt', '.']]),
    Case('diff-recordings', {'a.rpl': WHOLE, 'same.rpl': session().bytes(index=False), 'fails.rpl': session(fails=True).bytes(),
                             'later.rpl': session(realtime=1700000099999999).bytes(), 'seed.rpl': session(seed=b'\1').bytes(),
                             'late.rpl': session(late_ns=5).bytes(), 'extra.rpl': session(extra=True).bytes(),
                             'slot.rpl': session(slot=5).bytes(), 'killed.rpl': HEAD + FIRST, 'state.rpl': session(mark=2).bytes(),
                             'named.rpl': session(layout=LAYOUT).bytes(), 'named-state.rpl': session(layout=LAYOUT, mark=2).bytes(),
                             'layout.rpl': session(layout=LAYOUT.replace(b'pm', b'pn')).bytes()}, [
        ['diff', 'a.rpl', 'a.rpl'], ['diff', 'a.rpl', 'same.rpl'], ['diff', 'a.rpl', 'fails.rpl'], ['diff', 'a.rpl', 'later.rpl'],
        ['diff', '--ignore', 'realtime', 'a.rpl', 'later.rpl'], ['diff', 'a.rpl', 'seed.rpl'], ['diff', 'a.rpl', 'late.rpl'],
        ['diff', '--ignore', 'time', 'a.rpl', 'late.rpl'], ['diff', 'a.rpl', 'extra.rpl'], ['diff', 'extra.rpl', 'a.rpl'],
        ['diff', 'a.rpl', 'slot.rpl'], ['diff', 'a.rpl', 'killed.rpl'], ['diff', 'killed.rpl', 'a.rpl'], ['diff', 'a.rpl', 'state.rpl'],
        ['diff', '--ignore', 'state', 'a.rpl', 'state.rpl'],
        ['diff', 'named.rpl', 'named-state.rpl'], ['diff', 'named.rpl', 'layout.rpl'], ['diff', 'a.rpl', 'named.rpl'], ['diff', 'a.rpl', 'missing.rpl']]),
    Case('diff-usage', {'a.rpl': WHOLE, 'a.rpt': TRACE}, [['help', 'diff'], ['diff'], ['diff', 'a.rpt'], ['diff', 'a', 'b', 'c'],
                                                         ['diff', '--nothing', 'a', 'b'], ['diff', 'a.rpl', 'a.rpt'], ['diff', 'a.rpt', 'a.rpl']]),
]
