/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_secret.c: what others must not guess: initial sequence numbers (RFC 6528), timestamp offsets
 * (RFC 7323 7.1) and local ports (RFC 6056).  All are SipHash under keys made when the stack began, as are the
 * cookies of tcp_cookie.c.
 */
#include "net/tcp_int.h"

enum { PORT_LOW = 32768, PORT_HIGH = 60999 };

struct tuple {
	struct ip_addr local, remote;
	uint16_t lport, rport;
	uint32_t salt;
};

static uint64_t hash_tuple(const struct siphash_key *k, const struct tcp_conn_addr *a,
			   uint32_t salt)
{
	struct tuple t = { a->local, a->remote, a->lport, a->rport, salt };

	return siphash(k, &t, sizeof(t));
}

/* ISN = M + F(4-tuple, secret), M a clock of 4 us (RFC 9293 3.4.1). */
struct seq tcp_isn(struct net_stack *st, const struct tcp_conn_addr *a)
{
	return (struct seq){ (uint32_t)(st->now / 4000) +
			     (uint32_t)hash_tuple(&st->key_isn, a, 0) };
}

uint32_t tcp_ts_offset(struct net_stack *st, const struct tcp_conn_addr *a)
{
	return (uint32_t)hash_tuple(&st->key_isn, a, 1);
}

/* --- local ports: RFC 6056 3.3.3, algorithm 3, with a random step so that it does not count ---------- */

static bool port_usable(struct net_stack *st, struct tcp_conn_addr *a, uint16_t port, bool reuse_tw)
{
	struct net_flow f = {
		.local = a->local, .remote = a->remote, .rport = a->rport, .proto = IP_P_TCP
	};

	a->lport = f.lport = port;
	if (st->ops.flow_here && !st->ops.flow_here(st->ctx, &f))
		return false;
	return !tcp_conn_taken(st, a) && !tcp_tw_taken(st, a, reuse_tw);
}

err_t tcp_port_pick(struct net_stack *st, struct tcp_conn_addr *a)
{
	uint32_t span = PORT_HIGH - PORT_LOW + 1, offset;

	a->lport = 0;
	offset = (uint32_t)hash_tuple(&st->key_port, a, 0) + st->tcp->port_offset;
	st->tcp->port_offset += 1 + net_random(st) % 8;
	for (int reuse = 0; reuse < 2; reuse++)
		for (uint32_t i = 0; i < span; i++)
			if (port_usable(st, a, (uint16_t)(PORT_LOW + (offset + i) % span), reuse))
				return 0;
	a->lport = 0;
	return -EADDRNOTAVAIL;
}
