/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/frag.c: fragmentation and reassembly for both families (RFC 791, 815, 8200 4.5, 5722).  Memory is
 * limited by count and by bytes, the oldest goes first, and any overlap ends the whole datagram: no
 * honest sender makes one.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum {
	QUEUES_MAX = 256,
	PIECES_MAX = 64 + 1, /* of a datagram of 64 KB at 1280 or more, and some */
	BYTES_MAX = 4 << 20,
};
#define REASM_NS 30000000000ULL /* RFC 1122 3.3.2 says 60 to 120 s; RFC 8200 60; attacks say less */

struct frag_queue {
	struct list link; /* oldest first */
	struct wheel_timer timer;
	struct net_stack *st;
	struct ip_addr src, dst;
	uint32_t id;
	uint8_t proto;
	bool v6;
	bool have_last;
	uint32_t total;	   /* bytes, once the last piece is here */
	uint32_t got;	   /* bytes here */
	struct pkt *head;  /* pieces by offset, chained by next */
	struct pkt *first; /* the piece with offset 0, for its header */
	uint32_t npieces;
	uint32_t mem;
};

struct frag_table {
	struct list queues;
	uint32_t nqueues, mem;
};

struct piece {
	uint32_t off, end;
	uint32_t head; /* bytes of network header before the payload */
};

static struct piece *cb(struct pkt *p)
{
	return (struct piece *)(void *)p->scratch;
}

err_t frag_table_init(struct net_stack *st)
{
	struct frag_table *t = st->mem.alloc(st->mem.ctx, sizeof(*t));

	_Static_assert(sizeof(struct frag_queue) <= NET_OBJ_SIZE, "fits a small object");
	if (!t)
		return -ENOMEM;
	list_init(&t->queues);
	st->frags = t;
	return 0;
}

static void queue_free(struct frag_queue *q, enum drop why)
{
	struct net_stack *st = q->st;

	wheel_timer_cancel(&st->wheel, &q->timer);
	list_del(&q->link);
	st->frags->nqueues--;
	st->frags->mem -= q->mem;
	while (q->head) {
		struct pkt *p = q->head;

		q->head = p->next;
		if (why)
			net_drop(st, p, why);
		else
			pkt_free(p);
	}
	net_obj_free(st, q);
}

void frag_table_fini(struct net_stack *st)
{
	while (!list_empty(&st->frags->queues))
		queue_free(list_first(&st->frags->queues, struct frag_queue, link), DROP_NONE);
	st->mem.free(st->mem.ctx, st->frags, sizeof(*st->frags));
	st->frags = NULL;
}

static void count_fail(struct net_stack *st, bool v6)
{
	if (v6)
		MIB_INC(st, Ip6_ReasmFails);
	else
		MIB_INC(st, Ip_ReasmFails);
}

/* RFC 792, 4443 3.3: say so, if the first piece has come. */
static void timed_out(struct wheel_timer *t, uint64_t now)
{
	struct frag_queue *q = container_of(t, struct frag_queue, timer);
	struct net_stack *st = q->st;
	struct ip_rx rx = {
		.src = q->src, .dst = q->dst, .proto = q->proto, .v6 = q->v6, .ifc = st->lo
	};

	(void)now;
	if (q->v6)
		MIB_INC(st, Ip6_ReasmTimeout);
	else
		MIB_INC(st, Ip_ReasmTimeout);
	count_fail(st, q->v6);
	if (q->first)
		icmp_error(st, q->first, &rx, q->v6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED, 1,
			   0);
	queue_free(q, DROP_FRAG_TIMEOUT);
}

static void drop_oldest(struct net_stack *st)
{
	struct frag_queue *old = list_first(&st->frags->queues, struct frag_queue, link);

	count_fail(st, old->v6);
	queue_free(old, DROP_FRAG_LIMIT);
}

/* At most 4 MB, and an eighth of what the pool has, whatever the pieces belong to. */
static void bytes_limit(struct net_stack *st)
{
	uint32_t most = (uint32_t)MIN((uint64_t)BYTES_MAX, st->pool.max_pages * 4096ULL / 8);

	while (st->frags->mem > most)
		drop_oldest(st);
}

static struct frag_queue *queue_find(struct net_stack *st, const struct ip_rx *rx, uint32_t id)
{
	struct frag_table *t = st->frags;
	struct frag_queue *q;

