/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_soft_native.c - random integer instructions on the software CPU and on the host's processor: same
 * registers, memory and flags, but for flags that the manual leaves undefined.
 *
 * The instruction runs between loading and storing all registers from a block at a fixed low address; its
 * memory operand is [rdi + disp] in a page that lies at the same address in the guest and on the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "soft_fixture.h"

#if defined(__x86_64__)

#    define ROUNDS       60000
#    define DATA         0x600000u
#    define DATA_BYTES   0x1000u
#    define NATIVE_CODE  0x610000u
#    define NATIVE_FRAME 0x620000u
#    define FLAGS_CF     0x1u
#    define FLAGS_PF     0x4u
#    define FLAGS_AF     0x10u
#    define FLAGS_ZF     0x40u
#    define FLAGS_SF     0x80u
#    define FLAGS_OF     0x800u
#    define FLAGS_ALL    0x8d5u
#    define BYTES_MAX    16

struct registers {
    uint64_t gpr[16];
    uint64_t rflags;
    uint64_t saved_rsp;
};

/* ---- the host's side ---- */

static uint8_t *emit(uint8_t *at, const void *bytes, unsigned size)
{
    memcpy(at, bytes, size);
    return at + size;
}

/* mov reg, [frame] or mov [frame], reg with a 32-bit absolute address */
static uint8_t *emit_move(uint8_t *at, unsigned reg, uint32_t address, uint8_t opcode)
{
    uint8_t bytes[8] = { (uint8_t)(0x48 | (reg >= 8 ? 4 : 0)), opcode,
                         (uint8_t)(0x04 | (reg & 7) << 3), 0x25 };

    memcpy(bytes + 4, &address, 4);
    return emit(at, bytes, 8);
}

static void native_run(const uint8_t *instruction, unsigned size, struct registers *registers)
{
    struct registers *frame = (struct registers *)(uintptr_t)NATIVE_FRAME;
    uint8_t *at = (uint8_t *)(uintptr_t)NATIVE_CODE;
    const uint32_t flags_at = NATIVE_FRAME + offsetof(struct registers, rflags);
    uint8_t push_flags[7] = { 0xff, 0x34, 0x25 };
    uint8_t pop_flags[7] = { 0x8f, 0x04, 0x25 };

    memcpy(push_flags + 3, &flags_at, 4);
    memcpy(pop_flags + 3, &flags_at, 4);
    *frame = *registers;
    at = emit(at, "\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57", 10); /* push rbx rbp r12-r15 */
    at = emit(at, push_flags, 7);
    at = emit(at, "\x9d", 1);
    for (unsigned reg = 0; reg < 16; reg++) {
        if (reg != X86_RSP) {
            at = emit_move(at, reg, NATIVE_FRAME + reg * 8, 0x8b);
        }
    }
    at = emit(at, instruction, size);
    for (unsigned reg = 0; reg < 16; reg++) {
        if (reg != X86_RSP) {
            at = emit_move(at, reg, NATIVE_FRAME + reg * 8, 0x89);
        }
    }
    at = emit(at, "\x9c", 1);
    at = emit(at, pop_flags, 7);
    at = emit(at, "\xfc\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3", 12);
    ((void (*)(void))(uintptr_t)NATIVE_CODE)();
    *registers = *frame;
}

static bool map_low(uint32_t address)
{
    return mmap((void *)(uintptr_t)address, DATA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                0) == (void *)(uintptr_t)address;
}

/* ---- the instructions ---- */

enum operands { PLAIN, MODRM, MODRM8, IN_REG, BIT_OFFSET };

struct form {
    uint8_t escape;          /* 0, 0fh; f3h: F3 0F */
    uint8_t opcode, opcodes; /* first and count */
    enum operands operands;
    int digit;          /* of ModRM, or -1 */
    unsigned immediate; /* bytes; 9: operand size, at most 4 */
    uint32_t undefined; /* flags */
};

