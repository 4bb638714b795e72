/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_internal.h - what all parts of the software CPU share: operations, blocks, TLB, lazy flags,
 * memory accesses, exceptions. docs/cpu.md is the tour.
 */
#ifndef REPLUG_CPU_SOFT_INTERNAL_H
#define REPLUG_CPU_SOFT_INTERNAL_H

#include <string.h>

#include "base/invariant.h"
#include "cpu/soft_cpu.h"
#include "cpu/soft_features.h"
#include "cpu/soft_state.h"
#include "memory/address_space.h"
#include "memory/listener.h"

/* Guest memory is reached through host loads and stores of the same byte order. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the software CPU needs a little-endian host");

#define soft_likely(condition)   __builtin_expect(!!(condition), 1)
#define soft_unlikely(condition) __builtin_expect(!!(condition), 0)

#define SOFT_PAGE_SIZE 4096u
#define SOFT_PAGE_MASK (~(uint64_t)(SOFT_PAGE_SIZE - 1))

/* ---- operations ---- */

struct op;

/*
 * Carries out one instruction and returns the next operation, or NULL to leave the block. An
 * operation that fails (a helper returned false) must have changed nothing: it may run again from
 * its start. So it does all its memory accesses first, the store last, and writes registers and
 * flags after them.
 */
typedef const struct op *(*op_fn)(struct soft_cpu *cpu, const struct op *op);

/* segment of a memory operand that needs neither base, limit nor a mask: 64-bit mode without FS and
 * GS, 64-bit addresses. */
#define SOFT_SEGMENT_FLAT 0xff

struct op {
    op_fn run;
    int64_t disp;               /* of the memory operand; of a branch: target - code page */
    uint64_t imm;               /* sign-extended as the instruction does */
    uint8_t base, index, scale; /* GPR numbers (SOFT_GPR_ZERO: none); scale is a shift count */
    uint8_t segment;            /* enum x86_segment_index or SOFT_SEGMENT_FLAT */
    uint8_t reg, reg2, reg3;    /* register operands in order; 8-bit ones: byte offset in gpr[] */
    uint8_t length;             /* bytes of the instruction */
    uint16_t offset;            /* of its first byte in its page */
    uint16_t position;          /* instructions before it in its block */
    uint8_t address_size;       /* bytes: 2, 4, 8 */
    uint8_t operand_size;       /* bytes: 1, 2, 4, 8; vectors: 8, 16, 32 */
    uint8_t detail;             /* free for the group that translates it */
    uint8_t prefix;             /* SOFT_PREFIX_* */
};

#define SOFT_PREFIX_REP   1u /* F3 */
#define SOFT_PREFIX_REPNE 2u /* F2 */
#define SOFT_PREFIX_LOCK  4u
#define SOFT_PREFIX_STACK 8u /* the memory operand is relative to SS: #SS instead of #GP */

/* Going on with the next instruction of the block. */
#define SOFT_NEXT(cpu, op) ((void)(cpu), (op) + 1)

/* ---- blocks ---- */

/* What decoding depends on beside the bytes: one key of the code cache. */
#define SOFT_MODE_16         0u
#define SOFT_MODE_32         1u
#define SOFT_MODE_64         2u
#define SOFT_MODE_SIZE       3u /* mask of the above: default operand and address size */
#define SOFT_MODE_STACK_32   4u /* SS.B; zero in 64-bit mode */
#define SOFT_MODE_CS_LIMITED 8u /* CS is no flat 4 GiB: limit checked at each entry, no chaining */
#define SOFT_MODE_SINGLE     16u /* one instruction, then back to the run loop; device accesses work */

#define SOFT_BLOCK_OPS_MAX 48

/* A run of instructions of one page. Its memory lives until the whole code cache is dropped. */
struct soft_block {
    const uint8_t *host; /* its first byte in host memory: the key, with mode */
    uint32_t mode;       /* SOFT_MODE_* */
    uint16_t instruction_count;
    uint16_t length;            /* bytes */
    bool single;                /* leads back to the run loop */
    bool stale;                 /* its bytes have changed */
    bool crossing;              /* one instruction that ends in the next page */
    const uint8_t *host_next;   /* of a crossing one: the next page's first byte */
    struct soft_block *link[2]; /* successors in the same page: taken or only, not taken */
    struct soft_block *hash_next;
    struct soft_block *page_next;  /* among the blocks of a page */
    struct soft_block *page_next2; /* of a crossing one: among those of the next page */
    struct op ops[];               /* instruction_count or fewer, then one that leads on */
};

