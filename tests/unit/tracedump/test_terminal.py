# SPDX-License-Identifier: GPL-2.0-or-later
"""test_terminal.py - what tracedump does for people: colour and a pager on a terminal only, completion, the manual page.

usage: test_terminal.py TRACEDUMP COMPLETION MANUAL
"""
import os
import pathlib
import pty
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / 'support'), str(HERE.parent.parent / 'golden')]
sys.dont_write_bytecode = True
import cases  # noqa: E402
from rpt_writer import Trace, instant  # noqa: E402

TRACEDUMP, COMPLETION, MANUAL = (str(pathlib.Path(a).resolve()) for a in sys.argv[1:4])
CLEAN = {k: v for k, v in os.environ.items() if k not in ('NO_COLOR', 'PAGER', 'LESS', 'TRACEDUMP_PAGER', 'TRACEDUMP_COLOR')} | {'TERM': 'xterm'}


def on_terminal(*arguments, **environment):
    """stdout is a terminal; what arrives there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([TRACEDUMP, *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=CLEAN | environment)
    os.close(theirs)
    out = b''
    try:
        while True:
            data = os.read(ours, 65536)
            if not data:
                break
            out += data
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    return process.wait(timeout=30), out.decode().replace('\r\n', '\n')


def piped(*arguments, **environment):
    done = subprocess.run([TRACEDUMP, *arguments], capture_output=True, text=True, env=CLEAN | environment, check=True)
    return done.stdout


def test_colour(trace):
    plain = piped('show', trace)
    assert '\033' not in plain
    status, coloured = on_terminal('--no-pager', 'show', trace)
    assert status == 0 and '\033[1;36mpc_dimm_plug\033[m' in coloured, coloured[:300]
    assert on_terminal('--no-pager', 'show', trace, NO_COLOR='1') == (0, plain)
    assert on_terminal('--no-pager', '--color=never', 'show', trace) == (0, plain)
    assert on_terminal('--no-pager', 'show', trace, TERM='dumb') == (0, plain)
    assert piped('--color=always', 'show', trace) == coloured


def test_pager(trace, folder):
    plain = piped('show', trace)
    seen = folder / 'seen'
    status, out = on_terminal('--color=never', 'show', trace, PAGER=f'cat > {seen}')
    assert (status, out, seen.read_text()) == (0, '', plain)
    # A pager that ends early is no failure, one that can't be started neither.
    assert on_terminal('show', trace, TRACEDUMP_PAGER='head -n 1 > /dev/null')[0] == 0
    assert on_terminal('--color=never', 'show', trace, PAGER='cat') == (0, plain)
    assert on_terminal('--color=never', 'follow', '--idle', '1ms', trace, PAGER=f'cat > {folder}/none') == (0, plain)
    assert not (folder / 'none').exists()


def many_events():
    trace = Trace([instant(1, 'tick', [('u32', 'number')])])
    for number in range(140000):
        trace.instant(1, number)
    return trace.bytes(5000)


def test_progress(trace, folder):
    """Long reading says on a terminal how far it is, up to the first line of output; elsewhere it says nothing."""
    for command in (['stats'], ['verify'], ['info'], ['diff', trace], ['chains']):
        _, out = on_terminal('--no-pager', '--color=never', *command, trace, TRACEDUMP_PROGRESS='0')
        assert ' % read, ' in out and '\r\033[K' in out, (command, out)
        assert out.rindex('\033[K') == out.rindex('\r\033[K') + 1, (command, out)  # it is wiped away behind the last
        quick = on_terminal('--no-pager', '--color=never', *command, trace, TRACEDUMP_PROGRESS='3600000')[1]
        assert '\r' not in quick and out[out.rindex('\033[K') + 3:] == quick, (command, out, quick)
        done = subprocess.run([TRACEDUMP, *command, trace], capture_output=True, text=True, env=CLEAN | {'TRACEDUMP_PROGRESS': '0'})
        assert 'read' not in done.stderr, done
    # With a pager: progress goes to the terminal until the pager gets the first line.
    seen = folder / 'paged'
    _, out = on_terminal('--color=never', 'stats', trace, PAGER=f'cat > {seen}', TRACEDUMP_PROGRESS='0')
    assert ' % read, ' in out and out.endswith('\r\033[K') and seen.read_text() == piped('stats', trace), out


def complete(*words):
    script = f'''source {COMPLETION}; compopt() {{ :; }}
        COMP_WORDS=({' '.join(f"'{w}'" for w in words)}); COMP_CWORD={len(words) - 1}; _tracedump; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    return subprocess.run(['bash', '-c', script], capture_output=True, text=True, check=True).stdout.split()


def test_completion():
    assert complete(TRACEDUMP, 'hotp') == ['hotplug']
    assert {'show', 'chains', 'stats', 'irq', 'diff', 'top'} <= set(complete(TRACEDUMP, ''))
    assert complete(TRACEDUMP, 'help', 'fi') == ['filter']
    assert {'--filter', '--from', '--to', '--tree', '--json'} <= set(complete(TRACEDUMP, 'show', '--'))
    assert complete(TRACEDUMP, 'hotplug', '--cl') == ['--clock']
    assert complete(TRACEDUMP, 'show', '--filter', 'x') == []


def test_manual():
    text = pathlib.Path(MANUAL).read_text()
    assert text.startswith('.TH TRACEDUMP 1')
    for section in ('SYNOPSIS', 'SHOW', 'HOTPLUG', 'FILTERS', 'EXIT STATUS', 'ENVIRONMENT', 'FOLLOW'):
        assert f'\n.SH {section}\n' in text, section


with tempfile.TemporaryDirectory() as name:
    path = pathlib.Path(name, 'trace.rpt')
    path.write_bytes(cases.two_plugs().bytes(7))
    test_colour(str(path))
    test_pager(str(path), pathlib.Path(name))
    long = pathlib.Path(name, 'long.rpt')
    long.write_bytes(many_events())
    test_progress(str(long), pathlib.Path(name))
    test_completion()
    test_manual()
    print('ok')
