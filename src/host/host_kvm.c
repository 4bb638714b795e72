/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_kvm.c - the descriptors of one VM, its vCPUs' shared pages, and the ring of coalesced writes.
 *
 * Citations are to Linux, Documentation/virt/kvm/api.rst.
 */
#include "host/host_kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host/host_internal.h"

#define API_VERSION 12 /* 4.1 KVM_GET_API_VERSION: no other is supported */
#define PAGE_BYTES  4096u
#define RING_ENTRIES \
    ((PAGE_BYTES - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

struct vcpu {
    int fd; /* atomic, written last: -1 = none */
    struct kvm_run *run;
};

struct host_kvm {
    int system_fd;
    int vm_fd; /* atomic: -1 = none */
    size_t run_bytes;
    size_t ring_offset; /* in a vCPU's mapping; 0 = KVM has no ring */

    GMutex lock; /* for creation and for the ring's reader */
    struct vcpu vcpus[HOST_KVM_VCPUS_MAX];
    struct kvm_coalesced_mmio_ring *ring; /* atomic; NULL until there is a vCPU */
};

/* ---- calls ---- */

static int call_once(int fd, unsigned long request, void *argument)
{
    int result = ioctl(fd, request, argument);

    return result < 0 ? -errno : result;
}

static int call_whole(int fd, unsigned long request, void *argument)
{
    int result;

    do {
        result = call_once(fd, request, argument);
    } while (result == -EINTR);
    return result;
}

/* KVM_RUN leaves the signal pending, as it is blocked outside; the next run would end at once. */
static int run(int fd)
{
    static const struct timespec no_time = { 0 };
    int result = call_once(fd, KVM_RUN, NULL);
    sigset_t kick;

    if (result == -EINTR) {
        sigemptyset(&kick);
        sigaddset(&kick, SIGUSR1);
        (void)sigtimedwait(&kick, NULL, &no_time); /* EAGAIN: immediate_exit, no kick */
    }
    return result;
}

static int create_vm(struct host_kvm *kvm, void *argument)
{
    int result = -EEXIST;

    g_mutex_lock(&kvm->lock);
    if (kvm->vm_fd < 0) {
        result = call_whole(kvm->system_fd, KVM_CREATE_VM, argument);
        if (result >= 0) {
            g_atomic_int_set(&kvm->vm_fd, result);
            result = 0;
        }
    }
    g_mutex_unlock(&kvm->lock);
    return result;
}

/* 4.33 KVM_SET_SIGNAL_MASK: within KVM_RUN the kick is let in, nothing else. */
static int open_mask_for_kick(int fd)
{
    uint64_t blocked = ~(1ull << (unsigned)(host_kick_signal() - 1)); /* bit n-1 is signal n */

    union {
        struct kvm_signal_mask head;
        uint8_t bytes[sizeof(struct kvm_signal_mask) + sizeof(blocked)];
    } mask = { .head = { .len = sizeof(blocked) } };

    memcpy(mask.bytes + sizeof(mask.head), &blocked, sizeof(blocked));
    return call_whole(fd, KVM_SET_SIGNAL_MASK, &mask);
}

static int fill_vcpu(struct host_kvm *kvm, struct vcpu *vcpu, int fd)
{
    int result = open_mask_for_kick(fd);
    void *at;

    if (result < 0) {
        return result;
    }
    at = mmap(NULL, kvm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return -errno;
    }
    vcpu->run = at;
    if (kvm->ring == NULL && kvm->ring_offset != 0) {
        g_atomic_pointer_set(&kvm->ring, (void *)((uint8_t *)at + kvm->ring_offset));
    }
    g_atomic_int_set(&vcpu->fd, fd);
    return 0;
}

static int create_vcpu(struct host_kvm *kvm, unsigned number, void *argument)
{
    int result = -EEXIST;

    if (number >= HOST_KVM_VCPUS_MAX) {
        return -EINVAL;
    }
    g_mutex_lock(&kvm->lock);
    if (kvm->vcpus[number].fd < 0) {
        result = call_whole(kvm->vm_fd, KVM_CREATE_VCPU, argument);
    }
    if (result >= 0) {
        int fd = result;

        result = fill_vcpu(kvm, &kvm->vcpus[number], fd);
        if (result < 0) {
            close(fd);
        }
    }
    g_mutex_unlock(&kvm->lock);
    return result;
}

static int call(void *opaque, enum kvm_target target, unsigned vcpu, unsigned long request,
                void *argument)
{
    struct host_kvm *kvm = opaque;
    int fd = -1;

    switch (target) {
    case KVM_TARGET_SYSTEM:
        if (request == KVM_CREATE_VM) {
            return create_vm(kvm, argument);
        }
        fd = kvm->system_fd;
        break;
    case KVM_TARGET_VM:
        fd = g_atomic_int_get(&kvm->vm_fd);
        if (request == KVM_CREATE_VCPU && fd >= 0) {
            return create_vcpu(kvm, vcpu, argument);
        }
        break;
    case KVM_TARGET_VCPU:
        fd = vcpu < HOST_KVM_VCPUS_MAX ? g_atomic_int_get(&kvm->vcpus[vcpu].fd) : -1;
        break;
    }
    if (fd < 0) {
        return -EBADF;
    }
    return request == KVM_RUN ? run(fd) : call_whole(fd, request, argument);
}

/* ---- the ring of coalesced writes (4.116 KVM_REGISTER_COALESCED_MMIO) ---- */

/* KVM writes entries and then last; we read entries and then write first. Indexes are taken modulo
 * the ring's size, so a wild one costs one round at most. */
bool host_kvm_ring_take(struct kvm_coalesced_mmio_ring *ring, struct kvm_coalesced_mmio *out_entry)
{
    uint32_t first = __atomic_load_n(&ring->first, __ATOMIC_RELAXED) % (uint32_t)RING_ENTRIES;
    uint32_t last = __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE) % (uint32_t)RING_ENTRIES;

    if (first == last) {
        return false;
    }
    *out_entry = ring->coalesced_mmio[first];
    __atomic_store_n(&ring->first, (first + 1) % (uint32_t)RING_ENTRIES, __ATOMIC_RELEASE);
    return true;
}

static bool coalesced_next(void *opaque, struct kvm_coalesced_mmio *out_entry)
{
    struct host_kvm *kvm = opaque;
    struct kvm_coalesced_mmio_ring *ring = g_atomic_pointer_get(&kvm->ring);
    bool taken;

    if (ring == NULL) {
        return false;
    }
    g_mutex_lock(&kvm->lock);
    taken = host_kvm_ring_take(ring, out_entry);
    g_mutex_unlock(&kvm->lock);
    return taken;
}

void host_kvm_get_calls(struct host_kvm *kvm, struct kvm_calls *out_calls)
{
    *out_calls = (struct kvm_calls){ kvm, call, coalesced_next, NULL };
}

struct kvm_run *host_kvm_run_page(struct host_kvm *kvm, unsigned vcpu)
{
    if (vcpu >= HOST_KVM_VCPUS_MAX || g_atomic_int_get(&kvm->vcpus[vcpu].fd) < 0) {
        return NULL;
    }
    return kvm->vcpus[vcpu].run;
}

/* ---- opening and closing ---- */

static void no_permission(const char *path, GError **error)
{
    struct stat info = { 0 };
    struct passwd *user;
    struct group *group;

    (void)stat(path, &info); /* open() said EACCES: the file is there, or zeros are as good */
    user = getpwuid(info.st_uid);
    group = getgrgid(info.st_gid);
    g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                "no permission to open %s for reading and writing: its mode is %04o, user %s, "
                "group %s; join that group or run as that user",
                path, (unsigned)info.st_mode & 07777u, user != NULL ? user->pw_name : "unknown",
                group != NULL ? group->gr_name : "unknown");
}

