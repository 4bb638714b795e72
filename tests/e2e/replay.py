# SPDX-License-Identifier: GPL-2.0-or-later
"""replay.py - recorded sessions are carried out again without /dev/kvm: same digests, same trace; what clients may do meanwhile."""
import contextlib
import json
import os
import pathlib
import tempfile
import time

from emulator import DEADLINE_S, GUEST, KVM_CHIPS, MIB, Emulator, Qmp, QmpError, need_kvm, run_tests, tracedump
from recorded import need_namespaces, replay, same_trace
from rpl_reader import Reader, xxh3

REPEATS = int(os.environ.get('REPLAY_REPEATS', '2'))
COMMAND = 2  # of turns: docs/determinism.md
ROUNDS = int(os.environ.get('REPLAY_ROUNDS', '100'))


@contextlib.contextmanager
def recorded(*arguments, **options):
    """A session that is recorded and traced; behind the block it is replayed and compared."""
    with tempfile.TemporaryDirectory(prefix='replug-replay-') as folder:
        folder = pathlib.Path(folder)
        path, trace, again = folder / 'a.rpl', folder / 'a.rpt', folder / 'b.rpt'
        with Emulator('-record', path, '-trace', f'*,file={trace}', *arguments, **options) as vm:
            vm.recording = path
            yield vm
            if vm.process.poll() is None and vm.qmp:
                vm.quit()
            vm.wait()
            assert vm.stderr() == '', vm.stderr()
        turns, digest = replay(path, '-trace', f'*,file={again}')
        reader = Reader(path.read_bytes())
        assert reader.damage is None and reader.end, reader.damage
        assert (turns, digest) == (reader.turns_ended, f'{xxh3(reader.state):016x}'), (turns, digest)
        same_trace(trace, again)
        assert replay(path) == (turns, digest), 'without a trace it is another session'


def online(vm):
    vm.line('guest: ACPI enabled')


def unplug(vm, number):
    vm.qmp.command('device_del', id=f'dimm{number}')
    vm.qmp.event('DEVICE_DELETED', device=f'dimm{number}')
    vm.qmp.command('object-del', id=f'ram{number}')


def test_plug_and_unplug():
    for _ in range(REPEATS):
        with recorded(guest=GUEST) as vm:
            online(vm)
            for number in range(3):
                vm.qmp.plug(number)
                vm.line(f'slot {number}: online')
            unplug(vm, 1)
            vm.qmp.plug(3, size=4 * MIB, backend='memory-backend-memfd')
            vm.line('slot 1: online')
            vm.type('c')
            vm.line('guest: all slots checked')
            vm.qmp.state()
            unplug(vm, 0)


def test_host_facts_in_replies():
    """Thread ids, socket paths, clocks, trace states: another process would say something else."""
    with recorded('-smp', 2, '-serial', 'pty', guest=None) as vm:
        assert vm.qmp.command('query-cpus-fast')[0]['thread-id'] > 0
        assert any('/dev/pts/' in c['filename'] for c in vm.qmp.command('query-chardev'))
        for line in ('info chardev', 'info cpus', 'info trace-events', 'info registers -a', 'info pic', 'trace-ring-dump', 'help',
                     'info mtree -f', 'info qtree', 'nonsense', 'info irq', 'trace-event qmp_* on'):
            vm.qmp.hmp(line)
        vm.qmp.command('trace-event-get-state', name='kvm*')
        vm.qmp.execute('trace-ring-dump', {'filename': '/nonexistent/ring'})
        vm.qmp.command('stop')
        vm.qmp.state()  # with registers
        vm.qmp.command('cont')
        vm.qmp.execute('device_add', {'driver': 'pc-dimm', 'id': 'x', 'memdev': 'é\u0000\\"'}, id={'a': [1.5e300, None, -1, 'ü']})


