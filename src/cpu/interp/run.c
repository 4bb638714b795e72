/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - the run loop: lines, events, block after block; and how operations leave a block. */
#include "cpu/soft_internal.h"

/* ---- failing ---- */

static bool fail(struct soft_cpu *cpu, const struct soft_exception *exception)
{
    cpu->exception = *exception;
    cpu->leave = SOFT_LEAVE_EXCEPTION;
    cpu->non_canonical = false;
    return false;
}

bool soft_fail(struct soft_cpu *cpu, uint8_t vector)
{
    return fail(cpu, &(struct soft_exception){ .vector = vector });
}

bool soft_fail_code(struct soft_cpu *cpu, uint8_t vector, uint32_t code)
{
    return fail(cpu, &(struct soft_exception){ .vector = vector, .has_code = true, .code = code });
}

bool soft_fail_page(struct soft_cpu *cpu, uint64_t linear, uint32_t code)
{
    return fail(cpu, &(struct soft_exception){
                         .vector = SOFT_PF, .has_code = true, .code = code, .address = linear });
}

bool soft_fail_canonical(struct soft_cpu *cpu)
{
    (void)soft_fail_code(cpu, SOFT_GP, 0);
    cpu->non_canonical = true;
    return false;
}

/* The block's instructions from op on have not been executed. */
static void give_back(struct soft_cpu *cpu, const struct op *op)
{
    cpu->left += cpu->block->instruction_count - op->position;
}

const struct op *soft_fault(struct soft_cpu *cpu, const struct op *op)
{
    if (soft_unlikely(cpu->non_canonical)) {
        cpu->non_canonical = false;
        if ((op->prefix & SOFT_PREFIX_STACK) != 0) {
            cpu->exception.vector = SOFT_SS;
        }
    }
    give_back(cpu, op);
    cpu->state.rip = soft_op_rip(cpu, op);
    return NULL;
}

const struct op *soft_raise(struct soft_cpu *cpu, const struct op *op, uint8_t vector)
{
    (void)soft_fail(cpu, vector);
    return soft_fault(cpu, op);
}

const struct op *soft_raise_code(struct soft_cpu *cpu, const struct op *op, uint8_t vector,
                                 uint32_t code)
{
    (void)soft_fail_code(cpu, vector, code);
    return soft_fault(cpu, op);
}

/* ---- going on ---- */

const struct op *soft_leave_at_rip(struct soft_cpu *cpu, enum soft_leave leave)
{
    cpu->leave = leave;
    return NULL;
}

const struct op *soft_leave(struct soft_cpu *cpu, const struct op *op, enum soft_leave leave)
{
    give_back(cpu, op + 1);
    cpu->state.rip = soft_op_next_rip(cpu, op);
    cpu->leave = leave;
    return NULL;
}

const struct op *soft_repeat(struct soft_cpu *cpu, const struct op *op)
{
    give_back(cpu, op + 1);
    cpu->state.rip = soft_op_rip(cpu, op);
    return soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP);
}

const struct op *soft_jump(struct soft_cpu *cpu, uint64_t rip)
{
    uint64_t linear = cpu->is_64bit ? rip : (uint32_t)(rip + cpu->state.segments[X86_CS].base);
    const struct soft_tlb_exec_entry *entry =
        &cpu->tlb_exec[(linear / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE];
    struct soft_block *block = cpu->jump_cache[soft_jump_hash(linear)];

    if (soft_likely(entry->tag == (linear & SOFT_PAGE_MASK)) && soft_likely(block != NULL) &&
        soft_likely(block->host == (const uint8_t *)(uintptr_t)(linear + entry->addend)) &&
        soft_likely(block->mode == cpu->mode) && !cpu->block->single &&
        soft_likely(cpu->left >= block->instruction_count)) {
        cpu->left -= block->instruction_count;
        cpu->block = block;
        cpu->state.gpr[SOFT_GPR_CODE] = rip - linear % SOFT_PAGE_SIZE;
        return block->ops;
    }
    cpu->state.rip = rip;
    return soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP);
}

