/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_tw.c: TIME-WAIT (RFC 9293 3.10.7.4, RFC 1337, RFC 6191) in a small structure of its own, so that
 * a server that closes first does not pay for a connection for a minute.
 */
#include "net/tcp_int.h"

enum { TW_MAX = 65536 };

static struct tcp_tw **bucket(struct net_stack *st, const struct tcp_conn_addr *a)
{
	uint32_t h = net_hash(st, a->local, a->remote, a->lport, a->rport);

	return &st->tcp->tw_hash[h & st->tcp->tw_mask];
}

static void chain_add(struct tcp_tw **head, struct tcp_tw *tw)
{
	tw->hash_next = *head;
	tw->hash_prev = head;
	if (*head)
		(*head)->hash_prev = &tw->hash_next;
	*head = tw;
}

static void table_grow(struct net_stack *st)
{
	struct tcp_table *t = st->tcp;
	uint32_t old_mask = t->tw_mask, mask = t->tw_mask * 2 + 1;
	struct tcp_tw **old = t->tw_hash;
	struct tcp_tw **hash = st->mem.alloc(st->mem.ctx, (mask + 1ULL) * sizeof(hash[0]));

	if (!hash)
		return;
	t->tw_hash = hash;
	t->tw_mask = mask;
	for (uint32_t i = 0; i <= old_mask; i++)
		while (old[i]) {
			struct tcp_tw *tw = old[i];

			old[i] = tw->hash_next;
			chain_add(bucket(st, &tw->addr), tw);
		}
	st->mem.free(st->mem.ctx, old, (old_mask + 1ULL) * sizeof(old[0]));
}

void tcp_tw_free(struct tcp_tw *tw)
{
	struct tcp_table *t = tw->st->tcp;

	wheel_timer_cancel(&tw->st->wheel, &tw->timer);
	*tw->hash_prev = tw->hash_next;
	if (tw->hash_next)
		tw->hash_next->hash_prev = tw->hash_prev;
	t->tw_count--;
	objcache_free(&t->tws, tw);
}

static void tw_timer(struct wheel_timer *t, uint64_t now)
{
	(void)now;
	tcp_tw_free(container_of(t, struct tcp_tw, timer));
}

void tcp_tw_enter(struct tcp_conn *c, bool fin_wait_2, uint64_t life_ns)
{
	struct net_stack *st = c->st;
	struct tcp_table *t = st->tcp;
	struct tcp_tw *tw = t->tw_count < TW_MAX ? objcache_alloc(&t->tws) : NULL;

	if (tw) {
		*tw = (struct tcp_tw){
			.st = st,
			.addr = c->addr,
			.snd_nxt = c->snd_nxt,
			.rcv_nxt = c->rcv_nxt,
			.rcv_wnd = tcp_rcv_window(c),
			.ts_on = c->ts_on,
			.ts_recent = c->ts_recent,
			.ts_recent_us = c->ts_recent_us,
			.ts_off = c->ts_off,
			.tos = (uint8_t)tcp_opt(c, TCP_OPT_TOS),
			.fin_wait_2 = fin_wait_2,
		};
		if (t->tw_count > t->tw_mask)
			table_grow(st);
		wheel_timer_init(&tw->timer, tw_timer);
		wheel_timer_set(&st->wheel, &tw->timer, st->now + life_ns);
		chain_add(bucket(st, &tw->addr), tw);
		t->tw_count++;
		MIB_INC(st, TcpExt_TW);
	}
	/* Without memory for it the connection just ends: RFC 9293's quiet time is lost, nothing else. */
	tcp_conn_done(c, 0);
}

static bool same(const struct tcp_tw *tw, const struct tcp_conn_addr *a)
{
	return tw->addr.lport == a->lport && tw->addr.rport == a->rport &&
	       ip_eq(tw->addr.local, a->local) && ip_eq(tw->addr.remote, a->remote);
}

static struct tcp_tw *find(struct net_stack *st, const struct tcp_conn_addr *a)
{
	struct tcp_tw *tw;

	for (tw = *bucket(st, a); tw; tw = tw->hash_next)
		if (same(tw, a))
			return tw;
	return NULL;
}

