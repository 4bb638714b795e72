/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_virtio_block.c - requests of a virtio-blk to an image that the test holds: what is asked, what comes back when. */
#include "virtio_fixture.h"

#define QUEUE_SIZE  8u
#define DISK_BYTES  (64u * 512u)
#define HEADER_GPA  DATA_GPA
#define STATUS_GPA  (DATA_GPA + 0x800)
#define SECTORS_GPA (DATA_GPA + 0x1000)
#define UNTOUCHED   0x77u

struct bench {
    struct virtio_fixture *v;
    struct block_port *port;
    struct block_request requests[16];
    uint8_t written[512];
    unsigned count, cancels;
};

static void on_submit(void *host, const struct block_request *request)
{
    struct bench *bench = host;

    assert_true(bench->count < G_N_ELEMENTS(bench->requests));
    if (request->operation == BLOCK_WRITE) {
        memcpy(bench->written, request->data, sizeof(bench->written));
    }
    bench->requests[bench->count++] = *request;
}

static void on_cancel(void *host)
{
    ((struct bench *)host)->cancels++;
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->v = virtio_fixture_create("virtio-blk-pci");
    bench->port = virtio_block_port(bench->v->device);
    assert_non_null(bench->port);
    bench->port->submit = on_submit;
    bench->port->cancel = on_cancel;
    bench->port->host = bench;
    bench->port->bytes = DISK_BYTES;
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    virtio_fixture_destroy(bench->v);
    g_free(bench);
    return 0;
}

static void start(struct bench *bench)
{
    board_fixture_realize(bench->v->device);
    bring_up(bench->v, QUEUE_SIZE);
}

/* Offers a request as descriptors 3n, 3n + 1, 3n + 2. */
static void ask(struct bench *bench, unsigned n, uint32_t type, uint64_t sector, uint32_t bytes)
{
    struct virtio_fixture *v = bench->v;
    uint16_t first = (uint16_t)(2 * n);

    store(v, HEADER_GPA + 16ull * n, type, 8);
    store(v, HEADER_GPA + 16ull * n + 8, sector, 8);
    store(v, STATUS_GPA + n, UNTOUCHED, 1);
    set_desc(v, DESC_GPA, first, DATA_GPA + 0x8000 + 64ull * n, 48, DESC_INDIRECT, 0);
    set_desc(v, DATA_GPA + 0x8000 + 64ull * n, 0, HEADER_GPA + 16ull * n, 16, DESC_NEXT, 1);
    set_desc(v, DATA_GPA + 0x8000 + 64ull * n, 1, SECTORS_GPA + 512ull * n, bytes,
             DESC_NEXT | (type == 1 ? 0 : DESC_WRITE), 2);
    set_desc(v, DATA_GPA + 0x8000 + 64ull * n, 2, STATUS_GPA + n, 1, DESC_WRITE, 0);
    offer(v, QUEUE_SIZE, first);
    kick(v);
}

static uint8_t status(struct bench *bench, unsigned n)
{
    return (uint8_t)load(bench->v, STATUS_GPA + n, 1);
}

static void test_needs_a_drive(void **state)
{
    struct bench *bench = *state;
    g_autoptr(GError) error = NULL;

    bench->port->submit = NULL;
    assert_false(device_set_realized(bench->v->device, true, &error));
    assert_string_equal(error->message, "drive property not set");
}

static void test_read_comes_back_later(void **state)
{
    struct bench *bench = *state;
    uint8_t data[512];

    start(bench);
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE, 4), DISK_BYTES / 512);
    ask(bench, 0, 0, 3, 512);
    assert_int_equal(bench->count, 1);
    assert_int_equal(bench->requests[0].operation, BLOCK_READ);
    assert_int_equal(bench->requests[0].offset, 3 * 512);
    assert_int_equal(used_index(bench->v), 0);
    memset(data, 0x5a, sizeof(data));
    bench->port->complete(bench->port->device, bench->requests[0].tag, 0, data, sizeof(data));
    assert_int_equal(used_index(bench->v), 1);
    assert_int_equal(used_bytes(bench->v, 0), 513);
    assert_int_equal(status(bench, 0), 0);
    assert_int_equal(load(bench->v, SECTORS_GPA + 504, 8), 0x5a5a5a5a5a5a5a5a);
    assert_int_equal(bench->v->board->level[11], 1);
    /* It comes back once. */
    bench->port->complete(bench->port->device, bench->requests[0].tag, 0, data, sizeof(data));
    assert_int_equal(used_index(bench->v), 1);
}

