/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pci_device.c - functions: place on the bus, header, BARs, INTx. */
#include "pci_fixture.h"

#define SLOT3 PCI_DEVFN(3, 0)

static void expect_addr(struct probe *probe, const char *expected)
{
    struct json_object *value = object_property_get(&probe->pci.device.object, "addr", NULL);

    assert_string_equal(json_object_get_string(value), expected);
    json_object_put(value);
}

static void test_addr_property(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_prepare(p, "a", NULL);
    struct object *object = &probe->pci.device.object;
    static const char *const wrong[] = { "zz", "20", "1.8", "-1", "3.", ".1", "", "1.2.3", "0x" };
    static const char *const right[][2] = { { "3", "03.0" },
                                            { "03.1", "03.1" },
                                            { "0x3.0x2", "03.2" },
                                            { "0x1f", "1f.0" },
                                            { "1F.7", "1f.7" } };
    struct json_object *number = json_object_new_int(24);

    expect_addr(probe, "");
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text =
            board_fixture_refusal(p->board, &probe->pci.device, "addr", wrong[i]);
        g_autofree char *expected =
            g_strdup_printf("Property 'probe.addr' doesn't take value '%s'", wrong[i]);

        assert_string_equal(text, expected);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(right); i++) {
        assert_true(object_property_parse(object, "addr", right[i][0], NULL, NULL));
        expect_addr(probe, right[i][1]);
    }
    assert_true(object_property_set_qobject(object, "addr", number, NULL, NULL));
    expect_addr(probe, "03.0");
    json_object_put(number);
    number = json_object_new_int(256);
    assert_false(object_property_set_qobject(object, "addr", number, NULL, NULL));
    json_object_put(number);
}

static void refused(struct pci_fixture *p, const char *addr, bool hotplugged, const char *expected)
{
    struct probe *probe = probe_prepare(p, "refused", addr);
    g_autoptr(GError) error = NULL;

    /* Asked directly: a bus without a hotplug handler would refuse by itself. */
    probe->pci.device.hotplugged = hotplugged;
    assert_false(pci_device_realize(&probe->pci, &error));
    assert_string_equal(error->message, expected);
    expect_addr(probe, addr != NULL ? addr : "");
    object_destroy(&probe->pci.device.object);
}

static void test_places(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *first = probe_at(p, "first", NULL);
    struct probe *fourth = probe_at(p, NULL, "4");
    struct probe *third;

    expect_addr(first, "02.0"); /* 0 and 1 belong to the chipset */
    assert_ptr_equal(p->bus->functions[PCI_DEVFN(4, 0)], fourth);
    third = probe_at(p, "third", NULL);
    expect_addr(third, "03.0");
    refused(p, "02.0", false,
            "PCI: slot 2 function 0 not available for probe, in use by probe,id=first");
    refused(p, "01.0", false,
            "PCI: slot 1 function 0 not available for probe, in use by PIIX3,id=(null)");
    refused(p, "02.1", false, "PCI: single function device can't be populated in function 2.1");
    refused(p, "01.2", true,
            "PCI: slot 1 function 0 already occupied by PIIX3, new func probe cannot be exposed to "
            "guest.");
    (void)probe_at(p, "f", "5.3"); /* functions may come before function 0 */
    refused(p, "05.0", false, "PCI: 5.0 indicates single function, but 5.3 is already populated.");
    (void)probe_at(p, "g", "1.2"); /* the PIIX3 has more functions */
    for (int i = 6; i < 32; i++) {
        (void)probe_at(p, NULL, NULL);
    }
    refused(p, NULL, false, "PCI: no slot/function available for probe, all in use or reserved");
}

static void test_no_bus(void **state)
{
    struct pci_fixture *p = *state;
    struct device *device = board_fixture_device(p->board, "probe", "lost");
    g_autoptr(GError) error = NULL;

    assert_false(device_set_realized(device, true, &error));
    assert_string_equal(error->message, "No 'PCI' bus found for device 'probe'");
}

