/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_char_socket.c - unix and TCP sockets, as server or client, and those that were inherited. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_char.h"
#include "host/host_internal.h"

#define BACKLOG        16
#define PORT_MAX       65535u
#define SUN_PATH_BYTES (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

/* The file of a unix server, removed only while it is still the same one. */
struct socket_file {
    char *path;
    dev_t device;
    ino_t inode;
};

union address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

static void socket_file_fini(void *backend)
{
    struct socket_file *file = backend;
    struct stat info;

    if (file == NULL) {
        return;
    }
    if (lstat(file->path, &info) == 0 && info.st_dev == file->device &&
        info.st_ino == file->inode) {
        (void)unlink(file->path); /* nothing left to do when it fails */
    }
    g_free(file->path);
    g_free(file);
}

static int refused(int fd, const char *what, const char *address, int number, GError **error)
{
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "%s '%s': %s", what, address,
                g_strerror(number));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* ---- addresses as texts ---- */

static char *address_text(const union address *address, socklen_t length)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (address->any.sa_family == AF_UNIX) {
        size_t path_length = length - MIN(length, offsetof(struct sockaddr_un, sun_path));

        path_length = strnlen(address->local.sun_path, path_length);
        return path_length > 0
                   ? g_strdup_printf("unix:%.*s", (int)path_length, address->local.sun_path)
                   : NULL;
    }
    if (getnameinfo(&address->any, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return NULL;
    }
    return g_strdup_printf(address->any.sa_family == AF_INET6 ? "tcp:[%s]:%s" : "tcp:%s:%s", host,
                           port);
}

/* The socket's own address for a server, the peer's for a client; "fd:N" when it has no name. */
static char *socket_name(int fd, bool server)
{
    union address address = { .storage = { 0 } };
    socklen_t length = sizeof(address);
    int result =
        server ? getsockname(fd, &address.any, &length) : getpeername(fd, &address.any, &length);
    g_autofree char *text = result == 0 ? address_text(&address, length) : NULL;

    if (text == NULL) {
        text = g_strdup_printf("fd:%d", fd);
    }
    return g_strconcat(text, server ? ",server=on" : "", NULL);
}

/* ---- unix ---- */

static int open_unix(const struct host_char_settings *settings, struct socket_file **out_file,
                     GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = settings->path;
    struct stat info;
    int fd;

    if (path[0] == '\0' || strlen(path) > SUN_PATH_BYTES) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "UNIX socket path '%s' is too %s: it has %zu bytes; expected 1 to %zu", path,
                    path[0] == '\0' ? "short" : "long", strlen(path), SUN_PATH_BYTES);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return refused(-1, "Failed to create socket for", path, errno, error);
    }
    if (!settings->server) {
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
            return refused(fd, "Failed to connect to", path, errno, error);
        }
        return fd;
    }
    /* A socket that nobody listens on any more is in the way; any other file is not ours to take. */
    if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
        (void)unlink(path); /* bind() will say what is wrong */
    }
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        return refused(fd, "Failed to bind socket to", path, errno, error);
    }
    if (lstat(path, &info) == 0) {
        *out_file = g_new(struct socket_file, 1);
        **out_file = (struct socket_file){ g_strdup(path), info.st_dev, info.st_ino };
    }
    return fd;
}

/* ---- TCP ---- */

static bool check_port(const char *port, GError **error)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(port, &end, 10);

    /* A name goes to getaddrinfo(), which takes any number for a port and cuts it to 16 bits. */
    if (port[0] == '\0' || (*end == '\0' && number > PORT_MAX)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "port '%s' is out of range; expected 0 to %u or a service's name", port,
                    PORT_MAX);
        return false;
    }
    return true;
}

static int try_address(const struct addrinfo *info, bool server)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
    int on = 1;
    int result, number;

    if (fd < 0) {
        return -1;
    }
    if (server) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* bind() tells */
        result = bind(fd, info->ai_addr, info->ai_addrlen);
    } else {
        result = connect(fd, info->ai_addr, info->ai_addrlen);
    }
    if (result != 0) {
        number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static int open_tcp(const struct host_char_settings *settings, GError **error)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = settings->server ? AI_PASSIVE : 0 };
    const char *host = settings->host != NULL ? settings->host : "";
    g_autofree char *address = g_strdup_printf("%s:%s", host, settings->port);
    struct addrinfo *found = NULL;
    int result, fd = -1, number = 0;

    if (settings->ipv4 != settings->ipv6) {
        hints.ai_family = settings->ipv4 ? AF_INET : AF_INET6;
    }
    if (!check_port(settings->port, error)) {
        return -1;
    }
    result = getaddrinfo(host[0] != '\0' ? host : NULL, settings->port, &hints, &found);
    if (result != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "address resolution failed for %s: %s",
                    address, result == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(result));
        return -1;
    }
    for (struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = try_address(at, settings->server);
        number = errno;
    }
    freeaddrinfo(found);
    if (fd < 0) {
        return refused(-1, settings->server ? "Failed to bind socket to" : "Failed to connect to",
                       address, number, error);
    }
    return fd;
}

