/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_vectors.c - x87, SSE and AVX by hand-checked values: what the harness in tests/silicon can't
 * compare (functions defined by us, exceptions of the system, state images), and known answers.
 */
#include <math.h>
#include <string.h>

#include "soft_fixture.h"

static struct fixture *fixture;

static int setup(void **state)
{
    (void)state;
    fixture = fixture_create(FIXTURE_LONG);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_destroy(fixture);
    return 0;
}

static struct soft_vector_state *vectors(void)
{
    return &fixture->state->vector;
}

static void set_st(unsigned i, uint16_t sign_exponent, uint64_t mantissa)
{
    unsigned r = (vectors()->top + i) & 7;

    vectors()->r[r] = (struct soft_f80){ mantissa, sign_exponent, { 0 } };
    vectors()->valid |= (uint8_t)(1u << r);
}

static void assert_st(unsigned i, uint16_t sign_exponent, uint64_t mantissa)
{
    unsigned r = (vectors()->top + i) & 7;

    assert_int_equal(vectors()->r[r].mantissa, mantissa);
    assert_int_equal(vectors()->r[r].sign_exponent, sign_exponent);
}

/* Two bytes of an x87 instruction. */
static void run_x87(uint8_t first, uint8_t second)
{
    uint8_t code[2] = { first, second };

    fixture_code(fixture, code, 2);
    (void)fixture_run(fixture);
}

#define ONE 0x8000000000000000ull

/* The expected values are the exact ones, rounded to 64 bits, from rational arithmetic. */
static void test_circular_functions(void **state)
{
    (void)state;
    set_st(0, 0x3fff, ONE);
    run_x87(0xd9, 0xfe); /* FSIN */
    assert_st(0, 0x3ffe, 0xd76aa47848677021);
    assert_int_equal(vectors()->status & 0x3f, 0x20);
    set_st(0, 0x3fff, ONE);
    run_x87(0xd9, 0xff); /* FCOS */
    assert_st(0, 0x3ffe, 0x8a51407da8345c92);
    set_st(0, 0x3fff, ONE);
    run_x87(0xd9, 0xf2); /* FPTAN */
    assert_st(0, 0x3fff, ONE);
    assert_st(1, 0x3fff, 0xc75922e5f71d2dc5);
}

static void test_sine_reduces_by_pi_of_66_bits(void **state)
{
    (void)state;
    set_st(0, 0x4012, 0xf424000000000000); /* 10^6 */
    run_x87(0xd9, 0xfe);
    assert_st(0, 0xbffd, 0xb332592b46c28c7f);
    /* From 2^63 on nothing is done, and C2 says so. */
    set_st(0, 0x403e, ONE);
    run_x87(0xd9, 0xfe);
    assert_st(0, 0x403e, ONE);
    assert_int_equal(vectors()->status & 0x400, 0x400);
}

static void test_arc_tangent(void **state)
{
    (void)state;
    set_st(1, 0x3ffe, ONE);
    set_st(0, 0x3fff, ONE);
    run_x87(0xd9, 0xf3); /* FPATAN of 1/2 */
    assert_st(0, 0x3ffd, 0xed63382b0dda7b45);
    vectors()->valid = 0;
    set_st(1, 0x4000, 0xc000000000000000);
    set_st(0, 0xbfff, ONE);
    run_x87(0xd9, 0xf3); /* the angle of (-1, 3) */
    assert_st(0, 0x3fff, 0xf23ef9e86ea6847e);
}

