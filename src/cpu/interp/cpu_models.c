/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_models.c - "-cpu model,+feature,-feature": which features a model has. */
#include "base/error.h"
#include "cpu/soft_registers.h"

#define END SOFT_FEATURE_NONE

static const uint8_t basic[] = {
    SOFT_FEATURE_FPU,     SOFT_FEATURE_DE,      SOFT_FEATURE_PSE,        SOFT_FEATURE_TSC,
    SOFT_FEATURE_MSR,     SOFT_FEATURE_PAE,     SOFT_FEATURE_MCE,        SOFT_FEATURE_CX8,
    SOFT_FEATURE_APIC,    SOFT_FEATURE_SEP,     SOFT_FEATURE_MTRR,       SOFT_FEATURE_PGE,
    SOFT_FEATURE_MCA,     SOFT_FEATURE_CMOV,    SOFT_FEATURE_PAT,        SOFT_FEATURE_PSE36,
    SOFT_FEATURE_CLFLUSH, SOFT_FEATURE_MMX,     SOFT_FEATURE_FXSR,       SOFT_FEATURE_SSE,
    SOFT_FEATURE_SSE2,    SOFT_FEATURE_SYSCALL, SOFT_FEATURE_NX,         SOFT_FEATURE_LM,
    SOFT_FEATURE_X2APIC,  SOFT_FEATURE_ARAT,    SOFT_FEATURE_HYPERVISOR, END
};

static const uint8_t qemu64[] = { SOFT_FEATURE_SSE3, SOFT_FEATURE_CX16, SOFT_FEATURE_LAHF64, END };

static const uint8_t level2[] = { SOFT_FEATURE_SSE3,   SOFT_FEATURE_CX16,
                                  SOFT_FEATURE_LAHF64, SOFT_FEATURE_SSSE3,
                                  SOFT_FEATURE_SSE41,  SOFT_FEATURE_SSE42,
                                  SOFT_FEATURE_POPCNT, END };

static const uint8_t level3[] = {
    SOFT_FEATURE_AVX, SOFT_FEATURE_AVX2, SOFT_FEATURE_BMI1,  SOFT_FEATURE_BMI2,  SOFT_FEATURE_F16C,
    SOFT_FEATURE_FMA, SOFT_FEATURE_ABM,  SOFT_FEATURE_MOVBE, SOFT_FEATURE_XSAVE, END
};

static const uint8_t none[] = { END };

/* Without the first the second makes no sense. */
static const uint8_t needs[][2] = {
    { SOFT_FEATURE_FPU, SOFT_FEATURE_MMX },        { SOFT_FEATURE_FXSR, SOFT_FEATURE_SSE },
    { SOFT_FEATURE_SSE, SOFT_FEATURE_SSE2 },       { SOFT_FEATURE_SSE2, SOFT_FEATURE_SSE3 },
    { SOFT_FEATURE_SSE3, SOFT_FEATURE_SSSE3 },     { SOFT_FEATURE_SSSE3, SOFT_FEATURE_SSE41 },
    { SOFT_FEATURE_SSE41, SOFT_FEATURE_SSE42 },    { SOFT_FEATURE_SSE2, SOFT_FEATURE_AES },
    { SOFT_FEATURE_SSE2, SOFT_FEATURE_PCLMULQDQ }, { SOFT_FEATURE_FXSR, SOFT_FEATURE_XSAVE },
    { SOFT_FEATURE_XSAVE, SOFT_FEATURE_AVX },      { SOFT_FEATURE_SSE42, SOFT_FEATURE_AVX },
    { SOFT_FEATURE_AVX, SOFT_FEATURE_AVX2 },       { SOFT_FEATURE_AVX, SOFT_FEATURE_FMA },
    { SOFT_FEATURE_AVX, SOFT_FEATURE_F16C },       { SOFT_FEATURE_XSAVE, SOFT_FEATURE_XSAVEOPT },
    { SOFT_FEATURE_XSAVE, SOFT_FEATURE_XSAVEC },   { SOFT_FEATURE_XSAVE, SOFT_FEATURE_XGETBV1 },
    { SOFT_FEATURE_AVX2, SOFT_FEATURE_VAES },      { SOFT_FEATURE_AVX, SOFT_FEATURE_VPCLMULQDQ },
    { SOFT_FEATURE_PAE, SOFT_FEATURE_LM },         { SOFT_FEATURE_PAE, SOFT_FEATURE_NX },
    { SOFT_FEATURE_LM, SOFT_FEATURE_PCID },        { SOFT_FEATURE_LM, SOFT_FEATURE_PDPE1GB },
    { SOFT_FEATURE_APIC, SOFT_FEATURE_X2APIC },    { SOFT_FEATURE_APIC, SOFT_FEATURE_TSC_DEADLINE },
};

