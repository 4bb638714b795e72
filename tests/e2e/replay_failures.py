# SPDX-License-Identifier: GPL-2.0-or-later
"""replay_failures.py - replays that go wrong say where; recordings that were cut short replay to their end; disks that are full."""
import os
import pathlib
import random
import re
import struct
import tempfile
import time

from emulator import GUEST, MIB, REPLUG, Emulator, need_kvm, run_tests, tracedump
from recorded import diverge, need_namespaces, online, replay, run_replay
from rpl_reader import Reader, decompress, xxh3

KILLS = int(os.environ.get('REPLAY_KILLS', '20'))
FORGERIES = int(os.environ.get('REPLAY_FORGERIES', '40'))
SEED = int(os.environ.get('REPLAY_SEED', time.time_ns()))
COMMAND, EFFECT_KVM_CALL, EFFECT_STATE_LAYOUT = 2, 0, 9


def record(path, *arguments, rounds=2):
    with Emulator('-record', path, *arguments, guest=GUEST) as vm:
        online(vm)
        for number in range(rounds):
            vm.qmp.plug(number, size=4 * MIB)
            vm.line(f'slot {number}: online')
        vm.quit()
    return Reader(path.read_bytes())


def folder():
    return tempfile.TemporaryDirectory(prefix='replug-replay-')


def turn_of(reader, text):
    return next(r.turn for r in reader.records if r.group == 'turn' and r.kind == COMMAND and text in r.payload)


def test_planted_divergences():
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        reader = record(path)
        plug = turn_of(reader, b'"dimm1"')
        turn, report = diverge(path, options=f',plant=state@{plug}')
        assert turn == plug, (turn, report)
        assert re.search(r'(?m)^/machine/\S+\[0\]: recorded 86, replayed 87$', report), report
        assert len(report.split('the last events:\n')[1].splitlines()) == 32, report
        turn, report = diverge(path, options=f',plant=listener@{plug}')
        assert turn == plug, (turn, report)
        assert re.search(r'expected effect kvm_call target=vm vcpu=0 request=KVM_SET_USER_MEMORY_REGION slot=2 flags=0x0 gpa=0x\w+ '
                         r'size_bytes=0x400000 has_memory=1; got effect kvm_call target=vm vcpu=0 request=KVM_IRQ_LINE', report), report
        assert re.search(r'(?m)^request: expected KVM_SET_USER_MEMORY_REGION, got KVM_IRQ_LINE', report), report
        assert '--> kvm_set_irq: gsi=9 level=1' in report.splitlines()[-1], report
        turn, report = diverge(path, options=f',plant=ioctl@{plug}')
        assert turn == plug and re.search(r'(?m)^fields that differ:\nslot: expected 2, got 3$', report), report
        layouts = [r.payload for r in reader.records if r.group == 'effect' and r.kind == EFFECT_STATE_LAYOUT]
        assert b'\n/machine/peripheral/dimm1 realized:1 hotplugged:1 unplug_pending:1 unplug_seen:1\n' in layouts[-1], layouts[-1]
        # In a turn without an ioctl the next one is changed.
        turns = {r.turn for r in reader.records if r.group == 'effect' and r.kind == EFFECT_KVM_CALL}
        start = next(t for t in range(1, reader.turns_ended) if t not in turns)
        turn, report = diverge(path, options=f',plant=ioctl@{start}')
        assert turn == min(t for t in turns if t > start), (turn, report)
        # Only the user's own events are there where there are some.
        turn, report = diverge(path, '-trace', 'kvm_ioctl', options=f',plant=state@{plug}')
        events = report.split('the last events:\n')[1].splitlines()
        assert all(' kvm_ioctl: ' in line for line in events), events


