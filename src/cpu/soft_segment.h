/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_segment.h - descriptors, stacks and changes of privilege: what segment loads, far transfers,
 * events and tasks share (Intel SDM 3A chapters 3, 5, 6, 7).
 *
 * Functions that check only read the guest's tables (and set accessed bits); they fill a struct
 * x86_segment for the caller to put in place once nothing can fail any more. False = an exception is
 * set, of the vector given where the SDM makes it depend on the situation.
 */
#ifndef REPLUG_CPU_SOFT_SEGMENT_H
#define REPLUG_CPU_SOFT_SEGMENT_H

#include "cpu/soft_registers.h"

/* ---- descriptors ---- */

#define SOFT_TYPE_TSS16  1u /* + 2: busy */
#define SOFT_TYPE_LDT    2u
#define SOFT_TYPE_CALL16 4u
#define SOFT_TYPE_TASK   5u
#define SOFT_TYPE_INT16  6u
#define SOFT_TYPE_TRAP16 7u
#define SOFT_TYPE_TSS32  9u /* 64 bits in long mode; + 2: busy */
#define SOFT_TYPE_CALL32 12u
#define SOFT_TYPE_INT32  14u
#define SOFT_TYPE_TRAP32 15u
#define SOFT_TYPE_BUSY   2u
#define SOFT_TYPE_IS_32  8u /* of TSS and gates: not 16 bits */

struct soft_descriptor {
    uint64_t bits;
    uint64_t high;   /* the second half of a system descriptor in long mode */
    uint64_t linear; /* where it lies */
};

static inline bool soft_selector_is_null(uint16_t selector)
{
    return (selector & 0xfffc) == 0;
}

static inline uint32_t soft_descriptor_attributes(const struct soft_descriptor *d)
{
    return (uint32_t)(d->bits >> 40) & 0xf0ff;
}

/* With S: the system type. */
static inline unsigned soft_descriptor_type(const struct soft_descriptor *d)
{
    return (unsigned)(d->bits >> 40) & 0x1f;
}

static inline unsigned soft_descriptor_dpl(const struct soft_descriptor *d)
{
    return (unsigned)(d->bits >> 45) & 3;
}

static inline bool soft_descriptor_is_present(const struct soft_descriptor *d)
{
    return ((d->bits >> 47) & 1) != 0;
}

static inline bool soft_descriptor_is_code(const struct soft_descriptor *d)
{
    return (soft_descriptor_type(d) & (SOFT_SEGMENT_S | SOFT_SEGMENT_CODE)) ==
           (SOFT_SEGMENT_S | SOFT_SEGMENT_CODE);
}

static inline bool soft_descriptor_is_conforming(const struct soft_descriptor *d)
{
    return soft_descriptor_is_code(d) && (soft_descriptor_type(d) & SOFT_SEGMENT_THIRD) != 0;
}

static inline uint16_t soft_gate_selector(const struct soft_descriptor *d)
{
    return (uint16_t)(d->bits >> 16);
}

uint32_t soft_descriptor_limit(const struct soft_descriptor *d);
uint64_t soft_gate_offset(const struct soft_descriptor *d);

/* From GDT or LDT; beyond its limit: vector(selector). */
bool soft_descriptor_read(struct soft_cpu *cpu, uint16_t selector, uint8_t vector,
                          struct soft_descriptor *d);
/* To the segment register, as it is. */
void soft_descriptor_unpack(const struct soft_descriptor *d, uint16_t selector,
                            struct x86_segment *segment);
/* Changes bits of the type field in the table. */
bool soft_descriptor_set_type_bits(struct soft_cpu *cpu, struct soft_descriptor *d, uint8_t bits);
bool soft_descriptor_clear_busy(struct soft_cpu *cpu, struct soft_descriptor *d);

/* ---- checks before a load ---- */

/* vector(selector) with RPL cleared; false. */
bool soft_fail_selector(struct soft_cpu *cpu, uint8_t vector, uint16_t selector);

