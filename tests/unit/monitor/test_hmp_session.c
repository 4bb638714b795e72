/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_hmp_session.c - a human's session: prompt, lines, and each command's text on a PC. */
#include <string.h>
#include <unistd.h>

#include "monitor_bench.h"

#define BANNER "Replug 0.1.0 monitor - type 'help' for more information\r\n"
#define PROMPT "(replug) "

struct human {
    struct monitor_bench *bench;
    int fd;
};

static int setup(void **state)
{
    struct human *human = g_new0(struct human, 1);

    human->bench = monitor_bench_create("-m 64M,slots=4,maxmem=2G -S -nodefaults -name guest=me");
    human->fd =
        monitor_bench_connect(human->bench, monitor_bench_add(human->bench, MONITOR_MODE_READLINE));
    monitor_bench_check(human->bench, human->fd, "", BANNER PROMPT);
    *state = human;
    return 0;
}

static int teardown(void **state)
{
    struct human *human = *state;

    close(human->fd);
    monitor_bench_destroy(human->bench);
    g_free(human);
    return 0;
}

/* The reply to a line, without the prompt behind it. */
static void check(struct human *human, const char *line, const char *expected)
{
    g_autofree char *with_prompt = g_strconcat(expected, PROMPT, NULL);
    g_autofree char *sent = g_strconcat(line, "\n", NULL);
    g_autofree char *said = NULL;

    monitor_bench_send(human->fd, sent);
    said = monitor_bench_receive(human->bench, human->fd);
    assert_string_equal(said, with_prompt);
}

static void test_lines(void **state)
{
    struct human *human = *state;
    g_autofree char *overlong = g_strnfill(5000, 'x');

    check(human, "", "");
    check(human, "info name", "me\r\n");
    check(human, "info name\r", "me\r\n");
    check(human, "info nax\bme", "me\r\n");
    check(human, "\b\b\x7f\x01info\tname", "me\r\n");
    check(human, overlong, "Error: the line is longer than 4096 bytes\r\n");
    check(human, "info name\rinfo uuid",
          "me\r\n" PROMPT "00000000-0000-0000-0000-000000000000\r\n");
    check(human, "nope", "unknown command: 'nope'\r\n");
    monitor_bench_send(human->fd, "info na");
    monitor_bench_settle(human->bench);
    check(human, "me", "me\r\n");
}

static void test_client_comes_back(void **state)
{
    struct human *human = *state;

    monitor_bench_send(human->fd, "info na");
    monitor_bench_settle(human->bench);
    close(human->fd);
    monitor_bench_settle(human->bench);
    human->fd = monitor_bench_connect(human->bench, 0);
    monitor_bench_check(human->bench, human->fd, "", BANNER PROMPT);
    check(human, "stop", "");
}

static void test_plugging(void **state)
{
    struct human *human = *state;

    check(human, "object_add memory-backend-ram,id=ram0,size=128M", "");
    check(human, "object_add memory-backend-ram,id=ram0,size=128M",
          "Error: attempt to add duplicate property 'ram0' to object (type 'container')\r\n");
    check(human, "object_add memory-backend-ram,size=1M", "Error: Parameter 'id' is missing\r\n");
    check(human, "object_add {\"qom-type\":null,\"id\":5}",
          "Error: Invalid parameter type for 'qom-type', expected: string\r\n");
    check(human, "device_add pc-dimm,id=dimm0,memdev=ram0,slot=1", "");
    check(human, "device_add pc-dimm,id=dimm0,memdev=ram0",
          "Error: Duplicate device ID 'dimm0'\r\n");
    check(human, "device_add =", "Error: Invalid parameter '='; expected KEY=VALUE\r\n");
    check(human, "object_del ram0", "Error: object 'ram0' is in use, can not be deleted\r\n");
    check(human, "device_del nope", "Error: Device 'nope' not found\r\n");
    check(human, "info memory-devices",
          "Memory device [dimm]: \"dimm0\"\r\n  addr: 0x100000000\r\n  slot: 1\r\n  node: 0\r\n"
          "  size: 134217728\r\n  memdev: /objects/ram0\r\n  hotplugged: true\r\n"
          "  hotpluggable: true\r\n");
    check(human, "info memory_size_summary",
          "base memory: 67108864\r\nplugged memory: 134217728\r\n");
    check(human, "info memslots",
          "memslots: 2 of 512 used\r\n"
          "slot 0: 0000000000000000-0000000003ffffff size 0x4000000 ram: pc.ram\r\n"
          "slot 1: 0000000100000000-0000000107ffffff size 0x8000000 ram: ram0\r\n");
    check(human, "info qom-tree /machine/peripheral",
          "/peripheral (container)\r\n  /dimm0 (pc-dimm)\r\n");
    check(human, "info qom-tree /nope", "Path '/nope' could not be resolved.\r\n");
    check(human, "device_del dimm0", "");
}

static void test_running(void **state)
{
    struct human *human = *state;

    check(human, "info status", "VM status: paused (prelaunch)\r\n");
    check(human, "c", "");
    check(human, "info status", "VM status: running\r\n");
    check(human, "stop", "");
    check(human, "info status", "VM status: paused\r\n");
    check(human, "system_reset", "");
    check(human, "system_powerdown", "");
    check(human, "info kvm", "kvm support: enabled\r\n");
    check(human, "info version", "7.2.0 (Replug 0.1.0)\r\n");
    check(human, "info cpus", "* CPU #0: thread_id=0\r\n");
    monitor_bench_send(human->fd, "quit\n");
    monitor_bench_settle(human->bench);
    assert_true(human->bench->loop_ended);
}

static void test_faults(void **state)
{
    struct human *human = *state;

    check(human, "info faults", "");
    check(human, "fault kvm_irq_line=EIO,at=3", "");
    check(human, "fault memory_map=ENOMEM,at=all", "");
    check(human, "info faults", "memory_map=ENOMEM,at=all\r\nkvm_irq_line=EIO,at=3\r\n");
    check(human, "fault kvm_irq_line=off", "");
    check(human, "info faults", "memory_map=ENOMEM,at=all\r\n");
    check(human, "fault kvm_irq_line",
          "Error: Fault 'kvm_irq_line' has no '='; expected "
          "POINT=ERRNO[,at=N]\r\n");
}

static void test_tracing(void **state)
{
    struct human *human = *state;
    g_autofree char *said = NULL;

    check(human, "info trace-events qemu_set_irq", "qemu_set_irq : state 0\r\n");
    check(human, "trace-event qemu_set_irq on", "");
    check(human, "info trace-events qemu_set_irq", "qemu_set_irq : state 1\r\n");
    check(human, "trace-event qemu_set_irq maybe",
          "Expected 'on' or 'off'\r\nTry \"help trace-event\" for more information\r\n");
    check(human, "trace-event nope on", "Error: unknown event \"nope\"\r\n");
    monitor_bench_send(human->fd, "trace-ring-dump /nonexistent/file\n");
    said = monitor_bench_receive(human->bench, human->fd);
    assert_true(g_str_has_prefix(said, "Error: "));
    assert_non_null(strstr(said, "/nonexistent/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plugging, setup, teardown),
        cmocka_unit_test_setup_teardown(test_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tracing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
