/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_main.c - runs a target over the files of a folder, so that a corpus is a test without
 * libFuzzer.
 *
 * usage: fuzz_NAME FOLDER|FILE...
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static unsigned run_file(const char *path)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;
    uint8_t *copy;

    if (!g_file_get_contents(path, &bytes, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(EXIT_FAILURE);
    }
    /* Printed first: it names the culprit of an abort. */
    printf("%s\n", path);
    fflush(stdout);
    /* Without the NUL that GLib adds, so that a sanitizer sees a read beyond the end. */
    copy = g_memdup2(bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    g_free(copy);
    return 1;
}

static unsigned run_folder(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned count = 0;

    if (folder == NULL) {
        return run_file(path);
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        count += run_file(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        count += run_folder(argv[i]);
    }
    printf("%u files\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
