/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_virtio_console.c - bytes of a virtconsole in both directions, what waits for buffers, comings and goings on its bus. */
#include "virtio_fixture.h"

#define QUEUE_SIZE 8u
#define RX         0
#define TX         1
#define FIFO_BYTES 512u /* what waits for the guest's buffers */

struct bench {
    struct virtio_fixture *v;
    struct device *console;
    struct char_port *port;
    GString *out;
    unsigned accepted;
};

static void on_write(void *host, const uint8_t *bytes, size_t count)
{
    g_string_append_len(((struct bench *)host)->out, (const char *)bytes, (gssize)count);
}

static void on_accept(void *host)
{
    ((struct bench *)host)->accepted++;
}

static struct bus *serial_bus(struct device *device)
{
    for (guint i = 0; i < device->object.children->len; i++) {
        struct object *child = g_ptr_array_index(device->object.children, i);

        if (object_is_a(child, TYPE_BUS)) {
            return (struct bus *)(void *)child;
        }
    }
    fail_msg("there is no bus");
    return NULL;
}

static struct device *add_console(struct bench *bench, const char *id)
{
    struct device *console = board_fixture_device(bench->v->board, "virtconsole", id);

    bus_add_device(serial_bus(bench->v->device), console);
    return console;
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->v = virtio_fixture_create("virtio-serial-pci");
    bench->out = g_string_new(NULL);
    virtio_serial_set_types(bench->v->device, bench->v->board->registry);
    board_fixture_realize(bench->v->device);
    bench->console = add_console(bench, "c0");
    bench->port = virtio_console_port(bench->console);
    assert_non_null(bench->port);
    bench->port->write = on_write;
    bench->port->accept_input = on_accept;
    bench->port->host = bench;
    board_fixture_realize(bench->console);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    assert_true(device_set_realized(bench->console, false, NULL));
    virtio_fixture_destroy(bench->v);
    g_string_free(bench->out, TRUE);
    g_free(bench);
    return 0;
}

static void start(struct bench *bench)
{
    struct virtio_fixture *v = bench->v;

    map_function(v);
    assert_true((negotiate(v, VIRTIO_F_VERSION_1) & VIRTIO_STATUS_FEATURES_OK) != 0);
    enable_queue_at(v, RX, QUEUE_SIZE);
    enable_queue_at(v, TX, QUEUE_SIZE);
    set_reg(v, VIRTIO_STATUS, reg(v, VIRTIO_STATUS, 1) | VIRTIO_STATUS_DRIVER_OK, 1);
}

/* The guest says text, as descriptor n. */
static void say(struct bench *bench, unsigned n, const char *text)
{
    uint64_t gpa = DATA_GPA + 0x20000 + 0x100ull * n;

    for (size_t i = 0; i < strlen(text); i++) {
        store(bench->v, gpa + i, (uint8_t)text[i], 1);
    }
    set_desc(bench->v, queue_gpa(TX, DESC_GPA), n, gpa, (uint32_t)strlen(text), 0, 0);
    offer_at(bench->v, TX, QUEUE_SIZE, (uint16_t)n);
    kick_at(bench->v, TX);
}

static uint64_t offer_buffer(struct bench *bench, unsigned n, uint32_t bytes)
{
    uint64_t gpa = DATA_GPA + 0x10000 + 0x1000ull * n;

    set_desc(bench->v, queue_gpa(RX, DESC_GPA), n, gpa, bytes, DESC_WRITE, 0);
    offer_at(bench->v, RX, QUEUE_SIZE, (uint16_t)n);
    return gpa;
}

static size_t room(struct bench *bench)
{
    return bench->port->can_receive(bench->port->device);
}

static void receive(struct bench *bench, const char *text)
{
    bench->port->receive(bench->port->device, (const uint8_t *)text, strlen(text));
}

static void test_the_guest_speaks(void **state)
{
    struct bench *bench = *state;

    start(bench);
    say(bench, 0, "one ");
    say(bench, 1, "two");
    assert_string_equal(bench->out->str, "one two");
    assert_int_equal(used_index_at(bench->v, TX), 2);
    assert_int_equal(used_bytes_at(bench->v, TX, 0), 0);
    assert_int_equal(bench->v->board->level[11], 1);
}

