/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctf_salvage.c - finds where packets end by their headers, in the two forms that LTTng and tracedump
 * export write (CTF 1.8 leaves the form to the metadata; another form is not salvaged).
 *
 *     0  magic, UUID of the trace, number of the stream          24 bytes
 *    24  LTTng only: number of the stream's instance              8
 *        begin, end, length of the content, of the packet (bits)  4 times 8
 */
#include "tracedump/ctf_salvage.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

#define MAGIC            UINT32_C(0xc1fc1fc1)
#define SIGNATURE_BYTES  20u /* magic and UUID are the same in all packets of a trace */
#define HEAD_BYTES       64u
#define PACKET_BYTES_MAX (UINT64_C(1) << 40)
#define FOLDER_DEPTH_MAX 8u
#define FILES_MAX        65536u

struct ctf_salvage {
    char *folder;
    GPtrArray *made; /* paths, to be removed from the last to the first */
    GPtrArray *notes;
};

struct stream {
    int fd;
    uint64_t size;
    uint8_t signature[SIGNATURE_BYTES];
    uint64_t cut_at;    /* where the cut packet begins */
    unsigned length_at; /* where in it its content's length stands; 0 = not even that is there */
};

static bool read_at(const struct stream *stream, uint64_t offset, void *bytes, size_t size)
{
    return pread(stream->fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

/* Or as much of a packet as there is, be it none. */
static bool packet_begins_at(const struct stream *stream, uint64_t offset)
{
    size_t there = (size_t)MIN(stream->size - offset, SIGNATURE_BYTES);
    uint8_t signature[SIGNATURE_BYTES];

    return read_at(stream, offset, signature, there) &&
           memcmp(signature, stream->signature, there) == 0;
}

/* In bytes, by the lengths at this place of its head; 0: those can't be its lengths. */
static uint64_t packet_bytes(const uint8_t *head, unsigned length_at)
{
    uint64_t content = bytes_load_le64(head + length_at);
    uint64_t packet = bytes_load_le64(head + length_at + 8);
    bool is_one = content <= packet && packet % 8 == 0 && content >= (length_at + 16u) * 8 &&
                  packet / 8 <= PACKET_BYTES_MAX;

    return is_one ? packet / 8 : 0;
}

/* True: there is a next packet at *offset, or the stream ends there. */
static bool pass_packet(struct stream *stream, uint64_t *offset)
{
    static const unsigned places[] = { 48, 40 };
    uint8_t head[HEAD_BYTES] = { 0 };

    stream->length_at = 0;
    if (!read_at(stream, *offset, head, sizeof(head))) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        uint64_t bytes = packet_bytes(head, places[i]);

        if (bytes > 0 && bytes <= stream->size - *offset &&
            packet_begins_at(stream, *offset + bytes)) {
            *offset += bytes;
            return true;
        }
        if (bytes > stream->size - *offset && stream->length_at == 0) {
            stream->length_at = places[i];
        }
    }
    return false;
}

/* Whether its last packet is cut. */
static bool is_cut(struct stream *stream)
{
    uint64_t offset = 0;

    if (!read_at(stream, 0, stream->signature, SIGNATURE_BYTES)) {
        return stream->size > 0;
    }
    if (bytes_load_le32(stream->signature) != MAGIC) {
        return false;
    }
    while (offset < stream->size && pass_packet(stream, &offset)) {
    }
    stream->cut_at = offset;
    return offset < stream->size && (stream->length_at != 0 || stream->size - offset < HEAD_BYTES);
}

static bool copy_bytes(int from, int to, uint64_t size)
{
    char buffer[65536];
    ssize_t count = 0;

    while (size > 0) {
        count = read(from, buffer, (size_t)MIN(size, sizeof(buffer)));
        if (count <= 0 || write(to, buffer, (size_t)count) != count) {
            return false;
        }
        size -= (uint64_t)count;
    }
    return true;
}

/* The lengths of the last packet's content and of itself become those of what is there. */
static bool write_mended(const struct stream *stream, const char *path)
{
    uint64_t there = stream->size - stream->cut_at;
    uint64_t size = stream->length_at != 0 ? stream->size : stream->cut_at;
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    uint8_t lengths[16];
    bool fine;

    if (to < 0) {
        return false;
    }
    bytes_store_le64(lengths, there * 8);
    bytes_store_le64(lengths + 8, there * 8);
    fine = lseek(stream->fd, 0, SEEK_SET) == 0 && copy_bytes(stream->fd, to, size);
    if (fine && stream->length_at != 0) {
        fine = pwrite(to, lengths, sizeof(lengths), (off_t)(stream->cut_at + stream->length_at)) ==
               (ssize_t)sizeof(lengths);
    }
    return close(to) == 0 && fine;
}

static bool link_to(const char *path, const char *copy)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);

    return symlink(whole, copy) == 0;
}