/* ---- TLB (filled and flushed in src/cpu/mmu) ---- */

#define SOFT_TLB_SIZE      1024u
#define SOFT_TLB_EXEC_SIZE 512u

/* Tags are a page's linear address; low bits send accesses to the slow path although the page is
 * present and permitted. */
#define SOFT_TLB_NONE  UINT64_MAX
#define SOFT_TLB_IO    1ull /* no RAM: gpa goes through the address space */
#define SOFT_TLB_CODE  2ull /* write tag: RAM that decoded code came from */
#define SOFT_TLB_WATCH 4ull /* a data breakpoint may be in the page */

struct soft_tlb_entry {
    uint64_t read, write;
    uintptr_t addend; /* host address = linear + addend, where not SOFT_TLB_IO */
    uint64_t gpa;     /* of the page */
};

struct soft_tlb_exec_entry {
    uint64_t tag;
    uintptr_t addend; /* host address = linear + addend; gpa = linear + addend for SOFT_TLB_IO */
};

/* Each has TLBs of its own. */
enum soft_mmu_index {
    SOFT_MMU_SUPERVISOR,    /* CPL 0-2; with SMAP: user pages refused */
    SOFT_MMU_USER,          /* CPL 3 */
    SOFT_MMU_SUPERVISOR_AC, /* CPL 0-2 with EFLAGS.AC under SMAP */
    SOFT_MMU_COUNT
};

/* What was filled since the entries that are not global went. */
#define SOFT_TLB_LOG_MAX 255u

struct soft_tlb_log {
    bool in_use;                        /* something may be in this TLB */
    uint16_t count;                     /* SOFT_TLB_LOG_MAX + 1: too many, indices don't tell */
    uint16_t indices[SOFT_TLB_LOG_MAX]; /* in data[]; SOFT_TLB_SIZE + index: in exec[] */
    /* Bit n % 64: something of a 2 MiB or 4 MiB page in the 4 MiB numbered n is here; of a 1 GiB page
     * in the GiB numbered n. */
    uint64_t large, huge;
};

enum soft_access { SOFT_READ, SOFT_WRITE, SOFT_EXECUTE };

/* ---- exceptions ---- */

enum soft_vector_number {
    SOFT_DE = 0,
    SOFT_DB = 1,
    SOFT_NMI = 2,
    SOFT_BP = 3,
    SOFT_OF = 4,
    SOFT_BR = 5,
    SOFT_UD = 6,
    SOFT_NM = 7,
    SOFT_DF = 8,
    SOFT_TS = 10,
    SOFT_NP = 11,
    SOFT_SS = 12,
    SOFT_GP = 13,
    SOFT_PF = 14,
    SOFT_MF = 16,
    SOFT_AC = 17,
    SOFT_MC = 18,
    SOFT_XM = 19,
};

struct soft_exception {
    uint8_t vector;
    bool has_code;
    uint32_t code;
    uint64_t address; /* #PF: becomes CR2 at delivery. #DB: bits for DR6 */
};

/* What goes through the IDT. */
enum soft_event_kind {
    SOFT_EVENT_EXCEPTION,
    SOFT_EVENT_INTERRUPT,
    SOFT_EVENT_NMI,
    SOFT_EVENT_SOFTWARE
};

/* ---- the CPU ---- */

/*
 * Lazy flags, written whole by each arithmetic instruction: ZF = zero is 0; SF = bit 63 of sign,
 * PF = even parity of its low byte; CF = bit 63 of carry, AF = bit 3 of carry; OF = bit 63 of
 * overflow. The other bits mean nothing.
 */
struct soft_flags {
    uint64_t zero, sign, carry, overflow;
};

