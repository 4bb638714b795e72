/* SPDX-License-Identifier: GPL-2.0-or-later */
/* i440fx_pam.c - shadow RAM: two windows for each segment, one of which is there. */
#include "hw/pci/i440fx_pam.h"

#include "base/invariant.h"
#include "memory/transaction.h"
#include "trace/trace.h"

#define READ_ENABLE   1u
#define WRITE_ENABLE  2u
#define LAST_SEGMENT  (I440FX_PAM_SEGMENTS - 1u) /* PAM0's */
#define SEGMENT_BYTES 0x4000u
#define LAST_BYTES    0x10000u
#define FIRST_GPA     0xc0000u
#define DISPLAY_GPA   0xa0000u
#define DISPLAY_BYTES 0x20000u
#define PCI_BYTES     0x60000u
#define HOLE_PRIORITY 1 /* above RAM */
#define PRIORITY      2

static uint32_t segment_gpa(unsigned segment)
{
    return FIRST_GPA + segment * SEGMENT_BYTES;
}

/* PAM0's upper half has the last segment; the other registers have two, the lower half first. */
static uint8_t attributes(const uint8_t *registers, unsigned segment)
{
    unsigned half = segment == LAST_SEGMENT ? 1 : segment % 2;

    return registers[segment == LAST_SEGMENT ? 0 : 1 + segment / 2] >> (4 * half) &
           (READ_ENABLE | WRITE_ENABLE);
}

/* Where PCI has nothing, RAM must not shine through. */
static uint64_t hole_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    (void)offset;
    return UINT64_MAX >> (64 - 8 * size);
}

static void hole_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    (void)opaque;
    (void)offset;
    (void)value;
    (void)size;
}

static const struct memory_region_ops hole_ops = { .read = hole_read,
                                                   .write = hole_write,
                                                   .unaligned = true };

void i440fx_pam_init(struct i440fx_pam *pam, struct memory_region *system,
                     struct memory_region *pci, struct memory_region *ram)
{
    struct memory_system *memory = system->system;

    invariant(pam->system == NULL);
    pam->system = system;
    memory_region_transaction_begin(memory);
    memory_region_init_io(&pam->hole, memory, "pam-hole", &hole_ops, pam, PCI_BYTES);
    memory_region_add_subregion_overlap(system, DISPLAY_GPA, &pam->hole, HOLE_PRIORITY);
    memory_region_init_alias(&pam->display, memory, "pam-display", pci, DISPLAY_GPA, DISPLAY_BYTES);
    memory_region_add_subregion_overlap(system, DISPLAY_GPA, &pam->display, PRIORITY);
    for (unsigned i = 0; i < I440FX_PAM_SEGMENTS; i++) {
        uint32_t gpa = segment_gpa(i);
        uint32_t bytes = i == LAST_SEGMENT ? LAST_BYTES : SEGMENT_BYTES;

        memory_region_init_alias(&pam->pci[i], memory, "pam-pci", pci, gpa, bytes);
        memory_region_init_alias(&pam->ram[i], memory, "pam-ram", ram, gpa, bytes);
        memory_region_set_enabled(&pam->ram[i], false);
        memory_region_add_subregion_overlap(system, gpa, &pam->pci[i], PRIORITY);
        memory_region_add_subregion_overlap(system, gpa, &pam->ram[i], PRIORITY);
    }
    memory_region_transaction_commit(memory);
}

void i440fx_pam_fini(struct i440fx_pam *pam)
{
    struct memory_region *system = pam->system;

    if (system == NULL) {
        return;
    }
    memory_region_transaction_begin(system->system);
    memory_region_del_subregion(system, &pam->hole);
    memory_region_del_subregion(system, &pam->display);
    for (unsigned i = 0; i < I440FX_PAM_SEGMENTS; i++) {
        memory_region_del_subregion(system, &pam->pci[i]);
        memory_region_del_subregion(system, &pam->ram[i]);
    }
    memory_region_transaction_commit(system->system);
    memory_region_fini(&pam->hole);
    memory_region_fini(&pam->display);
    for (unsigned i = 0; i < I440FX_PAM_SEGMENTS; i++) {
        memory_region_fini(&pam->pci[i]);
        memory_region_fini(&pam->ram[i]);
    }
    pam->system = NULL;
}

static void update_segment(struct i440fx_pam *pam, unsigned segment, uint8_t attributes)
{
    bool readable = (attributes & READ_ENABLE) != 0;
    bool readonly = (attributes & WRITE_ENABLE) == 0;

    if (pam->ram[segment].enabled == readable &&
        (!readable || pam->ram[segment].readonly == readonly)) {
        return;
    }
    memory_region_set_enabled(&pam->pci[segment], !readable);
    memory_region_set_enabled(&pam->ram[segment], readable);
    memory_region_set_readonly(&pam->ram[segment], readonly);
    trace_i440fx_shadow_changed(segment_gpa(segment), readable, readable && !readonly);
}

void i440fx_pam_update(struct i440fx_pam *pam, const uint8_t *registers)
{
    if (pam->system == NULL) {
        return;
    }
    memory_region_transaction_begin(pam->system->system);
    for (unsigned i = 0; i < I440FX_PAM_SEGMENTS; i++) {
        update_segment(pam, i, attributes(registers, i));
    }
    memory_region_transaction_commit(pam->system->system);
}
