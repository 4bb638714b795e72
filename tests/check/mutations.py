# SPDX-License-Identifier: GPL-2.0-or-later
"""mutations.py - every rule that comes with Replug holds in a good session and fails, at the right line, where a trace is doctored.

A real session on each accelerator is recorded; a mutation takes an event out of its trace, changes one or puts one in, so that one rule
of the expectation is broken and no other.
"""
import bisect
import json
import os
import pathlib
import subprocess
import tempfile

import rpt_reader
import rpt_writer
from emulator import GUEST, TRACEDUMP, Emulator, QmpError, run_tests

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = HERE.parent.parent / 'tools/check/expectations'
PHASES = {'instant': 0, 'enter': 1, 'leave': 2}


class Doctored:
    """A trace whose records can be changed."""

    def __init__(self, path):
        trace = rpt_reader.read_trace(path)
        self.events = {e['name']: e for e in trace.header['events']}
        self.records = trace.records

    def find(self, name, phase=None, /, after=0, inside=None, **fields):
        """The index of the first such record."""
        spans = {} if inside is None else {r.sequence: r for r in self.records if r.phase == 'enter'}
        for i in range(max(after, inside or 0), len(self.records)):
            r = self.records[i]
            if r.event == name and phase in (None, r.phase) and all(r.fields.get(k) == v for k, v in fields.items()):
                if inside is None or self.is_inside(r, self.records[inside].sequence, spans):
                    return i
        raise AssertionError(f'the session has no {name} {phase} {fields}')

    @staticmethod
    def is_inside(record, sequence, spans):
        parent = record.parent
        while parent in spans and parent != sequence:
            parent = spans[parent].parent
        return parent == sequence

    def end(self, enter):
        return next(i for i, r in enumerate(self.records) if r.phase == 'leave' and r.span == self.records[enter].sequence)

    def drop(self, *where):
        for i in sorted(where, reverse=True):
            del self.records[i]

    def drop_span(self, enter):
        self.drop(enter, self.end(enter))

    def change(self, i, **fields):
        self.records[i] = self.records[i]._replace(fields={**self.records[i].fields, **fields})

    def put(self, i, name, phase='instant', /, **fields):
        """Before record i, in its place; sequences are counted by 1000 to have room."""
        at = self.records[i]
        declared = self.events[name]['results' if phase == 'leave' else 'fields']
        zero = {n: '' if t == 'str' else 0 for t, n in declared}
        self.spread()
        at = self.records[i]
        sequence = at.sequence - 500
        parent = at.span if at.phase == 'leave' else at.parent
        record = at._replace(event=name, phase=phase, sequence=sequence, span=sequence if phase == 'enter' else 0, parent=parent,
                             fields={**zero, **fields}, backtrace=[])
        self.records.insert(i, record)
        return i

    def put_span(self, i, name, results=None, /, **fields):
        """An empty span before record i."""
        self.put(i, name, 'enter', **fields)
        enter = self.records[i]
        self.records.insert(i + 1, enter._replace(phase='leave', sequence=enter.sequence + 100, fields=results or {}))
        return i

    def move_before(self, first, last, target):
        """Records first..last come before target; sequences are given anew."""
        moved = self.records[first:last + 1]
        del self.records[first:last + 1]
        self.records[target:target] = moved
        self.spread()

    def spread(self):
        numbers = {r.sequence: 1000 * (i + 1) for i, r in enumerate(self.records)}
        numbers[0] = 0
        self.records = [r._replace(sequence=numbers[r.sequence], span=numbers.get(r.span, 0), parent=numbers.get(r.parent, 0))
                        for r in self.records]

    def number_anew(self):
        """1, 2, 3 …, as if this had been the session; what a dropped span enclosed is inside of what came before it."""
        kept = sorted(r.sequence for r in self.records)

        def number(sequence):
            return bisect.bisect_right(kept, sequence)
        self.records = [r._replace(sequence=number(r.sequence), span=number(r.span), parent=number(r.parent)) for r in self.records]

    def write(self, path):
        self.number_anew()
        out = []
        for r in self.records:
            event = self.events[r.event]
            declared = event['results' if r.phase == 'leave' else 'fields']
            data = rpt_writer.encode_fields(declared, [r.fields[n] for _, n in declared])
            out.append(rpt_writer.record(event['id'], PHASES[r.phase], data, sequence=r.sequence, turn=r.turn, now_ns=r.now_ns,
                                         icount=r.icount, span=r.span, parent=r.parent, vcpu=r.vcpu))
        blocks = b''.join(rpt_writer.block(out[i:i + 5000]) for i in range(0, len(out), 5000))
        pathlib.Path(path).write_bytes(rpt_writer.header(list(self.events.values())) + blocks)