/* Why the block was left. */
enum soft_leave {
    SOFT_LEAVE_LOOKUP,    /* go on at RIP */
    SOFT_LEAVE_EXCEPTION, /* deliver cpu->exception; RIP is the instruction's */
    SOFT_LEAVE_RETRY,     /* run the instruction at RIP again, alone: it touches a device or code */
    SOFT_LEAVE_HALT,
    SOFT_LEAVE_PAUSE,
};

struct soft_cpu {
    struct soft_flags flags;
    int64_t left; /* budget not yet given to a block; the current block's instructions are taken */
    struct soft_block *block;   /* the current one */
    struct soft_tlb_entry *tlb; /* of the current mode: data[...] */
    struct soft_tlb_exec_entry *tlb_exec;
    uint32_t mode;     /* key of the code cache, without SOFT_MODE_SINGLE */
    uint8_t mmu_index; /* enum soft_mmu_index */
    uint8_t cpl;
    uint8_t stack_size; /* bytes of SP: 2, 4, 8 */
    bool stepping;      /* TF, or debug registers want a look at each instruction */
    bool align_check;   /* #AC on unaligned accesses: the TLB holds nothing then */
    bool long_mode;     /* EFER.LMA */
    bool is_64bit;      /* long mode and CS.L */
    struct soft_cpu_state state;

    enum soft_leave leave;
    struct soft_exception exception; /* raised, not yet delivered */
    bool break_requested;
    uint64_t run_budget; /* of the current run */
    struct soft_cluster *cluster;
    struct soft_cpu_options options;
    bool non_canonical;           /* the exception is #GP for an address that is not canonical */
    struct soft_block *link_from; /* the block left last that wants its successor's address */
    unsigned link_which;
    struct soft_block **jump_cache; /* of the cluster: SOFT_JUMP_CACHE_SIZE, by linear address */
    struct soft_tlb_entry data[SOFT_MMU_COUNT][SOFT_TLB_SIZE];
    struct soft_tlb_exec_entry exec[SOFT_MMU_COUNT][SOFT_TLB_EXEC_SIZE];
    struct soft_tlb_log tlb_log[SOFT_MMU_COUNT];
    uint64_t debug_hits; /* DR6 bits of breakpoints that the current instruction has hit */
    bool no_single_step; /* it delivers an event itself: no trap after it */
};

struct soft_code;

/* All CPUs of a machine and what they share. */
struct soft_cluster {
    struct soft_cluster_options options;
    struct soft_features features;
    GPtrArray *cpus; /* struct soft_cpu *, by creation */
    struct soft_code *code;
    uint64_t a20_mask;          /* of physical addresses: without bit 20 while A20 is closed */
    struct soft_block *between; /* the current block between blocks: events may reach devices */
    struct soft_tlb_entry no_tlb[SOFT_TLB_SIZE]; /* matches nothing: while alignment is checked */
    struct memory_listener listener;
};

/* After a change of CS, SS, CPL, CR0, CR3, CR4, EFER, DR7 or of TF, AC, VM in RFLAGS: derives the
 * fields from mode to is_64bit. The operation must end its block (soft_leave()). */
void soft_cpu_update_mode(struct soft_cpu *cpu);

static inline bool soft_is_protected(const struct soft_cpu *cpu)
{
    return (cpu->state.system.cr0 & 1) != 0;
}

#define SOFT_RFLAGS_CF         0x1ull
#define SOFT_RFLAGS_ONE        0x2ull
#define SOFT_RFLAGS_PF         0x4ull
#define SOFT_RFLAGS_AF         0x10ull
#define SOFT_RFLAGS_ZF         0x40ull
#define SOFT_RFLAGS_SF         0x80ull
#define SOFT_RFLAGS_TF         0x100ull
#define SOFT_RFLAGS_IF         0x200ull
#define SOFT_RFLAGS_DF         0x400ull
#define SOFT_RFLAGS_OF         0x800ull
#define SOFT_RFLAGS_IOPL       0x3000ull
#define SOFT_RFLAGS_NT         0x4000ull
#define SOFT_RFLAGS_RF         0x10000ull
#define SOFT_RFLAGS_VM         0x20000ull
#define SOFT_RFLAGS_AC         0x40000ull
#define SOFT_RFLAGS_VIF        0x80000ull
#define SOFT_RFLAGS_VIP        0x100000ull
#define SOFT_RFLAGS_ID         0x200000ull
#define SOFT_RFLAGS_ARITHMETIC 0x8d5ull

