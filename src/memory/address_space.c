/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address_space.c - address spaces with their listeners; the DMA port. */
#include "memory/address_space.h"

#include "base/invariant.h"
#include "memory/memory_internal.h"
#include "trace/trace.h"

/* No commit told of what the tree shows already. */
static void trace_first_view(const struct address_space *address_space)
{
    const struct flatview *view = address_space->view;

    for (uint32_t i = 0; i < view->count; i++) {
        const struct flat_range *range = &view->ranges[i];

        trace_flat_range_added(address_space->name, range->first, range->last - range->first + 1,
                               range->region->name, range->region_offset, range->readonly,
                               range->region->number);
    }
}

struct address_space *address_space_create(struct memory_system *system, struct memory_region *root,
                                           const char *name)
{
    struct address_space *address_space = g_new0(struct address_space, 1);

    address_space->system = system;
    address_space->root = root;
    address_space->name = g_strdup(name);
    address_space->listeners = g_ptr_array_new();
    address_space->view = generate_memory_topology(root);
    g_ptr_array_add(system->address_spaces, address_space);
    trace_address_space_created(address_space->name, root->number);
    trace_first_view(address_space);
    return address_space;
}

void address_space_destroy(struct address_space *address_space)
{
    if (address_space == NULL) {
        return;
    }
    invariant(address_space->listeners->len == 0);
    trace_address_space_destroyed(address_space->name);
    g_ptr_array_remove(address_space->system->address_spaces, address_space);
    g_ptr_array_unref(address_space->listeners);
    flatview_unref(address_space->view);
    g_free(address_space->name);
    g_free(address_space);
}

const char *address_space_name(const struct address_space *address_space)
{
    return address_space->name;
}

struct flatview *address_space_flatview(const struct address_space *address_space)
{
    return address_space->view;
}

void memory_listener_register(struct memory_listener *listener, struct address_space *address_space)
{
    GPtrArray *listeners = address_space->listeners;
    guint at = 0;

    invariant(address_space->system->depth == 0);
    while (at < listeners->len &&
           ((struct memory_listener *)listeners->pdata[at])->priority <= listener->priority) {
        at++;
    }
    g_ptr_array_insert(listeners, (gint)at, listener);
    listener_add_all(listener, address_space);
}

void memory_listener_unregister(struct memory_listener *listener,
                                struct address_space *address_space)
{
    bool removed;

    listener_del_all(listener, address_space);
    removed = g_ptr_array_remove(address_space->listeners, listener);
    invariant(removed);
}

static bool port_read(void *opaque, gpa_t gpa, void *buffer, uint64_t size)
{
    return address_space_read(opaque, gpa, buffer, size);
}

static bool port_write(void *opaque, gpa_t gpa, const void *buffer, uint64_t size)
{
    return address_space_write(opaque, gpa, buffer, size);
}

void dma_port_init(struct dma_port *port, struct address_space *address_space)
{
    *port = (struct dma_port){ .read = port_read, .write = port_write, .opaque = address_space };
}
