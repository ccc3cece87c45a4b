/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/dhcp6.c: the DHCPv6 client (RFC 8415 18.2): one IA_NA, or information only, as the router's M and O
 * flags ask.  A row a state says what is sent and how often (7.6, 15); addresses are the interface's, with the
 * lifetimes of the lease.  The first Solicit goes out at once and not after a random second (18.2.1): a
 * machine that has just started does not do so together with others.
 */
#include "net/dhcp6_int.h"

#define SECOND 1000000000ULL
#define MSEC   1000000ULL

enum dhcp6_state {
	D6_SOLICIT,
	D6_REQUEST,
	D6_CONFIRM,
	D6_RENEW,
	D6_REBIND,
	D6_INFO,
	D6_DECLINE,
	D6_BOUND, /* the timer is T1 */
	D6_IDLE,  /* information is there; the timer is for its refreshing */
	D6_NSTATES
};

static const struct dhcp6_row {
	uint8_t type;
	uint16_t irt_s, mrt_s, mrc, mrd_s; /* 0: no limit */
	bool to_server, with_addrs;
} row[D6_BOUND] = {
	[D6_SOLICIT] = { DHCP6_SOLICIT, 1, 3600, 0, 0, false, false },
	[D6_REQUEST] = { DHCP6_REQUEST, 1, 30, 10, 0, true, true },
	[D6_CONFIRM] = { DHCP6_CONFIRM, 1, 4, 0, 10, false, true },
	[D6_RENEW] = { DHCP6_RENEW, 10, 600, 0, 0, true, true },    /* until T2 */
	[D6_REBIND] = { DHCP6_REBIND, 10, 600, 0, 0, false, true }, /* until it ends */
	[D6_INFO] = { DHCP6_INFO_REQUEST, 1, 3600, 0, 0, false, false },
	[D6_DECLINE] = { DHCP6_DECLINE, 1, 0, 4, 0, true, true },
};

struct dhcp6 {
	struct wheel_timer timer;
	struct net_if *ifc;
	enum dhcp6_state state;
	struct dhcp6_id id;
	struct dhcp6_duid server; /* of the best offer, then of the lease */
	int preference;		  /* of the best offer; -1: none yet */
	uint32_t xid;
	uint16_t sent;	     /* of this exchange */
	uint64_t rt_ns;	     /* the wait now running */
	uint64_t started_ns; /* the exchange */
	uint64_t asked_ns;   /* its last message: lifetimes count from here */
	uint64_t t1_ns, t2_ns, end_ns;
	uint32_t sol_max_rt_s, inf_max_rt_s;
	struct dhcp6_addr addr[DHCP6_ADDRS_MAX]; /* the lease, or what was offered */
	uint8_t naddrs;
	struct ip_addr bad;   /* to be declined */
	struct dhcp6_msg msg; /* the one at hand: too large for a stack */
};

static const struct ip_addr all_servers = { .b = { 0xff, 2, [13] = 1, [15] = 2 } };

/* --- sending -------------------------------------------------------------------------------------- */

/* 16.13: from a link-local address, once there is one. */
static bool source(const struct net_if *ifc, struct ip_addr *src)
{
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct net_ifaddr *a = &ifc->addr[i].a;

		if (ip6_is_link_local(a->addr) &&
		    !(a->flags & (NET_ADDR_TENTATIVE | NET_ADDR_DUPLICATE))) {
			*src = a->addr;
			return true;
		}
	}
	return false;
}

static void send(struct dhcp6 *d, uint8_t type, const struct dhcp6_row *r)
{
	struct net_stack *st = d->ifc->st;
	struct dhcp6_req q = {
		.type = type,
		.xid = d->xid,
		.elapsed_ms = (uint32_t)MIN((st->now - d->started_ns) / MSEC, (uint64_t)655350),
		.id = &d->id,
		.server = r->to_server ? &d->server : NULL,
		.addr = d->addr,
		.naddrs = r->with_addrs ? d->naddrs : 0,
		.ia = type != DHCP6_INFO_REQUEST,
	};
	struct udp_bare to = { .dst = all_servers,
			       .sport = DHCP6_CLIENT_PORT,
			       .dport = DHCP6_SERVER_PORT,
			       .ifc = d->ifc };
	struct pkt *p;

	if (!source(d->ifc, &to.src))
		return;
	p = pkt_alloc_lin(&st->pool, PKT_HEADROOM + 8, DHCP6_MSG_MAX);
	if (!p)
		return;
	(void)pkt_put(p, (uint32_t)dhcp6_build(p->data, &q));
	udp_send_bare(st, p, &to);
}

