#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""page_embed.py - makes page.c of page.html, with page.css and page.js in it, cut where the data belongs.

usage: page_embed.py OUTPUT page.html page.css page.js
"""
import pathlib
import sys


def array(name, data):
    rows = '\n'.join('    ' + ','.join(map(str, data[i:i + 24])) + ',' for i in range(0, len(data), 24))
    return f'const char {name}[] = {{\n{rows}\n    0 }};\nconst size_t {name}_length = {len(data)};\n'


def main():
    output, *inputs = map(pathlib.Path, sys.argv[1:])
    page, css, js = (path.read_text() for path in inputs)
    page = page.replace('/*CSS*/', css).replace('/*JS*/', js)
    assert page.isascii() and page.count('/*DATA*/') == 1  # char may be signed
    head, tail = page.encode().split(b'/*DATA*/')
    output.write_text('#include "tracedump/report/page.h"\n\n' + array('page_head', head) + array('page_tail', tail))


main()
