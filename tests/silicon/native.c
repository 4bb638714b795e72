/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native.c - runs cases on the host's processor, in a child process that can do nothing but read and
 * write two pipes (seccomp's strict mode): signals end a case, and are its result.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "silicon.h"

/* ---- the frame: how the stubs reach memory without a register ---- */

#define FRAME 0x9a3000u

struct frame {
    uint64_t gpr[16];     /* 0 */
    uint64_t rflags;      /* 80h */
    uint64_t entry;       /* 88h */
    uint64_t host_rsp;    /* 90h */
    uint64_t exit;        /* 98h */
    uint64_t out_gpr[16]; /* a0h */
    uint64_t out_rflags;  /* 120h */
    uint8_t pad[0x200 - 0x128];
    uint8_t xsave[0x400];     /* 200h */
    uint8_t out_xsave[0x400]; /* 600h */
};

_Static_assert(offsetof(struct frame, out_rflags) == 0x120, "the stubs know the frame");
_Static_assert(offsetof(struct frame, out_xsave) == 0x600, "the stubs know the frame");

void silicon_enter(void);
void silicon_exit(void);
void silicon_leave(void);

__asm__(".text\n"
        "silicon_enter:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov %rsp, 0x9a3090\n"
        "mov $7, %eax\n xor %edx, %edx\n"
        "xrstor64 0x9a3200\n"
        "pushq 0x9a3080\n popfq\n"
        "mov 0x9a3000, %rax\n mov 0x9a3008, %rcx\n mov 0x9a3010, %rdx\n mov 0x9a3018, %rbx\n"
        "mov 0x9a3020, %rsp\n mov 0x9a3028, %rbp\n mov 0x9a3030, %rsi\n mov 0x9a3038, %rdi\n"
        "mov 0x9a3040, %r8\n mov 0x9a3048, %r9\n mov 0x9a3050, %r10\n mov 0x9a3058, %r11\n"
        "mov 0x9a3060, %r12\n mov 0x9a3068, %r13\n mov 0x9a3070, %r14\n mov 0x9a3078, %r15\n"
        "jmp *0x9a3088\n"
        "silicon_exit:\n"
        "mov %rax, 0x9a30a0\n mov %rcx, 0x9a30a8\n mov %rdx, 0x9a30b0\n mov %rbx, 0x9a30b8\n"
        "mov %rsp, 0x9a30c0\n mov %rbp, 0x9a30c8\n mov %rsi, 0x9a30d0\n mov %rdi, 0x9a30d8\n"
        "mov %r8, 0x9a30e0\n mov %r9, 0x9a30e8\n mov %r10, 0x9a30f0\n mov %r11, 0x9a30f8\n"
        "mov %r12, 0x9a3100\n mov %r13, 0x9a3108\n mov %r14, 0x9a3110\n mov %r15, 0x9a3118\n"
        "mov 0x9a3090, %rsp\n"
        "pushfq\n popq 0x9a3120\n"
        "mov $7, %eax\n xor %edx, %edx\n"
        "xsave64 0x9a3600\n"
        "silicon_leave:\n"
        "mov 0x9a3090, %rsp\n"
        "cld\n fninit\n vzeroupper\n"
        "pushq $0x1f80\n ldmxcsr (%rsp)\n pop %rax\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
        "ret\n");

/* ---- what parent and child share ---- */

struct exchange {
    uint32_t count, current; /* current: the case that runs */
    uint8_t data[SILICON_DATA_BYTES];
    struct silicon_state in[SILICON_BATCH];
    struct silicon_result results[SILICON_BATCH];
};

struct silicon_native {
    struct exchange *exchange;
    uint8_t *code; /* the parent's writable view */
    int code_file;
    int to_child, from_child;
    pid_t child;
    unsigned count;
};

/* ---- the child ---- */

static struct exchange *shared;

static struct frame *frame(void)
{
    return (struct frame *)(uintptr_t)FRAME;
}

static void save_fault(const ucontext_t *context)
{
    static const int order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15 };
    struct silicon_result *result = &shared->results[shared->current];
    const greg_t *gregs = context->uc_mcontext.gregs;

    for (unsigned i = 0; i < 16; i++) {
        result->state.gpr[i] = (uint64_t)gregs[order[i]];
    }
    result->state.rip = (uint64_t)gregs[REG_RIP];
    result->state.rflags = (uint64_t)gregs[REG_EFL];
    memcpy(result->state.xsave, context->uc_mcontext.fpregs, SILICON_XSAVE);
    result->vector = (uint8_t)gregs[REG_TRAPNO];
    result->error = (uint32_t)gregs[REG_ERR];
    result->address = (uint64_t)gregs[REG_CR2];
}

static void on_signal(int number, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;

    (void)number;
    (void)info;
    save_fault(context);
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)silicon_leave;
    context->uc_mcontext.gregs[REG_EFL] &= ~0x400;
}