static bool take_stream(struct ctf_salvage *salvage, const char *path, const char *copy,
                        uint64_t size)
{
    struct stream stream = { .fd = open(path, O_RDONLY | O_CLOEXEC), .size = size };
    g_autofree char *name = g_path_get_basename(path);
    bool fine;

    if (stream.fd < 0) {
        return false;
    }
    g_ptr_array_add(salvage->made, g_strdup(copy));
    if (!is_cut(&stream)) {
        close(stream.fd);
        return link_to(path, copy);
    }
    g_ptr_array_add(salvage->notes, g_strdup_printf("stream %s is cut: %" PRIu64
                                                    " bytes of its last packet are there",
                                                    name, stream.size - stream.cut_at));
    fine = write_mended(&stream, copy);
    close(stream.fd);
    return fine;
}

static bool take_folder(struct ctf_salvage *salvage, const char *path, const char *copy,
                        unsigned depth);

/* The index tells of the stream as it was to be: babeltrace2 makes one of its own. */
static bool take_entry(struct ctf_salvage *salvage, const char *path, const char *copy,
                       const char *name, unsigned depth)
{
    g_autofree char *from = g_build_filename(path, name, NULL);
    g_autofree char *to = g_build_filename(copy, name, NULL);
    struct stat status;

    if (salvage->made->len > FILES_MAX || stat(from, &status) < 0) {
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        return strcmp(name, "index") == 0 || g_file_test(from, G_FILE_TEST_IS_SYMLINK) ||
               take_folder(salvage, from, to, depth + 1);
    }
    if (!S_ISREG(status.st_mode) || name[0] == '.') {
        return true;
    }
    if (strcmp(name, "metadata") == 0) {
        g_ptr_array_add(salvage->made, g_strdup(to));
        return link_to(from, to);
    }
    return take_stream(salvage, from, to, (uint64_t)status.st_size);
}

static bool take_folder(struct ctf_salvage *salvage, const char *path, const char *copy,
                        unsigned depth)
{
    GDir *folder = g_dir_open(path, 0, NULL);
    bool fine = folder != NULL && depth < FOLDER_DEPTH_MAX && g_mkdir(copy, 0700) == 0;
    const char *name;

    if (fine) {
        g_ptr_array_add(salvage->made, g_strdup(copy));
    }
    while (fine && (name = g_dir_read_name(folder)) != NULL) {
        fine = take_entry(salvage, path, copy, name, depth);
    }
    if (folder != NULL) {
        g_dir_close(folder);
    }
    return fine;
}

static gint compare_notes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct ctf_salvage *ctf_salvage_create(const char *path)
{
    struct ctf_salvage *salvage = g_new0(struct ctf_salvage, 1);
    g_autofree char *top = g_dir_make_tmp("tracedump-XXXXXX", NULL);

    salvage->made = g_ptr_array_new_with_free_func(g_free);
    salvage->notes = g_ptr_array_new_with_free_func(g_free);
    if (top != NULL) {
        g_ptr_array_add(salvage->made, g_strdup(top));
        salvage->folder = g_build_filename(top, "trace", NULL);
    }
    if (top == NULL || !take_folder(salvage, path, salvage->folder, 0) ||
        salvage->notes->len == 0) {
        ctf_salvage_destroy(salvage);
        return NULL;
    }
    g_ptr_array_sort(salvage->notes, compare_notes); /* A folder has no order. */
    return salvage;
}

const char *ctf_salvage_folder(const struct ctf_salvage *salvage)
{
    return salvage->folder;
}

const GPtrArray *ctf_salvage_notes(const struct ctf_salvage *salvage)
{
    return salvage->notes;
}

void ctf_salvage_destroy(struct ctf_salvage *salvage)
{
    if (salvage == NULL) {
        return;
    }
    for (guint i = salvage->made->len; i > 0; i--) {
        (void)g_remove(salvage->made->pdata[i - 1]); /* What stays is in the way of nobody. */
    }
    g_ptr_array_unref(salvage->made);
    g_ptr_array_unref(salvage->notes);
    g_free(salvage->folder);
    g_free(salvage);
}
