/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/vdso_data.h: the page that the kernel keeps for the vDSO, one page below its code.
 *
 *	monotonic ns = base_ns + ((counter - base_cycles) * mult >> shift), in 128 bits
 *	Unix ns      = monotonic ns + real_offset
 *
 * All but the last two never change.  real_offset is one word, so no reader ever sees half of a step; 0: the kernel has not
 * looked at the date yet, ask it.
 */
#pragma once

#include <stdint.h>

struct vdso_data {
	uint64_t base_cycles, base_ns, mult;
	uint32_t shift, zero;
	volatile uint64_t real_offset;
};
_Static_assert(sizeof(struct vdso_data) == 40, "kernel and vDSO are built with different flags");
