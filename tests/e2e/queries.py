# SPDX-License-Identifier: GPL-2.0-or-later
"""queries.py - what the monitor tells of memory and processors, field by field as QEMU 7.2 tells it of the same machine."""
import re
import shutil
import subprocess

from emulator import GUEST, MIB, REPLUG, Emulator, run_tests, skip

QEMU = 'qemu-system-x86_64'
SMP = ['-smp', '2,maxcpus=6,sockets=2,cores=3,threads=1']
NODES = ['-object', 'memory-backend-ram,id=n0,size=32M', '-object', 'memory-backend-memfd,id=n1,size=32M',
         '-numa', 'node,memdev=n0,cpus=0-2', '-numa', 'node,memdev=n1,cpus=3-5']
QUERIES = ['query-hotpluggable-cpus', 'query-memory-devices', 'query-memory-size-summary', 'query-cpus-fast', 'query-acpi-ospm-status']


def same_form(answer):
    """Without what no two processes have in common."""
    if isinstance(answer, list):
        return [same_form(item) for item in answer]
    if not isinstance(answer, dict):
        # Built-in devices without a name are numbered; QEMU has others.
        return re.sub(r'unattached/device\[[1-9]\d*\]', 'unattached/device[N]', answer) if isinstance(answer, str) else answer
    if 'thread-id' in answer and 'cpu-index' in answer:
        assert isinstance(answer['thread-id'], int) and answer['thread-id'] > 0, answer
        answer = {**answer, 'thread-id': 1}
    return {key: same_form(value) for key, value in answer.items()}


def answers(program, session, *arguments, **options):
    """{query: its answer}, once for each time that the session yields."""
    with Emulator(*arguments, program=program, accel='soft', **options) as vm:
        told = []
        for _ in session(vm):
            told.append({query: same_form(vm.qmp.command(query)) for query in QUERIES})
    return told


def compare(session, *arguments, **options):
    ours, theirs = (answers(program, session, *arguments, **options) for program in (REPLUG, QEMU))
    assert len(ours) == len(theirs) > 0
    for number, (a, b) in enumerate(zip(ours, theirs)):
        # QEMU tells of processors' _OST once the guest has taken their hotplug over from what older machines had; ours always does.
        status = a['query-acpi-ospm-status']
        assert [slot['slot-type'] for slot in status] == ['DIMM'] * 4 + ['CPU'] * 6, status
        if len(b['query-acpi-ospm-status']) == 4:
            del status[4:]
        for query in QUERIES:
            assert a[query] == b[query], f'{query}, moment {number}:\nReplug {a[query]}\nQEMU   {b[query]}'


def plugs(node):
    """What is plugged while nothing runs, with addresses and slots that were named and that were not."""
    def session(vm):
        yield
        vm.qmp.plug(0, size=128 * MIB, **node)
        vm.qmp.plug(3, size=128 * MIB, backend='memory-backend-memfd', addr=6 << 30, slot=2)
        yield
        node_id = {'node-id': 1} if node else {}
        vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', id='cpu3', socket_id=1, core_id=0, thread_id=0, **node_id)
        vm.qmp.command('device_add', driver='qemu64-x86_64-cpu', socket_id=1, core_id=2, thread_id=0)
        yield
    return session


def test_one_node():
    compare(plugs({}), '-S', *SMP)


def test_two_nodes():
    compare(plugs({'node': 1}), '-S', *SMP, *NODES)


def test_from_the_start():
    compare(plugs({}), '-S', *SMP, '-object', 'memory-backend-ram,id=early,size=64M', '-device', 'pc-dimm,id=boot,memdev=early,slot=1',
            '-device', 'qemu64-x86_64-cpu,id=second,socket-id=0,core-id=2,thread-id=0')


def test_what_the_guest_reported():
    """A DIMM that the guest takes and one that it refuses to give back, then one that has left."""
    def session(vm):
        def reported(status, source):
            vm.qmp.event('ACPI_DEVICE_OST')
            while [(slot['source'], slot['status']) for slot in vm.qmp.command('query-acpi-ospm-status')][0] != (source, status):
                vm.qmp.event('ACPI_DEVICE_OST')

        vm.guest_listens()
        vm.qmp.plug(0, size=128 * MIB)
        reported(0, 1)
        yield
        vm.qmp.command('device_del', id='dimm0')
        reported(0x82, 3)
        yield
        vm.type('a')
        vm.line('guest: accepting eject requests')
        vm.qmp.command('device_del', id='dimm0')
        vm.qmp.event('DEVICE_DELETED', device='dimm0')
        reported(0, 3)
        yield
    compare(session, *SMP, guest=GUEST, append='slots=4 refuse')


if __name__ == '__main__':
    if shutil.which(QEMU) is None:
        skip(f'no {QEMU} to compare with')
    version = subprocess.run([QEMU, '--version'], capture_output=True, text=True).stdout.splitlines()[0]
    if ' 7.2.' not in version:
        skip(f'the answers to compare with are those of 7.2: {version}')
    run_tests(dict(globals()))
