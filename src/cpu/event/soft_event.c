/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_event.c - exceptions and interrupts through the IDT; double and triple faults (Intel SDM 3A
 * chapter 6, 20.1.4, 20.2.1).
 */
#include "cpu/soft_segment.h"

struct delivery {
    uint8_t vector;
    enum soft_event_kind kind;
    bool has_code;
    uint32_t code;
    uint64_t return_rip;
    uint64_t flags; /* to be pushed */
};

/* Delivery runs outside any block; like an instruction alone in one it may reach devices. */
__extension__ static const struct soft_block delivery_block = { .single = true,
                                                                .ops = { { .run = NULL } } };

struct soft_block *soft_delivery_begin(struct soft_cpu *cpu)
{
    struct soft_block *block = cpu->block;

    cpu->block = (struct soft_block *)(uintptr_t)&delivery_block;
    return block;
}

void soft_delivery_end(struct soft_cpu *cpu, struct soft_block *block)
{
    cpu->block = block;
}

/* ---- real mode ---- */

static bool deliver_real(struct soft_cpu *cpu, const struct delivery *d)
{
    const struct soft_system_state *system = &cpu->state.system;
    struct soft_stack stack;
    uint16_t entry[2];

    if (d->vector * 4u + 3 > system->idt_limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    soft_stack_current(cpu, &stack);
    if (!soft_load_system(cpu, system->idt_base + d->vector * 4u, entry, 4) ||
        !soft_stack_push(cpu, &stack, d->flags, 2) ||
        !soft_stack_push(cpu, &stack, cpu->state.segments[X86_CS].selector, 2) ||
        !soft_stack_push(cpu, &stack, d->return_rip, 2)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    cpu->state.rflags &= ~(SOFT_RFLAGS_IF | SOFT_RFLAGS_TF | SOFT_RFLAGS_RF | SOFT_RFLAGS_AC);
    soft_set_real_segment(cpu, X86_CS, entry[1]);
    cpu->state.rip = entry[0];
    return true;
}

/* ---- gates ---- */

static bool fail_vector(struct soft_cpu *cpu, uint8_t vector, const struct delivery *d)
{
    return soft_fail_code(cpu, vector, d->vector * 8u + 2);
}

static bool read_gate(struct soft_cpu *cpu, const struct delivery *d, struct soft_descriptor *gate)
{
    const struct soft_system_state *system = &cpu->state.system;
    unsigned bytes = cpu->long_mode ? 16 : 8;
    unsigned type;

    if (d->vector * bytes + bytes - 1 > system->idt_limit) {
        return fail_vector(cpu, SOFT_GP, d);
    }
    gate->linear = system->idt_base + d->vector * bytes;
    gate->high = 0;
    if (!soft_load_system(cpu, gate->linear, &gate->bits, 8) ||
        (cpu->long_mode && !soft_load_system(cpu, gate->linear + 8, &gate->high, 8))) {
        return false;
    }
    type = soft_descriptor_type(gate);
    if (type != SOFT_TYPE_INT32 && type != SOFT_TYPE_TRAP32 &&
        (cpu->long_mode ||
         (type != SOFT_TYPE_TASK && type != SOFT_TYPE_INT16 && type != SOFT_TYPE_TRAP16))) {
        return fail_vector(cpu, SOFT_GP, d);
    }
    if (d->kind == SOFT_EVENT_SOFTWARE && soft_descriptor_dpl(gate) < cpu->cpl) {
        return fail_vector(cpu, SOFT_GP, d);
    }
    return soft_descriptor_is_present(gate) || fail_vector(cpu, SOFT_NP, d);
}

static bool read_handler(struct soft_cpu *cpu, const struct soft_descriptor *gate,
                         struct x86_segment *cs)
{
    const uint32_t both = SOFT_SEGMENT_L | SOFT_SEGMENT_DB;
    uint16_t selector = soft_gate_selector(gate);
    struct soft_descriptor code;
    unsigned cpl;

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, &code)) {
        return false;
    }
    if (!soft_descriptor_is_code(&code) || soft_descriptor_dpl(&code) > cpu->cpl ||
        (cpu->long_mode && (soft_descriptor_attributes(&code) & both) != SOFT_SEGMENT_L)) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    cpl = soft_descriptor_is_conforming(&code) ? cpu->cpl : soft_descriptor_dpl(&code);
    if (soft_is_v86(cpu) && cpl != 0) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_is_present(&code)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    if (!soft_descriptor_set_type_bits(cpu, &code, SOFT_SEGMENT_ACCESSED)) {
        return false;
    }
    soft_descriptor_unpack(&code, (uint16_t)((selector & 0xfffc) | cpl), cs);
    return true;
}

