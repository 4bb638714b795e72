/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_virtio_net.c - frames of a virtio-net in both directions, buffers of any size, orders of its driver, its link. */
#include "virtio_fixture.h"

#define QUEUE_SIZE 8u
#define RX         0
#define TX         1
#define CONTROL    2
#define HEADER     12u

#define FEATURE_MERGE   (1ull << 15)
#define FEATURE_STATUS  (1ull << 16)
#define FEATURE_CONTROL (1ull << 17)
#define FEATURES \
    (FEATURE_MERGE | FEATURE_STATUS | FEATURE_CONTROL | 1ull << 18 | 1ull << 23 | 1ull << 5)

struct bench {
    struct virtio_fixture *v;
    struct net_port *port;
    unsigned sent, accepted;
    size_t sent_bytes;
    uint8_t frame[NET_FRAME_BYTES_MAX];
};

static const uint8_t mac[NET_MAC_BYTES] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static void on_send(void *host, const uint8_t *frame, size_t bytes)
{
    struct bench *bench = host;

    bench->sent++;
    bench->sent_bytes = bytes;
    memcpy(bench->frame, frame, bytes);
}

static void on_accept(void *host)
{
    ((struct bench *)host)->accepted++;
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->v = virtio_fixture_create("virtio-net-pci");
    bench->port = virtio_net_port(bench->v->device);
    assert_non_null(bench->port);
    memcpy(bench->port->mac, mac, sizeof(mac));
    bench->port->send = on_send;
    bench->port->accept_input = on_accept;
    bench->port->host = bench;
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

static void start_with(struct bench *bench, uint64_t features)
{
    struct virtio_fixture *v = bench->v;

    map_function(v);
    assert_true((negotiate(v, features | VIRTIO_F_VERSION_1) & VIRTIO_STATUS_FEATURES_OK) != 0);
    for (unsigned i = 0; i < 3; i++) {
        enable_queue_at(v, i, QUEUE_SIZE);
    }
    set_reg(v, VIRTIO_STATUS, reg(v, VIRTIO_STATUS, 1) | VIRTIO_STATUS_DRIVER_OK, 1);
}

static void start(struct bench *bench)
{
    board_fixture_realize(bench->v->device);
    start_with(bench, FEATURES);
}

/* A receive buffer of its own memory, descriptor n. */
static uint64_t offer_buffer(struct bench *bench, unsigned n, uint32_t bytes)
{
    uint64_t gpa = DATA_GPA + 0x10000 + 0x1000ull * n;

    set_desc(bench->v, queue_gpa(RX, DESC_GPA), n, gpa, bytes, DESC_WRITE, 0);
    offer_at(bench->v, RX, QUEUE_SIZE, (uint16_t)n);
    return gpa;
}

static void fill(uint8_t *frame, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(i * 7 + 1);
    }
    memcpy(frame, mac, sizeof(mac));
}

static bool receive(struct bench *bench, const uint8_t *frame, size_t bytes)
{
    return bench->port->receive(bench->port->device, frame, bytes);
}

static bool can_receive(struct bench *bench)
{
    return bench->port->can_receive(bench->port->device);
}

/* ---- to the guest ---- */

static void test_a_frame_comes_in(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[60];
    uint64_t gpa;

    fill(frame, sizeof(frame));
    board_fixture_realize(bench->v->device);
    assert_false(can_receive(bench)); /* no driver yet */
    assert_false(receive(bench, frame, sizeof(frame)));
    start_with(bench, FEATURES);
    assert_true(can_receive(bench));
    gpa = offer_buffer(bench, 0, 2048);
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 1);
    assert_int_equal(used_bytes_at(bench->v, RX, 0), sizeof(frame) + HEADER);
    assert_int_equal(load(bench->v, gpa, 8), 0);
    assert_int_equal(load(bench->v, gpa + 10, 2), 1); /* buffers */
    for (unsigned i = 0; i < sizeof(frame); i++) {
        assert_int_equal(load(bench->v, gpa + HEADER + i, 1), frame[i]);
    }
    assert_int_equal(bench->v->board->level[11], 1);
}

static void test_a_frame_over_several_buffers(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[250];
    uint64_t gpa[3];

    fill(frame, sizeof(frame));
    start(bench);
    for (unsigned i = 0; i < 3; i++) {
        gpa[i] = offer_buffer(bench, i, 100);
    }
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 3);
    assert_int_equal(load(bench->v, gpa[0] + 10, 2), 3);
    assert_int_equal(used_bytes_at(bench->v, RX, 0), 100);
    assert_int_equal(used_bytes_at(bench->v, RX, 1), 100);
    assert_int_equal(used_bytes_at(bench->v, RX, 2), 250 + HEADER - 200);
    assert_int_equal(load(bench->v, gpa[1], 1), frame[88]);
    assert_int_equal(load(bench->v, gpa[2] + 61, 1), frame[249]);
}

