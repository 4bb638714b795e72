/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_hotplug.c - DIMMs through device_add, the guest's registers and device_del, and back out when anything fails. */
#include <json-c/json.h>
#include <string.h>

#include "machine_fixture.h"

#define MEMORY   "-m 64M,slots=4,maxmem=2G"
#define SMI_CMD  0xb2
#define GPE_STS  0xafe0
#define GPE_EN   0xafe2
#define SELECTOR 0xa00
#define OST_TYPE 0xa04
#define OST_CODE 0xa08
#define FLAGS    0xa14
#define SCI      9

#define ENABLED   1
#define INSERTING 2
#define REMOVING  4
#define EJECT     8

static void add_backend(struct machine_fixture *fixture, const char *id, unsigned mib)
{
    g_autofree char *arguments =
        g_strdup_printf("{'qom-type':'memory-backend-ram','id':'%s','size':%u}", id, mib << 20);

    assert_null(machine_fixture_object_add(fixture, arguments));
}

/* A machine whose guest listens: ACPI on, memory events enabled. */
static struct machine_fixture *listening(void)
{
    struct machine_fixture *fixture = machine_fixture_create(MEMORY);

    assert_non_null(fixture->machine);
    machine_fixture_port_write(fixture, SMI_CMD, 0xf1, 1);
    machine_fixture_port_write(fixture, GPE_EN, 8, 1);
    add_backend(fixture, "m0", 64);
    return fixture;
}

static void plug(struct machine_fixture *fixture)
{
    const char *error =
        machine_fixture_device_add(fixture, "{'driver':'pc-dimm','id':'d0','memdev':'m0'}");

    if (error != NULL) {
        fail_msg("%s", error);
    }
}

static void expect_equal(const char *before, const char *after, const char *what)
{
    if (strcmp(before, after) != 0) {
        g_auto(GStrv) old = g_strsplit(before, "\n", -1);
        g_auto(GStrv) new = g_strsplit(after, "\n", -1);
        unsigned i = 0;

        while (old[i] != NULL && new[i] != NULL && strcmp(old[i], new[i]) == 0) {
            i++;
        }
        fail_msg("%s changed the machine: '%s' became '%s'", what, old[i] ? old[i] : "",
                 new[i] ? new[i] : "");
    }
}

static void test_plug(void **state)
{
    struct machine_fixture *fixture = listening();

    (void)state;
    assert_int_equal(machine_fixture_slots_used(fixture), 1);
    plug(fixture);
    assert_int_equal(machine_fixture_slots_used(fixture), 2);
    assert_int_equal(fixture->slots[1].guest_phys_addr, 4ull << 30);
    assert_int_equal(fixture->slots[1].memory_size, 64u << 20);
    assert_int_equal(fixture->levels[SCI], 1);
    assert_int_equal(machine_fixture_port_read(fixture, GPE_STS, 1), 8);
    assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED | INSERTING);
    assert_int_equal(machine_fixture_port_read(fixture, 0xa04, 4), 1);
    machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    assert_int_equal(fixture->levels[SCI], 0);
    machine_fixture_port_write(fixture, FLAGS, INSERTING, 1);
    assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED);
    assert_string_equal(machine_fixture_object_del(fixture, "m0"),
                        "object 'm0' is in use, can not be deleted");
    machine_fixture_destroy(fixture);
}

static void test_unplug(void **state)
{
    struct machine_fixture *fixture = listening();
    g_autofree char *before = machine_fixture_dump(fixture);
    g_autofree char *after = NULL;

    (void)state;
    plug(fixture);
    machine_fixture_port_write(fixture, FLAGS, INSERTING, 1);
    machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    assert_null(machine_fixture_device_del(fixture, "d0"));
    assert_int_equal(fixture->levels[SCI], 1);
    assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED | REMOVING);
    assert_string_equal(machine_fixture_device_del(fixture, "d0"),
                        "Device d0 is already in the process of unplug");
    machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    machine_fixture_port_write(fixture, FLAGS, REMOVING, 1);
    assert_string_equal(machine_fixture_events(fixture), "");
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_string_equal(
        machine_fixture_events(fixture),
        "DEVICE_DELETED {\"device\":\"d0\",\"path\":\"\\/machine\\/peripheral\\/d0\"}"
        "\n");
    after = machine_fixture_dump(fixture);
    expect_equal(before, after, "plug and unplug");
    assert_string_equal(machine_fixture_device_del(fixture, "d0"), "Device 'd0' not found");
    assert_null(machine_fixture_object_del(fixture, "m0"));
    machine_fixture_destroy(fixture);
}

