/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/inet_listen.c: listening sockets.  A connection begins in the shard where its SYN arrives, so a listening
 * socket has a listener in each: nobody hands SYNs about, and each shard keeps what it has completed until
 * accept(2) comes for it, to the caller's own shard first.
 *
 * The listeners are told of by events under their shards' locks; who waits in accept(2) sleeps on the set's
 * own lock, which comes after those.
 *
 *   [I] set once   [p] the lock of the part's shard   [l] set->lock   [m] set->change   [a] atomic
 */
#include "kern/cpu.h"
#include "kern/mutex.h"
#include "kern/slab.h"
#include "sock/inet_int.h"

struct listen_part {
	struct shard_owner owner;
	struct inet_listen *set; /* [I] */
	struct tcp_listener *l;	 /* [p] NULL: none now */
	_Atomic unsigned
		pending; /* [a] to be accepted; written under [p], looked at without: a hint */
};

struct inet_listen {
	struct isock *sock;	   /* [I] */
	struct mutex change;	   /* listen(2), shutdown(2) and options, one after the other */
	struct spinlock lock;	   /* rank RANK_WAITQ */
	struct waitq wq;	   /* [l] who waits in accept(2) */
	unsigned news;		   /* [l] events so far */
	bool open;		   /* [l] */
	struct listen_part part[]; /* [I] by shard */
};

/* --- events ------------------------------------------------------------------------------------------------ */

static unsigned pending(const struct listen_part *p)
{
	/* relaxed: a hint; what made it more is told again by news or by the poll source */
	return atomic_load_explicit(&p->pending, memory_order_relaxed);
}

/* [p] */
static unsigned count(struct listen_part *p)
{
	unsigned n = p->l ? tcp_listener_pending(p->l) : 0;

	atomic_store_explicit(&p->pending, n, memory_order_relaxed); /* relaxed: see pending() */
	return n;
}

static void wake(struct inet_listen *ls, unsigned n)
{
	bool on = spin_lock_irq(&ls->lock);

	ls->news++;
	waitq_wake(&ls->wq, n);
	spin_unlock_irq(&ls->lock, on);
}

/* Under the lock of the part's shard. */
static void event(struct shard_owner *o, unsigned events)
{
	struct listen_part *p = container_of(o, struct listen_part, owner);

	count(p);
	wake(p->set, 1);
	poll_notify(&p->set->sock->s.source, inet_poll_mask(events));
}

/* --- beginning ------------------------------------------------------------------------------------------------ */

static struct inet_listen *set_new(struct isock *i)
{
	unsigned n = shard_count();
	struct inet_listen *ls = kzalloc(sizeof(*ls) + n * sizeof(ls->part[0]));

	if (!ls)
		return NULL;
	ls->sock = i;
	mutex_init(&ls->change);
	spin_init(&ls->lock, RANK_WAITQ);
	waitq_init(&ls->wq, &ls->lock);
	for (unsigned k = 0; k < n; k++) {
		ls->part[k].owner.event = event;
		ls->part[k].set = ls;
	}
	return ls;
}

/* The socket's set, made at the first listen(2). NULL: no memory. */
static struct inet_listen *set_of(struct isock *i)
{
	struct inet_listen *fresh = i->ls ? NULL : set_new(i), *ls;
	bool on = inet_look(i);

	if (!i->ls) {
		i->ls = fresh;
		fresh = NULL;
	}
	ls = i->ls;
	inet_looked(i, on);
	kfree(fresh);
	return ls;
}

static unsigned flags_of(const struct isock *i)
{
	return (i->v6only ? TCP_L_V6ONLY : 0u) | (i->reuseport ? TCP_L_REUSEPORT : 0u) |
	       (i->v6 ? TCP_L_BIND_V6 : 0u);
}