static void test_powers_and_logarithms(void **state)
{
    (void)state;
    set_st(0, 0x3ffe, ONE);
    run_x87(0xd9, 0xf0); /* F2XM1 of 1/2, -1/4 */
    assert_st(0, 0x3ffd, 0xd413cccfe7799211);
    set_st(0, 0xbffd, ONE);
    run_x87(0xd9, 0xf0);
    assert_st(0, 0xbffc, 0xa2ec0cd4a58a542f);
    set_st(1, 0x3fff, ONE);
    set_st(0, 0x4002, 0xa000000000000000);
    run_x87(0xd9, 0xf1); /* FYL2X: log2(10) */
    assert_st(0, 0x4000, 0xd49a784bcd1b8afe);
    vectors()->valid = 0;
    vectors()->status = 0;
    set_st(1, 0x4000, 0xc000000000000000);
    set_st(0, 0x4001, ONE);
    run_x87(0xd9, 0xf1); /* 3 * log2(4) = 6, exactly */
    assert_st(0, 0x4001, 0xc000000000000000);
    assert_int_equal(vectors()->status & 0x3f, 0);
    vectors()->valid = 0;
    set_st(1, 0x4000, 0xc000000000000000);
    set_st(0, 0x3ff5, ONE);
    run_x87(0xd9, 0xf9); /* FYL2XP1: 3 * log2(1 + 2^-10) */
    assert_st(0, 0x3ff7, 0x8a6e5f4b97b9f8be);
}

static void test_stack_faults_and_special_operands(void **state)
{
    (void)state;
    run_x87(0xd9, 0xfe); /* FSIN of an empty register */
    assert_st(0, 0xffff, 0xc000000000000000);
    assert_int_equal(vectors()->status & 0x241, 0x41);
    vectors()->status = 0;
    vectors()->valid = 0;
    set_st(1, 0x3fff, ONE);
    set_st(0, 0, 0);
    run_x87(0xd9, 0xf1); /* log2(0): minus infinity and ZE */
    assert_st(0, 0xffff, ONE);
    assert_int_equal(vectors()->status & 0x3f, 0x04);
}

/* An unmasked exception waits for the next instruction that waits; FNSTSW does not. */
static void test_unmasked_exception_comes_late(void **state)
{
    static const uint8_t code[] = { 0xd9, 0xee, 0xd9, 0xe8, 0xd8, 0xf1, 0xdf, 0xe0, 0x9b };
    enum soft_stop stop;

    (void)state;
    vectors()->control = 0x37b;
    fixture_code(fixture, code, sizeof(code)); /* FLDZ; FLD1; FDIV; FNSTSW AX; FWAIT */
    assert_int_equal(soft_cpu_run(fixture->cpu, 4, &stop), 4);
    assert_int_equal(*fixture_gpr(fixture, 0) & 0x8084, 0x8084);
    assert_int_equal(stop, SOFT_STOP_BUDGET);
    (void)soft_cpu_run(fixture->cpu, 1, &stop);
    assert_int_not_equal(fixture->state->rip, FIXTURE_CODE + sizeof(code));
}

static float as_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, 4);
    return value;
}

static uint32_t as_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, 4);
    return bits;
}

static void test_approximations_keep_their_bound(void **state)
{
    static const uint8_t code[] = { 0x0f, 0x53, 0xc8, 0x0f, 0x52, 0xd0 };
    double bound = 1.5 / 4096;

    (void)state;
    for (uint32_t bits = 0x00800001; bits < 0x7e000000; bits += 0x0012345b) {
        double x = as_float(bits);

        vectors()->ymm[0].q[0] = bits;
        fixture_code(fixture, code, sizeof(code)); /* RCPPS xmm1, xmm0; RSQRTPS xmm2, xmm0 */
        (void)fixture_run(fixture);
        assert_true(fabs(as_float((uint32_t)vectors()->ymm[1].q[0]) * x - 1) <= bound);
        assert_true(fabs(as_float((uint32_t)vectors()->ymm[2].q[0]) * sqrt(x) - 1) <= bound);
    }
    assert_int_equal(vectors()->mxcsr, 0x1f80);
}

