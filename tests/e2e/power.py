# SPDX-License-Identifier: GPL-2.0-or-later
"""power.py - how a guest starts, stops, resets and ends: -S, stop, cont, reset, triple fault, power-off, debug exit, signals."""
import os
import signal
import socket

from emulator import GUEST, ON_KVM, Emulator, QmpError, need_kvm, run_tests



def online(vm):
    vm.line('guest: ACPI enabled')


def test_starts_stopped_and_continues():
    with Emulator('-S', guest=GUEST) as vm:
        status = vm.qmp.command('query-status')
        assert (status['status'], status['running']) == ('prelaunch', False), status
        vm.qmp.command('cont')
        vm.qmp.event('RESUME')
        online(vm)
        status = vm.qmp.command('query-status')
        assert (status['status'], status['running']) == ('running', True), status
        vm.quit()


def test_stopped_guest_does_not_run():
    with Emulator(guest=GUEST) as vm:
        online(vm)
        vm.qmp.command('stop')
        vm.qmp.event('STOP')
        assert vm.qmp.command('query-status')['status'] == 'paused'
        before = vm.qmp.state()
        vm.qmp.plug(0)  # plugged while stopped: the guest can't answer yet
        ost = vm.qmp.command('query-acpi-ospm-status')[0]
        assert (ost['source'], ost['status']) == (0, 0), ost
        assert vm.qmp.state() != before
        vm.qmp.command('cont')
        vm.line('slot 0: online')
        vm.quit()


def test_reset_by_command_keeps_dimms():
    with Emulator(guest=GUEST) as vm:
        online(vm)
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        vm.qmp.command('system_reset')
        vm.qmp.event('RESET', guest=False, reason='host-qmp-system-reset')
        vm.line('guest: hello')
        online(vm)
        assert [d['data']['id'] for d in vm.qmp.command('query-memory-devices')] == ['dimm0']
        vm.qmp.plug(1)
        vm.line('slot 1: online')
        vm.quit()


def guest_resets(byte):
    with Emulator('-smp', 2, guest=GUEST, append='slots=4 smp') as vm:
        for _ in range(3):
            vm.line('guest: processors 2')
            online(vm)
            vm.type(byte)
            vm.qmp.event('RESET', guest=True, reason='guest-reset')
        online(vm)
        vm.quit()


def test_reset_by_port_cf9():
    guest_resets('r')


def test_triple_fault_resets():
    guest_resets('t')


def test_no_reboot_ends():
    with Emulator('-no-reboot', guest=GUEST) as vm:
        online(vm)
        vm.type('r')
        vm.qmp.event('SHUTDOWN', guest=True, reason='guest-reset')
        assert vm.wait() == 0


def test_power_off_under_no_shutdown():
    with Emulator('-no-shutdown', guest=GUEST) as vm:
        online(vm)
        vm.type('o')
        vm.qmp.event('SHUTDOWN', guest=True, reason='guest-shutdown')
        vm.qmp.event('STOP')
        assert vm.qmp.command('query-status')['status'] == 'shutdown'
        try:
            vm.qmp.command('cont')
        except QmpError as error:
            assert 'Resetting the Virtual Machine is required' in error.desc
        else:
            raise AssertionError('cont after power-off was accepted')
        vm.qmp.command('system_reset')
        vm.qmp.command('cont')
        online(vm)
        vm.quit()


def test_power_button():
    with Emulator(guest=GUEST) as vm:
        online(vm)
        vm.qmp.command('system_powerdown')
        vm.qmp.event('POWERDOWN')
        vm.line('guest: power off')
        assert vm.wait() == 0


def test_debug_exit_gives_the_status():
    with Emulator(guest=GUEST) as vm:
        online(vm)
        vm.type('x')
        assert vm.wait() == 3 << 1 | 1


def test_signals_end_it():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Emulator(guest=GUEST) as vm:
            online(vm)
            vm.process.send_signal(number)
            vm.qmp.event('SHUTDOWN', guest=False, reason='host-signal')
            assert vm.wait() == 0
            assert not vm.qmp_path.exists(), 'the socket file is left behind'


def test_smp():
    for count in (1, 2, 4, 8):
        with Emulator('-smp', count, guest=GUEST, append='slots=4 smp') as vm:
            vm.line(f'guest: processors {count}')
            online(vm)
            cpus = vm.qmp.command('query-cpus-fast')
            assert [c['cpu-index'] for c in cpus] == list(range(count))
            threads = {c['thread-id'] for c in cpus}
            # On our own CPUs one thread runs them all.
            assert len(threads) == (count if ON_KVM else 1) and vm.process.pid not in threads, threads
            vm.qmp.plug(0)
            vm.line('slot 0: online')
            vm.quit()


def test_name_uuid_pidfile():
    uuid = '550e8400-e29b-41d4-a716-446655440000'
    with Emulator('-S', '-name', 'guest=test,debug-threads=on', '-uuid', uuid.upper(), '-smp', '2,maxcpus=4') as vm:
        assert vm.qmp.command('query-name') == {'name': 'test'}
        assert vm.qmp.command('query-uuid') == {'UUID': uuid}
        cpus = vm.qmp.command('query-hotpluggable-cpus')
        assert len(cpus) == 4 and sum('qom-path' in c for c in cpus) == 2, cpus
        vm.quit()
    with Emulator('-S', '-pidfile', '/tmp/replug-test.pid') as vm:
        assert open('/tmp/replug-test.pid').read() == f'{vm.process.pid}\n'
        second = Emulator('-S', '-pidfile', '/tmp/replug-test.pid', qmp=False)
        with second:
            assert second.wait() == 1 and '/tmp/replug-test.pid' in second.stderr(), second.stderr()
        vm.quit()
    assert not os.path.exists('/tmp/replug-test.pid')


def test_daemonize():
    with Emulator('-S', qmp=False) as plain:  # only for its folder
        path, pidfile = plain.folder / 'daemon', plain.folder / 'pid'
        with Emulator('-S', '-daemonize', '-pidfile', pidfile, '-qmp', f'unix:{path},server=on,wait=off', qmp=False) as vm:
            assert vm.wait() == 0, vm.stderr()
            pid = int(pidfile.read_text())
            assert pid != vm.process.pid
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(path))  # it listens when the parent has ended
            assert b'"QMP"' in client.recv(4096)
            os.kill(pid, signal.SIGTERM)
            client.settimeout(30)
            while client.recv(4096):
                pass
            client.close()
    with Emulator('-daemonize', '-kernel', '/nonexistent', qmp=False) as vm:
        assert vm.wait() == 1 and '/nonexistent' in vm.stderr()


if __name__ == '__main__':
    if ON_KVM:
        need_kvm()
    run_tests(dict(globals()))
