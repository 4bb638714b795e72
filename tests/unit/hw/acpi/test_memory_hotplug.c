/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_memory_hotplug.c - the DIMM slots' registers: plug, request, _OST, refusal, eject, failure. */
#include "acpi_fixture.h"

static void expect_event(struct acpi_fixture *a, unsigned index, const char *name, const char *json)
{
    assert_true(index < a->board->event_count);
    assert_string_equal(a->board->events[index].name, name);
    assert_string_equal(json_object_to_json_string_ext(a->board->events[index].data,
                                                       JSON_C_TO_STRING_NOSLASHESCAPE),
                        json);
}

static void test_empty_slots(void **state)
{
    struct acpi_fixture *a = *state;
    static const uint32_t slots[] = { 0, 3, 4, 255, 256, 0xffffffff };

    for (unsigned i = 0; i < G_N_ELEMENTS(slots); i++) {
        for (uint16_t reg = 0; reg <= FLAGS; reg += 4) {
            assert_int_equal(slot_read(a, slots[i], reg), 0);
        }
    }
}

static void test_no_slots(void **state)
{
    struct acpi_fixture *a = acpi_fixture_create(0);
    struct device *dimm = fake_dimm(a, "dimm0", 0, 4 * GIB, GIB);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_int_equal(port_read(a->board, SLOT_PORT + FLAGS, 4), 0xffffffff);
    assert_false(device_set_realized(dimm, true, &error));
    assert_string_equal(error->message,
                        "memory hotplug is not enabled: the machine has no DIMM slots");
    acpi_fixture_destroy(a);
}

static void test_not_supported(void **state)
{
    struct acpi_fixture *a = acpi_fixture_prepare(4);
    struct device *dimm = fake_dimm(a, "dimm0", 0, 4 * GIB, GIB);
    struct device *other = board_fixture_device(a->board, "no-memory", "x");
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) error2 = NULL;
    g_autoptr(GError) error3 = NULL;

    (void)state;
    assert_true(object_property_parse(&a->pm->object, "memory-hotplug-support", "off", NULL, NULL));
    board_fixture_realize(a->pm);
    assert_false(hotplug_handler_plug(&a->pm->object, dimm, &error));
    assert_string_equal(
        error->message,
        "memory hotplug is not enabled: PIIX4_PM.memory-hotplug-support is not set");
    assert_false(hotplug_handler_plug(&a->pm->object, other, &error2));
    assert_string_equal(error2->message,
                        "acpi: device plug request for not supported device type: no-memory");
    assert_false(hotplug_handler_unplug_request(&a->pm->object, other, &error3));
    assert_string_equal(error3->message,
                        "acpi: device unplug request for not supported device type: no-memory");
    acpi_fixture_destroy(a);
}

static void test_plug(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = fake_dimm(a, "dimm0", 2, 0x123400000ull, 0x580000000ull);

    ((struct fake_dimm *)(void *)dimm)->node = 7;
    assert_int_equal(sci(a), 0);
    board_fixture_realize(dimm);
    assert_int_equal(sci(a), 1);
    assert_int_equal(port_read(a->board, GPE0_PORT, 2), 0x8);
    assert_int_equal(slot_read(a, 2, BASE_LOW), 0x23400000);
    assert_int_equal(slot_read(a, 2, BASE_HIGH), 1);
    assert_int_equal(slot_read(a, 2, SIZE_LOW), 0x80000000);
    assert_int_equal(slot_read(a, 2, SIZE_HIGH), 5);
    assert_int_equal(slot_read(a, 2, NODE), 7);
    assert_int_equal(slot_read(a, 2, FLAGS), 3);
    assert_int_equal(slot_read(a, 1, FLAGS), 0);
    acknowledge(a);
    assert_int_equal(sci(a), 0);
    slot_write(a, 2, FLAGS, 2);
    assert_int_equal(slot_read(a, 2, FLAGS), 1);
    assert_int_equal(a->board->event_count, 0);
}

