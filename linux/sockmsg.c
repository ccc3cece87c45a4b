/* SPDX-License-Identifier: Apache-2.0 */
/* linux/sockmsg.c: the send and receive families: sendto, recvfrom, sendmsg, recvmsg and the mmsg calls. */
#include "linux/sockmsg.h"

#include "abi/linux_fcntl.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"

enum { CTL_MAX = 20480, CTL_FEW = 256, VEC_FEW = 8 };

static uint32_t call_flags(const struct file *f, uint64_t flags)
{
	return (uint32_t)flags | (file_nonblock(f) ? LX_MSG_DONTWAIT : 0);
}

static long broken_pipe(long r, uint32_t flags)
{
	if (r == -EPIPE && !(flags & LX_MSG_NOSIGNAL))
		signal_send_self(LSIGPIPE);
	return r;
}

long sys_sendto(struct thread *t, const struct sysargs *a)
{
	struct sock_addr addr;
	struct sock_msg m = { 0 };
	struct file *f;
	struct sock *s;
	struct uio u;
	long r;

	(void)t;
	if (!user_range_ok(a->v[1], a->v[2]))
		return -EFAULT;
	r = socket_get((int)a->v[0], &f, &s);
	if (r)
		return r;
	if (a->v[4]) {
		r = socket_addr_read(&addr, a->v[4], (int)a->v[5]);
		m.addr = &addr;
	}
	if (!r) {
		uio_user(&u, a->v[1], MIN(a->v[2], LX_MAX_RW_COUNT));
		m.uio = &u;
		m.flags = call_flags(f, a->v[3]);
		r = broken_pipe(s->ops->sendmsg(s, &m), m.flags);
	}
	file_put(f);
	return r;
}

long sys_recvfrom(struct thread *t, const struct sysargs *a)
{
	struct sock_addr addr = { .len = 0 };
	struct sock_msg m = { 0 };
	struct file *f;
	struct sock *s;
	struct uio u;
	long r;

	(void)t;
	if (!user_range_ok(a->v[1], a->v[2]))
		return -EFAULT;
	r = socket_get((int)a->v[0], &f, &s);
	if (r)
		return r;
	uio_user(&u, a->v[1], MIN(a->v[2], LX_MAX_RW_COUNT));
	m.uio = &u;
	m.flags = call_flags(f, a->v[3]);
	m.addr = a->v[4] ? &addr : NULL;
	r = s->ops->recvmsg(s, &m);
	if (r >= 0 && a->v[4]) {
		err_t err = socket_addr_write(&addr, a->v[4], a->v[5]);

		r = err ? err : r;
	}
	file_put(f);
	return r;
}

/* --- msghdr -------------------------------------------------------------------------------------------- */

/* One struct msghdr copied in: what it points to is in kernel memory or in a uio. */
struct call {
	struct linux_msghdr h;
	struct sock_addr addr;
	struct uvec few[VEC_FEW], *vec;
	_Alignas(8) uint8_t ctl_few[CTL_FEW];
	uint8_t *ctl;
	struct sock_ctl ctl_out;
	struct uio uio;
	struct sock_msg m;
};

static void call_free(struct call *c)
{
	if (c->vec != c->few)
		kfree(c->vec);
	if (c->ctl != c->ctl_few)
		kfree(c->ctl);
}

static err_t read_vec(struct call *c)
{
	uint64_t total = 0;
	err_t err;

	if (c->h.iovlen > LX_IOV_MAX)
		return -EMSGSIZE;
	if (c->h.iovlen > VEC_FEW) {
		c->vec = kmalloc(c->h.iovlen * sizeof(*c->vec));
		if (!c->vec)
			return -ENOMEM;
	}
	err = user_read(c->vec, c->h.iov, c->h.iovlen * sizeof(*c->vec));
	if (err)
		return err;
	for (uint64_t i = 0; i < c->h.iovlen; i++) {
		if ((int64_t)c->vec[i].len < 0)
			return -EINVAL;
		if (!user_range_ok(c->vec[i].base, c->vec[i].len))
			return -EFAULT;
		c->vec[i].len = MIN(c->vec[i].len, LX_MAX_RW_COUNT - total);
		total += c->vec[i].len;
	}
	uio_vec(&c->uio, c->vec, (unsigned)c->h.iovlen, total);
	c->m.uio = &c->uio;
	return 0;
}

static err_t ctl_room(struct call *c)
{
	if (c->h.controllen <= CTL_FEW)
		return 0;
	c->ctl = kmalloc(MIN(c->h.controllen, (uint64_t)CTL_MAX));
	return c->ctl ? 0 : -ENOBUFS;
}

/* cmsg(3): each header whole and inside the buffer; sock/ relies on it. */
static err_t ctl_check(const uint8_t *ctl, size_t len)
{
	struct linux_cmsghdr h;

	for (size_t at = 0; len - at >= sizeof(h);) {
		memcpy(&h, ctl + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at)
			return -EINVAL;
		at += MIN(ALIGN_UP(h.len, 8ul), len - at);
	}
	return 0;
}

static err_t read_ctl(struct call *c)
{
	err_t err;

	if (!c->h.controllen)
		return 0;
	if (c->h.controllen > CTL_MAX)
		return -ENOBUFS;
	err = ctl_room(c);
	if (!err)
		err = user_read(c->ctl, c->h.control, c->h.controllen);
	if (!err)
		err = ctl_check(c->ctl, c->h.controllen);
	c->m.ctl = c->ctl;
	c->m.ctl_len = c->h.controllen;
	return err;
}

