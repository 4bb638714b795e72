/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_soft_integer.c - integer instructions that the host can't check from 64-bit user mode: stack, segments,
 * address sizes, BCD, strings and branches in real and protected mode; limits; accesses over page borders.
 */
#include <string.h>

#include "soft_fixture.h"

#define GPR(fixture, reg) (*fixture_gpr(fixture, reg))
#define FLAGS_AF          0x10u
#define FLAGS_CF          0x1u

static int setup_real(void **state)
{
    *state = fixture_create(FIXTURE_REAL);
    return 0;
}

static int setup_protected(void **state)
{
    *state = fixture_create(FIXTURE_PROTECTED);
    return 0;
}

static int setup_long(void **state)
{
    *state = fixture_create(FIXTURE_LONG);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

/* ---- real mode ---- */

/* mov [bx+si+2], ax; mov cx, [bx+di]; with offsets that wrap at 64 KiB */
static void test_16_bit_addresses_wrap(void **state)
{
    struct fixture *fixture = *state;

    GPR(fixture, X86_RAX) = 0xbeef;
    GPR(fixture, X86_RBX) = 0xfff0;
    GPR(fixture, X86_RSI) = 0x10;
    GPR(fixture, X86_RDI) = 0x12;
    FIXTURE_CODE_BYTES(fixture, 0x89, 0x40, 2, 0x8b, 0x09);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 2, 2), 0xbeef);
    assert_int_equal(GPR(fixture, X86_RCX), 0xbeef);
}

/* A word at offset ffffh goes beyond the limit: #GP; by BP: #SS. */
static void test_segment_limits(void **state)
{
    struct fixture *fixture = *state;

    fixture_store(fixture, 13 * 4, 0x10000100, 4);
    fixture_store(fixture, 12 * 4, 0x10000200, 4);
    GPR(fixture, X86_RBX) = 0xffff;
    FIXTURE_CODE_BYTES(fixture, 0x8b, 0x07);
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->state->rip, 0x101);
    GPR(fixture, X86_RBP) = 0xffff;
    FIXTURE_CODE_BYTES(fixture, 0x8b, 0x46, 0);
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->state->rip, 0x201);
}

/* push ds; push cs; pop es; pop fs */
static void test_segments_on_the_stack(void **state)
{
    struct fixture *fixture = *state;

    FIXTURE_CODE_BYTES(fixture, 0x1e, 0x0e, 0x07, 0x0f, 0xa1);
    assert_int_equal(fixture_run(fixture), 4);
    assert_int_equal(fixture->state->segments[X86_ES].selector, 0x1000);
    assert_true(fixture->state->segments[X86_ES].base == 0x10000);
    assert_int_equal(fixture->state->segments[X86_FS].selector, 0x2000);
    assert_int_equal(GPR(fixture, X86_RSP), 0x8000);
}

/* SP wraps within the segment and the upper half of ESP stays. */
static void test_16_bit_stack(void **state)
{
    struct fixture *fixture = *state;

    GPR(fixture, X86_RSP) = 0x12340000;
    GPR(fixture, X86_RAX) = 0xa55a;
    FIXTURE_CODE_BYTES(fixture, 0x50, 0x5b);
    assert_int_equal(soft_cpu_run(fixture->cpu, 1, &fixture->stop), 1);
    assert_int_equal(GPR(fixture, X86_RSP), 0x1234fffe);
    assert_int_equal(fixture_load(fixture, 0x3fffe, 2), 0xa55a);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(GPR(fixture, X86_RSP), 0x12340000);
    assert_int_equal(GPR(fixture, X86_RBX), 0xa55a);
}

/* pusha; popa: all come back but SP's slot is skipped. call far and retf; es: lodsb */
static void test_pusha_popa(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned reg = 0; reg < 8; reg++) {
        if (reg != X86_RSP) {
            GPR(fixture, reg) = 0x1110u * (reg + 1);
        }
    }
    FIXTURE_CODE_BYTES(fixture, 0x60, 0x31, 0xc0, 0x31, 0xff, 0x61);
    assert_int_equal(fixture_run(fixture), 4);
    for (unsigned reg = 0; reg < 8; reg++) {
        assert_int_equal(GPR(fixture, reg), reg == X86_RSP ? 0x8000 : 0x1110u * (reg + 1));
    }
    assert_int_equal(fixture_load(fixture, 0x30000 + 0x8000 - 10, 2), 0x8000);
}

