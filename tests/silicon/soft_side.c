/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_side.c - runs cases on the software CPU: 16 MiB of RAM mapped at its own addresses, user mode,
 * an IDT whose 32 gates lead to HLT on a stack of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error_latch.h"
#include "cpu/soft_cpu.h"
#include "memory/address_space.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "silicon.h"

#define RAM_BYTES  (16u << 20)
#define GDT        0x1000u
#define IDT        0x2000u
#define TSS        0x3000u
#define HANDLERS   0x4000u
#define STACK      0x6000u /* top of the exceptions' stack */
#define TABLES     0x10000u
#define CS_SYSTEM  0x08
#define SS_SYSTEM  0x10
#define CS_USER    0x33
#define SS_USER    0x2b
#define TR         0x40
#define BUDGET     2000u
#define PTE_SYSTEM 3u
#define PTE_USER   7u
#define PTE_CODE   5u

struct silicon_soft {
    struct error_latch errors;
    struct memory_system *system;
    struct ram_block *block;
    uint8_t *ram;
    struct memory_region root, io_root, ram_region;
    struct address_space *memory, *io;
    struct soft_cluster *cluster;
    struct soft_cpu *cpu;
    struct x86_state start;
};

static void put(struct silicon_soft *soft, uint64_t gpa, uint64_t value, unsigned size)
{
    memcpy(soft->ram + gpa, &value, size);
}

static uint64_t get(const struct silicon_soft *soft, uint64_t gpa)
{
    uint64_t value;

    memcpy(&value, soft->ram + gpa, 8);
    return value;
}

static bool is_mapped(uint64_t gpa)
{
    return gpa < 0x100000 ||
           (gpa >= SILICON_CODE && gpa < SILICON_CODE + SILICON_BATCH * SILICON_SLOT_BYTES) ||
           (gpa >= SILICON_DATA && gpa < SILICON_DATA + SILICON_DATA_BYTES);
}

static void make_tables(struct silicon_soft *soft)
{
    put(soft, TABLES, (TABLES + 0x1000) | PTE_USER, 8);
    put(soft, TABLES + 0x1000, (TABLES + 0x2000) | PTE_USER, 8);
    for (unsigned i = 0; i < 8; i++) {
        put(soft, TABLES + 0x2000 + i * 8, (TABLES + 0x3000 + i * 0x1000) | PTE_USER, 8);
    }
    for (uint64_t gpa = 0; gpa < RAM_BYTES; gpa += 4096) {
        uint64_t bits = gpa < 0x100000 ? PTE_SYSTEM : gpa < SILICON_DATA ? PTE_CODE : PTE_USER;

        put(soft, TABLES + 0x3000 + gpa / 4096 * 8, is_mapped(gpa) ? gpa | bits : 0, 8);
    }
}

static void make_idt(struct silicon_soft *soft)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t handler = HANDLERS + i * 16u;

        /* An interrupt gate with IST 1. */
        put(soft, IDT + i * 16u, handler | CS_SYSTEM << 16 | 0x8e01ull << 32, 8);
        soft->ram[handler] = 0xf4;
    }
    put(soft, TSS + 36, STACK, 8);
}

static void set_segment(struct x86_segment *segment, uint16_t selector, uint64_t base,
                        uint32_t limit, uint32_t attributes)
{
    segment->selector = selector;
    segment->base = base;
    segment->limit = limit;
    segment->attributes = attributes;
}

static void make_start(struct silicon_soft *soft)
{
    struct x86_state *s = &soft->start;

    put(soft, GDT + CS_SYSTEM, 0x00af9b000000ffffull, 8);
    put(soft, GDT + SS_SYSTEM, 0x00cf93000000ffffull, 8);
    soft_cpu_save_registers(soft->cpu, s);
    set_segment(&s->segments[X86_CS], CS_USER, 0, UINT32_MAX, 0xa0fb);
    set_segment(&s->segments[X86_SS], SS_USER, 0, UINT32_MAX, 0xc0f3);
    set_segment(&s->segments[X86_TR], TR, TSS, 0x67, 0x8b);
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        if (i != X86_CS && i != X86_SS) {
            set_segment(&s->segments[i], 0, 0, 0, 0x10000);
        }
    }
    s->gdt_base = GDT;
    s->gdt_limit = 0x4f;
    s->idt_base = IDT;
    s->idt_limit = 0xfff;
    s->cr0 = 0x80010033; /* PG WP NE ET MP PE */
    s->cr3 = TABLES;
    s->cr4 = 0x40620; /* PAE OSFXSR OSXMMEXCPT OSXSAVE */
    s->efer = 0x501;
}

