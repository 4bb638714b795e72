/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_machine.h - the machine's side of "-accel soft": our own CPUs with their APICs and chips, virtual time by
 * counted instructions, and the thread that runs them.
 *
 *   now_ns = instructions executed by all CPUs << shift  +  jumps
 *
 * One CPU runs at a time, for a fixed quantum of instructions. When all of them are halted, time jumps to the next
 * timer's deadline. So everything the guest does is a function of the state and of where between two instructions an
 * external event came: the machine's lock is only given away there.
 */
#ifndef REPLUG_MACHINE_SOFT_MACHINE_H
#define REPLUG_MACHINE_SOFT_MACHINE_H

#include "machine/machine_internal.h"

struct soft_machine;

/* The cluster without CPUs. machine->soft is set on success. Errors: unknown CPU model. */
bool soft_machine_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The thread has been stopped, devices and address spaces are still there. NULL machine->soft is fine. */
void soft_machine_destroy(struct machine *machine);

/* CPU and local APIC of the processor with cpu's index. */
bool soft_machine_create_cpu(struct machine *machine, struct x86_cpu *cpu,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An unplugged one's; not while a CPU runs. */
void soft_machine_destroy_cpu(struct machine *machine, const struct x86_cpu *cpu);

/* The thread that runs the guest whenever the run state says so. stop: without the machine's lock. */
bool soft_machine_start(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void soft_machine_stop(struct machine *machine);
int64_t soft_machine_thread_id(const struct machine *machine);

/* Virtual time and instruction count as of now. */
uint64_t soft_machine_now_ns(const struct machine *machine);
uint64_t soft_machine_icount(const struct machine *machine);

/* A device asks for something that the machine does at the end of a turn: the CPU stops after this instruction. */
void soft_machine_break(struct machine *machine);

/* What the CPUs' RDRAND would have given next. */
uint64_t soft_machine_random(struct machine *machine);

/* As at power-up; then registers. */
void soft_machine_reset_cpu(struct machine *machine, unsigned index);
void soft_machine_load(struct machine *machine, unsigned index, const struct x86_state *state);
void soft_machine_save(const struct machine *machine, unsigned index, struct x86_state *out_state);

/* The gate of address line 20 of all CPUs. */
void soft_machine_set_a20(struct machine *machine, bool open);

/* A loader wrote through a host pointer. Nothing to do without our own CPUs. */
void soft_machine_ram_changed(struct machine *machine, const void *host, uint64_t bytes);

/* All guest-visible state that is no device's: the CPUs' and how they take turns. */
typedef void (*soft_state_fn)(void *opaque, const void *at, const struct state_desc *desc,
                              const char *path);
void soft_machine_for_each_state(const struct machine *machine, soft_state_fn visit, void *opaque);
uint64_t soft_machine_schema(void);
/* That state has been loaded. */
void soft_machine_after_load(struct machine *machine);

/*
 * Runs the guest up to an instruction count or until nothing is runnable; under the lock, in a turn's context. Gives
 * true when all CPUs are halted with no timer due. For the thread and for a replay.
 */
bool soft_machine_run_until(struct machine *machine, uint64_t icount);
/*
 * For a replay: runs the guest to where a recorded turn met it, the same instruction at the same time. False when it never
 * gets there: with a text (the caller's), or without one where the recording knows the difference already.
 */
bool soft_machine_follow(struct machine *machine, uint64_t icount, uint64_t now_ns,
                         char **out_text);
/* All are halted: time goes on to at_ns, or to the next deadline if that is earlier; timers fire. */
void soft_machine_jump(struct machine *machine, uint64_t at_ns);

#endif
