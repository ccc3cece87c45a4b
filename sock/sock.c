/* SPDX-License-Identifier: Apache-2.0 */
/* sock/sock.c: what sockets of all families share; see sock.h. */
#include "sock/sock.h"

#include "abi/linux_fcntl.h"
#include "kern/clock.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "sock/cred.h"
#include "sock/netdev.h"

void (*sock_cred)(struct linux_ucred *out);
static struct sock_family *families;
static _Atomic uint64_t last_ino = 1u << 20;
static const struct file_ops socket_ops;

void sock_family_add(struct sock_family *f)
{
	f->next = families;
	families = f;
}

err_t sock_new(int family, int type, int protocol, struct sock **out)
{
	struct sock_family *f = families;

	if (family < 0 || family >= LX_AF_MAX)
		return -EAFNOSUPPORT;
	while (f && f->family != family)
		f = f->next;
	return f ? f->new (type, protocol, out) : -EAFNOSUPPORT;
}

void sock_init(struct sock *s, const struct sock_ops *ops, int type, int protocol)
{
	*s = (struct sock){ .ops = ops, .type = type, .protocol = protocol };
	poll_source_init(&s->source);
	s->ino = ++last_ino;
}

err_t sock_file(struct sock *s, uint32_t flags, struct file **out)
{
	err_t err = file_new(&socket_ops, FILE_READ | FILE_WRITE | FILE_NOWAIT_OK,
			     (flags & LX_O_NONBLOCK) | LX_O_RDWR, s, out);

	if (err)
		s->ops->release(s);
	return err;
}

struct sock *sock_of(const struct file *f)
{
	return f->ops == &socket_ops ? f->data : NULL;
}

/* --- file operations ------------------------------------------------------------------------------ */

static uint32_t wait_flag(const struct file *f, const struct uio *u)
{
	return file_nowait(f, u) ? LX_MSG_DONTWAIT : 0;
}

static long socket_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct sock *s = f->data;
	struct sock_msg m = { .uio = u, .flags = wait_flag(f, u) };

	(void)pos;
	if (!u->left)
		return 0;
	return s->ops->recvmsg(s, &m);
}

static long socket_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct sock *s = f->data;
	struct sock_msg m = { .uio = u, .flags = wait_flag(f, u) };

	(void)pos;
	return s->ops->sendmsg(s, &m);
}

static uint32_t socket_poll(struct file *f)
{
	struct sock *s = f->data;

	return s->ops->poll(s);
}

static struct poll_source *socket_source(struct file *f)
{
	return &((struct sock *)f->data)->source;
}

static long socket_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct sock *s = f->data;

	long r = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;

	return r == -ENOTTY ? netdev_ioctl(cmd, arg) : r;
}

static err_t socket_mmap(struct file *f, unsigned prot, unsigned flags, uint64_t offset,
			 struct vm_object **out)
{
	struct sock *s = f->data;

	(void)prot;
	(void)flags;
	return s->ops->mmap ? s->ops->mmap(s, offset, out) : -ENODEV;
}

static void socket_release(struct file *f)
{
	struct sock *s = f->data;

	s->ops->release(s);
}

static size_t socket_name(struct file *f, char *buf, size_t size)
{
	return fmt(buf, size, "socket:[%llu]", (unsigned long long)((struct sock *)f->data)->ino);
}

static const struct file_ops socket_ops = {
	.kind = "socket",
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.poll_source = socket_source,
	.ioctl = socket_ioctl,
	.mmap = socket_mmap,
	.release = socket_release,
	.name = socket_name,
};

/* --- options of SOL_SOCKET that only set a number --------------------------------------------------- */

err_t sock_opt_int(struct uio *val, int *out)
{
	if (val->left < sizeof(*out))
		return -EINVAL;
	return uio_read(val, out, sizeof(*out)) == (long)sizeof(*out) ? 0 : -EFAULT;
}