def online(vm, slot):
    vm.line(f'slot {slot}: online, memory tested')
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': f'dimm{slot}', 'slot': str(slot), 'slot-type': 'DIMM', 'source': 1, 'status': 0})


def processor(vm, index, name):
    cpu = next(c for c in vm.qmp.command('query-hotpluggable-cpus') if c['props']['core-id'] == index)
    vm.qmp.command('device_add', driver=cpu['type'], id=name, **cpu['props'])
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': name, 'slot': str(index), 'slot-type': 'CPU', 'source': 1, 'status': 0})


def refused(text, function, *arguments, **properties):
    try:
        function(*arguments, **properties)
    except QmpError as error:
        assert text in error.desc, error
    else:
        raise AssertionError(f'expected: {text}')


def unplugged(vm, name):
    vm.qmp.command('device_del', id=name)
    vm.qmp.event('DEVICE_DELETED', device=name)


def session(path, accel):
    """Plugs, unplugs and refusals of DIMMs, processors and a PCI function; the power button."""
    with Emulator('-smp', '1,maxcpus=4,cores=4', '-object', 'rng-builtin,id=rng0', '-trace', f'*,file={path}', guest=GUEST,
                  append='slots=4 refuse', accel=accel) as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        online(vm, 0)
        vm.qmp.plug(1)
        online(vm, 1)
        processor(vm, 1, 'cpu1')
        refused('exists', processor, vm, 1, 'cpu2')
        refused('busy', vm.qmp.plug, 2, slot=0)
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='rng1', rng='rng0', addr='5')
        refused('not available', vm.qmp.command, 'device_add', driver='virtio-rng-pci', id='rng2', rng='rng0', addr='5')
        for name in ('dimm0', 'cpu1'):
            vm.qmp.command('device_del', id=name)
            vm.qmp.event('DEVICE_UNPLUG_GUEST_ERROR', device=name)
        vm.type('a')
        vm.line('guest: accepting eject requests')
        unplugged(vm, 'dimm0')
        unplugged(vm, 'cpu1')
        # This guest knows no PCI; a reset does what it was asked for.
        vm.qmp.command('device_del', id='rng1')
        vm.qmp.command('system_reset')
        vm.qmp.event('DEVICE_DELETED', device='rng1')
        vm.line('guest: ACPI enabled')
        vm.qmp.command('system_powerdown')
        vm.line('guest: power off')
        assert vm.wait() == 0


# ---- the mutations: (expectation, rule, the step that fails, what is done to the trace, accelerators) ----

def announce_first(t):
    """The planted bug of docs/trace-tests.md: a plug that signals before it commits."""
    memory = t.find('pc_dimm_memory_plug', 'enter')
    announce = t.find('piix4_device_plug_cb', 'enter', after=memory)
    t.move_before(announce, t.end(announce), memory)


def refused_span(t, driver='pc-dimm'):
    wanted = t.find('device_add_refused')
    while driver not in t.records[wanted].fields['driver']:
        wanted = t.find('device_add_refused', after=wanted + 1)
    return wanted


def in_refused(t, name, driver='pc-dimm', /, **fields):
    if t.events[name]['kind'] == 'span':
        t.put_span(refused_span(t, driver), name, **fields)
    else:
        t.put(refused_span(t, driver), name, **fields)


def reply_after(t, i):
    return t.find('qmp_reply', after=i)


def ejected(t):
    return t.find('acpi_memory_eject', 'enter')


def in_eject(t, name, phase=None, /, **fields):
    return t.find(name, phase, after=ejected(t), inside=ejected(t), **fields)


def wrong_event(stage, **of):
    """The guest is told, but of something else."""
    def doctor(t):
        around = t.find(stage, 'enter', **of)
        t.change(t.find('acpi_send_gpe_event', 'enter', inside=around), status=8)
    return doctor


def without_deletion(device):
    return lambda t: t.drop(t.find('device_deleted', device=device))


def free_turn(t):
    """The end of a turn in which no span is open."""
    return t.find('turn_ended', after=t.find('qmp_reply', name='device_add'))


