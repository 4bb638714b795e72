/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pc_dimm.c - DIMMs: slot and address choice with every refusal, mapping, what queries show. */
#include "mem_fixture.h"

#define RAM "memory-backend-ram"

static int setup(void **state)
{
    *state = mem_fixture_create(8 * GIB, 4 * GIB, 4);
    return 0;
}

static int teardown(void **state)
{
    mem_fixture_destroy(*state);
    return 0;
}

static void test_slot_refusals(void **state)
{
    struct mem_fixture *m = *state;

    backend(m, RAM, "ram0", 128 * MIB);
    backend(m, RAM, "ram1", 128 * MIB);
    dimm_refused(m, "memdev=ram0,slot=4", "invalid slot number 4, valid range is [0-3]");
    dimm_refused(m, "memdev=ram0,slot=-2", "invalid slot number -2, valid range is [0-3]");
    dimm_refused(m, "memdev=ram0,slot=2147483647",
                 "invalid slot number 2147483647, valid range is [0-3]");
    dimm(m, "dimm0", "memdev=ram0,slot=2");
    dimm_refused(m, "memdev=ram1,slot=2", "slot 2 is busy");
    m->slots = 0;
    dimm_refused(m, "memdev=ram1", "no slots where allocated, please specify the 'slots' option");
}

static void test_slots_fill_up(void **state)
{
    struct mem_fixture *m = *state;

    for (int i = 0; i < 5; i++) {
        g_autofree char *ram = g_strdup_printf("ram%d", i);

        backend(m, RAM, ram, 2 * MIB);
    }
    dimm(m, "a", "memdev=ram0,slot=1");
    dimm(m, "b", "memdev=ram1");
    dimm(m, "c", "memdev=ram2");
    dimm(m, "d", "memdev=ram3");
    assert_int_equal(dimm_named(m, "b")->slot, 0);
    assert_int_equal(dimm_named(m, "c")->slot, 2);
    assert_int_equal(dimm_named(m, "d")->slot, 3);
    dimm_refused(m, "memdev=ram4", "no free slots available");
    dimm_remove(m, "c");
    dimm(m, "e", "memdev=ram4");
    assert_int_equal(dimm_named(m, "e")->slot, 2);
}

static void test_memdev_refusals(void **state)
{
    struct mem_fixture *m = *state;

    backend(m, RAM, "ram0", 128 * MIB);
    dimm_refused(m, "", "'memdev' property must be set");
    dimm_refused(m, "memdev=ram9", "Device 'ram9' not found");
    dimm_refused(m, "memdev=ram0,node=1",
                 "'DIMM property node has value 1' which exceeds the number of numa nodes: 1");
    dimm(m, "dimm0", "memdev=ram0");
    dimm_refused(m, "memdev=ram0", "can't use already busy memdev: ram0");
    m->memory.node_count = 2;
    dimm_remove(m, "dimm0");
    dimm_refused(m, "memdev=ram0,node=2",
                 "'DIMM property node has value 2' which exceeds the number of numa nodes: 2");
    dimm(m, "dimm1", "memdev=ram0,node=1");
}

static void test_address_refusals(void **state)
{
    struct mem_fixture *m = *state;
    const char *range = "], usable range for memory devices [0x100000000:0x200000000]";

    static const struct {
        const char *addr, *text;
    } outside[] = {
        { "0x200000", "0x200000" },       { "0xfffffffffe000000", "0xfffffffffe000000" },
        { "0x2ffe00000", "0x2ffe00000" }, { "0x300000000", "0x300000000" },
        { "0xf8000000", "0xf8000000" },
    };

    backend(m, RAM, "ram0", 128 * MIB);
    backend(m, RAM, "ram1", 128 * MIB);
    dimm_refused(m, "memdev=ram0,addr=12345", "address must be aligned to 0x200000 bytes");
    for (unsigned i = 0; i < G_N_ELEMENTS(outside); i++) {
        g_autofree char *settings = g_strdup_printf("memdev=ram0,addr=%s", outside[i].addr);
        g_autofree char *text =
            g_strdup_printf("can't add memory device [%s:0x8000000%s", outside[i].text, range);

        dimm_refused(m, settings, text);
    }
    dimm(m, "dimm0", "memdev=ram0,addr=0x110000000");
    dimm_refused(m, "memdev=ram1,addr=0x110000000",
                 "address range conflicts with memory device id='dimm0'");
    dimm_refused(m, "memdev=ram1,addr=0x117e00000",
                 "address range conflicts with memory device id='dimm0'");
    dimm_refused(m, "memdev=ram1,addr=0x108200000",
                 "address range conflicts with memory device id='dimm0'");
    /* Touching is no overlap, nor is the very end. */
    dimm(m, "dimm1", "memdev=ram1,addr=0x108000000");
    dimm_remove(m, "dimm1");
    dimm(m, "dimm1", "memdev=ram1,addr=0x2f8000000");
}

