/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * code_cache.c - decoded blocks by host address and mode; dropped exactly when their bytes change,
 * all together when the arena is full or the memory map changes.
 */
#include "cpu/decode/code_cache.h"

struct soft_code *soft_code_create(struct soft_cluster *cluster)
{
    struct soft_code *code = g_new0(struct soft_code, 1);

    code->cluster = cluster;
    code->arena = g_malloc(SOFT_CODE_ARENA_BYTES);
    code->scratch = g_malloc0(SOFT_BLOCK_BYTES_MAX);
    soft_translate_init(code);
    return code;
}

void soft_code_destroy(struct soft_code *code)
{
    if (code == NULL) {
        return;
    }
    soft_translate_fini(code);
    g_free(code->scratch);
    g_free(code->arena);
    g_free(code);
}

struct soft_block **soft_code_jump_cache(struct soft_code *code)
{
    return code->jump;
}

uint64_t soft_code_generation(const struct soft_code *code)
{
    return code->generation;
}

/* ---- pages ---- */

static unsigned page_hash(const uint8_t *host_page)
{
    return (unsigned)((uintptr_t)host_page / SOFT_PAGE_SIZE) % SOFT_PAGE_HASH_SIZE;
}

static const uint8_t *page_of(const uint8_t *host)
{
    return host - (uintptr_t)host % SOFT_PAGE_SIZE;
}

static struct soft_code_page *find_page(const struct soft_code *code, const uint8_t *host_page)
{
    struct soft_code_page *page = code->pages[page_hash(host_page)];

    while (page != NULL && page->host != host_page) {
        page = page->next;
    }
    return page;
}

static uint64_t granules_of(unsigned offset, unsigned size)
{
    unsigned first = offset / SOFT_GRANULE_BYTES;
    unsigned last = (offset + size - 1) / SOFT_GRANULE_BYTES;

    return (UINT64_MAX >> (63 - last)) & (UINT64_MAX << first);
}

/* Room in the arena; everything else may go for it. */
static void *arena_take(struct soft_code *code, uint64_t size)
{
    void *place;

    size = (size + 15) & ~15ull;
    invariant(code->used + size <= SOFT_CODE_ARENA_BYTES);
    place = code->arena + code->used;
    code->used += size;
    return place;
}

/* The page's record; writes to the page go the slow way from now on. */
static struct soft_code_page *use_page(struct soft_code *code, const uint8_t *host_page)
{
    struct soft_code_page *page = find_page(code, host_page);

    if (page == NULL) {
        struct soft_code_page **chain = &code->pages[page_hash(host_page)];

        page = arena_take(code, sizeof(*page));
        *page = (struct soft_code_page){ .host = host_page, .next = *chain };
        *chain = page;
    }
    if (page->granules == 0) {
        for (guint i = 0; i < code->cluster->cpus->len; i++) {
            soft_tlb_protect_code(code->cluster->cpus->pdata[i], host_page);
        }
    }
    return page;
}

bool soft_code_in_page(const struct soft_code *code, const uint8_t *host_page)
{
    const struct soft_code_page *page = find_page(code, host_page);

    return page != NULL && page->granules != 0;
}

bool soft_code_overlaps(const struct soft_code *code, const uint8_t *host, uint64_t size)
{
    const uint8_t *end = host + size;

    while (host < end) {
        const struct soft_code_page *page = find_page(code, page_of(host));
        unsigned offset = (unsigned)(host - page_of(host));
        unsigned step = (unsigned)MIN((uint64_t)(end - host), SOFT_PAGE_SIZE - offset);

        if (page != NULL && (page->granules & granules_of(offset, step)) != 0) {
            return true;
        }
        host += step;
    }
    return false;
}

/* ---- dropping ---- */

static struct soft_block **page_next_of(struct soft_block *block, const uint8_t *host_page)
{
    return page_of(block->host) == host_page ? &block->page_next : &block->page_next2;
}

static unsigned block_hash(const uint8_t *host, uint32_t mode)
{
    return (unsigned)((uintptr_t)host ^ ((uintptr_t)host >> 14) ^ (uintptr_t)mode << 9) %
           SOFT_BLOCK_HASH_SIZE;
}