/* RAND * t, RAND from -0.1 to 0.1. */
static int64_t spread(struct dhcp6 *d, uint64_t t)
{
	return (int64_t)(t / 1000) * ((int64_t)(net_random(d->ifc->st) % 201) - 100);
}

static uint64_t mrt_ns(const struct dhcp6 *d)
{
	if (d->state == D6_SOLICIT && d->sol_max_rt_s)
		return d->sol_max_rt_s * SECOND;
	if (d->state == D6_INFO && d->inf_max_rt_s)
		return d->inf_max_rt_s * SECOND;
	return row[d->state].mrt_s * SECOND;
}

/* 15: RT doubles up to MRT, each time a tenth more or less; the first of a Solicit never less. */
static uint64_t next_rt(struct dhcp6 *d)
{
	uint64_t mrt = mrt_ns(d), irt = row[d->state].irt_s * SECOND;
	int64_t rand = spread(d, d->sent == 1 ? irt : d->rt_ns);
	uint64_t rt;

	if (d->sent == 1)
		rt = irt + (uint64_t)(d->state == D6_SOLICIT && rand < 0 ? -rand : rand);
	else
		rt = 2 * d->rt_ns + (uint64_t)rand;
	return mrt && rt > mrt ? mrt + (uint64_t)spread(d, mrt) : rt;
}

static void wake_at(struct dhcp6 *d, uint64_t at)
{
	if (at == UINT64_MAX)
		wheel_timer_cancel(&d->ifc->st->wheel, &d->timer);
	else
		wheel_timer_set(&d->ifc->st->wheel, &d->timer, at);
}

/* When this exchange gives up whatever has come. */
static uint64_t exchange_end(const struct dhcp6 *d)
{
	uint16_t mrd = row[d->state].mrd_s;

	if (d->state == D6_RENEW)
		return d->t2_ns;
	if (d->state == D6_REBIND)
		return d->end_ns;
	return mrd ? d->started_ns + mrd * SECOND : UINT64_MAX;
}

static void transmit(struct dhcp6 *d)
{
	struct net_stack *st = d->ifc->st;
	struct ip_addr src;

	if (!source(d->ifc, &src)) {
		wake_at(d,
			st->now +
				100 * MSEC); /* duplicate detection of the link-local address goes on */
		return;
	}
	d->asked_ns = st->now;
	d->sent++;
	send(d, row[d->state].type, &row[d->state]);
	d->rt_ns = next_rt(d);
	wake_at(d, MIN(st->now + d->rt_ns, exchange_end(d)));
}

static void begin_state(struct dhcp6 *d, enum dhcp6_state s)
{
	d->state = s;
	d->xid = net_random(d->ifc->st) & 0xffffff;
	d->sent = 0;
	d->started_ns = d->ifc->st->now;
	if (s == D6_SOLICIT) {
		d->preference = -1;
		d->naddrs = 0;
	}
}

static void begin(struct dhcp6 *d, enum dhcp6_state s)
{
	begin_state(d, s);
	transmit(d);
}

/* --- the lease ------------------------------------------------------------------------------------ */

static void addr_drop(struct dhcp6 *d, struct ip_addr a)
{
	for (unsigned i = 0; i < d->naddrs; i++)
		if (ip_eq(d->addr[i].addr, a))
			d->addr[i--] = d->addr[--d->naddrs];
	if (if_addr_find(d->ifc, a) && net_addr_del(d->ifc, a, d->ifc->st->now) != 0)
		d->ifc->st->gen++;
}