static void test_size_refusals(void **state)
{
    struct mem_fixture *m = *state;

    backend(m, RAM, "small", MIB);
    backend(m, RAM, "odd", 100 * MIB + 4096);
    backend(m, RAM, "big", 4 * GIB + 2 * MIB);
    backend(m, RAM, "ram0", 2 * MIB);
    backend(m, RAM, "rest", 4 * GIB);
    dimm_refused(m, "memdev=small", "backend memory size must be multiple of 0x200000");
    dimm_refused(m, "memdev=odd", "backend memory size must be multiple of 0x200000");
    dimm_refused(m, "memdev=big",
                 "not enough space, currently 0x0 in use of total space for memory devices "
                 "0x100000000");
    dimm(m, "dimm0", "memdev=ram0");
    dimm_refused(m, "memdev=rest",
                 "not enough space, currently 0x200000 in use of total space for memory devices "
                 "0x100000000");
    dimm_remove(m, "dimm0");
    dimm(m, "all", "memdev=rest");
    assert_int_equal(m->memory.plugged_bytes, 4 * GIB);
}

static void test_no_device_memory(void **state)
{
    struct mem_fixture *m = mem_fixture_create(0, 0, 4);

    (void)state;
    backend(m, RAM, "ram0", 128 * MIB);
    dimm_refused(m, "memdev=ram0",
                 "memory devices (e.g. for memory hotplug) are not enabled, please specify the "
                 "maxmem option");
    mem_fixture_destroy(m);
}

static void test_first_fit(void **state)
{
    struct mem_fixture *m = *state;

    backend(m, RAM, "ram0", 128 * MIB);
    backend(m, RAM, "ram1", 128 * MIB);
    backend(m, RAM, "ram2", 256 * MIB);
    backend(m, "memory-backend-memfd", "page", 4096);
    backend(m, "memory-backend-memfd", "page2", 4096);
    /* Side by side: the alignment is a huge page, not the DIMM's size. */
    dimm(m, "a", "memdev=ram0");
    dimm(m, "b", "memdev=ram1");
    dimm(m, "c", "memdev=ram2");
    assert_int_equal(dimm_named(m, "a")->addr, DIMM_BASE);
    assert_int_equal(dimm_named(m, "b")->addr, DIMM_BASE + 128 * MIB);
    assert_int_equal(dimm_named(m, "c")->addr, DIMM_BASE + 256 * MIB);
    /* The lowest gap that is large enough. */
    dimm_remove(m, "b");
    dimm(m, "d", "memdev=page");
    assert_int_equal(dimm_named(m, "d")->addr, DIMM_BASE + 128 * MIB);
    dimm_remove(m, "c");
    dimm(m, "c", "memdev=ram2");
    assert_int_equal(dimm_named(m, "c")->addr, DIMM_BASE + 130 * MIB);
    dimm_remove(m, "a");
    dimm(m, "e", "memdev=page2");
    assert_int_equal(dimm_named(m, "e")->addr, DIMM_BASE);
    /* Sorted by address, whatever the order of plugging. */
    assert_ptr_equal(m->memory.devices->pdata[0], dimm_named(m, "e"));
    assert_ptr_equal(m->memory.devices->pdata[1], dimm_named(m, "d"));
    assert_ptr_equal(m->memory.devices->pdata[2], dimm_named(m, "c"));
}

static void test_fragmented(void **state)
{
    struct mem_fixture *m = mem_fixture_create(64 * MIB, 64 * MIB, 4);

    (void)state;
    backend(m, "memory-backend-memfd", "page", 4096);
    backend(m, RAM, "half", 32 * MIB);
    backend(m, RAM, "less", 30 * MIB);
    /* One page in the middle leaves 32 MiB below it and an aligned 30 MiB above. */
    dimm(m, "p", "memdev=page,addr=0x102000000");
    dimm(m, "h", "memdev=half");
    dimm(m, "l", "memdev=less");
    assert_int_equal(dimm_named(m, "h")->addr, DIMM_BASE);
    assert_int_equal(dimm_named(m, "l")->addr, DIMM_BASE + 34 * MIB);
    dimm_remove(m, "l");
    dimm_remove(m, "h");
    dimm_remove(m, "p");
    dimm(m, "p", "memdev=page,addr=0x101ff0000");
    dimm(m, "l", "memdev=less,addr=0x102200000");
    dimm_refused(m, "memdev=half",
                 "could not find position in guest address space for memory device - "
                 "memory fragmented due to alignments");
    mem_fixture_destroy(m);
}