def test_killed_at_any_moment():
    print('seed', SEED)
    chance = random.Random(SEED)
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        for number in range(KILLS):
            moment = time.monotonic() + chance.random() ** 2 * .8
            with Emulator('-record', path, '-smp', chance.choice([1, 2]), guest=GUEST, append='slots=4 smp') as vm:
                busy = 0
                while time.monotonic() < moment:
                    vm.qmp.plug(busy, size=2 * MIB)
                    vm.qmp.command('query-memory-devices')
                    if busy >= 1 and time.monotonic() < moment:
                        vm.line(f'slot {busy - 1}: online')
                    busy += 1
                    if busy == 4:
                        vm.qmp.command('system_reset')
                        break
                while time.monotonic() < moment:
                    vm.qmp.command('query-status')
                vm.process.kill()
                vm.process.wait()
            reader = Reader(path.read_bytes())
            assert reader.end is None
            if reader.turns_ended == 0:
                done = run_replay(path)
                assert done.returncode == 2, (number, done)
                continue
            assert replay(path) == (reader.turns_ended, f'{xxh3(reader.state):016x}'), number


def test_cut_anywhere():
    chance = random.Random(SEED)
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        whole = record(path)
        data = path.read_bytes()
        first_frame = whole.index[0][0]
        for _ in range(15):
            path.write_bytes(data[:chance.randrange(first_frame, len(data))])
            turns = Reader(path.read_bytes()).turns_ended
            if turns > 0:
                assert replay(path)[0] == turns
            else:
                assert run_replay(path).returncode == 2
        for size in (0, 10, first_frame - 1):
            path.write_bytes(data[:size])
            done = run_replay(path)
            assert done.returncode == 2 and str(path) in done.stderr, done


def test_disk_full():
    for at in (2, 3, 5):
        with folder() as place:
            path, trace = pathlib.Path(place) / 'a.rpl', pathlib.Path(place) / 'a.rpt'
            with Emulator('-record', path, '-fault', f'recording_write=ENOSPC,at={at}', '-trace', f'recording_*,file={trace}',
                          guest=GUEST) as vm:
                online(vm)
                deadline = time.monotonic() + 30
                while 'ENOSPC' not in vm.stderr() and 'No space left' not in vm.stderr():
                    assert time.monotonic() < deadline
                    vm.qmp.command('x-query-faults')  # what is left of the fault is a fact from outside
                vm.qmp.plug(0)  # the guest goes on
                vm.line('slot 0: online')
                vm.quit()
                lines = vm.stderr().splitlines()
            assert len(lines) == 1 and lines[0].startswith('replug: the recording is stopped, the guest goes on: '), lines
            reader = Reader(path.read_bytes())
            assert reader.damage is None and reader.end is None
            if reader.turns_ended:
                assert replay(path) == (reader.turns_ended, f'{xxh3(reader.state):016x}')


def test_no_place_to_record():
    for path in ('/nonexistent/a.rpl', '/dev/full'):
        with Emulator('-record', path, qmp=False) as vm:
            assert vm.wait() == 1 and path in vm.stderr(), vm.stderr()


def test_refused_command_lines():
    """A session that does not come up leaves no recording, and an older one as it was."""
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        for arguments in (['-device', 'nothing'], ['-kernel', '/nonexistent/kernel'], ['-pidfile', '/nonexistent/pid'],
                          ['-qmp', 'chardev:nothing'], ['-trace', '*,file=/nonexistent/trace']):
            with Emulator('-record', path, *arguments, qmp=False) as vm:
                assert vm.wait() == 1 and vm.stderr() != '', arguments
            assert not path.exists(), arguments
        record(path, rounds=0)
        data = path.read_bytes()
        with Emulator('-record', path, '-device', 'nothing', qmp=False) as vm:
            assert vm.wait() == 1
        assert path.read_bytes() == data
        # A shorter session takes its place as a whole.
        path.write_bytes(data + bytes(len(data)))
        with Emulator('-record', path, '-S', '-machine', 'none') as vm:
            vm.quit()
        replay(path)


