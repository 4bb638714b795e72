/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink_file.c - blocks of native traces, by plain write(2). */
#include "trace/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#if REPLUG_XXHASH_DISPATCHES /* takes the widest vectors that the processor has */
#    include <xxh_x86dispatch.h>
#endif

#include "base/bytes.h"
#include "base/error.h"
#include "base/invariant.h"
#include "trace/trace_header.h"

/* A turn's end writes from this size on ... */
#define BLOCK_WORTH_BYTES (SINK_FILE_BUFFER_BYTES - TRACE_RECORD_BYTES_MAX)
/* ... or when the oldest record has waited for this long: 2^27 ticks are 30 to 130 ms. */
#define BLOCK_WAIT_TICKS (UINT64_C(1) << 27)
#define BLOCK_WAIT_NS    UINT64_C(50000000)

/* What stands in a block in front of its records. */
#define BLOCK_HEAD_BYTES (TRACE_BLOCK_HEADER_BYTES + TRACE_BLOCK_CLOCK_BYTES)

#define SPACE_STEP_BYTES (4u * 1024 * 1024)

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_header(struct sink_file *file, const struct trace_modules *modules)
{
    g_autofree char *header = trace_header_text(modules);
    size_t size = strlen(header);
    g_autofree uint8_t *bytes = g_malloc(TRACE_FILE_PREFIX_BYTES + size);

    memcpy(bytes, TRACE_FILE_MAGIC, 8);
    bytes_store_le16(bytes + 8, TRACE_FILE_MAJOR);
    bytes_store_le16(bytes + 10, TRACE_FILE_MINOR);
    bytes_store_le32(bytes + 12, (uint32_t)size);
    bytes_store_le64(bytes + 16, XXH3_64bits(header, size));
    memcpy(bytes + TRACE_FILE_PREFIX_BYTES, header, size);
    file->file_bytes = TRACE_FILE_PREFIX_BYTES + size;
    return write_all(file->fd, bytes, file->file_bytes);
}

struct sink_file *sink_file_create(const char *path, const struct trace_clock *clock,
                                   const struct trace_modules *modules, GError **error)
{
    struct sink_file *file = g_new0(struct sink_file, 1);

    file->clock = clock;
    file->path = g_strdup(path);
    file->buffer = g_malloc(SINK_FILE_BUFFER_BYTES);
    memset(file->buffer, 0, SINK_FILE_BUFFER_BYTES); /* page faults come now, not with the events */
    file->used = BLOCK_HEAD_BYTES;
    file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't create trace file '%s': %s", path,
                    g_strerror(errno));
    } else if (!write_header(file, modules)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "Can't write trace file '%s': %s", path,
                    g_strerror(errno));
    } else {
        file->written = trace_clock_now(clock);
        return file;
    }
    sink_file_destroy(file);
    return NULL;
}

void sink_file_destroy(struct sink_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->fd >= 0) {
        sink_file_flush(file);
        if (file->reserved_bytes > 0) {
            (void)ftruncate(file->fd, (off_t)file->file_bytes); /* costs space at worst */
        }
        close(file->fd);
    }
    g_free(file->buffer);
    g_free(file->path);
    g_free(file);
}

static void fill_block_header(struct sink_file *file, uint8_t *header, const uint8_t *payload,
                              uint32_t size, uint32_t record_count)
{
    memcpy(header, TRACE_BLOCK_MAGIC, 4);
    bytes_store_le32(header + 4, size);
    bytes_store_le32(header + 8, record_count);
    bytes_store_le32(header + 12, (uint32_t)MIN(file->lost_count, UINT32_MAX));
    bytes_store_le64(header + 16, XXH3_64bits(payload, size));
}

/* A file that grows gets its disk space in steps: half the price of a write on ext4. What is too much
 * goes back when the file is closed; where it can't be had, writing does as well without. */
static void reserve_space(struct sink_file *file)
{
    uint64_t wanted = file->file_bytes + SINK_FILE_BUFFER_BYTES;

    if (file->file_bytes < SINK_FILE_BUFFER_BYTES || wanted <= file->reserved_bytes) {
        return;
    }
    file->reserved_bytes = wanted + SPACE_STEP_BYTES;
    (void)fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)file->file_bytes,
                    (off_t)(file->reserved_bytes - file->file_bytes));
}

static void block_succeeded(struct sink_file *file, uint32_t size)
{
    file->file_bytes += TRACE_BLOCK_HEADER_BYTES + size;
    file->lost_count = 0;
}

static void block_failed(struct sink_file *file, uint32_t record_count)
{
    if (file->error == 0) {
        file->error = errno;
    }
    file->lost_count += record_count;
    file->lost_total += record_count;
    if (ftruncate(file->fd, (off_t)file->file_bytes) != 0 ||
        lseek(file->fd, (off_t)file->file_bytes, SEEK_SET) < 0) {
        file->broken = true;
    }
}

void sink_file_write_block(struct sink_file *file, const uint8_t *payload, uint32_t size,
                           uint32_t record_count)
{
    uint8_t header[TRACE_BLOCK_HEADER_BYTES];

    fill_block_header(file, header, payload, size, record_count);
    if (!file->broken && write_all(file->fd, header, sizeof(header)) &&
        write_all(file->fd, payload, size)) {
        block_succeeded(file, size);
    } else {
        block_failed(file, record_count);
    }
}

void sink_file_flush(struct sink_file *file)
{
    uint8_t *payload = file->buffer + TRACE_BLOCK_HEADER_BYTES;
    uint32_t size = file->used - TRACE_BLOCK_HEADER_BYTES;
    struct trace_clock_point now;

    if (file->record_count == 0) {
        return;
    }
    now = trace_clock_now(file->clock);
    trace_clock_store(file->clock, file->written, now, payload);
    file->written = now;
    fill_block_header(file, file->buffer, payload, size, file->record_count);
    reserve_space(file);
    if (!file->broken && write_all(file->fd, file->buffer, file->used)) {
        block_succeeded(file, size);
    } else {
        block_failed(file, file->record_count);
    }
    file->used = BLOCK_HEAD_BYTES;
    file->record_count = 0;
    file->short_sequence = 0;
}

void sink_file_turn_end(struct sink_file *file)
{
    uint64_t wait = file->clock->counts_ticks ? BLOCK_WAIT_TICKS : BLOCK_WAIT_NS;

    if (file->used >= BLOCK_WORTH_BYTES ||
        (file->record_count > 0 &&
         trace_clock_stamp(file->clock) -
                 bytes_load_le64(file->buffer + BLOCK_HEAD_BYTES + TRACE_RECORD_STAMP) >=
             wait)) {
        sink_file_flush(file);
    }
}
