/* SPDX-License-Identifier: Apache-2.0 */
/* net/dhcp6_wire.c: DHCPv6 messages to and from bytes (RFC 8415 8, 21; 3646).  Pure; takes any bytes. */
#include "net/dhcp6_int.h"

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* --- from bytes ----------------------------------------------------------------------------------- */

struct ctx {
	const struct dhcp6_id *id;
	struct dhcp6_msg *m;
	bool client_ok;
	bool refused; /* the address at hand, by its status */
	bool bad;
};

typedef void (*option_fn)(struct ctx *x, uint16_t code, const uint8_t *o, size_t n);

/* 21.1: code, length, data, to the end exactly. */
static bool options(struct ctx *x, const uint8_t *o, size_t n, option_fn f)
{
	while (n) {
		size_t len;

		if (n < 4)
			return false;
		len = get16(o + 2);
		if (len > n - 4)
			return false;
		f(x, get16(o), o + 4, len);
		o += 4 + len;
		n -= 4 + len;
	}
	return true;
}

/* 21.6: an address counts if its lifetimes make sense and its own status is success. */
static void in_address(struct ctx *x, uint16_t code, const uint8_t *o, size_t n)
{
	if (code == DHCP6_O_STATUS && n >= 2 && get16(o) != DHCP6_S_SUCCESS)
		x->refused = true;
}

static void address(struct ctx *x, const uint8_t *o, size_t n)
{
	struct dhcp6_msg *m = x->m;
	struct dhcp6_addr a;

	if (n < 24 || m->naddrs == DHCP6_ADDRS_MAX)
		return;
	a = (struct dhcp6_addr){ ip6_from_wire(o), get32(o + 16), get32(o + 20) };
	if (a.preferred_s > a.valid_s || !ip_is_unicast(a.addr) || ip6_is_link_local(a.addr))
		return;
	x->refused = false;
	if (!options(x, o + 24, n - 24, in_address))
		x->bad = true;
	if (!x->refused)
		m->addr[m->naddrs++] = a;
}

static void in_ia(struct ctx *x, uint16_t code, const uint8_t *o, size_t n)
{
	if (code == DHCP6_O_IAADDR)
		address(x, o, n);
	else if (code == DHCP6_O_STATUS && n >= 2)
		x->m->ia_status = get16(o);
}

/* 21.4: another IAID is somebody else's business; T1 beyond T2 makes the whole option void. */
static void ia(struct ctx *x, const uint8_t *o, size_t n)
{
	struct dhcp6_msg *m = x->m;

	if (n < 12 || get32(o) != x->id->iaid || m->has_ia)
		return;
	m->t1_s = get32(o + 4);
	m->t2_s = get32(o + 8);
	if (m->t1_s && m->t2_s && m->t1_s > m->t2_s)
		return;
	m->has_ia = true;
	if (!options(x, o + 12, n - 12, in_ia))
		x->bad = true;
}

static void dns(struct dhcp6_msg *m, const uint8_t *o, size_t n)
{
	for (; n >= 16 && m->ndns < NET_DNS_MAX; n -= 16, o += 16)
		m->dns[m->ndns++] = ip6_from_wire(o);
}

/* 21.24, 21.25: 60 to 86400 seconds, else as if it were not there. */
static uint32_t max_rt(const uint8_t *o, size_t n)
{
	uint32_t v = n == 4 ? get32(o) : 0;

	return v >= 60 && v <= 86400 ? v : 0;
}

static void duid(struct dhcp6_duid *d, const uint8_t *o, size_t n)
{
	if (n < 1 || n > DHCP6_DUID_MAX)
		return;
	memcpy(d->b, o, n);
	d->len = (uint8_t)n;
}

