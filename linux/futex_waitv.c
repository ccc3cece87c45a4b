/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex_waitv.c: futex_waitv(2): one thread waits for any of several words.  Each word has a waiter of its own,
 * and all share the first one's place to sleep.
 */
#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "linux/futex_int.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"

enum { WAITV_MAX = 128, FUTEX2_SIZE_U32 = 2 };

/* struct futex_waitv of the uapi. */
struct waitv {
	uint64_t val, addr;
	uint32_t flags, reserved;
};
_Static_assert(sizeof(struct waitv) == 24, "struct futex_waitv");

/* One word under watch; how it was asked stands in `v`. */
struct watched {
	struct futex_waiter w;
	struct waitv v;
	struct vm_key key;
};

static err_t parse(struct watched *s, unsigned n, uaddr_t from)
{
	for (unsigned i = 0; i < n; i++) {
		struct waitv *v = &s[i].v;

		if (user_read(v, from + i * sizeof(*v), sizeof(*v)))
			return -EFAULT;
		if ((v->flags & ~(uint32_t)FUTEX_PRIVATE_FLAG) != FUTEX2_SIZE_U32 || v->reserved ||
		    v->val > UINT32_MAX)
			return -EINVAL;
	}
	return 0;
}

static err_t keys(struct watched *s, unsigned n)
{
	err_t err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = futex_key(s[i].v.addr, !(s[i].v.flags & FUTEX_PRIVATE_FLAG), &s[i].key);
	return err;
}

/* Take all of the first n out: the last of those that had been woken; -1: none had. */
static long take_out(struct watched *s, unsigned n)
{
	long woken = -1;

	for (unsigned i = 0; i < n; i++)
		if (!futex_dequeue(&s[i].w))
			woken = i;
	return woken;
}

/* Queue first, look then, as a single wait does. *queued: how many are in. */
static err_t queue_all(struct watched *s, unsigned n, unsigned *queued)
{
	uint32_t now;
	err_t err = 0;

	for (*queued = 0; *queued < n && !err;) {
		struct watched *e = &s[*queued];

		futex_enqueue_on(&e->w, &e->key, FUTEX_BITSET_ANY, &s[0].w);
		++*queued;
		err = user_load32(e->v.addr, &now);
		if (!err && now != e->v.val)
			err = -EAGAIN;
	}
	return err;
}

static long wait_any(struct watched *s, unsigned n, uint64_t deadline_ns)
{
	unsigned queued;
	err_t err = queue_all(s, n, &queued);
	long woken;

	if (!err)
		err = futex_sleep(&s[0].w, deadline_ns);
	woken = take_out(s, queued);
	if (woken >= 0)
		return woken;
	return err == -EINTR ? -ERESTARTSYS : err;
}

static err_t deadline_of(uaddr_t ts, uint64_t clock, uint64_t *deadline_ns)
{
	uint64_t off = 0;
	err_t err;

	*deadline_ns = WAIT_FOREVER;
	if (!ts)
		return 0;
	if (clock != LX_CLOCK_MONOTONIC && clock != LX_CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_read(ts, deadline_ns);
	if (!err && clock == LX_CLOCK_REALTIME)
		off = clock_real_offset_ns();
	*deadline_ns = *deadline_ns > off ? *deadline_ns - off : 0;
	return err;
}

long sys_futex_waitv(struct thread *t, const struct sysargs *a)
{
	unsigned n = (unsigned)a->v[1];
	struct watched *s;
	uint64_t deadline;
	long r;

	(void)t;
	if ((uint32_t)a->v[2] || !n || n > WAITV_MAX || !a->v[0])
		return -EINVAL;
	r = deadline_of(a->v[3], a->v[4], &deadline);
	if (r)
		return r;
	s = kzalloc(n * sizeof(*s));
	if (!s)
		return -ENOMEM;
	r = parse(s, n, a->v[0]);
	if (!r)
		r = keys(s, n);
	if (!r)
		r = wait_any(s, n, deadline);
	kfree(s);
	return r;
}
