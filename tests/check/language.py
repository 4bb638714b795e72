#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""language.py - each construct of the language holds where it should and, where it fails, says the line, how far it came, what came closest
and what was around; JSON, JUnit and TAP say the same.

usage: language.py TRACEDUMP [TEST...]
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
from language_cases import CASES, GOOD, HOLDS, NOTHING  # noqa: E402
from small_trace import small_trace  # noqa: E402

TRACEDUMP = pathlib.Path(sys.argv.pop(1)).resolve()
TOLD = 'rule "r"\nin the trace\n    then told\n'
# What is no expectation, behind its first line, and what is said of it.
ERRORS = [
    ('rule r\n', 'case.expect:2:6: '),
    ('rule "r"\nthen told\n', 'case.expect:3:1: '),
    ('rule "r"\nin the trace\n', 'case.expect: its last rule has no steps'),
    ('rule "r"\nfor each\n    then told\n', 'case.expect:3:9: the name of an event was expected'),
    ('rule "r"\nin the trace\n    than told\n', 'case.expect:4:5: expected one of: then, within, never'),
    ('rule "r"\nin the trace\n    then told(\n', 'case.expect:4:15: '),
    ('rule "r"\nin the trace\n    then told(status=$other)\n    then told(status > $none)\n', "case.expect:5:24: "),
    ('rule "r"\nin the trace\n    then told(status="8)\n', 'case.expect:4:'),
    ('rule "r"\nin the trace\n    then told(status & 9q)\n', 'case.expect:4:'),
    ('rule "r"\nin the trace\n    then told(status - "8)\n', 'case.expect:4:'),
    ('rule "r"\nin the trace\n    one of\n    then told\n', 'case.expect:4:11: indented steps were expected below'),
    ('rule "r"\nin the trace\n    then told\n          without noise\n        without noise\n', 'each once'),
    ('rule "r"\nin the trace\n    never told\n        at most 1 ms later\n', "below a guard stands 'until', once"),
    ('rule "r"\nin the trace\n    exactly told\n', 'case.expect:4:'),
    ('rule "r"\nin the trace\n    then told\n        at most 10 parsecs later\n', 'case.expect:5:'),
    ('rule "r"\nin the trace\n    within leave plug\n        then told\n', "'within' looks into a span from its beginning on"),
    ('rule "r"\nin the trace\n    one of\n        then told\n        until noise\n', "'until' and 'unless' stand directly below the rule"),
    ('rule "r"\nin the trace\n    one of\n        then told(status=$s)\n        then told\n    then noise(n > $s)\n', 'case.expect:7:20: '),
    ('rule "r"\nin the trace\n    never told(status=$s)\n    then noise(n > $s)\n', 'case.expect:5:20: '),
    (TOLD + 'param late\n', 'case.expect:5:7: parameters stand before the first rule'),
    ('param needed\n' + TOLD, "case.expect:2: the parameter 'needed' has no value: give it with --set needed=VALUE"),
    ('expectation again\n' + TOLD, 'case.expect:2:13: the expectation has its name already'),
    ('', 'case.expect'),
]


def check(folder, rule, trace, *options, status=None):
    """(exit status, standard output, standard error)"""
    pathlib.Path(folder, 'case.expect').write_text('expectation case\n' + rule.lstrip('\n'))
    pathlib.Path(folder, 'case.rpt').write_bytes(small_trace(trace))
    done = subprocess.run([TRACEDUMP, 'check', *options, 'case.expect', 'case.rpt'], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1, 2) if status is None else done.returncode == status, (rule, done)
    return done.returncode, done.stdout, done.stderr


def cases():
    """Each rule with each of its traces."""
    for name, options, rule, *held_against in CASES:
        for trace, wanted in zip(held_against[::2], held_against[1::2]):
            yield name, options, rule, trace, wanted


def explanation(text):
    """The first failure's lines, without its heading."""
    return '\n'.join(line[2:] for line in text.split('\n\n')[0].splitlines()[1:])