static void lease_drop(struct dhcp6 *d)
{
	while (d->naddrs)
		addr_drop(d, d->addr[0].addr);
}

static uint64_t after(uint64_t from, uint32_t s)
{
	return s == UINT32_MAX ? UINT64_MAX : from + s * SECOND;
}

static struct if_addr *on_interface(struct net_if *ifc, struct ip_addr a)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_eq(ifc->addr[i].a.addr, a))
			return &ifc->addr[i];
	return NULL;
}

/* The server has said no: ask again, but not as fast as it answers. */
static void start_over(struct dhcp6 *d)
{
	lease_drop(d);
	begin_state(d, D6_SOLICIT);
	wake_at(d, d->ifc->st->now + SECOND);
}

static void addr_take(struct dhcp6 *d, const struct dhcp6_addr *n)
{
	struct net_ifaddr a = { .addr = n->addr,
				.bits = 128, /* RFC 5942 4: what is on the link, routers say */
				.origin = NET_ADDR_DHCP,
				.preferred_ns = after(d->asked_ns, n->preferred_s),
				.valid_ns = after(d->asked_ns, n->valid_s) };
	struct if_addr *there = on_interface(d->ifc, n->addr);

	if (!there) {
		if (net_addr_add(d->ifc, &a, d->ifc->st->now) != 0)
			d->ifc->st->count.drops[DROP_NOMEM]++; /* the next Renew tries again */
		return;
	}
	there->a.preferred_ns = a.preferred_ns;
	there->a.valid_ns = a.valid_ns;
	if (n->preferred_s)
		there->a.flags &= (uint8_t)~NET_ADDR_DEPRECATED;
	if (!(there->a.flags & (NET_ADDR_TENTATIVE | NET_ADDR_DUPLICATE)))
		if_addr_lifetimes(there);
}

/* 18.2.10.1: new lifetimes for what is named; 0 takes an address away; the unnamed stay until they end. */
static void addrs_in(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	for (unsigned i = 0; i < m->naddrs; i++) {
		unsigned k = 0;

		if (m->addr[i].valid_s == 0) {
			addr_drop(d, m->addr[i].addr);
			continue;
		}
		while (k < d->naddrs && !ip_eq(d->addr[k].addr, m->addr[i].addr))
			k++;
		if (k == DHCP6_ADDRS_MAX)
			continue;
		d->addr[k] = m->addr[i];
		d->naddrs = (uint8_t)MAX(k + 1, (unsigned)d->naddrs);
		addr_take(d, &m->addr[i]);
	}
}

/* 14.2, 21.4: T1 and T2 are the server's, or one half and four fifths of the shortest preferred lifetime. */
static void times_in(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	uint32_t shortest = UINT32_MAX, longest = 0, t1 = m->t1_s, t2 = m->t2_s;

	for (unsigned i = 0; i < d->naddrs; i++) {
		shortest = MIN(shortest, d->addr[i].preferred_s);
		longest = MAX(longest, d->addr[i].valid_s);
	}
	if (!t1)
		t1 = shortest == UINT32_MAX ? shortest : MAX(shortest / 2, 30U);
	if (!t2)
		t2 = shortest == UINT32_MAX ? shortest : MAX(shortest / 5 * 4, 45U);
	d->t1_ns = after(d->asked_ns, t1);
	d->t2_ns = after(d->asked_ns, MAX(t1, t2));
	d->end_ns = after(d->asked_ns, longest);
}

static void info_in(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	struct net_lease *l = &d->ifc->lease;

	d->sol_max_rt_s = m->sol_max_rt_s ? m->sol_max_rt_s : d->sol_max_rt_s;
	d->inf_max_rt_s = m->inf_max_rt_s ? m->inf_max_rt_s : d->inf_max_rt_s;
	if (m->domains[0] && !l->domain[0]) {
		memcpy(l->domain, m->domains, sizeof(l->domain));
		net_changed(d->ifc, NET_CHG_DNS);
	}
	if (m->ndns)
		lease_dns(d->ifc, DNS_DHCP6, m->dns, m->ndns);
}

