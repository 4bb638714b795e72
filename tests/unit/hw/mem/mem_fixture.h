/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mem_fixture.h - a board with backends and DIMMs: "/objects", a hotplug handler that plugs as the
 * PC does, and the device memory region at 4 GiB.
 */
#ifndef REPLUG_TESTS_UNIT_HW_MEM_MEM_FIXTURE_H
#define REPLUG_TESTS_UNIT_HW_MEM_MEM_FIXTURE_H

#include "hw/board_fixture.h"
#include "hw/mem/memory_backend.h"
#include "hw/mem/pc_dimm.h"

#define MIB       (1ull << 20)
#define GIB       (1ull << 30)
#define DIMM_BASE (4 * GIB)

struct mem_fixture {
    struct board_fixture *board;
    struct object *objects;
    struct object *handler;
    struct device_memory memory;
    uint32_t slots;
};

struct dimm_handler {
    struct object object;
    struct mem_fixture *fixture;
};

static inline struct mem_fixture *fixture_of(struct object *handler)
{
    return ((struct dimm_handler *)(void *)handler)->fixture;
}

static inline bool handler_pre_plug(struct object *handler, struct device *device, GError **error)
{
    struct mem_fixture *m = fixture_of(handler);

    return pc_dimm_pre_plug((struct pc_dimm *)(void *)device, &m->memory, m->slots, error);
}

static inline bool handler_plug(struct object *handler, struct device *device, GError **error)
{
    struct mem_fixture *m = fixture_of(handler);

    pc_dimm_memory_plug((struct pc_dimm *)(void *)device, &m->memory);
    return error_latch_take(&m->board->errors, error);
}

static inline bool handler_unplug(struct object *handler, struct device *device, GError **error)
{
    (void)error;
    pc_dimm_memory_unplug((struct pc_dimm *)(void *)device, &fixture_of(handler)->memory);
    return true;
}

static inline struct mem_fixture *mem_fixture_create(uint64_t region_bytes, uint64_t max_bytes,
                                                     uint32_t slots)
{
    static const struct hotplug_handler_methods methods = { .pre_plug = handler_pre_plug,
                                                            .plug = handler_plug,
                                                            .unplug = handler_unplug };
    static const struct interface_impl interfaces[] = { { TYPE_HOTPLUG_HANDLER, &methods },
                                                        { NULL, NULL } };
    static const struct type_info handler_type = { .name = "dimm-handler",
                                                   .parent = "object",
                                                   .instance_size = sizeof(struct dimm_handler),
                                                   .interfaces = interfaces };
    static const struct type_info *const types[] = {
        &user_creatable_type_info,
        &memory_backend_type_info,
        &memory_backend_ram_type_info,
        &memory_backend_memfd_type_info,
        &memory_backend_file_type_info,
        &pc_dimm_type_info,
        &handler_type,
        NULL,
    };
    struct mem_fixture *m = g_new0(struct mem_fixture, 1);

    m->board = board_fixture_create(types);
    m->objects = object_create(m->board->registry, "container", NULL);
    assert_true(object_add_child(m->board->root, "objects", m->objects, NULL));
    m->handler = object_create(m->board->registry, "dimm-handler", NULL);
    ((struct dimm_handler *)(void *)m->handler)->fixture = m;
    m->board->hotplug_handler = m->handler;
    m->slots = slots;
    device_memory_init(&m->memory, m->board->board.memory, DIMM_BASE, region_bytes, max_bytes);
    if (region_bytes != 0) {
        memory_region_add_subregion(&m->board->system_memory, DIMM_BASE, &m->memory.region);
    }
    return m;
}

static inline void mem_fixture_configure(void *opaque, struct object *object)
{
    struct mem_fixture *m = opaque;

    memory_backend_set_system(object, m->board->board.memory, &m->board->faults);
}

/* object-add; json: the properties. NULL = it worked, else the error's text, which the caller
 * frees. */
static inline char *backend_add(struct mem_fixture *m, const char *type, const char *id,
                                const char *json)
{
    struct json_object *properties = json_tokener_parse(json);
    struct user_creatable_options options = {
        .registry = m->board->registry,
        .objects = m->objects,
        .root = m->board->root,
        .type = type,
        .id = id,
        .properties = properties,
        .configure = mem_fixture_configure,
        .opaque = m,
    };
    g_autoptr(GError) error = NULL;
    bool ok = user_creatable_add(&options, &error);

    assert_non_null(properties);
    json_object_put(properties);
    assert_true(ok == (error == NULL));
    return ok ? NULL : g_strdup(error->message);
}

static inline void backend(struct mem_fixture *m, const char *type, const char *id, uint64_t bytes)
{
    g_autofree char *json = g_strdup_printf("{\"size\": %" G_GUINT64_FORMAT "}", bytes);
    g_autofree char *text = backend_add(m, type, id, json);

    if (text != NULL) {
        fail_msg("object-add %s: %s", id, text);
    }
}

/* device_add pc-dimm; settings: "memdev=ram0,slot=1". NULL = it worked, else the error's text; the
 * refused device is gone then. */
static inline char *dimm_add(struct mem_fixture *m, const char *id, const char *settings)
{
    struct device *device = board_fixture_device(m->board, TYPE_PC_DIMM, id);
    g_auto(GStrv) parts = g_strsplit(settings, ",", -1);
    g_autoptr(GError) error = NULL;
    bool ok = true;

    device->hotplugged = true;
    for (unsigned i = 0; ok && parts[i] != NULL && parts[i][0] != '\0'; i++) {
        char *value = strchr(parts[i], '=');

        *value = '\0';
        ok = object_property_parse(&device->object, parts[i], value + 1, m->board->root, &error);
    }
    ok = ok && device_set_realized(device, true, &error);
    assert_true(ok == (error == NULL));
    if (ok) {
        return NULL;
    }
    object_destroy(&device->object);
    return g_strdup(error->message);
}

static inline void dimm(struct mem_fixture *m, const char *id, const char *settings)
{
    g_autofree char *text = dimm_add(m, id, settings);

    if (text != NULL) {
        fail_msg("device_add %s: %s", id, text);
    }
}

static inline void dimm_refused(struct mem_fixture *m, const char *settings, const char *expected)
{
    uint64_t before = memory_system_generation(m->board->board.memory);
    uint64_t plugged = m->memory.plugged_bytes;
    g_autofree char *text = dimm_add(m, "refused", settings);

    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(memory_system_generation(m->board->board.memory), before);
    assert_int_equal(m->memory.plugged_bytes, plugged);
}

static inline struct pc_dimm *dimm_named(struct mem_fixture *m, const char *id)
{
    return (struct pc_dimm *)(void *)object_child(m->board->root, id);
}

static inline void dimm_remove(struct mem_fixture *m, const char *id)
{
    struct device *device = &dimm_named(m, id)->device;

    assert_true(hotplug_handler_unplug(m->handler, device, NULL));
    assert_true(device_set_realized(device, false, NULL));
    object_destroy(&device->object);
}

static inline void mem_fixture_destroy(struct mem_fixture *m)
{
    while (m->memory.devices->len > 0) {
        dimm_remove(m, ((struct device *)g_ptr_array_index(m->memory.devices, 0))->id);
    }
    if (m->memory.size != 0) {
        memory_region_del_subregion(&m->board->system_memory, &m->memory.region);
    }
    device_memory_fini(&m->memory);
    object_destroy(m->handler);
    board_fixture_destroy(m->board);
    g_free(m);
}

#endif
