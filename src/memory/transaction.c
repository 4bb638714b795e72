/* SPDX-License-Identifier: GPL-2.0-or-later */
/* transaction.c - the memory system, nesting, and what the outermost commit does. */
#include "memory/transaction.h"

#include "base/invariant.h"
#include "memory/memory_internal.h"
#include "trace/trace.h"

struct memory_system *memory_system_create(struct error_latch *errors)
{
    struct memory_system *system = g_new0(struct memory_system, 1);

    system->errors = errors;
    system->dirty_roots = g_ptr_array_new();
    system->address_spaces = g_ptr_array_new();
    return system;
}

void memory_system_destroy(struct memory_system *system)
{
    if (system == NULL) {
        return;
    }
    invariant(system->depth == 0);
    invariant(system->address_spaces->len == 0);
    g_ptr_array_unref(system->dirty_roots);
    g_ptr_array_unref(system->address_spaces);
    g_free(system);
}

struct error_latch *memory_system_errors(struct memory_system *system)
{
    return system->errors;
}

void memory_system_set_ram_calls(struct memory_system *system, const struct ram_calls *calls)
{
    system->ram_calls = calls;
}

const struct ram_calls *memory_system_ram_calls(const struct memory_system *system)
{
    return system->ram_calls;
}

void memory_system_skip_region_add(struct memory_system *system)
{
    system->skips_region_add = true;
}

void memory_system_set_coalesced_flush(struct memory_system *system, memory_flush_fn flush,
                                       void *opaque)
{
    system->flush = flush;
    system->flush_opaque = opaque;
}

void memory_system_set_ram_write_hook(struct memory_system *system, memory_ram_write_fn hook,
                                      void *opaque)
{
    system->ram_write = hook;
    system->ram_write_opaque = opaque;
}

void memory_system_set_io_access_hook(struct memory_system *system, memory_io_access_fn hook,
                                      void *opaque)
{
    system->io_access = hook;
    system->io_access_opaque = opaque;
}

uint32_t memory_region_transaction_depth(const struct memory_system *system)
{
    return system->depth;
}

uint64_t memory_system_generation(const struct memory_system *system)
{
    return system->generation;
}

uint32_t memory_system_regions_made(const struct memory_system *system)
{
    return system->regions_made;
}

void memory_system_restore(struct memory_system *system, uint64_t generation, uint32_t regions_made)
{
    system->generation = generation;
    system->regions_made = MAX(system->regions_made, regions_made);
}

void memory_system_mark(struct memory_region *region)
{
    GPtrArray *roots = region->system->dirty_roots;

    invariant(region->system->depth > 0);
    while (region->container != NULL) {
        region = region->container;
    }
    if (!g_ptr_array_find(roots, region, NULL)) {
        g_ptr_array_add(roots, region);
    }
}

void memory_region_transaction_begin(struct memory_system *system)
{
    trace_memory_region_transaction_begin_enter(system->depth);
    trace_qemu_flush_coalesced_mmio_buffer_enter();
    if (system->flush != NULL) {
        system->flush(system->flush_opaque);
    }
    trace_qemu_flush_coalesced_mmio_buffer_leave();
    system->depth++;
    trace_memory_region_transaction_begin_leave();
}

/* One of the trees that the view was rendered from has changed. */
static bool is_dirty(const struct address_space *address_space)
{
    const GPtrArray *sources = address_space->view->sources;
    GPtrArray *dirty = address_space->system->dirty_roots;

    for (guint i = 0; i < sources->len; i++) {
        if (g_ptr_array_find(dirty, sources->pdata[i], NULL)) {
            return true;
        }
    }
    return false;
}

static GPtrArray *dirty_spaces(const struct memory_system *system)
{
    GPtrArray *spaces = g_ptr_array_new();

    for (guint i = 0; i < system->address_spaces->len; i++) {
        if (is_dirty(system->address_spaces->pdata[i])) {
            g_ptr_array_add(spaces, system->address_spaces->pdata[i]);
        }
    }
    return spaces;
}

static void render_changes(struct memory_system *system)
{
    GPtrArray *spaces = dirty_spaces(system);
    GPtrArray *views = g_ptr_array_new();

    trace_flatviews_reset_enter(spaces->len);
    for (guint i = 0; i < spaces->len; i++) {
        const struct address_space *space = spaces->pdata[i];

        g_ptr_array_add(views, generate_memory_topology(space->root));
    }
    g_ptr_array_set_size(system->dirty_roots, 0);
    trace_flatviews_reset_leave();
    system->generation++;
    for (guint i = 0; i < spaces->len; i++) {
        address_space_set_flatview(spaces->pdata[i], views->pdata[i]);
    }
    g_ptr_array_unref(views);
    g_ptr_array_unref(spaces);
}

void memory_region_transaction_commit(struct memory_system *system)
{
    bool renders;

    invariant(system->depth > 0);
    system->depth--;
    renders = system->depth == 0 && system->dirty_roots->len > 0;
    trace_memory_region_transaction_commit_enter(system->depth);
    if (renders) {
        render_changes(system);
    }
    trace_memory_region_transaction_commit_leave(renders);
}
