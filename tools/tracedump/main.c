/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - tracedump's subcommand table. */
int main(void)
{
    return 0;
}
