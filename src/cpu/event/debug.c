/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug.c - single step and the four breakpoints (Intel SDM 3A chapter 17).
 *
 * A data breakpoint that hits in MOV SS or POP SS is lost: hardware would report it an instruction
 * later.
 */
#include "cpu/soft_registers.h"

enum breakpoint_type { BREAK_EXECUTE, BREAK_WRITE, BREAK_PORT, BREAK_ACCESS };

static bool is_enabled(const struct soft_cpu *cpu, unsigned index)
{
    return ((cpu->state.system.dr[7] >> (index * 2)) & 3) != 0;
}

static enum breakpoint_type type_of(const struct soft_cpu *cpu, unsigned index)
{
    return (enum breakpoint_type)(cpu->state.system.dr[7] >> (16 + index * 4) & 3);
}

static unsigned length_of(const struct soft_cpu *cpu, unsigned index)
{
    static const uint8_t lengths[] = { 1, 2, 8, 4 };

    return lengths[(cpu->state.system.dr[7] >> (18 + index * 4)) & 3];
}

bool soft_debug_before(struct soft_cpu *cpu)
{
    uint64_t linear = cpu->is_64bit ? cpu->state.rip
                                    : (uint32_t)(cpu->state.rip + cpu->state.segments[X86_CS].base);
    uint64_t hits = 0;

    cpu->debug_hits = 0;
    cpu->no_single_step = false;
    if ((cpu->state.rflags & SOFT_RFLAGS_RF) != 0) {
        /* It holds for this instruction; a fault in it pushes RF set anyway. */
        cpu->state.rflags &= ~SOFT_RFLAGS_RF;
        soft_cpu_update_mode(cpu);
        return true;
    }
    if (cpu->state.shadow == SOFT_SHADOW_SS) {
        return true;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (is_enabled(cpu, i) && type_of(cpu, i) == BREAK_EXECUTE &&
            cpu->state.system.dr[i] == linear) {
            hits |= 1ull << i;
        }
    }
    if (hits == 0) {
        return true;
    }
    (void)soft_fail(cpu, SOFT_DB);
    cpu->exception.address = hits;
    return false;
}

bool soft_debug_after(struct soft_cpu *cpu, bool trap_flag_before)
{
    uint64_t hits = cpu->debug_hits;

    cpu->debug_hits = 0;
    if (trap_flag_before && !cpu->no_single_step) {
        hits |= SOFT_DR6_BS;
    }
    if (hits == 0 || cpu->state.shadow == SOFT_SHADOW_SS) {
        return true;
    }
    (void)soft_fail(cpu, SOFT_DB);
    cpu->exception.address = hits;
    return false;
}

static void watch(struct soft_cpu *cpu, uint64_t address, unsigned size, unsigned types)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned length = length_of(cpu, i);
        uint64_t start = cpu->state.system.dr[i] & ~(uint64_t)(length - 1);

        if (is_enabled(cpu, i) && ((types >> type_of(cpu, i)) & 1) != 0 &&
            address < start + length && start < address + size) {
            cpu->debug_hits |= 1ull << i;
        }
    }
}

void soft_debug_watch(struct soft_cpu *cpu, uint64_t linear, unsigned size, enum soft_access access)
{
    watch(cpu, linear, size, 1u << BREAK_ACCESS | (access == SOFT_WRITE ? 1u << BREAK_WRITE : 0));
}

void soft_debug_watch_port(struct soft_cpu *cpu, uint16_t port, unsigned size)
{
    if (soft_unlikely(cpu->stepping) && (cpu->state.system.cr4 & SOFT_CR4_DE) != 0) {
        watch(cpu, port, size, 1u << BREAK_PORT);
    }
}
