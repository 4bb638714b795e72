/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_char.h - byte streams to the outside: stdio, pty, file, null, unix and TCP sockets (server
 * or client), inherited descriptors.
 *
 * Reading happens on the main thread through the loop. Writing is allowed from any thread: what the
 * peer does not take at once waits in a buffer (bounded: a peer that never reads loses the oldest
 * output of a console, but stalls a monitor) and goes out from the loop.
 */
#ifndef REPLUG_HOST_HOST_CHAR_H
#define REPLUG_HOST_HOST_CHAR_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_char;
struct host_loop;
struct json_object;

struct host_char_handlers {
    void (*opened)(void *opaque);     /* a client has come; at once for what has no clients */
    void (*closed)(void *opaque);     /* it has gone; a server waits for the next one. Also when
                                         standard input ends: output still goes out then */
    size_t (*can_read)(void *opaque); /* 0 = not now; NULL = always. Call host_char_accept_input()
                                         when that changes */
    void (*read)(void *opaque, const uint8_t *bytes, size_t count);
    void *opaque;
};

/*
 * From a legacy string ("stdio", "mon:stdio", "null", "none", "pty", "file:PATH",
 * "unix:PATH[,server=on][,wait=off]", "tcp:HOST:PORT[,server=on][,wait=off]", "tcp::PORT,...",
 * "fd:N") - host_char_open_text - or from the options of -chardev
 * {"backend": "socket", "id", "path" or "host"+"port" or "fd", "server", "wait"} - host_char_open.
 * server without wait=off waits for the first client before returning. Errors: unknown backend or
 * option, what the OS says, with the address.
 */
struct host_char *host_char_open_text(struct host_loop *loop, const char *text, GError **error);
struct host_char *host_char_open(struct host_loop *loop, const struct json_object *options,
                                 GError **error);
void host_char_close(struct host_char *chr); /* flushes what can be written without waiting; removes
                                                a unix socket's file; calls no handler */

/* Calls opened at once when there is a client. NULL = no frontend: input waits. Main thread. */
void host_char_set_handlers(struct host_char *chr, const struct host_char_handlers *handlers);
/* From any thread. Without a client the bytes are dropped. */
void host_char_write(struct host_char *chr, const void *bytes, size_t count);
void host_char_accept_input(struct host_char *chr); /* from any thread */
/* Closes the present client (closed comes later, from the loop); a server then waits for the next
 * one. No effect on what has no clients. From any thread. */
void host_char_disconnect(struct host_char *chr);

/*
 * A peer that does not read: at HOST_CHAR_OUTPUT_MAX waiting bytes a console (the default) loses
 * the oldest; a lossless device is not read from until they have become fewer, and its client is
 * disconnected at HOST_CHAR_LOSSLESS_MAX. For monitors: half a JSON object is worse than none.
 */
#define HOST_CHAR_OUTPUT_MAX   ((size_t)1 << 20)
#define HOST_CHAR_LOSSLESS_MAX ((size_t)64 << 20)
void host_char_set_lossless(struct host_char *chr, bool lossless);

const char *host_char_label(const struct host_char *chr);
void host_char_set_label(struct host_char *chr, const char *label);
/* QEMU's form: "unix:/tmp/qmp,server=on", "pty:/dev/pts/3", "stdio", "file". */
const char *host_char_filename(const struct host_char *chr);
bool host_char_is_connected(const struct host_char *chr);

#endif