static void test_scalar_addition_and_its_flags(void **state)
{
    static const uint8_t code[] = { 0xf2, 0x0f, 0x58, 0xc1 }; /* ADDSD xmm0, xmm1 */

    (void)state;
    vectors()->ymm[0] = (struct soft_vector){ { 0x3ff0000000000000, 5, 6, 7 } };
    vectors()->ymm[1] = (struct soft_vector){ { 0x3ca0000000000000, 8, 9, 10 } };
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    /* 1 + 2^-53 is a tie: even. The rest of the register stays. */
    assert_int_equal(vectors()->ymm[0].q[0], 0x3ff0000000000000);
    assert_int_equal(vectors()->ymm[0].q[1], 5);
    assert_int_equal(vectors()->ymm[0].q[3], 7);
    assert_int_equal(vectors()->mxcsr, 0x1fa0);
    vectors()->mxcsr = 0x5f80; /* upwards */
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    assert_int_equal(vectors()->ymm[0].q[0], 0x3ff0000000000001);
    vectors()->mxcsr = 0x1f80;
    vectors()->ymm[1].q[0] = 0x7ff0000000000001; /* signalling */
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    assert_int_equal(vectors()->ymm[0].q[0], 0x7ff8000000000001);
    assert_int_equal(vectors()->mxcsr, 0x1f81);
}

/* (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24: lost if the product is rounded by itself. */
static void test_fma_rounds_once(void **state)
{
    static const uint8_t code[] = { 0xc4, 0xe2, 0x71, 0x9b,
                                    0xc1 }; /* VFMSUB132SS xmm0, xmm1, xmm1 */

    (void)state;
    fixture->state->system.cr4 |= 0x40000;
    vectors()->xcr0 = 7;
    vectors()->ymm[0] = (struct soft_vector){ { as_bits(1 + 1.0f / 4096), 1, 2, 3 } };
    vectors()->ymm[1] = (struct soft_vector){ { as_bits(1 + 1.0f / 4096), 0, 0, 0 } };
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    /* a * b - c with c = 1 + 2^-12: (1 + 2^-12) * 2^-12 */
    assert_int_equal(vectors()->ymm[0].q[0], as_bits((1 + 1.0f / 4096) / 4096));
    assert_int_equal(vectors()->ymm[0].q[1], 1);
    assert_int_equal(vectors()->ymm[0].q[2], 0);
    assert_int_equal(vectors()->mxcsr, 0x1f80);
}

/* FIPS 197 appendix B: the first round. */
static void test_aes_round(void **state)
{
    static const uint8_t code[] = { 0x66, 0x0f, 0x38, 0xdc, 0xc1 }; /* AESENC xmm0, xmm1 */
    static const uint8_t before[16] = { 0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
                                        0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08 };
    static const uint8_t key[16] = { 0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
                                     0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05 };
    static const uint8_t after[16] = { 0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
                                       0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49 };

    (void)state;
    memcpy(vectors()->ymm[0].q, before, 16);
    memcpy(vectors()->ymm[1].q, key, 16);
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    assert_memory_equal(vectors()->ymm[0].q, after, 16);
}

/* CRC-32C of "123456789" is e3069283h. */
static void test_crc32(void **state)
{
    static const uint8_t code[] = { 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x07,   /* CRC32 RAX, [RDI] */
                                    0xf2, 0x0f, 0x38, 0xf0, 0x47, 0x08 }; /* CRC32 EAX, b [RDI+8] */

    (void)state;
    memcpy(fixture->ram + FIXTURE_DATA, "123456789", 9);
    *fixture_gpr(fixture, 0) = 0xffffffff;
    *fixture_gpr(fixture, 7) = FIXTURE_DATA;
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    assert_int_equal(*fixture_gpr(fixture, 0) ^ 0xffffffff, 0xe3069283);
}

