/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_machine.c - how a machine comes up: memory map, processors, objects; and that a failure at any point leaves nothing. */
#include <string.h>

#include "hw/core/device.h"
#include "machine_fixture.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull

static void test_memory_map(void **state)
{
    static const struct {
        const char *line;
        uint64_t below, above, device_base, device_bytes;
    } rows[] = {
        { "-m 64M", 64 * MIB, 0, 4 * GIB, 0 },
        { "-m 64M,slots=4,maxmem=2G", 64 * MIB, 0, 4 * GIB, 2 * GIB - 64 * MIB + 4 * GIB },
        /* Less than 3.5 GiB lie below 4 GiB in one piece; from there on it is 3 GiB. */
        { "-m 3583M", 3583 * MIB, 0, 4 * GIB, 0 },
        { "-m 3584M", 3 * GIB, 512 * MIB, 5 * GIB, 0 },
        { "-m 5G,slots=2,maxmem=10G", 3 * GIB, 2 * GIB, 6 * GIB, 7 * GIB },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct machine_fixture *fixture = machine_fixture_create(rows[i].line);
        const struct machine *machine = fixture->machine;

        assert_non_null(machine);
        assert_int_equal(machine->below_4g_bytes, rows[i].below);
        assert_int_equal(machine->above_4g_bytes, rows[i].above);
        assert_int_equal(machine->device_memory.base, rows[i].device_base);
        assert_int_equal(machine->device_memory.size, rows[i].device_bytes);
        assert_int_equal(fixture->slots[0].guest_phys_addr, 0);
        assert_int_equal(fixture->slots[0].memory_size, rows[i].below);
        if (rows[i].above != 0) {
            assert_int_equal(fixture->slots[1].guest_phys_addr, 4 * GIB);
            assert_int_equal(fixture->slots[1].memory_size, rows[i].above);
            assert_int_equal(fixture->slots[1].userspace_addr,
                             fixture->slots[0].userspace_addr + rows[i].below);
        }
        machine_fixture_destroy(fixture);
    }
}

static void test_backend_as_ram(void **state)
{
    struct machine_fixture *fixture = machine_fixture_create(
        "-m 64M -machine pc,memory-backend=r -object memory-backend-memfd,id=r,size=64M");

    (void)state;
    assert_non_null(fixture->machine);
    assert_int_equal(fixture->slots[0].memory_size, 64 * MIB);
    assert_string_equal(machine_fixture_object_del(fixture, "r"),
                        "object 'r' is in use, can not be deleted");
    machine_fixture_destroy(fixture);
}

/* Two nodes' backends, one behind the other. */
static void test_numa(void **state)
{
    static const char first[] = "node zero", second[] = "node one";
    struct machine_fixture *fixture = machine_fixture_create(
        "-m 64M -object memory-backend-ram,id=a,size=16M -object memory-backend-ram,id=b,size=48M "
        "-smp 4,sockets=2,cores=2,threads=1 -numa node,nodeid=1,memdev=b,cpus=1-2 "
        "-numa node,nodeid=0,memdev=a -numa cpu,node-id=1,socket-id=1,core-id=1");
    struct address_space *space;
    char *host_a, *host_b;

    (void)state;
    assert_non_null(fixture->machine);
    assert_int_equal(fixture->slots[0].memory_size, 16 * MIB);
    assert_int_equal(fixture->slots[1].guest_phys_addr, 16 * MIB);
    assert_int_equal(fixture->slots[1].memory_size, 48 * MIB);
    space = fixture->machine->memory_space;
    assert_true(address_space_write(space, 0x1000, first, sizeof(first)));
    assert_true(address_space_write(space, 16 * MIB, second, sizeof(second)));
    host_a = (char *)(uintptr_t)fixture->slots[0].userspace_addr; /* NOLINT */
    host_b = (char *)(uintptr_t)fixture->slots[1].userspace_addr; /* NOLINT */
    /* Memory by number of the node, whatever the order; a processor that nothing names is in node 0. */
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pc_cpu_node(fixture->machine, i), i != 0);
        assert_int_equal(fixture->machine->cpus[i]->node_id, i != 0);
    }
    assert_string_equal(host_a + 0x1000, first);
    assert_string_equal(host_b, second);
    machine_fixture_destroy(fixture);
}

