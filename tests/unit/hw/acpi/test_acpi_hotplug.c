/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_acpi_hotplug.c - the way of an event: its stages by name, a host that refuses it, a guest
 * without sense. */
#include "acpi_fixture.h"
#include "base/error.h"
#include "trace/trace_session.h"

/* ---- an interrupt line that the host refuses ---- */

static void failing_line(void *sink, unsigned pin, int level)
{
    struct acpi_fixture *a = sink;

    (void)pin;
    if (level != 0) {
        error_latch_set(&a->board->errors,
                        g_error_new(REPLUG_ERROR, REPLUG_ERROR_IO, "KVM_IRQ_LINE failed"));
    }
}

static char *state_text(struct acpi_fixture *a)
{
    GString *out = g_string_new(NULL);

    device_print_state(a->board->root, out);
    return g_string_free(out, FALSE);
}

static void test_plug_fails_on_host(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = fake_dimm(a, "dimm0", 1, 4 * GIB, GIB);
    g_autofree char *before = state_text(a);
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    piix4_pm_connect_sci(a->pm, (struct irq_line){ failing_line, a, 0 });
    assert_false(device_set_realized(dimm, true, &error));
    assert_string_equal(error->message, "KVM_IRQ_LINE failed");
    assert_false(error_latch_is_set(&a->board->errors));
    after = state_text(a);
    assert_string_equal(after, before);
    /* With the line back it works. */
    piix4_pm_connect_sci(a->pm, board_fixture_line(a->board, SCI_PIN));
    board_fixture_realize(dimm);
    assert_int_equal(sci(a), 1);
}

static void test_request_fails_on_host(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    acknowledge(a);
    before = state_text(a);
    piix4_pm_connect_sci(a->pm, (struct irq_line){ failing_line, a, 0 });
    assert_false(hotplug_handler_unplug_request(&a->machine->object, dimm, &error));
    assert_string_equal(error->message, "KVM_IRQ_LINE failed");
    assert_false(error_latch_is_set(&a->board->errors));
    assert_false(dimm->unplug_pending);
    after = state_text(a);
    assert_string_equal(after, before);
}

/* ---- a guest without sense ---- */

static void forget_calls(struct board_fixture *f)
{
    for (unsigned i = 0; i < f->event_count; i++) {
        json_object_put(f->events[i].data);
    }
    f->event_count = 0;
    f->request_count = 0;
    for (unsigned i = 0; i < f->gone_count; i++) {
        assert_true(device_set_realized(f->gone[i], false, NULL));
        object_destroy(&f->gone[i]->object);
    }
    f->gone_count = 0;
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*seed >> 32);
}

/* Any access at any time: nothing breaks, and the line always says what the registers say. */
static void test_random_accesses(void **state)
{
    struct acpi_fixture *a = *state;

    static const struct {
        uint16_t port, bytes;
    } blocks[] = {
        { SLOT_PORT, 24 }, { GPE0_PORT, 4 }, { PM1_PORT, 64 }, { 0xb2, 2 }, { 0xcf8, 8 }
    };

    uint64_t seed = 1;
    unsigned ejects = 0;
    unsigned refusals = 0;

    for (unsigned i = 0; i < 100000; i++) {
        unsigned block = next_random(&seed) % G_N_ELEMENTS(blocks);
        uint16_t port = (uint16_t)(blocks[block].port + next_random(&seed) % blocks[block].bytes);
        unsigned size = 1u << next_random(&seed) % 3;
        uint32_t value = next_random(&seed) >> next_random(&seed) % 32;
        uint32_t slot = next_random(&seed) % 4;
        bool sensible = next_random(&seed) % 2 == 0;
        g_autofree char *id = g_strdup_printf("dimm%u", slot);
        struct object *dimm = object_child(a->board->root, id);

        if (sensible) { /* else it would seldom come as far as an eject */
            port = (uint16_t)(blocks[block].port + (port - blocks[block].port) / 4 * 4);
            value = value % 3 == 0 ? 3 : value & 0x8b;
        }
        if (next_random(&seed) % 2 == 0) {
            port_write(a->board, port, value, size);
        } else {
            (void)port_read(a->board, port, size);
        }
        board_fixture_advance(a->board, value % 1000000);
        ejects += a->board->gone_count;
        refusals += a->board->event_count > 1;
        forget_calls(a->board);
        if (i % 16 == 0 && dimm == NULL) {
            (void)plug(a, id, slot);
        } else if (i % 16 == 8 && object_child(a->board->root, id) != NULL) {
            request(a, (struct device *)(void *)object_child(a->board->root, id));
        }
        if ((port_read(a->board, GPE0_PORT, 2) & port_read(a->board, GPE0_PORT + 2, 2)) != 0) {
            assert_int_equal(sci(a), 1);
        }
    }
    /* The walk went through all of it. */
    assert_true(ejects > 10);
    assert_true(refusals > 10);
}

/* ---- the stages by name ---- */

/* The stages appear in this order, each inside the one before. */
static void test_chain(void **state)
{
    struct acpi_fixture *a = *state;
    static const char *const stages[] = { "piix4_device_plug_cb", "acpi_memory_plug_cb",
                                          "acpi_send_event",      "piix4_send_gpe",
                                          "acpi_send_gpe_event",  "acpi_update_sci",
                                          "qemu_set_irq" };
    struct trace_session *session = trace_session_create(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const char *at;

    assert_true(trace_session_configure(session, "*,sink=ring", NULL));
    trace_session_bind(session);
    trace_session_turn_begin(session, 1, 0, TRACE_VCPU_NONE);
    (void)plug(a, "dimm0", 1);
    trace_session_turn_end(session);
    trace_session_bind(NULL);
    trace_session_ring_dump(session, text);
    trace_session_destroy(session);
    at = strstr(text->str, stages[0]);
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
        assert_non_null(at);
        /* The next line is the next stage: nothing lies between. */
        assert_non_null(strstr(at, stages[i]));
        assert_true(strstr(at, stages[i]) < strchr(at, '\n'));
        at = strchr(at, '\n') + 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plug_fails_on_host, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_request_fails_on_host, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_random_accesses, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_chain, slots_setup, slots_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
