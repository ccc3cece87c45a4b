/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/arch/arch_user_inline.h: user memory of unit tests is memory of the test. */
#pragma once

static inline void user_begin(void)
{
}

static inline void user_end(void)
{
}

static inline bool user_get8_raw(const void *p, uint8_t *v)
{
	*v = *(const uint8_t *)p;
	return true;
}

static inline bool user_get32_raw(const void *p, uint32_t *v)
{
	*v = *(const uint32_t *)p;
	return true;
}

static inline bool user_get64_raw(const void *p, uint64_t *v)
{
	*v = *(const uint64_t *)p;
	return true;
}

static inline bool user_put32_raw(void *p, uint32_t v)
{
	*(uint32_t *)p = v;
	return true;
}

static inline bool user_put64_raw(void *p, uint64_t v)
{
	*(uint64_t *)p = v;
	return true;
}

static inline bool user_cmpxchg32_raw(void *p, uint32_t *old, uint32_t v)
{
	__atomic_compare_exchange_n((uint32_t *)p, old, v, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return true;
}
