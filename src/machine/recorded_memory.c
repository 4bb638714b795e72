/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded_memory.c - guest memory's dealings with the outside: the host calls that make it, and what
 * devices read from it and write into it (replay/payload_layout.h). A dma_read is ok (a byte), then the
 * bytes, in inputs of at most 64 KiB.
 *
 * A replay opens no file: its memory is anonymous, and holds what loaders and devices wrote, not what
 * the guest did. So whatever a device reads there comes from the recording.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "host/host_memory.h"
#include "machine/machine_internal.h"
#include "memory/ram_block.h"
#include "memory/transaction.h"
#include "replay/payload_layout.h"
#include "replay/recording.h"

#define PLAYED_FD           0x7fff0000 /* stands for a file that a replay does not open */
#define PAGE_BYTES          4096u
#define NAME_BYTES_MAX      4096u
#define DMA_CHUNK_BYTES     65536u
#define HOST_PAGE_BYTES_MAX (1ull << 30) /* x86-64's largest */

/* Says what is asked. True: the host is to be asked. */
static bool asks(struct machine *machine, enum payload_memory_what what, uint64_t first,
                 uint64_t second, const char *name)
{
    struct {
        struct payload_memory_call head;
        char name[NAME_BYTES_MAX];
    } effect;

    size_t length = strnlen(name, NAME_BYTES_MAX);

    effect.head.what[0] = (uint8_t)what;
    bytes_store_le64(effect.head.first, first);
    bytes_store_le64(effect.head.second, second);
    memcpy(effect.name, name, length);
    machine_effect(machine, RECORDING_EFFECT_memory_call, &effect, sizeof(effect.head) + length);
    return !machine_is_replaying(machine);
}

/* The host's answer, or the recorded one. */
static int answer(struct machine *machine, int number, uint64_t *value)
{
    struct payload_memory_answer bytes;

    bytes_store_le32(bytes.error, (uint32_t)number);
    bytes_store_le64(bytes.number, *value);
    machine_input(machine, RECORDING_INPUT_memory_call, &bytes, sizeof(bytes));
    *value = bytes_load_le64(bytes.number);
    return (int)bytes_load_le32(bytes.error);
}

static int create_memfd(void *opaque, const char *name, int *out_fd)
{
    struct machine *machine = opaque;
    uint64_t unused = 0;
    int number = 0;

    if (asks(machine, PAYLOAD_MEMORY_create_memfd, 0, 0, name)) {
        number = host_memory_create_memfd(name, out_fd);
    } else {
        *out_fd = PLAYED_FD;
    }
    return answer(machine, number, &unused);
}

static int open_file(void *opaque, const char *path, int *out_fd, bool *out_created)
{
    struct machine *machine = opaque;
    uint64_t created;
    int number = 0;

    if (asks(machine, PAYLOAD_MEMORY_open_file, 0, 0, path)) {
        number = host_memory_open_file(path, out_fd, out_created);
    } else {
        *out_fd = PLAYED_FD;
    }
    created = *out_created;
    number = answer(machine, number, &created);
    *out_created = created != 0;
    return number;
}

static int file_size(void *opaque, int fd, uint64_t *out_bytes)
{
    struct machine *machine = opaque;
    uint64_t size = 0;
    int number = 0;

    if (asks(machine, PAYLOAD_MEMORY_file_size, 0, 0, "")) {
        number = host_memory_file_size(fd, &size);
    }
    number = answer(machine, number, &size);
    *out_bytes = size;
    return number;
}

static int set_file_size(void *opaque, int fd, uint64_t size_bytes)
{
    struct machine *machine = opaque;
    uint64_t unused = 0;
    int number = 0;

    if (asks(machine, PAYLOAD_MEMORY_set_file_size, size_bytes, 0, "")) {
        number = host_memory_set_file_size(fd, size_bytes);
    }
    return answer(machine, number, &unused);
}

