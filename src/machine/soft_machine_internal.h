/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_machine_internal.h - struct soft_machine as soft_machine.c and soft_run.c share it. */
#ifndef REPLUG_MACHINE_SOFT_MACHINE_INTERNAL_H
#define REPLUG_MACHINE_SOFT_MACHINE_INTERNAL_H

#include "cpu/soft_cpu.h"
#include "machine/soft_machine.h"
#include "state/state.h"

#define SOFT_CPUS_MAX 16
#define SOFT_SHIFT    1       /* 2 ns an instruction, as with QEMU's -icount shift=1 */
#define SOFT_QUANTUM  20000u  /* instructions, then the next CPU's turn */
#define SOFT_SLICE    100000u /* instructions between two looks at who wants the lock */

/* What decides how the guest goes on, beside its CPUs and devices. */
struct soft_machine_state {
    uint64_t icount;       /* instructions of all CPUs */
    uint64_t jumps_ns;     /* time that nobody computed in */
    uint64_t random;       /* splitmix64 */
    uint32_t current;      /* the CPU whose quantum it is */
    uint32_t quantum_left; /* instructions */
};

#define SOFT_MACHINE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, icount) FIELD(T, jumps_ns) FIELD(T, random) FIELD(T, current) FIELD(T, quantum_left)
STATE_DECLARE(soft_machine_desc, struct soft_machine_state);

/* One CPU with what it is connected to. */
struct soft_processor {
    struct machine *machine;
    struct soft_cpu *cpu; /* NULL = not plugged */
    struct lapic *lapic;
};

struct console_script;
struct soft_watch;

struct soft_machine {
    struct soft_machine_state state;
    struct soft_cluster *cluster;
    struct soft_processor processors[SOFT_CPUS_MAX];
    unsigned count;                /* that there may be */
    struct soft_cpu *running;      /* NULL between two runs */
    bool wants_out;                /* somebody wants to act right behind this instruction */
    struct soft_watch *watch;      /* NULL = the session is not recorded */
    struct console_script *script; /* NULL = none */
    const char *script_console;    /* borrowed */
    uint64_t now_icount;           /* as of the CPU that runs: told by cpu_sync_time() */
    struct host_thread *thread;
    uint64_t paced_host_ns,
        paced_now_ns; /* host and virtual time when the guest was last resumed */
};

/* A device has armed a timer that is due before the CPU's budget ends. */
void soft_machine_deadline_came_closer(void *opaque);

#endif
