/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crypto.c - AES rounds (FIPS 197), carry-less multiplication, SHA-1 and SHA-256 steps (FIPS 180-4).
 */
#include "cpu/interp/crypto_tables.h"
#include "cpu/interp/sse_internal.h"

/* ---- AES: the state is a column-major 4x4 matrix of bytes ---- */

static uint8_t times2(uint8_t value)
{
    return (uint8_t)(value << 1 ^ (value >> 7) * 0x1b);
}

static uint8_t times(uint8_t value, unsigned factor)
{
    uint8_t result = 0;

    for (; factor != 0; factor >>= 1) {
        result ^= (factor & 1) != 0 ? value : 0;
        value = times2(value);
    }
    return result;
}

/* Row r of column c comes from column c + r (encryption) or c - r. */
static union sse_lanes shift_rows(const union sse_lanes *s, bool inverse)
{
    union sse_lanes r;

    for (unsigned column = 0; column < 4; column++) {
        for (unsigned row = 0; row < 4; row++) {
            unsigned from = (inverse ? column + 4 - row : column + row) & 3;

            r.b[column * 4 + row] = s->b[from * 4 + row];
        }
    }
    return r;
}

static void substitute(union sse_lanes *s, const uint8_t box[256])
{
    for (unsigned i = 0; i < 16; i++) {
        s->b[i] = box[s->b[i]];
    }
}

static void mix_columns(union sse_lanes *s, const uint8_t factors[4])
{
    for (unsigned column = 0; column < 4; column++) {
        uint8_t old[4];

        memcpy(old, s->b + column * 4u, 4);
        for (unsigned row = 0; row < 4; row++) {
            uint8_t sum = 0;

            for (unsigned i = 0; i < 4; i++) {
                sum ^= times(old[i], factors[(i + 4 - row) & 3]);
            }
            s->b[column * 4 + row] = sum;
        }
    }
}

static const uint8_t mix_factors[4] = { 2, 3, 1, 1 };
static const uint8_t inverse_factors[4] = { 14, 11, 13, 9 };

static __m128i aes_round(__m128i state, __m128i key, bool inverse, bool last)
{
    union sse_lanes s = { .v = state };

    s = shift_rows(&s, inverse);
    substitute(&s, inverse ? crypto_inverse_sbox : crypto_sbox);
    if (!last) {
        mix_columns(&s, inverse ? inverse_factors : mix_factors);
    }
    return _mm_xor_si128(s.v, key);
}

#define AES_ROUND(name, inverse, last)                                             \
    static __m128i k_##name(__m128i a, __m128i b, unsigned imm)                    \
    {                                                                              \
        (void)imm;                                                                 \
        return aes_round(a, b, inverse, last);                                     \
    }                                                                              \
    SSE_DEFINE_FORM(name, AES, VAES, 16, false, NULL)                              \
    static const struct sse_form form_v##name = { .kernel = k_##name,              \
                                                  .bytes = 16,                     \
                                                  .vex_feature = SOFT_FEATURE_AES, \
                                                  .ymm_feature = SOFT_FEATURE_VAES };

AES_ROUND(aesenc, false, false)
AES_ROUND(aesenclast, false, true)
AES_ROUND(aesdec, true, false)
AES_ROUND(aesdeclast, true, true)

static __m128i k_aesimc(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes s = { .v = b };

    (void)a;
    (void)imm;
    mix_columns(&s, inverse_factors);
    return s.v;
}

static uint32_t substitute_word(uint32_t word)
{
    uint32_t result = 0;

    for (unsigned i = 0; i < 4; i++) {
        result |= (uint32_t)crypto_sbox[word >> (8 * i) & 0xff] << (8 * i);
    }
    return result;
}

static uint32_t rotate_right(uint32_t value, unsigned count)
{
    return value >> count | value << (32 - count);
}

static __m128i k_aeskeygenassist(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes s = { .v = b };
    uint32_t x1 = substitute_word(s.d[1]), x3 = substitute_word(s.d[3]);

    (void)a;
    return _mm_set_epi32((int)(rotate_right(x3, 8) ^ imm), (int)x3,
                         (int)(rotate_right(x1, 8) ^ imm), (int)x1);
}

