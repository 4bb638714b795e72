/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * library.c - finds expectations by name: in the folder that REPLUG_EXPECTATIONS names, where
 * Replug was built, or where it is installed.
 */
#include "check/library.h"

#include <string.h>

#include "base/error.h"

#define SUFFIX ".expect"

static const char *library_folder(void)
{
    const char *named = g_getenv("REPLUG_EXPECTATIONS");

    if (named != NULL && *named != '\0') {
        return named;
    }
    return g_file_test(REPLUG_EXPECTATIONS_BUILT, G_FILE_TEST_IS_DIR)
               ? REPLUG_EXPECTATIONS_BUILT
               : REPLUG_EXPECTATIONS_INSTALLED;
}

struct spec *library_load(const char *name, GError **error)
{
    g_autofree char *file = NULL;
    g_autofree char *path = NULL;

    if (strchr(name, '/') != NULL || g_file_test(name, G_FILE_TEST_EXISTS)) {
        return spec_load(name, error);
    }
    file = g_strconcat(name, g_str_has_suffix(name, SUFFIX) ? "" : SUFFIX, NULL);
    path = g_build_filename(library_folder(), file, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "there is neither a file '%s' nor an expectation of that name in %s", name,
                    library_folder());
        return NULL;
    }
    return spec_load(path, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool library_load_all(GPtrArray *specs, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *folder = g_dir_open(library_folder(), 0, error);
    const char *name;
    bool ok = true;

    if (folder == NULL) {
        return false;
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (g_str_has_suffix(name, SUFFIX)) {
            g_ptr_array_add(names, g_build_filename(library_folder(), name, NULL));
        }
    }
    g_dir_close(folder);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; ok && i < names->len; i++) {
        struct spec *spec = spec_load(names->pdata[i], error);

        ok = spec != NULL;
        if (ok) {
            g_ptr_array_add(specs, spec);
        }
    }
    return ok;
}
