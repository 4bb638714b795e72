/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_soft_random.c - random bytes as code in every mode: nothing a guest executes may hurt the host, and
 * however a run is cut into budgets, state, memory and what devices saw are the same after the same count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft_fixture.h"

#define ROUNDS       300
#define INSTRUCTIONS 400
#define CODE_BYTES   512
#define COMPARED     0x40000u /* bytes of RAM: code, data, stack, vectors */

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Addresses of code, data, the device, or anything. */
static uint64_t random_register(void)
{
    switch (next_random() % 8) {
    case 0: return FIXTURE_CODE + next_random() % CODE_BYTES;
    case 1:
    case 2:
    case 3: return FIXTURE_DATA + next_random() % 0x8000;
    case 4: return FIXTURE_MMIO + next_random() % 0x1000;
    case 5: return next_random() % 0x10000;
    case 6: return next_random() % 64;
    default: return next_random();
    }
}

struct start {
    uint8_t code[CODE_BYTES];
    uint64_t gpr[16];
    uint64_t rflags;
    enum fixture_mode mode;
};

/* Whole instructions that are likely to go on, with raw bytes between them. */
static void random_code(struct start *start)
{
    static const uint8_t likely[] = { 0x01, 0x29, 0x31, 0x39, 0x03, 0x88, 0x89, 0x8a, 0x8b,
                                      0x50, 0x58, 0x40, 0x48, 0x74, 0x75, 0xe8, 0xeb, 0xc3,
                                      0xa4, 0xaa, 0xf3, 0x66, 0x67, 0x0f, 0xd3, 0xc1, 0xf7,
                                      0xff, 0x8d, 0x85, 0x90, 0x6a, 0xcd, 0xe2, 0xee, 0xec };

    for (unsigned i = 0; i < CODE_BYTES; i++) {
        start->code[i] = next_random() % 3 == 0 ? (uint8_t)next_random()
                                                : likely[next_random() % sizeof(likely)];
        if (next_random() % 4 == 0) {
            start->code[i] = (uint8_t)(next_random() % 32);
        }
    }
}

static void make_start(struct start *start)
{
    start->mode = (enum fixture_mode)(next_random() % 3);
    random_code(start);
    for (unsigned i = 0; i < 16; i++) {
        start->gpr[i] = random_register();
    }
    start->rflags = 2 | (next_random() & 0xcd5) | (next_random() % 8 == 0 ? 0x100 : 0);
}

/* The device raises and lowers INTR, breaks the run, by what it has seen. */
static void device_acts(struct fixture *fixture)
{
    if (fixture->access_count % 3 == 0) {
        soft_cpu_set_intr(fixture->cpu, true);
    }
}

static struct fixture *begin(const struct start *start)
{
    struct fixture *fixture = fixture_create(start->mode);
    struct soft_cpu_state *state = fixture->state;

    fixture->on_access = device_acts;
    fixture->vector = 0x40;
    fixture->read_value = 0x8040201008040201ull;
    for (unsigned i = 0; i < 256; i++) {
        /* Real mode: each vector leads into the code. */
        fixture_store(fixture, i * 4, (uint32_t)(FIXTURE_CODE >> 4) << 16 | i, 4);
    }
    for (unsigned i = 0; i < 0x8000; i++) {
        fixture->ram[FIXTURE_DATA + i] = (uint8_t)(i * 7);
    }
    fixture_code(fixture, start->code, CODE_BYTES);
    memcpy(fixture->ram + FIXTURE_CODE + 0xff0, start->code, 0x30);
    for (unsigned i = 0; i < 16; i++) {
        if (i != X86_RSP) {
            state->gpr[i] = start->mode == FIXTURE_LONG ? start->gpr[i] : (uint32_t)start->gpr[i];
        }
    }
    state->rflags = start->rflags;
    return fixture;
}

