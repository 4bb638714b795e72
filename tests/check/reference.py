# SPDX-License-Identifier: GPL-2.0-or-later
"""reference.py - what a rule means, written from docs/formats/expectations.md and made to be read, not to be fast.

It has the whole trace at hand and asks of each step at which point it is done or fails. A point is (k, part): part 0 is where spans
that were lost end before event k, part 1 where limits are looked at, part 2 is the event itself; (n, 0) is the trace's end.
"""
import fnmatch

INSTANT, ENTER, LEAVE = 'instant', 'enter', 'leave'


class Event:
    def __init__(self, seq, name, phase, fields, turn, now, icount, span, parent):
        self.seq, self.name, self.phase, self.fields = seq, name, phase, fields
        self.turn, self.now, self.icount, self.span, self.parent = turn, now, icount, span, parent


class Trace:
    def __init__(self, events):
        self.events, self.end = events, (len(events), 0)
        self.span_ends = {}   # index of an enter -> (point, index of the leave or None)
        self.around = []      # for each event the enters around it, outermost first
        stack = []
        for k, event in enumerate(events):
            inner = event.span if event.phase == LEAVE and event.span else event.parent
            while stack and (events[stack[-1]].seq > inner or events[stack[-1]].turn != event.turn):
                self.span_ends[stack.pop()] = (k, 0), None
            if event.phase == LEAVE and stack and events[stack[-1]].seq == event.span:
                self.span_ends[stack.pop()] = (k, 2), k
            self.around.append(list(stack))
            if event.phase == ENTER:
                stack.append(k)
        for k in stack:
            self.span_ends[k] = self.end, None

    def moment(self, point):
        if point[0] < 0 or not self.events:
            return 0, 0, 0
        event = self.events[min(point[0], len(self.events) - 1)]
        return event.turn, event.now, event.icount

    def after(self, point):
        """Indices of the events behind a point."""
        return range(point[0] + (point[1] == 2), len(self.events))


def holds(conditions, event, env):
    """The environment with what was captured, or None. A condition is ('capture', FIELD, NAME) or ('test', TEXT, FUNCTION)."""
    env = dict(env)
    for kind, first, second in conditions:
        if kind == 'capture':
            if first not in event.fields:
                return None
            env[second] = event.fields[first]
        elif not second(event, env):
            return None
    return env


class Pattern:
    def __init__(self, names, conditions=(), leave=False, causes=()):
        self.names, self.conditions, self.leave, self.causes = names, conditions, leave, causes

    def fits(self, trace, k, env):
        event = trace.events[k]
        if self.leave != (event.phase == LEAVE) or not any(fnmatch.fnmatchcase(event.name, n) for n in self.names):
            return None
        env = holds(self.conditions, event, env)
        for negated, names, conditions in self.causes:
            if env is None:
                return None
            found = None
            for enter in reversed(trace.around[k]):
                span = trace.events[enter]
                if found is None and any(fnmatch.fnmatchcase(span.name, n) for n in names):
                    found = holds(conditions, span, env)
            if (found is None) != negated:
                return None
            env = env if negated else found
        return env


class Step:
    def __init__(self, kind, pattern=None, steps=(), results=None, without=None, until=None, count=None, limit=None):
        self.kind, self.pattern, self.steps, self.results = kind, pattern, steps, results
        self.without, self.until, self.count, self.limit = without, until, count, limit

    def is_guard(self):
        return self.kind in ('never', 'exactly', 'at least', 'at most')


DONE, FAILED = True, False


def evaluate(trace, step, start, end, env):
    """(done or failed, where, environment); it sees the events behind start and before end."""
    if step.is_guard():
        return (*evaluate_guard(trace, step, start, end, False, env), env)
    return {'then': evaluate_then, 'within': evaluate_within, 'in order': evaluate_group, 'any order': evaluate_any,
            'one of': evaluate_one}[step.kind](trace, step, start, end, env)


def is_over(limit, then, now):
    unit, amount = limit
    if unit == 'turn':
        return now[0] != then[0]
    return now[{'ns': 1, 'instructions': 2}[unit]] - then[{'ns': 1, 'instructions': 2}[unit]] > amount


def evaluate_then(trace, step, start, end, env):
    for k in trace.after(start):
        before = trace.moment((k - 1, 2))
        if step.limit and start < (k, 1) < end and trace.moment((k, 1)) != before:
            if is_over(step.limit, trace.moment(start), trace.moment((k, 1))):
                return FAILED, (k, 1), env
        if not (k, 2) < end:
            break
        found = step.pattern.fits(trace, k, env)
        if found is not None:
            return DONE, (k, 2), found
        if step.without and step.without.fits(trace, k, env) is not None:
            return FAILED, (k, 2), env
    return FAILED, end, env


