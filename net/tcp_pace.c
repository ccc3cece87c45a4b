/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_pace.c: pacing: what the window allows goes out over the round trip and not at its beginning, so that
 * a queue on the way need not hold it.  Done where that is worth a timer, on paths of five milliseconds and more,
 * and wherever SO_MAX_PACING_RATE asks for it.  The rate is what Linux's is: twice the window a round trip
 * while it may double, else a fifth more than the window (RFC 9438 4.10 leaves it open, RFC 7661 4.5 wants it).
 */
#include "net/tcp_int.h"

enum {
	MIN_RTT_US = 5000,
	FREE_SEGS = 10, /* the initial window goes as it is (RFC 6928) */
	CREDIT_MAX_NS = 10000000,
};

uint64_t tcp_pace_rate(const struct tcp_conn *c)
{
	uint64_t rate = UINT64_MAX, srtt = c->srtt_us;
	uint32_t most = tcp_opt(c, TCP_OPT_MAX_PACING);

	if (srtt)
		rate = (uint64_t)c->cwnd * (c->cwnd < c->ssthresh / 2 ? 2000000 : 1200000) / srtt;
	return most == UINT32_MAX ? rate : MIN(rate, (uint64_t)most);
}

void tcp_pace_update(struct tcp_conn *c)
{
	c->pacing = c->min_rtt_us >= MIN_RTT_US || tcp_opt(c, TCP_OPT_MAX_PACING) != UINT32_MAX;
}

static bool pacing(const struct tcp_conn *c)
{
	return unlikely(c->pacing) &&
	       (c->data_segs_out >= FREE_SEGS || tcp_opt(c, TCP_OPT_MAX_PACING) != UINT32_MAX);
}

bool tcp_paced(struct tcp_conn *c)
{
	if (!pacing(c) || c->st->now >= c->pace_ns)
		return false;
	/* The window is what holds us back, over the round trip: it may grow (RFC 7661 4.2). */
	if (c->cwnd < 4 * tcp_pipe(c))
		c->cwnd_limited = true;
	tcp_tm_set(c, TM_PACE, c->pace_ns);
	return true;
}

void tcp_pace_spend(struct tcp_conn *c, uint32_t n)
{
	uint64_t rate, late;

	if (!pacing(c))
		return;
	rate = MAX(tcp_pace_rate(c), (uint64_t)1);
	/* A late timer loses nothing, up to a quarter of a round trip's worth. */
	late = MIN(c->srtt_us * 250ULL, (uint64_t)CREDIT_MAX_NS);
	c->pace_ns = MAX(c->pace_ns + late, c->st->now) - late +
		     (rate == UINT64_MAX ? 0 : n * 1000000000ULL / rate);
}

/* Bytes of one packet: a millisecond's worth in whole segments, two at least. */
uint32_t tcp_pace_quantum(const struct tcp_conn *c)
{
	if (!pacing(c))
		return UINT32_MAX;
	return (uint32_t)MIN(MAX(tcp_pace_rate(c) / 1024 / c->mss, 2ULL), 64ULL) * c->mss;
}