/* ---- inherited ---- */

static bool is_listening(int fd, bool *out_listening)
{
    int value = 0;
    socklen_t length = sizeof(value);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) != 0) {
        return false;
    }
    *out_listening = value != 0;
    return true;
}

static bool check_inherited(int fd, const struct host_char_settings *settings, bool listening,
                            GError **error)
{
    if (settings->server_given && settings->server != listening) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    listening ? "file descriptor %d listens for connections; expected server=on"
                              : "file descriptor %d does not listen for connections; expected "
                                "server=off",
                    fd);
        return false;
    }
    return true;
}

/* ---- all of them ---- */

/* Blocks until the first client is there; one that has left again does not count. */
static void wait_for_client(struct host_char *chr, int listen_fd)
{
    struct pollfd poll_fd = { .fd = listen_fd, .events = POLLIN };

    while (!host_char_is_connected(chr)) {
        if (poll(&poll_fd, 1, -1) > 0 && !host_char_accept(chr) && errno != EAGAIN &&
            errno != ECONNABORTED) {
            return; /* no descriptor to be had: the loop tries again */
        }
    }
}

/* fd is bound, connected or inherited; takes fd and file over. */
static struct host_char *finish(struct host_loop *loop, int fd, bool server, bool wait,
                                struct socket_file *file, GError **error)
{
    g_autofree char *name = socket_name(fd, server);
    struct host_char_stream stream = { .filename = name,
                                       .is_socket = true,
                                       .fini = socket_file_fini,
                                       .backend = file,
                                       .input_fd = -1,
                                       .output_fd = -1,
                                       .listen_fd = -1 };
    struct host_char *chr;
    int on = 1;

    if (server && listen(fd, BACKLOG) != 0) {
        refused(fd, "Failed to listen on socket", name, errno, error);
        socket_file_fini(file);
        return NULL;
    }
    (void)host_fd_adopt(fd); /* it is open: it has just been asked for its name */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* inherited by accept(2)ed */
    if (server) {
        stream.listen_fd = fd;
    } else {
        stream.input_fd = fd;
        stream.output_fd = fd;
    }
    chr = host_char_create(loop, &stream);
    if (server && wait) {
        wait_for_client(chr, fd);
    }
    return chr;
}

static struct host_char *open_inherited(struct host_loop *loop, int fd,
                                        const struct host_char_settings *settings, GError **error)
{
    bool listening = false;

    if (!is_listening(fd, &listening)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "file descriptor %d is no socket",
                    fd);
        return NULL;
    }
    if (!check_inherited(fd, settings, listening, error)) {
        return NULL;
    }
    return finish(loop, fd, listening, settings->wait, NULL, error);
}

static bool check_settings(const struct host_char_settings *settings, GError **error)
{
    bool by_address = settings->host != NULL || settings->port != NULL;
    int kinds = (settings->path != NULL) + (settings->fd != NULL) + by_address;

    if (kinds != 1 || (settings->host != NULL && settings->port == NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "a socket needs either path, or host and port, or fd");
        return false;
    }
    if (settings->wait_given && settings->fd == NULL && !settings->server) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "'wait' option is incompatible with socket in client mode; expected "
                    "server=on");
        return false;
    }
    return true;
}

struct host_char *host_char_open_socket(struct host_loop *loop,
                                        const struct host_char_settings *settings, GError **error)
{
    struct socket_file *file = NULL;
    int fd;

    if (!check_settings(settings, error)) {
        return NULL;
    }
    if (settings->fd != NULL) {
        fd = host_fd_parse(settings->fd, error);
        return fd >= 0 ? open_inherited(loop, fd, settings, error) : NULL;
    }
    fd = settings->path != NULL ? open_unix(settings, &file, error) : open_tcp(settings, error);
    if (fd < 0) {
        return NULL;
    }
    return finish(loop, fd, settings->server, settings->wait, file, error);
}

struct host_char *host_char_open_fd(struct host_loop *loop,
                                    const struct host_char_settings *settings, GError **error)
{
    struct host_char_stream stream = { .listen_fd = -1 };
    g_autofree char *name = NULL;
    bool listening;
    int fd, mode;

    fd = host_fd_parse(settings->fd != NULL ? settings->fd : "", error);
    if (fd < 0) {
        return NULL;
    }
    if (is_listening(fd, &listening) || settings->server) {
        return open_inherited(loop, fd, settings, error);
    }
    (void)host_fd_adopt(fd); /* host_fd_parse() has seen that it is open */
    mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    name = g_strdup_printf("fd:%d", fd);
    stream.filename = name;
    stream.input_fd = mode == O_WRONLY ? -1 : fd;
    stream.output_fd = mode == O_RDONLY ? -1 : fd;
    return host_char_create(loop, &stream);
}
