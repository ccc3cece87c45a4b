/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/icmp4.c: ICMP for IPv4 (RFC 792, 1122 3.2.2): echo and timestamp are answered, errors find their
 * sockets, redirects are ignored (a host that obeys them can be led astray).
 */
#include "net/net_int.h"

#include "net/csum.h"

static void count_in(struct net_stack *st, uint8_t type)
{
	static const uint16_t id[] = {
		[ICMP4_ECHO_REPLY] = MIB_Icmp_InEchoReps,
		[ICMP4_UNREACH] = MIB_Icmp_InDestUnreachs,
		[4] = MIB_Icmp_InSrcQuenchs,
		[ICMP4_REDIRECT] = MIB_Icmp_InRedirects,
		[ICMP4_ECHO] = MIB_Icmp_InEchos,
		[ICMP4_TIME_EXCEEDED] = MIB_Icmp_InTimeExcds,
		[ICMP4_PARAM] = MIB_Icmp_InParmProbs,
		[ICMP4_TIMESTAMP] = MIB_Icmp_InTimestamps,
		[ICMP4_TIMESTAMP_REPLY] = MIB_Icmp_InTimestampReps,
	};

	if (type < ARRAY_LEN(id) && id[type])
		st->count.mib.v[id[type]]++;
}

/* Send `q` (an ICMP message at data) back to where the request came from. */
static void reply(struct net_stack *st, struct pkt *q, const struct ip_rx *rx)
{
	struct wire_icmp *h = (struct wire_icmp *)q->data;
	struct ip_tx tx = {
		.src = rx->dst, .dst = rx->src, .proto = IP_P_ICMP, .tos = rx->tos & 0xfc
	};
	struct net_dst d;

	if (dst_resolve(st, rx->src, NULL, &d) != 0 ||
	    (rx->multi && net_source_for(st, rx->src, rx->ifc, &tx.src) != 0)) {
		net_drop(st, q, DROP_IP_NO_ROUTE);
		return;
	}
	h->csum = be16_of(0);
	csum_store(&h->csum, csum_fold(csum_pkt(0, q, 0)));
	MIB_INC(st, Icmp_OutMsgs);
	if (ip_output(st, q, &tx, &d) != 0)
		MIB_INC(st, Icmp_OutErrors);
}

static void echo(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct pkt *q;

	/* RFC 1122 3.2.2.6 lets us ignore echoes to groups: they serve to amplify. */
	if (rx->multi) {
		net_drop(st, p, DROP_ICMP_TYPE);
		return;
	}
	q = pkt_copy(&st->pool, p);
	if (!q) {
		net_drop(st, p, DROP_NOMEM);
		return;
	}
	pkt_free(p);
	q->flags = 0;
	q->l3 = NULL;
	q->data[0] = ICMP4_ECHO_REPLY;
	MIB_INC(st, Icmp_OutEchoReps);
	reply(st, q, rx);
}

/* RFC 792: milliseconds since midnight UT; all three stamps alike, as we answer at once. */
static void timestamp(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	uint64_t wall = st->wall_ns ? st->wall_ns + (st->now - st->boot_ns) : st->now;
	uint32_t ms = (uint32_t)(wall / 1000000 % 86400000);
	struct pkt *q;
	be32 stamp = be32_of(st->wall_ns ? ms : ms | 0x80000000U);

	if (rx->multi || p->len < 20) {
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	pkt_trim(p, 20);
	q = pkt_copy(&st->pool, p);
	pkt_free(p);
	if (!q)
		return;
	q->flags = 0;
	q->l3 = NULL;
	q->data[0] = ICMP4_TIMESTAMP_REPLY;
	memcpy(q->data + 12, stamp.b, 4);
	memcpy(q->data + 16, stamp.b, 4);
	MIB_INC(st, Icmp_OutTimestampReps);
	reply(st, q, rx);
}

/* RFC 1191 7.1: routers of old do not say the mtu; guess the next plateau below what we sent. */
static uint32_t plateau(uint32_t sent)
{
	static const uint16_t table[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	for (unsigned i = 0; i < ARRAY_LEN(table); i++)
		if (table[i] < sent)
			return table[i];
	return 68;
}

/* errno and hardness of each unreachable code (RFC 1122 4.2.3.9). */
static void unreach_meaning(struct icmp_err *e)
{
	static const struct {
		uint8_t err;
		bool hard;
	} t[16] = {
		[0] = { ENETUNREACH, false },	[1] = { EHOSTUNREACH, false },
		[2] = { ENOPROTOOPT, true },	[3] = { ECONNREFUSED, true },
		[4] = { EMSGSIZE, false },	[5] = { EOPNOTSUPP, false },
		[6] = { ENETUNREACH, true },	[7] = { EHOSTDOWN, true },
		[8] = { ENONET, true },		[9] = { ENETUNREACH, true },
		[10] = { EHOSTUNREACH, true },	[11] = { ENETUNREACH, false },
		[12] = { EHOSTUNREACH, false }, [13] = { EHOSTUNREACH, true },
		[14] = { EHOSTUNREACH, true },	[15] = { EHOSTUNREACH, true },
	};

	e->err = e->code < ARRAY_LEN(t) ? t[e->code].err : EHOSTUNREACH;
	e->hard = e->code < ARRAY_LEN(t) && t[e->code].hard;
}

static void error_in(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_icmp *h = (const struct wire_icmp *)p->data;
	const struct wire_ip4 *q = (const struct wire_ip4 *)(h + 1);
	struct icmp_err e = { .type = h->type, .code = h->code, .offender = rx->src };

	if (!icmp_quote_parse(&e, (const uint8_t *)q, p->lin - (uint32_t)sizeof(*h), false)) {
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	if (!ip_is_local(st, e.src)) {
		net_drop(st, p, DROP_ICMP_STALE);
		return;
	}
	if (h->type == ICMP4_UNREACH)
		unreach_meaning(&e);
	else
		e.err = h->type == ICMP4_PARAM ? EPROTO : EHOSTUNREACH;
	if (h->type == ICMP4_UNREACH && h->code == ICMP4_UNREACH_FRAG) {
		e.mtu = be16_get(h->ptb.mtu);
		if (e.mtu == 0)
			e.mtu = plateau(be16_get(q->len));
		e.mtu = MAX(e.mtu, 68U);
	}
	icmp_err_deliver(st, &e);
	pkt_free(p);
}

void icmp4_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_icmp *h;

	MIB_INC(st, Icmp_InMsgs);
	if (!pkt_pull_up(p, sizeof(*h))) {
		MIB_INC(st, Icmp_InErrors);
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	if (!(p->flags & (PKT_LOOPED | PKT_CSUM_OK)) && csum_fold(csum_pkt(0, p, 0)) != 0) {
		MIB_INC(st, Icmp_InCsumErrors);
		net_drop(st, p, DROP_ICMP_CSUM);
		return;
	}
	h = (const struct wire_icmp *)p->data;
	count_in(st, h->type);
	raw_copy(st, p, rx);
	switch (h->type) {
	case ICMP4_ECHO:
		echo(st, p, rx);
		break;
	case ICMP4_TIMESTAMP:
		timestamp(st, p, rx);
		break;
	case ICMP4_UNREACH:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAM:
		if (!pkt_pull_up(p, MIN(p->len, 100U))) {
			net_drop(st, p, DROP_ICMP_BAD);
			break;
		}
		error_in(st, p, rx);
		break;
	default:
		net_drop(st, p, DROP_ICMP_TYPE);
	}
}
