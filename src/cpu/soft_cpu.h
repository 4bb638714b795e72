/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_cpu.h - Replug's own x86-64 CPU: deterministic, interpreted, counted by the instruction.
 *
 * The CPUs of one machine form a cluster: they share the address spaces and the cache of decoded
 * code. All run in one thread, one after the other. A CPU asks its surroundings only through its
 * callbacks and its two address spaces.
 */
#ifndef REPLUG_CPU_SOFT_CPU_H
#define REPLUG_CPU_SOFT_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/x86_state.h"
#include "state/state.h"

struct address_space;
struct memory_system;
struct soft_cluster;
struct soft_cpu;
struct state_stream;

struct soft_cluster_options {
    struct memory_system *system; /* gets the cluster's hook on writes to RAM; outlives it */
    struct address_space *memory;
    struct address_space *io; /* ports; NULL: all ones, writes dropped */
    const char *model;        /* "qemu64", "max,-avx2", ...; NULL = "max" */
};

/* Fails when the model is unknown. */
struct soft_cluster *soft_cluster_create(const struct soft_cluster_options *options,
                                         GError **error);
/* No CPU may be left. NULL is fine. */
void soft_cluster_destroy(struct soft_cluster *cluster);

/*
 * RAM has changed behind the address space (a loader wrote through a host pointer): decoded code in
 * [host, host + size) is dropped. Writes by address_space_write() are noticed without it.
 */
void soft_cluster_ram_changed(struct soft_cluster *cluster, const void *host, uint64_t size);

/* The gate of address line 20, open at first. Closed, every address that a CPU puts on the bus, page walks included, has its
 * bit 20 clear (Intel SDM 3A 8.7.13.4, A20M#). May be called while a CPU accesses a device. */
void soft_cluster_set_a20(struct soft_cluster *cluster, bool open);

/* What a CPU has just done with a device: an instruction's IN or OUT, a load or store, a fetch. */
struct soft_device_access {
    uint64_t address; /* a port's number or a guest-physical address */
    const void *bytes;
    unsigned size;
    bool is_port, is_write;
};

/* Any may be NULL: then no interrupt, TSC 0, MSR accesses fault, CR8 is plain storage, random 0. */
struct soft_cpu_callbacks {
    void *opaque;
    /* The vector of the highest interrupt, now in service; -1 = it went away: INTR counts as low until
     * it is set again. */
    int (*acknowledge_interrupt)(void *opaque);
    /* Called before each look at time and each device access: instructions completed so far in this
     * run. */
    void (*sync_time)(void *opaque, uint64_t executed);
    /* Called after each device access: to look on. */
    void (*device_accessed)(void *opaque, const struct soft_device_access *access);
    uint64_t (*read_tsc)(void *opaque);
    /* IA32_APIC_BASE (1bh), IA32_TSC_DEADLINE (6e0h), x2APIC (800h-8ffh); false: #GP. */
    bool (*read_apic_msr)(void *opaque, uint32_t msr, uint64_t *value);
    bool (*write_apic_msr)(void *opaque, uint32_t msr, uint64_t value);
    uint64_t (*read_cr8)(void *opaque);
    void (*write_cr8)(void *opaque, uint64_t priority);
    void (*random)(void *opaque, void *bytes, uint64_t size);
};

struct soft_cpu_options {
    struct soft_cluster *cluster;
    uint32_t index; /* APIC id, CPUID topology; 0 starts as the bootstrap processor */
    uint32_t cpu_count;
    struct soft_cpu_callbacks callbacks;
};

struct soft_cpu *soft_cpu_create(const struct soft_cpu_options *options);
void soft_cpu_destroy(struct soft_cpu *cpu);

/* Power-up or reset: the state of x86_state_reset(), all else as in SDM 3A table 9-1. */
void soft_cpu_reset(struct soft_cpu *cpu);

enum soft_stop {
    SOFT_STOP_BUDGET,   /* all of it executed */
    SOFT_STOP_HALT,     /* HLT, or waiting for SIPI: nothing to do until a line changes */
    SOFT_STOP_PAUSE,    /* PAUSE executed: somebody else may have more to do */
    SOFT_STOP_SHUTDOWN, /* triple fault */
    SOFT_STOP_BREAK,    /* soft_cpu_break() */
    SOFT_STOP_DEBUG,    /* for a debugger's breakpoints; not given yet */
};

/*
 * Executes at most budget instructions and returns their number, exactly. An instruction that
 * faults counts as one, its delivery included; the delivery of an external interrupt counts as
 * none. A REP instruction counts as one for each started 4096 iterations.
 */
uint64_t soft_cpu_run(struct soft_cpu *cpu, uint64_t budget, enum soft_stop *stop);

/* In a callback that is not told: instructions completed so far in this run, where no block is under way. */
uint64_t soft_cpu_executed(const struct soft_cpu *cpu);

/* By a device handler within the run: it ends after the current instruction. */
void soft_cpu_break(struct soft_cpu *cpu);

/* Lines. INTR is a level; the others are edges that stay pending. */
void soft_cpu_set_intr(struct soft_cpu *cpu, bool level);
void soft_cpu_nmi(struct soft_cpu *cpu);
void soft_cpu_init(struct soft_cpu *cpu);
void soft_cpu_sipi(struct soft_cpu *cpu, uint8_t vector);

/* Something to do: not halted, or a line that wakes it is up. */
bool soft_cpu_is_runnable(const struct soft_cpu *cpu);

/*
 * All guest-visible state, for digest and checkpoint; only between runs. What the TLB holds is not in
 * it, but decides when the page walk sets accessed bits: a checkpoint saves it apart.
 */
extern const struct state_desc soft_cpu_state_desc;
void *soft_cpu_state(struct soft_cpu *cpu);
void soft_cpu_after_load(struct soft_cpu *cpu); /* empties the TLB */
/* Once the memory map is as it was. False: malformed, or not what the map has; the TLB is empty then. */
void soft_cpu_save_tlb(const struct soft_cpu *cpu, GByteArray *out);
bool soft_cpu_load_tlb(struct soft_cpu *cpu, struct state_stream *stream) G_GNUC_WARN_UNUSED_RESULT;
void soft_cpu_flush(struct soft_cpu *cpu);

/* The registers that all accelerators have. */
void soft_cpu_save_registers(const struct soft_cpu *cpu, struct x86_state *state);
void soft_cpu_load_registers(struct soft_cpu *cpu, const struct x86_state *state);

/* Reads or writes guest memory at a linear address as a debugger does: no faults, no access bits,
 * no I/O. False where nothing is mapped. */
bool soft_cpu_debug_access(struct soft_cpu *cpu, uint64_t linear, void *buffer, uint64_t size,
                           bool is_write);

#endif
