/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq_lines.c - counts levels and raises of each line, and how many come at once. */
#include "tracedump/irq_lines.h"

#include <string.h>

#include "tracedump/event_field.h"
#include "tracedump/nesting.h"

#define STORM_WINDOW_NS UINT64_C(10000000)

const struct irq_hop irq_hops[] = {
    { "pci_intx_routed", "slot", "level" },
    { "piix3_pirq_routed", "isa_irq", "level" },
    { "acpi_update_sci", NULL, "level" }, /* the level is its result */
    { "apic_msi_sent", "data", NULL },
    { "qemu_set_irq", "pin", "level" },
    { "kvm_pc_gsi_handler", "gsi", "level" },
    { "gsi_handler", "gsi", "level" },
    { "kvm_pic_set_irq", "irq", "level" },
    { "pic_set_irq", "irq", "level" },
    { "kvm_ioapic_set_irq", "pin", "level" },
    { "ioapic_set_irq", "pin", "level" },
    { "pic_irq_request", "lint", "level" },
    { "ioapic_service", "pin", NULL },
    { "kvm_set_irq", "gsi", "level" },
    { "apic_deliver_irq", "vector", NULL },
    { "apic_local_deliver", "lvt", NULL },
    { "apic_set_irq", "vector", NULL },
    { "apic_intr_changed", "apic", "level" },
    { "pic_acknowledged", "vector", NULL },
    { "pic_spurious", NULL, NULL },
    { "apic_acknowledged", "vector", NULL },
    { "apic_eoi", "vector", NULL },
    { "ioapic_eoi", "pin", NULL },
    { NULL, NULL, NULL },
};

G_STATIC_ASSERT(G_N_ELEMENTS(irq_hops) == IRQ_HOP_NONE + 1);

struct irq_lines {
    struct nesting nesting;
    GHashTable *hop_of;  /* name's address -> its hop plus one, or -1 */
    GHashTable *line_of; /* of struct irq_line, owned by lines */
    GPtrArray *lines;
    uint64_t storm_raises;
    uint64_t beyond; /* events on lines above IRQ_LINES_MAX */
};

static guint line_hash(gconstpointer key)
{
    const struct irq_line *line = key;

    return (guint)(line->number * 131 + line->hop * 31u + line->within);
}

static gboolean line_equal(gconstpointer a, gconstpointer b)
{
    const struct irq_line *left = a, *right = b;

    return left->hop == right->hop && left->within == right->within &&
           left->number == right->number;
}

static unsigned hop_of(struct irq_lines *irq, const char *name)
{
    gpointer known = g_hash_table_lookup(irq->hop_of, name);
    unsigned hop = 0;

    if (known != NULL) {
        return GPOINTER_TO_UINT(known) - 1;
    }
    while (hop < IRQ_HOP_NONE && strcmp(irq_hops[hop].event, name) != 0) {
        hop++;
    }
    g_hash_table_insert(irq->hop_of, (gpointer)name, GUINT_TO_POINTER(hop + 1));
    return hop;
}

static struct irq_line *find_line(struct irq_lines *irq, unsigned hop, unsigned within,
                                  uint64_t number)
{
    const struct irq_line key = { .hop = hop, .within = within, .number = number };
    struct irq_line *line = g_hash_table_lookup(irq->line_of, &key);

    if (line == NULL && irq->lines->len < IRQ_LINES_MAX) {
        line = g_memdup2(&key, sizeof(key));
        g_ptr_array_add(irq->lines, line);
        line->tag = irq->lines->len;
        g_hash_table_add(irq->line_of, line);
    }
    return line;
}

static void count_in_window(const struct irq_lines *irq, struct irq_line *line, uint64_t now_ns)
{
    uint64_t window = now_ns / STORM_WINDOW_NS;

    if (window != line->window) {
        line->window = window;
        line->in_window = 0;
    }
    line->in_window++;
    line->peak = MAX(line->peak, line->in_window);
    if (line->in_window == irq->storm_raises) {
        line->first_storm_ns = line->storms++ == 0 ? now_ns : line->first_storm_ns;
    }
}

static void count(const struct irq_lines *irq, struct irq_line *line,
                  const struct trace_event *event)
{
    const char *field = irq_hops[line->hop].level;
    uint64_t level;

    line->count++;
    if (field == NULL || !event_number(event, field, &level)) {
        count_in_window(irq, line, event->now_ns);
        return;
    }
    level = level != 0;
    if (level == line->level) {
        line->repeated++;
    } else if (level != 0) {
        line->raised++;
        count_in_window(irq, line, event->now_ns);
    } else {
        line->lowered++;
    }
    line->level = level;
}

