#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""write_traces.py - writes the files of cases.py, map_cases.py and recording_cases.py: traces as CASE.rpt, others by their own names, with
CASE- in front where all cases are written.

usage: write_traces.py FOLDER [CASE...]
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
import cases  # noqa: E402
import map_cases  # noqa: E402
import recording_cases  # noqa: E402

for case in cases.CASES + recording_cases.CASES + map_cases.CASES:
    if case.name in (sys.argv[2:] or [case.name]):
        for name, data in case.files().items():
            own = case.name + '.rpt' if name == 'trace.rpt' else name if sys.argv[2:] else f'{case.name}-{name}'
            pathlib.Path(sys.argv[1], own).write_bytes(data)
