/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_acpi_tables.c - from the RSDP to every table as an operating system goes: addresses,
 * checksums, contents.
 */
#include "base/bytes.h"
#include "base/error.h"
#include "hw/firmware/acpi_tables.h"
#include "hw/firmware/boot_layout.h"
#include "hw/firmware/flat_memory.h"

#define MIB       0x100000ull
#define GIB       0x40000000ull
#define RAM_BYTES (4 * MIB)
#define CPUS      3u

struct bench {
    struct acpi_cpu cpus[CPUS];
    struct acpi_config config;
    struct acpi_tables *tables;
    struct flat_memory memory;
    uint64_t gpa;
};

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    flat_memory_init(&bench->memory, RAM_BYTES);
    bench->cpus[0] = (struct acpi_cpu){ .apic_id = 0, .present = true };
    bench->cpus[1] = (struct acpi_cpu){ .apic_id = 2, .node = 1, .present = true };
    bench->cpus[2] = (struct acpi_cpu){ .apic_id = 4 };
    bench->config = (struct acpi_config){
        .cpus = bench->cpus, .cpu_count = CPUS, .below_4g_bytes = RAM_BYTES, .serial_ports = 1
    };
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    acpi_tables_destroy(bench->tables);
    flat_memory_fini(&bench->memory);
    g_free(bench);
    return 0;
}

static void build(struct bench *bench)
{
    bench->tables = acpi_tables_create(&bench->config);
    bench->gpa = acpi_tables_place(bench->tables, RAM_BYTES);
    assert_true(acpi_tables_write(bench->tables, &bench->memory.port, NULL));
}

static const uint8_t *at(const struct bench *bench, uint64_t gpa)
{
    assert_true(gpa < bench->memory.size);
    return bench->memory.bytes + gpa;
}

static void expect_sum_zero(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    assert_int_equal(sum, 0);
}

/* The table in guest memory that the XSDT lists, by signature. */
static const uint8_t *listed(const struct bench *bench, const char *signature)
{
    const uint8_t *xsdt = at(bench, bytes_load_le64(at(bench, BOOT_RSDP_GPA + 24)));

    for (uint32_t i = 36; i < bytes_load_le32(xsdt + 4); i += 8) {
        const uint8_t *table = at(bench, bytes_load_le64(xsdt + i));

        if (memcmp(table, signature, 4) == 0) {
            return table;
        }
    }
    return NULL;
}

static void test_roots(void **state)
{
    struct bench *bench = *state;
    const uint8_t *rsdp = at(bench, BOOT_RSDP_GPA);
    const uint8_t *rsdt, *xsdt;

    bench->config.hpet_block_id = 0x8086a201;
    bench->config.memory_slots = 2;
    bench->config.device_memory_base = 8 * GIB;
    bench->config.device_memory_bytes = 4 * GIB;
    build(bench);
    assert_memory_equal(rsdp, "RSD PTR ", 8);
    assert_int_equal(rsdp[15], 2);
    assert_int_equal(bytes_load_le32(rsdp + 20), 36);
    expect_sum_zero(rsdp, 20);
    expect_sum_zero(rsdp, 36);
    rsdt = at(bench, bytes_load_le32(rsdp + 16));
    xsdt = at(bench, bytes_load_le64(rsdp + 24));
    assert_memory_equal(rsdt, "RSDT", 4);
    assert_memory_equal(xsdt, "XSDT", 4);
    expect_sum_zero(rsdt, bytes_load_le32(rsdt + 4));
    expect_sum_zero(xsdt, bytes_load_le32(xsdt + 4));
    assert_int_equal(bytes_load_le32(rsdt + 4), 36 + 9 * 4);
    assert_int_equal(bytes_load_le32(xsdt + 4), 36 + 9 * 8);
    for (unsigned i = 0; i < 9; i++) {
        uint64_t gpa = bytes_load_le64(xsdt + 36 + (size_t)i * 8);

        assert_int_equal(bytes_load_le32(rsdt + 36 + (size_t)i * 4), gpa);
        assert_true(gpa >= bench->gpa);
        assert_int_equal(gpa % 8, 0);
        expect_sum_zero(at(bench, gpa), bytes_load_le32(at(bench, gpa + 4)));
    }
    assert_non_null(listed(bench, "FACP"));
    assert_non_null(listed(bench, "APIC"));
    assert_non_null(listed(bench, "HPET"));
    assert_non_null(listed(bench, "SRAT"));
    assert_non_null(listed(bench, "SSDT"));
    assert_int_equal(bench->gpa % BOOT_PAGE_BYTES, 0);
    assert_int_equal(bench->gpa + acpi_tables_bytes(bench->tables), RAM_BYTES);
}