#    define LOGIC   FLAGS_AF
#    define PRODUCT (FLAGS_SF | FLAGS_ZF | FLAGS_AF | FLAGS_PF)
#    define SEARCH  (FLAGS_ALL & ~FLAGS_ZF)
#    define COUNT   (FLAGS_ALL & ~(FLAGS_ZF | FLAGS_CF))
#    define BIT     (FLAGS_OF | FLAGS_SF | FLAGS_AF | FLAGS_PF)

/* clang-format off */
static const struct form forms[] = {
    { 0, 0x00, 4, MODRM, -1, 0, 0 }, { 0, 0x08, 4, MODRM, -1, 0, LOGIC },
    { 0, 0x10, 4, MODRM, -1, 0, 0 }, { 0, 0x18, 4, MODRM, -1, 0, 0 },
    { 0, 0x20, 4, MODRM, -1, 0, LOGIC }, { 0, 0x28, 4, MODRM, -1, 0, 0 },
    { 0, 0x30, 4, MODRM, -1, 0, LOGIC }, { 0, 0x38, 4, MODRM, -1, 0, 0 },
    { 0, 0x04, 1, PLAIN, -1, 1, 0 }, { 0, 0x15, 1, PLAIN, -1, 9, 0 }, { 0, 0x1d, 1, PLAIN, -1, 9, 0 },
    { 0, 0x80, 1, MODRM, 0, 1, 0 }, { 0, 0x80, 1, MODRM, 1, 1, LOGIC }, { 0, 0x80, 1, MODRM, 2, 1, 0 },
    { 0, 0x80, 1, MODRM, 3, 1, 0 }, { 0, 0x80, 1, MODRM, 4, 1, LOGIC }, { 0, 0x80, 1, MODRM, 5, 1, 0 },
    { 0, 0x80, 1, MODRM, 6, 1, LOGIC }, { 0, 0x80, 1, MODRM, 7, 1, 0 },
    { 0, 0x81, 1, MODRM, 0, 9, 0 }, { 0, 0x81, 1, MODRM, 5, 9, 0 }, { 0, 0x83, 1, MODRM, 2, 1, 0 },
    { 0, 0x83, 1, MODRM, 3, 1, 0 }, { 0, 0x83, 1, MODRM, 6, 1, LOGIC }, { 0, 0x83, 1, MODRM, 7, 1, 0 },
    { 0, 0x84, 2, MODRM, -1, 0, LOGIC }, { 0, 0x86, 2, MODRM, -1, 0, 0 }, { 0, 0x88, 4, MODRM, -1, 0, 0 },
    { 0, 0x63, 1, MODRM, -1, 0, 0 }, { 0, 0x69, 1, MODRM, -1, 9, PRODUCT }, { 0, 0x6b, 1, MODRM, -1, 1, PRODUCT },
    { 0, 0x98, 2, PLAIN, -1, 0, 0 }, { 0, 0x9e, 2, PLAIN, -1, 0, 0 }, { 0, 0xa8, 1, PLAIN, -1, 1, LOGIC },
    { 0, 0xb0, 8, IN_REG, -1, 1, 0 }, { 0, 0xc6, 1, MODRM, 0, 1, 0 }, { 0, 0xc7, 1, MODRM, 0, 9, 0 },
    { 0, 0xf5, 1, PLAIN, -1, 0, 0 }, { 0, 0xf8, 2, PLAIN, -1, 0, 0 },
    { 0, 0xf6, 1, MODRM, 0, 1, LOGIC }, { 0, 0xf7, 1, MODRM, 0, 9, LOGIC },
    { 0, 0xf6, 2, MODRM, 2, 0, 0 }, { 0, 0xf6, 2, MODRM, 3, 0, 0 },
    { 0, 0xf6, 2, MODRM, 4, 0, PRODUCT }, { 0, 0xf6, 2, MODRM, 5, 0, PRODUCT },
    { 0, 0xf6, 2, MODRM, 6, 0, FLAGS_ALL }, { 0, 0xf6, 2, MODRM, 7, 0, FLAGS_ALL },
    { 0, 0xfe, 2, MODRM, 0, 0, 0 }, { 0, 0xfe, 2, MODRM, 1, 0, 0 }, { 0, 0x8d, 1, MODRM, -1, 0, 0 },
#define SHIFTS(digit, flags) { 0, 0xc0, 2, MODRM, digit, 1, flags }, { 0, 0xd0, 4, MODRM, digit, 0, flags },
    SHIFTS(0, FLAGS_OF) SHIFTS(1, FLAGS_OF) SHIFTS(2, FLAGS_OF) SHIFTS(3, FLAGS_OF)
    SHIFTS(4, FLAGS_OF | FLAGS_AF | FLAGS_CF) SHIFTS(5, FLAGS_OF | FLAGS_AF | FLAGS_CF)
    SHIFTS(7, FLAGS_OF | FLAGS_AF)
    { 0x0f, 0x40, 16, MODRM, -1, 0, 0 }, { 0x0f, 0x90, 16, MODRM, 0, 0, 0 },
    { 0x0f, 0xa3, 1, BIT_OFFSET, -1, 0, BIT }, { 0x0f, 0xab, 1, BIT_OFFSET, -1, 0, BIT },
    { 0x0f, 0xb3, 1, BIT_OFFSET, -1, 0, BIT }, { 0x0f, 0xbb, 1, BIT_OFFSET, -1, 0, BIT },
    { 0x0f, 0xba, 1, MODRM, 4, 1, BIT }, { 0x0f, 0xba, 1, MODRM, 5, 1, BIT },
    { 0x0f, 0xba, 1, MODRM, 6, 1, BIT }, { 0x0f, 0xba, 1, MODRM, 7, 1, BIT },
    { 0x0f, 0xa4, 1, MODRM, -1, 1, FLAGS_OF | FLAGS_AF }, { 0x0f, 0xa5, 1, MODRM, -1, 0, FLAGS_OF | FLAGS_AF },
    { 0x0f, 0xac, 1, MODRM, -1, 1, FLAGS_OF | FLAGS_AF }, { 0x0f, 0xad, 1, MODRM, -1, 0, FLAGS_OF | FLAGS_AF },
    { 0x0f, 0xaf, 1, MODRM, -1, 0, PRODUCT }, { 0x0f, 0xb0, 2, MODRM, -1, 0, 0 },
    { 0x0f, 0xb6, 2, MODRM, -1, 0, 0 }, { 0x0f, 0xbe, 2, MODRM, -1, 0, 0 },
    { 0x0f, 0xbc, 2, MODRM, -1, 0, SEARCH }, { 0xf3, 0xbc, 2, MODRM, -1, 0, COUNT },
    { 0xf3, 0xb8, 1, MODRM, -1, 0, 0 }, { 0x0f, 0xc0, 2, MODRM, -1, 0, 0 },
    { 0x0f, 0xc8, 8, IN_REG, -1, 0, 0 }, { 0x0f, 0xc7, 1, MODRM, 1, 0, 0 },
    { 0, 0xd7, 1, PLAIN, -1, 0, 0 },
};
/* clang-format on */

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Small, large, all sign patterns. */
static uint64_t random_value(void)
{
    uint64_t value = next_random();

    switch (next_random() % 6) {
    case 0: return value & 0xff;
    case 1: return (uint64_t) - (int64_t)(value & 0xff);
    case 2: return 1ull << (value & 63);
    case 3: return (1ull << (value & 63)) - 1;
    default: return value;
    }
}

