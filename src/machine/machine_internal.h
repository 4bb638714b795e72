/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_internal.h - the machine's parts as the files of this folder share them. */
#ifndef REPLUG_MACHINE_MACHINE_INTERNAL_H
#define REPLUG_MACHINE_MACHINE_INTERNAL_H

#include "base/error_latch.h"
#include "base/fault.h"
#include "clock/timer_queue.h"
#include "clock/virtual_clock.h"
#include "host/host_kvm.h"
#include "hw/core/board.h"
#include "hw/core/hotplug.h"
#include "hw/core/irq_line.h"
#include "hw/firmware/bios_loader.h"
#include "hw/intc/kvm_irqchip.h"
#include "hw/mem/memory_device.h"
#include "kvm/kvm_vm.h"
#include "machine/inputs.h"
#include "machine/machine.h"
#include "machine/machine_config.h"
#include "memory/address_space.h"
#include "memory/ram_block.h"
#include "memory/region.h"
#include "replay/recording_format.h"

struct checkpoints;
struct machine_replay;
struct recorded_kvm;
struct recorded_state;
struct recording;
struct recording_turn;
struct x86_state;

#define MACHINE_CPUS_MAX 16 /* on KVM fewer: KVM_VCPUS_MAX */

struct pc_chips;
struct soft_machine;

enum run_state {
    RUN_STATE_PRELAUNCH, /* built, -S, never started */
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED,
    RUN_STATE_SHUTDOWN,       /* powered off under -no-shutdown */
    RUN_STATE_INTERNAL_ERROR, /* a vCPU or an interrupt line failed; reset or quit */
};

/* What a turn asked for, carried out at its end in this order. Bits of machine.requests. */
enum machine_request {
    MACHINE_REQUEST_ERROR = 1 << 0,
    MACHINE_REQUEST_RESET = 1 << 1,
    MACHINE_REQUEST_SHUTDOWN = 1 << 2,
    MACHINE_REQUEST_QUIT = 1 << 3,
};

/* The QOM object "/machine": the hotplug handler of memory devices. */
struct pc_machine {
    struct object object;
    struct machine *machine;
};

/* A processor as QOM object; its registers live in the accelerator. */
struct x86_cpu {
    struct device device;
    uint32_t cpu_index; /* among all that there may be */
    uint32_t apic_id;
    int32_t socket_id, die_id, core_id,
        thread_id; /* CPU_UNASSIGNED until the user or pre_plug says */
    int32_t node_id;
};

#define CPU_UNASSIGNED (-1)

#define NUMA_NODES_MAX 128

/* What -numa says; no node at all is one. */
struct numa {
    uint32_t count;
    bool present[NUMA_NODES_MAX];
    struct object
        *backends[NUMA_NODES_MAX]; /* borrowed from /objects; NULL = a node without memory */
    uint64_t bytes[NUMA_NODES_MAX];
    uint32_t cpu_nodes[MACHINE_CPUS_MAX];
    bool has_distances;
    uint8_t
        distances[NUMA_NODES_MAX * NUMA_NODES_MAX]; /* from * count + to, once they are complete */
};

struct machine {
    const struct machine_config *config; /* borrowed */
    struct host_loop *loop;
    struct trace_session *trace;

    /* One turn at a time. running_changed wakes vCPU threads whose exits wait for the guest to run. */
    GMutex lock;
    GCond running_changed;
    uint64_t turn;
    enum run_state run_state;
    bool ready;        /* built: from now on plugging is hotplugging */
    bool quitting;     /* the loop is ending: no exit acts any more */
    unsigned requests; /* enum machine_request */
    bool request_by_guest;
    const char *request_reason; /* ShutdownCause of QMP, static */
    bool reboot_is_shutdown, shutdown_is_pause;
    int exit_status;

    /* Virtual time = base while stopped; while running, plus what host time has gone on since. */
    struct virtual_clock clock;
    struct timer_queue timers;
    uint64_t clock_base_ns, resumed_host_ns;
    uint64_t alarm_deadline_ns; /* for which, in which state, the alarm was last set */
    enum run_state alarm_run_state;

    /* Of a session that is recorded or replayed, else NULL (docs/determinism.md). */
    struct recording *recording; /* borrowed */
    struct recorded_state *recorded_state;
    struct recorded_kvm *recorded_kvm;
    struct machine_replay *replay;
    struct checkpoints *checkpoints;       /* of a session that is recorded with them; owned */
    const struct recording_turn *replayed; /* the turn under way */
    GByteArray *payload;                   /* scratch */
    bool in_turn;
    bool looking;      /* a client looks at a machine that is replayed: outside of any turn */
    bool flush_posted; /* the loop is about to write what is buffered */
    bool recording_failed;
    char *last_events; /* of the trace's ring, when a replay diverged */

