/* SPDX-License-Identifier: Apache-2.0 */
/* sock/proc_net.c: see proc_net.h.  Text is made under the shard's lock, so that a table is of one moment. */
#include "sock/proc_net.h"

#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/inet_int.h"
#include "sock/unix.h"
#include "vfs/proc.h"

typedef const struct proc_ctx ctx;

static struct shard *begin(bool *on)
{
	struct shard *s = shard_primary();

	*on = shard_lock(s);
	return s;
}

/* --- dev --------------------------------------------------------------------------------------------------- */

static void dev_line(struct text *t, struct netif *nif)
{
	struct netif_stats sum = { 0 };

	for (unsigned q = 0; q < netif_users(nif); q++) {
		const struct netif_stats *st = &nif->stats[q];

		sum.rx_bytes += st->rx_bytes;
		sum.rx_packets += st->rx_packets;
		sum.rx_errors += st->rx_errors;
		sum.rx_dropped += st->rx_dropped;
		sum.rx_multicast += st->rx_multicast;
		sum.tx_bytes += st->tx_bytes;
		sum.tx_packets += st->tx_packets;
		sum.tx_errors += st->tx_errors;
		sum.tx_dropped += st->tx_dropped;
	}
	text_printf(
		t,
		"%6s: %7lu %7lu %4lu %4lu %4u %5u %10u %9lu %8lu %7lu %4lu %4lu %4u %5u %7u %10u\n",
		nif->name, sum.rx_bytes, sum.rx_packets, sum.rx_errors, sum.rx_dropped, 0u, 0u, 0u,
		sum.rx_multicast, sum.tx_bytes, sum.tx_packets, sum.tx_errors, sum.tx_dropped, 0u,
		0u, 0u, 0u);
}

static void dev(struct text *t, ctx *c)
{
	struct net_if *ifc = NULL;
	struct shard *s;
	bool on;

	(void)c;
	text_printf(t,
		    "Inter-|   Receive                                                |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
		    "packets errs "
		    "drop fifo colls carrier compressed\n");
	s = begin(&on);
	while ((ifc = net_if_next(s->st, ifc)) != NULL)
		dev_line(t, net_if_dev(ifc));
	shard_unlock(s, on);
}

/* --- tcp, udp ------------------------------------------------------------------------------------------------- */

struct table {
	struct text *t;
	const struct shard *shard; /* whose rows these are */
	bool v6;
	unsigned line;
};

/* Words of the address as the machine holds them: what Linux prints. */
static void put_end(struct text *t, bool v6, struct ip_addr ip, uint16_t port)
{
	if (v6)
		text_printf(t, " %08X%08X%08X%08X:%04X", ip.w[0], ip.w[1], ip.w[2], ip.w[3], port);
	else
		text_printf(t, " %08X:%04X", ip.w[3], port);
}

/* A row belongs to one of the two files: by its socket's family, or by its address when it has none. */
static bool belongs(const struct table *tab, const struct isock *i, struct ip_addr local)
{
	return tab->v6 == (i ? i->v6 : !ip_is_v4(local));
}

static const struct isock *owner_sock(void *owner)
{
	return owner ? container_of((struct shard_owner *)owner, struct isock, owner) : NULL;
}

static void tcp_line(void *arg, const struct tcp_row *r)
{
	struct table *tab = arg;
	bool first;
	const struct isock *i = inet_row_sock(r, tab->shard, &first);
	bool listens = r->state == TCP_LISTEN;

	if (!first || !belongs(tab, i, r->addr.local))
		return;
	text_printf(tab->t, "%4u:", tab->line++);
	put_end(tab->t, tab->v6, r->addr.local, r->addr.lport);
	put_end(tab->t, tab->v6, r->addr.remote, r->addr.rport);
	text_printf(tab->t, " %02X %08X:%08X %02X:%08lX %08X %5u %8u %lu\n", r->state, r->tx_queue,
		    listens ? inet_listen_pending(i) : r->rx_queue, r->timer,
		    (unsigned long)(r->timer_ns / 10000000), r->retransmits, 0u, r->probes,
		    i ? (unsigned long)i->s.ino : 0ul);
}

static void tcp_table(struct text *t, bool v6)
{
	struct table tab = { .t = t, .v6 = v6 };
	struct shard *s;
	bool on;

	text_printf(t, v6 ? "  sl  local_address                         remote_address            "
			    "            st "
			    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
			  : "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			    "retrnsmt   uid  "
			    "timeout inode\n");
	for (unsigned k = 0; k < shard_count(); k++) {
		tab.shard = s = shard_at(k);
		on = shard_lock(s);
		tcp_each(s->st, s->now, tcp_line, &tab);
		shard_unlock(s, on);
	}
}

static void tcp4(struct text *t, ctx *c)
{
	(void)c;
	tcp_table(t, false);
}

