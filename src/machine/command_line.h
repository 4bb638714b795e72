/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_line.h - what the option handlers share: the options that describe the board stand in a file of their own. */
#ifndef REPLUG_MACHINE_COMMAND_LINE_H
#define REPLUG_MACHINE_COMMAND_LINE_H

#include "machine/machine_config.h"

struct json_object;

void command_line_replace(char **at, const char *text);

/* ---- command_line_board.c ---- */
bool command_line_apply_machine(struct machine_config *config, const char *argument,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_accel(struct machine_config *config, const char *argument,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_enable_kvm(struct machine_config *config, const char *argument,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_memory(struct machine_config *config, const char *argument,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_smp(struct machine_config *config, const char *argument,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_cpu(struct machine_config *config, const char *argument,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_rtc(struct machine_config *config, const char *argument,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- command_line_net.c ---- */
bool command_line_apply_netdev(struct machine_config *config, const char *argument,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_nic(struct machine_config *config, const char *argument,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool command_line_apply_net(struct machine_config *config, const char *argument,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