struct trial {
    uint8_t bytes[BYTES_MAX];
    unsigned size;
    bool is_memory, word, wide;
    uint8_t count; /* an immediate of one byte */
};

static void make_modrm(struct trial *trial, const struct form *form, uint8_t *rex)
{
    unsigned reg = form->digit >= 0 ? (unsigned)form->digit : next_random() & 7;
    unsigned rm = next_random() & 7;
    bool is_lea = form->escape == 0 && form->opcode == 0x8d;
    bool is_pair = form->escape == 0x0f && form->opcode == 0xc7;

    /* RSP stays out of it: no register 4 without REX bits (with them it is R12, or SPL or AH). */
    reg = form->digit < 0 && reg == 4 ? 5 : reg;
    rm = rm == 4 ? 6 : rm;
    /* Nor is RDI, the address, a bit offset. */
    reg = form->operands == BIT_OFFSET && reg == 7 ? 6 : reg;
    trial->is_memory = is_lea || is_pair || (next_random() & 1) != 0;
    if (trial->is_memory) {
        *rex &= (uint8_t)~3;
        trial->bytes[trial->size++] = (uint8_t)(0x47 | reg << 3);
        trial->bytes[trial->size++] = is_pair ? 0x40 : (uint8_t)(next_random() & 0x7f);
    } else {
        trial->bytes[trial->size++] = (uint8_t)(0xc0 | reg << 3 | rm);
    }
}

