/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_i8042.c - keyboard controller, keyboard, mouse and port 0x92 as software meets them. */
#include "hw/board_fixture.h"
#include "hw/input/i8042.h"
#include "hw/input/port92.h"

#define KEYBOARD_PIN 1
#define MOUSE_PIN    12
#define A20_PIN      20
#define FAST_A20_PIN 21
#define DATA         0x60
#define COMMAND      0x64

struct bench {
    struct board_fixture *f;
    struct device *i8042, *port92;
};

static const struct type_info *const types[] = { &i8042_type_info, &port92_type_info, NULL };

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    struct i8042_lines lines;

    bench->f = board_fixture_create(types);
    lines.keyboard = board_fixture_line(bench->f, KEYBOARD_PIN);
    lines.mouse = board_fixture_line(bench->f, MOUSE_PIN);
    lines.a20 = board_fixture_line(bench->f, A20_PIN);
    bench->i8042 = board_fixture_device(bench->f, "i8042", "i8042");
    bench->port92 = board_fixture_device(bench->f, "port92", "port92");
    i8042_connect(bench->i8042, &lines);
    port92_connect_a20(bench->port92, board_fixture_line(bench->f, FAST_A20_PIN));
    board_fixture_realize(bench->i8042);
    board_fixture_realize(bench->port92);
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

static unsigned status(struct bench *bench)
{
    return (unsigned)port_read(bench->f, COMMAND, 1);
}

static unsigned data(struct bench *bench)
{
    return (unsigned)port_read(bench->f, DATA, 1);
}

static void command(struct bench *bench, unsigned value)
{
    port_write(bench->f, COMMAND, value, 1);
}

static void write_data(struct bench *bench, unsigned value)
{
    port_write(bench->f, DATA, value, 1);
}

/* All bytes that wait, as hexadecimal text; those of the mouse in brackets. */
static void expect(struct bench *bench, const char *expected)
{
    g_autoptr(GString) seen = g_string_new(NULL);

    while ((status(bench) & 1) != 0) {
        bool mouse = (status(bench) & 0x20) != 0;

        g_string_append_printf(seen, mouse ? "%s[%02x]" : "%s%02x", seen->len != 0 ? " " : "",
                               data(bench));
    }
    assert_string_equal(seen->str, expected);
}

static void set_mode(struct bench *bench, unsigned mode)
{
    command(bench, 0x60);
    write_data(bench, mode);
}

static void mouse(struct bench *bench, unsigned value)
{
    command(bench, 0xd4);
    write_data(bench, value);
}

static void test_controller(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(status(bench), 0x14);
    command(bench, 0xaa);
    assert_int_equal(status(bench), 0x1d);
    expect(bench, "55");
    command(bench, 0xab);
    expect(bench, "00");
    command(bench, 0xa9);
    expect(bench, "00");
    command(bench, 0x20);
    expect(bench, "45");
    set_mode(bench, 0x47);
    assert_int_equal(status(bench), 0x14);
    command(bench, 0x20);
    expect(bench, "47");
    command(bench, 0xa7);
    command(bench, 0xad);
    command(bench, 0x20);
    expect(bench, "77");
    command(bench, 0xa8);
    command(bench, 0xae);
    command(bench, 0x20);
    expect(bench, "47");
    command(bench, 0x7f); /* the controller's RAM */
    write_data(bench, 0x99);
    command(bench, 0x3f);
    expect(bench, "99");
    command(bench, 0xc0);
    expect(bench, "a0");
    command(bench, 0xe0);
    expect(bench, "00");
    command(bench, 0x99); /* no command */
    expect(bench, "");
    assert_int_equal(data(bench), 0x00); /* an empty buffer shows its last byte */
}

static void test_interrupts(void **state)
{
    struct bench *bench = *state;

    i8042_key(bench->i8042, 0x1c, false, true);
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 1);
    i8042_key(bench->i8042, 0x1c, false, false);
    assert_int_equal(bench->f->raises[KEYBOARD_PIN], 1);
    assert_int_equal(data(bench), 0x1e);
    assert_int_equal(bench->f->raises[KEYBOARD_PIN], 2); /* the next byte is an edge of its own */
    assert_int_equal(data(bench), 0x9e);
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 0);
    set_mode(bench, 0x44);
    i8042_key(bench->i8042, 0x1c, false, true);
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 0);
    set_mode(bench, 0x45); /* it is there already */
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 1);
    expect(bench, "1e");
    set_mode(bench, 0x47);
    command(bench, 0xd3); /* as if the mouse had said it */
    write_data(bench, 0xa5);
    assert_int_equal(bench->f->level[MOUSE_PIN], 1);
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 0);
    expect(bench, "[a5]");
    assert_int_equal(bench->f->level[MOUSE_PIN], 0);
    command(bench, 0xd2);
    write_data(bench, 0x5a);
    assert_int_equal(bench->f->level[KEYBOARD_PIN], 1);
    expect(bench, "5a");
}

