/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/dhcp4.c: the DHCPv4 client (RFC 2131 4.4, Figure 5).  A row a state for time, a row a state for
 * messages; the address, routes and mtu of the lease are put in place and taken away here.
 */
#include "net/dhcp4_int.h"

#define SECOND 1000000000ULL
enum {
	DECLINES_MAX = 3,
	DECLINE_WAIT_S = 10, /* RFC 2131 3.1, 5 */
};

enum dhcp4_state { D4_SELECTING, D4_REQUESTING, D4_BOUND, D4_RENEWING, D4_REBINDING, D4_NSTATES };

struct dhcp4 {
	struct wheel_timer timer;
	struct net_if *ifc;
	enum dhcp4_state state;
	uint32_t xid;
	uint32_t tries;
	uint64_t started_ns,
		asked_ns; /* asked: the lease's times count from here (RFC 2131 4.4.1) */
	struct ip_addr addr, server;
	uint64_t t1_ns, t2_ns, expires_ns;
	bool have_addr;
	uint8_t declines;
	char hostname[64];
	struct dhcp4_msg msg; /* the one at hand: too large for a stack */
};

static void send(struct dhcp4 *d, uint8_t type)
{
	struct net_stack *st = d->ifc->st;
	bool bound = d->state == D4_BOUND || d->state == D4_RENEWING || d->state == D4_REBINDING;
	bool names_addr = type == DHCP4_REQUEST || type == DHCP4_DECLINE;
	struct dhcp4_req r = {
		.type = type,
		.xid = d->xid,
		.secs = (uint16_t)MIN((st->now - d->started_ns) / SECOND, (uint64_t)65535),
		.mac = d->ifc->mac,
		.broadcast = !bound,
		.ciaddr = bound ? d->addr : ip4(0),
		.requested = names_addr && !bound ? d->addr : ip4(0),
		.server = (names_addr && !bound) || type == DHCP4_RELEASE ? d->server : ip4(0),
		.hostname = d->hostname,
	};
	bool unicast = d->state == D4_RENEWING || type == DHCP4_RELEASE;
	struct udp_bare to = { .src = bound ? d->addr : ip4(0),
			       .dst = unicast ? d->server : ip4(0xffffffff),
			       .sport = DHCP4_CLIENT_PORT,
			       .dport = DHCP4_SERVER_PORT,
			       .ifc = d->ifc };
	struct pkt *p = pkt_alloc_lin(&st->pool, PKT_HEADROOM + 8, DHCP4_MSG_MAX);

	if (!p)
		return;
	(void)pkt_put(p, (uint32_t)dhcp4_build(p->data, &r));
	udp_send_bare(st, p, &to);
}

static void wake_at(struct dhcp4 *d, uint64_t at)
{
	wheel_timer_set(&d->ifc->st->wheel, &d->timer, at);
}

/* RFC 2131 4.1: 4, 8, ... 64 seconds, give or take one. */
static void wake_retry(struct dhcp4 *d)
{
	uint64_t s = 4ULL << MIN(d->tries, 4U);
	uint64_t jitter = net_random(d->ifc->st) % (2 * SECOND);

	d->tries++;
	wake_at(d, d->ifc->st->now + s * SECOND - SECOND + jitter);
}

static void discover(struct dhcp4 *d)
{
	struct net_stack *st = d->ifc->st;

	if (d->state != D4_SELECTING) {
		d->tries = 0;
		d->xid = net_random(st);
		d->started_ns = st->now;
	}
	d->state = D4_SELECTING;
	d->asked_ns = st->now;
	send(d, DHCP4_DISCOVER);
	wake_retry(d);
}

/* --- the lease ------------------------------------------------------------------------------------ */

static unsigned mask_bits(const struct dhcp4_msg *m)
{
	uint32_t mask = m->has_mask ? m->mask : 0xffffff00;

	return mask ? (unsigned)__builtin_popcount(mask) : 24;
}

static void route(struct dhcp4 *d, struct ip_addr dst, uint8_t bits, struct ip_addr via, bool add)
{
	struct net_route r = { .dst = dst,
			       .bits = bits,
			       .gateway = via,
			       .ifc = d->ifc,
			       .proto = 16,
			       .metric = 100,
			       .expires_ns = UINT64_MAX };
	err_t err = add ? net_route_add(d->ifc->st, &r) : net_route_del(d->ifc->st, &r);

	if (err && err != -EEXIST)
		d->ifc->st->gen++; /* without memory for it: the way is missing, nothing else */
}

