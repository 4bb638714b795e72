# SPDX-License-Identifier: GPL-2.0-or-later
"""refused.py - bad input gets an error that says what was given, in QEMU's words, and leaves the machine exactly as it was."""
import re

from emulator import GUEST, MIB, Emulator, need_kvm, run_tests

GENERIC, NOT_FOUND = 'GenericError', 'DeviceNotFound'


def dimm(**properties):
    return 'device_add', {'driver': 'pc-dimm', 'id': 'new', **properties}


def backend(**properties):
    return 'object-add', {'qom-type': 'memory-backend-ram', 'id': 'new', **properties}


# (command, arguments), error class, pattern of the text. The machine has dimm0 in slot 1, backends r0 (used) to r3, odd, big.
DEVICE_CASES = [
    (('device_add', {'driver': 'nope'}), GENERIC, "'nope' is not a valid device model name"),
    (('device_add', {'driver': 'PIIX4_PM'}), GENERIC, "Parameter 'driver' expects a pluggable device type"),
    (('device_add', {'driver': 'device'}), GENERIC, "Parameter 'driver' expects a(.*) device type"),
    (('device_add', {'driver': 'memory-backend-ram', 'id': 'q'}), GENERIC, "'memory-backend-ram' is not a valid device model name"),
    (('device_add', {'driver': 'isa-serial'}), GENERIC, "does not support hotplugging|expects a pluggable device type"),
    (('device_add', {'id': 'x'}), GENERIC, "Parameter 'driver' is missing"),
    (('device_add', {'driver': 'pc-dimm', 'id': 'a b', 'memdev': 'r1'}), GENERIC, "Parameter 'id' expects an identifier"),
    (dimm(), GENERIC, "'memdev' property must be set"),
    (dimm(memdev='r0'), GENERIC, "can't use already busy memdev: r0"),
    (dimm(memdev='nope'), NOT_FOUND, "Device 'nope' not found"),
    (dimm(memdev='dimm0'), GENERIC, "Invalid parameter type for 'memdev', expected: memory-backend"),
    (dimm(memdev='r1', id='dimm0'), GENERIC, "Duplicate device ID 'dimm0'"),
    (dimm(memdev='r1', slot=1), GENERIC, 'slot 1 is busy'),
    (dimm(memdev='r1', slot=4), GENERIC, r'invalid slot number 4, valid range is \[0-3\]'),
    (dimm(memdev='r1', slot=-2), GENERIC, r'invalid slot number -2, valid range is \[0-3\]'),
    (dimm(memdev='r1', slot=1 << 40), GENERIC, "'slot'"),
    (dimm(memdev='r1', slot='seven'), GENERIC, "Parameter 'slot' expects"),
    (dimm(memdev='r1', slot={}), GENERIC, "'slot'"),
    (dimm(memdev='r1', addr=0x100000000), GENERIC, "address range conflicts with memory device id='dimm0'"),
    (dimm(memdev='r1', addr=0x100001000), GENERIC, 'address must be aligned to 0x200000'),
    (dimm(memdev='r1', addr=0x200000), GENERIC, r"can't add memory device \[0x200000:0x10000000\], usable range for memory devices"),
    (dimm(memdev='r1', addr=0xfffffffff0000000), GENERIC, "can't add memory device"),
    (dimm(memdev='r1', addr='abc'), GENERIC, "Parameter 'addr' expects"),
    (dimm(memdev='odd'), GENERIC, 'backend memory size must be multiple of 0x200000'),
    (dimm(memdev='big'), GENERIC, 'not enough space, currently 0x10000000 in use of total space for memory devices 0xfc000000'),
    (dimm(memdev='r1', foo=1), GENERIC, "Property 'pc-dimm.foo' not found"),
    (dimm(memdev='r1', size=5), GENERIC, "'(pc-dimm.)?size'"),
    (dimm(memdev='r1', bus='pci.9'), GENERIC, "Bus 'pci.9' not found"),
    (dimm(memdev=5), NOT_FOUND, "Device '5' not found"),
    (('device_del', {'id': 'nope'}), NOT_FOUND, "Device 'nope' not found"),
    (('device_del', {'id': ''}), NOT_FOUND, "Device '' not found"),
    (('device_del', {'id': 'r0'}), NOT_FOUND, "Device 'r0' not found"),
    (('device_del', {'id': '/objects/r0'}), GENERIC, 'is not a hotpluggable device'),
    (('device_del', {'id': '/machine/unattached/device[0]'}), GENERIC, 'not support hotplugging|unpluggable'),
]
OBJECT_CASES = [
    (backend(id='r0', size=MIB), GENERIC, r"attempt to add duplicate property 'r0' to object \(type 'container'\)"),
    (backend(**{'qom-type': 'nope'}), GENERIC, "Parameter 'qom-type' does not accept value 'nope'"),
    (backend(**{'qom-type': 'pc-dimm'}), GENERIC, "Parameter 'qom-type' does not accept value 'pc-dimm'"),
    (backend(), GENERIC, "size"),
    (backend(size=0), GENERIC, "size"),
    (backend(size=5000), GENERIC, 'not a multiple of the page size'),
    (backend(size='1G'), GENERIC, "'size'"),
    (backend(size=1 << 60), GENERIC, 'mmap failed: Cannot allocate memory'),
    (backend(size=4096, foo=1), GENERIC, "Parameter 'foo' is unexpected"),
    (backend(size=4096, id='0z'), GENERIC, "Parameter 'id' expects an identifier"),
    (('object-add', {'qom-type': 'memory-backend-ram', 'size': 4096}), GENERIC, "Parameter 'id' is missing"),
    (('object-add', {'id': 'x', 'size': 4096}), GENERIC, "Parameter 'qom-type' is missing"),
    (backend(**{'qom-type': 'memory-backend-file', 'size': MIB}), GENERIC, 'mem-path'),
    (backend(**{'qom-type': 'memory-backend-file', 'size': MIB, 'mem-path': '/nonexistent/x'}), GENERIC,
     '/nonexistent/x.*No such file or directory'),
    (('object-del', {'id': 'r0'}), GENERIC, "object 'r0' is in use, can not be deleted"),
    (('object-del', {'id': 'nope'}), GENERIC, "object 'nope' not found"),
]


