/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_hpet.c - counter, comparators, routing of the HPET by a stepped clock. A tick is 10 ns. */
#include "hw/board_fixture.h"
#include "hw/timer/hpet.h"

#define PIT_CONTROL 30
#define CONFIG      0x010
#define STATUS      0x020
#define COUNTER     0x0f0
#define T(n, at)    (0x100 + 0x20 * (n) + (at))
#define CMP         0x08
#define FSB         0x10
#define LEVEL       0x02u
#define INTERRUPTS  0x04u
#define PERIODIC    0x08u
#define VALUE_SET   0x40u
#define BITS_32     0x100u
#define GSI(n)      ((unsigned)(n) << 9)

struct bench {
    struct board_fixture *f;
    struct device *hpet;
};

static const struct type_info *const types[] = { &hpet_type_info, NULL };

static void create(struct bench *bench, const char *msi)
{
    struct irq_line lines[24];

    bench->f = board_fixture_create(types);
    bench->hpet = board_fixture_device(bench->f, "hpet", "hpet");
    assert_true(object_property_parse(&bench->hpet->object, "hpet-intcap", "0xff0104",
                                      bench->f->root, NULL));
    assert_true(object_property_parse(&bench->hpet->object, "msi", msi, bench->f->root, NULL));
    for (unsigned i = 0; i < 24; i++) {
        lines[i] = board_fixture_line(bench->f, i);
    }
    hpet_connect(bench->hpet, lines, 24, board_fixture_line(bench->f, PIT_CONTROL));
    board_fixture_realize(bench->hpet);
    board_fixture_advance(bench->f, 1234567);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    create(bench, "off");
    *state = bench;
    return 0;
}

static int setup_msi(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    create(bench, "on");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    board_fixture_destroy(bench->f);
    g_free(bench);
    return 0;
}

static uint64_t in(struct bench *bench, unsigned at)
{
    return address_space_load(bench->f->board.memory_space, HPET_BASE_GPA + at, 8);
}

static uint32_t in32(struct bench *bench, unsigned at)
{
    return (uint32_t)address_space_load(bench->f->board.memory_space, HPET_BASE_GPA + at, 4);
}

static void out(struct bench *bench, unsigned at, uint64_t value)
{
    address_space_store(bench->f->board.memory_space, HPET_BASE_GPA + at, value, 8);
}

static void out32(struct bench *bench, unsigned at, uint32_t value)
{
    address_space_store(bench->f->board.memory_space, HPET_BASE_GPA + at, value, 4);
}

static void ticks(struct bench *bench, uint64_t count)
{
    board_fixture_advance(bench->f, count * HPET_TICK_NS);
}

static unsigned raises(struct bench *bench, unsigned gsi)
{
    return bench->f->raises[gsi];
}

static void test_capabilities(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(in(bench, 0), 10000000ull << 32 | 0x8086a201);
    assert_int_equal(in32(bench, 4), 10000000);
    assert_int_equal(in(bench, T(0, 0)), 0xff010400000030);
    assert_int_equal(in(bench, T(2, CMP)), UINT64_MAX);
    assert_int_equal(in(bench, T(3, 0)), 0); /* there are three */
    out(bench, 0, 0);
    assert_int_equal(in32(bench, 0), 0x8086a201);
    out(bench, T(0, 0), UINT64_MAX & ~0x3e00ull);
    assert_int_equal(in(bench, T(0, 0)), 0xff01040000017e | 0x30ull);
    out32(bench, T(0, 0), GSI(5)); /* not one of its routes: stays */
    assert_int_equal(in32(bench, T(0, 0)) & 0x3e00, 0);
    out32(bench, T(0, 0), GSI(8));
    assert_int_equal(in32(bench, T(0, 0)) & 0x3e00, GSI(8));
}