static void test_cold_plug_is_silent(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = fake_dimm(a, "dimm0", 0, 4 * GIB, GIB);

    dimm->hotplugged = false;
    board_fixture_realize(dimm);
    assert_int_equal(sci(a), 0);
    assert_int_equal(port_read(a->board, GPE0_PORT, 2), 0);
    assert_int_equal(slot_read(a, 0, FLAGS), 1);
}

static void test_access_widths(void **state)
{
    struct acpi_fixture *a = *state;
    struct board_fixture *f = a->board;

    (void)plug(a, "dimm0", 1);
    port_write(f, SLOT_PORT, 1, 1);
    assert_int_equal(port_read(f, SLOT_PORT + FLAGS, 1), 3);
    assert_int_equal(port_read(f, SLOT_PORT + FLAGS, 2), 3);
    assert_int_equal(port_read(f, SLOT_PORT + SIZE_LOW, 2), 0);
    /* No register begins between the registers. */
    assert_int_equal(port_read(f, SLOT_PORT + FLAGS + 1, 1), 0xff);
    assert_int_equal(port_read(f, SLOT_PORT + BASE_HIGH + 2, 2), 0xffff);
    port_write(f, SLOT_PORT + FLAGS + 1, 0xff, 1);
    port_write(f, SLOT_PORT + SIZE_HIGH, 0xffffffff, 4);
    port_write(f, SLOT_PORT + NODE, 0xffffffff, 4);
    assert_int_equal(port_read(f, SLOT_PORT + FLAGS, 1), 3);
    port_write(f, SLOT_PORT + FLAGS, 2, 1);
    assert_int_equal(port_read(f, SLOT_PORT + FLAGS, 1), 1);
    assert_int_equal(f->event_count, 0);
}

static void test_ost_event(void **state)
{
    struct acpi_fixture *a = *state;
    const struct acpi_device_methods *acpi = object_interface(&a->pm->object, TYPE_ACPI_DEVICE_IF);
    struct json_object *list = json_object_new_array();

    (void)plug(a, "dimm0", 0);
    slot_write(a, 0, 4, 1);
    assert_int_equal(a->board->event_count, 0); /* the status speaks */
    slot_write(a, 0, 8, 0);
    ost(a, 2, 0x103, 0x80);
    expect_event(a, 0, "ACPI_DEVICE_OST",
                 "{\"info\":{\"device\":\"dimm0\",\"slot\":\"0\",\"slot-type\":\"DIMM\","
                 "\"source\":1,\"status\":0}}");
    expect_event(
        a, 1, "ACPI_DEVICE_OST",
        "{\"info\":{\"slot\":\"2\",\"slot-type\":\"DIMM\",\"source\":259,\"status\":128}}");
    ost(a, 4, 1, 2); /* out of range */
    ost(a, 0xffffffff, 1, 2);
    assert_int_equal(a->board->event_count, 2);
    acpi->ospm_status(&a->pm->object, list);
    assert_string_equal(
        json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN),
        "[{\"device\":\"dimm0\",\"slot\":\"0\",\"slot-type\":\"DIMM\",\"source\":1,\"status\":0},"
        "{\"slot\":\"1\",\"slot-type\":\"DIMM\",\"source\":0,\"status\":0},"
        "{\"slot\":\"2\",\"slot-type\":\"DIMM\",\"source\":259,\"status\":128},"
        "{\"slot\":\"3\",\"slot-type\":\"DIMM\",\"source\":0,\"status\":0}]");
    json_object_put(list);
}

/* The guest's normal way: asked, in progress, eject, success without a device. */
static void test_unplug(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);

    acknowledge(a);
    slot_write(a, 1, FLAGS, 2);
    request(a, dimm);
    assert_true(dimm->unplug_pending);
    assert_int_equal(sci(a), 1);
    assert_int_equal(slot_read(a, 1, FLAGS), 5);
    acknowledge(a);
    slot_write(a, 1, FLAGS, 4);
    assert_int_equal(slot_read(a, 1, FLAGS), 1);
    ost(a, 1, 3, 0x84);
    assert_true(dimm->unplug_pending);
    assert_int_equal(a->board->gone_count, 0);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
    assert_ptr_equal(a->board->gone[0], dimm);
    for (uint16_t reg = 0; reg <= FLAGS; reg += 4) {
        assert_int_equal(slot_read(a, 1, reg), 0);
    }
    ost(a, 1, 3, 0);
    assert_int_equal(a->board->event_count, 2);
    expect_event(a, 1, "ACPI_DEVICE_OST",
                 "{\"info\":{\"slot\":\"1\",\"slot-type\":\"DIMM\",\"source\":3,\"status\":0}}");
    assert_int_equal(sci(a), 0);
    /* The slot is free for another. */
    (void)plug(a, "dimm1", 1);
    assert_int_equal(slot_read(a, 1, FLAGS), 3);
}

