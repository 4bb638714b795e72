#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""property.py - random traces and random expectations: tracedump check and the reference evaluator agree on every rule.

usage: property.py TRACEDUMP [ROUNDS [SEED]]      CHECK_ROUNDS and CHECK_SEED in the environment mean the same
"""
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]
import reference as ref  # noqa: E402
import rpt_writer  # noqa: E402

SPANS, INSTANTS = ['alpha', 'beta', 'gamma'], ['tick', 'tock', 'ping']
FIELDS = [('u32', 'a'), ('i32', 'b'), ('str', 's')]
RESULTS = [('bool', 'ok'), ('u32', 'r')]
EVENTS = [rpt_writer.span(i + 1, name, FIELDS, RESULTS) for i, name in enumerate(SPANS)] + [
    rpt_writer.instant(i + 11, name, FIELDS) for i, name in enumerate(INSTANTS)]
IDS = {e['name']: e['id'] for e in EVENTS}


def random_trace(rng):
    """(bytes, events for the reference): spans nest and sometimes lose their leave."""
    records, events, stack, turn, now, icount = [], [], [], 1, 0, 0
    for sequence in range(1, rng.randint(1, 60)):
        if rng.random() < .15:
            turn, stack = turn + 1, [] if rng.random() < .8 else stack[:0]
            now, icount = now + rng.randint(0, 10), icount + rng.randint(0, 10)
        if stack and rng.random() < .05:
            stack.pop()  # the leave is lost
        values = [rng.randint(0, 2), rng.randint(-1, 1), rng.choice(['x', 'y', ''])]
        parent = stack[-1][0] if stack else 0
        choice = rng.random()
        if stack and choice < .3:
            own, name = stack.pop()
            parent = stack[-1][0] if stack else 0
            if rng.random() < .05:
                own = 0
            values = [rng.random() < .6, rng.randint(0, 2)]
            phase, span, names = ref.LEAVE, own, [n for _, n in RESULTS]
        elif choice < .65:
            name, phase, span, names = rng.choice(SPANS), ref.ENTER, sequence, [n for _, n in FIELDS]
            stack.append((sequence, name))
        else:
            name, phase, span, names = rng.choice(INSTANTS), ref.INSTANT, 0, [n for _, n in FIELDS]
        code = {ref.INSTANT: 0, ref.ENTER: 1, ref.LEAVE: 2}[phase]
        data = rpt_writer.encode_fields(RESULTS if code == 2 else FIELDS, values)
        records.append(rpt_writer.record(IDS[name], code, data, sequence=sequence, turn=turn, now_ns=now, icount=icount, span=span,
                                         parent=parent))
        fields = dict(zip(names, values))
        events.append(ref.Event(sequence, name, phase, fields, turn, now, icount, span, parent))
    return rpt_writer.header(EVENTS) + rpt_writer.block(records), ref.Trace(events)


class Writer:
    """A random rule, as text and as the reference's."""

    def __init__(self, rng):
        self.rng, self.names = rng, 0

    def conditions(self, env, fields, numbers):
        rng, out, texts = self.rng, [], []
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            kind = rng.random()
            field = rng.choice(fields)
            if kind < .35:
                self.names += 1
                name = f'v{self.names}'
                env.append((name, field in numbers))
                out.append(('capture', field, name))
                texts.append(f'{field}=${name}')
            elif kind < .6 and [n for n, number in env if number == (field in numbers)]:
                name = rng.choice([n for n, number in env if number == (field in numbers)])
                sign = rng.choice(['=', '!=', '<', '>='])
                texts.append(f'{field} {sign} ${name}')
                out.append(('test', texts[-1], comparison(field, sign, name)))
            elif kind < .75 and field in numbers and [n for n, number in env if number]:
                name = rng.choice([n for n, number in env if number])
                amount = rng.randint(0, 2)
                texts.append(f'{field} + {amount} > ${name} - 1')
                out.append(('test', texts[-1], lambda e, v, f=field, n=name, a=amount: f in e.fields and e.fields[f] + a > v[n] - 1))
            elif field in numbers:
                wanted = rng.randint(0, 2)
                form = rng.choice(['plain', 'range', 'mask', 'or', 'and', 'not', 'moment'])
                texts.append({'plain': f'{field}={wanted}', 'range': f'{field}=0..{wanted}', 'mask': f'{field} & {wanted}',
                              'or': f'{field}=0 or turn={wanted}', 'and': f'{field} >= 0 and .now < {wanted + 9}',
                              'not': f'not ({field} > {wanted})', 'moment': f'{field} <= icount - {wanted}'}[form])
                out.append(('test', texts[-1], {
                    'plain': lambda e, v, f=field, w=wanted: e.fields.get(f) == w,
                    'range': lambda e, v, f=field, w=wanted: f in e.fields and 0 <= e.fields[f] <= w,
                    'mask': lambda e, v, f=field, w=wanted: f in e.fields and e.fields[f] & w != 0,
                    'or': lambda e, v, f=field, w=wanted: e.fields.get(f) == 0 or e.turn == w,
                    'and': lambda e, v, f=field, w=wanted: f in e.fields and e.fields[f] >= 0 and e.now < w + 9,
                    'not': lambda e, v, f=field, w=wanted: not (f in e.fields and e.fields[f] > w),
                    'moment': lambda e, v, f=field, w=wanted: f in e.fields and e.fields[f] <= e.icount - w}[form]))
            else:
                wanted = rng.choice(['x', 'y'])
                texts.append(rng.choice([f'{field}="{wanted}"', f'{field}={wanted}', f'{field}~/^{wanted}/']))
                out.append(('test', texts[-1], lambda e, v, f=field, w=wanted: e.fields.get(f) == w))
        return out, f'({", ".join(texts)})' if texts else ''

    def pattern(self, env, names=None, leave=None, causes=True):
        """Captures go to env."""
        rng = self.rng
        leave = rng.random() < .15 if leave is None else leave
        names = names or (SPANS if leave else SPANS + INSTANTS)
        chosen = rng.sample(names, 1 if rng.random() < .8 else 2)
        if rng.random() < .1:
            chosen = [rng.choice(['*', 't*', '?i*'])]
        fields = ['ok', 'r'] if leave else ['a', 'b', 's']
        conditions, text = self.conditions(env, fields, {'ok', 'r', 'a', 'b'})
        text = ('leave ' if leave else '') + '|'.join(chosen) + text
        around = []
        while causes and rng.random() < .15:
            negated = rng.random() < .5
            known = list(env) if negated else env
            where = [rng.choice(SPANS)]
            inner, inner_text = self.conditions(known, ['a', 'b', 's'], {'a', 'b'})
            around.append((negated, where, inner))
            text += f' {"not " if negated else ""}caused by {where[0]}{inner_text}'
        return ref.Pattern(chosen, conditions, leave, around), text

    def results(self, env):
        conditions, text = self.conditions(env, ['ok', 'r'], {'ok', 'r'})
        if self.rng.random() < .4:
            conditions.append(('test', 'ok', lambda e, v: e.fields['ok']))
            text = text[:-1] + ', ok)' if text else '(ok)'
        return conditions, text or '()'

    def block(self, env, depth, branches=False):
        """(steps, lines)"""
        steps, lines, shared = [], [], []
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            own = list(env) if branches else env
            step, text = self.step(own, depth)
            shared += own[len(env):] if branches else []
            steps.append(step)
            lines += text
        if branches == 'any order':
            env += shared
        return steps, lines

    def step(self, env, depth):
        rng = self.rng
        pad = '    ' * depth
        kind = rng.choice(['then'] * 5 + ['never'] * 2 + ['exactly', 'at least', 'at most'] + (
            ['within'] * 3 + ['any order', 'one of', 'in order'] if depth < 4 else []))
        if kind in ('any order', 'one of', 'in order'):
            known = env if kind == 'in order' else env
            steps, lines = self.block(known, depth + 1, kind if kind != 'in order' else False)
            return ref.Step(kind, steps=steps), [pad + kind] + lines
        if kind == 'within':
            pattern, text = self.pattern(env, SPANS, False)
            results, arrow = (self.results(list(env)) if rng.random() < .4 else (None, ''))
            steps, lines = self.block(env, depth + 1)
            return ref.Step(kind, pattern, steps, results), [f'{pad}within {text}{" -> " + arrow if arrow else ""}'] + lines
        if kind == 'then':
            return self.then(env, pad)
        count = rng.randint(0, 3)
        pattern, text = self.pattern(list(env))
        numbers = [name for name, number in env if number]
        if rng.random() < .3 and kind != 'never':
            count = rng.choice(numbers)
        words = f'${count}' if isinstance(count, str) else count
        lines = [f'{pad}{kind} {"" if kind == "never" else f"{words} times "}{text}']
        until = None
        if rng.random() < .4:
            until, text = self.pattern(list(env))
            lines.append(f'{pad}    until {text}')
        return ref.Step(kind, pattern, until=until, count=count), lines

    def then(self, env, pad):
        rng, before = self.rng, list(env)
        pattern, text = self.pattern(env)
        lines, without, limit = [f'{pad}then {text}'], None, None
        if rng.random() < .2:
            without, text = self.pattern(list(before))
            lines.append(f'{pad}    without {text}')
        if rng.random() < .25:
            limit = rng.choice([('turn', 0), ('ns', rng.randint(0, 9)), ('instructions', rng.randint(0, 9))])
            lines.append(pad + '    ' + {'turn': 'in the same turn', 'ns': f'at most {limit[1]} ns later',
                                         'instructions': f'at most {limit[1]} instructions later'}[limit[0]])
        return ref.Step('then', pattern, without=without, limit=limit), lines

    def rule(self, number):
        rng, env = self.rng, [('p', True), ('q', False)]
        kind = rng.choice(['for each', 'within each', 'within each', 'in the trace'])
        lines, trigger, results = [f'rule "{number}"'], None, None
        if kind == 'in the trace':
            lines.append(kind)
        else:
            trigger, text = self.pattern(env, SPANS if kind == 'within each' else None, False if kind == 'within each' else None)
            arrow = ''
            if rng.random() < .4 and not trigger.leave:
                results, arrow = self.results(env if kind == 'for each' else list(env))
            lines.append(f'{kind} {text}{" -> " + arrow if arrow else ""}')
        known = list(env)
        steps, text = self.block(env, 1)
        lines += text
        until, unless = [], []
        for name, patterns in (('until', until), ('unless', unless)):
            if rng.random() < .2:
                pattern, text = self.pattern(list(known))
                patterns.append(pattern)
                lines.append(f'    {name} {text}')
        ends = rng.random() < .1
        if ends:
            lines.append('    unless the trace ends')
        return ref.Rule(kind, trigger, steps, results, until, unless, ends), lines