struct tcp_tw *tcp_tw_find(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s)
{
	struct tcp_conn_addr a = {
		.local = rx->dst, .remote = rx->src, .lport = s->dport, .rport = s->sport
	};

	return st->tcp->tw_count ? find(st, &a) : NULL;
}

bool tcp_tw_taken(struct net_stack *st, const struct tcp_conn_addr *a, bool reuse)
{
	struct tcp_tw *tw = find(st, a);

	if (!tw)
		return false;
	/* RFC 6191 2: with timestamps a new incarnation cannot be confused after a second. */
	if (reuse && tw->ts_on && !tw->fin_wait_2 && tcp_us(st) - tw->ts_recent_us > 1000000) {
		tcp_tw_free(tw);
		return false;
	}
	return true;
}

static void tw_ack(struct tcp_tw *tw)
{
	struct tcp_bare b = {
		.src = tw->addr.local,
		.dst = tw->addr.remote,
		.sport = tw->addr.lport,
		.dport = tw->addr.rport,
		.seq = tw->snd_nxt,
		.ack = tw->rcv_nxt,
		.flags = TCPF_ACK,
		.win = (uint16_t)MIN(tw->rcv_wnd, 65535U),
		.has_ts = tw->ts_on,
		.tsval = (uint32_t)(tcp_us(tw->st) / 1000) + tw->ts_off,
		.tsecr = tw->ts_recent,
		.tos = tw->tos,
	};

	tcp_send_bare(tw->st, &b);
}

/* RFC 9293 3.10.7.4 (TIME-WAIT, MAY-2) with RFC 6191: a SYN that is clearly of a new connection. */
static bool new_incarnation(const struct tcp_tw *tw, const struct tcp_seg *s)
{
	if ((s->flags & (TCPF_SYN | TCPF_RST | TCPF_ACK)) != TCPF_SYN || tw->fin_wait_2)
		return false;
	if (tw->ts_on && s->has_ts && (int32_t)(s->tsval - tw->ts_recent) > 0)
		return true;
	return seq_lt(tw->rcv_nxt, s->seq);
}

/* The last exchange again: the peer's FIN, perhaps the first one in our FIN-WAIT-2. */
static void tw_fin(struct tcp_tw *tw, const struct tcp_seg *s)
{
	if (tw->fin_wait_2 && seq_eq(seq_add(s->seq, s->len), tw->rcv_nxt)) {
		tw->rcv_nxt = s->end;
		tw->fin_wait_2 = false;
	}
	if (s->has_ts)
		tw->ts_recent = s->tsval;
	wheel_timer_set(&tw->st->wheel, &tw->timer, tw->st->now + TCP_TIMEWAIT_S * 1000000000ULL);
	tw_ack(tw);
}

bool tcp_tw_input(struct tcp_tw *tw, struct pkt *p, const struct ip_rx *rx, const struct tcp_seg *s,
		  struct seq *isn)
{
	struct net_stack *st = tw->st;
	bool paws = tw->ts_on && s->has_ts && (int32_t)(s->tsval - tw->ts_recent) < 0;

	(void)rx;
	if (!paws && new_incarnation(tw, s)) {
		*isn = seq_add(tw->snd_nxt, 65535 + 2);
		MIB_INC(st, TcpExt_TWRecycled);
		tcp_tw_free(tw);
		return true;
	}
	if (s->flags & TCPF_RST) {
		/* RFC 1337: a reset must not end TIME-WAIT early. */
		net_drop(st, p, DROP_TCP_TIME_WAIT);
		return false;
	}
	if (tw->fin_wait_2 && seq_lt(tw->rcv_nxt, seq_add(s->seq, s->len))) {
		/* Data for a reader that is gone. */
		tcp_reply_rst(st, rx, s);
		tcp_tw_free(tw);
	} else if ((s->flags & TCPF_FIN) && !paws) {
		tw_fin(tw, s);
	} else if ((s->len || paws || !seq_eq(s->seq, tw->rcv_nxt) || (s->flags & TCPF_SYN)) &&
		   tcp_oow_ack_ok(st, &tw->oow_ack_us)) {
		tw_ack(tw);
	}
	net_drop(st, p, DROP_TCP_TIME_WAIT);
	return false;
}
