/* SPDX-License-Identifier: Apache-2.0 */
/* kern/uio.c: copies between the kernel and the program, or whatever else stands behind a uio. */
#include "kern/uio.h"

#include "arch/mmu.h"
#include "arch/user.h"
#include "lib/mem.h"

static void *user_ptr(uaddr_t a)
{
	return (void *)(uintptr_t)a;
}

err_t user_read(void *dst, uaddr_t src, size_t n)
{
	if (unlikely(!user_range_ok(src, n)))
		return -EFAULT;
	return user_copy_raw(dst, user_ptr(src), n) ? -EFAULT : 0;
}

err_t user_write(uaddr_t dst, const void *src, size_t n)
{
	if (unlikely(!user_range_ok(dst, n)))
		return -EFAULT;
	return user_copy_raw(user_ptr(dst), src, n) ? -EFAULT : 0;
}

err_t user_zero(uaddr_t dst, size_t n)
{
	if (unlikely(!user_range_ok(dst, n)))
		return -EFAULT;
	return user_clear_raw(user_ptr(dst), n) ? -EFAULT : 0;
}

/*
 * The offset of the first zero byte in a word of 8, or 8.  Borrows out of a zero byte can only mark bytes
 * above it, so the lowest mark is right.
 */
static unsigned zero_byte(uint64_t w)
{
	uint64_t marks = (w - 0x0101010101010101ull) & ~w & 0x8080808080808080ull;

	return marks ? (unsigned)__builtin_ctzll(marks) / 8 : 8;
}

/* Bytes up to and without the NUL; n when none was found; less, and *fault, where memory ends. */
static size_t read_str(char *dst, uaddr_t src, size_t n, bool *fault)
{
	size_t i = 0;
	uint8_t c;

	/* Aligned words do not cross into a page that the string does not reach. */
	while (n - i >= 8) {
		uint64_t w;
		unsigned z;

		if ((src + i) % 8) {
			if (!user_get8_raw(user_ptr(src + i), &c))
				goto out_fault;
			dst[i] = (char)c;
			if (!c)
				return i;
			i++;
			continue;
		}
		if (!user_get64_raw(user_ptr(src + i), &w))
			goto out_fault;
		memcpy(dst + i, &w, sizeof(w));
		z = zero_byte(w);
		i += z;
		if (z < 8)
			return i;
	}
	for (; i < n; i++) {
		if (!user_get8_raw(user_ptr(src + i), &c))
			goto out_fault;
		dst[i] = (char)c;
		if (!c)
			return i;
	}
	return n;
out_fault:
	*fault = true;
	return i;
}

long user_read_str(char *dst, uaddr_t src, size_t size)
{
	size_t n = size, len;
	bool fault = false;

	if (src >= USER_TOP)
		return -EFAULT;
	n = MIN(n, USER_TOP - src);
	user_begin();
	len = read_str(dst, src, n, &fault);
	user_end();
	if (fault)
		return -EFAULT;
	if (len < n)
		return (long)len;
	return n < size ? -EFAULT : -ENAMETOOLONG;
}

err_t user_load32(uaddr_t a, uint32_t *val)
{
	bool ok;

	if (unlikely(!user_range_ok(a, sizeof(*val))))
		return -EFAULT;
	if (unlikely(a % sizeof(*val)))
		return -EINVAL;
	user_begin();
	ok = user_get32_raw(user_ptr(a), val);
	user_end();
	return ok ? 0 : -EFAULT;
}

err_t user_cmpxchg32(uaddr_t a, uint32_t expect, uint32_t want, uint32_t *old)
{
	bool ok;

	if (unlikely(!user_range_ok(a, sizeof(want))))
		return -EFAULT;
	if (unlikely(a % sizeof(want)))
		return -EINVAL;
	*old = expect;
	user_begin();
	ok = user_cmpxchg32_raw(user_ptr(a), old, want);
	user_end();
	return ok ? 0 : -EFAULT;
}

err_t user_store64(uaddr_t a, uint64_t v)
{
	bool ok;

	if (unlikely(!user_range_ok(a, sizeof(v))))
		return -EFAULT;
	user_begin();
	ok = user_put64_raw(user_ptr(a), v);
	user_end();
	return ok ? 0 : -EFAULT;
}

