/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor_bench.h - a machine on a played KVM with monitors on unix sockets, and their clients, all
 * on one thread. */
#ifndef REPLUG_TESTS_UNIT_MONITOR_MONITOR_BENCH_H
#define REPLUG_TESTS_UNIT_MONITOR_MONITOR_BENCH_H

#include "machine_fixture.h"
#include "monitor/monitor.h"

struct monitor_bench {
    struct machine_fixture *fixture;
    struct monitors *monitors;
    char *directory;
    unsigned monitor_count;
    bool loop_ended; /* by the machine: quit or power-off */
};

struct monitor_bench *monitor_bench_create(const char *command_line);
void monitor_bench_destroy(struct monitor_bench *bench);

/* A new monitor that listens; its number. */
unsigned monitor_bench_add(struct monitor_bench *bench, enum monitor_mode mode);
/* A client's socket. */
int monitor_bench_connect(struct monitor_bench *bench, unsigned monitor);

/* Lets the loop run until it has nothing to do. */
void monitor_bench_settle(struct monitor_bench *bench);
void monitor_bench_send(int fd, const char *text);
/* What has come since, as it is but for times, which read 0; the caller's. */
char *monitor_bench_receive(struct monitor_bench *bench, int fd);
/* Sends (with ' for "), and what comes back must be expected (with ' for "). */
void monitor_bench_check(struct monitor_bench *bench, int fd, const char *send,
                         const char *expected);
/* Connects and negotiates. */
int monitor_bench_client(struct monitor_bench *bench, unsigned monitor);

#endif
