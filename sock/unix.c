/* SPDX-License-Identifier: Apache-2.0 */
/* sock/unix.c: AF_UNIX: life, listening, connecting, pairs and options.  See unix_int.h. */
#include "sock/unix.h"

#include "abi/linux_ioctl.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/mem.h"
#include "sock/cred.h"
#include "sock/unix_int.h"

struct spinlock unix_lock = SPINLOCK_INIT(RANK_REGISTRY);
struct list unix_all = LIST_INIT(unix_all);
static const struct sock_ops unix_ops;

void unix_get(struct usock *u)
{
	u->refs++;
}

void unix_put(struct usock *u)
{
	if (--u->refs == 0)
		kfree(u);
}

struct linux_ucred unix_cred_self(void)
{
	struct linux_ucred c;

	sock_cred(&c);
	return c;
}

struct usock *unix_peer(struct usock *u)
{
	struct usock *p;

	spin_lock(&unix_lock);
	p = u->peer;
	if (p)
		unix_get(p);
	spin_unlock(&unix_lock);
	return p;
}

void unix_wake_all(struct usock *u, uint32_t mask)
{
	spin_lock(&u->lock);
	waitq_wake(&u->rd, UINT32_MAX);
	waitq_wake(&u->wr, UINT32_MAX);
	spin_unlock(&u->lock);
	poll_notify(&u->s.source, mask);
}