const struct op *soft_branch_slow(struct soft_cpu *cpu, const struct op *op, unsigned which)
{
    struct soft_block *block = cpu->block;
    int64_t target = which == 0 ? op->disp : op->offset + op->length;
    uint64_t rip = cpu->state.gpr[SOFT_GPR_CODE] + (uint64_t)target;

    if (!cpu->is_64bit) {
        rip = op->operand_size == 2 && which == 0 ? (uint16_t)rip : (uint32_t)rip;
    } else if (soft_unlikely(!soft_is_canonical(rip)) && op->length != 0) {
        return soft_raise_code(cpu, op, SOFT_GP, 0);
    }
    if (op->operand_size == 2 || target < 0 || target >= (int64_t)SOFT_PAGE_SIZE || block->single ||
        (block->mode & SOFT_MODE_CS_LIMITED) != 0) {
        return soft_jump(cpu, rip);
    }
    cpu->state.rip = rip;
    cpu->link_from = block;
    cpu->link_which = which;
    return soft_leave_at_rip(cpu, SOFT_LEAVE_LOOKUP);
}

uint64_t soft_executed_before(const struct soft_cpu *cpu, const struct op *op)
{
    return cpu->run_budget - ((uint64_t)cpu->left + cpu->block->instruction_count - op->position);
}

void soft_sync_time(struct soft_cpu *cpu, const struct op *op)
{
    if (cpu->options.callbacks.sync_time != NULL) {
        cpu->options.callbacks.sync_time(cpu->options.callbacks.opaque,
                                         soft_executed_before(cpu, op));
    }
}

void soft_tell_access(struct soft_cpu *cpu, const struct soft_device_access *access)
{
    if (cpu->options.callbacks.device_accessed != NULL) {
        cpu->options.callbacks.device_accessed(cpu->options.callbacks.opaque, access);
    }
}

uint64_t soft_cpu_executed(const struct soft_cpu *cpu)
{
    return cpu->run_budget - (uint64_t)cpu->left;
}

/* ---- the loop ---- */

static void deliver_exception(struct soft_cpu *cpu)
{
    cpu->left--;
    if (!soft_deliver_exception(cpu)) {
        cpu->state.activity = SOFT_ACTIVITY_SHUTDOWN;
    }
}

/* The block to run next: one that fits the budget, alone if asked for. */
static struct soft_block *next_block(struct soft_cpu *cpu, bool alone)
{
    struct soft_block *from = cpu->link_from;
    uint64_t generation = soft_code_generation(cpu->cluster->code);
    struct soft_block *block;

    cpu->link_from = NULL;
    block = soft_block_lookup(cpu, alone ? SOFT_MODE_SINGLE : 0);
    if (block != NULL && block->instruction_count > cpu->left) {
        block = soft_block_lookup(cpu, SOFT_MODE_SINGLE);
    }
    if (from != NULL && block != NULL && block->host != NULL && !block->crossing && !block->stale &&
        !from->stale && block->mode == from->mode &&
        generation == soft_code_generation(cpu->cluster->code)) {
        from->link[cpu->link_which] = block;
    }
    return block;
}

/* One block, or more where they chain. */
static void run_block(struct soft_cpu *cpu, bool alone)
{
    const struct op *op;
    struct soft_block *block = next_block(cpu, alone);

    if (block == NULL) {
        return; /* leave says exception */
    }
    cpu->left -= block->instruction_count;
    cpu->block = block;
    op = block->ops;
    do {
        op = op->run(cpu, op);
    } while (op != NULL);
    cpu->block = cpu->cluster->between;
}

static void halt(struct soft_cpu *cpu)
{
    cpu->state.activity = SOFT_ACTIVITY_HALTED;
}

/* Runs on from RIP until something other than the budget's flow needs a look. */
static void step(struct soft_cpu *cpu, enum soft_stop *stop)
{
    bool shadow = cpu->state.shadow;
    bool stepping = cpu->stepping;
    bool trap_flag = (cpu->state.rflags & SOFT_RFLAGS_TF) != 0;
    bool alone = shadow || stepping || cpu->leave == SOFT_LEAVE_RETRY;

    if (soft_unlikely(stepping) && !soft_debug_before(cpu)) {
        deliver_exception(cpu);
        cpu->leave = SOFT_LEAVE_LOOKUP;
        return;
    }
    cpu->leave = SOFT_LEAVE_LOOKUP;
    run_block(cpu, alone);
    if (soft_unlikely(shadow) && cpu->leave != SOFT_LEAVE_RETRY) {
        cpu->state.shadow = SOFT_SHADOW_NONE;
    }
    switch (cpu->leave) {
    case SOFT_LEAVE_LOOKUP: break;
    case SOFT_LEAVE_RETRY: return;
    case SOFT_LEAVE_EXCEPTION:
        deliver_exception(cpu);
        cpu->leave = SOFT_LEAVE_LOOKUP;
        return;
    case SOFT_LEAVE_HALT: halt(cpu); break;
    case SOFT_LEAVE_PAUSE: *stop = SOFT_STOP_PAUSE; break;
    }
    cpu->leave = SOFT_LEAVE_LOOKUP;
    if (soft_unlikely(stepping) && !soft_debug_after(cpu, trap_flag)) {
        cpu->state.activity = SOFT_ACTIVITY_RUNNING;
        if (!soft_deliver_exception(cpu)) {
            cpu->state.activity = SOFT_ACTIVITY_SHUTDOWN;
        }
        cpu->leave = SOFT_LEAVE_LOOKUP;
    }
}

