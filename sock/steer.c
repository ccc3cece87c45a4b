/* SPDX-License-Identifier: Apache-2.0 */
/* sock/steer.c: see steer.h. */
#include "sock/steer.h"

#include "kern/irq.h"

enum {
	BOX_MAX =
		4096, /* frames that wait in a box at most: as many as a transmit queue of a stack holds */
	BACK_LAZY = 64, /* packets of its own that a shard is not disturbed for */
};

/* --- whose ------------------------------------------------------------------------------------------------ */

/* What is no flow (0), and what only the primary shard answers, goes to the first. */
static struct shard *of_hash(uint32_t hash)
{
	return shard_at((unsigned)((uint64_t)hash * shard_count() >> 32));
}

struct shard *steer_flow(const struct net_flow *f)
{
	return of_hash(net_flow_hash_tuple(f));
}

struct shard *steer_port(uint16_t udp_port)
{
	return of_hash(net_port_hash(udp_port));
}

/* --- giving ----------------------------------------------------------------------------------------------- */

/* False: too many are waiting already, and `in` stays. */
static bool box_put(struct shard *to, struct pkt_list *in, struct pkt_list *back)
{
	struct steer_box *b = &to->box;
	bool on = spin_lock_irq(&b->lock), first = in && !b->in.count;
	bool room = !in || b->in.count + in->count <= BOX_MAX;

	if (in && room)
		pkt_list_splice(&b->in, in);
	if (back) {
		first |= b->back.count < BACK_LAZY && b->back.count + back->count >= BACK_LAZY;
		pkt_list_splice(&b->back, back);
	}
	/* relaxed: looked at again under the lock */
	atomic_store_explicit(&b->some, true, memory_order_relaxed);
	spin_unlock_irq(&b->lock, on);
	if (first)
		irq_poke(to->index);
	return room;
}

void steer_give(struct shard *s, struct shard *to, struct pkt_list *l)
{
	if (box_put(to, l, NULL))
		return;
	s->steer_drops += l->count;
	pkt_list_free(l);
}

/* The lists by shard that s gathers; each goes to `put`. */
static void gather(struct shard *s, struct shard *to, struct pkt *p)
{
	pkt_list_add(&s->sorted[to->index], p);
	s->sorted_mask |= 1ull << to->index;
}

static struct shard *next_gathered(struct shard *s)
{
	unsigned k;

	if (!s->sorted_mask)
		return NULL;
	k = (unsigned)__builtin_ctzll(s->sorted_mask);
	s->sorted_mask &= s->sorted_mask - 1;
	return shard_at(k);
}

void steer_frames(struct shard *s, struct pkt_list *batch)
{
	struct pkt_list mine;
	struct shard *to;
	struct pkt *p;

	pkt_list_init(&mine);
	while ((p = pkt_list_pop(batch)) != NULL) {
		to = of_hash(net_flow_hash(p->data, p->lin));
		if (to == s)
			pkt_list_add(&mine, p);
		else
			gather(s, to, p);
	}
	*batch = mine;
	if (!mine.first)
		pkt_list_init(batch); /* `last` points into the list itself */
	while ((to = next_gathered(s)) != NULL)
		steer_give(s, to, &s->sorted[to->index]);
}

void steer_share(struct shard *s, const struct pkt *p)
{
	for (unsigned k = 0; k < shard_count(); k++) {
		struct pkt *q = k == s->index ? NULL : pkt_copy(net_pool(s->st), p);
		struct pkt_list one;

		if (!q)
			continue; /* without memory for it: it learns another time */
		q->flags |= PKT_SHARED;
		pkt_list_init(&one);
		pkt_list_add(&one, q);
		steer_give(s, shard_at(k), &one);
	}
}

/* --- returning -------------------------------------------------------------------------------------------- */

void steer_sent(struct pkt_list *done)
{
	struct pkt *p;

	while ((p = done->first) != NULL) {
		struct shard *home = shard_at(p->pool->tag);
		struct pkt_list run;

		pkt_list_init(&run);
		while (done->first && done->first->pool == p->pool)
			pkt_list_add(&run, pkt_list_pop(done));
		(void)box_put(home, NULL, &run);
	}
}

/* --- taking ----------------------------------------------------------------------------------------------- */

/* A packet of ours in place of the lender's, which is gathered for the way back. NULL: no memory. */
static struct pkt *adopt(struct shard *s, struct pkt *p)
{
	struct pkt *q = pkt_adopt(net_pool(s->st), p);

	gather(s, shard_at(p->pool->tag), p);
	s->steer_drops += !q;
	return q;
}

static void input(struct shard *s, struct netif *nif, struct pkt_list *batch)
{
	struct net_if *ifc = batch->count ? shard_if(s, nif->index) : NULL;

	if (ifc)
		net_input(s->st, ifc, batch, s->now);
	pkt_list_free(batch);
}

static void input_special(struct shard *s, struct pkt *p)
{
	struct net_if *ifc = shard_if(s, p->nif->index);

	if (!(p->flags & PKT_SHARED))
		net_input_stray(s->st, p, s->now);
	else if (ifc)
		net_input_shared(s->st, ifc, p, s->now);
	else
		pkt_free(p);
}

/* Frames that follow one another off one device stay a batch. */
static void input_all(struct shard *s, struct pkt_list *in)
{
	struct netif *nif = NULL;
	struct pkt_list batch;
	struct pkt *p;

	pkt_list_init(&batch);
	while ((p = pkt_list_pop(in)) != NULL) {
		bool special;

		p = adopt(s, p);
		if (!p)
			continue;
		special = p->flags & (PKT_SHARED | PKT_STRAY);
		if (special || p->nif != nif)
			input(s, nif, &batch);
		nif = p->nif;
		if (special)
			input_special(s, p);
		else
			pkt_list_add(&batch, p);
	}
	input(s, nif, &batch);
}

static void take_list(struct pkt_list *from, struct pkt_list *to)
{
	pkt_list_init(to);
	pkt_list_splice(to, from);
}

void steer_take(struct shard *s)
{
	struct steer_box *b = &s->box;
	struct pkt_list in, back;
	struct shard *lender;
	struct pkt *p;
	bool on;

	/* relaxed: a hint; who put something in pokes us where it matters */
	if (!atomic_load_explicit(&b->some, memory_order_relaxed))
		return;
	on = spin_lock_irq(&b->lock);
	take_list(&b->in, &in);
	take_list(&b->back, &back);
	atomic_store_explicit(&b->some, false, memory_order_relaxed); /* relaxed: under the lock */
	spin_unlock_irq(&b->lock, on);
	while ((p = pkt_list_pop(&back)) != NULL)
		pkt_reclaim(p);
	input_all(s, &in);
	while ((lender = next_gathered(s)) != NULL)
		(void)box_put(lender, NULL, &s->sorted[lender->index]);
}