static void unhash(struct soft_code *code, const struct soft_block *block)
{
    struct soft_block **at = &code->hash[block_hash(block->host, block->mode)];

    while (*at != NULL && *at != block) {
        at = &(*at)->hash_next;
    }
    if (*at != NULL) {
        *at = block->hash_next;
    }
}

/* The bytes of the block that lie in the page, as offsets. */
static void range_in_page(const struct soft_block *block, const uint8_t *host_page, unsigned *first,
                          unsigned *end)
{
    unsigned offset = (unsigned)(block->host - page_of(block->host));

    if (page_of(block->host) == host_page) {
        *first = offset;
        *end = MIN(offset + block->length, SOFT_PAGE_SIZE);
    } else {
        *first = 0;
        *end = offset + block->length - SOFT_PAGE_SIZE;
    }
}

/* No jump leads to what is stale; the granules are those of the blocks that are left. */
static void clean_page(struct soft_code_page *page)
{
    struct soft_block **at = &page->blocks;

    page->granules = 0;
    while (*at != NULL) {
        struct soft_block *block = *at;
        unsigned first;
        unsigned end;

        if (block->stale) {
            *at = *page_next_of(block, page->host);
            continue;
        }
        for (unsigned i = 0; i < 2; i++) {
            if (block->link[i] != NULL && block->link[i]->stale) {
                block->link[i] = NULL;
            }
        }
        range_in_page(block, page->host, &first, &end);
        page->granules |= granules_of(first, end - first);
        at = page_next_of(block, page->host);
    }
}

static void make_stale(struct soft_code *code, struct soft_block *block, const uint8_t *host_page)
{
    const uint8_t *other =
        page_of(block->host) == host_page ? block->host_next : page_of(block->host);

    unhash(code, block);
    block->stale = true;
    if (block->crossing && other != host_page) {
        struct soft_code_page *page = find_page(code, other);

        if (page != NULL) {
            clean_page(page);
        }
    }
    /* The jump cache compares this and so misses. */
    block->host = NULL;
}

static void drop_in_page(struct soft_code *code, struct soft_code_page *page, unsigned offset,
                         unsigned size)
{
    bool any = false;
    struct soft_block *block = page->blocks;
    struct soft_block **at = &page->blocks;

    while ((block = *at) != NULL) {
        struct soft_block **next = page_next_of(block, page->host);
        unsigned first;
        unsigned end;

        range_in_page(block, page->host, &first, &end);
        if (first < offset + size && offset < end) {
            *at = *next;
            make_stale(code, block, page->host);
            any = true;
        } else {
            at = next;
        }
    }
    if (any) {
        clean_page(page);
    }
    if (page->granules == 0) {
        for (guint i = 0; i < code->cluster->cpus->len; i++) {
            soft_tlb_unprotect_code(code->cluster->cpus->pdata[i], page->host);
        }
    }
}

void soft_code_written(struct soft_code *code, const uint8_t *host, uint64_t size)
{
    const uint8_t *end = host + size;

    while (host < end) {
        struct soft_code_page *page = find_page(code, page_of(host));
        unsigned offset = (unsigned)(host - page_of(host));
        unsigned step = (unsigned)MIN((uint64_t)(end - host), SOFT_PAGE_SIZE - offset);

        if (page != NULL && (page->granules & granules_of(offset, step)) != 0) {
            drop_in_page(code, page, offset, step);
        }
        host += step;
    }
}

void soft_code_flush(struct soft_code *code)
{
    for (unsigned i = 0; i < SOFT_PAGE_HASH_SIZE; i++) {
        for (struct soft_code_page *page = code->pages[i]; page != NULL; page = page->next) {
            for (guint k = 0; k < code->cluster->cpus->len; k++) {
                soft_tlb_unprotect_code(code->cluster->cpus->pdata[k], page->host);
            }
        }
    }
    memset(code->jump, 0, sizeof(code->jump));
    memset(code->hash, 0, sizeof(code->hash));
    memset(code->pages, 0, sizeof(code->pages));
    code->used = 0;
    code->generation++;
}

/* ---- finding and decoding ---- */

static struct soft_block *find_block(const struct soft_code *code, const uint8_t *host,
                                     uint32_t mode)
{
    struct soft_block *block = code->hash[block_hash(host, mode)];

    while (block != NULL && (block->host != host || block->mode != mode)) {
        block = block->hash_next;
    }
    return block;
}

