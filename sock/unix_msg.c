/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/unix_msg.c: AF_UNIX: sending and receiving.  User bytes are copied into a message of its own before any
 * lock is taken, and out of one that the reader has borrowed from the queue under the read mutex.
 */
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "sock/unix_int.h"

void unix_msg_free(struct unix_msg *m)
{
	for (unsigned i = 0; i < m->nfiles; i++)
		file_put(m->files[i]);
	kfree(m->files);
	if (m->from)
		unix_put(m->from);
	kfree(m);
}

static err_t msg_new(struct usock *u, struct sock_msg *m, size_t len, bool with_ctl,
		     struct unix_msg **out)
{
	struct unix_msg *um = kmalloc(sizeof(*um) + len);
	err_t err = 0;

	if (!um)
		return -ENOBUFS;
	memset(um, 0, sizeof(*um));
	um->len = len;
	um->cred = unix_cred_self();
	if (u->s.type == LX_SOCK_DGRAM) {
		um->from = u;
		unix_get(u);
	}
	if (len && uio_read(m->uio, um->data, len) != (long)len)
		err = -EFAULT;
	if (!err && with_ctl)
		err = unix_ctl_take(um, m);
	if (err)
		unix_msg_free(um);
	else
		*out = um;
	return err;
}

/* --- sending --------------------------------------------------------------------------------------- */

static bool is_stream(const struct usock *u)
{
	return u->s.type == LX_SOCK_STREAM;
}

static bool has_room(const struct usock *u, const struct usock *to, size_t len)
{
	if (u->s.type == LX_SOCK_DGRAM && to->nqueued >= UNIX_DGRAM_QUEUE)
		return false;
	return to->queued == 0 || to->queued + len <= u->sndbuf;
}

/* Wait until the message fits into to's queue, and put it there; on an error it stays the caller's. */
static err_t deliver(struct usock *u, struct usock *to, struct unix_msg *um, uint64_t deadline_ns)
{
	err_t err = 0;

	spin_lock(&to->lock);
	while (!to->dead && !to->shut_rd && !has_room(u, to, um->len) && !err)
		err = deadline_ns ? waitq_wait(&to->wr, deadline_ns) : -EAGAIN;
	if (to->dead)
		err = is_stream(u) || u->s.type == LX_SOCK_SEQPACKET ? -EPIPE : -ECONNREFUSED;
	else if (to->shut_rd)
		err = -EPIPE;
	else if (!err) {
		list_add_tail(&to->queue, &um->link);
		to->queued += um->len;
		to->nqueued++;
		waitq_wake(&to->rd, 1);
	}
	spin_unlock(&to->lock);
	if (err)
		return sock_wait_error(err, u->s.snd_timeout_ns);
	poll_notify(&to->s.source, POLL_IN | POLL_RDNORM);
	return 0;
}

static long send_stream(struct usock *u, struct usock *to, struct sock_msg *m, uint64_t deadline_ns)
{
	size_t chunk = MIN((size_t)UNIX_CHUNK, u->sndbuf / 2);
	long done = 0;

	while (m->uio->left) {
		size_t len = MIN(m->uio->left, chunk);
		struct unix_msg *um;
		err_t err = msg_new(u, m, len, done == 0, &um);

		if (!err) {
			err = deliver(u, to, um, deadline_ns);
			if (err)
				unix_msg_free(um);
		}
		if (err)
			return done ? done : err;
		done += (long)len;
	}
	return done;
}

static long send_one(struct usock *u, struct usock *to, struct sock_msg *m, uint64_t deadline_ns)
{
	size_t len = m->uio->left;
	struct unix_msg *um;
	err_t err;

	if (len > u->sndbuf)
		return -EMSGSIZE;
	err = msg_new(u, m, len, true, &um);
	if (err)
		return err;
	err = deliver(u, to, um, deadline_ns);
	if (err)
		unix_msg_free(um);
	return err ? err : (long)len;
}

/* Whom a datagram goes to; with a reference. */
static err_t dgram_target(struct usock *u, const struct sock_addr *a, struct usock **to)
{
	err_t err;

	if (!a || !a->len) {
		*to = unix_peer(u);
		return *to ? 0 : -ENOTCONN;
	}
	err = unix_find(a, to);
	if (err)
		return err;
	if ((*to)->s.type != LX_SOCK_DGRAM) {
		err = -EPROTOTYPE;
	} else {
		spin_lock(&unix_lock);
		err = unix_may_send(u, *to) ? 0 : -EPERM;
		spin_unlock(&unix_lock);
	}
	if (err)
		unix_put(*to);
	return err;
}

