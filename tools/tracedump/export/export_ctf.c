/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export_ctf.c - CTF 1.8 (diamon.org/ctf) of one stream and one packet, whose sizes are written when
 * they are known. Event classes are declared when their first event comes, so that the metadata
 * holds what the stream has; it is written last.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "tracedump/export/export.h"

#define PACKET_HEADER_BYTES 64u
#define CTF_MAGIC           0xc1fc1fc1u
#define MODULES_MAX         FRAME_NO_MODULE

static const char metadata_head[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 16; align = 8; signed = false; } := uint16_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "trace { major = 1; minor = 8; uuid = \"7265706c-7567-4000-8000-637466310108\"; byte_order = le;\n"
    "    packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; }; };\n"
    "clock { name = \"monotonic\"; freq = 1000000000; offset = 0; };\n"
    "typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := "
    "clock_t;\n"
    "stream { id = 0; packet.context := struct { clock_t timestamp_begin; clock_t timestamp_end;\n"
    "        uint64_t content_size; uint64_t packet_size; uint64_t events_discarded; };\n"
    "    event.header := struct { uint32_t id; clock_t timestamp; }; };\n";

static const uint8_t uuid[16] = { 0x72, 0x65, 0x70, 0x6c, 0x75, 0x67, 0x40, 0x00,
                                  0x80, 0x00, 0x63, 0x74, 0x66, 0x31, 0x01, 0x08 };

struct class_key {
    const char *name;
    enum event_phase phase;
    const struct field_decl *fields;
    unsigned number;
};

struct export_ctf {
    char *folder;
    struct output stream;
    GString *metadata;
    GHashTable *classes; /* of struct class_key, owned */
    unsigned class_count;
    uint64_t bytes;
    uint64_t first_ns;
    uint64_t last_ns;
    bool has_modules;
};

static guint class_hash(gconstpointer key)
{
    const struct class_key *one = key;

    return g_direct_hash(one->name) * 31 + g_direct_hash(one->fields) + (guint)one->phase;
}

static gboolean class_equal(gconstpointer a, gconstpointer b)
{
    const struct class_key *left = a;
    const struct class_key *right = b;

    return left->name == right->name && left->phase == right->phase &&
           left->fields == right->fields;
}

struct export_ctf *export_ctf_create(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "channel0_0", NULL);
    struct export_ctf *ctf;
    int fd;

    if (g_mkdir(folder, 0777) < 0 ||
        (fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't make the folder: %s",
                    g_strerror(errno));
        return NULL;
    }
    ctf = g_new0(struct export_ctf, 1);
    ctf->folder = g_strdup(folder);
    output_init(&ctf->stream, fd);
    ctf->metadata = g_string_new(metadata_head);
    ctf->classes = g_hash_table_new_full(class_hash, class_equal, g_free, NULL);
    output_spaces(&ctf->stream, PACKET_HEADER_BYTES);
    ctf->bytes = PACKET_HEADER_BYTES;
    return ctf;
}

/* ---- bytes ---- */

static void put(struct export_ctf *ctf, const void *data, size_t size)
{
    output_bytes(&ctf->stream, data, size);
    ctf->bytes += size;
}

static void put_number(struct export_ctf *ctf, uint64_t number, unsigned size)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> (8 * i));
    }
    put(ctf, bytes, size);
}

/* A NUL ends CTF's strings, so that it is where a text is cut. */
static void put_text(struct export_ctf *ctf, const char *text, size_t length)
{
    put(ctf, text, strnlen(text, length));
    put(ctf, "", 1);
}

/* ---- classes ---- */

static unsigned size_of(enum field_type type)
{
    switch (type) {
    case FIELD_U8:
    case FIELD_X8:
    case FIELD_BOOL: return 1;
    case FIELD_U16:
    case FIELD_X16: return 2;
    case FIELD_U32:
    case FIELD_X32:
    case FIELD_I32: return 4;
    case FIELD_U64:
    case FIELD_X64:
    case FIELD_I64: return 8;
    case FIELD_STR:
    case FIELD_RAW: break;
    }
    return 0;
}

/* What is no identifier would end the metadata's syntax. */
static char *identifier(const char *name)
{
    char *copy = g_strdup(name);

    for (char *c = copy; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c)) {
            *c = '_';
        }
    }
    return copy;
}

static void declare_field(struct export_ctf *ctf, const struct field_decl *field)
{
    g_autofree char *name = identifier(field->name);
    bool is_signed = field->type == FIELD_I32 || field->type == FIELD_I64;
    bool is_hex = field->type >= FIELD_X8 && field->type <= FIELD_X64;

    if (size_of(field->type) == 0) {
        g_string_append_printf(ctf->metadata, " string _%s;", name);
        return;
    }
    g_string_append_printf(
        ctf->metadata, " integer { size = %u; align = 8; signed = %s; base = %d; } _%s;",
        8 * size_of(field->type), is_signed ? "true" : "false", is_hex ? 16 : 10, name);
}

static void begin_class(struct export_ctf *ctf, const char *name, const char *suffix)
{
    g_autofree char *plain = identifier(name);

    g_string_append_printf(
        ctf->metadata,
        "event { name = \"replug:%s%s\"; id = %u; stream_id = 0; fields := struct { uint64_t "
        "_rp_sequence; uint64_t _rp_turn; uint64_t _rp_now_ns; uint64_t _rp_icount; uint64_t "
        "_rp_span; uint64_t _rp_parent; uint16_t _rp_vcpu; uint32_t __rp_backtrace_length; "
        "uint64_t _rp_backtrace[ __rp_backtrace_length ];",
        plain, suffix, ctf->class_count++);
}