/* A distance that goes one way holds for the other, unless some pair has two. */
static void test_numa_distances(void **state)
{
    static const uint8_t symmetric[] = { 10, 15, 30, 15, 10, 255, 30, 255, 10 };
    static const uint8_t asymmetric[] = { 10, 20, 21, 10 };
    struct machine_fixture *fixture = machine_fixture_create(
        "-m 64M -object memory-backend-ram,id=a,size=64M -numa node,memdev=a -numa node -numa node "
        "-numa dist,src=0,dst=1,val=99 -numa dist,src=0,dst=1,val=15 -numa dist,src=2,dst=0,val=30 "
        "-numa dist,src=1,dst=2,val=255 -numa dist,src=1,dst=1,val=10");

    (void)state;
    assert_non_null(fixture->machine);
    assert_true(fixture->machine->numa.has_distances);
    assert_memory_equal(fixture->machine->numa.distances, symmetric, sizeof(symmetric));
    machine_fixture_destroy(fixture);

    fixture = machine_fixture_create(
        "-m 64M -object memory-backend-ram,id=a,size=64M -numa node,memdev=a -numa node "
        "-numa dist,src=0,dst=1,val=20 -numa dist,src=1,dst=0,val=21");
    assert_non_null(fixture->machine);
    assert_memory_equal(fixture->machine->numa.distances, asymmetric, sizeof(asymmetric));
    machine_fixture_destroy(fixture);
}

