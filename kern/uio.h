/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/uio.h: where the bytes of a read or write go or come from: user memory (one range or an iovec
 * already copied in) or kernel memory.  Touching user memory may fault and sleep: thread context, no
 * spinlock held.
 */
#pragma once

#include "arch/mmu.h"
#include "lib/err.h"

typedef uint64_t uaddr_t; /* an address in the program; never dereferenced, only copied */

struct uvec { /* struct iovec of the ABI */
	uaddr_t base;
	uint64_t len;
};

enum { UIO_NOWAIT = 1, UIO_APPEND = 2, UIO_NOAPPEND = 4 }; /* preadv2(2), RWF_* */

struct uio {
	const struct uvec *vec; /* current element */
	unsigned nvec;		/* elements left, current included */
	size_t off;		/* consumed of the current element */
	size_t left;		/* bytes left in all */
	bool kernel;		/* bases are kernel pointers */
	uint8_t flags;		/* UIO_*: how this one move differs from what the open file says */
	struct uvec one;	/* storage for the single-range forms */
};

void uio_user(struct uio *u, uaddr_t base, size_t len);
void uio_kernel(struct uio *u, void *base, size_t len);
void uio_vec(struct uio *u, const struct uvec *vec, unsigned n, size_t total);

/*
 * Move up to n bytes and advance; a short count is returned when a user page cannot be reached, -EFAULT when
 * nothing could be moved at all.
 */
long uio_write(struct uio *u, const void *src, size_t n); /* into the uio */
long uio_read(struct uio *u, void *dst, size_t n);	  /* out of the uio */
long uio_zero(struct uio *u, size_t n);			  /* zeroes into the uio */
void uio_advance(struct uio *u, size_t n);

/* Plain copies. 0 or -EFAULT; on -EFAULT part may have been copied. */
err_t user_read(void *dst, uaddr_t src, size_t n) must_check;
err_t user_write(uaddr_t dst, const void *src, size_t n) must_check;
err_t user_zero(uaddr_t dst, size_t n) must_check;
/* A NUL-terminated string: its length, -EFAULT, or -ENAMETOOLONG when none within size. */
long user_read_str(char *dst, uaddr_t src, size_t size) must_check;
/* Atomics on aligned user words; the old value through *old. -EFAULT or -EINVAL (misaligned). */
err_t user_load32(uaddr_t a, uint32_t *val) must_check;
err_t user_cmpxchg32(uaddr_t a, uint32_t expect, uint32_t want, uint32_t *old) must_check;
err_t user_store64(uaddr_t a, uint64_t v) must_check;
err_t user_store32(uaddr_t a, uint32_t v) must_check;
/* Below the top of user space; says nothing of mappings. */
static inline bool user_range_ok(uaddr_t a, size_t n)
{
	return n <= USER_TOP && a <= USER_TOP - n;
}