/* ---- flags ---- */

static inline bool soft_cf(const struct soft_cpu *cpu)
{
    return (int64_t)cpu->flags.carry < 0;
}

static inline bool soft_zf(const struct soft_cpu *cpu)
{
    return cpu->flags.zero == 0;
}

static inline bool soft_sf(const struct soft_cpu *cpu)
{
    return (int64_t)cpu->flags.sign < 0;
}

static inline bool soft_of(const struct soft_cpu *cpu)
{
    return (int64_t)cpu->flags.overflow < 0;
}

static inline bool soft_af(const struct soft_cpu *cpu)
{
    return (cpu->flags.carry & 8) != 0;
}

static inline bool soft_pf(const struct soft_cpu *cpu)
{
    return !__builtin_parity((unsigned)(cpu->flags.sign & 0xff));
}

/* RFLAGS whole, as PUSHF would see it with VM and RF. */
uint64_t soft_rflags(const struct soft_cpu *cpu);
/* All of RFLAGS, no checks; bit 1 is forced to one, reserved ones to zero. Does not update the
 * mode. */
void soft_set_rflags(struct soft_cpu *cpu, uint64_t rflags);
/* CF PF AF ZF SF OF alone, from their RFLAGS bits. */
void soft_set_arithmetic_flags(struct soft_cpu *cpu, uint64_t rflags);

/* ---- failing ---- */

/* For helpers: keep the exception and return false. */
bool soft_fail(struct soft_cpu *cpu, uint8_t vector);
bool soft_fail_code(struct soft_cpu *cpu, uint8_t vector, uint32_t code);
bool soft_fail_page(struct soft_cpu *cpu, uint64_t linear, uint32_t code);
/* #GP(0), or #SS(0) where the operation's operand is relative to SS. */
bool soft_fail_canonical(struct soft_cpu *cpu);
/* For operations: return soft_fault(cpu, op) when a helper returned false. */
const struct op *soft_fault(struct soft_cpu *cpu, const struct op *op);
/* Both in one. */
const struct op *soft_raise(struct soft_cpu *cpu, const struct op *op, uint8_t vector);
const struct op *soft_raise_code(struct soft_cpu *cpu, const struct op *op, uint8_t vector,
                                 uint32_t code);

/* ---- going on (the last statement of an operation that ends its block) ---- */

static inline bool soft_is_canonical(uint64_t linear)
{
    return (uint64_t)((int64_t)(linear << 16) >> 16) == linear;
}

static inline uint64_t soft_rip_mask(const struct soft_cpu *cpu)
{
    return cpu->is_64bit ? UINT64_MAX : UINT32_MAX;
}

static inline uint64_t soft_op_rip(const struct soft_cpu *cpu, const struct op *op)
{
    return (cpu->state.gpr[SOFT_GPR_CODE] + op->offset) & soft_rip_mask(cpu);
}

static inline uint64_t soft_op_next_rip(const struct soft_cpu *cpu, const struct op *op)
{
    return (cpu->state.gpr[SOFT_GPR_CODE] + op->offset + op->length) & soft_rip_mask(cpu);
}

/* At rip (checked by the caller), mode and interrupts unchanged: straight to the block there. */
const struct op *soft_jump(struct soft_cpu *cpu, uint64_t rip);
/* A direct branch (which 0) or the way past it (which 1) to code page + op->disp or to the next
 * instruction; chained within a page. */
const struct op *soft_branch_slow(struct soft_cpu *cpu, const struct op *op, unsigned which);

static inline const struct op *soft_branch(struct soft_cpu *cpu, const struct op *op,
                                           unsigned which)
{
    struct soft_block *next = cpu->block->link[which];

    if (soft_likely(next != NULL) && soft_likely(cpu->left >= next->instruction_count)) {
        cpu->left -= next->instruction_count;
        cpu->block = next;
        return next->ops;
    }
    return soft_branch_slow(cpu, op, which);
}
/* After this instruction, or at state.rip as the operation has set it: through the run loop, which
 * looks at lines, mode and breakpoints. */