def comparison(field, sign, name):
    compare = {'=': lambda a, b: a == b, '!=': lambda a, b: a != b, '<': lambda a, b: a < b, '>=': lambda a, b: a >= b}[sign]
    return lambda event, env: field in event.fields and compare(event.fields[field], env[name])


# What a random rule can be made of; each must come often.
CONSTRUCTS = {
    'for each': r'^for each', 'within each': r'^within each', 'in the trace': r'^in the trace', 'results': r'^(for|within) each .*->',
    'until': r'^    until', 'unless': r'^    unless (?!the trace)', 'unless the trace ends': r'unless the trace ends',
    'then': r'^ +then', 'within': r'^ +within', 'within with results': r'^ +within .*->', 'never': r'^ +never', 'exactly': r'^ +exactly',
    'at least': r'^ +at least', 'at most': r'^ +at most \d+ times', 'any order': r'^ +any order', 'one of': r'^ +one of',
    'in order': r'^ +in order', 'a guard\'s until': r'^     +until', 'without': r'^ +without', 'in the same turn': r'in the same turn',
    'at most a time': r'at most \d+ ns later', 'at most instructions': r'at most \d+ instructions later', 'leave': r' leave ',
    'two names': r'\w\|\w', 'glob': r' \*|t\*|\?i\*', 'caused by': r'(?<!not) caused by', 'not caused by': r'not caused by',
    'capture': r'[(, ]\w+=\$v', 'comparison': r' (=|!=|<|>=) \$', 'sum': r' \+ \d > \$\w+ - 1', 'parameter': r'\$[pq]\b',
    'a count from a value': r' \$\w+ times', 'and': r' and ', 'not': r'not \(', 'moment': r'icount - ', 'range': r'=0\.\.', 'mask': r' & \d', 'or': r' or ', 'regex': r'~/', 'text': r'="[xy]"', 'word': r'=[xy]\b'}


