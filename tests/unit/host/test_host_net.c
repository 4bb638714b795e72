/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_host_net.c - the user network as a guest's card sees it: ARP, DHCP, a connection from the host; that it costs nothing when idle; options. */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/options.h"
#include "host/host_clock.h"
#include "host/host_loop.h"
#include "host/host_net.h"
#include "unit.h"

#define MS           1000000u
#define WAIT_MS      10000u
#define ETHERNET     14u
#define TYPE_ARP     0x0806u
#define TYPE_IPV4    0x0800u
#define PROTOCOL_TCP 6u
#define FRAMES_MAX   16

struct bench {
    struct host_loop *loop;
    struct host_net *net;
    GBytes *frames[FRAMES_MAX];
    unsigned count;
    unsigned idle_calls;
};

static const uint8_t guest_mac[] = { 0x52, 0x54, 0, 0, 0, 1 };

static void on_frame(void *opaque, const uint8_t *frame, size_t bytes)
{
    struct bench *bench = opaque;

    if (bench->count < FRAMES_MAX) {
        bench->frames[bench->count++] = g_bytes_new(frame, bytes);
    }
    host_loop_quit(bench->loop);
}

static void time_is_up(void *opaque)
{
    host_loop_quit(((struct bench *)opaque)->loop);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);

    bench->loop = host_loop_create();
    *state = bench;
    return 0;
}

static void drop_frames(struct bench *bench)
{
    while (bench->count > 0) {
        g_bytes_unref(bench->frames[--bench->count]);
    }
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    host_net_close(bench->net);
    drop_frames(bench);
    host_loop_destroy(bench->loop);
    g_free(bench);
    return 0;
}

static struct host_net *open_net(struct bench *bench, const char *text, GError **error)
{
    static const char *const lists[] = { "hostfwd", NULL };
    struct json_object *options = options_parse_lists(text, "type", lists, NULL);
    struct host_net *net = host_net_open(bench->loop, options, on_frame, bench, error);

    json_object_put(options);
    return net;
}

static void start(struct bench *bench, const char *text)
{
    g_autoptr(GError) error = NULL;

    bench->net = open_net(bench, text, &error);
    if (bench->net == NULL) {
        fail_msg("%s", error->message);
    }
}

/* Runs the loop until another frame has come; its bytes. */
static const uint8_t *await_frame(struct bench *bench, size_t *out_bytes)
{
    unsigned before = bench->count;

    host_loop_set_alarm(bench->loop, host_clock_monotonic_ns() + (uint64_t)WAIT_MS * MS, time_is_up,
                        bench);
    host_loop_run(bench->loop);
    assert_true(bench->count > before);
    return g_bytes_get_data(bench->frames[bench->count - 1], out_bytes);
}

static uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The guest, at 10.0.2.address, asks who has 10.0.2.other, or answers that it has it. */
static void send_arp(struct bench *bench, uint8_t operation, uint8_t address, uint8_t other)
{
    uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    const uint8_t head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, operation };
    const uint8_t mine[] = { 10, 0, 2, address }, its[] = { 10, 0, 2, other };

    memcpy(frame + 6, guest_mac, 6);
    memcpy(frame + 12, head, sizeof(head));
    memcpy(frame + 22, guest_mac, 6);
    memcpy(frame + 28, mine, 4);
    memcpy(frame + 38, its, 4);
    host_net_send(bench->net, frame, sizeof(frame));
}

static void test_the_router_answers(void **state)
{
    struct bench *bench = *state;
    const uint8_t *frame;
    size_t bytes;

    start(bench, "user");
    send_arp(bench, 1, 15, 2);
    if (bench->count == 0) {
        (void)await_frame(bench, &bytes);
    }
    frame = g_bytes_get_data(bench->frames[0], &bytes);
    assert_true(bytes >= ETHERNET + 28);
    assert_memory_equal(frame, guest_mac, 6);
    assert_int_equal(be16(frame + 12), TYPE_ARP);
    assert_int_equal(be16(frame + 20), 2);
    assert_int_equal(frame[31], 2); /* 10.0.2.2 */
}

