/* SPDX-License-Identifier: Apache-2.0 */
/* linux/vdso.h: the vDSO in the program's address space, and the data it reads. */
#pragma once

#include "lib/err.h"

/* Map it; *addr is AT_SYSINFO_EHDR. Once, while the program is loaded. */
err_t vdso_map(uint64_t *addr) must_check;
