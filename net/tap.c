/* SPDX-License-Identifier: Apache-2.0 */
/* net/tap.c: taps on frames (AF_PACKET): clones of what comes and goes. */
#include "net/raw_int.h"

#include "lib/bpf.h"
#include "net/csum.h"

enum { RCVBUF_DEFAULT = 212992 };

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

void tap_bind(struct net_tap *t, uint16_t proto, struct net_if *ifc)
{
	t->proto = proto;
	t->ifc = ifc;
}

void tap_set_filter(struct net_tap *t, const struct bpf_prog *prog, uint32_t base)
{
	t->filter = prog;
	t->base = base;
}

void tap_set_ignore_outgoing(struct net_tap *t, bool on)
{
	t->ignore_outgoing = on;
}

void tap_set_rcvbuf(struct net_tap *t, uint32_t bytes)
{
	t->rcvbuf = MAX(bytes, 2048U);
}

static struct tap_rx *tap_cb(struct pkt *p)
{
	return (struct tap_rx *)(void *)p->scratch;
}

static uint32_t pkttype(const struct pkt *p, bool outgoing)
{
	if (outgoing)
		return LX_PACKET_OUTGOING;
	return p->flags & PKT_BCAST   ? LX_PACKET_BROADCAST
	       : p->flags & PKT_MCAST ? LX_PACKET_MULTICAST
	       : p->flags & PKT_OTHER ? LX_PACKET_OTHERHOST
				      : LX_PACKET_HOST;
}

/* Bytes that the tap wants of this frame, as its filter says. */
static uint32_t wanted(const struct net_tap *t, const struct pkt *p, const struct tap_rx *rx)
{
	struct bpf_view v = { .p = p,
			      .base = (int32_t)t->base,
			      .net = ETH_HLEN,
			      .pkttype = rx->pkttype,
			      .protocol = be16_get(((const struct wire_eth *)p->data)->type),
			      .hatype = rx->hatype,
			      .ifindex = rx->ifindex,
			      .queue = t->st->queue,
			      .cpu = t->st->queue };

	if (!t->filter)
		return UINT32_MAX;
	v.random = net_random(t->st);
	return bpf_run(t->filter, &v);
}

static struct pkt *copy_for(struct net_tap *t, const struct pkt *p)
{
	/* Who looks at frames wants their sums right: a copy, in which they can be made. */
	struct pkt *q =
		p->flags & PKT_CSUM_NEEDED ? pkt_copy(&t->st->pool, p) : pkt_clone(&t->st->pool, p);

	if (q && (q->flags & PKT_CSUM_NEEDED) && q->l4 && q->gso_type == PKT_GSO_NONE)
		csum_finish(q);
	return q;
}

static void tap_one(struct net_tap *t, const struct pkt *p, struct tap_rx rx)
{
	struct pkt *q = NULL;

	rx.want = wanted(t, p, &rx);
	if (!rx.want)
		return;
	t->packets++;
	if (t->rx_mem + pkt_truesize(p) <= MAX(2 * t->rcvbuf, 16384U))
		q = copy_for(t, p);
	if (!q) {
		t->drops++;
		t->st->count.drops[DROP_RCVBUF_FULL]++;
		return;
	}
	*tap_cb(q) = rx;
	t->rx_mem += pkt_truesize(q);
	pkt_list_add(&t->rx, q);
	net_ep_raise(&t->ep, NET_IN);
}

void tap_deliver(struct net_if *ifc, const struct pkt *p, bool outgoing)
{
	const struct wire_eth *h = (const struct wire_eth *)p->data;
	struct tap_rx rx = { .ifindex = ifc->dev->index,
			     .pkttype = pkttype(p, outgoing),
			     .hatype = ifc->loopback ? LX_ARPHRD_LOOPBACK : LX_ARPHRD_ETHER };
	struct net_tap *t;

	if (p->lin < sizeof(*h))
		return;
	list_for_each_entry (t, &ifc->st->raw->taps, link) {
		if ((t->ifc && t->ifc != ifc) ||
		    (outgoing && (t == ifc->st->raw->sender || t->ignore_outgoing)))
			continue;
		if (t->proto == LX_ETH_P_ALL || (!outgoing && t->proto == be16_get(h->type)))
			tap_one(t, p, rx);
	}
}

struct pkt *tap_rx_peek(struct net_tap *t, struct tap_rx *rx)
{
	if (t->rx.first)
		*rx = *tap_cb(t->rx.first);
	return t->rx.first;
}

struct pkt *tap_rx_pop(struct net_tap *t)
{
	struct pkt *p = pkt_list_pop(&t->rx);

	if (p)
		t->rx_mem -= pkt_truesize(p);
	return p;
}

unsigned tap_level(const struct net_tap *t)
{
	return NET_OUT | (t->rx.first ? NET_IN : 0) | (t->ep.err ? NET_ERR : 0);
}

void tap_stats(struct net_tap *t, uint32_t *packets, uint32_t *drops)
{
	*packets = t->packets;
	*drops = t->drops;
	t->packets = t->drops = 0;
}

err_t tap_send(struct net_tap *t, struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = t->st;

	if (!ifc->up || p->len < ETH_HLEN || p->len > ifc->mtu + ETH_HLEN + 4) {
		err_t err = !ifc->up ? -ENETDOWN : p->len < ETH_HLEN ? -EINVAL : -EMSGSIZE;

		net_drop(st, p, DROP_TX_DOWN);
		return err;
	}
	st->raw->sender = t;
	eth_queue(ifc, p);
	st->raw->sender = NULL;
	return 0;
}
