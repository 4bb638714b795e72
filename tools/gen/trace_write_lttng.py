# SPDX-License-Identifier: GPL-2.0-or-later
"""trace_write_lttng.py - the LTTng-UST provider: its argument structs, its tracepoints, the file that instantiates them."""
from trace_declarations import TYPES
from trace_write_c import HEAD, declare, moments

# A tracepoint takes at most ten arguments, so it gets two pointers: the context and the event's own struct.
CONTEXT = '''        lttng_ust_field_integer(uint64_t, rp_sequence, rp_context->sequence)
        lttng_ust_field_integer(uint64_t, rp_turn, rp_context->turn)
        lttng_ust_field_integer(uint64_t, rp_now_ns, rp_context->now_ns)
        lttng_ust_field_integer(uint64_t, rp_icount, rp_context->icount)
        lttng_ust_field_integer(uint64_t, rp_span, rp_context->span)
        lttng_ust_field_integer(uint64_t, rp_parent, rp_context->parent)
        lttng_ust_field_integer(uint16_t, rp_vcpu, rp_context->vcpu)
        lttng_ust_field_sequence(uint64_t, rp_backtrace, rp_context->frames, uint32_t, rp_context->frame_count)'''


def all_moments(events):
    return [moment for event in events for moment in moments(event)]


def args_header(events):
    out = [HEAD, '''#ifndef REPLUG_TRACE_TRACE_LTTNG_ARGS_H
#define REPLUG_TRACE_TRACE_LTTNG_ARGS_H

#include <stdbool.h>
#include <stdint.h>

struct trace_context;
''']
    for name, _, fields in all_moments(events):
        members = [f'    {declare(f)};' for f in fields] or ['    uint8_t rp_none;']
        out += [f'struct trace_args_{name} {{', *members, '};',
                f'void trace_lttng_{name}(const struct trace_context *context, const struct trace_args_{name} *args);', '']
    return '\n'.join(out + ['#endif\n'])


def field(one):
    value = f'rp_args->{one.name}'
    if one.type == 'str':
        return f'        lttng_ust_field_string({one.name}, {value})'
    if one.type == 'bool':
        return f'        lttng_ust_field_integer(uint8_t, {one.name}, {value})'
    hexadecimal = '_hex' if one.type[0] == 'x' else ''
    return f'        lttng_ust_field_integer{hexadecimal}({TYPES[one.type][0]}, {one.name}, {value})'


def tracepoint(name, fields):
    return '\n'.join([f'LTTNG_UST_TRACEPOINT_EVENT(replug, {name},',
                      f'    LTTNG_UST_TP_ARGS(const struct trace_context *, rp_context, const struct trace_args_{name} *, rp_args),',
                      '    LTTNG_UST_TP_FIELDS(', CONTEXT, *map(field, fields), '    )', ')', ''])


def provider(events):
    out = [HEAD, '''#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER replug
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "trace/trace_provider.h"

#if !defined(REPLUG_TRACE_TRACE_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define REPLUG_TRACE_TRACE_PROVIDER_H

#include <lttng/tracepoint.h>

#include "trace/trace_context.h"
#include "trace/trace_lttng_args.h"
''']
    out += [tracepoint(name, fields) for name, _, fields in all_moments(events)]
    return '\n'.join(out + ['#endif\n', '#include <lttng/tracepoint-event.h>\n'])


def instance(events):
    out = [HEAD, '''#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "trace/trace_provider.h"
''']
    for name, _, _ in all_moments(events):
        out += [f'void trace_lttng_{name}(const struct trace_context *context, const struct trace_args_{name} *args)', '{',
                f'    lttng_ust_do_tracepoint(replug, {name}, context, args);', '}', '']
    return '\n'.join(out)
