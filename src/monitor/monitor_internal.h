/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor_internal.h - what the files of src/monitor share: sessions, the event queue, the commands
 * of the one table. */
#ifndef REPLUG_MONITOR_MONITOR_INTERNAL_H
#define REPLUG_MONITOR_MONITOR_INTERNAL_H

#include "monitor/monitor.h"
#include "monitor/qmp_dispatch.h"

/* A client's place: one character device, one client at a time. */
struct monitor_session {
    struct monitors *monitors;
    struct host_char *chr;
    unsigned client; /* a new number for each that comes */
    bool connected;
    /* event is borrowed; NULL = this kind of session shows none. */
    void (*event)(struct monitor_session *session, const struct json_object *event);
    void (*destroy)(struct monitor_session *session);
};

struct monitors {
    struct machine *machine;
    struct host_loop *loop;
    GPtrArray *sessions; /* struct monitor_session *, owned */
    unsigned clients;
    GMutex lock;   /* of the following: events come on any thread */
    GQueue events; /* struct json_object *, ready to be sent */
    bool flush_posted;
};

struct monitor_session *qmp_session_create(struct monitors *monitors, struct host_char *chr,
                                           bool pretty);
struct monitor_session *hmp_session_create(struct monitors *monitors, struct host_char *chr);

/* Sends the queued events to all sessions. Main thread. */
void monitors_flush_events(struct monitors *monitors);

/* machine_command_fn: a QMP message that a session has checked, or {"command-line": ...} for HMP,
 * answered by a JSON string. opaque: struct monitors. */
struct json_object *monitor_run_command(void *opaque, const struct json_object *command);
struct json_object *hmp_run_in_turn(struct machine *machine, const struct json_object *command);

/* {"qemu": {"micro", "minor", "major"}, "package"} */
struct json_object *monitor_version(void);

/* ---- the commands (qmp_table.c lists them, commands_*.c hold them) ---- */

extern const struct qmp_command qmp_commands[];

struct json_object *qmp_device_add(const struct qmp_call *call, GError **error);
struct json_object *qmp_device_del(const struct qmp_call *call, GError **error);
struct json_object *qmp_blockdev_add(const struct qmp_call *call, GError **error);
struct json_object *qmp_blockdev_del(const struct qmp_call *call, GError **error);
struct json_object *qmp_netdev_add(const struct qmp_call *call, GError **error);
struct json_object *qmp_netdev_del(const struct qmp_call *call, GError **error);
struct json_object *qmp_set_link(const struct qmp_call *call, GError **error);
struct json_object *qmp_object_add(const struct qmp_call *call, GError **error);
/* object-add from the options of a command line. */
bool qmp_object_add_text(struct machine *machine, const struct json_object *options,
                         GError **error);
struct json_object *qmp_object_del(const struct qmp_call *call, GError **error);
struct json_object *qmp_device_list_properties(const struct qmp_call *call, GError **error);
struct json_object *qmp_qom_list(const struct qmp_call *call, GError **error);
struct json_object *qmp_qom_get(const struct qmp_call *call, GError **error);
struct json_object *qmp_qom_set(const struct qmp_call *call, GError **error);
struct json_object *qmp_qom_list_types(const struct qmp_call *call, GError **error);
struct json_object *qmp_qom_list_properties(const struct qmp_call *call, GError **error);

struct json_object *qmp_query_memory_devices(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_memory_size_summary(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_memdev(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_acpi_ospm_status(const struct qmp_call *call, GError **error);

struct json_object *qmp_query_version(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_commands(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_status(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_kvm(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_name(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_uuid(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_target(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_machines(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_hotpluggable_cpus(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_cpus_fast(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_cpu_definitions(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_chardev(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_pci(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_block(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_named_block_nodes(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_nothing(const struct qmp_call *call, GError **error); /* [] */
struct json_object *qmp_query_replay(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_state(const struct qmp_call *call, GError **error);

struct json_object *qmp_capabilities(const struct qmp_call *call, GError **error);
struct json_object *qmp_stop(const struct qmp_call *call, GError **error);
struct json_object *qmp_cont(const struct qmp_call *call, GError **error);
struct json_object *qmp_system_reset(const struct qmp_call *call, GError **error);
struct json_object *qmp_system_powerdown(const struct qmp_call *call, GError **error);
struct json_object *qmp_quit(const struct qmp_call *call, GError **error);
struct json_object *qmp_set_action(const struct qmp_call *call, GError **error);
struct json_object *qmp_human_monitor_command(const struct qmp_call *call, GError **error);

struct json_object *qmp_trace_event_get_state(const struct qmp_call *call, GError **error);
struct json_object *qmp_trace_event_set_state(const struct qmp_call *call, GError **error);
struct json_object *qmp_trace_ring_dump(const struct qmp_call *call, GError **error);
struct json_object *qmp_fault_inject(const struct qmp_call *call, GError **error);
struct json_object *qmp_query_faults(const struct qmp_call *call, GError **error);

/* ---- HMP ---- */

#define HMP_ARGUMENTS_MAX 2

struct hmp_command;

struct hmp_call {
    struct machine *machine;
    GString *out; /* lines end in \n */
    const struct hmp_command *table;
    const char *arguments[HMP_ARGUMENTS_MAX]; /* in order; NULL = not given */
    bool flags[26];                           /* -a to -z, as given */
};

struct hmp_command {
    const char *name;      /* NULL ends a table; "quit|q": either name */
    const char *arguments; /* as help shows them */
    const char *help;
    void (*run)(const struct hmp_call *call);
    const struct hmp_command *sub; /* instead of run: the next word names one of these */
    const char *flags;             /* letters that may be given as -x; NULL = none */
    unsigned required;             /* arguments that must be there */
    unsigned optional;             /* and that may follow */
    bool rest_of_line;             /* the only argument is the whole rest of the line */
    bool changes;                  /* the machine: not while a recording is replayed */
};

/* ---- hmp_info_bus.c ---- */
void hmp_info_pci(const struct hmp_call *call);
void hmp_info_block(const struct hmp_call *call);
void hmp_info_network(const struct hmp_call *call);

extern const struct hmp_command hmp_commands[];
extern const struct hmp_command hmp_info_commands[];

/* Runs command_line as a command of call->table. All that it says goes to call->out, errors too;
 * the rest of call is filled in here. */
void hmp_execute(struct hmp_call *call, const char *command_line);

/* What help NAME says; name NULL = all. False when there is no such command. */
bool hmp_print_help(const struct hmp_command *table, const char *name, GString *out);

#endif
