/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_fastopen.c: the active side of fast open (RFC 7413 4.1.3, 4.2.1): cookies that servers have given
 * us, and the SYN that carries data.  With a cookie, tcp_connect_fast() sends nothing yet: the first tcp_send()
 * does, with as much as one segment holds.  The rest waits for the SYN-ACK, as does all of it if the SYN is
 * lost or the server takes none.
 */
#include "net/tcp_int.h"

enum { MSS_UNKNOWN = 536 };

static struct fo_entry *find(struct net_stack *st, struct ip_addr remote)
{
	struct tcp_table *t = st->tcp;

	for (unsigned i = 0; i < ARRAY_LEN(t->fo); i++)
		if (t->fo[i].len && ip_eq(t->fo[i].remote, remote))
			return &t->fo[i];
	return NULL;
}

const struct fo_entry *tcp_fo_find(struct net_stack *st, struct ip_addr remote)
{
	return find(st, remote);
}

/* A server's cookie takes the place of its last one, or of the one learned longest ago. */
void tcp_fo_learn(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_table *t = c->st->tcp;
	struct fo_entry *e = find(c->st, c->addr.remote);

	if (!c->fo_asked || s->fo_len < 4 || s->fo_len > TCP_FO_COOKIE_MAX || s->fo_len % 2)
		return; /* 4.1.1: what else it may be is to be ignored */
	if (!e)
		e = &t->fo[t->fo_next++ % ARRAY_LEN(t->fo)];
	*e = (struct fo_entry){ .remote = c->addr.remote,
				.len = (uint8_t)s->fo_len,
				.mss = s->mss };
	memcpy(e->cookie, s->fo, e->len);
}

/* 4.1.3, 4.4.2: the path may drop such SYNs: the next connection does without. */
void tcp_fo_forget(struct tcp_conn *c)
{
	struct fo_entry *e = find(c->st, c->addr.remote);

	if (e)
		e->len = 0;
}

/* Bytes that a SYN with this cookie can carry. */
uint32_t tcp_fo_room(const struct tcp_conn *c)
{
	const struct fo_entry *e = find(c->st, c->addr.remote);
	uint32_t mss = c->dst.mtu - (ip_is_v4(c->addr.remote) ? 40U : 60U), opts;

	/* 4.2.1: no more than the server took last time.  20 bytes of options go with every SYN, and the cookie. */
	mss = MIN(mss, e && e->mss ? e->mss : (uint32_t)MSS_UNKNOWN);
	opts = 20U + (e ? (2U + e->len + 3U) / 4U * 4U : 0);
	return e && mss > opts ? mss - opts : 0;
}

/* The first bytes are queued: out with them. */
void tcp_fo_open(struct tcp_conn *c)
{
	c->fo_lazy = false;
	c->fo_syn_len = (uint16_t)MIN(c->sq_bytes, tcp_fo_room(c));
	c->snd_nxt = seq_add(c->iss, 1U + c->fo_syn_len);
	MIB_INC(c->st, TcpExt_TCPFastOpenActive);
	tcp_syn_begin(c);
}

/* The SYN-ACK: what of the data it covers has arrived; what it does not is sent as if for the first time. */
void tcp_fo_answered(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t taken = seq_dist(c->iss, s->ack) - 1;

	tcp_fo_learn(c, s);
	c->snd_nxt = s->ack;
	if (!c->fo_syn_len)
		return;
	c->fo_taken = taken != 0;
	if (!taken)
		MIB_INC(c->st, TcpExt_TCPFastOpenActiveFail);
	tcp_sndq_sent(c, taken);
	tcp_sndq_ack(c, taken);
	c->bytes_sent += taken;
	c->bytes_acked += taken;
	c->fo_syn_len = 0;
}