static void test_far_call(void **state)
{
    struct fixture *fixture = *state;

    /* call far 1010:0000; at 10100: mov al, 7; retf */
    FIXTURE_CODE_BYTES(fixture, 0x9a, 0, 0, 0x10, 0x10, 0x40);
    memcpy(fixture->ram + 0x10100, "\xb0\x07\xcb", 3);
    assert_int_equal(fixture_run(fixture), 4);
    assert_int_equal(GPR(fixture, X86_RAX), 8);
    assert_int_equal(fixture->state->segments[X86_CS].selector, 0x1000);
}

static void test_string_with_override(void **state)
{
    struct fixture *fixture = *state;

    /* cs: rep movsb, backwards */
    GPR(fixture, X86_RSI) = 4;
    GPR(fixture, X86_RDI) = 0x104;
    GPR(fixture, X86_RCX) = 5;
    fixture->state->rflags |= 0x400;
    FIXTURE_CODE_BYTES(fixture, 0x2e, 0xf3, 0xa4, 0x90, 0x91);
    assert_int_equal(fixture_run(fixture), 3);
    assert_memory_equal(fixture->ram + FIXTURE_DATA + 0x100, "\x2e\xf3\xa4\x90\x91", 5);
    assert_int_equal(GPR(fixture, X86_RSI), 0xffff);
}

/* repe cmpsb, repne scasb: where they end, and with which flags */
static void test_string_comparisons(void **state)
{
    struct fixture *fixture = *state;

    memcpy(fixture->ram + FIXTURE_DATA, "abcdef", 6);
    memcpy(fixture->ram + FIXTURE_DATA + 0x10, "abcxef", 6);
    GPR(fixture, X86_RDI) = 0x10;
    GPR(fixture, X86_RCX) = 6;
    FIXTURE_CODE_BYTES(fixture, 0xf3, 0xa6);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(GPR(fixture, X86_RSI), 4);
    assert_int_equal(GPR(fixture, X86_RCX), 2);
    assert_int_equal(fixture->state->rflags & FLAGS_CF, FLAGS_CF);
    GPR(fixture, X86_RDI) = 0;
    GPR(fixture, X86_RCX) = 10;
    GPR(fixture, X86_RAX) = 'f';
    FIXTURE_CODE_BYTES(fixture, 0xf2, 0xae);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(GPR(fixture, X86_RDI), 6);
    assert_int_equal(GPR(fixture, X86_RCX), 4);
    assert_int_equal(fixture->state->rflags & 0x40, 0x40);
}

/* insb and outsb: alone, repeated */
static void test_string_ports(void **state)
{
    struct fixture *fixture = *state;

    fixture->read_value = 0x5a;
    GPR(fixture, X86_RDX) = FIXTURE_PORT;
    GPR(fixture, X86_RCX) = 3;
    GPR(fixture, X86_RSI) = 1;
    FIXTURE_CODE_BYTES(fixture, 0xf3, 0x6c, 0x6e);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture->access_count, 4);
    assert_memory_equal(fixture->ram + FIXTURE_DATA, "\x5a\x5a\x5a\x00", 4);
    assert_true(fixture->accesses[3].is_write);
    assert_int_equal(fixture->accesses[3].value, 0x5a);
    assert_int_equal(fixture->accesses[3].executed, 1);
}

/* AX, AF and CF before; opcode; AX, AF and CF after (SDM 2A's own descriptions, worked by hand). */
static void test_decimal_adjustments(void **state)
{
    static const struct {
        uint8_t code[2];
        uint16_t ax, flags, result, result_flags;
    } rows[] = {
        { { 0x37, 0x90 }, 0x000b, 0, 0x0101, FLAGS_AF | FLAGS_CF },
        { { 0x37, 0x90 }, 0x00f5, 0, 0x0005, 0 },
        { { 0x37, 0x90 }, 0x00fa, 0, 0x0200, FLAGS_AF | FLAGS_CF },
        { { 0x3f, 0x90 }, 0x0203, FLAGS_AF, 0x000d, FLAGS_AF | FLAGS_CF },
        { { 0xd4, 0x0a }, 0x0043, 0, 0x0607, 0 },
        { { 0xd5, 0x0a }, 0x0607, 0, 0x0043, 0 },
        { { 0x27, 0x90 }, 0x009a, 0, 0x0000, FLAGS_AF | FLAGS_CF },
        { { 0x27, 0x90 }, 0x0079, 0, 0x0079, 0 },
        { { 0x27, 0x90 }, 0x001c, 0, 0x0022, FLAGS_AF },
        { { 0x2f, 0x90 }, 0x00ee, FLAGS_AF | FLAGS_CF, 0x0088, FLAGS_AF | FLAGS_CF },
        { { 0x2f, 0x90 }, 0x0003, FLAGS_AF, 0x00fd, FLAGS_AF | FLAGS_CF },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GPR(fixture, X86_RAX) = rows[i].ax;
        fixture_code(fixture, rows[i].code, 2);
        fixture->state->rflags = 2 | rows[i].flags;
        (void)fixture_run(fixture);
        assert_int_equal(GPR(fixture, X86_RAX) & 0xffff, rows[i].result);
        assert_int_equal(fixture->state->rflags & (FLAGS_AF | FLAGS_CF), rows[i].result_flags);
    }
}