/* All or nothing: the buffers that were not enough are there for the next attempt. */
static void test_too_few_buffers(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[250];

    fill(frame, sizeof(frame));
    start(bench);
    (void)offer_buffer(bench, 0, 100);
    (void)offer_buffer(bench, 1, 100);
    assert_false(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 0);
    assert_false(can_receive(bench)); /* until the driver says more */
    (void)offer_buffer(bench, 2, 100);
    assert_false(can_receive(bench));
    kick_at(bench->v, RX);
    assert_int_equal(bench->accepted, 1);
    assert_true(can_receive(bench));
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 3);
}

/* The ring's end lies between the buffers of one frame. */
static void test_ring_turns(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[80];

    fill(frame, sizeof(frame));
    start(bench);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 3; i++) {
            (void)offer_buffer(bench, (round * 3 + i) % QUEUE_SIZE, 40);
        }
        assert_true(receive(bench, frame, sizeof(frame)));
        assert_int_equal(used_index_at(bench->v, RX), 3 * (round + 1));
    }
    assert_false(needs_reset(bench->v));
}

static void test_without_merging(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[250];

    fill(frame, sizeof(frame));
    board_fixture_realize(bench->v->device);
    start_with(bench, FEATURES & ~FEATURE_MERGE);
    (void)offer_buffer(bench, 0, 100);
    (void)offer_buffer(bench, 1, 1000);
    assert_true(receive(bench, frame, sizeof(frame))); /* dropped: too long for the first one */
    assert_int_equal(used_index_at(bench->v, RX), 0);
    assert_true(receive(bench, frame, 88));
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 2);
    assert_int_equal(used_bytes_at(bench->v, RX, 1), 250 + HEADER);
}

static void test_no_place_for_the_header(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[60];

    fill(frame, sizeof(frame));
    start(bench);
    (void)offer_buffer(bench, 0, HEADER);
    assert_false(receive(bench, frame, sizeof(frame)));
    assert_true(needs_reset(bench->v));
    assert_false(can_receive(bench));
    /* It works again behind a reset. */
    start_with(bench, FEATURES);
    (void)offer_buffer(bench, 0, 100);
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 1);
}

/* More buffers than a frame may take: none of a guest's tricks is endless. */
static void test_tiny_buffers(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[60];

    fill(frame, sizeof(frame));
    start(bench);
    (void)offer_buffer(bench, 0, HEADER + 1);
    for (unsigned i = 1; i < QUEUE_SIZE; i++) {
        (void)offer_buffer(bench, i, 1);
    }
    assert_false(receive(bench, frame, sizeof(frame)));
    assert_false(needs_reset(bench->v));
    assert_int_equal(used_index_at(bench->v, RX), 0);
}

static void test_lengths_from_outside(void **state)
{
    struct bench *bench = *state;
    g_autofree uint8_t *frame = g_malloc0(NET_FRAME_BYTES_MAX + 1);

    start(bench);
    (void)offer_buffer(bench, 0, 0x40000);
    assert_true(receive(bench, frame, NET_FRAME_BYTES_MIN - 1));
    assert_true(receive(bench, frame, NET_FRAME_BYTES_MAX + 1));
    assert_int_equal(used_index_at(bench->v, RX), 0);
    assert_true(receive(bench, frame, NET_FRAME_BYTES_MAX));
    assert_int_equal(used_bytes_at(bench->v, RX, 0), NET_FRAME_BYTES_MAX + HEADER);
}

/* ---- to the outside ---- */

static void offer_frame(struct bench *bench, unsigned n, uint32_t bytes)
{
    struct virtio_fixture *v = bench->v;
    uint64_t gpa = DATA_GPA + 0x20000;

    set_desc(v, queue_gpa(TX, DESC_GPA), 2 * n, gpa, HEADER, DESC_NEXT, (uint16_t)(2 * n + 1));
    set_desc(v, queue_gpa(TX, DESC_GPA), 2 * n + 1, gpa + 0x100, bytes, 0, 0);
    offer_at(v, TX, QUEUE_SIZE, (uint16_t)(2 * n));
}

static void test_a_frame_goes_out(void **state)
{
    struct bench *bench = *state;

    start(bench);
    store(bench->v, DATA_GPA + 0x20100, 0x1122334455667788, 8);
    offer_frame(bench, 0, 60);
    offer_frame(bench, 1, 1500);
    kick_at(bench->v, TX);
    assert_int_equal(bench->sent, 2);
    assert_int_equal(bench->sent_bytes, 1500);
    assert_int_equal(bytes_load_le64(bench->frame), 0x1122334455667788);
    assert_int_equal(used_index_at(bench->v, TX), 2);
    assert_int_equal(bench->v->board->level[11], 1);
}