static void make_trial(struct trial *trial, const struct form *form)
{
    unsigned opcode = form->opcode + (unsigned)(next_random() % form->opcodes);
    uint8_t rex = (uint8_t)(0x40 | (next_random() & 0xf));
    unsigned rex_at;
    unsigned immediate = form->immediate;

    memset(trial, 0, sizeof(*trial));
    trial->word = next_random() % 4 == 0;
    if (trial->word) {
        trial->bytes[trial->size++] = 0x66;
    }
    if (form->escape == 0xf3) {
        trial->bytes[trial->size++] = 0xf3;
    }
    /* Without REX, AH to BH are in reach; SPL with an empty one would be RSP. */
    rex = (rex & 0xf) == 0 ? 0 : rex;
    rex_at = trial->size;
    trial->size += rex != 0;
    if (form->escape != 0) {
        trial->bytes[trial->size++] = 0x0f;
    }
    if (form->operands == IN_REG && (opcode & 7) == 4) {
        opcode++;
    }
    trial->bytes[trial->size++] = (uint8_t)opcode;
    if (form->operands == MODRM || form->operands == BIT_OFFSET) {
        make_modrm(trial, form, &rex);
    }
    if (rex_at + (rex != 0) <= trial->size && rex != 0) {
        trial->bytes[rex_at] = rex;
    }
    trial->wide = (rex & 8) != 0;
    if (immediate == 9) {
        immediate = trial->word && !trial->wide ? 2 : 4;
    }
    for (unsigned i = 0; i < immediate; i++) {
        trial->bytes[trial->size++] = (uint8_t)random_value();
    }
    trial->count = trial->bytes[trial->size - 1];
}

/* ---- comparing ---- */

static void report(const struct trial *trial, const struct registers *before,
                   const struct registers *soft, const struct registers *native)
{
    print_message("instruction:");
    for (unsigned i = 0; i < trial->size; i++) {
        print_message(" %02x", trial->bytes[i]);
    }
    print_message("\n");
    for (unsigned i = 0; i < 16; i++) {
        if (soft->gpr[i] != native->gpr[i] || i == X86_RCX || i == X86_RAX) {
            print_message("  r%u before %016lx soft %016lx native %016lx\n", i, before->gpr[i],
                          soft->gpr[i], native->gpr[i]);
        }
    }
    print_message("  flags before %03lx soft %03lx native %03lx\n", before->rflags & FLAGS_ALL,
                  soft->rflags & FLAGS_ALL, native->rflags & FLAGS_ALL);
}

/* Runs it on soft; false where it faults. */
static bool soft_run(struct fixture *fixture, const struct trial *trial,
                     struct registers *registers)
{
    uint64_t rsp = fixture->state->gpr[X86_RSP];

