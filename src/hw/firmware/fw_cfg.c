/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg.c - the fw_cfg device: selector, data port, DMA. Items are the same as long as the machine
 * lives.
 */
#include "hw/firmware/fw_cfg.h"

#include <string.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "hw/core/board.h"
#include "memory/address_space.h"
#include "memory/region.h"
#include "state/state.h"
#include "trace/trace.h"

#define ID_TRADITIONAL 1u
#define ID_DMA         2u
#define WRITE_CHANNEL  0x4000u /* of a key: no effect */
#define SIGNATURE_TEXT "QEMU"
#define DMA_SIGNATURE  "QEMU CFG"

#define DMA_PORT_OFFSET   4u /* from FW_CFG_IO_BASE */
#define DMA_COMMAND_BYTES 16u
#define DMA_ERROR         0x01u
#define DMA_READ          0x02u
#define DMA_SKIP          0x04u
#define DMA_SELECT        0x08u
#define DMA_WRITE         0x10u
#define DMA_ZERO_BYTES    4096u

#define DIRECTORY_ENTRY_BYTES 64u

struct fw_cfg_state {
    uint64_t dma_gpa; /* the high half, until the low one comes */
    uint32_t offset;  /* of the next byte in the selected item */
    uint16_t selector;
    uint16_t pad;
};

#define FW_CFG_FIELDS(FIELD, NESTED, T) \
    FIELD(T, dma_gpa) FIELD(T, offset) FIELD(T, selector) FIELD(T, pad)
STATE_DECLARE(fw_cfg_desc, struct fw_cfg_state);
STATE_DESCRIBE(fw_cfg_desc, struct fw_cfg_state, FW_CFG_FIELDS);

struct item {
    uint16_t key;
    char name[FW_CFG_FILE_NAME_BYTES]; /* of a file, else "" */
    GBytes *bytes;
};

struct fw_cfg {
    struct device device;
    struct fw_cfg_state state;
    GArray *items; /* struct item */
    unsigned file_count;
    struct memory_region ports, dma;
};

static struct fw_cfg *as_fw_cfg(struct device *device)
{
    return (struct fw_cfg *)(void *)device;
}

/* ---- items ---- */

static void item_clear(gpointer data)
{
    struct item *item = data;

    g_bytes_unref(item->bytes);
}

static const uint8_t *item_bytes(const struct fw_cfg *fw_cfg, uint16_t key, size_t *out_size)
{
    for (guint i = 0; i < fw_cfg->items->len; i++) {
        const struct item *item = &g_array_index(fw_cfg->items, struct item, i);

        if (item->key == key) {
            return g_bytes_get_data(item->bytes, out_size);
        }
    }
    *out_size = 0;
    return NULL;
}

static struct item *append_item(struct fw_cfg *fw_cfg, uint16_t key, GBytes *bytes)
{
    struct item item = { .key = key, .bytes = g_bytes_ref(bytes) };

    invariant(!fw_cfg->device.realized);
    invariant(g_bytes_get_size(bytes) <= UINT32_MAX);
    g_array_append_val(fw_cfg->items, item);
    return &g_array_index(fw_cfg->items, struct item, fw_cfg->items->len - 1);
}

void fw_cfg_add_bytes(struct device *device, uint16_t key, GBytes *bytes)
{
    const struct fw_cfg *fw_cfg = as_fw_cfg(device);
    size_t size;

    invariant(key < FW_CFG_FILE_FIRST || key >= FW_CFG_IRQ0_OVERRIDE);
    invariant(item_bytes(fw_cfg, key, &size) == NULL);
    (void)append_item(as_fw_cfg(device), key, bytes);
}

static GBytes *number_bytes(uint64_t value, unsigned size)
{
    uint8_t stored[8];

    bytes_store_le(stored, value, size);
    return g_bytes_new(stored, size);
}

static void add_number(struct device *device, uint16_t key, uint64_t value, unsigned size)
{
    GBytes *bytes = number_bytes(value, size);

    fw_cfg_add_bytes(device, key, bytes);
    g_bytes_unref(bytes);
}

void fw_cfg_add_u16(struct device *device, uint16_t key, uint16_t value)
{
    add_number(device, key, value, 2);
}

void fw_cfg_add_u32(struct device *device, uint16_t key, uint32_t value)
{
    add_number(device, key, value, 4);
}

void fw_cfg_add_u64(struct device *device, uint16_t key, uint64_t value)
{
    add_number(device, key, value, 8);
}

static bool is_file(const struct item *item)
{
    return item->name[0] != '\0';
}

void fw_cfg_add_file(struct device *device, const char *name, GBytes *bytes)
{
    struct fw_cfg *fw_cfg = as_fw_cfg(device);
    struct item *item;

    invariant(name[0] != '\0');
    invariant(strlen(name) < FW_CFG_FILE_NAME_BYTES);
    invariant(fw_cfg->file_count < FW_CFG_FILES_MAX);
    for (guint i = 0; i < fw_cfg->items->len; i++) {
        invariant(strcmp(g_array_index(fw_cfg->items, struct item, i).name, name) != 0);
    }
    item = append_item(fw_cfg, 0, bytes);
    g_strlcpy(item->name, name, sizeof(item->name));
    fw_cfg->file_count++;
}