static void test_header(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_prepare(p, "a", "3");

    probe->pci.multifunction = true;
    board_fixture_realize(&probe->pci.device);
    assert_int_equal(config_read(p, SLOT3, 0x00, 4), 0x56781234);
    assert_int_equal(config_read(p, SLOT3, 0x08, 4), 0x00ff0009);
    assert_int_equal(config_read(p, SLOT3, 0x0c, 4), 0x00800000);
    assert_int_equal(config_read(p, SLOT3, 0x2c, 4), 0xbbbbaaaa);
    for (uint32_t offset = 0; offset < 0x40; offset += 4) {
        config_write(p, SLOT3, offset, 0xffffffff, 4);
    }
    assert_int_equal(config_read(p, SLOT3, 0x00, 4), 0x56781234);
    assert_int_equal(config_read(p, SLOT3, 0x04, 4), 0x00000507);
    assert_int_equal(config_read(p, SLOT3, 0x08, 4), 0x00ff0009);
    assert_int_equal(config_read(p, SLOT3, 0x0c, 4), 0x008000ff);
    assert_int_equal(config_read(p, SLOT3, 0x10, 4), 0xfffff000);
    assert_int_equal(config_read(p, SLOT3, 0x14, 4), 0);
    assert_int_equal(config_read(p, SLOT3, 0x18, 4), 0xfffffff1);
    assert_int_equal(config_read(p, SLOT3, 0x30, 4), 0);
    assert_int_equal(config_read(p, SLOT3, 0x3c, 4), 0x000001ff);
    assert_int_equal(probe->config_writes, 16);
}

static void test_status_is_cleared_by_ones(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    probe->state.pci.config[PCI_STATUS] = 0xb0;
    probe->state.pci.config[PCI_STATUS + 1] = 0xff;
    config_write(p, SLOT3, PCI_STATUS, 0x0800, 2);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0xf7b0);
    config_write(p, SLOT3, PCI_STATUS + 1, 0x06, 1);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0xf7b0);
    config_write(p, SLOT3, PCI_COMMAND, 0xffff0000, 4);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0x06b0);
}

static uint64_t memory_at(struct pci_fixture *p, gpa_t gpa)
{
    return address_space_load(p->board->board.memory_space, gpa, 1);
}

static void test_memory_bar(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    config_write(p, SLOT3, PCI_BAR0, 0xe0000fff, 4);
    assert_int_equal(config_read(p, SLOT3, PCI_BAR0, 4), 0xe0000000);
    assert_int_equal(memory_at(p, 0xe0000003), 0xff); /* decoding is off */
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_IO, 2);
    assert_int_equal(memory_at(p, 0xe0000003), 0xff);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    assert_int_equal(memory_at(p, 0xe0000003), 0x53);
    assert_int_equal(memory_at(p, 0xe0001000), 0xff);
    address_space_store(p->board->board.memory_space, 0xe0000010, 0x99, 1);
    assert_int_equal(probe->written, 0x99);
    /* By bytes, as odd firmware does. */
    config_write(p, SLOT3, PCI_BAR0 + 2, 0x12, 1);
    assert_int_equal(memory_at(p, 0xe0000003), 0xff);
    assert_int_equal(memory_at(p, 0xe0120003), 0x53);
    /* Sizing with decoding on, and 0: nowhere. */
    config_write(p, SLOT3, PCI_BAR0, 0xffffffff, 4);
    assert_false(memory_region_is_mapped(&probe->memory));
    config_write(p, SLOT3, PCI_BAR0, 0, 4);
    assert_false(memory_region_is_mapped(&probe->memory));
    config_write(p, SLOT3, PCI_BAR0, 0xe0000000, 4);
    assert_int_equal(memory_at(p, 0xe0000003), 0x53);
    assert_true(device_set_realized(&probe->pci.device, false, NULL));
    assert_int_equal(memory_at(p, 0xe0000003), 0xff);
    assert_int_equal(config_read(p, SLOT3, 0, 4), 0xffffffff);
    assert_null(p->bus->functions[SLOT3]);
}

static void test_io_bar(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    config_write(p, SLOT3, PCI_BAR0 + 8, 0xc00f, 4);
    assert_int_equal(config_read(p, SLOT3, PCI_BAR0 + 8, 4), 0xc001);
    assert_int_equal(port_read(p->board, 0xc005, 1), 0x55);
    config_write(p, SLOT3, PCI_BAR0 + 8, 0x1c000, 4); /* beyond the ports */
    assert_false(memory_region_is_mapped(&probe->io));
    config_write(p, SLOT3, PCI_BAR0 + 8, 0xfff1, 4);
    assert_false(memory_region_is_mapped(&probe->io));
    config_write(p, SLOT3, PCI_BAR0 + 8, 0xc100, 4);
    assert_int_equal(port_read(p->board, 0xc105, 1), 0x55);
    device_reset(&probe->pci.device);
    assert_int_equal(port_read(p->board, 0xc105, 1), 0xff);
    assert_int_equal(config_read(p, SLOT3, PCI_BAR0 + 8, 4), 1);
    assert_int_equal(config_read(p, SLOT3, PCI_COMMAND, 2), 0);
}