err_t unix_new(int type, int protocol, struct sock **out)
{
	struct usock *u;

	if (protocol && protocol != LX_AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == LX_SOCK_RAW)
		type = LX_SOCK_DGRAM; /* as Linux */
	if (type != LX_SOCK_STREAM && type != LX_SOCK_DGRAM && type != LX_SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	u = kzalloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	sock_init(&u->s, &unix_ops, type, protocol);
	u->refs = 1;
	spin_init(&u->lock, RANK_FILE);
	waitq_init(&u->rd, &u->lock);
	waitq_init(&u->wr, &u->lock);
	mutex_init(&u->rd_mtx);
	list_init(&u->queue);
	list_init(&u->backlog);
	list_init(&u->backlog_link);
	list_init(&u->bound);
	u->sndbuf = u->rcvbuf = UNIX_SNDBUF;
	u->peek_off = -1;
	spin_lock(&unix_lock);
	list_add_tail(&unix_all, &u->all);
	spin_unlock(&unix_lock);
	*out = &u->s;
	return 0;
}

static err_t unix_listen(struct sock *s, int backlog)
{
	struct usock *u = usock_of(s);
	err_t err = 0;

	if (s->type == LX_SOCK_DGRAM)
		return -EOPNOTSUPP;
	spin_lock(&unix_lock);
	if (!u->name.len || u->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		u->state = UNIX_LISTENING;
		u->cred = unix_cred_self();
		u->backlog_max = (unsigned)(backlog < 0 ? 4096 : MIN(backlog, 4096));
	}
	spin_unlock(&unix_lock);
	if (!err)
		unix_wake_all(u, POLL_OUT); /* a larger backlog lets connectors in */
	return err;
}

/* unix_lock held. Both ends hold each other. */
static void join(struct usock *a, struct usock *b)
{
	a->state = b->state = UNIX_CONNECTED;
	a->peer = b;
	b->peer = a;
	unix_get(a);
	unix_get(b);
}

/* Wait for room in the listener's backlog. Called and returns with its lock held. */
static err_t wait_backlog(struct usock *l, uint64_t deadline_ns)
{
	err_t err = 0;

	while (!l->dead && l->nbacklog > l->backlog_max && !err) {
		if (deadline_ns == 0)
			return -EAGAIN;
		err = waitq_wait(&l->wr, deadline_ns);
	}
	return l->dead ? -ECONNREFUSED : err;
}

/* The far end of a connection to listener l, in its backlog. */
static err_t enter_backlog(struct usock *u, struct usock *l, struct usock *far,
			   uint64_t deadline_ns)
{
	err_t err;

	spin_lock(&l->lock);
	err = wait_backlog(l, deadline_ns);
	spin_unlock(&l->lock);
	if (err)
		return sock_wait_error(err, u->s.snd_timeout_ns);
	spin_lock(&unix_lock);
	if (u->state != UNIX_FRESH) {
		err = u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	} else if (l->dead || l->state != UNIX_LISTENING) {
		err = -ECONNREFUSED;
	} else {
		far->name = l->name;
		far->cred = l->cred;
		far->peer_cred = u->cred = unix_cred_self();
		u->peer_cred = l->cred;
		join(u, far);
		spin_lock(&l->lock);
		list_add_tail(&l->backlog, &far->backlog_link);
		l->nbacklog++;
		waitq_wake(&l->rd, 1);
		spin_unlock(&l->lock);
	}
	spin_unlock(&unix_lock);
	return err;
}

static void unix_release(struct sock *s);
static void release(struct usock *u, bool reset);

static err_t connect_stream(struct usock *u, struct usock *l, bool nonblock)
{
	struct sock *far;
	err_t err;

	if (l->s.type != u->s.type)
		return -EPROTOTYPE;
	if (l->state != UNIX_LISTENING || l->shut_rd)
		return -ECONNREFUSED;
	err = unix_new(u->s.type, u->s.protocol, &far);
	if (err)
		return err;
	far->passcred = l->s.passcred;
	err = enter_backlog(u, l, usock_of(far),
			    sock_snd_deadline(&u->s, nonblock ? LX_MSG_DONTWAIT : 0));
	if (err)
		unix_release(far);
	else
		poll_notify(&l->s.source, POLL_IN | POLL_RDNORM);
	return err;
}

bool unix_may_send(const struct usock *u, const struct usock *to)
{
	return !to->peer || to->peer == u;
}

err_t unix_dgram_peer(struct usock *u, struct usock *to)
{
	struct usock *was;

	if (to && to->s.type != LX_SOCK_DGRAM)
		return -EPROTOTYPE;
	spin_lock(&unix_lock);
	if (to && !unix_may_send(u, to)) {
		spin_unlock(&unix_lock);
		return -EPERM;
	}
	was = u->peer;
	u->peer = to;
	u->state = to ? UNIX_CONNECTED : UNIX_FRESH;
	if (to)
		unix_get(to);
	spin_unlock(&unix_lock);
	if (was)
		unix_put(was);
	return 0;
}

static err_t unix_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	struct usock *u = usock_of(s), *to;
	bool dgram = s->type == LX_SOCK_DGRAM;
	err_t err;

	if (dgram && a->len >= 2 && a->family == LX_AF_UNSPEC)
		return unix_dgram_peer(u, NULL);
	if (s->passcred) {
		err = unix_autobind(u);
		if (err)
			return err;
	}
	err = unix_find(a, &to);
	if (err)
		return err;
	err = dgram ? unix_dgram_peer(u, to) : connect_stream(u, to, nonblock);
	unix_put(to);
	return err;
}