static uint64_t page_size(void *opaque, int fd)
{
    struct machine *machine = opaque;
    uint64_t size = PAGE_BYTES;

    if (asks(machine, PAYLOAD_MEMORY_page_size, fd >= 0, 0, "")) {
        size = host_memory_page_size(fd);
    }
    (void)answer(machine, 0, &size);
    /* What is used as a divisor must not be 0, as it is behind a divergence. */
    return size < PAGE_BYTES || size > HOST_PAGE_BYTES_MAX || (size & (size - 1)) != 0 ? PAGE_BYTES
                                                                                       : size;
}

static int map(void *opaque, int fd, uint64_t size_bytes, uint64_t align_bytes, bool share,
               void **out_at)
{
    struct machine *machine = opaque;
    uint64_t unused = 0;
    int number = 0;
    int played;

    if (asks(machine, PAYLOAD_MEMORY_map, size_bytes, align_bytes, share ? "shared" : "private")) {
        number = host_memory_map(fd, size_bytes, align_bytes, share, out_at);
        return answer(machine, number, &unused);
    }
    number = answer(machine, 0, &unused);
    if (number != 0) {
        return number;
    }
    played = host_memory_map(-1, size_bytes, PAGE_BYTES, false, out_at);
    if (played != 0) {
        g_autofree char *text = g_strdup_printf("this host can't map %" G_GUINT64_FORMAT
                                                " bytes of memory, as the recorded one "
                                                "did: %s",
                                                size_bytes, g_strerror(played));

        recording_diverge(machine->recording, text);
    }
    return played;
}

/* A replay needs none of the pages. */
static int populate(void *opaque, void *at, uint64_t size_bytes)
{
    struct machine *machine = opaque;
    uint64_t unused = 0;
    int number = 0;

    if (asks(machine, PAYLOAD_MEMORY_populate, size_bytes, 0, "")) {
        number = host_memory_populate(at, size_bytes);
    }
    return answer(machine, number, &unused);
}

static void remove_file(void *opaque, const char *path)
{
    if (!machine_is_replaying(opaque)) {
        host_memory_remove_file(path);
    }
}

static void unmap(void *opaque, void *at, uint64_t size_bytes)
{
    (void)opaque;
    host_memory_unmap(at, size_bytes);
}

static void close_file(void *opaque, int fd)
{
    (void)opaque;
    if (fd != PLAYED_FD) {
        host_memory_close(fd);
    }
}

/* ---- DMA ---- */

static bool dma_read(void *opaque, gpa_t gpa, void *buffer, uint64_t size)
{
    struct machine *machine = opaque;
    uint8_t ok = address_space_read(machine->memory_space, gpa, buffer, size);

    /* Our own CPUs' memory is in a replay what it was. */
    if (machine->soft != NULL) {
        return ok != 0;
    }
    machine_input(machine, RECORDING_INPUT_dma_read, &ok, 1);
    for (uint64_t at = 0; at < size; at += DMA_CHUNK_BYTES) {
        machine_input(machine, RECORDING_INPUT_dma_read, (uint8_t *)buffer + at,
                      (size_t)MIN(size - at, DMA_CHUNK_BYTES));
    }
    return ok != 0;
}

static bool dma_write(void *opaque, gpa_t gpa, const void *buffer, uint64_t size)
{
    struct machine *machine = opaque;

    machine_loaded(machine, gpa, buffer, size, size);
    return address_space_write(machine->memory_space, gpa, buffer, size);
}

void recorded_memory_init(struct machine *machine)
{
    machine->ram_calls = (struct ram_calls){
        .opaque = machine,
        .create_memfd = create_memfd,
        .open_file = open_file,
        .file_size = file_size,
        .set_file_size = set_file_size,
        .page_size = page_size,
        .map = map,
        .populate = populate,
        .remove_file = remove_file,
        .unmap = unmap,
        .close = close_file,
    };
    memory_system_set_ram_calls(machine->memory, &machine->ram_calls);
    machine->dma = (struct dma_port){ .read = dma_read, .write = dma_write, .opaque = machine };
}

void machine_exit_read_ram(struct machine *machine, gpa_t gpa, void *buffer, unsigned size)
{
    if (address_space_ram(machine->memory_space, gpa, 1) != NULL ||
        address_space_ram(machine->memory_space, gpa + (size - 1), 1) != NULL) {
        machine_input(machine, RECORDING_INPUT_dma_read, buffer, size);
    }
}
