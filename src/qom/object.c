/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qom/object.h"

#include "qom/property.h"
