/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_filter.c - any text as a filter and as a moment; what is one judges a few events, twice. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracedump/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct field_decl fields[] = {
    { "device", FIELD_STR }, { "gpa", FIELD_X64 }, { "slot", FIELD_I32 }, { "raw", FIELD_RAW }
};

static void judge(struct filter *filter)
{
    static const char *const names[] = { "pc_dimm_plug", "kvm_set_irq", "a" };
    const struct field_value values[] = {
        { .text = "dimm0", .length = 5 }, { .number = 1 }, { .number = (uint64_t)-1 }, { 0 }
    };

    for (uint64_t i = 1; i < 24; i++) {
        const struct trace_event event = {
            .name = names[i % 3],
            .phase = (enum event_phase)(i / 3 % 3),
            .vcpu = i % 2 == 0 ? EVENT_VCPU_NONE : 0,
            .sequence = i,
            .span = i / 3 % 3 == EVENT_LEAVE ? i - 3 : i,
            .parent = i / 2,
            .turn = i / 6,
            .now_ns = i * 1000,
            .fields = fields,
            .values = values,
            .field_count = (unsigned)(i % 5),
        };
        bool rejects = filter_rejects(filter, &event);

        if (filter_passes(filter, &event) && rejects) {
            abort();
        }
    }
}

static void try(struct filter *filter, const struct filter_problem *problem, const char *text)
{
    if (filter == NULL) {
        g_autofree char *described = filter_problem_describe(problem, text);

        if (problem->text[0] == '\0' || problem->at > strlen(text)) {
            abort();
        }
        return;
    }
    judge(filter);
    g_free(filter_unmet(filter));
    filter_reset(filter);
    judge(filter);
    filter_destroy(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    struct filter_problem problem;
    struct filter *filter = filter_parse(text, NULL, &problem);

    try(filter, &problem, text);
    filter = filter_parse_when(text, FILTER_TO, NULL, &problem);
    try(filter, &problem, text);
    return 0;
}