static void expect_port(const uint8_t *gas, unsigned bits, uint32_t port)
{
    assert_int_equal(gas[0], 1);
    assert_int_equal(gas[1], bits);
    assert_int_equal(gas[2], 0);
    assert_int_equal(bytes_load_le64(gas + 4), port);
}

static void test_fadt(void **state)
{
    struct bench *bench = *state;
    const uint8_t *fadt, *dsdt, *facs;

    bench->config.has_i8042 = true;
    build(bench);
    fadt = listed(bench, "FACP");
    assert_int_equal(bytes_load_le32(fadt + 4), 276);
    assert_int_equal(fadt[8], 6);
    facs = at(bench, bytes_load_le32(fadt + 36));
    dsdt = at(bench, bytes_load_le32(fadt + 40));
    assert_ptr_equal(facs, at(bench, bytes_load_le64(fadt + 132)));
    assert_ptr_equal(dsdt, at(bench, bytes_load_le64(fadt + 140)));
    assert_memory_equal(facs, "FACS", 4);
    assert_int_equal((facs - bench->memory.bytes) % 64, 0);
    assert_memory_equal(dsdt, "DSDT", 4);
    expect_sum_zero(dsdt, bytes_load_le32(dsdt + 4));
    assert_int_equal(bytes_load_le16(fadt + 46), 9);
    assert_int_equal(bytes_load_le32(fadt + 48), 0xb2);
    assert_int_equal(fadt[52], 0xf1);
    assert_int_equal(fadt[53], 0xf0);
    assert_int_equal(bytes_load_le32(fadt + 56), 0xb000);
    assert_int_equal(bytes_load_le32(fadt + 64), 0xb004);
    assert_int_equal(bytes_load_le32(fadt + 76), 0xb008);
    assert_int_equal(bytes_load_le32(fadt + 80), 0xafe0);
    assert_memory_equal(fadt + 88, "\4\2\0\4\4\0\0\0", 8);
    expect_port(fadt + 148, 32, 0xb000);
    expect_port(fadt + 172, 16, 0xb004);
    expect_port(fadt + 208, 32, 0xb008);
    expect_port(fadt + 220, 32, 0xafe0);
    expect_port(fadt + 116, 8, 0xcf9);
    assert_int_equal(fadt[128], 6);
    assert_true((bytes_load_le32(fadt + 112) & 1u << 10) != 0); /* the reset register counts */
    assert_int_equal(bytes_load_le32(fadt + 112) & 1u << 8, 0); /* the timer has 24 bits */
    assert_int_equal(bytes_load_le16(fadt + 109), 7);           /* legacy, 8042, no VGA */
}

static void test_fadt_follows_devices(void **state)
{
    struct bench *bench = *state;

    const uint8_t *fadt;

    bench->config.has_vga = true;
    bench->config.pm_base = ACPI_SEABIOS_PM_BASE;
    build(bench);
    fadt = listed(bench, "FACP");
    assert_int_equal(bytes_load_le32(fadt + 56), 0x600);
    assert_int_equal(bytes_load_le32(fadt + 64), 0x604);
    expect_port(fadt + 172, 16, 0x604);
    expect_port(fadt + 208, 32, 0x608);
    assert_int_equal(bytes_load_le16(listed(bench, "FACP") + 109), 1);
    assert_null(listed(bench, "HPET"));
    assert_null(listed(bench, "SRAT"));
    assert_null(listed(bench, "SLIT"));
}

