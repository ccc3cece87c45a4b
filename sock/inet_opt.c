/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/inet_opt.c: setsockopt(2) and getsockopt(2) of internet sockets.  Most options are a number that a row of
 * `opts` carries to the protocol; the rest have functions.  What is not here is -ENOPROTOOPT, never swallowed.
 */
#include "abi/linux_inet.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "sock/inet_int.h"

enum { NO = -1 };

/* One numeric option: where it goes for each kind of socket (NO: not for it). */
struct opt {
	int16_t level, name;
	int16_t tcp, udp;      /* enum tcp_opt, enum udp_opt */
	bool is_bool, byte_ok; /* 0 or 1; a single byte is taken too */
	int32_t min, max;
};

#define ANY INT32_MIN, INT32_MAX

static const struct opt opts[] = {
	{ LX_IPPROTO_TCP, LX_TCP_NODELAY, TCP_OPT_NODELAY, NO, true, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_CORK, TCP_OPT_CORK, NO, true, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_QUICKACK, TCP_OPT_QUICKACK, NO, true, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_MAXSEG, TCP_OPT_MAXSEG, NO, false, false, 0, 65535 },
	{ LX_IPPROTO_TCP, LX_TCP_KEEPIDLE, TCP_OPT_KEEPIDLE, NO, false, false, 1, 32767 },
	{ LX_IPPROTO_TCP, LX_TCP_KEEPINTVL, TCP_OPT_KEEPINTVL, NO, false, false, 1, 32767 },
	{ LX_IPPROTO_TCP, LX_TCP_KEEPCNT, TCP_OPT_KEEPCNT, NO, false, false, 1, 127 },
	{ LX_IPPROTO_TCP, LX_TCP_SYNCNT, TCP_OPT_SYNCNT, NO, false, false, 1, 127 },
	{ LX_IPPROTO_TCP, LX_TCP_LINGER2, TCP_OPT_LINGER2, NO, false, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_DEFER_ACCEPT, TCP_OPT_DEFER_ACCEPT, NO, false, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_WINDOW_CLAMP, TCP_OPT_WINDOW_CLAMP, NO, false, false, 0,
	  INT32_MAX },
	{ LX_IPPROTO_TCP, LX_TCP_USER_TIMEOUT, TCP_OPT_USER_TIMEOUT, NO, false, false, 0,
	  INT32_MAX },
	{ LX_IPPROTO_TCP, LX_TCP_NOTSENT_LOWAT, TCP_OPT_NOTSENT_LOWAT, NO, false, false, ANY },
	{ LX_IPPROTO_TCP, LX_TCP_FASTOPEN, TCP_OPT_FASTOPEN, NO, false, false, 0, INT32_MAX },
	{ LX_IPPROTO_TCP, LX_TCP_FASTOPEN_CONNECT, TCP_OPT_FASTOPEN_CONNECT, NO, true, false, ANY },
	{ LX_SOL_SOCKET, LX_SO_KEEPALIVE, TCP_OPT_KEEPALIVE, NO, true, false, ANY },
	{ LX_SOL_SOCKET, LX_SO_OOBINLINE, TCP_OPT_OOBINLINE, NO, true, false, ANY },
	{ LX_SOL_SOCKET, LX_SO_BROADCAST, NO, UDP_OPT_BROADCAST, true, false, ANY },
	{ LX_IPPROTO_IP, LX_IP_TTL, TCP_OPT_TTL, UDP_OPT_TTL, false, true, -1, 255 },
	{ LX_IPPROTO_IP, LX_IP_TOS, TCP_OPT_TOS, UDP_OPT_TOS, false, true, 0, 255 },
	{ LX_IPPROTO_IP, LX_IP_MTU_DISCOVER, TCP_OPT_PMTUDISC, UDP_OPT_PMTUDISC, false, true, 0,
	  5 },
	{ LX_IPPROTO_IP, LX_IP_MULTICAST_TTL, NO, UDP_OPT_MCAST_TTL, false, true, -1, 255 },
	{ LX_IPPROTO_IP, LX_IP_MULTICAST_LOOP, NO, UDP_OPT_MCAST_LOOP, true, true, ANY },
	{ LX_IPPROTO_IP, LX_IP_MULTICAST_ALL, NO, UDP_OPT_MCAST_ALL, true, true, ANY },
	{ LX_IPPROTO_IP, LX_IP_RECVERR, NO, UDP_OPT_RECVERR, true, true, ANY },
	{ LX_IPPROTO_IPV6, LX_IPV6_UNICAST_HOPS, TCP_OPT_TTL, UDP_OPT_TTL, false, false, -1, 255 },
	{ LX_IPPROTO_IPV6, LX_IPV6_TCLASS, TCP_OPT_TOS, UDP_OPT_TOS, false, false, -1, 255 },
	{ LX_IPPROTO_IPV6, LX_IPV6_MTU_DISCOVER, TCP_OPT_PMTUDISC, UDP_OPT_PMTUDISC, false, false,
	  0, 5 },
	{ LX_IPPROTO_IPV6, LX_IPV6_MULTICAST_HOPS, NO, UDP_OPT_MCAST_TTL, false, false, -1, 255 },
	{ LX_IPPROTO_IPV6, LX_IPV6_MULTICAST_LOOP, NO, UDP_OPT_MCAST_LOOP, true, false, ANY },
	{ LX_IPPROTO_IPV6, LX_IPV6_MULTICAST_IF, NO, UDP_OPT_MCAST_IF, false, false, 0, INT32_MAX },
	{ LX_IPPROTO_IPV6, LX_IPV6_MULTICAST_ALL, NO, UDP_OPT_MCAST_ALL, true, false, ANY },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVERR, NO, UDP_OPT_RECVERR, true, false, ANY },
	{ LX_IPPROTO_UDP, LX_UDP_GRO, NO, UDP_OPT_GRO, true, false, ANY },
};

