# SPDX-License-Identifier: GPL-2.0-or-later
"""replay.py - what a replay has from the recording alone, and what clients of a replay may do. (Kinds of sessions: sessions.py.)"""
import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import time

from emulator import DEADLINE_S, GUEST, REPLUG, Emulator, Qmp, need_kvm, run_tests, tracedump
from recorded import need_namespaces, online, recorded, replay, run_replay, without_kvm
from rpl_reader import Reader

COMMAND = 2  # of turns: docs/determinism.md


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


def test_progress_on_a_terminal():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'a.rpl'
        record_plugs(path)
        turns, digest = replay(path)
        ours, theirs = pty.openpty()
        done = subprocess.run(without_kvm([REPLUG, '-replay', path]), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                              timeout=DEADLINE_S)
        os.close(theirs)
        shown = os.read(ours, 1 << 20).decode()
        os.close(ours)
        assert done.returncode == 0, shown
        # Each line of progress takes the place of the one before, the verdict that of the last.
        assert re.fullmatch(r'(\rreplaying: turn \d+, \d+ %\x1b\[K)+\r\x1b\[K'
                            rf'replayed {turns} turns, digest {digest}, equal\r\n', shown), shown
        assert run_replay(path).stderr == '', 'progress where there is no terminal'


if __name__ == '__main__':
    need_kvm()
    need_namespaces()
    run_tests(dict(globals()))
