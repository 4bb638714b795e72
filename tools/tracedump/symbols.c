/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.c - opens modules once, checks their build ids, and looks frames up with libdwfl. */
#include "tracedump/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A hostile trace may hold millions of distinct frames. */
#define FRAMES_KEPT_MAX 65536u

struct symbols {
    GHashTable *files;  /* struct trace_module -> struct symbol_file, owned */
    GHashTable *frames; /* struct frame -> itself, owned */
    GArray *nowhere;    /* one place, of which nothing is known */
    GStringChunk *strings;
    symbols_note_fn note;
    void *opaque;
};

/* A module's ELF file; module is NULL when it can't be used. */
struct symbol_file {
    Dwfl *dwfl;
    Dwfl_Module *module;
    Dwarf_Addr bias;       /* from the file's addresses to libdwfl's */
    Dwarf_Addr begin, end; /* of the file, in libdwfl's addresses */
};

struct frame {
    const struct trace_module *module;
    uint64_t offset;
    GArray *places;
};

static guint frame_hash(gconstpointer key)
{
    const struct frame *frame = key;

    return g_direct_hash(frame->module) ^ g_int64_hash(&frame->offset);
}

static gboolean frame_equal(gconstpointer a, gconstpointer b)
{
    const struct frame *left = a;
    const struct frame *right = b;

    return left->module == right->module && left->offset == right->offset;
}

static void frame_free(gpointer data)
{
    struct frame *frame = data;

    g_array_unref(frame->places);
    g_free(frame);
}

static void file_free(gpointer data)
{
    struct symbol_file *file = data;

    if (file->dwfl != NULL) {
        dwfl_end(file->dwfl);
    }
    g_free(file);
}

struct symbols *symbols_create(symbols_note_fn note, void *opaque)
{
    struct symbols *symbols = g_new0(struct symbols, 1);

    symbols->files = g_hash_table_new_full(NULL, NULL, NULL, file_free);
    symbols->frames = g_hash_table_new_full(frame_hash, frame_equal, frame_free, NULL);
    symbols->strings = g_string_chunk_new(4096);
    symbols->nowhere = g_array_new(FALSE, TRUE, sizeof(struct place));
    g_array_set_size(symbols->nowhere, 1);
    symbols->note = note;
    symbols->opaque = opaque;
    return symbols;
}

void symbols_destroy(struct symbols *symbols)
{
    if (symbols == NULL) {
        return;
    }
    g_hash_table_unref(symbols->frames);
    g_hash_table_unref(symbols->files);
    g_string_chunk_free(symbols->strings);
    g_array_unref(symbols->nowhere);
    g_free(symbols);
}

static void G_GNUC_PRINTF(2, 3) say(const struct symbols *symbols, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    symbols->note(text, symbols->opaque);
}

/* The path comes from the trace: a FIFO or a device there must not stall the reader. */
static int open_regular(const struct symbols *symbols, const char *path)
{
    struct stat status;
    int fd;

    if (*path != '/') {
        say(symbols, "functions in '%s' have no names: it is no file of its own", path);
        return -1;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        say(symbols, "functions in %s have no names: can't open it: %s", path, g_strerror(errno));
        return -1;
    }
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        say(symbols, "functions in %s have no names: it is no regular file", path);
        close(fd);
        return -1;
    }
    return fd;
}

static char *build_id_of(Dwfl_Module *module)
{
    const unsigned char *bits;
    GElf_Addr address;
    int length = dwfl_module_build_id(module, &bits, &address);
    GString *text = g_string_new(NULL);

    for (int i = 0; i < length; i++) {
        g_string_append_printf(text, "%02x", bits[i]);
    }
    return g_string_free(text, FALSE);
}

static bool report_file(struct symbol_file *file, const char *path, int fd)
{
    static const Dwfl_Callbacks callbacks = {
        .find_elf = dwfl_build_id_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .section_address = dwfl_offline_section_address,
    };

    file->dwfl = dwfl_begin(&callbacks);
    if (file->dwfl == NULL) {
        close(fd);
        return false;
    }
    dwfl_report_begin(file->dwfl);
    file->module = dwfl_report_offline(file->dwfl, path, path, fd);
    if (file->module == NULL) {
        close(fd); /* Taken over in case of success only. */
    }
    (void)dwfl_report_end(file->dwfl, NULL, NULL); /* Fails only if a callback does; none given. */
    if (file->module == NULL || dwfl_module_getelf(file->module, &file->bias) == NULL) {
        return false;
    }
    (void)dwfl_module_info(file->module, NULL, &file->begin, &file->end, NULL, NULL, NULL, NULL);
    return true;
}

static void open_module(const struct symbols *symbols, const struct trace_module *module,
                        struct symbol_file *file)
{
    g_autofree char *build_id = NULL;
    int fd = open_regular(symbols, module->path);

    if (fd < 0) {
        return;
    }
    if (!report_file(file, module->path, fd)) {
        say(symbols, "functions in %s have no names: %s", module->path, dwfl_errmsg(-1));
        file->module = NULL;
        return;
    }
    build_id = build_id_of(file->module);
    if (strcmp(build_id, module->build_id) != 0) {
        say(symbols, "functions in %s have no names: its build id is '%s', but '%s' was traced",
            module->path, build_id, module->build_id);
        file->module = NULL;
    }
}

