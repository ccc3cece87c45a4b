/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet.c: what TCP, UDP and raw sockets share: making them, addresses, bind(2), readiness. */
#include "sock/inet.h"

#include "abi/linux_ioctl.h"
#include "kern/clock.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/inet_int.h"
#include "sock/steer.h"

enum { SIN6_LEN_LEAST = 24 /* RFC 2133: without the scope */ };
enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
	PROTO_RAW = 255,
	PROTO_MAX = 263
};

/* Who has which port, of all sockets of both families. */
static struct spinlock ports_lock = SPINLOCK_INIT(RANK_PORTS);
static struct port_table ports;

/* --- addresses -------------------------------------------------------------------------------------- */

static uint16_t port_get(const uint8_t b[2])
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void port_put(uint8_t b[2], uint16_t port)
{
	b[0] = (uint8_t)(port >> 8);
	b[1] = (uint8_t)port;
}

static struct ip_addr from_in4(const uint8_t b[4])
{
	return ip4((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
}

err_t inet_addr_parse(const struct isock *i, const struct sock_addr *a, struct ip_addr *ip,
		      uint16_t *port, uint32_t *scope)
{
	*scope = 0;
	if (a->len < sizeof(a->in))
		return -EINVAL;
	if (!i->v6) {
		/* bind(2) of old programs: AF_UNSPEC with the any-address is AF_INET. */
		if (a->in.family != LX_AF_INET &&
		    (a->in.family != LX_AF_UNSPEC || !ip_is_any(from_in4(a->in.addr))))
			return -EAFNOSUPPORT;
		*ip = from_in4(a->in.addr);
		*port = port_get(a->in.port);
		return 0;
	}
	if (a->in6.family == LX_AF_INET && !i->v6only) {
		*ip = from_in4(a->in.addr);
		*port = port_get(a->in.port);
		return 0;
	}
	if (a->in6.family != LX_AF_INET6)
		return -EAFNOSUPPORT;
	if (a->len < SIN6_LEN_LEAST)
		return -EINVAL;
	*ip = ip6_from_wire(a->in6.addr);
	*port = port_get(a->in6.port);
	*scope = a->len >= sizeof(a->in6) ? a->in6.scope_id : 0;
	return ip_is_v4(*ip) && i->v6only ? -ENETUNREACH : 0;
}

static void make_in4(struct ip_addr ip, uint16_t port, struct sock_addr *out)
{
	be32 w = ip4_to_wire(ip);

	out->len = sizeof(out->in);
	out->in = (struct linux_sockaddr_in){ .family = LX_AF_INET };
	port_put(out->in.port, port);
	if (ip_is_v4(ip))
		memcpy(out->in.addr, w.b, 4);
}

void inet_addr_make(const struct isock *i, struct ip_addr ip, uint16_t port, uint32_t ifindex,
		    struct sock_addr *out)
{
	if (!i->v6) {
		make_in4(ip, port, out);
		return;
	}
	out->len = sizeof(out->in6);
	out->in6 = (struct linux_sockaddr_in6){ .family = LX_AF_INET6 };
	port_put(out->in6.port, port);
	memcpy(out->in6.addr, ip.b, 16);
	if (ip6_is_link_local(ip))
		out->in6.scope_id = ifindex;
}

/* --- making and freeing ------------------------------------------------------------------------------ */

/* The ABI's bits for the lower four of NET_*, and for the other three. */
#define LOW(l)                                                                                   \
	(((l)&NET_IN ? POLL_IN | POLL_RDNORM : 0) | ((l)&NET_OUT ? POLL_OUT | POLL_WRNORM : 0) | \
	 ((l)&NET_PRI ? POLL_PRI : 0) | ((l)&NET_ERR ? POLL_ERR : 0))
#define HIGH(l)                                                            \
	(((l) << 4 & NET_HUP ? POLL_HUP : 0) |                             \
	 ((l) << 4 & NET_RDHUP ? POLL_RDHUP | POLL_IN | POLL_RDNORM : 0) | \
	 ((l) << 4 & NET_CONN ? POLL_OUT | POLL_WRNORM : 0))

/* Looked up and not computed: it is asked several times for each request that a server answers. */
uint32_t inet_poll_mask(unsigned level)
{
	static const uint16_t low[16] = {
		LOW(0), LOW(1), LOW(2),	 LOW(3),  LOW(4),  LOW(5),  LOW(6),  LOW(7),
		LOW(8), LOW(9), LOW(10), LOW(11), LOW(12), LOW(13), LOW(14), LOW(15),
	};
	static const uint16_t high[8] = {
		HIGH(0), HIGH(1), HIGH(2), HIGH(3), HIGH(4), HIGH(5), HIGH(6), HIGH(7),
	};

	return low[level & 15] | (uint32_t)high[level >> 4 & 7];
}

static void event(struct shard_owner *o, unsigned events)
{
	struct isock *i = container_of(o, struct isock, owner);

	if (!waitq_empty(&i->wq))
		waitq_wake(&i->wq, UINT32_MAX);
	poll_notify(&i->s.source, inet_poll_mask(events));
}

struct isock *inet_alloc(const struct sock_ops *ops, bool v6, int type, int protocol)
{
	struct isock *i = kzalloc(sizeof(*i));

	if (!i)
		return NULL;
	sock_init(&i->s, ops, type, protocol);
	i->owner.event = event;
	/* What concerns no flow comes to the primary shard: ICMP, and protocols that only raw sockets know. */
	i->shard = protocol == PROTO_TCP || protocol == PROTO_UDP ? shard_here() : shard_primary();
	if (type == LX_SOCK_RAW)
		i->shard = shard_primary();
	i->v6 = v6;
	i->bound = v6 ? (struct ip_addr){ .q = { 0, 0 } } : ip4(0);
	i->rcvlowat = 1;
	i->raw_opt[RAW_OPT_MCAST_TTL] = i->raw_opt[RAW_OPT_MCAST_LOOP] = 1;
	list_init(&i->members);
	waitq_init(&i->wq, &i->shard->lock);
	return i;
}

static void give_port_back(struct port_bind *b)
{
	bool on = spin_lock_irq(&ports_lock);

	ports_release(&ports, b);
	spin_unlock_irq(&ports_lock, on);
}

void inet_free(struct isock *i)
{
	if (i->port)
		give_port_back(i->port);
	kfree(i);
}

err_t inet_wait(struct isock *i, uint64_t deadline_ns) no_lock_analysis
{
	struct shard *s = i->shard;
	err_t err = shard_wait(s, &i->wq, deadline_ns);

	while (unlikely(i->shard != s)) { /* it moved while we were on our way back */
		spin_unlock(&s->lock);
		s = inet_shard(i);
		spin_lock(&s->lock);
		s->now = clock_mono_ns();
	}
	return err;
}

static err_t make_endpoint(struct isock *i, uint8_t raw_proto)
{
	struct net_stack *st = i->shard->st;
	bool on = inet_lock(i);
	err_t err;

	if (i->kind == INET_TCP)
		err = tcp_new(st, &i->owner, &i->tcp);
	else if (i->kind == INET_UDP)
		err = udp_new(st, &i->owner, &i->udp);
	else
		err = raw_new(st, i->v6, raw_proto, i->s.type == LX_SOCK_DGRAM ? RAW_PING : 0,
			      &i->owner, &i->raw);
	inet_unlock(i, on);
	return err;
}

/* Which protocol a socket(2) call means; -EPROTONOSUPPORT, -ESOCKTNOSUPPORT. */
static err_t choose(bool v6, int type, int *protocol, enum inet_kind *kind)
{
	int ping = v6 ? PROTO_ICMP6 : PROTO_ICMP;

	if (*protocol < 0 || *protocol >= PROTO_MAX)
		return -EINVAL;
	if (type < LX_SOCK_STREAM)
		return -ESOCKTNOSUPPORT;

	if (type == LX_SOCK_STREAM && (*protocol == 0 || *protocol == PROTO_TCP)) {
		*kind = INET_TCP;
		*protocol = PROTO_TCP;
	} else if (type == LX_SOCK_DGRAM && (*protocol == 0 || *protocol == PROTO_UDP)) {
		*kind = INET_UDP;
		*protocol = PROTO_UDP;
	} else if (type == LX_SOCK_DGRAM && *protocol == ping) {
		*kind = INET_RAW;
	} else if (type == LX_SOCK_RAW && *protocol > 0 && *protocol <= PROTO_RAW) {
		*kind = INET_RAW;
	} else {
		return type > LX_SOCK_RAW ? -ESOCKTNOSUPPORT : -EPROTONOSUPPORT;
	}
	return 0;
}

err_t inet_new(bool v6, int type, int protocol, struct sock **out)
{
	const struct sock_ops *ops;
	enum inet_kind kind;
	struct isock *i;
	err_t err = choose(v6, type, &protocol, &kind);

	if (err)
		return err;
	ops = kind == INET_TCP ? inet_tcp_ops : kind == INET_UDP ? inet_udp_ops : inet_raw_ops;
	i = inet_alloc(&ops[v6], v6, type, protocol);
	if (!i)
		return -ENOBUFS;
	i->kind = kind;
	i->reuseaddr = type == LX_SOCK_RAW; /* as Linux shows it */
	i->hdrincl = type == LX_SOCK_RAW && protocol == PROTO_RAW;
	err = make_endpoint(i, (uint8_t)protocol);
	if (err)
		inet_free(i);
	else
		*out = &i->s;
	return err;
}

/* --- bind(2) ------------------------------------------------------------------------------------------ */

static uint8_t port_flags(const struct isock *i)
{
	return (uint8_t)((i->reuseaddr ? PORT_REUSEADDR : 0) | (i->reuseport ? PORT_REUSEPORT : 0) |
			 (i->v6only ? PORT_V6ONLY : 0) | (i->v6 ? PORT_V6 : 0));
}

static err_t take_port(const struct isock *i, struct ip_addr ip, uint16_t port,
		       struct port_bind **out)
{
	struct port_bind want = {
		.addr = ip,
		.ifindex = i->ifindex,
		.port = port,
		.proto = (uint8_t)i->s.protocol,
		.flags = port_flags(i),
	};
	bool on = spin_lock_irq(&ports_lock);
	err_t err = ports_bind(&ports, &want, (uint32_t)rand_u64(), out);

	spin_unlock_irq(&ports_lock, on);
	return err;
}

/* Who listens is the table's business too: -EADDRINUSE when somebody else does. */
err_t inet_port_listen(struct isock *i)
{
	bool on = spin_lock_irq(&ports_lock);
	err_t err = ports_listen(&ports, i->port);

	spin_unlock_irq(&ports_lock, on);
	return err;
}

static bool may_bind(const struct isock *i, struct ip_addr ip)
{
	if (ip_is_any(ip) || (i->want & (WANT_FREEBIND | WANT_TRANSPARENT)) ||
	    net_addr_is_local(i->shard->st, ip) || ip_is_loopback(ip))
		return true;
	return ip_is_multicast(ip) || ip_is_bcast_all(ip);
}

static unsigned udp_flags(const struct isock *i)
{
	return (i->v6only ? UDP_V6ONLY : 0u) | (i->reuseaddr ? UDP_REUSE : 0u) |
	       (i->reuseport ? UDP_REUSEPORT : 0u) | (i->v6 ? UDP_BIND_V6 : 0u);
}

/* The endpoint learns what was taken. Shard locked. */
static err_t tell_endpoint(struct isock *i)
{
	struct net_if *ifc = i->ifindex ? shard_if(i->shard, i->ifindex) : NULL;

	if (i->kind == INET_UDP)
		return udp_bind(i->udp, i->bound, i->lport, udp_flags(i), ifc);
	if (i->kind == INET_RAW)
		return raw_bind(i->raw, i->bound, i->lport, ifc);
	return 0; /* TCP is told by connect or listen */
}

/* A UDP socket lives where its port does. -EINVAL: another thread has bound it meanwhile. */
static err_t bind_port(struct isock *i, struct ip_addr ip, uint16_t port)
{
	struct port_bind *b;
	err_t err = take_port(i, ip, port, &b);

	if (err)
		return err;
	if (i->kind == INET_UDP && shard_count() > 1)
		err = inet_move(i, steer_port(b->port));
	if (!err && i->port)
		err = -EINVAL;
	if (err) {
		give_port_back(b);
		return err;
	}
	i->port = b;
	i->lport = b->port;
	return 0;
}

static err_t bind_locked(struct isock *i, struct ip_addr ip, uint16_t port)
{
	err_t err = 0;

	if (i->port || (i->kind == INET_TCP && tcp_conn_state(i->tcp) != TCP_CLOSED))
		return -EINVAL;
	if (!may_bind(i, ip))
		return -EADDRNOTAVAIL;
	if (i->s.type != LX_SOCK_RAW)
		err = bind_port(i, ip, port);
	if (err)
		return err;
	i->bound = ip;
	return tell_endpoint(i);
}

struct port_user {
	struct ip_addr ip;
	uint16_t port;
	bool found;
};

static void look_at_row(void *ctx, const struct tcp_row *r)
{
	struct port_user *u = ctx;

	u->found |= r->addr.lport == u->port && r->state != TCP_LISTEN &&
		    (ip_is_any(u->ip) || ip_eq(u->ip, r->addr.local));
}

/* Connections keep the port of a listener that is gone from who does not say SO_REUSEADDR. No lock held. */
static bool has_connections(struct ip_addr ip, uint16_t port)
{
	struct port_user u = { ip, port, false };

	for (unsigned k = 0; k < shard_count() && !u.found; k++) {
		struct shard *s = shard_at(k);
		bool on = shard_lock(s);

		tcp_each(s->st, s->now, look_at_row, &u);
		shard_unlock(s, on);
	}
	return u.found;
}

err_t inet_bind(struct sock *s, const struct sock_addr *a)
{
	struct isock *i = isock_of(s);
	struct ip_addr ip;
	uint16_t port;
	uint32_t scope;
	bool on;
	err_t err = inet_addr_parse(i, a, &ip, &port, &scope);

	if (i->v6 && a->family == LX_AF_INET) /* as a destination it will do */
		err = a->len < SIN6_LEN_LEAST ? -EINVAL : -EAFNOSUPPORT;
	else if (ip6_is_link_local(ip) && !scope && !i->ifindex)
		err = -EINVAL; /* RFC 4007 6: it says nothing without its zone */
	if (!err && i->kind == INET_TCP && port && !i->reuseaddr && has_connections(ip, port))
		err = -EADDRINUSE;
	if (err)
		return err;
	on = inet_lock(i);
	if (scope && ip6_is_link_local(ip))
		i->ifindex = scope;
	err = i->kind == INET_LISTEN ? -EINVAL : bind_locked(i, ip, port);
	inet_unlock(i, on);
	return err;
}

err_t inet_autobind(struct isock *i)
{
	err_t err;

	if (i->port || i->s.type == LX_SOCK_RAW)
		return 0;
	err = bind_locked(i, i->bound, 0);
	i->port_auto = !err;
	return err;
}

void inet_autobind_undo(struct isock *i)
{
	if (!i->port_auto)
		return;
	give_port_back(i->port);
	i->port = NULL;
	i->lport = 0;
	i->port_auto = false;
	udp_unbind(i->udp);
}

/* --- boot ---------------------------------------------------------------------------------------------- */

static err_t new4(int type, int protocol, struct sock **out)
{
	return inet_new(false, type, protocol, out);
}

static err_t new6(int type, int protocol, struct sock **out)
{
	return inet_new(true, type, protocol, out);
}

err_t inet_init(void)
{
	static struct sock_family v4 = { .family = LX_AF_INET, .new = new4 };
	static struct sock_family v6 = { .family = LX_AF_INET6, .new = new6 };

	ports_init(&ports, &shard_pages);
	sock_family_add(&v4);
	sock_family_add(&v6);
	return 0;
}
