/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet_cmsg.c: control messages of datagrams, both ways, and the error queue: ip(7), ipv6(7), udp(7). */
#include "abi/linux_inet.h"
#include "lib/mem.h"
#include "sock/inet_int.h"

static void put_int(struct sock_msg *m, int level, int type, int v)
{
	sock_ctl_put(m->ctl_out, level, type, &v, sizeof(v));
}

static void give_v4(const struct isock *i, const struct inet_info *info, struct sock_msg *m)
{
	struct linux_in_pktinfo pi = { .ifindex = (int32_t)info->ifindex };
	uint8_t tos = info->tos;

	if (i->want & WANT_PKTINFO) {
		memcpy(pi.spec_dst, &info->dst.b[12], 4);
		memcpy(pi.addr, &info->dst.b[12], 4);
		sock_ctl_put(m->ctl_out, LX_IPPROTO_IP, LX_IP_PKTINFO, &pi, sizeof(pi));
	}
	if (i->want & WANT_TTL)
		put_int(m, LX_IPPROTO_IP, LX_IP_TTL, info->ttl);
	if (i->want & WANT_TOS)
		sock_ctl_put(m->ctl_out, LX_IPPROTO_IP, LX_IP_TOS, &tos, sizeof(tos));
}

static void give_v6(const struct isock *i, const struct inet_info *info, struct sock_msg *m)
{
	struct linux_in6_pktinfo pi = { .ifindex = info->ifindex };

	if (i->want & WANT_PKTINFO6) {
		memcpy(pi.addr, info->dst.b, 16);
		sock_ctl_put(m->ctl_out, LX_IPPROTO_IPV6, LX_IPV6_PKTINFO, &pi, sizeof(pi));
	}
	if (ip_is_v4(info->dst))
		return;
	if (i->want & WANT_TTL6)
		put_int(m, LX_IPPROTO_IPV6, LX_IPV6_HOPLIMIT, info->ttl);
	if (i->want & WANT_TOS6)
		put_int(m, LX_IPPROTO_IPV6, LX_IPV6_TCLASS, info->tos);
}

static void give_orig(const struct isock *i, const struct inet_info *info, struct sock_msg *m)
{
	struct linux_sockaddr_in a = { .family = LX_AF_INET,
				       .port = { (uint8_t)(i->lport >> 8), (uint8_t)i->lport } };

	memcpy(a.addr, &info->dst.b[12], 4);
	sock_ctl_put(m->ctl_out, LX_IPPROTO_IP, LX_IP_RECVORIGDSTADDR, &a, sizeof(a));
}

static void give_drops(const struct isock *i, struct sock_msg *m)
{
	uint32_t drops = udp_drops(i->udp);

	if (drops)
		sock_ctl_put(m->ctl_out, LX_SOL_SOCKET, LX_SO_RXQ_OVFL, &drops, sizeof(drops));
}

void inet_ctl_give(const struct isock *i, const struct inet_info *info, struct sock_msg *m)
{
	if (!m->ctl_out)
		return;
	sock_ctl_time(&i->s, info->stamp_ns, m);
	if (ip_is_v4(info->dst))
		give_v4(i, info, m);
	if (i->v6)
		give_v6(i, info, m);
	if ((i->want & WANT_ORIGDST) && ip_is_v4(info->dst))
		give_orig(i, info, m);
	if ((i->want & WANT_DROPS) && i->kind == INET_UDP)
		give_drops(i, m);
	if ((i->want & WANT_GRO) && info->gso_size)
		put_int(m, LX_IPPROTO_UDP, LX_UDP_GRO, info->gso_size);
}

/* --- sending --------------------------------------------------------------------------------------------- */

static err_t take_pktinfo(struct isock *i, const void *data, size_t len, struct udp_tx *tx)
{
	struct linux_in_pktinfo pi;
	uint32_t a;

	if (len != sizeof(pi))
		return -EINVAL;
	memcpy(&pi, data, sizeof(pi));
	a = (uint32_t)pi.spec_dst[0] << 24 | (uint32_t)pi.spec_dst[1] << 16 |
	    (uint32_t)pi.spec_dst[2] << 8 | pi.spec_dst[3];
	if (a)
		tx->src = ip4(a);
	if (pi.ifindex) {
		tx->ifc = shard_if(i->shard, (uint32_t)pi.ifindex);
		return tx->ifc ? 0 : -ENODEV;
	}
	return 0;
}

static err_t take_pktinfo6(struct isock *i, const void *data, size_t len, struct udp_tx *tx)
{
	struct linux_in6_pktinfo pi;

	if (len < sizeof(pi))
		return -EINVAL;
	memcpy(&pi, data, sizeof(pi));
	if (!ip_is_any(ip6_from_wire(pi.addr)))
		tx->src = ip6_from_wire(pi.addr);
	if (pi.ifindex) {
		tx->ifc = shard_if(i->shard, pi.ifindex);
		return tx->ifc ? 0 : -ENODEV;
	}
	return 0;
}

/* An int, or the single byte that IP_TOS may also be. */
static err_t take_small(const void *data, size_t len, int min, int max, int16_t *out)
{
	int v;

	if (len == 1) {
		*out = *(const uint8_t *)data;
		return 0;
	}
	if (len < sizeof(v))
		return -EINVAL;
	memcpy(&v, data, sizeof(v));
	if (v < min || v > max)
		return -EINVAL;
	*out = (int16_t)v;
	return 0;
}

