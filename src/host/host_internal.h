/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_internal.h - what the files of this folder share: the loop's context and wake-ups, the
 * inside of character devices. */
#ifndef REPLUG_HOST_HOST_INTERNAL_H
#define REPLUG_HOST_HOST_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

#include "host/host_char.h"
#include "host/host_kvm.h"
#include "host/host_loop.h"

struct json_object;

/* ---- host_loop.c ---- */

GMainContext *host_loop_context(struct host_loop *loop);

/* A source that calls fn on the loop's thread once after each host_wake(), which any thread may
 * call; several wakes before that are one. The caller ends it with host_source_destroy(). */
GSource *host_wake_source_create(struct host_loop *loop, host_loop_fn fn, void *opaque);
void host_wake(GSource *source);

/* Destroys and forgets; *source may be NULL. */
void host_source_destroy(GSource **source);

/* Standard input and output serve one character device at a time; false = they are taken. */
bool host_loop_take_stdio(struct host_loop *loop);
void host_loop_give_stdio(struct host_loop *loop);

/* ---- host_thread.c ---- */

/* The kick signal; installs its empty handler, which is no harm when done again. */
int host_kick_signal(void);

/* ---- host_kvm.c ---- */

/* host_kvm_open() for another path than /dev/kvm. */
struct host_kvm *host_kvm_open_path(const char *path, GError **error);

struct kvm_coalesced_mmio_ring;
/* Takes the oldest entry out of a ring of one page that KVM fills; false = empty. */
bool host_kvm_ring_take(struct kvm_coalesced_mmio_ring *ring, struct kvm_coalesced_mmio *out_entry);

/* ---- host_char.c: the stream, its watches and its buffer ---- */

struct host_char_stream {
    const char *filename; /* copied */
    int input_fd;         /* -1 = none; non-blocking */
    int output_fd;        /* -1 = none; may be the same */
    int listen_fd;        /* -1 = no server; then the other two are -1 */
    bool is_socket;       /* input that ends is the peer's end, and send() is used */
    bool keeps_fds;       /* standard input and output are not ours to close */
    /* At the end, before the descriptors are closed; may be NULL. backend is freed by it. */
    void (*fini)(void *backend);
    void *backend;
};

/* Takes the descriptors and backend over. */
struct host_char *host_char_create(struct host_loop *loop, const struct host_char_stream *stream);
/* Accepts one client; false with errno. For a server that has none. */
bool host_char_accept(struct host_char *chr);

/* ---- the backends: each takes its checked options ---- */

/* What host_char_open.c found in the options; strings are borrowed. */
struct host_char_settings {
    const char *path, *host, *port, *fd; /* NULL = not given */
    bool server, server_given;
    bool wait, wait_given;
    bool append;
    bool signal;
    bool ipv4, ipv6; /* both = either */
};

struct host_char *host_char_open_socket(struct host_loop *loop,
                                        const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_fd(struct host_loop *loop,
                                    const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_file(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_pipe(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_null(struct host_loop *loop,
                                      const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_stdio(struct host_loop *loop,
                                       const struct host_char_settings *settings, GError **error);
struct host_char *host_char_open_pty(struct host_loop *loop,
                                     const struct host_char_settings *settings, GError **error);

/* ---- host_net_options.c ---- */

struct host_net_settings;
struct Slirp;
struct SlirpConfig;

/* What the options say, which it borrows; NULL with an error. */
struct host_net_settings *host_net_settings_read(const struct json_object *options, GError **error);
void host_net_settings_free(struct host_net_settings *settings);
const struct SlirpConfig *host_net_settings_config(const struct host_net_settings *settings);
/* Listens on the ports that are to be forwarded. */
bool host_net_settings_forward(const struct host_net_settings *settings, struct Slirp *slirp,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- descriptors ---- */

/* Sets close-on-exec and O_NONBLOCK on a descriptor that was inherited; false = it is not open. */
bool host_fd_adopt(int fd);
/* The number that text names, an open descriptor; -1 with an error. */
int host_fd_parse(const char *text, GError **error);

#endif
