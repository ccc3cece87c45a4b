/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/pkt.c: packets, buffers and their pool.  A pool keeps some free pages at hand and gives the rest
 * back to its source.  Invariant: p->len == p->lin + the sum of the fragments' lengths.
 */
#include "lib/pkt.h"

#include "lib/assert.h"
#include "lib/mem.h"

enum { POOL_KEEP = 64 };

static void *pool_page_get(void *ctx)
{
	struct pkt_pool *p = ctx;
	void *page;

	if (p->npages >= p->max_pages)
		return NULL;
	page = p->outer.get(p->outer.ctx);
	if (page)
		p->npages++;
	return page;
}

static void pool_page_put(void *ctx, void *page)
{
	struct pkt_pool *p = ctx;

	p->npages--;
	p->outer.put(p->outer.ctx, page);
}

void pkt_pool_init(struct pkt_pool *p, const struct page_src *src, uint32_t max_pages)
{
	*p = (struct pkt_pool){ .outer = *src, .keep = POOL_KEEP, .max_pages = max_pages };
	p->pages = (struct page_src){ .get = pool_page_get, .put = pool_page_put, .ctx = p };
	objcache_init(&p->pkts, &p->pages, sizeof(struct pkt));
}

void pkt_pool_fini(struct pkt_pool *p)
{
	while (p->free) {
		struct pbuf *b = p->free;

		p->free = b->next;
		pool_page_put(p, b);
	}
	p->nfree = 0;
	objcache_fini(&p->pkts);
	ASSERT(p->npages == 0);
}

enum pkt_scarce pkt_pool_level(const struct pkt_pool *p)
{
	uint32_t used = pkt_pool_used(p), eighth = p->max_pages / 8;

	if (used > 7 * eighth)
		return PKT_LAST;
	if (used > 6 * eighth)
		return PKT_SCARCE;
	return used > 4 * eighth ? PKT_TIGHT : PKT_PLENTY;
}

struct pbuf *pbuf_alloc(struct pkt_pool *p)
{
	struct pbuf *b = p->free;

	if (likely(b != NULL)) {
		p->free = b->next;
		p->nfree--;
	} else {
		b = pool_page_get(p);
		if (!b) {
			p->fails++;
			return NULL;
		}
		b->base = (uint8_t *)b + PBUF_HEAD;
		b->size = PBUF_ROOM;
		b->release = NULL;
		b->pool = p;
	}
	b->refs = 1;
	b->next = NULL;
	b->off = b->len = 0;
	return b;
}

void pbuf_init_extern(struct pbuf *b, void *base, uint32_t size, void (*release)(struct pbuf *),
		      void *ctx)
{
	*b = (struct pbuf){ .base = base, .size = size, .refs = 1, .release = release, .ctx = ctx };
}

void pbuf_free(struct pbuf *b)
{
	struct pkt_pool *p = b->pool;
	uint32_t most;

	if (b->release) {
		b->release(b);
		return;
	}
	most = p->keep + pkt_pool_used(p) / 2;
	if (likely(p->nfree < most)) {
		b->next = p->free;
		p->free = b;
		p->nfree++;
		return;
	}
	pool_page_put(p, b);
	/* Less is in use than there was: what is kept shrinks with it. */
	if (p->nfree > most) {
		b = p->free;
		p->free = b->next;
		p->nfree--;
		pool_page_put(p, b);
	}
}

/*
 * The members before scratch[] but next, data and buf, which the callers set; frag[] and room[] are only valid as far
 * as they are used.  One by one: string instructions begin slowly.
 */
static inline void pkt_reset(struct pkt *p, struct pkt_pool *pool)
{
	p->len = 0;
	p->lin = 0;
	p->flags = 0;
	p->l3 = p->l4 = NULL;
	p->csum_off = p->gso_size = p->vlan_tci = 0;
	p->gso_type = p->gso_ecn = 0;
	p->loop_ifindex = 0;
	p->nfrags = 0;
	p->pool = pool;
	p->nif = NULL;
	p->stamp_ns = 0;
}

struct pkt *pkt_alloc(struct pkt_pool *pool)
{
	struct pkt *p = objcache_alloc(&pool->pkts);

	if (unlikely(!p)) {
		pool->fails++;
		return NULL;
	}
	pkt_reset(p, pool);
	p->next = NULL;
	p->buf = NULL;
	p->data = p->room + PKT_HEADROOM;
	return p;
}

struct pkt *pkt_alloc_rx(struct pkt_pool *pool, struct pbuf *b, uint32_t off, uint32_t len)
{
	struct pkt *p = objcache_alloc(&pool->pkts);

	if (unlikely(!p)) {
		pool->fails++;
		pbuf_put(b);
		return NULL;
	}
	pkt_reset(p, pool);
	p->next = NULL;
	p->buf = b;
	p->data = b->base + off;
	p->lin = (uint16_t)len;
	p->len = len;
	return p;
}

struct pkt *pkt_alloc_lin(struct pkt_pool *pool, uint32_t headroom, uint32_t len)
{
	struct pkt *p;
	struct pbuf *b;

