/* SPDX-License-Identifier: Apache-2.0 */
/* sock/sys_net.c: /sys/class/net/NAME: what a link is and has counted, a file each. */
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "sock/proc_net.h"
#include "sock/shard.h"
#include "vfs/proc.h"

enum { PATH = 56 };

struct link_row {
	struct proc_row row;
	struct netif *nif;
	char path[PATH];
};

static struct netif *nif_of(const struct proc_ctx *c)
{
	return container_of(c->row, struct link_row, row)->nif;
}

static bool is_lo(const struct netif *nif)
{
	return nif->features & NETIF_LOOPBACK;
}

/* Up or not, and the mtu: what the stack says. */
static bool look(const struct netif *nif, uint32_t *mtu)
{
	struct shard *s = shard_primary();
	bool on = shard_look(s), up;
	struct net_if *ifc = shard_if(s, nif->index);

	up = ifc && net_if_is_up(ifc);
	*mtu = ifc ? net_if_mtu(ifc) : nif->mtu;
	shard_looked(s, on);
	return up;
}

static void put_mac(struct text *t, const uint8_t m[6])
{
	text_printf(t, "%02x:%02x:%02x:%02x:%02x:%02x\n", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void address(struct text *t, const struct proc_ctx *c)
{
	put_mac(t, nif_of(c)->mac);
}

static void broadcast(struct text *t, const struct proc_ctx *c)
{
	static const uint8_t ones[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	put_mac(t, is_lo(nif_of(c)) ? nif_of(c)->mac : ones);
}

static void mtu(struct text *t, const struct proc_ctx *c)
{
	uint32_t n;

	(void)look(nif_of(c), &n);
	text_printf(t, "%u\n", n);
}

static void operstate(struct text *t, const struct proc_ctx *c)
{
	struct netif *nif = nif_of(c);
	uint32_t n;
	bool up = look(nif, &n) && nif->link_up;

	text_printf(t, "%s\n", !up ? "down" : is_lo(nif) ? "unknown" : "up");
}

static void flags(struct text *t, const struct proc_ctx *c)
{
	uint32_t n;
	unsigned up = look(nif_of(c), &n);

	text_printf(t, "0x%x\n", up | (is_lo(nif_of(c)) ? 8u : 0x1002u));
}

static void carrier(struct text *t, const struct proc_ctx *c)
{
	text_printf(t, "%d\n", (int)nif_of(c)->link_up);
}

static void index_of(struct text *t, const struct proc_ctx *c)
{
	text_printf(t, "%u\n", nif_of(c)->index);
}

static void type(struct text *t, const struct proc_ctx *c)
{
	text_printf(t, "%d\n", is_lo(nif_of(c)) ? 772 : 1);
}

static void queue_length(struct text *t, const struct proc_ctx *c)
{
	(void)c;
	text_printf(t, "1000\n");
}

static void six(struct text *t, const struct proc_ctx *c)
{
	(void)c;
	text_printf(t, "6\n");
}

static void zero(struct text *t, const struct proc_ctx *c)
{
	(void)c;
	text_printf(t, "0\n");
}

/* statistics/NAME: the sum over all queues of the counter that the name stands for. */
static const struct counter {
	const char *name;
	size_t at;
} counters[] = {
#define C(n)                                        \
	{                                           \
#n, offsetof(struct netif_stats, n) \
	}
	C(rx_packets), C(rx_bytes),   C(rx_errors),
	C(rx_dropped), C(tx_packets), C(tx_bytes),
	C(tx_errors),  C(tx_dropped), { "multicast", offsetof(struct netif_stats, rx_multicast) },
#undef C
};

static void statistic(struct text *t, const struct proc_ctx *c)
{
	const struct netif *nif = nif_of(c);
	const char *name = strrchr(c->row->path, '/') + 1;
	uint64_t sum = 0;

	for (size_t k = 0; k < ARRAY_LEN(counters); k++)
		for (unsigned q = 0; strcmp(counters[k].name, name) == 0 && q < nif->queues; q++)
			sum += *(const uint64_t *)(const void *)((const char *)&nif->stats[q] +
								 counters[k].at);
	text_printf(t, "%lu\n", sum);
}

static const struct attribute {
	const char *name;
	void (*show)(struct text *t, const struct proc_ctx *c);
} attributes[] = {
	{ "address", address },	 { "broadcast", broadcast },
	{ "mtu", mtu },		 { "operstate", operstate },
	{ "flags", flags },	 { "carrier", carrier },
	{ "ifindex", index_of }, { "iflink", index_of },
	{ "type", type },	 { "tx_queue_len", queue_length },
	{ "addr_len", six },	 { "link_mode", zero },
	{ "dev_id", zero },
};

static err_t add(struct link_row *r, struct netif *nif, const char *dir, const char *name,
		 void (*show)(struct text *t, const struct proc_ctx *c))
{
	fmt(r->path, sizeof(r->path), "class/net/%s/%s%s", nif->name, dir, name);
	r->nif = nif;
	r->row = (struct proc_row){ .path = r->path, .mode = 0444, .show = show };
	return sys_add(&r->row, 1);
}

static err_t add_link(struct netif *nif)
{
	struct link_row *r = kzalloc((ARRAY_LEN(attributes) + ARRAY_LEN(counters)) * sizeof(*r));
	err_t err = r ? 0 : -ENOMEM;

	for (size_t k = 0; k < ARRAY_LEN(attributes) && !err; k++)
		err = add(r++, nif, "", attributes[k].name, attributes[k].show);
	for (size_t k = 0; k < ARRAY_LEN(counters) && !err; k++)
		err = add(r++, nif, "statistics/", counters[k].name, statistic);
	return err;
}

static struct netif *link_at(uint32_t index)
{
	struct shard *s = shard_primary();
	bool on = shard_look(s);
	struct net_if *ifc = shard_if(s, index);

	shard_looked(s, on);
	return ifc ? net_if_dev(ifc) : NULL; /* links stay while the machine runs */
}

err_t sys_net_init(void)
{
	struct netif *nif;
	err_t err = 0;

	for (uint32_t index = 1; !err && (nif = link_at(index)) != NULL; index++)
		err = add_link(nif);
	return err;
}