SSE_DEFINE_FORM(aesimc, AES, NONE, 16, false, NULL)
SSE_DEFINE_FORM(aeskeygenassist, AES, NONE, 16, false, NULL)
static const struct sse_form form_vaesimc = { .kernel = k_aesimc,
                                              .bytes = 16,
                                              .vex_feature = SOFT_FEATURE_AES };
static const struct sse_form form_vaeskeygenassist = { .kernel = k_aeskeygenassist,
                                                       .bytes = 16,
                                                       .vex_feature = SOFT_FEATURE_AES };

/* ---- PCLMULQDQ ---- */

static __m128i k_pclmulqdq(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, y = { .v = b };
    soft_uint128 factor = x.q[imm & 1], product = 0;
    uint64_t bits = y.q[imm >> 4 & 1];

    while (bits != 0) {
        product ^= factor << __builtin_ctzll(bits);
        bits &= bits - 1;
    }
    return _mm_set_epi64x((int64_t)(uint64_t)(product >> 64), (int64_t)(uint64_t)product);
}

SSE_DEFINE_FORM(pclmulqdq, PCLMULQDQ, NONE, 16, false, NULL)
static const struct sse_form form_vpclmulqdq = { .kernel = k_pclmulqdq,
                                                 .bytes = 16,
                                                 .vex_feature = SOFT_FEATURE_PCLMULQDQ,
                                                 .ymm_feature = SOFT_FEATURE_VPCLMULQDQ };

/* ---- SHA-1: element 3 is A or the oldest word ---- */

static uint32_t rotate_left(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

static uint32_t sha1_function(unsigned which, uint32_t b, uint32_t c, uint32_t d)
{
    return which == 0 ? (b & c) ^ (~b & d) : which == 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d;
}

static const uint32_t sha1_constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };

/* E is already in the first word (SHA1NEXTE). */
static __m128i k_sha1rnds4(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, w = { .v = b };
    uint32_t s[5] = { x.d[3], x.d[2], x.d[1], x.d[0], 0 };

    for (unsigned i = 0; i < 4; i++) {
        uint32_t next = sha1_function(imm & 3, s[1], s[2], s[3]) + rotate_left(s[0], 5) +
                        w.d[3 - i] + s[4] + sha1_constants[imm & 3];

        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate_left(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    return _mm_set_epi32((int)s[0], (int)s[1], (int)s[2], (int)s[3]);
}

static __m128i k_sha1nexte(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, r = { .v = b };

    (void)imm;
    r.d[3] += rotate_left(x.d[3], 30);
    return r.v;
}

static __m128i k_sha1msg1(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, y = { .v = b };

    (void)imm;
    return _mm_set_epi32((int)(x.d[3] ^ x.d[1]), (int)(x.d[2] ^ x.d[0]), (int)(x.d[1] ^ y.d[3]),
                         (int)(x.d[0] ^ y.d[2]));
}

static __m128i k_sha1msg2(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, y = { .v = b }, r;

    (void)imm;
    r.d[3] = rotate_left(x.d[3] ^ y.d[2], 1);
    r.d[2] = rotate_left(x.d[2] ^ y.d[1], 1);
    r.d[1] = rotate_left(x.d[1] ^ y.d[0], 1);
    r.d[0] = rotate_left(x.d[0] ^ r.d[3], 1);
    return r.v;
}

/* ---- SHA-256 ---- */

static uint32_t small_sigma0(uint32_t x)
{
    return rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3;
}

static uint32_t small_sigma1(uint32_t x)
{
    return rotate_right(x, 17) ^ rotate_right(x, 19) ^ x >> 10;
}

static __m128i k_sha256msg1(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, y = { .v = b }, r;

    (void)imm;
    for (unsigned i = 0; i < 4; i++) {
        r.d[i] = x.d[i] + small_sigma0(i < 3 ? x.d[i + 1] : y.d[0]);
    }
    return r.v;
}

static __m128i k_sha256msg2(__m128i a, __m128i b, unsigned imm)
{
    union sse_lanes x = { .v = a }, y = { .v = b }, r;

    (void)imm;
    r.d[0] = x.d[0] + small_sigma1(y.d[2]);
    r.d[1] = x.d[1] + small_sigma1(y.d[3]);
    r.d[2] = x.d[2] + small_sigma1(r.d[0]);
    r.d[3] = x.d[3] + small_sigma1(r.d[1]);
    return r.v;
}

/* Two rounds: a is C D G H (from the top A B E F in b: element 3 first); XMM0 holds the two words with
 * their constants. Returns the new A B E F. */
static __m128i sha256_rounds(__m128i a, __m128i b, __m128i words)
{
    union sse_lanes x = { .v = a }, y = { .v = b }, w = { .v = words };
    uint32_t s[8] = { y.d[3], y.d[2], x.d[3], x.d[2], y.d[1], y.d[0], x.d[1], x.d[0] };

    for (unsigned i = 0; i < 2; i++) {
        uint32_t sigma1 = rotate_right(s[4], 6) ^ rotate_right(s[4], 11) ^ rotate_right(s[4], 25);
        uint32_t sigma0 = rotate_right(s[0], 2) ^ rotate_right(s[0], 13) ^ rotate_right(s[0], 22);
        uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t t1 = choose + sigma1 + w.d[i] + s[7];

        s[7] = s[6];
        s[6] = s[5];
        s[5] = s[4];
        s[4] = s[3] + t1;
        s[3] = s[2];
        s[2] = s[1];
        s[1] = s[0];
        s[0] = t1 + majority + sigma0;
    }
    return _mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]);
}

