/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/user.h: reaching the program's memory.
 *
 * Only kern/uio.c and kern/vm*.c use the raw forms: they have checked that the range lies below USER_TOP.
 * Context: threads, interrupts on, no spinlock held: a fault in here is served like the program's own.
 */
#pragma once

#include "lib/err.h"

/* One side is the program's memory, the other the kernel's. Returns the bytes that were not done. */
size_t user_copy_raw(void *dst, const void *src, size_t n);
size_t user_clear_raw(void *dst, size_t n);

/*
 * Inline, in arch/<cpu>/arch_user_inline.h. Between begin and end the kernel may touch user memory; the
 * accessors return false where it cannot be reached.
 */
static inline void user_begin(void);
static inline void user_end(void);
static inline bool user_get8_raw(const void *p, uint8_t *v);
static inline bool user_get32_raw(const void *p, uint32_t *v);
static inline bool user_get64_raw(const void *p, uint64_t *v);
static inline bool user_put32_raw(void *p, uint32_t v);
static inline bool user_put64_raw(void *p, uint64_t v);
/* *old holds what is expected; on return what was there. */
static inline bool user_cmpxchg32_raw(void *p, uint32_t *old, uint32_t v);

#include "arch_user_inline.h"
