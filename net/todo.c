/* SPDX-License-Identifier: Apache-2.0 */
/* net/todo.c: what is not here yet: packets for it are dropped, with a reason; calls refuse. */
#include "net/net_int.h"

void ip6_input(struct net_if *ifc, struct pkt *p)
{
	net_drop(ifc->st, p, DROP_ETH_TYPE);
}

void icmp6_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)rx;
	net_drop(st, p, DROP_IP_PROTO);
}

void nd_solicit(struct net_if *ifc, struct ip_addr target, const struct eth_addr *to)
{
	(void)ifc, (void)target, (void)to;
}

void nd_dad_start(struct if_addr *a)
{
	(void)a;
}

void auto6_stop(struct net_if *ifc)
{
	(void)ifc;
}

void auto6_link(struct net_if *ifc)
{
	(void)ifc;
}

void igmp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)rx;
	net_drop(st, p, DROP_IP_PROTO);
}

bool mcast_member(const struct net_if *ifc, struct ip_addr group)
{
	(void)ifc, (void)group;
	return false;
}

struct eth_addr mcast_mac(struct ip_addr group)
{
	(void)group;
	return (struct eth_addr){ { 1, 0, 0x5e, 0, 0, 0 } };
}

void mcast_if_fini(struct net_if *ifc)
{
	(void)ifc;
}

err_t net_mcast_join(struct net_if *ifc, struct ip_addr group, uint64_t now)
{
	(void)ifc, (void)group, (void)now;
	return -EOPNOTSUPP;
}

err_t net_mcast_leave(struct net_if *ifc, struct ip_addr group, uint64_t now)
{
	(void)ifc, (void)group, (void)now;
	return -EOPNOTSUPP;
}

err_t net_auto6_start(struct net_if *ifc, bool privacy, uint64_t now)
{
	(void)ifc, (void)privacy, (void)now;
	return -EOPNOTSUPP;
}
