/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soft_guest.c - typical integer code for bench_soft: linked flat at 1 MiB and run by the software CPU; each part
 * returns a checksum.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define ELEMENTS 4096

static u32 table[256];
static u32 values[ELEMENTS];
static u8 text[16384];

static u32 next_random(u32 *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void make_table(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 value = i;

        for (int k = 0; k < 8; k++) {
            value = (value >> 1) ^ ((value & 1) ? 0xedb88320u : 0);
        }
        table[i] = value;
    }
}

static u32 checksum(const u8 *bytes, u64 size)
{
    u32 crc = ~0u;

    for (u64 i = 0; i < size; i++) {
        crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

static void sort(u32 *from, u32 *to)
{
    while (from < to) {
        u32 *low = from;
        u32 *high = to;
        u32 pivot = from[(to - from) / 2];

        while (low <= high) {
            while (*low < pivot) {
                low++;
            }
            while (*high > pivot) {
                high--;
            }
            if (low <= high) {
                u32 value = *low;

                *low++ = *high;
                *high-- = value;
            }
        }
        sort(from, high);
        from = low;
    }
}

static u64 collatz(u64 limit)
{
    u64 longest = 0;

    for (u64 start = 1; start < limit; start++) {
        u64 steps = 0;

        for (u64 n = start; n != 1; steps++) {
            n = (n & 1) != 0 ? 3 * n + 1 : n / 2;
        }
        longest = steps > longest ? steps : longest;
    }
    return longest;
}

static u64 words(void)
{
    u64 hash = 5381;

    for (u64 i = 0; i < sizeof(text); i++) {
        u8 letter = text[i];

        if (letter >= 'a' && letter <= 'z') {
            hash = hash * 33 + letter;
        } else if (letter == ' ') {
            hash ^= hash >> 7;
        } else {
            hash += 17;
        }
    }
    return hash;
}

static u64 (*volatile indirect)(void) = words;

__attribute__((section(".text.start"), noreturn)) void start(void);

void start(void)
{
    u64 sum = 0;
    u32 seed = 1;

    make_table();
    for (int round = 0; round < 30; round++) {
        for (u64 i = 0; i < ELEMENTS; i++) {
            values[i] = next_random(&seed);
        }
        for (u64 i = 0; i < sizeof(text); i++) {
            text[i] = (u8)(next_random(&seed) % 96 + 32);
        }
        sort(values, values + ELEMENTS - 1);
        sum += checksum((const u8 *)values, sizeof(values)) + indirect() + collatz(1000);
    }
    __asm__ volatile("hlt" : : "a"(sum));
    __builtin_unreachable();
}
