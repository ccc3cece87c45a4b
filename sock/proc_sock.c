/* SPDX-License-Identifier: Apache-2.0 */
/* sock/proc_sock.c: /proc/net: how many sockets there are, raw and packet sockets, groups, IPv6 routes. */
#include "lib/mem.h"
#include "sock/inet_int.h"
#include "sock/packet.h"
#include "sock/proc_net.h"
#include "sock/unix.h"
#include "vfs/proc.h"

typedef const struct proc_ctx ctx;

/* --- sockstat ------------------------------------------------------------------------------------------- */

struct counts {
	unsigned tcp, orphan, tw, udp, raw, other; /* of one family but `other` */
	bool v6;
	const struct shard *shard;
};

static void count_tcp(void *arg, const struct tcp_row *r)
{
	struct counts *n = arg;
	bool first;
	const struct isock *i = inet_row_sock(r, n->shard, &first);

	if (!first || n->v6 != (i ? i->v6 : !ip_is_v4(r->addr.local)))
		return;
	if (r->state == TCP_TIME_WAIT) {
		n->tw++;
	} else {
		n->tcp++;
		n->orphan += !i && r->state != TCP_ESTABLISHED; /* those wait for accept(2) */
	}
}

static void count_udp(void *arg, const struct net_flow *f, uint32_t rx_queue, uint32_t drops,
		      void *owner)
{
	struct counts *n = arg;

	(void)rx_queue;
	(void)drops;
	if (owner && n->v6 == container_of((struct shard_owner *)owner, struct isock, owner)->v6)
		n->udp++;
	(void)f;
}

static void count_raw(void *arg, const struct raw_row *r)
{
	struct counts *n = arg;

	if (n->v6 == r->v6)
		n->raw++;
}

static struct counts count(bool v6)
{
	struct counts n = { .v6 = v6 };

	for (unsigned k = 0; k < shard_count(); k++) {
		struct shard *s = shard_at(k);
		bool on = shard_lock(s);

		n.shard = s;
		tcp_each(s->st, s->now, count_tcp, &n);
		udp_each(s->st, count_udp, &n);
		raw_each(s->st, count_raw, &n);
		shard_unlock(s, on);
	}
	return n;
}

static void count_unix(const struct unix_row *r, void *arg)
{
	(void)r;
	++*(unsigned *)arg;
}

static void count_packet(void *arg, const struct packet_row *r)
{
	(void)r;
	++*(unsigned *)arg;
}

static void sockstat(struct text *t, ctx *c)
{
	struct counts n4 = count(false), n6 = count(true);
	unsigned other = 0;

	(void)c;
	unix_for_each(count_unix, &other);
	packet_each(count_packet, &other);
	text_printf(t, "sockets: used %u\n",
		    n4.tcp + n6.tcp + n4.udp + n6.udp + n4.raw + n6.raw + other);
	text_printf(t, "TCP: inuse %u orphan %u tw %u alloc %u mem 0\n", n4.tcp,
		    n4.orphan + n6.orphan, n4.tw + n6.tw, n4.tcp + n6.tcp);
	text_printf(t, "UDP: inuse %u mem 0\nUDPLITE: inuse 0\nRAW: inuse %u\n", n4.udp, n4.raw);
	text_printf(t, "FRAG: inuse 0 memory 0\n");
}

static void sockstat6(struct text *t, ctx *c)
{
	struct counts n = count(true);

	(void)c;
	text_printf(t, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse %u\n", n.tcp,
		    n.udp, n.raw);
	text_printf(t, "FRAG6: inuse 0 memory 0\n");
}

/* --- raw, packet ------------------------------------------------------------------------------------------ */

struct table {
	struct text *t;
	bool v6;
};

static void put_end(struct text *t, bool v6, struct ip_addr ip, unsigned id)
{
	if (v6)
		text_printf(t, " %08X%08X%08X%08X:%04X", ip.w[0], ip.w[1], ip.w[2], ip.w[3], id);
	else
		text_printf(t, " %08X:%04X", ip_is_v4(ip) ? ip.w[3] : 0, id);
}

static void raw_line(void *arg, const struct raw_row *r)
{
	struct table *tab = arg;
	const struct isock *i =
		r->owner ? container_of((struct shard_owner *)r->owner, struct isock, owner) : NULL;

	if (r->v6 != tab->v6 || r->ping)
		return;
	text_printf(tab->t, "%5u:", r->id);
	put_end(tab->t, tab->v6, r->local, r->id);
	put_end(tab->t, tab->v6, r->remote, 0);
	text_printf(tab->t, " %02X %08X:%08X 00:00000000 00000000 %5u        0 %lu 2 %016lx %u\n",
		    7u, 0u, r->rx_queue, 0u, i ? (unsigned long)i->s.ino : 0ul, 0ul, 0u);
}

