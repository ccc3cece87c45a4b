/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/pkt/pktscript.c: runs scripts of segments against the stack, in virtual time.  In the manner of
 * packetdrill's language; doc/tcp.md describes ours.
 *
 *	out/host-asan/test/unit/test_pkt_scripts [-v] FILE...
 *
 * Exit 0: all passed; 1: some failed (named, with the line); 2: misuse.  Without files: all there are.
 */
#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/csum.h"
#include "net/tcp_int.h"
#include "test/lib/pages.h"
#include "test/pkt/pktscript.h"

enum { TOLERANCE_NS = 5000000, LOCAL_PORT = 8080, PEER_PORT = 5555, PEER_ISN = 100000000 };

struct capture {
	struct capture *next;
	uint64_t at;
	size_t len;
	uint8_t b[2000];
};

/* One run of one script. */
static struct {
	struct net_stack *st;
	struct net_if *ifc, *lo;
	struct netif dev, lodev;
	struct test_pages pages;
	struct tcp_conn *c, *like;
	struct tcp_listener *l;
	struct capture *out, **out_last;
	uint64_t now, start;
	uint32_t iss;
	bool iss_known, verbose;
	uint32_t last_tsval;
	uint16_t lport;
	const char *file;
	int line;
	bool failed;
} t;

static char owner;