/* The guest says no: the DIMM stays and may be asked for again. */
static void test_guest_refuses(void **state)
{
    struct machine_fixture *fixture = listening();
    const char *events;

    (void)state;
    plug(fixture);
    assert_null(machine_fixture_device_del(fixture, "d0"));
    machine_fixture_port_write(fixture, OST_TYPE, 3, 4);
    machine_fixture_port_write(fixture, OST_CODE, 0x82, 4);
    events = machine_fixture_events(fixture);
    assert_non_null(strstr(events, "ACPI_DEVICE_OST"));
    assert_non_null(strstr(events, "MEM_UNPLUG_ERROR {\"device\":\"d0\""));
    assert_non_null(strstr(events, "DEVICE_UNPLUG_GUEST_ERROR {\"device\":\"d0\""));
    assert_int_equal(machine_fixture_slots_used(fixture), 2);
    assert_null(machine_fixture_device_del(fixture, "d0"));
    machine_fixture_destroy(fixture);
}

/* Each error of a client, with the machine as before. */
static void test_refused(void **state)
{
    static const struct {
        const char *arguments, *error;
    } rows[] = {
        { "{}", "Parameter 'driver' is missing" },
        { "{'driver':3}", "Invalid parameter type for 'driver', expected: string" },
        { "{'driver':'foo'}", "'foo' is not a valid device model name" },
        { "{'driver':'memory-backend-ram'}",
          "'memory-backend-ram' is not a valid device model name" },
        { "{'driver':'device'}", "Parameter 'driver' expects a non-abstract device type" },
        { "{'driver':'PIIX4_PM'}", "Parameter 'driver' expects a pluggable device type" },
        { "{'driver':'PIIX4_PM'}", "Parameter 'driver' expects a pluggable device type" },
        { "{'driver':'isa-serial'}", "Parameter 'driver' expects a pluggable device type" },
        { "{'driver':'pc-dimm','id':'d1'}", "'memdev' property must be set" },
        { "{'driver':'pc-dimm','id':5}", "Invalid parameter type for 'id', expected: string" },
        { "{'driver':'pc-dimm','id':'5','memdev':'m0'}",
          "Parameter 'id' expects an identifier (it is '5')" },
        { "{'driver':'pc-dimm','id':'d0','memdev':'m1'}", "Duplicate device ID 'd0'" },
        { "{'driver':'pc-dimm','memdev':'m0'}", "can't use already busy memdev: m0" },
        { "{'driver':'pc-dimm','memdev':'m9'}", "Device 'm9' not found" },
        { "{'driver':'pc-dimm','id':'d1','memdev':'m1','foo':1}",
          "Property 'pc-dimm.foo' not found" },
        { "{'driver':'pc-dimm','id':'d1','memdev':'m1','realized':true}",
          "Parameter 'realized' is unexpected" },
        { "{'driver':'pc-dimm','memdev':'m1','bus':'nope'}", "Bus 'nope' not found" },
        { "{'driver':'pc-dimm','memdev':'m1','bus':'pci.0'}",
          "Device 'pc-dimm' can't go on PCI bus" },
        { "{'driver':'pc-dimm','memdev':'m1','bus':7}",
          "Invalid parameter type for 'bus', expected: string" },
        { "{'driver':'pc-dimm','id':'d1','memdev':'m1','slot':0}", "slot 0 is busy" },
        { "{'driver':'pc-dimm','id':'d1','memdev':'m1','slot':4}",
          "invalid slot number 4, valid range is [0-3]" },
        { "{'driver':'pc-dimm','id':'d1','memdev':'m1','addr':5}",
          "address must be aligned to 0x200000 bytes" },
    };
    struct machine_fixture *fixture = listening();
    g_autofree char *before = NULL;

    (void)state;
    plug(fixture);
    add_backend(fixture, "m1", 64);
    before = machine_fixture_dump(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *error = machine_fixture_device_add(fixture, rows[i].arguments);
        g_autofree char *after = NULL;

        if (error == NULL || strcmp(error, rows[i].error) != 0) {
            fail_msg("%s gave '%s', expected '%s'", rows[i].arguments, error ? error : "success",
                     rows[i].error);
        }
        after = machine_fixture_dump(fixture);
        expect_equal(before, after, rows[i].arguments);
    }
    assert_null(
        machine_fixture_device_add(fixture, "{'driver':'pc-dimm','memdev':'m1','slot':'2'}"));
    machine_fixture_destroy(fixture);
}

