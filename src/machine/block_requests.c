/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block_requests.c - the requests to images that are under way, each of which comes back in a turn of its own.
 *
 * A replay carries none out: what was read, and that a request failed, comes from the recording.
 */
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "host/host_block.h"
#include "host/host_loop.h"
#include "hw/core/block_port.h"
#include "machine/block_drives.h"
#include "machine/machine_internal.h"
#include "machine/soft_machine.h"
#include "replay/payload_layout.h"
#include "trace/trace_session.h"

struct block_job {
    struct block_node *node;
    uint32_t tag;
    enum block_operation operation;
    uint64_t offset, bytes;
    uint8_t *data; /* owned */
};

static int node_fd(const struct block_node *node)
{
    return node->file != NULL ? node_fd(node->file) : node->fd;
}

static void job_free(struct block_job *job)
{
    g_free(job->data);
    g_free(job);
}

static void serve_on_main_thread(void *opaque)
{
    struct machine *machine = opaque;

    g_mutex_lock(&machine->lock);
    block_requests_serve(machine);
    g_mutex_unlock(&machine->lock);
}

static void log_request(struct machine *machine, const struct block_request *request)
{
    struct payload_block_request payload = { .operation = { (uint8_t)request->operation } };

    bytes_store_le64(payload.offset, request->offset);
    bytes_store_le64(payload.count, request->bytes);
    if (request->operation == BLOCK_WRITE) {
        bytes_store_le64(payload.digest, XXH3_64bits(request->data, request->bytes));
    }
    bytes_store_le64(payload.tag, request->tag);
    machine_effect(machine, RECORDING_EFFECT_block, &payload, sizeof(payload));
}

void block_node_submit(void *host, const struct block_request *request)
{
    struct block_node *node = host;
    struct machine *machine = node->machine;
    struct block_job *job;

    log_request(machine, request);
    if (machine->soft != NULL) {
        soft_machine_break(machine);
    }
    if (machine_is_replaying(machine)) {
        return;
    }
    job = g_new0(struct block_job, 1);
    *job = (struct block_job){ .node = node,
                               .tag = request->tag,
                               .operation = request->operation,
                               .offset = request->offset,
                               .bytes = request->bytes };
    if (request->operation == BLOCK_WRITE) {
        job->data = g_memdup2(request->data, request->bytes);
    }
    g_queue_push_tail(&machine->block_jobs, job);
    if (machine->soft == NULL) {
        host_loop_post(machine->loop, serve_on_main_thread, machine);
    }
}

/* Gives 0 or an errno. */
static int carry_out(struct block_job *job)
{
    int fd = node_fd(job->node);

    switch (job->operation) {
    case BLOCK_READ:
        job->data = g_malloc(job->bytes);
        return host_block_read(fd, job->offset, job->data, job->bytes);
    case BLOCK_WRITE: return host_block_write(fd, job->offset, job->data, job->bytes);
    case BLOCK_FLUSH: break;
    }
    return host_block_flush(fd);
}

void block_node_cancel(void *host)
{
    struct block_node *node = host;
    GQueue *jobs = &node->machine->block_jobs;

    for (GList *at = jobs->head, *next; at != NULL; at = next) {
        struct block_job *job = at->data;

        next = at->next;
        if (job->node == node) {
            if (job->operation != BLOCK_READ) {
                (void)carry_out(job); /* nobody is left to be told */
            }
            g_queue_delete_link(jobs, at);
            job_free(job);
        }
    }
}

bool block_requests_wait(const struct machine *machine)
{
    return !g_queue_is_empty((GQueue *)&machine->block_jobs);
}

/* Under the lock, which it gives away. */
static void come_back(struct machine *machine, struct block_node *node, const uint8_t *payload,
                      size_t size)
{
    const struct payload_block_result *result =
        (const struct payload_block_result *)(payload + strlen(node->name) + 1);
    size_t data_bytes = size - strlen(node->name) - 1 - sizeof(*result);

    machine_turn_begin_locked(machine, TRACE_VCPU_NONE, RECORDING_TURN_block, payload, size);
    node->port->complete(node->port->device, bytes_load_le32(result->tag),
                         (int)bytes_load_le32(result->error), (const uint8_t *)(result + 1),
                         data_bytes);
    machine_turn_end(machine);
}

/* The payload of the turn in which it comes back. */
static GByteArray *take_result(struct block_job *job)
{
    GByteArray *payload = g_byte_array_new();
    struct payload_block_result result;
    int number = carry_out(job);

    bytes_store_le32(result.tag, job->tag);
    bytes_store_le32(result.error, (uint32_t)number);
    g_byte_array_append(payload, (const guint8 *)job->node->name,
                        (guint)strlen(job->node->name) + 1);
    g_byte_array_append(payload, (const guint8 *)&result, sizeof(result));
    if (job->operation == BLOCK_READ && number == 0) {
        g_byte_array_append(payload, job->data, (guint)job->bytes);
    }
    return payload;
}

void block_requests_serve(struct machine *machine)
{
    struct block_job *job;

    while ((job = g_queue_pop_head(&machine->block_jobs)) != NULL) {
        g_autoptr(GByteArray) payload = take_result(job);
        struct block_node *node = job->node;

        job_free(job);
        come_back(machine, node, payload->data, payload->len);
        g_mutex_lock(&machine->lock);
    }
}

bool machine_block_turn(struct machine *machine, const uint8_t *payload, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(payload, 0, size) : NULL;
    struct block_node *node;

    if (end == NULL || size - (size_t)(end + 1 - payload) < sizeof(struct payload_block_result)) {
        return false;
    }
    g_mutex_lock(&machine->lock);
    node = block_node_find(machine, (const char *)payload);
    if (node == NULL || node->port == NULL) {
        g_mutex_unlock(&machine->lock);
        return false;
    }
    come_back(machine, node, payload, size);
    return true;
}
