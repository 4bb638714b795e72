# SPDX-License-Identifier: GPL-2.0-or-later
"""map_cases.py - a small hotplug session as a trace, and what tracedump's commands about maps, causes and exports say of it."""
from cases import Case, every_type, newer_minor, odd_nesting
from rpt_writer import Trace, block, header, instant, span

DECLARED = [
    instant(1, 'external_event', [('str', 'kind')]),
    instant(2, 'turn_ended', [('u64', 'turn')]),
    instant(3, 'memory_region_described', [('u32', 'number'), ('str', 'region'), ('str', 'kind'), ('u64', 'size_bytes'), ('bool', 'enabled'),
                                           ('bool', 'readonly'), ('u32', 'target'), ('x64', 'target_offset'), ('u32', 'container'),
                                           ('x64', 'offset'), ('i32', 'priority')]),
    instant(4, 'memory_region_finished', [('u32', 'number'), ('str', 'region')]),
    instant(5, 'address_space_created', [('str', 'address_space'), ('u32', 'root')]),
    instant(6, 'address_space_destroyed', [('str', 'address_space')]),
    instant(7, 'flat_range_added', [('str', 'address_space'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region'),
                                    ('x64', 'region_offset'), ('bool', 'readonly'), ('u32', 'number')]),
    instant(8, 'flat_range_removed', [('str', 'address_space'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region'),
                                      ('x64', 'region_offset'), ('bool', 'readonly'), ('u32', 'number')]),
    span(9, 'memory_region_transaction_commit', [('u32', 'depth')], [('bool', 'rendered')]),
    span(10, 'kvm_set_phys_mem', [('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region'), ('bool', 'adding')], [('bool', 'ok')]),
    instant(11, 'kvm_ioctl', [('str', 'request'), ('u16', 'vcpu'), ('str', 'arguments'), ('i32', 'result'), ('i32', 'error')]),
    instant(12, 'kvm_memslot_added', [('u32', 'slot'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('x32', 'flags'), ('str', 'region')]),
    instant(13, 'kvm_memslot_deleted', [('u32', 'slot'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region')]),
    instant(14, 'kvm_memslot_kept', [('u32', 'slot'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('str', 'region')]),
    instant(15, 'qmp_command', [('str', 'name'), ('str', 'arguments')]),
    instant(16, 'qmp_reply', [('str', 'name'), ('bool', 'ok'), ('str', 'error')]),
    span(17, 'qmp_device_add', [('str', 'driver'), ('str', 'id')], [('bool', 'ok')]),
    span(18, 'pc_dimm_plug', [('str', 'device'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('i32', 'slot')], [('bool', 'ok')]),
    span(19, 'pc_dimm_memory_plug', [('str', 'device'), ('i32', 'slot'), ('x64', 'gpa'), ('u64', 'size_bytes'), ('u64', 'align_bytes')]),
    span(20, 'acpi_update_sci', [('x16', 'pm1_status'), ('x16', 'pm1_enable'), ('x16', 'gpe_status'), ('x16', 'gpe_enable')],
         [('bool', 'level')]),
    span(21, 'qemu_set_irq', [('u32', 'pin'), ('i32', 'level')]),
    span(22, 'kvm_set_irq', [('u32', 'gsi'), ('i32', 'level')], [('i32', 'status')]),
    instant(23, 'vcpu_exit', [('u32', 'vcpu'), ('str', 'kind'), ('x64', 'address'), ('u8', 'size_bytes'), ('bool', 'write'), ('u32', 'count'),
                              ('x64', 'data')]),
    instant(24, 'acpi_register_read', [('str', 'reg'), ('x32', 'value')]),
    instant(25, 'acpi_register_write', [('str', 'reg'), ('x32', 'value')]),
    instant(26, 'acpi_device_ost', [('u32', 'slot'), ('str', 'device'), ('u32', 'source'), ('u32', 'status'), ('str', 'meaning')]),
    span(27, 'acpi_memory_eject', [('u32', 'slot'), ('str', 'device')], [('bool', 'ok')]),
    instant(28, 'device_deleted', [('str', 'device'), ('str', 'path')]),
    instant(29, 'device_add_refused', [('str', 'driver'), ('str', 'id'), ('str', 'reason')]),
    instant(30, 'pic_stat_update_irq', [('u32', 'irq'), ('i32', 'level'), ('u64', 'raised_count')]),
    instant(31, 'memory_region_access', [('str', 'region'), ('x64', 'offset'), ('x64', 'value'), ('u8', 'size_bytes'), ('bool', 'write')]),
    instant(32, 'guest_error', [('str', 'device'), ('x64', 'address'), ('x64', 'value'), ('str', 'what')]),
]
IDS = {event['name']: event['id'] for event in DECLARED}
MIB, GIB = 1 << 20, 1 << 30
ALIAS = {'target': 3, 'kind': 'alias'}


class Session(Trace):
    def __init__(self):
        super().__init__(DECLARED)
        self.clock = 0

    def at(self, name, *values):
        self.instant(IDS[name], *values)

    def into(self, name, *values):
        self.enter(IDS[name], *values)

    def region(self, number, name, kind, size, container=0, offset=0, priority=0, target=0, enabled=True, readonly=False):
        self.at('memory_region_described', number, name, kind, size, enabled, readonly, target, 0, container, offset, priority)

    def begin(self, kind, vcpu=0xffff):
        self.context = {'turn': self.context['turn'] + 1, 'now_ns': self.context['now_ns'] + 250_000, 'vcpu': vcpu}
        self.at('external_event', kind)

    def end(self):
        self.at('turn_ended', self.context['turn'])

    def phys_mem(self, gpa, size, region, slot, adding, ok=True):
        self.into('kvm_set_phys_mem', gpa, size, region, adding)
        self.at('kvm_ioctl', 'KVM_SET_USER_MEMORY_REGION', 0xffff, f'slot={slot}, gpa={gpa:#x}, size={size if adding else 0:#x}, flags=0',
                0 if ok else -1, 0 if ok else 12)
        if ok and adding:
            self.at('kvm_memslot_added', slot, gpa, size, 0, region)
        elif ok:
            self.at('kvm_memslot_deleted', slot, gpa, size, region)
        self.leave(ok)

    def build(self):
        self.at('kvm_ioctl', 'KVM_CHECK_EXTENSION', 0xffff, 'capability=10', 509, 0)
        self.region(1, 'system', 'container', 0)
        self.region(2, 'io', 'container', 65536)
        self.at('address_space_created', 'memory', 1)
        self.at('address_space_created', 'I/O', 2)
        self.region(3, 'pc.ram', 'ram', 64 * MIB)
        self.region(4, 'ram-below-4g', 'alias', 64 * MIB, 1, target=3)
        self.region(5, 'device-memory', 'container', 8 * GIB, 1, 4 * GIB)
        self.region(6, 'pc.bios', 'rom', 128 << 10, 1, 0xfffe0000, priority=1)
        self.region(7, 'acpi-mem-hotplug', 'io', 24, 2, 0xa00)
        self.region(8, 'off', 'io', 4, 2, 0xb00, enabled=False)
        self.into('memory_region_transaction_commit', 0)
        self.at('flat_range_added', 'memory', 0, 64 * MIB, 'pc.ram', 0, False, 3)
        self.phys_mem(0, 64 * MIB, 'pc.ram', 0, True)
        self.at('flat_range_added', 'memory', 0xfffe0000, 128 << 10, 'pc.bios', 0, True, 6)
        self.at('flat_range_added', 'I/O', 0xa00, 24, 'acpi-mem-hotplug', 0, False, 7)
        self.leave(True)

    def irq(self, level):
        self.into('acpi_update_sci', 0, 0, 8 * level, 8)
        self.into('qemu_set_irq', 9, level)
        self.at('pic_stat_update_irq', 9, level, 1)
        self.into('kvm_set_irq', 9, level)
        self.leave(1)
        self.leave()
        self.leave(bool(level))

    def map_dimm(self, adding, ok=True):
        name = 'flat_range_added' if adding else 'flat_range_removed'
        self.region(9, 'ram0', 'ram', 256 * MIB, 5 if adding else 0)
        self.into('memory_region_transaction_commit', 0)
        self.at(name, 'memory', 4 * GIB, 256 * MIB, 'ram0', 0, False, 9)
        self.phys_mem(4 * GIB, 256 * MIB, 'ram0', 1, adding, ok)
        self.leave(True)

    def plug(self):
        self.begin('qmp')
        self.at('qmp_command', 'device_add', '{"driver": "pc-dimm", "id": "dimm0", "memdev": "ram0"}')
        self.into('qmp_device_add', 'pc-dimm', 'dimm0')
        self.into('pc_dimm_plug', 'dimm0', 4 * GIB, 256 * MIB, 0)
        self.into('pc_dimm_memory_plug', 'dimm0', 0, 4 * GIB, 256 * MIB, 2 * MIB)
        self.map_dimm(True)
        self.leave()
        self.irq(1)
        self.leave(True)
        self.leave(True)
        self.at('qmp_reply', 'device_add', True, '')
        self.end()

    def register(self, reg, value, write, vcpu):
        self.begin('exit', vcpu)
        self.at('vcpu_exit', vcpu, 'pio', 0xafe0, 1, write, 1, value if write else 0)
        self.at('acpi_register_write' if write else 'acpi_register_read', reg, value)
        if write:
            self.irq(0)
        self.end()

    def refused(self):
        self.begin('qmp')
        self.at('qmp_command', 'device_add', '{"driver": "pc-dimm", "id": "dimm0"}')
        self.into('qmp_device_add', 'pc-dimm', 'dimm0')
        self.at('device_add_refused', 'pc-dimm', 'dimm0', "Duplicate ID 'dimm0' for device")
        self.leave(False)
        self.at('qmp_reply', 'device_add', False, "Duplicate ID 'dimm0' for device")
        self.end()

    def unplug(self):
        self.begin('exit', 1)
        self.into('acpi_memory_eject', 0, 'dimm0')
        self.map_dimm(False)
        self.at('device_deleted', 'dimm0', '/machine/peripheral/dimm0')
        self.leave(True)
        self.end()

    def tear_down(self):
        self.context = self.context | {'turn': self.context['turn'] + 1, 'vcpu': 0xffff}
        self.at('flat_range_removed', 'memory', 0, 64 * MIB, 'pc.ram', 0, False, 3)
        self.at('address_space_destroyed', 'memory')
        self.at('address_space_destroyed', 'I/O')


def session():
    trace = Session()
    trace.build()
    trace.begin('start')
    trace.end()
    trace.plug()
    trace.register('gpe0_status', 8, False, 0)
    trace.register('gpe0_status', 8, True, 0)
    trace.begin('exit', 0)
    trace.at('acpi_device_ost', 0, 'dimm0', 1, 0, 'success')
    trace.end()
    trace.refused()
    trace.begin('exit', 1)
    trace.at('guest_error', 'acpi-mem-hotplug', 0x99, 1, 'no such register')
    trace.end()
    trace.unplug()
    trace.tear_down()
    return trace


def midway():
    """What a trace that was switched on late knows."""
    trace = session()
    trace.records = [r for i, r in enumerate(trace.records) if i >= 25]
    return trace.bytes()


def failing():
    """KVM refuses to delete the memslot; later it serves again."""
    trace = Session()
    trace.build()
    trace.plug()
    trace.begin('exit', 0)
    trace.map_dimm(False, ok=False)
    trace.end()
    trace.begin('exit', 0)
    trace.at('kvm_memslot_kept', 1, 4 * GIB, 256 * MIB, 'again')
    trace.end()
    return trace.bytes()


def hostile():
    """Containers in a circle, an alias of itself, ranges that overlap and end nowhere, names that draw on the terminal."""
    trace = Session()
    trace.region(1, 'a', 'container', 0, 2)
    trace.region(2, 'b\x1b[31m<script>', 'container', 100, 1, 2**64 - 1, -2**31)
    trace.region(3, 'self', 'alias', 0, 1, target=3)
    trace.region(4, 'what', 'sponge', 1, 1, target=77)
    trace.at('address_space_created', 'memory', 1)
    trace.at('address_space_created', 'memory', 99)
    trace.at('flat_range_added', 'memory', 0, 0, 'all', 5, True, 3)
    trace.at('flat_range_added', 'memory', 2**64 - 1, 2**64 - 1, '', 2**64 - 1, False, 4)
    trace.at('flat_range_added', 'memory', 5, 0, 'x' * 90, 0, False, 2)
    trace.at('flat_range_removed', 'nowhere', 5, 0, '', 0, False, 0)
    trace.at('kvm_memslot_added', 2**32 - 1, 2**64 - 1, 0, 0xffffffff, 's')
    trace.at('kvm_memslot_deleted', 5, 0, 0, '')
    trace.at('kvm_memslot_kept', 6, 0, 0, '')
    trace.at('memory_region_finished', 8, '')
    trace.into('kvm_set_phys_mem', 2**64 - 1, 0, 's', False)
    trace.leave(False)
    trace.into('kvm_set_phys_mem', 1, 1, 's', True)
    return trace.bytes()


def hostile_story():
    """Texts that end in the middle, and that would add lines to a story."""
    trace = Session()
    trace.into('qmp_device_add', 'pc-dimm', 'dimm0')
    trace.at('flat_range_added', 'memory', 0, 0, 'a\0b', 5, True, 3)
    trace.at('flat_range_added', 'memory', 0, 0, 'ram\nIt is gone.\x1b[31m', 5, True, 3)
    trace.at('kvm_ioctl', 'KVM_SET_USER_MEMORY_REGION', 0, '\0', 0, 0)
    return trace.bytes()


def without_fields():
    """Events of these names, but with nothing that is asked of them."""
    names = ('memory_region_described', 'flat_range_added', 'kvm_memslot_added', 'address_space_created', 'kvm_set_phys_mem',
             'qmp_device_add', 'pic_stat_update_irq', 'acpi_register_write')
    events = [span(i, n, [('str', 'gpa'), ('u8', 'region')]) if n.startswith(('kvm_set', 'qmp_d')) else
              instant(i, n, [('str', 'gpa'), ('u8', 'region')]) for i, n in enumerate(names, 1)]
    trace = Trace(events)
    for event in events:
        if event['kind'] == 'span':
            trace.enter(event['id'], '?', 1)
            trace.leave()
        else:
            trace.instant(event['id'], '?', 1)
    return trace.bytes()


WHOLE = session().bytes()
PLUG = 'qmp_device_add id=dimm0'
MAPS = [['flatview', 'trace.rpt'], ['mtree', 'trace.rpt'], ['memslots', 'trace.rpt']]

CASES = [
    Case('map', WHOLE, MAPS + [
        ['flatview', '--at', 'turn=0', 'trace.rpt'], ['flatview', '--at', PLUG, '--since', 'trace.rpt'],
        ['flatview', '--change', PLUG, 'trace.rpt'], ['flatview', '--diff', 'turn=0', 'turn=6', 'trace.rpt'],
        ['flatview', '--diff', 'turn=0', 'turn=1', 'trace.rpt'], ['flatview', '--change', 'acpi_memory_eject', '--picture', 'trace.rpt'],
        ['mtree', '--at', 'acpi_device_ost', 'trace.rpt'], ['memslots', '--at', 'acpi_device_ost', '--since', 'trace.rpt'],
        ['memslots', '--at', 'turn=99', 'trace.rpt']]),
    Case('map-picture', WHOLE, [['flatview', '--at', PLUG, '--picture', 'trace.rpt'], ['flatview', '--change', PLUG, '--svg', 'trace.rpt'],
                                ['flatview', '--at', PLUG, '--svg', 'trace.rpt']]),
    Case('map-midway', midway(), MAPS + [['flatview', '--change', 'acpi_memory_eject', 'trace.rpt']]),
    Case('map-failing', failing(), [['memslots', '--at', 'turn=2', 'trace.rpt'], ['memslots', 'trace.rpt']]),
    Case('map-hostile', hostile(), MAPS + [['flatview', '--picture', 'trace.rpt'], ['flatview', '--svg', 'trace.rpt'],
                                           ['flatview', '--diff', 'seq=7', 'seq=9', 'trace.rpt']]),
    Case('map-no-fields', without_fields(), MAPS),
    Case('map-cut', session().bytes(10)[:-300], [['flatview', 'trace.rpt']]),
    Case('map-empty', header(DECLARED), MAPS + [['flatview', '--picture', 'trace.rpt'], ['flatview', '--svg', 'trace.rpt']]),
    Case('map-newer', header(DECLARED + [instant(99, 'new', [('u128', 'x')])], minor=9) + block(session().encoded(session().records)), [['mtree', 'trace.rpt']]),
    Case('map-usage', WHOLE, [['help', 'flatview'], ['help', 'mtree'], ['help', 'memslots'], ['flatview', '--diff', 'turn=1'],
                              ['flatview', '--at', 'turn=1', '--change', 'turn=2', 'trace.rpt'], ['mtree', '--picture', 'trace.rpt'],
                              ['flatview', '--at', 'turn', 'trace.rpt'], ['memslots', '--at', 'a=(', 'trace.rpt'], ['mtree', 'none.rpt']]),
    Case('why', WHOLE, [['why', thing, 'trace.rpt'] for thing in ('4G', '0x10', 'io:0xa00', '77T', 'slot:1', 'slot:0', 'irq:9', 'irq:3',
                                                                  'reg:gpe0_status', 'dimm0', 'name:ram0', 'nothing', 'slot:x')]
         + [['why', 'trace.rpt'], ['help', 'why']]),
    Case('hotplug-hostile', hostile_story(), [['hotplug', 'dimm0', 'trace.rpt'], ['hotplug', '--json', 'trace.rpt']]),
    Case('why-hostile', hostile(), [['why', thing, 'trace.rpt'] for thing in ('0xffffffffffffffff', 'slot:4294967295', 'all')]),
    Case('why-no-fields', without_fields(), [['why', thing, 'trace.rpt'] for thing in ('0', 'slot:0', 'irq:0', 'reg:x', '?')]),
    Case('why-midway', midway(), [['why', '4G', 'trace.rpt']]),
    Case('export', WHOLE, [['export', '--to', 'perfetto', 'trace.rpt'], ['export', '--to', 'perfetto', '--host-time', '--filter', '*irq', 'trace.rpt'],
                           ['export', '--to', 'csv', '--filter', 'kvm_* or qmp_*', 'trace.rpt'],
                           ['export', '--to', 'json', '--filter', 'acpi_*', 'trace.rpt'], ['export', '--to', 'ctf', '-o', 'ctf', 'trace.rpt'],
                           ['show', 'ctf'], ['export', '--to', 'ctf', '-o', 'ctf', 'trace.rpt'], ['export', 'trace.rpt'],
                           ['export', '--to', 'ctf', 'trace.rpt'], ['export', '--to', 'csv', '-o', 'x', 'trace.rpt'], ['help', 'export']]),
    Case('export-hostile', hostile(), [['export', '--to', form, 'trace.rpt'] for form in ('perfetto', 'csv', 'json')]
         + [['export', '--to', 'ctf', '-o', 'ctf', 'trace.rpt'], ['show', 'ctf']]),
    Case('export-types', every_type(), [['export', '--to', form, 'trace.rpt'] for form in ('perfetto', 'csv', 'json')]
         + [['export', '--to', 'ctf', '-o', 'ctf', 'trace.rpt'], ['show', 'ctf']]),
    Case('export-newer', newer_minor(), [['export', '--to', form, 'trace.rpt'] for form in ('perfetto', 'csv', 'json')]
         + [['export', '--to', 'ctf', '-o', 'ctf', 'trace.rpt'], ['show', 'ctf']]),
    Case('export-nesting', odd_nesting(), [['export', '--to', 'perfetto', 'trace.rpt']]),
    Case('report-usage', WHOLE, [['help', 'report'], ['report', '-o', 'no/such/folder.html', 'trace.rpt'], ['report', 'none.rpt']]),
]
