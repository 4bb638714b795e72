/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_fixture.c - a software CPU with RAM and two devices, ready to run machine code. */
#include "soft_fixture.h"

#include <string.h>

#define HLT 0xf4

static struct fixture_access *note(struct fixture *fixture)
{
    struct fixture_access *access =
        &fixture->accesses[fixture->access_count++ % FIXTURE_ACCESS_MAX];

    access->executed = fixture->executed;
    return access;
}

static uint64_t device_read(struct fixture *fixture, uint64_t offset, unsigned size, bool is_port)
{
    struct fixture_access *access = note(fixture);

    access->offset = offset;
    access->size = size;
    access->is_write = false;
    access->is_port = is_port;
    if (fixture->on_access != NULL) {
        fixture->on_access(fixture);
    }
    return fixture->read_value;
}

static void device_write(struct fixture *fixture, uint64_t offset, uint64_t value, unsigned size,
                         bool is_port)
{
    struct fixture_access *access = note(fixture);

    access->offset = offset;
    access->value = value;
    access->size = size;
    access->is_write = true;
    access->is_port = is_port;
    if (fixture->on_access != NULL) {
        fixture->on_access(fixture);
    }
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size)
{
    return device_read(opaque, offset, size, false);
}

static void mmio_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    device_write(opaque, offset, value, size, false);
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    return device_read(opaque, offset, size, true);
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    device_write(opaque, offset, value, size, true);
}

static const struct memory_region_ops mmio_ops = { .read = mmio_read, .write = mmio_write };
static const struct memory_region_ops port_ops = { .read = port_read, .write = port_write };

static int acknowledge(void *opaque)
{
    struct fixture *fixture = opaque;

    fixture->acknowledged++;
    soft_cpu_set_intr(fixture->cpu, false);
    return fixture->vector;
}

static void sync_time(void *opaque, uint64_t executed)
{
    struct fixture *fixture = opaque;

    fixture->executed = executed;
}

static uint64_t read_tsc(void *opaque)
{
    const struct fixture *fixture = opaque;

    return 1000000 + fixture->tsc_base + fixture->executed;
}

/* A local APIC of two registers. */
static uint64_t *apic_register(struct fixture *fixture, uint32_t msr)
{
    return msr == 0x1b    ? &fixture->state->system.apic_base
           : msr == 0x6e0 ? &fixture->tsc_deadline
                          : NULL;
}

static bool read_apic(void *opaque, uint32_t msr, uint64_t *value)
{
    const uint64_t *reg = apic_register(opaque, msr);

    *value = reg != NULL ? *reg : 0;
    return reg != NULL;
}

static bool write_apic(void *opaque, uint32_t msr, uint64_t value)
{
    uint64_t *reg = apic_register(opaque, msr);

    if (reg != NULL) {
        *reg = value;
    }
    return reg != NULL;
}

static void create_memory(struct fixture *fixture)
{
    struct ram_block_options options = { .name = "ram", .size_bytes = FIXTURE_RAM_BYTES };

    fixture->system = memory_system_create(&fixture->errors);
    fixture->block = ram_block_create(&options, NULL);
    assert_non_null(fixture->block);
    fixture->ram = ram_block_host(fixture->block);
    memory_region_init_container(&fixture->root, fixture->system, "system", MEMORY_SIZE_ALL);
    memory_region_init_container(&fixture->io_root, fixture->system, "io", 65536);
    memory_region_init_ram(&fixture->ram_region, fixture->system, "ram", fixture->block);
    memory_region_init_io(&fixture->mmio, fixture->system, "mmio", &mmio_ops, fixture, 4096);
    memory_region_init_io(&fixture->ports, fixture->system, "ports", &port_ops, fixture, 16);
    memory_region_add_subregion(&fixture->root, 0, &fixture->ram_region);
    memory_region_add_subregion(&fixture->root, FIXTURE_MMIO, &fixture->mmio);
    memory_region_add_subregion(&fixture->io_root, FIXTURE_PORT, &fixture->ports);
    fixture->memory = address_space_create(fixture->system, &fixture->root, "memory");
    fixture->io = address_space_create(fixture->system, &fixture->io_root, "io");
}

static void destroy_memory(struct fixture *fixture)
{
    address_space_destroy(fixture->memory);
    address_space_destroy(fixture->io);
    memory_region_del_subregion(&fixture->root, &fixture->ram_region);
    memory_region_del_subregion(&fixture->root, &fixture->mmio);
    memory_region_del_subregion(&fixture->io_root, &fixture->ports);
    memory_region_fini(&fixture->ram_region);
    memory_region_fini(&fixture->mmio);
    memory_region_fini(&fixture->ports);
    memory_region_fini(&fixture->root);
    memory_region_fini(&fixture->io_root);
    memory_system_destroy(fixture->system);
    ram_block_destroy(fixture->block);
}

/* ---- modes ---- */

static void set_segment(struct x86_segment *segment, uint16_t selector, uint64_t base,
                        uint32_t limit, uint32_t attributes)
{
    segment->selector = selector;
    segment->base = base;
    segment->limit = limit;
    segment->attributes = attributes;
}

static void enter_real(struct x86_state *state)
{
    set_segment(&state->segments[X86_CS], 0x1000, FIXTURE_CODE, 0xffff, 0x9b);
    set_segment(&state->segments[X86_DS], 0x2000, FIXTURE_DATA, 0xffff, 0x93);
    set_segment(&state->segments[X86_ES], 0x2000, FIXTURE_DATA, 0xffff, 0x93);
    set_segment(&state->segments[X86_SS], 0x3000, 0x30000, 0xffff, 0x93);
    state->rip = 0;
    state->gpr[X86_RSP] = 0x8000;
}