    struct error_latch errors;
    struct fault_plan faults;
    machine_event_fn event_handler;
    void *event_opaque;
    machine_notice_fn notice_handler;
    void *notice_opaque;
    GPtrArray *notices; /* char *, owned: from before there was a handler */
    machine_command_fn command_handler;
    void *command_opaque;

    struct type_registry *types;
    struct object *root, *machine_object, *peripheral, *peripheral_anon, *unattached, *objects;
    unsigned unattached_count, anonymous_count;

    struct memory_system *memory;
    struct ram_calls ram_calls; /* of a session that is recorded or replayed */
    struct memory_region system_memory, system_io;
    struct address_space *memory_space, *io_space;
    struct dma_port dma;
    struct board board;

    struct ram_block *ram;           /* NULL with a memory backend */
    GPtrArray *ram_backends;         /* struct object *, borrowed from /objects, marked as mapped */
    struct memory_region ram_region; /* the block's, or a container of the backends' regions */
    struct memory_region ram_below_4g, ram_above_4g;
    struct memory_region *ram_source; /* ram_region or the one backend's */
    uint64_t below_4g_bytes, above_4g_bytes;
    struct numa numa;
    struct device_memory device_memory;

    struct device *pci_host, *piix3, *pm, *rtc;
    struct bus *isa_bus;
    GPtrArray *devices;        /* borrowed struct device *, in the order of their realization */
    GPtrArray *gone;           /* borrowed struct device *: destroyed at the end of the turn */
    unsigned serial_port_mask; /* bit n: COM(n + 1) is there */
    GPtrArray *serial_chars;   /* struct serial_char *; owned */
    struct irq_line gsi[GSI_NUM_PINS];
    struct gsi_lines gsi_lines;

    struct host_kvm *host_kvm; /* NULL for machine none */
    struct kvm_calls kvm_calls;
    struct kvm_vm *kvm;
    struct pc_chips *chips;    /* interrupt controllers of our own; NULL = KVM's */
    struct soft_machine *soft; /* -accel soft; then there is no kvm */
    uint64_t console_digest;   /* of all that our own CPUs have printed */
    gint turns_waiting;        /* atomic: who waits for the lock while our own CPUs have it */
    struct x86_cpu *cpus[MACHINE_CPUS_MAX]; /* by cpu_index; NULL = not plugged */
    unsigned cpu_count;                     /* those that are */
    GBytes *kernel_image;                   /* -kernel's file; NULL = none */
    GBytes *initrd_image;
    GBytes *bios_image; /* -bios's file; NULL = no firmware */
    struct bios_rom bios;

    GPtrArray *block_nodes; /* struct block_node *, in order of creation; owned */
    GQueue block_jobs;      /* struct block_job *, owned: requests that wait to be carried out */

    GPtrArray *netdevs;   /* struct netdev *, in order of creation; owned */
    GPtrArray *nics;      /* struct nic *: the devices with a network port; owned */
    gint networks_posted; /* atomic: the main thread is about to look after them */

    GPtrArray *chardevs; /* struct host_char *; owned */
    GPtrArray *claimed;  /* struct host_char *: those with a user; borrowed */
};

/* ---- run_loop.c ---- */

/* Everything from outside runs between these two. vcpu: TRACE_VCPU_NONE when none is concerned.
 * payload: what came, for a recording. */
void machine_turn_begin(struct machine *machine, unsigned vcpu, enum recording_turn_kind kind,
                        const void *payload, size_t payload_bytes);
/* The same for one who has the lock. */
void machine_turn_begin_locked(struct machine *machine, unsigned vcpu,
                               enum recording_turn_kind kind, const void *payload,
                               size_t payload_bytes);
void machine_turn_end(struct machine *machine);

/* Guests don't pass through the loop, which writes buffers when it is idle: it is to be, soon. */
void machine_post_flush(struct machine *machine);
/* The lock for one who is about to start a turn: while our own CPUs have it they give it away for him. */
void machine_lock(struct machine *machine);
/* A turn in which nothing acts; the machine is compared. Under the lock, which it keeps. */
void machine_quiet_turn(struct machine *machine, enum recording_turn_kind kind, const void *payload,
                        size_t payload_bytes);
/* Our own CPUs pause between two instructions: what their devices asked for is carried out. */
void machine_guest_paused(struct machine *machine);
/* The same two for the turns that build the machine and take it apart: nothing but the border. */
void machine_turn_open(struct machine *machine, unsigned vcpu, enum recording_turn_kind kind,
                       const void *payload, size_t payload_bytes);
