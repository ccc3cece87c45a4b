/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_net.c: network cards (VIRTIO 1.2, 5.1) behind iface/netif.h.
 *
 * A pair of queues belongs to one shard and is touched under that shard's lock only, so a pair has no lock
 * of its own; but for its transmit queue where shards share it because the device has fewer pairs than there are
 * shards.  The interrupt handlers touch no ring: they tell the shard that there is something.
 *
 * Receive:  one pool page a buffer; with MRG_RXBUF a frame is as many of them as it needs, without it a frame
 *           fits one (then no GUEST_TSO is accepted).  The ring is filled when the shard polls.
 * Transmit: the header goes into the room before the frame's first byte, so most frames are one descriptor.
 *           Frames that the device has sent are freed when the shard comes by, not by interrupt.
 *
 *   [I] set by attach   [s] the shard's lock   [a] atomic   [m] ctl.lock   [t] tx_lock where shared, else [s]
 */
#include "dev/virtio_net.h"

#include "dev/netifs.h"
#include "dev/virtio_net_hdr.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/mutex.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "lib/mem.h"

#define RING_SIZE   256u
#define RX_START    32u /* no fewer than a frame of 64 KB and a quarter more */
#define TX_SEGS	    (PKT_FRAGS + 1u)
#define TX_TABLES   48u
#define TX_LAZY	    32u /* frames sent and not yet freed, before transmit() looks */
#define ETH_HEADER  18u /* with a VLAN tag */
#define HDR	    sizeof(struct virtio_net_hdr)
#define CTL_BYTES   1024u
#define CTL_WAIT_NS 1000000000ull

struct net_pair {
	struct vqueue *rx, *tx;	   /* [I]; the ring of tx: [t] */
	struct virtio_net *net;	   /* [I] */
	struct netif_stats *stats; /* [I] of the pair's own shard */
	unsigned index;		   /* [I] */
	unsigned rx_posted;	   /* [s] buffers that the device has */
	unsigned rx_goal;	   /* [s] buffers that it should have */
	struct pkt_pool *pool;	   /* [s] its shard's; set by the first poll */
	_Atomic bool tx_wait;	   /* [a] somebody waits for room */
	bool shared;		   /* [I] by use_queues(): several shards send by it */
	struct spinlock tx_lock;
};

/* The control queue and the memory of its one command at a time. */
struct net_ctl {
	struct vqueue *q; /* [I] NULL: the device has none */
	struct mutex lock;
	uint8_t *mem; /* [m] command, data, answer */
	uint64_t bus; /* [I] */
};

struct virtio_net {
	struct netif nif;
	struct vdev *vd; /* [I] */
	struct net_ctl ctl;
	unsigned npairs;	/* [I] */
	struct net_pair pair[]; /* [I] */
};

static struct virtio_net *net_of(struct netif *nif)
{
	return nif->dev;
}

/* --- a transmit queue that shards share ------------------------------------------------------------ */

static inline void tx_begin(struct net_pair *p) no_lock_analysis
{
	if (unlikely(p->shared))
		spin_lock(&p->tx_lock);
}

static inline void tx_end(struct net_pair *p) no_lock_analysis
{
	if (unlikely(p->shared))
		spin_unlock(&p->tx_lock);
}

static void *take_used(struct vq *r)
{
	uint32_t len;

	return vq_take(r, &len);
}

/* `next` takes one packet off the ring: freed if it is of the caller's pool, else given back to its shard. [t] */
static cold noinline void take_back(struct net_pair *p, const struct pkt_pool *own,
				    void *(*next)(struct vq *r))
{
	struct netif *nif = &p->net->nif;
	struct pkt_list others;
	struct pkt *k;

	pkt_list_init(&others);
	while ((k = next(&p->tx->ring))) {
		if (!p->shared || k->pool == own)
			pkt_free(k);
		else
			pkt_list_add(&others, k);
	}
	if (others.count)
		nif->up->sent(nif->up_ctx, nif, &others);
	if (p->shared && p->tx->ring.nfree >= p->tx->ring.size / 4u &&
	    /* relaxed: see nif_tx_irq() */
	    atomic_exchange_explicit(&p->tx_wait, false, memory_order_relaxed))
		nif->up->room_soon(nif->up_ctx, nif,
				   p->index); /* the interrupt would find nothing used */
}