	list_for_each_entry (q, &t->queues, link)
		if (q->id == id && q->v6 == rx->v6 && (q->v6 || q->proto == rx->proto) &&
		    ip_eq(q->src, rx->src) && ip_eq(q->dst, rx->dst))
			return q;
	while (t->nqueues >= QUEUES_MAX)
		drop_oldest(st);
	q = net_obj_alloc(st);
	if (!q)
		return NULL;
	q->st = st;
	q->src = rx->src;
	q->dst = rx->dst;
	q->id = id;
	q->proto = rx->proto;
	q->v6 = rx->v6;
	wheel_timer_init(&q->timer, timed_out);
	wheel_timer_set(&st->wheel, &q->timer, st->now + REASM_NS);
	list_add_tail(&t->queues, &q->link);
	t->nqueues++;
	return q;
}

/* Put the piece in its place.  DROP_NONE: it is in; OLD duplicate: p is not taken; else all is lost. */
static enum drop insert(struct frag_queue *q, struct pkt *p, bool more)
{
	struct pkt **at = &q->head;
	struct piece *x = cb(p);
	uint32_t mem = pkt_truesize(p);

	if (!more) {
		if (q->have_last && q->total != x->end)
			return DROP_FRAG_BAD;
		q->have_last = true;
		q->total = x->end;
	}
	if ((q->have_last && x->end > q->total) || q->npieces >= PIECES_MAX)
		return DROP_FRAG_BAD;
	while (*at && cb(*at)->off < x->off) {
		if (cb(*at)->end > x->off)
			return DROP_FRAG_OVERLAP; /* RFC 5722 4 */
		at = &(*at)->next;
	}
	if (*at && cb(*at)->off == x->off && cb(*at)->end == x->end)
		return DROP_TCP_OLD_DUP; /* the network doubled it: harmless */
	if (*at && cb(*at)->off < x->end)
		return DROP_FRAG_OVERLAP;
	p->next = *at;
	*at = p;
	if (x->off == 0)
		q->first = p;
	q->got += x->end - x->off;
	q->npieces++;
	q->mem += mem;
	q->st->frags->mem += mem;
	return DROP_NONE;
}

/* All pieces are here: the first one's header, then all payloads. */
static struct pkt *join(struct frag_queue *q, uint32_t head)
{
	struct net_stack *st = q->st;
	struct pkt *whole = pkt_alloc_lin(&st->pool, PKT_HEADROOM, MIN(head + q->total, 1600U)), *p;
	uint8_t buf[512];

	if (!whole)
		return NULL;
	memcpy(pkt_put(whole, head), q->first->l3, head);
	whole->l3 = whole->data;
	for (p = q->head; p; p = p->next)
		for (uint32_t off = 0; off < p->len;) {
			uint32_t n = MIN(p->len - off, (uint32_t)sizeof(buf));

			pkt_copy_out(p, off, buf, n);
			if (!pkt_append(whole, buf, n)) {
				pkt_free(whole);
				return NULL;
			}
			off += n;
		}
	whole->flags = q->first->flags & (PKT_LOOPED | PKT_BCAST | PKT_MCAST | PKT_SHARED);
	whole->flags |= st->stray;
	whole->nif = q->first->nif;
	whole->stamp_ns = q->first->stamp_ns;
	return whole;
}

static struct pkt *finish(struct frag_queue *q)
{
	struct net_stack *st = q->st;
	struct pkt *whole;

	if (!q->have_last || q->got != q->total || !q->first)
		return NULL;
	whole = join(q, cb(q->first)->head);
	if (!whole)
		count_fail(st, q->v6);
	else if (q->v6)
		MIB_INC(st, Ip6_ReasmOKs);
	else
		MIB_INC(st, Ip_ReasmOKs);
	queue_free(q, DROP_NONE);
	return whole;
}

/* The piece has data at its payload and l3 at its header. */
static struct pkt *piece_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			       uint32_t id, bool more)
{
	struct piece *x = cb(p);
	struct frag_queue *q;
	enum drop why;

	if (p->len == 0 || x->end + x->head > 65535 || (more && p->len % 8)) {
		count_fail(st, rx->v6);
		net_drop(st, p, DROP_FRAG_BAD);
		return NULL;
	}
	bytes_limit(st);
	q = queue_find(st, rx, id);
	if (!q) {
		net_drop(st, p, DROP_NOMEM);
		return NULL;
	}
	why = insert(q, p, more);
	if (why == DROP_NONE)
		return finish(q);
	net_drop(st, p, why);
	if (why != DROP_TCP_OLD_DUP) {
		count_fail(st, rx->v6);
		queue_free(q, why);
	}
	return NULL;
}