static err_t unix_accept(struct sock *s, bool nonblock, struct sock **out)
{
	struct usock *l = usock_of(s), *far = NULL;
	uint64_t deadline = sock_rcv_deadline(s, nonblock ? LX_MSG_DONTWAIT : 0);
	err_t err = 0;

	if (s->type == LX_SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (l->state != UNIX_LISTENING)
		return -EINVAL;
	spin_lock(&l->lock);
	while (list_empty(&l->backlog) && !l->shut_rd && !err)
		err = deadline ? waitq_wait(&l->rd, deadline) : -EAGAIN;
	far = list_first(&l->backlog, struct usock, backlog_link);
	if (far) {
		list_del(&far->backlog_link);
		l->nbacklog--;
		waitq_wake(&l->wr, 1);
		err = 0;
	} else if (l->shut_rd) {
		err = -EINVAL;
	}
	spin_unlock(&l->lock);
	if (err)
		return sock_wait_error(err, s->rcv_timeout_ns);
	*out = &far->s;
	return 0;
}

static err_t unix_pair(struct sock *a, struct sock *b)
{
	struct usock *x = usock_of(a), *y = usock_of(b);

	spin_lock(&unix_lock);
	x->cred = y->cred = x->peer_cred = y->peer_cred = unix_cred_self();
	join(x, y);
	spin_unlock(&unix_lock);
	return 0;
}

static void mark_shut(struct usock *u, bool rd, bool wr)
{
	spin_lock(&u->lock);
	u->shut_rd |= rd;
	u->shut_wr |= wr;
	waitq_wake(&u->rd, UINT32_MAX);
	waitq_wake(&u->wr, UINT32_MAX);
	spin_unlock(&u->lock);
	poll_notify(&u->s.source, POLL_IN | POLL_OUT | POLL_HUP | POLL_RDHUP);
}

static err_t unix_shutdown(struct sock *s, int how)
{
	struct usock *u = usock_of(s), *p = unix_peer(u);
	bool rd = how != LX_SHUT_WR, wr = how != LX_SHUT_RD;

	mark_shut(u, rd, wr);
	if (p && s->type != LX_SOCK_DGRAM)
		mark_shut(p, wr, rd);
	if (p)
		unix_put(p);
	return 0;
}

/* Connections that nobody accepted: their far ends see a reset. */
static void drop_backlog(struct usock *l)
{
	struct usock *far;

	for (;;) {
		spin_lock(&l->lock);
		far = list_first(&l->backlog, struct usock, backlog_link);
		if (far)
			list_del(&far->backlog_link);
		spin_unlock(&l->lock);
		if (!far)
			return;
		release(far, true);
	}
}

static bool drop_queue(struct usock *u)
{
	struct unix_msg *m;
	bool any = false;

	for (;;) {
		spin_lock(&u->lock);
		m = list_first(&u->queue, struct unix_msg, link);
		if (m)
			list_del(&m->link);
		spin_unlock(&u->lock);
		if (!m)
			return any;
		unix_msg_free(m);
		any = true;
	}
}

/* The peer sees the end; with unread data it sees a reset, as on Linux. */
static void tell_peer(struct usock *p, bool reset)
{
	spin_lock(&p->lock);
	p->shut_rd = p->shut_wr = true;
	if (reset)
		p->error = ECONNRESET;
	spin_unlock(&p->lock);
	unix_wake_all(p, POLL_IN | POLL_OUT | POLL_HUP | POLL_RDHUP | POLL_ERR);
}

static void release(struct usock *u, bool reset)
{
	struct usock *p;

	unix_unbind(u);
	spin_lock(&unix_lock);
	list_del(&u->all);
	p = u->peer;
	u->peer = NULL;
	spin_lock(&u->lock);
	u->dead = true;
	spin_unlock(&u->lock);
	spin_unlock(&unix_lock);
	drop_backlog(u);
	reset |= drop_queue(u);
	if (p && u->s.type != LX_SOCK_DGRAM)
		tell_peer(p, reset);
	if (p)
		unix_put(p);
	unix_wake_all(u, POLL_HUP); /* datagram senders that wait for room here */
	unix_put(u);
}

static void unix_release(struct sock *s)
{
	release(usock_of(s), false);
}

/* --- options ------------------------------------------------------------------------------------------- */

/* Options that mean nothing between local sockets: Linux takes note of them, and so is done here. */
static const uint8_t noted[] = { LX_SO_REUSEADDR, LX_SO_BROADCAST, LX_SO_KEEPALIVE,
				 LX_SO_OOBINLINE };

static unsigned noted_bit(int name)
{
	for (unsigned k = 0; k < ARRAY_LEN(noted); k++)
		if (noted[k] == name)
			return 1u << k;
	return 0;
}

static err_t unix_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct usock *u = usock_of(s);
	bool snd = name == LX_SO_SNDBUF || name == LX_SO_SNDBUFFORCE;
	unsigned bit = noted_bit(name);
	err_t err;
	int v;

	if (level != LX_SOL_SOCKET)
		return -EOPNOTSUPP;
	if (!snd && name != LX_SO_RCVBUF && name != LX_SO_RCVBUFFORCE && !bit)
		return -ENOPROTOOPT;
	err = sock_opt_int(val, &v);
	if (err)
		return err;
	if (bit)
		u->noted = (uint8_t)(v ? u->noted | bit : u->noted & ~bit);
	else
		*(snd ? &u->sndbuf : &u->rcvbuf) = sock_buffer_size(v, snd);
	return 0;
}

