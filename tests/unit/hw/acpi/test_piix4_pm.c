/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_piix4_pm.c - the PIIX4_PM: identity, PM1, timer, GPE0, SCI levels, SMI_CMD, sleep, reset. */
#include "acpi_fixture.h"

#define TICKS_NS(ticks) virtual_clock_ns_of_ticks(ticks, 3579545)

static int setup(void **state)
{
    *state = acpi_fixture_create(4);
    return 0;
}

static int teardown(void **state)
{
    acpi_fixture_destroy(*state);
    return 0;
}

static uint32_t config(struct acpi_fixture *a, uint32_t offset, unsigned size)
{
    return pci_bus_config_read(i440fx_pci_bus(a->host), PCI_DEVFN(1, 3), offset, size);
}

static void set_config(struct acpi_fixture *a, uint32_t offset, uint32_t value, unsigned size)
{
    pci_bus_config_write(i440fx_pci_bus(a->host), PCI_DEVFN(1, 3), offset, value, size);
}

static void test_identity(void **state)
{
    struct acpi_fixture *a = *state;
    const struct device_class *class = device_class(a->pm);

    assert_int_equal(config(a, 0x00, 4), 0x71138086);
    assert_int_equal(config(a, 0x04, 4), 0x02800000);
    assert_int_equal(config(a, 0x08, 4), 0x06800003);
    assert_int_equal(config(a, 0x2c, 4), 0x11001af4);
    assert_int_equal(config(a, 0x3c, 2), 0x0109);
    assert_int_equal(config(a, 0x40, 4), 0xb001);
    assert_int_equal(config(a, 0x80, 1), 1);
    assert_false(class->user_creatable);
    assert_false(class->hotpluggable);
    assert_non_null(object_interface(&a->pm->object, TYPE_HOTPLUG_HANDLER));
    assert_non_null(object_interface(&a->pm->object, TYPE_ACPI_DEVICE_IF));
    assert_true(object_is_a(&a->pm->object, TYPE_PCI_DEVICE));
}

static void test_properties(void **state)
{
    struct acpi_fixture *a = *state;

    static const struct {
        const char *name;
        int64_t value;
    } numbers[] = { { "disable_s3", 0 }, { "disable_s4", 0 }, { "s4_val", 2 } };
    struct json_object *value;

    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        value = object_property_get(&a->pm->object, numbers[i].name, NULL);
        assert_int_equal(json_object_get_int64(value), numbers[i].value);
        json_object_put(value);
    }
    value = object_property_get(&a->pm->object, "addr", NULL);
    assert_string_equal(json_object_get_string(value), "01.3");
    json_object_put(value);
}

/* PM1 status, enable, control: who sets, who clears, in which widths. */
static void test_power_button(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    piix4_pm_power_button(a->pm);
    assert_int_equal(port_read(f, PM1_PORT, 2), 0x0100);
    assert_int_equal(f->level[SCI_PIN], 0); /* not enabled */
    port_write(f, PM1_PORT + 2, 0x0100, 2);
    assert_int_equal(f->level[SCI_PIN], 1);
    port_write(f, PM1_PORT, 0x0001, 2); /* another bit */
    assert_int_equal(f->level[SCI_PIN], 1);
    port_write(f, PM1_PORT, 0x0100, 2);
    assert_int_equal(port_read(f, PM1_PORT, 2), 0);
    assert_int_equal(f->level[SCI_PIN], 0);
    piix4_pm_power_button(a->pm);
    assert_int_equal(f->level[SCI_PIN], 1);
    port_write(f, PM1_PORT + 3, 0, 1); /* the enable register's upper byte alone */
    assert_int_equal(f->level[SCI_PIN], 0);
    port_write(f, PM1_PORT + 1, 0x01, 1);
    assert_int_equal(port_read(f, PM1_PORT, 4), 0);
}

static void test_enable_has_both_bytes(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    port_write(f, PM1_PORT + 2, 0xffff, 2);
    port_write(f, PM1_PORT + 2, 0x21, 1);
    assert_int_equal(port_read(f, PM1_PORT + 2, 2), 0xff21);
    assert_int_equal(port_read(f, PM1_PORT, 4), 0xff210000);
    port_write(f, PM1_PORT, 0x01000000, 4);
    assert_int_equal(port_read(f, PM1_PORT + 2, 2), 0x0100);
    assert_int_equal(f->level[SCI_PIN], 0);
}

static void test_sci_ignores_sci_en(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    port_write(f, PM1_PORT + 2, 0x0100, 2);
    piix4_pm_power_button(a->pm);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0);
    assert_int_equal(f->level[SCI_PIN], 1);
    port_write(f, 0xb2, 0xf1, 1);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 1);
    assert_int_equal(f->level[SCI_PIN], 1);
    assert_int_equal(f->raises[SCI_PIN], 1);
}

static void test_smi_command(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    port_write(f, PM1_PORT + 4, 0x0400, 2);
    port_write(f, 0xb2, 0xf1, 1);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0x0401);
    assert_int_equal(port_read(f, 0xb2, 1), 0xf1);
    port_write(f, 0xb2, 0x42, 1);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0x0401);
    port_write(f, 0xb3, 0x55, 1);
    assert_int_equal(port_read(f, 0xb2, 2), 0x5542);
    port_write(f, 0xb2, 0xf0, 1);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0x0400);
}

