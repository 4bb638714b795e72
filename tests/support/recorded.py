# SPDX-License-Identifier: GPL-2.0-or-later
"""recorded.py - records sessions and replays them in a process that has no /dev/kvm."""
import contextlib
import os
import pathlib
import re
import subprocess
import tempfile

from emulator import DEADLINE_S, REPLUG, Emulator, check_trace, skip, tracedump
from rpl_reader import Reader, xxh3

# In a mount namespace of its own /dev/null lies over /dev/kvm: there is no way to KVM.
HIDE_KVM = 'mount --bind /dev/null /dev/kvm && exec "$@"'


def without_kvm(command):
    namespace = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-rm']
    return namespace + ['sh', '-c', HIDE_KVM, 'sh', *map(str, command)]


def need_namespaces():
    """Skips where no mount namespace can be made; fails where the hiding does not hide."""
    try:
        done = subprocess.run(without_kvm([REPLUG, '-S', '-display', 'none', '-m', '16M']), capture_output=True, text=True,
                              timeout=DEADLINE_S)
    except FileNotFoundError:
        skip('unshare is missing')
    if 'mount' in done.stderr or 'unshare' in done.stderr:
        skip('no mount namespaces: ' + done.stderr.strip())
    assert done.returncode == 1 and '/dev/kvm is not KVM' in done.stderr, (done.returncode, done.stderr)


def run_replay(path, *arguments, options=''):
    return subprocess.run(without_kvm([REPLUG, '-replay', f'{path}{options}', *arguments]), capture_output=True, text=True,
                          timeout=DEADLINE_S, stdin=subprocess.DEVNULL)


def replay(path, *arguments, options=''):
    """Replays to the end; (turns, digest)."""
    done = run_replay(path, *arguments, options=options)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    found = re.fullmatch(r'replayed (\d+) turns, digest ([0-9a-f]{16}), equal\n', done.stdout)
    assert found, done.stdout
    return int(found[1]), found[2]


def diverge(path, *arguments, options=''):
    """Replays to the divergence; (turn, report)."""
    done = run_replay(path, *arguments, options=options)
    assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
    found = re.search(r'(?m)^replug: the replay diverged at turn (\d+) ', done.stderr)
    assert found, done.stderr
    return int(found[1]), done.stderr


def same_trace(recorded, replayed):
    check_trace(recorded)
    check_trace(replayed)
    a, b = tracedump('show', recorded), tracedump('show', replayed)
    if a != b:
        lines = list(zip(a.splitlines(), b.splitlines()))
        first = next((i for i, (x, y) in enumerate(lines) if x != y), len(lines))
        raise AssertionError(f'traces of {a.count(chr(10))} and {b.count(chr(10))} events differ at {first}: {lines[first:first + 1]}')
    assert a.count('\n') > 10, 'hardly anything was traced'


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
