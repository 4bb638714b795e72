/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - command line to machine configuration to run. */
int main(void)
{
    return 0;
}
