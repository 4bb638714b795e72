/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_x86_state.c - registers at power-up, as the SDM has them, and as text. */
#include <string.h>

#include "cpu/vm_exit.h"
#include "cpu/x86_state.h"
#include "unit.h"

static void test_reset(void **unused)
{
    struct x86_state state;

    (void)unused;
    memset(&state, 0xff, sizeof(state));
    x86_state_reset(&state, true);
    assert_int_equal(state.rip, 0xfff0);
    assert_int_equal(state.rflags, 2);
    assert_int_equal(state.cr0, 0x60000010);
    assert_int_equal(state.gpr[X86_RDX], 0x600);
    assert_int_equal(state.gpr[X86_RAX], 0);
    assert_int_equal(state.segments[X86_CS].selector, 0xf000);
    assert_true(state.segments[X86_CS].base == 0xffff0000);
    assert_int_equal(state.segments[X86_CS].limit, 0xffff);
    assert_int_equal(state.segments[X86_CS].attributes, 0x9b);
    assert_int_equal(state.segments[X86_SS].attributes, 0x93);
    assert_int_equal(state.segments[X86_GS].limit, 0xffff);
    assert_int_equal(state.idt_limit, 0xffff);
    assert_int_equal(state.cr3 | state.cr4 | state.efer, 0);
    assert_true(state.apic_base == 0xfee00900);
    assert_int_equal(state.mp_state, 0);
    x86_state_reset(&state, false);
    assert_true(state.apic_base == 0xfee00800);
    assert_int_equal(state.mp_state, 1);
}

static void test_print(void **unused)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct x86_state state;

    (void)unused;
    x86_state_reset(&state, true);
    state.rflags = 0x8d7; /* O S Z A P C */
    state.gpr[15] = 0x123456789abcdef0ull;
    state.segments[X86_SS].attributes |= 3 << 5;
    state.mp_state = 3;
    x86_state_print(&state, out);
    assert_true(g_str_has_prefix(out->str, "RAX=0000000000000000 RBX=0000000000000000 "
                                           "RCX=0000000000000000 RDX=0000000000000600\n"
                                           "RSI="));
    assert_non_null(strstr(out->str, " R15=123456789abcdef0\n"));
    assert_non_null(strstr(out->str, "RIP=000000000000fff0 RFL=000008d7 [-OSZAPC] CPL=3 HLT=1\n"));
    assert_non_null(strstr(out->str, "\nCS =f000 00000000ffff0000 0000ffff 00009b00\n"));
    assert_non_null(strstr(out->str, "\nIDT=     0000000000000000 0000ffff\n"));
    assert_non_null(strstr(out->str, "\nCR0=60000010 CR2="));
    assert_non_null(strstr(out->str, "\nEFER=0000000000000000 APIC_BASE=00000000fee00900\n"));
}

/* The list of fields is the struct: each byte that changes changes the digest. */
static void test_every_byte_is_listed(void **unused)
{
    struct x86_state state;
    uint64_t digest;

    (void)unused;
    x86_state_reset(&state, true);
    digest = state_digest(&x86_state_desc, &state, 0);
    for (size_t i = 0; i < sizeof(state); i++) {
        ((uint8_t *)&state)[i] ^= 0x40;
        assert_true(state_digest(&x86_state_desc, &state, 0) != digest);
        ((uint8_t *)&state)[i] ^= 0x40;
    }
    assert_true(state_digest(&x86_state_desc, &state, 0) == digest);
}

static void test_exit_names(void **unused)
{
    (void)unused;
    assert_string_equal(vm_exit_kind_name(VM_EXIT_INTERRUPTED), "interrupted");
    assert_string_equal(vm_exit_kind_name(VM_EXIT_SHUTDOWN), "shutdown");
    assert_string_equal(vm_exit_kind_name(VM_EXIT_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_every_byte_is_listed),
        cmocka_unit_test(test_exit_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