static void test_loops(void **state)
{
    struct fixture *fixture = *state;

    /* mov cx, 3; again: inc ax; loop again; jcxz +1; hlt; inc bx */
    FIXTURE_CODE_BYTES(fixture, 0xb9, 3, 0, 0x40, 0xe2, 0xfd, 0xe3, 1, 0xf4, 0x43);
    assert_int_equal(fixture_run(fixture), 1 + 6 + 2);
    assert_int_equal(GPR(fixture, X86_RAX), 3);
    assert_int_equal(GPR(fixture, X86_RBX), 1);
}

static void test_bound(void **state)
{
    struct fixture *fixture = *state;

    fixture_store(fixture, 5 * 4, 0x10000100, 4);
    fixture_store(fixture, FIXTURE_DATA, 0x0005fffe, 4);
    GPR(fixture, X86_RAX) = 0xffff;
    FIXTURE_CODE_BYTES(fixture, 0x62, 0x07);
    assert_int_equal(fixture_run(fixture), 1);
    GPR(fixture, X86_RAX) = 6;
    FIXTURE_CODE_BYTES(fixture, 0x62, 0x07);
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->state->rip, 0x101);
}

/* ---- protected mode ---- */

/* enter 16, 2 with an outer frame, then leave */
static void test_enter_nested(void **state)
{
    struct fixture *fixture = *state;

    GPR(fixture, X86_RBP) = FIXTURE_STACK - 0x100;
    fixture_store(fixture, FIXTURE_STACK - 0x104, 0xaabbccdd, 4);
    FIXTURE_CODE_BYTES(fixture, 0xc8, 16, 0, 2);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(GPR(fixture, X86_RBP), FIXTURE_STACK - 4);
    assert_int_equal(GPR(fixture, X86_RSP), FIXTURE_STACK - 12 - 16);
    assert_int_equal(fixture_load(fixture, FIXTURE_STACK - 4, 4), FIXTURE_STACK - 0x100);
    assert_int_equal(fixture_load(fixture, FIXTURE_STACK - 8, 4), 0xaabbccdd);
    assert_int_equal(fixture_load(fixture, FIXTURE_STACK - 12, 4), FIXTURE_STACK - 4);
    FIXTURE_CODE_BYTES(fixture, 0xc9);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(GPR(fixture, X86_RSP), FIXTURE_STACK);
    assert_int_equal(GPR(fixture, X86_RBP), FIXTURE_STACK - 0x100);
}

/* pop [esp + 4] counts from ESP after the pop; push ds writes 16 bits of its slot. */
static void test_pop_by_the_new_stack_pointer(void **state)
{
    struct fixture *fixture = *state;

    fixture_store(fixture, FIXTURE_STACK - 8, 0x1111222233334444ull, 8);
    GPR(fixture, X86_RSP) = FIXTURE_STACK - 8;
    FIXTURE_CODE_BYTES(fixture, 0x8f, 0x44, 0x24, 0, 0x1e);
    assert_int_equal(soft_cpu_run(fixture->cpu, 1, &fixture->stop), 1);
    assert_int_equal(fixture_load(fixture, FIXTURE_STACK - 4, 4), 0x33334444);
    assert_int_equal(fixture_run(fixture), 1);
    assert_int_equal(fixture_load(fixture, FIXTURE_STACK - 8, 4), 0x33330010);
}

/* 67h: 16-bit addresses in 32-bit code; 66h: 16-bit operands */
static void test_size_prefixes(void **state)
{
    struct fixture *fixture = *state;

    GPR(fixture, X86_RBX) = 0xabcd0020;
    GPR(fixture, X86_RAX) = 0x11112222;
    FIXTURE_CODE_BYTES(fixture, 0x67, 0x89, 0x07, 0x66, 0x31, 0xc0);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture_load(fixture, 0x20, 4), 0x11112222);
    assert_int_equal(GPR(fixture, X86_RAX), 0x11110000);
}

