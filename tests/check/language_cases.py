# SPDX-License-Identifier: GPL-2.0-or-later
"""language_cases.py - for language.py: rules, what they are held against, and the explanation of each failure."""

GOOD = '''
plug(device=d0, gpa=0x1000, size=16) {
    commit {
        added(gpa=0x1000, size=16)
    } rendered=1
    +5ns
    notify(device=d0) {
        told(status=8)
    } ok=1
} ok=1
'''
EARLY = '''
plug(device=d0, gpa=0x1000, size=16) {
    notify(device=d0) {
        told(status=8)
    } ok=1
    commit {
        added(gpa=0x1000, size=16)
    } rendered=1
} ok=1
'''
OTHER = '''
plug(device=d0, gpa=0x1000, size=16) {
    commit(depth=1) {
        added(gpa=0x2000, size=16)
    } rendered=0
    +5ns
    +100instructions
    notify(device=d1) {
        told(status=9)
    } ok=1
} ok=1
turn
noise(n=-1)
'''

HOLDS, NOTHING = 'holds', 'no occasion'

# (name, options, rule, a trace, what is said of it, another trace, what is said of that, ...)
CASES = [
    ('sequence', (), '''
rule "r"
within each plug
    then added
    then told
''',
     GOOD, HOLDS,
     EARLY, '''
case.expect:5: then told
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
matched   #6 line 4: then added
decided   #8 turn 0 0 ns <-- plug: ok=true r=0
too early #3 came before its turn
chain     plug
'''),
    ('within a span', (), '''
rule "r"
within each plug
    within commit
        then added
    within notify(device="d0")
        then told
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:6: within notify(device="d0")
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
matched   #2 line 4: within commit
matched   #3 line 5: then added
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #5 --> notify: device="d1"
          wanted device="d0": device is "d1"
chain     plug
'''),
    ("a span's results", (), '''
rule "r"
within each plug
    within commit(depth < 2) -> (rendered)
        then added
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: within commit(depth < 2) -> (rendered)
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
matched   #3 line 5: then added
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   line 4: within commit(depth < 2) -> (rendered): its leave has other results
          #4 <-- commit: rendered=false; wanted rendered: rendered is 0
chain     plug
'''),
    ('a span in a span', (), '''
rule "r"
in the trace
    within plug
        within commit
            then added(gpa=0x1000)
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: within plug
why       not found before the trace ended
decided   at the end of the trace
nearest   line 6: then added(gpa=0x1000): not found before the trace ended
          #3 added: gpa=0x2000 size=16; wanted gpa=0x1000: gpa is 0x2000
'''),
    ('caused by', (), '''
rule "r"
within each plug
    then added caused by commit(depth=0) caused by plug
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: then added caused by commit(depth=0) caused by plug
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #3 added: gpa=0x2000 size=16
          it was not caused as the step says
chain     plug
'''),
    ('not caused by', (), '''
rule "r"
within each plug
    then told not caused by notify(device="d1")
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: then told not caused by notify(device="d1")
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #6 told: status=0x9
          it was not caused as the step says
chain     plug
'''),
    ('eventually', (), '''
rule "r"
for each told
    then noise
''',
     OTHER, HOLDS,
     GOOD, '''
case.expect:4: then noise
why       not found before the trace ended
occasion  #6 turn 0 5 ns told: status=0x8
decided   at the end of the trace
'''),
    ('never', (), '''
rule "r"
in the trace
    never noise
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: never noise
why       it happened (#9)
decided   #9 turn 1 5 ns noise: n=-1
chain     noise
'''),
    ('never between', (), '''
rule "r"
for each plug
    never told
    until leave commit(rendered)
''',
     GOOD, HOLDS,
     EARLY, '''
case.expect:4: never told
why       it happened (#3)
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #3 turn 0 0 ns told: status=0x8
chain     plug --> notify --> told
'''),
    ('a guard with an end of its own', (), '''
rule "r"
within each plug
    never told
        until added
    then leave notify(ok)
''',
     GOOD, HOLDS,
     EARLY, '''
case.expect:4: never told
why       it happened (#3)
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #3 turn 0 0 ns told: status=0x8
chain     plug --> notify --> told
'''),
    ('exactly, too few', (), '''
rule "r"
in the trace
    exactly 1 times added|removed
''',
     GOOD, HOLDS,
     'noise(n=1)', '''
case.expect:4: exactly 1 times added|removed
why       it came 0 times, expected were exactly 1
decided   at the end of the trace
'''),
    ('exactly, too many', (), '''
rule "r"
in the trace
    exactly 1 times added|removed
''',
     GOOD, HOLDS,
     'added; noise; removed; noise', '''
case.expect:4: exactly 1 times added|removed
why       it came 2 times, expected were exactly 1
decided   #3 turn 0 0 ns removed: gpa=0x0 size=0
chain     removed
'''),
    ('at least', (), '''
rule "r"
within each plug
    at least 2 times *
    then told
''',
     GOOD, HOLDS,
     'plug {; told; }', '''
case.expect:4: at least 2 times *
why       it came 1 times, expected were at least 2
occasion  #1 turn 0 0 ns --> plug: device="" gpa=0x0 size=0
matched   #2 line 5: then told
decided   #3 turn 0 0 ns <-- plug: ok=false r=0
chain     plug
'''),
    ('at most', (), '''
rule "r"
in the trace
    at most 1 time told
''',
     GOOD, HOLDS,
     'told; told; told', '''
case.expect:4: at most 1 time told
why       it came 2 times, expected were at most 1
decided   #2 turn 0 0 ns told: status=0x0
chain     told
'''),
    ('a captured count', (), '''
rule "r"
within each plug(size=$n)
    exactly $n - 15 times added
''',
     GOOD, HOLDS,
     'plug(size=17) {; added; }', '''
case.expect:4: exactly $n - 15 times added
why       it came 1 times, expected were exactly 2
occasion  #1 turn 0 0 ns --> plug: device="" gpa=0x0 size=17
decided   #3 turn 0 0 ns <-- plug: ok=false r=0
chain     plug
'''),
    ('at most a time later', (), '''
rule "r"
for each added
    then told
        at most 5 ns later
''',
     GOOD, HOLDS,
     'added; +6ns; noise; told', '''
case.expect:4: then told
why       not within 5 ns
occasion  #1 turn 0 0 ns added: gpa=0x0 size=0
decided   #2 turn 0 6 ns (before this event)
'''),
    ('at most instructions later', (), '''
rule "r"
for each added
    then told
        at most 99 instructions later
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: then told
why       not within 99 instructions
occasion  #3 turn 0 0 ns added: gpa=0x2000 size=16
decided   #5 turn 0 5 ns (before this event)
chain     plug
'''),
    ('in the same turn', (), '''
rule "r"
for each added
    then told
        in the same turn
''',
     GOOD, HOLDS,
     'added; turn; told', '''
case.expect:4: then told
why       not in the same turn
occasion  #1 turn 0 0 ns added: gpa=0x0 size=0
decided   #2 turn 1 0 ns (before this event)
'''),
    ('a limit from the step before', (), '''
rule "r"
for each added
    then noise
    then told
        at most 1 us later
''',
     'added; +900ns; noise; +900ns; told', HOLDS,
     'added; +900ns; noise; +1001ns; told', '''
case.expect:5: then told
why       not within 1000 ns
occasion  #1 turn 0 0 ns added: gpa=0x0 size=0
matched   #2 line 4: then noise
decided   #3 turn 0 1901 ns (before this event)
'''),
    ('without', (), '''
rule "r"
for each added
    then told
        without removed|noise
''',
     GOOD, HOLDS,
     'added; removed(gpa=7); told', '''
case.expect:4: then told
why       what it excludes came first (#2)
occasion  #1 turn 0 0 ns added: gpa=0x0 size=0
decided   #2 turn 0 0 ns removed: gpa=0x7 size=0
chain     removed
'''),
    ('any order', (), '''
rule "r"
within each plug
    any order
        then told(status=8)
        within commit
            then added(gpa=0x1000)
''',
     EARLY, HOLDS,
     OTHER, '''
case.expect:5: then told(status=8)
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #6 told: status=0x9
          wanted status=8: status is 0x9
chain     plug
'''),
    ('one of', (), '''
rule "r"
within each plug
    one of
        then removed
        then told(status & 4)
        then told(status=8)
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: one of
why       none of its branches was met
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #6 told: status=0x9
          wanted status & 4: status is 0x9
chain     plug
'''),
    ('in order, as a branch', (), '''
rule "r"
within each plug
    one of
        then removed
        in order
            then added
            then told
''',
     GOOD, HOLDS,
     EARLY, '''
case.expect:4: one of
why       none of its branches was met
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
matched   #6 line 7: then added
decided   #8 turn 0 0 ns <-- plug: ok=true r=0
chain     plug
'''),
    ('captures', (), '''
rule "r"
within each plug(gpa=$base, size=$size)
    then added(gpa=$base, size <= $size)
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: then added(gpa=$base, size <= $size)
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #3 added: gpa=0x2000 size=16
          wanted gpa=$base: gpa is 0x2000, $base is 0x1000
chain     plug
'''),
    ('a capture of a later step', (), '''
rule "r"
in the trace
    then added(gpa=$a)
    then removed(gpa = $a + 16)
''',
     'added(gpa=1); removed(gpa=16); removed(gpa=17)', HOLDS,
     'added(gpa=1); removed(gpa=16); added(gpa=0)', '''
case.expect:5: then removed(gpa = $a + 16)
why       not found before the trace ended
matched   #1 line 4: then added(gpa=$a)
decided   at the end of the trace
nearest   #2 removed: gpa=0x10 size=0
          wanted gpa = $a + 16: gpa is 0x10, $a is 0x1
'''),
    ('texts', (), '''
rule "r"
for each plug(device=$d, device=d*)
    then notify(device=$d, device="d0", device~/^d/)
''',
     GOOD, HOLDS,
     OTHER, '''
case.expect:4: then notify(device=$d, device="d0", device~/^d/)
why       not found before the trace ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   at the end of the trace
nearest   #5 --> notify: device="d1"
          wanted device=$d: device is "d1", $d is "d0"
'''),
    ("sums don't wrap", (), '''
rule "r"
for each added(gpa=$a)
    never removed(gpa > $a + 4)
''',
     'added(gpa=0xffffffffffffffff); removed(gpa=3)', HOLDS,
     'added(gpa=0xfffffffffffffff0); removed(gpa=0xffffffffffffffff)', '''
case.expect:4: never removed(gpa > $a + 4)
why       it happened (#2)
occasion  #1 turn 0 0 ns added: gpa=0xfffffffffffffff0 size=0
decided   #2 turn 0 0 ns removed: gpa=0xffffffffffffffff size=0
chain     removed
'''),
    ('a negative field', (), '''
rule "r"
in the trace
    then noise(n < 0, n = -1)
''',
     OTHER, HOLDS,
     'noise(n=1)', '''
case.expect:4: then noise(n < 0, n = -1)
why       not found before the trace ended
decided   at the end of the trace
nearest   #1 noise: n=1
          wanted n < 0: n is 1
'''),
    ('parameters', ('--set', 'device=d0'), '''
param device
param status = 8
rule "r"
within each plug(device=$device)
    then told(status=$status)
''',
     GOOD, HOLDS),
    ('a parameter of another value', ('--set', 'device=d0', '--set', 'status=0x9'), '''
param device
param status = 8
rule "r"
within each plug(device=$device)
    then told(status=$status)
''',
     GOOD, '''
case.expect:6: then told(status=$status)
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="d0" gpa=0x1000 size=16
decided   #8 turn 0 5 ns <-- plug: ok=true r=0
nearest   #6 told: status=0x8
          wanted status=$status: status is 0x8, $status is 0x9
chain     plug
'''),
    ('a parameter that nothing has', ('--set', 'device=d9'), '''
param device
param status = 8
rule "r"
within each plug(device=$device)
    then told(status=$status)
''',
     GOOD, NOTHING),
    ('a parameter that all have', ('--set', 'device=*'), '''
param device
param status = 8
rule "r"
within each plug(device=$device)
    then told(status=$status)
''',
     GOOD, HOLDS),
    ('a rule that is for other traces', (), '''
rule "r"
requires removed, tol*
in the trace
    then noise
''',
     GOOD, NOTHING),
    ('dismissed by an event', (), '''
rule "r"
for each added
    then removed
    unless told
''',
     GOOD, NOTHING),
    ("dismissed by the trace's end", (), '''
rule "r"
for each added
    then removed
    unless the trace ends
''',
     GOOD, NOTHING),
    ('no occasion by its results', (), '''
rule "r"
within each commit -> (not rendered)
    then removed
''',
     GOOD, NOTHING),
    ('until', (), '''
rule "r"
for each added
    then told
    until noise
''',
     GOOD, HOLDS,
     'added; noise(n=3); told', '''
case.expect:4: then told
why       not found before its time was over
occasion  #1 turn 0 0 ns added: gpa=0x0 size=0
decided   #2 turn 0 0 ns noise: n=3
chain     noise
'''),
    ('a leave that is lost', (), '''
rule "r"
within each plug
    then told
''',
     'plug {; told; }lost; turn; noise', HOLDS,
     'plug {; added; }lost; turn; told', '''
case.expect:4: then told
why       not found before the span ended
occasion  #1 turn 0 0 ns --> plug: device="" gpa=0x0 size=0
decided   #3 turn 1 0 ns (before this event)
'''),
    ('a moment of the event', (), '''
rule "r"
for each plug(turn=$t)
    then noise(turn = $t + 1, .now >= 5, icount = 100)
''',
     OTHER, HOLDS,
     'plug {; }; turn; turn; noise', '''
case.expect:4: then noise(turn = $t + 1, .now >= 5, icount = 100)
why       not found before the trace ended
occasion  #1 turn 0 0 ns --> plug: device="" gpa=0x0 size=0
decided   at the end of the trace
nearest   #3 noise: n=0
          wanted turn = $t + 1: turn is 2, $t is 0
'''),
]