static void test_madt(void **state)
{
    /* LAPICs 0, 2, 4 (not there yet), IOAPIC, overrides, NMI */
    static const uint8_t expected[] = {
        0,  8,  0, 0, 1,  0, 0,    0, /* UID 0 */
        0,  8,  1, 2, 1,  0, 0,    0, /* UID 1 */
        0,  8,  2, 4, 0,  0, 0,    0, /* UID 2 */
        1,  12, 0, 0, 0,  0, 0xc0, 0xfe, 0, 0,  0,  0, 2, 10, 0,  0, 2, 0,  0,    0, 0,  0, 2,
        10, 0,  5, 5, 0,  0, 0,    13,   0, 2,  10, 0, 9, 9,  0,  0, 0, 13, 0,    2, 10, 0, 10,
        10, 0,  0, 0, 13, 0, 2,    10,   0, 11, 11, 0, 0, 0,  13, 0, 4, 6,  0xff, 0, 0,  1,
    };
    struct bench *bench = *state;
    const uint8_t *madt;

    build(bench);
    madt = listed(bench, "APIC");
    assert_int_equal(bytes_load_le32(madt + 36), 0xfee00000);
    assert_int_equal(bytes_load_le32(madt + 40), 1);
    assert_int_equal(bytes_load_le32(madt + 4), 44 + sizeof(expected));
    assert_memory_equal(madt + 44, expected, sizeof(expected));
}

static void test_madt_x2apic(void **state)
{
    static const uint8_t expected[] = { 9, 16, 0, 0, 255, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 };
    static const uint8_t nmi[] = { 10, 12, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0 };
    struct bench *bench = *state;
    const uint8_t *madt;

    bench->cpus[1].apic_id = 255;
    build(bench);
    madt = listed(bench, "APIC");
    assert_memory_equal(madt + 44 + 8, expected, sizeof(expected));
    assert_memory_equal(madt + bytes_load_le32(madt + 4) - sizeof(nmi), nmi, sizeof(nmi));
}

struct range {
    uint64_t base, bytes;
    uint32_t node, flags;
};

static void expect_affinity(const uint8_t *entry, struct range range)
{
    assert_int_equal(entry[0], 1);
    assert_int_equal(entry[1], 40);
    assert_int_equal(bytes_load_le32(entry + 2), range.node);
    assert_int_equal(bytes_load_le64(entry + 8), range.base);
    assert_int_equal(bytes_load_le64(entry + 16), range.bytes);
    assert_int_equal(bytes_load_le32(entry + 28), range.flags);
}

static const uint8_t *srat_of(struct bench *bench, uint32_t *out_bytes)
{
    const uint8_t *srat;

    bench->tables = acpi_tables_create(&bench->config);
    srat = acpi_tables_find(bench->tables, "SRAT", 0, out_bytes);
    assert_non_null(srat);
    return srat;
}

static void test_srat_nodes(void **state)
{
    static const uint64_t nodes[] = { 2 * GIB, 3 * GIB };
    struct bench *bench = *state;
    const uint8_t *srat;
    uint32_t bytes;

    bench->config.below_4g_bytes = 3 * GIB;
    bench->config.above_4g_bytes = 2 * GIB;
    bench->config.node_bytes = nodes;
    bench->config.node_count = 2;
    bench->config.memory_slots = 4;
    bench->config.device_memory_base = 6 * GIB;
    bench->config.device_memory_bytes = 8 * GIB;
    srat = srat_of(bench, &bytes);
    assert_int_equal(bytes, 48 + 3 * 16 + 5 * 40);
    assert_memory_equal(srat + 48 + 16, "\0\20\1\2\1\0\0\0\0\0\0\0\0\0\0\0",
                        16); /* APIC 2, node 1 */
    srat += 48 + 3 * 16;
    expect_affinity(srat, (struct range){ 0, 0xa0000, 0, 1 });
    expect_affinity(srat + 40, (struct range){ MIB, 2 * GIB - MIB, 0, 1 });
    expect_affinity(srat + 80, (struct range){ 2 * GIB, GIB, 1, 1 });
    expect_affinity(srat + 120, (struct range){ 4 * GIB, 2 * GIB, 1, 1 });
    expect_affinity(srat + 160, (struct range){ 6 * GIB, 8 * GIB, 1, 3 });
}