/* ---- frames ---- */

static bool push_v86_segments(struct soft_cpu *cpu, struct soft_stack *stack, unsigned size)
{
    static const uint8_t indices[] = { X86_GS, X86_FS, X86_DS, X86_ES };

    for (unsigned i = 0; i < sizeof(indices); i++) {
        if (!soft_stack_push(cpu, stack, cpu->state.segments[indices[i]].selector, size)) {
            return false;
        }
    }
    return true;
}

static bool push_frame(struct soft_cpu *cpu, const struct delivery *d, struct soft_stack *stack,
                       const struct soft_stack *outer, unsigned size)
{
    if (outer != NULL && (!soft_stack_push(cpu, stack, outer->ss.selector, size) ||
                          !soft_stack_push(cpu, stack, outer->rsp, size))) {
        return false;
    }
    return soft_stack_push(cpu, stack, d->flags, size) &&
           soft_stack_push(cpu, stack, cpu->state.segments[X86_CS].selector, size) &&
           soft_stack_push(cpu, stack, d->return_rip, size) &&
           (!d->has_code || soft_stack_push(cpu, stack, d->code, size));
}

/* Chooses the stack and builds the frame on it. */
static bool build_frame(struct soft_cpu *cpu, const struct delivery *d,
                        const struct soft_descriptor *gate, unsigned cpl, struct soft_stack *stack)
{
    unsigned size = cpu->long_mode                                        ? 8
                    : (soft_descriptor_type(gate) & SOFT_TYPE_IS_32) != 0 ? 4
                                                                          : 2;
    unsigned ist = cpu->long_mode ? (unsigned)(gate->bits >> 32) & 7 : 0;
    bool has_outer = cpl != cpu->cpl || cpu->long_mode;
    struct soft_stack outer;

    soft_stack_current(cpu, &outer);
    *stack = outer;
    if ((cpl != cpu->cpl || ist != 0) && !soft_inner_stack(cpu, cpl, ist, stack)) {
        return false;
    }
    if (cpl == cpu->cpl) {
        stack->ss = outer.ss;
    }
    if (cpu->long_mode) {
        stack->size = 8;
        stack->rsp &= ~0xfull;
    }
    soft_access_as(cpu, cpl);
    if (soft_is_v86(cpu) && !push_v86_segments(cpu, stack, size)) {
        return false;
    }
    return push_frame(cpu, d, stack, has_outer ? &outer : NULL, size);
}

static void drop_v86_segments(struct soft_cpu *cpu)
{
    static const uint8_t indices[] = { X86_GS, X86_FS, X86_DS, X86_ES };

    for (unsigned i = 0; i < sizeof(indices); i++) {
        soft_set_null_segment(&cpu->state.segments[indices[i]], 0, 0);
    }
}

static bool deliver_protected(struct soft_cpu *cpu, const struct delivery *d)
{
    struct soft_descriptor gate;
    struct soft_stack stack;
    struct x86_segment cs;
    uint64_t rip;
    unsigned type;

    if (!read_gate(cpu, d, &gate)) {
        return false;
    }
    type = soft_descriptor_type(&gate);
    if (type == SOFT_TYPE_TASK) {
        struct soft_exception event = { .has_code = d->has_code, .code = d->code };

        return soft_task_gate(cpu, &gate, SOFT_TASK_EVENT, d->return_rip, &event);
    }
    rip = soft_gate_offset(&gate);
    rip = cpu->long_mode ? rip : (type & SOFT_TYPE_IS_32) != 0 ? (uint32_t)rip : (uint16_t)rip;
    if (!read_handler(cpu, &gate, &cs) || !soft_check_rip(cpu, &cs, rip) ||
        !build_frame(cpu, d, &gate, cs.selector & 3u, &stack)) {
        return false;
    }
    if (soft_is_v86(cpu)) {
        drop_v86_segments(cpu);
    }
    soft_stack_commit(cpu, &stack);
    cpu->state.segments[X86_CS] = cs;
    cpu->state.rip = rip;
    cpu->state.rflags &= ~(SOFT_RFLAGS_TF | SOFT_RFLAGS_VM | SOFT_RFLAGS_RF | SOFT_RFLAGS_NT);
    if (type == SOFT_TYPE_INT32 || type == SOFT_TYPE_INT16) {
        cpu->state.rflags &= ~SOFT_RFLAGS_IF;
    }
    return true;
}

