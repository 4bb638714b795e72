/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page_walk.h - from a linear address to a physical one by the guest's paging structures. */
#ifndef REPLUG_CPU_MMU_PAGE_WALK_H
#define REPLUG_CPU_MMU_PAGE_WALK_H

#include "cpu/soft_registers.h"

#define PAGE_LEVELS_MAX 4

struct page_entry {
    uint64_t gpa; /* where the entry lies */
    uint64_t value;
    unsigned size; /* 4 or 8 bytes; 0: a PDPTE in its register */
};

struct page_walk {
    struct page_entry entries[PAGE_LEVELS_MAX]; /* from the root down */
    unsigned count;
    uint64_t gpa;                             /* of linear's 4 KiB page */
    bool is_present;                          /* false: not mapped */
    bool is_reserved;                         /* a reserved bit is set */
    bool is_writable, is_user, is_executable; /* by all levels */
    bool is_global;
    bool is_dirty;  /* the entry that maps the page */
    unsigned shift; /* the page has 1 << shift bytes: 12, 21, 22, 30 */
};

/* Looks only: no side effects. With paging off linear is physical. linear is canonical. */
void page_walk(struct soft_cpu *cpu, uint64_t linear, struct page_walk *walk);

/* Sets the accessed bits on the way, for a write the dirty bit too. */
void page_walk_mark(struct soft_cpu *cpu, const struct page_walk *walk, bool is_write);

#endif
