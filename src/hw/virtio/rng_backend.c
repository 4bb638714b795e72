/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rng_backend.c - the rng objects: what seeds a virtio-rng, and whether one uses it. */
#include "hw/virtio/rng_backend.h"

#include "qom/property.h"

struct rng_backend {
    struct object object;
    char *filename;
    bool used;
};

static struct rng_backend *as_backend(struct object *object)
{
    return (struct rng_backend *)(void *)object;
}

static const struct rng_backend *as_const_backend(const struct object *object)
{
    return (const struct rng_backend *)(const void *)object;
}

const char *rng_backend_filename(const struct object *backend)
{
    return as_const_backend(backend)->filename;
}

bool rng_backend_is_used(const struct object *backend)
{
    return as_const_backend(backend)->used;
}

void rng_backend_set_used(struct object *backend, bool used)
{
    as_backend(backend)->used = used;
}

static bool can_be_deleted(const struct object *object)
{
    return !rng_backend_is_used(object);
}

static const struct user_creatable_methods methods = { .can_be_deleted = can_be_deleted };

static const struct interface_impl interfaces[] = {
    { TYPE_USER_CREATABLE, &methods },
    { NULL, NULL },
};

static const struct property_info random_properties[] = {
    { .name = "filename",
      .kind = PROPERTY_STRING,
      .offset = offsetof(struct rng_backend, filename),
      .default_text = "/dev/urandom" },
    { .name = NULL },
};

const struct type_info rng_backend_type_info = {
    .name = TYPE_RNG_BACKEND,
    .parent = "object",
    .abstract = true,
    .instance_size = sizeof(struct rng_backend),
    .interfaces = interfaces,
};

const struct type_info rng_builtin_type_info = {
    .name = "rng-builtin",
    .parent = TYPE_RNG_BACKEND,
};

const struct type_info rng_random_type_info = {
    .name = "rng-random",
    .parent = TYPE_RNG_BACKEND,
    .properties = random_properties,
};
