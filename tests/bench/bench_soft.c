/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_soft.c - how many guest instructions the software CPU carries out in a second of CPU time. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "../unit/cpu/soft_fixture.h"

#define LOAD_ADDRESS 0x100000u

int main(int argc, char **argv)
{
    struct fixture *fixture = fixture_create(FIXTURE_LONG);
    g_autofree char *bytes = NULL;
    gsize size;
    uint64_t executed = 0;
    clock_t begin;
    double seconds;

    if (argc != 2 || !g_file_get_contents(argv[1], &bytes, &size, NULL)) {
        fprintf(stderr, "usage: bench_soft GUEST\n");
        return 2;
    }
    memcpy(fixture->ram + LOAD_ADDRESS, bytes, size);
    fixture->state->rip = LOAD_ADDRESS;
    fixture->state->gpr[X86_RSP] = 0x700000;
    begin = clock();
    do {
        executed += soft_cpu_run(fixture->cpu, 50000, &fixture->stop);
    } while (fixture->stop == SOFT_STOP_BUDGET);
    if (fixture->stop != SOFT_STOP_HALT) {
        fprintf(stderr, "stopped (%d) at %" PRIx64 "\n", (int)fixture->stop, fixture->state->rip);
        return 1;
    }
    seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("%" PRIu64 " instructions, %.3f s, %.1f million a second, sum %016" PRIx64 "\n",
           executed, seconds, (double)executed / seconds / 1e6, *fixture_gpr(fixture, X86_RAX));
    fixture_destroy(fixture);
    return 0;
}
