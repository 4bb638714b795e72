/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_types.c - types that belong to the machine itself: /machine and its processors. */
#include "machine/machine_internal.h"
#include "qom/property.h"

const struct type_info machine_type_info = {
    .name = "machine",
    .parent = "object",
    .abstract = true,
    .instance_size = sizeof(struct pc_machine),
};

static const struct interface_impl pc_interfaces[] = {
    { TYPE_HOTPLUG_HANDLER, &pc_hotplug_methods },
    { NULL, NULL },
};

const struct type_info generic_pc_machine_type_info = {
    .name = "generic-pc-machine",
    .parent = "machine",
    .abstract = true,
    .interfaces = pc_interfaces,
};

const struct type_info pc_machine_type_info = {
    .name = "pc-i440fx-7.2-machine",
    .parent = "generic-pc-machine",
};

const struct type_info none_machine_type_info = {
    .name = "none-machine",
    .parent = "machine",
};

#define CPU_NUMBER(text, field)                                                             \
    {                                                                                       \
        .name = (text), .kind = PROPERTY_UINT32, .offset = offsetof(struct x86_cpu, field), \
        .read_only = true                                                                   \
    }

static const struct property_info cpu_properties[] = {
    CPU_NUMBER("apic-id", apic_id),
    CPU_NUMBER("socket-id", socket_id),
    CPU_NUMBER("core-id", core_id),
    CPU_NUMBER("thread-id", thread_id),
    { .name = NULL },
};

static const struct device_class cpu_class = {
    .description = "x86 processor",
};

const struct type_info cpu_type_info = {
    .name = "cpu",
    .parent = TYPE_DEVICE,
    .abstract = true,
};

const struct type_info x86_cpu_type_info = {
    .name = "x86_64-cpu",
    .parent = "cpu",
    .abstract = true,
    .instance_size = sizeof(struct x86_cpu),
    .properties = cpu_properties,
    .class_methods = &cpu_class,
};

const struct type_info x86_cpu_qemu64_type_info = {
    .name = "qemu64-x86_64-cpu",
    .parent = "x86_64-cpu",
};

const struct type_info x86_cpu_host_type_info = {
    .name = "host-x86_64-cpu",
    .parent = "x86_64-cpu",
};

const struct type_info x86_cpu_max_type_info = {
    .name = "max-x86_64-cpu",
    .parent = "x86_64-cpu",
};