def with_frame(data, at, change):
    """The file with another payload in the frame at a byte, and checksums that fit."""
    length, = struct.unpack_from('<I', data, at + 8)
    payload = data[at + 72:at + 72 + length]
    payload = change(decompress(payload, struct.unpack_from('<I', data, at + 12)[0]) if data[at + 5] else payload)
    head = bytearray(data[at:at + 72])
    head[5] = 0
    struct.pack_into('<II', head, 8, len(payload), len(payload))
    struct.pack_into('<Q', head, 56, xxh3(payload))
    struct.pack_into('<Q', head, 64, xxh3(bytes(head[:64])))
    return data[:at] + bytes(head) + payload + data[at + 72 + length:]


def with_header(data, change):
    return with_frame(data, 0, change)


def test_forged_payloads():
    """Sound frames with anything in them: equal, diverged or unusable, and nothing else."""
    print('seed', SEED)
    chance, seen = random.Random(SEED), set()
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        reader = record(path)
        data = path.read_bytes()

        def spoil(raw):
            raw = bytearray(raw)
            for _ in range(chance.choice([1, 1, 1, 4])):
                raw[chance.randrange(len(raw))] = chance.choice([0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)])
            return bytes(raw)

        for number in range(FORGERIES):
            path.write_bytes(with_frame(data, chance.choice(reader.index)[0], spoil))
            done = run_replay(path)
            assert done.returncode in (0, 2, 3), (number, done.returncode, done.stderr[-2000:])
            assert (done.returncode == 0) == done.stdout.startswith('replayed '), (number, done)
            seen.add(done.returncode)
    assert 3 in seen, seen


def test_unusable():
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        reader = record(path, rounds=0)
        data = path.read_bytes()
        schema = struct.pack('<Q', reader.header.schema)
        assert data[:reader.index[0][0]].count(schema) == 1
        cases = [
            (with_header(data, lambda p: p.replace(schema, struct.pack('<Q', reader.header.schema ^ 1))),
             ['another version', f'schema {reader.header.schema ^ 1:016x}', f'schema {reader.header.schema:016x}', 'build ']),
            (with_header(data, lambda p: p.replace(b'-append', b'-apqend')), ['the recorded command line', '-apqend']),
            (with_header(data, lambda p: p.replace(b'-append', b'-replay')), ['-replay']),
            (b'\x7fELF' + data, []),
        ]
        for content, texts in cases:
            path.write_bytes(content)
            done = run_replay(path)
            assert done.returncode == 2 and done.stdout == '' and 'replug: ' in done.stderr, done
            for text in [str(path), *texts]:
                assert text in done.stderr, (text, done.stderr)
        done = run_replay('/nonexistent/a.rpl')
        assert done.returncode == 2 and '/nonexistent/a.rpl' in done.stderr, done


def test_another_build():
    """A session of an older build: tracedump reads it, a replay says which build can carry it out."""
    path = pathlib.Path(__file__).parent / '../golden/real_session.rpl'
    reader = Reader(path.read_bytes())
    done = run_replay(path)
    assert done.returncode == 2 and done.stdout == '', done
    own = re.search(r'; this is replug \S+ \(build [0-9a-f]{40}, schema ([0-9a-f]{16})\)\n$', done.stderr)
    assert own and int(own[1], 16) != reader.header.schema, done.stderr
    assert (f'written by another version, whose state is made up differently: by {reader.header.program} (build {reader.header.build_id}, '
            f'schema {reader.header.schema:016x})') in done.stderr, (done.stderr, reader.header)
    assert ' turns' in tracedump('info', path)


def test_options():
    with folder() as place:
        path = pathlib.Path(place) / 'a.rpl'
        record(path, rounds=0)
        for arguments, options, text in [(['-m', '64M'], '', "-m can't stand beside -replay"), ([], ',until=x', "'until'"),
                                         ([], ',plant=x@1', "'plant'"), ([], ',plant=state', "'plant'"),
                                         ([], ',what=1', "'what'"), (['-record', '/dev/null'], '', "-record can't stand beside")]:
            done = run_replay(path, *arguments, options=options)
            assert done.returncode == 1 and text in done.stderr and done.stdout == '', done


if __name__ == '__main__':
    need_kvm()
    need_namespaces()
    assert os.path.exists(REPLUG)
    run_tests(dict(globals()))
