/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/compiler.c: functions that compilers call for operations the CPU at hand may lack (the names are libgcc's
 * and compiler-rt's).  Kernel only: on the host their own library answers.
 */
#include "lib/util.h"

int __popcountdi2(long v); /* the compiler's prototype; no header has it */

int __popcountdi2(long v)
{
	uint64_t x = (uint64_t)v;

	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)(x * 0x0101010101010101 >> 56);
}
