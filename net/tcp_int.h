/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_int.h: TCP's own structures.  Sequence numbers are a type of their own; byte counts are uint32_t;
 * times are microseconds since the stack began (us) or nanoseconds (ns) as their names say.
 *
 * Sender:   sq is the send queue: bytes [snd_una, snd_una + sq_bytes), in buffers that segments refer to.
 *           rec is one record for each range in flight, in sequence order; also linked in the order
 *           of transmission (RFC 8985's list).  pipe = in flight - sacked - lost + retransmitted.
 * Receiver: rq holds packets whose payload is next for the reader; ofo those beyond a gap, sorted.
 */
#pragma once

#include "net/net_int.h"
#include "net/tcp.h"

/* --- sequence numbers: RFC 9293 3.4 ---------------------------------------------------------------- */

struct seq {
	uint32_t v;
};

static inline int32_t seq_diff(struct seq a, struct seq b)
{
	return (int32_t)(a.v - b.v);
}
static inline bool seq_lt(struct seq a, struct seq b)
{
	return seq_diff(a, b) < 0;
}
static inline bool seq_le(struct seq a, struct seq b)
{
	return seq_diff(a, b) <= 0;
}
static inline bool seq_eq(struct seq a, struct seq b)
{
	return a.v == b.v;
}
static inline struct seq seq_add(struct seq a, uint32_t n)
{
	return (struct seq){ a.v + n };
}
static inline uint32_t seq_dist(struct seq from, struct seq to)
{
	return to.v - from.v;
}
static inline struct seq seq_max(struct seq a, struct seq b)
{
	return seq_lt(a, b) ? b : a;
}
static inline struct seq seq_min(struct seq a, struct seq b)
{
	return seq_lt(a, b) ? a : b;
}

/* --- a segment as a checked value ------------------------------------------------------------------ */

enum { TCP_SACKS = 4, TCP_FO_COOKIE_MAX = 16 };

struct sack_block {
	struct seq start, end;
};

struct tcp_seg {
	struct seq seq, ack;
	struct seq end; /* seq + len + SYN + FIN */
	uint32_t len;	/* payload bytes */
	uint32_t hlen;
	uint16_t win; /* as it is on the wire */
	uint16_t urp;
	uint16_t sport, dport;
	uint8_t flags; /* TCPF_* */
	bool ce;       /* IP said Congestion Experienced */
	bool has_ts;
	bool fast; /* no option but timestamps */
	uint8_t nsack;
	uint32_t tsval, tsecr;
	struct sack_block sack[TCP_SACKS];
	/* on SYN only */
	uint16_t mss; /* 0: absent */
	bool has_ws, sack_ok;
	uint8_t wscale;
	int8_t fo_len; /* -1: no fast open option; 0: asks for a cookie */
	uint8_t fo[TCP_FO_COOKIE_MAX];
};

/* Parse and check `len` bytes at `b`, header and options; the payload follows.  `total` is the segment. */
enum drop tcp_seg_parse(const uint8_t *b, uint32_t len, uint32_t total, struct tcp_seg *s);

/* --- connections ----------------------------------------------------------------------------------- */

enum tcp_timer {
	TM_RTX, /* retransmission, tail loss probe or persist: c->rtx_kind says */
	TM_REO, /* RACK's reordering window (RFC 8985 6.3) */
	TM_DELACK,
	TM_KEEP, /* keepalive; SYN-ACK; FIN-WAIT-2 once orphaned */
	TM_PACE,
	TM_CORK,
	TM_COUNT
};
enum rtx_kind { RTX_NONE, RTX_RTO, RTX_TLP, RTX_PERSIST };

enum ca_state { CA_OPEN, CA_DISORDER, CA_CWR, CA_RECOVERY, CA_LOSS };

enum {
	REC_SACKED = 1,
	REC_LOST = 2,
	REC_RETRANS = 4, /* retransmitted and that copy is in flight */
	REC_EVER = 8,	 /* retransmitted at least once */
	REC_FIN = 16,
	REC_SYN = 32,
};

/* A range of sequence numbers in flight. */
struct tcp_rec {
	struct list link; /* c->recs, by seq */
	struct list
		tlink; /* c->trecs, by time of transmission; off it while LOST and not RETRANS */
	struct seq seq, end;
	uint64_t sent_us;   /* last transmission */
	uint64_t delivered; /* c->delivered at that time, for the rate */
	uint64_t delivered_us;
	uint8_t flags; /* REC_* */
	uint8_t tries;
};

struct tcp_cc_ops {
	const char *name;
	void (*init)(struct tcp_conn *c);
	/* `acked` bytes were newly acknowledged while the window may grow. */
	void (*on_ack)(struct tcp_conn *c, uint32_t acked);
	/* The slow start threshold after a loss or an ECN mark. */
	uint32_t (*ssthresh)(struct tcp_conn *c);
	void (*on_rto)(struct tcp_conn *c); /* after ssthresh() */
	void (*on_undo)(struct tcp_conn *c);
};

struct cubic {
	uint64_t epoch_us;   /* 0: no epoch */
	uint32_t w_max;	     /* bytes */
	uint32_t k_ms;	     /* time to reach w_max again */
	uint32_t w_est;	     /* the window Reno would have */
	uint32_t est_acked;  /* fraction of its next step */
	uint32_t cwnd_acked; /* fraction of ours */
	/* HyStart++: the least round trips of this round and the last; 0: not yet known */
	struct seq round_end;
	uint32_t round_min_us, last_min_us;
	uint32_t css_min_us; /* conservative slow start: what it began with; 0: not in it */
	uint8_t samples, css_rounds;
};

/* Options as the socket set them; a listener hands them on. */
struct tcp_opts {
	uint32_t v[TCP_OPT_COUNT];
};

struct tcp_conn {
	struct net_ep ep;
	struct net_stack *st;
	struct tcp_conn *hash_next, **hash_prev;
	struct tcp_conn_addr addr;
	uint32_t hash;
	uint8_t state; /* enum tcp_state */
	uint8_t ca_state;
	bool pacing; /* the path, or the owner, wants it: tcp_pace.c */
	uint8_t rtx_kind;
	bool orphan; /* the owner is gone */
	bool hashed;
	bool fin_queued; /* a FIN follows the last byte of sq */
	bool fin_sent;
	bool fin_rcvd;
	bool fin_ofo; /* a FIN came at fin_seq, beyond a gap */
	bool shut_rd;
	bool ack_now; /* an ACK must be sent */
	bool ts_on, ws_on, sack_on, ecn_on;
	bool ecn_echo;	/* send ECE until CWR comes */
	bool ecn_cwr;	/* CWR is to be set on the next new data */
	bool pingpong;	/* interactive: ACKs ride on answers */
	bool urg_rcv;	/* an urgent byte lies ahead of the reader */
	bool urg_have;	/* it is in urg_byte */
	bool urg_taken; /* it was read out of band */
	bool urg_snd;
	bool nospace; /* the writer wants to hear of room */
	bool refused; /* data within the offered window was not taken for want of memory */
	bool sndbuf_fixed, rcvbuf_fixed;
	bool opt_own;
	uint8_t frto; /* RFC 5682: 1 the timer has run out, 2 one ACK has come since */
	bool tlp_retrans;
	bool reord_seen;
	bool mtu_probing;   /* black hole: the mss was lowered after timeouts */
	bool deferred;	    /* DEFER_ACCEPT: waiting for data, until defer_until_s */
	bool shut_wr_early; /* closed for writing before it was established */
	bool cwnd_limited;
	bool fo_send_cookie; /* fast open: the SYN-ACK carries one */
	bool fo_asked;	     /* our SYN asked for a cookie, or had one */
	bool fo_lazy;	     /* our SYN waits for the first data */
	bool fo_taken;	     /* data of our SYN was acknowledged with it */
	bool had_retrans;    /* in this episode of recovery */
	uint8_t backoff;     /* of the timer: RFC 6298 5.5 */
	uint8_t retries;     /* timeouts in a row */
	uint8_t probes;	     /* keepalive or persist */

	/* --- the way out --- */
	struct net_dst dst;
	uint32_t tso_max;  /* payload bytes of one packet to the device, a multiple of mss */
	uint32_t psum;	   /* sum of the pseudo-header without the length */
	uint32_t head_sum; /* sum of head's IPv4 part */
	uint32_t head_gen; /* head is right while the stack's gen is this */
	uint8_t head[ETH_HLEN + sizeof(struct wire_ip4)];
	uint16_t mss;	   /* payload bytes a segment, options of every segment taken off */
	uint16_t mss_peer; /* the peer's MSS option */
	uint16_t advmss;
	uint16_t fo_syn_len; /* data that our SYN carried, until it is answered */
	uint8_t snd_ws, rcv_ws;

	/* --- sender: RFC 9293 3.3.1 --- */
	struct seq iss, snd_una, snd_nxt, snd_wl1, snd_wl2, snd_up;
	struct seq snd_sml; /* end of the last partial segment (Minshall's Nagle) */
	uint32_t snd_wnd, max_wnd;
	struct pbuf *sq, *sq_tail; /* send queue */
	uint32_t sq_skip;	   /* bytes of the first buffer that are acknowledged */
	uint32_t sq_bytes;	   /* queued, acknowledged ones not counted */
	struct pbuf *sq_cur;	   /* buffer of snd_nxt, NULL: at the end */
	uint32_t sq_cur_off;	   /* offset in its bytes in use */
	uint32_t sndbuf;
	struct list recs, trecs;
	uint32_t nrecs;
	uint32_t sacked, lost, retrans; /* bytes, see pipe() */

	/* --- congestion: RFC 5681, 6675, 6937, 8985 --- */
	const struct tcp_cc_ops *cc;
	uint32_t cwnd, ssthresh; /* bytes */
	uint32_t cwnd_cnt;
	uint32_t prior_cwnd, prior_ssthresh; /* for undo */
	struct seq high_seq;		     /* snd_nxt when recovery began */
	struct seq undo_marker;
	int32_t undo_retrans; /* retransmissions not yet shown needless; < 0: no undo */
	uint32_t prr_delivered, prr_out, prr_base;
	uint32_t dupacks;
	struct seq tlp_high; /* snd_nxt of the probe; == snd_una - 1 unused: tlp_active */
	bool tlp_active;
	uint8_t reo_mult, reo_persist;
	uint64_t rack_us; /* latest transmission that is known delivered ... */
	struct seq rack_end;
	uint32_t rack_rtt_us;
	struct seq fack; /* highest sequence delivered */
	struct seq dsack_round;
	uint64_t delivered, delivered_us; /* bytes, and when the last of them */
	uint64_t rate;			  /* delivery rate, bytes a second */
	uint64_t pace_ns;		  /* next transmission not before */
	union {
		struct cubic cubic;
	} ccp;

	/* --- round trips: RFC 6298 --- */
	uint32_t srtt_us, rttvar_us, rto_us, min_rtt_us; /* srtt 0: none yet */
	uint64_t min_rtt_at_us;
	uint64_t user_since_us; /* oldest unacknowledged byte's time, for USER_TIMEOUT */

	/* --- receiver --- */
	struct seq irs, rcv_nxt, rcv_wup; /* rcv_wup: rcv_nxt as last sent */
	struct seq rcv_adv;		  /* right edge as last advertised */
	struct seq rcv_up;
	struct seq fin_seq;
	struct seq copied; /* read by the owner so far */
	struct seq
		rcv_rtt_seq; /* a round trip of the receiver's ends here; it began at rcv_rtt_at_us */
	struct pkt_list rq, ofo;
	uint32_t rq_bytes, rq_mem, ofo_bytes, ofo_mem;
	uint32_t rcvbuf;  /* bytes of window we are ready to offer */
	uint32_t rcv_mss; /* what the peer seems to send */
	uint32_t ts_recent;
	uint32_t ts_off; /* added to our clock in timestamps */
	uint64_t ts_recent_us;
	uint8_t nsack, quick; /* quick: ACKs to send at once */
	uint8_t urg_byte;
	bool has_dsack;
	struct sack_block rsack[TCP_SACKS]; /* to report; most recent first */
	struct sack_block dsack;
	struct seq space_seq; /* autotuning: where this round of measuring began */
	uint64_t space_us;
	uint32_t space;
	uint32_t rcv_rtt_us;
	uint64_t rcv_rtt_at_us;
	uint32_t defer_until_s;
	int soft_err;	     /* an ICMP error that may explain a timeout */
	uint64_t oow_ack_us; /* last challenge or duplicate ACK: rate limit */

	/* --- timers --- */
	uint64_t tm[TM_COUNT]; /* ns, UINT64_MAX: off */
	uint64_t timer_at;     /* what `timer` is armed for */
	struct wheel_timer timer;
	uint64_t last_rcv_us, last_snd_us, last_ack_us;

	/* --- opening --- */
	struct tcp_listener *listener; /* SYN-RECEIVED, or in its accept queue */
	struct list accept_link;
	struct tcp_opts *opt; /* shared default, or our own */

	/* --- counters for TCP_INFO --- */
	uint64_t bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	uint32_t segs_in, segs_out, data_segs_in, data_segs_out;
	uint32_t total_retrans, dsacks, reord_count, ofo_pkts;
	uint64_t delivered_ce;
};

struct tcp_listener {
	struct net_ep ep;
	struct net_stack *st;
	struct list link; /* table->listeners[hash of port] */
	struct tcp_conn_addr addr;
	unsigned flags; /* TCP_L_* */
	unsigned backlog;
	struct list accept; /* complete, by accept_link */
	struct list syn;    /* in SYN-RECEIVED, oldest first */
	unsigned naccept, nsyn;
	uint64_t
		overflow_us; /* when a cookie was sent last, plus 1: they are believed for a while */
	struct tcp_opts opt;
	const struct tcp_cc_ops *cc;
};

/* A connection in TIME-WAIT, or an orphan in FIN-WAIT-2: what it needs to answer and no more. */
struct tcp_tw {
	struct tcp_tw *hash_next, **hash_prev;
	struct wheel_timer timer;
	struct net_stack *st;
	struct tcp_conn_addr addr;
	struct seq snd_nxt, rcv_nxt;
	uint32_t rcv_wnd;
	uint32_t ts_recent, ts_off;
	uint64_t ts_recent_us;
	uint64_t oow_ack_us;
	uint8_t tos, ttl;
	bool ts_on;
	bool fin_wait_2; /* the peer's FIN is still to come */
};

enum { TCP_LISTEN_BUCKETS = 64 };

/* A cookie that a server has given us (RFC 7413 4.1.3). */
struct fo_entry {
	struct ip_addr remote;
	uint16_t mss;
	uint8_t len; /* 0: empty */
	uint8_t cookie[TCP_FO_COOKIE_MAX];
};
enum { TCP_FO_ENTRIES = 64 };

struct tcp_table {
	struct tcp_conn **hash;
	uint32_t mask, count;
	struct tcp_tw **tw_hash;
	uint32_t tw_mask, tw_count;
	struct list listeners[TCP_LISTEN_BUCKETS];
	struct list dead;  /* connections to be freed when the call in progress is over */
	struct list loose; /* connections outside the hash and every queue, by accept_link */
	struct objcache conns, recs, tws, lists, opts;
	struct tcp_opts defaults;
	uint32_t challenge_count; /* ACKs sent in this second (RFC 5961 5) */
	uint64_t challenge_second;
	uint32_t port_offset;
	struct siphash_key key_cookie;
	uint32_t orphans;
	struct fo_entry fo[TCP_FO_ENTRIES];
	uint32_t fo_next;
};

#define TCP_US_NEVER UINT64_MAX

static inline uint64_t tcp_us(const struct net_stack *st)
{
	return st->now_us;
}

/* Bytes in flight: RFC 6675 5, SetPipe() in one sum. */
static inline uint32_t tcp_pipe(const struct tcp_conn *c)
{
	return seq_dist(c->snd_una, c->snd_nxt) - c->sacked - c->lost + c->retrans;
}

static inline uint32_t tcp_opt(const struct tcp_conn *c, enum tcp_opt o)
{
	return c->opt->v[o];
}

static inline bool tcp_established(const struct tcp_conn *c)
{
	return c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT ||
	       (c->state >= TCP_FIN_WAIT_1 && c->state <= TCP_FIN_WAIT_2) ||
	       c->state == TCP_CLOSING || c->state == TCP_LAST_ACK;
}

/* --- tcp_conn.c: making, tables, timers --- */
struct tcp_conn *tcp_conn_alloc(struct net_stack *st, void *owner);
void tcp_conn_free(struct tcp_conn *c); /* no owner, no timer, off every list after it */
void tcp_conn_hash(struct tcp_conn *c);
void tcp_conn_unhash(struct tcp_conn *c);
bool tcp_conn_taken(struct net_stack *st, const struct tcp_conn_addr *a);
/* Free those that died during this call: last thing in every entry point. */
void tcp_reap(struct net_stack *st);
/* The connection is over with errno `err` (0: orderly): CLOSED, owner told, queues freed. */
void tcp_conn_done(struct tcp_conn *c, int err);
void tcp_tm_set(struct tcp_conn *c, enum tcp_timer t, uint64_t at_ns);
static inline void tcp_tm_off(struct tcp_conn *c, enum tcp_timer t)
{
	c->tm[t] = UINT64_MAX;
}
struct tcp_opts *tcp_opts_own(struct tcp_conn *c); /* writable copy; NULL: no memory */

/* --- tcp_in.c, tcp_rx.c --- */
struct tcp_conn *tcp_conn_find(struct net_stack *st, const struct ip_rx *rx,
			       const struct tcp_seg *s);
/* A segment on its way through a connection; p becomes NULL when somebody kept it. */
struct tcp_rx {
	struct pkt *p;
	const struct ip_rx *ip;
	const struct tcp_seg *s;
};
extern enum drop (*const tcp_rx_state[TCP_NSTATES])(struct tcp_conn *c, struct tcp_rx *r);
void tcp_ts_recent_update(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_conn_input(struct tcp_conn *c, struct pkt *p, const struct ip_rx *rx,
		    const struct tcp_seg *s);
void tcp_enter_established(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_challenge_ack(struct tcp_conn *c); /* RFC 5961, limited */
bool tcp_oow_ack_ok(struct net_stack *st, uint64_t *last_us);

/* --- tcp_pace.c --- */
void tcp_pace_update(struct tcp_conn *c); /* the least round trip, or the option, has changed */
uint64_t tcp_pace_rate(const struct tcp_conn *c); /* bytes a second */
bool tcp_paced(struct tcp_conn *c);		  /* not now: a timer is set */
void tcp_pace_spend(struct tcp_conn *c, uint32_t n);
uint32_t tcp_pace_quantum(const struct tcp_conn *c);

/* --- tcp_fastopen.c --- */
const struct fo_entry *tcp_fo_find(struct net_stack *st, struct ip_addr remote);
void tcp_fo_learn(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_fo_forget(struct tcp_conn *c);
uint32_t tcp_fo_room(const struct tcp_conn *c);
void tcp_fo_open(struct tcp_conn *c);
void tcp_fo_answered(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_syn_begin(struct tcp_conn *c); /* tcp_sock.c: send the SYN and time it */

/* --- tcp_listen.c, tcp_cookie.c --- */
void tcp_listen_input(struct tcp_listener *l, struct pkt *p, const struct ip_rx *rx,
		      const struct tcp_seg *s);
struct tcp_listener *tcp_listener_find(struct net_stack *st, const struct ip_rx *rx,
				       const struct tcp_seg *s);
void tcp_syn_done(struct tcp_conn *c);	 /* the handshake of a passive open has ended well */
void tcp_syn_failed(struct tcp_conn *c); /* ... badly: off the queues, freed by the caller */
struct seq tcp_cookie_make(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s,
			   uint16_t *mss);
/* The mss that a valid cookie stands for; 0: not valid. */
uint16_t tcp_cookie_check(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s);
/* The timestamp of a SYN-ACK with a cookie: it carries what the SYN offered, until the ACK brings it back. */
uint32_t tcp_cookie_ts(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s,
		       bool ecn);
/* Fill in the options that the SYN had; returns whether ECN was agreed. */
bool tcp_cookie_options(const struct tcp_seg *ack, struct tcp_seg *syn);
uint32_t tcp_fo_cookie(struct net_stack *st, const struct ip_rx *rx, uint8_t out[8]);
struct seq tcp_isn(struct net_stack *st, const struct tcp_conn_addr *a);     /* RFC 6528 */
uint32_t tcp_ts_offset(struct net_stack *st, const struct tcp_conn_addr *a); /* RFC 7323 7.1 */
/* Pick a->lport (RFC 6056 algorithm 3 and steering); 0 or -EADDRNOTAVAIL. */
must_check err_t tcp_port_pick(struct net_stack *st, struct tcp_conn_addr *a);

/* --- tcp_tw.c --- */
void tcp_tw_enter(struct tcp_conn *c, bool fin_wait_2, uint64_t life_ns);
struct tcp_tw *tcp_tw_find(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s);
/* True: a new connection may take its place (the entry is gone; *isn says where to begin above). */
bool tcp_tw_input(struct tcp_tw *tw, struct pkt *p, const struct ip_rx *rx, const struct tcp_seg *s,
		  struct seq *isn);
void tcp_tw_free(struct tcp_tw *tw);
bool tcp_tw_taken(struct net_stack *st, const struct tcp_conn_addr *a, bool reuse);
enum { TCP_TIMEWAIT_S = 60 };

/* --- tcp_ack.c, tcp_sack.c, tcp_rack.c, tcp_recover.c --- */

/* What one ACK did. */
struct tcp_acked {
	uint32_t sacked;    /* newly SACKed bytes */
	uint32_t delivered; /* both, each byte once */
	uint32_t lost;	    /* bytes newly marked lost */
	int64_t rtt_us;	    /* sample from a never retransmitted record; < 0: none */
	bool una_moved, wnd_moved;
	bool dsack;
	bool dupack;
	bool orig_delivered;   /* a record never retransmitted was acknowledged */
	bool copy_delivered;   /* one that was retransmitted was, */
	uint64_t copy_sent_us; /* and this is when, the latest of them */
	bool ece;
	struct seq prior_una;
	uint64_t rec_delivered, rec_delivered_us, rec_sent_us; /* of the latest record: the rate */
};

enum drop tcp_ack_in(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_sack_in(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_acked *a);
void tcp_recs_ack(struct tcp_conn *c, struct seq ack, struct tcp_acked *a);
void tcp_sack_renege(struct tcp_conn *c);
void tcp_rack_reo_dsack(struct tcp_conn *c, bool dsack);
void tcp_rec_delivered(struct tcp_conn *c, struct tcp_rec *r, struct tcp_acked *a);
struct tcp_rec *tcp_rec_split(struct tcp_conn *c, struct tcp_rec *r, struct seq at);
void tcp_rec_free(struct tcp_conn *c, struct tcp_rec *r);
void tcp_rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r);
struct tcp_rec *tcp_rec_new(struct tcp_conn *c, struct seq seq, struct seq end, uint8_t flags);
void tcp_rack_stamp(struct tcp_conn *c, struct tcp_rec *r); /* sent now */
void tcp_rack_sent(struct tcp_conn *c, struct tcp_rec *r);  /* and the last to be */
void tcp_rack_update(struct tcp_conn *c, const struct tcp_rec *r);
void tcp_rack_detect(struct tcp_conn *c); /* mark what is late; arms TM_REO */
void tcp_recovery_ack(struct tcp_conn *c, struct tcp_acked *a);
void tcp_enter_loss(struct tcp_conn *c);
void tcp_enter_cwr(struct tcp_conn *c);
void tcp_undo(struct tcp_conn *c);
void tcp_reo_timeout(struct tcp_conn *c);
void tcp_tlp_ack(struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_acked *a);

/* --- tcp_rtt.c --- */
void tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt_us);
void tcp_rto_arm(struct tcp_conn *c);		   /* RTO or TLP for what is in flight, or off */
uint64_t tcp_rto_now_us(const struct tcp_conn *c); /* with backoff */

/* --- tcp_timer.c --- */
void tcp_timer_fire(struct wheel_timer *t, uint64_t now);
void tcp_persist_arm(struct tcp_conn *c);
void tcp_keep_arm(struct tcp_conn *c);

/* --- tcp_out.c, tcp_build.c --- */
void tcp_output(struct tcp_conn *c); /* whatever may be sent now */
long tcp_xmit(struct tcp_conn *c, struct seq seq, uint32_t len, uint8_t flags, struct pbuf *b,
	      uint32_t in, bool fresh);
void tcp_send_ack(struct tcp_conn *c);
void tcp_send_probe(struct tcp_conn *c, bool urgent); /* snd_una - 1, no data */
bool tcp_retransmit(struct tcp_conn *c, struct tcp_rec *r);
void tcp_send_syn(struct tcp_conn *c); /* SYN or SYN-ACK by state; (re)transmission */
void tcp_send_rst(struct tcp_conn *c);
/* Answer a segment that belongs to no connection (RFC 9293 3.10.7.1). */
void tcp_reply_rst(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s);

/* A segment without a connection's state. */
struct tcp_bare {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	struct seq seq, ack;
	uint8_t flags;
	uint16_t win;
	bool has_ts;
	uint32_t tsval, tsecr;
	uint8_t tos;
	uint8_t optlen; /* further options, a multiple of 4 */
	uint8_t opt[36];
};
void tcp_send_bare(struct net_stack *st, const struct tcp_bare *b);
/* The options of a SYN or SYN-ACK. */
struct tcp_syn_opts {
	uint16_t mss;
	int wscale; /* < 0: none */
	bool sack_ok, has_ts;
	uint32_t tsval, tsecr;
	int fo_len; /* < 0: none */
	const uint8_t *fo;
};
uint32_t tcp_syn_options(uint8_t out[40], const struct tcp_syn_opts *o);
uint16_t tcp_advmss(const struct tcp_conn *c);
void tcp_mss_update(struct tcp_conn *c); /* from dst.mtu, the peer's MSS, our options */
must_check err_t tcp_dst_check(struct tcp_conn *c);
uint32_t tcp_ts_now(const struct tcp_conn *c);

/* --- tcp_rcv.c --- */
/* Queue the payload of `p` (data at the payload).  Takes the packet; DROP_NONE if it was of use. */
enum drop tcp_data_in(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s);
/* The same for what begins at rcv_nxt and fits the window. */
void tcp_data_next(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s);
void tcp_fin_in(struct tcp_conn *c);
uint32_t tcp_rcv_window(struct tcp_conn *c); /* bytes to advertise now, never shrinking */
void tcp_rcv_space_adjust(struct tcp_conn *c);
void tcp_rcv_init(struct tcp_conn *c);
void tcp_ack_schedule(struct tcp_conn *c, const struct tcp_seg *s);
void tcp_rcv_free(struct tcp_conn *c);
void tcp_dsack_set(struct tcp_conn *c, struct seq start, struct seq end);

/* --- tcp_sndq.c --- */
void tcp_sndq_ack(struct tcp_conn *c, uint32_t n); /* the first n bytes are acknowledged */
void tcp_sndq_free(struct tcp_conn *c);
void tcp_sndq_sent(struct tcp_conn *c, uint32_t n); /* snd_nxt moves over n bytes */
/* Find the place of byte `off` (from snd_una). */
struct pbuf *tcp_sndq_seek(struct tcp_conn *c, uint32_t off, uint32_t *in);
/* Append references to [off.. off+len) to `p`; returns how many fitted its fragments. */
uint32_t tcp_sndq_attach(struct pbuf *b, uint32_t in, uint32_t len, struct pkt *p);
void tcp_sndbuf_tune(struct tcp_conn *c);
/* Enough room for the writer to be worth waking: a third, and under the low-water mark. */
bool tcp_write_space_ok(const struct tcp_conn *c);
void tcp_write_space(struct tcp_conn *c); /* tell the writer if there is enough room again */

extern const struct tcp_cc_ops tcp_cc_cubic, tcp_cc_reno;
/* Reno's growth by RFC 5681 and 3465, also used by CUBIC for slow start. */
uint32_t tcp_slow_start(struct tcp_conn *c, uint32_t acked);