static err_t call_read(struct call *c, uaddr_t hdr)
{
	c->vec = c->few;
	c->ctl = c->ctl_few;
	memset(&c->m, 0, sizeof(c->m));
	return user_read(&c->h, hdr, sizeof(c->h));
}

/* The call's own memory is large: it is not put on the stack. */
static struct call *call_new(void)
{
	return kmalloc(sizeof(struct call));
}

static long send_one(struct sock *s, struct call *c, uaddr_t hdr, uint32_t flags)
{
	long r = call_read(c, hdr);

	if (!r && c->h.name) {
		r = socket_addr_read(&c->addr, c->h.name, MIN(c->h.namelen, SOCK_ADDR_MAX));
		c->m.addr = &c->addr;
	}
	if (!r)
		r = read_vec(c);
	if (!r)
		r = read_ctl(c);
	if (!r) {
		c->m.flags = flags;
		r = broken_pipe(s->ops->sendmsg(s, &c->m), flags);
	}
	call_free(c);
	return r;
}

static err_t write_back(struct call *c, uaddr_t hdr, uint32_t flags)
{
	err_t err = 0;

	if (c->h.name) {
		err = user_write(c->h.name, c->addr.bytes,
				 MIN((uint32_t)c->h.namelen, c->addr.len));
		if (!err)
			err = user_store32(hdr + offsetof(struct linux_msghdr, namelen),
					   c->addr.len);
	}
	if (!err && c->ctl_out.used)
		err = user_write(c->h.control, c->ctl, c->ctl_out.used);
	if (!err)
		err = user_store64(hdr + offsetof(struct linux_msghdr, controllen),
				   c->ctl_out.used);
	if (c->ctl_out.truncated)
		c->m.out_flags |= LX_MSG_CTRUNC;
	if (!err)
		err = user_store32(hdr + offsetof(struct linux_msghdr, flags),
				   c->m.out_flags | (flags & LX_MSG_CMSG_CLOEXEC));
	return err;
}

static long recv_one(struct sock *s, struct call *c, uaddr_t hdr, uint32_t flags)
{
	long r = call_read(c, hdr);

	if (!r && c->h.name && c->h.namelen < 0)
		r = -EINVAL;
	if (!r)
		r = read_vec(c);
	if (!r)
		r = ctl_room(c);
	if (!r) {
		c->addr.len = 0;
		c->m.addr = c->h.name ? &c->addr : NULL;
		c->ctl_out = (struct sock_ctl){ .buf = c->ctl,
						.size = MIN(c->h.controllen, (uint64_t)CTL_MAX) };
		c->m.ctl_out = &c->ctl_out;
		c->m.flags = flags;
		r = s->ops->recvmsg(s, &c->m);
	}
	if (r >= 0) {
		err_t err = write_back(c, hdr, flags);

		r = err ? err : r;
	}
	call_free(c);
	return r;
}

typedef long (*one_fn)(struct sock *s, struct call *c, uaddr_t hdr, uint32_t flags);

static long one_message(const struct sysargs *a, one_fn one)
{
	struct file *f;
	struct sock *s;
	struct call *c;
	long r = socket_get((int)a->v[0], &f, &s);

	if (r)
		return r;
	c = call_new();
	r = c ? one(s, c, a->v[1], call_flags(f, a->v[2])) : -ENOMEM;
	kfree(c);
	file_put(f);
	return r;
}

long sys_sendmsg(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return one_message(a, send_one);
}

long sys_recvmsg(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return one_message(a, recv_one);
}

/* --- several messages a call ------------------------------------------------------------------------------ */

enum { MMSG_MAX = 1024 };

/* Messages done; an error counts only when it met the first. */
static long many(struct sock *s, struct call *c, uaddr_t vec, unsigned n, uint32_t flags,
		 uint64_t deadline_ns, one_fn one)
{
	const bool recv = one == recv_one;
	unsigned done = 0;
	long r = 0;

	while (done < n) {
		uaddr_t at = vec + done * sizeof(struct linux_mmsghdr);

		r = one(s, c, at, flags);
		if (r < 0)
			break;
		r = user_store32(at + offsetof(struct linux_mmsghdr, len), (uint32_t)r);
		if (r < 0)
			break;
		done++;
		if (recv && (flags & LX_MSG_WAITFORONE))
			flags |= LX_MSG_DONTWAIT;
		if (recv && clock_mono_ns() >= deadline_ns)
			break;
	}
	return done ? (long)done : r;
}

static long many_messages(const struct sysargs *a, uint64_t deadline_ns, one_fn one)
{
	unsigned n = MIN((uint32_t)a->v[2], (uint32_t)MMSG_MAX);
	struct file *f;
	struct sock *s;
	struct call *c;
	long r = socket_get((int)a->v[0], &f, &s);

	if (r)
		return r;
	c = call_new();
	r = c ? many(s, c, a->v[1], n, call_flags(f, a->v[3]), deadline_ns, one) : -ENOMEM;
	kfree(c);
	file_put(f);
	return r;
}

long sys_sendmmsg(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return many_messages(a, WAIT_FOREVER, send_one);
}

/* The time-out is looked at after each message only, as recvmmsg(2) says under BUGS. */
long sys_recvmmsg(struct thread *t, const struct sysargs *a)
{
	uint64_t deadline, now;
	err_t err = timespec_deadline(a->v[4], &deadline);
	long r;

	(void)t;
	if (err)
		return err;
	r = many_messages(a, deadline, recv_one);
	now = clock_mono_ns();
	if (a->v[4] && r > 0 && timespec_write(a->v[4], deadline > now ? deadline - now : 0) < 0)
		return -EFAULT;
	return r;
}
