/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hotplug.h - interface "hotplug-handler": the four phases of a hotplug. A refusal can happen only
 * in pre_plug.
 *
 * plug and unplug return false only when the host failed half way (an ioctl); they have undone
 * their work then. unplug_request asks the guest and returns at once; unplug runs when the guest
 * has let go (its eject).
 */
#ifndef REPLUG_HW_CORE_HOTPLUG_H
#define REPLUG_HW_CORE_HOTPLUG_H

#include "hw/core/device.h"

#define TYPE_HOTPLUG_HANDLER "hotplug-handler"

struct hotplug_handler_methods {
    /* Any may be NULL: nothing to do; unplug_request NULL: unplug at once and board's device_gone.
     */
    bool (*pre_plug)(struct object *handler, struct device *device, GError **error);
    bool (*plug)(struct object *handler, struct device *device, GError **error);
    bool (*unplug_request)(struct object *handler, struct device *device, GError **error);
    bool (*unplug)(struct object *handler, struct device *device, GError **error);
};

extern const struct type_info hotplug_handler_type_info;

/* Each is announced by the instant hotplug_phase; the handlers' own functions (piix4_device_plug_cb,
 * ...) are the spans, so that chains read as the field writes them. */
bool hotplug_handler_pre_plug(struct object *handler, struct device *device,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool hotplug_handler_plug(struct object *handler, struct device *device,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool hotplug_handler_unplug_request(struct object *handler, struct device *device,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool hotplug_handler_unplug(struct object *handler, struct device *device,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The board's handler for this device, else its bus's; NULL = none. */
struct object *device_hotplug_handler(const struct device *device);

#endif
