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

/* How a value is read and kept. */
enum {
	BOOL = 1,     /* 0 or not 0 */
	BYTE = 2,     /* BSD made it a byte: one is taken too */
	ZERO_ONE = 4, /* anything else is -EINVAL */
	MINUS = 8,    /* -1 is the default, which the protocol calls 0 */
};

/* One numeric option: where it goes for each kind of socket (NO: not for it). */
struct opt {
	int16_t level, name;
	int8_t tcp, udp; /* enum tcp_opt, enum udp_opt */
	int8_t raw;	 /* enum inet_raw_opt */
	uint8_t how;
	int32_t min, max;
};

#define ANY   INT32_MIN, INT32_MAX
#define COUNT 0, INT32_MAX

static const struct opt opts[] = {
#define T(name, o, how, ...)                                                         \
	{                                                                            \
		LX_IPPROTO_TCP, LX_TCP_##name, TCP_OPT_##o, NO, NO, how, __VA_ARGS__ \
	}
	T(NODELAY, NODELAY, BOOL, ANY),
	T(CORK, CORK, BOOL, ANY),
	T(QUICKACK, QUICKACK, BOOL, ANY),
	T(MAXSEG, MAXSEG, 0, 0, 32767),
	T(KEEPIDLE, KEEPIDLE, 0, 1, 32767),
	T(KEEPINTVL, KEEPINTVL, 0, 1, 32767),
	T(KEEPCNT, KEEPCNT, 0, 1, 127),
	T(SYNCNT, SYNCNT, 0, 1, 127),
	T(LINGER2, LINGER2, 0, ANY),
	T(DEFER_ACCEPT, DEFER_ACCEPT, 0, ANY),
	T(WINDOW_CLAMP, WINDOW_CLAMP, 0, ANY),
	T(USER_TIMEOUT, USER_TIMEOUT, 0, COUNT),
	T(NOTSENT_LOWAT, NOTSENT_LOWAT, 0, ANY),
	T(FASTOPEN, FASTOPEN, 0, COUNT),
	T(FASTOPEN_CONNECT, FASTOPEN_CONNECT, ZERO_ONE, ANY),
#undef T
	{ LX_SOL_SOCKET, LX_SO_KEEPALIVE, TCP_OPT_KEEPALIVE, NO, NO, BOOL, ANY },
	{ LX_SOL_SOCKET, LX_SO_OOBINLINE, TCP_OPT_OOBINLINE, NO, NO, BOOL, ANY },
	{ LX_SOL_SOCKET, LX_SO_BROADCAST, NO, UDP_OPT_BROADCAST, NO, BOOL, ANY },
	{ LX_SOL_SOCKET, LX_SO_NO_CHECK, NO, UDP_OPT_NO_CHECK, NO, BOOL, ANY },
#define I(name, t, u, r, how, ...)                                              \
	{                                                                       \
		LX_IPPROTO_IP, LX_IP_##name, t, u, r, BYTE | (how), __VA_ARGS__ \
	}
	I(TTL, TCP_OPT_TTL, UDP_OPT_TTL, RAW_OPT_TTL, MINUS, 1, 255),
	I(TOS, TCP_OPT_TOS, UDP_OPT_TOS, RAW_OPT_TOS, 0, ANY),
	I(MTU_DISCOVER, TCP_OPT_PMTUDISC, UDP_OPT_PMTUDISC, NO, 0, 0, 5),
	I(MULTICAST_TTL, NO, UDP_OPT_MCAST_TTL, RAW_OPT_MCAST_TTL, MINUS, 0, 255),
	I(MULTICAST_LOOP, NO, UDP_OPT_MCAST_LOOP, RAW_OPT_MCAST_LOOP, BOOL, ANY),
	I(MULTICAST_ALL, NO, UDP_OPT_MCAST_ALL, NO, ZERO_ONE, ANY),
	I(RECVERR, NO, UDP_OPT_RECVERR, NO, BOOL, ANY),
#undef I
#define I(name, t, u, r, how, ...)                                         \
	{                                                                  \
		LX_IPPROTO_IPV6, LX_IPV6_##name, t, u, r, how, __VA_ARGS__ \
	}
	I(UNICAST_HOPS, TCP_OPT_TTL, UDP_OPT_TTL, RAW_OPT_TTL, MINUS, 0, 255),
	I(TCLASS, TCP_OPT_TOS, UDP_OPT_TOS, RAW_OPT_TOS, MINUS, 0, 255),
	I(MTU_DISCOVER, TCP_OPT_PMTUDISC, UDP_OPT_PMTUDISC, NO, 0, 0, 5),
	I(MULTICAST_HOPS, NO, UDP_OPT_MCAST_TTL, RAW_OPT_MCAST_TTL, MINUS, 0, 255),
	I(MULTICAST_LOOP, NO, UDP_OPT_MCAST_LOOP, RAW_OPT_MCAST_LOOP, ZERO_ONE, ANY),
	I(MULTICAST_IF, NO, UDP_OPT_MCAST_IF, RAW_OPT_MCAST_IF, 0, COUNT),
	I(MULTICAST_ALL, NO, UDP_OPT_MCAST_ALL, NO, BOOL, ANY),
	I(RECVERR, NO, UDP_OPT_RECVERR, NO, BOOL, ANY),
#undef I
	{ LX_IPPROTO_UDP, LX_UDP_GRO, NO, UDP_OPT_GRO, NO, BOOL, ANY },
};