/* In the shard where the socket lives: its connection, never used, becomes the listener. */
static err_t begin_home(struct isock *i, unsigned backlog)
{
	struct listen_part *home = &i->ls->part[i->shard->index];
	struct tcp_conn *like = i->tcp;
	err_t err;

	if (tcp_conn_state(like) != TCP_CLOSED)
		return -EINVAL;
	err = inet_autobind(i);
	if (!err)
		err = inet_port_listen(i);
	if (!err)
		err = tcp_listen(like, i->bound, i->lport, flags_of(i), backlog, &home->owner,
				 &home->l);
	if (err)
		return err;
	tcp_close(like, i->shard->now);
	i->listener = home->l;
	i->kind = INET_LISTEN;
	return 0;
}

static err_t begin_other(struct isock *i, struct shard *s, unsigned backlog)
{
	struct listen_part *p = &i->ls->part[s->index];
	struct tcp_conn *like;
	bool on = shard_lock(s);
	err_t err = tcp_new(s->st, NULL, &like);

	if (!err) {
		err = tcp_listen(like, i->bound, i->lport, flags_of(i), backlog, &p->owner, &p->l);
		tcp_close(like, s->now);
	}
	shard_unlock(s, on);
	return err;
}

static void close_part(struct listen_part *p, struct shard *s)
{
	bool on = shard_lock(s);

	if (p->l)
		tcp_listener_close(p->l, s->now);
	p->l = NULL;
	count(p);
	shard_unlock(s, on);
}

static void close_others(struct isock *i)
{
	for (unsigned k = 0; k < shard_count(); k++)
		if (k != i->shard->index)
			close_part(&i->ls->part[k], shard_at(k));
}

/* A connection never used takes the listener's place. */
static err_t end_home(struct isock *i)
{
	struct listen_part *home = &i->ls->part[i->shard->index];
	struct tcp_conn *c;
	err_t err = tcp_new(i->shard->st, &i->owner, &c);

	if (err)
		return err;
	tcp_listener_close(home->l, i->shard->now);
	home->l = NULL;
	count(home);
	i->tcp = c;
	i->kind = INET_TCP;
	return 0;
}

static void set_open(struct inet_listen *ls, bool open)
{
	bool on = spin_lock_irq(&ls->lock);

	ls->open = open;
	spin_unlock_irq(&ls->lock, on);
}

static err_t begin(struct isock *i, unsigned backlog)
{
	bool on = inet_lock(i);
	err_t err = begin_home(i, backlog);

	inet_unlock(i, on);
	for (unsigned k = 0; !err && k < shard_count(); k++)
		if (k != i->shard->index)
			err = begin_other(i, shard_at(k), backlog);
	if (!err) {
		set_open(i->ls, true);
		return 0;
	}
	on = inet_lock(i);
	if (i->kind == INET_LISTEN)
		(void)!end_home(
			i); /* without memory for it: it listens in one shard, and is told so */
	inet_unlock(i, on);
	close_others(i);
	return err;
}

static void set_backlog(struct isock *i, unsigned backlog)
{
	for (unsigned k = 0; k < shard_count(); k++) {
		struct shard *s = shard_at(k);
		bool on = shard_lock(s);

		if (i->ls->part[k].l)
			tcp_listener_set_backlog(i->ls->part[k].l, backlog);
		shard_unlock(s, on);
	}
}

/* [m] */
static void spread_options(struct isock *i)
{
	uint32_t v[TCP_OPT_COUNT];
	bool on = inet_look(i);

	for (unsigned o = 0; o < TCP_OPT_COUNT; o++)
		v[o] = i->kind == INET_LISTEN ? tcp_listener_opt_get(i->listener, (enum tcp_opt)o)
					      : 0;
	inet_looked(i, on);
	for (unsigned k = 0; k < shard_count(); k++) {
		struct tcp_listener *l;
		struct shard *s = shard_at(k);

		if (k == i->shard->index)
			continue;
		on = shard_lock(s);
		l = i->ls->part[k].l;
		for (unsigned o = 0; l && o < TCP_OPT_COUNT; o++)
			if (tcp_listener_opt_get(l, (enum tcp_opt)o) != v[o])
				(void)!tcp_listener_opt_set(l, (enum tcp_opt)o,
							    v[o]); /* was checked */
		shard_unlock(s, on);
	}
}