def test_each_construct():
    with tempfile.TemporaryDirectory() as folder:
        for name, options, rule, trace, wanted in cases():
            status, said, trouble = check(folder, rule, trace, *options)
            assert status == (0 if wanted == HOLDS else 1), (name, status, said, trouble)
            if wanted == HOLDS:
                assert said.startswith('holds  case\n'), (name, said)
            elif wanted == NOTHING:
                assert said.startswith('-      case\n'), (name, said)
            else:
                assert explanation(said) == wanted.strip('\n'), f'{name}\n{explanation(said)}\n-- wanted\n{wanted}'


def test_errors_say_where():
    with tempfile.TemporaryDirectory() as folder:
        for rule, wanted in ERRORS:
            status, said, trouble = check(folder, rule, GOOD)
            assert status == 2 and not said and wanted in trouble, f'{rule}\n{trouble}\n-- wanted\n{wanted}'
        for arguments, wanted in ((['--set', 'x'], 'NAME=VALUE'), (['--set', 'x=1'], "no expectation has a parameter 'x'")):
            status, said, trouble = check(folder, TOLD, GOOD, *arguments)
            assert status == 2 and not said and wanted in trouble, trouble


# ---- the forms for machines ----

def json_of(folder, rule, trace, options):
    answer = json.loads(check(folder, rule, trace, *options, '--json')[1])
    assert set(answer) == {'trace', 'events', 'gaps', 'ok', 'expectations'}, answer
    for item in answer['expectations']:
        assert {'name', 'file', 'verdict', 'rules'} <= set(item) and item['rules']
        for rule in item['rules']:
            assert set(rule) == {'name', 'line', 'verdict', 'note', 'occasions', 'held', 'dismissed', 'failed', 'failures'}, rule
            assert rule['verdict'] in ('holds', 'fails', 'unsure', 'nothing')
            assert rule['held'] + rule['dismissed'] + rule['failed'] == rule['occasions'], rule
            for failure in rule['failures']:
                assert {'line', 'step', 'why', 'matched', 'chain'} <= set(failure), failure
                assert set(failure) <= {'line', 'step', 'why', 'occasion', 'begun', 'matched', 'decided', 'event', 'early', 'nearest',
                                        'difference', 'chain'}, failure
                for moment in ('begun', 'decided'):
                    assert set(failure.get(moment, {})) in (set(), {'sequence', 'turn', 'now_ns', 'icount'}), failure
    return answer


def text_of(failure):
    """The explanation, made from the JSON alone."""
    lines = [f'case.expect:{failure["line"]}: {failure["step"]}', f'why       {failure["why"]}']
    if 'occasion' in failure:
        at = failure['begun']
        lines.append(f'occasion  #{at["sequence"]} turn {at["turn"]} {at["now_ns"]} ns {failure["occasion"]}')
    lines += [f'matched   #{m["sequence"]} line {m["line"]}: {m["step"]}' for m in failure['matched']]
    if 'decided' in failure:
        at = failure['decided']
        lines.append(f'decided   #{at["sequence"]} turn {at["turn"]} {at["now_ns"]} ns '
                     f'{failure.get("event", "(before this event)")}')
    else:
        lines.append('decided   at the end of the trace')
    if 'early' in failure:
        lines.append(f'too early #{failure["early"]} came before its turn')
    if 'nearest' in failure:
        lines.append(f'nearest   {failure["nearest"]}')
    if 'difference' in failure:
        lines.append(f'          {failure["difference"]}')
    if failure['chain']:
        lines.append(f'chain     {failure["chain"]}')
    return '\n'.join(lines)


