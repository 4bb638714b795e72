# SPDX-License-Identifier: GPL-2.0-or-later
"""readme.py - runs the commands that README.md and docs show, so that they stay true. usage: readme.py SOURCE BUILD"""
import pathlib
import re
import subprocess
import sys
import tempfile

from emulator import DEADLINE_S, need_kvm, poll

SOURCE, BUILD = pathlib.Path(sys.argv[1]), sys.argv[2]


def blocks(document, heading):
    """The fenced blocks below a heading, as shell text."""
    text = (SOURCE / document).read_text()
    section = text[text.index(f'## {heading}'):]
    end = section.find('\n## ', 3)
    return re.findall(r'(?ms)^```\n(.*?)^```', section[:end] if end > 0 else section)


def here(text, folder):
    """The block with this build and this folder in place of build/ and /tmp/."""
    return re.sub(r'(?<![\w/])build/', f'{BUILD}/', text.replace('/tmp/', f'{folder}/'))


def run(text, folder):
    done = subprocess.run(['bash', '-euc', here(text, folder)], cwd=SOURCE, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    return done.stdout


def main():
    need_kvm()
    with tempfile.TemporaryDirectory(prefix='replug-readme-') as folder:
        for line in blocks('README.md', 'Two commands')[0].splitlines():
            if line.startswith('build/'):
                assert run(line, folder), line
        start, client, questions, lttng = blocks('README.md', 'Plug a DIMM and look')
        assert lttng.startswith('lttng create'), lttng  # lttng.py runs these
        recorded = f'exec {here(start, folder).rstrip()} -record {folder}/session.rpl'
        with subprocess.Popen(['bash', '-euc', recorded], cwd=SOURCE, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True) as guest:
            try:
                poll(lambda: guest.poll() is not None or pathlib.Path(folder, 'qmp').exists(), 'monitor')
                for line in client.splitlines():
                    if 'device_del' in line:  # a person types slower than the guest works
                        for seen in guest.stdout:
                            if 'slot 0: online' in seen:
                                break
                    if 'quit' in line:
                        for seen in guest.stdout:
                            if 'slot 0: ejected' in seen:
                                break
                    run(line, folder)
                assert guest.wait(DEADLINE_S) == 0
            finally:
                guest.kill()
        tree, chains = (run(line, folder) for line in questions.splitlines())
        assert 'pc_dimm_plug' in tree and 'qmp_device_add --> ' in chains
        replay, info, events = (run(line, folder) for line in blocks('README.md', 'Record, replay')[0].splitlines())
        assert 'equal' in replay and 'digest' in info and 'device_add' in events, (replay, info, events)
    print('ok')


main()
