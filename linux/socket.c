/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/socket.c: the socket calls: arguments are copied in and checked here, in Linux's order (net/socket.c), and
 * given to sock/ as kernel values.
 */
#include "abi/linux_fcntl.h"
#include "abi/linux_inet.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/sockmsg.h"
#include "linux/syscall.h"
#include "sock/cred.h"
#include "sock/unix.h"
#include "vfs/fdtable.h"

/* Who the caller is, for sock/, which does not know processes. */
static void caller_cred(struct linux_ucred *out)
{
	*out = (struct linux_ucred){ PROCESS_PID, process.creds.euid, process.creds.egid };
}

void socket_init(void)
{
	sock_cred = caller_cred;
	unix_init();
}

err_t socket_get(int fd, struct file **f, struct sock **s)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	*s = (*f)->mode & FILE_PATH ? NULL : sock_of(*f);
	if (*s)
		return 0;
	file_put(*f);
	return (*f)->mode & FILE_PATH ? -EBADF : -ENOTSOCK;
}

/* A socket becomes a descriptor; on an error it is released. */
static long install(struct sock *s, uint32_t flags)
{
	struct file *f;
	long fd;
	err_t err = sock_file(s, flags & LX_SOCK_NONBLOCK ? LX_O_NONBLOCK : 0, &f);

	if (err)
		return err;
	fd = fd_install(f, 0, flags & LX_SOCK_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

static err_t type_check(int type)
{
	int base = type & LX_SOCK_TYPE_MASK;

	if (type & ~(LX_SOCK_TYPE_MASK | LX_SOCK_NONBLOCK | LX_SOCK_CLOEXEC))
		return -EINVAL;
	return base > 10 ? -EINVAL : 0;
}

enum { CAP_NET_BIND_SERVICE = 10, CAP_NET_ADMIN = 12, CAP_NET_RAW = 13, PORT_FREE = 1024 };

static bool is_inet(const struct sock *s)
{
	return s->ops->family == LX_AF_INET || s->ops->family == LX_AF_INET6;
}

/* capabilities(7): sockets that see or make packets of others. */
static bool may_have(const struct sock *s)
{
	return !is_inet(s) || s->type != LX_SOCK_RAW || process_capable(CAP_NET_RAW);
}

long sys_socket(struct thread *t, const struct sysargs *a)
{
	int type = (int)a->v[1];
	struct sock *s;
	err_t err = type_check(type);

	(void)t;
	if (!err && (int)a->v[0] == LX_AF_PACKET && !process_capable(CAP_NET_RAW))
		err = -EPERM;
	if (!err)
		err = sock_new((int)a->v[0], type & LX_SOCK_TYPE_MASK, (int)a->v[2], &s);
	if (!err && !may_have(s)) {
		s->ops->release(s);
		err = -EPERM;
	}
	return err ? err : install(s, (uint32_t)type);
}

static long pair_fds(struct sock *x, struct sock *y, uint32_t type, uaddr_t out)
{
	int32_t fds[2];
	long fd = install(x, type);

	if (fd < 0) {
		y->ops->release(y);
		return fd;
	}
	fds[0] = (int32_t)fd;
	fd = install(y, type);
	if (fd < 0)
		goto out_first;
	fds[1] = (int32_t)fd;
	if (user_write(out, fds, sizeof(fds)) == 0)
		return 0;
	fd = -EFAULT;
	(void)!fd_close(fds[1]);
out_first:
	(void)!fd_close(fds[0]);
	return fd;
}

long sys_socketpair(struct thread *t, const struct sysargs *a)
{
	int type = (int)a->v[1], base = type & LX_SOCK_TYPE_MASK;
	struct sock *x, *y;
	err_t err = type_check(type);

	(void)t;
	if (!err)
		err = sock_new((int)a->v[0], base, (int)a->v[2], &x);
	if (err)
		return err;
	err = sock_new((int)a->v[0], base, (int)a->v[2], &y);
	if (err)
		goto out_x;
	err = x->ops->socketpair ? x->ops->socketpair(x, y) : -EOPNOTSUPP;
	if (!err)
		return pair_fds(x, y, (uint32_t)type, a->v[3]);
	y->ops->release(y);
out_x:
	x->ops->release(x);
	return err;
}

/* --- addresses ------------------------------------------------------------------------------------------ */

err_t socket_addr_read(struct sock_addr *out, uaddr_t addr, int len)
{
	if (len < 0 || len > SOCK_ADDR_MAX)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->len = (uint32_t)len;
	return len ? user_read(out->bytes, addr, (size_t)len) : 0;
}

/* As much as fits; the whole length is what the program reads. */
err_t socket_addr_write(const struct sock_addr *a, uaddr_t addr, uaddr_t lenp)
{
	int32_t room;
	err_t err = user_read(&room, lenp, sizeof(room));

	if (err)
		return err;
	if (room < 0)
		return -EINVAL;
	err = user_write(addr, a->bytes, MIN((uint32_t)room, a->len));
	return err ? err : user_store32(lenp, a->len);
}

static long with_addr(const struct sysargs *a,
		      err_t (*op)(struct sock *, const struct sock_addr *, bool))
{
	struct sock_addr addr;
	struct file *f;
	struct sock *s;
	err_t err = socket_get((int)a->v[0], &f, &s);

	if (err)
		return err;
	err = socket_addr_read(&addr, a->v[1], (int)a->v[2]);
	if (!err)
		err = op(s, &addr, file_nonblock(f));
	file_put(f);
	return err;
}

/* A port below 1024, to who may not have one. In both families it is in the same place. */
static bool port_refused(const struct sock *s, const struct sock_addr *a)
{
	unsigned port = (unsigned)a->in.port[0] << 8 | a->in.port[1];

	return is_inet(s) && s->type != LX_SOCK_RAW && a->len >= sizeof(a->in) && port &&
	       port < PORT_FREE && !process_capable(CAP_NET_BIND_SERVICE);
}

static err_t do_bind(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	(void)nonblock;
	if (port_refused(s, a))
		return -EACCES;
	return s->ops->bind ? s->ops->bind(s, a) : -EOPNOTSUPP;
}

static err_t do_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	return s->ops->connect ? s->ops->connect(s, a, nonblock) : -EOPNOTSUPP;
}

long sys_bind(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return with_addr(a, do_bind);
}

long sys_connect(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return with_addr(a, do_connect);
}

static long get_name(const struct sysargs *a, bool peer)
{
	struct sock_addr addr;
	struct file *f;
	struct sock *s;
	err_t err = socket_get((int)a->v[0], &f, &s);

	if (err)
		return err;
	memset(&addr, 0, sizeof(addr));
	err = s->ops->getname(s, peer, &addr);
	if (!err)
		err = socket_addr_write(&addr, a->v[1], a->v[2]);
	file_put(f);
	return err;
}

long sys_getsockname(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return get_name(a, false);
}

long sys_getpeername(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return get_name(a, true);
}

/* --- listening ------------------------------------------------------------------------------------------- */

long sys_listen(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	struct sock *s;
	err_t err = socket_get((int)a->v[0], &f, &s);

	(void)t;
	if (err)
		return err;
	err = s->ops->listen ? s->ops->listen(s, (int)a->v[1]) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

static long accepted(struct sock *new, const struct sysargs *a, uint32_t flags)
{
	struct sock_addr addr = { .len = 0 };
	err_t err = 0;
	long fd;

	if (a->v[1]) {
		/* A peer that is gone already: ECONNABORTED, as Linux says it. */
		if (new->ops->getname(new, true, &addr) < 0)
			err = -ECONNABORTED;
		else
			err = socket_addr_write(&addr, a->v[1], a->v[2]);
	}
	if (err) {
		new->ops->release(new);
		return err;
	}
	fd = install(new, flags);
	return fd;
}

static long do_accept(const struct sysargs *a, uint32_t flags)
{
	struct sock *s, *new;
	struct file *f;
	long r;

	if (flags & ~(uint32_t)(LX_SOCK_CLOEXEC | LX_SOCK_NONBLOCK))
		return -EINVAL;
	r = socket_get((int)a->v[0], &f, &s);
	if (r)
		return r;
	r = s->ops->accept ? s->ops->accept(s, file_nonblock(f), &new) : -EOPNOTSUPP;
	if (!r)
		r = accepted(new, a, flags);
	file_put(f);
	return r;
}

long sys_accept4(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return do_accept(a, (uint32_t)a->v[3]);
}

long sys_accept(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return do_accept(a, 0);
}

long sys_shutdown(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	struct sock *s;
	err_t err = socket_get((int)a->v[0], &f, &s);

	(void)t;
	if (err)
		return err;
	err = a->v[1] > LX_SHUT_RDWR ? -EINVAL : s->ops->shutdown(s, (int)a->v[1]);
	file_put(f);
	return err;
}

/* --- options ----------------------------------------------------------------------------------------------- */

enum { OPT_MAX = 4096 };

/* Options that change what the host does with others' packets. */
static bool option_refused(int level, int name)
{
	if (level == LX_SOL_SOCKET)
		return (name == LX_SO_MARK || name == LX_SO_SNDBUFFORCE ||
			name == LX_SO_RCVBUFFORCE) &&
		       !process_capable(CAP_NET_ADMIN);
	return ((level == LX_IPPROTO_IP && name == LX_IP_TRANSPARENT) ||
		(level == LX_IPPROTO_IPV6 && name == LX_IPV6_TRANSPARENT)) &&
	       !process_capable(CAP_NET_ADMIN) && !process_capable(CAP_NET_RAW);
}

long sys_setsockopt(struct thread *t, const struct sysargs *a)
{
	int len = (int)a->v[4];
	struct file *f;
	struct sock *s;
	struct uio u;
	err_t err;

	(void)t;
	if (len < 0)
		return -EINVAL;
	err = socket_get((int)a->v[0], &f, &s);
	if (err)
		return err;
	uio_user(&u, a->v[3], (size_t)len);
	if (option_refused((int)a->v[1], (int)a->v[2]))
		err = -EPERM;
	else
		err = user_range_ok(a->v[3], (size_t)len)
			      ? sock_setopt(s, (int)a->v[1], (int)a->v[2], &u)
			      : -EFAULT;
	file_put(f);
	return err;
}

long sys_getsockopt(struct thread *t, const struct sysargs *a)
{
	uint8_t few[256], *val = few;
	struct file *f;
	struct sock *s;
	uint32_t len;
	int32_t room;
	err_t err = socket_get((int)a->v[0], &f, &s);

	(void)t;
	if (err)
		return err;
	err = user_read(&room, a->v[4], sizeof(room));
	if (!err && room < 0)
		err = -EINVAL;
	if (err)
		goto out_put;
	len = (uint32_t)MIN(room, (int32_t)OPT_MAX);
	memset(few, 0, sizeof(few));
	if (len > sizeof(few)) {
		val = kzalloc(len);
		err = val ? 0 : -ENOMEM;
	}
	if (!err)
		(void)!user_read(val, a->v[3], len); /* some options ask with a value */
	if (!err)
		err = sock_getopt(s, (int)a->v[1], (int)a->v[2], val, &len);
	if (!err)
		err = user_write(a->v[3], val, len);
	if (!err)
		err = user_store32(a->v[4], len);
	if (val != few)
		kfree(val);
out_put:
	file_put(f);
	return err;
}