/* Bits of isock.want by option; of those without a use at their socket Linux takes note as well. */
static const struct flag {
	int16_t level, name;
	uint32_t bit;
} flags[] = {
	{ LX_SOL_SOCKET, LX_SO_DEBUG, WANT_DEBUG },
	{ LX_SOL_SOCKET, LX_SO_KEEPALIVE, WANT_KEEPALIVE },
	{ LX_SOL_SOCKET, LX_SO_OOBINLINE, WANT_OOBINLINE },
	{ LX_SOL_SOCKET, LX_SO_BROADCAST, WANT_BROADCAST },
	{ LX_SOL_SOCKET, LX_SO_RXQ_OVFL, WANT_DROPS },
	{ LX_SOL_SOCKET, LX_SO_ZEROCOPY, WANT_ZEROCOPY },
	{ LX_IPPROTO_IP, LX_IP_PKTINFO, WANT_PKTINFO },
	{ LX_IPPROTO_IP, LX_IP_RECVTTL, WANT_TTL },
	{ LX_IPPROTO_IP, LX_IP_RECVTOS, WANT_TOS },
	{ LX_IPPROTO_IP, LX_IP_RECVORIGDSTADDR, WANT_ORIGDST },
	{ LX_IPPROTO_IP, LX_IP_FREEBIND, WANT_FREEBIND },
	{ LX_IPPROTO_IP, LX_IP_TRANSPARENT, WANT_TRANSPARENT },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVPKTINFO, WANT_PKTINFO6 },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVHOPLIMIT, WANT_TTL6 },
	{ LX_IPPROTO_IPV6, LX_IPV6_RECVTCLASS, WANT_TOS6 },
	{ LX_IPPROTO_IPV6, LX_IPV6_FREEBIND, WANT_FREEBIND },
	{ LX_IPPROTO_IPV6, LX_IPV6_TRANSPARENT, WANT_TRANSPARENT },
};

static bool is_tcp(const struct isock *i)
{
	return i->kind == INET_TCP || i->kind == INET_LISTEN;
}

static int where(const struct isock *i, const struct opt *o)
{
	return is_tcp(i) ? o->tcp : i->kind == INET_UDP ? o->udp : o->raw;
}

static const struct opt *find_opt(const struct isock *i, int level, int name)
{
	for (size_t k = 0; k < ARRAY_LEN(opts); k++)
		if (opts[k].level == level && opts[k].name == name && where(i, &opts[k]) != NO)
			return &opts[k];
	return NULL;
}

static const struct flag *find_flag(int level, int name)
{
	for (size_t k = 0; k < ARRAY_LEN(flags); k++)
		if (flags[k].level == level && flags[k].name == name)
			return &flags[k];
	return NULL;
}

/* A level that this socket does not have: what Linux says to setsockopt(2). */
static bool has_level(const struct isock *i, int level)
{
	switch (level) {
	case LX_SOL_SOCKET:
	case LX_IPPROTO_IP:
		return true;
	case LX_IPPROTO_IPV6:
		return i->v6;
	case LX_IPPROTO_TCP:
		return is_tcp(i);
	case LX_IPPROTO_UDP:
		return i->kind == INET_UDP;
	default:
		return i->kind == INET_RAW;
	}
}