static void test_counter(void **state)
{
    struct bench *bench = *state;

    ticks(bench, 5);
    assert_int_equal(in(bench, COUNTER), 0);
    out(bench, COUNTER, 0x1fffffff0);
    out(bench, CONFIG, 1);
    ticks(bench, 20);
    assert_int_equal(in(bench, COUNTER), 0x200000004);
    assert_int_equal(in32(bench, COUNTER + 4), 2);
    board_fixture_advance(bench->f, 9);
    assert_int_equal(in32(bench, COUNTER), 4);
    out(bench, COUNTER, 1); /* not while it runs */
    assert_int_equal(in32(bench, COUNTER), 4);
    out(bench, CONFIG, 0);
    ticks(bench, 100);
    assert_int_equal(in32(bench, COUNTER), 4);
    out32(bench, COUNTER + 4, 7);
    assert_int_equal(in(bench, COUNTER), 0x700000004);
}

static void test_one_shot(void **state)
{
    struct bench *bench = *state;

    out(bench, CONFIG, 1);
    out(bench, T(0, 0), INTERRUPTS | GSI(20));
    out(bench, T(0, CMP), 100);
    ticks(bench, 99);
    assert_int_equal(raises(bench, 20), 0);
    ticks(bench, 1);
    assert_int_equal(raises(bench, 20), 1);
    assert_int_equal(in32(bench, STATUS), 0); /* an edge leaves none */
    assert_int_equal(in(bench, T(0, CMP)), 100);
    ticks(bench, 100000);
    assert_int_equal(raises(bench, 20), 1);
    out(bench, T(0, CMP), 50); /* behind the counter: in 2^64 ticks */
    ticks(bench, 100000);
    assert_int_equal(raises(bench, 20), 1);
    out(bench, T(0, CMP), in(bench, COUNTER)); /* equal: now */
    ticks(bench, 0);
    assert_int_equal(raises(bench, 20), 2);
    assert_null(bench->f->timers.first);
}

static void test_one_shot_32_bits(void **state)
{
    struct bench *bench = *state;

    out(bench, COUNTER, 0x5ffffff00);
    out(bench, CONFIG, 1);
    out(bench, T(1, 0), INTERRUPTS | BITS_32 | GSI(20));
    out(bench, T(1, CMP), 0x900000010);
    assert_int_equal(in(bench, T(1, CMP)), 0x10);
    ticks(bench, 0x10f);
    assert_int_equal(raises(bench, 20), 0);
    ticks(bench, 1);
    assert_int_equal(raises(bench, 20), 1);
    ticks(bench, 1ull << 32); /* the counter's low half comes round */
    assert_int_equal(raises(bench, 20), 2);
}

static void test_periodic(void **state)
{
    struct bench *bench = *state;

    out(bench, CONFIG, 1);
    ticks(bench, 7);
    out32(bench, T(0, 0), INTERRUPTS | PERIODIC | VALUE_SET | BITS_32 | GSI(2));
    out32(bench, T(0, CMP), 1000); /* the first match... */
    assert_int_equal(in32(bench, T(0, 0)) & VALUE_SET, 0);
    out32(bench, T(0, CMP), 300); /* ...and the period */
    assert_int_equal(in32(bench, T(0, CMP)), 1000);
    ticks(bench, 992);
    assert_int_equal(raises(bench, 2), 0);
    ticks(bench, 1);
    assert_int_equal(raises(bench, 2), 1);
    assert_int_equal(in32(bench, T(0, CMP)), 1300);
    ticks(bench, 299);
    assert_int_equal(raises(bench, 2), 1);
    ticks(bench, 1);
    assert_int_equal(raises(bench, 2), 2);
    board_fixture_jump(bench->f, 950 * HPET_TICK_NS); /* the host is late: one for three */
    assert_int_equal(raises(bench, 2), 3);
    assert_int_equal(in32(bench, T(0, CMP)), 2500);
    ticks(bench, 250);
    assert_int_equal(raises(bench, 2), 4);
    out32(bench, T(0, 0), PERIODIC | BITS_32 | GSI(2)); /* silent, but it goes on */
    ticks(bench, 700);
    assert_int_equal(raises(bench, 2), 4);
    assert_int_equal(in32(bench, T(0, CMP)), 3400);
    assert_null(bench->f->timers.first);
}