static struct symbol_file *find_file(struct symbols *symbols, const struct trace_module *module)
{
    struct symbol_file *file = g_hash_table_lookup(symbols->files, module);

    if (file == NULL) {
        file = g_new0(struct symbol_file, 1);
        open_module(symbols, module, file);
        g_hash_table_insert(symbols->files, (gpointer)module, file);
    }
    return file;
}

/* As gdb prints a file: without the folder in which the compiler ran. */
static const char *keep_file_name(struct symbols *symbols, Dwarf_Die *unit, const char *name)
{
    Dwarf_Attribute attribute;
    const char *folder;

    if (name == NULL) {
        return NULL;
    }
    folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
    if (folder != NULL && g_str_has_prefix(name, folder) && name[strlen(folder)] == '/') {
        name += strlen(folder) + 1;
    }
    return g_string_chunk_insert_const(symbols->strings, name);
}

static const char *keep_function_name(struct symbols *symbols, const char *name)
{
    return name == NULL ? NULL : g_string_chunk_insert_const(symbols->strings, name);
}

/* The compilation unit around an address. Some compilers write no table of them: then all are tried. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *out_bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, out_bias);

    if (unit != NULL) {
        return unit;
    }
    while ((unit = dwfl_module_nextcu(module, unit, out_bias)) != NULL) {
        if (dwarf_haspc(unit, address - *out_bias) == 1) {
            return unit;
        }
    }
    return NULL;
}

static const char *call_file(Dwarf_Die *unit, Dwarf_Die *inlined)
{
    Dwarf_Attribute attribute;
    Dwarf_Files *files;
    Dwarf_Word index;
    size_t count;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &index) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || index >= count) {
        return NULL;
    }
    return dwarf_filesrc(files, index, NULL, NULL);
}

static int call_line(Dwarf_Die *inlined)
{
    Dwarf_Attribute attribute;
    Dwarf_Word line;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
        line > G_MAXINT) {
        return 0;
    }
    return (int)line;
}

/* Appends the functions from the innermost scope outward; place is where the innermost one is. */
static void add_scopes(struct symbols *symbols, Dwarf_Die *unit, Dwarf_Die *scopes, int count,
                       struct place place, GArray *places)
{
    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);

        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine) {
            continue;
        }
        place.function = keep_function_name(symbols, dwarf_diename(&scopes[i]));
        g_array_append_val(places, place);
        if (tag == DW_TAG_subprogram) {
            return;
        }
        place.file = keep_file_name(symbols, unit, call_file(unit, &scopes[i]));
        place.line = call_line(&scopes[i]);
    }
}

static void look_up_dwarf(struct symbols *symbols, Dwfl_Module *module, Dwarf_Addr address,
                          GArray *places)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = find_unit(module, address, &bias);
    Dwarf_Line *line = unit == NULL ? NULL : dwarf_getsrc_die(unit, address - bias);
    Dwarf_Die *around = NULL;
    Dwarf_Die *scopes = NULL;
    struct place place = { 0 };

    if (line != NULL) {
        place.file = keep_file_name(symbols, unit, dwarf_linesrc(line, NULL, NULL));
        (void)dwarf_lineno(line, &place.line); /* It stays 0 if there is none. */
    }
    /*
     * dwarf_getscopes leaves an inlined function by its definition; the scopes of its call are
     * wanted, and dwarf_getscopes_die gives those.
     */
    if (unit != NULL && dwarf_getscopes(unit, address - bias, &around) > 0) {
        int count = dwarf_getscopes_die(&around[0], &scopes);

        add_scopes(symbols, unit, scopes, count, place, places);
    }
    free(around);
    free(scopes);
}

static void look_up(struct symbols *symbols, Dwfl_Module *module, Dwarf_Addr address,
                    GArray *places)
{
    struct place place = { 0 };

    look_up_dwarf(symbols, module, address, places);
    if (places->len == 0) {
        place.function = keep_function_name(symbols, dwfl_module_addrname(module, address));
        g_array_append_val(places, place);
    }
}

const GArray *symbols_places(struct symbols *symbols, const struct trace_module *module,
                             uint64_t offset)
{
    const struct symbol_file *file = find_file(symbols, module);
    /* A return address may already belong to the next line, or to the next function. */
    Dwarf_Addr address = file->bias + offset - 1;
    const struct frame key = { .module = module, .offset = offset };
    struct frame *frame = g_hash_table_lookup(symbols->frames, &key);

    if (frame != NULL) {
        return frame->places;
    }
    if (file->module == NULL || address < file->begin || address >= file->end) {
        return symbols->nowhere;
    }
    if (g_hash_table_size(symbols->frames) == FRAMES_KEPT_MAX) {
        g_hash_table_remove_all(symbols->frames);
    }
    frame = g_new(struct frame, 1);
    *frame = key;
    frame->places = g_array_new(FALSE, FALSE, sizeof(struct place));
    look_up(symbols, file->module, address, frame->places);
    g_hash_table_add(symbols->frames, frame);
    return frame->places;
}
