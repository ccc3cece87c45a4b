/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/inet_move.c: a socket moves to the shard where its flow or its port belongs, as long as it is no end of anything:
 * its endpoint is made anew there, with the same options.  The locks of two shards are never held together, so in
 * between the socket may have become something by another thread's doing; then it stays.
 */
#include "net/udp.h"
#include "sock/inet_int.h"
#include "sock/steer.h"

enum {
	GROUPS_MAX = 20
}; /* memberships that a socket may have before it is bound: Linux's igmp_max_memberships */

struct group {
	struct ip_addr group, source;
	uint32_t ifindex;
};

struct baggage {
	uint32_t opt[TCP_OPT_COUNT]; /* or UDP's, which are fewer */
	struct group group[GROUPS_MAX];
	unsigned ngroups;
};

_Static_assert((int)UDP_OPT_COUNT <= (int)TCP_OPT_COUNT, "all options fit");

static bool movable(const struct isock *i)
{
	if (i->kind == INET_TCP)
		return tcp_conn_state(i->tcp) == TCP_CLOSED && !i->connecting;
	return i->kind == INET_UDP && !i->port;
}

/* --- TCP --------------------------------------------------------------------------------------------------- */

static void pack_tcp(const struct isock *i, struct baggage *b)
{
	for (unsigned o = 0; o < TCP_OPT_COUNT; o++)
		b->opt[o] = tcp_opt_get(i->tcp, (enum tcp_opt)o);
}

/* What is as it is by itself is left alone: setting a buffer size fixes it. */
static err_t new_tcp(struct isock *i, struct shard *s, const struct baggage *b, struct net_ep **out)
{
	struct tcp_conn *c;
	err_t err = tcp_new(s->st, &i->owner, &c);

	if (err)
		return err;
	for (unsigned o = 0; o < TCP_OPT_COUNT && !err; o++)
		if (tcp_opt_get(c, (enum tcp_opt)o) != b->opt[o])
			err = tcp_opt_set(c, (enum tcp_opt)o, b->opt[o], s->now);
	if (err)
		tcp_close(c, s->now);
	else
		*out = tcp_ep(c);
	return err;
}

/* --- UDP --------------------------------------------------------------------------------------------------- */

static err_t pack_udp(const struct isock *i, struct baggage *b)
{
	struct group *g = b->group;

	for (unsigned o = 0; o < UDP_OPT_COUNT; o++)
		b->opt[o] = udp_opt_get(i->udp, (enum udp_opt)o);
	while (udp_group_at(i->udp, b->ngroups, &g->ifindex, &g->group, &g->source)) {
		if (++b->ngroups == GROUPS_MAX)
			return -ENOBUFS;
		g++;
	}
	return 0;
}

static err_t new_udp(struct isock *i, struct shard *s, const struct baggage *b, struct net_ep **out)
{
	struct udp_ep *u;
	err_t err = udp_new(s->st, &i->owner, &u);

	if (err)
		return err;
	for (unsigned o = 0; o < UDP_OPT_COUNT && !err; o++)
		err = udp_opt_set(u, (enum udp_opt)o, b->opt[o]);
	for (unsigned k = 0; k < b->ngroups && !err; k++) {
		struct net_if *ifc = shard_if(s, b->group[k].ifindex);

		err = ifc ? udp_join(u, ifc, b->group[k].group, b->group[k].source, s->now)
			  : -ENODEV;
	}
	if (err)
		udp_close(u);
	else
		*out = udp_net_ep(u);
	return err;
}

/* --- either -------------------------------------------------------------------------------------------------- */

static err_t make(struct isock *i, bool tcp, struct shard *to, const struct baggage *b,
		  struct net_ep **out)
{
	bool on = shard_lock(to);
	err_t err = tcp ? new_tcp(i, to, b, out) : new_udp(i, to, b, out);

	shard_unlock(to, on);
	return err;
}

static void unmake(struct net_ep *ep, bool tcp, struct shard *s)
{
	if (tcp)
		tcp_close((struct tcp_conn *)(void *)ep, s->now);
	else
		udp_close((struct udp_ep *)(void *)ep);
}

/* The socket's present shard locked. False: it has become something meanwhile. */
static bool change_ends(struct isock *i, struct shard *to, const struct net_ep *before,
			struct net_ep *ep, bool tcp)
{
	struct shard *from = i->shard;

	if (i->ep != before || !movable(i))
		return false;
	waitq_wake(&i->wq,
		   UINT32_MAX); /* who sleeps in recv(2) of an unbound socket sleeps there anew */
	i->wq.lock = &to->lock;
	i->ep = ep;
	__atomic_store_n(&i->shard, to, __ATOMIC_RELAXED); /* the locks order: inet_lock() */
	unmake((struct net_ep *)(uintptr_t)before, tcp, from);
	return true;
}

err_t inet_move(struct isock *i, struct shard *to) no_lock_analysis
{
	struct shard *from = i->shard;
	struct net_ep *ep, *before = i->ep;
	struct baggage b = { .ngroups = 0 };
	bool tcp = i->kind == INET_TCP, on;
	err_t err = 0;

	if (from == to || !movable(i))
		return 0;
	if (tcp)
		pack_tcp(i, &b);
	else
		err = pack_udp(i, &b);
	if (err)
		return err;
	shard_unlock(from, false);
	err = make(i, tcp, to, &b, &ep);
	if (!err) {
		on = inet_lock(i);
		from = i->shard;
		if (!change_ends(i, to, before, ep, tcp)) {
			shard_unlock(from, on);
			(void)shard_lock(to);
			unmake(ep, tcp, to);
			from = to;
		}
		shard_unlock(from, on);
	}
	(void)inet_lock(i);
	return err;
}

err_t inet_move_to_flow(struct isock *i, const struct tcp_conn_addr *a)
{
	struct net_flow f = { .local = a->local,
			      .remote = a->remote,
			      .lport = a->lport,
			      .rport = a->rport,
			      .proto = (uint8_t)i->s.protocol };
	err_t err = 0;

	if (shard_count() == 1)
		return 0;
	if (ip_is_any(f.local))
		err = net_source_for(i->shard->st, f.remote, a->ifc, &f.local);
	return err ? err : inet_move(i, steer_flow(&f));
}