/* ---- one delivery ---- */

/* Codes of selectors tell that the event was none of the program's own. */
static void mark_external(struct soft_cpu *cpu, const struct delivery *d)
{
    struct soft_exception *exception = &cpu->exception;

    if (d->kind != SOFT_EVENT_SOFTWARE && exception->has_code && exception->vector >= SOFT_TS &&
        exception->vector <= SOFT_GP) {
        exception->code |= 1;
    }
}

static bool deliver(struct soft_cpu *cpu, const struct delivery *d)
{
    struct soft_block *block = soft_delivery_begin(cpu);
    bool ok = soft_is_protected(cpu) ? deliver_protected(cpu, d) : deliver_real(cpu, d);

    soft_delivery_end(cpu, block);
    if (!ok) {
        mark_external(cpu, d);
    }
    soft_cpu_update_mode(cpu);
    return ok;
}

/* ---- exceptions during delivery (SDM 3A table 6-5) ---- */

enum fault_class { CLASS_BENIGN, CLASS_CONTRIBUTORY, CLASS_PAGE };

static enum fault_class class_of(uint8_t vector)
{
    if (vector == SOFT_PF) {
        return CLASS_PAGE;
    }
    return vector == SOFT_DE || (vector >= SOFT_TS && vector <= SOFT_GP) ? CLASS_CONTRIBUTORY
                                                                         : CLASS_BENIGN;
}

static bool makes_double_fault(const struct delivery *first, uint8_t second)
{
    enum fault_class class =
        first->kind == SOFT_EVENT_EXCEPTION ? class_of(first->vector) : CLASS_BENIGN;

    return (class == CLASS_CONTRIBUTORY && class_of(second) == CLASS_CONTRIBUTORY) ||
           (class == CLASS_PAGE && class_of(second) != CLASS_BENIGN);
}

/* Takes up the exception: its side effects on CR2, DR6 and DR7, the flags that it pushes. */
static struct delivery take_exception(struct soft_cpu *cpu)
{
    const struct soft_exception *exception = &cpu->exception;
    struct soft_system_state *system = &cpu->state.system;
    struct delivery d = { .vector = exception->vector,
                          .kind = SOFT_EVENT_EXCEPTION,
                          .has_code = exception->has_code,
                          .code = exception->code,
                          .return_rip = cpu->state.rip,
                          .flags = soft_rflags(cpu) | SOFT_RFLAGS_RF };

    if (d.vector == SOFT_PF) {
        system->cr2 = exception->address;
    } else if (d.vector == SOFT_DB) {
        system->dr[6] = (system->dr[6] & ~0xfull) | exception->address;
        system->dr[7] &= ~SOFT_DR7_GD;
        d.flags = soft_rflags(cpu);
    }
    return d;
}

static bool deliver_event(struct soft_cpu *cpu, struct delivery d)
{
    while (!deliver(cpu, &d)) {
        uint8_t second = cpu->exception.vector;
        bool is_double = makes_double_fault(&d, second);

        if (d.kind == SOFT_EVENT_EXCEPTION && d.vector == SOFT_DF &&
            class_of(second) != CLASS_BENIGN) {
            return false;
        }
        d = take_exception(cpu);
        if (is_double) {
            d.vector = SOFT_DF;
            d.has_code = true;
            d.code = 0;
        }
    }
    return true;
}

bool soft_deliver_exception(struct soft_cpu *cpu)
{
    return deliver_event(cpu, take_exception(cpu));
}

bool soft_deliver_interrupt(struct soft_cpu *cpu, uint8_t vector, enum soft_event_kind kind)
{
    return deliver_event(cpu, (struct delivery){ .vector = vector,
                                                 .kind = kind,
                                                 .return_rip = cpu->state.rip,
                                                 .flags = soft_rflags(cpu) });
}

/* In virtual-8086 mode INT n needs IOPL 3; INT3 and INTO don't. */
bool soft_software_interrupt(struct soft_cpu *cpu, uint8_t vector, uint64_t next_rip)
{
    struct delivery d = { .vector = vector,
                          .kind = SOFT_EVENT_SOFTWARE,
                          .return_rip = next_rip,
                          .flags = soft_rflags(cpu) & ~SOFT_RFLAGS_RF };

    if (soft_is_v86(cpu) && vector != SOFT_BP && vector != SOFT_OF && soft_iopl(cpu) < 3) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    cpu->no_single_step = true;
    return deliver(cpu, &d);
}