struct silicon_soft *silicon_soft_create(void)
{
    struct silicon_soft *soft = g_new0(struct silicon_soft, 1);
    struct ram_block_options options = { .name = "ram", .size_bytes = RAM_BYTES };
    struct soft_cluster_options cluster = { .model = "max" };
    struct soft_cpu_options cpu = { .cpu_count = 1 };

    soft->system = memory_system_create(&soft->errors);
    soft->block = ram_block_create(&options, NULL);
    soft->ram = ram_block_host(soft->block);
    memory_region_init_container(&soft->root, soft->system, "system", MEMORY_SIZE_ALL);
    memory_region_init_container(&soft->io_root, soft->system, "io", 65536);
    memory_region_init_ram(&soft->ram_region, soft->system, "ram", soft->block);
    memory_region_add_subregion(&soft->root, 0, &soft->ram_region);
    soft->memory = address_space_create(soft->system, &soft->root, "memory");
    soft->io = address_space_create(soft->system, &soft->io_root, "io");
    cluster.system = soft->system;
    cluster.memory = soft->memory;
    cluster.io = soft->io;
    soft->cluster = soft_cluster_create(&cluster, NULL);
    cpu.cluster = soft->cluster;
    soft->cpu = soft_cpu_create(&cpu);
    make_tables(soft);
    make_idt(soft);
    make_start(soft);
    return soft;
}

void silicon_soft_destroy(struct silicon_soft *soft)
{
    soft_cpu_destroy(soft->cpu);
    soft_cluster_destroy(soft->cluster);
    address_space_destroy(soft->memory);
    address_space_destroy(soft->io);
    memory_region_del_subregion(&soft->root, &soft->ram_region);
    memory_region_fini(&soft->ram_region);
    memory_region_fini(&soft->root);
    memory_region_fini(&soft->io_root);
    memory_system_destroy(soft->system);
    ram_block_destroy(soft->block);
    g_free(soft);
}

static void load(struct silicon_soft *soft, const struct silicon_case *c)
{
    struct soft_cpu_state *state = soft_cpu_state(soft->cpu);

    memcpy(soft->start.gpr, c->in.gpr, sizeof(soft->start.gpr));
    soft->start.rip = c->in.rip;
    soft->start.rflags = c->in.rflags;
    soft_cpu_load_registers(soft->cpu, &soft->start);
    silicon_decode_xsave(c->in.xsave, &state->vector);
    state->vector.xcr0 = 7;
    state->activity = SOFT_ACTIVITY_RUNNING;
}

/* After HLT in the handler of a vector: the frame is on the exceptions' stack. */
static void take_exception(struct silicon_soft *soft, const struct silicon_case *c,
                           struct silicon_result *result)
{
    static const bool has_code[32] = {
        [8] = true, [10] = true, [11] = true, [12] = true, [13] = true, [14] = true, [17] = true
    };
    struct soft_cpu_state *state = soft_cpu_state(soft->cpu);
    unsigned vector = (unsigned)(state->rip - HANDLERS) / 16 % 32;
    uint64_t frame = STACK - 40;

    result->vector = (uint8_t)vector;
    result->error = has_code[vector] ? (uint32_t)get(soft, frame - 8) : 0;
    result->address = vector == 14 ? state->system.cr2 : 0;
    result->state.rip = get(soft, frame);
    result->state.rflags = get(soft, frame + 16);
    result->state.gpr[4] = get(soft, frame + 24);
    /* The way out jumps through a pointer that only the native side has. */
    if (vector == 14 && result->state.rip == c->in.rip + c->length &&
        result->address == SILICON_EXIT) {
        result->vector = SILICON_END;
    }
}

void silicon_soft_start(struct silicon_soft *soft, const struct silicon_case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        silicon_place(soft->ram + cases[i].in.rip, &cases[i]);
    }
    soft_cluster_ram_changed(soft->cluster, soft->ram + SILICON_CODE,
                             SILICON_BATCH * SILICON_SLOT_BYTES);
}

void silicon_soft_run(struct silicon_soft *soft, const struct silicon_case *c, const uint8_t *data,
                      struct silicon_result *result)
{
    struct soft_cpu_state *state = soft_cpu_state(soft->cpu);
    enum soft_stop stop;

    memcpy(soft->ram + SILICON_DATA, data, SILICON_DATA_BYTES);
    load(soft, c);
    do {
        (void)soft_cpu_run(soft->cpu, BUDGET, &stop);
    } while (stop == SOFT_STOP_PAUSE);
    memcpy(result->state.gpr, state->gpr, sizeof(result->state.gpr));
    if (stop == SOFT_STOP_HALT) {
        take_exception(soft, c, result);
    } else {
        result->vector = SILICON_DIED;
    }
    memcpy(result->data, soft->ram + SILICON_DATA, SILICON_DATA_BYTES);
    memcpy(result->state.xsave, &state->vector, sizeof(state->vector));
}
