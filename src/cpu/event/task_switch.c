/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * task_switch.c - hardware tasks (Intel SDM 3A chapter 7).
 *
 * Until the new TSS has been read and the old one written nothing has changed, and faults are the old
 * task's. From then on they are the new task's: they are delivered here, with its state.
 */
#include "cpu/soft_segment.h"

/* Offsets in a 32-bit TSS (figure 7-2) and a 16-bit one (figure 7-10). */
#define TSS32_CR3      0x1cu
#define TSS32_EIP      0x20u
#define TSS32_EFLAGS   0x24u
#define TSS32_GPRS     0x28u
#define TSS32_SEGMENTS 0x48u
#define TSS32_LDT      0x60u
#define TSS32_TRAP     0x64u
#define TSS32_BYTES    0x68u
#define TSS16_IP       0x0eu
#define TSS16_FLAGS    0x10u
#define TSS16_GPRS     0x12u
#define TSS16_SEGMENTS 0x22u
#define TSS16_LDT      0x2au
#define TSS16_BYTES    0x2cu

#define DR7_LOCAL 0x155u

struct task {
    uint32_t cr3, rip, rflags;
    uint32_t gpr[8];
    uint16_t segments[6];
    uint16_t ldt;
    bool trap;
};

static uint32_t word(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;

    memcpy(&value, bytes, size);
    return value;
}

static bool is_32bit_tss(const struct x86_segment *tr)
{
    return (tr->attributes & SOFT_TYPE_IS_32) != 0;
}

static bool read_task(struct soft_cpu *cpu, const struct x86_segment *tr, struct task *task)
{
    uint8_t bytes[TSS32_BYTES];
    bool is_32 = is_32bit_tss(tr);

    if (!soft_load_system(cpu, tr->base, bytes, is_32 ? TSS32_BYTES : TSS16_BYTES)) {
        return false;
    }
    *task = (struct task){ .cr3 = 0 };
    if (is_32) {
        task->cr3 = word(bytes + TSS32_CR3, 4);
        task->rip = word(bytes + TSS32_EIP, 4);
        task->rflags = word(bytes + TSS32_EFLAGS, 4);
        task->ldt = (uint16_t)word(bytes + TSS32_LDT, 2);
        task->trap = (bytes[TSS32_TRAP] & 1) != 0;
    } else {
        task->rip = word(bytes + TSS16_IP, 2);
        task->rflags = word(bytes + TSS16_FLAGS, 2);
        task->ldt = (uint16_t)word(bytes + TSS16_LDT, 2);
    }
    for (unsigned i = 0; i < 8; i++) {
        task->gpr[i] = is_32 ? word(bytes + TSS32_GPRS + i * 4, 4)
                             : word(bytes + TSS16_GPRS + i * 2, 2) | 0xffff0000;
    }
    for (unsigned i = 0; i < (is_32 ? 6u : 4u); i++) {
        task->segments[i] = (uint16_t)(is_32 ? word(bytes + TSS32_SEGMENTS + i * 4, 2)
                                             : word(bytes + TSS16_SEGMENTS + i * 2, 2));
    }
    return true;
}

/* EIP to GS of the current task; the rest of a TSS is static. */
static bool save_task(struct soft_cpu *cpu, uint64_t rip, uint64_t rflags)
{
    const struct x86_segment *tr = &cpu->state.segments[X86_TR];
    bool is_32 = is_32bit_tss(tr);
    unsigned step = is_32 ? 4 : 2;
    uint8_t bytes[TSS32_LDT - TSS32_EIP] = { 0 };
    uint32_t values[16] = { (uint32_t)rip, (uint32_t)rflags };

    for (unsigned i = 0; i < 8; i++) {
        values[2 + i] = (uint32_t)cpu->state.gpr[i];
    }
    for (unsigned i = 0; i < 6; i++) {
        values[10 + i] = cpu->state.segments[i].selector;
    }
    for (unsigned i = 0; i < (is_32 ? 16u : 14u); i++) {
        memcpy(bytes + i * step, &values[i], step);
    }
    return soft_store_system(cpu, tr->base + (is_32 ? TSS32_EIP : TSS16_IP), bytes,
                             is_32 ? 16 * 4 : 14 * 2);
}

