/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_filter.c - the filter language: what passes, what state it keeps, where errors point. */
#include <string.h>

#include "tracedump/filter.h"
#include "unit.h"

static const struct field_decl plug_fields[] = {
    { "device", FIELD_STR }, { "gpa", FIELD_X64 }, { "slot", FIELD_I32 },
    { "ok", FIELD_BOOL },    { "turn", FIELD_U8 }, { "error", FIELD_I32 },
};

static const char plug_name[] = "pc_dimm_plug";
static const char irq_name[] = "kvm_set_irq";
static const char ost_name[] = "acpi_device_ost";

static struct field_value text_value(const char *text)
{
    return (struct field_value){ .text = text, .length = (uint32_t)strlen(text) };
}

/* A pc_dimm_plug of dimm0 at 4 GiB in slot -1. */
static bool plug_passes(const char *text)
{
    const struct field_value values[] = {
        text_value("dimm0"),
        { .number = UINT64_C(1) << 32 },
        { .number = (uint64_t)-1 },
        { .number = 1 },
        { .number = 9 },
        { .number = 12 },
    };
    const struct trace_event event = {
        .name = plug_name,
        .phase = EVENT_ENTER,
        .vcpu = EVENT_VCPU_NONE,
        .sequence = 7,
        .span = 7,
        .turn = 2,
        .now_ns = 1500000000,
        .icount = 4096,
        .host_ns = 5,
        .fields = plug_fields,
        .values = values,
        .field_count = G_N_ELEMENTS(values),
    };
    struct filter_problem problem;
    struct filter *filter = filter_parse(text, NULL, &problem);
    bool passes;

    if (filter == NULL) {
        fail_msg("%s: %s", text, problem.text);
    }
    passes = filter_passes(filter, &event);
    filter_destroy(filter);
    return passes;
}

static void test_conditions(void **state)
{
    static const char *const pass[] = {
        "pc_dimm_plug",
        "pc_*",
        "kvm_*,pc_dimm_plug",
        "pc_dimm_plu[a-h]",
        "device=dimm0",
        "device = dimm0",
        "device==dimm?",
        "device=\"dimm0\"",
        "device=x|dimm0|y",
        "device!=dimm1",
        "device~/^DIMM[0-9]+$/i",
        "device =~ imm",
        "device!~/^imm/",
        "gpa=0x100000000",
        "gpa=4294967296",
        "gpa=4G",
        "gpa=0xfffff000..0x100000000",
        "gpa=4G..",
        "gpa=..4G",
        "gpa>=4G",
        "gpa<4097M",
        "slot=-1",
        "slot<0",
        "slot=-2..0",
        "slot!=4294967295",
        "ok=true",
        "ok!=false",
        "ok=1",
        ".turn=9",
        "turn=2",
        "error=ENOMEM",
        "now=1.5s",
        "now=1500ms..1.6s",
        "now<1500000001",
        "icount=4K",
        "seq=7 span=7 parent=0 host=5",
        "vcpu=none",
        "vcpu!=0",
        "phase=enter",
        "phase!=leave",
        "event=pc_dimm_plug",
        "event~/^pc_/",
        "not kvm_*",
        "!kvm_*",
        "pc_* and not slot=3",
        "pc_* slot=-1",
        "pc_* && slot=-1 || nothing",
        "nothing or (pc_* slot=-1)",
        "nothing and nothing or pc_*",
        "pc_dimm_plug(device=dimm0, slot=-1)",
        "pc_dimm_plug()",
        "pc_dimm_plug( slot=5 or slot=-1 )",
        "not missing=1",
    };
    static const char *const stop[] = {
        "kvm_*",
        "pc_dimm",
        "device=dimm",
        "device=\"dimm?\"",
        "device!=dimm*",
        "device!=x|dimm0",
        "device~/^imm/",
        "gpa=4G..5G and gpa=5G..",
        "gpa>4G",
        "slot>=0",
        "slot=0..",
        "ok=false",
        "missing=1",
        "missing!=1",
        "gpa=dimm0",
        "device<5",
        "gpa~/4/",
        "vcpu>0",
        "vcpu=0..",
        "turn=9",
        "now>1.5s",
        "pc_* and (nothing or slot=3)",
        "not pc_dimm_plug(device=dimm0)",
        "phase=leave|instant",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pass); i++) {
        if (!plug_passes(pass[i])) {
            fail_msg("should pass: %s", pass[i]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(stop); i++) {
        if (plug_passes(stop[i])) {
            fail_msg("should not pass: %s", stop[i]);
        }
    }
}

/* ---- state ---- */

struct step {
    const char *name;
    enum event_phase phase;
    uint64_t sequence;
    uint64_t span;
    uint64_t parent;
    uint64_t turn;
    const char *device; /* NULL = no fields */
};

/*
 * turn 1: 1 --> plug dimm0 ( 2 irq  3 --> plug dimm1 ( 4 irq ) 5 ) 6; 7 irq
 * turn 2: 8 --> plug dimm1 ( 9 irq; its leave is lost
 * turn 3: 11 ost  12 irq
 */
static const struct step story[] = {
    { plug_name, EVENT_ENTER, 1, 1, 0, 1, "dimm0" },
    { irq_name, EVENT_INSTANT, 2, 0, 1, 1, NULL },
    { plug_name, EVENT_ENTER, 3, 3, 1, 1, "dimm1" },
    { irq_name, EVENT_INSTANT, 4, 0, 3, 1, NULL },
    { plug_name, EVENT_LEAVE, 5, 3, 1, 1, NULL },
    { plug_name, EVENT_LEAVE, 6, 1, 0, 1, NULL },
    { irq_name, EVENT_INSTANT, 7, 0, 0, 1, NULL },
    { plug_name, EVENT_ENTER, 8, 8, 0, 2, "dimm1" },
    { irq_name, EVENT_INSTANT, 9, 0, 8, 2, NULL },
    { ost_name, EVENT_INSTANT, 11, 0, 0, 3, "dimm1" },
    { irq_name, EVENT_INSTANT, 12, 0, 0, 3, NULL },
};

/* The sequences that pass, as "1 2 3", and "." when the filter then knows that it is over. */
static char *run_story(struct filter *filter)
{
    g_autoptr(GString) passed = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(story); i++) {
        const struct step *step = &story[i];
        const struct field_value value = text_value(step->device == NULL ? "" : step->device);
        const struct trace_event event = {
            .name = step->name,
            .phase = step->phase,
            .sequence = step->sequence,
            .span = step->span,
            .parent = step->parent,
            .turn = step->turn,
            .now_ns = step->turn * 1000,
            .fields = step->device == NULL ? NULL : plug_fields,
            .values = &value,
            .field_count = step->device != NULL,
        };

        if (filter_passes(filter, &event)) {
            assert_false(filter_rejects(filter, &event));
            g_string_append_printf(passed, "%s%u", passed->len > 0 ? " " : "",
                                   (unsigned)step->sequence);
        }
    }
    g_string_append(passed, filter_is_over(filter) ? "." : "");
    return g_string_free(g_steal_pointer(&passed), FALSE);
}