static void run_case(unsigned i)
{
    struct frame *f = frame();
    struct silicon_result *result = &shared->results[i];
    const struct silicon_state *in = &shared->in[i];

    shared->current = i;
    memcpy((void *)(uintptr_t)SILICON_DATA, shared->data, SILICON_DATA_BYTES);
    memcpy(f->gpr, in->gpr, sizeof(f->gpr));
    f->rflags = in->rflags;
    f->entry = in->rip;
    f->exit = (uintptr_t)silicon_exit;
    memcpy(f->xsave, in->xsave, SILICON_XSAVE);
    result->vector = SILICON_END;
    silicon_enter();
    if (result->vector == SILICON_END) {
        memcpy(result->state.gpr, f->out_gpr, sizeof(f->out_gpr));
        result->state.rflags = f->out_rflags;
        memcpy(result->state.xsave, f->out_xsave, SILICON_XSAVE);
    }
    memcpy(result->data, (void *)(uintptr_t)SILICON_DATA, SILICON_DATA_BYTES);
}

static void catch_signals(void)
{
    static uint8_t stack[65536];
    const int numbers[] = { SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP };
    stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction action = { .sa_sigaction = on_signal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

    (void)sigaltstack(&alternative, NULL);
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaction(numbers[i], &action, NULL);
    }
}

static bool map_child(int code_file)
{
    void *code = mmap((void *)(uintptr_t)SILICON_CODE, SILICON_BATCH * SILICON_SLOT_BYTES,
                      PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE, code_file, 0);
    void *data = mmap((void *)(uintptr_t)SILICON_DATA, SILICON_DATA_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    void *f = mmap((void *)(uintptr_t)FRAME, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return code != MAP_FAILED && data != MAP_FAILED && f != MAP_FAILED;
}

static _Noreturn void child_main(struct exchange *exchange, int code_file, int in, int out)
{
    const struct rlimit cpu_seconds = { 36000, 36000 };
    char byte = 0;

    shared = exchange;
    if (!map_child(code_file)) {
        _exit(1);
    }
    catch_signals();
    (void)setrlimit(RLIMIT_CPU, &cpu_seconds);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Where it is not permitted the child runs without. */
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    while (read(in, &byte, 1) == 1) {
        for (unsigned i = 0; i < shared->count; i++) {
            run_case(i);
        }
        if (write(out, &byte, 1) != 1) {
            break;
        }
    }
    _exit(0);
}

/* ---- the parent ---- */

static bool start_child(struct silicon_native *native)
{
    int down[2], up[2];

    if (pipe(down) != 0 || pipe(up) != 0) {
        return false;
    }
    native->child = fork();
    if (native->child == 0) {
        close(down[1]);
        close(up[0]);
        child_main(native->exchange, native->code_file, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    native->to_child = down[1];
    native->from_child = up[0];
    return native->child > 0;
}

static void stop_child(struct silicon_native *native)
{
    close(native->to_child);
    close(native->from_child);
    (void)kill(native->child, SIGKILL);
    (void)waitpid(native->child, NULL, 0);
}

struct silicon_native *silicon_native_create(void)
{
    struct silicon_native *native = calloc(1, sizeof(*native));
    size_t code_bytes = SILICON_BATCH * SILICON_SLOT_BYTES;

    (void)signal(SIGPIPE, SIG_IGN);
    native->code_file = memfd_create("silicon-code", MFD_CLOEXEC);
    if (native->code_file < 0 || ftruncate(native->code_file, (off_t)code_bytes) != 0) {
        perror("silicon: memfd_create");
        exit(2);
    }
    native->code = mmap(NULL, code_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, native->code_file, 0);
    native->exchange = mmap(NULL, sizeof(*native->exchange), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (native->code == MAP_FAILED || native->exchange == MAP_FAILED || !start_child(native)) {
        perror("silicon: mmap or fork");
        exit(2);
    }
    return native;
}

void silicon_native_destroy(struct silicon_native *native)
{
    stop_child(native);
    munmap(native->code, SILICON_BATCH * SILICON_SLOT_BYTES);
    munmap(native->exchange, sizeof(*native->exchange));
    close(native->code_file);
    free(native);
}

void silicon_native_start(struct silicon_native *native, const struct silicon_case *cases,
                          unsigned count, const uint8_t *data)
{
    struct exchange *e = native->exchange;

    memcpy(e->data, data, SILICON_DATA_BYTES);
    for (unsigned i = 0; i < count; i++) {
        silicon_place(native->code + (cases[i].in.rip - SILICON_CODE), &cases[i]);
        e->in[i] = cases[i].in;
        e->results[i].vector = SILICON_DIED;
    }
    e->count = count;
    native->count = count;
    if (write(native->to_child, "", 1) != 1) {
        fprintf(stderr, "silicon: the child is gone\n");
    }
}

const struct silicon_result *silicon_native_finish(struct silicon_native *native)
{
    char byte;

    if (read(native->from_child, &byte, 1) != 1) {
        struct exchange *e = native->exchange;

        /* What came after the case that killed it never ran. */
        e->results[e->current].vector = SILICON_DIED;
        stop_child(native);
        if (!start_child(native)) {
            perror("silicon: fork");
            exit(2);
        }
    }
    return native->exchange->results;
}
