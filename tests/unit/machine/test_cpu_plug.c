/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_cpu_plug.c - processors through device_add, the guest's CPU hotplug registers and device_del. */
#include <string.h>

#include "machine_fixture.h"

#define SELECTOR 0xaf00
#define FLAGS    0xaf04
#define COMMAND  0xaf05
#define DATA     0xaf08
#define GPE_STS  0xafe0
#define GPE_EN   0xafe2
#define GPE_CPU  4u
#define SCI      9

#define ENABLED   1u
#define INSERTING 2u
#define REMOVING  4u
#define EJECT     8u

#define CPU(id, socket, core)                                                              \
    "{'driver':'qemu64-x86_64-cpu','id':'" id "','socket-id':" #socket ",'core-id':" #core \
    ",'thread-id':0}"

/* Two of six: two sockets of three cores, so that the fourth has APIC ID 4. */
static struct machine_fixture *listening(void)
{
    struct machine_fixture *fixture =
        machine_fixture_create("-smp 2,maxcpus=6,sockets=2,cores=3,threads=1");

    if (fixture->machine == NULL) {
        fail_msg("%s", fixture->error);
    }
    machine_fixture_port_write(fixture, 0xb2, 0xf1, 1);
    machine_fixture_port_write(fixture, GPE_EN, GPE_CPU, 1);
    return fixture;
}

static unsigned flags_of(struct machine_fixture *fixture, unsigned cpu)
{
    machine_fixture_port_write(fixture, SELECTOR, cpu, 4);
    return (unsigned)machine_fixture_port_read(fixture, FLAGS, 1);
}

static uint64_t next_event(struct machine_fixture *fixture, unsigned from)
{
    machine_fixture_port_write(fixture, SELECTOR, from, 4);
    machine_fixture_port_write(fixture, COMMAND, 0, 1);
    return machine_fixture_port_read(fixture, DATA, 4);
}

static void add(struct machine_fixture *fixture, const char *arguments)
{
    const char *error = machine_fixture_device_add(fixture, arguments);

    if (error != NULL) {
        fail_msg("%s", error);
    }
}

static void report(struct machine_fixture *fixture, unsigned cpu, unsigned event, unsigned status)
{
    machine_fixture_port_write(fixture, SELECTOR, cpu, 4);
    machine_fixture_port_write(fixture, COMMAND, 1, 1);
    machine_fixture_port_write(fixture, DATA, event, 4);
    machine_fixture_port_write(fixture, COMMAND, 2, 1);
    machine_fixture_port_write(fixture, DATA, status, 4);
}

static void test_registers(void **state)
{
    struct machine_fixture *fixture = listening();

    (void)state;
    for (unsigned cpu = 0; cpu < 6; cpu++) {
        assert_int_equal(flags_of(fixture, cpu), cpu < 2 ? ENABLED : 0);
        machine_fixture_port_write(fixture, COMMAND, 3, 1);
        assert_int_equal(machine_fixture_port_read(fixture, DATA, 4), cpu < 3 ? cpu : cpu + 1);
        assert_int_equal(machine_fixture_port_read(fixture, SELECTOR, 4), 0);
    }
    /* Nothing has happened: the selection stays. */
    assert_int_equal(next_event(fixture, 3), 3);
    /* Beyond the last one everything reads as 0 and nothing acts. */
    machine_fixture_port_write(fixture, SELECTOR, 6, 4);
    assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), 0);
    assert_int_equal(machine_fixture_port_read(fixture, DATA, 4), 0);
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    machine_fixture_port_write(fixture, COMMAND, 3, 1);
    machine_fixture_port_write(fixture, SELECTOR, 1, 4);
    assert_int_equal(machine_fixture_port_read(fixture, DATA, 4),
                     1); /* as command 0, none was taken */
    /* The first processor stays, and so does the machine when a place is empty. */
    machine_fixture_port_write(fixture, SELECTOR, 0, 4);
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    machine_fixture_port_write(fixture, SELECTOR, 5, 4);
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_int_equal(flags_of(fixture, 0), ENABLED);
    assert_int_equal(fixture->machine->cpu_count, 2);
    machine_fixture_destroy(fixture);
}