static void routes_add(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	/* RFC 3442: with classless routes the router option is ignored. */
	for (unsigned i = 0; i < m->nroutes; i++)
		route(d, m->route[i].dst, m->route[i].bits, m->route[i].via, true);
	if (!m->nroutes && m->nrouters)
		route(d, ip4(0), 0, m->router[0], true);
}

static void lease_info(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	struct net_lease *l = &d->ifc->lease;

	lease_dns(d->ifc, DNS_DHCP4, m->dns, m->ndns);
	memcpy(l->ntp, m->ntp, sizeof(l->ntp));
	l->nntp = m->nntp;
	memcpy(l->hostname, m->hostname, sizeof(l->hostname));
	memcpy(l->domain, m->domain, sizeof(l->domain));
}

static void lease_drop(struct dhcp4 *d)
{
	struct net_stack *st = d->ifc->st;
	struct net_route r;

	if (!d->have_addr)
		return;
	d->have_addr = false;
	for (unsigned i = 0; net_route_at(st, i, &r);) {
		if (r.ifc == d->ifc && r.proto == 16)
			route(d, r.dst, r.bits, r.gateway, false);
		else
			i++;
	}
	if (net_addr_del(d->ifc, d->addr, st->now) != 0)
		st->gen++;
}

static void lease_times(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	uint64_t lease = m->has_lease ? m->lease_s : 3600, t1 = m->t1_s, t2 = m->t2_s;

	if (lease == UINT32_MAX) {
		d->t1_ns = d->t2_ns = d->expires_ns = UINT64_MAX;
		return;
	}
	lease = MAX(lease, (uint64_t)60); /* a server that says 0 would make us ask for ever */
	if (t1 == 0 || t1 >= lease)
		t1 = lease / 2; /* 4.4.5 */
	if (t2 <= t1 || t2 >= lease)
		t2 = lease - lease / 8;
	d->t1_ns = d->asked_ns + t1 * SECOND;
	d->t2_ns = d->asked_ns + t2 * SECOND;
	d->expires_ns = d->asked_ns + lease * SECOND;
}

static void bound(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	struct net_stack *st = d->ifc->st;
	struct net_ifaddr a = { .addr = m->yiaddr,
				.bits = (uint8_t)mask_bits(m),
				.origin = NET_ADDR_DHCP };

	if (d->have_addr && !ip_eq(d->addr, m->yiaddr))
		lease_drop(d);
	lease_times(d, m);
	a.valid_ns = a.preferred_ns = UINT64_MAX; /* our own timer takes it away */
	d->addr = m->yiaddr;
	if (!d->have_addr) {
		err_t err = net_addr_add(d->ifc, &a, st->now);

		if (err && err != -EEXIST)
			return; /* tried again by the retry timer */
		d->have_addr = true;
	}
	if (m->mtu >= 576 && m->mtu <= d->ifc->dev->mtu && net_if_set_mtu(d->ifc, m->mtu) != 0)
		st->gen++;
	routes_add(d, m);
	lease_info(d, m);
	d->state = D4_BOUND;
	d->tries = 0;
	if (d->t1_ns != UINT64_MAX)
		wake_at(d, d->t1_ns);
	else
		wheel_timer_cancel(&st->wheel, &d->timer);
	net_changed(d->ifc, NET_CHG_DNS | NET_CHG_ADDR);
}

/* --- messages ------------------------------------------------------------------------------------- */

static void request(struct dhcp4 *d)
{
	send(d, DHCP4_REQUEST);
}

static void selecting_msg(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	if (m->type != DHCP4_OFFER || !m->has_server || !ip_is_unicast(m->yiaddr))
		return;
	d->addr = m->yiaddr;
	d->server = m->server;
	d->state = D4_REQUESTING;
	d->tries = 0;
	request(d);
	wake_retry(d);
}

static void asked_msg(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	if (m->type == DHCP4_NAK) {
		lease_drop(d);
		discover(d);
	} else if (m->type == DHCP4_ACK && ip_is_unicast(m->yiaddr)) {
		if (m->has_server)
			d->server = m->server;
		bound(d, m);
	}
}

static void no_msg(struct dhcp4 *d, const struct dhcp4_msg *m)
{
	(void)d, (void)m;
}

static void (*const on_msg[D4_NSTATES])(struct dhcp4 *, const struct dhcp4_msg *) = {
	[D4_SELECTING] = selecting_msg, [D4_REQUESTING] = asked_msg, [D4_BOUND] = no_msg,
	[D4_RENEWING] = asked_msg,	[D4_REBINDING] = asked_msg,
};

