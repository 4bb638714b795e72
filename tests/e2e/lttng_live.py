# SPDX-License-Identifier: GPL-2.0-or-later
"""lttng_live.py - tracedump follow and top of an LTTng session while it runs: through the relay daemon, and from the folder it writes."""
import functools
import os
import pathlib
import signal
import subprocess

from emulator import GUEST, TRACEDUMP, Emulator, run_tests
from lttng_alone import daemons, lttng

NAME = 'replug-live'
URL = f'net://localhost/host/{os.uname().nodename}/{NAME}'


ATTEMPTS, ATTEMPT_S = 3, 30
followers = []


class Nothing(Exception):
    """The relay daemon has given a viewer nothing."""


def once_more(test):
    """A viewer that attaches just as a session's first streams come sometimes gets nothing, ever (known: docs/tracedump.md): then attach again."""
    def nothing(*_):
        raise Nothing

    @functools.wraps(test)
    def attempts():
        for left in reversed(range(ATTEMPTS)):
            signal.signal(signal.SIGALRM, nothing)
            signal.alarm(ATTEMPT_S)
            try:
                return test()
            except Nothing:
                print(f'{test.__name__}: nothing came in {ATTEMPT_S} s; {left} attempts left')
                if left == 0:
                    raise
            finally:
                signal.alarm(0)
                while followers:
                    followers.pop().kill()
    return attempts


class Session:
    def __enter__(self):
        lttng('create', NAME, '--live=100000', '--set-url=net://localhost')
        lttng('enable-event', '--userspace', 'replug:*')
        lttng('start')
        return self

    def __exit__(self, *_):
        lttng('destroy', NAME)


def machine():
    return Emulator(accel='soft', guest=GUEST, append='slots=4', env={**os.environ, 'LTTNG_UST_REGISTER_TIMEOUT': '-1'})


def follow(command, *arguments):
    followers.append(subprocess.Popen([TRACEDUMP, command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    return followers[-1]


def end(process):
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, ''), (process.returncode, out, errors)
    return out


@once_more
def test_follow():
    with Session(), machine() as vm:
        vm.line('guest: ACPI enabled')
        # The folder is there once something has come through the relay daemon.
        live = follow('follow', '--filter', 'qmp_reply or acpi_device_ost', '--to', 'qmp_reply name=stop', URL)
        vm.qmp.plug(0)
        first = [live.stdout.readline() for _ in range(2)]
        assert 'qmp_reply: name="object-add" ok=true' in first[0] and 'qmp_reply: name="device_add" ok=true' in first[1], first
        vm.line('slot 0: online, memory tested')
        assert 'acpi_device_ost' in live.stdout.readline()
        folder = max(pathlib.Path(os.environ['LTTNG_HOME']).rglob('metadata'), key=os.path.getmtime).parent
        grows = follow('follow', '--filter', 'qmp_reply', '--to', 'qmp_reply name=stop', str(folder))
        vm.qmp.command('stop')
        assert 'name="stop" ok=true' in end(live)
        names = [line.split('name="')[1].split('"')[0] for line in end(grows).splitlines()]
        assert names == ['object-add', 'device_add', 'stop'], names
        vm.quit()


@once_more
def test_top_and_the_end():
    with machine() as vm:
        with Session():
            vm.line('guest: ACPI enabled')
            top = follow('top', '--interval', '100ms', URL)
            vm.qmp.plug(0)
            vm.line('slot 0: online, memory tested')
            last = ''
            while 'online' not in last:
                last = top.stdout.readline()
                assert last
        # It ends with the session.
        assert 'dimm0                            plug       online' in end(top) + last
        vm.quit()


def test_no_such_session():
    process = follow('follow', URL)
    out, errors = process.communicate(timeout=60)
    assert (out, process.returncode) == ('', 2) and errors.startswith(f'tracedump: {URL}: the live session can'), (out, errors, process.returncode)


if __name__ == '__main__':
    with daemons(relay=True):
        run_tests(dict(globals()))