/* What the device has sent. [t] */
static void tx_reap(struct net_pair *p, const struct pkt_pool *own)
{
	struct pkt *k;
	uint32_t len;

	if (unlikely(p->shared)) {
		take_back(p, own, take_used);
		return;
	}
	while ((k = vq_take(&p->tx->ring, &len)))
		pkt_free(k);
}

/* --- the end of trust ------------------------------------------------------------------------------ */

/* The device is gone: give back what it had. The pair's own shard. */
static void abandon(struct net_pair *p)
{
	struct pbuf *b;

	while ((b = vq_drain(&p->rx->ring)))
		pbuf_put(b);
	tx_begin(p);
	take_back(p, p->pool, vq_drain);
	tx_end(p);
	p->rx_posted = 0;
	/* relaxed: a flag for people to read */
	atomic_store_explicit(&p->net->nif.link_up, false, memory_order_relaxed);
}

static inline bool pair_dead(const struct net_pair *p)
{
	return unlikely(p->rx->ring.error || p->tx->ring.error || vdev_failed(p->net->vd));
}

/* The pair's own shard takes back what the device had; for another that sends by it the device only stops. */
static cold noinline bool pair_failed(struct net_pair *p, unsigned q)
{
	const char *why = p->rx->ring.error ?: p->tx->ring.error;

	if (why)
		vdev_fail(p->net->vd, "queue pair %u: %s", p->index, why);
	if (q == p->index)
		abandon(p);
	return false;
}

/* For user q. False: the pair is dead, and empty once its own shard has found it so. */
static inline bool pair_ok(struct net_pair *p, unsigned q)
{
	return likely(!pair_dead(p)) || pair_failed(p, q);
}

/* --- receive -------------------------------------------------------------------------------------- */

/*
 * How many buffers to keep posted: few at first, twice as many whenever more than half were used between two
 * looks.  At most a quarter of the pool: the rest is for sending and for the sockets.
 */
static unsigned rx_goal(struct net_pair *p, const struct pkt_pool *pool)
{
	unsigned most = MIN((unsigned)p->rx->ring.size, MAX(pool->max_pages / 4, 8u));

	if (p->rx_goal == 0)
		p->rx_goal = MIN(RX_START, most);
	else if (p->rx_posted < p->rx_goal / 2)
		p->rx_goal = MIN(2 * p->rx_goal, most);
	return p->rx_goal;
}

static void rx_fill(struct net_pair *p, struct pkt_pool *pool)
{
	unsigned goal;

	/* In batches: a notification, where the device wants one, for many buffers. */
	if (p->rx_posted > p->rx_goal - p->rx_goal / 4)
		return;
	p->pool = pool;
	goal = rx_goal(p, pool);
	while (p->rx_posted < goal) {
		struct pbuf *b = pbuf_alloc(pool);
		struct vq_seg seg;

		if (!b)
			break; /* what is posted must do */
		seg = (struct vq_seg){ vdev_bus(b->base), b->size };
		if (vq_add(&p->rx->ring, &seg, 0, 1, b)) {
			pbuf_put(b);
			break;
		}
		p->rx_posted++;
	}
	vqueue_kick(p->rx);
}

static struct pbuf *rx_take(struct net_pair *p, uint32_t *len)
{
	struct pbuf *b = vq_take(&p->rx->ring, len);

	if (b)
		p->rx_posted--;
	return b;
}

/* 5.1.6.4: the further buffers of a frame. They were used before the first one was shown. */
static bool rx_more(struct net_pair *p, struct pkt *k, unsigned n)
{
	bool good = true;

	while (n--) {
		uint32_t len;
		struct pbuf *b = rx_take(p, &len);

		if (!b) {
			vq_break(&p->rx->ring, "a frame has fewer buffers than its header says");
			return false;
		}
		if (!good || !len || !pkt_add_frag(k, b, 0, len)) {
			pbuf_put(b);
			good = false;
		}
	}
	return good;
}