/* Slots without nodes: one node of all, so that the guest knows how far memory may go. */
static void test_srat_slots_only(void **state)
{
    struct bench *bench = *state;
    const uint8_t *srat;
    uint32_t bytes;

    bench->config.memory_slots = 1;
    bench->config.device_memory_base = 4 * GIB;
    bench->config.device_memory_bytes = 2 * GIB;
    srat = srat_of(bench, &bytes) + 48 + 3 * 16;
    assert_int_equal(bytes, 48 + 3 * 16 + 3 * 40);
    expect_affinity(srat + 40, (struct range){ MIB, 3 * MIB, 0, 1 });
    expect_affinity(srat + 80, (struct range){ 4 * GIB, 2 * GIB, 0, 3 });
}

static void test_slit(void **state)
{
    static const uint64_t nodes[] = { RAM_BYTES, 0 };
    static const uint8_t distances[] = { 10, 20, 255, 10 };
    struct bench *bench = *state;
    const uint8_t *slit;

    bench->config.node_count = 2;
    bench->config.node_bytes = nodes;
    bench->config.node_distances = distances;
    build(bench);
    slit = listed(bench, "SLIT");
    assert_non_null(slit);
    assert_int_equal(bytes_load_le32(slit + 4), 36 + 8 + 4);
    assert_int_equal(slit[8], 1);
    assert_int_equal(bytes_load_le64(slit + 36), 2);
    assert_memory_equal(slit + 44, distances, 4);
    expect_sum_zero(slit, 48);
}

static void test_hpet(void **state)
{
    struct bench *bench = *state;
    const uint8_t *hpet;

    bench->config.hpet_block_id = 0x8086a201;
    build(bench);
    hpet = listed(bench, "HPET");
    assert_int_equal(bytes_load_le32(hpet + 4), 56);
    assert_int_equal(bytes_load_le32(hpet + 36), 0x8086a201);
    assert_int_equal(bytes_load_le64(hpet + 44), 0xfed00000);
}

static void test_write_refused(void **state)
{
    struct bench *bench = *state;

    bench->tables = acpi_tables_create(&bench->config);
    (void)acpi_tables_place(bench->tables, RAM_BYTES);
    for (unsigned writes = 0; writes < 2; writes++) {
        g_autoptr(GError) error = NULL;

        bench->memory.writes_left = writes;
        assert_false(acpi_tables_write(bench->tables, &bench->memory.port, &error));
        assert_int_equal(error->code, REPLUG_ERROR_IO);
        assert_non_null(strstr(error->message, "can't be written to guest memory"));
    }
}

static void test_most_slots_fit(void **state)
{
    struct bench *bench = *state;
    uint32_t bytes;

    bench->config.memory_slots = ACPI_MEMORY_SLOTS_MAX;
    build(bench);
    assert_non_null(acpi_tables_find(bench->tables, "SSDT", 4, &bytes));
    assert_null(acpi_tables_find(bench->tables, "SSDT", 5, &bytes));
    assert_true(acpi_tables_bytes(bench->tables) < 128 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_roots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fadt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fadt_follows_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_madt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_madt_x2apic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_srat_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_srat_slots_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hpet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_most_slots_fit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