const struct op *soft_leave(struct soft_cpu *cpu, const struct op *op, enum soft_leave leave);
/* At this instruction again, which counts as executed: a piece of a repeated one is done. */
const struct op *soft_repeat(struct soft_cpu *cpu, const struct op *op);
const struct op *soft_leave_at_rip(struct soft_cpu *cpu, enum soft_leave leave);

/* Instructions completed in this run before op; and tells the surroundings so. */
uint64_t soft_executed_before(const struct soft_cpu *cpu, const struct op *op);
void soft_sync_time(struct soft_cpu *cpu, const struct op *op);
/* Tells the surroundings of a device access that is done. */
void soft_tell_access(struct soft_cpu *cpu, const struct soft_device_access *access);
/* The TSC as the guest sees it now, for RDTSC and RDMSR. */
uint64_t soft_read_tsc(struct soft_cpu *cpu, const struct op *op);

/* The block holds one instruction alone, so that devices may be reached. Operations that always
 * reach outside are translated with alone set and need not ask. */
static inline bool soft_may_reach_devices(const struct soft_cpu *cpu)
{
    return cpu->block->single;
}

/* ---- memory: linear addresses, false = cpu->exception (or retry) is set ---- */

bool soft_load_slow(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size);
bool soft_store_slow(struct soft_cpu *cpu, uint64_t linear, const void *bytes, unsigned size);
/* Would a store of size bytes succeed? Faults as the store would. */
bool soft_probe_store(struct soft_cpu *cpu, uint64_t linear, unsigned size);

static inline const struct soft_tlb_entry *soft_tlb_entry(const struct soft_cpu *cpu,
                                                          uint64_t linear)
{
    return &cpu->tlb[(linear / SOFT_PAGE_SIZE) % SOFT_TLB_SIZE];
}

/* Host address where RAM can be read or written directly, else NULL. An access that crosses a page
 * never matches the tag: the next page belongs to another entry. */
static inline const void *soft_host_read(const struct soft_cpu *cpu, uint64_t linear, unsigned size)
{
    const struct soft_tlb_entry *entry = soft_tlb_entry(cpu, linear);

    return soft_likely(entry->read == ((linear + size - 1) & SOFT_PAGE_MASK))
               ? (const void *)(uintptr_t)(linear + entry->addend)
               : NULL;
}

static inline void *soft_host_write(const struct soft_cpu *cpu, uint64_t linear, unsigned size)
{
    const struct soft_tlb_entry *entry = soft_tlb_entry(cpu, linear);

    return soft_likely(entry->write == ((linear + size - 1) & SOFT_PAGE_MASK))
               ? (void *)(uintptr_t)(linear + entry->addend)
               : NULL;
}

/* soft_load8 to soft_load64, soft_store8 to soft_store64; any alignment. */
#define SOFT_DEFINE_ACCESS(bits)                                               \
    static inline bool soft_load##bits(struct soft_cpu *cpu, uint64_t linear,  \
                                       uint##bits##_t *value)                  \
    {                                                                          \
        const void *host = soft_host_read(cpu, linear, bits / 8);              \
                                                                               \
        if (soft_likely(host != NULL)) {                                       \
            memcpy(value, host, bits / 8);                                     \
            return true;                                                       \
        }                                                                      \
        return soft_load_slow(cpu, linear, value, bits / 8);                   \
    }                                                                          \
    static inline bool soft_store##bits(struct soft_cpu *cpu, uint64_t linear, \
                                        uint##bits##_t value)                  \
    {                                                                          \
        void *host = soft_host_write(cpu, linear, bits / 8);                   \
                                                                               \
        if (soft_likely(host != NULL)) {                                       \
            memcpy(host, &value, bits / 8);                                    \
            return true;                                                       \
        }                                                                      \
        return soft_store_slow(cpu, linear, &value, bits / 8);                 \
    }
