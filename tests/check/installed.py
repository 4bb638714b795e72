# SPDX-License-Identifier: GPL-2.0-or-later
"""installed.py - what a user has after `meson install`: a C program made with pkg-config watches a machine, pytest checks a recorded session."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import tutorial
from emulator import DEADLINE_S, GUEST, REPLUG, Emulator, run_tests, skip

BUILD, SANITIZE = pathlib.Path(os.environ['BUILD']), os.environ['SANITIZE']
EXAMPLE = pathlib.Path(__file__).parent / 'watch_example.c'
TEST = '''import replugcheck

def test_plug():
    replugcheck.expect('session.rpt', 'memory-plug', 'ost', device='dimm0')

def test_invariants():
    assert {rule.name for rule in replugcheck.expect_all('session.rpt').rules if rule.verdict == 'holds'} > {'mapped before it is announced'}
'''


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=DEADLINE_S, **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


class Installed:
    """DESTDIR's prefix, and how programs find what is in it."""
    def __init__(self, folder):
        run('meson', 'install', '--no-rebuild', '--quiet', '-C', BUILD, '--destdir', folder)
        [config] = pathlib.Path(folder).rglob('replugcheck.pc')
        self.prefix = pathlib.Path(f'{folder}{run("pkg-config", "--variable=prefix", config).strip()}')
        self.config = ['--define-variable', f'prefix={self.prefix}', config]
        [self.python] = {path.parent for path in self.prefix.rglob('replugcheck.py')}
        self.env = {**os.environ, 'LD_LIBRARY_PATH': str(config.parents[1]), 'REPLUG_EXPECTATIONS': str(self.prefix / 'share/replug/expectations')}


def plugged(vm):
    vm.guest_listens()
    vm.qmp.plug(0)
    vm.qmp.event('ACPI_DEVICE_OST', info={'device': 'dimm0', 'slot': '0', 'slot-type': 'DIMM', 'source': 1, 'status': 0})
    vm.quit()


def test_c_program_with_pkg_config():
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(f'{folder}/root')
        flags = run('pkg-config', '--cflags', '--libs', *installed.config).split()
        program, trace = f'{folder}/watch', f'{folder}/out.rpt'
        run('cc', '-Wall', '-Wextra', '-Werror', EXAMPLE, *flags, '-o', program)
        assert str(installed.prefix) in run('ldd', program, env=installed.env), 'another library is used'
        with subprocess.Popen([program, trace, 'memory-plug', 'ost'], env=installed.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as watcher:
            assert watcher.stdout.readline() == 'watching\n'
            with Emulator('-trace', f'*,file={trace}', guest=GUEST, accel='soft') as vm:
                plugged(vm)
            out, err = watcher.communicate(timeout=DEADLINE_S)
        assert watcher.returncode == 0 and 'holds  memory-plug' in out and 'holds  ost' in out, (out, err)


def test_pytest_on_a_recorded_session():
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(f'{folder}/root')
        with Emulator('-record', f'{folder}/session.rpl', guest=GUEST, accel='soft') as vm:
            plugged(vm)
        run(REPLUG, '-replay', f'{folder}/session.rpl', '-trace', f'*,file={folder}/session.rpt')
        pathlib.Path(folder, 'test_plug.py').write_text(TEST)
        done = tutorial.pytest(folder, installed.python, installed.prefix / 'bin/tracedump')
        assert done.returncode == 0, done.stdout + done.stderr
        pathlib.Path(folder, 'test_plug.py').write_text(TEST.replace('dimm0', 'dimm1'))
        done = tutorial.pytest(folder, installed.python, installed.prefix / 'bin/tracedump')
        assert done.returncode == 1 and 'the trace is not as expected' in done.stdout + done.stderr, done


if __name__ == '__main__':
    if SANITIZE != 'none':
        skip('a program without a sanitizer can\'t load a library with one')
    for tool in ('meson', 'pkg-config', 'cc'):
        if shutil.which(tool) is None:
            skip(f'{tool} is not installed')
    run_tests(dict(globals()))