def evaluate_guard(trace, step, start, end, inclusive, env):
    count = 0
    wanted = env.get(step.count, step.count)
    for k in trace.after(start):
        if not ((k, 2) < end or (inclusive and (k, 2) == end)):
            break
        if step.until and step.until.fits(trace, k, env) is not None:
            end = (k, 2)
            break
        if step.pattern.fits(trace, k, env) is not None:
            count += 1
            if step.kind == 'never' or (step.kind in ('exactly', 'at most') and count > wanted):
                return FAILED, (k, 2)
    if step.kind in ('exactly', 'at least') and count < wanted:
        return FAILED, end
    return DONE, end


def evaluate_block(trace, steps, start, end, is_body, env):
    at, guards, failures = start, [], []
    for step in steps:
        if step.is_guard():
            guards.append((step, at, env))
            continue
        ok, where, env = evaluate(trace, step, at, end, env)
        if not ok:
            failures.append(where)
            break
        at = where
    lasts = is_body or all(step.is_guard() for step in steps)
    done = at
    for step, begun, known in guards:
        until = end if lasts or failures else at
        ok, where = evaluate_guard(trace, step, begun, until, until < end, known)  # the event that took the last step went to guards first
        if not ok:
            failures.append(where)
        elif lasts:
            done = max(done, where)
    return (FAILED, min(failures), env) if failures else (DONE, done, env)


def evaluate_group(trace, step, start, end, env):
    return evaluate_block(trace, step.steps, start, end, False, env)


def evaluate_any(trace, step, start, end, env):
    answers = [evaluate(trace, child, start, end, env) for child in step.steps]
    failures = [where for ok, where, _ in answers if not ok]
    if failures:
        return FAILED, min(failures), env
    return DONE, max(where for _, where, _ in answers), {k: v for _, _, known in answers for k, v in known.items()}


def evaluate_one(trace, step, start, end, env):
    answers = [evaluate(trace, child, start, end, env) for child in step.steps]
    done = [where for ok, where, _ in answers if ok]
    return (DONE, min(done), env) if done else (FAILED, max(where for _, where, _ in answers), env)


def evaluate_within(trace, step, start, end, env):
    at = start
    while True:
        tries = (k for k in trace.after(at) if (k, 2) < end and trace.events[k].phase == ENTER)
        entered = next(((k, found) for k in tries if (found := step.pattern.fits(trace, k, env)) is not None), None)
        if entered is None:
            return FAILED, end, env
        k, inner = entered
        span_end, leave = trace.span_ends[k]
        cut = not (span_end < end or (span_end == end and leave is None))
        block_end = end if cut else span_end
        ok, where, inner = evaluate_block(trace, step.steps, (k, 2), block_end, True, inner)
        if ok:
            where = block_end
            if step.results is not None:
                inner = None if cut or leave is None else holds(step.results, trace.events[leave], inner)
            if inner is not None:
                return DONE, where, inner
        if cut and where == end:
            return FAILED, end, env
        at = where


class Rule:
    def __init__(self, kind, trigger, steps, results=None, until=(), unless=(), unless_ends=False):
        self.kind, self.trigger, self.steps, self.results = kind, trigger, steps, results
        self.until, self.unless, self.unless_ends = until, unless, unless_ends


def first(trace, patterns, after, env):
    return next(((k, 2) for k in trace.after(after) if any(p.fits(trace, k, env) is not None for p in patterns)), None)


def judge(trace, rule, k, env):
    """'held', 'failed' or 'dismissed': one occasion, which event k began."""
    start, end = ((-1, 2), trace.end) if k is None else ((k, 2), trace.end)
    span_end = None
    if k is not None and (rule.kind == 'within each' or rule.results is not None):
        span_end, leave = trace.span_ends[k]
        if rule.results is not None:
            known = None if leave is None else holds(rule.results, trace.events[leave], env)
            if known is None:
                return 'dismissed'
            if rule.kind == 'for each':
                start, env = span_end, known
        if rule.kind == 'within each':
            end = span_end
    until = first(trace, rule.until, start, env)
    cut = until is not None and until < end
    ok, where, _ = evaluate_block(trace, rule.steps, start, until if cut else end, True, env)
    unless = first(trace, rule.unless, start, env)
    if unless is not None and unless <= where and (unless < end or unless == until and cut):
        return 'dismissed'
    if rule.unless_ends and where == trace.end:
        return 'dismissed'
    return 'held' if ok else 'failed'


def check(trace, rule, params):
    """{'held': ..., 'failed': ..., 'dismissed': ...}"""
    counts = {'held': 0, 'failed': 0, 'dismissed': 0}
    if rule.kind == 'in the trace':
        counts[judge(trace, rule, None, params)] += 1
        return counts
    for k, event in enumerate(trace.events):
        if (rule.kind == 'within each' or rule.results is not None) and event.phase != ENTER:
            continue
        env = rule.trigger.fits(trace, k, params)
        if env is not None:
            counts[judge(trace, rule, k, env)] += 1
    return counts