/* An unchanged BAR costs no new map. */
static void test_config_writes_render_only_changes(void **state)
{
    struct pci_fixture *p = *state;
    uint64_t before;

    (void)probe_at(p, "a", "3");
    config_write(p, SLOT3, PCI_BAR0, 0xe0000000, 4);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    before = memory_system_generation(p->board->board.memory);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    config_write(p, SLOT3, PCI_BAR0, 0xe0000000, 4);
    config_write(p, SLOT3, 0x40, 1, 4);
    assert_int_equal(memory_system_generation(p->board->board.memory), before);
}

static void test_intx(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");
    int *level = p->board->level;

    config_write(p, PCI_DEVFN(1, 0), 0x62, 11, 1); /* slot 3's INTA is PIRQC */
    pci_device_set_irq(&probe->pci, 1);
    assert_int_equal(level[11], 1);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0x0008);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, 2);
    assert_int_equal(level[11], 0);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0x0008);
    config_write(p, SLOT3, PCI_COMMAND, 0, 2);
    assert_int_equal(level[11], 1);
    pci_device_set_irq(&probe->pci, 1);
    assert_int_equal(p->board->raises[11], 2);
    pci_device_set_irq(&probe->pci, 0);
    assert_int_equal(level[11], 0);
    assert_int_equal(config_read(p, SLOT3, PCI_STATUS, 2), 0);
    /* A function that goes lets its pin go. */
    pci_device_set_irq(&probe->pci, 1);
    assert_true(device_set_realized(&probe->pci.device, false, NULL));
    assert_int_equal(level[11], 0);
}

static void test_functions_share_a_pin(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *first = probe_prepare(p, "a", "3");
    struct probe *second = probe_prepare(p, "b", "3.1");

    first->pci.multifunction = true;
    board_fixture_realize(&first->pci.device);
    board_fixture_realize(&second->pci.device);
    config_write(p, PCI_DEVFN(1, 0), 0x62, 10, 1);
    pci_device_set_irq(&first->pci, 1);
    pci_device_set_irq(&second->pci, 1);
    pci_device_set_irq(&first->pci, 0);
    assert_int_equal(p->board->level[10], 1);
    pci_device_set_irq(&second->pci, 0);
    assert_int_equal(p->board->level[10], 0);
    assert_int_equal(p->board->raises[10], 1);
}

static void test_no_pin(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");

    probe->state.pci.config[PCI_INTERRUPT_PIN] = 0;
    pci_device_set_irq(&probe->pci, 1);
    assert_false(probe->pci.intx_raised);
}

static void test_after_load(void **state)
{
    struct pci_fixture *p = *state;
    struct pci_fixture *q = pci_fixture_create();
    struct probe *saved = probe_at(p, "a", "3");
    struct probe *loaded = probe_at(q, "a", "3");

    config_write(p, SLOT3, PCI_BAR0, 0xe0000000, 4);
    config_write(p, SLOT3, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    pci_device_set_irq(&saved->pci, 1);
    config_write(q, PCI_DEVFN(1, 0), 0x62, 11, 1);
    loaded->state = saved->state;
    device_class(&loaded->pci.device)->after_load(&loaded->pci.device);
    assert_int_equal(memory_at(q, 0xe0000003), 0x53);
    assert_int_equal(q->board->level[11], 1);
    pci_fixture_destroy(q);
}

/* A guest that writes anywhere: BARs lie where config space says, or nowhere. */
static void test_random_config_writes(void **state)
{
    struct pci_fixture *p = *state;
    struct probe *probe = probe_at(p, "a", "3");
    uint64_t seed = 1;

    for (unsigned i = 0; i < 20000; i++) {
        uint32_t value;

        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        value = (uint32_t)(seed >> 32);
        config_write(p, (uint8_t)(i % 4 == 0 ? PCI_DEVFN(1, 0) : SLOT3), value >> 8 & 0xff,
                     (uint32_t)seed, 1u << value % 3);
        pci_device_set_irq(&probe->pci, value >> 16 & 1);
        if (memory_region_is_mapped(&probe->memory)) {
            assert_int_equal(probe->memory.offset, config_read(p, SLOT3, PCI_BAR0, 4) & 0xfffff000);
        }
        assert_int_equal(config_read(p, SLOT3, 0, 4), 0x56781234);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pci_fixture_setup, pci_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_addr_property),
        TEST(test_places),
        TEST(test_no_bus),
        TEST(test_header),
        TEST(test_status_is_cleared_by_ones),
        TEST(test_memory_bar),
        TEST(test_io_bar),
        TEST(test_config_writes_render_only_changes),
        TEST(test_intx),
        TEST(test_functions_share_a_pin),
        TEST(test_no_pin),
        TEST(test_after_load),
        TEST(test_random_config_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