void fw_cfg_add_file_u64(struct device *device, const char *name, uint64_t value)
{
    GBytes *bytes = number_bytes(value, 8);

    fw_cfg_add_file(device, name, bytes);
    g_bytes_unref(bytes);
}

/* Files behind the others, by name. */
static gint compare_items(gconstpointer left, gconstpointer right)
{
    const struct item *a = left, *b = right;

    if (!is_file(a) || !is_file(b)) {
        return is_file(a) - is_file(b);
    }
    return strcmp(a->name, b->name);
}

/* Gives the files their keys and makes the directory: everything big-endian. */
static void make_directory(struct fw_cfg *fw_cfg)
{
    size_t size = 4 + (size_t)fw_cfg->file_count * DIRECTORY_ENTRY_BYTES;
    uint8_t *directory = g_malloc0(size);
    uint8_t *entry = directory + 4;
    uint16_t key = FW_CFG_FILE_FIRST;
    GBytes *bytes;

    g_array_sort(fw_cfg->items, compare_items);
    bytes_store_le32(directory, GUINT32_SWAP_LE_BE(fw_cfg->file_count));
    for (guint i = 0; i < fw_cfg->items->len; i++) {
        struct item *item = &g_array_index(fw_cfg->items, struct item, i);

        if (!is_file(item)) {
            continue;
        }
        item->key = key++;
        bytes_store_le32(entry, GUINT32_SWAP_LE_BE((uint32_t)g_bytes_get_size(item->bytes)));
        bytes_store_le16(entry + 4, GUINT16_SWAP_LE_BE(item->key));
        memcpy(entry + 8, item->name, strlen(item->name));
        entry += DIRECTORY_ENTRY_BYTES;
    }
    bytes = g_bytes_new_take(directory, size);
    (void)append_item(fw_cfg, FW_CFG_FILE_DIR, bytes);
    g_bytes_unref(bytes);
}

/* ---- selector and data ---- */

static void select_item(struct fw_cfg *fw_cfg, uint16_t key)
{
    size_t size;

    fw_cfg->state.selector = key & (uint16_t)~WRITE_CHANNEL;
    fw_cfg->state.offset = 0;
    (void)item_bytes(fw_cfg, fw_cfg->state.selector, &size);
    trace_fw_cfg_item_selected(fw_cfg->state.selector, (uint32_t)size);
}

static uint64_t ports_read(void *opaque, uint64_t offset, unsigned size)
{
    struct fw_cfg *fw_cfg = opaque;
    size_t item_size;
    const uint8_t *bytes = item_bytes(fw_cfg, fw_cfg->state.selector, &item_size);

    (void)offset;
    (void)size;
    return fw_cfg->state.offset < item_size ? bytes[fw_cfg->state.offset++] : 0;
}

static void ports_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    if (offset == 0 && size == 2) {
        select_item(opaque, (uint16_t)value);
    } else {
        trace_guest_error(TYPE_FW_CFG_IO, FW_CFG_IO_BASE + offset, value,
                          "items can't be written: ignored");
    }
}

static const struct memory_region_ops ports_ops = {
    .read = ports_read,
    .write = ports_write,
    .size_min = 1,
    .size_max = 2,
    .access_min = 1,
    .access_max = 2,
};

/* ---- DMA ---- */

static bool dma_read_zeros(const struct dma_port *memory, uint64_t gpa, uint32_t count)
{
    static const uint8_t zeros[DMA_ZERO_BYTES];

    while (count > 0) {
        uint32_t part = MIN(count, DMA_ZERO_BYTES);

        if (!memory->write(memory->opaque, gpa, zeros, part)) {
            return false;
        }
        gpa += part;
        count -= part;
    }
    return true;
}

/* The next count bytes, zeros behind the item's end, to gpa; or nowhere: a skip. */
static bool dma_take(struct fw_cfg *fw_cfg, bool skip, uint64_t gpa, uint32_t count)
{
    const struct dma_port *memory = fw_cfg->device.board->dma;
    size_t size;
    const uint8_t *bytes = item_bytes(fw_cfg, fw_cfg->state.selector, &size);
    uint32_t left = (uint32_t)size - MIN(fw_cfg->state.offset, (uint32_t)size);
    uint32_t there = MIN(count, left);
    uint32_t offset = fw_cfg->state.offset;

    fw_cfg->state.offset += there;
    if (skip) {
        return true;
    }
    return (there == 0 || memory->write(memory->opaque, gpa, bytes + offset, there)) &&
           dma_read_zeros(memory, gpa + there, count - there);
}

