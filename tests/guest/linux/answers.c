/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answers.c - an ordinary C program that computes and asks the kernel for things, and prints what came out.
 *
 * tests/e2e/linux_proofs.py runs it on the host and in a Linux guest: both have to print the same. So nothing here depends
 * on the processor's model, on time or on addresses. usage: answers FOLDER (it may write there)
 */
#include <emmintrin.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int claim, const char *what)
{
    if (!claim) {
        printf("failed: %s\n", what);
        exit(1);
    }
}

/* A sequence that every machine makes equal (Marsaglia's xorshift64). */
static uint64_t next_number(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void integers(void)
{
    static uint8_t composite[200001];
    uint64_t seed = 88172645463325252u, sum = 0;
    unsigned primes = 0;

    for (unsigned i = 2; i <= 200000; i++) {
        primes += !composite[i];
        for (unsigned k = 2 * i; k <= 200000 && !composite[i]; k += i) {
            composite[k] = 1;
        }
    }
    printf("primes to 200000: %u\n", primes);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t a = next_number(&seed), b = next_number(&seed) | 1;
        unsigned __int128 product = (unsigned __int128)a * b;
        int64_t quotient = (int64_t)a / (int64_t)(b >> 40 | 1);
        unsigned shift = (unsigned)b & 63;

        sum += (uint64_t)(product >> 64) ^ (uint64_t)(product / (b >> 7)) ^ (uint64_t)quotient;
        sum ^= (a << shift | a >> (-shift & 63)) + (uint64_t)__builtin_popcountll(a) + a % b;
        sum += (uint64_t)__builtin_clzll(a | 1) * (uint64_t)__builtin_ctzll(b | 256);
        sum += (uint64_t)(int64_t)(int8_t)a * (uint64_t)(int16_t)b;
    }
    printf("integers: %016llx\n", (unsigned long long)sum);
}

static void doubles(void)
{
    volatile double zero = 0;
    double sum = 0, root = 1;
    float single = 0;

    for (int i = 1; i <= 100000; i++) {
        sum += 1.0 / i;
        single += 1.0f / (float)i;
    }
    for (int i = 0; i < 8; i++) {
        root = (root + 2 / root) / 2;
    }
    printf("doubles: %a %a %a %a\n", sum, root, sqrt(3.0), (double)single);
    printf("edges: %a %a %a %d %d\n", 1 / zero, 5e-324 / 2, 1.7976931348623157e308 * 2,
           isnan(zero / zero), signbit(-zero));
    printf("rounded: %lld %lld %d %.0f %.3f\n", (long long)llrint(2.5), (long long)llrint(-3.5),
           (int)-1e9, floor(-0.5), strtod("1234.5678e-1", NULL));
    printf("functions: %.12f %.12f %.12f %.12f\n", sin(1e5), exp(1.25), log(7.0), atan2(-1, -2));
}

static void long_doubles(void)
{
    volatile long double third = 3;
    long double sum = 0, power = 1;

    for (int i = 1; i <= 50000; i++) {
        sum += 1.0L / (long double)i;
    }
    for (int i = 0; i < 200; i++) {
        power *= 1.0000001L;
    }
    printf("long doubles: %La %La %La %La\n", sum, power, sqrtl(2.0L), 1 / third);
    printf("long functions: %.15Lf %.15Lf %.15Lf\n", expl(1.5L), log2l(10.0L), sinl(2.0L));
    printf("long remainder: %La %La\n", fmodl(1e30L, 7.0L), remainderl(1e18L, third));
}

static void vectors(void)
{
    __m128i words = _mm_set_epi16(30000, -30000, 7, 6, 5, -4, 3, 2), total = _mm_setzero_si128();
    __m128 floats = _mm_set_ps(1.5f, -2.25f, 3e10f, 4e-10f);
    __m128d pair = _mm_set_pd(2.0, -0.75);
    uint32_t lanes[4];
    float four[4];
    double two[2];

    for (int i = 0; i < 1000; i++) {
        total = _mm_add_epi32(total, _mm_madd_epi16(words, _mm_adds_epi16(words, words)));
        words = _mm_shufflelo_epi16(_mm_xor_si128(words, _mm_srli_epi64(words, 3)), 0x1b);
        floats = _mm_add_ps(_mm_mul_ps(floats, _mm_set1_ps(0.999f)), _mm_set1_ps(0.001f));
        pair = _mm_div_pd(_mm_add_pd(pair, _mm_set1_pd(1)), _mm_set1_pd(1.25));
    }
    _mm_storeu_si128((__m128i *)lanes, total);
    _mm_storeu_ps(four, _mm_sqrt_ps(floats));
    _mm_storeu_pd(two, pair);
    printf("vectors: %08x %08x %08x %08x\n", lanes[0], lanes[1], lanes[2], lanes[3]);
    printf("vectors: %a %a %a %a; %a %a\n", (double)four[0], (double)four[1], (double)four[2],
           (double)four[3], two[0], two[1]);
}

static uint64_t hash(const uint8_t *bytes, size_t count)
{
    uint64_t value = 14695981039346656037u; /* FNV-1a */

    while (count-- > 0) {
        value = (value ^ *bytes++) * 1099511628211u;
    }
    return value;
}