static bool open_failed(const char *path, int number, GError **error)
{
    if (number == ENOENT) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "%s does not exist: KVM is not loaded (kvm_intel, kvm_amd), not in this "
                    "container or not offered by this machine",
                    path);
    } else if (number == EACCES || number == EPERM) {
        no_permission(path, error);
    } else {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED, "cannot open %s: %s", path,
                    g_strerror(number));
    }
    return false;
}

static bool check_system(struct host_kvm *kvm, const char *path, GError **error)
{
    int version = call_whole(kvm->system_fd, KVM_GET_API_VERSION, NULL);
    int run_bytes, ring_page;

    if (version < 0) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "%s is not KVM: KVM_GET_API_VERSION failed: %s", path, g_strerror(-version));
        return false;
    }
    if (version != API_VERSION) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "%s has KVM API version %d; expected %d", path, version, API_VERSION);
        return false;
    }
    run_bytes = call_whole(kvm->system_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
    if (run_bytes < (int)sizeof(struct kvm_run)) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_UNSUPPORTED,
                    "KVM_GET_VCPU_MMAP_SIZE on %s gave %d; expected at least %zu", path, run_bytes,
                    sizeof(struct kvm_run));
        return false;
    }
    kvm->run_bytes = (size_t)run_bytes;
    ring_page =
        call_whole(kvm->system_fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)KVM_CAP_COALESCED_MMIO);
    if (ring_page > 0 && ((size_t)ring_page + 1) * PAGE_BYTES <= kvm->run_bytes) {
        kvm->ring_offset = (size_t)ring_page * PAGE_BYTES;
    }
    return true;
}

struct host_kvm *host_kvm_open_path(const char *path, GError **error)
{
    struct host_kvm *kvm = g_new0(struct host_kvm, 1);

    g_mutex_init(&kvm->lock);
    kvm->vm_fd = -1;
    for (unsigned i = 0; i < HOST_KVM_VCPUS_MAX; i++) {
        kvm->vcpus[i].fd = -1;
    }
    kvm->system_fd = open(path, O_RDWR | O_CLOEXEC);
    if (kvm->system_fd < 0) {
        open_failed(path, errno, error);
        goto fail;
    }
    if (!check_system(kvm, path, error)) {
        goto fail;
    }
    return kvm;
fail:
    host_kvm_close(kvm);
    return NULL;
}

struct host_kvm *host_kvm_open(GError **error)
{
    return host_kvm_open_path("/dev/kvm", error);
}

void host_kvm_close(struct host_kvm *kvm)
{
    if (kvm == NULL) {
        return;
    }
    for (unsigned i = 0; i < HOST_KVM_VCPUS_MAX; i++) {
        if (kvm->vcpus[i].fd >= 0) {
            munmap(kvm->vcpus[i].run, kvm->run_bytes);
            close(kvm->vcpus[i].fd);
        }
    }
    if (kvm->vm_fd >= 0) {
        close(kvm->vm_fd);
    }
    if (kvm->system_fd >= 0) {
        close(kvm->system_fd);
    }
    g_mutex_clear(&kvm->lock);
    g_free(kvm);
}