def junit_of(text):
    """{(classname, name): ('failure' or 'skipped' or None, message, text)}; the form is what JUnit's schema asks for."""
    suite = xml.etree.ElementTree.fromstring(text)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>') and suite.tag == 'testsuite'
    assert set(suite.attrib) == {'name', 'tests', 'failures', 'skipped'}, suite.attrib
    found = {}
    for case in suite:
        assert case.tag == 'testcase' and set(case.attrib) == {'classname', 'name'} and len(case) <= 1, case.attrib
        assert not (case.text or '').strip()
        for inner in case:
            assert inner.tag in ('failure', 'skipped') and set(inner.attrib) == {'message'} and len(inner) == 0
        inner = case[0] if len(case) else None
        found[case.get('classname'), case.get('name')] = (None, None, None) if inner is None else (inner.tag, inner.get('message'), inner.text)
    kinds = [kind for kind, _, _ in found.values()]
    assert [int(suite.get(key)) for key in ('tests', 'failures', 'skipped')] == [len(found), kinds.count('failure'), kinds.count('skipped')]
    return found


def tap_of(text):
    """[(ok, description, reason to skip or None, diagnostics)], read as TAP 13 says."""
    lines = text.splitlines()
    assert lines[0] == 'TAP version 13', lines[0]
    plan = re.fullmatch(r'1\.\.(\d+)', lines[1])
    tests = []
    for line in lines[2:]:
        if line.startswith('# '):
            tests[-1][3].append(line[2:])
            continue
        ok, number, rest = re.fullmatch(r'(ok|not ok) (\d+) - (.*)', line).groups()
        description, _, directive = re.match(r'((?:\\.|[^\\#])*)(#\s*(.*))?$', rest).groups()
        assert int(number) == len(tests) + 1 and (directive is None or directive.startswith('SKIP ')), line
        tests.append((ok == 'ok', re.sub(r'\\(.)', r'\1', description).strip(), directive and directive[5:], []))
    assert len(tests) == int(plan[1]), text
    return tests


def compare_forms(folder, name, rule, trace, options):
    status, text, _ = check(folder, rule, trace, *options)
    answer = json_of(folder, rule, trace, options)
    assert answer['ok'] == (status == 0), name
    junit = junit_of(check(folder, rule, trace, *options, '--junit', status=status)[1])
    tap = tap_of(check(folder, rule, trace, *options, '--tap', status=status)[1])
    [item] = answer['expectations']
    assert len(junit) == len(tap) == len(item['rules'])
    for number, found in enumerate(item['rules']):
        kind, message, body = junit['case', found['name']]
        ok, description, skipped, diagnostics = tap[number]
        assert description == f'case: {found["name"]}', (description, found)
        wanted = [f'FAILED case: {found["name"]}\n  ' + text_of(f).replace('\n', '\n  ') for f in found['failures']]
        bad = found['verdict'] == 'fails' or item['verdict'] == 'nothing'
        assert ok == (not bad) and (kind == 'failure') == bad and (kind is None or message == found['note']), (name, kind, message, tap[number])
        assert (kind == 'skipped') == (skipped is not None) == (found['verdict'] == 'nothing' and not bad), (name, kind, skipped)
        assert '\n'.join(wanted) == (body or '').rstrip('\n') == '\n'.join(diagnostics), f'{name}\n{wanted}\n{body}\n{diagnostics}'
        for failure in wanted:
            assert failure in text, name


def test_forms_for_machines_say_the_same():
    with tempfile.TemporaryDirectory() as folder:
        for name, options, rule, trace, _ in cases():
            compare_forms(folder, name, rule, trace, options)
        compare_forms(folder, 'odd names', 'rule "a # <b> & \\"c\\""\nin the trace\n    then told(status=99)\n'
                      'rule "no occasion"\nfor each removed\n    then told\nrule "fine"\nin the trace\n    then told\n', GOOD, ())


def main():
    failures = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith('test_') and (n in sys.argv[1:] or len(sys.argv) < 2)]:
        try:
            test()
            print(f'ok {name}')
        except AssertionError as error:
            failures += 1
            print(f'FAILED {name}: {error}')
    sys.exit(failures > 0)


main()
