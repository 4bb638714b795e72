/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acpi_ost.c - _OST: events for the user, and the names of its codes (ACPI 6.5 §6.3.5). */
#include "hw/acpi/acpi_ost.h"

#include <json-c/json.h>
#include <string.h>

#include "hw/core/board.h"
#include "trace/trace.h"

#define SOURCE_EJECT_REQUEST 3u
#define SOURCE_EJECT_BY_OS   0x103u
#define STATUS_SUCCESS       0u
#define STATUS_EJECT_ONGOING 0x84u

struct json_object *acpi_ost_info(const struct acpi_ost_slot *slot)
{
    struct json_object *info = json_object_new_object();
    g_autofree char *number = g_strdup_printf("%u", slot->number);

    if (slot->device != NULL && slot->device->id != NULL) {
        json_object_object_add(info, "device", json_object_new_string(slot->device->id));
    }
    json_object_object_add(info, "slot", json_object_new_string(number));
    json_object_object_add(info, "slot-type", json_object_new_string(slot->type));
    json_object_object_add(info, "source", json_object_new_int64(slot->event));
    json_object_object_add(info, "status", json_object_new_int64(slot->status));
    return info;
}

static bool is_eject_source(uint32_t source)
{
    return source == SOURCE_EJECT_REQUEST || source == SOURCE_EJECT_BY_OS;
}

static const char *meaning_of(uint32_t source, uint32_t status)
{
    bool eject = is_eject_source(source);

    switch (status) {
    case 0: return "success";
    case 1: return "failure";
    case 2: return "unrecognized notify code";
    case 0x80: return eject ? "eject not supported" : "insertion in progress";
    case 0x81: return eject ? "device in use by application" : "driver load failure";
    case 0x82: return eject ? "device busy" : "insertion not supported";
    case 0x83: return eject ? "eject dependency busy or not supported" : "reserved";
    case 0x84: return eject ? "eject in progress" : "reserved";
    default: return "reserved";
    }
}

void acpi_unplug_refused(const struct board *board, const struct acpi_ost_slot *slot,
                         const char *why)
{
    struct device *device = slot->device;
    struct json_object *guest_error = json_object_new_object();
    g_autofree char *path = device_path(device);

    device->unplug_pending = false;
    trace_acpi_unplug_refused(slot->number, device_label(device), why);
    if (strcmp(slot->type, "DIMM") == 0) {
        struct json_object *error = json_object_new_object();

        json_object_object_add(error, "device",
                               json_object_new_string(device->id != NULL ? device->id : ""));
        json_object_object_add(error, "msg", json_object_new_string(why));
        board->ops->event(board->opaque, "MEM_UNPLUG_ERROR", error);
    }
    if (device->id != NULL) {
        json_object_object_add(guest_error, "device", json_object_new_string(device->id));
    }
    json_object_object_add(guest_error, "path", json_object_new_string(path != NULL ? path : ""));
    board->ops->event(board->opaque, "DEVICE_UNPLUG_GUEST_ERROR", guest_error);
}

void acpi_ost_report(const struct board *board, const struct acpi_ost_slot *slot)
{
    const struct device *device = slot->device;
    const char *meaning = meaning_of(slot->event, slot->status);
    struct json_object *data = json_object_new_object();
    g_autofree char *why = NULL;

    trace_acpi_device_ost(slot->number, device != NULL ? device_label(device) : "", slot->event,
                          slot->status, meaning);
    json_object_object_add(data, "info", acpi_ost_info(slot));
    board->ops->event(board->opaque, "ACPI_DEVICE_OST", data);
    if (device != NULL && device->unplug_pending && is_eject_source(slot->event) &&
        slot->status != STATUS_SUCCESS && slot->status != STATUS_EJECT_ONGOING) {
        why = g_strdup_printf("the guest refused to eject: %s (_OST source 0x%x, status 0x%x)",
                              meaning, slot->event, slot->status);
        acpi_unplug_refused(board, slot, why);
    }
}
