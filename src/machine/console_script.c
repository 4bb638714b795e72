/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_script.c - reads a script of console input, and gives its pieces one after the other. */
#include "machine/console_script.h"

#include <string.h>

#include "base/error.h"
#include "base/invariant.h"

struct piece {
    uint64_t icount, ns; /* one of them UINT64_MAX */
    GByteArray *bytes;
};

struct console_script {
    GArray *pieces; /* of struct piece */
    guint next;
    size_t taken; /* of the next piece */
};

static void piece_clear(void *data)
{
    g_byte_array_unref(((struct piece *)data)->bytes);
}

/* ---- reading ---- */

static bool parse_position(const char *word, struct piece *piece)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

    char *end;
    guint64 number;

    if (!g_ascii_isdigit(word[0])) {
        return false;
    }
    number = g_ascii_strtoull(word, &end, 10);
    piece->icount = piece->ns = UINT64_MAX;
    if (*end == '\0') {
        piece->icount = number;
        return number < UINT64_MAX;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(end, units[i].name) == 0 && number < UINT64_MAX / units[i].ns) {
            piece->ns = number * units[i].ns;
            return true;
        }
    }
    return false;
}

/* The byte that an escape behind a backslash stands for; moves *at behind it. */
static bool parse_escape(const char **at, uint8_t *byte)
{
    static const char names[] = "nrt\\", bytes[] = "\n\r\t\\";
    const char *name = **at != '\0' ? strchr(names, **at) : NULL;

    if (name != NULL) {
        *byte = (uint8_t)bytes[name - names];
        *at += 1;
        return true;
    }
    if ((*at)[0] != 'x' || !g_ascii_isxdigit((*at)[1]) || !g_ascii_isxdigit((*at)[2])) {
        return false;
    }
    *byte = (uint8_t)(g_ascii_xdigit_value((*at)[1]) * 16 + g_ascii_xdigit_value((*at)[2]));
    *at += 3;
    return true;
}

static bool parse_bytes(const char *text, GByteArray *bytes)
{
    while (*text != '\0') {
        uint8_t byte = (uint8_t)*text++;

        if (byte == '\\' && !parse_escape(&text, &byte)) {
            return false;
        }
        g_byte_array_append(bytes, &byte, 1);
    }
    return true;
}

static bool parse_line(struct console_script *script, const char *line)
{
    const char *space = strchr(line, ' ');
    g_autofree char *word = g_strndup(line, space != NULL ? (gsize)(space - line) : strlen(line));
    struct piece piece;

    if (line[0] == '#' || line[0] == '\0') {
        return true;
    }
    if (space == NULL || !parse_position(word, &piece)) {
        return false;
    }
    piece.bytes = g_byte_array_new();
    if (!parse_bytes(space + 1, piece.bytes) || piece.bytes->len == 0) {
        g_byte_array_unref(piece.bytes);
        return false;
    }
    g_array_append_val(script->pieces, piece);
    return true;
}

struct console_script *console_script_parse(const char *text, size_t size, GError **error)
{
    g_autofree char *copy = g_strndup(text, size);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    struct console_script *script = g_new0(struct console_script, 1);

    script->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
    g_array_set_clear_func(script->pieces, piece_clear);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (strlen(copy) != size || !parse_line(script, lines[i])) {
            g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_INVALID,
                        "line %u is '%s'; expected INSTRUCTION TEXT or TIME TEXT, such as "
                        "'1500000000 ls\\n' or '2500ms ls\\n'",
                        i + 1, lines[i]);
            console_script_destroy(script);
            return NULL;
        }
    }
    return script;
}

void console_script_destroy(struct console_script *script)
{
    if (script != NULL) {
        g_array_unref(script->pieces);
        g_free(script);
    }
}

/* ---- giving ---- */

static const struct piece *next_piece(const struct console_script *script)
{
    return script->next < script->pieces->len
               ? &g_array_index(script->pieces, struct piece, script->next)
               : NULL;
}

uint64_t console_script_icount(const struct console_script *script)
{
    const struct piece *piece = next_piece(script);

    return piece != NULL ? piece->icount : UINT64_MAX;
}

uint64_t console_script_ns(const struct console_script *script)
{
    const struct piece *piece = next_piece(script);

    return piece != NULL ? piece->ns : UINT64_MAX;
}

const uint8_t *console_script_bytes(const struct console_script *script, size_t *out_count)
{
    const struct piece *piece = next_piece(script);

    *out_count = piece != NULL ? piece->bytes->len - script->taken : 0;
    return piece != NULL ? piece->bytes->data + script->taken : NULL;
}

void console_script_take(struct console_script *script, size_t count)
{
    const struct piece *piece = next_piece(script);

    invariant(piece != NULL);
    invariant(count <= piece->bytes->len - script->taken);
    script->taken += count;
    if (script->taken == piece->bytes->len) {
        script->next++;
        script->taken = 0;
    }
}
