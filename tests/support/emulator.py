# SPDX-License-Identifier: GPL-2.0-or-later
"""emulator.py - runs a QEMU-compatible emulator in a test: QMP client, console, files in a folder of its own.

Nothing here sleeps for luck: every wait is for a line, an event or an end, with a deadline that fails the test.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

REPLUG = os.environ.get('REPLUG', 'replug')
TRACEDUMP = os.environ.get('TRACEDUMP', 'tracedump')
GUEST = os.environ.get('GUEST', 'acpi_memory.elf')
ACCEL = os.environ.get('ACCEL', 'kvm')
ON_KVM = ACCEL.startswith('kvm')
PEER = pathlib.Path(REPLUG).name.startswith('qemu-')  # QEMU in Replug's place, for what needs nothing of ours
KVM_CHIPS = ACCEL == 'kvm'  # interrupt controllers in the kernel; else ours
MIB = 1 << 20
DEADLINE_S = float(os.environ.get('TEST_DEADLINE', '60'))


def skip(reason):
    print('SKIP:', reason)
    sys.exit(77)


def need_kvm():
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        skip('/dev/kvm is missing or not accessible')


def poll(condition, what):
    """For what no event tells of: looks until it is there."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'no {what}')
        time.sleep(.005)


class QmpError(Exception):
    """An error reply: klass and desc."""
    def __init__(self, error):
        super().__init__(f"{error['class']}: {error['desc']}")
        self.klass, self.desc = error['class'], error['desc']


