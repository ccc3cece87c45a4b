/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fpu.c: the program's extended state.  Everything that CPUID says XCR0 can hold is enabled, saved in the
 * standard format (a signal frame shows it so) and restored whole.  The kernel itself uses general registers
 * only.  Without XSAVE (qemu64): FXSAVE's 512 bytes.
 */
#include "lib/mem.h"
#include "x86.h"
#include "x86_int.h"

enum { FXSAVE_BYTES = 512, XSAVE_HEADER = 64, XCR0_AVX = 1 << 2 };
enum { CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3, CR0_NE = 1 << 5 };

static size_t area_bytes; /* [I] */
static uint64_t xcr0;	  /* [I] */

static void xsetbv(uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

/* Intel SDM volume 1, 13.2: leaf 0xd says what XCR0 may hold, then how long the area is with it. */
void x86_fpu_init(void)
{
	uint64_t cr0 = read_cr0();

	write_cr0((cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	if (!x86.xsave) {
		area_bytes = FXSAVE_BYTES;
		return;
	}
	if (!xcr0) {
		struct cpuid r = cpuid(0xd, 0);

		/* AMX tiles (17, 18) are for programs that ask for them: a signal frame of 11 KB otherwise. */
		xcr0 = (r.a | (uint64_t)r.d << 32) & ~(3ull << 17);
	}
	xsetbv(xcr0);
	if ((xcr0 & XCR0_AVX) && x86_string_min == UINT64_MAX)
		x86_avx_min = 512;
	if (!area_bytes)
		area_bytes = ALIGN_UP((size_t)cpuid(0xd, 0).b, 64);
}

size_t fpu_bytes(void)
{
	return area_bytes;
}

uint64_t fpu_components(void)
{
	return x86.xsave ? xcr0 : 3;
}

/* FNINIT's control words (SDM volume 1, 8.1.5 and 10.2.3.2); all else zero, which XRSTOR reads as initial. */
void fpu_init_area(void *area)
{
	memset(area, 0, area_bytes);
	*(uint16_t *)area = 0x37f;			   /* FCW */
	*(uint32_t *)(void *)((char *)area + 24) = 0x1f80; /* MXCSR */
	if (x86.xsave)
		*(uint64_t *)(void *)((char *)area + FXSAVE_BYTES) =
			3; /* XSTATE_BV: x87 and SSE as they stand */
}

void fpu_save(void *area)
{
	uint32_t lo = (uint32_t)xcr0, hi = (uint32_t)(xcr0 >> 32);

	if (x86.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else if (x86.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const void *area)
{
	uint32_t lo = (uint32_t)xcr0, hi = (uint32_t)(xcr0 >> 32);

	if (x86.xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
