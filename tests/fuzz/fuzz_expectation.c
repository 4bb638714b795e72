/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_expectation.c - any text as an expectation; what is one is held against a small session.
 *
 * The input is the expectation's text, and behind a NUL two bytes an event. The engine must give
 * the same answer twice, and what --accept writes of the session must be an expectation.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "check/accept.h"
#include "check/result.h"
#include "fuzz.h"

#define EVENTS_MAX 200

static const struct field_decl fields[] = {
    { "device", FIELD_STR }, { "gpa", FIELD_X64 }, { "slot", FIELD_I32 },
    { "level", FIELD_BOOL }, { "turn", FIELD_U8 }, { "raw", FIELD_RAW },
};
static const struct field_decl results[] = { { "ok", FIELD_BOOL }, { "r", FIELD_U64 } };

static const char *const names[] = { "pc_dimm_plug", "flat_range_added", "kvm_memslot_added", "a" };

static const char *const devices[] = { "dimm0", "", "\"\\\n\xff", "12" };

struct session {
    const uint8_t *bytes;
    size_t count; /* of events */
    struct field_value values[G_N_ELEMENTS(fields)];
    uint64_t open[EVENTS_MAX];
    const char *open_names[EVENTS_MAX];
    size_t depth;
};

/* Mostly well nested, but leaves get lost and parents lie. */
static struct trace_event event_at(struct session *session, size_t i)
{
    uint8_t what = session->bytes[2 * i], value = session->bytes[2 * i + 1];
    const char *device = devices[value % 4];
    struct trace_event event = {
        .name = names[what / 4 % 4],
        .phase = (enum event_phase)(what % 4 % 3),
        .vcpu = value % 2 == 0 ? EVENT_VCPU_NONE : 0,
        .sequence = i + 1,
        .turn = i / 8,
        .now_ns = i * 1000,
        .icount = i * (value % 3),
        .fields = fields,
        .values = session->values,
        .field_count = value % (G_N_ELEMENTS(fields) + 1),
    };

    session->values[0] = (struct field_value){ .text = device, .length = (uint32_t)strlen(device) };
    session->values[1].number = UINT64_C(1) << (value % 64);
    session->values[2].number = (uint64_t) - (int64_t)(value % 3);
    session->values[3].number = value / 2 % 2;
    session->values[4].number = value;
    session->values[5] = (struct field_value){ .text = "\0x", .length = value % 3 };
    if (event.phase == EVENT_LEAVE && session->depth > 0) {
        event.span = session->open[--session->depth];
        event.name = session->open_names[session->depth];
    }
    if (what >= 128 && session->depth > 0) {
        session->depth--;
    }
    event.parent = session->depth > 0 ? session->open[session->depth - 1] : what / 64;
    if (event.phase == EVENT_ENTER) {
        event.span = event.sequence;
        session->open_names[session->depth] = event.name;
        session->open[session->depth++] = event.sequence;
    } else if (event.phase == EVENT_LEAVE) {
        event.fields = results;
        event.field_count %= G_N_ELEMENTS(results) + 1;
        session->values[0] = session->values[3];
    }
    return event;
}

static void set_parameters(struct spec *spec)
{
    for (guint i = 0; i < spec->params->len; i++) {
        const struct spec_param *param = &g_array_index(spec->params, struct spec_param, i);

        if (!param->is_set && !spec_set(spec, param->name, i % 2 == 0 ? "1" : "dimm0")) {
            abort();
        }
    }
}

/* The result as text; NULL: it is no expectation. */
static char *check(const char *text, struct session session)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *specs = g_ptr_array_new();
    struct result result = { .trace = "fuzz", .gaps_are_doubt = session.count % 2 == 0 };
    struct spec *spec = spec_parse("fuzz", text, &error);
    struct engine *engine;
    char *answer;

    if (spec == NULL) {
        g_ptr_array_unref(specs);
        if (error->message[0] == '\0') {
            abort();
        }
        return NULL;
    }
    set_parameters(spec);
    g_ptr_array_add(specs, spec);
    engine = engine_create(specs);
    for (size_t i = 0; i < session.count; i++) {
        const struct trace_event event = event_at(&session, i);

        engine_feed(engine, &event);
    }
    engine_finish(engine);
    result.engine = engine;
    answer = result_to_text(&result, (enum result_format)(session.count % 4));
    engine_destroy(engine);
    return answer;
}

static void accept(struct session session)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    struct filter_problem problem;
    struct filter *of = filter_parse("*", NULL, &problem);
    struct accept *accepted = accept_create(of, "*(turn < 9)");
    struct spec *spec;

    for (size_t i = 0; i < session.count; i++) {
        const struct trace_event event = event_at(&session, i);

        accept_feed(accepted, &event);
    }
    text = accept_text(accepted, "fuzz", &error);
    if (text != NULL) {
        spec = spec_parse("accepted", text, &error);
        if (spec == NULL) {
            g_printerr("%s\n%s\n", text, error->message);
            abort();
        }
        spec_destroy(spec);
    }
    accept_destroy(accepted);
    filter_destroy(of);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    size_t length = MIN(strlen(text) + 1, size);
    struct session session = { .bytes = bytes + length,
                               .count = MIN((size - length) / 2, EVENTS_MAX) };
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    if (!g_utf8_validate(text, -1, NULL)) {
        return 0; /* spec_load() says no */
    }
    first = check(text, session);
    second = check(text, session);
    if (g_strcmp0(first, second) != 0) {
        abort();
    }
    accept(session);
    return 0;
}
