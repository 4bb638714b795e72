# SPDX-License-Identifier: GPL-2.0-or-later
"""recordings.py - tracedump on recordings of real sessions, and on traces of such a session and of its replay."""
import pathlib
import re
import subprocess
import tempfile

from emulator import GUEST, REPLUG, TRACEDUMP, Emulator, need_kvm, run_tests, tracedump
from rpl_reader import Reader


def record(folder, name, *trace, plugs=1):
    """A session with some plugs; the paths of recording and trace."""
    recording, file = folder / f'{name}.rpl', folder / f'{name}.rpt'
    with Emulator('-record', recording, '-trace', f'{",".join(trace) or "*"},file={file}', guest=GUEST) as vm:
        vm.line('guest: ACPI enabled')
        for number in range(plugs):
            vm.qmp.plug(number)
            vm.line(f'slot {number}: online')
        vm.quit()
    return recording, file


def replay(recording, trace):
    subprocess.run([REPLUG, '-replay', recording, '-trace', f'*,file={trace}'], check=True, timeout=60, stdout=subprocess.DEVNULL)
    return trace


def run(*arguments):
    done = subprocess.run([TRACEDUMP, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_replay_gives_the_same_trace():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording, trace = record(folder, 'a')
        again = replay(recording, folder / 'again.rpt')
        assert run('diff', trace, again) == (0, '', '')
        assert run('diff', again, trace) == (0, '', '')


def test_a_replay_may_trace_more():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording, lean = record(folder, 'lean', 'kvm_set_phys_mem')
        full = replay(recording, folder / 'full.rpt')
        status, out, err = run('diff', lean, full)
        assert status == 1 and 'first difference' in out and err == '', (status, out, err)
        status, out, err = run('diff', '--common', lean, full)
        assert (status, out) == (0, '') and 'full.rpt: left out, as only it has some:' in err, (status, out, err)


def test_what_the_reader_of_the_format_finds():
    """Our own reader and the one that is written from the format's page say the same."""
    with tempfile.TemporaryDirectory() as name:
        recording, _ = record(pathlib.Path(name), 'a')
        reader = Reader(recording.read_bytes())
        shown = tracedump('events', '--inputs', '--effects', '--state', recording).splitlines()
        assert len(shown) == len(reader.records)
        for line, record_read in zip(shown, reader.records):
            assert line.split()[0].rstrip(':') == record_read.group, (line, record_read)
        turns = [r for r in reader.records if r.group == 'turn']
        assert len(tracedump('events', recording).splitlines()) == len(turns)
        assert not re.search(r'(?m)exit: \d+ bytes?: |kvm_call: \d+ bytes?: |ioctl 0x', '\n'.join(shown)), 'a payload is not understood'
        number = len(turns) // 2
        assert tracedump('events', '--turns', f'{number}..{number + 1}', recording) == ''.join(
            line + '\n' for line in tracedump('events', recording).splitlines()[number:number + 2])
        assert f'\nturns        {len(turns)}, the last is {turns[-1].turn}\n' in tracedump('info', recording)
        assert tracedump('verify', recording).endswith('result       whole\n')


def test_cut_recordings():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording, _ = record(folder, 'a')
        data, cut = recording.read_bytes(), folder / 'cut.rpl'
        whole = tracedump('events', '--inputs', '--effects', '--state', recording)
        for size in range(0, len(data), len(data) // 60):
            cut.write_bytes(data[:size])
            status, out, err = run('verify', cut)
            reader_status, shown, _ = run('events', '--inputs', '--effects', '--state', cut)
            if status == 2:
                assert shown == '' or ': there is no whole turn' in out, (size, out, err)
            else:
                assert status == reader_status == 1, (size, status, reader_status)
                last = int(re.search(r'usable up to the end of turn (\d+)\n$', out)[1])
                assert whole.startswith(shown) and re.search(rf'(?m)^turn +{last} ', shown), (size, out)


def test_two_sessions_differ():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first, second = record(folder, 'a')[0], record(folder, 'b', plugs=2)[0]
        status, out, err = run('diff', first, second)
        assert status == 1 and err == '' and out.startswith(f'--- {first}\n+++ {second}\nfirst difference in turn '), (status, out, err)
        assert run('diff', first, first) == (0, '', '')


if __name__ == '__main__':
    need_kvm()
    run_tests(dict(globals()))