static const struct op *op_sha256rnds2(struct soft_cpu *cpu, const struct op *op)
{
    __m128i b;

    if (!sse_is_usable(cpu)) {
        return sse_refuse(cpu, op);
    }
    if (op->operand_size == 0) {
        b = sse_xmm(cpu, op->reg3);
    } else if (!sse_operand_value(cpu, op, 16, &b)) {
        return soft_fault(cpu, op);
    }
    sse_set_xmm(cpu, op->reg, sha256_rounds(sse_xmm(cpu, op->reg), b, sse_xmm(cpu, 0)));
    return SOFT_NEXT(cpu, op);
}

static void translate_sha256rnds2(struct soft_translation *t)
{
    t->op->reg = soft_operand_register(t, 0);
    t->op->operand_size = t->has_memory ? 16 : 0;
    if (!t->has_memory) {
        t->op->reg3 = soft_operand_register(t, 1);
    }
    t->op->run = op_sha256rnds2;
}

SSE_DEFINE_FORM(sha1rnds4, SHA, NONE, 16, false, NULL)
SSE_DEFINE_FORM(sha1nexte, SHA, NONE, 16, false, NULL)
SSE_DEFINE_FORM(sha1msg1, SHA, NONE, 16, false, NULL)
SSE_DEFINE_FORM(sha1msg2, SHA, NONE, 16, false, NULL)
SSE_DEFINE_FORM(sha256msg1, SHA, NONE, 16, false, NULL)
SSE_DEFINE_FORM(sha256msg2, SHA, NONE, 16, false, NULL)

#define BOTH(MNEMONIC, feature, name)                                                   \
    SSE_ROW(MNEMONIC, feature, name),                                                   \
    {                                                                                   \
        ZYDIS_MNEMONIC_V##MNEMONIC, SOFT_FEATURE_AVX, avx_translate_form, &form_v##name \
    }

static const struct soft_row rows[] = {
    BOTH(AESENC, AES, aesenc),
    BOTH(AESENCLAST, AES, aesenclast),
    BOTH(AESDEC, AES, aesdec),
    BOTH(AESDECLAST, AES, aesdeclast),
    BOTH(AESIMC, AES, aesimc),
    BOTH(AESKEYGENASSIST, AES, aeskeygenassist),
    BOTH(PCLMULQDQ, PCLMULQDQ, pclmulqdq),
    SSE_ROW(SHA1RNDS4, SHA, sha1rnds4),
    SSE_ROW(SHA1NEXTE, SHA, sha1nexte),
    SSE_ROW(SHA1MSG1, SHA, sha1msg1),
    SSE_ROW(SHA1MSG2, SHA, sha1msg2),
    SSE_ROW(SHA256MSG1, SHA, sha256msg1),
    SSE_ROW(SHA256MSG2, SHA, sha256msg2),
    { ZYDIS_MNEMONIC_SHA256RNDS2, SOFT_FEATURE_SHA, translate_sha256rnds2, NULL },
};
SOFT_DEFINE_GROUP(soft_group_crypto, rows);
