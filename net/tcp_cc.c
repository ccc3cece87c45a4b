/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_cc.c: NewReno (RFC 5681, 3465) and the list of congestion controls.  They only decide how the
 * window grows and where it falls to; when, is tcp_recover.c's.
 */
#include "net/tcp_int.h"

static const struct tcp_cc_ops *const all[] = { &tcp_cc_cubic, &tcp_cc_reno };

const char *tcp_cc_name(unsigned i)
{
	return i < ARRAY_LEN(all) ? all[i]->name : NULL;
}

uint32_t tcp_slow_start(struct tcp_conn *c, uint32_t acked)
{
	uint32_t room = c->ssthresh - c->cwnd, step = MIN(acked, room);

	c->cwnd += step;
	return acked - step;
}

static void reno_init(struct tcp_conn *c)
{
	c->cwnd_cnt = 0;
}

/* RFC 5681 3.1 (3), by bytes (RFC 3465 2.1): one segment for each window acknowledged. */
static void reno_on_ack(struct tcp_conn *c, uint32_t acked)
{
	if (c->cwnd < c->ssthresh) {
		acked = tcp_slow_start(c, acked);
		if (acked == 0)
			return;
	}
	c->cwnd_cnt += acked;
	while (c->cwnd_cnt >= c->cwnd) {
		c->cwnd_cnt -= c->cwnd;
		c->cwnd += c->mss;
	}
}

/* RFC 5681 3.1 (4) */
static uint32_t reno_ssthresh(struct tcp_conn *c)
{
	return MAX(c->cwnd / 2, 2U * c->mss);
}

static void nothing(struct tcp_conn *c)
{
	(void)c;
}

const struct tcp_cc_ops tcp_cc_reno = {
	.name = "reno",
	.init = reno_init,
	.on_ack = reno_on_ack,
	.ssthresh = reno_ssthresh,
	.on_rto = nothing,
	.on_undo = nothing,
};
