/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backtrace.c - lists the loaded files once and walks the stack with libunwind's cached walker. */
#include "trace/backtrace.h"

#define UNW_LOCAL_ONLY
#include <elf.h>
#include <libunwind.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "trace/trace_format.h"

/* What lies between the walker and the probe's caller: backtrace_take, trace_call_open, the
 * serializer, each possibly with helpers. */
#define TRACER_FRAMES_MAX 8

#define FRAME_OFFSET_MASK ((UINT64_C(1) << 48) - 1)

struct loaded_range {
    uint64_t start;
    uint64_t end;
    uint64_t load_address;
    unsigned module;
};

static char *hex_text(const uint8_t *bytes, size_t count)
{
    GString *text = g_string_sized_new(2 * count);

    for (size_t i = 0; i < count; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

/* The GNU build-id among the notes of a PT_NOTE segment; NULL when it has none. */
static char *build_id_in(const uint8_t *notes, size_t size, size_t alignment)
{
    size_t at = 0;

    alignment = alignment == 8 ? 8 : 4;
    while (at + sizeof(ElfW(Nhdr)) <= size) {
        ElfW(Nhdr) note;
        size_t name_at = at + sizeof(note);
        size_t content_at, end;

        memcpy(&note, notes + at, sizeof(note));
        content_at = (name_at + note.n_namesz + alignment - 1) & ~(alignment - 1);
        end = (content_at + note.n_descsz + alignment - 1) & ~(alignment - 1);
        if (end > size) {
            break;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + name_at, "GNU", 4) == 0) {
            return hex_text(notes + content_at, note.n_descsz);
        }
        at = end;
    }
    return NULL;
}

static char *module_path(const struct dl_phdr_info *info, unsigned index)
{
    char program[PATH_MAX];
    ssize_t length;

    if (index > 0 || info->dlpi_name[0] != '\0') {
        return g_strdup(info->dlpi_name);
    }
    length = readlink("/proc/self/exe", program, sizeof(program));
    return length > 0 ? g_strndup(program, (gsize)length) : g_strdup("");
}

static int add_module(struct dl_phdr_info *info, size_t size, void *opaque)
{
    struct trace_modules *modules = opaque;
    struct trace_module module = { .load_address = info->dlpi_addr };

    (void)size;
    if (modules->list->len == TRACE_FRAME_NO_MODULE) {
        return 1;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uint64_t start = info->dlpi_addr + segment->p_vaddr;

        if (segment->p_type == PT_LOAD) {
            struct loaded_range range = { start, start + segment->p_memsz, info->dlpi_addr,
                                          modules->list->len };

            g_array_append_val(modules->ranges, range);
            if ((segment->p_flags & PF_X) != 0 && module.code_start == 0) {
                module.code_start = segment->p_vaddr;
            }
        } else if (segment->p_type == PT_NOTE && module.build_id == NULL) {
            const uint8_t *notes = (const uint8_t *)(uintptr_t)start;

            module.build_id = build_id_in(notes, segment->p_memsz, segment->p_align);
        }
    }
    module.path = module_path(info, modules->list->len);
    if (module.build_id == NULL) {
        module.build_id = g_strdup("");
    }
    g_array_append_val(modules->list, module);
    return 0;
}

static gint by_address(gconstpointer left, gconstpointer right)
{
    const struct loaded_range *a = left, *b = right;

    return a->start < b->start ? -1 : a->start > b->start;
}

struct trace_modules *trace_modules_create(void)
{
    struct trace_modules *modules = g_new0(struct trace_modules, 1);

    modules->list = g_array_new(FALSE, FALSE, sizeof(struct trace_module));
    modules->ranges = g_array_new(FALSE, FALSE, sizeof(struct loaded_range));
    (void)dl_iterate_phdr(add_module, modules); /* returns what add_module did */
    g_array_sort(modules->ranges, by_address);
    return modules;
}

void trace_modules_destroy(struct trace_modules *modules)
{
    if (modules == NULL) {
        return;
    }
    for (guint i = 0; i < modules->list->len; i++) {
        struct trace_module *module = &g_array_index(modules->list, struct trace_module, i);

        g_free(module->path);
        g_free(module->build_id);
    }
    g_array_unref(modules->list);
    g_array_unref(modules->ranges);
    g_free(modules);
}

const struct trace_module *trace_modules_at(const struct trace_modules *modules, unsigned index)
{
    return &g_array_index(modules->list, struct trace_module, index);
}

uint64_t trace_modules_frame(const struct trace_modules *modules, uint64_t address)
{
    guint low = 0, high = modules->ranges->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct loaded_range *range =
            &g_array_index(modules->ranges, struct loaded_range, middle);

        if (address < range->start) {
            high = middle;
        } else if (address >= range->end) {
            low = middle + 1;
        } else {
            return (uint64_t)range->module << 48 |
                   ((address - range->load_address) & FRAME_OFFSET_MASK);
        }
    }
    return (uint64_t)TRACE_FRAME_NO_MODULE << 48;
}

uint32_t backtrace_take(const struct trace_modules *modules, const void *caller,
                        uint64_t frames[BACKTRACE_FRAMES_MAX])
{
    void *addresses[BACKTRACE_FRAMES_MAX + TRACER_FRAMES_MAX];
    int found = unw_backtrace(addresses, BACKTRACE_FRAMES_MAX + TRACER_FRAMES_MAX);
    int first = 0;
    uint32_t count = 0;

    while (first < found && addresses[first] != caller) {
        first++;
    }
    if (first == found) { /* the walk did not get to the caller: nothing of it can be believed */
        frames[0] = trace_modules_frame(modules, (uint64_t)(uintptr_t)caller);
        return 1;
    }
    for (int i = first; i < found && count < BACKTRACE_FRAMES_MAX; i++) {
        frames[count++] = trace_modules_frame(modules, (uint64_t)(uintptr_t)addresses[i]);
    }
    return count;
}