static void test_mapping(void **state)
{
    struct mem_fixture *m = *state;
    struct address_space *space = m->board->board.memory_space;
    struct object *ram;

    backend(m, RAM, "ram0", 2 * MIB);
    ram = object_child(m->objects, "ram0");
    assert_null(address_space_ram(space, DIMM_BASE, 4));
    dimm(m, "dimm0", "memdev=ram0");
    assert_true(memory_backend_is_mapped(ram));
    address_space_store(space, DIMM_BASE + 16, 0x12345678, 4);
    assert_int_equal(address_space_load(space, DIMM_BASE + 16, 4), 0x12345678);
    assert_non_null(address_space_ram(space, DIMM_BASE, 2 * MIB));
    dimm_remove(m, "dimm0");
    assert_false(memory_backend_is_mapped(ram));
    assert_null(address_space_ram(space, DIMM_BASE, 4));
    /* The memory is the backend's: a new DIMM finds it as it was. */
    dimm(m, "dimm1", "memdev=ram0,slot=3");
    assert_int_equal(address_space_load(space, DIMM_BASE + 16, 4), 0x12345678);
}

static void test_info(void **state)
{
    struct mem_fixture *m = *state;
    struct json_object *list;

    backend(m, RAM, "ram0", 2 * MIB);
    backend(m, RAM, "ram1", 4 * MIB);
    dimm(m, "second", "memdev=ram0,addr=0x110000000,slot=1");
    dimm(m, "first", "memdev=ram1");
    list = memory_device_list(&m->memory);
    assert_string_equal(
        json_object_to_json_string_ext(list, JSON_C_TO_STRING_NOSLASHESCAPE),
        "[{\"type\":\"dimm\",\"data\":{\"id\":\"first\",\"addr\":4294967296,\"slot\":0,\"node\":0,"
        "\"memdev\":\"/objects/ram1\",\"size\":4194304,\"hotpluggable\":true,\"hotplugged\":true}},"
        "{\"type\":\"dimm\",\"data\":{\"id\":\"second\",\"addr\":4563402752,\"slot\":1,\"node\":0,"
        "\"memdev\":\"/objects/ram0\",\"size\":2097152,\"hotpluggable\":true,\"hotplugged\":true}}"
        "]");
    json_object_put(list);
}

static void test_properties(void **state)
{
    struct mem_fixture *m = *state;
    struct device *device = board_fixture_device(m->board, TYPE_PC_DIMM, "d");
    const struct pc_dimm_class *class = (const struct pc_dimm_class *)device_class(device);
    struct pc_dimm *dimm0 = (struct pc_dimm *)(void *)device;
    g_autofree char *fixed = NULL;
    struct json_object *size;
    g_autoptr(GError) error = NULL;

    backend(m, RAM, "ram0", 2 * MIB);
    assert_string_equal(class->device.description, "DIMM memory module");
    assert_true(class->device.user_creatable);
    assert_null(object_property_get(&device->object, "size", &error));
    assert_string_equal(error->message, "'memdev' property must be set");
    assert_true(object_property_parse(&device->object, "memdev", "ram0", m->board->root, NULL));
    size = object_property_get(&device->object, "size", NULL);
    assert_int_equal(json_object_get_int64(size), 2 * MIB);
    json_object_put(size);
    assert_false(object_property_parse(&device->object, "size", "4096", NULL, NULL));
    assert_ptr_equal(class->get_memory_region(dimm0, NULL),
                     class->get_vmstate_memory_region(dimm0, NULL));
    board_fixture_realize(device);
    fixed = board_fixture_refusal(m->board, device, "addr", "3");
    assert_string_equal(
        fixed,
        "Attempt to set property 'addr' on device 'd' (type 'pc-dimm') after it was realized");
}

/* A refused DIMM keeps what its user set: nothing was chosen for it. */
static void test_refusal_chooses_nothing(void **state)
{
    struct mem_fixture *m = *state;
    struct device *device = board_fixture_device(m->board, TYPE_PC_DIMM, "d");
    struct pc_dimm *dimm0 = (struct pc_dimm *)(void *)device;

    backend(m, RAM, "small", MIB);
    assert_true(object_property_parse(&device->object, "memdev", "small", m->board->root, NULL));
    assert_false(device_set_realized(device, true, NULL));
    assert_int_equal(dimm0->slot, PC_DIMM_SLOT_UNASSIGNED);
    assert_int_equal(dimm0->addr, 0);
    assert_false(memory_backend_is_mapped(dimm0->hostmem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slot_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slots_fill_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memdev_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_address_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size_refusals, setup, teardown),
        cmocka_unit_test(test_no_device_memory),
        cmocka_unit_test_setup_teardown(test_first_fit, setup, teardown),
        cmocka_unit_test(test_fragmented),
        cmocka_unit_test_setup_teardown(test_mapping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_info, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusal_chooses_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
