/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_backend.c - the memory-backend types: properties, host memory made at completion, who uses
 * it. */
#include "hw/mem/memory_backend.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/error.h"
#include "base/invariant.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "qom/property.h"
#include "trace/trace.h"

#define SMALL_PAGE_BYTES 4096u
#define HUGE_PAGE_BYTES  (2ull << 20)

struct memory_backend_class {
    enum ram_block_kind kind;
};

struct memory_backend {
    struct object object;
    uint64_t size_bytes;
    uint64_t align_bytes;
    bool share, prealloc, merge, dump, reserve;
    bool discard_data, pmem;
    bool mapped;
    char *mem_path;
    struct memory_system *system;
    struct fault_plan *faults;
    struct ram_block *block; /* NULL until complete */
    struct memory_region region;
};

static struct memory_backend *as_backend(struct object *object)
{
    return (struct memory_backend *)(void *)object;
}

static const struct memory_backend *as_const_backend(const struct object *object)
{
    return (const struct memory_backend *)(const void *)object;
}

static enum ram_block_kind kind_of(const struct object *object)
{
    const struct memory_backend_class *class = object_class(object);

    return class->kind;
}

/* ---- properties ---- */

static bool set_size(struct object *object, const struct property_info *property,
                     const struct json_object *value, GError **error)
{
    if (json_object_get_uint64(value) == 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "property '%s' of %s doesn't take value '0'", property->name,
                    object_type_name(object));
        return false;
    }
    property_store(object, property, value);
    return true;
}

/* What shaped the memory is fixed with it. */
static bool allow_set(const struct object *object, const struct property_info *property,
                      GError **error)
{
    const struct memory_backend *backend = as_const_backend(object);

    if (backend->block == NULL || strcmp(property->name, "merge") == 0 ||
        strcmp(property->name, "dump") == 0) {
        return true;
    }
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID, "cannot change property %s of %s",
                property->name, object_type_name(object));
    return false;
}

#define AT(field) .offset = offsetof(struct memory_backend, field)

static const struct property_info base_properties[] = {
    { .name = "size",
      .kind = PROPERTY_SIZE,
      AT(size_bytes),
      .set = set_size,
      .type_text = "int",
      .description = "Size of the memory region (ex: 500M)" },
    { .name = "share",
      .kind = PROPERTY_BOOL,
      AT(share),
      .description = "Whether writes reach the file or memfd" },
    { .name = "prealloc",
      .kind = PROPERTY_BOOL,
      AT(prealloc),
      .description = "Touch all pages before use" },
    { .name = "merge", .kind = PROPERTY_BOOL, AT(merge), .default_text = "on" },
    { .name = "dump", .kind = PROPERTY_BOOL, AT(dump), .default_text = "on" },
    { .name = "reserve", .kind = PROPERTY_BOOL, AT(reserve), .default_text = "on" },
    { .name = NULL },
};

static const struct property_info memfd_properties[] = {
    { .name = "share",
      .kind = PROPERTY_BOOL,
      AT(share),
      .default_text = "on",
      .description = "Whether writes reach the memfd" },
    { .name = NULL },
};

static const struct property_info file_properties[] = {
    { .name = "mem-path",
      .kind = PROPERTY_STRING,
      AT(mem_path),
      .description = "The file, or a directory for an unlinked temporary one" },
    { .name = "align",
      .kind = PROPERTY_SIZE,
      AT(align_bytes),
      .type_text = "int",
      .description = "Alignment of the memory on the host and in the guest" },
    { .name = "discard-data", .kind = PROPERTY_BOOL, AT(discard_data) },
    { .name = "pmem", .kind = PROPERTY_BOOL, AT(pmem) },
    { .name = NULL },
};

/* ---- life ---- */

static bool refuse(GError **error, enum replug_error_code code, const char *text)
{
    g_set_error_literal(error, REPLUG_ERROR, (gint)code, text);
    return false;
}

static bool check(const struct memory_backend *backend, GError **error)
{
    if (kind_of(&backend->object) == RAM_BLOCK_FILE && backend->mem_path == NULL) {
        return refuse(error, REPLUG_ERROR_INVALID, "Parameter 'mem-path' is missing");
    }
    if (backend->size_bytes == 0) {
        return refuse(error, REPLUG_ERROR_INVALID, "Parameter 'size' is missing");
    }
    if (backend->mem_path != NULL && backend->mem_path[0] == '\0') {
        return refuse(error, REPLUG_ERROR_INVALID, "mem-path property not set");
    }
    if (backend->pmem) {
        return refuse(error, REPLUG_ERROR_UNSUPPORTED,
                      "pmem=on is not supported; expected pmem=off");
    }
    if (backend->align_bytes % SMALL_PAGE_BYTES != 0 ||
        (backend->align_bytes & (backend->align_bytes - 1)) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "alignment 0x%" PRIx64 " must be a power of two and a multiple of page size "
                    "0x%x",
                    backend->align_bytes, SMALL_PAGE_BYTES);
        return false;
    }
    return true;
}