static unsigned innermost_hop(struct irq_lines *irq)
{
    return irq->nesting.depth == 0 ? IRQ_HOP_NONE
                                   : hop_of(irq, irq->nesting.spans[irq->nesting.depth - 1].name);
}

/* kvm_set_irq's answer: 0 = it was pending already, so the guest sees one interrupt less. */
static void count_answer(struct irq_lines *irq, const struct trace_event *event)
{
    uint64_t status;
    const struct open_span *span = &irq->nesting.spans[irq->nesting.depth - 1];

    if (irq->nesting.depth > 0 && span->sequence == event->span && span->tag > 0 &&
        event_number(event, "status", &status) && status == 0) {
        struct irq_line *line = irq->lines->pdata[span->tag - 1];

        line->coalesced += line->level != 0;
    }
}

void irq_lines_event(struct irq_lines *irq, const struct trace_event *event)
{
    unsigned hop = hop_of(irq, event->name);
    bool is_leave = event->phase == EVENT_LEAVE, has_number;
    struct irq_line *line = NULL;
    uint64_t number = 0;

    if (hop == IRQ_HOP_NONE) {
        return;
    }
    nesting_advance(&irq->nesting, event);
    has_number = irq_hops[hop].line == NULL || event_number(event, irq_hops[hop].line, &number);
    if (is_leave && irq->nesting.depth > 0) {
        count_answer(irq, event);
    }
    /* A span's leave counts only where the level is its result. */
    if (has_number && (irq_hops[hop].line != NULL || event->phase != EVENT_ENTER)) {
        unsigned within = is_leave ? IRQ_HOP_NONE : innermost_hop(irq);

        line = find_line(irq, hop, within, number);
        if (line != NULL) {
            count(irq, line, event);
        } else {
            irq->beyond++;
        }
    }
    if (is_leave) {
        nesting_leave(&irq->nesting, event);
    } else if (event->phase == EVENT_ENTER) {
        struct open_span *span = nesting_enter(&irq->nesting, event);

        if (span != NULL && line != NULL) {
            span->tag = line->tag;
        }
    }
}

bool irq_lines_ignore(struct irq_lines *irq, const struct trace_event *shape)
{
    return hop_of(irq, shape->name) == IRQ_HOP_NONE;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
    const struct irq_line *left = *(struct irq_line *const *)a;
    const struct irq_line *right = *(struct irq_line *const *)b;
    int order = compare_numbers(left->hop, right->hop);

    order = order != 0 ? order : compare_numbers(left->number, right->number);
    return order != 0 ? order : compare_numbers(left->within, right->within);
}

static int compare_rates(gconstpointer a, gconstpointer b)
{
    const struct irq_line *left = *(struct irq_line *const *)a;
    const struct irq_line *right = *(struct irq_line *const *)b;
    int order =
        compare_numbers(right->count - right->count_before, left->count - left->count_before);

    order = order != 0 ? order : compare_numbers(right->count, left->count);
    return order != 0 ? order : compare_lines(a, b);
}

GPtrArray *irq_lines_sorted(const struct irq_lines *irq)
{
    GPtrArray *sorted = g_ptr_array_new();

    g_ptr_array_extend(sorted, irq->lines, NULL, NULL);
    g_ptr_array_sort(sorted, compare_lines);
    return sorted;
}

GPtrArray *irq_lines_busiest(const struct irq_lines *irq)
{
    GPtrArray *sorted = irq_lines_sorted(irq);

    g_ptr_array_sort(sorted, compare_rates);
    return sorted;
}

void irq_lines_looked(struct irq_lines *irq)
{
    for (guint i = 0; i < irq->lines->len; i++) {
        struct irq_line *line = irq->lines->pdata[i];

        line->count_before = line->count;
    }
}

uint64_t irq_lines_beyond(const struct irq_lines *irq)
{
    return irq->beyond;
}

struct irq_lines *irq_lines_create(uint64_t storm_raises)
{
    struct irq_lines *irq = g_new0(struct irq_lines, 1);

    irq->storm_raises = storm_raises;
    irq->hop_of = g_hash_table_new(NULL, NULL);
    irq->line_of = g_hash_table_new(line_hash, line_equal);
    irq->lines = g_ptr_array_new_with_free_func(g_free);
    return irq;
}

void irq_lines_destroy(struct irq_lines *irq)
{
    g_hash_table_unref(irq->hop_of);
    g_hash_table_unref(irq->line_of);
    g_ptr_array_unref(irq->lines);
    g_free(irq);
}
