/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - what all devices share: realize, reset, hotplug phases, bus membership, state for dump
 * and digest.
 *
 * device_set_realized(true) runs: hotplug handler pre_plug (may refuse) -> class realize (may fail,
 * undone) -> reset, if hotplugged -> hotplug handler plug (fails only when the host did, then
 * undone). device_set_realized(false): unrealizes what sits on its buses, then the device. A
 * device's "realized" property is its only way in; src/machine/device_add.c drives it.
 *
 * A class is one whole constant: nothing in it is inherited. A type's realize, unrealize or reset
 * that builds on its parent type's calls that by itself.
 */
#ifndef REPLUG_HW_CORE_DEVICE_H
#define REPLUG_HW_CORE_DEVICE_H

#include "qom/object.h"
#include "qom/property.h"
#include "state/state.h"

struct board;
struct bus;
struct device;
struct state_desc;

#define TYPE_DEVICE "device"

struct device_class {
    const char *description; /* "DIMM memory module"; may be NULL */
    const char *bus_type;    /* the type of bus it sits on ("PCI", "ISA"); NULL = none */
    bool user_creatable;     /* by -device and device_add */
    bool hotpluggable;       /* by device_add and device_del while the machine exists */
    bool (*realize)(struct device *device,
                    GError **error); /* on failure leaves nothing behind; NULL = nothing to do */
    void (*unrealize)(struct device *device);
    void (*reset)(struct device *device);      /* NULL = nothing to do */
    const struct state_desc *state;            /* NULL = no guest-visible state */
    uint32_t state_offset;                     /* of the state struct in the instance */
    void (*after_load)(struct device *device); /* recompute what derives from loaded state, re-arm
                                                  timers; may be NULL */
};

/* How far a device's life is: compared with a recording where the user can plug and unplug it. */
#define DEVICE_LIFE_MEMBERS                                                                  \
    bool realized;                                                                           \
    bool hotplugged;     /* plugged while the machine was running or ready to run */         \
    bool unplug_pending; /* asked to leave, the guest has not answered yet (QEMU:          \
                            pending_deleted_event) */ \
    bool                                                                                     \
        unplug_seen; /* ... but it has looked at the request, dropped the event, or forgot it in a reset: \
                            asking again may help */

struct device_life {
    DEVICE_LIFE_MEMBERS
};

#define DEVICE_LIFE_FIELDS(FIELD, NESTED, T) \
    FIELD(T, realized) FIELD(T, hotplugged) FIELD(T, unplug_pending) FIELD(T, unplug_seen)
STATE_DECLARE(device_life_desc, struct device_life);

struct device {
    struct object object;
    char *id;               /* the user's, NULL for built-in and anonymous devices; owned */
    struct board *board;    /* set before realize; borrowed */
    struct bus *parent_bus; /* borrowed; NULL = none */

    union {
        struct {
            DEVICE_LIFE_MEMBERS
        };
        struct device_life life; /* the same, for the state list */
    };
};

extern const struct type_info device_type_info;
/* The class of a device instance. */
const struct device_class *device_class(const struct device *device);

/* Its id, or its type's name when it has none: how errors and events name it. */
const char *device_label(const struct device *device);

/*
 * The setter behind property "realized"; span device_set_realized. Setting what it is already does
 * nothing. Errors: hotplugged, but its class or its bus takes no hotplug (UNSUPPORTED); what
 * pre_plug, realize or plug say. A failure leaves the device unrealized.
 */
bool device_set_realized(struct device *device, bool realized,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Unrealizes every device in the tree below root, last added first: before the tree is destroyed.
 * (A realized device that has something to unrealize may not be destroyed.) */
void device_unrealize_all(struct object *root);

/* Resets the device and what sits on its buses (children in order of addition, before the device
 * itself). */
void device_reset(struct device *device);

/* "/machine/peripheral/dimm0"; the caller frees it. */
char *device_path(const struct device *device);

/* ---- buses ---- */

#define TYPE_BUS "bus"

struct bus {
    struct object object;           /* child of the device that provides it */
    struct device *parent;          /* NULL for the machine's main bus */
    char *name;                     /* "pci.0"; owned */
    GPtrArray *devices;             /* borrowed struct device *, in order of plugging */
    struct object *hotplug_handler; /* NULL = plugging at run time is refused; borrowed */
};

extern const struct type_info bus_type_info;        /* the abstract base */
extern const struct type_info system_bus_type_info; /* "System": the machine's main bus */
extern const struct type_info isa_bus_type_info;    /* "ISA" */

/*
 * Creates a bus of the given type as child of parent under its name. parent NULL: it is in no tree
 * yet. name NULL: QEMU's naming, "ID.0" after the parent's id, else "pci.0" after the type. Errors:
 * no such bus type, the name is taken.
 */
struct bus *bus_create(const struct type_registry *registry, const char *type,
                       struct device *parent, const char *name, GError **error);
/* The device is on no bus yet; it leaves by itself when it is destroyed. */
void bus_add_device(struct bus *bus, struct device *device);
void bus_remove_device(struct bus *bus, struct device *device);

/*
 * Devices, buses, properties as an indented tree, in the form of QEMU's "info qtree": the buses
 * without a parent, and devices on no bus as if they sat on main-system-bus.
 */
void device_print_tree(struct object *root, GString *out);

/* Every device's state, "PATH.field: value" a line, in tree order: half of the dump of everything.
 */
void device_print_state(struct object *root, GString *out);

#endif
