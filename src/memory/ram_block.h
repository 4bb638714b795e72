/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ram_block.h - guest RAM on the host: anonymous, memfd or file memory, given to RAM regions.
 */
#ifndef REPLUG_MEMORY_RAM_BLOCK_H
#define REPLUG_MEMORY_RAM_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct fault_plan;
struct ram_block;

/*
 * What a block asks of the host (host_memory.h says what each does); each int is 0 or an errno. The
 * machine may put functions of its own there, to write answers down or to give recorded ones.
 */
struct ram_calls {
    void *opaque;
    int (*create_memfd)(void *opaque, const char *name, int *out_fd);
    int (*open_file)(void *opaque, const char *path, int *out_fd, bool *out_created);
    int (*file_size)(void *opaque, int fd, uint64_t *out_bytes);
    int (*set_file_size)(void *opaque, int fd, uint64_t size_bytes);
    uint64_t (*page_size)(void *opaque, int fd);
    int (*map)(void *opaque, int fd, uint64_t size_bytes, uint64_t align_bytes, bool share,
               void **out_at);
    int (*populate)(void *opaque, void *at, uint64_t size_bytes);
    void (*remove_file)(void *opaque, const char *path);
    void (*unmap)(void *opaque, void *at, uint64_t size_bytes);
    void (*close)(void *opaque, int fd);
};

extern const struct ram_calls ram_host_calls;

enum ram_block_kind { RAM_BLOCK_ANONYMOUS, RAM_BLOCK_MEMFD, RAM_BLOCK_FILE };

struct ram_block_options {
    enum ram_block_kind kind;
    const char *name;    /* shown in errors and /proc; the backend's id */
    uint64_t size_bytes; /* a multiple of the host page size */
    const char *path; /* RAM_BLOCK_FILE: a file, or a directory in which an unlinked temporary file
                         is made */
    bool share;       /* writes reach the file or memfd */
    bool prealloc;    /* all pages are touched before use */
    uint64_t align_bytes; /* of the host address; 0 = as the host likes (2 MiB for large blocks) */
    struct fault_plan *faults;     /* NULL = none; points memory_map, memory_memfd_create, ... */
    const struct ram_calls *calls; /* NULL = the host's; outlives the block */
};

/* Errors name call, arguments and errno; nothing stays allocated then. Memory reads as zero (a
 * file: as its content). */
struct ram_block *ram_block_create(const struct ram_block_options *options, GError **error);
void ram_block_destroy(struct ram_block *block);

void *ram_block_host(const struct ram_block *block); /* page aligned */
uint64_t ram_block_size(const struct ram_block *block);
uint64_t ram_block_page_size(const struct ram_block *block); /* 4096, or the hugetlbfs page size */
const char *ram_block_name(const struct ram_block *block);

#endif