static void bound(struct dhcp6 *d)
{
	d->state = D6_BOUND;
	wake_at(d, d->t1_ns);
}

/* --- messages ------------------------------------------------------------------------------------- */

static void reply_with_addrs(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	d->server = m->server;
	info_in(d, m);
	addrs_in(d, m);
	if (!d->naddrs) {
		start_over(d);
		return;
	}
	times_in(d, m);
	bound(d);
}

static bool has_addrs(const struct dhcp6_msg *m)
{
	return m->has_ia && m->ia_status == DHCP6_S_SUCCESS && m->status == DHCP6_S_SUCCESS &&
	       m->naddrs;
}

/* 18.2.9: the first period collects, 255 is good enough at once; later the first offer is taken. */
static void solicit_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	if (m->type == DHCP6_REPLY) {
		if (m->rapid && has_addrs(m))
			reply_with_addrs(d, m);
		return;
	}
	if (m->sol_max_rt_s)
		d->sol_max_rt_s = m->sol_max_rt_s;
	if (!has_addrs(m) || (int)m->preference <= d->preference)
		return;
	d->preference = m->preference;
	d->server = m->server;
	memcpy(d->addr, m->addr, sizeof(d->addr));
	d->naddrs = m->naddrs;
	if (d->sent > 1 || m->preference == 255)
		begin(d, D6_REQUEST);
}

/* 18.2.10: Reply to Request, Renew, Rebind. */
static void asked_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	uint16_t status = m->status ? m->status : m->ia_status;

	if (m->type != DHCP6_REPLY || status == DHCP6_S_UNSPEC)
		return; /* 18.2.10.1: go on as if nothing had come, no faster */
	if (status == DHCP6_S_NO_BINDING && d->state != D6_REQUEST) {
		d->server = m->server;
		begin(d, D6_REQUEST);
	} else if (status == DHCP6_S_NOT_ON_LINK || status == DHCP6_S_NO_ADDRS) {
		start_over(d);
	} else if (m->has_ia && status == DHCP6_S_SUCCESS) {
		if (d->state == D6_REQUEST)
			d->naddrs = 0; /* what was offered is not yet ours */
		reply_with_addrs(d, m);
	}
}

static void confirm_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	if (m->type != DHCP6_REPLY)
		return;
	if (m->status == DHCP6_S_NOT_ON_LINK) {
		start_over(d);
	} else {
		bound(d);
	}
}

static void info_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	/* 21.23: at least ten minutes, a day when nothing is said. */
	uint32_t refresh = m->refresh_s ? MAX(m->refresh_s, 600U) : 86400;

	if (m->type != DHCP6_REPLY)
		return;
	info_in(d, m);
	d->state = D6_IDLE;
	wake_at(d, after(d->asked_ns, refresh));
}

static void decline_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	if (m->type == DHCP6_REPLY)
		start_over(d);
}

static void no_msg(struct dhcp6 *d, const struct dhcp6_msg *m)
{
	(void)d, (void)m;
}

static void (*const on_msg[D6_NSTATES])(struct dhcp6 *, const struct dhcp6_msg *) = {
	[D6_SOLICIT] = solicit_msg, [D6_REQUEST] = asked_msg, [D6_CONFIRM] = confirm_msg,
	[D6_RENEW] = asked_msg,	    [D6_REBIND] = asked_msg,  [D6_INFO] = info_msg,
	[D6_DECLINE] = decline_msg, [D6_BOUND] = no_msg,      [D6_IDLE] = no_msg,
};

void dhcp6_input(struct net_if *ifc, struct pkt *p)
{
	struct dhcp6 *d = ifc->dhcp6;
	struct dhcp6_msg *m = &d->msg;

	if (!pkt_pull_up(p, p->len) && p->lin < 4) {
		net_drop(ifc->st, p, DROP_NOMEM);
		return;
	}
	if (dhcp6_parse(p->data, p->lin, &d->id, m) == 0 && m->xid == d->xid)
		on_msg[d->state](d, m);
	pkt_free(p);
}

/* --- time ----------------------------------------------------------------------------------------- */