static bool clear_old_busy(struct soft_cpu *cpu)
{
    struct soft_descriptor d;

    return soft_descriptor_read(cpu, cpu->state.segments[X86_TR].selector, SOFT_TS, &d) &&
           soft_descriptor_clear_busy(cpu, &d);
}

/* ---- in the new task ---- */

static void take_registers(struct soft_cpu *cpu, const struct task *task, uint64_t rflags)
{
    struct soft_system_state *system = &cpu->state.system;
    unsigned cpl = (rflags & SOFT_RFLAGS_VM) != 0 ? 3 : task->segments[X86_CS] & 3u;

    for (unsigned i = 0; i < 8; i++) {
        cpu->state.gpr[i] = task->gpr[i];
    }
    cpu->state.rip = task->rip;
    soft_set_rflags(cpu, rflags);
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        if ((rflags & SOFT_RFLAGS_VM) != 0) {
            soft_set_v86_segment(cpu, i, task->segments[i]);
        } else {
            soft_set_null_segment(&cpu->state.segments[i], task->segments[i], cpl);
        }
    }
    soft_set_null_segment(&cpu->state.segments[X86_LDTR], task->ldt, 0);
    system->cr0 |= SOFT_CR0_TS;
    system->dr[7] &= ~(uint64_t)DR7_LOCAL;
    soft_cpu_update_mode(cpu);
}

static void take_cr3(struct soft_cpu *cpu, const struct task *task)
{
    struct soft_system_state *system = &cpu->state.system;

    if ((system->cr0 & SOFT_CR0_PG) == 0 || !is_32bit_tss(&cpu->state.segments[X86_TR])) {
        return;
    }
    if ((system->cr4 & SOFT_CR4_PAE) != 0) {
        (void)soft_pdptes_load(cpu, task->cr3); /* bad ones: the old map goes on */
    }
    system->cr3 = task->cr3;
    soft_tlb_flush(cpu, false);
}

