/* SPDX-License-Identifier: Apache-2.0 */
/* linux/proc.h: the files of /proc that the process, its threads and the CPU answer. */
#pragma once

#include "lib/err.h"

err_t linux_proc_init(void) must_check; /* at boot, after process_init() */