/* FXSAVE writes the abridged tags and MXCSR_MASK and leaves bytes 464 to 511 alone; FXRSTOR undoes. */
static void test_fxsave_and_fxrstor(void **state)
{
    static const uint8_t code[] = { 0x48, 0x0f, 0xae, 0x07, 0xdb, 0xe3, 0x0f,
                                    0x57, 0xc0, 0x48, 0x0f, 0xae, 0x0f };

    (void)state;
    *fixture_gpr(fixture, 7) = FIXTURE_DATA;
    memset(fixture->ram + FIXTURE_DATA, 0xee, 512);
    vectors()->top = 6;
    set_st(0, 0x3fff, ONE);
    vectors()->ymm[0] = (struct soft_vector){ { 1, 2, 3, 4 } };
    vectors()->mxcsr = 0x1fa0;
    fixture_code(fixture, code, sizeof(code)); /* FXSAVE64; FNINIT; XORPS xmm0; FXRSTOR64 */
    (void)fixture_run(fixture);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 4, 1), 0x40);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 2, 2), 0x3000);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 24, 8), 0xffff00001fa0);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 464, 8), 0xeeeeeeeeeeeeeeee);
    assert_int_equal(vectors()->top, 6);
    assert_int_equal(vectors()->valid, 0x40);
    assert_st(0, 0x3fff, ONE);
    assert_int_equal(vectors()->ymm[0].q[1], 2);
    assert_int_equal(vectors()->ymm[0].q[3], 4);
}

/* XSAVEC of a CPU whose upper halves are zero; XRSTOR takes what is missing as zero. */
static void test_xsavec_leaves_out_what_is_not_in_use(void **state)
{
    static const uint8_t code[] = { 0x0f, 0xc7, 0x27, 0x0f, 0xae, 0x2f };

    (void)state;
    fixture->state->system.cr4 |= 0x40000;
    vectors()->xcr0 = 7;
    *fixture_gpr(fixture, 0) = 7;
    *fixture_gpr(fixture, 2) = 0;
    *fixture_gpr(fixture, 7) = FIXTURE_DATA;
    memset(fixture->ram + FIXTURE_DATA, 0, 832);
    vectors()->ymm[3].q[0] = 77;
    fixture_code(fixture, code, sizeof(code)); /* XSAVEC; XRSTOR */
    (void)fixture_run(fixture);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 512, 8), 2);
    assert_int_equal(fixture_load(fixture, FIXTURE_DATA + 520, 8), 0x8000000000000007);
    assert_int_equal(vectors()->ymm[3].q[0], 77);
}

/* CR0.TS: #NM; an operand that is not aligned: #GP. Neither is delivered (no IDT): shutdown. */
static void test_refusals(void **state)
{
    static const uint8_t code[] = { 0x0f, 0x58, 0x07 }; /* ADDPS xmm0, [RDI] */

    (void)state;
    *fixture_gpr(fixture, 7) = FIXTURE_DATA;
    fixture_code(fixture, code, sizeof(code));
    (void)fixture_run(fixture);
    *fixture_gpr(fixture, 7) = FIXTURE_DATA + 8;
    fixture_code(fixture, code, sizeof(code));
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->stop, SOFT_STOP_SHUTDOWN);
    *fixture_gpr(fixture, 7) = FIXTURE_DATA;
    fixture->state->system.cr0 |= 8;
    fixture_code(fixture, code, sizeof(code));
    (void)soft_cpu_run(fixture->cpu, 10, &fixture->stop);
    assert_int_equal(fixture->stop, SOFT_STOP_SHUTDOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_circular_functions),
        TEST(test_sine_reduces_by_pi_of_66_bits),
        TEST(test_arc_tangent),
        TEST(test_powers_and_logarithms),
        TEST(test_stack_faults_and_special_operands),
        TEST(test_unmasked_exception_comes_late),
        TEST(test_approximations_keep_their_bound),
        TEST(test_scalar_addition_and_its_flags),
        TEST(test_fma_rounds_once),
        TEST(test_aes_round),
        TEST(test_crc32),
        TEST(test_fxsave_and_fxrstor),
        TEST(test_xsavec_leaves_out_what_is_not_in_use),
        TEST(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
