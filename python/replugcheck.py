# SPDX-License-Identifier: GPL-2.0-or-later
"""replugcheck - expectations on Replug's traces, for pytest and other Python tests; a thin layer over `tracedump check`.

    import replugcheck

    def test_plug(trace):
        replugcheck.expect(trace, 'memory-plug', device='dimm0')     # fails with the whole explanation
        replugcheck.expect_all(trace)                                # whatever comes with Replug and has an occasion

    answer = replugcheck.check(trace, 'mine.expect')                 # or look at the result
    assert answer.ok, answer.failures[0].why

The command is $TRACEDUMP, else tracedump on the PATH.
"""
import collections
import json
import os
import subprocess

Failure = collections.namedtuple('Failure', 'expectation rule line step why nearest difference chain sequence')
Rule = collections.namedtuple('Rule', 'expectation name verdict note held failed dismissed')


class Trouble(Exception):
    """The trace or an expectation can't be used."""


class Answer:
    """ok: all hold. rules, failures: lists. text: the explanation for people. raw: what the command printed, as Python objects."""

    def __init__(self, raw, text):
        self.raw, self.ok, self.text = raw, raw['ok'], text
        self.rules, self.failures = [], []
        for item in raw['expectations']:
            for rule in item['rules']:
                self.rules.append(Rule(item['name'], rule['name'], rule['verdict'], rule['note'], rule['held'], rule['failed'],
                                       rule['dismissed']))
                for failure in rule['failures']:
                    self.failures.append(Failure(item['name'], rule['name'], failure['line'], failure['step'], failure['why'],
                                                 failure.get('nearest'), failure.get('difference'), failure['chain'],
                                                 failure.get('decided', {}).get('sequence')))


def _run(options, specs, trace, parameters):
    command = [os.environ.get('TRACEDUMP', 'tracedump'), 'check', *options]
    for name, value in parameters.items():
        value = {True: 'true', False: 'false'}.get(value, value) if isinstance(value, bool) else value
        command += ['--set', f'{name}={value}']
    done = subprocess.run([*command, *map(str, specs), str(trace)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise Trouble(done.stderr.strip() or f'{command[0]} ended with status {done.returncode}')
    return done.stdout


def _check(options, specs, trace, parameters):
    raw = json.loads(_run(['--json', *options], specs, trace, parameters))
    return Answer(raw, '' if raw['ok'] else _run(options, specs, trace, parameters))


def check(trace, *specs, **parameters):
    """The Answer for expectations: files, or names of those that come with Replug."""
    return _check([], specs, trace, parameters)


def check_all(trace):
    """The Answer for all that come with Replug and have an occasion."""
    return _check(['--all'], [], trace, {})


def expect(trace, *specs, **parameters):
    """As check(), but a failure is an AssertionError with the explanation."""
    answer = check(trace, *specs, **parameters)
    if not answer.ok:
        raise AssertionError('the trace is not as expected\n' + answer.text)
    return answer


def expect_all(trace):
    answer = check_all(trace)
    if not answer.ok:
        raise AssertionError('the trace is not as expected\n' + answer.text)
    return answer