def test_refused_commands():
    with recorded('-fault', 'kvm_get_irqchip=EIO,at=4', guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        for name, arguments in [
                ('device_add', {'driver': 'pc-dimm', 'id': 'dimm0', 'memdev': 'ram0'}),
                ('device_add', {'driver': 'pc-dimm', 'id': 'dimm1', 'memdev': 'ram0'}),
                ('device_add', {'driver': 'nothing'}),
                ('object-add', {'qom-type': 'memory-backend-ram', 'id': 'big', 'size': 1 << 62}),
                ('object-add', {'qom-type': 'memory-backend-file', 'id': 'f', 'size': 4096, 'mem-path': '/nonexistent/file'}),
                ('object-del', {'id': 'ram0'}), ('device_del', {'id': 'dimm7'}), ('qom-get', {'path': '/machine', 'property': 'x'})]:
            assert 'error' in vm.qmp.execute(name, arguments), name
        vm.qmp.hmp('info pic')


def test_injected_failures():
    with recorded(guest=GUEST) as vm:
        online(vm)
        for fault in ('memory_map=ENOMEM', 'kvm_set_user_memory_region=EEXIST', *(['kvm_irq_line=EIO'] if KVM_CHIPS else []),
                      'memory_memfd_create=EMFILE'):
            vm.qmp.command('x-fault-inject', fault=fault)
            backend = 'memory-backend-memfd' if 'memfd' in fault else 'memory-backend-ram'
            added = 'return' in vm.qmp.execute('object-add', {'qom-type': backend, 'id': 'ram0', 'size': 4 * MIB})
            failed = not added or 'error' in vm.qmp.execute('device_add', {'driver': 'pc-dimm', 'id': 'd', 'memdev': 'ram0'})
            assert failed, fault
            vm.qmp.command('x-query-faults')
            if added:
                vm.qmp.command('object-del', id='ram0')
        vm.qmp.command('x-fault-inject', fault='kvm_set_user_memory_region=EIO,at=2')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        vm.qmp.execute('device_del', {'id': 'dimm0'})


def test_resets():
    with recorded('-smp', 2, guest=GUEST, append='slots=4 smp') as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        for byte in 'rt':
            vm.type(byte)
            vm.qmp.event('RESET', guest=True, reason='guest-reset')
            online(vm)
        vm.qmp.command('system_reset')
        vm.qmp.event('RESET', guest=False)
        online(vm)


def test_ends():
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.qmp.command('system_powerdown')
        vm.line('guest: power off')
        assert vm.wait() == 0
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.type('x')
        assert vm.wait() == 3 << 1 | 1
    with recorded('-no-shutdown', guest=GUEST) as vm:
        online(vm)
        vm.type('o')
        vm.qmp.event('STOP')
        vm.qmp.command('system_reset')
        vm.qmp.command('cont')
        online(vm)
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.process.terminate()
        vm.qmp.event('SHUTDOWN', guest=False, reason='host-signal')
        assert vm.wait() == 0


def test_processors():
    for count in (1, 2, 4):
        for _ in range(REPEATS):
            with recorded('-smp', count, guest=GUEST, append='slots=4 smp') as vm:
                vm.line(f'guest: processors {count}')
                online(vm)
                for _ in range(5):
                    vm.qmp.plug(0, size=4 * MIB)
                    vm.qmp.command('stop')
                    vm.qmp.command('cont')
                    vm.line('slot 0: online')
                    unplug(vm, 0)


def test_two_clients():
    with recorded(guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.qmp.command('query-chardev')
        vm.qmp.close()
        vm.qmp = Qmp(vm.qmp_path)
        vm.qmp.command('query-memory-devices')
        vm.qmp.command('query-chardev')
        vm.line('slot 0: online')
        unplug(vm, 0)


def test_many_rounds():
    with recorded(guest=GUEST) as vm:
        online(vm)
        for _ in range(ROUNDS):
            vm.qmp.plug(0, size=2 * MIB)
            vm.line('slot 0: online')
            unplug(vm, 0)


def test_other_machines():
    with recorded('-S', '-machine', 'none') as vm:
        vm.qmp.command('query-kvm')
    with tempfile.TemporaryDirectory() as folder:
        initrd = pathlib.Path(folder) / 'module'
        initrd.write_bytes(os.urandom(100000))
        with recorded('-S', '-initrd', initrd, '-machine', 'memory-backend=main', '-object',
                      f'memory-backend-file,id=main,size=64M,mem-path={folder}/ram,share=on,prealloc=on', guest=GUEST) as vm:
            vm.qmp.command('query-memdev')
            vm.qmp.state()
            initrd.unlink()  # the replay has neither file
            (pathlib.Path(folder) / 'ram').unlink()


# ---- clients of a replay ----

def record_plugs(path):
    """A session in which the turn behind the first plug is known by its reply to x-query-state."""
    with Emulator('-record', path, guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        state = vm.qmp.state()
        vm.qmp.plug(1)
        vm.line('slot 1: online')
        vm.quit()
    turn = next(record.turn for record in Reader(path.read_bytes()).records
                if record.group == 'turn' and record.kind == COMMAND and b'x-query-state' in record.payload)
    return turn, state


def wait_paused(qmp):
    deadline = time.monotonic() + DEADLINE_S
    while not qmp.command('x-query-replay')['paused']:
        assert time.monotonic() < deadline
    return qmp.command('x-query-replay')


def device_states(state):
    return [line for line in state.splitlines() if line.startswith('/machine/') or line.startswith('slot ')]


def test_clients_look_at_a_replay():
    with tempfile.TemporaryDirectory() as folder:
        path, monitor, trace = (pathlib.Path(folder) / name for name in ('a.rpl', 'look', 'b.rpt'))
        turn, state = record_plugs(path)
        turns, digest = replay(path)
        command = ['-replay', f'{path},until={turn}', '-qmp', f'unix:{monitor},server=on,wait=off', '-trace', f'*,file={trace}']
        with Emulator(*command, qmp=False, bare=True) as vm:
            qmp = Qmp(monitor)
            found = wait_paused(qmp)
            assert (found['replaying'], found['turn']) == (True, turn) and 0 < found['percent'] <= 100, found
            assert [d['data']['id'] for d in qmp.command('query-memory-devices')] == ['dimm0']
            assert device_states(qmp.state()) == device_states(state)
            assert qmp.command('query-status')['status'] == 'running'
            assert 'No data available' in qmp.hmp('info registers')
            assert 'slot 1: ' in qmp.hmp('info memslots')
            for name, arguments in [('device_add', {'driver': 'pc-dimm', 'memdev': 'ram0'}), ('device_del', {'id': 'dimm0'}),
                                    ('system_reset', {}), ('x-fault-inject', {'fault': 'memory_map=EIO'}),
                                    ('qom-set', {'path': '/machine', 'property': 'x', 'value': 1})]:
                answer = qmp.execute(name, arguments)
                assert answer['error']['desc'] == f"replaying: '{name}' would change the machine", answer
            assert qmp.hmp('system_reset') == "Error: replaying: 'system_reset' would change the machine\r\n"
            qmp.command('trace-event-set-state', name='vcpu_exit*', enable=False)
            qmp.command('cont')
            try:
                while True:
                    qmp.receive()  # events of the recording, up to the end
            except (EOFError, OSError):
                pass
            assert json.loads(qmp.raw[-1])['event'] == 'SHUTDOWN', qmp.raw[-1]
            assert vm.wait() == 0, vm.stderr()
            vm.line(f'replayed {turns} turns, digest {digest}, equal')


def test_a_client_ends_a_replay():
    with tempfile.TemporaryDirectory() as folder:
        path, monitor = pathlib.Path(folder) / 'a.rpl', pathlib.Path(folder) / 'look'
        record_plugs(path)
        command = ['-S', '-replay', f'{path},until=50', '-qmp', f'unix:{monitor},server=on,wait=off']
        with Emulator(*command, qmp=False, bare=True) as vm:
            qmp = Qmp(monitor)
            found = qmp.command('x-query-replay')
            assert (found['turn'], found['paused']) == (0, True), found
            qmp.hmp('cont')
            assert wait_paused(qmp)['turn'] == 50
            qmp.command('stop')
            qmp.command('quit')
            assert vm.wait() == 0
            assert 'replayed 51 turns' in vm.line('equal so far: ended by a client')


def test_a_replay_traces_more():
    with tempfile.TemporaryDirectory() as folder:
        path, trace = pathlib.Path(folder) / 'a.rpl', pathlib.Path(folder) / 'b.rpt'
        record_plugs(path)
        replay(path, '-trace', f'memory_region_*,file={trace},backtrace=on')
        assert 'memory_region_add_subregion' in tracedump('show', trace)


if __name__ == '__main__':
    need_kvm()
    need_namespaces()
    run_tests(dict(globals()))