/* The frame that begins in `b`, or NULL: it was dropped, and counted. */
static struct pkt *rx_frame(struct net_pair *p, struct pkt_pool *pool, struct pbuf *b, uint32_t len)
{
	struct netif_stats *st = p->stats;
	uint64_t features = p->net->vd->features;
	bool merged = features & VIRTIO_NET_F_MRG_RXBUF;
	struct virtio_net_hdr h;
	struct pkt *k;

	if (len < HDR) {
		vq_break(&p->rx->ring, "a frame is shorter than its header");
		pbuf_put(b);
		return NULL;
	}
	memcpy(&h, b->base, sizeof(h));
	k = pkt_alloc_rx(pool, b, HDR, len - (uint32_t)HDR);
	if (!k) {
		/* Its other buffers come back to nobody. */
		for (unsigned n = merged ? h.num_buffers : 1; n > 1 && (b = rx_take(p, &len)); n--)
			pbuf_put(b);
		st->rx_dropped++;
		return NULL;
	}
	if ((merged && h.num_buffers > 1 && !rx_more(p, k, h.num_buffers - 1u)) ||
	    !virtio_net_hdr_apply(&h, features, k)) {
		st->rx_errors++;
		pkt_free(k);
		return NULL;
	}
	k->nif = &p->net->nif;
	st->rx_packets++;
	st->rx_bytes += k->len;
	return k;
}

static unsigned nif_poll(struct netif *nif, unsigned q, struct pkt_pool *pool, struct pkt_list *out,
			 unsigned max)
{
	struct net_pair *p = &net_of(nif)->pair[q];
	unsigned n = 0;
	struct pbuf *b;
	uint32_t len;

	if (!pair_ok(p, q))
		return 0;
	while (n < max && (b = rx_take(p, &len))) {
		struct pkt *k = rx_frame(p, pool, b, len);

		if (!k)
			continue;
		pkt_list_add(out, k);
		n++;
	}
	if (p->tx->ring.inflight) {
		tx_begin(p);
		tx_reap(p, pool);
		tx_end(p);
	}
	rx_fill(p, pool);
	TRACE(TRACE_NET, "net poll", q, n, p->rx_posted);
	(void)pair_ok(p, q); /* what was taken before it broke is good */
	return n;
}

static bool nif_rx_irq(struct netif *nif, unsigned q, bool on)
{
	struct net_pair *p = &net_of(nif)->pair[q];

	if (on)
		return vq_irq_enable(&p->rx->ring, 0) && !p->rx->ring.error;
	vq_irq_disable(&p->rx->ring);
	return false;
}

/* --- transmit ------------------------------------------------------------------------------------- */

static err_t tx_add(struct net_pair *p, struct pkt *k)
{
	struct vq_seg seg[TX_SEGS];
	struct virtio_net_hdr h;
	unsigned n = 1;

	virtio_net_hdr_of(k, &h);
	memcpy(k->data - HDR, &h, HDR);
	seg[0] = (struct vq_seg){ vdev_bus(k->data - HDR), k->lin + (uint32_t)HDR };
	for (unsigned i = 0; i < k->nfrags; i++, n++) {
		const struct pkt_frag *f = &k->frag[i];

		seg[n] = (struct vq_seg){ vdev_bus(f->buf->base + f->off), f->len };
	}
	return vq_add(&p->tx->ring, seg, n, 0, k);
}

static void tx_drop_all(struct netif_stats *st, struct pkt_list *batch)
{
	st->tx_dropped += batch->count;
	pkt_list_free(batch);
}

/* False: no room, even after what was sent has been taken back. */
static noinline bool tx_retry(struct net_pair *p, struct pkt *k)
{
	tx_reap(p, k->pool);
	return tx_add(p, k) == 0;
}