SOFT_DEFINE_ACCESS(8)
SOFT_DEFINE_ACCESS(16)
SOFT_DEFINE_ACCESS(32)
SOFT_DEFINE_ACCESS(64)

/* Any size up to SOFT_PAGE_SIZE; a store checks all of it before it writes any. */
static inline bool soft_load(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size)
{
    const void *host = soft_host_read(cpu, linear, size);

    if (soft_likely(host != NULL)) {
        memcpy(bytes, host, size);
        return true;
    }
    return soft_load_slow(cpu, linear, bytes, size);
}

static inline bool soft_store(struct soft_cpu *cpu, uint64_t linear, const void *bytes,
                              unsigned size)
{
    void *host = soft_host_write(cpu, linear, size);

    if (soft_likely(host != NULL)) {
        memcpy(host, bytes, size);
        return true;
    }
    return soft_store_slow(cpu, linear, bytes, size);
}

/* Implicit supervisor accesses: descriptor tables, TSS, whatever the CPL. */
bool soft_load_system(struct soft_cpu *cpu, uint64_t linear, void *bytes, unsigned size);
bool soft_store_system(struct soft_cpu *cpu, uint64_t linear, const void *bytes, unsigned size);

/* ---- memory operands of an operation ---- */

/* The offset in its segment. */
static inline uint64_t soft_effective(const struct soft_cpu *cpu, const struct op *op)
{
    const uint64_t *gpr = cpu->state.gpr;

    return gpr[op->base] + (gpr[op->index] << op->scale) + (uint64_t)op->disp;
}

/* segment:offset to a linear address with checks of type and limit (outside 64-bit mode) or canonical
 * form; false = #GP or #SS is set. offset has its address size already. */
bool soft_segment_linear(struct soft_cpu *cpu, unsigned segment, uint64_t offset, unsigned size,
                         enum soft_access access, uint64_t *linear);
bool soft_operand_general(struct soft_cpu *cpu, const struct op *op, unsigned size,
                          enum soft_access access, uint64_t *linear);

/* The linear address of op's memory operand of size bytes. */
static inline bool soft_operand(struct soft_cpu *cpu, const struct op *op, unsigned size,
                                enum soft_access access, uint64_t *linear)
{
    if (soft_likely(op->segment == SOFT_SEGMENT_FLAT)) {
        *linear = soft_effective(cpu, op);
        return true;
    }
    return soft_operand_general(cpu, op, size, access, linear);
}

/* ---- registers ---- */

static inline uint8_t *soft_gpr8(struct soft_cpu *cpu, unsigned byte_offset)
{
    return (uint8_t *)cpu->state.gpr + byte_offset;
}

/* ---- src/cpu/interp: stack, for system code too (they move RSP only when they succeed) ---- */

/* size 2, 4 or 8; SS checks and stack size as of now. */
bool soft_push(struct soft_cpu *cpu, uint64_t value, unsigned size);
bool soft_pop(struct soft_cpu *cpu, uint64_t *value, unsigned size);

/* ---- src/cpu/mmu ---- */

/* Once, before all else: empty. */
void soft_tlb_init(struct soft_cpu *cpu);
/*
 * Translates a page for an access and fills the TLB of mmu_index; sets accessed and dirty bits.
 * False: #PF is set (by soft_fail_page(), with the whole linear address), or #GP/#SS for a
 * non-canonical one.
 */
bool soft_tlb_fill(struct soft_cpu *cpu, uint64_t linear, enum soft_access access,
                   enum soft_mmu_index mmu_index);
void soft_tlb_flush(struct soft_cpu *cpu, bool global_too);
void soft_tlb_flush_page(struct soft_cpu *cpu, uint64_t linear);
/* No access to the page at host may be a write by the fast path any more. */
void soft_tlb_protect_code(struct soft_cpu *cpu, const uint8_t *host_page);
/* It may again. */
void soft_tlb_unprotect_code(struct soft_cpu *cpu, const uint8_t *host_page);
/* Page walk without side effects; false = not mapped. */
bool soft_translate_debug(struct soft_cpu *cpu, uint64_t linear, uint64_t *gpa);

/* ---- src/cpu/event ---- */

