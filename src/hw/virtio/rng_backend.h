/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rng_backend.h - "rng-builtin" and "rng-random": where a virtio-rng gets its bytes.
 *
 * The outside gives a seed of 64 bits, once, when a device is realized; the bytes follow from it. So a recording holds
 * eight bytes for any amount of randomness. It is good enough to test guests with, and not for secrets.
 */
#ifndef REPLUG_HW_VIRTIO_RNG_BACKEND_H
#define REPLUG_HW_VIRTIO_RNG_BACKEND_H

#include "qom/object.h"

#define TYPE_RNG_BACKEND "rng-backend"

extern const struct type_info rng_backend_type_info; /* abstract */
extern const struct type_info rng_builtin_type_info;
extern const struct type_info rng_random_type_info; /* property filename, /dev/urandom */

/* The file that the seed comes from; NULL = anywhere. */
const char *rng_backend_filename(const struct object *backend);

/* A backend that is in use can't be deleted. */
bool rng_backend_is_used(const struct object *backend);
void rng_backend_set_used(struct object *backend, bool used);

#endif