static void test_delete_refused(void **state)
{
    static const char *const rows[][2] = {
        { "nope", "Device 'nope' not found" },
        { "/nope", "Device '/nope' not found" },
        { "", "Device '' not found" },
        { "/machine", "/machine is not a hotpluggable device" },
        { "/objects/m0", "/objects/m0 is not a hotpluggable device" },
        { "/machine/i440fx", "Device 'i440FX-pcihost' does not support hotplugging" },
        { "/machine/unattached/device[0]", "Boot CPU is unpluggable" },
        { "/machine/peripheral-anon/device[0]", "Bus 'isa.0' does not support hotplugging" },
    };
    struct machine_fixture *fixture =
        machine_fixture_create(MEMORY " -device isa-debug-exit -object "
                                      "memory-backend-ram,id=m0,size=64M");
    g_autofree char *before = machine_fixture_dump(fixture);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *error = machine_fixture_device_del(fixture, rows[i][0]);
        g_autofree char *after = NULL;

        assert_non_null(error);
        assert_string_equal(error, rows[i][1]);
        after = machine_fixture_dump(fixture);
        expect_equal(before, after, rows[i][0]);
    }
    machine_fixture_destroy(fixture);
}

/* The host fails at any point of a plug: the error comes back, the machine is as before, and the
 * next plug is as the first would have been. */
static void test_plug_undone(void **state)
{
    static const char *const faults[][2] = {
        { "kvm_set_user_memory_region=EEXIST", "KVM_SET_USER_MEMORY_REGION" },
        { "kvm_set_user_memory_region=ENOMEM,at=all", "KVM_SET_USER_MEMORY_REGION" },
        { "kvm_irq_line=EIO", "KVM_IRQ_LINE" },
        { "kvm_irq_line=EIO,at=all", "KVM_IRQ_LINE" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        struct machine_fixture *fixture = listening();
        g_autofree char *before = machine_fixture_dump(fixture);
        g_autofree char *after = NULL;
        const char *error;

        assert_null(machine_fixture_fault(fixture, faults[i][0]));
        error = machine_fixture_device_add(fixture, "{'driver':'pc-dimm','id':'d0','memdev':'m0'}");
        assert_non_null(error);
        if (strstr(error, faults[i][1]) == NULL) {
            fail_msg("'%s' does not name %s", error, faults[i][1]);
        }
        after = machine_fixture_dump(fixture);
        expect_equal(before, after, faults[i][0]);
        assert_null(machine_fixture_fault(fixture, "kvm_set_user_memory_region=off"));
        assert_null(machine_fixture_fault(fixture, "kvm_irq_line=off"));
        plug(fixture);
        assert_int_equal(fixture->levels[SCI], 1);
        assert_int_equal(machine_fixture_slots_used(fixture), 2);
        machine_fixture_destroy(fixture);
    }
}

/* Undoing fails as well: the machine stops, for the guest might see memory that is gone. */
static void test_undo_fails(void **state)
{
    struct machine_fixture *fixture = listening();

    (void)state;
    assert_null(machine_fixture_fault(fixture, "kvm_irq_line=EIO"));
    assert_null(machine_fixture_fault(fixture, "kvm_set_user_memory_region=EIO,at=2"));
    machine_turn_begin(fixture->machine, 0xffff, RECORDING_TURN_command, NULL, 0);
    {
        struct json_object *arguments =
            json_tokener_parse("{\"driver\":\"pc-dimm\",\"id\":\"d0\",\"memdev\":\"m0\"}");
        g_autoptr(GError) error = NULL;

        assert_false(machine_device_add(fixture->machine, arguments, &error));
        assert_non_null(strstr(error->message, "KVM_IRQ_LINE"));
        json_object_put(arguments);
    }
    machine_turn_end(fixture->machine);
    assert_int_equal(fixture->machine->run_state, RUN_STATE_INTERNAL_ERROR);
    machine_fixture_destroy(fixture);
}

static void test_unplug_undone(void **state)
{
    struct machine_fixture *fixture = listening();
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    const char *events;

    (void)state;
    plug(fixture);
    machine_fixture_port_write(fixture, FLAGS, INSERTING, 1);
    machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    before = machine_fixture_dump(fixture);
    /* The request's interrupt fails. */
    assert_null(machine_fixture_fault(fixture, "kvm_irq_line=EIO"));
    assert_non_null(strstr(machine_fixture_device_del(fixture, "d0"), "KVM_IRQ_LINE"));
    after = machine_fixture_dump(fixture);
    expect_equal(before, after, "a failed request");
    /* The eject's memslot stays: the machine is as before the request. */
    assert_null(machine_fixture_device_del(fixture, "d0"));
    machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    machine_fixture_port_write(fixture, FLAGS, REMOVING, 1);
    assert_null(machine_fixture_fault(fixture, "kvm_set_user_memory_region=EIO"));
    (void)machine_fixture_events(fixture);
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    events = machine_fixture_events(fixture);
    assert_non_null(strstr(events, "MEM_UNPLUG_ERROR {\"device\":\"d0\""));
    assert_non_null(strstr(events, "KVM_SET_USER_MEMORY_REGION"));
    assert_null(strstr(events, "DEVICE_DELETED"));
    g_free(after);
    after = machine_fixture_dump(fixture);
    expect_equal(before, after, "a failed eject");
    /* Once more, and it goes. */
    assert_null(machine_fixture_device_del(fixture, "d0"));
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_non_null(strstr(machine_fixture_events(fixture), "DEVICE_DELETED"));
    assert_int_equal(machine_fixture_slots_used(fixture), 1);
    machine_fixture_destroy(fixture);
}

/* The slot, the memslot and the address are free again, many times over. */
static void test_many_rounds(void **state)
{
    struct machine_fixture *fixture = listening();
    g_autofree char *before = machine_fixture_dump(fixture);
    g_autofree char *after = NULL;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        plug(fixture);
        assert_null(machine_fixture_device_del(fixture, "d0"));
        machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
        machine_fixture_port_write(fixture, GPE_STS, 8, 1);
    }
    after = machine_fixture_dump(fixture);
    expect_equal(before, after, "twenty rounds");
    machine_fixture_destroy(fixture);
}