/* ---- long mode ---- */

/* A store and a load over a page border; a read-modify-write there as well. */
static void test_page_crossing_data(void **state)
{
    struct fixture *fixture = *state;

    GPR(fixture, X86_RBX) = 0x100ffd;
    GPR(fixture, X86_RAX) = 0x1122334455667788ull;
    FIXTURE_CODE_BYTES(fixture, 0x48, 0x89, 0x03, 0x48, 0xff, 0x03, 0x48, 0x8b, 0x0b);
    assert_int_equal(fixture_run(fixture), 3);
    assert_true(GPR(fixture, X86_RCX) == 0x1122334455667789ull);
    assert_true(fixture_load(fixture, 0x100ffd, 8) == 0x1122334455667789ull);
}

/* An operand half in RAM, half in the device: the pieces go where they belong. */
static void test_store_into_ram_and_device(void **state)
{
    struct fixture *fixture = *state;

    memory_region_set_offset(&fixture->mmio, FIXTURE_RAM_BYTES);
    GPR(fixture, X86_RBX) = FIXTURE_RAM_BYTES - 2;
    GPR(fixture, X86_RAX) = 0x44332211;
    FIXTURE_CODE_BYTES(fixture, 0x90, 0x89, 0x03);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture_load(fixture, FIXTURE_RAM_BYTES - 2, 2), 0x2211);
    assert_int_equal(fixture->access_count, 1);
    assert_int_equal(fixture->accesses[0].value, 0x4433);
    assert_int_equal(fixture->accesses[0].executed, 1);
}

/* add [mmio], eax: read, then write, once each */
static void test_modify_device(void **state)
{
    struct fixture *fixture = *state;

    fixture->read_value = 5;
    GPR(fixture, X86_RBX) = FIXTURE_MMIO;
    GPR(fixture, X86_RAX) = 3;
    FIXTURE_CODE_BYTES(fixture, 0x90, 0xf0, 0x01, 0x03);
    assert_int_equal(fixture_run(fixture), 2);
    assert_int_equal(fixture->access_count, 2);
    assert_false(fixture->accesses[0].is_write);
    assert_int_equal(fixture->accesses[1].value, 8);
}

/* LOCK on what does not take it, and more than 15 bytes. */
static void test_undefined_and_too_long(void **state)
{
    static const uint8_t locked[] = { 0xf0, 0x90 };
    static const uint8_t too_long[] = { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90 };
    struct fixture *fixture = fixture_create(FIXTURE_REAL);

    (void)state;
    fixture_store(fixture, 6 * 4, 0x10000100, 4);
    fixture_store(fixture, 13 * 4, 0x10000200, 4);
    fixture_code(fixture, locked, sizeof(locked));
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->state->rip, 0x101);
    fixture_code(fixture, too_long, sizeof(too_long));
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->state->rip, 0x201);
    fixture_destroy(fixture);
}

int main(void)
{
#define REAL_TEST(name)      cmocka_unit_test_setup_teardown(name, setup_real, teardown)
#define PROTECTED_TEST(name) cmocka_unit_test_setup_teardown(name, setup_protected, teardown)
#define LONG_TEST(name)      cmocka_unit_test_setup_teardown(name, setup_long, teardown)
    const struct CMUnitTest tests[] = {
        REAL_TEST(test_16_bit_addresses_wrap),
        REAL_TEST(test_segment_limits),
        REAL_TEST(test_segments_on_the_stack),
        REAL_TEST(test_16_bit_stack),
        REAL_TEST(test_pusha_popa),
        REAL_TEST(test_far_call),
        REAL_TEST(test_string_with_override),
        REAL_TEST(test_string_comparisons),
        REAL_TEST(test_string_ports),
        REAL_TEST(test_decimal_adjustments),
        REAL_TEST(test_loops),
        REAL_TEST(test_bound),
        PROTECTED_TEST(test_enter_nested),
        PROTECTED_TEST(test_pop_by_the_new_stack_pointer),
        PROTECTED_TEST(test_size_prefixes),
        LONG_TEST(test_page_crossing_data),
        LONG_TEST(test_store_into_ram_and_device),
        LONG_TEST(test_modify_device),
        cmocka_unit_test(test_undefined_and_too_long),
    };

    return cmocka_run_group_tests_name("soft_integer", tests, NULL, NULL);
}
