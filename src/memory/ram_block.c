/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ram_block.c - guest RAM on the host, with a fault point before each call that can fail. */
#include "memory/ram_block.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "host/host_memory.h"
#include "trace/trace.h"

#define LARGE_BYTES (2ull << 20) /* from here on aligned for transparent huge pages */

/* ---- the host's answers ---- */

static int host_create_memfd(void *opaque, const char *name, int *out_fd)
{
    (void)opaque;
    return host_memory_create_memfd(name, out_fd);
}

static int host_open_file(void *opaque, const char *path, int *out_fd, bool *out_created)
{
    (void)opaque;
    return host_memory_open_file(path, out_fd, out_created);
}

static int host_file_size(void *opaque, int fd, uint64_t *out_bytes)
{
    (void)opaque;
    return host_memory_file_size(fd, out_bytes);
}

static int host_set_file_size(void *opaque, int fd, uint64_t size_bytes)
{
    (void)opaque;
    return host_memory_set_file_size(fd, size_bytes);
}

static uint64_t host_page_size(void *opaque, int fd)
{
    (void)opaque;
    return host_memory_page_size(fd);
}

static int host_map(void *opaque, int fd, uint64_t size_bytes, uint64_t align_bytes, bool share,
                    void **out_at)
{
    (void)opaque;
    return host_memory_map(fd, size_bytes, align_bytes, share, out_at);
}

static int host_populate(void *opaque, void *at, uint64_t size_bytes)
{
    (void)opaque;
    return host_memory_populate(at, size_bytes);
}

static void host_remove_file(void *opaque, const char *path)
{
    (void)opaque;
    host_memory_remove_file(path);
}

static void host_unmap(void *opaque, void *at, uint64_t size_bytes)
{
    (void)opaque;
    host_memory_unmap(at, size_bytes);
}

static void host_close(void *opaque, int fd)
{
    (void)opaque;
    host_memory_close(fd);
}

const struct ram_calls ram_host_calls = {
    .create_memfd = host_create_memfd,
    .open_file = host_open_file,
    .file_size = host_file_size,
    .set_file_size = host_set_file_size,
    .page_size = host_page_size,
    .map = host_map,
    .populate = host_populate,
    .remove_file = host_remove_file,
    .unmap = host_unmap,
    .close = host_close,
};

/* ---- a block ---- */

struct ram_block {
    const struct ram_calls *calls;
    char *name;
    void *host;
    uint64_t size_bytes, page_bytes;
    int fd;       /* -1 = anonymous */
    bool created; /* the file is ours: removed again when creation fails */
};

static bool failed(const struct ram_block_options *options, const char *what, int number,
                   GError **error)
{
    const char *symbol = fault_errno_name(number);

    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO,
                "cannot set up guest memory '%s' of %" PRIu64 " bytes: %s failed: %s (%s)",
                options->name, options->size_bytes, what, g_strerror(number),
                symbol != NULL ? symbol : "errno");
    return false;
}

static bool open_memfd(struct ram_block *block, const struct ram_block_options *options,
                       GError **error)
{
    g_autofree char *name = g_strdup_printf("replug-%s", options->name);
    int number = fault_take(options->faults, FAULT_memory_memfd_create);

    if (number == 0) {
        number = block->calls->create_memfd(block->calls->opaque, name, &block->fd);
    }
    return number == 0 || failed(options, "memfd_create", number, error);
}

static bool open_file(struct ram_block *block, const struct ram_block_options *options,
                      GError **error)
{
    g_autofree char *what = g_strdup_printf("open of %s", options->path);
    uint64_t have;
    int number = fault_take(options->faults, FAULT_memory_file_open);

    if (number == 0) {
        number = block->calls->open_file(block->calls->opaque, options->path, &block->fd,
                                         &block->created);
    }
    if (number == 0) {
        number = block->calls->file_size(block->calls->opaque, block->fd, &have);
    }
    if (number != 0) {
        return failed(options, what, number, error);
    }
    if (!block->created && have != 0 && have < options->size_bytes) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "backing store size 0x%" PRIx64 " does not match 'size' option 0x%" PRIx64
                    " of '%s'",
                    have, options->size_bytes, options->name);
        return false;
    }
    return true;
}