/* [t] What finds no room stays in `batch`. */
static inline void send_frames(struct net_pair *p, struct netif_stats *st, struct pkt_list *batch)
{
	struct vqueue *tx = p->tx;
	uint64_t bytes = 0;
	uint32_t before = batch->count;
	struct pkt *k;

	if (tx->ring.inflight >= TX_LAZY)
		tx_reap(p, batch->first->pool);
	while ((k = batch->first)) {
		uint32_t len = k->len;

		if (tx_add(p, k) && !tx_retry(p, k))
			break;
		batch->first =
			k->next; /* its memory is the device's now: only the links are ours */
		batch->count--;
		bytes += len;
	}
	if (!batch->first)
		pkt_list_init(batch);
	vqueue_kick(tx);
	st->tx_packets += before - batch->count;
	st->tx_bytes += bytes;
	p->stats->tx_kicks = tx->kicks;
}

static void nif_transmit(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct net_pair *p = &net_of(nif)->pair[q];

	send_frames(p, p->stats, batch);
	if (unlikely(batch->first) && !pair_ok(p, q))
		tx_drop_all(p->stats, batch);
}

static struct net_pair *tx_pair(struct netif *nif, unsigned q)
{
	struct virtio_net *n = net_of(nif);

	return &n->pair[q % n->npairs];
}

/* With more users than pairs, in place of nif_transmit(). */
static noinline void transmit_shared(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct net_pair *p = tx_pair(nif, q);

	tx_begin(p);
	send_frames(p, &nif->stats[q], batch);
	tx_end(p);
	if (unlikely(batch->first) && !pair_ok(p, q))
		tx_drop_all(&nif->stats[q], batch);
}

static bool tx_room_later(struct net_pair *p)
{
	struct vq *r = &p->tx->ring;

	tx_reap(p, NULL);
	if (r->nfree < r->size / 4u)
		/* When half of what is out has been sent. */
		return vq_irq_enable(r, r->inflight / 2) || vdev_failed(p->net->vd);
	/* relaxed: see nif_tx_irq() */
	atomic_store_explicit(&p->tx_wait, false, memory_order_relaxed);
	return true;
}

static bool nif_tx_irq(struct netif *nif, unsigned q, bool on)
{
	struct net_pair *p = tx_pair(nif, q);
	bool room = false;

	tx_begin(p);
	/* relaxed: the handler's look at it is a hint; the order that matters is in vq_irq_enable() */
	atomic_store_explicit(&p->tx_wait, on, memory_order_relaxed);
	if (on)
		room = tx_room_later(p);
	else
		vq_irq_disable(&p->tx->ring);
	tx_end(p);
	return room;
}

/* --- interrupts ----------------------------------------------------------------------------------- */

static void rx_on_irq(struct vqueue *q)
{
	struct net_pair *p = q->owner;
	struct netif *nif = &p->net->nif;

	/* A line shared by all queues: look who it was. */
	if (nif->up && (q->vd->tr->steers || vq_pending(&q->ring)))
		nif->up->rx_ready(nif->up_ctx, nif, p->index);
}

static void tx_on_irq(struct vqueue *q)
{
	struct net_pair *p = q->owner;
	struct netif *nif = &p->net->nif;

	if (!nif->up || !vq_pending(&q->ring))
		return;
	/* relaxed: see nif_tx_irq() */
	if (atomic_exchange_explicit(&p->tx_wait, false, memory_order_relaxed))
		nif->up->tx_room(nif->up_ctx, nif, p->index);
}

static void read_link(struct virtio_net *n)
{
	bool up = !vdev_has(n->vd, VIRTIO_NET_F_STATUS) ||
		  vdev_config16(n->vd, offsetof(struct virtio_net_config, status)) &
			  VIRTIO_NET_S_LINK_UP;

	/* relaxed: a state that is looked at, ordering nothing */
	atomic_store_explicit(&n->nif.link_up, up, memory_order_relaxed);
}

static void on_config(struct vdev *vd)
{
	struct virtio_net *n = vd->priv;

	read_link(n);
	if (n->nif.up && n->nif.up->link)
		n->nif.up->link(n->nif.up_ctx, &n->nif);
}

