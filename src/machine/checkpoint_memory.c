/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkpoint_memory.c - guest memory in checkpoints: of each block the pages whose digest is not the one
 * at the checkpoint before. A page that no checkpoint has is zero.
 */
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/invariant.h"
#include "hw/mem/memory_backend.h"
#include "machine/checkpoint_internal.h"
#include "machine/soft_machine.h"
#include "replay/recording_checkpoint.h"

#define PAGE_BYTES     4096u
#define ENTRY_BYTES    (8u + PAGE_BYTES) /* number of the block, of the page; the page */
#define PART_PAGES_MAX (RECORDING_PART_BYTES_MAX / ENTRY_BYTES)
#define ZERO_DIGEST    0u
#define BLOCK_BYTES    16u /* of a block in the list: length of its name, size, first checkpoint */

/* What the checkpoints so far say of a block. */
struct page_digests {
    uint64_t size_bytes;
    uint32_t first; /* number of the first checkpoint that has it */
    uint32_t last;
    GArray *pages; /* uint64_t */
};

static void page_digests_free(void *digests)
{
    g_array_unref(((struct page_digests *)digests)->pages);
    g_free(digests);
}

GHashTable *checkpoint_blocks_create(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, page_digests_free);
}

/* ---- blocks ---- */

struct block {
    char *name;
    uint8_t *host;
    uint64_t size_bytes;
    bool is_initial; /* the machine came up with it: loaders write there */
};

static void block_clear(void *block)
{
    g_free(((struct block *)block)->name);
}

static void add_block(GArray *blocks, const char *name, const struct ram_block *ram,
                      bool is_initial)
{
    struct block block = { g_strdup(name), ram_block_host(ram), ram_block_size(ram), is_initial };

    g_array_append_val(blocks, block);
}

/* All memory that a guest can write, plugged or not. */
static GArray *find_blocks(const struct machine *machine)
{
    GArray *blocks = g_array_new(FALSE, FALSE, sizeof(struct block));
    const GPtrArray *objects = machine->objects->children;

    g_array_set_clear_func(blocks, block_clear);
    if (machine->ram != NULL) {
        add_block(blocks, "ram", machine->ram, true);
    }
    for (guint i = 0; objects != NULL && i < objects->len; i++) {
        struct object *object = g_ptr_array_index(objects, i);

        if (object_is_a(object, TYPE_MEMORY_BACKEND)) {
            g_autofree char *path = object_canonical_path(object);

            add_block(blocks, path, memory_backend_region(object)->ram,
                      g_ptr_array_find(machine->ram_backends, object, NULL));
        }
    }
    return blocks;
}

/* ---- saving ---- */

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_BYTES - 1) == 0;
}

static uint64_t digest_of(const uint8_t *page)
{
    uint64_t digest = is_zero(page) ? ZERO_DIGEST : XXH3_64bits(page, PAGE_BYTES);

    return digest == ZERO_DIGEST && !is_zero(page) ? 1 : digest;
}

/* The digests that the block had at the checkpoint before; new ones are those of zeros. */
static struct page_digests *digests_for(struct checkpoints *checkpoints, const struct block *block)
{
    uint32_t number = checkpoints->count + 1;
    struct page_digests *digests = g_hash_table_lookup(checkpoints->blocks, block->name);

    if (digests == NULL || digests->size_bytes != block->size_bytes || digests->last + 1 < number) {
        digests = g_new0(struct page_digests, 1);
        digests->size_bytes = block->size_bytes;
        digests->first = number;
        digests->pages = g_array_new(FALSE, TRUE, sizeof(uint64_t));
        g_array_set_size(digests->pages, (guint)(block->size_bytes / PAGE_BYTES));
        g_hash_table_replace(checkpoints->blocks, g_strdup(block->name), digests);
    }
    digests->last = number;
    return digests;
}

void checkpoint_memory_save(struct machine *machine, struct checkpoints *checkpoints,
                            GByteArray *out)
{
    g_autoptr(GArray) blocks = find_blocks(machine);

    state_put_32(out, blocks->len);
    for (guint i = 0; i < blocks->len; i++) {
        const struct block *block = &g_array_index(blocks, struct block, i);

        state_put_text(out, block->name);
        state_put_64(out, block->size_bytes);
        state_put_32(out, digests_for(checkpoints, block)->first);
    }
}

