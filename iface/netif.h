/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface/netif.h: a network device as its driver offers it and as a stack uses it.  Drivers do not know
 * the stack and the stack does not know drivers: a driver fills a struct netif and answers netif_ops;
 * whoever drives the stack (sock/shard.c, a test) fills netif_up.
 *
 * Queues:   a device has `queues` queue pairs.  Pair n is used by shard n only, under shard n's lock, with
 *           shard n's packet pool.  Calls for different queues run at the same time.
 *           With more users than pairs, user n sends by pair n % queues: transmit() and tx_irq() exclude each other
 *           then, and what was sent goes back by up->sent to the one whose pool it is of.
 * Frames:   whole Ethernet frames without FCS, from destination address on.  On transmit p->data has
 *           at least `tx_headroom` bytes before it for the device's own header.
 */
#pragma once

#include "lib/err.h"
#include "lib/pkt.h"
#include "lib/util.h"

/* What the device can do; the driver sets them, configuration may clear them. */
enum {
	NETIF_TX_CSUM = 1 << 0, /* honours PKT_CSUM_NEEDED, any protocol, any offset */
	NETIF_TSO4 = 1 << 1,
	NETIF_TSO6 = 1 << 2,
	NETIF_TSO_ECN = 1 << 3,
	NETIF_USO = 1 << 4,
	NETIF_SG = 1 << 5,	/* takes packets with fragments */
	NETIF_RX_CSUM = 1 << 6, /* marks PKT_CSUM_OK where it checked */
	NETIF_LRO = 1 << 7,	/* merges received TCP segments: software need not */
	NETIF_LOOPBACK = 1 << 8,
	NETIF_NOARP = 1 << 9, /* no neighbours to resolve: loopback, tun */
	NETIF_RSS = 1 << 10,  /* spreads flows over the queues by itself */
};

/* Counters of one queue; written under its shard's lock only, by the driver, loopback's by the stack. */
struct netif_stats {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	uint64_t rx_irqs, tx_kicks;
};

struct netif_ops {
	/*
	 * Take up to `max` received frames off queue `q` into `out`, and give the device new buffers from
	 * `pool`.  Returns how many.  Marks PKT_CSUM_OK / CSUM_NEEDED, gso_size/gso_type of merged frames.
	 */
	unsigned (*poll)(struct netif *nif, unsigned q, struct pkt_pool *pool, struct pkt_list *out,
			 unsigned max);
	/*
	 * Hand the frames of `batch` to the device: frees what it has sent (now or later), leaves in `batch`
	 * what finds no room.  Tells the device at most once.  Completions are taken lazily, here and in
	 * poll().
	 */
	void (*transmit)(struct netif *nif, unsigned q, struct pkt_list *batch);
	/*
	 * Ask for an interrupt (up->rx_ready) at the next frame, or for none.  Returns true if frames are
	 * there already: then no interrupt will come and the caller polls again.
	 */
	bool (*rx_irq)(struct netif *nif, unsigned q, bool on);
	/*
	 * `batch` was left with frames: call up->tx_room when there is room again.  Returns true if there is
	 * room already.  NULL: there is always room.
	 */
	bool (*tx_irq)(struct netif *nif, unsigned q, bool on);
	/*
	 * Receive on the first `n` pairs from now on (1 before): each must be polled then; nif->users is set.
	 * May sleep.  NULL: there is one pair, and one user.
	 */
	err_t (*use_queues)(struct netif *nif, unsigned n);
	/* Multicast addresses to receive (`n` of 6 bytes each), and everything if `promisc`.  NULL: the
	 * device hears all multicast anyway.  May sleep. */
	err_t (*rx_filter)(struct netif *nif, const uint8_t (*mac)[6], unsigned n, bool promisc,
			   bool allmulti);
};

/* Called by the driver, from interrupt context, any CPU. */
struct netif_up {
	void (*rx_ready)(void *ctx, struct netif *nif, unsigned q);
	void (*tx_room)(void *ctx, struct netif *nif, unsigned q);
	void (*link)(void *ctx, struct netif *nif); /* netif->link_up or mtu changed */
	/* With more users than pairs: these are of other pools than the caller's of transmit() or poll(), whose
	 * shard's lock is held. Never called otherwise. */
	void (*sent)(void *ctx, struct netif *nif, struct pkt_list *done);
	/* In the same case: somebody waits for tx_room on pair `q`, and what another sent has made it. */
	void (*room_soon)(void *ctx, struct netif *nif, unsigned q);
};

enum { NETIF_NAME = 16, NETIF_MAX_QUEUES = 64 };

/*   [I] set before registration   [a] atomic, any CPU   [q] the queue's shard */
struct netif {
	char name[NETIF_NAME];	     /* [I] "eth0" */
	const struct netif_ops *ops; /* [I] from use_queues() on */
	void *dev;		     /* [I] the driver's */
	const struct netif_up
		*up;	      /* [I] set by who drives the stack, before rx_irq() is first called */
	void *up_ctx;	      /* [I] */
	uint8_t mac[6];	      /* [I] */
	uint16_t tx_headroom; /* [I] bytes the driver writes before a frame, at most 32 */
	uint32_t features;    /* [I] NETIF_* */
	uint32_t mtu;	      /* [I] payload of a frame, 68..65535 */
	uint32_t max_mtu;     /* [I] */
	uint32_t gso_max;     /* [I] bytes of a TSO packet, headers included; at most 65535 */
	uint32_t index;	      /* [I] 1, 2, ... as programs see it */
	unsigned queues;      /* [I] */
	unsigned users; /* [I] shards that send by it, set before the first call; 0: `queues` */
	_Atomic bool link_up;			    /* [a] */
	struct netif_stats stats[NETIF_MAX_QUEUES]; /* [q] */
};

/* As many of stats[] are in use. */
static inline unsigned netif_users(const struct netif *nif)
{
	return MAX(nif->queues, nif->users);
}