static void on_failed(struct vdev *vd)
{
	struct virtio_net *n = vd->priv;

	/* relaxed: as in read_link(). Each shard clears its queues when it next comes by. */
	atomic_store_explicit(&n->nif.link_up, false, memory_order_relaxed);
	if (n->nif.up && n->nif.up->link)
		n->nif.up->link(n->nif.up_ctx, &n->nif);
}

/* --- control -------------------------------------------------------------------------------------- */

/* The device answers at once or never: commands are rare, waiting by looking is good enough. */
static err_t ctl_wait(struct virtio_net *n)
{
	uint64_t end = clock_mono_ns() + CTL_WAIT_NS;
	uint32_t len;

	while (!vq_take(&n->ctl.q->ring, &len)) {
		if (n->ctl.q->ring.error || vdev_failed(n->vd) || clock_mono_ns() > end) {
			vdev_fail(n->vd, "control command: %s",
				  n->ctl.q->ring.error ?: "no answer");
			return -EIO;
		}
		cpu_relax();
	}
	return 0;
}

/* 5.1.6.5: class and command are at mem[0], `bytes` of data follow, then the answer. [m] */
static err_t ctl_run(struct virtio_net *n, unsigned class, unsigned command, size_t bytes)
{
	struct net_ctl *c = &n->ctl;
	size_t answer = sizeof(struct virtio_net_ctrl) + bytes;
	struct vq_seg seg[2] = { { c->bus, (uint32_t)answer }, { c->bus + answer, 1 } };
	err_t err;

	c->mem[0] = (uint8_t) class;
	c->mem[1] = (uint8_t)command;
	c->mem[answer] = 0xff;
	err = vq_add(&c->q->ring, seg, 1, 1, c);
	if (err)
		return err;
	vqueue_kick(c->q);
	err = ctl_wait(n);
	if (err)
		return err;
	return *(volatile uint8_t *)&c->mem[answer] == VIRTIO_NET_CTRL_OK ? 0 : -EIO;
}

static uint8_t *ctl_data(struct virtio_net *n)
{
	return n->ctl.mem + sizeof(struct virtio_net_ctrl);
}

static err_t ctl_flag(struct virtio_net *n, unsigned command, bool on)
{
	*ctl_data(n) = on;
	return ctl_run(n, VIRTIO_NET_CTRL_RX, command, 1);
}

/* 5.1.6.5.2: no unicast addresses but our own, and these multicast ones. */
static err_t ctl_mac_table(struct virtio_net *n, const uint8_t (*mac)[6], unsigned count)
{
	uint32_t head[2] = { 0, count };

	memcpy(ctl_data(n), head, sizeof(head));
	memcpy(ctl_data(n) + sizeof(head), mac, count * 6ul);
	return ctl_run(n, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
		       sizeof(head) + count * 6ul);
}

static err_t nif_rx_filter(struct netif *nif, const uint8_t (*mac)[6], unsigned count, bool promisc,
			   bool allmulti)
{
	struct virtio_net *n = net_of(nif);
	const unsigned most = (CTL_BYTES - 16) / 6;
	err_t err;

	if (!vdev_has(n->vd, VIRTIO_NET_F_CTRL_RX))
		return 0; /* it hears everything */
	mutex_lock(&n->ctl.lock);
	err = ctl_flag(n, VIRTIO_NET_CTRL_RX_PROMISC, promisc);
	if (!err)
		err = ctl_flag(n, VIRTIO_NET_CTRL_RX_ALLMULTI, allmulti || count > most);
	if (!err && count <= most)
		err = ctl_mac_table(n, mac, count);
	mutex_unlock(&n->ctl.lock);
	return err;
}

static const struct netif_ops nif_ops, shared_ops;