static void test_periodic_64_bits(void **state)
{
    struct bench *bench = *state;

    out(bench, COUNTER, 0xfffffff0);
    out(bench, CONFIG, 1);
    out(bench, T(2, 0), INTERRUPTS | PERIODIC | VALUE_SET | GSI(20));
    out(bench, T(2, CMP), 0x100000010);
    out(bench, T(2, CMP), 0x20);
    ticks(bench, 0x20);
    assert_int_equal(raises(bench, 20), 1);
    ticks(bench, 0x20);
    assert_int_equal(raises(bench, 20), 2);
    assert_int_equal(in(bench, T(2, CMP)), 0x100000050);
}

static void test_level(void **state)
{
    struct bench *bench = *state;

    out(bench, CONFIG, 1);
    out(bench, T(1, 0), INTERRUPTS | LEVEL | GSI(20));
    out(bench, T(1, CMP), 10);
    ticks(bench, 10);
    assert_int_equal(bench->f->level[20], 1);
    assert_int_equal(in32(bench, STATUS), 2);
    out(bench, STATUS, 5); /* the others' bits */
    assert_int_equal(bench->f->level[20], 1);
    out(bench, STATUS, 2);
    assert_int_equal(bench->f->level[20], 0);
    assert_int_equal(in32(bench, STATUS), 0);
    out(bench, T(1, CMP), 30);
    ticks(bench, 30);
    assert_int_equal(bench->f->level[20], 1);
    out(bench, CONFIG, 0);
    assert_int_equal(bench->f->level[20], 0);
    out(bench, CONFIG, 1);
    assert_int_equal(bench->f->level[20], 1); /* it was not served yet */
    out(bench, T(1, 0), LEVEL | GSI(20));
    assert_int_equal(bench->f->level[20], 0);
}

static void test_halted_holds_matches(void **state)
{
    struct bench *bench = *state;

    out(bench, T(0, 0), INTERRUPTS | GSI(20));
    out(bench, T(0, CMP), 10);
    out(bench, CONFIG, 1);
    ticks(bench, 5);
    out(bench, CONFIG, 0);
    ticks(bench, 1000);
    assert_int_equal(raises(bench, 20), 0);
    out(bench, CONFIG, 1);
    ticks(bench, 4);
    assert_int_equal(raises(bench, 20), 0);
    ticks(bench, 1);
    assert_int_equal(raises(bench, 20), 1);
}

static void test_legacy_replacement(void **state)
{
    struct bench *bench = *state;
    struct irq_line rtc = hpet_rtc_input(bench->hpet);

    irq_line_raise(&rtc);
    assert_int_equal(bench->f->level[8], 1);
    out(bench, CONFIG, 2); /* without enable: nothing yet */
    assert_int_equal(bench->f->level[PIT_CONTROL], 0);
    out(bench, CONFIG, 3);
    assert_int_equal(bench->f->level[PIT_CONTROL], 1);
    assert_int_equal(bench->f->level[8], 0);
    irq_line_lower(&rtc);
    irq_line_raise(&rtc);
    assert_int_equal(bench->f->level[8], 0);
    for (unsigned i = 0; i < 3; i++) {
        out(bench, T(i, 0), INTERRUPTS | GSI(20));
        out(bench, T(i, CMP), 100 * (i + 1));
    }
    ticks(bench, 300);
    assert_int_equal(raises(bench, 0), 1);
    assert_int_equal(raises(bench, 8), 2); /* the RTC's one, timer 1's one */
    assert_int_equal(raises(bench, 20), 1);
    out(bench, CONFIG, 1);
    assert_int_equal(bench->f->level[0], 0);
    assert_int_equal(bench->f->level[8], 1); /* the RTC has it again, and is high */
    assert_int_equal(bench->f->level[PIT_CONTROL], 0);
    out(bench, CONFIG, 3);
    device_reset(bench->hpet);
    assert_int_equal(bench->f->level[PIT_CONTROL], 0);
    assert_int_equal(bench->f->level[8], 1);
}

