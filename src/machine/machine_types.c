/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_types.c - types that belong to the machine itself: /machine and its processors. */
#include "hw/core/cpu_device_if.h"
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

#define CPU_PLACE(text, field)                                                             \
    {                                                                                      \
        .name = (text), .kind = PROPERTY_INT32, .offset = offsetof(struct x86_cpu, field), \
        .default_text = "-1", .fixed_once_realized = true                                  \
    }

static const struct property_info cpu_properties[] = {
    { .name = "apic-id",
      .kind = PROPERTY_UINT32,
      .offset = offsetof(struct x86_cpu, apic_id),
      .read_only = true },
    CPU_PLACE("socket-id", socket_id),
    CPU_PLACE("die-id", die_id),
    CPU_PLACE("core-id", core_id),
    CPU_PLACE("thread-id", thread_id),
    CPU_PLACE("node-id", node_id),
    { .name = NULL },
};

static uint32_t cpu_get_index(const struct device *device)
{
    return ((const struct x86_cpu *)device)->cpu_index;
}

static const struct cpu_device_methods cpu_methods = { .get_index = cpu_get_index };

static const struct interface_impl cpu_interfaces[] = {
    { TYPE_CPU_DEVICE, &cpu_methods },
    { NULL, NULL },
};

static const struct device_class cpu_class = {
    .description = "x86 processor",
    .user_creatable = true,
    .hotpluggable = true,
    .realize = x86_cpu_realize,
    .unrealize = x86_cpu_unrealize,
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
    .interfaces = cpu_interfaces,
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

const struct type_info x86_cpu_v1_type_info = {
    .name = "x86-64-v1-x86_64-cpu",
    .parent = "x86_64-cpu",
};

const struct type_info x86_cpu_v2_type_info = {
    .name = "x86-64-v2-x86_64-cpu",
    .parent = "x86_64-cpu",
};

const struct type_info x86_cpu_v3_type_info = {
    .name = "x86-64-v3-x86_64-cpu",
    .parent = "x86_64-cpu",
};
