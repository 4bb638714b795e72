/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_turn_payload.c - what starts a turn survives the way through bytes; other bytes are refused, whatever they are. */
#include <json-c/json.h>
#include <string.h>

#include "cpu/vm_exit.h"
#include "machine/inputs.h"
#include "unit.h"

static void check_exit(const struct vm_exit *exit)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) scratch = g_byte_array_new();
    size_t data = (size_t)exit->size * exit->count;
    struct vm_exit again;

    exit_payload_store(exit, bytes);
    assert_true(exit_payload_load(bytes->data, bytes->len, scratch, &again));
    assert_int_equal(again.kind, exit->kind);
    assert_int_equal(again.gpa, exit->gpa);
    assert_int_equal(again.size, exit->size);
    assert_int_equal(again.count, exit->count);
    assert_int_equal(again.is_write, exit->is_write);
    assert_int_equal(again.detail_count, exit->detail_count);
    assert_memory_equal(again.detail, exit->detail, exit->detail_count * sizeof(exit->detail[0]));
    assert_true((again.data != NULL) == (data > 0));
    if (exit->is_write) {
        assert_memory_equal(again.data, exit->data, data);
    }
    /* Neither shorter nor longer. */
    for (guint size = 0; size < bytes->len; size++) {
        assert_false(exit_payload_load(bytes->data, size, scratch, &again));
    }
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    assert_false(exit_payload_load(bytes->data, bytes->len, scratch, &again));
}

static void test_exits(void **state)
{
    uint8_t data[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    check_exit(&(struct vm_exit){
        .kind = VM_EXIT_PIO, .gpa = 0xb004, .size = 2, .count = 1, .data = data });
    check_exit(&(struct vm_exit){ .kind = VM_EXIT_PIO,
                                  .gpa = 0x3f8,
                                  .size = 1,
                                  .count = 4096,
                                  .is_write = true,
                                  .data = data });
    check_exit(&(struct vm_exit){ .kind = VM_EXIT_MMIO,
                                  .gpa = UINT64_MAX,
                                  .size = 8,
                                  .count = 1,
                                  .is_write = true,
                                  .data = data });
    check_exit(&(struct vm_exit){ .kind = VM_EXIT_HALT });
    check_exit(&(struct vm_exit){
        .kind = VM_EXIT_INTERNAL_ERROR, .detail_count = 3, .detail = { 1, UINT64_MAX, 3 } });
    check_exit(&(struct vm_exit){
        .kind = VM_EXIT_UNKNOWN, .detail_count = VM_EXIT_DETAIL_MAX, .detail = { 99 } });
}

static bool loads(uint8_t kind, uint8_t flags, uint8_t size, uint8_t details, uint32_t count,
                  size_t bytes)
{
    g_autofree uint8_t *payload = g_malloc0(bytes + 16);
    g_autoptr(GByteArray) scratch = g_byte_array_new();
    struct vm_exit exit;

    payload[0] = kind;
    payload[1] = flags;
    payload[2] = size;
    payload[3] = details;
    memcpy(payload + 4, &count, sizeof(count));
    return exit_payload_load(payload, bytes, scratch, &exit);
}

static void test_impossible_exits(void **state)
{
    (void)state;
    assert_true(loads(VM_EXIT_PIO, 0, 4, 0, 16384, 16));
    assert_false(loads(VM_EXIT_PIO, 0, 4, 0, 16385, 16)); /* larger than any page of KVM's */
    assert_false(loads(VM_EXIT_PIO, 0, 255, 0, UINT32_MAX, 16));
    assert_false(loads(VM_EXIT_PIO, 0, 0, 0, 1, 16));
    assert_false(loads(VM_EXIT_PIO, 0, 1, 0, 0, 16));
    assert_false(loads(VM_EXIT_PIO, 0, 9, 0, 1, 16));
    assert_false(loads(VM_EXIT_PIO, 2, 1, 0, 1, 16));
    assert_false(loads(VM_EXIT_MMIO, 0, 8, 0, 2, 16));
    assert_false(loads(VM_EXIT_LAST + 1, 0, 0, 0, 0, 16));
    assert_false(loads(VM_EXIT_HALT, 0, 1, 0, 1, 16));
    assert_false(loads(VM_EXIT_HALT, 1, 0, 0, 0, 16));
    assert_false(loads(VM_EXIT_UNKNOWN, 0, 0, VM_EXIT_DETAIL_MAX + 1, 0, 16 + 17 * 8));
}

static void check_command(const char *text)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct json_object *command;
    unsigned client;
    size_t length;
    const char *again;

    command_payload_store(0x12345678, text, strlen(text), bytes);
    again = command_payload_load(bytes->data, bytes->len, &client, &length);
    assert_int_equal(client, 0x12345678);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(again, text, length);
    command = command_parse(again, length);
    assert_string_equal(json_object_to_json_string_ext(command, JSON_C_TO_STRING_PLAIN), text);
    json_object_put(command);
}

static void test_commands(void **state)
{
    unsigned client;
    size_t length;
    struct json_object *command;

    (void)state;
    check_command("{}");
    check_command("{\"execute\":\"x\",\"id\":[1,-9223372036854775808,18446744073709551615,1.5e300,"
                  "null,true,\"a\\u0000b\\\"\"]}");
    assert_null(command_payload_load((const uint8_t *)"abc", 3, &client, &length));
    assert_non_null(command_payload_load((const uint8_t *)"abcd", 4, &client, &length));
    assert_int_equal(length, 0);
    /* What is no object stands for a command without a name. */
    for (const char *const *text = (const char *const[]){ "", "[]", "{\"a\":", "1", "\xff", NULL };
         *text != NULL; text++) {
        command = command_parse(*text, strlen(*text));
        assert_true(json_object_is_type(command, json_type_object));
        assert_int_equal(json_object_object_length(command), 0);
        json_object_put(command);
    }
}

static void test_deep_commands(void **state)
{
    g_autoptr(GString) text = g_string_new("{\"a\":");
    struct json_object *command;

    (void)state;
    for (unsigned i = 0; i < 1023; i++) {
        g_string_append_c(text, '[');
    }
    for (unsigned i = 0; i < 1023; i++) {
        g_string_append_c(text, ']');
    }
    g_string_append_c(text, '}');
    command = command_parse(text->str, text->len); /* as deep as a monitor lets in */
    assert_int_equal(json_object_object_length(command), 1);
    json_object_put(command);
}

static void test_console_bytes(void **state)
{
    static const uint8_t typed[] = { 'a', 0, 0xff };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const uint8_t *again;
    size_t count;

    (void)state;
    console_payload_store("serial0", typed, sizeof(typed), bytes);
    again = console_payload_load(bytes->data, bytes->len, &count);
    assert_int_equal(count, sizeof(typed));
    assert_memory_equal(again, typed, sizeof(typed));
    assert_string_equal((const char *)bytes->data, "serial0");
    assert_non_null(console_payload_load(bytes->data, 8, &count));
    assert_int_equal(count, 0);
    assert_null(console_payload_load(bytes->data, 7, &count)); /* a label without its end */
    assert_null(console_payload_load(NULL, 0, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exits),         cmocka_unit_test(test_impossible_exits),
        cmocka_unit_test(test_commands),      cmocka_unit_test(test_deep_commands),
        cmocka_unit_test(test_console_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