def late_ost(report, **fields):
    """It never comes, and time goes on."""
    def doctor(t):
        i = t.find(report, **fields)
        t.drop(i)
        t.records = [r._replace(now_ns=r.now_ns + (61 * 10**9 if k >= i else 0)) for k, r in enumerate(t.records)]
    return doctor


def all_levels(t, span, level):
    for i in range(span, t.end(span)):
        if t.records[i].event == 'qemu_set_irq' and t.records[i].phase == 'enter':
            t.change(i, level=level)


def lowered_sci(t):
    i = t.find('acpi_update_sci', 'enter', gpe_status=8, gpe_enable=12)
    all_levels(t, i, 0)
    t.change(t.end(i), level=False)


def power_button_lost(t):
    i = t.find('acpi_power_button_pressed')
    all_levels(t, t.find('acpi_update_sci', 'enter', after=i), 0)


def still_high(t):
    i = t.find('acpi_update_sci', 'enter', after=t.find('pc_dimm_plug', 'leave'), gpe_status=0)
    all_levels(t, i, 1)


def sci_not_updated(t):
    i = t.find('acpi_send_gpe_event', 'enter')
    t.change(t.find('acpi_update_sci', 'enter', inside=i), gpe_status=0)


def repeat_slot(t, name, /, **changes):
    i = t.find(name, region='ram0')
    t.put(i + 1, name, **{**t.records[i].fields, **changes})


def failed_ioctl(t):
    i = t.find('kvm_set_phys_mem', 'enter', region='ram0')
    t.change(t.find('kvm_ioctl', inside=i), error=12)


def double_render(t):
    """In the command's commit, a second flatviews_reset inside of the first."""
    t.put_span(t.find('generate_memory_topology', 'enter', after=t.find('pc_dimm_plug', 'enter')), 'flatviews_reset')


def inner_render(t):
    i = t.find('flatviews_reset', 'enter', after=t.find('pc_dimm_plug', 'enter'))
    begin = max(k for k in range(i) if t.records[k].event == 'memory_region_transaction_begin' and t.records[k].phase == 'enter')
    commit = t.find('memory_region_transaction_commit', 'enter', after=begin)
    t.change(begin, depth=1)
    t.change(commit, depth=1)


def commit_without_render(t):
    t.drop_span(t.find('generate_memory_topology', 'enter', after=t.find('pc_dimm_plug', 'enter')))


def first_begin(t):
    return t.find('memory_region_transaction_begin', 'enter', after=t.find('pc_dimm_plug', 'enter'))


def unflushed_change(t):
    add = t.find('kvm_region_add', 'enter', after=t.find('pc_dimm_plug', 'enter'))
    before = max(i for i in range(add) if t.records[i].event == 'memory_region_transaction_commit' and
                 t.records[i].phase == 'leave' and t.records[i].fields['rendered'])
    t.drop(*(i for i in range(before, add) if t.records[i].event == 'kvm_flush_coalesced_mmio_buffer'))


def unasked_event(t):
    i = t.find('acpi_memory_unplug_request_cb', 'enter')
    t.change(t.find('acpi_send_gpe_event', 'enter', inside=i), status=4)


