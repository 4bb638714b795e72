/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_system.h - control and model-specific registers: checked writes; fast system calls. */
#ifndef REPLUG_CPU_SOFT_SYSTEM_H
#define REPLUG_CPU_SOFT_SYSTEM_H

#include "cpu/soft_registers.h"
#include "cpu/soft_translate.h"

/* False: #GP(0) is set and nothing has changed. They flush the TLB where they must; the caller
 * updates the mode. */
bool soft_write_cr0(struct soft_cpu *cpu, uint64_t value);
bool soft_write_cr3(struct soft_cpu *cpu, uint64_t value);
bool soft_write_cr4(struct soft_cpu *cpu, uint64_t value);
bool soft_write_efer(struct soft_cpu *cpu, uint64_t value);

/* syscall.c */
const struct op *soft_op_syscall(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_op_sysret(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_op_sysenter(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_op_sysexit(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_op_swapgs(struct soft_cpu *cpu, const struct op *op);
/* RDFSBASE and its kind: reg2 is the general register, reg the segment. */
const struct op *soft_op_read_base(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_op_write_base(struct soft_cpu *cpu, const struct op *op);

#endif