/* struct timeval; sock(7): 0 means no timeout. */
static err_t timeout_set(struct uio *val, uint64_t *ns)
{
	int64_t tv[2];

	if (val->left < sizeof(tv))
		return -EINVAL;
	if (uio_read(val, tv, sizeof(tv)) != (long)sizeof(tv))
		return -EFAULT;
	if (tv[1] < 0 || tv[1] >= 1000000)
		return -EDOM;
	if (tv[0] < 0)
		*ns = 1; /* as Linux: a negative one does not wait at all */
	else if (tv[0] > (int64_t)(UINT64_MAX / 2000000000))
		*ns = 0;
	else
		*ns = (uint64_t)tv[0] * 1000000000 + (uint64_t)tv[1] * 1000;
	return 0;
}

static err_t set_number(struct sock *s, int name, int v)
{
	switch (name) {
	case LX_SO_ZEROCOPY:
		return -EOPNOTSUPP; /* of families that have no use for it */
	case LX_SO_BUSY_POLL:
		if (v < 0)
			return -EINVAL;
		s->busy_poll_us = (uint32_t)v;
		return 0;
	case LX_SO_INCOMING_CPU: /* a wish: the flow decides where packets arrive */
		return 0;
	case LX_SO_PRIORITY:
		s->priority = (uint32_t)v;
		return 0;
	case LX_SO_MARK:
		s->mark = (uint32_t)v;
		return 0;
	case LX_SO_PASSCRED:
		s->passcred = v;
		return 0;
	case LX_SO_TIMESTAMP:
		s->timestamp = v;
		return 0;
	case LX_SO_TIMESTAMPNS:
		s->timestampns = v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

err_t sock_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct uio copy = *val;
	err_t err = s->ops->setopt ? s->ops->setopt(s, level, name, &copy) : -ENOPROTOOPT;
	int v;

	if (err != -ENOPROTOOPT || level != LX_SOL_SOCKET)
		return err;
	if (val->left < sizeof(v))
		return -EINVAL;
	if (name == LX_SO_RCVTIMEO)
		return timeout_set(val, &s->rcv_timeout_ns);
	if (name == LX_SO_SNDTIMEO)
		return timeout_set(val, &s->snd_timeout_ns);
	err = sock_opt_int(val, &v);
	return err ? err : set_number(s, name, v);
}

void sock_opt_put(void *val, uint32_t *len, const void *data, size_t n)
{
	*len = (uint32_t)MIN((size_t)*len, n);
	memcpy(val, data, *len);
}

uint32_t sock_buffer_size(int v, bool snd)
{
	uint32_t n = (uint32_t)(v < 0 ? 0 : v > 1 << 28 ? 1 << 28 : v) * 2;

	return MAX(n, snd ? 4608u : 2304u);
}

static err_t get_number(const struct sock *s, int name, int *v)
{
	switch (name) {
	case LX_SO_TYPE:
		*v = s->type;
		return 0;
	case LX_SO_DOMAIN:
		*v = s->ops->family;
		return 0;
	case LX_SO_PROTOCOL:
		*v = s->protocol;
		return 0;
	case LX_SO_SNDLOWAT:
		*v = 1;
		return 0;
	case LX_SO_ZEROCOPY:
		*v = 0;
		return 0;
	case LX_SO_BUSY_POLL:
		*v = (int)s->busy_poll_us;
		return 0;
	case LX_SO_INCOMING_CPU:
		*v = -1;
		return 0;
	case LX_SO_PRIORITY:
		*v = (int)s->priority;
		return 0;
	case LX_SO_MARK:
		*v = (int)s->mark;
		return 0;
	case LX_SO_PASSCRED:
		*v = s->passcred;
		return 0;
	case LX_SO_TIMESTAMP:
		*v = s->timestamp;
		return 0;
	case LX_SO_TIMESTAMPNS:
		*v = s->timestampns;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

err_t sock_getopt(struct sock *s, int level, int name, void *val, uint32_t *len)
{
	err_t err = s->ops->getopt ? s->ops->getopt(s, level, name, val, len) : -ENOPROTOOPT;
	uint64_t ns;
	int64_t tv[2];
	int v;

	if (err != -ENOPROTOOPT || level != LX_SOL_SOCKET)
		return err;
	if (name == LX_SO_RCVTIMEO || name == LX_SO_SNDTIMEO) {
		ns = name == LX_SO_RCVTIMEO ? s->rcv_timeout_ns : s->snd_timeout_ns;
		tv[0] = (int64_t)(ns / 1000000000);
		tv[1] = (int64_t)(ns % 1000000000 / 1000);
		sock_opt_put(val, len, tv, sizeof(tv));
		return 0;
	}
	if (name == LX_SO_COOKIE) {
		if (*len < sizeof(s->ino))
			return -EINVAL;
		sock_opt_put(val, len, &s->ino, sizeof(s->ino));
		return 0;
	}
	err = get_number(s, name, &v);
	if (!err)
		sock_opt_put(val, len, &v, sizeof(v));
	return err;
}

/* --- waiting ---------------------------------------------------------------------------------------- */

static uint64_t deadline(uint64_t timeout_ns, uint32_t flags)
{
	if (flags & LX_MSG_DONTWAIT)
		return 0;
	return timeout_ns ? clock_mono_ns() + timeout_ns : WAIT_FOREVER;
}

uint64_t sock_rcv_deadline(const struct sock *s, uint32_t flags)
{
	return deadline(s->rcv_timeout_ns, flags);
}

uint64_t sock_snd_deadline(const struct sock *s, uint32_t flags)
{
	return deadline(s->snd_timeout_ns, flags);
}

err_t sock_wait_error(err_t wait, uint64_t timeout_ns)
{
	if (wait == -ETIMEDOUT)
		return -EAGAIN;
	if (wait == -EINTR)
		return timeout_ns ? -EINTR : -ERESTARTSYS;
	return wait;
}

/* --- control messages --------------------------------------------------------------------------------- */

#define CMSG_HDR sizeof(struct linux_cmsghdr)

size_t sock_ctl_room(const struct sock_ctl *c)
{
	return c->size - c->used > CMSG_HDR ? c->size - c->used - CMSG_HDR : 0;
}

bool sock_ctl_put(struct sock_ctl *c, int level, int type, const void *data, size_t len)
{
	size_t room = c->size - c->used;
	struct linux_cmsghdr h = { .level = level, .type = type };

	if (room < CMSG_HDR) {
		c->truncated = true;
		return false;
	}
	if (room < CMSG_HDR + len) {
		c->truncated = true;
		len = room - CMSG_HDR;
	}
	h.len = CMSG_HDR + len;
	memcpy(c->buf + c->used, &h, CMSG_HDR);
	memcpy(c->buf + c->used + CMSG_HDR, data, len);
	c->used += MIN(room, ALIGN_UP(CMSG_HDR + len, 8ul));
	return !c->truncated;
}

void sock_ctl_time(const struct sock *s, uint64_t stamp_ns, struct sock_msg *m)
{
	uint64_t real;
	int64_t t[2];

	if (!m->ctl_out || (!s->timestamp && !s->timestampns))
		return;
	real = (stamp_ns ? stamp_ns : clock_mono_ns()) + clock_real_offset_ns();
	t[0] = (int64_t)(real / 1000000000);
	t[1] = (int64_t)(real % 1000000000) / (s->timestampns ? 1 : 1000);
	sock_ctl_put(m->ctl_out, LX_SOL_SOCKET,
		     s->timestampns ? LX_SO_TIMESTAMPNS : LX_SO_TIMESTAMP, t, sizeof(t));
}

const struct linux_cmsghdr *sock_ctl_next(const struct sock_msg *m, size_t *at, size_t *len)
{
	const struct linux_cmsghdr *h;

	if (m->ctl_len < *at || m->ctl_len - *at < CMSG_HDR)
		return NULL;
	h = (const void *)(m->ctl + *at);
	*len = h->len - CMSG_HDR; /* linux/socket.c checked every length */
	*at += ALIGN_UP(h->len, 8ul);
	return h;
}
