/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_cubic.c: CUBIC (RFC 9438).  The window is a cubic function of the time since the last loss, flat
 * around the window at which that happened; never below what Reno would have (4.3).  Integers: C = 0.4
 * segments per second cubed, beta = 0.7; times in milliseconds, windows in bytes.
 */
#include "net/tcp_int.h"

enum { SCALE = 1024 };

/* Integer cube root, rounded down. */
static uint32_t cbrt64(uint64_t x)
{
	uint64_t lo = 0, hi = 2642245; /* cube root of 2^64 */

	while (lo < hi) {
		uint64_t mid = (lo + hi + 1) / 2;

		if (mid * mid * mid <= x)
			lo = mid;
		else
			hi = mid - 1;
	}
	return (uint32_t)lo;
}

static void cubic_init(struct tcp_conn *c)
{
	c->ccp.cubic = (struct cubic){ 0 };
}

/* RFC 9438 4.2: K = cbrt((W_max - cwnd_epoch) / C) seconds, here in ms: cbrt(segments * 2.5 * 10^9). */
static void epoch_begin(struct tcp_conn *c, struct cubic *q)
{
	q->epoch_us = tcp_us(c->st);
	q->w_est = c->cwnd;
	q->est_acked = q->cwnd_acked = 0;
	if (q->w_max > c->cwnd)
		q->k_ms = cbrt64((uint64_t)(q->w_max - c->cwnd) * 2500000000ULL / c->mss);
	else {
		q->k_ms = 0;
		q->w_max = c->cwnd;
	}
}

/* W_cubic(t) = C (t - K)^3 + W_max, in bytes (Figure 1). */
static uint64_t w_cubic(const struct tcp_conn *c, const struct cubic *q, uint64_t t_ms)
{
	bool before = t_ms < q->k_ms;
	uint64_t d = before ? q->k_ms - t_ms : t_ms - q->k_ms;
	uint64_t delta;

	d = MIN(d, 1000000U); /* 1000 s: past any use, and inside 64 bits */
	delta = d * d * d / 2500000U * c->mss / 1000;
	if (!before)
		return q->w_max + delta;
	return delta < q->w_max ? q->w_max - delta : 0;
}

/* 4.3: the window of a Reno that backs off by 0.7: alpha = 3 (1 - b) / (1 + b) = 0.529. */
static void reno_estimate(struct tcp_conn *c, struct cubic *q, uint32_t acked)
{
	uint32_t alpha = q->w_est >= q->w_max ? SCALE : 542;

	q->est_acked += (uint32_t)((uint64_t)acked * alpha / SCALE);
	while (q->est_acked >= c->cwnd) {
		q->est_acked -= c->cwnd;
		q->w_est += c->mss;
	}
}

/* --- HyStart++ (RFC 9406): slow start ends when the queue begins to fill, not when it is full -------------- */

enum {
	MIN_THRESH_US = 4000,
	MAX_THRESH_US = 16000,
	RTT_DIVISOR = 8,
	N_RTT_SAMPLE = 8,
	CSS_DIVISOR = 4,
	CSS_ROUNDS = 5,
};

/* 4.2: a round ends when what was sent at its beginning is acknowledged. */
static void round_turn(struct tcp_conn *c, struct cubic *q)
{
	if (q->round_min_us && seq_lt(c->snd_una, q->round_end))
		return;
	q->last_min_us = q->round_min_us;
	q->round_min_us = UINT32_MAX;
	q->samples = 0;
	q->round_end = c->snd_nxt;
	/* It goes on being slower for so many rounds: then this is the place to stay. */
	if (q->css_min_us && ++q->css_rounds >= CSS_ROUNDS)
		c->ssthresh = c->cwnd;
}

static bool delay_grows(const struct cubic *q)
{
	uint32_t thresh = MIN(MAX(q->last_min_us / RTT_DIVISOR, (uint32_t)MIN_THRESH_US),
			      (uint32_t)MAX_THRESH_US);

	return q->samples >= N_RTT_SAMPLE && q->last_min_us && q->last_min_us != UINT32_MAX &&
	       q->round_min_us >= q->last_min_us + thresh;
}

/* The bytes by which an ACK of `acked` may let the window grow.  Pacing spreads them: there is no other limit (4.3). */
static uint32_t hystart(struct tcp_conn *c, struct cubic *q, uint32_t acked)
{
	round_turn(c, q);
	q->round_min_us = MIN(q->round_min_us, c->rack_rtt_us);
	q->samples = (uint8_t)MIN(q->samples + 1, N_RTT_SAMPLE);
	if (!q->css_min_us) {
		if (delay_grows(q)) {
			q->css_min_us = q->round_min_us;
			q->css_rounds = 0;
		}
	} else if (q->samples >= N_RTT_SAMPLE && q->round_min_us < q->css_min_us) {
		q->css_min_us = 0; /* it was jitter */
	}
	return q->css_min_us ? acked / CSS_DIVISOR : acked;
}

static void cubic_on_ack(struct tcp_conn *c, uint32_t acked)
{
	struct cubic *q = &c->ccp.cubic;
	uint64_t t_ms, target;

	if (c->cwnd < c->ssthresh) {
		/* Only the first slow start is blind (4.3): later the threshold is known. */
		if (c->ssthresh == UINT32_MAX)
			acked = hystart(c, q, acked);
		acked = tcp_slow_start(c, acked);
		if (acked == 0)
			return;
	}
	if (q->epoch_us == 0)
		epoch_begin(c, q);
	t_ms = (tcp_us(c->st) - q->epoch_us) / 1000;
	reno_estimate(c, q, acked);
	target = w_cubic(c, q, t_ms + c->srtt_us / 1000); /* 4.2: one round trip ahead */
	target = MIN(MAX(target, (uint64_t)c->cwnd), (uint64_t)c->cwnd * 3 / 2);
	/* 4.4, 4.5: cwnd grows by (target - cwnd) / cwnd for each segment acknowledged. */
	q->cwnd_acked += acked;
	if (target > c->cwnd) {
		uint64_t add = (target - c->cwnd) * q->cwnd_acked / c->cwnd;

		if (add) {
			c->cwnd += (uint32_t)add;
			q->cwnd_acked = 0;
		}
	} else if (q->cwnd_acked > 100U * c->cwnd) {
		q->cwnd_acked = 0;
		c->cwnd += c->mss;
	}
	if (q->w_est > c->cwnd)
		c->cwnd = q->w_est; /* the Reno-friendly region */
}

static uint32_t cubic_ssthresh(struct tcp_conn *c)
{
	struct cubic *q = &c->ccp.cubic;

	q->epoch_us = 0;
	/* 4.7: fast convergence: a flow that fell short of its last maximum makes room. */
	if (c->cwnd < q->w_max)
		q->w_max = (uint32_t)((uint64_t)c->cwnd * 17 / 20); /* (1 + beta) / 2 */
	else
		q->w_max = c->cwnd;
	return MAX((uint32_t)((uint64_t)c->cwnd * 7 / 10), 2U * c->mss); /* 4.6: beta 0.7 */
}

static void cubic_restart(struct tcp_conn *c)
{
	c->ccp.cubic.epoch_us = 0;
}

const struct tcp_cc_ops tcp_cc_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.on_ack = cubic_on_ack,
	.ssthresh = cubic_ssthresh,
	.on_rto = cubic_restart,
	.on_undo = cubic_restart,
};