static bool size_file(struct ram_block *block, const struct ram_block_options *options,
                      GError **error)
{
    uint64_t have = 0;
    int number = fault_take(options->faults, FAULT_memory_truncate);

    if (number == 0) {
        number = block->calls->file_size(block->calls->opaque, block->fd, &have);
    }
    if (number == 0 && have < options->size_bytes) {
        number = block->calls->set_file_size(block->calls->opaque, block->fd, options->size_bytes);
    }
    return number == 0 || failed(options, "setting the file's size", number, error);
}

static bool map(struct ram_block *block, const struct ram_block_options *options, GError **error)
{
    uint64_t align = options->align_bytes;
    int number = fault_take(options->faults, FAULT_memory_map);

    if (align == 0) {
        align = options->size_bytes >= LARGE_BYTES ? LARGE_BYTES : block->page_bytes;
    }
    if (number == 0) {
        number = block->calls->map(block->calls->opaque, block->fd, options->size_bytes,
                                   MAX(align, block->page_bytes), options->share, &block->host);
    }
    return number == 0 || failed(options, "mmap", number, error);
}

static bool populate(struct ram_block *block, const struct ram_block_options *options,
                     GError **error)
{
    int number = fault_take(options->faults, FAULT_memory_prealloc);

    if (number == 0) {
        number = block->calls->populate(block->calls->opaque, block->host, options->size_bytes);
    }
    return number == 0 || failed(options, "preallocation", number, error);
}

static bool check_size(const struct ram_block *block, const struct ram_block_options *options,
                       GError **error)
{
    if (options->size_bytes == 0 || options->size_bytes % block->page_bytes != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "size 0x%" PRIx64 " of '%s' is not a multiple of the page size 0x%" PRIx64,
                    options->size_bytes, options->name, block->page_bytes);
        return false;
    }
    return true;
}

static const char *const kind_names[] = { "anonymous", "memfd", "file" };

struct ram_block *ram_block_create(const struct ram_block_options *options, GError **error)
{
    struct ram_block *block = g_new0(struct ram_block, 1);

    block->calls = options->calls != NULL ? options->calls : &ram_host_calls;
    block->fd = -1;
    block->name = g_strdup(options->name);
    block->size_bytes = options->size_bytes;
    if (options->kind == RAM_BLOCK_MEMFD && !open_memfd(block, options, error)) {
        goto fail;
    }
    if (options->kind == RAM_BLOCK_FILE && !open_file(block, options, error)) {
        goto fail;
    }
    block->page_bytes = block->calls->page_size(block->calls->opaque, block->fd);
    if (!check_size(block, options, error)) {
        goto fail;
    }
    if (block->fd >= 0 && !size_file(block, options, error)) {
        goto fail;
    }
    if (!map(block, options, error)) {
        goto fail;
    }
    if (options->prealloc && !populate(block, options, error)) {
        goto fail;
    }
    trace_ram_block_created(block->name, block->size_bytes, kind_names[options->kind]);
    return block;
fail:
    if (block->created) {
        block->calls->remove_file(block->calls->opaque, options->path);
    }
    ram_block_destroy(block);
    return NULL;
}

void ram_block_destroy(struct ram_block *block)
{
    if (block == NULL) {
        return;
    }
    if (block->host != NULL) {
        trace_ram_block_destroyed(block->name, block->size_bytes);
        block->calls->unmap(block->calls->opaque, block->host, block->size_bytes);
    }
    block->calls->close(block->calls->opaque, block->fd);
    g_free(block->name);
    g_free(block);
}

void *ram_block_host(const struct ram_block *block)
{
    return block->host;
}

uint64_t ram_block_size(const struct ram_block *block)
{
    return block->size_bytes;
}

uint64_t ram_block_page_size(const struct ram_block *block)
{
    return block->page_bytes;
}

const char *ram_block_name(const struct ram_block *block)
{
    return block->name;
}