static const struct {
    const char *name;
    const uint8_t *lists[3];
} models[] = {
    { "qemu64", { basic, qemu64, none } },
    { "x86-64-v1", { basic, none, none } },
    { "x86-64-v2", { basic, level2, none } },
    { "x86-64-v3", { basic, level2, level3 } },
};

static void set(struct soft_features *features, unsigned feature, bool value)
{
    uint64_t bit = 1ull << (feature % 64);

    features->bits[feature / 64] =
        value ? features->bits[feature / 64] | bit : features->bits[feature / 64] & ~bit;
}

static const char *name_of(unsigned feature)
{
    static const char *const names[] = { "",
#define SOFT_FEATURE_NAME(name, text, leaf, subleaf, reg, bit) text,
                                         SOFT_FEATURES(SOFT_FEATURE_NAME)
#undef SOFT_FEATURE_NAME
    };

    return names[feature];
}

/* "sse4.1" and "sse4_1", "tsc-adjust" and "tsc_adjust" are the same. */
static bool same_name(const char *a, const char *b, gsize b_length)
{
    if (strlen(a) != b_length) {
        return false;
    }
    for (gsize i = 0; i < b_length; i++) {
        bool separators = strchr("-_.", a[i]) != NULL && strchr("-_.", b[i]) != NULL;

        if (!separators && a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static bool find_model(const char *name, struct soft_features *features, GError **error)
{
    *features = (struct soft_features){ { 0 } };
    if (strcmp(name, "max") == 0) {
        for (unsigned i = 1; i < SOFT_FEATURE_COUNT; i++) {
            set(features, i, true);
        }
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        if (strcmp(name, models[i].name) != 0) {
            continue;
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(models[i].lists); k++) {
            for (const uint8_t *feature = models[i].lists[k]; *feature != END; feature++) {
                set(features, *feature, true);
            }
        }
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                "unable to find CPU model '%s'; there are qemu64, max, x86-64-v1, x86-64-v2, "
                "x86-64-v3",
                name);
    return false;
}

/* "+name", "-name", "name", "name=on", "name=off". */
static bool apply(const char *text, struct soft_features *features, GError **error)
{
    bool value = *text != '-';
    const char *name = *text == '-' || *text == '+' ? text + 1 : text;
    const char *equals = strchr(name, '=');
    gsize length = equals != NULL ? (gsize)(equals - name) : strlen(name);

    if (equals != NULL && strcmp(equals, "=on") != 0 && strcmp(equals, "=off") != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "CPU feature '%.*s' is on or off, not '%s'", (int)length, name, equals + 1);
        return false;
    }
    if (equals != NULL && strcmp(equals, "=off") == 0) {
        value = !value;
    }
    for (unsigned i = 1; i < SOFT_FEATURE_COUNT; i++) {
        if (!same_name(name_of(i), name, length)) {
            continue;
        }
        set(features, i, value);
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "unknown CPU feature '%.*s'",
                (int)length, name);
    return false;
}

static void drop_dependents(struct soft_features *features)
{
    for (bool again = true; again;) {
        again = false;
        for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++) {
            if (!soft_features_has(features, needs[i][0]) &&
                soft_features_has(features, needs[i][1])) {
                set(features, needs[i][1], false);
                again = true;
            }
        }
    }
}

bool soft_model_parse(const char *model, struct soft_features *features, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(model, ",", -1);
    struct soft_features found;

    if (!find_model(parts[0] != NULL ? parts[0] : "", &found, error)) {
        return false;
    }
    for (unsigned i = 1; parts[i] != NULL; i++) {
        if (!apply(parts[i], &found, error)) {
            return false;
        }
    }
    drop_dependents(&found);
    *features = found;
    return true;
}