/* What is no frame is given back, and goes nowhere. */
static void test_no_frames(void **state)
{
    struct bench *bench = *state;

    start(bench);
    offer_frame(bench, 0, NET_FRAME_BYTES_MIN - 1);
    offer_frame(bench, 1, NET_FRAME_BYTES_MAX + 1);
    offer_frame(bench, 2, 0xffffffff);
    set_desc(bench->v, queue_gpa(TX, DESC_GPA), 6, DATA_GPA, 4, 0, 0);
    offer_at(bench->v, TX, QUEUE_SIZE, 6);
    kick_at(bench->v, TX);
    assert_int_equal(bench->sent, 0);
    assert_int_equal(used_index_at(bench->v, TX), 4);
    bench->port->send = NULL;
    offer_frame(bench, 0, 60);
    kick_at(bench->v, TX);
    assert_int_equal(used_index_at(bench->v, TX), 5);
    assert_false(needs_reset(bench->v));
}

/* ---- orders ---- */

/* Gives the answer; 0x77 = none. */
static uint8_t order(struct bench *bench, const void *bytes, uint32_t count)
{
    struct virtio_fixture *v = bench->v;
    uint64_t gpa = DATA_GPA + 0x30000;

    for (uint32_t i = 0; i < count; i++) {
        store(v, gpa + i, ((const uint8_t *)bytes)[i], 1);
    }
    store(v, gpa + 0x1000, 0x77, 1);
    set_desc(v, queue_gpa(CONTROL, DESC_GPA), 0, gpa, count, DESC_NEXT, 1);
    set_desc(v, queue_gpa(CONTROL, DESC_GPA), 1, gpa + 0x1000, 1, DESC_WRITE, 0);
    offer_at(v, CONTROL, QUEUE_SIZE, 0);
    kick_at(v, CONTROL);
    return (uint8_t)load(v, gpa + 0x1000, 1);
}

/* Whether the guest gets a frame to this address. */
static bool gets(struct bench *bench, const uint8_t *to)
{
    uint16_t before = used_index_at(bench->v, RX);
    uint8_t frame[60] = { 0 };

    memcpy(frame, to, NET_MAC_BYTES);
    (void)offer_buffer(bench, before % QUEUE_SIZE, 100);
    assert_true(receive(bench, frame, sizeof(frame)));
    if (used_index_at(bench->v, RX) == before) {
        /* The buffer is still there: take it away for the next one. */
        memcpy(frame, mac, sizeof(mac));
        assert_true(receive(bench, frame, sizeof(frame)));
        return false;
    }
    return true;
}

static const uint8_t stranger[] = { 2, 0, 0, 0, 0, 1 }, group[] = { 1, 0, 0x5e, 0, 0, 1 },
                     everybody[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void test_receive_modes(void **state)
{
    struct bench *bench = *state;

    start(bench);
    assert_true(gets(bench, stranger)); /* promiscuous until told */
    assert_int_equal(order(bench, "\0\0\0", 3), 0);
    assert_false(gets(bench, stranger));
    assert_false(gets(bench, group));
    assert_true(gets(bench, everybody));
    assert_int_equal(order(bench, "\0\1\1", 3), 0); /* all multicast */
    assert_true(gets(bench, group));
    assert_int_equal(order(bench, "\0\3\1", 3), 0); /* no multicast */
    assert_false(gets(bench, group));
    assert_int_equal(order(bench, "\0\2\1", 3), 0); /* all unicast */
    assert_true(gets(bench, stranger));
    assert_int_equal(order(bench, "\0\5\1", 3), 0); /* no broadcast */
    assert_false(gets(bench, everybody));
}

static void test_table_of_addresses(void **state)
{
    struct bench *bench = *state;
    uint8_t table[2 + 4 + 6 + 4 + 6] = { 1, 0, 1 };
    uint8_t many[2 + 4 + 65 * 6 + 4] = { 1, 0, 65 };

    start(bench);
    assert_int_equal(order(bench, "\0\0\0", 3), 0);
    memcpy(&table[6], stranger, 6);
    table[12] = 1;
    memcpy(&table[16], group, 6);
    assert_int_equal(order(bench, table, sizeof(table)), 0);
    assert_true(gets(bench, stranger));
    assert_true(gets(bench, group));
    assert_int_equal(order(bench, table, sizeof(table) - 1), 1); /* cut: nothing changes */
    table[2] = 4; /* more addresses than bytes that are left, and far more */
    assert_int_equal(order(bench, table, sizeof(table)), 1);
    table[2] = 0xff;
    assert_int_equal(order(bench, table, sizeof(table)), 1);
    assert_true(gets(bench, stranger));
    assert_int_equal(order(bench, "\1\0\0\0\0\0\0\0\0\0", 10), 0); /* empty */
    assert_false(gets(bench, stranger));
    assert_false(gets(bench, group));
    assert_int_equal(order(bench, many, sizeof(many)), 0); /* more than there is room for: all */
    assert_true(gets(bench, stranger));
    assert_false(gets(bench, group));
    many[2] = 0;
    many[6] = 65; /* the same for groups */
    assert_int_equal(order(bench, many, sizeof(many)), 0);
    assert_true(gets(bench, group));
    assert_false(gets(bench, stranger));
}

static void test_own_address(void **state)
{
    struct bench *bench = *state;

    start(bench);
    assert_int_equal(order(bench, "\0\0\0", 3), 0);
    assert_int_equal(order(bench, "\1\1\2\0\0\0\0\1", 8), 0);
    assert_true(gets(bench, stranger));
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE, 1), 2);
    start_with(bench, FEATURES); /* a reset brings the old one back */
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE, 4), 0x12005452);
}

