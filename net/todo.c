/* SPDX-License-Identifier: Apache-2.0 */
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
void igmp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)rx;
	net_drop(st, p, DROP_IP_PROTO);
}
void udp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)rx;
	net_drop(st, p, DROP_IP_PROTO);
}
void udp_icmp(struct net_stack *st, const struct icmp_err *e)
{
	(void)st;
	(void)e;
}
err_t udp_table_init(struct net_stack *st)
{
	(void)st;
	return 0;
}
void udp_table_fini(struct net_stack *st)
{
	(void)st;
}
void nd_solicit(struct net_if *ifc, struct ip_addr target, const struct eth_addr *to)
{
	(void)ifc;
	(void)target;
	(void)to;
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
bool mcast_member(const struct net_if *ifc, struct ip_addr group)
{
	(void)ifc;
	(void)group;
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
void net_dhcp4_stop(struct net_if *ifc, uint64_t now)
{
	(void)ifc;
	(void)now;
}
bool raw_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)st;
	(void)p;
	(void)rx;
	return false;
}
bool raw_copy(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx)
{
	(void)st;
	(void)p;
	(void)rx;
	return false;
}
void raw_icmp(struct net_stack *st, const struct icmp_err *e)
{
	(void)st;
	(void)e;
}
void tap_deliver(struct net_if *ifc, const struct pkt *p, bool outgoing)
{
	(void)ifc;
	(void)p;
	(void)outgoing;
}
err_t raw_table_init(struct net_stack *st)
{
	(void)st;
	return 0;
}
void raw_table_fini(struct net_stack *st)
{
	(void)st;
}
bool raw_has_taps(const struct net_stack *st)
{
	(void)st;
	return false;
}
err_t frag_table_init(struct net_stack *st)
{
	(void)st;
	return 0;
}
void frag_table_fini(struct net_stack *st)
{
	(void)st;
}
struct pkt *frag4_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	(void)rx;
	net_drop(st, p, DROP_FRAG_BAD);
	return NULL;
}
err_t ip_fragment(struct net_stack *st, struct pkt *p, const struct net_dst *d, bool v6)
{
	(void)d;
	(void)v6;
	net_drop(st, p, DROP_IP_TOO_BIG);
	return -EMSGSIZE;
}
void gro_batch(struct net_if *ifc, struct pkt_list *batch)
{
	(void)ifc;
	(void)batch;
}
