/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_cmds.h: the subcommands.  Each gets its own argv, argv[0] being its name, and returns the
 * exit status.
 */
#pragma once

int cmd_run(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_volume(int argc, char **argv);
int cmd_disk(int argc, char **argv);
int cmd_kernel_path(int argc, char **argv);
