/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * silicon.c - the harness: runs random sequences on the host's processor and on soft until a count or a
 * time is reached; prints each difference with what it takes to see it again.
 *
 * silicon [--seed N] [--first N] [--count N] [--seconds N] [--differences N] [--verbose]
 */
#include "silicon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_SKIP 77

struct options {
    uint64_t seed, first, count, seconds, differences;
    bool verbose;
};

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        uint64_t *value = strcmp(argv[i], "--seed") == 0          ? &o->seed
                          : strcmp(argv[i], "--first") == 0       ? &o->first
                          : strcmp(argv[i], "--count") == 0       ? &o->count
                          : strcmp(argv[i], "--seconds") == 0     ? &o->seconds
                          : strcmp(argv[i], "--differences") == 0 ? &o->differences
                                                                  : NULL;

        if (strcmp(argv[i], "--verbose") == 0) {
            o->verbose = true;
        } else if (value != NULL && i + 1 < argc) {
            *value = strtoull(argv[++i], NULL, 0);
        } else {
            fprintf(stderr, "usage: silicon [--seed N] [--first N] [--count N] [--seconds N] "
                            "[--differences N] [--verbose]\n");
            return false;
        }
    }
    return true;
}

static void print_difference(const struct options *o, const struct silicon_case *c,
                             const struct silicon_result *native, const struct silicon_result *soft)
{
    struct soft_vector_state v;

    printf("different: --seed %" PRIu64 " --first %" PRIu64 " --count 1 --verbose\n", o->seed,
           c->number);
    silicon_print_case(c);
    (void)silicon_compare(c, native, soft, true);
    if (!o->verbose) {
        return;
    }
    silicon_decode_xsave(c->in.xsave, &v);
    printf("  before: rflags %" PRIx64 " mxcsr %x x87 control %x status %x top %u valid %x\n",
           c->in.rflags, v.mxcsr, v.control, v.status, v.top, v.valid);
    printf("  after: host rflags %" PRIx64 " vector %u rip %" PRIx64 ", soft rflags %" PRIx64
           " vector %u rip %" PRIx64 "\n",
           native->state.rflags, native->vector, native->state.rip, soft->state.rflags,
           soft->vector, soft->state.rip);
    for (unsigned i = 0; i < 16; i++) {
        printf("  gpr %u: %016" PRIx64 "  ymm %u: %016" PRIx64 " %016" PRIx64 " %016" PRIx64
               " %016" PRIx64 "\n",
               i, c->in.gpr[i], i, v.ymm[i].q[3], v.ymm[i].q[2], v.ymm[i].q[1], v.ymm[i].q[0]);
    }
    for (unsigned i = 0; i < 8; i++) {
        unsigned r = (v.top + i) & 7;

        printf("  ST(%u) = R%u: %04x %016" PRIx64 "\n", i, r, v.r[r].sign_exponent,
               v.r[r].mantissa);
    }
}

struct totals {
    uint64_t run, different, exceptions, instructions;
};

/* A case's slot follows from its number, so that one alone runs at the same address. */
static void run_batch(const struct options *o, struct silicon_native *native,
                      struct silicon_soft *soft, uint64_t first, unsigned count,
                      struct totals *totals)
{
    static struct silicon_case cases[SILICON_BATCH];
    static struct silicon_result results[SILICON_BATCH];
    static uint8_t data[SILICON_DATA_BYTES];
    const struct silicon_result *native_results;

    silicon_make_data(data, o->seed);
    for (unsigned i = 0; i < count; i++) {
        silicon_make_case(&cases[i], o->seed, first + i);
    }
    silicon_native_start(native, cases, count, data);
    silicon_soft_start(soft, cases, count);
    for (unsigned i = 0; i < count; i++) {
        silicon_soft_run(soft, &cases[i], data, &results[i]);
    }
    native_results = silicon_native_finish(native);
    for (unsigned i = 0; i < count; i++) {
        totals->run++;
        totals->exceptions += native_results[i].vector != SILICON_END;
        if (!silicon_compare(&cases[i], &native_results[i], &results[i], false)) {
            totals->different++;
            if (totals->different <= o->differences) {
                print_difference(o, &cases[i], &native_results[i], &results[i]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct options o = { .seed = (uint64_t)time(NULL), .count = UINT64_MAX, .differences = 10 };
    struct silicon_native *native;
    struct silicon_soft *soft;
    struct totals totals = { 0 };
    time_t begin = time(NULL);

    if (!parse(argc, argv, &o)) {
        return 2;
    }
    silicon_probe_host();
    if (!silicon_host_has_avx()) {
        printf("skipped: the host has no AVX, whose state the stubs load\n");
        return EXIT_SKIP;
    }
    if (o.seconds == 0 && o.count == UINT64_MAX) {
        o.seconds = 10;
    }
    native = silicon_native_create();
    soft = silicon_soft_create();
    printf("seed %" PRIu64 "\n", o.seed);
    fflush(stdout);
    for (uint64_t done = 0; done < o.count;) {
        unsigned count =
            (unsigned)(o.count - done < SILICON_BATCH ? o.count - done : SILICON_BATCH);

        run_batch(&o, native, soft, o.first + done, count, &totals);
        done += count;
        if (o.seconds != 0 && (uint64_t)(time(NULL) - begin) >= o.seconds) {
            break;
        }
    }
    silicon_soft_destroy(soft);
    silicon_native_destroy(native);
    printf("%" PRIu64 " sequences, %" PRIu64 " ended by an exception, %" PRIu64 " different\n",
           totals.run, totals.exceptions, totals.different);
    return totals.different != 0 ? 1 : 0;
}