/* Bits of isock.want by option. */
static const struct {
	int16_t level, name;
	uint32_t bit;
} wants[] = {
	{ LX_IPPROTO_IP, LX_IP_PKTINFO, WANT_PKTINFO },
	{ LX_IPPROTO_IP, LX_IP_RECVTTL, WANT_TTL },
	{ LX_IPPROTO_IP, LX_IP_RECVTOS, WANT_TOS },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVPKTINFO, WANT_PKTINFO6 },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVHOPLIMIT, WANT_TTL6 },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVTCLASS, WANT_TOS6 },
};

static bool is_tcp(const struct isock *i)
{
	return i->kind == INET_TCP || i->kind == INET_LISTEN;
}

static const struct opt *find_opt(const struct isock *i, int level, int name)
{
	for (size_t k = 0; k < ARRAY_LEN(opts); k++) {
		const struct opt *o = &opts[k];

		if (o->level == level && o->name == name &&
		    (is_tcp(i)		   ? o->tcp
		     : i->kind == INET_UDP ? o->udp
					   : NO) != NO)
			return o;
	}
	return NULL;
}

/* An int; for options that BSD made bytes, a byte. */
static err_t read_value(const struct opt *o, struct uio *val, int *v)
{
	uint8_t b;

	if (val->left >= sizeof(int) || !o->byte_ok)
		return sock_opt_int(val, v);
	if (!val->left || uio_read(val, &b, 1) != 1)
		return -EINVAL;
	*v = b;
	return 0;
}

static err_t set_protocol(struct isock *i, const struct opt *o, int v)
{
	uint32_t n = o->is_bool ? v != 0 : (uint32_t)v;

	if (!o->is_bool && (v < o->min || v > o->max))
		return -EINVAL;
	if (v == -1 && o->min == -1)
		n = 0; /* the default */
	if (i->kind == INET_TCP)
		return tcp_opt_set(i->tcp, (enum tcp_opt)o->tcp, n, i->shard->now);
	if (i->kind == INET_LISTEN)
		return tcp_listener_opt_set(i->listener, (enum tcp_opt)o->tcp, n);
	return udp_opt_set(i->udp, (enum udp_opt)o->udp, n);
}

