# SPDX-License-Identifier: GPL-2.0-or-later
"""cookbook.py - runs the sessions of docs/cookbook.md and compares what tracedump says. usage: cookbook.py SOURCE BUILD"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

from emulator import DEADLINE_S, poll

SOURCE, BUILD = pathlib.Path(sys.argv[1]), sys.argv[2]


def cases():
    """(start, [client commands], question, answer) of each section."""
    for section in (SOURCE / 'docs/cookbook.md').read_text().split('\n## ')[1:]:
        start, client = re.findall(r'(?ms)^```\n(.*?)^```', section)
        [(question, answer)] = re.findall(r'(?ms)^```console\n\$ (.*?)\n(.*?)^```', section)
        yield section.splitlines()[0], start, client.splitlines(), question, answer


def here(text, folder):
    return re.sub(r'(?<![\w/])build/', f'{BUILD}/', text.replace('/tmp/', f'{folder}/'))


def run(text, folder):
    done = subprocess.run(['bash', '-euc', here(text, folder)], cwd=SOURCE, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    return done.stdout


def plain(text):
    """Without sequence, turn and time, which differ from run to run."""
    return re.sub(r'(?m)^ *\d+ turn \d+ +\d+ ns ', '', text)


def session(start, client, folder):
    with subprocess.Popen(['bash', '-euc', f'exec {here(start, folder)}'], cwd=SOURCE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True) as guest:
        stop = threading.Timer(DEADLINE_S, guest.kill)  # ends every wait for a line below
        stop.start()
        try:
            poll(lambda: guest.poll() is not None or pathlib.Path(folder, 'qmp').exists(), 'monitor')
            assert any('ACPI enabled' in line for line in guest.stdout)
            for line in client:
                command, _, awaited = line.partition('#')
                run(command, folder)
                assert not awaited or any(awaited.strip() in seen for seen in guest.stdout), awaited
            assert guest.wait(DEADLINE_S) == 0
        finally:
            stop.cancel()
            guest.kill()


def main():
    for title, start, client, question, answer in cases():
        if '-accel kvm' in start and not os.access('/dev/kvm', os.R_OK | os.W_OK):
            print('left out, no /dev/kvm:', title)
            continue
        with tempfile.TemporaryDirectory(prefix='replug-cookbook-') as folder:
            session(start, client, folder)
            said = plain(run(question, folder))
        assert said == plain(answer), f'{title}: tracedump says\n{said}\nand not\n{plain(answer)}'
        print('ok', title)


main()