static void test_write_flush_and_failure(void **state)
{
    struct bench *bench = *state;

    start(bench);
    store(bench->v, SECTORS_GPA, 0x1122334455667788, 8);
    ask(bench, 0, 1, 63, 512);
    assert_int_equal(bench->requests[0].operation, BLOCK_WRITE);
    assert_int_equal(bytes_load_le64(bench->written), 0x1122334455667788);
    ask(bench, 1, 4, 0, 0);
    assert_int_equal(bench->requests[1].operation, BLOCK_FLUSH);
    /* In another order than they were asked. */
    bench->port->complete(bench->port->device, bench->requests[1].tag, 0, NULL, 0);
    assert_int_equal(status(bench, 1), 0);
    assert_int_equal(status(bench, 0), UNTOUCHED);
    bench->port->complete(bench->port->device, bench->requests[0].tag, 5, NULL, 0);
    assert_int_equal(status(bench, 0), 1);
    assert_int_equal(used_index(bench->v), 2);
}

static void test_refused_requests(void **state)
{
    struct bench *bench = *state;

    bench->port->read_only = true;
    start(bench);
    ask(bench, 0, 0, 64, 512); /* behind the end */
    ask(bench, 1, 0, UINT64_MAX, 512);
    ask(bench, 2, 0, 0, 100); /* no whole sector */
    ask(bench, 3, 1, 0, 512); /* read only */
    assert_int_equal(bench->count, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(status(bench, i), 1);
    }
    assert_int_equal(used_index(bench->v), 4);
}

static void test_unknown_and_id(void **state)
{
    struct bench *bench = *state;

    assert_true(object_property_parse(&bench->v->device->object, "serial", "abc", NULL, NULL));
    start(bench);
    ask(bench, 0, 77, 0, 512);
    assert_int_equal(status(bench, 0), 2);
    ask(bench, 1, 8, 0, 20);
    assert_int_equal(status(bench, 1), 0);
    assert_int_equal(load(bench->v, SECTORS_GPA + 512, 4), 0x00636261);
    assert_int_equal(bench->count, 0);
}

static void test_no_header(void **state)
{
    struct bench *bench = *state;

    start(bench);
    set_desc(bench->v, DESC_GPA, 0, HEADER_GPA, 8, DESC_NEXT, 1);
    set_desc(bench->v, DESC_GPA, 1, STATUS_GPA, 1, DESC_WRITE, 0);
    offer(bench->v, QUEUE_SIZE, 0);
    kick(bench->v);
    assert_true(needs_reset(bench->v));
    assert_int_equal(bench->count, 0);
}

/* The driver resets while a request is under way: it is cancelled, and what comes yet is for nobody. */
static void test_reset_cancels(void **state)
{
    struct bench *bench = *state;
    unsigned before;

    start(bench);
    ask(bench, 0, 0, 0, 512);
    before = bench->cancels;
    bring_up(bench->v, QUEUE_SIZE);
    assert_true(bench->cancels > before);
    bench->port->complete(bench->port->device, bench->requests[0].tag, 0, bench->written, 512);
    assert_int_equal(used_index(bench->v), 0);
}

/* A checkpoint may be taken while requests are under way: they come back to the device that was made from it. */
static void test_loaded_while_busy(void **state)
{
    struct bench *bench = *state;
    const struct device_class *class = device_class(bench->v->device);
    uint8_t *at = (uint8_t *)bench->v->device + class->state_offset;
    g_autofree uint8_t *saved = g_malloc(class->state->size);
    uint8_t data[512] = { 0 };

    start(bench);
    ask(bench, 0, 0, 3, 512);
    ask(bench, 1, 0, 4, 512);
    memcpy(saved, at, class->state->size);
    bench->port->complete(bench->port->device, bench->requests[0].tag, 0, data, sizeof(data));
    ask(bench, 2, 8, 0, 512); /* its chain takes the place of the first one's in the device */
    memcpy(at, saved, class->state->size);
    class->after_load(bench->v->device);
    memset(data, 0x5a, sizeof(data));
    bench->port->complete(bench->port->device, bench->requests[1].tag, 0, data, sizeof(data));
    bench->port->complete(bench->port->device, bench->requests[0].tag, 0, data, sizeof(data));
    assert_int_equal(status(bench, 0), 0);
    assert_int_equal(status(bench, 1), 0);
    assert_int_equal(load(bench->v, SECTORS_GPA, 8), 0x5a5a5a5a5a5a5a5a);
    assert_int_equal(load(bench->v, SECTORS_GPA + 512 + 504, 8), 0x5a5a5a5a5a5a5a5a);
    assert_int_equal(used_index(bench->v), 3); /* the third one was made available again */
}

static void test_unplug_cancels(void **state)
{
    struct bench *bench = *state;
    unsigned before;

    start(bench);
    ask(bench, 0, 1, 0, 512);
    before = bench->cancels;
    assert_true(device_set_realized(bench->v->device, false, NULL));
    assert_true(bench->cancels > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_needs_a_drive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_comes_back_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_flush_and_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_and_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_cancels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loaded_while_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unplug_cancels, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