static bool dma_command(struct fw_cfg *fw_cfg, const uint8_t command[DMA_COMMAND_BYTES])
{
    uint32_t control = GUINT32_SWAP_LE_BE(bytes_load_le32(command));
    uint32_t count = GUINT32_SWAP_LE_BE(bytes_load_le32(command + 4));
    uint64_t gpa = GUINT64_SWAP_LE_BE(bytes_load_le64(command + 8));
    bool ok = true;

    if ((control & DMA_SELECT) != 0) {
        select_item(fw_cfg, (uint16_t)(control >> 16));
    }
    if ((control & DMA_READ) != 0) {
        ok = dma_take(fw_cfg, false, gpa, count);
    } else if ((control & DMA_WRITE) != 0) {
        ok = false;
    } else if ((control & DMA_SKIP) != 0) {
        ok = dma_take(fw_cfg, true, gpa, count);
    }
    trace_fw_cfg_dma_done(control, count, gpa, ok);
    return ok;
}

static void dma_start(struct fw_cfg *fw_cfg)
{
    const struct dma_port *memory = fw_cfg->device.board->dma;
    uint64_t gpa = fw_cfg->state.dma_gpa;
    uint8_t command[DMA_COMMAND_BYTES];
    uint8_t answer[4] = { 0 };

    fw_cfg->state.dma_gpa = 0;
    if (!memory->read(memory->opaque, gpa, command, sizeof(command)) ||
        !dma_command(fw_cfg, command)) {
        answer[3] = DMA_ERROR;
    }
    if (!memory->write(memory->opaque, gpa, answer, sizeof(answer))) {
        trace_guest_error(TYPE_FW_CFG_IO, FW_CFG_IO_BASE + DMA_PORT_OFFSET, gpa,
                          "the DMA command is not in memory: nobody hears of it");
    }
}

static uint64_t dma_port_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    return bytes_load_le(DMA_SIGNATURE + offset, size);
}

static void dma_port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct fw_cfg *fw_cfg = opaque;
    uint32_t half = GUINT32_SWAP_LE_BE((uint32_t)value);

    if (size != 4) {
        trace_guest_error(TYPE_FW_CFG_IO, FW_CFG_IO_BASE + DMA_PORT_OFFSET + offset, value,
                          "the DMA address is written by halves of 4 bytes: ignored");
    } else if (offset == 0) {
        fw_cfg->state.dma_gpa = (uint64_t)half << 32;
    } else {
        fw_cfg->state.dma_gpa |= half;
        dma_start(fw_cfg);
    }
}

static const struct memory_region_ops dma_ops = {
    .read = dma_port_read,
    .write = dma_port_write,
    .size_min = 1,
    .size_max = 4,
};

/* ---- device ---- */

static void fw_cfg_init(struct object *object)
{
    struct fw_cfg *fw_cfg = (struct fw_cfg *)(void *)object;
    GBytes *signature = g_bytes_new_static(SIGNATURE_TEXT, 4);

    fw_cfg->items = g_array_new(FALSE, FALSE, sizeof(struct item));
    g_array_set_clear_func(fw_cfg->items, item_clear);
    fw_cfg_add_bytes(&fw_cfg->device, FW_CFG_SIGNATURE, signature);
    fw_cfg_add_u32(&fw_cfg->device, FW_CFG_ID, ID_TRADITIONAL | ID_DMA);
    g_bytes_unref(signature);
}

static void fw_cfg_fini(struct object *object)
{
    g_array_unref(((struct fw_cfg *)(void *)object)->items);
}

static void reset(struct device *device)
{
    as_fw_cfg(device)->state = (struct fw_cfg_state){ .selector = FW_CFG_SIGNATURE };
}

static bool realize(struct device *device, GError **error)
{
    struct fw_cfg *fw_cfg = as_fw_cfg(device);
    const struct board *board = device->board;

    (void)error;
    make_directory(fw_cfg);
    memory_region_init_io(&fw_cfg->ports, board->memory, "fwcfg", &ports_ops, fw_cfg, 2);
    memory_region_init_io(&fw_cfg->dma, board->memory, "fwcfg.dma", &dma_ops, fw_cfg, 8);
    memory_region_add_subregion(board->system_io, FW_CFG_IO_BASE, &fw_cfg->ports);
    memory_region_add_subregion(board->system_io, FW_CFG_IO_BASE + DMA_PORT_OFFSET, &fw_cfg->dma);
    reset(device);
    return true;
}

static void unrealize(struct device *device)
{
    struct fw_cfg *fw_cfg = as_fw_cfg(device);

    memory_region_del_subregion(device->board->system_io, &fw_cfg->dma);
    memory_region_del_subregion(device->board->system_io, &fw_cfg->ports);
    memory_region_fini(&fw_cfg->dma);
    memory_region_fini(&fw_cfg->ports);
    /* The directory is made anew. */
    for (guint i = 0; i < fw_cfg->items->len; i++) {
        if (g_array_index(fw_cfg->items, struct item, i).key == FW_CFG_FILE_DIR) {
            g_array_remove_index(fw_cfg->items, i);
            break;
        }
    }
}

static const struct device_class fw_cfg_class = {
    .description = "configuration for firmware",
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .state = &fw_cfg_desc,
    .state_offset = offsetof(struct fw_cfg, state),
};

const struct type_info fw_cfg_io_type_info = {
    .name = TYPE_FW_CFG_IO,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(struct fw_cfg),
    .instance_init = fw_cfg_init,
    .instance_fini = fw_cfg_fini,
    .class_methods = &fw_cfg_class,
};