static void raw_table(struct text *t, bool v6)
{
	struct table tab = { .t = t, .v6 = v6 };
	struct shard *s = shard_primary(); /* where all raw sockets live */
	bool on;

	text_printf(
		t,
		"  sl  local_address %srem_address   %sst tx_queue rx_queue tr tm->when retrnsmt"
		"   uid  timeout inode ref pointer drops\n",
		v6 ? "                        " : "", v6 ? "                         " : "");
	on = shard_lock(s);
	raw_each(s->st, raw_line, &tab);
	shard_unlock(s, on);
}

static void raw4(struct text *t, ctx *c)
{
	(void)c;
	raw_table(t, false);
}

static void raw6(struct text *t, ctx *c)
{
	(void)c;
	raw_table(t, true);
}

static void packet_line(void *arg, const struct packet_row *r)
{
	text_printf(arg, "%016lx %-6d %-4d %04x   %-5u %1d %-6u %-6u %-6lu\n", 0ul, 2, r->type,
		    r->proto, r->ifindex, 1, (unsigned)r->queued, 0u, (unsigned long)r->ino);
}

static void packet(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n");
	packet_each(packet_line, t);
}

/* --- groups, routes ----------------------------------------------------------------------------------------- */

static unsigned groups4(const struct net_if *ifc)
{
	struct ip_addr g;
	uint32_t users;
	unsigned n = 0;

	for (unsigned k = 0; net_mcast_at(ifc, k, &g, &users); k++)
		n += ip_is_v4(g);
	return n;
}

static void igmp_if(struct text *t, struct net_if *ifc)
{
	struct netif *nif = net_if_dev(ifc);
	struct ip_addr g;
	uint32_t users;

	text_printf(t, "%u\t%-10s: %5u %7s\n", nif->index, nif->name, groups4(ifc), "V3");
	for (unsigned k = 0; net_mcast_at(ifc, k, &g, &users); k++)
		if (ip_is_v4(g))
			text_printf(t, "\t\t\t\t%08X %5u %d:%08lX\t\t%d\n", g.w[3], users, 0, 0ul,
				    0);
}

static void igmp6_if(struct text *t, struct net_if *ifc)
{
	struct netif *nif = net_if_dev(ifc);
	struct ip_addr g;
	uint32_t users;

	for (unsigned k = 0; net_mcast_at(ifc, k, &g, &users); k++) {
		if (ip_is_v4(g))
			continue;
		text_printf(t, "%-4u %-15s ", nif->index, nif->name);
		for (unsigned b = 0; b < 16; b++)
			text_printf(t, "%02x", g.b[b]);
		text_printf(t, " %5u %08X %d\n", users, 0u, 0);
	}
}

static void each_if(struct text *t, void (*f)(struct text *t, struct net_if *ifc))
{
	struct shard *s = shard_primary();
	bool on = shard_lock(s);
	struct net_if *ifc = NULL;

	while ((ifc = net_if_next(s->st, ifc)) != NULL)
		f(t, ifc);
	shard_unlock(s, on);
}

static void igmp(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	each_if(t, igmp_if);
}

static void igmp6(struct text *t, ctx *c)
{
	(void)c;
	each_if(t, igmp6_if);
}

static void put_addr(struct text *t, struct ip_addr a)
{
	for (unsigned k = 0; k < 16; k++)
		text_printf(t, "%02x", ip_is_any(a) ? 0 : a.b[k]);
}

/* Destination, source (none here), next hop, metric, references, uses, flags (up, gateway), device. */
static void ipv6_route(struct text *t, ctx *c)
{
	struct shard *s = shard_primary();
	bool on = shard_lock(s);
	struct net_route r;

	(void)c;
	for (unsigned k = 0; net_route_at(s->st, k, &r); k++) {
		bool via = !ip_is_any(r.gateway);

		if (!r.v6 || !r.ifc)
			continue;
		put_addr(t, r.dst);
		text_printf(t, " %02x ", r.bits);
		put_addr(t, ip4(0));
		text_printf(t, " 00 ");
		put_addr(t, r.gateway);
		text_printf(t, " %08x %08x %08x %08x %8s\n", r.metric, 1u, 0u, via ? 3u : 1u,
			    net_if_dev(r.ifc)->name);
	}
	shard_unlock(s, on);
}

err_t proc_sock_init(void)
{
	static const struct proc_row rows[] = {
		{ "net/sockstat", 0444, sockstat, NULL, NULL },
		{ "net/sockstat6", 0444, sockstat6, NULL, NULL },
		{ "net/raw", 0444, raw4, NULL, NULL },
		{ "net/raw6", 0444, raw6, NULL, NULL },
		{ "net/packet", 0444, packet, NULL, NULL },
		{ "net/igmp", 0444, igmp, NULL, NULL },
		{ "net/igmp6", 0444, igmp6, NULL, NULL },
		{ "net/ipv6_route", 0444, ipv6_route, NULL, NULL },
	};

	return proc_add(rows, ARRAY_LEN(rows));
}
