/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pci_hotplug.c - the PCI hotplug registers: slots filled, asked back, ejected; a guest that does other things. */
#include "acpi_fixture.h"
#include "hw/acpi/pci_hotplug.h"

enum { UP = 0, DOWN = 4, EJECT = 8, REMOVABLE = 12, BUS = 16, INDEX = 20 };

struct pci_probe {
    struct pci_device pci;
    struct pci_device_state state;
};

static bool probe_realize(struct device *device, GError **error)
{
    return pci_device_realize((struct pci_device *)(void *)device, error);
}

static void probe_unrealize(struct device *device)
{
    pci_device_unrealize((struct pci_device *)(void *)device);
}

static const struct pci_device_class probe_class = {
    .device = { .bus_type = TYPE_PCI_BUS,
                .hotpluggable = true,
                .realize = probe_realize,
                .unrealize = probe_unrealize },
    .vendor_id = 0x1234,
    .config_offset = offsetof(struct pci_probe, state),
};

static const struct type_info probe_type = { .name = "probe",
                                             .parent = TYPE_PCI_DEVICE,
                                             .instance_size = sizeof(struct pci_probe),
                                             .class_methods = &probe_class };

struct bench {
    struct board_fixture *board;
    struct device *host, *pm;
    struct bus *bus;
};

static int setup(void **state)
{
    static const struct type_info *const types[] = {
        &acpi_device_if_type_info,
        &pci_bus_type_info,
        &pci_device_type_info,
        &i440fx_pcihost_type_info,
        &i440fx_type_info,
        &piix4_pm_type_info,
        &probe_type,
        NULL,
    };
    struct bench *bench = g_new0(struct bench, 1);

    bench->board = board_fixture_create(types);
    bench->host = board_fixture_device(bench->board, "i440FX-pcihost", NULL);
    i440fx_pcihost_set_types(bench->host, bench->board->registry);
    board_fixture_realize(bench->host);
    bench->bus = &i440fx_pci_bus(bench->host)->bus;
    bench->pm = board_fixture_device(bench->board, TYPE_PIIX4_PM, NULL);
    bus_add_device(bench->bus, bench->pm);
    assert_true(object_property_parse(&bench->pm->object, "addr", "1.0", NULL, NULL));
    piix4_pm_connect_sci(bench->pm, board_fixture_line(bench->board, SCI_PIN));
    board_fixture_realize(bench->pm);
    bench->board->hotplug_handler = &bench->pm->object;
    port_write(bench->board, GPE0_PORT + 2, ACPI_PCI_HOTPLUG_STATUS, 2);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->board);
    g_free(bench);
    return 0;
}

static struct device *plug_function(struct bench *bench, const char *id, const char *addr,
                                    bool hotplugged)
{
    struct device *device = board_fixture_device(bench->board, "probe", id);

    bus_add_device(bench->bus, device);
    assert_true(object_property_parse(&device->object, "addr", addr, NULL, NULL));
    device->hotplugged = hotplugged;
    bench->bus->hotplug_handler = &bench->pm->object;
    board_fixture_realize(device);
    return device;
}

static uint32_t get(struct bench *bench, uint16_t reg)
{
    return (uint32_t)port_read(bench->board, (uint16_t)(PCI_HOTPLUG_IO_BASE + reg), 4);
}

static void set(struct bench *bench, uint16_t reg, uint32_t value)
{
    port_write(bench->board, (uint16_t)(PCI_HOTPLUG_IO_BASE + reg), value, 4);
}

static void test_plug_tells_once(void **state)
{
    struct bench *bench = *state;

    (void)plug_function(bench, "a", "4", false);
    assert_int_equal(bench->board->level[SCI_PIN], 0);
    assert_int_equal(get(bench, UP), 0);
    (void)plug_function(bench, "b", "1f", true);
    assert_int_equal(bench->board->level[SCI_PIN], 1);
    assert_int_equal(get(bench, UP), 0x80000000);
    assert_int_equal(get(bench, UP), 0);
    assert_int_equal(get(bench, DOWN), 0);
}

static void test_request_and_eject(void **state)
{
    struct bench *bench = *state;
    struct device *device = plug_function(bench, "a", "4", true);

    port_write(bench->board, GPE0_PORT, ACPI_PCI_HOTPLUG_STATUS, 2);
    assert_true(hotplug_handler_unplug_request(&bench->pm->object, device, NULL));
    assert_true(device->unplug_pending);
    assert_false(device->unplug_seen);
    assert_int_equal(bench->board->level[SCI_PIN], 1);
    assert_int_equal(get(bench, DOWN), 1u << 4);
    assert_int_equal(get(bench, DOWN), 1u << 4);
    assert_true(device->unplug_seen);
    assert_int_equal(bench->board->gone_count, 0);
    set(bench, EJECT, 1u << 4);
    assert_int_equal(bench->board->gone_count, 1);
    assert_ptr_equal(bench->board->gone[0], device);
    assert_int_equal(get(bench, DOWN), 0);
    assert_int_equal(get(bench, UP), 0);
}

static void test_what_cannot_be_ejected(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(get(bench, REMOVABLE), ~3u);
    set(bench, EJECT, 0);
    set(bench, EJECT, 1u << 1);  /* the chipset */
    set(bench, EJECT, 1u << 20); /* empty */
    (void)plug_function(bench, "a", "4", false);
    set(bench, BUS, 1); /* no such bus */
    set(bench, EJECT, 1u << 4);
    assert_int_equal(bench->board->gone_count, 0);
    assert_int_equal(get(bench, REMOVABLE), 0);
    assert_int_equal(get(bench, BUS), 1);
    set(bench, BUS, 0);
    set(bench, EJECT, 1u << 4);
    assert_int_equal(bench->board->gone_count, 1);
}

static void test_functions_leave_together(void **state)
{
    struct bench *bench = *state;
    struct device *first = board_fixture_device(bench->board, "probe", "f0");

    (void)plug_function(bench, "f1", "7.1", false);
    bus_add_device(bench->bus, first);
    assert_true(object_property_parse(&first->object, "addr", "7.0", NULL, NULL));
    assert_true(object_property_parse(&first->object, "multifunction", "on", NULL, NULL));
    board_fixture_realize(first);
    set(bench, EJECT, 1u << 7);
    assert_int_equal(bench->board->gone_count, 2);
}

static void test_reset_carries_out_requests(void **state)
{
    struct bench *bench = *state;
    struct device *asked = plug_function(bench, "a", "4", true);
    struct device *stays = plug_function(bench, "b", "5", true);

    assert_true(hotplug_handler_unplug_request(&bench->pm->object, asked, NULL));
    device_reset(bench->pm);
    assert_int_equal(bench->board->gone_count, 1);
    assert_ptr_equal(bench->board->gone[0], asked);
    assert_false(stays->unplug_pending);
    assert_int_equal(get(bench, UP), 0);
}

static void test_other_accesses(void **state)
{
    struct bench *bench = *state;

    (void)plug_function(bench, "a", "4", true);
    assert_int_equal(port_read(bench->board, PCI_HOTPLUG_IO_BASE, 1), 0xff);
    assert_int_equal(get(bench, UP), 1u << 4);
    set(bench, UP, UINT32_MAX);
    set(bench, DOWN, UINT32_MAX);
    assert_int_equal(get(bench, UP), 0);
    assert_int_equal(get(bench, DOWN), 0);
    assert_int_equal(get(bench, EJECT), 0);
    set(bench, INDEX, 4);
    assert_int_equal(get(bench, INDEX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plug_tells_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_request_and_eject, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_ejected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions_leave_together, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_carries_out_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_accesses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
