/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/arch_user_inline.h: single accesses to user memory.  Each instruction that may fault has a
 * line in .fixups; STAC and CLAC are patched in on CPUs with SMAP (asm.h).
 */
#pragma once

#include "asm.h"

static inline void user_begin(void)
{
	__asm__ volatile(STAC : : : "memory");
}

static inline void user_end(void)
{
	__asm__ volatile(CLAC : : : "memory");
}

#define USER_GET(insn, reg, T, p, v)                                                         \
	do {                                                                                 \
		T got_;                                                                      \
		__asm__ goto volatile("1: " insn " %1, %" reg "0\n" FIXUP("1b", "%l[fault]") \
				      : "=r"(got_)                                           \
				      : "m"(*(const T *)(p))                                 \
				      : "memory"                                             \
				      : fault);                                              \
		*(v) = got_;                                                                 \
		return true;                                                                 \
	fault:                                                                               \
		return false;                                                                \
	} while (0)

#define USER_PUT(insn, reg, T, p, v)                                                         \
	do {                                                                                 \
		__asm__ goto volatile("1: " insn " %" reg "0, %1\n" FIXUP("1b", "%l[fault]") \
				      :                                                      \
				      : "r"(v), "m"(*(T *)(p))                               \
				      : "memory"                                             \
				      : fault);                                              \
		return true;                                                                 \
	fault:                                                                               \
		return false;                                                                \
	} while (0)

static inline bool user_get8_raw(const void *p, uint8_t *v)
{
	USER_GET("movb", "b", uint8_t, p, v);
}

static inline bool user_get32_raw(const void *p, uint32_t *v)
{
	USER_GET("movl", "k", uint32_t, p, v);
}

static inline bool user_get64_raw(const void *p, uint64_t *v)
{
	USER_GET("movq", "q", uint64_t, p, v);
}

static inline bool user_put32_raw(void *p, uint32_t v)
{
	USER_PUT("movl", "k", uint32_t, p, v);
}

static inline bool user_put64_raw(void *p, uint64_t v)
{
	USER_PUT("movq", "q", uint64_t, p, v);
}

static inline bool user_cmpxchg32_raw(void *p, uint32_t *old, uint32_t v)
{
	uint32_t was = *old;
	bool ok = true;

	__asm__ volatile("1: lock cmpxchgl %3, %2\n\tjmp 3f\n2: movb $0, %1\n3:\n" FIXUP("1b", "2b")
			 : "+a"(was), "+q"(ok), "+m"(*(uint32_t *)p)
			 : "r"(v)
			 : "memory", "cc");
	*old = was;
	return ok;
}