static uint32_t get_protocol(const struct isock *i, const struct opt *o)
{
	if (i->kind == INET_TCP)
		return tcp_opt_get(i->tcp, (enum tcp_opt)o->tcp);
	if (i->kind == INET_LISTEN)
		return tcp_listener_opt_get(i->listener, (enum tcp_opt)o->tcp);
	return udp_opt_get(i->udp, (enum udp_opt)o->udp);
}

/* --- setting: what is not a plain number for the protocol ---------------------------------------------------- */

static err_t set_buffer(struct isock *i, bool snd, int v)
{
	uint32_t n = sock_buffer_size(v, snd);

	if (snd)
		i->sndbuf = n;
	else
		i->rcvbuf = n;
	if (i->kind == INET_TCP)
		return tcp_opt_set(i->tcp, snd ? TCP_OPT_SNDBUF : TCP_OPT_RCVBUF, n, i->shard->now);
	if (i->kind == INET_LISTEN)
		return tcp_listener_opt_set(i->listener, snd ? TCP_OPT_SNDBUF : TCP_OPT_RCVBUF, n);
	if (i->kind == INET_UDP)
		return udp_opt_set(i->udp, snd ? UDP_OPT_SNDBUF : UDP_OPT_RCVBUF, n);
	if (!snd)
		raw_set_rcvbuf(i->raw, n);
	return 0;
}

static err_t set_device(struct isock *i, const char *name)
{
	struct net_if *ifc;

	if (!name[0]) {
		i->ifindex = 0;
		return 0;
	}
	ifc = net_if_by_name(i->shard->st, name);
	if (!ifc)
		return -ENODEV;
	i->ifindex = net_if_dev(ifc)->index;
	return 0;
}