static void test_senseless_orders(void **state)
{
    struct bench *bench = *state;

    start(bench);
    assert_int_equal(order(bench, "\0\6\1", 3), 1);
    assert_int_equal(order(bench, "\0\0\1\1", 4), 1);
    assert_int_equal(order(bench, "\1\2\1", 3), 1);
    assert_int_equal(order(bench, "\2\0\1\0", 4), 1); /* VLANs are not offered */
    assert_int_equal(order(bench, "\1\0", 2), 1);
    assert_false(needs_reset(bench->v));
    assert_int_equal(order(bench, "\0", 1), 0x77);
    assert_true(needs_reset(bench->v));
}

/* ---- link, address, life ---- */

static void test_link(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[60];

    fill(frame, sizeof(frame));
    start(bench);
    (void)offer_buffer(bench, 0, 100);
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE + 6, 2), 1);
    bench->port->set_link(bench->port->device, false);
    assert_false(bench->port->link_is_up(bench->port->device));
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE + 6, 2), 0);
    assert_int_equal(reg(bench->v, VIRTIO_PART_ISR, 1), VIRTIO_ISR_CONFIG);
    assert_true(receive(bench, frame, sizeof(frame))); /* lost */
    offer_frame(bench, 0, 60);
    kick_at(bench->v, TX);
    assert_int_equal(used_index_at(bench->v, RX), 0);
    assert_int_equal(bench->sent, 0);
    assert_int_equal(used_index_at(bench->v, TX), 1);
    (void)reg(bench->v, VIRTIO_PART_ISR, 1);
    bench->port->set_link(bench->port->device, false); /* no news */
    assert_int_equal(reg(bench->v, VIRTIO_PART_ISR, 1), 0);
    bench->port->set_link(bench->port->device, true);
    assert_true(receive(bench, frame, sizeof(frame)));
    assert_int_equal(used_index_at(bench->v, RX), 1);
}

static void test_mac_property(void **state)
{
    static const char *const bad[] = { "",
                                       "52:54:00:12:34",
                                       "52:54:00:12:34:5",
                                       "52:54:00:12:34:567",
                                       "52.54.00.12.34.56",
                                       "5g:54:00:12:34:56" };
    struct bench *bench = *state;
    struct object *object = &bench->v->device->object;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text =
            g_strdup_printf("Property 'virtio-net-pci.mac' doesn't take value '%s'", bad[i]);
        g_autoptr(GError) error = NULL;

        assert_true(object_property_parse(object, "mac", bad[i], NULL, NULL));
        assert_false(device_set_realized(bench->v->device, true, &error));
        assert_string_equal(error->message, text);
    }
    assert_true(object_property_parse(object, "mac", "02-00-00-AA-bb-cC", NULL, NULL));
    start(bench);
    assert_int_equal(bench->port->mac[5], 0xcc);
    assert_int_equal(reg(bench->v, VIRTIO_PART_DEVICE + 2, 4), 0xccbbaa00);
}

static void test_unplugged(void **state)
{
    struct bench *bench = *state;
    uint8_t frame[60];

    fill(frame, sizeof(frame));
    start(bench);
    (void)offer_buffer(bench, 0, 100);
    assert_true(device_set_realized(bench->v->device, false, NULL));
    assert_false(can_receive(bench));
    assert_false(receive(bench, frame, sizeof(frame)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_frame_comes_in),
        TEST(test_a_frame_over_several_buffers),
        TEST(test_too_few_buffers),
        TEST(test_ring_turns),
        TEST(test_without_merging),
        TEST(test_no_place_for_the_header),
        TEST(test_tiny_buffers),
        TEST(test_lengths_from_outside),
        TEST(test_a_frame_goes_out),
        TEST(test_no_frames),
        TEST(test_receive_modes),
        TEST(test_table_of_addresses),
        TEST(test_own_address),
        TEST(test_senseless_orders),
        TEST(test_link),
        TEST(test_mac_property),
        TEST(test_unplugged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
