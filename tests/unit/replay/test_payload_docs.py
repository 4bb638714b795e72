#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_payload_docs.py - docs/formats/recording.md has the kinds, numbers, reasons and payloads that src/replay has."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
PAGE = (ROOT / 'docs/formats/recording.md').read_text()
LAYOUT = (ROOT / 'src/replay/payload_layout.h').read_text().replace('\\\n', ' ')
ROWS = re.findall(r'(?m)^(TURN|INPUT|EFFECT)\((\w+), "(.*)"\)$', (ROOT / 'src/replay/inputs.def').read_text())


def names(listing):
    body = re.search(rf'#define {listing}\(X\)(.*)', LAYOUT)[1]
    return [text or name for name, text in re.findall(r'X\((\w+)(?:, "([^"]*)")?\)', body)]


def main():
    missing, number = [], {}
    for group, name, why in ROWS:
        index = number[group] = number.get(group, -1) + 1
        missing += [row for row in [f'| {index} | {name} | {why} |'] if row not in PAGE]
    layouts = re.findall(r'#define (PAYLOAD_\w+)\(F\)(.*)', LAYOUT)
    for name, body in layouts:
        fields = ', '.join(f'{field} ({size})' for field, size in re.findall(r'F\((\w+), (\d+), \w+\)', body))
        # Two fields may have words about the first one in between.
        if fields not in PAGE and not all(part in PAGE for part in fields.split(', ')):
            missing.append(f'{name}: {fields}')
    for listing in ('PAYLOAD_EXITS', 'PAYLOAD_MEMORY_CALLS', 'PAYLOAD_BLOCK_OPERATIONS', 'PAYLOAD_TARGETS'):
        text = ', '.join(f'{i} {name}' for i, name in enumerate(names(listing)))
        missing += [text] if text not in PAGE else []
    missing += [f'fact {i} {name}' for i, name in enumerate(names('PAYLOAD_FACTS')) if f'| {i} | {name} | ' not in PAGE]
    assert len(ROWS) > 20 and len(layouts) > 12, 'hardly anything was found'
    for text in missing:
        print('docs/formats/recording.md does not have:', text)
    sys.exit(bool(missing))


main()
