/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_chardevs.c - the machine's character devices by label, and that each has one user only. */
#include <string.h>

#include "base/error.h"
#include "host/host_char.h"
#include "machine/machine_internal.h"

struct host_char *machine_find_chardev(struct machine *machine, const char *label)
{
    for (guint i = 0; i < machine->chardevs->len; i++) {
        struct host_char *chr = g_ptr_array_index(machine->chardevs, i);

        if (strcmp(host_char_label(chr), label) == 0) {
            return chr;
        }
    }
    return NULL;
}

bool machine_add_chardev(struct machine *machine, struct host_char *chr, GError **error)
{
    if (machine_find_chardev(machine, host_char_label(chr)) != NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Duplicate ID '%s' for chardev",
                    host_char_label(chr));
        host_char_close(chr);
        return false;
    }
    g_ptr_array_add(machine->chardevs, chr);
    return true;
}

struct host_char *machine_claim_chardev(struct machine *machine, const char *label, GError **error)
{
    struct host_char *chr = machine_find_chardev(machine, label);

    if (chr == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND, "chardev \"%s\" not found", label);
        return NULL;
    }
    if (g_ptr_array_find(machine->claimed, chr, NULL)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_BUSY, "Device '%s' is in use", label);
        return NULL;
    }
    g_ptr_array_add(machine->claimed, chr);
    return chr;
}

void machine_release_chardev(struct machine *machine, struct host_char *chr)
{
    g_ptr_array_remove(machine->claimed, chr);
}