static bool complete(struct object *object, GError **error)
{
    struct memory_backend *backend = as_backend(object);
    struct ram_block_options options = {
        .kind = kind_of(object),
        .name = object->name,
        .size_bytes = backend->size_bytes,
        .path = backend->mem_path,
        .share = backend->share,
        .prealloc = backend->prealloc,
        .align_bytes = backend->align_bytes,
        .faults = backend->faults,
    };

    invariant(backend->system != NULL);
    options.calls = memory_system_ram_calls(backend->system);
    if (!check(backend, error)) {
        return false;
    }
    backend->block = ram_block_create(&options, error);
    if (backend->block == NULL) {
        return false;
    }
    if (backend->align_bytes % ram_block_page_size(backend->block) != 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                    "alignment 0x%" PRIx64 " must be a multiple of page size 0x%" PRIx64,
                    backend->align_bytes, ram_block_page_size(backend->block));
        return false; /* the object is destroyed, and its memory with it */
    }
    memory_region_init_ram(&backend->region, backend->system, object->name, backend->block);
    trace_memory_backend_completed(object->name, object_type_name(object), backend->size_bytes,
                                   backend->share, backend->prealloc);
    return true;
}

static bool can_be_deleted(const struct object *object)
{
    return !as_const_backend(object)->mapped;
}

static void backend_fini(struct object *object)
{
    struct memory_backend *backend = as_backend(object);

    memory_region_fini(&backend->region);
    ram_block_destroy(backend->block);
}

static const struct user_creatable_methods creatable = {
    .complete = complete,
    .can_be_deleted = can_be_deleted,
};

static const struct property_guard_methods guard = { .allow = allow_set };

static const struct interface_impl interfaces[] = {
    { TYPE_USER_CREATABLE, &creatable },
    { TYPE_PROPERTY_GUARD, &guard },
    { NULL, NULL },
};

static const struct memory_backend_class ram_class = { .kind = RAM_BLOCK_ANONYMOUS };
static const struct memory_backend_class memfd_class = { .kind = RAM_BLOCK_MEMFD };
static const struct memory_backend_class file_class = { .kind = RAM_BLOCK_FILE };

const struct type_info memory_backend_type_info = {
    .name = TYPE_MEMORY_BACKEND,
    .parent = "object",
    .abstract = true,
    .instance_size = sizeof(struct memory_backend),
    .interfaces = interfaces,
    .properties = base_properties,
    .instance_fini = backend_fini,
};

const struct type_info memory_backend_ram_type_info = {
    .name = "memory-backend-ram",
    .parent = TYPE_MEMORY_BACKEND,
    .class_methods = &ram_class,
};

const struct type_info memory_backend_memfd_type_info = {
    .name = "memory-backend-memfd",
    .parent = TYPE_MEMORY_BACKEND,
    .properties = memfd_properties,
    .class_methods = &memfd_class,
};

const struct type_info memory_backend_file_type_info = {
    .name = "memory-backend-file",
    .parent = TYPE_MEMORY_BACKEND,
    .properties = file_properties,
    .class_methods = &file_class,
};

/* ---- for its users ---- */

void memory_backend_set_system(struct object *backend, struct memory_system *system,
                               struct fault_plan *faults)
{
    as_backend(backend)->system = system;
    as_backend(backend)->faults = faults;
}

uint64_t memory_backend_size(const struct object *backend)
{
    return as_const_backend(backend)->size_bytes;
}

uint64_t memory_backend_page_size(const struct object *object)
{
    const struct memory_backend *backend = as_const_backend(object);

    return backend->block != NULL ? ram_block_page_size(backend->block) : SMALL_PAGE_BYTES;
}

uint64_t memory_backend_alignment(const struct object *object)
{
    uint64_t page = memory_backend_page_size(object);

    if (kind_of(object) == RAM_BLOCK_ANONYMOUS) {
        return HUGE_PAGE_BYTES;
    }
    return MAX(page, as_const_backend(object)->align_bytes);
}

struct memory_region *memory_backend_region(struct object *backend)
{
    invariant(as_backend(backend)->block != NULL);
    return &as_backend(backend)->region;
}

bool memory_backend_is_mapped(const struct object *backend)
{
    return as_const_backend(backend)->mapped;
}

void memory_backend_set_mapped(struct object *backend, bool mapped)
{
    invariant(as_backend(backend)->mapped != mapped);
    as_backend(backend)->mapped = mapped;
}