def count_constructs(lines, counts):
    for name, pattern in CONSTRUCTS.items():
        counts[name] += sum(re.search(pattern, line) is not None for line in lines)


def one_round(tracedump, folder, seed, constructs):
    rng = random.Random(seed)
    data, trace = random_trace(rng)
    rules, lines = [], ['expectation random', 'param p = 1', 'param q = x']
    for number in range(20):
        rule, text = Writer(rng).rule(number)
        rules.append(rule)
        lines += text
    count_constructs(lines, constructs)
    trace_file, spec_file = pathlib.Path(folder, 'random.rpt'), pathlib.Path(folder, 'random.expect')
    trace_file.write_bytes(data)
    spec_file.write_text('\n'.join(lines) + '\n')
    done = subprocess.run([tracedump, 'check', '--json', spec_file, trace_file], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), (seed, done.stderr)
    answer = json.loads(done.stdout)['expectations'][0]['rules']
    outcomes = {'held': 0, 'failed': 0, 'dismissed': 0}
    for number, (rule, found) in enumerate(zip(rules, answer)):
        expected = ref.check(trace, rule, {'p': 1, 'q': 'x'})
        got = {key: found[key] for key in expected}
        if expected != got:
            at = lines.index(f'rule "{number}"')
            later = [i for i in range(at + 1, len(lines)) if lines[i].startswith('rule')]
            print('\n'.join(lines[at:later[0] if later else None]))
            subprocess.run([tracedump, 'show', '--tree', trace_file])
            sys.exit(f'seed {seed}, rule {number}: the reference says {expected}, tracedump {got}')
        for key in outcomes:
            outcomes[key] += got[key]
    return outcomes


def main():
    rounds = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get('CHECK_ROUNDS', '100'))
    first = int(sys.argv[3] if len(sys.argv) > 3 else os.environ.get('CHECK_SEED', '1'))
    total, constructs = {'held': 0, 'failed': 0, 'dismissed': 0}, collections.Counter({name: 0 for name in CONSTRUCTS})
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + rounds):
            for key, value in one_round(sys.argv[1], folder, seed, constructs).items():
                total[key] += value
    print(f'{rounds} rounds agree: {total}; {dict(constructs.most_common())}')
    if rounds >= 50:
        assert min(total.values()) > rounds, 'one of the outcomes hardly occurs'
        rare = [name for name, count in constructs.items() if count < rounds / 2]
        assert not rare, f'these hardly occur: {rare}'


main()