static err_t send_target(struct usock *u, const struct sock_msg *m, struct usock **to)
{
	if (u->s.type == LX_SOCK_DGRAM)
		return dgram_target(u, m->addr, to);
	if (m->addr && m->addr->len && is_stream(u))
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	*to = unix_peer(u);
	return *to ? 0 : -ENOTCONN;
}

long unix_send(struct sock *s, struct sock_msg *m)
{
	struct usock *u = usock_of(s), *to;
	uint64_t deadline = sock_snd_deadline(s, m->flags);
	long r;

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	if (s->passcred && !u->name.len) {
		r = unix_autobind(u);
		if (r)
			return r;
	}
	r = send_target(u, m, &to);
	if (r)
		return r;
	if (u->shut_wr)
		r = -EPIPE;
	else
		r = is_stream(u) ? send_stream(u, to, m, deadline) : send_one(u, to, m, deadline);
	/* A peer that is gone refuses once; then there is none. */
	if (r == -ECONNREFUSED && (!m->addr || !m->addr->len))
		(void)!unix_dgram_peer(u, NULL);
	unix_put(to);
	return r;
}

/* --- receiving --------------------------------------------------------------------------------------- */

/* `more`: something was read already, and a pending error is left for the next call. */
static err_t wait_first(struct usock *u, uint64_t deadline_ns, bool more)
{
	err_t err = 0;

	spin_lock(&u->lock);
	while (list_empty(&u->queue) && !u->shut_rd && !u->error && !err)
		err = deadline_ns ? waitq_wait(&u->rd, deadline_ns) : -EAGAIN;
	/* A stream's bytes come before its error, packets after it. */
	if ((list_empty(&u->queue) || !is_stream(u)) && u->error && !more) {
		err = -u->error;
		u->error = 0;
	}
	spin_unlock(&u->lock);
	return sock_wait_error(err, u->s.rcv_timeout_ns);
}

static struct unix_msg *pop(struct usock *u)
{
	struct unix_msg *um;

	spin_lock(&u->lock);
	um = list_first(&u->queue, struct unix_msg, link);
	if (um)
		list_del(&um->link);
	spin_unlock(&u->lock);
	return um;
}

/*
 * Borrow the first message, waiting for it; NULL in *out: the end.  The read mutex stays held until the message
 * is put back or consumed, so that another reader does not take what follows it first.
 */
static err_t borrow_first(struct usock *u, uint64_t deadline_ns, bool more,
			  struct unix_msg **out) no_lock_analysis
{
	for (;;) {
		err_t err = wait_first(u, deadline_ns, more);

		if (err)
			return err;
		mutex_lock(&u->rd_mtx);
		*out = pop(u);
		if (*out)
			return 0;
		mutex_unlock(&u->rd_mtx);
		if (u->shut_rd || (more && u->error))
			return 0;
	}
}

/* The rest of a borrowed message goes back to where it was. */
static void put_back(struct usock *u, struct unix_msg *um) no_lock_analysis
{
	spin_lock(&u->lock);
	list_add(&u->queue, &um->link);
	waitq_wake(&u->rd, 1);
	spin_unlock(&u->lock);
	mutex_unlock(&u->rd_mtx);
}

/* `n` bytes of a borrowed message are gone for good, and with its last the message. */
static void consumed(struct usock *u, struct unix_msg *um, size_t n) no_lock_analysis
{
	bool all = um->off == um->len;

	spin_lock(&u->lock);
	u->queued -= n;
	if (all)
		u->nqueued--;
	else
		list_add(&u->queue, &um->link);
	waitq_wake(&u->wr, UINT32_MAX);
	spin_unlock(&u->lock);
	mutex_unlock(&u->rd_mtx);
	if (!all)
		return;
	if (um->from)
		poll_notify(&um->from->s.source, POLL_OUT | POLL_WRNORM);
	unix_msg_free(um);
}

static void notify_room(struct usock *u)
{
	struct usock *p = u->s.type == LX_SOCK_DGRAM ? NULL : unix_peer(u);

	if (!p)
		return;
	poll_notify(&p->s.source, POLL_OUT | POLL_WRNORM);
	unix_put(p);
}

static void source_addr(const struct unix_msg *um, struct sock_msg *m)
{
	if (!m->addr)
		return;
	m->addr->len = 0;
	if (um->from) {
		spin_lock(&unix_lock);
		*m->addr = um->from->name;
		spin_unlock(&unix_lock);
	}
}

