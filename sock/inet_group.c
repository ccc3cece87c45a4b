/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet_group.c: joining and leaving multicast groups, and the interface that they go out by: ip(7), RFC 3678. */
#include "abi/linux_inet.h"
#include "kern/slab.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "sock/inet_int.h"

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

/* struct group_req and group_source_req: an index, then one or two struct sockaddr_storage. */
static err_t read_group(int level, bool source, struct uio *val, struct membership *m)
{
	uint8_t r[8 + 2 * 128];
	size_t n = source ? sizeof(r) : sizeof(r) / 2 + 4;
	uint16_t family = level == LX_IPPROTO_IP ? LX_AF_INET : LX_AF_INET6;

	if (val->left < n)
		return -EINVAL;
	if (uio_read(val, r, n) != (long)n)
		return -EFAULT;
	memcpy(&m->ifindex, r, sizeof(m->ifindex));
	if (memcmp(r + 8, &family, 2) != 0 || (source && memcmp(r + 136, &family, 2) != 0))
		return -EADDRNOTAVAIL;
	m->group = level == LX_IPPROTO_IP ? in4(r + 12) : ip6_from_wire(r + 16);
	if (source)
		m->source = level == LX_IPPROTO_IP ? in4(r + 140) : ip6_from_wire(r + 144);
	return 0;
}

static err_t read_membership(int level, int name, struct uio *val, struct membership *m)
{
	*m = (struct membership){ .join = true };
	if (name == LX_MCAST_JOIN_GROUP || name == LX_MCAST_JOIN_SOURCE_GROUP)
		return read_group(level, name == LX_MCAST_JOIN_SOURCE_GROUP, val, m);
	if (name == LX_MCAST_LEAVE_GROUP || name == LX_MCAST_LEAVE_SOURCE_GROUP) {
		m->join = false;
		return read_group(level, name == LX_MCAST_LEAVE_SOURCE_GROUP, val, m);
	}
	if (level == LX_IPPROTO_IPV6) {
		m->join = name == LX_IPV6_ADD_MEMBERSHIP;
		return read_mreq6(val, m);
	}
	m->join = name == LX_IP_ADD_MEMBERSHIP || name == LX_IP_ADD_SOURCE_MEMBERSHIP;
	if (name == LX_IP_ADD_SOURCE_MEMBERSHIP || name == LX_IP_DROP_SOURCE_MEMBERSHIP)
		return read_mreq_source(val, m);
	return read_mreq(val, m);
}

bool inet_is_group_opt(int level, int name)
{
	if (level != LX_IPPROTO_IP && level != LX_IPPROTO_IPV6)
		return false;
	switch (name) {
	case LX_MCAST_JOIN_GROUP:
	case LX_MCAST_LEAVE_GROUP:
	case LX_MCAST_JOIN_SOURCE_GROUP:
	case LX_MCAST_LEAVE_SOURCE_GROUP:
		return true;
	case LX_IP_ADD_MEMBERSHIP:
	case LX_IP_DROP_MEMBERSHIP:
	case LX_IP_ADD_SOURCE_MEMBERSHIP:
	case LX_IP_DROP_SOURCE_MEMBERSHIP:
		return level == LX_IPPROTO_IP;
	case LX_IPV6_ADD_MEMBERSHIP:
	case LX_IPV6_DROP_MEMBERSHIP:
		return level == LX_IPPROTO_IPV6;
	default:
		return false;
	}
}

/* --- memberships of raw sockets: they hear every group that the host is a member of ------------------------- */

struct raw_member {
	struct list link; /* i->members */
	struct net_if *ifc;
	struct ip_addr group;
};

static struct raw_member *find_member(struct isock *i, const struct net_if *ifc,
				      struct ip_addr group)
{
	struct raw_member *m;

	list_for_each_entry (m, &i->members, link)
		if (m->ifc == ifc && ip_eq(m->group, group))
			return m;
	return NULL;
}

static err_t raw_join(struct isock *i, struct net_if *ifc, struct ip_addr group)
{
	struct raw_member *m;
	err_t err;

	if (find_member(i, ifc, group))
		return -EADDRINUSE;
	m = kmalloc(sizeof(*m));
	if (!m)
		return -ENOBUFS;
	err = net_mcast_join(ifc, group, i->shard->now);
	if (err) {
		kfree(m);
		return err;
	}
	m->ifc = ifc;
	m->group = group;
	list_add_tail(&i->members, &m->link);
	return 0;
}

static err_t raw_leave(struct isock *i, struct raw_member *m)
{
	err_t err = m ? net_mcast_leave(m->ifc, m->group, i->shard->now) : -EADDRNOTAVAIL;

	if (m) {
		list_del(&m->link);
		kfree(m);
	}
	return err;
}

void inet_group_leave_all(struct isock *i)
{
	struct raw_member *m, *tmp;

	list_for_each_entry_safe (m, tmp, &i->members, link)
		(void)!raw_leave(i, m);
}

static err_t change(struct isock *i, struct net_if *ifc, const struct membership *m)
{
	err_t err;

	if (i->kind == INET_RAW)
		return m->join ? raw_join(i, ifc, m->group)
			       : raw_leave(i, find_member(i, ifc, m->group));
	err = m->join ? udp_join(i->udp, ifc, m->group, m->source, i->shard->now)
		      : udp_leave(i->udp, ifc, m->group, m->source, i->shard->now);
	if (!err || ip_is_any(m->source))
		return err;
	/* Linux's words for the same when a source is named. */
	return err == -EADDRINUSE ? -EADDRNOTAVAIL : err == -EADDRNOTAVAIL ? -EINVAL : err;
}

err_t inet_group_set(struct isock *i, int level, int name, struct uio *val)
{
	struct membership m;
	struct net_if *ifc;
	bool on;
	err_t err = read_membership(level, name, val, &m);

	if (err)
		return err;
	if (i->kind != INET_UDP && i->kind != INET_RAW)
		return -EPROTO;
	if (!ip_is_multicast(m.group))
		return -EINVAL;
	on = inet_lock(i);
	ifc = group_if(i, m.ifindex, m.local, m.group);
	err = ifc ? change(i, ifc, &m) : -ENODEV;
	inet_unlock(i, on);
	return err;
}

/* IP_MULTICAST_IF: an address, or a struct ip_mreqn. */
err_t inet_group_set_if(struct isock *i, struct uio *val)
{
	struct membership m = { .join = true };
	uint8_t addr[4];
	struct net_if *ifc;
	bool on;
	err_t err = 0;

	if (i->kind != INET_UDP && i->kind != INET_RAW)
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
	else if (i->kind == INET_RAW)
		i->raw_opt[RAW_OPT_MCAST_IF] = (uint8_t)(ifc ? net_if_dev(ifc)->index : 0);
	else
		err = udp_opt_set(i->udp, UDP_OPT_MCAST_IF, ifc ? net_if_dev(ifc)->index : 0);
	inet_unlock(i, on);
	return err;
}
