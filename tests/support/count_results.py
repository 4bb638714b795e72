#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""count_results.py - prints "passed failed skipped" of a meson testlog.json (one JSON object a line).

usage: count_results.py FILE
"""
import json
import sys

results = [json.loads(line)['result'] for line in open(sys.argv[1]) if line.strip()]
passed = results.count('OK') + results.count('EXPECTEDFAIL')
skipped = results.count('SKIP')
print(passed, len(results) - passed - skipped, skipped)
