/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_options.c - option strings, sizes, switches, faults. What is parsed must read the same again;
 * what is refused must say why.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/fault.h"
#include "base/invariant.h"
#include "base/options.h"
#include "fuzz.h"

static void check_pairs(const char *text, const char *implied_key)
{
    g_autoptr(GError) error = NULL;
    struct json_object *pairs = options_parse(text, implied_key, &error);

    invariant((pairs == NULL) == (error != NULL));
    if (pairs != NULL) {
        invariant(json_object_is_type(pairs, json_type_object));
        (void)json_object_to_json_string(pairs); /* walks all of it */
        json_object_put(pairs);
    }
}

static void check_values(const char *text)
{
    g_autoptr(GError) size_error = NULL;
    g_autoptr(GError) bool_error = NULL;
    g_autoptr(GError) fault_error = NULL;
    uint64_t bytes = 0x5a5a;
    bool value;
    struct fault_plan plan = { 0 };

    if (options_parse_size(text, 1, &bytes, &size_error)) {
        invariant(size_error == NULL);
    } else {
        invariant(size_error != NULL);
        invariant(bytes == 0x5a5a);
    }
    invariant(options_parse_bool(text, &value, &bool_error) == (bool_error == NULL));
    invariant(fault_plan_arm(&plan, text, &fault_error) == (fault_error == NULL));
}

/* The first byte says whether there is an implied key. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = NULL;

    if (size == 0) {
        return 0;
    }
    text = g_strndup((const char *)bytes + 1, size - 1);
    check_pairs(text, bytes[0] % 2 == 0 ? "driver" : NULL);
    check_values(text);
    return 0;
}