static void test_timer_counts(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 0);
    board_fixture_advance(f, 1000000000);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 3579545);
    assert_int_equal(port_read(f, PM1_PORT + 8, 2), 3579545 & 0xffff);
    assert_int_equal(port_read(f, PM1_PORT + 10, 1), 3579545 >> 16);
    port_write(f, PM1_PORT + 8, 0, 4);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 3579545);
    /* 24 bits. */
    board_fixture_advance(f, TICKS_NS(0x1000005) - f->clock.now_ns);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 5);
    /* Behind the timer and between the registers there is nothing. */
    assert_int_equal(port_read(f, PM1_PORT + 12, 4), 0xffffffff);
    assert_int_equal(port_read(f, PM1_PORT + 6, 2), 0xffff);
}

static void test_timer_overflow_by_polling(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;
    uint64_t half = TICKS_NS(1 << 23);

    board_fixture_advance(f, half - 1);
    assert_int_equal(port_read(f, PM1_PORT, 2), 0);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 0x7fffff);
    board_fixture_advance(f, 1);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 0x800000);
    assert_int_equal(port_read(f, PM1_PORT, 2), 1);
    assert_int_equal(f->level[SCI_PIN], 0);
    port_write(f, PM1_PORT, 1, 2);
    assert_int_equal(port_read(f, PM1_PORT, 2), 0);
    /* Also at the toggle back to 0. */
    board_fixture_advance(f, TICKS_NS(1 << 24) - f->clock.now_ns);
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), 0);
    assert_int_equal(port_read(f, PM1_PORT, 2), 1);
    /* Enabling it late raises the SCI at once. */
    port_write(f, PM1_PORT + 2, 1, 2);
    assert_int_equal(f->level[SCI_PIN], 1);
}

static void test_timer_overflow_by_interrupt(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    assert_null(f->timers.first); /* nobody waits: no timer */
    port_write(f, PM1_PORT + 2, 1, 2);
    assert_int_equal(timer_queue_deadline_ns(&f->timers), TICKS_NS(1 << 23));
    board_fixture_advance(f, TICKS_NS(1 << 23));
    assert_int_equal(f->level[SCI_PIN], 1);
    assert_null(f->timers.first); /* until the guest has seen this one */
    port_write(f, PM1_PORT, 1, 2);
    assert_int_equal(f->level[SCI_PIN], 0);
    assert_int_equal(timer_queue_deadline_ns(&f->timers), TICKS_NS(1 << 24));
    /* Many periods at once are one overflow, and the next is in the future. */
    board_fixture_jump(f, TICKS_NS(10ull << 23));
    assert_int_equal(f->raises[SCI_PIN], 2);
    port_write(f, PM1_PORT, 1, 2);
    assert_int_equal(timer_queue_deadline_ns(&f->timers), TICKS_NS(12ull << 23));
    port_write(f, PM1_PORT + 2, 0, 2);
    assert_null(f->timers.first);
}

static void test_gpe0(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;
    const struct acpi_device_methods *acpi = object_interface(&a->pm->object, TYPE_ACPI_DEVICE_IF);

    acpi->send_event(&a->pm->object, ACPI_MEMORY_HOTPLUG_STATUS);
    assert_int_equal(port_read(f, GPE0_PORT, 4), 0x00000008);
    assert_int_equal(f->level[SCI_PIN], 0);
    port_write(f, GPE0_PORT + 2, 0x08, 2);
    assert_int_equal(f->level[SCI_PIN], 1);
    port_write(f, GPE0_PORT + 2, 0x04, 2);
    assert_int_equal(f->level[SCI_PIN], 0);
    acpi->send_event(&a->pm->object, ACPI_CPU_HOTPLUG_STATUS);
    assert_int_equal(f->level[SCI_PIN], 1);
    assert_int_equal(port_read(f, GPE0_PORT, 1), 0x0c);
    port_write(f, GPE0_PORT, 0x04, 1);
    assert_int_equal(port_read(f, GPE0_PORT, 4), 0x00040008);
    assert_int_equal(f->level[SCI_PIN], 0);
    port_write(f, GPE0_PORT + 3, 0x80, 1);
    assert_int_equal(port_read(f, GPE0_PORT + 2, 2), 0x8004);
    port_write(f, GPE0_PORT, 0x0008ffff, 4);
    assert_int_equal(port_read(f, GPE0_PORT, 4), 0x00080000);
}