/* INIT, SIPI, NMI, INTR, by priority (SDM 3A table 6-2). */
static void take_events(struct soft_cpu *cpu)
{
    struct soft_cpu_state *state = &cpu->state;
    bool ok = true;

    cpu->link_from = NULL;
    if (state->init_pending) {
        state->init_pending = false;
        soft_enter_init(cpu);
    }
    if (state->sipi_pending && state->activity == SOFT_ACTIVITY_WAIT_FOR_SIPI) {
        state->sipi_pending = false;
        soft_enter_sipi(cpu, state->sipi_vector);
    }
    if (state->activity == SOFT_ACTIVITY_WAIT_FOR_SIPI ||
        state->activity == SOFT_ACTIVITY_SHUTDOWN || state->shadow) {
        return;
    }
    if (state->nmi_pending && !state->nmi_blocked) {
        state->nmi_pending = false;
        state->nmi_blocked = true;
        state->activity = SOFT_ACTIVITY_RUNNING;
        ok = soft_deliver_interrupt(cpu, SOFT_NMI, SOFT_EVENT_NMI);
    } else if (state->intr_level && (state->rflags & SOFT_RFLAGS_IF) != 0 &&
               cpu->options.callbacks.acknowledge_interrupt != NULL) {
        int vector = cpu->options.callbacks.acknowledge_interrupt(cpu->options.callbacks.opaque);

        if (vector < 0) {
            state->intr_level = false;
        } else {
            state->activity = SOFT_ACTIVITY_RUNNING;
            ok = soft_deliver_interrupt(cpu, (uint8_t)vector, SOFT_EVENT_INTERRUPT);
        }
    }
    if (!ok) {
        state->activity = SOFT_ACTIVITY_SHUTDOWN;
    }
}

static bool has_events(const struct soft_cpu *cpu)
{
    const struct soft_cpu_state *state = &cpu->state;

    return state->intr_level || state->nmi_pending || state->init_pending || state->sipi_pending;
}

static void begin_run(struct soft_cpu *cpu, uint64_t budget)
{
    cpu->run_budget = MIN(budget, (uint64_t)INT64_MAX);
    cpu->left = (int64_t)cpu->run_budget;
    cpu->break_requested = false;
    cpu->leave = SOFT_LEAVE_LOOKUP;
    cpu->link_from = NULL;
    cpu->block = cpu->cluster->between;
    soft_set_rflags(cpu, cpu->state.rflags);
    soft_cpu_update_mode(cpu);
}

static uint64_t end_run(struct soft_cpu *cpu)
{
    uint64_t executed = cpu->run_budget - (uint64_t)cpu->left;

    cpu->state.rflags = soft_rflags(cpu);
    cpu->state.gpr[SOFT_GPR_CODE] = 0;
    cpu->state.executed += executed;
    cpu->block = NULL;
    return executed;
}

uint64_t soft_cpu_run(struct soft_cpu *cpu, uint64_t budget, enum soft_stop *stop)
{
    const enum soft_stop none = SOFT_STOP_DEBUG;
    enum soft_stop why = none;

    begin_run(cpu, budget);
    while (why == none) {
        if (soft_unlikely(cpu->break_requested)) {
            why = SOFT_STOP_BREAK;
        } else if (soft_unlikely(!soft_cpu_is_runnable(cpu))) {
            why =
                cpu->state.activity == SOFT_ACTIVITY_SHUTDOWN ? SOFT_STOP_SHUTDOWN : SOFT_STOP_HALT;
        } else if (cpu->left <= 0) {
            why = SOFT_STOP_BUDGET;
        } else {
            if (soft_unlikely(has_events(cpu))) {
                take_events(cpu);
            }
            if (soft_likely(cpu->state.activity == SOFT_ACTIVITY_RUNNING)) {
                step(cpu, &why);
            }
        }
    }
    *stop = why;
    return end_run(cpu);
}