static void test_plug_and_unplug(void **state)
{
    struct machine_fixture *fixture = listening();
    g_autofree char *before = machine_fixture_dump(fixture);
    g_autofree char *after = NULL;

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        add(fixture, CPU("c4", 1, 1));
        assert_int_equal(fixture->machine->cpus[4]->apic_id, 5);
        assert_int_equal(fixture->machine->cpu_count, 3);
        assert_int_equal(fixture->levels[SCI], 1);
        assert_int_equal(machine_fixture_port_read(fixture, GPE_STS, 1), GPE_CPU);
        machine_fixture_port_write(fixture, GPE_STS, GPE_CPU, 1);
        assert_int_equal(fixture->levels[SCI], 0);
        assert_int_equal(next_event(fixture, 0), 4);
        assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED | INSERTING);
        machine_fixture_port_write(fixture, FLAGS, INSERTING, 1);
        assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED);
        assert_int_equal(next_event(fixture, 5), 5);
        report(fixture, 4, 1, 0);
        assert_non_null(strstr(machine_fixture_events(fixture), "\"slot-type\":\"CPU\""));
        assert_non_null(strstr(machine_fixture_command(fixture, "cpus"), "\"cpu-index\": 4"));

        assert_null(machine_fixture_device_del(fixture, "c4"));
        assert_string_equal(machine_fixture_device_del(fixture, "c4"),
                            "Device c4 is already in the process of unplug");
        machine_fixture_port_write(fixture, GPE_STS, GPE_CPU, 1);
        assert_int_equal(next_event(fixture, 2), 4);
        assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), ENABLED | REMOVING);
        machine_fixture_port_write(fixture, FLAGS, REMOVING, 1);
        machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
        assert_int_equal(machine_fixture_port_read(fixture, FLAGS, 1), 0);
        assert_non_null(strstr(machine_fixture_events(fixture), "DEVICE_DELETED"));
        assert_int_equal(fixture->machine->cpu_count, 2);
    }
    report(fixture, 4, 0, 0);
    machine_fixture_port_write(fixture, COMMAND, 0, 1);
    machine_fixture_port_write(fixture, SELECTOR, 0, 4);
    after = machine_fixture_dump(fixture);
    assert_string_equal(before, after);
    machine_fixture_destroy(fixture);
}

static void test_refusals(void **state)
{
    static const char *const rows[][2] = {
        { "{'driver':'qemu64-x86_64-cpu'}", "CPU socket-id is not set" },
        { "{'driver':'qemu64-x86_64-cpu','socket-id':0}", "CPU core-id is not set" },
        { "{'driver':'qemu64-x86_64-cpu','socket-id':0,'core-id':0}", "CPU thread-id is not set" },
        { CPU("a", 2, 0), "Invalid CPU socket-id: 2 must be in range 0:1" },
        { CPU("a", -7, 0), "Invalid CPU socket-id: -7 must be in range 0:1" },
        { CPU("a", 0, 3), "Invalid CPU core-id: 3 must be in range 0:2" },
        { "{'driver':'qemu64-x86_64-cpu','socket-id':0,'core-id':0,'thread-id':1}",
          "Invalid CPU thread-id: 1 must be in range 0:0" },
        { "{'driver':'qemu64-x86_64-cpu','socket-id':0,'core-id':2,'thread-id':0,'die-id':1}",
          "Invalid CPU die-id: 1 must be in range 0:0" },
        { "{'driver':'qemu64-x86_64-cpu','socket-id':0,'core-id':2,'thread-id':0,'node-id':1}",
          "node-id=1 must match numa node specified with -numa option" },
        { CPU("a", 0, 1), "CPU[1] with APIC ID 1 exists" },
        { "{'driver':'max-x86_64-cpu','socket-id':1,'core-id':0,'thread-id':0}",
          "Invalid CPU type, expected cpu type: 'qemu64-x86_64-cpu'" },
        { "{'driver':'x86_64-cpu','socket-id':1,'core-id':0,'thread-id':0}",
          "Parameter 'driver' expects a non-abstract device type" },
    };
    struct machine_fixture *fixture = listening();
    g_autofree char *before = machine_fixture_dump(fixture);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *error = machine_fixture_device_add(fixture, rows[i][0]);
        g_autofree char *after = NULL;

        assert_non_null(error);
        assert_string_equal(error, rows[i][1]);
        after = machine_fixture_dump(fixture);
        assert_string_equal(before, after);
    }
    assert_string_equal(machine_fixture_device_del(fixture, "/machine/unattached/device[0]"),
                        "Boot CPU is unpluggable");
    machine_fixture_destroy(fixture);
}