BOTH, KVM, SOFT = ('kvm', 'soft'), ('kvm',), ('soft',)
MUTATIONS = [
    ('memory-plug', 'mapped before it is announced', 'within piix4_device_plug_cb', announce_first, BOTH),
    ('memory-plug', 'KVM has a memory slot for it', 'within kvm_set_phys_mem',
     lambda t: t.drop(t.find('kvm_memslot_added', region='ram0')), KVM),
    ('memory-plug', 'the plug is part of its command', 'then qmp_reply',
     lambda t: t.drop(reply_after(t, t.find('pc_dimm_plug', 'enter'))), BOTH),
    ('memory-plug-refused', 'it says why', 'then device_add_refused', lambda t: t.change(refused_span(t), reason=''), BOTH),
    ('memory-plug-refused', 'the client is told', 'then qmp_reply', lambda t: t.drop(reply_after(t, refused_span(t))), BOTH),
    ('memory-plug-refused', 'the guest is told nothing', 'one of',
     lambda t: in_refused(t, 'acpi_send_gpe_event', status=8), BOTH),
    ('memory-plug-refused', 'no memory stays mapped', 'one of',
     lambda t: in_refused(t, 'flat_range_added', gpa=1 << 32, size_bytes=4096), BOTH),
    ('memory-unplug', 'it leaves the map', 'within pc_dimm_unplug', lambda t: t.drop(in_eject(t, 'flat_range_removed')), BOTH),
    ('memory-unplug', 'KVM gives its memory slot back', 'within kvm_set_phys_mem',
     lambda t: t.drop(in_eject(t, 'kvm_memslot_deleted')), KVM),
    ('memory-unplug', 'the client hears that it is gone', 'then device_deleted', lambda t: t.drop(t.find('device_deleted')), BOTH),
    ('memory-unplug', 'the guest is asked', 'within acpi_memory_unplug_request_cb', unasked_event, BOTH),
    ('memory-unplug-refused', 'the client hears of it', 'then qmp_event',
     lambda t: t.drop(t.find('qmp_event', name='DEVICE_UNPLUG_GUEST_ERROR')), BOTH),
    ('memory-unplug-refused', 'it stays', 'never device_deleted',
     lambda t: t.put(t.find('acpi_unplug_refused') + 1, 'device_deleted', device='dimm0'), BOTH),
    ('cpu-plug', 'announced', 'within piix4_device_plug_cb', wrong_event('acpi_cpu_plug_cb', device='cpu1'), BOTH),
    ('cpu-plug', 'checked before it is plugged', 'then pc_cpu_plug',
     lambda t: t.drop_span(t.find('pc_cpu_plug', 'enter', device='cpu1')), BOTH),
    ('cpu-plug', 'a refused one is not announced', 'never acpi_send_gpe_event',
     lambda t: t.put_span(refused_span(t, 'cpu') + 1, 'acpi_send_gpe_event', status=4), BOTH),
    ('cpu-plug', 'the guest is asked', 'then acpi_send_gpe_event', wrong_event('acpi_cpu_unplug_request_cb'), BOTH),
    ('cpu-plug', 'ejected ones are deleted', 'then device_deleted', without_deletion('cpu1'), BOTH),
    ('pci-plug', 'announced', 'then acpi_send_gpe_event', wrong_event('acpi_pcihp_device_plug_cb'), BOTH),
    ('pci-plug', 'a refused one is not announced', 'never acpi_send_gpe_event',
     lambda t: t.put_span(refused_span(t, 'virtio') + 1, 'acpi_send_gpe_event', status=2), BOTH),
    ('pci-plug', 'the guest is asked', 'then acpi_send_gpe_event', wrong_event('acpi_pcihp_device_unplug_request_cb'), BOTH),
    ('pci-plug', 'ejected ones are deleted', 'then device_deleted', without_deletion('rng1'), BOTH),
    ('transactions', 'listeners are called inside of a commit', 'never kvm_region_*',
     lambda t: t.put(free_turn(t), 'flat_range_added', gpa=1 << 40, size_bytes=4096), BOTH),
    ('transactions', 'every begin has its commit', 'then memory_region_transaction_commit',
     lambda t: t.put_span(free_turn(t), 'memory_region_transaction_begin'), BOTH),
    ('transactions', 'every commit had its begin', 'never memory_region_transaction_commit',
     lambda t: t.drop_span(first_begin(t)), BOTH),
    ('transactions', 'only the outermost commit renders', 'never flatviews_reset', inner_render, BOTH),
    ('transactions', 'no nested render', 'never flatviews_reset', double_render, BOTH),
    ('transactions', 'what was rendered is used', 'within flatviews_reset', commit_without_render, BOTH),
    ('memslots', 'no slot is made twice', 'never kvm_memslot_added',
     lambda t: repeat_slot(t, 'kvm_memslot_added', gpa=1 << 40), KVM),
    ('memslots', 'no slot is used after it was deleted', 'never kvm_memslot_deleted',
     lambda t: repeat_slot(t, 'kvm_memslot_deleted'), KVM),
    ('memslots', 'no two slots overlap', 'never kvm_memslot_added',
     lambda t: repeat_slot(t, 'kvm_memslot_added', slot=77, gpa=(1 << 32) + 4096), KVM),
    ('memslots', 'KVM was asked', 'one of', failed_ioctl, KVM),
    ('interrupts', 'an enabled event raises the SCI', 'then qemu_set_irq', lowered_sci, BOTH),
    ('interrupts', 'the SCI has the level that was computed', 'then qemu_set_irq', power_button_lost, BOTH),
    ('interrupts', 'and falls again', 'then qemu_set_irq', still_high, BOTH),
    ('interrupts', 'an event ends in the SCI', 'then acpi_update_sci', sci_not_updated, BOTH),
    ('interrupts', 'KVM is told of each level', 'then kvm_set_irq',
     lambda t: t.change(t.find('kvm_set_irq', 'enter', gsi=9, level=1), level=0), KVM),
    ('interrupts', 'our own chips are told of each level', 'then ioapic_set_irq',
     lambda t: t.drop_span(t.find('ioapic_set_irq', 'enter', pin=9, level=1)), SOFT),
    ('coalesced-flush', 'each transaction flushes first', 'then qemu_flush_coalesced_mmio_buffer',
     lambda t: t.drop_span(t.find('qemu_flush_coalesced_mmio_buffer', 'enter', after=first_begin(t))), BOTH),
    ('coalesced-flush', "KVM's ring is emptied before the next change", 'never kvm_region_add',
     unflushed_change, KVM),
    ('ost', 'memory', 'then acpi_device_ost', late_ost('acpi_device_ost', source=1, device='dimm0'), BOTH),
    ('ost', 'processors', 'then cpuhp_acpi_write_ost_status', late_ost('cpuhp_acpi_write_ost_status', cpu=1), BOTH),
]


