#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qmp.py - says one command over a QMP unix socket and prints the reply. usage: qmp.py SOCKET COMMAND [NAME=VALUE]...

A VALUE that is JSON (a number, true, {...}) is sent as such, anything else as a string. Exit status 1 on an error reply.
"""
import json
import socket
import sys


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def reply(stream):
    while True:
        line = stream.readline()
        if not line:
            return None
        message = json.loads(line)
        if 'event' not in message:
            return message


def main():
    if len(sys.argv) < 3 or any('=' not in word for word in sys.argv[3:]):
        sys.exit(__doc__)
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(sys.argv[1])
    except OSError as error:
        sys.exit(f'{sys.argv[1]}: {error.strerror}')
    stream = connection.makefile('rw')
    reply(stream)
    arguments = dict(word.split('=', 1) for word in sys.argv[3:])
    for request in ({'execute': 'qmp_capabilities'},
                    {'execute': sys.argv[2], 'arguments': {k: value_of(v) for k, v in arguments.items()}}):
        stream.write(json.dumps(request) + '\n')
        stream.flush()
        answer = reply(stream)
    print(json.dumps(answer, indent=2) if answer is not None else 'the connection was closed')
    sys.exit(answer is None or 'error' in answer)


main()