/* Runs count instructions in pieces of at most budget; HLT and PAUSE are passed over. */
static uint64_t run(struct fixture *fixture, uint64_t count, uint64_t budget)
{
    uint64_t done = 0;

    while (done < count) {
        fixture->tsc_base = fixture->state->executed;
        done += soft_cpu_run(fixture->cpu, MIN(budget, count - done), &fixture->stop);
        if (fixture->stop == SOFT_STOP_SHUTDOWN || fixture->stop == SOFT_STOP_HALT) {
            break;
        }
    }
    return done;
}

static uint64_t digest(struct fixture *fixture)
{
    uint64_t value = state_digest(&soft_cpu_state_desc, fixture->state, 0);

    for (unsigned i = 0; i < COMPARED; i += 8) {
        value = (value ^ fixture_load(fixture, i, 8)) * 0x9e3779b97f4a7c15ull;
    }
    for (unsigned i = 0; i < MIN(fixture->access_count, (unsigned)FIXTURE_ACCESS_MAX); i++) {
        value = (value ^ fixture->accesses[i].offset ^ fixture->accesses[i].value << 8) * 31;
    }
    return value ^ fixture->access_count;
}

static void report(const struct start *start, struct fixture *whole, struct fixture *cut)
{
    g_autoptr(GString) text = g_string_new(NULL);

    (void)state_compare(&soft_cpu_state_desc, whole->state, cut->state, "cpu", text);
    print_message("mode %d, %u and %u accesses\n%s", (int)start->mode, whole->access_count,
                  cut->access_count, text->str);
    for (unsigned i = 0; i < COMPARED; i++) {
        if (whole->ram[i] != cut->ram[i]) {
            print_message("ram %x: %02x %02x\n", i, whole->ram[i], cut->ram[i]);
            break;
        }
    }
}

/* The first count after which they differ, and the code there. */
static void find_first(const struct start *start, uint64_t budget)
{
    for (uint64_t count = 1; count <= INSTRUCTIONS; count++) {
        struct fixture *whole = begin(start);
        struct fixture *cut = begin(start);
        bool equal;
        uint64_t linear;

        (void)run(whole, count - 1, count);
        linear = whole->state->rip + whole->state->segments[X86_CS].base;
        (void)run(whole, 1, 1);
        (void)run(cut, count, count);
        equal = digest(whole) == digest(cut);
        if (!equal) {
            print_message("after %lu instructions (budget %lu), the last at %lx:", count, budget,
                          linear);
            for (unsigned i = 0; i < 16 && linear + i < FIXTURE_RAM_BYTES; i++) {
                print_message(" %02x", whole->ram[linear + i]);
            }
            print_message("\n");
            report(start, whole, cut);
            count = INSTRUCTIONS;
        }
        fixture_destroy(whole);
        fixture_destroy(cut);
    }
}

static uint64_t seed_of_test(void)
{
    const char *seed = getenv("REPLUG_SEED");

    return seed != NULL ? strtoull(seed, NULL, 0) : 0x2545f4914f6cdd1dull;
}

static void test_any_cut_is_equal(void **unused)
{
    const char *rounds = getenv("REPLUG_ROUNDS");
    unsigned count = rounds != NULL ? (unsigned)atoi(rounds) : ROUNDS;

    (void)unused;
    random_state = seed_of_test();
    for (unsigned i = 0; i < count; i++) {
        uint64_t state_before = random_state;
        struct start start;
        struct fixture *whole;
        struct fixture *cut;
        uint64_t executed;
        uint64_t budget = next_random() % 7 + 1;
        bool equal;

        make_start(&start);
        whole = begin(&start);
        cut = begin(&start);
        executed = run(whole, INSTRUCTIONS, INSTRUCTIONS);
        equal = executed == run(cut, INSTRUCTIONS, budget) && digest(whole) == digest(cut);
        if (!equal) {
            print_message("REPLUG_SEED=%#lx round %u, %lu instructions\n", state_before, i,
                          executed);
            report(&start, whole, cut);
            find_first(&start, budget);
        }
        fixture_destroy(whole);
        fixture_destroy(cut);
        assert_true(equal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_cut_is_equal) };

    return cmocka_run_group_tests_name("soft_random", tests, NULL, NULL);
}