static void test_cold_plug(void **state)
{
    struct machine_fixture *fixture = machine_fixture_create(
        MEMORY " -object memory-backend-ram,id=m0,size=64M -device pc-dimm,id=d0,memdev=m0,slot=2");

    (void)state;
    assert_non_null(fixture->machine);
    assert_int_equal(machine_fixture_slots_used(fixture), 2);
    machine_fixture_port_write(fixture, SELECTOR, 2, 4);
    /* It is there from the start: nothing to insert, no event. */
    assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED);
    assert_int_equal(machine_fixture_port_read(fixture, GPE_STS, 1), 0);
    assert_null(machine_fixture_device_del(fixture, "d0"));
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_int_equal(machine_fixture_slots_used(fixture), 1);
    machine_fixture_destroy(fixture);
}

static void test_no_slots(void **state)
{
    struct machine_fixture *fixture = machine_fixture_create("-m 64M");

    (void)state;
    add_backend(fixture, "m0", 64);
    assert_string_equal(machine_fixture_device_add(fixture, "{'driver':'pc-dimm','memdev':'m0'}"),
                        "no slots where allocated, please specify the 'slots' option");
    machine_fixture_destroy(fixture);
    fixture = machine_fixture_create("-machine none");
    add_backend(fixture, "m0", 64);
    assert_string_equal(machine_fixture_device_add(fixture, "{'driver':'pc-dimm','memdev':'m0'}"),
                        "Device 'pc-dimm' can not be hotplugged on this machine");
    machine_fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plug),          cmocka_unit_test(test_unplug),
        cmocka_unit_test(test_guest_refuses), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_undo_fails),    cmocka_unit_test(test_delete_refused),
        cmocka_unit_test(test_plug_undone),   cmocka_unit_test(test_unplug_undone),
        cmocka_unit_test(test_many_rounds),   cmocka_unit_test(test_cold_plug),
        cmocka_unit_test(test_no_slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
