/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * damage_trace.c - tracedump on a trace or recording that is cut at every byte, and that is changed at every
 * byte, with the old checksums and with right ones. Sanitizers and aborts say what went wrong.
 *
 * usage: damage_trace FILE
 */
#include <glib.h>
#include <stdio.h>

#include "fuzz_trace.h"

static const uint8_t changes[] = { 0x01, 0x80, 0xff };

static void cut_everywhere(const uint8_t *data, size_t size)
{
    for (size_t length = 0; length <= size; length++) {
        fuzz_trace(data, length);
    }
}

static void change_everywhere(uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < sizeof(changes); i++) {
            data[at] ^= changes[i];
            LLVMFuzzerTestOneInput(data, size);
            data[at] ^= changes[i];
        }
    }
}

int main(int argc, char **argv)
{
    g_autofree char *data = NULL;
    size_t size;

    if (argc != 2 || !g_file_get_contents(argv[1], &data, &size, NULL)) {
        fprintf(stderr, "usage: damage_trace FILE\n");
        return 1;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    cut_everywhere((const uint8_t *)data, size);
    change_everywhere((uint8_t *)data, size);
    return 0;
}
