/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_conn.c: connections as objects: making and freeing, the table by 4-tuple, one wheel timer for
 * all of a connection's deadlines, and the end of a connection.
 */
#include "net/tcp_int.h"

enum {
	HASH_MIN = 256,
	RCVBUF_DEFAULT = 128 * 1024,
	SNDBUF_DEFAULT = 128 * 1024,
	RTO_INITIAL_US = 1000 * 1000, /* RFC 6298 2.1 */
};

static void defaults_init(struct tcp_opts *o)
{
	o->v[TCP_OPT_QUICKACK] = 1;
	o->v[TCP_OPT_KEEPIDLE] = 7200;
	o->v[TCP_OPT_KEEPINTVL] = 75;
	o->v[TCP_OPT_KEEPCNT] = 9;
	o->v[TCP_OPT_SYNCNT] = 6;
	o->v[TCP_OPT_LINGER2] = 60;
	o->v[TCP_OPT_NOTSENT_LOWAT] = UINT32_MAX;
	o->v[TCP_OPT_SNDBUF] = SNDBUF_DEFAULT;
	o->v[TCP_OPT_RCVBUF] = RCVBUF_DEFAULT;
	o->v[TCP_OPT_RCVLOWAT] = 1;
	o->v[TCP_OPT_PMTUDISC] = 1;
	o->v[TCP_OPT_MAX_PACING] = UINT32_MAX;
}

