# SPDX-License-Identifier: GPL-2.0-or-later
"""checkpoints.py - a replay begins at any checkpoint of its recording and ends as the recording did; the guest notices nothing of them."""
import os
import pathlib
import random
import re
import struct
import subprocess
import tempfile

import rpl_reader
from emulator import DEADLINE_S, GUEST, MIB, REPLUG, Emulator, run_tests, tracedump

CLOCK = ('-rtc', 'base=2026-01-31T12:00:00')


def replay(file, *options, status=0):
    """Standard output and error."""
    done = subprocess.run([REPLUG, '-replay', str(file), *options], capture_output=True, text=True, timeout=DEADLINE_S * 4,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, (file, options, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def numbers(file, status=0):
    """Of the recording's checkpoints."""
    return [int(number) for number in re.findall(r'^ +(\d+) +behind turn', tracedump('info', file, status=status), re.M)]


def check_all(file, every=1):
    """From each checkpoint, and from the begin, to the same end. Gives their number."""
    text = replay(file)
    assert 'equal' in text
    found = numbers(file)
    assert found == list(range(1, len(found) + 1)) and found, tracedump('info', file)
    for number in found[::every]:
        again = replay(f'{file},from={number}')
        assert again == text, (number, text, again)
    return len(found)


def session(file, *arguments, cpus=2):
    """Plugs, refused plugs, a fault, a reset, an unplug by the guest, console input, power-off."""
    with Emulator('-record', file, *CLOCK, '-smp', cpus, *arguments, guest=GUEST, append='slots=4 smp', accel='soft') as vm:
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(0)
        vm.line('slot 0: online')
        assert 'error' in vm.qmp.execute('device_add', {'driver': 'pc-dimm', 'id': 'x', 'memdev': 'nope'})
        vm.qmp.command('x-fault-inject', fault='memory_map=ENOMEM')
        assert 'error' in vm.qmp.execute('object-add', {'qom-type': 'memory-backend-ram', 'id': 'y', 'size': MIB})
        vm.qmp.command('device_add', driver='virtio-rng-pci', id='rng')
        vm.type('c')
        vm.line('guest: all slots checked')
        vm.type('r')
        vm.line('guest: ACPI enabled')
        vm.qmp.plug(1)
        vm.line('slot 1: online')
        vm.qmp.command('stop')
        vm.qmp.command('cont')
        vm.qmp.command('device_del', id='dimm1')
        vm.qmp.event('DEVICE_DELETED', device='dimm1')
        vm.qmp.command('object-del', id='ram1')
        vm.qmp.plug(1, size=512 * MIB)
        vm.line('slot 1: online')
        vm.type('o')
        assert vm.wait() == 0, vm.stderr()


def test_small_guest_from_each():
    with tempfile.TemporaryDirectory() as folder:
        for cpus in (1, 4):
            file = f'{folder}/{cpus}.rpl'
            session(f'{file},checkpoint=100us', cpus=cpus)
            assert check_all(file, every=int(os.environ.get('CHECKPOINT_EVERY', '3'))) > 5
            assert replay(f'{file},from=last') == replay(file) == replay(f'{file},from=turn:5')


def test_traces_are_the_same_from_there_on():
    with tempfile.TemporaryDirectory() as folder:
        file, whole = f'{folder}/a.rpl', f'{folder}/a.rpt'
        session(f'{file},checkpoint=30us', '-trace', f'*,file={whole}')
        recorded = tracedump('show', whole).splitlines()
        for number in numbers(file)[::5]:
            replay(f'{file},from={number}', '-trace', f'*,file={folder}/b.rpt')
            replayed = tracedump('show', f'{folder}/b.rpt').splitlines()
            assert len(replayed) > 20, replayed
            assert replayed == recorded[-len(replayed):], number  # sequence numbers too


def test_switched_traces():
    """What clients switched on before the checkpoint is on behind it."""
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/a.rpl'
        with Emulator('-record', f'{file},checkpoint=2us', *CLOCK, '-trace', f'qmp_*,file={folder}/a.rpt', guest=GUEST,
                      append='slots=4', accel='soft') as vm:
            vm.line('guest: ACPI enabled')
            vm.qmp.command('trace-event-set-state', name='acpi_*', enable=True)
            vm.qmp.plug(0)
            vm.line('slot 0: online')
            vm.qmp.command('device_del', id='dimm0')
            vm.qmp.event('DEVICE_DELETED', device='dimm0')
            vm.quit()
        recorded = tracedump('show', f'{folder}/a.rpt').splitlines()
        replay(f'{file},from=turn:4', '-trace', f'qmp_*,file={folder}/b.rpt')
        replayed = tracedump('show', f'{folder}/b.rpt').splitlines()
        assert replayed and replayed == recorded[-len(replayed):], (recorded, replayed)
        assert any('acpi_' in line for line in replayed), replayed


def until_input(folder, option):
    """The trace of a boot up to where the first client or byte could have come."""
    with Emulator('-S', *CLOCK, '-record', f'{folder}/a.rpl{option}', '-trace', f'*,file={folder}/a.rpt', '-smp', 2, guest=GUEST,
                  append='slots=4 smp', accel='soft') as vm:
        vm.qmp.command('cont')
        vm.line('guest: ACPI enabled')
        vm.type('o')
        assert vm.wait() == 0
    assert 'equal' in replay(f'{folder}/a.rpl')
    text = tracedump('show', f'{folder}/a.rpt')
    return text[:text.index('kind="console"')].splitlines()[:-1]


def test_the_guest_notices_nothing():
    with tempfile.TemporaryDirectory() as folder:
        without, checked = until_input(folder, ''), until_input(folder, ',checkpoint=30us')
        assert len(numbers(f'{folder}/a.rpl')) > 5
        count = min(len(without), len(checked))  # how long the guest idled before the byte came is the host's affair
        assert count > 200 and without[:count] == checked[:count], next(pair for pair in zip(without, checked) if pair[0] != pair[1])


def test_which_one():
    with tempfile.TemporaryDirectory() as folder:
        session(f'{folder}/without.rpl')
        text = replay(f'{folder}/without.rpl,from=1', status=1)
        assert 'from=1: the recording has no checkpoints; -record FILE,checkpoint=10s makes them' in text, text
        session(f'{folder}/with.rpl,checkpoint=100us')
        for wrong in ('0', '77777', 'first', '-1', 'turn:0', 'turn:', ''):
            text = replay(f'{folder}/with.rpl,from={wrong}', status=1)
            assert f'from={wrong}: there is no such checkpoint; expected last, turn:N or one of: 1 (behind turn' in text, text
        text = replay(f'{folder}/with.rpl,from=last,until=3', status=0)
        assert 'equal' in text, text
        for wrong in ('10', '0s', '1h', 's', '-1s', '99999999999999999999s', '200000000000m'):
            done = subprocess.run([REPLUG, '-record', f'{folder}/x.rpl,checkpoint={wrong}'], capture_output=True, text=True)
            assert done.returncode == 1 and 'expected a time such as 10s or 500ms' in done.stderr, done
        done = subprocess.run([REPLUG, '-accel', 'kvm', '-nodefaults', '-record', f'{folder}/x.rpl,checkpoint=1s'], capture_output=True,
                              text=True)
        assert done.returncode == 1 and ('needs -accel soft' in done.stderr or 'kvm' in done.stderr.lower()), done
        assert not os.path.exists(f'{folder}/x.rpl')


def test_killed_session():
    """What is whole in a file that breaks off serves."""
    with tempfile.TemporaryDirectory() as folder:
        session(f'{folder}/a.rpl,checkpoint=50us')
        data = pathlib.Path(f'{folder}/a.rpl').read_bytes()
        count = len(numbers(f'{folder}/a.rpl'))
        cut = pathlib.Path(f'{folder}/cut.rpl')
        for part in range(1, 8):
            cut.write_bytes(data[:len(data) * part // 8])
            left = numbers(cut, status=1)
            assert len(left) < count
            if left:
                whole = [line for line in replay(cut).splitlines() if 'replayed' in line]
                again = [line for line in replay(f'{cut},from=last').splitlines() if 'replayed' in line]
                assert whole == again, (whole, again)


def test_planted_bit_is_found():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/a.rpl'
        session(f'{file},checkpoint=100us')
        text = replay(f'{file},from=3,plant=state@12', status=3)
        assert 'turn 12' in text and 'recorded' in text, text


def frames_of(file):
    """Each frame with its bytes."""
    data, found, at = pathlib.Path(file).read_bytes(), [], 0
    while at < len(data):
        frame, end = rpl_reader.read_frame(data, len(found), at)
        found.append((frame, data[at:end]))
        at = end
    return found


def forged(frames, index, raw):
    """The file with another payload in one frame, checksums and all; without index and end."""
    head = bytearray(frames[index][1][:56])
    head[5] = 0
    struct.pack_into('<II', head, 8, len(raw), len(raw))
    head += struct.pack('<Q', rpl_reader.xxh3(raw))
    changed = bytes(head) + struct.pack('<Q', rpl_reader.xxh3(head)) + raw
    return b''.join(changed if i == index else data for i, (frame, data) in enumerate(frames) if frame.type not in (3, 4))


def test_changed_content():
    """Right checksums, wrong content: told, or without effect, but never a crash or a hang."""
    seed = int(os.environ.get('CHECKPOINT_SEED', random.randrange(1 << 32)))
    print('seed', seed)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        session(f'{folder}/a.rpl,checkpoint=500us', '-device', 'virtio-rng-pci')
        frames = frames_of(f'{folder}/a.rpl')
        machines = [i for i, (frame, _) in enumerate(frames) if frame.type == 6 and frame.raw[:4] == bytes(4)]
        file = pathlib.Path(folder) / 'forged.rpl'
        statuses = set()
        for _ in range(int(os.environ.get('CHECKPOINT_MUTATIONS', '12'))):
            number = chance.randrange(len(machines))
            raw = bytearray(frames[machines[number]][0].raw)
            for _ in range(chance.choice((1, 4, 30))):
                at = chance.randrange(4, len(raw))
                raw[at:at + chance.randrange(9)] = chance.choice((b'\xff', b'\0', b'\1')) * chance.randrange(9) or b'\x80'
            file.write_bytes(forged(frames, machines[number], bytes(raw)))
            done = subprocess.run([REPLUG, '-replay', f'{file},from={number + 1}'], capture_output=True, timeout=DEADLINE_S)
            assert done.returncode in (0, 2, 3), (seed, done)
            statuses.add(done.returncode)
        assert statuses & {2, 3}, statuses
        # A bit of memory that the guest does not touch shows at the end; a layout is compared at once.
        index = machines[0] + 1
        raw = bytearray(frames[index][0].raw)
        raw[-1] ^= 1
        file.write_bytes(forged(frames, index, bytes(raw)))
        text = replay(f'{file},from=1', status=3)
        assert 'machine.ram_digest: recorded' in text or 'recorded' in text, text
        raw = frames[machines[0]][0].raw
        file.write_bytes(forged(frames, machines[0], raw.replace(b'/lapic ', b'/lapix ')))
        assert 'its devices are not those of its history' in replay(f'{file},from=1', status=2)
        file.write_bytes(forged(frames, machines[0], raw + b'\0'))
        assert 'its length is wrong' in replay(f'{file},from=1', status=2)
        file.write_bytes(forged(frames, machines[0], raw[:-1]))
        assert 'the checkpoint is damaged' in replay(f'{file},from=1', status=2)


if __name__ == '__main__':
    run_tests(dict(globals()))