static void tcp6(struct text *t, ctx *c)
{
	(void)c;
	tcp_table(t, true);
}

static void udp_line(void *arg, const struct net_flow *f, uint32_t rx_queue, uint32_t drops,
		     void *owner)
{
	struct table *tab = arg;
	const struct isock *i = owner_sock(owner);

	if (!belongs(tab, i, f->local))
		return;
	text_printf(tab->t, "%5u:", tab->line++);
	put_end(tab->t, tab->v6, f->local, f->lport);
	put_end(tab->t, tab->v6, f->remote, f->rport);
	text_printf(tab->t, " %02X %08X:%08X 00:00000000 00000000 %5u        0 %lu 2 %016lx %u\n",
		    f->rport ? 1u : 7u, 0u, rx_queue, 0u, i ? (unsigned long)i->s.ino : 0ul, 0ul,
		    drops);
}

static void udp_table(struct text *t, bool v6)
{
	struct table tab = { .t = t, .v6 = v6 };
	struct shard *s;
	bool on;

	text_printf(t, v6 ? "  sl  local_address                         remote_address            "
			    "            st "
			    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
			    "pointer drops\n"
			  : "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			    "retrnsmt   uid  "
			    "timeout inode ref pointer drops\n");
	for (unsigned k = 0; k < shard_count(); k++) {
		s = shard_at(k);
		on = shard_lock(s);
		udp_each(s->st, udp_line, &tab);
		shard_unlock(s, on);
	}
}

static void udp4(struct text *t, ctx *c)
{
	(void)c;
	udp_table(t, false);
}

static void udp6(struct text *t, ctx *c)
{
	(void)c;
	udp_table(t, true);
}

/* --- unix ------------------------------------------------------------------------------------------------------- */

static void unix_line(const struct unix_row *r, void *arg)
{
	text_printf(arg, "%016lx: %08X %08X %08X %04X %02X %5lu%s%s\n", 0ul, r->refs, 0u, r->flags,
		    r->type, r->state, (unsigned long)r->ino, r->path[0] ? " " : "", r->path);
}

static void unix_table(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	unix_for_each(unix_line, t);
}

/* --- routes, addresses, neighbours -------------------------------------------------------------------------------- */

enum { RTF_UP = 1, RTF_GATEWAY = 2, RTF_HOST = 4, RTF_REJECT = 0x200 };

static uint32_t net_order(uint32_t host)
{
	be32 w = be32_of(host);
	uint32_t v;

	memcpy(&v, w.b, sizeof(v));
	return v;
}

