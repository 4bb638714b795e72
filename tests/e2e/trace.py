# SPDX-License-Identifier: GPL-2.0-or-later
"""trace.py - switching events, the ring, backtraces; tracing changes nothing."""
import re
import tempfile

from emulator import GUEST, Emulator, QmpError, need_kvm, run_tests, tracedump


def names(show):
    return re.findall(r'(?m)(?:--> |<-- |- |\d )([a-z][a-z0-9_]+)(?::|$)', show)


def test_tracing_changes_nothing():
    def end_state(*arguments):
        with Emulator('-S', '-rtc', 'base=2026-01-31T12:00:00', *arguments, guest=GUEST) as vm:
            vm.qmp.plug(0)
            vm.qmp.plug(1)
            vm.qmp.command('device_del', id='dimm0')
            state = vm.qmp.state().replace(str(vm.folder), 'FOLDER')  # the monitor's socket
            vm.quit()
            return state
    with tempfile.TemporaryDirectory() as folder:
        plain = end_state()
        assert plain == end_state('-trace', f'*,file={folder}/a.rpt,backtrace=on')
        assert plain == end_state('-trace', '*')


def test_two_runs_give_the_same_trace():
    """A stopped machine has no host time in it: the traces of equal commands are equal."""
    shows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ('a', 'b'):
            with Emulator('-S', '-rtc', 'base=2026-01-31', '-trace', f'*,file={folder}/{name}.rpt', guest=GUEST) as vm:
                vm.qmp.plug(0)
                vm.quit()
            shows.append(tracedump('show', f'{folder}/{name}.rpt'))
    assert shows[0] == shows[1]
    assert len(shows[0].splitlines()) > 300


def test_events_are_switched_by_qmp():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/out.rpt'
        with Emulator('-S', '-trace', f'qmp_command,file={file}') as vm:
            states = vm.qmp.command('trace-event-get-state', name='kvm_set_phys_mem')
            assert states == [{'name': 'kvm_set_phys_mem', 'state': 'disabled'}], states
            vm.qmp.plug(0)
            vm.qmp.command('trace-event-set-state', name='kvm_set_phys*', enable=True)
            assert vm.qmp.command('trace-event-get-state', name='kvm_set_phys_mem')[0]['state'] == 'enabled'
            vm.qmp.plug(1)
            vm.qmp.command('trace-event-set-state', name='kvm_set_phys_mem', enable=False)
            vm.qmp.plug(2)
            for wrong in ('no_such_event', ''):
                try:
                    vm.qmp.command('trace-event-set-state', name=wrong, enable=True)
                except QmpError as error:
                    assert error.klass == 'GenericError', error
                else:
                    raise AssertionError(f'"{wrong}" was accepted')
            vm.quit()
        show = tracedump('show', file)
        assert show.count('--> kvm_set_phys_mem') == 1 and show.count('<-- kvm_set_phys_mem') == 1, show
        assert show.count('qmp_command') > 10


def test_ring():
    with tempfile.TemporaryDirectory() as folder:
        with Emulator('-S', '-trace', '*') as vm:
            vm.qmp.plug(0)
            vm.qmp.command('trace-ring-dump', filename=f'{folder}/ring.rpt')
            text = vm.qmp.hmp('trace-ring-dump')
            assert 'kvm_set_phys_mem' in text and 'pc_dimm_plug' in text, text[-2000:]
            vm.quit()
        shown = tracedump('show', f'{folder}/ring.rpt')
        assert 'kvm_set_phys_mem' in shown and 'pc_dimm_plug' in shown
        # The monitor's text and tracedump's are one form.
        line = next(line for line in shown.splitlines() if '--> pc_dimm_plug:' in line)
        assert line in text, line


def test_backtraces():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/out.rpt'
        with Emulator('-S', '-trace', f'kvm_set_phys_mem,file={file},backtrace=on') as vm:
            vm.qmp.plug(0)
            vm.quit()
        text = tracedump('backtraces', file)
        last = text[text.rindex('kvm_set_phys_mem'):] if 'device_set_realized' not in text else text
        for function, source in (('pc_dimm_memory_plug', 'pc_dimm.c'), ('memory_region_transaction_commit', 'transaction.c'),
                                 ('device_set_realized', 'device.c'), ('qdev_device_add', 'device_add.c')):
            assert re.search(rf'#\d+ .*\b{function}\b.* at .*{source}:\d+', last), (function, text[-3000:])


if __name__ == '__main__':
    need_kvm()
    run_tests(dict(globals()))