    memcpy(fixture->ram + FIXTURE_CODE, trial->bytes, trial->size);
    soft_cluster_ram_changed(fixture->cluster, fixture->ram + FIXTURE_CODE, BYTES_MAX);
    memcpy(fixture->state->gpr, registers->gpr, sizeof(registers->gpr));
    fixture->state->gpr[X86_RSP] = rsp;
    fixture->state->rflags = registers->rflags;
    fixture->state->rip = FIXTURE_CODE;
    fixture->state->activity = SOFT_ACTIVITY_RUNNING;
    (void)soft_cpu_run(fixture->cpu, 1, &fixture->stop);
    memcpy(registers->gpr, fixture->state->gpr, sizeof(registers->gpr));
    registers->rflags = fixture->state->rflags;
    registers->gpr[X86_RSP] = 0;
    fixture->state->gpr[X86_RSP] = rsp;
    return fixture->stop == SOFT_STOP_BUDGET;
}

/* Double shifts by more than the width of 16 bits have no defined result at all. */
static bool has_no_result(const struct form *form, const struct trial *trial,
                          const struct registers *before)
{
    bool is_double = form->escape == 0x0f && (form->opcode & 0xf6) == 0xa4;
    unsigned count = form->immediate != 0 ? trial->count : (unsigned)before->gpr[X86_RCX];
    bool is_bswap16 = form->escape == 0x0f && form->opcode == 0xc8 && trial->word && !trial->wide;

    return (is_double && trial->word && !trial->wide && (count & 31) > 16) || is_bswap16;
}

static bool try_one(struct fixture *fixture)
{
    const struct form *form = &forms[next_random() % G_N_ELEMENTS(forms)];
    struct registers before = { .rflags = 0x202 | (next_random() & FLAGS_ALL) };
    struct registers soft;
    struct registers native;
    struct trial trial;
    uint8_t *data = (uint8_t *)(uintptr_t)DATA;
    bool equal;

    make_trial(&trial, form);
    for (unsigned i = 0; i < 16; i++) {
        before.gpr[i] = i == X86_RSP ? 0 : random_value();
        if (form->operands == BIT_OFFSET && trial.is_memory) {
            before.gpr[i] = (uint64_t)((int64_t)(before.gpr[i] << 53) >> 53);
        }
    }
    if (trial.is_memory || form->opcode == 0xd7) {
        before.gpr[X86_RDI] = DATA + 0x400;
        before.gpr[X86_RBX] = form->opcode == 0xd7 ? DATA : before.gpr[X86_RBX];
    }
    for (unsigned i = 0; i < 0x800; i += 8) {
        uint64_t value = random_value();

        memcpy(data + i, &value, 8);
    }
    if (has_no_result(form, &trial, &before)) {
        return true;
    }
    memcpy(fixture->ram + DATA, data, 0x800);
    soft = before;
    native = before;
    if (!soft_run(fixture, &trial, &soft)) {
        return true;
    }
    native_run(trial.bytes, trial.size, &native);
    native.gpr[X86_RSP] = soft.gpr[X86_RSP];
    equal = memcmp(soft.gpr, native.gpr, sizeof(soft.gpr)) == 0 &&
            ((soft.rflags ^ native.rflags) & FLAGS_ALL & ~form->undefined) == 0 &&
            memcmp(fixture->ram + DATA, data, 0x800) == 0;
    if (!equal) {
        report(&trial, &before, &soft, &native);
    }
    return equal;
}

static void test_against_the_host(void **unused)
{
    struct fixture *fixture;
    const char *seed = getenv("REPLUG_SEED");
    unsigned different = 0;

    (void)unused;
    random_state = seed != NULL ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15ull;
    if (!map_low(DATA) || !map_low(NATIVE_CODE) || !map_low(NATIVE_FRAME)) {
        print_message("the low addresses are taken: skipped\n");
        skip();
    }
    fixture = fixture_create(FIXTURE_LONG);
    fixture->state->system.idt_limit = 0;
    for (unsigned i = 0; i < ROUNDS && different < 20; i++) {
        different += !try_one(fixture);
    }
    fixture_destroy(fixture);
    assert_int_equal(different, 0);
}

#else

static void test_against_the_host(void **unused)
{
    (void)unused;
    print_message("the host is no x86-64: skipped\n");
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_the_host) };

    return cmocka_run_group_tests_name("soft_native", tests, NULL, NULL);
}