static void end_class(struct export_ctf *ctf)
{
    g_string_append(ctf->metadata, " }; };\n");
}

static unsigned class_of(struct export_ctf *ctf, const struct trace_event *event)
{
    static const char *const suffixes[] = { "", "_enter", "_leave" };
    struct class_key key = { .name = event->name, .phase = event->phase, .fields = event->fields };
    const struct class_key *known = g_hash_table_lookup(ctf->classes, &key);

    if (known != NULL) {
        return known->number;
    }
    key.number = ctf->class_count;
    g_hash_table_add(ctf->classes, g_memdup2(&key, sizeof(key)));
    begin_class(ctf, event->name, suffixes[event->phase]);
    for (unsigned i = 0; i < event->field_count; i++) {
        declare_field(ctf, &event->fields[i]);
    }
    end_class(ctf);
    return key.number;
}

/* ---- events ---- */

static void put_head(struct export_ctf *ctf, unsigned class_number, uint64_t ns)
{
    ctf->last_ns = MAX(ctf->last_ns, ns); /* CTF's clocks don't go back. */
    put_number(ctf, class_number, 4);
    put_number(ctf, ctf->last_ns, 8);
}

static void put_module(struct export_ctf *ctf, unsigned class_number, unsigned index,
                       const struct trace_module *module, uint64_t ns)
{
    put_head(ctf, class_number, ns);
    for (unsigned i = 0; i < 6; i++) {
        put_number(ctf, 0, 8);
    }
    put_number(ctf, EVENT_VCPU_NONE, 2);
    put_number(ctf, 0, 4);
    put_number(ctf, index, 4);
    put_text(ctf, module->path, strlen(module->path));
    put_text(ctf, module->build_id, strlen(module->build_id));
    put_number(ctf, 0, 8);
}

/* In front of all others, as LTTng has them. */
static void put_modules(struct export_ctf *ctf, const struct source *source, uint64_t ns)
{
    static const struct field_decl fields[] = { { "index", FIELD_U32 },
                                                { "path", FIELD_STR },
                                                { "build_id", FIELD_STR },
                                                { "code_start", FIELD_X64 } };
    const struct trace_module *module = source_module(source, 0);
    unsigned number = ctf->class_count;

    ctf->has_modules = true;
    ctf->first_ns = ns;
    if (module == NULL) {
        return;
    }
    begin_class(ctf, "trace_module", "");
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        declare_field(ctf, &fields[i]);
    }
    end_class(ctf);
    for (unsigned i = 0; i < MODULES_MAX && (module = source_module(source, i)) != NULL; i++) {
        put_module(ctf, number, i, module, ns);
    }
}

static void put_raw(struct export_ctf *ctf, const struct field_value *value)
{
    for (uint32_t i = 0; i < value->length; i++) {
        char digits[3];

        (void)g_snprintf(digits, sizeof(digits), "%02x", (unsigned)(uint8_t)value->text[i]);
        put(ctf, digits, 2);
    }
    put(ctf, "", 1);
}

void export_ctf_event(struct export_ctf *ctf, const struct source *source,
                      const struct trace_event *event)
{
    if (!ctf->has_modules) {
        put_modules(ctf, source, event->host_ns);
    }
    put_head(ctf, class_of(ctf, event), event->host_ns);
    put_number(ctf, event->sequence, 8);
    put_number(ctf, event->turn, 8);
    put_number(ctf, event->now_ns, 8);
    put_number(ctf, event->icount, 8);
    put_number(ctf, event->span, 8);
    put_number(ctf, event->parent, 8);
    put_number(ctf, event->vcpu, 2);
    put_number(ctf, event->frame_count, 4);
    for (unsigned i = 0; i < event->frame_count; i++) {
        put_number(ctf, event->frames[i], 8);
    }
    for (unsigned i = 0; i < event->field_count; i++) {
        const struct field_value *value = &event->values[i];

        if (event->fields[i].type == FIELD_STR) {
            put_text(ctf, value->text, value->length);
        } else if (event->fields[i].type == FIELD_RAW) {
            put_raw(ctf, value);
        } else {
            put_number(ctf, value->number, size_of(event->fields[i].type));
        }
    }
}

/* ---- the end ---- */

static bool write_packet_header(const struct export_ctf *ctf)
{
    const uint64_t context[] = { ctf->first_ns, ctf->last_ns, ctf->bytes * 8, ctf->bytes * 8, 0 };
    uint8_t header[PACKET_HEADER_BYTES] = { 0 };

    bytes_store_le(header, CTF_MAGIC, 4);
    memcpy(header + 4, uuid, sizeof(uuid));
    for (unsigned i = 0; i < G_N_ELEMENTS(context); i++) {
        bytes_store_le(header + 24 + 8 * i, context[i], 8);
    }
    return pwrite(ctf->stream.fd, header, sizeof(header), 0) == (ssize_t)sizeof(header);
}

bool export_ctf_close(struct export_ctf *ctf, GError **error)
{
    g_autofree char *path = NULL;
    bool fine;

    if (ctf == NULL) {
        return true;
    }
    path = g_build_filename(ctf->folder, "metadata", NULL);
    output_fini(&ctf->stream);
    fine = ctf->stream.error == 0 && write_packet_header(ctf);
    fine = close(ctf->stream.fd) == 0 && fine;
    if (!fine) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_IO, "can't write the stream");
    } else {
        fine = g_file_set_contents(path, ctf->metadata->str, (gssize)ctf->metadata->len, error);
    }
    g_string_free(ctf->metadata, TRUE);
    g_hash_table_unref(ctf->classes);
    g_free(ctf->folder);
    g_free(ctf);
    return fine;
}
