#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""write_traces.py - writes the traces of cases.py as files.

usage: write_traces.py FOLDER [CASE...]
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
import cases  # noqa: E402

for case in cases.CASES:
    if case.data is not None and case.name in (sys.argv[2:] or [case.name]):
        pathlib.Path(sys.argv[1], case.name + '.rpt').write_bytes(case.data)