void dhcp4_input(struct net_if *ifc, struct pkt *p)
{
	struct dhcp4 *d = ifc->dhcp4;
	struct dhcp4_msg *m = &d->msg;

	/* Servers keep to the size that we name, which is one buffer; what is beyond it is not looked at. */
	if (!pkt_pull_up(p, p->len) && p->lin < 240) {
		net_drop(ifc->st, p, DROP_NOMEM);
		return;
	}
	if (dhcp4_parse(p->data, p->lin, m) == 0 && m->xid == d->xid &&
	    memcmp(m->chaddr, ifc->mac.b, 6) == 0)
		on_msg[d->state](d, m);
	pkt_free(p);
}

/* --- time ----------------------------------------------------------------------------------------- */

static void requesting_time(struct dhcp4 *d)
{
	if (d->tries > 4) {
		discover(d);
		return;
	}
	request(d);
	wake_retry(d);
}

/* 4.4.5: half of what is left until the next step, at least a minute. */
static void renew_again(struct dhcp4 *d, uint64_t until)
{
	struct net_stack *st = d->ifc->st;
	uint64_t left = until > st->now ? until - st->now : 0;

	request(d);
	wake_at(d, st->now + MIN(left, MAX(left / 2, 60 * SECOND)));
}

static void bound_time(struct dhcp4 *d)
{
	d->state = D4_RENEWING;
	d->xid = net_random(d->ifc->st);
	d->asked_ns = d->started_ns = d->ifc->st->now;
	renew_again(d, d->t2_ns);
}

static void renewing_time(struct dhcp4 *d)
{
	if (d->ifc->st->now >= d->t2_ns)
		d->state = D4_REBINDING;
	d->asked_ns = d->ifc->st->now;
	renew_again(d, d->state == D4_REBINDING ? d->expires_ns : d->t2_ns);
}

static void rebinding_time(struct dhcp4 *d)
{
	if (d->ifc->st->now >= d->expires_ns) {
		lease_drop(d);
		discover(d);
		return;
	}
	d->asked_ns = d->ifc->st->now;
	renew_again(d, d->expires_ns);
}

static void (*const on_time[D4_NSTATES])(struct dhcp4 *) = {
	[D4_SELECTING] = discover,     [D4_REQUESTING] = requesting_time, [D4_BOUND] = bound_time,
	[D4_RENEWING] = renewing_time, [D4_REBINDING] = rebinding_time,
};

static void dhcp4_timer(struct wheel_timer *t, uint64_t now)
{
	struct dhcp4 *d = container_of(t, struct dhcp4, timer);

	(void)now;
	on_time[d->state](d);
}

/* --- conflicts ------------------------------------------------------------------------------------ */

void dhcp4_conflict(struct net_if *ifc, struct ip_addr a)
{
	struct dhcp4 *d = ifc->dhcp4;

	/* Where every address is answered for, by a proxy, we would never get one: then it is used all the same. */
	if (!d || !d->have_addr || !ip_eq(d->addr, a) || d->declines >= DECLINES_MAX)
		return;
	d->declines++;
	lease_drop(d);
	d->state = D4_SELECTING;
	send(d, DHCP4_DECLINE);
	d->xid = net_random(ifc->st); /* an offer on its way counts no more */
	d->tries = 0;
	wake_at(d, ifc->st->now + DECLINE_WAIT_S * SECOND);
}

/* --- start and stop ------------------------------------------------------------------------------- */

err_t net_dhcp4_start(struct net_if *ifc, const char *hostname, uint64_t now)
{
	struct net_stack *st = ifc->st;
	struct dhcp4 *d;

	net_at(st, now);
	if (ifc->dhcp4)
		return -EALREADY;
	if (ifc->features & NETIF_NOARP)
		return -EOPNOTSUPP;
	d = st->mem.alloc(st->mem.ctx, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->ifc = ifc;
	if (hostname)
		memcpy(d->hostname, hostname, MIN(strlen(hostname), sizeof(d->hostname) - 1));
	wheel_timer_init(&d->timer, dhcp4_timer);
	ifc->dhcp4 = d;
	d->state = D4_NSTATES;
	discover(d);
	return 0;
}

void net_dhcp4_stop(struct net_if *ifc, uint64_t now)
{
	struct net_stack *st = ifc->st;
	struct dhcp4 *d = ifc->dhcp4;

	net_at(st, now);
	if (!d)
		return;
	if (d->have_addr && ifc->up)
		send(d, DHCP4_RELEASE);
	lease_drop(d);
	wheel_timer_cancel(&st->wheel, &d->timer);
	ifc->dhcp4 = NULL;
	st->mem.free(st->mem.ctx, d, sizeof(*d));
}
