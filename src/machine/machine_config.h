/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_config.h - what to build and run, as read from a command line in QEMU's words.
 */
#ifndef REPLUG_MACHINE_MACHINE_CONFIG_H
#define REPLUG_MACHINE_MACHINE_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "kvm/kvm_vm.h"

struct machine_config {
    char *machine_name;            /* full name, "pc-i440fx-7.2", or "none" */
    char *accel;                   /* "kvm" */
    enum kvm_irqchip_mode irqchip; /* of accel kvm */
    char
        *cpu_model; /* "qemu64", "host", "max", "x86-64-v1" to "-v3"; KVM: its supported features */
    char *cpu_features; /* "+avx,-aes", as they were given; NULL: none. For our own processors */
    char *name;         /* -name guest=, NULL = none */
    char *uuid;         /* canonical text, NULL = none */
    uint64_t ram_bytes;
    uint64_t maxram_bytes; /* maxmem; = ram_bytes without one */
    uint32_t slots;        /* DIMM slots */
    unsigned cpus, cpus_max, sockets, cores, threads;
    char *ram_backend; /* -machine memory-backend=, NULL = RAM of the machine's own */
    char *kernel, *initrd, *append;
    char *bios;           /* -bios, NULL = no firmware: kernels are entered directly */
    bool boot_menu;       /* -boot menu=on */
    GPtrArray *objects;   /* struct json_object *: -object */
    GPtrArray *devices;   /* struct json_object *: -device */
    GPtrArray *blockdevs; /* struct json_object *: -blockdev */
    GPtrArray *drives;    /* struct json_object *: -drive */
    GPtrArray *netdevs;   /* struct json_object *: -netdev, -nic */
    GPtrArray *numa;      /* struct json_object *: -numa */
    GPtrArray *chardevs;  /* struct json_object *: -chardev, with "backend" and "id" */
    GPtrArray
        *monitors; /* struct json_object *: -mon, -qmp, -monitor: {"chardev" or "text", "mode"} */
    GPtrArray *serials; /* char *: -serial */
    GPtrArray *traces;  /* char *: -trace */
    struct fault_plan faults;
    int64_t rtc_base_seconds; /* what the CMOS clock shows at start; INT64_MIN = host time */
    char *pidfile;
    bool start_stopped; /* -S */
    bool no_reboot, no_shutdown;
    bool daemonize;
    bool nographic, nodefaults;
    bool digest;            /* -digest: told at the end */
    char *console_script;   /* -console-script, NULL = none; on our own CPUs */
    char *record_path;      /* -record, NULL = none */
    uint64_t checkpoint_ns; /* of virtual time between two checkpoints; 0 = none */
    bool record_io;         /* verify=io: with each access of a device; on our own CPUs */
    char *replay_path;      /* -replay, NULL = none */
    char *replay_plant;
    char *replay_from; /* the checkpoint where the replay begins, NULL = at the begin */
    uint64_t replay_until;
    bool replay_has_until;
};

/* -accel soft: our own CPUs. */
bool machine_is_soft(const struct machine_config *config);

/* Options of a netdev that may be given several times: for options_parse_lists(). */
extern const char *const machine_netdev_lists[];

void machine_config_init(struct machine_config *config);
void machine_config_fini(struct machine_config *config);

/*
 * Reads argv[1..]. *out_text is set (the caller's) when the answer is a text and no machine (-help,
 * -version, -fault help). Errors: unknown option or value, missing argument, contradictions; they
 * name the option.
 */
bool machine_config_parse(struct machine_config *config, int argc, char **argv, char **out_text,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * own: parsed from the command line of a replay; arguments: those of the recorded session, NULL-
 * terminated. out_config (init and fini by the caller) gets the recorded machine with what
 * belongs to the replay's own session: monitors, character devices, tracing, pid file.
 */
bool machine_config_replayed(const struct machine_config *own, char *const *arguments,
                             struct machine_config *out_config,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