err_t inet_listen(struct isock *i, unsigned backlog)
{
	struct inet_listen *ls = set_of(i);
	err_t err = 0;

	if (!ls)
		return -ENOBUFS;
	mutex_lock(&ls->change);
	if (i->kind == INET_LISTEN)
		set_backlog(i, backlog);
	else
		err = begin(i, backlog);
	if (!err)
		spread_options(i);
	mutex_unlock(&ls->change);
	return err;
}

void inet_listen_options(struct isock *i)
{
	if (shard_count() == 1)
		return;
	mutex_lock(&i->ls->change);
	spread_options(i);
	mutex_unlock(&i->ls->change);
}

/* --- accepting -------------------------------------------------------------------------------------------------- */

/* Shard s locked: the connection's, where `new` lives from now on. */
static void settle(struct isock *new, struct shard *s)
{
	struct tcp_conn_addr a;

	tcp_conn_addr(new->tcp, &a);
	new->bound = a.local;
	new->lport = a.lport;
	new->shard = s;
	new->wq.lock = &s->lock;
}

static bool take(struct listen_part *p, struct shard *s, struct isock *new)
{
	bool on = shard_lock(s), more;

	new->tcp = p->l ? tcp_accept(p->l, &new->owner) : NULL;
	more = count(p);
	if (new->tcp)
		settle(new, s);
	shard_unlock(s, on);
	if (new->tcp && more)
		wake(p->set, 1); /* an event wakes one, and may have been for several */
	return new->tcp;
}

static bool take_any(struct inet_listen *ls, struct isock *new)
{
	unsigned n = shard_count(), first = shard_here()->index;

	for (unsigned k = 0; k < n; k++) {
		unsigned at = first + k < n ? first + k : first + k - n;

		if (pending(&ls->part[at]) && take(&ls->part[at], shard_at(at), new))
			return true;
	}
	return false;
}

err_t inet_accept(struct isock *i, uint64_t deadline_ns, struct isock *new)
{
	struct inet_listen *ls = i->ls;
	err_t err = 0;

	if (!ls)
		return -EINVAL;
	for (;;) {
		bool on = spin_lock_irq(&ls->lock), open = ls->open;
		unsigned news = ls->news;

		spin_unlock_irq(&ls->lock, on);
		if (!open)
			return -EINVAL; /* not yet, or shut down meanwhile */
		if (take_any(ls, new))
			return 0;
		if (err || !deadline_ns)
			return sock_wait_error(err ? err : -EAGAIN, i->s.rcv_timeout_ns);
		on = spin_lock_irq(&ls->lock);
		if (ls->news == news && ls->open)
			err = waitq_wait(&ls->wq, deadline_ns);
		spin_unlock_irq(&ls->lock, on);
	}
}

unsigned inet_listen_pending(const struct isock *i)
{
	unsigned n = 0;

	for (unsigned k = 0; k < shard_count(); k++)
		n += pending(&i->ls->part[k]);
	return n;
}

/* --- ending ------------------------------------------------------------------------------------------------------ */

err_t inet_unlisten(struct isock *i)
{
	struct inet_listen *ls = i->ls;
	bool on;
	err_t err;

	mutex_lock(&ls->change);
	on = inet_lock(i);
	err = i->kind == INET_LISTEN ? end_home(i) : -ENOTCONN;
	inet_unlock(i, on);
	if (!err) {
		close_others(i);
		set_open(ls, false);
		wake(ls, UINT32_MAX);
	}
	mutex_unlock(&ls->change);
	return err;
}

void inet_listen_free(struct isock *i)
{
	if (!i->ls)
		return;
	for (unsigned k = 0; k < shard_count(); k++)
		close_part(&i->ls->part[k], shard_at(k));
	kfree(i->ls);
}

/* --- /proc ------------------------------------------------------------------------------------------------------- */

const struct isock *inet_row_sock(const struct tcp_row *r, const struct shard *s, bool *first)
{
	const struct shard_owner *o = r->owner;

	*first = true;
	if (!o)
		return NULL;
	if (o->event != event)
		return container_of(o, struct isock, owner);
	*first = s == shard_primary();
	return container_of(o, struct listen_part, owner)->set->sock;
}
