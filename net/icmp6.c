/* SPDX-License-Identifier: Apache-2.0 */
/* net/icmp6.c: ICMPv6 (RFC 4443): echo, errors to sockets, and the door to ND and MLD. */
#include "net/net_int.h"

#include "net/csum.h"

static void echo(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct ip_tx tx = {
		.src = rx->dst, .dst = rx->src, .proto = IP_P_ICMPV6, .tos = rx->tos & 0xfc
	};
	struct pkt *q = pkt_copy(&st->pool, p);
	struct wire_icmp *h;
	struct net_dst d;

	pkt_free(p);
	if (!q)
		return;
	/* 4.2: an echo to a group is answered too, from a unicast address. */
	if (!ip_is_unicast(rx->src) || dst_resolve(st, rx->src, rx->ifc, &d) != 0 ||
	    (rx->multi && net_source_for(st, rx->src, rx->ifc, &tx.src) != 0)) {
		net_drop(st, q, DROP_IP_NO_ROUTE);
		return;
	}
	q->flags = 0;
	q->l3 = NULL;
	q->l4 = q->data;
	h = (struct wire_icmp *)q->data;
	h->type = ICMP6_ECHO_REPLY;
	h->csum = be16_of(0);
	csum_store(&h->csum,
		   csum_fold(csum_pkt(csum_pseudo(tx.src, tx.dst, IP_P_ICMPV6, q->len), q, 0)));
	MIB_INC(st, Icmp6_OutMsgs);
	if (ip_output(st, q, &tx, &d) != 0)
		MIB_INC(st, Icmp6_OutErrors);
}

static void meaning(struct icmp_err *e, uint32_t info)
{
	static const uint8_t unreach[] = { ENETUNREACH,	 EACCES, EHOSTUNREACH, EHOSTUNREACH,
					   ECONNREFUSED, EACCES, EACCES };

	switch (e->type) {
	case ICMP6_UNREACH:
		e->err = e->code < ARRAY_LEN(unreach) ? unreach[e->code] : EHOSTUNREACH;
		e->hard = e->code == 1 || e->code >= 4;
		break;
	case ICMP6_TOO_BIG:
		e->err = EMSGSIZE;
		e->mtu = MAX(info, 1280U); /* RFC 8201 4: never less */
		break;
	case ICMP6_PARAM:
		e->err = EPROTO;
		e->hard = e->code == 1;
		break;
	default:
		e->err = EHOSTUNREACH;
	}
}

static void error_in(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_icmp *h;
	struct icmp_err e = { .offender = rx->src };

	if (!pkt_pull_up(p, MIN(p->len, 140U))) {
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	h = (const struct wire_icmp *)p->data;
	e.type = h->type;
	e.code = h->code;
	if (!icmp_quote_parse(&e, (const uint8_t *)(h + 1), p->lin - (uint32_t)sizeof(*h), true)) {
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	if (!ip_is_local(st, e.src)) {
		net_drop(st, p, DROP_ICMP_STALE);
		return;
	}
	meaning(&e, be32_get(h->rest));
	icmp_err_deliver(st, &e);
	pkt_free(p);
}

void icmp6_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_icmp *h;

	MIB_INC(st, Icmp6_InMsgs);
	if (!pkt_pull_up(p, sizeof(*h))) {
		MIB_INC(st, Icmp6_InErrors);
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	if (!(p->flags & (PKT_LOOPED | PKT_CSUM_OK)) &&
	    csum_fold(csum_pkt(csum_pseudo(rx->src, rx->dst, IP_P_ICMPV6, p->len), p, 0)) != 0) {
		MIB_INC(st, Icmp6_InCsumErrors);
		net_drop(st, p, DROP_ICMP_CSUM);
		return;
	}
	raw_copy(st, p, rx);
	h = (const struct wire_icmp *)p->data;
	switch (h->type) {
	case ICMP6_ECHO:
		if (p->flags & PKT_SHARED)
			net_drop(st, p, DROP_ICMP_TYPE);
		else
			echo(st, p, rx);
		break;
	case ICMP6_UNREACH:
	case ICMP6_TOO_BIG:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAM:
		error_in(st, p, rx);
		break;
	case ICMP6_RS:
	case ICMP6_RA:
	case ICMP6_NS:
	case ICMP6_NA:
	case ICMP6_REDIRECT:
		nd_input(st, p, rx, h);
		break;
	case ICMP6_MLD_QUERY:
	case ICMP6_MLD_REPORT:
	case ICMP6_MLD_DONE:
	case ICMP6_MLD2_REPORT:
		mld_input(st, p, rx);
		break;
	default:
		net_drop(st, p, DROP_ICMP_TYPE);
	}
}