/* As for a return to the RPL of CS, but by #TS. */
static bool check_code(struct soft_cpu *cpu, uint16_t selector, struct x86_segment *segment)
{
    unsigned rpl = selector & 3u;
    struct soft_descriptor d;

    if (soft_selector_is_null(selector)) {
        return soft_fail_code(cpu, SOFT_TS, 0);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_TS, &d)) {
        return false;
    }
    if (!soft_descriptor_is_code(&d) ||
        (soft_descriptor_is_conforming(&d) ? soft_descriptor_dpl(&d) > rpl
                                           : soft_descriptor_dpl(&d) != rpl)) {
        return soft_fail_selector(cpu, SOFT_TS, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    if (!soft_descriptor_set_type_bits(cpu, &d, SOFT_SEGMENT_ACCESSED)) {
        return false;
    }
    soft_descriptor_unpack(&d, selector, segment);
    return true;
}

static bool load_segments(struct soft_cpu *cpu, const struct task *task)
{
    static const uint8_t data[] = { X86_ES, X86_DS, X86_FS, X86_GS };
    struct x86_segment *segments = cpu->state.segments;
    unsigned cpl = task->segments[X86_CS] & 3u;
    struct x86_segment loaded;

    if (!soft_check_ldt(cpu, task->ldt, SOFT_TS, &loaded)) {
        return false;
    }
    segments[X86_LDTR] = loaded;
    if (soft_is_v86(cpu)) {
        return true;
    }
    if (!check_code(cpu, task->segments[X86_CS], &loaded)) {
        return false;
    }
    segments[X86_CS] = loaded;
    if (!soft_check_stack_segment(cpu, task->segments[X86_SS], cpl, SOFT_TS, &loaded)) {
        return false;
    }
    segments[X86_SS] = loaded;
    for (unsigned i = 0; i < sizeof(data); i++) {
        if (!soft_check_data_segment(cpu, task->segments[data[i]], cpl, SOFT_TS, &loaded)) {
            return false;
        }
        segments[data[i]] = loaded;
    }
    return true;
}

static bool push_code(struct soft_cpu *cpu, const struct soft_exception *event)
{
    unsigned size = is_32bit_tss(&cpu->state.segments[X86_TR]) ? 4 : 2;
    struct soft_stack stack;

    if (event == NULL || !event->has_code) {
        return true;
    }
    soft_stack_current(cpu, &stack);
    if (!soft_stack_push(cpu, &stack, event->code, size)) {
        return false;
    }
    soft_stack_commit(cpu, &stack);
    return true;
}

/* Everything that can fail with the new task's state in place. */
static void enter_task(struct soft_cpu *cpu, const struct task *task,
                       const struct soft_exception *event)
{
    bool ok = load_segments(cpu, task);

    soft_cpu_update_mode(cpu);
    ok = ok && push_code(cpu, event) &&
         soft_check_rip(cpu, &cpu->state.segments[X86_CS], cpu->state.rip);
    if (ok && task->trap) {
        ok = soft_fail(cpu, SOFT_DB);
        cpu->exception.address = SOFT_DR6_BT;
    }
    if (!ok && !soft_deliver_exception(cpu)) {
        cpu->state.activity = SOFT_ACTIVITY_SHUTDOWN;
    }
}

/* ---- the switch ---- */

static bool switch_task(struct soft_cpu *cpu, uint16_t selector, struct soft_descriptor *d,
                        enum soft_task_cause cause, uint64_t next_rip,
                        const struct soft_exception *event)
{
    bool nests = cause == SOFT_TASK_CALL || cause == SOFT_TASK_EVENT;
    uint16_t link = cpu->state.segments[X86_TR].selector;
    uint64_t old_flags = soft_rflags(cpu);
    struct x86_segment tr;
    struct task task;

    soft_descriptor_unpack(d, selector, &tr);
    if (tr.limit < (is_32bit_tss(&tr) ? TSS32_BYTES : TSS16_BYTES) - 1) {
        return soft_fail_selector(cpu, SOFT_TS, selector);
    }
    if (cause == SOFT_TASK_RETURN) {
        old_flags &= ~SOFT_RFLAGS_NT;
    }
    if (!read_task(cpu, &tr, &task) || !save_task(cpu, next_rip, old_flags) ||
        (!nests && !clear_old_busy(cpu)) || (nests && !soft_store_system(cpu, tr.base, &link, 2)) ||
        !soft_descriptor_set_type_bits(cpu, d, SOFT_TYPE_BUSY)) {
        return false;
    }
    tr.attributes |= SOFT_TYPE_BUSY;
    cpu->state.segments[X86_TR] = tr;
    take_cr3(cpu, &task);
    take_registers(cpu, &task, task.rflags | (nests ? SOFT_RFLAGS_NT : 0));
    enter_task(cpu, &task, event);
    return true;
}

bool soft_task_switch(struct soft_cpu *cpu, uint16_t selector, struct soft_descriptor *d,
                      enum soft_task_cause cause, uint64_t next_rip,
                      const struct soft_exception *event)
{
    struct soft_block *block = soft_delivery_begin(cpu);
    bool ok = switch_task(cpu, selector, d, cause, next_rip, event);

    soft_delivery_end(cpu, block);
    return ok;
}

bool soft_task_gate(struct soft_cpu *cpu, const struct soft_descriptor *gate,
                    enum soft_task_cause cause, uint64_t next_rip,
                    const struct soft_exception *event)
{
    uint16_t selector = soft_gate_selector(gate);
    struct soft_descriptor d;

    if ((selector & 4) != 0) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_read(cpu, selector, SOFT_GP, &d)) {
        return false;
    }
    if ((soft_descriptor_type(&d) & ~SOFT_TYPE_IS_32) != SOFT_TYPE_TSS16) {
        return soft_fail_selector(cpu, SOFT_GP, selector);
    }
    if (!soft_descriptor_is_present(&d)) {
        return soft_fail_selector(cpu, SOFT_NP, selector);
    }
    return soft_task_switch(cpu, selector, &d, cause, next_rip, event);
}
