/* SPDX-License-Identifier: GPL-2.0-or-later */
/* thing.c - one predicate for each kind of thing. */
#include "tracedump/why/thing.h"

#include <glib.h>
#include <string.h>

#include "tracedump/event_field.h"
#include "tracedump/filter.h"
#include "tracedump/map/memory_map.h"

static bool parse_number(const char *text, uint64_t *out_number)
{
    struct filter_number number;

    if (!filter_parse_number(text, strlen(text), &number) || number.negative || number.is_time) {
        return false;
    }
    *out_number = number.magnitude;
    return true;
}

bool thing_parse(const char *text, struct thing *out_thing)
{
    static const struct {
        const char *prefix;
        enum thing_kind kind;
        const char *space;
    } forms[] = {
        { "slot:", THING_SLOT, NULL },    { "irq:", THING_IRQ, NULL },
        { "reg:", THING_REGISTER, NULL }, { "io:", THING_ADDRESS, "I/O" },
        { "name:", THING_NAME, NULL },
    };
    struct thing thing = { .kind = THING_NAME, .name = text, .level = -1 };

    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_has_prefix(text, forms[i].prefix)) {
            thing.kind = forms[i].kind;
            thing.space = forms[i].space;
            thing.name = text + strlen(forms[i].prefix);
            *out_thing = thing;
            return thing.kind == THING_REGISTER || thing.kind == THING_NAME ||
                   parse_number(thing.name, &out_thing->number);
        }
    }
    if (parse_number(text, &thing.number)) {
        thing.kind = THING_ADDRESS;
        thing.space = "memory";
    }
    *out_thing = thing;
    return true;
}

static bool is_named(const struct trace_event *event, const char *prefix)
{
    return strncmp(event->name, prefix, strlen(prefix)) == 0;
}

static bool number_is(const struct trace_event *event, const char *field, uint64_t number)
{
    uint64_t has;

    return event_number(event, field, &has) && has == number;
}

static bool covers(const struct trace_event *event, uint64_t address)
{
    uint64_t gpa, size = 1;

    if (!event_number(event, "gpa", &gpa)) {
        return false;
    }
    (void)event_number(event, "size_bytes", &size); /* Without a size it is one byte. */
    return gpa <= address && address <= map_last(gpa, size);
}

static bool concerns_address(const struct thing *thing, const struct trace_event *event)
{
    const char *space;
    uint32_t length;

    if (event_text(event, "address_space", &space, &length) &&
        !event_text_is(event, "address_space", thing->space)) {
        return false;
    }
    if (strcmp(event->name, "guest_error") == 0) {
        return number_is(event, "address", thing->number);
    }
    if (is_named(event, "flat_range_")) {
        return covers(event, thing->number);
    }
    return strcmp(thing->space, "memory") == 0 && covers(event, thing->number) &&
           (is_named(event, "kvm_memslot_") || is_named(event, "kvm_set_phys_mem") ||
            is_named(event, "memory_device_address_assigned") || is_named(event, "pc_dimm_"));
}

static bool concerns_slot(const struct thing *thing, const struct trace_event *event)
{
    g_autofree char *argument = NULL;
    const char *text;
    uint32_t length;

    if (is_named(event, "kvm_memslot_")) {
        return number_is(event, "slot", thing->number);
    }
    if (!event_text_is(event, "request", "KVM_SET_USER_MEMORY_REGION") ||
        !event_text(event, "arguments", &text, &length)) {
        return false;
    }
    argument = g_strdup_printf("slot=%" G_GUINT64_FORMAT ",", thing->number);
    return length >= strlen(argument) && memcmp(text, argument, strlen(argument)) == 0;
}

/* The first hop that knows the line by its global number; a level that stays is no news. */
static bool concerns_line(struct thing *thing, const struct trace_event *event)
{
    uint64_t level;

    if (!(is_named(event, "kvm_pc_gsi_handler") || is_named(event, "gsi_handler") ||
          is_named(event, "pic_stat_update_irq")) ||
        !(number_is(event, "gsi", thing->number) || number_is(event, "irq", thing->number)) ||
        !event_number(event, "level", &level) || thing->level == (level != 0)) {
        return false;
    }
    thing->level = level != 0;
    return true;
}

static bool concerns_register(const struct thing *thing, const struct trace_event *event)
{
    return event_text_is(event, "reg", thing->name);
}

static bool concerns_name(const struct thing *thing, const struct trace_event *event, bool inside)
{
    static const char *const fields[] = { "device", "id", "region", "name", "backend", "object" };

    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (event_text_is(event, fields[i], thing->name)) {
            return !is_named(event, "memory_region_access");
        }
    }
    return inside && (is_named(event, "flat_range_") || is_named(event, "kvm_memslot_"));
}

bool thing_concerns(struct thing *thing, const struct trace_event *event, bool inside)
{
    if (event->phase == EVENT_LEAVE) {
        return false;
    }
    switch (thing->kind) {
    case THING_ADDRESS: return concerns_address(thing, event);
    case THING_SLOT: return concerns_slot(thing, event);
    case THING_IRQ: return concerns_line(thing, event);
    case THING_REGISTER: return concerns_register(thing, event);
    case THING_NAME: return concerns_name(thing, event, inside);
    }
    return false;
}
