#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""write_traces.py - writes the traces of cases.py as files, CASE.rpt, and those of cases with more files by their own names.

usage: write_traces.py FOLDER [CASE...]
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
import cases  # noqa: E402
import recording_cases  # noqa: E402

for case in cases.CASES + recording_cases.CASES:
    if case.name in (sys.argv[2:] or [case.name]):
        for name, data in case.files().items():
            pathlib.Path(sys.argv[1], case.name + '.rpt' if name == 'trace.rpt' else name).write_bytes(data)
