/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink_file.h - a native trace (.rpt) that is being written: header, then blocks of records.
 *
 * A block that can't be written is cut off the file again, so what is there stays readable; its
 * records count as lost in the next block. The guest goes on whatever happens.
 */
#ifndef REPLUG_TRACE_SINK_FILE_H
#define REPLUG_TRACE_SINK_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace/trace_clock.h"
#include "trace/trace_context.h"
#include "trace/trace_format.h"

#define SINK_FILE_BUFFER_BYTES (768u * 1024)

struct trace_modules;

struct sink_file {
    const struct trace_clock *clock;
    struct trace_clock_point written; /* when the last block left; stamps are later */
    char *path;
    uint8_t *buffer; /* a block's header and clock, then records */
    uint32_t used;   /* bytes of it */
    uint32_t record_count;
    uint64_t short_sequence; /* the record of this number may be short; 0 = none may */
    uint64_t innermost;      /* span that is open behind the last record */
    uint64_t full_stamp;     /* of the last full record */
    uint64_t lost_count;     /* since the last block that was written */
    uint64_t lost_total;
    uint64_t file_bytes;     /* up to here all is whole */
    uint64_t reserved_bytes; /* disk space was asked for up to here */
    int fd;
    int error;   /* errno of the first failure */
    bool broken; /* can't be put back into a whole state */
};

/* Creates the file and writes its header. The clock and the modules are borrowed. */
struct sink_file *sink_file_create(const char *path, const struct trace_clock *clock,
                                   const struct trace_modules *modules, GError **error);

/* Writes the last block. NULL is fine. */
void sink_file_destroy(struct sink_file *file);

/* Writes the records that are buffered as one block. */
void sink_file_flush(struct sink_file *file);

/* At a turn's end: writes a block that is worth it or has waited long. */
void sink_file_turn_end(struct sink_file *file);

/* A payload that is whole already, its clock in front; at most 16 MiB. */
void sink_file_write_block(struct sink_file *file, const uint8_t *payload, uint32_t size,
                           uint32_t record_count);

/* A place for a record of up to size bytes in the block. */
static inline uint8_t *sink_file_reserve(struct sink_file *file, uint32_t size)
{
    if (file->used + size > SINK_FILE_BUFFER_BYTES) {
        sink_file_flush(file);
    }
    return file->buffer + file->used;
}

/* Whether the next record can leave out what it shares with the one before (docs/formats/trace.md,
 * short record). */
static inline bool sink_file_can_be_short(const struct sink_file *file,
                                          const struct trace_context *context,
                                          enum trace_phase phase, uint64_t stamp)
{
    return context->sequence == file->short_sequence &&
           (phase != TRACE_PHASE_LEAVE || context->span == file->innermost) &&
           (context->parent == 0 ||
            context->sequence - context->parent <= TRACE_SHORT_DISTANCE_MAX) &&
           stamp - file->full_stamp <= UINT32_MAX;
}

/* The record that was reserved has size bytes and belongs to the block when the caller has filled
 * all of it. */
static inline void sink_file_take(struct sink_file *file, const struct trace_context *context,
                                  enum trace_phase phase, uint32_t size)
{
    file->used += size;
    file->record_count++;
    file->short_sequence = context->sequence + 1;
    file->innermost = phase == TRACE_PHASE_ENTER ? context->span : context->parent;
}

/* The next record's turn, times or vCPU are others. NULL is fine. */
static inline void sink_file_context_changed(struct sink_file *file)
{
    if (file != NULL) {
        file->short_sequence = 0;
    }
}

#endif