static void test_edge_is_an_edge_each_time(void **state)
{
    struct bench *bench = *state;

    out(bench, CONFIG, 1);
    out(bench, T(0, 0), INTERRUPTS | PERIODIC | VALUE_SET | GSI(20));
    out(bench, T(0, CMP), 10);
    ticks(bench, 105);
    assert_int_equal(raises(bench, 20), 10);
    assert_int_equal(bench->f->level[20], 1);
}

static void note_store(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    assert_int_equal(size, 4);
    assert_int_equal(offset, 0x20);
    *(uint64_t *)opaque = value;
}

static void test_fsb(void **state)
{
    static const struct memory_region_ops ops = { .write = note_store };
    struct bench *bench = *state;
    struct memory_region region = { 0 };
    uint64_t seen = 0;

    memory_region_init_io(&region, bench->f->board.memory, "messages", &ops, &seen, 0x1000);
    memory_region_add_subregion(bench->f->board.system_memory, 0x1000, &region);
    assert_int_equal(in32(bench, T(0, 0)) & 0x8000, 0x8000);
    out(bench, CONFIG, 1);
    out(bench, T(0, FSB), 0x102000004051);
    assert_int_equal(in(bench, T(0, FSB)), 0x102000004051);
    out(bench, T(0, 0), INTERRUPTS | 0x4000 | GSI(20));
    out(bench, T(0, CMP), 10);
    ticks(bench, 10);
    assert_int_equal(seen, 0x4051);
    assert_int_equal(raises(bench, 20), 0);
    memory_region_del_subregion(bench->f->board.system_memory, &region);
    memory_region_fini(&region);
}

static void test_load_goes_on_as_saved(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->hpet);
    uint8_t *at = (uint8_t *)bench->hpet + class->state_offset;
    g_autofree uint8_t *saved = NULL;

    out(bench, CONFIG, 1);
    out(bench, T(0, 0), INTERRUPTS | GSI(20));
    out(bench, T(0, CMP), 100);
    ticks(bench, 30);
    saved = g_memdup2(at, class->state->size);
    device_reset(bench->hpet);
    assert_null(bench->f->timers.first);
    memcpy(at, saved, class->state->size);
    class->after_load(bench->hpet);
    assert_int_equal(in(bench, COUNTER), 30);
    ticks(bench, 70);
    assert_int_equal(raises(bench, 20), 1);
}

static void test_random_accesses(void **state)
{
    struct bench *bench = *state;
    GRand *random = g_rand_new_with_seed(0x4e7);

    for (unsigned i = 0; i < 40000; i++) {
        unsigned at = g_rand_int(random) % 0x180;
        uint64_t value = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);
        unsigned size = 1u << g_rand_int(random) % 4;

        value >>= g_rand_int(random) % 64;
        if (g_rand_int(random) % 4 == 0) {
            (void)address_space_load(bench->f->board.memory_space, HPET_BASE_GPA + at, size);
        } else {
            address_space_store(bench->f->board.memory_space, HPET_BASE_GPA + at, value, size);
        }
        board_fixture_jump(bench->f, g_rand_int(random) % 10000);
    }
    g_rand_free(random);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_capabilities),
        TEST(test_counter),
        TEST(test_one_shot),
        TEST(test_one_shot_32_bits),
        TEST(test_periodic),
        TEST(test_periodic_64_bits),
        TEST(test_level),
        TEST(test_halted_holds_matches),
        TEST(test_legacy_replacement),
        TEST(test_edge_is_an_edge_each_time),
        cmocka_unit_test_setup_teardown(test_fsb, setup_msi, teardown),
        TEST(test_load_goes_on_as_saved),
        TEST(test_random_accesses),
        cmocka_unit_test_setup_teardown(test_random_accesses, setup_msi, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