static int take_error(struct usock *u)
{
	int e;

	spin_lock(&u->lock);
	e = u->error;
	u->error = 0;
	spin_unlock(&u->lock);
	return e;
}

static err_t unix_getopt(struct sock *s, int level, int name, void *val, uint32_t *len)
{
	struct usock *u = usock_of(s);
	struct linux_ucred none = { 0, UINT32_MAX, UINT32_MAX };
	int v;

	if (level != LX_SOL_SOCKET)
		return -EOPNOTSUPP;
	switch (name) {
	case LX_SO_PEERCRED:
		if (u->state == UNIX_CONNECTED)
			none = u->peer_cred;
		sock_opt_put(val, len, &none, sizeof(none));
		return 0;
	case LX_SO_ERROR:
		v = take_error(u);
		break;
	case LX_SO_ACCEPTCONN:
		v = u->state == UNIX_LISTENING;
		break;
	case LX_SO_SNDBUF:
		v = (int)u->sndbuf;
		break;
	case LX_SO_RCVBUF:
		v = (int)u->rcvbuf;
		break;
	default:
		if (!noted_bit(name))
			return -ENOPROTOOPT;
		v = (u->noted & noted_bit(name)) != 0;
	}
	sock_opt_put(val, len, &v, sizeof(v));
	return 0;
}

static long unix_ioctl(struct sock *s, unsigned cmd, uint64_t arg)
{
	struct usock *u = usock_of(s);
	struct unix_msg *m;
	int n;

	if (cmd != LX_FIONREAD)
		return -ENOTTY;
	spin_lock(&u->lock);
	m = list_first(&u->queue, struct unix_msg, link);
	n = s->type == LX_SOCK_DGRAM ? (m ? (int)m->len : 0) : (int)u->queued;
	spin_unlock(&u->lock);
	return user_write(arg, &n, sizeof(n));
}

static const struct sock_ops unix_ops = {
	.family = LX_AF_UNIX,
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.getname = unix_getname,
	.sendmsg = unix_send,
	.recvmsg = unix_recv,
	.shutdown = unix_shutdown,
	.setopt = unix_setopt,
	.getopt = unix_getopt,
	.ioctl = unix_ioctl,
	.poll = unix_poll,
	.socketpair = unix_pair,
	.release = unix_release,
};

void unix_for_each(void (*line)(const struct unix_row *r, void *arg), void *arg)
{
	struct usock *u;

	spin_lock(&unix_lock);
	list_for_each_entry (u, &unix_all, all) {
		bool abstract = u->name.len > 2 && !u->name.un.path[0];
		struct unix_row r = { .ino = u->s.ino,
				      .refs = u->refs,
				      .type = (unsigned)u->s.type };
		char path[LX_UNIX_PATH_MAX + 2] = "";

		r.flags = u->state == UNIX_LISTENING ? 0x10000 : 0;
		r.state = u->state == UNIX_CONNECTED ? 3 : 1;
		if (u->name.len > 2)
			memcpy(path, u->name.un.path,
			       MIN(u->name.len - 2, (uint32_t)LX_UNIX_PATH_MAX));
		for (uint32_t i = 0; abstract && i < u->name.len - 2; i++)
			path[i] = path[i] ? path[i] : '@';
		r.path = path;
		line(&r, arg);
	}
	spin_unlock(&unix_lock);
}

void unix_init(void)
{
	static struct sock_family family = { .family = LX_AF_UNIX, .new = unix_new };

	sock_family_add(&family);
}