err_t tcp_table_init(struct net_stack *st)
{
	struct tcp_table *t = st->mem.alloc(st->mem.ctx, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->hash = st->mem.alloc(st->mem.ctx, HASH_MIN * sizeof(t->hash[0]));
	t->tw_hash = st->mem.alloc(st->mem.ctx, HASH_MIN * sizeof(t->tw_hash[0]));
	if (!t->hash || !t->tw_hash) {
		if (t->hash)
			st->mem.free(st->mem.ctx, t->hash, HASH_MIN * sizeof(t->hash[0]));
		st->mem.free(st->mem.ctx, t, sizeof(*t));
		return -ENOMEM;
	}
	t->mask = t->tw_mask = HASH_MIN - 1;
	for (unsigned i = 0; i < TCP_LISTEN_BUCKETS; i++)
		list_init(&t->listeners[i]);
	list_init(&t->loose);
	list_init(&t->dead);
	objcache_init(&t->conns, &st->mem.pages, sizeof(struct tcp_conn));
	objcache_init(&t->recs, &st->mem.pages, sizeof(struct tcp_rec));
	objcache_init(&t->tws, &st->mem.pages, sizeof(struct tcp_tw));
	objcache_init(&t->lists, &st->mem.pages, sizeof(struct tcp_listener));
	objcache_init(&t->opts, &st->mem.pages, sizeof(struct tcp_opts));
	t->key_cookie = (struct siphash_key){ net_random64(st), net_random64(st) };
	t->port_offset = net_random(st);
	defaults_init(&t->defaults);
	st->tcp = t;
	return 0;
}

void tcp_table_fini(struct net_stack *st)
{
	struct tcp_table *t = st->tcp;

	for (unsigned i = 0; i < TCP_LISTEN_BUCKETS; i++)
		while (!list_empty(&t->listeners[i]))
			tcp_listener_close(list_first(&t->listeners[i], struct tcp_listener, link),
					   st->now);
	tcp_reap(st);
	for (uint32_t i = 0; i <= t->mask; i++)
		while (t->hash[i])
			tcp_conn_free(t->hash[i]);
	while (!list_empty(&t->loose))
		tcp_conn_free(list_first(&t->loose, struct tcp_conn, accept_link));
	for (uint32_t i = 0; i <= t->tw_mask; i++)
		while (t->tw_hash[i])
			tcp_tw_free(t->tw_hash[i]);
	objcache_fini(&t->conns);
	objcache_fini(&t->recs);
	objcache_fini(&t->tws);
	objcache_fini(&t->lists);
	objcache_fini(&t->opts);
	st->mem.free(st->mem.ctx, t->hash, (t->mask + 1ULL) * sizeof(t->hash[0]));
	st->mem.free(st->mem.ctx, t->tw_hash, (t->tw_mask + 1ULL) * sizeof(t->tw_hash[0]));
	st->mem.free(st->mem.ctx, t, sizeof(*t));
	st->tcp = NULL;
}

_Static_assert(sizeof(struct tcp_conn) <= (OBJ_PAGE - OBJ_PAGE_HEAD) / 4 / 16 * 16,
	       "four connections a page");

struct tcp_conn *tcp_conn_alloc(struct net_stack *st, void *owner)
{
	struct tcp_conn *c = objcache_alloc(&st->tcp->conns);

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	net_ep_init(&c->ep, st, NET_TCP, owner);
	c->st = st;
	c->state = TCP_CLOSED;
	c->opt = &st->tcp->defaults;
	c->sndbuf = SNDBUF_DEFAULT;
	c->rcvbuf = RCVBUF_DEFAULT;
	c->rto_us = RTO_INITIAL_US;
	c->cc = &tcp_cc_cubic;
	c->ssthresh = UINT32_MAX;
	c->mss = 536;
	c->rcv_mss = 536;
	c->reo_mult = 1;
	list_init(&c->recs);
	list_init(&c->trecs);
	pkt_list_init(&c->rq);
	pkt_list_init(&c->ofo);
	for (unsigned i = 0; i < TM_COUNT; i++)
		c->tm[i] = UINT64_MAX;
	c->timer_at = UINT64_MAX;
	wheel_timer_init(&c->timer, tcp_timer_fire);
	list_init(&c->accept_link);
	list_add(&st->tcp->loose, &c->accept_link);
	return c;
}

static void queues_free(struct tcp_conn *c)
{
	while (!list_empty(&c->recs))
		tcp_rec_free(c, list_first(&c->recs, struct tcp_rec, link));
	c->sacked = c->lost = c->retrans = 0;
	tcp_sndq_free(c);
}

void tcp_conn_free(struct tcp_conn *c)
{
	struct net_stack *st = c->st;

	tcp_conn_unhash(c);
	wheel_timer_cancel(&st->wheel, &c->timer);
	list_del(&c->accept_link);
	net_ep_fini(&c->ep);
	queues_free(c);
	tcp_rcv_free(c);
	if (c->opt_own)
		objcache_free(&st->tcp->opts, c->opt);
	if (c->orphan)
		st->tcp->orphans--;
	objcache_free(&st->tcp->conns, c);
}

struct tcp_opts *tcp_opts_own(struct tcp_conn *c)
{
	struct tcp_opts *o;

	if (c->opt_own)
		return c->opt;
	o = objcache_alloc(&c->st->tcp->opts);
	if (!o)
		return NULL;
	*o = *c->opt;
	c->opt = o;
	c->opt_own = true;
	return o;
}

/* --- the table ------------------------------------------------------------------------------------ */

static void chain_add(struct tcp_table *t, struct tcp_conn *c)
{
	struct tcp_conn **head = &t->hash[c->hash & t->mask];

	c->hash_next = *head;
	c->hash_prev = head;
	if (*head)
		(*head)->hash_prev = &c->hash_next;
	*head = c;
}

/* Twice the size; if there is no memory the chains just grow longer. */
static void table_grow(struct net_stack *st, struct tcp_table *t)
{
	uint32_t old_mask = t->mask, new_mask = t->mask * 2 + 1;
	struct tcp_conn **old = t->hash;
	struct tcp_conn **hash = st->mem.alloc(st->mem.ctx, (new_mask + 1ULL) * sizeof(hash[0]));

	if (!hash)
		return;
	t->hash = hash;
	t->mask = new_mask;
	for (uint32_t i = 0; i <= old_mask; i++)
		while (old[i]) {
			struct tcp_conn *c = old[i];

			old[i] = c->hash_next;
			chain_add(t, c);
		}
	st->mem.free(st->mem.ctx, old, (old_mask + 1ULL) * sizeof(old[0]));
}

void tcp_conn_hash(struct tcp_conn *c)
{
	struct tcp_table *t = c->st->tcp;

	if (t->count > t->mask)
		table_grow(c->st, t);
	c->hash = net_hash(c->st, c->addr.local, c->addr.remote, c->addr.lport, c->addr.rport);
	chain_add(t, c);
	t->count++;
	c->hashed = true;
	list_del(&c->accept_link);
}

void tcp_conn_unhash(struct tcp_conn *c)
{
	if (!c->hashed)
		return;
	*c->hash_prev = c->hash_next;
	if (c->hash_next)
		c->hash_next->hash_prev = c->hash_prev;
	c->hashed = false;
	c->st->tcp->count--;
	if (list_empty(&c->accept_link))
		list_add(&c->st->tcp->loose, &c->accept_link);
}

bool tcp_conn_taken(struct net_stack *st, const struct tcp_conn_addr *a)
{
	const struct tcp_table *t = st->tcp;
	uint32_t hash = net_hash(st, a->local, a->remote, a->lport, a->rport);
	struct tcp_conn *c;

	for (c = t->hash[hash & t->mask]; c; c = c->hash_next)
		if (c->hash == hash && c->addr.rport == a->rport && c->addr.lport == a->lport &&
		    ip_eq(c->addr.remote, a->remote) && ip_eq(c->addr.local, a->local))
			return true;
	return false;
}

/* --- timers --------------------------------------------------------------------------------------- */

void tcp_tm_set(struct tcp_conn *c, enum tcp_timer t, uint64_t at_ns)
{
	c->tm[t] = at_ns;
	/* A wheel timer that fires too early costs less than moving it with every ACK. */
	if (at_ns < c->timer_at) {
		c->timer_at = at_ns;
		wheel_timer_set(&c->st->wheel, &c->timer, at_ns);
	}
}

void tcp_reap(struct net_stack *st)
{
	struct list *dead = &st->tcp->dead;

	while (unlikely(!list_empty(dead)))
		tcp_conn_free(list_first(dead, struct tcp_conn, accept_link));
}

/* --- the end -------------------------------------------------------------------------------------- */

void tcp_conn_done(struct tcp_conn *c, int err)
{
	struct net_stack *st = c->st;
	bool connecting = c->state == TCP_SYN_SENT;

	if (c->state == TCP_CLOSED && !c->hashed)
		return;
	if (tcp_established(c))
		MIB_ADD(st, Tcp_CurrEstab, -1);
	if (c->listener)
		tcp_syn_failed(c);
	c->state = TCP_CLOSED;
	for (unsigned i = 0; i < TM_COUNT; i++)
		c->tm[i] = UINT64_MAX;
	tcp_conn_unhash(c);
	queues_free(c);
	if (!c->ep.owner) {
		list_del(&c->accept_link);
		list_add(&st->tcp->dead, &c->accept_link);
		return;
	}
	if (err)
		c->ep.err = err;
	net_ep_raise(&c->ep, NET_IN | NET_OUT | NET_HUP | NET_RDHUP | (err ? NET_ERR : 0) |
				     (connecting ? NET_CONN : 0));
}
