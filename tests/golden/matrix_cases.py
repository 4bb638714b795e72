# SPDX-License-Identifier: GPL-2.0-or-later
"""matrix_cases.py - every command on files of every kind, good, cut, damaged and newer ones: no combination is forgotten."""
import recording_cases
from cases import Case
from map_cases import DECLARED, session
from rpt_writer import INSTANT, block, header, instant, record
from session_cases import ctf_files

# Behind each comes the file.
COMMANDS = [
    ['info'], ['verify'], ['hotplug'], ['hotplug', 'dimm0'], ['show', '--tree', '--limit', '40'], ['show', '--json', '--limit', '3'], ['chains'],
    ['backtraces'], ['events'], ['check', 'own.expect'], ['flatview'], ['mtree'], ['memslots'], ['stats'], ['flame', '--count'], ['irq'],
    ['follow', '--limit', '2', '--idle', '1ms'], ['top', '--once'], ['why', 'dimm0'], ['export', '--to', 'csv', '--filter', 'device_deleted or qmp_reply'],
    ['report', '-o', 'report.html'],
]
# Of a recording they need a replay, and that the emulator: tests/e2e/map_of_trace.py.
REPLAYING = ('flatview', 'mtree', 'memslots', 'why', 'export', 'report')


EXPECTATION = b'''expectation own: a client that asks for a device is answered
rule "answered"
for each qmp_command(name=device_add)
    then qmp_reply
        in the same turn
'''


def matrix(name, files, path, without=()):
    files = files | {'own.expect': EXPECTATION}
    commands = [command + [path] for command in COMMANDS if command[0] not in without]
    return Case('all-' + name, files, commands + [['diff', path, path]])


def newer():
    """Its writer knew an event, a type and a minor version that this one does not."""
    trace = session()
    unknown = record(99, INSTANT, b'\1\2\3', sequence=trace.sequence + 1)
    return header(DECLARED + [instant(99, 'new', [('u128', 'x')])], minor=9) + block(trace.encoded(trace.records) + [unknown])


WHOLE, NAME = session().bytes(10), 'trace.rpt'
CTF = ctf_files('pending', 'ctf')
STREAM = 'ctf/channel0_0'

CASES = [
    matrix('good', {NAME: WHOLE}, NAME), matrix('cut', {NAME: WHOLE[:-300]}, NAME), matrix('newer', {NAME: newer()}, NAME),
    matrix('bad', {NAME: b'RPLTRACF' + WHOLE[8:]}, NAME), matrix('none', {}, NAME),
    matrix('ctf', CTF, 'ctf'), matrix('ctf-cut', CTF | {STREAM: CTF[STREAM][:-50]}, 'ctf'),
    matrix('ctf-bad', {'ctf/metadata': b'/* CTF 1.8 */ trace {'}, 'ctf'), matrix('ctf-none', {'ctf/notes': b''}, 'ctf'),
    matrix('recording-cut', {'cut.rpl': recording_cases.REAL[:7000]}, 'cut.rpl', REPLAYING),
    matrix('recording-bad', {'bad.rpl': b'RPLF' + b'x' * 100}, 'bad.rpl', REPLAYING),
]
