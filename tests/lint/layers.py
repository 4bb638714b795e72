#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""layers.py - fails when a file under src/ includes a folder that its own folder may not use.

usage: layers.py layers.txt src
A row "hw/*" gives every subfolder of hw an identity of its own, so siblings stay apart; a row of its own overrules it. Rows may not
form a cycle, includes of headers may not either, and file names are unique in the whole tree. Only main.c talks to the user.
"""
import pathlib
import re
import sys

SPEAKS = re.compile(r'\b(stderr\b|stdout\b|(perror|g_print|g_printerr|g_warning|g_critical|g_message|g_error|g_log|printf|puts|putchar)\()')
SPEAKERS = ('main.c', 'host/', 'base/invariant.c')  # the last one when nobody else can any more
INCLUDE = re.compile(r'#\s*include "([^"]+)"')


def read_layers(path):
    rows = (line.split(':') for line in path.read_text().splitlines() if line and line[0] != '#')
    return {folder: set(uses.split()) for folder, uses in rows}


def folder_of(file, layers):
    """The folder that a file belongs to and the row of the table that rules it."""
    parts = pathlib.PurePosixPath(file).parts[:-1]
    for depth in range(len(parts), 0, -1):
        name = '/'.join(parts[:depth])
        wildcard = '/'.join(parts[:depth - 1] + ('*',))
        for row in (name, wildcard):
            if row in layers:
                return name, row
    return None, None


def row_of(folder, layers):
    return folder_of(folder + '/x', layers)[1]


def cycle_below(node, edges, done, above=()):
    if node in above:
        return above[above.index(node):] + (node,)
    if node in done:
        return None
    for used in sorted(edges.get(node, ())):
        cycle = cycle_below(used, edges, done, above + (node,))
        if cycle:
            return cycle
    done.add(node)
    return None


def find_cycle(edges):
    done = set()
    return next(filter(None, (cycle_below(node, edges, done) for node in sorted(edges))), None)


def check_file(path, src, layers, edges):
    mine, row = folder_of(path.relative_to(src).as_posix(), layers)
    problems, speaks = [], path.relative_to(src).as_posix().startswith(SPEAKERS)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word = SPEAKS.search(line.split('/*')[0])
        if word and not speaks and not line.lstrip().startswith('*'):
            problems.append(f'{path}:{number}: {word[0].rstrip("(")}: only main.c talks to the user')
        match = INCLUDE.match(line)
        if not match:
            continue
        if path.suffix == '.h':
            edges.setdefault(path.relative_to(src).as_posix(), set()).add(match[1])
        theirs, their_row = folder_of(match[1], layers)
        if row and theirs and theirs != mine and not {theirs, their_row} & layers[row]:
            problems.append(f'{path}:{number}: {mine} may not include {theirs}')
    return problems


def main():
    layers, src = read_layers(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    rows = {row: {row_of(used, layers) or used for used in uses} for row, uses in layers.items()}
    cycle = find_cycle(rows)
    problems = [f'layer cycle: {" -> ".join(cycle)}'] if cycle else []
    names, includes = {}, {}
    for path in sorted(src.rglob('*.[ch]')):
        problems += check_file(path, src, layers, includes)
        if path.name in names:
            problems.append(f'{path}: the name {path.name} is taken by {names[path.name]}')
        names[path.name] = path
    cycle = find_cycle(includes)
    if cycle:
        problems.append(f'include cycle: {" -> ".join(cycle)}')
    print('\n'.join(problems))
    sys.exit(bool(problems))


main()