static void test_unplug_right_after_plug(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 0);

    request(a, dimm);
    assert_int_equal(slot_read(a, 0, FLAGS), 7);
    slot_write(a, 0, FLAGS, 0xe); /* one thing at a time, the lowest bit's */
    assert_int_equal(slot_read(a, 0, FLAGS), 5);
    slot_write(a, 0, FLAGS, 0xc);
    assert_int_equal(slot_read(a, 0, FLAGS), 1);
    assert_int_equal(a->board->gone_count, 0);
}

static void test_refusal(void **state)
{
    struct acpi_fixture *a = *state;

    static const struct {
        uint32_t source, status;
        const char *msg;
    } refusals[] = {
        { 3, 1, "the guest refused to eject: failure (_OST source 0x3, status 0x1)" },
        { 3, 0x80,
          "the guest refused to eject: eject not supported (_OST source 0x3, status 0x80)" },
        { 0x103, 0x82, "the guest refused to eject: device busy (_OST source 0x103, status 0x82)" },
        { 3, 0xffffffff,
          "the guest refused to eject: reserved (_OST source 0x3, status 0xffffffff)" },
    };
    struct device *dimm = plug(a, "dimm0", 1);

    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *msg =
            g_strdup_printf("{\"device\":\"dimm0\",\"msg\":\"%s\"}", refusals[i].msg);
        unsigned before = a->board->event_count;

        request(a, dimm);
        assert_true(dimm->unplug_pending);
        ost(a, 1, refusals[i].source, refusals[i].status);
        assert_false(dimm->unplug_pending);
        assert_int_equal(a->board->event_count, before + 3);
        assert_string_equal(a->board->events[before].name, "ACPI_DEVICE_OST");
        expect_event(a, before + 1, "MEM_UNPLUG_ERROR", msg);
        expect_event(a, before + 2, "DEVICE_UNPLUG_GUEST_ERROR",
                     "{\"device\":\"dimm0\",\"path\":\"/dimm0\"}");
        /* Said twice, refused once. */
        ost(a, 1, refusals[i].source, refusals[i].status);
        assert_int_equal(a->board->event_count, before + 4);
    }
    assert_int_equal(a->board->gone_count, 0);
    assert_int_equal(slot_read(a, 1, FLAGS) & 1, 1);
    /* Asked again it may still go. */
    request(a, dimm);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
}

static void test_no_refusal(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);
    static const uint32_t other[][2] = {
        { 3, 0 }, { 3, 0x84 }, { 0x103, 0x84 }, { 1, 1 }, { 0, 0x80 }
    };

    ost(a, 1, 3, 0x80); /* nobody asked */
    assert_int_equal(a->board->event_count, 1);
    request(a, dimm);
    for (unsigned i = 0; i < G_N_ELEMENTS(other); i++) {
        ost(a, 1, other[i][0], other[i][1]);
    }
    assert_int_equal(a->board->event_count, 1 + G_N_ELEMENTS(other));
    assert_true(dimm->unplug_pending);
}

static void test_eject_without_request(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);

    slot_write(a, 0, FLAGS, 8); /* empty */
    slot_write(a, 9, FLAGS, 8); /* not there */
    assert_int_equal(a->board->gone_count, 0);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
    assert_ptr_equal(a->board->gone[0], dimm);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
}