static void test_sleep(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    port_write(f, PM1_PORT + 4, 0x0001, 2);           /* no SLP_EN */
    port_write(f, PM1_PORT + 4, 0x2000 | 1 << 10, 2); /* S3 */
    port_write(f, PM1_PORT + 4, 0x2000 | 5 << 10, 2);
    assert_int_equal(f->request_count, 0);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 5 << 10);
    port_write(f, PM1_PORT + 4, 0x2001, 2);
    assert_int_equal(f->request_count, 1);
    assert_int_equal(f->requests[0].request, BOARD_REQUEST_SHUTDOWN);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 1);
    port_write(f, PM1_PORT + 5, 0x20, 1); /* the upper byte alone */
    assert_int_equal(f->request_count, 2);
    assert_int_equal(f->event_count, 0);
    port_write(f, PM1_PORT + 4, 0x2000 | 2 << 10, 2);
    assert_int_equal(f->request_count, 3);
    assert_string_equal(f->events[0].name, "SUSPEND_DISK");
}

static void test_no_s4(void **state)
{
    struct acpi_fixture *a = acpi_fixture_prepare(0);

    (void)state;
    assert_true(object_property_parse(&a->pm->object, "disable_s4", "1", NULL, NULL));
    board_fixture_realize(a->pm);
    port_write(a->board, PM1_PORT + 4, 0x2000 | 2 << 10, 2);
    assert_int_equal(a->board->request_count, 0);
    acpi_fixture_destroy(a);
}

static void test_pm_block_moves(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    set_config(a, 0x40, 0xffff6fff, 4);
    assert_int_equal(config(a, 0x40, 4), 0x6fc1);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0xffff);
    assert_int_equal(port_read(f, 0x6fc4, 2), 0);
    set_config(a, 0x41, 0x60, 1);
    assert_int_equal(port_read(f, 0x60c4, 2), 0);
    set_config(a, 0x80, 0xfe, 1);
    assert_int_equal(config(a, 0x80, 1), 0);
    assert_int_equal(port_read(f, 0x60c4, 2), 0xffff);
    set_config(a, 0x80, 0x01, 1);
    assert_int_equal(port_read(f, 0x60c4, 2), 0);
}

static void test_reset(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    board_fixture_advance(f, TICKS_NS((1 << 23) + 5));
    port_write(f, 0xb2, 0xf1, 1);
    port_write(f, 0xb3, 0x12, 1);
    port_write(f, PM1_PORT + 2, 0x0101, 2);
    port_write(f, GPE0_PORT + 2, 0x8, 2);
    piix4_pm_power_button(a->pm);
    assert_int_equal(f->level[SCI_PIN], 1);
    set_config(a, 0x40, 0x1000, 4);
    set_config(a, 0x3c, 11, 1);
    device_reset(a->pm);
    assert_int_equal(f->level[SCI_PIN], 0);
    assert_null(f->timers.first);
    assert_int_equal(port_read(f, PM1_PORT, 4), 0);
    assert_int_equal(port_read(f, PM1_PORT + 4, 2), 0);
    assert_int_equal(port_read(f, GPE0_PORT, 4), 0);
    assert_int_equal(port_read(f, 0xb2, 2), 0);
    assert_int_equal(config(a, 0x3c, 1), 9);
    /* Time goes on through a reset. */
    assert_int_equal(port_read(f, PM1_PORT + 8, 4), (1 << 23) + 5);
}

/* What a loaded state means for timer, line and place of the block. */
static void test_after_load(void **state)
{
    struct acpi_fixture *a = *state;
    struct acpi_fixture *b = acpi_fixture_create(4);
    const struct device_class *class = device_class(a->pm);
    struct board_fixture *f = b->board;

    set_config(a, 0x40, 0x6000, 4);
    port_write(a->board, 0x6002, 0x0101, 2);
    piix4_pm_power_button(a->pm);
    memcpy((uint8_t *)b->pm + class->state_offset, (uint8_t *)a->pm + class->state_offset,
           class->state->size);
    class->after_load(b->pm);
    assert_int_equal(f->level[SCI_PIN], 1);
    assert_int_equal(port_read(f, 0x6000, 4), 0x01010100);
    assert_int_equal(timer_queue_deadline_ns(&f->timers), TICKS_NS(1 << 23));
    acpi_fixture_destroy(b);
}

static void test_madt_entry(void **state)
{
    struct acpi_fixture *a = *state;
    const struct acpi_device_methods *acpi = object_interface(&a->pm->object, TYPE_ACPI_DEVICE_IF);
    static const uint8_t expected[] = { 0, 8,  3, 3, 1, 0, 0, 0, 0, 8, 4, 4, 0, 0, 0, 0,
                                        9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0 };
    GByteArray *madt = g_byte_array_new();

    acpi->madt_cpu(&a->pm->object, 3, true, madt);
    acpi->madt_cpu(&a->pm->object, 4, false, madt);
    acpi->madt_cpu(&a->pm->object, 256, true, madt);
    assert_int_equal(madt->len, sizeof(expected));
    assert_memory_equal(madt->data, expected, sizeof(expected));
    g_byte_array_unref(madt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_power_button, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enable_has_both_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sci_ignores_sci_en, setup, teardown),
        cmocka_unit_test_setup_teardown(test_smi_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_overflow_by_polling, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timer_overflow_by_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gpe0, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sleep, setup, teardown),
        cmocka_unit_test(test_no_s4),
        cmocka_unit_test_setup_teardown(test_pm_block_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_load, setup, teardown),
        cmocka_unit_test_setup_teardown(test_madt_entry, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
