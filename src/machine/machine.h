/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - the machine as its monitors and main() see it: build, run, commands, queries.
 *
 * Outside events reach it only as turns: machine_run_command() for a monitor command,
 * machine_console_input() for bytes of a console, the vCPUs' exits and the clock's alarms by
 * itself. Each turn runs under the machine's lock at one value of the virtual clock. The functions
 * marked [turn] may be called only inside one, that is, by the command handler.
 */
#ifndef REPLUG_MACHINE_MACHINE_H
#define REPLUG_MACHINE_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_char;
struct host_loop;
struct json_object;
struct machine;
struct machine_config;
struct recording;
struct trace_session;

/* ---- life ---- */

/*
 * Opens the configuration's -chardev entries, then builds everything; takes the trace session, the
 * loop and the recording as borrowed. Nothing of it stays on an error. recording: NULL, or one to
 * write down what happens (recording_create), or one to replay (recording_open; then config is the
 * recorded one, see machine_config_replayed).
 */
struct machine *machine_create(const struct machine_config *config, struct host_loop *loop,
                               struct trace_session *trace, struct recording *recording,
                               GError **error);
/* Ends the recording too (recording_finish). */
void machine_destroy(struct machine *machine);

/* Starts the vCPU threads and, unless -S was given, the guest. */
bool machine_start(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The process's exit status, known once the loop has ended: 0, or isa-debug-exit's. */
int machine_exit_status(const struct machine *machine);

const struct machine_config *machine_get_config(const struct machine *machine);
struct trace_session *machine_trace(struct machine *machine);
/* Writes what is buffered of trace and recording, between two turns. Main thread. */
void machine_flush(struct machine *machine);

/* ---- recording and replay (docs/determinism.md) ---- */

/* For a recording's header: the same number means that a build can replay it. */
uint64_t machine_schema(void);

struct machine_replay_options {
    bool is_paused; /* before the first turn behind the building */
    bool has_until;
    uint64_t until; /* pauses behind this turn */
    const char
        *from; /* the checkpoint where it begins (machine/checkpoint.h), NULL = at the begin */
    const char *plant; /* KIND@TURN, for tests: state, ioctl or listener goes wrong; NULL = none */
    /* Called now and then, and at the end. */
    void (*progress)(void *opaque, uint64_t turn, unsigned percent);
    void *opaque;
};

/*
 * In the place of machine_start(): lets the loop carry out the recorded turns, one after the other,
 * in between what else it does; quits the loop behind the last one, at the first divergence, or when
 * a client says so. The turn that takes the machine apart is machine_destroy()'s. Errors: plant.
 */
bool machine_replay_start(struct machine *machine, const struct machine_replay_options *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Turns so far, the building included. */
uint64_t machine_turns(const struct machine *machine);
/* What the trace's ring had when the replay diverged, NULL = it has not. */
const char *machine_last_events(const struct machine *machine);
/* Whether a client ended the replay before its time. */
bool machine_replay_was_quit(const struct machine *machine);

/* ---- character devices: the machine owns them all and closes them when it is destroyed ---- */

/* Takes chr over (it closes it on an error too). Errors: the label is taken. */
bool machine_add_chardev(struct machine *machine, struct host_char *chr,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL = no such label. */
struct host_char *machine_find_chardev(struct machine *machine, const char *label);
/* The same for one who wants to use it: a character device has one user. Errors: no such label, in
 * use. */
struct host_char *machine_claim_chardev(struct machine *machine, const char *label, GError **error);
void machine_release_chardev(struct machine *machine, struct host_char *chr);

/* SIGINT, SIGTERM, SIGHUP: a turn that ends the machine (SHUTDOWN, reason host-signal). Main
 * thread. */
void machine_host_signal(struct machine *machine);

/* ---- the way in for monitors ---- */

/*
 * Who carries out commands, in a turn: command and reply are JSON objects (borrowed and new). It may
 * know nothing of the client that sent the command: a replay has none.
 */
typedef struct json_object *(*machine_command_fn)(void *opaque, const struct json_object *command);
void machine_set_command_handler(struct machine *machine, machine_command_fn handler, void *opaque);

/*
 * Runs the handler for command as one turn and returns what it returns. client: a number that tells
 * monitor connections apart. Main thread. While a recording is replayed the handler runs outside of
 * any turn and may only look; machine_stop(), machine_cont() and machine_quit() then mean the replay.
 */
struct json_object *machine_run_command(struct machine *machine, unsigned client,
                                        const struct json_object *command);

/* Whether a client may run a command that changes something; the error (UNSUPPORTED) says why not: a
 * recording is replayed. */
bool machine_takes_changes(const struct machine *machine, const char *name,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [turn] The same for one who is in the middle of a command: those of the recording may. */
bool machine_may_change(const struct machine *machine, const char *name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The machine has been told to end: what clients send from here on is not obeyed. */
bool machine_is_ending(const struct machine *machine);

/*
 * [turn] What fn gives is a matter of the outside (of tracing, say), not of the machine: a replay does
 * not call fn, but gives what the recording has. Value and error as fn left them; either may be NULL.
 */
typedef struct json_object *(*machine_outside_fn)(void *opaque, GError **error);
struct json_object *machine_outside(struct machine *machine, machine_outside_fn fn, void *opaque,
                                    GError **error);

/*
 * Who gets the QMP events: called inside the turn that causes them, on whatever thread that runs,
 * and must only queue. data is borrowed, may be NULL; realtime_us is the wall clock for the event's
 * timestamp.
 */
typedef void (*machine_event_fn)(void *opaque, const char *name, const struct json_object *data,
                                 int64_t realtime_us);
void machine_set_event_handler(struct machine *machine, machine_event_fn handler, void *opaque);

/*
 * Who gets what the user must be told though nobody asked, a sentence: the guest or the recording was
 * stopped by an error. Called on whatever thread; what was there before comes at once.
 */
typedef void (*machine_notice_fn)(void *opaque, const char *text);
void machine_set_notice_handler(struct machine *machine, machine_notice_fn handler, void *opaque);

/* ---- commands [turn] ---- */

void machine_stop(struct machine *machine);
bool machine_cont(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void machine_system_reset(struct machine *machine);
void machine_system_powerdown(struct machine *machine);
void machine_quit(struct machine *machine);

/* arguments: the whole QMP arguments object, driver and id included. */
bool machine_device_add(struct machine *machine, const struct json_object *arguments,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool machine_device_del(struct machine *machine, const char *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* arguments: qom-type, id and the properties, flat or below "props". */
bool machine_object_add(struct machine *machine, const struct json_object *arguments,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from the options of a command line, where every value is a text. */
bool machine_object_add_text(struct machine *machine, const struct json_object *options,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool machine_object_del(struct machine *machine, const char *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* options: those of blockdev-add: driver file or raw. */
bool machine_blockdev_add(struct machine *machine, const struct json_object *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool machine_blockdev_del(struct machine *machine, const char *name,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* options: those of netdev_add, type user. */
bool machine_netdev_add(struct machine *machine, const struct json_object *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A device that is on it loses its link. */
bool machine_netdev_del(struct machine *machine, const char *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* name: of a network or of a device on one. */
bool machine_set_link(struct machine *machine, const char *name, bool is_up,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A command that changes how the session goes on, and does not do it through this header (tracing): where the session
 * is taken up at a checkpoint behind it, it is carried out again. */
void machine_note_command(struct machine *machine);

/* set-action {reboot, shutdown, panic, watchdog}: strings or NULL each. */
bool machine_set_action(struct machine *machine, const char *reboot, const char *shutdown,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "POINT=ERRNO[,at=N]", as -fault. */
bool machine_inject_fault(struct machine *machine, const char *fault,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- queries [turn]: each gives a new JSON value in the form of the QMP reply ---- */

struct json_object *
machine_query_status(struct machine *machine); /* {"running", "singlestep": false, "status"} */
struct json_object *machine_query_kvm(struct machine *machine);
struct json_object *machine_query_name(struct machine *machine);
struct json_object *machine_query_uuid(struct machine *machine);
struct json_object *machine_query_machines(struct machine *machine);
struct json_object *machine_query_memory_devices(struct machine *machine);
struct json_object *machine_query_memory_size_summary(struct machine *machine);
struct json_object *machine_query_memdev(struct machine *machine);
struct json_object *machine_query_acpi_ospm_status(struct machine *machine);
struct json_object *machine_query_hotpluggable_cpus(struct machine *machine);
struct json_object *machine_query_cpus_fast(struct machine *machine);
struct json_object *machine_query_cpu_definitions(struct machine *machine);
struct json_object *machine_query_pci(struct machine *machine);
struct json_object *machine_query_block(struct machine *machine);
struct json_object *machine_query_named_block_nodes(struct machine *machine);
struct json_object *machine_query_chardev(struct machine *machine);
/* {"replaying", "paused", "turn", "percent"}; the last three only while replaying. */
struct json_object *machine_query_replay(struct machine *machine);
struct json_object *
machine_query_faults(struct machine *machine); /* the armed ones: [{"point", "error", "at"}] */
/* Everything that a failed command must leave as it was: every device's state, the QOM tree with
 * all property values, FlatViews, memslots, run state. One string, many lines; no host address, no
 * host time in it. */
struct json_object *machine_query_state(struct machine *machine);

/* ---- the object model [turn] ---- */

struct json_object *machine_qom_list(struct machine *machine, const char *path, GError **error);
struct json_object *machine_qom_get(struct machine *machine, const char *path, const char *property,
                                    GError **error);
bool machine_qom_set(struct machine *machine, const char *path, const char *property,
                     const struct json_object *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* implements may be NULL; abstract: list abstract types too. [{"name", "parent", "abstract"?}] */
struct json_object *machine_qom_list_types(struct machine *machine, const char *implements,
                                           bool abstract);
struct json_object *machine_qom_list_properties(struct machine *machine, const char *type,
                                                GError **error);
struct json_object *machine_device_list_properties(struct machine *machine, const char *type,
                                                   GError **error);

/* ---- texts for the human monitor [turn], in QEMU's form, lines end in \n ---- */

void machine_print_mtree(struct machine *machine, bool flat, GString *out);
void machine_print_qtree(struct machine *machine, GString *out);
void machine_print_qom_tree(struct machine *machine, const char *path,
                            GString *out); /* path NULL = /machine */
void machine_print_irq(struct machine *machine, GString *out);
void machine_print_pic(struct machine *machine, GString *out);
void machine_print_memory_devices(struct machine *machine, GString *out);
void machine_print_memslots(struct machine *machine, GString *out);
void machine_print_network(struct machine *machine, GString *out);
void machine_print_registers(struct machine *machine, bool all_vcpus, GString *out);

#endif
