# SPDX-License-Identifier: GPL-2.0-or-later
"""session_cases.py - traces of two real sessions, kept as text, for the commands that answer questions about sessions.

real_traces.json holds, of each session, the declarations of its events, and its records as
[name, phase, vcpu, sequence, turn, virtual time, span, parent, host time, [field, ...]]. "plugs": a DIMM comes, is refused in four ways, is
asked back and kept by the guest, is asked back and leaves. "pending": the guest's ACPI never runs. "processors" and "functions" are
of our own CPUs, where a turn lasts for as long as the guest runs undisturbed: vCPUs, and a virtio function with Linux as the guest.
"""
import json
import pathlib

from cases import Case
from ctf_writer import Ctf, metadata, packet
from rpt_writer import LEAVE, block, encode_fields, header, record

HERE = pathlib.Path(__file__).resolve().parent


def kept_trace(name, records_a_block=100):
    session = json.loads((HERE / 'real_traces.json').read_text())[name]
    events = [{'doc': '', **event} for event in session['events']]
    by_name = {event['name']: event for event in events}
    records = []
    for event, phase, vcpu, sequence, turn, now_ns, own, parent, host_ns, values in session['records']:
        declared = by_name[event]
        fields = encode_fields(declared['results' if phase == LEAVE else 'fields'], values)
        records.append(record(declared['id'], phase, fields, sequence=sequence, turn=turn, now_ns=now_ns, span=own, parent=parent,
                              vcpu=vcpu, host_ns=host_ns))
    blocks = [records[i:i + records_a_block] for i in range(0, len(records), records_a_block)]
    return header(events) + b''.join(block(b) for b in blocks)


def ctf_files(name, folder):
    """The same session as LTTng writes it: files' contents by their paths."""
    session = json.loads((HERE / 'real_traces.json').read_text())[name]
    ctf = Ctf(session['events'])
    ident = {event['name']: event['id'] for event in session['events']}
    events = [ctf.event(ctf.numbers[ident[event], phase], host_ns, values, sequence=sequence, vcpu=vcpu, turn=turn, now_ns=now_ns, span=own,
                        parent=parent)
              for event, phase, vcpu, sequence, turn, now_ns, own, parent, host_ns, values in session['records']]
    return {f'{folder}/metadata': metadata(ctf.classes).encode(), f'{folder}/channel0_0': packet(events, 0)}


PLUGS, PENDING = kept_trace('plugs'), kept_trace('pending')
OTHERS = {f'{name}.rpt': kept_trace(name) for name in ('processors', 'functions')}
FILES = {'plugs.rpt': PLUGS, 'pending.rpt': PENDING, 'cut.rpt': PLUGS[:len(PLUGS) * 2 // 3]}

CASES = [
    Case('hotplug', FILES, [['help', 'hotplug'], ['hotplug', 'plugs.rpt'], ['hotplug', 'pending.rpt'],
                            ['hotplug', '--clock', 'turn', '--from', 'turn=300', 'plugs.rpt'],
                            ['hotplug', '--clock', 'host', '--to', 'turn=303', 'plugs.rpt'],
                            ['hotplug', '--json', 'plugs.rpt'], ['hotplug', 'cut.rpt'],
                            ['hotplug', '--clock', 'sun', 'plugs.rpt'], ['hotplug', 'a', 'b', 'c'],
                            ['hotplug', '--from', 'turn=600', 'plugs.rpt']]),
    Case('hotplug-story', FILES, [['hotplug', 'dimm0', 'plugs.rpt'], ['hotplug', 'dimm9', 'plugs.rpt'],
                                  ['hotplug', 'dimm0', 'pending.rpt'], ['hotplug', 'dimm1', 'plugs.rpt']]),
    Case('hotplug-others', OTHERS, [['hotplug', 'processors.rpt'], ['hotplug', 'functions.rpt'], ['hotplug', 'cpu3', 'processors.rpt'],
                                    ['hotplug', 'r0', 'functions.rpt'], ['hotplug', '--clock', 'turn', '--json', 'functions.rpt']]),
    Case('diff-stages', FILES, [['diff', 'plugs.rpt', 'plugs.rpt'], ['diff', '--stages', 'plugs.rpt', 'plugs.rpt'],
                                ['diff', '--stages=turn', '--filter', 'device_deleted or qmp_reply', 'pending.rpt', 'plugs.rpt'],
                                ['diff', 'plugs.rpt', 'cut.rpt'], ['diff', '--stages=sun', 'plugs.rpt', 'plugs.rpt']]),
    Case('stats', FILES, [['help', 'stats'], ['stats', 'plugs.rpt'], ['stats', '--sort', 'total', '--filter', 'within qmp_device_add', 'plugs.rpt'],
                          ['stats', '--json', '--sort', 'name', '--from', 'turn=540', 'plugs.rpt'],
                          ['stats', '--sort', 'max', '--filter', 'kvm_*,pc_*', '--to', 'turn=102', 'plugs.rpt'],
                          ['stats', '--sort', 'size', 'plugs.rpt'], ['stats', 'cut.rpt']]),
    Case('flame', FILES, [['help', 'flame'], ['flame', 'plugs.rpt'], ['flame', '--count', '--filter', 'within acpi_update_sci', 'plugs.rpt'],
                          ['flame', '--from', 'turn=548', 'cut.rpt']]),
    Case('irq', FILES, [['help', 'irq'], ['irq', 'plugs.rpt'], ['irq', '--storm', '1', '--filter', 'gsi=9', 'plugs.rpt'],
                        ['irq', '--json', '--storm', '1', 'plugs.rpt'], ['irq', '--filter', 'nothing', 'plugs.rpt'],
                        ['irq', '--storm', '0', 'plugs.rpt'], ['irq', 'cut.rpt']]),
    Case('follow', FILES, [['help', 'follow'], ['follow', '--idle', '1ms', '--filter', 'device_deleted or acpi_device_ost', 'plugs.rpt'],
                           ['follow', '--to', 'device_deleted', '--json', '--filter', 'acpi_unplug_refused', 'plugs.rpt'],
                           ['follow', '--idle', 'soon', 'plugs.rpt'], ['help', 'top'], ['top', '--once', 'plugs.rpt'],
                           ['top', '--once', 'pending.rpt'], ['top', '--once', 'missing.rpt']]),
    Case('show-json', FILES, [['show', '--json', '--limit', '4', '--from', 'qmp_device_add', 'plugs.rpt'],
                              ['show', '--json', '--host-time', '--filter', 'acpi_device_ost', 'plugs.rpt'],
                              ['show', '--limit', '0', 'plugs.rpt']]),
]
