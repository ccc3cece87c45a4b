/* SPDX-License-Identifier: Apache-2.0 */
/* net/tap.c: taps on frames (AF_PACKET): clones of what comes and goes. */
#include "net/raw_int.h"

#include "net/csum.h"

enum { TAP_ALL = 0x0003, RCVBUF_DEFAULT = 212992 };

bool raw_has_taps(const struct net_stack *st)
{
	return !list_empty(&st->raw->taps);
}

err_t tap_new(struct net_stack *st, uint16_t proto, struct net_if *ifc, void *owner,
	      struct net_tap **out)
{
	struct net_tap *t = objcache_alloc(&st->raw->objs);

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	net_ep_init(&t->ep, st, NET_TAP, owner);
	t->st = st;
	t->proto = proto;
	t->ifc = ifc;
	t->rcvbuf = RCVBUF_DEFAULT;
	pkt_list_init(&t->rx);
	list_add_tail(&st->raw->taps, &t->link);
	*out = t;
	return 0;
}

void tap_close(struct net_tap *t)
{
	pkt_list_free(&t->rx);
	list_del(&t->link);
	net_ep_fini(&t->ep);
	objcache_free(&t->st->raw->objs, t);
}

struct net_ep *tap_net_ep(struct net_tap *t)
{
	return &t->ep;
}

void tap_set_rcvbuf(struct net_tap *t, uint32_t bytes)
{
	t->rcvbuf = MAX(bytes, 2048U);
}

static void tap_one(struct net_tap *t, const struct pkt *p)
{
	struct pkt *q;

	if (t->rx_mem + pkt_truesize(p) > MAX(2 * t->rcvbuf, 16384U)) {
		t->st->drops[DROP_RCVBUF_FULL]++;
		return;
	}
	/* Who looks at frames wants their sums right: a copy, in which they can be made. */
	q = p->flags & PKT_CSUM_NEEDED ? pkt_copy(&t->st->pool, p) : pkt_clone(&t->st->pool, p);
	if (!q)
		return;
	if ((q->flags & PKT_CSUM_NEEDED) && q->l4 && q->gso_type == PKT_GSO_NONE)
		csum_finish(q);
	t->rx_mem += pkt_truesize(q);
	pkt_list_add(&t->rx, q);
	net_ep_raise(&t->ep, NET_IN);
}

void tap_deliver(struct net_if *ifc, const struct pkt *p, bool outgoing)
{
	const struct wire_eth *h = (const struct wire_eth *)p->data;
	struct net_tap *t;

	/* What goes over loopback comes back: once is enough. */
	if (p->lin < sizeof(*h) || (outgoing && ifc->loopback))
		return;
	list_for_each_entry (t, &ifc->st->raw->taps, link) {
		if (t->ifc && t->ifc != ifc)
			continue;
		if (t->proto == TAP_ALL || (!outgoing && t->proto == be16_get(h->type)))
			tap_one(t, p);
	}
}

struct pkt *tap_rx_peek(struct net_tap *t)
{
	return t->rx.first;
}

struct pkt *tap_rx_pop(struct net_tap *t)
{
	struct pkt *p = pkt_list_pop(&t->rx);

	if (p)
		t->rx_mem -= pkt_truesize(p);
	return p;
}

err_t tap_send(struct net_stack *st, struct net_if *ifc, struct pkt *p)
{
	if (!ifc->up || p->len < ETH_HLEN || p->len > ifc->mtu + ETH_HLEN + 4) {
		err_t err = !ifc->up ? -ENETDOWN : p->len < ETH_HLEN ? -EINVAL : -EMSGSIZE;

		net_drop(st, p, DROP_TX_DOWN);
		return err;
	}
	eth_queue(ifc, p);
	return 0;
}
