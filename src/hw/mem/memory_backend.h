/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_backend.h - objects memory-backend-ram, -memfd, -file: host memory under an id, for a DIMM
 * or the machine to use.
 */
#ifndef REPLUG_HW_MEM_MEMORY_BACKEND_H
#define REPLUG_HW_MEM_MEMORY_BACKEND_H

#include "memory/region.h"
#include "qom/object.h"

#define TYPE_MEMORY_BACKEND "memory-backend"

struct fault_plan;

/*
 * Types: abstract base; properties size, share, prealloc, merge, dump, reserve, (file:) mem-path,
 * align, discard-data, pmem. merge, dump, reserve and discard-data are kept for who asks and change
 * nothing here; pmem=on is refused. Once complete only merge and dump may change.
 */
extern const struct type_info memory_backend_type_info;
extern const struct type_info memory_backend_ram_type_info;
extern const struct type_info memory_backend_memfd_type_info;
extern const struct type_info memory_backend_file_type_info;

/* Before complete (user-creatable): where its RAM region belongs and which faults to consult. The
 * machine calls it for each new object. */
void memory_backend_set_system(struct object *backend, struct memory_system *system,
                               struct fault_plan *faults);

uint64_t memory_backend_size(const struct object *backend); /* bytes */
uint64_t memory_backend_page_size(const struct object *backend);
/* What a guest address of it must be a multiple of, as in QEMU: 2 MiB for memory-backend-ram (a huge
 * page), else the page size, or the file's "align". */
uint64_t memory_backend_alignment(const struct object *backend);
/* Valid from complete on. */
struct memory_region *memory_backend_region(struct object *backend);

/* In use by a device or the machine: object-del is refused, a second user too. */
bool memory_backend_is_mapped(const struct object *backend);
void memory_backend_set_mapped(struct object *backend, bool mapped);

#endif
