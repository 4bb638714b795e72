/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.h - what the system guests share: ports, printing, tables, attempts. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

#define NO_ERROR_CODE 0x5a5a5a5au

#if defined(__x86_64__)
/* What ended an attempt; vector 0x100 is SYSCALL, 0x101 SYSENTER. */
struct caught {
    uint64_t vector, error, rip, cs, rflags, rsp, ss, cr2, frame;
};

extern uint64_t user_flags;
extern const uint64_t vector_table[34];
extern uint64_t page_map_level_4[512], page_directory_pointers[512], page_directory[512];
void syscall_entry(void);
void sysenter_entry(void);
_Noreturn void enter_user(void (*code)(void), uint64_t cs);
#else
struct caught {
    uint32_t vector, error, eip, cs, eflags, esp, ss, es, ds_pushed, ds, frame;
};

extern uint32_t user_flags, real_registers[4];
extern const uint32_t vector_table[34];
_Noreturn void enter_user(void (*code)(void));
void enter_v86(void);
void in_real_mode(void);
#endif

extern volatile struct caught caught;
extern uint64_t gdt[32];
extern uint32_t multiboot_information;

bool attempt(void (*code)(void));

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("out %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static void print(const char *text)
{
    for (; *text != 0; text++) {
        while ((in8(0x3fd) & 0x20) == 0) {
        }
        out8(0x3f8, (uint8_t)*text);
    }
}

static void print_hex(uint64_t value)
{
    char text[19] = "0x";
    unsigned at = 2;
    int shift = 60;

    while (shift > 0 && (value >> shift) == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        text[at++] = "0123456789abcdef"[value >> shift & 15];
    }
    text[at] = 0;
    print(text);
}

static inline void print_field(const char *name, uint64_t value)
{
    print(" ");
    print(name);
    print(" ");
    print_hex(value);
}

static unsigned scenario, first;

/* Whether it is its turn. The name is out before anything happens, for those that end the machine. */
static inline bool begins(const char *name)
{
    if (scenario++ < first) {
        return false;
    }
    print(name);
    print(":");
    return true;
}

/* The number behind "from=" on the command line: scenarios before it are left out. */
static unsigned first_scenario(void)
{
    const uint32_t *information = (const uint32_t *)(uintptr_t)multiboot_information;
    const char *text = (const char *)(uintptr_t)information[4];
    unsigned value = 0;

    if ((information[0] & 4) == 0) {
        return 0;
    }
    for (; *text != 0; text++) {
        if (text[0] == 'f' && text[1] == 'r' && text[2] == 'o' && text[3] == 'm' &&
            text[4] == '=') {
            for (text += 5; *text >= '0' && *text <= '9'; text++) {
                value = value * 10 + (unsigned)(*text - '0');
            }
            return value;
        }
    }
    return 0;
}

#endif
