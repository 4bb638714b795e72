/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_fixture.h - a software CPU with 16 MiB of RAM, a device in memory and one at ports, in any mode: runs
 * machine code from bytes.
 */
#ifndef REPLUG_TESTS_UNIT_CPU_SOFT_FIXTURE_H
#define REPLUG_TESTS_UNIT_CPU_SOFT_FIXTURE_H

#include "base/error_latch.h"
#include "cpu/soft_cpu.h"
#include "cpu/soft_state.h"
#include "memory/address_space.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "unit.h"

#define FIXTURE_RAM_BYTES  (16u << 20)
#define FIXTURE_CODE       0x10000u  /* where code is put; real mode: CS 1000h */
#define FIXTURE_DATA       0x20000u  /* DS of real mode: 2000h */
#define FIXTURE_STACK      0x38000u  /* top; real mode: SS 3000h, SP 8000h */
#define FIXTURE_TABLES     0x800000u /* page tables: identity, 2 MiB pages, of the first 4 GiB */
#define FIXTURE_GDT        0x9000u
#define FIXTURE_MMIO       0xe0000000u
#define FIXTURE_PORT       0x500u
#define FIXTURE_ACCESS_MAX 64

enum fixture_mode { FIXTURE_REAL, FIXTURE_PROTECTED, FIXTURE_LONG };

/* A device access as the device saw it. */
struct fixture_access {
    uint64_t offset, value;
    uint64_t executed; /* what sync_time said last */
    unsigned size;
    bool is_write, is_port;
};

struct fixture {
    struct error_latch errors;
    struct memory_system *system;
    struct ram_block *block;
    uint8_t *ram;
    struct memory_region root, io_root, ram_region, mmio, ports;
    struct address_space *memory, *io;
    struct soft_cluster *cluster;
    struct soft_cpu *cpu;
    struct soft_cpu_state *state;
    struct fixture_access accesses[FIXTURE_ACCESS_MAX];
    unsigned access_count;
    uint64_t executed;     /* by sync_time */
    uint64_t tsc_base;     /* added to what the TSC is in a run: 1000000 + executed */
    uint64_t tsc_deadline; /* as the guest has written it */
    uint64_t read_value;   /* what the devices answer */
    int vector;            /* what acknowledge_interrupt answers, and INTR goes low */
    unsigned acknowledged;
    void (*on_access)(struct fixture *fixture); /* what the devices do beside */
    enum soft_stop stop;
};

struct fixture *fixture_create(enum fixture_mode mode);
/* As -cpu says; NULL: all features. */
struct fixture *fixture_create_model(enum fixture_mode mode, const char *model);
void fixture_destroy(struct fixture *fixture);

/* Puts code at FIXTURE_CODE and RIP there; the rest of the page becomes HLT. */
void fixture_code(struct fixture *fixture, const void *bytes, unsigned size);
#define FIXTURE_CODE_BYTES(fixture, ...)                                 \
    do {                                                                 \
        static const uint8_t code_bytes[] = { __VA_ARGS__ };             \
        fixture_code(fixture, code_bytes, (unsigned)sizeof(code_bytes)); \
    } while (0)

/* Runs until HLT; fails where it ends otherwise or after 100000 instructions. The HLT is not counted. */
uint64_t fixture_run(struct fixture *fixture);

uint64_t *fixture_gpr(struct fixture *fixture, unsigned reg);
void fixture_store(struct fixture *fixture, uint64_t gpa, uint64_t value, unsigned size);
uint64_t fixture_load(const struct fixture *fixture, uint64_t gpa, unsigned size);

#endif