/* An int; at level IP, also a byte or nothing at all. */
static err_t read_value(int level, struct uio *val, int *v)
{
	uint8_t b;

	*v = 0;
	if (level == LX_IPPROTO_IPV6 && val->left >= sizeof(int) && !val->vec->base)
		return 0; /* as Linux has it */
	if (val->left >= sizeof(int) || level != LX_IPPROTO_IP)
		return sock_opt_int(val, v);
	if (val->left && uio_read(val, &b, 1) != 1)
		return -EFAULT;
	*v = val->left ? b : 0;
	return 0;
}

/*
 * Linux counts TCP_DEFER_ACCEPT in retransmissions of the SYN-ACK and shows the seconds that they take: 1, 3, 7, ...
 * with at most two minutes between two of them.
 */
static int defer_seconds(int v)
{
	int period = 1, step = 1;

	if (v <= 0)
		return 0;
	for (int n = 1; v > period && n < 255; n++) {
		step = MIN(step * 2, 120);
		period += step;
	}
	return period;
}

/* What is kept of a value that is within its range. */
static err_t adjust(const struct isock *i, const struct opt *o, int *v)
{
	if (o->level == LX_IPPROTO_TCP) {
		switch (o->name) {
		case LX_TCP_MAXSEG:
			return *v && *v < 88 ? -EINVAL : 0;
		case LX_TCP_LINGER2: /* 0: the system's; less: none */
			*v = *v < 0 ? -1 : *v == 0 ? 60 : MIN(*v, 120);
			return 0;
		case LX_TCP_DEFER_ACCEPT:
			*v = defer_seconds(*v);
			return 0;
		case LX_TCP_WINDOW_CLAMP:
			*v = *v ? MAX(*v, 1152) : 0;
			return 0;
		case LX_TCP_NOTSENT_LOWAT: /* 0: no limit */
			*v = *v ? *v : -1;
			return 0;
		default:
			return 0;
		}
	}
	/* TCP sets the two bits of ECN by itself. */
	if ((o->level == LX_IPPROTO_IP && o->name == LX_IP_TOS) ||
	    (o->level == LX_IPPROTO_IPV6 && o->name == LX_IPV6_TCLASS))
		*v &= is_tcp(i) ? 0xfc : 0xff;
	return 0;
}

static err_t fit(const struct isock *i, const struct opt *o, int *v)
{
	if (o->how & ZERO_ONE && (*v < 0 || *v > 1))
		return -EINVAL;
	if (o->how & BOOL)
		*v = *v != 0;
	if (o->how & MINUS && *v == -1) {
		bool hops = o->name == LX_IP_MULTICAST_TTL || o->name == LX_IPV6_MULTICAST_HOPS;

		*v = hops ? 1 : 0;
		return 0;
	}
	if (*v < o->min || *v > o->max)
		return -EINVAL;
	return adjust(i, o, v);
}

static err_t set_protocol(struct isock *i, const struct opt *o, int v)
{
	err_t err = fit(i, o, &v);

	if (err)
		return err;
	if (o->level == LX_IPPROTO_UDP) /* GRO: the control message, too */
		i->want = v ? i->want | WANT_GRO : i->want & ~(uint32_t)WANT_GRO;
	switch (i->kind) {
	case INET_TCP:
		return tcp_opt_set(i->tcp, (enum tcp_opt)o->tcp, (uint32_t)v, i->shard->now);
	case INET_LISTEN:
		return tcp_listener_opt_set(i->listener, (enum tcp_opt)o->tcp, (uint32_t)v);
	case INET_UDP:
		return udp_opt_set(i->udp, (enum udp_opt)o->udp, (uint32_t)v);
	default:
		i->raw_opt[o->raw] = (uint8_t)v;
		return 0;
	}
}

static bool is_hops(const struct opt *o)
{
	return (o->level == LX_IPPROTO_IP && o->name == LX_IP_TTL) ||
	       (o->level == LX_IPPROTO_IPV6 && o->name == LX_IPV6_UNICAST_HOPS);
}