static void write_part(struct recording_writer *writer, GByteArray *part)
{
    if (part->len > 0) {
        recording_checkpoint_part(writer, RECORDING_PART_PAGES, part->data, part->len);
        g_byte_array_set_size(part, 0);
    }
}

static void write_block(struct recording_writer *writer, const struct block *block, uint32_t index,
                        struct page_digests *digests, GByteArray *part)
{
    for (guint i = 0; i < digests->pages->len; i++) {
        const uint8_t *page = block->host + (uint64_t)i * PAGE_BYTES;
        uint64_t digest = digest_of(page);

        if (digest == g_array_index(digests->pages, uint64_t, i)) {
            continue;
        }
        g_array_index(digests->pages, uint64_t, i) = digest;
        state_put_32(part, index);
        state_put_32(part, i);
        g_byte_array_append(part, page, PAGE_BYTES);
        if (part->len / ENTRY_BYTES == PART_PAGES_MAX) {
            write_part(writer, part);
        }
    }
}

void checkpoint_memory_write(struct machine *machine, struct checkpoints *checkpoints,
                             struct recording_writer *writer)
{
    g_autoptr(GArray) blocks = find_blocks(machine);
    g_autoptr(GByteArray) part = g_byte_array_new();

    for (guint i = 0; i < blocks->len; i++) {
        const struct block *block = &g_array_index(blocks, struct block, i);

        write_block(writer, block, i, digests_for(checkpoints, block), part);
    }
    write_part(writer, part);
}

/* ---- loading ---- */

/* A block that a checkpoint lists. */
struct listed {
    char *name;
    uint64_t size_bytes;
    uint32_t first;
    /* In the machine; NULL = not in the checkpoint that is loaded. */
    const struct block *block;
    uint8_t *filled; /* a byte a page; owned by the newest checkpoint's list */
};

static void listed_clear(void *listed)
{
    g_free(((struct listed *)listed)->name);
}

static GArray *take_list(struct state_stream *stream)
{
    uint32_t count = state_take_count(stream, BLOCK_BYTES);
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct listed));

    g_array_set_clear_func(list, listed_clear);
    for (uint32_t i = 0; i < count && !stream->failed; i++) {
        struct listed listed = { .name = state_take_text(stream) };

        listed.size_bytes = state_take_64(stream);
        listed.first = state_take_32(stream);
        g_array_append_val(list, listed);
    }
    return list;
}

void checkpoint_memory_skip(struct state_stream *stream)
{
    GArray *list = take_list(stream);

    g_array_unref(list);
}

/* The list at the begin of a checkpoint's first part. NULL: damaged. */
static GArray *load_list(struct recording_checkpoints *list, uint32_t index, GError **error)
{
    struct state_stream stream;
    const uint8_t *bytes;
    unsigned kind;
    size_t size;
    GArray *listed;

    if (recording_checkpoints_at(list, index)->part_count == 0 ||
        !recording_checkpoint_load(list, index, 0, &kind, &bytes, &size, error) ||
        kind != RECORDING_PART_MACHINE) {
        if (error != NULL && *error == NULL) {
            (void)checkpoint_is_damaged(error, "its first part is missing");
        }
        return NULL;
    }
    state_stream_init(&stream, bytes, size);
    listed = take_list(&stream);
    if (stream.failed) {
        g_array_unref(listed);
        (void)checkpoint_is_damaged(error, "its list of memory is cut");
        return NULL;
    }
    return listed;
}

static struct listed *find_listed(GArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++) {
        struct listed *listed = &g_array_index(list, struct listed, i);

        if (strcmp(listed->name, name) == 0) {
            return listed;
        }
    }
    return NULL;
}