static void test_refused(void **state)
{
    static const char *const rows[][2] = {
        { "-m 64M -machine memory-backend=nope", "Memory backend 'nope' not found" },
        { "-m 64M -machine memory-backend=r -object memory-backend-ram,id=r,size=32M",
          "Machine memory size does not match the size of the memory backend" },
        { "-m 32M -machine memory-backend=r -object memory-backend-ram,id=r,size=32M -numa "
          "node,memdev=r",
          "'-machine memory-backend' and '-numa memdev' properties are mutually exclusive" },
        { "-m 64M -object memory-backend-ram,id=r,size=32M -numa node,memdev=r",
          "total memory for NUMA nodes (0x2000000) should equal RAM size (0x4000000)" },
        { "-m 64M -object memory-backend-ram,id=r,size=32M -numa node,memdev=r -numa "
          "node,memdev=r",
          "-numa: memory backend r can't be used multiple times." },
        { "-m 64M -numa node,memdev=x", "-numa: Memory backend 'x' not found" },
        { "-m 64M -numa node,mem=64M", "Parameter -numa node,mem is not supported" },
        { "-m 64M -numa foo", "Parameter 'type' does not accept value 'foo'" },
        { "-m 64M -numa node,nodeid=1", "numa: Node ID missing: 0" },
        { "-m 64M -numa node -numa node,nodeid=0", "-numa: Duplicate NUMA nodeid: 0" },
        { "-m 64M -numa node,nodeid=128", "-numa: Max number of NUMA nodes reached: 128" },
        { "-m 64M -numa node,nodeid=x", "Parameter 'nodeid' expects a number, got 'x'" },
        { "-m 64M -numa node,cpus=1", "CPU index (1) should be smaller than maxcpus (1)" },
        { "-m 64M -numa node,cpus=1-0", "Parameter 'cpus' expects a processor or a range" },
        { "-m 64M -numa cpu,node-id=0", "-numa: Invalid node-id=0, NUMA node must be defined" },
        { "-m 64M -numa node -numa cpu,node-id=0,socket-id=1", "-numa: no match found" },
        { "-m 64M -numa node -numa dist,src=0,dst=1,val=15",
          "Source/Destination NUMA node is missing." },
        { "-m 64M -numa node -numa dist,src=128,dst=0,val=15",
          "Parameter 'src' expects an integer between 0 and 127" },
        { "-m 64M -numa node -numa dist,src=0,dst=x,val=15",
          "Parameter 'dst' expects a number, got 'x'" },
        { "-m 64M -numa node -numa dist,src=0,dst=0", "Parameter 'val' is missing" },
        { "-m 64M -numa node -numa node -numa dist,src=0,dst=1,val=256",
          "Parameter 'val' expects uint8_t" },
        { "-m 64M -numa node -numa node -numa dist,src=0,dst=1,val=9",
          "NUMA distance (9) is invalid, it shouldn't be less than 10." },
        { "-m 64M -numa node -numa dist,src=0,dst=0,val=11",
          "Local distance of node 0 should be 10." },
        { "-m 64M -numa node -numa node -numa node -numa dist,src=0,dst=1,val=15 "
          "-numa dist,src=2,dst=0,val=15",
          "The distance between node 1 and 2 is missing, at least one" },
        { "-m 64M -numa node -numa node -numa node -numa dist,src=0,dst=1,val=15 "
          "-numa dist,src=1,dst=0,val=16 -numa dist,src=2,dst=0,val=15 -numa dist,src=2,dst=1,val=15",
          "At least one asymmetrical pair of distances is given" },
        { "-m 64M -numa node", "total memory for NUMA nodes (0x0) should equal RAM size" },
        { "-m 64M,slots=2,maxmem=300000001", "must by aligned to multiple of 4096 bytes" },
        { "-m 999999999G", "is too large" },
        { "-chardev null,id=a -chardev null,id=a", "Duplicate ID 'a' for chardev" },
        { "-chardev nonsense,id=a", "nonsense" },
        { "-serial foo:bar", "-serial foo:bar: 'foo:bar' is not a valid char driver" },
        { "-serial chardev:b", "chardev \"b\" not found" },
        { "-serial null -device isa-serial,chardev=serial0", "Device 'serial0' is in use" },
        { "-serial null -serial null -serial null -serial null -serial null",
          "too many serial ports; expected at most 4" },
        { "-device foo", "'foo' is not a valid device model name" },
        { "-device pc-dimm", "no slots where allocated" },
        { "-device isa-serial,foo=1", "Property 'isa-serial.foo' not found" },
        { "-object foo,id=a", "Parameter 'qom-type' does not accept value 'foo'" },
        { "-object memory-backend-ram,id=a", "Parameter 'size' is missing" },
        { "-kernel /nonexistent", "-kernel: cannot open '/nonexistent'" },
        { "-kernel /dev/null", "-kernel /dev/null: no multiboot header" },
        { "-machine none -object memory-backend-ram,id=r,size=4M -device pc-dimm,memdev=r",
          "Device 'pc-dimm' can not be hotplugged on this machine" },
        { "-machine none -device isa-serial", "No 'ISA' bus found for device 'isa-serial'" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct machine_fixture *fixture = machine_fixture_create(rows[i][0]);

        if (fixture->machine != NULL) {
            fail_msg("'%s' was accepted", rows[i][0]);
        }
        if (strstr(fixture->error, rows[i][1]) == NULL) {
            fail_msg("'%s' gave '%s', expected '%s'", rows[i][0], fixture->error, rows[i][1]);
        }
        machine_fixture_destroy(fixture);
    }
}

/* Lets the nth call of every fault point fail, until a machine comes up without meeting it. A half
 * of a machine must go as cleanly as a whole one (the sanitizers see to that). */
static void test_every_failure_on_the_way_up(void **state)
{
    (void)state;
    for (unsigned point = 0; point < FAULT_POINT_COUNT; point++) {
        bool came_up = false;

        for (unsigned nth = 1; !came_up; nth++) {
            const char *name = fault_point_name((enum fault_point)point);
            g_autofree char *line = g_strdup_printf(
                "-m 64M,slots=4,maxmem=2G -smp 2 -serial null -object "
                "memory-backend-memfd,id=m0,size=64M,prealloc=on -device "
                "pc-dimm,id=d0,memdev=m0 -device isa-debug-exit -fault %s=EIO,at=%u",
                name, nth);
            struct machine_fixture *fixture = machine_fixture_create(line);

            came_up = fixture->machine != NULL;
            if (came_up) {
                /* The fault was not reached: it is still armed. */
                assert_int_not_equal(fixture->machine->faults.points[point].error, 0);
            } else {
                assert_int_not_equal(strlen(fixture->error), 0);
            }
            assert_true(nth < 1000);
            machine_fixture_destroy(fixture);
        }
    }
}

static void test_processors(void **state)
{
    static const struct {
        uint32_t socket, core, thread, apic_id;
    } places[] = { { 0, 0, 0, 0 }, { 0, 1, 0, 1 }, { 0, 2, 0, 2 },
                   { 1, 0, 0, 4 }, { 1, 1, 0, 5 }, { 1, 2, 0, 6 } };
    struct machine_fixture *fixture = machine_fixture_create("-smp 6,sockets=2,cores=3,threads=1");

    (void)state;
    assert_int_equal(fixture->machine->cpu_count, 6);
    for (unsigned i = 0; i < 6; i++) {
        const struct x86_cpu *cpu = fixture->machine->cpus[i];

        assert_int_equal(cpu->cpu_index, i);
        assert_int_equal(cpu->socket_id, places[i].socket);
        assert_int_equal(cpu->core_id, places[i].core);
        assert_int_equal(cpu->thread_id, places[i].thread);
        assert_int_equal(cpu->apic_id, places[i].apic_id);
    }
    machine_fixture_destroy(fixture);
}

static void expect_type(struct machine *machine, const char *path, const char *type)
{
    struct object *object = object_resolve_path(machine->root, path, NULL);

    if (object == NULL) {
        fail_msg("no object %s", path);
    }
    assert_string_equal(object_type_name(object), type);
}

static void test_object_tree(void **state)
{
    struct machine_fixture *fixture = machine_fixture_create("-serial null -device isa-debug-exit");
    struct machine *machine = fixture->machine;

    (void)state;
    expect_type(machine, "/machine", "pc-i440fx-7.2-machine");
    expect_type(machine, "/machine/i440fx", "i440FX-pcihost");
    expect_type(machine, "/machine/i440fx/pci.0", "PCI");
    expect_type(machine, "/machine/i440fx/ioapic", "kvm-ioapic");
    expect_type(machine, "/machine/unattached/device[0]", "qemu64-x86_64-cpu");
    expect_type(machine, "/machine/peripheral", "container");
    expect_type(machine, "/machine/peripheral-anon/device[0]", "isa-debug-exit");
    expect_type(machine, "/objects", "container");
    assert_true(object_is_a(machine->machine_object, "generic-pc-machine"));
    assert_non_null(object_interface(machine->machine_object, TYPE_HOTPLUG_HANDLER));
    machine_fixture_destroy(fixture);

    fixture = machine_fixture_create("-machine none");
    expect_type(fixture->machine, "/machine", "none-machine");
    assert_null(fixture->machine->kvm);
    machine_fixture_destroy(fixture);
}

static void test_objects(void **state)
{
    static const char *const refused[][2] = {
        { "{}", "Parameter 'qom-type' is missing" },
        { "{'qom-type':'memory-backend-ram'}", "Parameter 'id' is missing" },
        { "{'qom-type':3,'id':'a'}", "Invalid parameter type for 'qom-type', expected: string" },
        { "{'qom-type':'memory-backend-ram','id':'a','props':7}",
          "Invalid parameter type for 'props', expected: object" },
        { "{'qom-type':'memory-backend-ram','id':'m0','size':4194304}",
          "attempt to add duplicate property 'm0' to object (type 'container')" },
        { "{'qom-type':'memory-backend-ram','id':'a','size':4194304,'foo':1}",
          "Parameter 'foo' is unexpected" },
        { "{'qom-type':'pc-dimm','id':'a'}", "Parameter 'qom-type' does not accept value" },
    };
    struct machine_fixture *fixture = machine_fixture_create("-m 64M");
    g_autofree char *before = NULL;

    (void)state;
    assert_null(machine_fixture_object_add(
        fixture, "{'qom-type':'memory-backend-ram','id':'m0','props':{'size':4194304}}"));
    before = machine_fixture_dump(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        const char *error = machine_fixture_object_add(fixture, refused[i][0]);
        g_autofree char *after = NULL;

        assert_non_null(error);
        if (strstr(error, refused[i][1]) == NULL) {
            fail_msg("%s gave '%s'", refused[i][0], error);
        }
        after = machine_fixture_dump(fixture);
        assert_string_equal(before, after);
    }
    assert_string_equal(machine_fixture_object_del(fixture, "m1"), "object 'm1' not found");
    assert_null(machine_fixture_object_del(fixture, "m0"));
    machine_fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_map), cmocka_unit_test(test_backend_as_ram),
        cmocka_unit_test(test_numa),       cmocka_unit_test(test_numa_distances),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_every_failure_on_the_way_up),
        cmocka_unit_test(test_processors), cmocka_unit_test(test_object_tree),
        cmocka_unit_test(test_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