/* What is no frame does no harm, whatever its length. */
static void test_no_frames(void **state)
{
    struct bench *bench = *state;
    g_autofree uint8_t *bytes = g_malloc(65550);

    start(bench, "user");
    for (size_t size = 0; size < 65550; size += size < 80 ? 1 : 4097) {
        for (unsigned kind = 0; kind < 3; kind++) {
            static const uint8_t types[][2] = { { 8, 0 }, { 8, 6 }, { 0x86, 0xdd } };

            memset(bytes, 0x45, size);
            if (size >= ETHERNET) {
                memcpy(bytes + 12, types[kind], 2);
            }
            host_net_send(bench->net, bytes, size);
        }
    }
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static uint16_t free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* Somebody on the host connects: the guest is asked for by ARP, then gets the SYN for its port. */
static void test_a_forwarded_port(void **state)
{
    struct bench *bench = *state;
    uint16_t port = free_port();
    g_autofree char *options = g_strdup_printf("user,hostfwd=tcp:127.0.0.1:%u-:22", port);
    const uint8_t *frame;
    size_t bytes;
    int fd;

    start(bench, options);
    fd = connect_to(port);
    frame = await_frame(bench, &bytes);
    assert_int_equal(be16(frame + 12), TYPE_ARP);
    assert_int_equal(frame[41], 15); /* who has 10.0.2.15? */
    send_arp(bench, 2, 15, 2);
    do {
        frame = await_frame(bench, &bytes);
    } while (be16(frame + 12) != TYPE_IPV4);
    assert_int_equal(frame[ETHERNET + 9], PROTOCOL_TCP);
    assert_int_equal(be16(frame + ETHERNET + 22), 22);
    assert_int_equal(frame[ETHERNET + 33] & 0x3f, 2); /* SYN */
    close(fd);
    /* The port is free again when the network is gone, though a connection was open. */
    host_net_close(bench->net);
    bench->net = NULL;
    start(bench, options);
}

static void count_idle(void *opaque)
{
    struct bench *bench = opaque;

    bench->idle_calls++;
}

/* A network in which nothing happens leaves the loop asleep. */
static void test_idle(void **state)
{
    struct bench *bench = *state;

    start(bench, "user,ipv6=on");
    send_arp(bench, 1, 15, 2);
    host_loop_set_idle(bench->loop, 0, count_idle, bench);
    host_loop_set_alarm(bench->loop, host_clock_monotonic_ns() + 300u * MS, time_is_up, bench);
    while (bench->idle_calls == 0) {
        host_loop_run(bench->loop);
    }
    assert_true(bench->idle_calls < 100);
}

static void test_port_is_taken(void **state)
{
    struct bench *bench = *state;
    uint16_t port = free_port();
    g_autofree char *options = g_strdup_printf("user,hostfwd=tcp:127.0.0.1:%u-:22", port);
    g_autofree char *expected =
        g_strdup_printf("Could not set up host forwarding rule 'tcp:127.0.0.1:%u-:22'", port);
    g_autoptr(GError) error = NULL;

    start(bench, options);
    assert_null(open_net(bench, options, &error));
    assert_string_equal(error->message, expected);
}

static void test_options(void **state)
{
    static const char *const good[] = {
        "user,net=10.0.0.0/8",
        "user,net=172.16.0.0/255.255.0.0",
        "user,net=10.1.2.3",
        "user,net=10.0.2.0/24,host=10.0.2.9,dns=10.0.2.10,dhcpstart=10.0.2.11",
        "user,restrict=on,hostname=a,domainname=b,tftp=/tmp,bootfile=c",
#ifndef __SANITIZE_ADDRESS__ /* libslirp 4.7 never frees that name, which LeakSanitizer tells */
        "user,tftp-server-name=d",
#endif
        "user,ipv4=off,ipv6=on",
        "user,hostfwd=udp::0-:1,hostfwd=:127.0.0.1:0-10.0.2.15:1",
    };
    static const char *const bad[] = {
        "user,net=10.0.2.0/0",    "user,net=10.0.2.0/255.0.255.0",
        "user,net=/24",           "user,host=11.0.2.2",
        "user,dns=10.0.2.2",      "user,dhcpstart=10.0.2.2",
        "user,restrict=x",        "user,ipv4=off",
        "user,unknown=1",         "user,hostfwd=tcp::1-2",
        "user,hostfwd=tcp::1-:0", "user,hostfwd=-",
    };
    struct bench *bench = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        start(bench, good[i]);
        host_net_close(bench->net);
        bench->net = NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        if (open_net(bench, bad[i], &error) != NULL) {
            fail_msg("%s was accepted", bad[i]);
        }
        assert_non_null(error);
    }
    host_net_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_router_answers), TEST(test_no_frames),
        TEST(test_a_forwarded_port),   TEST(test_idle),
        TEST(test_port_is_taken),      TEST(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