static void test_keyboard_commands(void **state)
{
    struct bench *bench = *state;

    write_data(bench, 0xff);
    expect(bench, "fa aa");
    write_data(bench, 0xf2);
    expect(bench, "fa ab 41"); /* translated: 83 */
    write_data(bench, 0xed);
    expect(bench, "fa");
    write_data(bench, 0x07);
    expect(bench, "fa");
    write_data(bench, 0xf3);
    expect(bench, "fa");
    write_data(bench, 0x20);
    expect(bench, "fa");
    write_data(bench, 0xee);
    expect(bench, "ee");
    write_data(bench, 0xf0);
    write_data(bench, 0x00);
    expect(bench, "fa fa 41"); /* set 2, translated */
    write_data(bench, 0xf0);
    write_data(bench, 0x03);
    expect(bench, "fa fe");
    write_data(bench, 0x12);
    expect(bench, "fe");
    write_data(bench, 0xed);
    write_data(bench, 0xf4); /* a command in place of the argument */
    expect(bench, "fa fa");
    write_data(bench, 0xfe);
    expect(bench, "fa");
    set_mode(bench, 0x05);
    write_data(bench, 0xf2);
    expect(bench, "fa ab 83");
}

static void test_keys(void **state)
{
    struct bench *bench = *state;

    i8042_key(bench->i8042, 0x5a, false, true);
    i8042_key(bench->i8042, 0x5a, false, false);
    i8042_key(bench->i8042, 0x75, true, true); /* up */
    i8042_key(bench->i8042, 0x75, true, false);
    i8042_key(bench->i8042, 0x83, false, true); /* F7 */
    i8042_key(bench->i8042, 0x83, false, false);
    expect(bench, "1c 9c e0 48 e0 c8 41 c1");
    set_mode(bench, 0x05);
    i8042_key(bench->i8042, 0x75, true, true);
    i8042_key(bench->i8042, 0x75, true, false);
    expect(bench, "e0 75 e0 f0 75");
    write_data(bench, 0xf0);
    write_data(bench, 0x01);
    expect(bench, "fa fa");
    i8042_key(bench->i8042, 0x75, true, true);
    i8042_key(bench->i8042, 0x75, true, false);
    expect(bench, "e0 48 e0 c8");
    write_data(bench, 0xf5); /* no keys, set 2 */
    i8042_key(bench->i8042, 0x1c, false, true);
    expect(bench, "fa");
    write_data(bench, 0xf4);
    i8042_key(bench->i8042, 0x1c, false, true);
    expect(bench, "fa 1c");
}

static void test_keyboard_off_and_full(void **state)
{
    struct bench *bench = *state;

    command(bench, 0xad);
    for (unsigned i = 0; i < 30; i++) {
        i8042_key(bench->i8042, 0x1c, false, true);
    }
    expect(bench, "");
    command(bench, 0xae);
    expect(bench, "1e 1e 1e 1e 1e 1e 1e 1e 1e 1e 1e 1e 1e 1e 1e ff");
    command(bench, 0xad);
    write_data(bench, 0xee); /* a byte for it switches it on */
    expect(bench, "ee");
    command(bench, 0x20);
    expect(bench, "45");
}

static void test_answer_waits_behind_a_key(void **state)
{
    struct bench *bench = *state;

    i8042_key(bench->i8042, 0x1c, false, true);
    i8042_key(bench->i8042, 0x32, false, true);
    command(bench, 0x20);
    expect(bench, "1e 45 30");
}

static void test_mouse(void **state)
{
    struct bench *bench = *state;

    mouse(bench, 0xff);
    expect(bench, "[fa] [aa] [00]");
    mouse(bench, 0xf2);
    expect(bench, "[fa] [00]");
    mouse(bench, 0xe9);
    expect(bench, "[fa] [00] [02] [64]");
    mouse(bench, 0xf3);
    mouse(bench, 0x28);
    mouse(bench, 0xe8);
    mouse(bench, 0x03);
    mouse(bench, 0xe7);
    mouse(bench, 0xf4);
    mouse(bench, 0xf0);
    expect(bench, "[fa] [fa]"); /* the buffer's and the queue's: an answer drops what waits */
    mouse(bench, 0xe9);
    expect(bench, "[fa] [70] [03] [28]");
    mouse(bench, 0xeb);
    expect(bench, "[fa] [08] [00] [00]");
    mouse(bench, 0xee);
    expect(bench, "[fa]");
    mouse(bench, 0x55); /* wraps */
    expect(bench, "[55]");
    mouse(bench, 0xec);
    expect(bench, "[fa]");
    mouse(bench, 0x01);
    expect(bench, "[fe]");
    mouse(bench, 0xf6);
    expect(bench, "[fa]");
    mouse(bench, 0xe9);
    expect(bench, "[fa] [00] [02] [64]");
    mouse(bench, 0xff);
    command(bench, 0xa7); /* what it had to say waits */
    (void)data(bench);
    expect(bench, "");
    command(bench, 0xa8);
    expect(bench, "[aa] [00]");
}