/* The guest says no, and is asked again. */
static void test_refused_by_guest(void **state)
{
    struct machine_fixture *fixture = listening();
    const char *events;

    (void)state;
    add(fixture, CPU("c2", 0, 2));
    assert_null(machine_fixture_device_del(fixture, "c2"));
    (void)machine_fixture_events(fixture);
    report(fixture, 2, 3, 0x82);
    events = machine_fixture_events(fixture);
    assert_non_null(strstr(events, "ACPI_DEVICE_OST"));
    assert_non_null(strstr(events, "DEVICE_UNPLUG_GUEST_ERROR"));
    assert_null(strstr(events, "MEM_UNPLUG_ERROR")); /* it is no memory */
    assert_null(machine_fixture_device_del(fixture, "c2"));
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_non_null(strstr(machine_fixture_events(fixture), "DEVICE_DELETED"));
    machine_fixture_destroy(fixture);
}

/* One that was there from the start goes as well, and its place can be taken again. A reset keeps what is plugged. */
static void test_boot_processor_leaves(void **state)
{
    struct machine_fixture *fixture = listening();

    (void)state;
    assert_null(machine_fixture_device_del(fixture, "/machine/unattached/device[1]"));
    assert_int_equal(next_event(fixture, 0), 1);
    machine_fixture_port_write(fixture, FLAGS, EJECT, 1);
    assert_null(fixture->machine->cpus[1]);
    assert_null(machine_fixture_command(fixture, "reset"));
    add(fixture, CPU("c1", 0, 1));
    assert_null(machine_fixture_command(fixture, "reset"));
    assert_int_equal(flags_of(fixture, 1), ENABLED | INSERTING);
    machine_fixture_destroy(fixture);
}

/*
 * The host fails at any point of a plug: the error comes back, the machine is as before, and the next plug works, with the
 * vCPU that KVM has already.
 */
static void test_plug_undone(void **state)
{
    static const char *const points[] = { "kvm_create_vcpu", "kvm_set_cpuid", "kvm_get_sregs",
                                          "kvm_set_sregs",   "kvm_set_regs",  "kvm_irq_line" };
    struct machine_fixture *fixture = listening();
    g_autofree char *before = machine_fixture_dump(fixture);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autofree char *fault = g_strdup_printf("%s=ENOMEM", points[i]);
        g_autofree char *after = NULL;
        const char *error;

        assert_null(machine_fixture_fault(fixture, fault));
        error = machine_fixture_device_add(fixture, CPU("c3", 1, 0));
        if (error == NULL) {
            fail_msg("%s did not fail", points[i]);
        }
        assert_non_null(strstr(error, "Cannot allocate memory"));
        after = machine_fixture_dump(fixture);
        assert_string_equal(before, after);
    }
    add(fixture, CPU("c3", 1, 0));
    assert_int_equal(kvm_vcpu_count(fixture->machine->kvm), 3);
    machine_fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_plug_and_unplug),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refused_by_guest),
        cmocka_unit_test(test_boot_processor_leaves),
        cmocka_unit_test(test_plug_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