static void fail(const char *f, ...)
{
	va_list ap;

	if (t.failed)
		return;
	t.failed = true;
	fprintf(stderr, "%s:%d: ", t.file, t.line);
	va_start(ap, f);
	vfprintf(stderr, f, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* --- the machine ---------------------------------------------------------------------------------- */

static void on_transmit(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct pkt *p;

	(void)nif, (void)q;
	while ((p = pkt_list_pop(batch)) != NULL) {
		struct capture *k = calloc(1, sizeof(*k));

		k->at = t.now;
		k->len = p->len < sizeof(k->b) ? p->len : sizeof(k->b);
		pkt_copy_out(p, 0, k->b, (uint32_t)k->len);
		pkt_free(p);
		if (k->b[12] != 8 || k->b[13] != 0 || k->b[23] != IP_P_TCP) {
			free(k);
			continue;
		}
		*t.out_last = k;
		t.out_last = &k->next;
	}
}

static const struct netif_ops ops = { .transmit = on_transmit };

static void *zalloc(void *ctx, size_t n)
{
	(void)ctx;
	return calloc(1, n);
}

static void zfree(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

static void must(int e)
{
	if (e)
		errx(2, "set-up: %s", strerror(-e));
}

static void machine_up(void)
{
	struct net_cfg cfg = {
		.max_pages = 10000, .primary = true, .now = 1000000000, .key = { 42 }
	};
	struct net_neigh n = { .addr = ip4(0xc0000202), .mac = { { 2, 0, 0, 0, 0, 2 } } };

	t.now = t.start = cfg.now;
	t.out = NULL;
	t.out_last = &t.out;
	t.c = NULL;
	t.l = NULL;
	t.iss_known = false;
	t.iss = 0;
	t.failed = false;
	t.lport = LOCAL_PORT;
	test_pages_init(&t.pages);
	cfg.mem = (struct net_mem){ .pages = t.pages.src, .alloc = zalloc, .free = zfree };
	t.dev = (struct netif){ .name = "eth0",
				.ops = &ops,
				.mac = { 2, 0, 0, 0, 0, 1 },
				.mtu = 1500,
				.max_mtu = 9000,
				.gso_max = 65535,
				.index = 2,
				.queues = 1,
				.features = NETIF_SG };
	t.lodev = (struct netif){ .name = "lo",
				  .features = NETIF_LOOPBACK,
				  .mtu = 65535,
				  .max_mtu = 65535,
				  .index = 1,
				  .queues = 1 };
	must(net_new(&cfg, &t.st));
	must(net_if_add(t.st, &t.lodev, &t.lo));
	must(net_if_add(t.st, &t.dev, &t.ifc));
	net_if_up(t.lo, true, t.now);
	net_if_up(t.ifc, true, t.now);
	must(net_addr_add(t.ifc, &(struct net_ifaddr){ .addr = ip4(0xc0000201), .bits = 24 },
			  t.now));
	n.ifc = t.ifc;
	must(net_neigh_set(t.st, &n, t.now));
	must(tcp_new(t.st, &owner, &t.like));
	net_flush(t.st);
}

static void machine_down(void)
{
	while (t.out) {
		struct capture *k = t.out;

		t.out = k->next;
		free(k);
	}
	net_free(t.st);
	if (t.pages.out)
		fail("%ld pages were lost", t.pages.out);
}

static void turn(void)
{
	unsigned ev;

	net_poll(t.st, t.now);
	net_flush(t.st);
	while (net_ready_pop(t.st, &ev))
		;
}

/* Let time pass until `until` or, if `stop`, until a segment has come out. */
static void run_until(uint64_t until, bool stop)
{
	while (t.now < until && !(stop && t.out)) {
		uint64_t d = net_deadline(t.st);

		t.now = d < until ? (d > t.now ? d : t.now + 1) : until;
		turn();
	}
}

/* --- text ----------------------------------------------------------------------------------------- */

static char *word(char **s)
{
	char *w;

	while (isspace((unsigned char)**s))
		(*s)++;
	w = *s;
	while (**s && !isspace((unsigned char)**s))
		(*s)++;
	if (**s)
		*(*s)++ = 0;
	return w;
}

struct seg {
	char flags[12];
	uint32_t seq, end, len, ack, win, urg;
	bool has_ack, has_win, has_urg, has_opts, ce;
	bool sackok, has_ts, ecr_last;
	int mss, ws;
	uint32_t tsval, tsecr;
	bool has_ecr;
	int nsack;
	uint32_t sack[4][2];
};

static void parse_opts(char *s, struct seg *g)
{
	char *save = NULL;

	g->has_opts = true;
	for (char *o = strtok_r(s, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		char ecr[32];
		unsigned a, b;

		while (*o == ' ')
			o++;
		if (strcmp(o, "nop") == 0 || strcmp(o, "eol") == 0 || !*o)
			continue;
		if (sscanf(o, "mss %d", &g->mss) == 1 || sscanf(o, "wscale %d", &g->ws) == 1)
			continue;
		if (strcmp(o, "sackOK") == 0) {
			g->sackok = true;
		} else if (sscanf(o, "TS val %u ecr %31s", &g->tsval, ecr) == 2) {
			g->has_ts = true;
			g->ecr_last = strcmp(ecr, "last") == 0;
			g->tsecr = g->ecr_last ? t.last_tsval : (uint32_t)strtoul(ecr, NULL, 10);
			g->has_ecr = strcmp(ecr, "any") != 0;
		} else if (strncmp(o, "sack ", 5) == 0) {
			for (char *p = o + 5; sscanf(p, "%u:%u", &a, &b) == 2 && g->nsack < 4;) {
				g->sack[g->nsack][0] = a;
				g->sack[g->nsack++][1] = b;
				p += strcspn(p, " ");
				p += strspn(p, " ");
			}
		} else {
			fail("option \"%s\"?", o);
		}
	}
}

static void parse_seg(char *s, struct seg *g)
{
	char *lt = strchr(s, '<'), *w;

	memset(g, 0, sizeof(*g));
	g->mss = g->ws = -1;
	if (lt) {
		char *gt = strrchr(lt, '>');

		if (!gt) {
			fail("options without end");
			return;
		}
		*lt = *gt = 0;
		parse_opts(lt + 1, g);
	}
	snprintf(g->flags, sizeof(g->flags), "%s", word(&s));
	w = word(&s);
	if (sscanf(w, "%u:%u(%u)", &g->seq, &g->end, &g->len) != 3)
		fail("\"%s\" is not first:last(length)", w);
	while (*(w = word(&s))) {
		if (strcmp(w, "ack") == 0) {
			g->has_ack = true;
			g->ack = (uint32_t)strtoul(word(&s), NULL, 10);
		} else if (strcmp(w, "win") == 0) {
			g->has_win = true;
			g->win = (uint32_t)strtoul(word(&s), NULL, 10);
		} else if (strcmp(w, "urg") == 0) {
			g->has_urg = true;
			g->urg = (uint32_t)strtoul(word(&s), NULL, 10);
		} else if (strcmp(w, "ce") == 0) {
			g->ce = true;
		} else {
			fail("\"%s\"?", w);
		}
	}
}

static uint8_t flag_bits(const char *f)
{
	static const char names[] = "FSRP.UEW";
	uint8_t v = 0;

	for (; *f; f++) {
		const char *at = strchr(names, *f);

		if (at)
			v |= (uint8_t)(1U << (at - names));
		else if (*f != '-')
			fail("flag '%c'?", *f);
	}
	return v;
}

static void flag_text(uint8_t v, char *out)
{
	static const char names[] = "FSRP.UEW";

	for (int i = 0; i < 8; i++)
		if (v >> i & 1)
			*out++ = names[i];
	*out = 0;
}

/* --- segments in and out -------------------------------------------------------------------------- */

static size_t put_opts(uint8_t *o, const struct seg *g)
{
	size_t n = 0;
	be32 a, b;

	if (g->mss >= 0) {
		memcpy(o + n, (uint8_t[]){ 2, 4, (uint8_t)(g->mss >> 8), (uint8_t)g->mss }, 4);
		n += 4;
	}
	if (g->sackok) {
		memcpy(o + n, (uint8_t[]){ 1, 1, 4, 2 }, 4);
		n += 4;
	}
	if (g->ws >= 0) {
		memcpy(o + n, (uint8_t[]){ 1, 3, 3, (uint8_t)g->ws }, 4);
		n += 4;
	}
	if (g->has_ts) {
		a = be32_of(g->tsval);
		b = be32_of(g->tsecr);
		memcpy(o + n, (uint8_t[]){ 1, 1, 8, 10 }, 4);
		memcpy(o + n + 4, a.b, 4);
		memcpy(o + n + 8, b.b, 4);
		n += 12;
	}
	if (g->nsack) {
		memcpy(o + n, (uint8_t[]){ 1, 1, 5, (uint8_t)(2 + 8 * g->nsack) }, 4);
		n += 4;
		for (int i = 0; i < g->nsack; i++) {
			a = be32_of(t.iss + g->sack[i][0]);
			b = be32_of(t.iss + g->sack[i][1]);
			memcpy(o + n, a.b, 4);
			memcpy(o + n + 4, b.b, 4);
			n += 8;
		}
	}
	return n;
}

static void inject(const struct seg *g)
{
	uint8_t f[14 + 20 + 60 + 3000] = { 0 };
	struct wire_eth *e = (struct wire_eth *)f;
	struct wire_ip4 *h = (struct wire_ip4 *)(e + 1);
	struct wire_tcp *w = (struct wire_tcp *)(h + 1);
	uint32_t optlen = (uint32_t)put_opts((uint8_t *)(w + 1), g), n = 20 + optlen + g->len;
	struct pkt_list in;
	struct pkt *p;

	if (g->len > 3000) {
		fail("too long");
		return;
	}
	memcpy(e->dst, t.dev.mac, 6);
	memcpy(e->src, (uint8_t[]){ 2, 0, 0, 0, 0, 2 }, 6);
	e->type = be16_of(ETH_P_IPV4);
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of((uint16_t)(20 + n)),
				.ttl = 64,
				.proto = 6,
				.tos = g->ce ? 3 : 0,
				.src = ip4_to_wire(ip4(0xc0000202)),
				.dst = ip4_to_wire(ip4(0xc0000201)) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	w->sport = be16_of(PEER_PORT);
	w->dport = be16_of(t.lport);
	w->seq = be32_of(PEER_ISN + g->seq);
	w->ack = be32_of(g->has_ack ? t.iss + g->ack : 0);
	w->off = (uint8_t)((20 + optlen) << 2);
	w->flags = flag_bits(g->flags);
	w->win = be16_of((uint16_t)(g->has_win ? g->win : 65535));
	w->urp = be16_of((uint16_t)g->urg);
	for (uint32_t i = 0; i < g->len; i++)
		((uint8_t *)(w + 1))[optlen + i] = (uint8_t)(g->seq + i);
	csum_store(&w->csum,
		   csum_fold(csum_add(csum_pseudo(ip4(0xc0000202), ip4(0xc0000201), 6, n), w, n)));
	p = pkt_alloc_lin(net_pool(t.st), 64, 34 + n);
	memcpy(pkt_put(p, 34 + n), f, 34 + n);
	pkt_list_init(&in);
	pkt_list_add(&in, p);
	net_input(t.st, t.ifc, &in, t.now);
	turn();
}

static void describe(const struct capture *k, char *out, size_t room)
{
	const struct wire_ip4 *h = (const struct wire_ip4 *)(k->b + 14);
	struct tcp_seg s;
	char flags[12];

	if (tcp_seg_parse(k->b + 34, (uint32_t)k->len - 34, be16_get(h->len) - 20U, &s)) {
		snprintf(out, room, "an unreadable segment");
		return;
	}
	flag_text(s.flags, flags);
	snprintf(out, room, "%.6f > %s %u:%u(%u) ack %u win %u%s", (double)(k->at - t.start) / 1e9,
		 flags, s.seq.v - t.iss, s.seq.v - t.iss + s.len, s.len, s.ack.v - PEER_ISN, s.win,
		 s.nsack ? " sack" : "");
}

static void compare_opts(const struct seg *g, const struct tcp_seg *s)
{
	if (g->mss >= 0 && s->mss != g->mss)
		fail("mss %u, not %d", s->mss, g->mss);
	if (g->ws >= 0 && (!s->has_ws || s->wscale != g->ws))
		fail("wscale %d, not %d", s->has_ws ? s->wscale : -1, g->ws);
	if (g->sackok && !s->sack_ok)
		fail("no sackOK");
	if ((s->flags & TCPF_SYN) && !g->sackok && s->sack_ok)
		fail("sackOK not expected");
	if (g->has_ts != s->has_ts)
		fail("timestamps %s", s->has_ts ? "not expected" : "missing");
	if (g->has_ts && g->has_ecr && !g->ecr_last && s->tsecr != g->tsecr)
		fail("TS ecr %u, not %u", s->tsecr, g->tsecr);
	if (g->nsack != s->nsack)
		fail("%d SACK blocks, not %d", s->nsack, g->nsack);
	for (int i = 0; i < g->nsack && !t.failed; i++)
		if (s->sack[i].start.v != PEER_ISN + g->sack[i][0] ||
		    s->sack[i].end.v != PEER_ISN + g->sack[i][1])
			fail("SACK block %d is %u:%u", i, s->sack[i].start.v - PEER_ISN,
			     s->sack[i].end.v - PEER_ISN);
}

/* A segment must come out at `at`, give or take. */
static void expect(struct seg *g, uint64_t at)
{
	struct capture *k;
	struct tcp_seg s;
	char text[160];
	uint8_t want = flag_bits(g->flags);

	run_until(at + TOLERANCE_NS, true);
	k = t.out;
	if (!k) {
		fail("no segment came out");
		return;
	}
	t.out = k->next;
	if (!t.out)
		t.out_last = &t.out;
	if (tcp_seg_parse(k->b + 34, (uint32_t)k->len - 34,
			  be16_get(((const struct wire_ip4 *)(k->b + 14))->len) - 20U, &s)) {
		fail("an unreadable segment came out");
		return;
	}
	if (!t.iss_known && (s.flags & TCPF_SYN)) {
		t.iss = s.seq.v;
		t.iss_known = true;
		t.lport = s.sport;
	}
	describe(k, text, sizeof(text));
	if (t.verbose)
		printf("  %s\n", text);
	if (k->at + TOLERANCE_NS < at || k->at > at + TOLERANCE_NS)
		fail("at the wrong time (wanted %.6f): %s", (double)(at - t.start) / 1e9, text);
	else if (s.flags != want || s.seq.v - t.iss != g->seq || s.len != g->len ||
		 (g->has_ack && s.ack.v - PEER_ISN != g->ack) || (g->has_win && s.win != g->win) ||
		 (g->has_urg && s.urp != g->urg))
		fail("not what was expected: %s", text);
	else if (g->has_opts)
		compare_opts(g, &s);
	if (g->ce && (k->b[15] & 3) != ECN_ECT0)
		fail("not marked ECT(0): %s", text);
	if (s.has_ts)
		t.last_tsval = s.tsval;
	free(k);
	if (t.now < at)
		run_until(at, false);
}

/* --- commands ------------------------------------------------------------------------------------- */

static size_t any_bytes(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memset(b, 'x', n);
	return n;
}

/* What the script's peer sends is its sequence number; so what is read can be checked. */
static size_t check_bytes(void *ctx, void *b, size_t n)
{
	uint32_t *at = ctx;

	for (size_t i = 0; i < n; i++)
		if (((uint8_t *)b)[i] != (uint8_t)(*at + i))
			fail("byte %u of the stream is wrong", (unsigned)(*at + i));
	*at += (uint32_t)n;
	return n;
}

static const struct {
	const char *name;
	long v;
} names[] = {
	{ "EAGAIN", -EAGAIN },
	{ "ECONNRESET", -ECONNRESET },
	{ "EPIPE", -EPIPE },
	{ "ETIMEDOUT", -ETIMEDOUT },
	{ "ECONNREFUSED", -ECONNREFUSED },
	{ "ENOTCONN", -ENOTCONN },
	{ "EHOSTUNREACH", -EHOSTUNREACH },
	{ "EINVAL", -EINVAL },
	{ "ENETUNREACH", -ENETUNREACH },
	{ "ESTABLISHED", TCP_ESTABLISHED },
	{ "SYN_SENT", TCP_SYN_SENT },
	{ "SYN_RECV", TCP_SYN_RECEIVED },
	{ "FIN_WAIT1", TCP_FIN_WAIT_1 },
	{ "FIN_WAIT2", TCP_FIN_WAIT_2 },
	{ "CLOSE", TCP_CLOSED },
	{ "CLOSE_WAIT", TCP_CLOSE_WAIT },
	{ "LAST_ACK", TCP_LAST_ACK },
	{ "CLOSING", TCP_CLOSING },
};

static long number(const char *s)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(s, names[i].name) == 0)
			return names[i].v;
	return strtol(s, NULL, 0);
}

static const struct {
	const char *name;
	enum tcp_opt o;
} options[] = {
	{ "nodelay", TCP_OPT_NODELAY },
	{ "cork", TCP_OPT_CORK },
	{ "quickack", TCP_OPT_QUICKACK },
	{ "keepalive", TCP_OPT_KEEPALIVE },
	{ "keepidle", TCP_OPT_KEEPIDLE },
	{ "keepintvl", TCP_OPT_KEEPINTVL },
	{ "keepcnt", TCP_OPT_KEEPCNT },
	{ "user_timeout", TCP_OPT_USER_TIMEOUT },
	{ "syncnt", TCP_OPT_SYNCNT },
	{ "linger2", TCP_OPT_LINGER2 },
	{ "defer_accept", TCP_OPT_DEFER_ACCEPT },
	{ "maxseg", TCP_OPT_MAXSEG },
	{ "sndbuf", TCP_OPT_SNDBUF },
	{ "rcvbuf", TCP_OPT_RCVBUF },
	{ "oobinline", TCP_OPT_OOBINLINE },
	{ "congestion", TCP_OPT_CONGESTION },
	{ "ecn", TCP_OPT_ECN },
	{ "fastopen", TCP_OPT_FASTOPEN },
	{ "window_clamp", TCP_OPT_WINDOW_CLAMP },
	{ "rcvlowat", TCP_OPT_RCVLOWAT },
};

static void cmd_opt(char *s)
{
	const char *name = word(&s);
	uint32_t v = (uint32_t)number(word(&s));
	struct tcp_conn *c = t.c ? t.c : t.like;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0) {
			int e = tcp_opt_set(c, options[i].o, v, t.now);

			if (e)
				fail("opt %s: %s", name, strerror(-e));
			turn();
			return;
		}
	fail("option %s?", name);
}

static void cmd_info(char *s)
{
	struct tcp_stats i;
	const char *f = word(&s);
	long want = number(word(&s)), got = -1;
	struct {
		const char *name;
		long v;
	} fields[12];

	if (!t.c) {
		fail("no connection");
		return;
	}
	tcp_conn_stats(t.c, &i, t.now);
	fields[0].name = "state", fields[0].v = i.state;
	fields[1].name = "cwnd", fields[1].v = i.snd_cwnd;
	fields[2].name = "ssthresh", fields[2].v = i.snd_ssthresh;
	fields[3].name = "unacked", fields[3].v = i.unacked;
	fields[4].name = "lost", fields[4].v = i.lost;
	fields[5].name = "sacked", fields[5].v = i.sacked;
	fields[6].name = "ca_state", fields[6].v = i.ca_state;
	fields[7].name = "mss", fields[7].v = i.snd_mss;
	fields[8].name = "error", fields[8].v = -tcp_ep(t.c)->err;
	fields[9].name = "readable", fields[9].v = (long)tcp_readable(t.c);
	fields[10].name = "backoff", fields[10].v = i.backoff;
	fields[11].name = "mark", fields[11].v = tcp_at_mark(t.c);
	for (int k = 0; k < 12; k++)
		if (strcmp(fields[k].name, f) == 0) {
			got = fields[k].v;
			if (got != want)
				fail("%s is %ld, not %ld", f, got, want);
			return;
		}
	fail("info %s?", f);
}

static uint32_t read_at;

static void cmd_read(char *s)
{
	size_t n = (size_t)number(word(&s));
	unsigned flags = 0;
	char *w;
	long got, want = (long)n;
	uint32_t peek_at = read_at;
	struct net_iov iov = { check_bytes, &read_at };

	while (*(w = word(&s))) {
		if (strcmp(w, "=") == 0)
			want = number(word(&s));
		else if (strcmp(w, "peek") == 0)
			flags |= TCP_MSG_PEEK, iov.ctx = &peek_at;
		else if (strcmp(w, "oob") == 0)
			flags |= TCP_MSG_OOB, iov = (struct net_iov){ any_bytes, NULL };
		else if (strcmp(w, "skip") == 0)
			read_at += (uint32_t)number(word(&s));
	}
	got = tcp_recv(t.c, &iov, n, flags, t.now);
	if (got != want)
		fail("read gave %ld, not %ld", got, want);
	turn();
}

static void cmd_write(char *s)
{
	size_t n = (size_t)number(word(&s));
	unsigned flags = 0;
	char *w;
	long got, want = (long)n;

	while (*(w = word(&s))) {
		if (strcmp(w, "=") == 0)
			want = number(word(&s));
		else if (strcmp(w, "more") == 0)
			flags |= TCP_MSG_MORE;
		else if (strcmp(w, "oob") == 0)
			flags |= TCP_MSG_OOB;
	}
	got = tcp_send(t.c, &(struct net_iov){ any_bytes, NULL }, n, flags, t.now);
	if (got != want)
		fail("write gave %ld, not %ld", got, want);
	turn();
}

static void cmd_listen(char *s)
{
	int backlog = (int)number(word(&s)), e;

	e = tcp_listen(t.like, ip4(0), LOCAL_PORT, 0, backlog ? (unsigned)backlog : 8, &owner,
		       &t.l);
	if (e)
		fail("listen: %s", strerror(-e));
}

static void cmd_accept(char *s)
{
	bool none = strcmp(word(&s), "none") == 0;
	struct tcp_conn *c = t.l ? tcp_accept(t.l, &owner) : NULL;

	if (!c != none) {
		fail(none ? "a connection is there" : "nothing to accept");
		return;
	}
	if (c)
		t.c = c;
	read_at = 1;
}

static void cmd_connect(char *s)
{
	struct tcp_conn_addr a = { .remote = ip4(0xc0000202), .local = ip4(0), .rport = PEER_PORT };
	int e;

	(void)s;
	t.c = t.like;
	must(tcp_new(t.st, &owner, &t.like));
	read_at = 1;
	e = tcp_connect(t.c, &a, t.now);
	if (e)
		fail("connect: %s", strerror(-e));
	turn();
}

static void line(char *s);

/* A whole passive handshake: `established [sack] [ts] [ws N] [mss N] [win N] [nosack]`. */
static void cmd_established(char *s)
{
	char syn[200], opts[120] = "", buf[200], *w;
	int mss = 1000, ws = -1, win = 65535;
	bool sack = false, ts = false;

	while (*(w = word(&s))) {
		sack |= strcmp(w, "sack") == 0;
		ts |= strcmp(w, "ts") == 0;
		if (strcmp(w, "mss") == 0)
			mss = (int)number(word(&s));
		else if (strcmp(w, "ws") == 0)
			ws = (int)number(word(&s));
		else if (strcmp(w, "win") == 0)
			win = (int)number(word(&s));
	}
	snprintf(opts, sizeof(opts), "mss %d", mss);
	if (sack)
		strcat(opts, ",sackOK");
	if (ws >= 0)
		sprintf(opts + strlen(opts), ",wscale %d", ws);
	if (ts)
		strcat(opts, ",TS val 1000 ecr 0");
	if (!t.l)
		cmd_listen(strcpy(buf, ""));
	snprintf(syn, sizeof(syn), "+0 < S 0:0(0) win %d <%s>", win, opts);
	line(syn);
	line(strcpy(buf, "+0 > S. 0:0(0) ack 1"));
	snprintf(buf, sizeof(buf), "+.01 < . 1:1(0) ack 1 win %d%s", win,
		 ts ? " <TS val 1001 ecr last>" : "");
	line(buf);
	line(strcpy(buf, "+0 accept"));
}

static void cmd_icmp(char *s)
{
	char *what = word(&s);
	uint32_t mtu = (uint32_t)number(word(&s)), seq = (uint32_t)number(word(&s));
	uint8_t q[28] = { 0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 6 };
	be32 a = ip4_to_wire(ip4(0xc0000201)), b = ip4_to_wire(ip4(0xc0000202)),
	     v = be32_of(t.iss + seq);
	be16 sp = be16_of(t.lport), dp = be16_of(PEER_PORT);
	uint8_t f[14 + 20 + 8 + 28] = { 0 };
	struct wire_eth *e = (struct wire_eth *)f;
	struct wire_ip4 *h = (struct wire_ip4 *)(e + 1);
	struct wire_icmp *i = (struct wire_icmp *)(h + 1);
	struct pkt_list in;
	struct pkt *p;

	memcpy(q + 12, a.b, 4);
	memcpy(q + 16, b.b, 4);
	memcpy(q + 20, sp.b, 2);
	memcpy(q + 22, dp.b, 2);
	memcpy(q + 24, v.b, 4);
	memcpy(e->dst, t.dev.mac, 6);
	e->type = be16_of(ETH_P_IPV4);
	*h = (struct wire_ip4){
		.ver_ihl = 0x45, .len = be16_of(56), .ttl = 64, .proto = 1, .src = b, .dst = a
	};
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	i->type = 3;
	i->code = strcmp(what, "frag") == 0 ? 4 : strcmp(what, "port") == 0 ? 3 : 1;
	i->ptb.mtu = be16_of((uint16_t)mtu);
	memcpy(i + 1, q, 28);
	csum_store(&i->csum, csum_fold(csum_add(0, i, 36)));
	p = pkt_alloc_lin(net_pool(t.st), 64, sizeof(f));
	memcpy(pkt_put(p, sizeof(f)), f, sizeof(f));
	pkt_list_init(&in);
	pkt_list_add(&in, p);
	net_input(t.st, t.ifc, &in, t.now);
	turn();
}

static void cmd_close(char *s)
{
	(void)s;
	tcp_close(t.c, t.now);
	t.c = NULL;
	turn();
}

static void cmd_abort(char *s)
{
	(void)s;
	tcp_abort(t.c, t.now);
	t.c = NULL;
	turn();
}

static void cmd_shutdown(char *s)
{
	int e = tcp_shutdown(t.c, strcmp(word(&s), "rd") == 0 ? TCP_SHUT_RD : TCP_SHUT_WR, t.now);

	if (e)
		fail("shutdown: %s", strerror(-e));
	turn();
}

/* Nothing has come out up to now. */
static void cmd_quiet(char *s)
{
	char text[160];

	(void)s;
	if (t.out) {
		describe(t.out, text, sizeof(text));
		fail("it should be quiet, but: %s", text);
	}
}

static const struct {
	const char *name;
	void (*run)(char *args);
} cmds[] = {
	{ "listen", cmd_listen }, { "accept", cmd_accept },	{ "connect", cmd_connect },
	{ "write", cmd_write },	  { "read", cmd_read },		{ "close", cmd_close },
	{ "abort", cmd_abort },	  { "shutdown", cmd_shutdown }, { "opt", cmd_opt },
	{ "info", cmd_info },	  { "quiet", cmd_quiet },	{ "established", cmd_established },
	{ "icmp", cmd_icmp },
};

static void line(char *s)
{
	char *w = word(&s), *cmd;
	struct seg g;
	uint64_t at;

	if (t.failed || !*w || *w == '#')
		return;
	if (*w != '+') {
		fail("a line begins with +seconds");
		return;
	}
	at = t.now + (uint64_t)(strtod(w + 1, NULL) * 1e9 + 0.5);
	while (isspace((unsigned char)*s))
		s++;
	if (*s == '>') {
		s++;
		parse_seg(s, &g);
		expect(&g, at);
		return;
	}
	run_until(at, false);
	if (*s == '<') {
		s++;
		parse_seg(s, &g);
		inject(&g);
		return;
	}
	cmd = word(&s);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		if (strcmp(cmds[i].name, cmd) == 0) {
			cmds[i].run(s);
			return;
		}
	fail("\"%s\"?", cmd);
}

/* A file holds several tests, each after a line "== name". */
static int run_file(const char *name, int *passed)
{
	FILE *f = fopen(name, "r");
	char buf[400];
	bool up = false;
	int bad = 0;

	if (!f)
		err(2, "%s", name);
	t.file = name;
	t.line = 0;
	while (fgets(buf, sizeof(buf), f)) {
		t.line++;
		buf[strcspn(buf, "\n")] = 0;
		if (strncmp(buf, "== ", 3) == 0) {
			if (up) {
				machine_down();
				bad += t.failed;
				*passed += !t.failed;
			}
			machine_up();
			up = true;
			if (t.verbose)
				printf("%s\n", buf);
			continue;
		}
		if (up)
			line(buf);
	}
	if (up) {
		machine_down();
		bad += t.failed;
		*passed += !t.failed;
	}
	fclose(f);
	return bad;
}

int pktscript_main(int argc, char **argv)
{
	int bad = 0, passed = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			t.verbose = true;
		else
			bad += run_file(argv[i], &passed);
	}
	if (argc < 2)
		errx(2, "usage: test_pkt_scripts [-v] FILE...");
	printf("pktscript: %d passed, %d failed\n", passed, bad);
	return bad ? 1 : 0;
}