/* 5.1.6.5.5: a reset leaves one pair. */
static err_t nif_use_queues(struct netif *nif, unsigned pairs)
{
	struct virtio_net *n = net_of(nif);
	uint16_t count = (uint16_t)pairs;
	err_t err;

	if (pairs < 1 || pairs > n->npairs)
		return -EINVAL;
	for (unsigned i = 0; i < n->npairs; i++)
		n->pair[i].shared = i + n->npairs < nif->users;
	nif->ops = nif->users > n->npairs ? &shared_ops : &nif_ops;
	if (n->npairs == 1)
		return 0;
	mutex_lock(&n->ctl.lock);
	memcpy(ctl_data(n), &count, sizeof(count));
	err = ctl_run(n, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, sizeof(count));
	mutex_unlock(&n->ctl.lock);
	return err;
}

/* --- bringing it up ------------------------------------------------------------------------------- */

static const struct netif_ops nif_ops = {
	.poll = nif_poll,
	.transmit = nif_transmit,
	.rx_irq = nif_rx_irq,
	.tx_irq = nif_tx_irq,
	.use_queues = nif_use_queues,
	.rx_filter = nif_rx_filter,
};

static const struct netif_ops shared_ops = {
	.poll = nif_poll,
	.transmit = transmit_shared,
	.rx_irq = nif_rx_irq,
	.tx_irq = nif_tx_irq,
	.use_queues = nif_use_queues,
	.rx_filter = nif_rx_filter,
};

#define GUEST_GSO                                                                     \
	(VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN | \
	 VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)
#define HOST_GSO                                                                   \
	(VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN | \
	 VIRTIO_NET_F_HOST_USO)

/* 5.1.3.1: what a feature requires, as far as a device that offers nonsense must not confuse us. */
static uint64_t refine(uint64_t f)
{
	/* Merged segments are as long as 64 KB: they need merged buffers here. */
	if (!(f & VIRTIO_NET_F_MRG_RXBUF) || !(f & VIRTIO_NET_F_GUEST_CSUM))
		f &= ~GUEST_GSO;
	if (!(f & VIRTIO_NET_F_CSUM))
		f &= ~HOST_GSO;
	if (!(f & (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6)))
		f &= ~VIRTIO_NET_F_GUEST_ECN;
	if (!(f & (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6)))
		f &= ~VIRTIO_NET_F_HOST_ECN;
	if (!(f & VIRTIO_NET_F_CTRL_VQ))
		f &= ~(VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_MQ);
	return f;
}

static uint32_t netif_features(const struct vdev *vd)
{
	static const struct {
		uint64_t virtio;
		uint32_t netif;
	} map[] = {
		{ VIRTIO_NET_F_CSUM, NETIF_TX_CSUM },	{ VIRTIO_NET_F_HOST_TSO4, NETIF_TSO4 },
		{ VIRTIO_NET_F_HOST_TSO6, NETIF_TSO6 }, { VIRTIO_NET_F_HOST_ECN, NETIF_TSO_ECN },
		{ VIRTIO_NET_F_HOST_USO, NETIF_USO },	{ VIRTIO_NET_F_GUEST_CSUM, NETIF_RX_CSUM },
		{ VIRTIO_NET_F_GUEST_TSO4, NETIF_LRO },
	};
	uint32_t f = NETIF_SG;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (vdev_has(vd, map[i].virtio))
			f |= map[i].netif;
	return f;
}

static void read_mac(struct virtio_net *n)
{
	uint8_t *mac = n->nif.mac;

	if (vdev_has(n->vd, VIRTIO_NET_F_MAC)) {
		for (unsigned i = 0; i < 6; i++)
			mac[i] = vdev_config8(n->vd, i);
		return;
	}
	rand_bytes(mac, 6);
	mac[0] = (mac[0] & 0xfc) | 0x02; /* 5.1.5: locally administered, not a group */
}

