/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checkpoint_derived.c - what no state list holds and still decides how a machine goes on, or what it
 * says: the order of timers that are due at once, TLBs, faults on demand, interrupt counters, numbers.
 */
#include <string.h>

#include "base/error.h"
#include "machine/checkpoint_internal.h"
#include "machine/pc_chips.h"
#include "machine/soft_machine.h"
#include "machine/soft_machine_internal.h"
#include "memory/transaction.h"
#include "trace/trace_session.h"

#define TIMER_BYTES 16u /* length of the path, number in the device, deadline */

/* ---- timers: armed by their devices (after_load), put into order here ---- */

struct named_timer {
    struct timer *timer;
    char *path;      /* of the device whose it is */
    uint32_t number; /* its place in the device's struct */
};

static void named_timer_clear(void *named)
{
    g_free(((struct named_timer *)named)->path);
}

struct owner_search {
    const struct timer *timer;
    struct named_timer *named;
};

static bool visit_owner(struct object *object, void *opaque)
{
    const struct owner_search *search = opaque;
    const uint8_t *at = (const uint8_t *)search->timer, *first = (const uint8_t *)object;

    if (at < first || at >= first + type_instance_size(object->type)) {
        return true;
    }
    search->named->path = object_canonical_path(object);
    search->named->number = (uint32_t)(at - first);
    return false;
}

/* All that are armed, in the order of the queue. */
static GArray *name_timers(struct machine *machine)
{
    GArray *timers = g_array_new(FALSE, FALSE, sizeof(struct named_timer));

    g_array_set_clear_func(timers, named_timer_clear);
    for (struct timer *timer = machine->timers.first; timer != NULL; timer = timer->next) {
        struct named_timer named = { .timer = timer };
        struct owner_search search = { timer, &named };

        (void)object_for_each(machine->root, visit_owner, &search); /* a visit stops it */
        if (named.path == NULL) {
            named.path = g_strdup("");
        }
        g_array_append_val(timers, named);
    }
    return timers;
}

static void save_timers(struct machine *machine, GByteArray *out)
{
    g_autoptr(GArray) timers = name_timers(machine);

    state_put_32(out, timers->len);
    for (guint i = 0; i < timers->len; i++) {
        const struct named_timer *named = &g_array_index(timers, struct named_timer, i);

        state_put_text(out, named->path);
        state_put_32(out, named->number);
        state_put_64(out, named->timer->deadline_ns);
    }
}

static struct timer *find_timer(const GArray *timers, const char *path, uint32_t number)
{
    for (guint i = 0; i < timers->len; i++) {
        const struct named_timer *named = &g_array_index(timers, struct named_timer, i);

        if (named->number == number && strcmp(named->path, path) == 0) {
            return named->timer;
        }
    }
    return NULL;
}

static bool wrong_timer(GError **error, const char *path, uint64_t recorded, uint64_t now)
{
    g_autofree char *text = g_strdup_printf("a timer of %s is due at %" G_GUINT64_FORMAT
                                            " ns, recorded is %" G_GUINT64_FORMAT " ns",
                                            path, now, recorded);

    return checkpoint_is_damaged(error, text);
}

static bool load_timers(struct machine *machine, struct state_stream *stream, GError **error)
{
    g_autoptr(GArray) timers = name_timers(machine);
    uint32_t count = state_take_count(stream, TIMER_BYTES);

    for (uint32_t i = 0; i < count && !stream->failed; i++) {
        g_autofree char *path = state_take_text(stream);
        uint32_t number = state_take_32(stream);
        uint64_t deadline_ns = state_take_64(stream);
        struct timer *timer = find_timer(timers, path, number);

        if (timer == NULL || timer->deadline_ns != deadline_ns) {
            return wrong_timer(error, path, deadline_ns,
                               timer != NULL ? timer->deadline_ns : UINT64_MAX);
        }
        timer_arm(timer, deadline_ns); /* behind those armed so far that are due at once */
    }
    if (!stream->failed && count != timers->len) {
        return checkpoint_is_damaged(error, "other timers are armed than those of the recording");
    }
    return !stream->failed || checkpoint_is_damaged(error, "its timers are cut");
}

/* ---- faults, counters ---- */

static void save_faults(const struct fault_plan *plan, GByteArray *out)
{
    state_put_32(out, FAULT_POINT_COUNT);
    for (unsigned i = 0; i < FAULT_POINT_COUNT; i++) {
        state_put_32(out, (uint32_t)plan->points[i].error);
        state_put_64(out, plan->points[i].countdown);
        state_put_32(out, plan->points[i].every);
    }
}

static void load_faults(struct fault_plan *plan, struct state_stream *stream)
{
    stream->failed |= state_take_32(stream) != FAULT_POINT_COUNT;
    for (unsigned i = 0; i < FAULT_POINT_COUNT && !stream->failed; i++) {
        plan->points[i].error = (int)(state_take_32(stream) & G_MAXINT);
        plan->points[i].countdown = state_take_64(stream);
        plan->points[i].every = state_take_32(stream) != 0;
    }
}

static void save_statistics(const struct irq_statistics *statistics, GByteArray *out)
{
    for (unsigned i = 0; i < GSI_NUM_PINS; i++) {
        state_put_64(out, statistics->raised[i]);
    }
    state_put_32(out, statistics->level);
}

static void load_statistics(struct irq_statistics *statistics, struct state_stream *stream)
{
    for (unsigned i = 0; i < GSI_NUM_PINS; i++) {
        statistics->raised[i] = state_take_64(stream);
    }
    statistics->level = state_take_32(stream);
}

/* ---- TLBs ---- */

static bool load_tlbs(const struct soft_machine *soft, struct state_stream *stream)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < soft->count; i++) {
        if (soft->processors[i].cpu != NULL) {
            ok = soft_cpu_load_tlb(soft->processors[i].cpu, stream);
        }
    }
    return ok;
}

void checkpoint_derived_save(struct machine *machine, GByteArray *out)
{
    const struct soft_machine *soft = machine->soft;

    state_put_64(out, machine->trace != NULL ? trace_session_sequence(machine->trace) : 0);
    state_put_32(out, memory_system_regions_made(machine->memory));
    save_faults(&machine->faults, out);
    save_statistics(&machine->chips->gsi.pic_statistics, out);
    save_statistics(&machine->chips->gsi.ioapic_statistics, out);
    save_timers(machine, out);
    for (unsigned i = 0; i < soft->count; i++) {
        if (soft->processors[i].cpu != NULL) {
            soft_cpu_save_tlb(soft->processors[i].cpu, out);
        }
    }
}

bool checkpoint_derived_load(struct machine *machine, struct state_stream *stream, GError **error)
{
    uint64_t sequence = state_take_64(stream);
    uint32_t regions_made = state_take_32(stream);

    if (machine->trace != NULL) {
        trace_session_set_sequence(machine->trace, sequence);
    }
    memory_system_restore(machine->memory, memory_system_generation(machine->memory), regions_made);
    load_faults(&machine->faults, stream);
    load_statistics(&machine->chips->gsi.pic_statistics, stream);
    load_statistics(&machine->chips->gsi.ioapic_statistics, stream);
    return load_timers(machine, stream, error) &&
           (load_tlbs(machine->soft, stream) ||
            checkpoint_is_damaged(error, "a TLB does not fit the memory map"));
}