static err_t set_socket_level(struct isock *i, int name, int v)
{
	switch (name) {
	case LX_SO_REUSEADDR:
		i->reuseaddr = v;
		return 0;
	case LX_SO_REUSEPORT:
		i->reuseport = v;
		return 0;
	case LX_SO_SNDBUF:
	case LX_SO_SNDBUFFORCE:
		return set_buffer(i, true, v);
	case LX_SO_RCVBUF:
	case LX_SO_RCVBUFFORCE:
		return set_buffer(i, false, v);
	case LX_SO_RCVLOWAT:
		if (v < 0)
			return -EINVAL;
		i->rcvlowat = v ? (uint32_t)v : 1;
		return is_tcp(i) && i->kind == INET_TCP
			       ? tcp_opt_set(i->tcp, TCP_OPT_RCVLOWAT, i->rcvlowat, i->shard->now)
			       : 0;
	case LX_SO_BROADCAST: /* UDP's went to the protocol */
		i->broadcast = v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static err_t set_inet_level(struct isock *i, int level, int name, int v)
{
	for (size_t k = 0; k < ARRAY_LEN(wants); k++) {
		if (wants[k].level != level || wants[k].name != name)
			continue;
		i->want = v ? i->want | wants[k].bit : i->want & ~wants[k].bit;
		return 0;
	}
	if (level == LX_IPPROTO_IPV6 && name == LX_IPV6_V6ONLY) {
		if (!i->v6 || i->port)
			return -EINVAL;
		i->v6only = v;
		return 0;
	}
	if ((level == LX_IPPROTO_IP && name == LX_IP_FREEBIND) ||
	    (level == LX_IPPROTO_IPV6 && name == LX_IPV6_FREEBIND)) {
		i->freebind = v;
		return 0;
	}
	if (level == LX_IPPROTO_UDP && name == LX_UDP_SEGMENT && i->kind == INET_UDP) {
		if (v < 0 || v > 65535)
			return -EINVAL;
		i->gso_size = (uint16_t)v;
		return 0;
	}
	if (level == LX_IPPROTO_IP && name == LX_IP_HDRINCL && i->s.type == LX_SOCK_RAW) {
		i->hdrincl = v != 0;
		raw_set_flags(i->raw, i->hdrincl ? RAW_HDRINCL : 0, NO);
		return 0;
	}
	return -ENOPROTOOPT;
}

static err_t set_linger(struct isock *i, struct uio *val)
{
	int32_t l[2];

	if (val->left < sizeof(l))
		return -EINVAL;
	if (uio_read(val, l, sizeof(l)) != (long)sizeof(l))
		return -EFAULT;
	i->linger = l[0];
	i->linger_s = (uint32_t)l[1];
	return 0;
}

static long read_name(struct uio *val, char *buf, size_t size)
{
	size_t n = MIN(val->left, size - 1);

	memset(buf, 0, size);
	return n ? uio_read(val, buf, n) : 0;
}

static err_t set_congestion(struct isock *i, const char *name)
{
	for (unsigned k = 0; tcp_cc_name(k); k++) {
		if (strcmp(tcp_cc_name(k), name) != 0)
			continue;
		if (i->kind == INET_LISTEN)
			return tcp_listener_opt_set(i->listener, TCP_OPT_CONGESTION, k);
		return tcp_opt_set(i->tcp, TCP_OPT_CONGESTION, k, i->shard->now);
	}
	return -ENOENT;
}

static err_t set_named(struct isock *i, bool device, struct uio *val)
{
	char name[NETIF_NAME];
	bool on, listening;
	err_t err;

	if (read_name(val, name, sizeof(name)) < 0)
		return -EFAULT;
	on = inet_lock(i);
	err = device ? set_device(i, name) : set_congestion(i, name);
	listening = i->kind == INET_LISTEN;
	inet_unlock(i, on);
	if (listening)
		inet_listen_options(i);
	return err;
}

/* --- multicast groups ------------------------------------------------------------------------------------------ */

static struct net_if *group_if(struct isock *i, uint32_t index, struct ip_addr local,
			       struct ip_addr group)
{
	struct net_route r;
	struct net_if *ifc = NULL;
	struct net_ifaddr a;

	if (index)
		return shard_if(i->shard, index);
	while (!ip_is_any(local) && (ifc = net_if_next(i->shard->st, ifc)) != NULL)
		for (unsigned k = 0; net_addr_at(ifc, k, &a); k++)
			if (ip_eq(a.addr, local))
				return ifc;
	if (!ip_is_any(local))
		return NULL;
	if (net_route_lookup(i->shard->st, group, NULL, &r) == 0)
		return r.ifc;
	/* No route: the first device that is not the loopback. */
	while ((ifc = net_if_next(i->shard->st, ifc)) != NULL)
		if (!(net_if_dev(ifc)->features & NETIF_LOOPBACK))
			return ifc;
	return NULL;
}

struct membership {
	struct ip_addr group, source, local;
	uint32_t ifindex;
	bool join;
};

static struct ip_addr in4(const uint8_t b[4])
{
	return ip4((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
}

static err_t read_mreq(struct uio *val, struct membership *m)
{
	struct linux_ip_mreqn r = { .ifindex = 0 };
	size_t n = MIN(val->left, sizeof(r));

	if (n < 8)
		return -EINVAL;
	if (uio_read(val, &r, n) != (long)n)
		return -EFAULT;
	m->group = in4(r.group);
	m->local = in4(r.address);
	m->ifindex = n == sizeof(r) ? (uint32_t)r.ifindex : 0;
	return 0;
}

static err_t read_mreq_source(struct uio *val, struct membership *m)
{
	struct linux_ip_mreq_source r;

	if (val->left < sizeof(r))
		return -EINVAL;
	if (uio_read(val, &r, sizeof(r)) != (long)sizeof(r))
		return -EFAULT;
	m->group = in4(r.group);
	m->local = in4(r.interface);
	m->source = in4(r.source);
	return 0;
}

static err_t read_mreq6(struct uio *val, struct membership *m)
{
	struct linux_ipv6_mreq r;

	if (val->left < sizeof(r))
		return -EINVAL;
	if (uio_read(val, &r, sizeof(r)) != (long)sizeof(r))
		return -EFAULT;
	m->group = ip6_from_wire(r.group);
	m->ifindex = r.ifindex;
	return 0;
}

static err_t read_membership(int level, int name, struct uio *val, struct membership *m)
{
	*m = (struct membership){ .join = true };
	if (level == LX_IPPROTO_IPV6) {
		m->join = name == LX_IPV6_ADD_MEMBERSHIP;
		return read_mreq6(val, m);
	}
	m->join = name == LX_IP_ADD_MEMBERSHIP || name == LX_IP_ADD_SOURCE_MEMBERSHIP;
	if (name == LX_IP_ADD_SOURCE_MEMBERSHIP || name == LX_IP_DROP_SOURCE_MEMBERSHIP)
		return read_mreq_source(val, m);
	return read_mreq(val, m);
}

static bool is_membership(int level, int name)
{
	if (level == LX_IPPROTO_IP)
		return name == LX_IP_ADD_MEMBERSHIP || name == LX_IP_DROP_MEMBERSHIP ||
		       name == LX_IP_ADD_SOURCE_MEMBERSHIP || name == LX_IP_DROP_SOURCE_MEMBERSHIP;
	return level == LX_IPPROTO_IPV6 &&
	       (name == LX_IPV6_ADD_MEMBERSHIP || name == LX_IPV6_DROP_MEMBERSHIP);
}

static err_t set_membership(struct isock *i, int level, int name, struct uio *val)
{
	struct membership m;
	struct net_if *ifc;
	bool on;
	err_t err = read_membership(level, name, val, &m);

	if (err)
		return err;
	if (i->kind != INET_UDP)
		return -EPROTO;
	if (!ip_is_multicast(m.group))
		return -EINVAL;
	on = inet_lock(i);
	ifc = group_if(i, m.ifindex, m.local, m.group);
	if (!ifc)
		err = -ENODEV;
	else if (m.join)
		err = udp_join(i->udp, ifc, m.group, m.source, i->shard->now);
	else
		err = udp_leave(i->udp, ifc, m.group, m.source, i->shard->now);
	inet_unlock(i, on);
	return err;
}

/* IP_MULTICAST_IF: an address, or a struct ip_mreqn. */
static err_t set_mcast_if(struct isock *i, struct uio *val)
{
	struct membership m = { .join = true };
	uint8_t addr[4];
	struct net_if *ifc;
	bool on;
	err_t err = 0;

	if (i->kind != INET_UDP)
		return -ENOPROTOOPT;
	if (val->left >= 8)
		err = read_mreq(val, &m);
	else if (val->left < 4)
		err = -EINVAL;
	else if (uio_read(val, addr, 4) != 4)
		err = -EFAULT;
	else
		m.local = in4(addr);
	if (err)
		return err;
	on = inet_lock(i);
	ifc = m.ifindex || !ip_is_any(m.local) ? group_if(i, m.ifindex, m.local, ip4(0)) : NULL;
	if (!ifc && (m.ifindex || !ip_is_any(m.local)))
		err = -EADDRNOTAVAIL;
	else
		err = udp_opt_set(i->udp, UDP_OPT_MCAST_IF, ifc ? net_if_dev(ifc)->index : 0);
	inet_unlock(i, on);
	return err;
}

err_t inet_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct isock *i = isock_of(s);
	const struct opt *o = find_opt(i, level, name);
	int v = 0;
	bool on, listening;
	err_t err;

	if (is_membership(level, name))
		return set_membership(i, level, name, val);
	if (level == LX_SOL_SOCKET && name == LX_SO_LINGER)
		return set_linger(i, val);
	if (level == LX_SOL_SOCKET && name == LX_SO_BINDTODEVICE)
		return set_named(i, true, val);
	if (level == LX_IPPROTO_TCP && name == LX_TCP_CONGESTION && is_tcp(i))
		return set_named(i, false, val);
	if (level == LX_IPPROTO_IP && name == LX_IP_MULTICAST_IF)
		return set_mcast_if(i, val);
	err = o ? read_value(o, val, &v) : sock_opt_int(val, &v);
	if (err)
		return level == LX_SOL_SOCKET && !o ? -ENOPROTOOPT : err;
	on = inet_lock(i);
	if (o)
		err = set_protocol(i, o, v);
	else
		err = level == LX_SOL_SOCKET ? set_socket_level(i, name, v)
					     : set_inet_level(i, level, name, v);
	listening = i->kind == INET_LISTEN;
	inet_unlock(i, on);
	if (listening)
		inet_listen_options(i);
	return err;
}

/* --- getting ---------------------------------------------------------------------------------------------------- */

static err_t get_socket_level(struct isock *i, int name, int *v)
{
	switch (name) {
	case LX_SO_REUSEADDR:
		*v = i->reuseaddr;
		return 0;
	case LX_SO_REUSEPORT:
		*v = i->reuseport;
		return 0;
	case LX_SO_BROADCAST:
		*v = i->broadcast;
		return 0;
	case LX_SO_SNDBUF:
		*v = i->kind == INET_TCP   ? (int)tcp_opt_get(i->tcp, TCP_OPT_SNDBUF)
		     : i->kind == INET_UDP ? (int)udp_opt_get(i->udp, UDP_OPT_SNDBUF)
					   : (int)i->sndbuf;
		return 0;
	case LX_SO_RCVBUF:
		*v = i->kind == INET_TCP   ? (int)tcp_opt_get(i->tcp, TCP_OPT_RCVBUF)
		     : i->kind == INET_UDP ? (int)udp_opt_get(i->udp, UDP_OPT_RCVBUF)
					   : (int)i->rcvbuf;
		return 0;
	case LX_SO_RCVLOWAT:
		*v = (int)i->rcvlowat;
		return 0;
	case LX_SO_SNDLOWAT:
		*v = 1;
		return 0;
	case LX_SO_ACCEPTCONN:
		*v = i->kind == INET_LISTEN;
		return 0;
	case LX_SO_INCOMING_CPU:
		*v = (int)i->shard->index;
		return 0;
	case LX_SO_ERROR:
		*v = net_ep_error(i->kind == INET_TCP	   ? tcp_ep(i->tcp)
				  : i->kind == INET_LISTEN ? tcp_listener_ep(i->listener)
				  : i->kind == INET_UDP	   ? udp_net_ep(i->udp)
							   : raw_net_ep(i->raw));
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static err_t get_inet_level(struct isock *i, int level, int name, int *v)
{
	for (size_t k = 0; k < ARRAY_LEN(wants); k++) {
		if (wants[k].level == level && wants[k].name == name) {
			*v = (i->want & wants[k].bit) != 0;
			return 0;
		}
	}
	if (level == LX_IPPROTO_IPV6 && name == LX_IPV6_V6ONLY)
		*v = i->v6only;
	else if (level == LX_IPPROTO_UDP && name == LX_UDP_SEGMENT)
		*v = i->gso_size;
	else if (level == LX_IPPROTO_IP && name == LX_IP_FREEBIND)
		*v = i->freebind;
	else
		return -ENOPROTOOPT;
	return 0;
}

static void make_tcp_info(const struct tcp_stats *s, struct linux_tcp_info *t)
{
	*t = (struct linux_tcp_info){
		.state = s->state,
		.ca_state = s->ca_state,
		.retransmits = s->retransmits,
		.probes = s->probes,
		.backoff = s->backoff,
		.options = s->options,
		.wscale = (uint8_t)((s->snd_wscale & 15) | s->rcv_wscale << 4),
		.rto = s->rto,
		.ato = s->ato,
		.snd_mss = s->snd_mss,
		.rcv_mss = s->rcv_mss,
		.unacked = s->unacked,
		.sacked = s->sacked,
		.lost = s->lost,
		.retrans = s->retrans,
		.last_data_sent = s->last_data_sent,
		.last_data_recv = s->last_data_recv,
		.last_ack_recv = s->last_ack_recv,
		.pmtu = s->pmtu,
		.rcv_ssthresh = s->rcv_ssthresh,
		.rtt = s->rtt,
		.rttvar = s->rttvar,
		.snd_ssthresh = s->snd_ssthresh,
		.snd_cwnd = s->snd_cwnd,
		.advmss = s->advmss,
		.reordering = s->reordering,
		.rcv_rtt = s->rcv_rtt,
		.rcv_space = s->rcv_space,
		.total_retrans = s->total_retrans,
		.pacing_rate = s->pacing_rate,
		.max_pacing_rate = s->max_pacing_rate,
		.bytes_acked = s->bytes_acked,
		.bytes_received = s->bytes_received,
		.segs_out = (uint32_t)s->segs_out,
		.segs_in = (uint32_t)s->segs_in,
		.notsent_bytes = s->notsent_bytes,
		.min_rtt = s->min_rtt,
		.data_segs_in = (uint32_t)s->data_segs_in,
		.data_segs_out = (uint32_t)s->data_segs_out,
		.delivery_rate = s->delivery_rate,
		.busy_time = s->busy_time,
		.rwnd_limited = s->rwnd_limited,
		.sndbuf_limited = s->sndbuf_limited,
		.delivered = s->delivered,
		.delivered_ce = s->delivered_ce,
		.bytes_sent = s->bytes_sent,
		.bytes_retrans = s->bytes_retrans,
		.dsack_dups = s->dsack_dups,
		.reord_seen = s->reord_seen,
		.rcv_ooopack = s->rcv_ooopack,
		.snd_wnd = s->snd_wnd,
	};
}

static noinline void get_tcp_info(struct isock *i, void *val, uint32_t *len)
{
	struct linux_tcp_info t = { .state = TCP_LISTEN };
	struct tcp_stats st;

	if (i->kind == INET_TCP) {
		tcp_conn_stats(i->tcp, &st, i->shard->now);
		make_tcp_info(&st, &t);
	} else {
		t.unacked = inet_listen_pending(i);
		t.sacked = tcp_listener_backlog(i->listener);
	}
	sock_opt_put(val, len, &t, sizeof(t));
}

/* Options whose value is not an int. False: it is one. */
static bool get_other(struct isock *i, int level, int name, void *val, uint32_t *len)
{
	int32_t linger[2] = { i->linger, (int32_t)i->linger_s };
	char cc[16] = "";

	if (level == LX_SOL_SOCKET && name == LX_SO_LINGER) {
		sock_opt_put(val, len, linger, sizeof(linger));
		return true;
	}
	if (level == LX_IPPROTO_TCP && is_tcp(i) && name == LX_TCP_INFO) {
		get_tcp_info(i, val, len);
		return true;
	}
	if (level == LX_IPPROTO_TCP && is_tcp(i) && name == LX_TCP_CONGESTION) {
		uint32_t k = i->kind == INET_TCP
				     ? tcp_opt_get(i->tcp, TCP_OPT_CONGESTION)
				     : tcp_listener_opt_get(i->listener, TCP_OPT_CONGESTION);
		const char *cc_name = tcp_cc_name(k);

		memcpy(cc, cc_name, MIN(strlen(cc_name), sizeof(cc) - 1));
		sock_opt_put(val, len, cc, sizeof(cc));
		return true;
	}
	return false;
}

err_t inet_getopt(struct sock *s, int level, int name, void *val, uint32_t *len)
{
	struct isock *i = isock_of(s);
	const struct opt *o = find_opt(i, level, name);
	bool on = inet_lock(i);
	err_t err = 0;
	int v = 0;

	if (get_other(i, level, name, val, len)) {
		inet_unlock(i, on);
		return 0;
	}
	if (o)
		v = (int)get_protocol(i, o);
	else
		err = level == LX_SOL_SOCKET ? get_socket_level(i, name, &v)
					     : get_inet_level(i, level, name, &v);
	inet_unlock(i, on);
	if (!err)
		sock_opt_put(val, len, &v, sizeof(v));
	return err;
}
