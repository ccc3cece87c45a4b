/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_rtt.c: round-trip estimation and the retransmission timer (RFC 6298), with the tail loss
 * probe's timeout (RFC 8985 7.2).
 */
#include "net/tcp_int.h"

enum {
	RTO_MIN_US =
		200 *
		1000, /* RFC 6298 2.4 says 1 s SHOULD; with delayed ACKs of 40 ms this is safe */
	RTO_MAX_US = 120 * 1000 * 1000,
	MIN_RTT_WINDOW_S = 300,
	TLP_MIN_US = 10 * 1000,
	WORST_ACK_DELAY_US = 200 * 1000,
};

static uint32_t clamp_rto(uint64_t us)
{
	return (uint32_t)MIN(MAX(us, (uint64_t)RTO_MIN_US), (uint64_t)RTO_MAX_US);
}

void tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt_us)
{
	uint32_t r = (uint32_t)MIN(MAX(rtt_us, 1U), (uint64_t)RTO_MAX_US);
	uint64_t now = tcp_us(c->st);
	uint32_t err;

	if (c->min_rtt_us == 0 || r <= c->min_rtt_us ||
	    now - c->min_rtt_at_us > MIN_RTT_WINDOW_S * 1000000ULL) {
		c->min_rtt_us = r;
		c->min_rtt_at_us = now;
		tcp_pace_update(c);
	}
	if (c->srtt_us == 0) {
		/* RFC 6298 2.2 */
		c->srtt_us = r;
		c->rttvar_us = r / 2;
	} else {
		/* 2.3: alpha 1/8, beta 1/4; the variation first */
		err = r > c->srtt_us ? r - c->srtt_us : c->srtt_us - r;
		c->rttvar_us = c->rttvar_us - c->rttvar_us / 4 + err / 4;
		c->srtt_us = c->srtt_us - c->srtt_us / 8 + r / 8;
	}
	c->rto_us = clamp_rto((uint64_t)c->srtt_us +
			      MAX(4 * (uint64_t)c->rttvar_us, (uint64_t)RTO_MIN_US));
}

uint64_t tcp_rto_now_us(const struct tcp_conn *c)
{
	return MIN((uint64_t)c->rto_us << MIN(c->backoff, (uint8_t)20), (uint64_t)RTO_MAX_US);
}

/* RFC 8985 7.2: may a probe be scheduled instead of the timeout? */
static bool tlp_wanted(const struct tcp_conn *c)
{
	return c->sack_on && c->srtt_us && !c->tlp_active && c->ca_state == CA_OPEN &&
	       c->sacked == 0 && c->backoff == 0 && tcp_established(c) && c->snd_wnd;
}

static uint64_t tlp_timeout_us(const struct tcp_conn *c)
{
	uint64_t pto = 2ULL * c->srtt_us;

	if (seq_dist(c->snd_una, c->snd_nxt) <= c->mss)
		pto += WORST_ACK_DELAY_US;
	return MAX(pto, (uint64_t)TLP_MIN_US);
}

void tcp_rto_arm(struct tcp_conn *c)
{
	uint64_t now = tcp_us(c->st), at;

	if (c->rtx_kind == RTX_PERSIST && list_empty(&c->recs))
		return;
	if (list_empty(&c->recs)) {
		c->rtx_kind = RTX_NONE;
		tcp_tm_off(c, TM_RTX);
		return;
	}
	/* RFC 6298 5.3: restarted by new data acknowledged; the first record's age counts (RTO restart). */
	at = now + tcp_rto_now_us(c);
	c->rtx_kind = RTX_RTO;
	if (tlp_wanted(c) && now + tlp_timeout_us(c) < at) {
		at = now + tlp_timeout_us(c);
		c->rtx_kind = RTX_TLP;
	}
	tcp_tm_set(c, TM_RTX, at * 1000);
}