static long recv_packet(struct usock *u, struct sock_msg *m, uint64_t deadline_ns)
{
	bool peek = m->flags & LX_MSG_PEEK;
	struct unix_msg *um;
	size_t n;
	long r = borrow_first(u, deadline_ns, false, &um);

	if (r)
		return r;
	if (!um) /* shut: the end, but for who asked for a datagram without waiting */
		return u->s.type == LX_SOCK_DGRAM && !deadline_ns ? -EAGAIN : 0;
	n = MIN(um->len, m->uio->left);
	r = n ? uio_write(m->uio, um->data, n) : 0;
	if (r == (long)n) {
		source_addr(um, m);
		sock_ctl_time(&u->s, 0, m);
		unix_cred_give(u, um, m);
		unix_rights_give(um, m, peek);
		if (n < um->len)
			m->out_flags |= LX_MSG_TRUNC;
		if (u->s.type == LX_SOCK_SEQPACKET)
			m->out_flags |= LX_MSG_EOR;
		r = m->flags & LX_MSG_TRUNC ? (long)um->len : (long)n;
	} else {
		r = -EFAULT;
	}
	if (peek) {
		put_back(u, um);
	} else {
		um->off = um->len;
		consumed(u, um, um->len);
		notify_room(u);
	}
	return r;
}

static bool same_cred(const struct linux_ucred *a, const struct linux_ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* Part of one borrowed message, or all of it. */
static long recv_part(struct usock *u, struct unix_msg *um, struct sock_msg *m, bool peek)
{
	size_t n = MIN(um->len - um->off, m->uio->left);
	long r = uio_write(m->uio, um->data + um->off, n);

	if (r <= 0 || peek) {
		put_back(u, um);
		return r;
	}
	um->off += (size_t)r;
	consumed(u, um, (size_t)r);
	return r;
}

static long recv_stream(struct usock *u, struct sock_msg *m, uint64_t deadline_ns)
{
	bool peek = m->flags & LX_MSG_PEEK, all = m->flags & LX_MSG_WAITALL;
	struct linux_ucred cred = { 0 };
	struct unix_msg *um;
	long done = 0, r = 0;

	if (u->state != UNIX_CONNECTED && !u->peer && list_empty(&u->queue))
		return -EINVAL;
	if (!m->uio->left)
		return wait_first(u, deadline_ns, false);
	while (m->uio->left) {
		bool rights, partly;

		r = borrow_first(u, done && !all ? 0 : deadline_ns, done, &um);
		if (r || !um)
			break; /* a wait that ends short of WAITALL still returns what there is */
		/* Bytes from different senders are not glued together. */
		if (done && u->s.passcred && !same_cred(&cred, &um->cred)) {
			put_back(u, um);
			break;
		}
		cred = um->cred;
		rights = um->nfiles;
		partly = um->len - um->off > m->uio->left;
		if (!done)
			unix_cred_give(u, um, m);
		unix_rights_give(um, m, peek);
		r = recv_part(u, um, m, peek);
		if (r <= 0)
			break;
		done += r;
		if (rights || partly || peek)
			break;
	}
	if (done && !peek)
		notify_room(u);
	if (m->addr)
		m->addr->len = 0;
	return done ? done : r;
}

long unix_recv(struct sock *s, struct sock_msg *m)
{
	struct usock *u = usock_of(s);
	uint64_t deadline = sock_rcv_deadline(s, m->flags);

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	if (s->type == LX_SOCK_STREAM)
		return recv_stream(u, m, deadline);
	if (s->type == LX_SOCK_SEQPACKET && u->state != UNIX_CONNECTED)
		return -ENOTCONN;
	return recv_packet(u, m, deadline);
}

/* --- readiness ---------------------------------------------------------------------------------------- */

static bool writable(struct usock *u)
{
	struct usock *to = unix_peer(u);
	bool ok = true;

	if (to) {
		spin_lock(&to->lock);
		ok = to->dead || to->shut_rd || to->queued * 4 <= u->sndbuf;
		spin_unlock(&to->lock);
		unix_put(to);
	}
	return ok;
}

uint32_t unix_poll(struct sock *s)
{
	struct usock *u = usock_of(s);
	bool dgram = s->type == LX_SOCK_DGRAM;
	uint32_t mask = 0;

	if (u->state == UNIX_LISTENING)
		return list_empty(&u->backlog) ? 0 : POLL_IN | POLL_RDNORM;
	if (!list_empty(&u->queue) || u->shut_rd)
		mask |= POLL_IN | POLL_RDNORM;
	if (u->shut_rd)
		mask |= POLL_RDHUP;
	if ((u->shut_rd && u->shut_wr) || (!dgram && u->state == UNIX_FRESH))
		mask |= POLL_HUP;
	if (u->error)
		mask |= POLL_ERR;
	if ((dgram || u->state == UNIX_CONNECTED || u->state == UNIX_FRESH) && writable(u))
		mask |= POLL_OUT | POLL_WRNORM | POLL_WRBAND;
	return mask;
}
