# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_tracedump.py - tracedump beside babeltrace2, on the same events as native trace and as CTF.

usage: bench_tracedump.py TRACEDUMP      EVENTS=5000000 in the environment for the real thing, 200000 without

A turn is 100 events of a session under load: a DIMM comes, and the guest's accesses. CPU time of the process and its children, median of RUNS
alternating runs (3), and the highest resident set.
"""
import os
import pathlib
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'support'))
from ctf_writer import Ctf, metadata, packet  # noqa: E402
from rpt_writer import Trace, block, header, instant, span  # noqa: E402

EVENTS = int(os.environ.get('EVENTS', '200000')) // 100 * 100
RUNS = int(os.environ.get('RUNS', '3'))
PLUG, MEMORY, BEGIN, COMMIT, SLOT, ACCESS, EXIT, IRQ = range(1, 9)
DECLARED = [
    span(PLUG, 'pc_dimm_plug', [('str', 'device'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('i32', 'slot')], [('bool', 'ok')]),
    span(MEMORY, 'pc_dimm_memory_plug', [('str', 'device')]),
    span(BEGIN, 'memory_region_transaction_begin', [('u32', 'depth')]),
    span(COMMIT, 'memory_region_transaction_commit', [('u32', 'depth')], [('bool', 'rendered')]),
    instant(SLOT, 'kvm_memslot_added', [('u32', 'slot'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('x32', 'flags'), ('str', 'region')]),
    instant(ACCESS, 'memory_region_access', [('str', 'region'), ('x64', 'offset'), ('x64', 'value'), ('u8', 'size_bytes'), ('bool', 'write')]),
    instant(EXIT, 'vcpu_exit', [('u32', 'vcpu'), ('str', 'kind'), ('x64', 'address'), ('u8', 'size_bytes'), ('bool', 'write')]),
    span(IRQ, 'kvm_set_irq', [('u32', 'gsi'), ('i32', 'level')], [('i32', 'status')]),
]


def one_turn():
    trace = Trace(DECLARED)
    trace.turn(1, 1000, vcpu=0)
    trace.enter(PLUG, 'dimm0', 1 << 32, 256 << 20, 0)
    trace.enter(MEMORY, 'dimm0')
    trace.enter(BEGIN, 0)
    trace.leave()
    trace.enter(COMMIT, 0)
    trace.instant(SLOT, 4, 1 << 32, 256 << 20, 0, 'ram0')
    trace.leave(True)
    trace.leave()
    trace.enter(IRQ, 9, 1)
    trace.leave(1)
    trace.leave(True)
    while len(trace.records) < 100:
        trace.instant(EXIT, 0, 'mmio', 0xfed000f0 + len(trace.records), 4, True)
        if len(trace.records) < 100:
            trace.instant(ACCESS, 'acpi-mem-hotplug', len(trace.records), 0x12345678, 4, True)
    return trace


def write_native(path, trace):
    encoded = trace.encoded(trace.records)
    first, rest = bytearray(encoded[0]), b''.join(encoded[1:])
    with open(path, 'wb') as file:
        file.write(header(DECLARED))
        for start in range(0, EVENTS // 100, 100):
            records = []
            for turn in range(start, min(start + 100, EVENTS // 100)):
                sequence = turn * 100 + 1
                struct.pack_into('<5Q', first, 8, sequence, turn + 1, turn * 1000, 0, sequence)
                records += [bytes(first), rest]
            file.write(block(records, count=len(records) * 50))


def write_ctf(folder, trace):
    ctf = Ctf(DECLARED)
    templates = []
    for item in trace.records:
        declared = ctf.classes[ctf.numbers[item['event'], item['phase']]][1]
        values = [v[:-1] if isinstance(v, bytes) else v for v in decode(declared, item['fields'])]
        _, data = ctf.event(ctf.numbers[item['event'], item['phase']], 0, values, sequence=0, vcpu=0)
        templates.append((bytearray(data), item['sequence'], item['span'], item['parent']))
    folder.mkdir()
    (folder / 'metadata').write_text(metadata(ctf.classes))
    with open(folder / 'channel0_0', 'wb') as file:
        for start in range(0, EVENTS // 100, 100):
            events = []
            for turn in range(start, min(start + 100, EVENTS // 100)):
                base = turn * 100
                for data, sequence, own, parent in templates:
                    time = base + sequence
                    struct.pack_into('<Q', data, 4, time)
                    struct.pack_into('<6Q', data, 12, time, turn + 1, turn * 1000, 0, own and base + own, parent and base + parent)
                    events.append((time, bytes(data)))
            file.write(packet(events, 0))


def decode(declared, data):
    formats = {'u8': 'B', 'u16': 'H', 'u32': 'I', 'u64': 'Q', 'i32': 'i', 'i64': 'q', 'bool': '?', 'x8': 'B', 'x16': 'H', 'x32': 'I', 'x64': 'Q'}
    at = 0
    for kind, _ in declared:
        if kind == 'str':
            size, = struct.unpack_from('<H', data, at)
            yield data[at + 2:at + 2 + size].decode()
            at += 2 + size
        else:
            yield struct.unpack_from('<' + formats[kind], data, at)[0]
            at += struct.calcsize(formats[kind])


def measure(command):
    """CPU seconds and resident KiB at most."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    assert status == 0, (command, status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main():
    tracedump = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        native, ctf = pathlib.Path(folder, 'trace.rpt'), pathlib.Path(folder, 'ctf')
        trace = one_turn()
        write_native(native, trace)
        write_ctf(ctf, trace)
        print(f'{EVENTS} events, native {native.stat().st_size >> 20} MiB, CTF {(ctf / "channel0_0").stat().st_size >> 20} MiB')
        commands = {
            'babeltrace2, text': ['babeltrace2', str(ctf)],
            'show': [tracedump, 'show', str(native)],
            'show --filter NAME, 1 %': [tracedump, 'show', '--filter', 'kvm_memslot_added', str(native)],
            'show --filter NAME(FIELD), 1 %': [tracedump, 'show', '--filter', 'kvm_memslot_added(region=ram*)', str(native)],
            'show --filter within': [tracedump, 'show', '--filter', 'kvm_* within pc_dimm_plug(slot=0)', str(native)],
            'show --json': [tracedump, 'show', '--json', str(native)],
            'show --tree': [tracedump, 'show', '--tree', str(native)],
            'stats': [tracedump, 'stats', str(native)],
            'hotplug': [tracedump, 'hotplug', str(native)],
            'irq': [tracedump, 'irq', str(native)],
            'chains': [tracedump, 'chains', str(native)],
            'info': [tracedump, 'info', str(native)],
            'show, of CTF': [tracedump, 'show', str(ctf)],
        }
        if shutil.which('babeltrace2') is None:
            print('babeltrace2 is not installed: no comparison')
            del commands['babeltrace2, text']
        results = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                results[name].append(measure(command))
        peer = None
        for name, runs in results.items():
            seconds, memory = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
            peer = seconds if name.startswith('babeltrace2') else peer
            times = f'{peer / seconds:7.1f} times its rate' if peer and not name.startswith('babeltrace2') else ''
            print(f'{name:32}{seconds:8.2f} s {EVENTS / seconds / 1e6:8.2f} M events/s {memory / 1024:6.0f} MiB {times}')


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
main()