err_t user_store32(uaddr_t a, uint32_t v)
{
	bool ok;

	if (unlikely(!user_range_ok(a, sizeof(v))))
		return -EFAULT;
	user_begin();
	ok = user_put32_raw(user_ptr(a), v);
	user_end();
	return ok ? 0 : -EFAULT;
}

void uio_user(struct uio *u, uaddr_t base, size_t len)
{
	*u = (struct uio){ .nvec = 1, .left = len, .one = { base, len } };
	u->vec = &u->one;
}

void uio_kernel(struct uio *u, void *base, size_t len)
{
	uio_user(u, (uaddr_t)(uintptr_t)base, len);
	u->kernel = true;
}

void uio_vec(struct uio *u, const struct uvec *vec, unsigned n, size_t total)
{
	*u = (struct uio){ .vec = vec, .nvec = n, .left = total };
}

void uio_advance(struct uio *u, size_t n)
{
	n = MIN(n, u->left);
	u->left -= n;
	u->off += n;
	while (u->nvec && u->off >= u->vec->len) {
		u->off -= u->vec->len;
		u->vec++;
		u->nvec--;
	}
}

/* What one piece is to be done with: bytes not done. */
typedef size_t (*piece_fn)(void *at, void *buf, size_t n);

static size_t piece_in(void *at, void *buf, size_t n)
{
	return user_copy_raw(at, buf, n);
}

static size_t piece_out(void *at, void *buf, size_t n)
{
	return user_copy_raw(buf, at, n);
}

static size_t piece_zero(void *at, void *buf, size_t n)
{
	(void)buf;
	return user_clear_raw(at, n);
}

static size_t kernel_in(void *at, void *buf, size_t n)
{
	memcpy(at, buf, n);
	return 0;
}

static size_t kernel_out(void *at, void *buf, size_t n)
{
	memcpy(buf, at, n);
	return 0;
}

static size_t kernel_zero(void *at, void *buf, size_t n)
{
	(void)buf;
	memset(at, 0, n);
	return 0;
}

static long each_piece(struct uio *u, char *buf, size_t n, piece_fn fn)
{
	size_t done = 0;

	n = MIN(n, u->left);
	while (done < n) {
		uaddr_t at = u->vec->base + u->off;
		size_t len = MIN(n - done, u->vec->len - u->off), missed;

		if (!u->kernel && !user_range_ok(at, len))
			break;
		missed = fn(user_ptr(at), buf ? buf + done : NULL, len);
		done += len - missed;
		uio_advance(u, len - missed);
		if (missed)
			break;
	}
	return done || n == 0 ? (long)done : -EFAULT;
}

/* The whole in one piece of user memory, with more to come: what nearly every call is. */
static inline bool in_one_piece(const struct uio *u, size_t n)
{
	return !u->kernel && n && n <= u->left && n <= u->vec->len - u->off &&
	       user_range_ok(u->vec->base + u->off, n);
}

static inline long one_piece_done(struct uio *u, size_t n, size_t missed)
{
	if (unlikely(missed == n))
		return -EFAULT;
	n -= missed;
	u->left -= n;
	u->off += n;
	if (u->left && u->off == u->vec->len)
		uio_advance(u, 0); /* to the next piece */
	return (long)n;
}

long uio_write(struct uio *u, const void *src, size_t n)
{
	if (likely(in_one_piece(u, n)))
		return one_piece_done(u, n, user_copy_raw(user_ptr(u->vec->base + u->off), src, n));
	return each_piece(u, (char *)(uintptr_t)src, n, u->kernel ? kernel_in : piece_in);
}

long uio_read(struct uio *u, void *dst, size_t n)
{
	if (likely(in_one_piece(u, n)))
		return one_piece_done(u, n, user_copy_raw(dst, user_ptr(u->vec->base + u->off), n));
	return each_piece(u, dst, n, u->kernel ? kernel_out : piece_out);
}

long uio_zero(struct uio *u, size_t n)
{
	return each_piece(u, NULL, n, u->kernel ? kernel_zero : piece_zero);
}
