#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""golden.py - runs tracedump on files written by rpt_writer and rpl_writer and compares all it says with tests/golden/*.expected.

usage: golden.py TRACEDUMP [--accept] [CASE...]

Each case of the *_cases.py here is a trace, or some files, and some command lines. Its .expected file holds, for each, the command line, stdout, stderr (lines
that begin with "2> ") and the exit status. --accept writes the files anew: look at the difference before you commit it.
"""
import difflib
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
import cases  # noqa: E402
import map_cases  # noqa: E402
import matrix_cases  # noqa: E402
import recording_cases  # noqa: E402
import session_cases  # noqa: E402

CASES = cases.CASES + recording_cases.CASES + session_cases.CASES + map_cases.CASES + matrix_cases.CASES


def run(tracedump, arguments, folder):
    done = subprocess.run([tracedump, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    out = f'$ {shlex.join(["tracedump", *arguments])}\n' + done.stdout.decode()
    out += ''.join(f'2> {line}\n' for line in done.stderr.decode().splitlines())
    return out.replace(f'{folder}/', '') + f'status {done.returncode}\n'


def transcript(tracedump, case):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in case.files().items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return '\n'.join(run(tracedump, arguments, folder) for arguments in case.commands)


def stale_examples():
    """Blocks marked `console` in docs/tracedump.md are pieces of the transcripts."""
    text = (HERE.parent.parent / 'docs' / 'tracedump.md').read_text()
    known = '\n'.join(p.read_text() for p in HERE.glob('*.expected'))
    for example in re.findall(r'```console\n(.*?)```', text, re.S):
        command, _, output = example.partition('\n')
        if not any(output in part for part in known.split('$ ') if f'$ {part}'.startswith(command + '\n')):
            yield command


def main():
    tracedump = str(pathlib.Path(sys.argv[1]).resolve())
    accept = '--accept' in sys.argv
    wanted = [a for a in sys.argv[2:] if a != '--accept']
    failed = 0
    for case in CASES:
        if wanted and case.name not in wanted:
            continue
        expected, actual = HERE / f'{case.name}.expected', transcript(tracedump, case)
        if accept:
            expected.write_text(actual)
            continue
        before = expected.read_text() if expected.exists() else ''
        if before != actual:
            failed += 1
            sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), actual.splitlines(True), str(expected), 'now'))
    unknown = {p.stem for p in HERE.glob('*.expected')} - {c.name for c in CASES}
    if unknown:
        print('no case for', *sorted(unknown))
    stale = list(stale_examples())
    if stale:
        print('docs/tracedump.md shows another output of', *stale, sep='\n  ')
    print(f'{len(CASES)} cases, {failed} differ')
    sys.exit(bool(failed or unknown or stale))


main()