static void check_story(struct filter *filter, const char *text, const char *expected)
{
    assert_non_null(filter);
    for (unsigned i = 0; i < 2; i++) { /* and once more behind a reset */
        g_autofree char *passed = run_story(filter);

        if (strcmp(passed, expected) != 0) {
            fail_msg("%s: passed %s, expected %s", text, passed, expected);
        }
        filter_reset(filter);
    }
    filter_destroy(filter);
}

static void test_state(void **state)
{
    static const char *const cases[][2] = {
        { "within pc_dimm_plug", "1 2 3 4 5 6 8 9" },
        { "within pc_dimm_plug(device=dimm1)", "3 4 5 8 9" },
        { "within pc_dimm_plug(device=dimm1) and kvm_*", "4 9" },
        { "within (pc_dimm_plug device=dimm1) kvm_set_irq", "4 9" },
        { "not within pc_dimm_plug", "7 11 12" },
        { "within acpi_device_ost", "" },
        { "within pc_dimm_plug(device=dimm0) and within pc_dimm_plug(device=dimm1)", "3 4 5" },
        { "before acpi_device_ost", "1 2 3 4 5 6 7 8 9." },
        { "after acpi_device_ost", "12" },
        { "after pc_dimm_plug", "7 8 9 11 12" },
        { "after pc_dimm_plug(device=dimm1)", "6 7 8 9 11 12" },
        { "after (phase=leave)", "6 7 8 9 11 12" },
        { "before nothing", "1 2 3 4 5 6 7 8 9 11 12" },
        { "after nothing", "" },
        { "kvm_* before turn=3", "2 4 7 9." },
        { "kvm_* after turn=1", "9 12" },
        { "kvm_* and before 2us", "2 4 7." },
        { "after seq=8 or before seq=3", "1 2 9 11 12" },
        { "after (within pc_dimm_plug and kvm_*) and kvm_*", "4 7 9 12" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct filter_problem problem;

        check_story(filter_parse(cases[i][0], NULL, &problem), cases[i][0], cases[i][1]);
    }
}

static void test_moments(void **state)
{
    static const struct {
        const char *text;
        enum filter_side side;
        const char *expected;
    } cases[] = {
        { "pc_dimm_plug device=dimm1", FILTER_FROM, "3 4 5 6 7 8 9 11 12" },
        { "pc_dimm_plug device=dimm1", FILTER_TO, "1 2 3 4 5." },
        { "acpi_device_ost", FILTER_TO, "1 2 3 4 5 6 7 8 9 11." },
        { "turn=2", FILTER_FROM, "8 9 11 12" },
        { " turn = 2 ", FILTER_TO, "1 2 3 4 5 6 7 8 9." },
        { "2us", FILTER_AFTER, "11 12" },
        { "now=2000", FILTER_BEFORE, "1 2 3 4 5 6 7." },
        { "seq=10", FILTER_FROM, "11 12" },
        { "turn=2 kvm_*", FILTER_FROM, "9 11 12" },
        { "nothing", FILTER_TO, "1 2 3 4 5 6 7 8 9 11 12" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct filter_problem problem;

        check_story(filter_parse_when(cases[i].text, cases[i].side, NULL, &problem), cases[i].text,
                    cases[i].expected);
    }
}

/* ---- errors ---- */

static void test_problems(void **state)
{
    static const char *const cases[][2] = {
        { "", "expected a condition, the filter ends here\n  \n  ^" },
        { "a and", "expected a condition, the filter ends here\n  a and\n       ^" },
        { "and a", "expected a condition in front of 'and'\n  and a\n  ^~~" },
        { "slot=", "expected a value\n  slot=\n       ^" },
        { "a (b", "this parenthesis is never closed\n  a (b\n    ^" },
        { "a(b=1", "this parenthesis is never closed\n  a(b=1\n   ^" },
        { "a(b|c)", "expected ',' or ')'\n  a(b|c)\n     ^" },
        { "a)", "expected 'and', 'or' or the end of the filter\n  a)\n   ^" },
        { "a|b", "expected 'and', 'or' or the end of the filter\n  a|b\n   ^" },
        { "device=a,b",
          "expected 'and', 'or' or the end of the filter\n  device=a,b\n          ^" },
        { "12", "a number is no event: expected FIELD=VALUE, such as turn=12\n  12\n  ^~" },
        { "turn=x", "expected a number or a range of numbers\n  turn=x\n       ^" },
        { "slot<x", "expected a number to compare with\n  slot<x\n       ^" },
        { "turn~/x/", "turn is a number: use = or <\n  turn~/x/\n      ^" },
        { "event<5", "event has no order: use = or ~\n  event<5\n       ^" },
        { "phase=end", "expected instant, enter or leave\n  phase=end\n        ^~~" },
        { "slot=5..1", "the range's end is below its begin\n  slot=5..1\n       ^~~~" },
        { "kvm_*=1", "this is not the name of a field\n  kvm_*=1\n  ^~~~~" },
        { "a=\"b", "this \" is never closed\n  a=\"b\n    ^" },
        { "a~/b", "this / is never closed\n  a~/b\n    ^" },
        { "a=$b", "there is no variable '$b'\n  a=$b\n    ^~" },
        { "a,,b", "an event's name is empty\n  a,,b\n  ^~~~" },
        { "a=\"\xc3\xa9\" %",
          "expected an event's name or FIELD=VALUE\n  a=\"\xc3\xa9\" %\n        ^" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct filter_problem problem;
        g_autofree char *described = NULL;

        assert_null(filter_parse(cases[i][0], NULL, &problem));
        described = filter_problem_describe(&problem, cases[i][0]);
        assert_string_equal(described, cases[i][1]);
    }
}

static void test_bad_regex(void **state)
{
    struct filter_problem problem;

    (void)state;
    assert_null(filter_parse("device ~ /(/", NULL, &problem));
    assert_int_equal(problem.at, 9);
    assert_int_equal(problem.length, 3);
    assert_non_null(strstr(problem.text, "no regular expression: missing"));
}

static void test_limits(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct filter_problem problem;

    (void)state;
    for (unsigned i = 0; i < FILTER_DEPTH_MAX; i++) {
        g_string_append(text, "! ");
    }
    assert_null(filter_parse(text->str, NULL, &problem));
    assert_string_equal(problem.text, "the filter is nested too deeply");
    g_string_truncate(text, 0);
    for (unsigned i = 0; i < 5000; i++) {
        g_string_append(text, "a ");
    }
    assert_null(filter_parse(text->str, NULL, &problem));
    assert_string_equal(problem.text, "the filter has too many conditions");
    for (unsigned i = 0; i < FILTER_LENGTH_MAX; i++) {
        g_string_append_c(text, 'a');
    }
    assert_null(filter_parse(text->str, NULL, &problem));
    assert_string_equal(problem.text, "the filter is too long");
}

/* ---- for a language around it ---- */

static int find_variable(const char *name, void *opaque)
{
    (void)opaque;
    return strcmp(name, "dev") == 0 ? 0 : strcmp(name, "base") == 0 ? 1 : -1;
}

static void test_variables(void **state)
{
    const struct filter_scope scope = { .variable = find_variable, .stateless = true };
    const struct field_value values[] = { text_value("dimm0"), { .number = 4096 } };
    const struct trace_event event = {
        .name = plug_name, .fields = plug_fields, .values = values, .field_count = 2
    };
    struct filter_value variables[] = { { .is_text = true, .text = "dimm0", .length = 5 },
                                        { .number = 4096 } };
    struct filter_problem problem;
    struct filter *filter = filter_parse("device=$dev gpa>=$base gpa=$base", &scope, &problem);

    (void)state;
    assert_non_null(filter);
    assert_true(filter_passes_with(filter, &event, variables));
    variables[1].number = 4097;
    assert_false(filter_passes_with(filter, &event, variables));
    variables[1].number = 4096;
    variables[0].length = 4;
    assert_false(filter_passes_with(filter, &event, variables));
    variables[0].is_text = false;
    assert_false(filter_passes_with(filter, &event, variables));
    filter_destroy(filter);
    assert_null(filter_parse("gpa=$other", &scope, &problem));
    assert_null(filter_parse("a and within b", &scope, &problem));
    assert_int_equal(problem.at, 6);
    assert_string_equal(problem.text, "within, before and after have no place here");
}

static void test_shapes(void **state)
{
    const struct trace_event plug = {
        .name = plug_name, .phase = EVENT_ENTER, .fields = plug_fields, .field_count = 6
    };
    const struct trace_event irq = { .name = irq_name };
    struct filter_problem problem;
    struct filter *filter = filter_parse("kvm_* within pc_dimm_plug(slot=1)", NULL, &problem);
    g_autofree char *unmet = NULL;

    (void)state;
    assert_true(filter_rejects(filter, &plug));
    assert_true(filter_watches(filter, &plug));
    assert_false(filter_rejects(filter, &irq));
    assert_false(filter_watches(filter, &irq));
    assert_null(filter_unmet(filter));
    filter_destroy(filter);
    filter = filter_parse("kvm_* slto=1", NULL, &problem);
    assert_true(filter_rejects(filter, &irq));
    assert_false(filter_watches(filter, &irq));
    unmet = filter_unmet(filter);
    assert_string_equal(unmet, "no event has a field 'slto'");
    filter_destroy(filter);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t magnitude;
        bool negative;
        bool is_time;
    } cases[] = {
        { "0", true, 0, false, false },
        { "-0", true, 0, false, false },
        { "18446744073709551615", true, UINT64_MAX, false, false },
        { "18446744073709551616", false, 0, false, false },
        { "0xffffffffffffffff", true, UINT64_MAX, false, false },
        { "0x10000000000000000", false, 0, false, false },
        { "-12", true, 12, true, false },
        { "1.5s", true, 1500000000, false, true },
        { "0.000000001s", true, 1, false, true },
        { "0.0000000001s", false, 0, false, false },
        { "1.50ns", false, 0, false, false },
        { "2.00ns", true, 2, false, true },
        { "7ms", true, 7000000, false, true },
        { "3us", true, 3000, false, true },
        { "256M", true, 256 << 20, false, false },
        { "16777216T", false, 0, false, false },
        { "1.5", false, 0, false, false },
        { "5x", false, 0, false, false },
        { "0x", false, 0, false, false },
        { "", false, 0, false, false },
        { "-", false, 0, false, false },
        { "1s2", false, 0, false, false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct filter_number number = { 0 };

        if (filter_parse_number(cases[i].text, strlen(cases[i].text), &number) != cases[i].valid ||
            number.magnitude != cases[i].magnitude || number.negative != cases[i].negative ||
            number.is_time != cases[i].is_time) {
            fail_msg("%s", cases[i].text);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_state),
        cmocka_unit_test(test_moments),    cmocka_unit_test(test_problems),
        cmocka_unit_test(test_bad_regex),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_variables),  cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