static int get_protocol(const struct isock *i, const struct opt *o)
{
	uint32_t v;

	if (i->kind == INET_TCP)
		v = tcp_opt_get(i->tcp, (enum tcp_opt)o->tcp);
	else if (i->kind == INET_LISTEN)
		v = tcp_listener_opt_get(i->listener, (enum tcp_opt)o->tcp);
	else
		v = i->kind == INET_UDP ? udp_opt_get(i->udp, (enum udp_opt)o->udp)
					: i->raw_opt[o->raw];
	if (is_hops(o) && !v)
		return 64;
	if (o->tcp == TCP_OPT_NOTSENT_LOWAT && v == UINT32_MAX)
		return 0;
	return (int)v;
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
		i->rcvlowat = v < 0 ? INT32_MAX : v ? (uint32_t)v : 1;
		return is_tcp(i) && i->kind == INET_TCP
			       ? tcp_opt_set(i->tcp, TCP_OPT_RCVLOWAT, i->rcvlowat, i->shard->now)
			       : 0;
	default:
		return -ENOPROTOOPT;
	}
}

static err_t set_inet_level(struct isock *i, int level, int name, int v)
{
	if (level == LX_IPPROTO_IPV6 && name == LX_IPV6_V6ONLY) {
		if (i->port)
			return -EINVAL;
		i->v6only = v;
		return 0;
	}
	if (level == LX_IPPROTO_UDP && name == LX_UDP_SEGMENT) {
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

/* Bytes a second: an int, or 64 bits. */
static err_t set_pacing(struct isock *i, struct uio *val)
{
	uint64_t rate = 0;
	size_t n = val->left >= sizeof(rate) ? sizeof(rate) : sizeof(uint32_t);
	bool on;
	err_t err;

	if (val->left < sizeof(uint32_t))
		return -EINVAL;
	if (uio_read(val, &rate, n) != (long)n)
		return -EFAULT;
	if (!is_tcp(i))
		return -ENOPROTOOPT;
	rate = rate ? MIN(rate, (uint64_t)UINT32_MAX) : 1;
	on = inet_lock(i);
	err = i->kind == INET_TCP
		      ? tcp_opt_set(i->tcp, TCP_OPT_MAX_PACING, (uint32_t)rate, i->shard->now)
		      : tcp_listener_opt_set(i->listener, TCP_OPT_MAX_PACING, (uint32_t)rate);
	inet_unlock(i, on);
	return err;
}

/* Options whose value is no int. False: it is one. */
static bool set_other(struct isock *i, int level, int name, struct uio *val, err_t *err)
{
	if (inet_is_group_opt(level, name))
		*err = inet_group_set(i, level, name, val);
	else if (level == LX_IPPROTO_IP && name == LX_IP_MULTICAST_IF)
		*err = inet_group_set_if(i, val);
	else if (level == LX_IPPROTO_TCP && name == LX_TCP_CONGESTION)
		*err = set_named(i, false, val);
	else if (level != LX_SOL_SOCKET)
		return false;
	else if (name == LX_SO_LINGER)
		*err = set_linger(i, val);
	else if (name == LX_SO_BINDTODEVICE)
		*err = set_named(i, true, val);
	else if (name == LX_SO_MAX_PACING_RATE)
		*err = set_pacing(i, val);
	else
		return false;
	return true;
}

static err_t set_int(struct isock *i, int level, int name, struct uio *val)
{
	const struct opt *o = find_opt(i, level, name);
	const struct flag *f = o ? NULL : find_flag(level, name);
	int v = 0;
	bool on, listens;
	err_t err = read_value(level, val, &v);

	if (err)
		return err;
	on = inet_lock(i);
	if (o)
		err = set_protocol(i, o, v);
	else if (f && f->bit == WANT_ZEROCOPY && (i->kind == INET_RAW || v < 0 || v > 1))
		err = i->kind == INET_RAW ? -EOPNOTSUPP : -EINVAL;
	else if (f)
		i->want = v ? i->want | f->bit : i->want & ~f->bit;
	else
		err = level == LX_SOL_SOCKET ? set_socket_level(i, name, v)
					     : set_inet_level(i, level, name, v);
	listens = i->kind == INET_LISTEN;
	inet_unlock(i, on);
	if (listens)
		inet_listen_options(i);
	return err;
}

/* At these levels Linux knows the name before it looks at the value. */
static bool name_known(const struct isock *i, int level, int name)
{
	if (level != LX_IPPROTO_IP && level != LX_IPPROTO_IPV6)
		return true;
	return find_opt(i, level, name) || find_flag(level, name) ||
	       (level == LX_IPPROTO_IPV6 && name == LX_IPV6_V6ONLY) ||
	       (level == LX_IPPROTO_IP && name == LX_IP_HDRINCL && i->s.type == LX_SOCK_RAW);
}

err_t inet_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct isock *i = isock_of(s);
	err_t err;

	if (!has_level(i, level))
		return -ENOPROTOOPT;
	if (level == LX_SOL_SOCKET && val->left < sizeof(int) && name != LX_SO_BINDTODEVICE)
		return -EINVAL;
	if (set_other(i, level, name, val, &err))
		return err;
	return name_known(i, level, name) ? set_int(i, level, name, val) : -ENOPROTOOPT;
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

/* What a packet to the peer may measure. */
static err_t get_mtu(struct isock *i, int *v)
{
	struct tcp_stats st;

	if (i->kind == INET_TCP && tcp_conn_state(i->tcp) != TCP_CLOSED) {
		tcp_conn_stats(i->tcp, &st, i->shard->now);
		*v = (int)st.pmtu;
	} else {
		*v = i->kind == INET_UDP && i->connected ? (int)udp_path_mtu(i->udp) : 0;
	}
	return *v ? 0 : -ENOTCONN;
}

static err_t get_inet_level(struct isock *i, int level, int name, int *v)
{
	if (level == LX_IPPROTO_IPV6 && name == LX_IPV6_V6ONLY)
		*v = i->v6only;
	else if (level == LX_IPPROTO_UDP && name == LX_UDP_SEGMENT)
		*v = i->gso_size;
	else if (level == LX_IPPROTO_IP && name == LX_IP_HDRINCL)
		*v = i->hdrincl;
	else if ((level == LX_IPPROTO_IP && name == LX_IP_MTU) ||
		 (level == LX_IPPROTO_IPV6 && name == LX_IPV6_MTU))
		return get_mtu(i, v);
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

/* The name and its end; nothing at all when it is bound to none. */
static void get_device(struct isock *i, void *val, uint32_t *len)
{
	struct net_if *ifc = i->ifindex ? shard_if(i->shard, i->ifindex) : NULL;
	const char *name = ifc ? net_if_dev(ifc)->name : "";

	if (ifc)
		sock_opt_put(val, len, name, strlen(name) + 1);
	else
		*len = 0;
}

static void get_pacing(struct isock *i, void *val, uint32_t *len)
{
	uint32_t v = i->kind == INET_TCP ? tcp_opt_get(i->tcp, TCP_OPT_MAX_PACING)
					 : tcp_listener_opt_get(i->listener, TCP_OPT_MAX_PACING);
	uint64_t rate = v == UINT32_MAX ? UINT64_MAX : v;

	sock_opt_put(val, len, &rate, *len >= sizeof(rate) ? sizeof(rate) : sizeof(v));
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
	if (level == LX_SOL_SOCKET && name == LX_SO_BINDTODEVICE) {
		get_device(i, val, len);
		return true;
	}
	if (level == LX_SOL_SOCKET && name == LX_SO_MAX_PACING_RATE && is_tcp(i)) {
		get_pacing(i, val, len);
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
	const struct flag *f = find_flag(level, name);
	bool on;
	err_t err = 0;
	int v = 0;

	if (!has_level(i, level))
		return i->v6 ? -ENOPROTOOPT : -EOPNOTSUPP;
	on = inet_lock(i);
	if (get_other(i, level, name, val, len)) {
		inet_unlock(i, on);
		return 0;
	}
	if (o)
		v = get_protocol(i, o);
	else if (f)
		v = (i->want & f->bit) != 0;
	else
		err = level == LX_SOL_SOCKET ? get_socket_level(i, name, &v)
					     : get_inet_level(i, level, name, &v);
	inet_unlock(i, on);
	if (!err)
		sock_opt_put(val, len, &v, sizeof(v));
	return err;
}