class Qmp:
    """A QMP connection. Events that come in between are kept in .events, in order."""
    def __init__(self, path, negotiate=True):
        poll(lambda: self.connect(path), f'monitor at {path}')
        self.socket.settimeout(DEADLINE_S)
        self.buffer, self.events, self.raw = b'', [], []
        self.greeting = self.receive()
        assert 'QMP' in self.greeting, self.greeting
        if negotiate:
            self.command('qmp_capabilities')

    def connect(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(str(path))
            return True
        except OSError:
            self.socket.close()
            return False

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next message; its raw line is kept in .raw."""
        while b'\n' not in self.buffer:
            chunk = self.socket.recv(1 << 16)
            if not chunk:
                raise EOFError('the monitor closed the connection')
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b'\n', 1)
        self.raw.append(line + b'\n')
        return json.loads(line)

    def reply(self):
        """The next message that is no event."""
        while True:
            message = self.receive()
            if 'event' not in message:
                return message
            self.events.append(message)

    def execute(self, name, arguments=None, **extra):
        request = {'execute': name, **extra}
        if arguments:
            request['arguments'] = arguments
        self.send(json.dumps(request).encode() + b'\n')
        return self.reply()

    def command(self, name, /, **arguments):
        """The return value, or QmpError. In argument names '_' stands for '-'."""
        answer = self.execute(name, {key.replace('_', '-'): value for key, value in arguments.items()})
        if 'error' in answer:
            raise QmpError(answer['error'])
        return answer['return']

    def event(self, name, /, **data):
        """Waits for the event whose data has the given members; removes it and what came before it."""
        seen = []
        while True:
            message = self.events.pop(0) if self.events else self.receive()
            seen.append(message)
            have = message.get('data', {})
            if message.get('event') == name and all(have.get(k) == v for k, v in data.items()):
                return message

    def hmp(self, line):
        return self.command('human-monitor-command', command_line=line)

    def state(self):
        return self.command('x-query-state')['state']

    def plug(self, number, size=256 * MIB, backend='memory-backend-ram', **properties):
        self.command('object-add', qom_type=backend, id=f'ram{number}', size=size)
        self.command('device_add', driver='pc-dimm', id=f'dimm{number}', memdev=f'ram{number}', **properties)

    def close(self):
        self.socket.close()


class Emulator:
    """One run: with Emulator('-S') as vm: vm.qmp.command(...); ends by kill at the latest.

    Every session is traced, and where it ends by itself checked with all expectations that come with Replug."""

    def __init__(self, *arguments, guest=None, append='slots=4', memory='64M,slots=4,maxmem=8G', program=REPLUG, qmp=True,
                 accel=None, env=None, bare=False, traced=True):
        """bare: nothing but the arguments, as for -replay. traced=False: for what tracing must not touch."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='replug-test-'))
        self.qmp_path = self.folder / 'qmp'
        self.peer = pathlib.Path(program).name.startswith('qemu-')
        accel = accel or ACCEL
        machine = ['-M', 'pc,hpet=off', '-accel', 'tcg' if accel == 'soft' else accel] if self.peer else ['-accel', accel]
        command = [program, *machine, '-m', memory, '-nodefaults', '-display', 'none']
        if guest:
            command += ['-kernel', guest, '-append', append, '-serial', 'stdio', '-device', 'isa-debug-exit']
        if qmp:
            command += ['-qmp', f'unix:{self.qmp_path},server=on,wait=off']
        if bare:
            command = [program]
        if traced and not self.peer and '-trace' not in arguments:
            command += ['-trace', f'*,file={self.folder}/session.rpt']
        self.command = command + [str(a) for a in arguments]
        env = dict(os.environ if env is None else env)
        env.setdefault('ASAN_OPTIONS', 'quarantine_size_mb=1')  # freed memory that lingers would look like a leak
        self.errors = open(self.folder / 'stderr', 'w+')
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=env)
        self.expected, self.awaited = [], 0
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.qmp = None
        if qmp:
            try:
                self.qmp = Qmp(self.qmp_path)
            except (AssertionError, OSError):
                raise AssertionError(f'{self.command} did not open its monitor: {self.stderr()}') from None

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode('utf-8', 'replace').rstrip('\r\n'))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def line(self, text):
        """Waits for a console line that contains text; what came before it is dropped."""
        deadline = time.monotonic() + DEADLINE_S
        with self.changed:
            seen = []
            while True:
                while self.lines:
                    line = self.lines.pop(0)
                    if line is None:
                        self.lines.append(None)
                        raise AssertionError(f'console ended before "{text}"; seen {seen}; {self.stderr()}')
                    seen.append(line)
                    if text in line:
                        return line
                if not self.changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f'no "{text}" on the console; seen {seen}; {self.stderr()}')

    def happens(self, event):
        """Waits until the trace has such an event (a filter), behind the one that was waited for before; its line."""
        command = [TRACEDUMP, 'follow', '--from', f'seq>{self.awaited}', '--filter', event, '--limit', '1', '--interval', '5ms', self.traces()[0]]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'no {event} in the trace behind #{self.awaited}; {self.stderr()}') from None
        assert done.returncode == 0 and done.stdout, done
        self.awaited = int(done.stdout.split()[0])
        return done.stdout

    def guest_listens(self):
        """The small guest has switched its ACPI events on; a peer's trace can't tell."""
        if self.traces():
            self.happens('acpi_register_write reg=gpe0_enable')
        else:
            self.line('guest: ACPI enabled')

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def stderr(self):
        return (self.folder / 'stderr').read_text(errors='replace')

    def wait(self):
        """The exit status, negative for a signal."""
        return self.process.wait(DEADLINE_S)

    def quit(self):
        self.qmp.command('quit')
        status = self.wait()
        assert status == 0, f'exit status {status}: {self.stderr()}'

    def cpu_seconds(self):
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        ended = self.process.poll() is not None
        if not ended:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join(DEADLINE_S)
        if kind is not None:
            print('--- command:', ' '.join(self.command), '\n--- stderr:', self.stderr())
        self.errors.close()
        self.process.stdin.close()
        self.process.stdout.close()
        if self.qmp:
            self.qmp.close()
        try:
            if kind is None and ended:
                self.check_traces()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def expect(self, *expectations, **parameters):
        """At the session's end its trace must be as these want."""
        if (expectations, parameters) not in self.expected:
            self.expected.append((expectations, parameters))

    def expect_in_order(self, *patterns):
        """At the session's end its trace must have had such events, one behind the other."""
        spec = self.folder / f'order{len(self.expected)}.expect'
        spec.write_text('expectation in-order\nrule "in this order"\nin the trace\n' + ''.join(f'    then {p}\n' for p in patterns))
        self.expect(spec)

    def traces(self):
        """The files that are written."""
        values = [value for option, value in zip(self.command, self.command[1:]) if option == '-trace']
        files = dict.fromkeys(found[1] for found in (re.search(r'\bfile=([^,]+)', value) for value in values) if found)
        return [file for file in files if os.path.exists(file)]

    def check_traces(self):
        for trace in self.traces():
            check_trace(trace)
            for expectations, parameters in self.expected:
                expect(trace, *expectations, **parameters)
            self.expected = []
        assert not self.expected or self.peer, f'the session has no trace to check {self.expected} in'


def tracedump(*arguments, status=0):
    """tracedump's standard output; its exit status must be as given."""
    done = subprocess.run([TRACEDUMP, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    return done.stdout


def expect(trace, *expectations, **parameters):
    """The trace is as the expectations want: files, or names of those that come with Replug."""
    sets = [word for name, value in parameters.items() for word in ('--set', f'{name}={value}')]
    done = subprocess.run([TRACEDUMP, 'check', *sets, *map(str, expectations), str(trace)], capture_output=True, text=True)
    assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'


def check_trace(trace):
    """All that comes with Replug and has an occasion holds in the trace."""
    done = subprocess.run([TRACEDUMP, 'check', '--all', str(trace)], capture_output=True, text=True)
    assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'


def run_tests(namespace):
    """Runs every test_* of a module in order; says which failed; exit status 1 then."""
    failures = 0
    chosen = sys.argv[1:]
    for name, test in list(namespace.items()):
        if not name.startswith('test_') or (chosen and name not in chosen):
            continue
        started = time.monotonic()
        try:
            test()
            print(f'ok {name} ({time.monotonic() - started:.1f} s)', flush=True)
        except Exception:
            import traceback
            traceback.print_exc()
            print(f'FAILED {name}', flush=True)
            failures += 1
    sys.exit(bool(failures))