	if (headroom + len <= PKT_ROOM) {
		p = pkt_alloc(pool);
		if (p)
			p->data = p->room + headroom;
		return p;
	}
	b = headroom + len <= PBUF_ROOM ? pbuf_alloc(pool) : NULL;
	return b ? pkt_alloc_rx(pool, b, headroom, 0) : NULL;
}

void pkt_free(struct pkt *p)
{
	for (unsigned i = 0; i < p->nfrags; i++)
		pbuf_put(p->frag[i].buf);
	if (p->buf)
		pbuf_put(p->buf);
	objcache_free(&p->pool->pkts, p);
}

bool pkt_add_frag(struct pkt *p, struct pbuf *b, uint32_t off, uint32_t len)
{
	if (p->nfrags == PKT_FRAGS)
		return false;
	p->frag[p->nfrags++] = (struct pkt_frag){ .buf = b, .off = off, .len = len };
	p->len += len;
	return true;
}

static void frag_drop_first(struct pkt *p)
{
	pbuf_put(p->frag[0].buf);
	p->nfrags--;
	memmove(&p->frag[0], &p->frag[1], p->nfrags * sizeof(p->frag[0]));
}

bool pkt_pull_up(struct pkt *p, uint32_t n)
{
	if (n <= p->lin)
		return true;
	if (n > p->len || n - p->lin > pkt_tailroom(p))
		return false;
	/* The linear buffer may be shared (a clone): its spare room may not be written then. */
	if (p->buf && p->buf->refs > 1)
		return false;
	while (p->lin < n) {
		struct pkt_frag *f = &p->frag[0];
		uint32_t take = MIN(n - p->lin, f->len);

		memcpy(p->data + p->lin, f->buf->base + f->off, take);
		p->lin = (uint16_t)(p->lin + take);
		f->off += take;
		f->len -= take;
		if (f->len == 0)
			frag_drop_first(p);
	}
	return true;
}

void pkt_trim(struct pkt *p, uint32_t len)
{
	while (p->len > len && p->nfrags) {
		struct pkt_frag *f = &p->frag[p->nfrags - 1];
		uint32_t cut = MIN(p->len - len, f->len);

		f->len -= cut;
		p->len -= cut;
		if (f->len)
			continue;
		pbuf_put(f->buf);
		p->nfrags--;
	}
	if (p->len > len) {
		p->lin = (uint16_t)len;
		p->len = len;
	}
}

void pkt_advance(struct pkt *p, uint32_t n)
{
	uint32_t take = MIN(n, (uint32_t)p->lin);

	pkt_pull(p, take);
	n -= take;
	while (n && p->nfrags) {
		struct pkt_frag *f = &p->frag[0];

		take = MIN(n, f->len);
		f->off += take;
		f->len -= take;
		p->len -= take;
		n -= take;
		if (f->len == 0)
			frag_drop_first(p);
	}
}

void pkt_copy_out(const struct pkt *p, uint32_t off, void *dst, uint32_t n)
{
	uint8_t *to = dst;

	DEBUG_ASSERT(off <= p->len && n <= p->len - off);
	if (off < p->lin) {
		uint32_t take = MIN(n, p->lin - off);

		memcpy(to, p->data + off, take);
		to += take;
		n -= take;
		off = 0;
	} else {
		off -= p->lin;
	}
	for (unsigned i = 0; n && i < p->nfrags; i++) {
		const struct pkt_frag *f = &p->frag[i];
		uint32_t take;

		if (off >= f->len) {
			off -= f->len;
			continue;
		}
		take = MIN(n, f->len - off);
		memcpy(to, f->buf->base + f->off + off, take);
		to += take;
		n -= take;
		off = 0;
	}
}

/* Free room at the end of the last fragment, if nobody else can see it. */
static struct pkt_frag *open_frag(struct pkt *p)
{
	struct pkt_frag *f = p->nfrags ? &p->frag[p->nfrags - 1] : NULL;

	return f && f->buf->refs == 1 && !f->buf->release && f->off + f->len < f->buf->size ? f
											    : NULL;
}

bool pkt_append(struct pkt *p, const void *src, uint32_t n)
{
	const uint8_t *from = src;

	if (p->nfrags == 0) {
		uint32_t take = MIN(n, pkt_tailroom(p));

		memcpy(pkt_put(p, take), from, take);
		from += take;
		n -= take;
	}
	while (n) {
		struct pkt_frag *f = open_frag(p);
		uint32_t take;

		if (!f) {
			struct pbuf *b = pbuf_alloc(p->pool);

			if (!b)
				return false;
			if (!pkt_add_frag(p, b, 0, 0)) {
				pbuf_put(b);
				return false;
			}
			f = &p->frag[p->nfrags - 1];
		}
		take = MIN(n, f->buf->size - f->off - f->len);
		memcpy(f->buf->base + f->off + f->len, from, take);
		f->len += take;
		p->len += take;
		from += take;
		n -= take;
	}
	return true;
}

