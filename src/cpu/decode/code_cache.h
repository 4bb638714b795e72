/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * code_cache.h - decoded blocks: where they lie and how they are found and dropped; shared by the
 * cache and the translator.
 */
#ifndef REPLUG_CPU_DECODE_CODE_CACHE_H
#define REPLUG_CPU_DECODE_CODE_CACHE_H

#include "cpu/soft_translate.h"

#define SOFT_CODE_ARENA_BYTES (24u << 20)
#define SOFT_BLOCK_HASH_SIZE  16384u
#define SOFT_PAGE_HASH_SIZE   4096u
#define SOFT_GRANULE_BYTES    64u /* a page has as many as a word has bits */

/* A page of RAM that decoded code came from. */
struct soft_code_page {
    const uint8_t *host;
    uint64_t granules; /* bit i: bytes 64 * i to 64 * i + 63 may hold decoded code */
    struct soft_block *blocks;
    struct soft_code_page *next; /* in the hash chain */
};

struct soft_code {
    struct soft_cluster *cluster;
    uint8_t *arena;
    uint64_t used;
    uint64_t generation;
    ZydisDecoder decoders[3];     /* by SOFT_MODE_SIZE */
    const struct soft_row **rows; /* sorted by mnemonic */
    uint32_t *first_row;          /* of each mnemonic, in rows; ends where the next begins */
    struct soft_block *jump[SOFT_JUMP_CACHE_SIZE];
    struct soft_block *hash[SOFT_BLOCK_HASH_SIZE];
    struct soft_code_page *pages[SOFT_PAGE_HASH_SIZE];
    struct soft_block *scratch; /* code that comes from no RAM: decoded at each execution */
};

#define SOFT_BLOCK_BYTES_MAX \
    (sizeof(struct soft_block) + (SOFT_BLOCK_OPS_MAX + 1) * sizeof(struct op))

/* What the translator is given. */
struct soft_source {
    const uint8_t *bytes; /* of the instruction at offset of its page */
    unsigned available;
    uint32_t offset;
    uint32_t mode;
};

enum soft_decoded {
    SOFT_DECODED,            /* at least one operation is there */
    SOFT_DECODED_NEEDS_MORE, /* the first instruction goes on beyond available */
};

/* Fills block->ops, counts, length, single. */
enum soft_decoded soft_translate_block(struct soft_code *code, const struct soft_source *source,
                                       struct soft_block *block);
void soft_translate_init(struct soft_code *code);
void soft_translate_fini(struct soft_code *code);

#endif
