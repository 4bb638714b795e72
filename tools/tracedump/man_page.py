#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""man_page.py - makes tracedump(1) from what the program itself says.

usage: man_page.py TRACEDUMP OUTPUT
"""
import re
import subprocess
import sys

TRACEDUMP, OUTPUT = sys.argv[1:]

ENVIRONMENT = """\
.TP
.B TRACEDUMP_PAGER, PAGER
The command that shows what goes to a terminal, less otherwise; empty or cat: none.
.TP
.B TRACEDUMP_COLOR
always, never or auto; the same as \\-\\-color.
.TP
.B NO_COLOR
Not empty: no colour.
.TP
.B TRACEDUMP_PROGRESS
After so many ms progress is shown, where standard error is a terminal (1000).
.TP
.B REPLUG
The emulator that replays recordings; otherwise the one beside tracedump, or in PATH.
"""

STATUS = """\
.TP
.B 0
All is well; of diff: the same; of check: all hold.
.TP
.B 1
The file is damaged or incomplete: what could be read was printed. Of diff: they differ; of check: one fails or had nothing to check.
.TP
.B 2
The file, the output or the command line can\\(aqt be used. Of diff and check: also a file that is damaged.
"""


def say(*arguments):
    return subprocess.run([TRACEDUMP, *arguments], check=True, capture_output=True, text=True).stdout


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\n'.join('\\&' + line if line[:1] in ('.', "'") else line for line in text.split('\n'))


def verbatim(text):
    return '.nf\n' + escape(text.strip('\n')) + '\n.fi\n'


def main():
    overview = say('help')
    version = say('--version').split()[-1]
    commands = re.findall(r'(?m)^  ([a-z]+) +(.*)$', overview)
    page = f'.TH TRACEDUMP 1 "" "Replug {version}" "User Commands"\n.SH NAME\n' + escape(overview.split('\n')[0]) + '\n'
    page += '.SH SYNOPSIS\n.B tracedump\n[\\-\\-color=WHEN] [\\-\\-no\\-pager] COMMAND [OPTION...] FILE\n'
    page += '.SH DESCRIPTION\n' + verbatim(overview.split('\n', 3)[3])
    for name, _ in commands:
        if name != 'help':
            page += f'.SH {name.upper()}\n' + verbatim(say('help', name))
    page += '.SH FILTERS\n' + verbatim(say('help', 'filter')) + '.SH EXIT STATUS\n' + STATUS + '.SH ENVIRONMENT\n' + ENVIRONMENT
    with open(OUTPUT, 'w', encoding='utf-8') as file:
        file.write(page)


main()