def refuse(vm, request, klass, pattern, before):
    answer = vm.qmp.execute(*request)
    assert 'error' in answer, (request, answer)
    error = answer['error']
    assert error['class'] == klass and re.search(pattern, error['desc']), (request, error, pattern)
    after = vm.qmp.state()
    assert after == before, (request, difference(before, after))


def difference(before, after):
    old, new = before.splitlines(), after.splitlines()
    return '\n'.join([f'- {line}' for line in old if line not in new] + [f'+ {line}' for line in new if line not in old])


def prepared(vm):
    for number in range(4):
        vm.qmp.command('object-add', qom_type='memory-backend-ram', id=f'r{number}', size=256 * MIB)
    vm.qmp.command('object-add', qom_type='memory-backend-ram', id='odd', size=3 * 4096)
    vm.qmp.command('object-add', qom_type='memory-backend-ram', id='big', size=4096 * MIB)
    vm.qmp.command('device_add', driver='pc-dimm', id='dimm0', memdev='r0', slot=1)


def test_refused_by_a_stopped_machine():
    with Emulator('-S', memory='64M,slots=4,maxmem=4G') as vm:
        prepared(vm)
        before = vm.qmp.state()
        assert 'dimm0' in before and '0000000100000000' in before, before
        for request, klass, pattern in DEVICE_CASES + OBJECT_CASES:
            refuse(vm, request, klass, pattern, before)
        vm.quit()


def test_refused_while_the_guest_runs():
    with Emulator(guest=GUEST, memory='64M,slots=4,maxmem=4G') as vm:
        vm.line('guest: ACPI enabled')
        prepared(vm)
        vm.line('slot 1: online')
        for request, klass, pattern in DEVICE_CASES + OBJECT_CASES:
            answer = vm.qmp.execute(*request)
            assert answer['error']['class'] == klass and re.search(pattern, answer['error']['desc']), (request, answer)
        vm.qmp.command('device_add', driver='pc-dimm', id='dimm1', memdev='r1')
        vm.line('slot 0: online')
        vm.type('c')
        vm.line('slot 1: memory intact')
        vm.quit()


def test_all_slots_taken():
    with Emulator('-S', memory='64M,slots=2,maxmem=4G') as vm:
        for number in range(2):
            vm.qmp.plug(number)
        vm.qmp.command('object-add', qom_type='memory-backend-ram', id='r2', size=256 * MIB)
        refuse(vm, dimm(memdev='r2'), GENERIC, 'no free slots available', vm.qmp.state())
        vm.quit()