static err_t take_segment(const void *data, size_t len, struct udp_tx *tx)
{
	if (len != sizeof(tx->gso_size))
		return -EINVAL;
	memcpy(&tx->gso_size, data, sizeof(tx->gso_size));
	return 0;
}

static err_t take_one(struct isock *i, const struct linux_cmsghdr *h, const void *data, size_t len,
		      struct udp_tx *tx)
{
	switch (h->level) {
	case LX_IPPROTO_IP:
		if (h->type == LX_IP_PKTINFO)
			return take_pktinfo(i, data, len, tx);
		if (h->type == LX_IP_TTL)
			return take_small(data, len, 1, 255, &tx->ttl);
		return h->type == LX_IP_TOS ? take_small(data, len, 0, 255, &tx->tos) : -EINVAL;
	case LX_IPPROTO_IPV6:
		if (h->type == LX_IPV6_PKTINFO)
			return take_pktinfo6(i, data, len, tx);
		if (h->type == LX_IPV6_HOPLIMIT)
			return take_small(data, len, -1, 255, &tx->ttl);
		return h->type == LX_IPV6_TCLASS ? take_small(data, len, -1, 255, &tx->tos)
						 : -EINVAL;
	case LX_IPPROTO_UDP:
		return h->type == LX_UDP_SEGMENT ? take_segment(data, len, tx) : -EINVAL;
	default:
		return h->level == LX_SOL_SOCKET ? -EINVAL : 0;
	}
}

err_t inet_ctl_take(struct isock *i, const struct sock_msg *m, struct udp_tx *tx)
{
	const struct linux_cmsghdr *h;
	size_t at = 0, len;
	err_t err = 0;

	while (!err && (h = sock_ctl_next(m, &at, &len)) != NULL)
		err = take_one(i, h, h + 1, len, tx);
	return err;
}

/* --- the error queue ---------------------------------------------------------------------------------------- */

/* struct sock_extended_err, then the address of who said so. */
static void give_error(const struct isock *i, const struct net_error *e, struct sock_msg *m)
{
	struct {
		struct linux_sock_extended_err ee;
		struct linux_sockaddr_in6 offender;
	} msg = { .ee = { .err = (uint32_t)e->err,
			  .origin = e->origin,
			  .type = e->type,
			  .code = e->code,
			  .info = e->info } };
	struct sock_addr a;
	bool v4 = ip_is_v4(e->dst);

	inet_addr_make(i, e->offender, 0, 0, &a);
	if (e->origin != 1) /* who said so; nobody but ourselves */
		memcpy(&msg.offender, a.bytes, MIN(a.len, (uint32_t)sizeof(msg.offender)));
	if (m->ctl_out)
		sock_ctl_put(m->ctl_out, v4 ? LX_IPPROTO_IP : LX_IPPROTO_IPV6,
			     v4 ? LX_IP_RECVERR : LX_IPV6_RECVERR, &msg,
			     sizeof(msg.ee) + MIN((size_t)a.len, sizeof(msg.offender)));
}

void inet_zerocopy_sent(struct isock *i)
{
	bool on;

	if (!(i->want & WANT_ZEROCOPY))
		return;
	on = inet_look(i);
	i->zc_next++;
	inet_looked(i, on);
	poll_notify(&i->s.source, POLL_ERR);
}

/* One message for all sends since the last: from `info` to `data`. */
long inet_recv_zerocopy(struct isock *i, struct sock_msg *m)
{
	enum { SO_EE_ORIGIN_ZEROCOPY = 5, SO_EE_CODE_ZEROCOPY_COPIED = 1 };
	struct {
		struct linux_sock_extended_err ee;
		uint8_t offender[sizeof(struct linux_sockaddr_in6)]; /* nobody */
	} msg = { .ee = { .origin = SO_EE_ORIGIN_ZEROCOPY, .code = SO_EE_CODE_ZEROCOPY_COPIED } };
	bool on = inet_look(i), any = i->zc_told != i->zc_next;

	msg.ee.info = i->zc_told;
	msg.ee.data = i->zc_next - 1;
	i->zc_told = i->zc_next;
	inet_looked(i, on);
	if (!any)
		return -EAGAIN;
	if (m->addr)
		m->addr->len = 0;
	if (m->ctl_out)
		sock_ctl_put(m->ctl_out, i->v6 ? LX_IPPROTO_IPV6 : LX_IPPROTO_IP,
			     i->v6 ? LX_IPV6_RECVERR : LX_IP_RECVERR, &msg,
			     sizeof(msg.ee) + (i->v6 ? sizeof(struct linux_sockaddr_in6)
						     : sizeof(struct linux_sockaddr_in)));
	m->out_flags |= LX_MSG_ERRQUEUE;
	return 0;
}

long inet_recv_error(struct isock *i, struct sock_msg *m)
{
	struct net_error e;
	struct pkt *p = NULL;
	long r = 0;
	bool on = inet_look(i), any = udp_error_pop(i->udp, &e, &p);

	inet_looked(i, on);
	if (!any)
		return inet_recv_zerocopy(i, m);
	if (p) {
		r = inet_pkt_out(p, MIN((size_t)p->len, m->uio->left), m->uio);
		on = inet_look(i);
		pkt_free(p);
		inet_looked(i, on);
	}
	if (m->addr)
		inet_addr_make(i, e.dst, e.dport, 0, m->addr);
	give_error(i, &e, m);
	m->out_flags |= LX_MSG_ERRQUEUE;
	return r;
}
