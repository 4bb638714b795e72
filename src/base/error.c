/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.c - the error domain's quark and its mapping to QMP error classes. */
#include "base/error.h"

GQuark replug_error_quark(void)
{
    return g_quark_from_static_string("replug-error");
}

const char *replug_error_qmp_class(const GError *error)
{
    if (g_error_matches(error, REPLUG_ERROR, REPLUG_ERROR_NOT_FOUND)) {
        return "DeviceNotFound";
    }
    return "GenericError";
}
