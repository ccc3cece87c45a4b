/* SPDX-License-Identifier: Apache-2.0 */
/* linux/proc_int.h: between proc_self.c and proc_system.c. */
#pragma once

#include "vfs/proc.h"

extern const struct proc_row proc_self_rows[];
extern const unsigned proc_self_nrows;
