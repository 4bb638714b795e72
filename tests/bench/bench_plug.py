# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_plug.py - 256 times object-add and device_add of a pc-dimm, one request after the other, while the guest is stopped:
plain, with everything traced into a file, and by QEMU where there is one.

usage: bench_plug.py REPLUG
"""
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
import emulator  # noqa: E402

DIMMS, RUNS = 256, 5


def plug_all(program, folder, *options):
    """Seconds of each device_add, and of all requests together."""
    path = f'{folder}/qmp'
    command = [program, '-machine', 'pc', '-accel', 'kvm', '-m', '64M,slots=256,maxmem=512G', '-nodefaults', '-display', 'none', '-S',
               '-qmp', f'unix:{path},server=on,wait=off', *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        qmp, adds = emulator.Qmp(path), []
        begun = time.monotonic()
        for i in range(DIMMS):
            qmp.command('object-add', qom_type='memory-backend-ram', id=f'ram{i}', size=128 << 20)
            before = time.monotonic()
            qmp.command('device_add', driver='pc-dimm', id=f'dimm{i}', memdev=f'ram{i}')
            adds.append(time.monotonic() - before)
        total = time.monotonic() - begun
        qmp.command('quit')
    assert process.returncode == 0, process
    pathlib.Path(path).unlink(missing_ok=True)
    return adds, total


def main():
    emulator.need_kvm()
    with tempfile.TemporaryDirectory() as folder:
        ways = {'replug': (sys.argv[1],), 'replug, all traced': (sys.argv[1], '-trace', f'*,file={folder}/out.rpt')}
        if shutil.which('qemu-system-x86_64'):
            ways['QEMU'] = ('qemu-system-x86_64',)
        runs = {way: [] for way in ways}
        for _ in range(RUNS):  # in turns: the host's mood changes
            for way, (program, *options) in ways.items():
                runs[way].append(plug_all(program, folder, *options))
    for way, results in runs.items():
        # One request is short, so each end of the row is the median of four neighbours in all runs.
        second, last = (statistics.median(t for adds, _ in results for t in adds[part]) for part in (slice(1, 5), slice(251, 255)))
        print(f'{way:20} {1e3 * statistics.median(total for _, total in results):8.1f} ms in all; device_add: 2nd {1e6 * second:6.0f} us, '
              f'255th {1e6 * last:6.0f} us, {last / second:.2f} times')


main()