/* A buffer of many pages, all of the same text, goes out in order and whole, up to a megabyte. */
static void test_a_long_buffer(void **state)
{
    struct bench *bench = *state;

    start(bench);
    set_desc(bench->v, queue_gpa(TX, DESC_GPA), 0, DATA_GPA, 10000, DESC_NEXT, 1);
    set_desc(bench->v, queue_gpa(TX, DESC_GPA), 1, DATA_GPA, 3u << 20, 0, 0);
    offer_at(bench->v, TX, QUEUE_SIZE, 0);
    kick_at(bench->v, TX);
    assert_int_equal(bench->out->len, 1u << 20);
    assert_int_equal(used_index_at(bench->v, TX), 1);
    assert_false(needs_reset(bench->v));
}

static void test_the_guest_listens(void **state)
{
    struct bench *bench = *state;
    uint64_t gpa;

    start(bench);
    gpa = offer_buffer(bench, 0, 64);
    receive(bench, "hello");
    assert_int_equal(used_index_at(bench->v, RX), 1);
    assert_int_equal(used_bytes_at(bench->v, RX, 0), 5);
    assert_int_equal(load(bench->v, gpa, 4), 0x6c6c6568);
    assert_int_equal(room(bench), FIFO_BYTES);
    assert_int_equal(bench->accepted, 1);
}

/* What comes before there is a driver, or without buffers, waits up to a limit; then the host keeps it. */
static void test_input_waits(void **state)
{
    struct bench *bench = *state;
    g_autofree char *many = g_strnfill(FIFO_BYTES - 3, 'x');
    uint64_t first, second;

    receive(bench, "abc"); /* no driver: a reset would drop it */
    assert_int_equal(room(bench), FIFO_BYTES - 3);
    start(bench);
    assert_int_equal(room(bench), FIFO_BYTES);
    receive(bench, "abc");
    receive(bench, many);
    assert_int_equal(room(bench), 0);
    receive(bench, "lost");
    assert_int_equal(room(bench), 0);
    first = offer_buffer(bench, 0, 2);
    second = offer_buffer(bench, 1, 100);
    kick_at(bench->v, RX);
    assert_int_equal(bench->accepted, 1);
    assert_int_equal(used_bytes_at(bench->v, RX, 0), 2);
    assert_int_equal(used_bytes_at(bench->v, RX, 1), 100);
    assert_int_equal(load(bench->v, first, 2), 0x6261);
    assert_int_equal(load(bench->v, second, 2), 0x7863);
    assert_int_equal(room(bench), 102);
}

static void test_reset_forgets(void **state)
{
    struct bench *bench = *state;

    start(bench);
    receive(bench, "abc");
    device_reset(bench->v->device);
    assert_int_equal(room(bench), FIFO_BYTES);
    start(bench);
    (void)offer_buffer(bench, 0, 64);
    kick_at(bench->v, RX);
    assert_int_equal(used_index_at(bench->v, RX), 0);
}

static void test_broken_queue(void **state)
{
    struct bench *bench = *state;

    start(bench);
    set_desc(bench->v, queue_gpa(TX, DESC_GPA), 0, DATA_GPA, 16, DESC_NEXT, 0); /* a loop */
    offer_at(bench->v, TX, QUEUE_SIZE, 0);
    kick_at(bench->v, TX);
    assert_true(needs_reset(bench->v));
    assert_int_equal(bench->out->len, 0);
    receive(bench, "abc"); /* kept, not given to a broken device */
    assert_int_equal(room(bench), FIFO_BYTES - 3);
}

static void test_one_console(void **state)
{
    struct bench *bench = *state;
    struct device *other = add_console(bench, "c1");
    g_autoptr(GError) error = NULL;

    assert_false(device_set_realized(other, true, &error));
    assert_string_equal(error->message,
                        "virtio-serial-bus: the one port of bus 'v0.0' has its console already");
}

/* Without a console the guest's port is there, and nobody hears it; a newcomer hears what comes then. */
static void test_console_leaves(void **state)
{
    struct bench *bench = *state;

    start(bench);
    say(bench, 0, "heard ");
    assert_true(device_set_realized(bench->console, false, NULL));
    assert_int_equal(room(bench), 0);
    say(bench, 1, "unheard");
    assert_int_equal(used_index_at(bench->v, TX), 2);
    board_fixture_realize(bench->console);
    say(bench, 2, "again");
    assert_string_equal(bench->out->str, "heard again");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_guest_speaks), TEST(test_a_long_buffer),  TEST(test_the_guest_listens),
        TEST(test_input_waits),      TEST(test_reset_forgets),  TEST(test_broken_queue),
        TEST(test_one_console),      TEST(test_console_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