static void test_a20_and_reset(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench->f->level[A20_PIN], 1);
    command(bench, 0xd0);
    expect(bench, "cf");
    command(bench, 0xd1);
    write_data(bench, 0xcd);
    assert_int_equal(bench->f->level[A20_PIN], 0);
    command(bench, 0xdf);
    assert_int_equal(bench->f->level[A20_PIN], 1);
    command(bench, 0xdd);
    assert_int_equal(bench->f->level[A20_PIN], 0);
    command(bench, 0xff); /* pulses nothing */
    command(bench, 0xfd);
    assert_int_equal(bench->f->request_count, 0);
    command(bench, 0xfe);
    assert_int_equal(bench->f->request_count, 1);
    assert_int_equal(bench->f->requests[0].request, BOARD_REQUEST_RESET);
    command(bench, 0xd1);
    write_data(bench, 0xce);
    assert_int_equal(bench->f->request_count, 2);
    device_reset(bench->i8042);
    assert_int_equal(bench->f->level[A20_PIN], 1);
    command(bench, 0x20);
    expect(bench, "45");
}

static void test_port92(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(port_read(bench->f, 0x92, 1), 0);
    port_write(bench->f, 0x92, 0x02, 1);
    assert_int_equal(bench->f->level[FAST_A20_PIN], 1);
    assert_int_equal(port_read(bench->f, 0x92, 1), 0x02);
    assert_int_equal(bench->f->request_count, 0);
    port_write(bench->f, 0x92, 0xfb, 1);
    assert_int_equal(bench->f->request_count, 1);
    assert_int_equal(bench->f->requests[0].request, BOARD_REQUEST_RESET);
    assert_int_equal(port_read(bench->f, 0x92, 1), 0xf3);
    port_write(bench->f, 0x92, 0x01, 1); /* no rise: no second one */
    assert_int_equal(bench->f->request_count, 1);
    assert_int_equal(bench->f->level[FAST_A20_PIN], 0);
    port_write(bench->f, 0x92, 0x02, 1);
    device_reset(bench->port92);
    assert_int_equal(bench->f->level[FAST_A20_PIN], 0);
    assert_int_equal(port_read(bench->f, 0x92, 1), 0);
}

static void test_load_goes_on_as_saved(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->i8042);
    uint8_t *at = (uint8_t *)bench->i8042 + class->state_offset;
    g_autofree uint8_t *saved = NULL;
    unsigned raises;

    i8042_key(bench->i8042, 0x1c, false, true);
    i8042_key(bench->i8042, 0x32, false, true);
    command(bench, 0xdd);
    saved = g_memdup2(at, class->state->size);
    device_reset(bench->i8042);
    raises = bench->f->raises[KEYBOARD_PIN];
    memcpy(at, saved, class->state->size);
    class->after_load(bench->i8042);
    assert_int_equal(bench->f->raises[KEYBOARD_PIN], raises); /* levels are the sinks' state too */
    assert_int_equal(bench->f->level[A20_PIN], 0);
    expect(bench, "1e 30");
}

static void test_random_accesses(void **state)
{
    struct bench *bench = *state;
    GRand *random = g_rand_new_with_seed(8042);

    for (unsigned i = 0; i < 40000; i++) {
        uint32_t value = g_rand_int(random);

        switch (value % 8) {
        case 0: (void)data(bench); break;
        case 1: (void)status(bench); break;
        case 2: i8042_key(bench->i8042, value >> 8 & 0xff, value >> 16 & 1, value >> 17 & 1); break;
        case 3: mouse(bench, value >> 8 & 0xff); break;
        case 4: port_write(bench->f, 0x92, value >> 8 & 0xff, 1); break;
        case 5: command(bench, value >> 8 & 0xff); break;
        default: write_data(bench, value >> 8 & 0xff); break;
        }
        bench->f->request_count = 0;
    }
    g_rand_free(random);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_controller),
        TEST(test_interrupts),
        TEST(test_keyboard_commands),
        TEST(test_keys),
        TEST(test_keyboard_off_and_full),
        TEST(test_answer_waits_behind_a_key),
        TEST(test_mouse),
        TEST(test_a20_and_reset),
        TEST(test_port92),
        TEST(test_load_goes_on_as_saved),
        TEST(test_random_accesses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
