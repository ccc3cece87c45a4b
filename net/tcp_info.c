/* SPDX-License-Identifier: Apache-2.0 */
/* net/tcp_info.c: connections as others look at them: TCP_INFO and /proc/net/tcp. */
#include "net/tcp_int.h"

enum { OPT_TS = 1, OPT_SACK = 2, OPT_WSCALE = 4, OPT_ECN = 8, OPT_SYN_DATA = 32 }; /* TCPI_OPT_* */

static uint32_t ms_ago(const struct tcp_conn *c, uint64_t us)
{
	return us ? (uint32_t)((tcp_us(c->st) - us) / 1000) : 0;
}

static uint32_t segs(const struct tcp_conn *c, uint32_t bytes)
{
	return DIV_UP(bytes, (uint32_t)c->mss);
}

void tcp_conn_stats(const struct tcp_conn *c, struct tcp_stats *o, uint64_t now)
{
	net_at(c->st, now);
	*o = (struct tcp_stats){
		.state = c->state,
		.ca_state = c->ca_state,
		.retransmits = c->retries,
		.probes = c->probes,
		.backoff = c->backoff,
		.options = (uint8_t)((c->ts_on ? OPT_TS : 0) | (c->sack_on ? OPT_SACK : 0) |
				     (c->ws_on ? OPT_WSCALE : 0) | (c->ecn_on ? OPT_ECN : 0) |
				     (c->fo_taken ? OPT_SYN_DATA : 0)),
		.snd_wscale = c->snd_ws,
		.rcv_wscale = c->rcv_ws,
		.rto = c->rto_us,
		.ato = 40000,
		.snd_mss = c->mss,
		.rcv_mss = c->rcv_mss,
		.unacked = segs(c, seq_dist(c->snd_una, c->snd_nxt)),
		.sacked = segs(c, c->sacked),
		.lost = segs(c, c->lost),
		.retrans = segs(c, c->retrans),
		.last_data_sent = ms_ago(c, c->last_snd_us),
		.last_data_recv = ms_ago(c, c->last_rcv_us),
		.last_ack_recv = ms_ago(c, c->last_ack_us),
		.pmtu = c->dst.mtu,
		.rcv_ssthresh = c->rcvbuf,
		.rtt = c->srtt_us,
		.rttvar = c->rttvar_us,
		.snd_ssthresh = c->ssthresh == UINT32_MAX ? 0x7fffffff : segs(c, c->ssthresh),
		.snd_cwnd = segs(c, c->cwnd),
		.advmss = c->advmss,
		.reordering = c->reord_seen ? 4 : 3,
		.rcv_rtt = c->rcv_rtt_us,
		.rcv_space = c->space,
		.total_retrans = c->total_retrans,
		.min_rtt = c->min_rtt_us,
		.snd_wnd = c->snd_wnd,
		.rcv_wnd = seq_lt(c->rcv_nxt, c->rcv_adv) ? seq_dist(c->rcv_nxt, c->rcv_adv) : 0,
		.notsent_bytes = (uint32_t)tcp_unsent(c),
		.pacing_rate = tcp_pace_rate(c),
		.max_pacing_rate = tcp_opt(c, TCP_OPT_MAX_PACING),
		.bytes_acked = c->bytes_acked,
		.bytes_received = c->bytes_received,
		.bytes_sent = c->bytes_sent,
		.bytes_retrans = c->bytes_retrans,
		.segs_out = c->segs_out,
		.segs_in = c->segs_in,
		.data_segs_in = c->data_segs_in,
		.data_segs_out = c->data_segs_out,
		.delivery_rate = c->rate,
		.delivered = (uint32_t)(c->delivered / c->mss),
		.delivered_ce = (uint32_t)(c->delivered_ce / c->mss),
		.dsack_dups = c->dsacks,
		.reord_seen = c->reord_count,
		.rcv_ooopack = c->ofo_pkts,
	};
}

/* Which timer /proc/net/tcp names: 1 retransmission, 2 keepalive or another, 4 zero window. */
static uint8_t timer_of(const struct tcp_conn *c, uint64_t *at)
{
	if (c->tm[TM_RTX] != UINT64_MAX) {
		*at = c->tm[TM_RTX];
		return c->rtx_kind == RTX_PERSIST ? 4 : 1;
	}
	*at = c->tm[TM_KEEP];
	return c->tm[TM_KEEP] != UINT64_MAX ? 2 : 0;
}

static void conn_row(const struct tcp_conn *c, uint64_t now, struct tcp_row *r)
{
	uint64_t at;

	*r = (struct tcp_row){
		.addr = c->addr,
		.state = c->state,
		.retransmits = c->retries,
		.probes = c->probes,
		.tx_queue = c->sq_bytes,
		.rx_queue = c->rq_bytes,
		.owner = c->ep.owner,
	};
	r->timer = timer_of(c, &at);
	r->timer_ns = at != UINT64_MAX && at > now ? at - now : 0;
}

void tcp_each(struct net_stack *st, uint64_t now, void (*f)(void *ctx, const struct tcp_row *r),
	      void *ctx)
{
	const struct tcp_table *t = st->tcp;
	const struct tcp_listener *l;
	struct tcp_row row;

	for (unsigned i = 0; i < TCP_LISTEN_BUCKETS; i++)
		list_for_each_entry (l, &t->listeners[i], link) {
			row = (struct tcp_row){ .addr = l->addr,
						.state = TCP_LISTEN,
						.rx_queue = l->naccept,
						.tx_queue = l->backlog,
						.owner = l->ep.owner };
			f(ctx, &row);
		}
	for (uint32_t i = 0; i <= t->mask; i++)
		for (const struct tcp_conn *c = t->hash[i]; c; c = c->hash_next) {
			conn_row(c, now, &row);
			f(ctx, &row);
		}
	for (uint32_t i = 0; i <= t->tw_mask; i++)
		for (const struct tcp_tw *tw = t->tw_hash[i]; tw; tw = tw->hash_next) {
			row = (struct tcp_row){
				.addr = tw->addr,
				.state = tw->fin_wait_2 ? TCP_FIN_WAIT_2 : TCP_TIME_WAIT,
				.timer = 3,
			};
			f(ctx, &row);
		}
}