/*
 * Through the IDT: pushes the frame, loads CS:RIP (state.rip is the return address). next_rip only
 * for SOFT_EVENT_SOFTWARE. A fault within becomes a double fault and so on; false = triple fault.
 * For SOFT_EVENT_SOFTWARE false may also mean cpu->exception, to be raised at the instruction.
 */
bool soft_deliver_exception(struct soft_cpu *cpu);
bool soft_deliver_interrupt(struct soft_cpu *cpu, uint8_t vector, enum soft_event_kind kind);
/* INT n, INT3, INTO, INT1: operations call these; false = fault. state.rip is set on success. */
bool soft_software_interrupt(struct soft_cpu *cpu, uint8_t vector, uint64_t next_rip);
bool soft_interrupt_return(struct soft_cpu *cpu, unsigned operand_size, uint64_t next_rip);
/* INIT and start-up IPI. */
void soft_enter_init(struct soft_cpu *cpu);
void soft_enter_sipi(struct soft_cpu *cpu, uint8_t vector);
/* Only while cpu->stepping: before an instruction (false = #DB is set: instruction breakpoint) and
 * after one (single step, data breakpoints; false = #DB is set). */
bool soft_debug_before(struct soft_cpu *cpu);
bool soft_debug_after(struct soft_cpu *cpu, bool trap_flag_before);
/* A page with SOFT_TLB_WATCH is accessed: notes the breakpoints that hit. */
void soft_debug_watch(struct soft_cpu *cpu, uint64_t linear, unsigned size,
                      enum soft_access access);
/* By soft_port_permitted(). */
void soft_debug_watch_port(struct soft_cpu *cpu, uint16_t port, unsigned size);

/* ---- src/cpu/interp: segment.c, system.c ---- */

/* They set state.rip, CS and the rest on success and update the mode; false = fault. */
bool soft_far_jump(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip);
bool soft_far_call(struct soft_cpu *cpu, uint16_t selector, uint64_t offset, unsigned operand_size,
                   uint64_t next_rip);
bool soft_far_return(struct soft_cpu *cpu, unsigned operand_size, unsigned pop_bytes);
/* For MOV and POP to a segment register (not CS), LDS and the like; their rows are in segment.c, but
 * those of PUSH and POP. */
bool soft_load_segment(struct soft_cpu *cpu, enum x86_segment_index segment, uint16_t selector);
/* IN, OUT, INS, OUTS: IOPL and the TSS's I/O permission map; false = #GP is set. */
bool soft_port_permitted(struct soft_cpu *cpu, uint16_t port, unsigned size);
/* "max", "qemu64,-nx": fails with the name that is unknown. */
bool soft_model_parse(const char *model, struct soft_features *features, GError **error);
/* CPUID 1 EAX: what EDX is after reset and INIT. */
uint32_t soft_cpu_signature(const struct soft_cpu *cpu);

/* ---- src/cpu/decode: code cache ---- */

#define SOFT_JUMP_CACHE_SIZE 4096u

static inline unsigned soft_jump_hash(uint64_t linear)
{
    return (unsigned)(linear ^ (linear >> 12)) % SOFT_JUMP_CACHE_SIZE;
}

struct soft_code *soft_code_create(struct soft_cluster *cluster);
void soft_code_destroy(struct soft_code *code);
struct soft_block **soft_code_jump_cache(struct soft_code *code);
/* The block at state.rip, decoded if need be; NULL = a fault of the fetch is set. */
struct soft_block *soft_block_lookup(struct soft_cpu *cpu, uint32_t extra_mode);
/* Does decoded code lie in the page; in these bytes of RAM? */
bool soft_code_in_page(const struct soft_code *code, const uint8_t *host_page);
bool soft_code_overlaps(const struct soft_code *code, const uint8_t *host, uint64_t size);
/* These bytes of RAM have changed: exactly the blocks that hold one of them go. */
void soft_code_written(struct soft_code *code, const uint8_t *host, uint64_t size);
/* Everything goes. Blocks that are running stay readable until the next one is decoded. */
void soft_code_flush(struct soft_code *code);
/* Grows when blocks have lost their memory. */
uint64_t soft_code_generation(const struct soft_code *code);

#endif