static void route4(struct text *t, ctx *c)
{
	struct net_route r;
	struct shard *s;
	bool on;

	(void)c;
	text_printf(t, "Iface\tDestination\tGateway "
		       "\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
	s = begin(&on);
	for (unsigned k = 0; net_route_at(s->st, k, &r); k++) {
		unsigned flags = RTF_UP | (ip_is_any(r.gateway) ? 0u : RTF_GATEWAY) |
				 (r.bits == 32 ? RTF_HOST : 0u) |
				 (r.flags & NET_ROUTE_REJECT ? RTF_REJECT : 0u);

		if (r.v6 || !r.ifc)
			continue;
		text_printf(t, "%s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t%u\t0\t0\n",
			    net_if_dev(r.ifc)->name, r.dst.w[3],
			    ip_is_any(r.gateway) ? 0 : r.gateway.w[3], flags, r.metric,
			    net_order(r.bits ? ~0u << (32 - r.bits) : 0), r.mtu);
	}
	shard_unlock(s, on);
}

static void put_hex16(struct text *t, struct ip_addr a)
{
	for (unsigned k = 0; k < 16; k++)
		text_printf(t, "%02x", a.b[k]);
}

enum { IF6_HOST = 0x10, IF6_LINK = 0x20, IF6_GLOBAL = 0 };

static void if_inet6(struct text *t, ctx *c)
{
	struct net_if *ifc = NULL;
	struct net_ifaddr a;
	struct shard *s;
	bool on;

	(void)c;
	s = begin(&on);
	while ((ifc = net_if_next(s->st, ifc)) != NULL) {
		struct netif *nif = net_if_dev(ifc);

		for (unsigned k = 0; net_addr_at(ifc, k, &a); k++) {
			unsigned scope = ip_is_loopback(a.addr)	     ? IF6_HOST
					 : ip6_is_link_local(a.addr) ? IF6_LINK
								     : IF6_GLOBAL;

			if (ip_is_v4(a.addr))
				continue;
			put_hex16(t, a.addr);
			text_printf(t, " %02x %02x %02x %02x %8s\n", nif->index, a.bits, scope,
				    a.flags & NET_ADDR_TENTATIVE ? 0x40u : 0x80u, nif->name);
		}
	}
	shard_unlock(s, on);
}

static void arp(struct text *t, ctx *c)
{
	char ip[IP_ADDR_TEXT];
	struct net_neigh n;
	struct shard *s;
	bool on;

	(void)c;
	text_printf(
		t,
		"IP address       HW type     Flags       HW address            Mask     Device\n");
	s = begin(&on);
	for (unsigned k = 0; net_neigh_at(s->st, k, &n); k++)
		if (ip_is_v4(n.addr))
			text_printf(t,
				    "%-16s 0x1         0x2         %02x:%02x:%02x:%02x:%02x:%02x   "
				    "  *        %s\n",
				    ip_addr_text(ip, n.addr), n.mac.b[0], n.mac.b[1], n.mac.b[2],
				    n.mac.b[3], n.mac.b[4], n.mac.b[5], net_if_dev(n.ifc)->name);
	shard_unlock(s, on);
}

/* --- counters ------------------------------------------------------------------------------------------------------- */

/* All shards' together; each is of one moment, the sum nearly. NULL: no memory. */
static struct net_mib *mib_sum(void)
{
	struct net_mib *sum = kzalloc(sizeof(*sum));

	for (unsigned k = 0; sum && k < shard_count(); k++) {
		struct shard *s = shard_at(k);
		bool on = shard_lock(s);

		for (unsigned v = 0; v < MIB_COUNT; v++)
			sum->v[v] += net_mib(s->st)->v[v];
		shard_unlock(s, on);
	}
	return sum;
}

/* Two lines a group, names and values. */
static void put_group(struct text *t, const struct net_mib *m, const char *group)
{
	text_printf(t, "%s:", group);
	for (unsigned k = 0; k < MIB_COUNT; k++)
		if (strcmp(net_mib_group(k), group) == 0)
			text_printf(t, " %s", net_mib_name(k));
	text_printf(t, "\n%s:", group);
	for (unsigned k = 0; k < MIB_COUNT; k++)
		if (strcmp(net_mib_group(k), group) == 0)
			text_printf(t, " %lu", m->v[k]);
	text_printf(t, "\n");
}

static void put_groups(struct text *t, const char *const *groups, unsigned n)
{
	struct net_mib *m = mib_sum();

	for (unsigned k = 0; m && k < n; k++)
		put_group(t, m, groups[k]);
	kfree(m);
}

static void snmp(struct text *t, ctx *c)
{
	static const char *const groups[] = { "Ip", "Icmp", "Tcp", "Udp" };

	(void)c;
	put_groups(t, groups, ARRAY_LEN(groups));
}

static void netstat(struct text *t, ctx *c)
{
	static const char *const groups[] = { "TcpExt", "IpExt" };

	(void)c;
	put_groups(t, groups, ARRAY_LEN(groups));
}

/* One counter a line, group and name together. */
static void snmp6(struct text *t, ctx *c)
{
	struct net_mib *m = mib_sum();

	(void)c;
	for (unsigned k = 0; m && k < MIB_COUNT; k++)
		if (strchr(net_mib_group(k), '6'))
			text_printf(t, "%s%-28s\t%lu\n", net_mib_group(k), net_mib_name(k),
				    m->v[k]);
	kfree(m);
}

static uint64_t drop_sum(enum drop d)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < shard_count(); k++) {
		struct shard *s = shard_at(k);
		bool on = shard_lock(s);

		n += net_drops(s->st, d);
		shard_unlock(s, on);
	}
	return n;
}

/* Why packets died: our own, by the names of net/drop.h. */
static void drops(struct text *t, ctx *c)
{
	(void)c;
	for (unsigned k = 1; k < DROP_COUNT; k++) {
		uint64_t n = drop_sum((enum drop)k);

		if (n)
			text_printf(t, "%10lu %s\n", n, drop_text((enum drop)k));
	}
}

err_t proc_net_init(void)
{
	static const struct proc_row rows[] = {
		{ "net/dev", 0444, dev, NULL, NULL },
		{ "net/tcp", 0444, tcp4, NULL, NULL },
		{ "net/tcp6", 0444, tcp6, NULL, NULL },
		{ "net/udp", 0444, udp4, NULL, NULL },
		{ "net/udp6", 0444, udp6, NULL, NULL },
		{ "net/unix", 0444, unix_table, NULL, NULL },
		{ "net/route", 0444, route4, NULL, NULL },
		{ "net/if_inet6", 0444, if_inet6, NULL, NULL },
		{ "net/arp", 0444, arp, NULL, NULL },
		{ "net/snmp", 0444, snmp, NULL, NULL },
		{ "net/snmp6", 0444, snmp6, NULL, NULL },
		{ "net/netstat", 0444, netstat, NULL, NULL },
		{ "coracle/drops", 0444, drops, NULL, NULL },
	};

	return proc_add(rows, ARRAY_LEN(rows));
}