/* The members that describe the frame and not its memory. */
static void meta_copy(struct pkt *to, const struct pkt *from)
{
	to->flags = from->flags;
	to->csum_off = from->csum_off;
	to->gso_size = from->gso_size;
	to->gso_type = from->gso_type;
	to->gso_ecn = from->gso_ecn;
	to->vlan_tci = from->vlan_tci;
	to->nif = from->nif;
	to->stamp_ns = from->stamp_ns;
	to->loop_ifindex = from->loop_ifindex;
	to->l3 = from->l3 ? to->data + (from->l3 - from->data) : NULL;
	to->l4 = from->l4 ? to->data + (from->l4 - from->data) : NULL;
}

struct pkt *pkt_clone(struct pkt_pool *pool, const struct pkt *p)
{
	struct pkt *q;

	if (p->buf) {
		q = pkt_alloc_rx(pool, pbuf_get(p->buf), (uint32_t)(p->data - p->buf->base),
				 p->lin);
		if (!q)
			return NULL;
	} else {
		q = pkt_alloc(pool);
		if (!q)
			return NULL;
		q->data = q->room + (p->data - p->room);
		memcpy(pkt_put(q, p->lin), p->data, p->lin);
	}
	for (unsigned i = 0; i < p->nfrags; i++)
		if (!pkt_add_frag(q, pbuf_get(p->frag[i].buf), p->frag[i].off, p->frag[i].len))
			break; /* as many as p has always fit */
	meta_copy(q, p);
	return q;
}

bool pkt_append_range(struct pkt *q, const struct pkt *p, uint32_t off, uint32_t n)
{
	uint32_t part = off < p->lin ? MIN(n, p->lin - off) : 0;
	bool ok = pkt_append(q, p->data + off, part);

	n -= part;
	off = off < p->lin ? 0 : off - p->lin; /* from here on in the fragments */
	for (unsigned i = 0; i < p->nfrags && n && ok; i++) {
		const struct pkt_frag *f = &p->frag[i];

		part = off < f->len ? MIN(n, f->len - off) : 0;
		if (part)
			ok = pkt_append(q, f->buf->base + f->off + off, part);
		n -= part;
		off -= MIN(off, (uint32_t)f->len);
	}
	return ok;
}

struct pkt *pkt_copy(struct pkt_pool *pool, const struct pkt *p)
{
	uint32_t head = MIN((uint32_t)p->lin, (uint32_t)(PBUF_ROOM - PKT_HEADROOM));
	struct pkt *q = pkt_alloc_lin(pool, PKT_HEADROOM, head);

	if (!q)
		return NULL;
	if (!pkt_append_range(q, p, 0, p->len)) {
		pkt_free(q);
		return NULL;
	}
	meta_copy(q, p);
	memcpy(q->scratch, p->scratch, sizeof(q->scratch));
	return q;
}

static bool can_move(const struct pkt *p)
{
	bool alone = !p->buf || (p->buf->refs == 1 && !p->buf->release);

	for (unsigned i = 0; i < p->nfrags; i++)
		alone &= p->frag[i].buf->refs == 1 && !p->frag[i].buf->release;
	return alone;
}

static uint8_t *moved(const struct pkt *p, struct pkt *q, uint8_t *at)
{
	return at && !p->buf ? q->room + (at - p->room) : at;
}

struct pkt *pkt_adopt(struct pkt_pool *pool, struct pkt *p)
{
	uint32_t pages = p->nfrags + (p->buf ? 1U : 0U);
	struct pkt *q;

	if (!can_move(p))
		return pkt_copy(pool, p);
	if (pool->npages + pages > pool->max_pages)
		return NULL;
	q = objcache_alloc(&pool->pkts);
	if (!q)
		return NULL;
	memcpy(q, p, offsetof(struct pkt, frag) + p->nfrags * sizeof(p->frag[0]));
	q->pool = pool;
	q->data = moved(p, q, p->data);
	q->l3 = moved(p, q, p->l3);
	q->l4 = moved(p, q, p->l4);
	if (q->buf)
		q->buf->pool = pool;
	else
		memcpy(q->data, p->data, p->lin);
	for (unsigned i = 0; i < q->nfrags; i++)
		q->frag[i].buf->pool = pool;
	pool->npages += pages;
	p->data = NULL; /* hollow: len says how many pages its pool has lost */
	p->len = pages;
	p->buf = NULL;
	p->nfrags = 0;
	return q;
}

void pkt_reclaim(struct pkt *p)
{
	if (!p->data)
		p->pool->npages -= p->len;
	pkt_free(p);
}

uint32_t pkt_truesize(const struct pkt *p)
{
	return (uint32_t)sizeof(*p) + ((p->buf ? 1U : 0U) + p->nfrags) * 4096U;
}

void pkt_list_splice(struct pkt_list *to, struct pkt_list *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	to->count += from->count;
	pkt_list_init(from);
}

void pkt_list_free(struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		pkt_free(p);
}