static void files(void)
{
    static uint8_t data[300000];
    uint64_t seed = 42;
    struct stat status;
    uint8_t *mapped;
    int file = open("answers.part", O_CREAT | O_TRUNC | O_RDWR, 0640);

    must(file >= 0, "open");
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)next_number(&seed);
    }
    must(write(file, data, sizeof(data)) == sizeof(data), "write");
    must(pwrite(file, "in between", 10, 123456) == 10, "pwrite");
    must(lseek(file, 1000000, SEEK_SET) == 1000000 && write(file, "end", 3) == 3, "a hole");
    must(rename("answers.part", "answers.data") == 0, "rename");
    must(fstat(file, &status) == 0 && status.st_size == 1000003, "size");
    mapped = mmap(NULL, 1000003, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    must(mapped != MAP_FAILED, "mmap");
    mapped[500000] = 77;
    must(pread(file, data, 1, 500000) == 1 && data[0] == 77, "what mmap wrote");
    printf("files: mode %o, %016llx\n", status.st_mode & 07777u,
           (unsigned long long)hash(mapped, 1000003));
    must(munmap(mapped, 1000003) == 0 && ftruncate(file, 5000) == 0, "ftruncate");
    must(close(file) == 0 && unlink("answers.data") == 0, "unlink");
    must(access("answers.data", F_OK) != 0, "a file that is gone");
}

/* Numbers go down one pipe to a child, their squares come up another. */
static void processes(void)
{
    int down[2], up[2], status;
    uint32_t number;
    uint64_t square, sum = 0;
    pid_t child;

    must(pipe(down) == 0 && pipe(up) == 0, "pipe");
    fflush(stdout);
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        close(down[1]);
        while (read(down[0], &number, sizeof(number)) == sizeof(number)) {
            square = (uint64_t)number * number;
            must(write(up[1], &square, sizeof(square)) == sizeof(square), "write");
        }
        _exit(23);
    }
    for (number = 1; number <= 2000; number++) {
        must(write(down[1], &number, sizeof(number)) == sizeof(number), "write");
        must(read(up[0], &square, sizeof(square)) == sizeof(square), "read");
        sum += square;
    }
    close(down[1]);
    must(waitpid(child, &status, 0) == child && WIFEXITED(status), "waitpid");
    printf("processes: %llu, status %d\n", (unsigned long long)sum, WEXITSTATUS(status));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned turn, atomic_total, guarded_total;
static __thread unsigned own;

static void *work(void *number)
{
    unsigned self = *(unsigned *)number;

    for (unsigned i = 0; i < 20000; i++) {
        __atomic_add_fetch(&atomic_total, self + 1, __ATOMIC_SEQ_CST);
        own += i;
    }
    for (unsigned i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 4 != self) {
            pthread_cond_wait(&changed, &mutex);
        }
        guarded_total = guarded_total * 3 + self;
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return (void *)(uintptr_t)own;
}

static void threads(void)
{
    unsigned numbers[4] = { 0, 1, 2, 3 }, sum = 0;
    pthread_t thread[4];
    void *result;

    for (unsigned i = 0; i < 4; i++) {
        must(pthread_create(&thread[i], NULL, work, &numbers[i]) == 0, "pthread_create");
    }
    for (unsigned i = 0; i < 4; i++) {
        must(pthread_join(thread[i], &result) == 0, "pthread_join");
        sum += (unsigned)(uintptr_t)result;
    }
    printf("threads: %u %u %u\n", atomic_total, guarded_total, sum);
}

static sigjmp_buf back;

static void caught(int number, siginfo_t *information, void *context)
{
    (void)context;
    siglongjmp(back, number * 100 + information->si_code);
}

static void signals(void)
{
    struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
    volatile int zero = 0;
    int code;

    must(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGFPE, &action, NULL) == 0 &&
             sigaction(SIGILL, &action, NULL) == 0 && sigaction(SIGTRAP, &action, NULL) == 0,
         "sigaction");
    code = sigsetjmp(back, 1);
    if (code == 0) {
        *(volatile int *)(uintptr_t)0x1234567 = 1;
    }
    printf("signals: %d", code);
    code = sigsetjmp(back, 1);
    if (code == 0) {
        zero = 5 / zero;
    }
    printf(" %d", code);
    code = sigsetjmp(back, 1);
    if (code == 0) {
        __asm__ volatile("ud2");
    }
    printf(" %d", code);
    code = sigsetjmp(back, 1);
    if (code == 0) {
        __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "memory", "cc");
    }
    printf(" %d\n", code);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Much of the C library at once: allocation, sorting, text. */
static void library(void)
{
    uint64_t seed = 7, sum = 0;
    uint32_t *numbers = malloc(50000 * sizeof(*numbers));
    char *text = calloc(1, 1 << 20);
    size_t length = 0;

    for (unsigned i = 0; i < 50000; i++) {
        numbers[i] = (uint32_t)next_number(&seed);
    }
    qsort(numbers, 50000, sizeof(*numbers), compare);
    for (unsigned i = 0; i < 50000; i++) {
        sum += (uint64_t)numbers[i] * i;
        if (i % 50 == 0) {
            length += (size_t)sprintf(text + length, "%x:%u:%e ", numbers[i], numbers[i] % 1000,
                                      numbers[i] / 3.0);
        }
    }
    memmove(text + 333, text, length);
    printf("library: %016llx %zu %016llx\n", (unsigned long long)sum, length,
           (unsigned long long)hash((uint8_t *)text, length + 333));
    printf("library: %zu %s\n", strlen(text), strstr(text, ":999:") != NULL ? "found" : "absent");
    free(numbers);
    free(text);
}

int main(int count, char **arguments)
{
    must(count == 2 && chdir(arguments[1]) == 0, "usage: answers FOLDER");
    integers();
    doubles();
    long_doubles();
    vectors();
    files();
    processes();
    threads();
    signals();
    library();
    return 0;
}