/* The exchange has come to its end without an answer. */
static void gave_up(struct dhcp6 *d)
{
	switch (d->state) {
	case D6_CONFIRM: /* 18.2.3: go on using them */
		bound(d);
		break;
	case D6_RENEW:
		begin(d, D6_REBIND);
		break;
	default: /* Request, Rebind, Decline */
		start_over(d);
	}
}

/* 18.2.8: the whole lease goes: what else that server says is free is no better. */
static void decline(struct dhcp6 *d)
{
	struct dhcp6_addr bad = { .addr = d->bad };

	d->bad = (struct ip_addr){ 0 };
	lease_drop(d);
	d->addr[0] = bad;
	d->naddrs = 1;
	begin(d, D6_DECLINE);
}

static void dhcp6_timer(struct wheel_timer *t, uint64_t now)
{
	struct dhcp6 *d = container_of(t, struct dhcp6, timer);

	if (!ip_is_any(d->bad)) {
		decline(d);
	} else if (d->state == D6_BOUND) {
		begin(d, D6_RENEW);
	} else if (d->state == D6_IDLE) {
		begin(d, D6_INFO);
	} else if (d->state == D6_SOLICIT && d->preference >= 0) {
		begin(d, D6_REQUEST);
	} else if ((row[d->state].mrc && d->sent >= row[d->state].mrc) || now >= exchange_end(d)) {
		gave_up(d);
	} else {
		transmit(d);
	}
}

/* --- from outside --------------------------------------------------------------------------------- */

/* 11.4: DUID-LL: nothing but the link-layer address outlives a boot.  12: the IAID likewise. */
static void id_make(struct dhcp6_id *id, const struct net_if *ifc)
{
	id->duid[1] = 3;
	id->duid[3] = 1;
	memcpy(id->duid + 4, ifc->mac.b, 6);
	id->iaid = (uint32_t)ifc->mac.b[2] << 24 | (uint32_t)ifc->mac.b[3] << 16 |
		   (uint32_t)ifc->mac.b[4] << 8 | ifc->mac.b[5];
}

void dhcp6_wanted(struct net_if *ifc, bool managed, bool other)
{
	struct net_stack *st = ifc->st;
	struct dhcp6 *d = ifc->dhcp6;

	if ((!managed && !other) || !st->primary || st->in_shared)
		return;
	if (d) {
		if (managed && (d->state == D6_INFO || d->state == D6_IDLE))
			begin(d, D6_SOLICIT);
		return;
	}
	d = st->mem.alloc(st->mem.ctx, sizeof(*d));
	if (!d)
		return; /* the next advertisement comes */
	d->ifc = ifc;
	id_make(&d->id, ifc);
	wheel_timer_init(&d->timer, dhcp6_timer);
	ifc->dhcp6 = d;
	begin(d, managed ? D6_SOLICIT : D6_INFO);
}

void dhcp6_conflict(struct net_if *ifc, struct ip_addr a)
{
	struct dhcp6 *d = ifc->dhcp6;

	if (!d)
		return;
	d->bad = a;
	wake_at(d, ifc->st->now + MSEC); /* not from under who found out */
}

void dhcp6_link(struct net_if *ifc)
{
	struct dhcp6 *d = ifc->dhcp6;

	if (d && (d->state == D6_BOUND || d->state == D6_RENEW || d->state == D6_REBIND))
		begin(d, D6_CONFIRM);
}

void dhcp6_stop(struct net_if *ifc)
{
	static const struct dhcp6_row release = { .to_server = true, .with_addrs = true };
	struct net_stack *st = ifc->st;
	struct dhcp6 *d = ifc->dhcp6;

	if (!d)
		return;
	d->xid = net_random(st) & 0xffffff;
	if (d->naddrs && ifc->up && d->state != D6_SOLICIT && d->state != D6_REQUEST)
		send(d, DHCP6_RELEASE, &release); /* once: nobody is left to repeat it */
	lease_drop(d);
	wheel_timer_cancel(&st->wheel, &d->timer);
	ifc->dhcp6 = NULL;
	st->mem.free(st->mem.ctx, d, sizeof(*d));
}