/* Each block of the machine has its line, and the other way round. */
static bool match_blocks(GArray *wanted, const GArray *blocks, GError **error)
{
    bool ok = wanted->len == blocks->len;

    for (guint i = 0; ok && i < blocks->len; i++) {
        const struct block *block = &g_array_index(blocks, struct block, i);
        struct listed *listed = find_listed(wanted, block->name);

        ok = listed != NULL && listed->block == NULL && listed->size_bytes == block->size_bytes;
        if (ok) {
            listed->block = block;
            listed->filled = g_malloc0(block->size_bytes / PAGE_BYTES);
        }
    }
    return ok || checkpoint_is_damaged(error, "its memory is not that of the machine");
}

/* Of each page the newest content counts: checkpoints are read backwards. */
static bool take_pages(const GArray *listed, GArray *wanted, uint32_t number, const uint8_t *bytes,
                       size_t size)
{
    for (size_t at = 0; at + ENTRY_BYTES <= size; at += ENTRY_BYTES) {
        uint32_t index = bytes_load_le32(bytes + at);
        uint64_t page = bytes_load_le32(bytes + at + 4);
        struct listed *to;

        if (index >= listed->len) {
            return false;
        }
        to = find_listed(wanted, g_array_index(listed, struct listed, index).name);
        if (to == NULL || number < to->first) {
            continue; /* it has gone since then, or was another one */
        }
        if (page >= to->size_bytes / PAGE_BYTES) {
            return false;
        }
        if (to->filled[page] == 0) {
            to->filled[page] = 1;
            memcpy(to->block->host + page * PAGE_BYTES, bytes + at + 8, PAGE_BYTES);
        }
    }
    return size % ENTRY_BYTES == 0;
}

static bool load_pages(struct recording_checkpoints *list, uint32_t index, GArray *wanted,
                       GError **error)
{
    const struct recording_checkpoint *checkpoint = recording_checkpoints_at(list, index);
    g_autoptr(GArray) listed = load_list(list, index, error);
    bool ok = listed != NULL;

    for (uint32_t i = 1; ok && i < checkpoint->part_count; i++) {
        const uint8_t *bytes;
        unsigned kind;
        size_t size;

        ok = recording_checkpoint_load(list, index, i, &kind, &bytes, &size, error);
        if (ok && kind == RECORDING_PART_PAGES &&
            !take_pages(listed, wanted, checkpoint->number, bytes, size)) {
            ok = checkpoint_is_damaged(error, "a page of its memory is nowhere");
        }
    }
    return ok;
}

/* What the loaders have written meanwhile goes where it should not be. */
static void clear_rest(const GArray *wanted)
{
    for (guint i = 0; i < wanted->len; i++) {
        const struct listed *listed = &g_array_index(wanted, struct listed, i);

        /* All other memory is new: not to be looked at, as that would map it. */
        for (uint64_t page = 0; listed->block->is_initial && page < listed->size_bytes / PAGE_BYTES;
             page++) {
            uint8_t *at = listed->block->host + page * PAGE_BYTES;

            if (listed->filled[page] == 0 && !is_zero(at)) {
                memset(at, 0, PAGE_BYTES);
            }
        }
    }
}

bool checkpoint_memory_load(struct machine *machine, struct recording_checkpoints *list,
                            uint32_t index, GError **error)
{
    g_autoptr(GArray) blocks = find_blocks(machine);
    g_autoptr(GArray) wanted = load_list(list, index, error);
    uint32_t first = index + 1;
    bool ok = wanted != NULL && match_blocks(wanted, blocks, error);

    for (guint i = 0; ok && i < wanted->len; i++) {
        first = MIN(first, MAX(g_array_index(wanted, struct listed, i).first, 1));
    }
    for (uint32_t number = index + 1; ok && number >= first; number--) {
        ok = load_pages(list, number - 1, wanted, error);
    }
    if (ok) {
        clear_rest(wanted);
        for (guint i = 0; i < blocks->len; i++) {
            const struct block *block = &g_array_index(blocks, struct block, i);

            soft_machine_ram_changed(machine, block->host, block->size_bytes);
        }
    }
    for (guint i = 0; wanted != NULL && i < wanted->len; i++) {
        g_free(g_array_index(wanted, struct listed, i).filled);
    }
    return ok;
}
