/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_state.h - all guest-visible state of one software CPU, as plain data.
 */
#ifndef REPLUG_CPU_SOFT_STATE_H
#define REPLUG_CPU_SOFT_STATE_H

#include "cpu/system_state.h"
#include "cpu/vector_state.h"
#include "cpu/x86_state.h"

/* Two registers beyond the sixteen: always zero (an absent base or index), and where the current
 * code page begins (what RIP-relative addresses count from). Both are zero between runs. */
#define SOFT_GPR_ZERO  16
#define SOFT_GPR_CODE  17
#define SOFT_GPR_COUNT 18

enum soft_activity {
    SOFT_ACTIVITY_RUNNING,
    SOFT_ACTIVITY_WAIT_FOR_SIPI,
    SOFT_ACTIVITY_HALTED,
    SOFT_ACTIVITY_SHUTDOWN,
};

/* What the next instruction is spared. */
enum soft_shadow {
    SOFT_SHADOW_NONE,
    SOFT_SHADOW_STI, /* interrupts */
    SOFT_SHADOW_SS,  /* after MOV SS, POP SS: debug exceptions too */
};

struct soft_cpu_state {
    uint64_t gpr[SOFT_GPR_COUNT]; /* in encoding order */
    uint64_t rip;                 /* current only between instructions of different blocks */
    uint64_t rflags;              /* CF PF AF ZF SF OF are in soft_flags while the CPU runs */
    struct x86_segment segments[X86_SEGMENT_COUNT];
    struct soft_system_state system;
    struct soft_vector_state vector;
    uint64_t executed; /* instructions since reset of the machine */
    uint8_t activity;
    bool intr_level;
    bool nmi_pending;
    bool nmi_blocked; /* from delivery to IRET */
    bool init_pending;
    bool sipi_pending;
    uint8_t sipi_vector;
    uint8_t shadow; /* enum soft_shadow */
};

/* clang-format off */
#define SOFT_CPU_STATE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, gpr) FIELD(T, rip) FIELD(T, rflags) NESTED(T, segments, x86_segment_desc) \
    NESTED(T, system, soft_system_state_desc) NESTED(T, vector, soft_vector_state_desc) \
    FIELD(T, executed) FIELD(T, activity) FIELD(T, intr_level) FIELD(T, nmi_pending) \
    FIELD(T, nmi_blocked) FIELD(T, init_pending) FIELD(T, sipi_pending) FIELD(T, sipi_vector) \
    FIELD(T, shadow)
/* clang-format on */

#endif