def check(expectation, trace, *options):
    done = subprocess.run([TRACEDUMP, 'check', '--json', *options, *expectation, trace], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def rules(answer):
    return {rule['name']: rule for item in answer['expectations'] for rule in item['rules']}


def mutate(folder, accel, good, mutation):
    expectation, rule, step, doctor, _ = mutation
    trace = Doctored(good)
    doctor(trace)
    bad = f'{folder}/bad.rpt'
    trace.write(bad)
    status, answer = check([expectation], bad)
    broken = [name for name, found in rules(answer).items() if found['verdict'] == 'fails']
    assert status == 1 and broken == [rule], (accel, expectation, rule, broken, answer)
    failure = rules(answer)[rule]['failures'][0]
    assert failure['step'].startswith(step), (accel, expectation, rule, failure)
    line = (LIBRARY / f'{expectation}.expect').read_text().splitlines()[failure['line'] - 1].strip()
    assert line == failure['step'], (line, failure)
    assert failure['why'], failure


def partly_traced(folder, good):
    """What was not traced is no failure for --all, but is one for who asks for the expectation."""
    trace = Doctored(good)
    trace.records = [r for r in trace.records if r.event not in ('qemu_set_irq', 'acpi_send_gpe_event')]
    trace.write(f'{folder}/part.rpt')
    status, answer = check([], f'{folder}/part.rpt', '--all')
    verdicts = {name: rule['verdict'] for name, rule in rules(answer).items()}
    assert status == 0 and verdicts['an enabled event raises the SCI'] == 'unsure', verdicts
    assert verdicts['mapped before it is announced'] == 'unsure' and verdicts['every begin has its commit'] == 'holds', verdicts
    assert check(['interrupts'], f'{folder}/part.rpt')[0] == 1


def test_every_rule_can_fail():
    accels = ['soft'] + (['kvm'] if os.access('/dev/kvm', os.R_OK | os.W_OK) else [])
    tried, wrong = set(), []
    with tempfile.TemporaryDirectory() as folder:
        for accel in accels:
            good = f'{folder}/{accel}.rpt'
            session(good, accel)
            status, answer = check([], good, '--all')
            assert status == 0 and answer['ok'] and not answer['gaps'], answer
            Doctored(good).write(f'{folder}/same.rpt')
            assert rules(check([], f'{folder}/same.rpt', '--all')[1]) == rules(answer), 'rewriting changes the answer'
            partly_traced(folder, good)
            for mutation in MUTATIONS:
                if accel not in mutation[4]:
                    continue
                tried.add(mutation[:2])
                try:
                    mutate(folder, accel, good, mutation)
                except AssertionError as error:
                    wrong.append(f'{accel} {mutation[:3]}: {str(error)[:1500]}')
            print(f'{accel}: all rules that have an occasion hold, and fail where they should')
    assert not wrong, '\n'.join(wrong)
    known = {(path.stem, line.split('"')[1]) for path in LIBRARY.glob('*.expect') for line in path.read_text().splitlines()
             if line.startswith('rule ')}
    assert known == {mutation[:2] for mutation in MUTATIONS}, known ^ {mutation[:2] for mutation in MUTATIONS}
    if len(accels) == 2:
        assert tried == known, known - tried


if __name__ == '__main__':
    run_tests(dict(globals()))