/* 5.1.4.1: at least 68. Without merged buffers a frame must fit a pool page. */
static err_t read_mtu(struct virtio_net *n)
{
	uint32_t most = vdev_has(n->vd, VIRTIO_NET_F_MRG_RXBUF) ? 65535 - ETH_HEADER
								: PBUF_ROOM - HDR - ETH_HEADER;

	n->nif.mtu = 1500;
	if (vdev_has(n->vd, VIRTIO_NET_F_MTU)) {
		n->nif.mtu = vdev_config16(n->vd, offsetof(struct virtio_net_config, mtu));
		most = MIN(most, n->nif.mtu);
	}
	n->nif.mtu = MIN(n->nif.mtu, most);
	n->nif.max_mtu = most;
	return n->nif.mtu < 68 ? -EINVAL : 0;
}

static unsigned max_pairs(struct vdev *vd)
{
	return vdev_has(vd, VIRTIO_NET_F_MQ)
		       ? vdev_config16(vd, offsetof(struct virtio_net_config, max_virtqueue_pairs))
		       : 1;
}

static err_t make_pair(struct virtio_net *n, unsigned i)
{
	struct net_pair *p = &n->pair[i];
	struct vqueue_want rx = {
		.index = 2 * i, .size_max = RING_SIZE, .cpu = i, .irq = rx_on_irq, .owner = p
	};
	struct vqueue_want tx = { .index = 2 * i + 1,
				  .size_max = RING_SIZE,
				  .cpu = i,
				  .ntables = TX_TABLES,
				  .table_len = TX_SEGS,
				  .irq = tx_on_irq,
				  .owner = p };
	err_t err;

	p->net = n;
	p->index = i;
	p->stats = &n->nif.stats[i];
	spin_init(&p->tx_lock, RANK_DEV);
	err = vqueue_new(n->vd, &rx, &p->rx);
	if (!err)
		err = vqueue_new(n->vd, &tx, &p->tx);
	if (err)
		return err;
	vq_irq_disable(&p->rx->ring);
	vq_irq_disable(&p->tx->ring);
	return 0;
}

static err_t make_control(struct virtio_net *n)
{
	struct vqueue_want w = { .index = 2 * max_pairs(n->vd), .size_max = 4, .owner = n };

	mutex_init(&n->ctl.lock);
	if (!vdev_has(n->vd, VIRTIO_NET_F_CTRL_VQ))
		return 0;
	n->ctl.mem = vdev_alloc(n->vd, CTL_BYTES, &n->ctl.bus);
	return n->ctl.mem ? vqueue_new(n->vd, &w, &n->ctl.q) : -ENOMEM;
}

static void fill_netif(struct virtio_net *n)
{
	n->nif.ops = &nif_ops;
	n->nif.dev = n;
	n->nif.tx_headroom = HDR;
	n->nif.features = netif_features(n->vd);
	n->nif.gso_max = 65535;
	n->nif.queues = n->npairs;
	read_mac(n);
	read_link(n);
}

static err_t attach(struct vdev *vd)
{
	/* Pairs that share one interrupt share one CPU: more than one buys nothing. */
	unsigned most = vd->tr->steers ? MIN(ncpus, (unsigned)NETIF_MAX_QUEUES) : 1;
	unsigned npairs = MAX(MIN(max_pairs(vd), most), 1u);
	struct virtio_net *n = kzalloc(sizeof(*n) + npairs * sizeof(n->pair[0]));
	err_t err;

	if (!n)
		return -ENOMEM;
	n->vd = vd;
	n->npairs = npairs;
	vd->priv = n;
	fill_netif(n);
	err = read_mtu(n);
	for (unsigned i = 0; !err && i < npairs; i++)
		err = make_pair(n, i);
	if (!err)
		err = make_control(n);
	if (err) {
		kfree(n);
		return err;
	}
	vdev_ready(vd);
	netif_register(&n->nif);
	return 0;
}

const struct vdev_driver virtio_net_driver = {
	.name = "virtio-net",
	.type = VIRTIO_ID_NET,
	.wanted = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU |
		  VIRTIO_NET_F_MAC | GUEST_GSO | HOST_GSO | VIRTIO_NET_F_MRG_RXBUF |
		  VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX |
		  VIRTIO_NET_F_MQ,
	.refine = refine,
	.attach = attach,
	.config_changed = on_config,
	.failed = on_failed,
};