/* Host page of code at linear; NULL with *is_device where it is no RAM, without = fault. */
static const uint8_t *fetch_page(struct soft_cpu *cpu, uint64_t linear, bool *is_device)
{
    const struct soft_tlb_exec_entry *entry =
        &cpu->tlb_exec[(linear / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE];

    *is_device = false;
    if ((entry->tag == SOFT_TLB_NONE ||
         (entry->tag & SOFT_PAGE_MASK) != (linear & SOFT_PAGE_MASK)) &&
        !soft_tlb_fill(cpu, linear, SOFT_EXECUTE, cpu->mmu_index)) {
        return NULL;
    }
    if ((entry->tag & SOFT_TLB_IO) != 0) {
        *is_device = true;
        return NULL;
    }
    return (const uint8_t *)(uintptr_t)((linear & SOFT_PAGE_MASK) + entry->addend);
}

/* The bytes of an instruction where they are not in one page of RAM. False = fault. */
static bool fetch_bytes(struct soft_cpu *cpu, uint64_t linear, uint8_t *bytes, unsigned size)
{
    while (size > 0) {
        unsigned step = MIN(size, (unsigned)(SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE));
        bool is_device;
        const uint8_t *page = fetch_page(cpu, linear, &is_device);

        if (page != NULL) {
            memcpy(bytes, page + linear % SOFT_PAGE_SIZE, step);
        } else if (is_device) {
            const struct soft_tlb_exec_entry *entry =
                &cpu->tlb_exec[(linear / SOFT_PAGE_SIZE) % SOFT_TLB_EXEC_SIZE];

            soft_sync_time(cpu, cpu->block->ops);
            (void)address_space_read(cpu->cluster->options.memory, linear + entry->addend, bytes,
                                     step);
            soft_tell_access(cpu, &(struct soft_device_access){ .address = linear + entry->addend,
                                                                .bytes = bytes,
                                                                .size = step });
        } else {
            return false;
        }
        bytes += step;
        linear += step;
        size -= step;
        if (!cpu->is_64bit) {
            linear = (uint32_t)linear;
        }
    }
    return true;
}

#define INSTRUCTION_BYTES_MAX 15u

static void insert(struct soft_code *code, struct soft_block *block, const uint8_t *host)
{
    struct soft_code_page *page = use_page(code, page_of(host));
    unsigned hash = block_hash(host, block->mode);
    unsigned first;
    unsigned end;

    block->host = host;
    block->hash_next = code->hash[hash];
    code->hash[hash] = block;
    block->page_next = page->blocks;
    page->blocks = block;
    range_in_page(block, page->host, &first, &end);
    page->granules |= granules_of(first, end - first);
    if (block->crossing && block->host_next != page->host) {
        struct soft_code_page *next = use_page(code, block->host_next);

        block->page_next2 = next->blocks;
        next->blocks = block;
        range_in_page(block, next->host, &first, &end);
        next->granules |= granules_of(first, end - first);
    }
}

/* An instruction with bytes in two pages, or none in RAM. host is NULL for the latter. */
static struct soft_block *decode_apart(struct soft_cpu *cpu, const uint8_t *host, uint64_t linear,
                                       uint32_t mode)
{
    struct soft_code *code = cpu->cluster->code;
    struct soft_block *block = code->scratch;
    uint8_t bytes[INSTRUCTION_BYTES_MAX];
    unsigned first = (unsigned)(SOFT_PAGE_SIZE - linear % SOFT_PAGE_SIZE);
    struct soft_source source = { .bytes = bytes,
                                  .available = MIN(first, INSTRUCTION_BYTES_MAX),
                                  .offset = (uint32_t)(linear % SOFT_PAGE_SIZE),
                                  .mode = mode | SOFT_MODE_SINGLE };
    bool is_device;

    if (!fetch_bytes(cpu, linear, bytes, source.available)) {
        return NULL;
    }
    if (soft_translate_block(code, &source, block) == SOFT_DECODED_NEEDS_MORE) {
        if (!fetch_bytes(cpu, linear, bytes, INSTRUCTION_BYTES_MAX)) {
            return NULL;
        }
        source.available = INSTRUCTION_BYTES_MAX;
        (void)soft_translate_block(code, &source, block);
    }
    block->mode = mode;
    block->crossing = block->length > first;
    if (host == NULL || !block->crossing) {
        return block;
    }
    block->host_next = fetch_page(cpu, linear + first, &is_device);
    if (block->host_next == NULL || block->host_next == page_of(host)) {
        return block;
    }
    block = arena_take(code, sizeof(*block) + 2 * sizeof(struct op));
    memcpy(block, code->scratch, sizeof(*block) + 2 * sizeof(struct op));
    insert(code, block, host);
    return block;
}

static struct soft_block *decode(struct soft_cpu *cpu, const uint8_t *host, uint64_t linear,
                                 uint32_t mode)
{
    struct soft_code *code = cpu->cluster->code;
    unsigned offset = (unsigned)(linear % SOFT_PAGE_SIZE);
    struct soft_source source = {
        .bytes = host, .available = SOFT_PAGE_SIZE - offset, .offset = offset, .mode = mode
    };
    struct soft_block *block = (struct soft_block *)(void *)(code->arena + code->used);

    if (soft_translate_block(code, &source, block) == SOFT_DECODED_NEEDS_MORE) {
        return decode_apart(cpu, host, linear, mode);
    }
    block->mode = mode;
    code->used +=
        (sizeof(*block) + (block->instruction_count + 1u) * sizeof(struct op) + 15) & ~15ull;
    insert(code, block, host);
    return block;
}

/* Is the crossing block's second page still what follows? False = fault. */
static bool check_crossing(struct soft_cpu *cpu, struct soft_block **block, uint64_t linear)
{
    bool is_device;
    const uint8_t *next;

    if (soft_likely(!(*block)->crossing)) {
        return true;
    }
    next = fetch_page(
        cpu, cpu->is_64bit ? linear + (*block)->length : (uint32_t)(linear + (*block)->length),
        &is_device);
    if (next == (*block)->host_next) {
        return true;
    }
    if (next == NULL && !is_device) {
        return false;
    }
    soft_code_written(cpu->cluster->code, (*block)->host, 1);
    *block = NULL;
    return true;
}

/* Outside flat segments and 64-bit mode: RIP within CS; in 64-bit mode canonical. */
static bool rip_is_valid(struct soft_cpu *cpu, unsigned length)
{
    if (cpu->is_64bit) {
        return true;
    }
    if (cpu->state.rip + length - 1 > cpu->state.segments[X86_CS].limit) {
        return soft_fail_code(cpu, SOFT_GP, 0);
    }
    return true;
}

struct soft_block *soft_block_lookup(struct soft_cpu *cpu, uint32_t extra_mode)
{
    struct soft_code *code = cpu->cluster->code;
    uint64_t rip = cpu->state.rip;
    uint64_t linear = cpu->is_64bit ? rip : (uint32_t)(rip + cpu->state.segments[X86_CS].base);
    uint32_t mode = cpu->mode | extra_mode;
    struct soft_block *block = NULL;
    const uint8_t *host;
    bool is_device;

    if (!rip_is_valid(cpu, 1)) {
        return NULL;
    }
    cpu->state.gpr[SOFT_GPR_CODE] = rip - linear % SOFT_PAGE_SIZE;
    host = fetch_page(cpu, linear, &is_device);
    if (host == NULL) {
        block = is_device ? decode_apart(cpu, NULL, linear, mode) : NULL;
    } else {
        host += linear % SOFT_PAGE_SIZE;
        block = find_block(code, host, mode);
        if (block != NULL && !check_crossing(cpu, &block, linear)) {
            return NULL;
        }
        if (block == NULL) {
            if (code->used + SOFT_BLOCK_BYTES_MAX + 4096 > SOFT_CODE_ARENA_BYTES) {
                soft_code_flush(code);
            }
            block = decode(cpu, host, linear, mode);
        }
        if (block != NULL && !block->crossing &&
            (mode & (SOFT_MODE_CS_LIMITED | SOFT_MODE_SINGLE)) == 0) {
            code->jump[soft_jump_hash(linear)] = block;
        }
    }
    if (block != NULL && (mode & SOFT_MODE_CS_LIMITED) != 0 && !rip_is_valid(cpu, block->length)) {
        if ((mode & SOFT_MODE_SINGLE) == 0) {
            return soft_block_lookup(cpu, SOFT_MODE_SINGLE);
        }
        return NULL;
    }
    return block;
}