/* A stack segment for cpl. */
bool soft_check_stack_segment(struct soft_cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                              struct x86_segment *segment);
/* DS, ES, FS, GS at cpl; null is fine. */
bool soft_check_data_segment(struct soft_cpu *cpu, uint16_t selector, unsigned cpl, uint8_t vector,
                             struct x86_segment *segment);
/* Code to which control goes without a gate (is_return: by a return, whose RPL is the new CPL). */
bool soft_check_code_segment(struct soft_cpu *cpu, uint16_t selector, bool is_return,
                             struct x86_segment *segment);
/* LDT; null is fine. */
bool soft_check_ldt(struct soft_cpu *cpu, uint16_t selector, uint8_t vector,
                    struct x86_segment *segment);

/* Real and virtual-8086 mode. */
void soft_set_real_segment(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector);
void soft_set_v86_segment(struct soft_cpu *cpu, enum x86_segment_index index, uint16_t selector);
/* A null selector in the register; the DPL of SS stays the CPL. */
void soft_set_null_segment(struct x86_segment *segment, uint16_t selector, unsigned cpl);
/* After a return to cpl: data segments that it may not use become null. */
void soft_drop_inner_segments(struct soft_cpu *cpu, unsigned cpl);

/* #GP(0) where rip is beyond the limit of cs or not canonical. */
bool soft_check_rip(struct soft_cpu *cpu, const struct x86_segment *cs, uint64_t rip);

/* ---- stacks, before RSP moves ---- */

struct soft_stack {
    struct x86_segment ss;
    uint64_t rsp;
    unsigned size; /* bytes of SP */
    uint32_t code; /* of #SS */
};

void soft_stack_current(const struct soft_cpu *cpu, struct soft_stack *stack);
bool soft_stack_push(struct soft_cpu *cpu, struct soft_stack *stack, uint64_t value,
                     unsigned bytes);
bool soft_stack_pop(struct soft_cpu *cpu, struct soft_stack *stack, uint64_t *value,
                    unsigned bytes);
void soft_stack_add(struct soft_stack *stack, uint64_t bytes);
/* SS and RSP become the stack's. */
void soft_stack_commit(struct soft_cpu *cpu, const struct soft_stack *stack);

/*
 * The stack for a more privileged cpl, from the TSS. Outside long mode with SS checks. ist (1 to 7,
 * 0 = none) only in long mode.
 */
bool soft_inner_stack(struct soft_cpu *cpu, unsigned cpl, unsigned ist, struct soft_stack *stack);

/* RSP and SS of an outer level off the stack, checked; cs is what control returns to. */
bool soft_pop_outer_stack(struct soft_cpu *cpu, struct soft_stack *from, unsigned size,
                          const struct x86_segment *cs, struct soft_stack *outer);

/* Until soft_cpu_update_mode(): data accesses have this privilege. */
void soft_access_as(struct soft_cpu *cpu, unsigned cpl);

/* ---- deliveries (event/soft_event.c) ---- */

/*
 * Events and task switches change state in more than one place, so they can't be started over: they
 * may reach devices from wherever they are. Returns the block to go back to.
 */
struct soft_block *soft_delivery_begin(struct soft_cpu *cpu);
void soft_delivery_end(struct soft_cpu *cpu, struct soft_block *block);

/* ---- tasks (event/task_switch.c) ---- */

enum soft_task_cause { SOFT_TASK_JUMP, SOFT_TASK_CALL, SOFT_TASK_EVENT, SOFT_TASK_RETURN };

/*
 * To the task of the TSS that selector names, d its descriptor (type and privilege checked). event
 * (NULL: none) may have an error code for the new stack. False = a fault in the old task; faults in the
 * new one are delivered there, and so the answer is true.
 */
bool soft_task_switch(struct soft_cpu *cpu, uint16_t selector, struct soft_descriptor *d,
                      enum soft_task_cause cause, uint64_t next_rip,
                      const struct soft_exception *event);
/* Through a task gate (checked): its TSS must be there and available. */
bool soft_task_gate(struct soft_cpu *cpu, const struct soft_descriptor *gate,
                    enum soft_task_cause cause, uint64_t next_rip,
                    const struct soft_exception *event);

#endif