static void test_eject_fails_on_host(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);

    request(a, dimm);
    a->machine->unplug_failure = "KVM_SET_USER_MEMORY_REGION failed";
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 0);
    assert_false(dimm->unplug_pending);
    expect_event(a, 0, "MEM_UNPLUG_ERROR",
                 "{\"device\":\"dimm0\",\"msg\":\"KVM_SET_USER_MEMORY_REGION failed\"}");
    expect_event(a, 1, "DEVICE_UNPLUG_GUEST_ERROR", "{\"device\":\"dimm0\",\"path\":\"/dimm0\"}");
    assert_int_equal(slot_read(a, 1, FLAGS) & 1, 1);
    assert_int_equal(slot_read(a, 1, SIZE_LOW), GIB);
    a->machine->unplug_failure = NULL;
    request(a, dimm);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
}

static void test_anonymous(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, NULL, 0);
    g_autofree char *json = NULL;
    g_autofree char *path = device_path(dimm);

    request(a, dimm);
    ost(a, 0, 3, 1);
    expect_event(a, 1, "MEM_UNPLUG_ERROR",
                 "{\"device\":\"\",\"msg\":\"the guest refused to eject: failure (_OST source 0x3, "
                 "status 0x1)\"}");
    json = g_strdup_printf("{\"path\":\"%s\"}", path);
    expect_event(a, 2, "DEVICE_UNPLUG_GUEST_ERROR", json);
}

static void test_misplaced(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *out = fake_dimm(a, "out", 4, 4 * GIB, GIB);
    struct device *dimm = plug(a, "dimm0", 0);
    struct device *same = fake_dimm(a, "same", 0, 8 * GIB, GIB);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) error2 = NULL;
    g_autoptr(GError) error3 = NULL;

    assert_false(device_set_realized(out, true, &error));
    assert_string_equal(error->message,
                        "slot 4 of device 'out' is out of range: the machine has 4");
    assert_false(device_set_realized(same, true, &error2));
    assert_string_equal(error2->message, "slot 0 is busy");
    assert_false(hotplug_handler_unplug_request(&a->pm->object, same, &error3));
    assert_string_equal(error3->message, "device 'same' is in none of the 4 DIMM slots");
    assert_int_equal(slot_read(a, 0, FLAGS), 3);
    assert_false(dimm->unplug_pending);
}

/* What a guest does that starts: it drops all events without a look at the slots. */
static void test_event_taken(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);

    request(a, dimm);
    assert_false(dimm->unplug_seen);
    port_write(a->board, GPE0_PORT, 0xffff & ~ACPI_MEMORY_HOTPLUG_STATUS, 2);
    assert_false(dimm->unplug_seen); /* another's event */
    port_write(a->board, GPE0_PORT, ACPI_MEMORY_HOTPLUG_STATUS, 2);
    assert_true(dimm->unplug_seen);
    assert_true(dimm->unplug_pending);
    request(a, dimm);
    assert_false(dimm->unplug_seen);
    assert_int_equal(slot_read(a, 1, FLAGS), 7);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
}

static void test_reset_keeps_slots(void **state)
{
    struct acpi_fixture *a = *state;
    struct device *dimm = plug(a, "dimm0", 1);

    request(a, dimm);
    ost(a, 1, 1, 7);
    device_reset(a->pm);
    assert_int_equal(sci(a), 0);
    /* The selector too. */
    assert_int_equal(port_read(a->board, SLOT_PORT + FLAGS, 4), 7);
    assert_true(dimm->unplug_pending);
    slot_write(a, 1, FLAGS, 8);
    assert_int_equal(a->board->gone_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_slots, slots_setup, slots_teardown),
        cmocka_unit_test(test_no_slots),
        cmocka_unit_test(test_not_supported),
        cmocka_unit_test_setup_teardown(test_plug, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_cold_plug_is_silent, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_access_widths, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_ost_event, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_unplug, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_unplug_right_after_plug, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_refusal, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_no_refusal, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_eject_without_request, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_eject_fails_on_host, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_anonymous, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_misplaced, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_event_taken, slots_setup, slots_teardown),
        cmocka_unit_test_setup_teardown(test_reset_keeps_slots, slots_setup, slots_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