struct pkt *frag4_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_ip4 *h = (const struct wire_ip4 *)p->data;
	uint32_t hlen = (h->ver_ihl & 15U) * 4, frag = be16_get(h->frag),
		 off = (frag & IP4_OFFSET) * 8;
	struct wire_ip4 *w;
	struct pkt *whole;

	MIB_INC(st, Ip_ReasmReqds);
	*cb(p) = (struct piece){ .off = off, .end = off + p->len - hlen, .head = hlen };
	p->l3 = p->data;
	pkt_pull(p, hlen);
	whole = piece_input(st, p, rx, be16_get(h->id), frag & IP4_MF);
	if (!whole)
		return NULL;
	w = (struct wire_ip4 *)whole->data;
	w->len = be16_of((uint16_t)whole->len);
	w->frag = be16_of(0);
	return whole;
}

/* data at the payload after the fragment header; l3 at the IPv6 header. */
struct pkt *frag6_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			const struct wire_ip6_frag *fh, uint32_t unfrag_len, uint32_t prev_next)
{
	uint32_t off = be16_get(fh->off) & 0xfff8, id = be32_get(fh->id);
	bool more = be16_get(fh->off) & 1;
	uint8_t next = fh->next;
	struct pkt *whole;

	MIB_INC(st, Ip6_ReasmReqds);
	*cb(p) = (struct piece){ .off = off, .end = off + p->len, .head = unfrag_len };
	whole = piece_input(st, p, rx, id, more);
	if (!whole)
		return NULL;
	/* RFC 8200 4.5: the fragment header goes, its next header moves up. */
	whole->data[prev_next] = next;
	((struct wire_ip6 *)whole->data)->plen = be16_of((uint16_t)(whole->len - 40));
	return whole;
}

/* --- sending -------------------------------------------------------------------------------------- */

/* Of a fragment: an Ethernet frame's is in one piece, a jumbo frame's or the loopback's is not. */
#define LINEAR_MOST 1600U

/* Header room for one fragment and `n` bytes of payload from `off`. */
static struct pkt *fragment(struct net_stack *st, const struct pkt *p, uint32_t head,
			    uint32_t extra, uint32_t off, uint32_t n)
{
	struct pkt *f =
		pkt_alloc_lin(&st->pool, PKT_HEADROOM - 40, head + extra + MIN(n, LINEAR_MOST));

	if (!f)
		return NULL;
	memcpy(pkt_put(f, head), p->data, head);
	(void)pkt_put(f, extra);
	if (!pkt_append_range(f, p, head + off, n)) {
		pkt_free(f);
		return NULL;
	}
	f->l3 = f->data;
	f->nif = p->nif;
	return f;
}

static void head4(struct pkt *f, uint32_t off, bool more)
{
	struct wire_ip4 *h = (struct wire_ip4 *)f->data;

	h->len = be16_of((uint16_t)f->len);
	h->frag = be16_of((uint16_t)(off / 8 | (more ? IP4_MF : 0)));
	h->csum = be16_of(0);
	csum_store(&h->csum, csum_fold(csum_add(0, h, (h->ver_ihl & 15U) * 4)));
}

static void head6(struct pkt *f, uint32_t off, bool more, uint32_t id)
{
	struct wire_ip6 *h = (struct wire_ip6 *)f->data;
	struct wire_ip6_frag fh = { .next = h->next,
				    .off = be16_of((uint16_t)(off | more)),
				    .id = be32_of(id) };

	memcpy(h + 1, &fh, sizeof(fh));
	h->next = IP_P_FRAGMENT;
	h->plen = be16_of((uint16_t)(f->len - 40));
}

err_t ip_fragment(struct net_stack *st, struct pkt *p, const struct net_dst *d, bool v6)
{
	uint32_t head = v6 ? 40U : (p->data[0] & 15U) * 4, extra = v6 ? 8 : 0;
	uint32_t total = p->len - head, step = (d->mtu - head - extra) & ~7U, id = net_random(st);
	err_t err = 0;

	if (p->flags & PKT_CSUM_NEEDED)
		csum_finish(p);
	for (uint32_t off = 0; off < total && !err; off += step) {
		uint32_t n = MIN(step, total - off);
		struct pkt *f = fragment(st, p, head, extra, off, n);

		if (!f) {
			err = -ENOMEM;
			break;
		}
		if (v6)
			head6(f, off, off + n < total, id);
		else
			head4(f, off, off + n < total);
		err = ip_link_output(st, f, d, v6);
		if (v6)
			MIB_INC(st, Ip6_FragCreates);
		else
			MIB_INC(st, Ip_FragCreates);
	}
	if (err) {
		MIB_INC(st, Ip_FragFails);
	} else if (v6) {
		MIB_INC(st, Ip6_FragOKs);
	} else {
		MIB_INC(st, Ip_FragOKs);
	}
	pkt_free(p);
	return err;
}