def test_maxmem_exceeded():
    with Emulator('-S', memory='64M,slots=4,maxmem=300M') as vm:
        vm.qmp.plug(0, size=128 * MIB)
        vm.qmp.command('object-add', qom_type='memory-backend-ram', id='r1', size=128 * MIB)
        refuse(vm, dimm(memdev='r1'), GENERIC,
               'not enough space, currently 0x8000000 in use of total space for memory devices 0xec00000', vm.qmp.state())
        vm.quit()


def test_no_slots_configured():
    with Emulator('-S', memory='64M') as vm:
        vm.qmp.command('object-add', qom_type='memory-backend-ram', id='r0', size=128 * MIB)
        refuse(vm, dimm(memdev='r0'), GENERIC, "no slots w.*, please specify the 'slots' option|not enabled", vm.qmp.state())
        vm.quit()


def test_deleted_twice():
    with Emulator(guest=GUEST) as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        answer = vm.qmp.execute('device_del', {'id': 'dimm0'})
        assert answer['error'] == {'class': NOT_FOUND, 'desc': "Device 'dimm0' not found"}, answer
        vm.quit()
    with Emulator('-S') as vm:  # the guest has not looked at the first request
        vm.qmp.plug(0)
        vm.qmp.command('device_del', id='dimm0')
        refuse(vm, ('device_del', {'id': 'dimm0'}), GENERIC, 'Device dimm0 is already in the process of unplug', vm.qmp.state())
        vm.quit()


def test_command_lines():
    """What can't be built is said on stderr in one line that names the option; the exit status is 1."""
    cases = [
        (['-frobnicate'], '-frobnicate: invalid option'), (['-m'], '-m: requires an argument'),
        (['-m', 'lots'], 'lots'), (['-m', '0'], "size '0'"), (['-m', '64M,slots=4'], 'maxmem'),
        (['-m', '64M,slots=300,maxmem=8G'], "'slots' expects a number from 0 to 256"), (['-m', '64M,maxmem=32M,slots=1'], 'maxmem'),
        (['-machine', 'q35'], "unsupported machine type 'q35'"), (['-accel', 'xen'], "'xen'"), (['-smp', '9'], 'Invalid SMP CPUs'),
        (['-smp', '0'], 'SMP|cpus'), (['-cpu', 'z80'], "unable to find CPU model 'z80'"),
        (['-cpu', 'max,-aes'], 'needs -accel soft'), (['-cpu', 'x86-64-v3'], 'needs -accel soft'),
        (['-accel', 'soft', '-cpu', 'max,-aex'], "unknown CPU feature 'aex'"), (['-accel', 'soft', '-cpu', 'host'], "CPU model 'host'"), (['-uuid', '12'], "'12' is no UUID"),
        (['-kernel', '/nonexistent'], '/nonexistent.*No such file'), (['-kernel', '/etc/passwd'], '/etc/passwd'),
        (['-append', 'x'], 'only allowed with -kernel'), (['-fault', 'nope=EIO'], "Unknown fault point 'nope'"),
        (['-fault', 'kvm_irq_line=EFROB'], 'EFROB'), (['-trace', 'no_such_*'], 'no_such_'), (['-trace', '*,frob=1'], 'frob'),
        (['-trace', '*,file=/nonexistent/x.rpt'], '/nonexistent/x.rpt.*No such file'),
        (['-serial', 'frob:x'], 'frob'), (['-qmp', 'unix:/nonexistent/x,server=on,wait=off'], '/nonexistent/x.*No such file'),
        (['-qmp', 'unix:' + 'x' * 200 + ',server=on,wait=off'], 'xxx'), (['-device', 'nope'], "'nope' is not a valid device model name"),
        (['-device', 'pc-dimm,id=d'], "'memdev' property must be set"), (['-object', 'nope,id=x'], 'nope'),
        (['-object', 'memory-backend-ram,id=x,size=1Q'], '1Q'), (['-chardev', 'socket,id=x'], 'path|socket'),
        (['-mon', 'chardev=nope'], "nope"), (['-device', 'isa-serial,chardev=nope'], 'nope'), (['-rtc', 'base=yesterday'], 'yesterday'),
        (['-machine', 'pc,memory-backend=nope'], 'nope'), (['-pidfile', '/nonexistent/pid'], '/nonexistent/pid'),
    ]
    for arguments, pattern in cases:
        with Emulator('-S', *arguments, qmp=False) as vm:
            status, text = vm.wait(), vm.stderr()
            assert status == 1 and re.search(pattern, text), (arguments, status, text)
            assert text.startswith('replug: ') and len(text.splitlines()) == 1, (arguments, text)


if __name__ == '__main__':
    need_kvm()
    run_tests(dict(globals()))