void machine_turn_close(struct machine *machine);
/* Tells about the first error of the recorder, in a turn. */
void machine_check_recording(struct machine *machine);

/* What starts turns; a replay calls the same functions. Without the lock. */
void machine_timers_due(struct machine *machine);
bool machine_guest_start(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void machine_signal_turn(struct machine *machine);
void machine_exit_turn(struct machine *machine, unsigned vcpu, struct vm_exit *exit);
/* text: the command as JSON, for the recording. */
struct json_object *machine_command_turn(struct machine *machine, unsigned client, const char *text,
                                         size_t length);
/* False: no such console. */
bool machine_console_turn(struct machine *machine, const char *label, const uint8_t *bytes,
                          size_t count);
/* The exit callback of the accelerator. */
void machine_vcpu_exit(void *opaque, unsigned vcpu, struct vm_exit *exit);
void machine_emit_event(struct machine *machine, const char *name, struct json_object *data);

/* Tells the user; takes text over. */
void machine_notice(struct machine *machine, char *text);

/* ---- exit_dispatch.c ---- */
void exit_dispatch(struct machine *machine, unsigned vcpu, struct vm_exit *exit);

/* ---- power.c ---- */
void machine_request(struct machine *machine, enum machine_request request, bool by_guest,
                     const char *reason);
/* Carries out what the turn asked for; end of a turn. */
void machine_serve_requests(struct machine *machine);
const char *run_state_name(enum run_state state);
/* Registers and guest memory as at power-up: all devices, vCPUs, boot image. vCPUs are held. */
bool machine_reset_all(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One processor's registers as at power-up or as state says; it is held. */
bool machine_reset_cpu(struct machine *machine, unsigned index, const struct x86_state *state,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- machine.c ---- */

/*
 * machine_create() with the ioctls answered by calls in place of /dev/kvm (NULL = the host's): no
 * vCPU ever runs then. For tests.
 */
struct machine *machine_create_on(const struct machine_config *config, struct host_loop *loop,
                                  struct trace_session *trace, struct recording *recording,
                                  const struct kvm_calls *calls, GError **error);
/* device has joined or left machine->devices. */
void machine_device_added(struct machine *machine, struct device *device);
void machine_device_removed(struct machine *machine, struct device *device);

/* ---- machine_services.c: what devices ask of the machine ---- */
extern const struct board_ops machine_board_ops;

/* ---- machine_objects.c ---- */

/* from_text: values may be texts, as on a command line. */
bool machine_object_create(struct machine *machine, const struct json_object *arguments,
                           bool from_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A key of a JSON object that must be a string: *out_text is borrowed, NULL when the key is absent
 * and not required. */
bool machine_text_argument(const struct json_object *arguments, const char *key, bool required,
                           const char **out_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- device_types.c, machine_types.c ---- */
extern const struct type_info *const machine_types[]; /* NULL-terminated */
extern const struct type_info machine_type_info, generic_pc_machine_type_info, pc_machine_type_info,
    none_machine_type_info;
extern const struct type_info cpu_type_info, x86_cpu_type_info, x86_cpu_qemu64_type_info,
    x86_cpu_host_type_info, x86_cpu_max_type_info, x86_cpu_v1_type_info, x86_cpu_v2_type_info,
    x86_cpu_v3_type_info;

/* ---- pc.c: the order of building ---- */
bool pc_build(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pc_destroy(struct machine *machine);
/* A device of the board, below parent as name; parent NULL = /machine/unattached/device[N].
 * Connect it, then pc_builtin_realize(). bus NULL = none. */
struct device *pc_builtin_create(struct machine *machine, const char *type, struct object *parent,
                                 const char *name, GError **error);
bool pc_builtin_realize(struct machine *machine, struct device *device, struct bus *bus,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A device on some bus, or on none, the user's or built in: its character device, realize, its
 * interrupt lines. */
bool pc_realize_connected(struct machine *machine, struct device *device, struct bus *bus,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Its byte stream, its image, its network; for devices that have none, nothing. Undone by disconnect, also in part. */
bool pc_connect(struct machine *machine, struct device *device,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pc_disconnect(struct machine *machine, struct device *device);

/* ---- pc_numa.c ---- */
/* Reads the -numa options; takes their backends into machine->ram_backends. */
bool pc_numa_read(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* ---- pc_numa_distance.c ---- */
/* One direction; a later value replaces an earlier one. Errors (INVALID): a node that is not there, a value out of range. */
bool pc_numa_set_distance(struct numa *numa, uint32_t from, uint32_t to, uint32_t distance,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Once all nodes are there. What goes one way only holds for the other too. Errors (INVALID): a pair has no distance, or only
 * one while others have two. */
bool pc_numa_complete_distances(struct numa *numa, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The NUMA node of the processor with this index. */
uint32_t pc_cpu_node(const struct machine *machine, uint32_t index);

/* ---- pc_memory_map.c ---- */
bool pc_memory_map_build(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pc_memory_map_destroy(struct machine *machine);

/* ---- pc_wiring.c ---- */
/* The GSI lines and the devices that stand for the kernel's chips, once the bridges are there. */
bool pc_wiring_create_gsi(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Before the device's realize. */
void pc_wiring_connect_pm(struct machine *machine);
void pc_wiring_connect_rtc(struct machine *machine);
/* After it. */
void pc_wiring_connect_serial(struct machine *machine, struct device *serial);

/* ---- pc_cpus.c ---- */
/* Those of the start. */
bool pc_cpus_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Tells the power management device of all processors that there may be. Before its realize. */
void pc_cpus_announce(struct machine *machine);
/* APIC ID and place in the topology of the processor with this index. */
void pc_cpu_topology(const struct machine_config *config, uint32_t index, struct x86_cpu *out_cpu);
bool x86_cpu_realize(struct device *device, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void x86_cpu_unrealize(struct device *device);

/* ---- pc_cpu_hotplug.c: the phases for a processor (spans named as QEMU's functions) ---- */
bool pc_cpu_pre_plug(struct machine *machine, struct x86_cpu *cpu,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool pc_cpu_plug(struct machine *machine, struct x86_cpu *cpu,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool pc_cpu_unplug_request_cb(struct machine *machine, struct x86_cpu *cpu,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool pc_cpu_unplug_cb(struct machine *machine, struct x86_cpu *cpu,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- pc_hotplug.c ---- */
extern const struct hotplug_handler_methods pc_hotplug_methods;
struct object *pc_hotplug_handler(void *opaque, const struct device *device);

/* ---- serial_ports.c ---- */
bool serial_ports_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Connects device with the character device that its property "chardev" names, if any. */
bool serial_port_connect(struct machine *machine, struct device *device,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void serial_port_disconnect(struct machine *machine, struct device *device);
void serial_ports_destroy(struct machine *machine);
/* The label of the first console, NULL = there is none; and how many bytes a console takes now. */
const char *serial_ports_first(const struct machine *machine);
size_t serial_ports_room(struct machine *machine, const char *label);

/* ---- recorded_memory.c ---- */
void recorded_memory_init(struct machine *machine);
/* A vCPU's read has left the guest for memory that is RAM meanwhile: it may find what the guest wrote. */
void machine_exit_read_ram(struct machine *machine, gpa_t gpa, void *buffer, unsigned size);

/* ---- replay_loop.c ---- */
/* What stop, cont and quit mean to a client that looks at a replay. */
void machine_replay_pause(struct machine *machine);
void machine_replay_continue(struct machine *machine);
void machine_replay_quit(struct machine *machine);
/* Spoils the turn under way where a test asked for it. */
void machine_replay_plant(struct machine *machine);
void machine_replay_plant_state(struct machine *machine);
/* The guest is about to look at the time, at this instruction. */
void machine_replay_plant_clock(struct machine *machine, uint64_t icount);
void machine_replay_destroy(struct machine_replay *replay);

/* ---- multiboot.c ---- */

/* Writes the kernel and its information into guest memory and the entry state into out_state. */
bool multiboot_load(struct machine *machine, struct x86_state *out_state,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- pc_firmware.c ---- */

/* With -bios: the ROM, shadow RAM, and fw_cfg with what the firmware asks for; once all built-in devices are there. */
bool pc_firmware_create(struct machine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pc_firmware_destroy(struct machine *machine);

/* ---- linux_boot.c ---- */

struct acpi_tables;
/* Not placed yet. */
struct acpi_tables *linux_boot_tables(const struct machine *machine);

/* The kernel is a bzImage, not a multiboot image. */
bool linux_boot_is_for(GBytes *kernel);
/* ACPI tables, kernel and initrd into guest memory, the entry state into out_state. */
bool linux_boot(struct machine *machine, struct x86_state *out_state,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- device_add.c, device_del.c ---- */
bool qdev_device_add(struct machine *machine, const struct json_object *arguments,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Unrealizes and destroys a device that is plugged nowhere any more. */
void machine_device_destroy(struct machine *machine, struct device *device);
/* Board service: destroyed and announced at the end of the turn. */
void machine_device_gone(struct machine *machine, struct device *device);
void machine_destroy_gone(struct machine *machine);

#endif
