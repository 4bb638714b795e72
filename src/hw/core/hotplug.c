/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hotplug.c - who handles a device's hotplug, and the four phases. */
#include "hw/core/hotplug.h"

#include "base/invariant.h"
#include "hw/core/board.h"
#include "hw/core/cpu_device_if.h"
#include "hw/core/memory_device_if.h"
#include "trace/trace.h"

const struct type_info hotplug_handler_type_info = {
    .name = TYPE_HOTPLUG_HANDLER,
    .abstract = true,
};

const struct type_info memory_device_if_type_info = {
    .name = TYPE_MEMORY_DEVICE,
    .abstract = true,
};

const struct type_info cpu_device_if_type_info = {
    .name = TYPE_CPU_DEVICE,
    .abstract = true,
};

struct object *device_hotplug_handler(const struct device *device)
{
    const struct board *board = device->board;
    struct object *handler = NULL;

    if (board != NULL && board->ops != NULL && board->ops->hotplug_handler != NULL) {
        handler = board->ops->hotplug_handler(board->opaque, device);
    }
    if (handler == NULL && device->parent_bus != NULL) {
        handler = device->parent_bus->hotplug_handler;
    }
    return handler;
}

/* The handler's methods, after announcing the phase. */
static const struct hotplug_handler_methods *
enter_phase(const char *phase, const struct object *handler, const struct device *device)
{
    const struct hotplug_handler_methods *methods = object_interface(handler, TYPE_HOTPLUG_HANDLER);

    invariant(methods != NULL);
    trace_hotplug_phase(phase, object_type_name(handler), device_label(device));
    return methods;
}

bool hotplug_handler_pre_plug(struct object *handler, struct device *device, GError **error)
{
    const struct hotplug_handler_methods *methods = enter_phase("pre_plug", handler, device);

    return methods->pre_plug == NULL || methods->pre_plug(handler, device, error);
}

bool hotplug_handler_plug(struct object *handler, struct device *device, GError **error)
{
    const struct hotplug_handler_methods *methods = enter_phase("plug", handler, device);

    return methods->plug == NULL || methods->plug(handler, device, error);
}

bool hotplug_handler_unplug_request(struct object *handler, struct device *device, GError **error)
{
    const struct hotplug_handler_methods *methods = enter_phase("unplug_request", handler, device);
    const struct board *board = device->board;

    if (methods->unplug_request != NULL) {
        return methods->unplug_request(handler, device, error);
    }
    if (!hotplug_handler_unplug(handler, device, error)) {
        return false;
    }
    if (board != NULL && board->ops->device_gone != NULL) {
        board->ops->device_gone(board->opaque, device);
    }
    return true;
}

bool hotplug_handler_unplug(struct object *handler, struct device *device, GError **error)
{
    const struct hotplug_handler_methods *methods = enter_phase("unplug", handler, device);

    return methods->unplug == NULL || methods->unplug(handler, device, error);
}
