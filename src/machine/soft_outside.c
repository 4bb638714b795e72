/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soft_outside.c - takes a script's input to the console, piece by piece, at the instructions or times that it names. */
#include "machine/soft_outside.h"

#include "base/error.h"
#include "host/host_file.h"
#include "machine/console_script.h"
#include "machine/soft_machine_internal.h"

#define SCRIPT_BYTES_MAX (16u << 20)

static bool read_script(struct machine *machine, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = host_file_read(path, SCRIPT_BYTES_MAX, error);
    gsize size;
    const char *text;

    if (bytes == NULL) {
        return false;
    }
    text = g_bytes_get_data(bytes, &size);
    machine->soft->script = console_script_parse(text != NULL ? text : "", size, error);
    return machine->soft->script != NULL;
}

bool soft_outside_open(struct machine *machine, GError **error)
{
    const char *path = machine->config->console_script;

    if (path == NULL) {
        return true;
    }
    machine->soft->script_console = serial_ports_first(machine);
    if (machine->soft->script_console == NULL) {
        g_set_error(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND,
                    "-console-script %s: the machine has no console; expected -serial", path);
        return false;
    }
    if (!read_script(machine, path, error)) {
        g_prefix_error(error, "-console-script %s: ", path);
        return false;
    }
    return true;
}

void soft_outside_close(struct machine *machine)
{
    g_clear_pointer(&machine->soft->script, console_script_destroy);
}

static bool is_due(const struct soft_machine *soft, uint64_t now_ns)
{
    return soft->state.icount >= console_script_icount(soft->script) ||
           now_ns >= console_script_ns(soft->script);
}

static size_t room(struct machine *machine)
{
    return serial_ports_room(machine, machine->soft->script_console);
}

enum script_wait { SCRIPT_WAITS_NOT, SCRIPT_WAITS_FOR_POSITION, SCRIPT_WAITS_FOR_ROOM };

/* A piece that the console has no room for comes when it has, behind its position. */
static enum script_wait script_wait(struct machine *machine)
{
    const struct soft_machine *soft = machine->soft;

    if (!is_due(soft, soft_machine_now_ns(machine))) {
        return SCRIPT_WAITS_FOR_POSITION;
    }
    return room(machine) == 0 ? SCRIPT_WAITS_FOR_ROOM : SCRIPT_WAITS_NOT;
}

/* Instructions until now has become ns. */
static uint64_t instructions(uint64_t now, uint64_t ns)
{
    uint64_t one = 1u << SOFT_SHIFT;

    return (ns - now) / one + ((ns - now) % one != 0);
}

uint64_t soft_outside_icount(struct machine *machine, uint64_t icount_max)
{
    const struct soft_machine *soft = machine->soft;
    uint64_t icount = icount_max;

    if (soft->script == NULL) {
        return icount_max;
    }
    switch (script_wait(machine)) {
    case SCRIPT_WAITS_NOT: icount = soft->state.icount; break;
    case SCRIPT_WAITS_FOR_POSITION:
        icount = MIN(icount, console_script_icount(soft->script));
        icount = MIN(icount, soft->state.icount + instructions(soft_machine_now_ns(machine),
                                                               console_script_ns(soft->script)));
        break;
    case SCRIPT_WAITS_FOR_ROOM: break;
    }
    return icount;
}

uint64_t soft_outside_ns(struct machine *machine)
{
    const struct soft_machine *soft = machine->soft;

    return soft->script != NULL && script_wait(machine) == SCRIPT_WAITS_FOR_POSITION
               ? console_script_ns(soft->script)
               : UINT64_MAX;
}

bool soft_outside_serve(struct machine *machine)
{
    struct soft_machine *soft = machine->soft;
    const uint8_t *bytes;
    size_t count;

    soft->wants_out = false;
    if (soft->script == NULL || script_wait(machine) != SCRIPT_WAITS_NOT) {
        return false;
    }
    bytes = console_script_bytes(soft->script, &count);
    count = MIN(count, room(machine));
    g_mutex_unlock(&machine->lock);
    (void)machine_console_turn(machine, soft->script_console, bytes, count); /* it was there */
    g_mutex_lock(&machine->lock);
    console_script_take(soft->script, count);
    return true;
}

void soft_outside_console_has_room(struct machine *machine)
{
    struct soft_machine *soft = machine->soft;

    if (soft->script != NULL && is_due(soft, soft_machine_now_ns(machine))) {
        soft->wants_out = true;
        soft_machine_break(machine);
    }
}