static void option(struct ctx *x, uint16_t code, const uint8_t *o, size_t n)
{
	struct dhcp6_msg *m = x->m;

	switch (code) {
	case DHCP6_O_CLIENTID:
		x->client_ok = n == DHCP6_DUID_OURS && memcmp(o, x->id->duid, n) == 0;
		break;
	case DHCP6_O_SERVERID:
		duid(&m->server, o, n);
		break;
	case DHCP6_O_IA_NA:
		ia(x, o, n);
		break;
	case DHCP6_O_PREFERENCE:
		m->preference = n == 1 ? o[0] : 0;
		break;
	case DHCP6_O_STATUS:
		m->status = n >= 2 ? get16(o) : DHCP6_S_UNSPEC;
		break;
	case DHCP6_O_RAPID_COMMIT:
		m->rapid = true;
		break;
	case DHCP6_O_DNS:
		dns(m, o, n);
		break;
	case DHCP6_O_DOMAINS:
		lease_domains(m->domains, sizeof(m->domains), o, n);
		break;
	case DHCP6_O_SOL_MAX_RT:
		m->sol_max_rt_s = max_rt(o, n);
		break;
	case DHCP6_O_INF_MAX_RT:
		m->inf_max_rt_s = max_rt(o, n);
		break;
	case DHCP6_O_REFRESH:
		m->refresh_s = n == 4 ? get32(o) : 0;
		break;
	}
}

err_t dhcp6_parse(const uint8_t *b, size_t n, const struct dhcp6_id *id, struct dhcp6_msg *m)
{
	struct ctx x = { .id = id, .m = m };

	*m = (struct dhcp6_msg){ 0 };
	if (n < 4 || (b[0] != DHCP6_ADVERTISE && b[0] != DHCP6_REPLY))
		return -EBADMSG;
	m->type = b[0];
	m->xid = get32(b) & 0xffffff;
	if (!options(&x, b + 4, n - 4, option) || x.bad || !x.client_ok || !m->server.len)
		return -EBADMSG;
	return 0;
}

/* --- to bytes ------------------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *o, uint32_t v)
{
	*o++ = (uint8_t)(v >> 8);
	*o++ = (uint8_t)v;
	return o;
}

static uint8_t *put32(uint8_t *o, uint32_t v)
{
	return put16(put16(o, v >> 16), v);
}

static uint8_t *put(uint8_t *o, uint16_t code, const void *data, size_t n)
{
	o = put16(put16(o, code), (uint32_t)n);
	memcpy(o, data, n);
	return o + n;
}

/* 21.7: what the server should tell; SOL_MAX_RT and INF_MAX_RT must be asked for (18.2). */
static uint8_t *put_wishes(uint8_t *o, uint8_t type)
{
	bool info = type == DHCP6_INFO_REQUEST;

	if (type == DHCP6_RELEASE || type == DHCP6_DECLINE || type == DHCP6_CONFIRM)
		return o;
	o = put16(put16(o, DHCP6_O_ORO), info ? 8 : 6);
	o = put16(put16(o, DHCP6_O_DNS), DHCP6_O_DOMAINS);
	o = put16(o, info ? DHCP6_O_INF_MAX_RT : DHCP6_O_SOL_MAX_RT);
	return info ? put16(o, DHCP6_O_REFRESH) : o;
}

/* 21.4, 21.6: lifetimes and T1, T2 are the server's to choose: 0. */
static uint8_t *put_ia(uint8_t *o, const struct dhcp6_req *r)
{
	o = put16(put16(o, DHCP6_O_IA_NA), 12 + r->naddrs * 28);
	o = put32(put32(put32(o, r->id->iaid), 0), 0);
	for (unsigned i = 0; i < r->naddrs; i++) {
		o = put16(put16(o, DHCP6_O_IAADDR), 24);
		memcpy(o, r->addr[i].addr.b, 16);
		o = put32(put32(o + 16, 0), 0);
	}
	return o;
}

size_t dhcp6_build(uint8_t out[DHCP6_MSG_MAX], const struct dhcp6_req *r)
{
	uint8_t *o = put32(out, (uint32_t)r->type << 24 | (r->xid & 0xffffff));
	uint32_t cs = MIN(r->elapsed_ms / 10, 0xffffU);

	o = put(o, DHCP6_O_CLIENTID, r->id->duid, DHCP6_DUID_OURS);
	if (r->server)
		o = put(o, DHCP6_O_SERVERID, r->server->b, r->server->len);
	o = put16(put16(put16(o, DHCP6_O_ELAPSED), 2), cs);
	o = put_wishes(o, r->type);
	if (r->type == DHCP6_SOLICIT)
		o = put(o, DHCP6_O_RAPID_COMMIT, "", 0);
	if (r->ia)
		o = put_ia(o, r);
	return (size_t)(o - out);
}
