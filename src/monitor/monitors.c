/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitors.c - all sessions of a machine, and the queue through which events reach them.
 *
 * An event may come on a vCPU's thread inside a turn: it is put into its final form, queued, and
 * sent by the main thread. A command's reply is sent behind the queue, so that a client sees what a
 * command caused before it sees the command's end, and all clients see events in one order.
 */
#include <json-c/json.h>

#include "host/host_loop.h"
#include "machine/machine.h"
#include "monitor/monitor_internal.h"

#define VERSION_MAJOR 7 /* of QEMU's QMP, which clients ask for */
#define VERSION_MINOR 2
#define VERSION_MICRO 0

struct json_object *monitor_version(void)
{
    struct json_object *version = json_object_new_object();
    struct json_object *qemu = json_object_new_object();

    json_object_object_add(qemu, "micro", json_object_new_int(VERSION_MICRO));
    json_object_object_add(qemu, "minor", json_object_new_int(VERSION_MINOR));
    json_object_object_add(qemu, "major", json_object_new_int(VERSION_MAJOR));
    json_object_object_add(version, "qemu", qemu);
    json_object_object_add(version, "package", json_object_new_string("Replug 0.1.0"));
    return version;
}

void monitors_flush_events(struct monitors *monitors)
{
    GQueue events;

    g_mutex_lock(&monitors->lock);
    events = monitors->events;
    g_queue_init(&monitors->events);
    g_mutex_unlock(&monitors->lock);
    for (GList *link = events.head; link != NULL; link = link->next) {
        for (guint i = 0; i < monitors->sessions->len; i++) {
            struct monitor_session *session = monitors->sessions->pdata[i];

            if (session->event != NULL) {
                session->event(session, link->data);
            }
        }
        json_object_put(link->data);
    }
    g_queue_clear(&events);
}

static void flush_posted(void *opaque)
{
    struct monitors *monitors = opaque;

    g_mutex_lock(&monitors->lock);
    monitors->flush_posted = false;
    g_mutex_unlock(&monitors->lock);
    monitors_flush_events(monitors);
}

static struct json_object *event_new(const char *name, const struct json_object *data,
                                     int64_t realtime_us)
{
    struct json_object *event = json_object_new_object();
    struct json_object *timestamp = json_object_new_object();
    struct json_object *copy = NULL;

    json_object_object_add(timestamp, "seconds", json_object_new_int64(realtime_us / 1000000));
    json_object_object_add(timestamp, "microseconds", json_object_new_int64(realtime_us % 1000000));
    json_object_object_add(event, "timestamp", timestamp);
    json_object_object_add(event, "event", json_object_new_string(name));
    if (data != NULL) { /* a copy: json-c's reference counts are not for two threads */
        (void)json_object_deep_copy((struct json_object *)data, &copy,
                                    NULL); /* fails on no memory */
        json_object_object_add(event, "data", copy);
    }
    return event;
}

static void event_queue(void *opaque, const char *name, const struct json_object *data,
                        int64_t realtime_us)
{
    struct monitors *monitors = opaque;
    struct json_object *event = event_new(name, data, realtime_us);
    bool post;

    g_mutex_lock(&monitors->lock);
    g_queue_push_tail(&monitors->events, event);
    post = !monitors->flush_posted;
    monitors->flush_posted = true;
    g_mutex_unlock(&monitors->lock);
    if (post) {
        host_loop_post(monitors->loop, flush_posted, monitors);
    }
}

static void session_destroy(void *opaque)
{
    struct monitor_session *session = opaque;

    session->destroy(session);
}

struct monitors *monitors_create(struct machine *machine, struct host_loop *loop)
{
    struct monitors *monitors = g_new0(struct monitors, 1);

    monitors->machine = machine;
    monitors->loop = loop;
    monitors->sessions = g_ptr_array_new_with_free_func(session_destroy);
    g_mutex_init(&monitors->lock);
    g_queue_init(&monitors->events);
    machine_set_event_handler(machine, event_queue, monitors);
    machine_set_command_handler(machine, monitor_run_command, monitors);
    return monitors;
}

void monitors_destroy(struct monitors *monitors)
{
    if (monitors == NULL) {
        return;
    }
    machine_set_event_handler(monitors->machine, NULL, NULL);
    machine_set_command_handler(monitors->machine, NULL, NULL);
    monitors_flush_events(monitors); /* SHUTDOWN may still wait: the loop ended with it */
    g_ptr_array_unref(monitors->sessions);
    g_mutex_clear(&monitors->lock);
    g_free(monitors);
}

void monitors_add(struct monitors *monitors, struct host_char *chr, enum monitor_mode mode,
                  bool pretty)
{
    struct monitor_session *session = mode == MONITOR_MODE_CONTROL
                                          ? qmp_session_create(monitors, chr, pretty)
                                          : hmp_session_create(monitors, chr);

    g_ptr_array_add(monitors->sessions, session);
}