/* Flat descriptors at the places that selectors 8 to 18h name. */
static void write_gdt(struct fixture *fixture, struct x86_state *state)
{
    fixture_store(fixture, FIXTURE_GDT, 0, 8);
    fixture_store(fixture, FIXTURE_GDT + 8, 0x00cf9b000000ffffull, 8);
    fixture_store(fixture, FIXTURE_GDT + 16, 0x00cf93000000ffffull, 8);
    fixture_store(fixture, FIXTURE_GDT + 24, 0x00af9b000000ffffull, 8);
    state->gdt_base = FIXTURE_GDT;
    state->gdt_limit = 31;
}

static void enter_flat(struct fixture *fixture, struct x86_state *state)
{
    write_gdt(fixture, state);
    set_segment(&state->segments[X86_CS], 8, 0, UINT32_MAX, 0xc09b);
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        if (i != X86_CS) {
            set_segment(&state->segments[i], 16, 0, UINT32_MAX, 0xc093);
        }
    }
    state->cr0 = 0x60000031;
    state->rip = FIXTURE_CODE;
    state->gpr[X86_RSP] = FIXTURE_STACK;
}

static void enter_long(struct fixture *fixture, struct x86_state *state)
{
    enter_flat(fixture, state);
    set_segment(&state->segments[X86_CS], 24, 0, UINT32_MAX, 0xa09b);
    fixture_store(fixture, FIXTURE_TABLES, (FIXTURE_TABLES + 0x1000) | 3, 8);
    for (unsigned i = 0; i < 4; i++) {
        fixture_store(fixture, FIXTURE_TABLES + 0x1000 + i * 8,
                      (FIXTURE_TABLES + 0x2000 + i * 0x1000) | 3, 8);
    }
    for (unsigned i = 0; i < 2048; i++) {
        fixture_store(fixture, FIXTURE_TABLES + 0x2000 + i * 8, (uint64_t)i << 21 | 0x83, 8);
    }
    state->cr0 = 0xe0000031;
    state->cr3 = FIXTURE_TABLES;
    state->cr4 = 0x6a0;  /* PAE, PGE, OSFXSR, OSXMMEXCPT */
    state->efer = 0x501; /* LMA, LME, SCE */
}

struct fixture *fixture_create_model(enum fixture_mode mode, const char *model)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    struct soft_cluster_options cluster = { .model = model };
    struct soft_cpu_options cpu = { .cpu_count = 1,
                                    .callbacks = { .opaque = fixture,
                                                   .acknowledge_interrupt = acknowledge,
                                                   .sync_time = sync_time,
                                                   .read_tsc = read_tsc,
                                                   .read_apic_msr = read_apic,
                                                   .write_apic_msr = write_apic } };
    struct x86_state state;

    create_memory(fixture);
    cluster.system = fixture->system;
    cluster.memory = fixture->memory;
    cluster.io = fixture->io;
    fixture->cluster = soft_cluster_create(&cluster, NULL);
    assert_non_null(fixture->cluster);
    cpu.cluster = fixture->cluster;
    fixture->cpu = soft_cpu_create(&cpu);
    fixture->state = soft_cpu_state(fixture->cpu);
    soft_cpu_save_registers(fixture->cpu, &state);
    if (mode == FIXTURE_REAL) {
        enter_real(&state);
    } else if (mode == FIXTURE_PROTECTED) {
        enter_flat(fixture, &state);
    } else {
        enter_long(fixture, &state);
    }
    soft_cpu_load_registers(fixture->cpu, &state);
    return fixture;
}

struct fixture *fixture_create(enum fixture_mode mode)
{
    return fixture_create_model(mode, NULL);
}

void fixture_destroy(struct fixture *fixture)
{
    soft_cpu_destroy(fixture->cpu);
    soft_cluster_destroy(fixture->cluster);
    destroy_memory(fixture);
    g_free(fixture);
}

/* ---- running ---- */

void fixture_code(struct fixture *fixture, const void *bytes, unsigned size)
{
    assert_true(size <= 4096);
    memset(fixture->ram + FIXTURE_CODE, HLT, 4096);
    memcpy(fixture->ram + FIXTURE_CODE, bytes, size);
    soft_cluster_ram_changed(fixture->cluster, fixture->ram + FIXTURE_CODE, 4096);
    fixture->state->rip = FIXTURE_CODE - fixture->state->segments[X86_CS].base;
    fixture->state->activity = SOFT_ACTIVITY_RUNNING;
}

uint64_t fixture_run(struct fixture *fixture)
{
    uint64_t executed = soft_cpu_run(fixture->cpu, 100000, &fixture->stop);

    assert_int_equal(fixture->stop, SOFT_STOP_HALT);
    return executed - 1;
}

uint64_t *fixture_gpr(struct fixture *fixture, unsigned reg)
{
    return &fixture->state->gpr[reg];
}

void fixture_store(struct fixture *fixture, uint64_t gpa, uint64_t value, unsigned size)
{
    memcpy(fixture->ram + gpa, &value, size);
}

uint64_t fixture_load(const struct fixture *fixture, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, fixture->ram + gpa, size);
    return value;
}
