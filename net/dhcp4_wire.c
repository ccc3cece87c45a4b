/* SPDX-License-Identifier: Apache-2.0 */
/* net/dhcp4_wire.c: DHCPv4 messages to and from bytes (RFC 2131, 2132, 3442).  Pure; takes any bytes. */
#include "net/dhcp4_int.h"

static uint32_t get32(const uint8_t *p)
{
	be32 x;

	memcpy(x.b, p, 4);
	return be32_get(x);
}

static uint8_t get_addrs(const uint8_t *o, size_t n, struct ip_addr *to, uint8_t have, size_t max)
{
	for (; n >= 4 && have < max; n -= 4, o += 4)
		to[have++] = ip4(get32(o));
	return have;
}

/* Names go into files that programs read: letters, digits, '-' and '.' only. */
static void get_name(const uint8_t *o, size_t n, char *to, size_t room)
{
	size_t k = 0;

	for (; k < n && k + 1 < room && o[k]; k++) {
		bool ok = (o[k] >= 'a' && o[k] <= 'z') || (o[k] >= 'A' && o[k] <= 'Z') ||
			  (o[k] >= '0' && o[k] <= '9') || o[k] == '-' || o[k] == '.';

		if (!ok)
			return;
	}
	memcpy(to, o, k);
	to[k] = 0;
}

/* RFC 3442: width, as many bytes of destination as it needs, router. */
static void get_routes(const uint8_t *o, size_t n, struct dhcp4_msg *m)
{
	while (n && m->nroutes < DHCP4_ROUTES_MAX) {
		size_t bytes = (o[0] + 7U) / 8;
		uint8_t dst[4] = { 0 };

		if (o[0] > 32 || n < 1 + bytes + 4)
			return;
		memcpy(dst, o + 1, bytes);
		m->route[m->nroutes].bits = o[0];
		m->route[m->nroutes].dst = ip4(get32(dst));
		m->route[m->nroutes].via = ip4(get32(o + 1 + bytes));
		m->nroutes++;
		n -= 1 + bytes + 4;
		o += 1 + bytes + 4;
	}
}

static void option(uint8_t code, const uint8_t *o, size_t n, struct dhcp4_msg *m)
{
	switch (code) {
	case DHCP4_O_TYPE:
		m->type = n == 1 ? o[0] : 0;
		break;
	case DHCP4_O_MASK:
		m->has_mask = n == 4;
		m->mask = n == 4 ? get32(o) : 0;
		break;
	case DHCP4_O_SERVER:
		m->has_server = n == 4;
		if (n == 4)
			m->server = ip4(get32(o));
		break;
	case DHCP4_O_LEASE:
		m->has_lease = n == 4;
		m->lease_s = n == 4 ? get32(o) : 0;
		break;
	case DHCP4_O_T1:
		m->t1_s = n == 4 ? get32(o) : 0;
		break;
	case DHCP4_O_T2:
		m->t2_s = n == 4 ? get32(o) : 0;
		break;
	case DHCP4_O_MTU:
		m->mtu = (uint16_t)(n == 2 ? o[0] << 8 | o[1] : 0);
		break;
	case DHCP4_O_ROUTER:
		m->nrouters = get_addrs(o, n, m->router, m->nrouters, ARRAY_LEN(m->router));
		break;
	case DHCP4_O_DNS:
		m->ndns = get_addrs(o, n, m->dns, m->ndns, ARRAY_LEN(m->dns));
		break;
	case DHCP4_O_NTP:
		m->nntp = get_addrs(o, n, m->ntp, m->nntp, ARRAY_LEN(m->ntp));
		break;
	case DHCP4_O_HOSTNAME:
		get_name(o, n, m->hostname, sizeof(m->hostname));
		break;
	case DHCP4_O_DOMAIN:
		get_name(o, n, m->domain, sizeof(m->domain));
		break;
	case DHCP4_O_ROUTES:
		get_routes(o, n, m);
		break;
	}
}

/* One field of options; *overload says which other fields hold more (RFC 2132 9.3). */
static bool options(const uint8_t *o, size_t n, struct dhcp4_msg *m, uint8_t *overload)
{
	while (n) {
		if (*o == DHCP4_O_END)
			return true;
		if (*o == DHCP4_O_PAD) {
			o++;
			n--;
			continue;
		}
		if (n < 2 || o[1] > n - 2)
			return false;
		if (*o == DHCP4_O_OVERLOAD && o[1] == 1)
			*overload = o[2];
		option(*o, o + 2, o[1], m);
		n -= 2U + o[1];
		o += 2 + o[1];
	}
	return true;
}

err_t dhcp4_parse(const uint8_t *b, size_t n, struct dhcp4_msg *m)
{
	const struct wire_dhcp4 *h = (const struct wire_dhcp4 *)b;
	uint8_t overload = 0, none = 0;

	*m = (struct dhcp4_msg){ 0 };
	if (n < sizeof(*h) || h->op != 2 || h->hlen != 6 || be32_get(h->cookie) != DHCP4_COOKIE)
		return -EBADMSG;
	m->xid = be32_get(h->xid);
	m->yiaddr = ip4_from_wire(h->yiaddr);
	memcpy(m->chaddr, h->chaddr, 6);
	if (!options(b + sizeof(*h), n - sizeof(*h), m, &overload))
		return -EBADMSG;
	if ((overload & 1) && !options(h->file, sizeof(h->file), m, &none))
		return -EBADMSG;
	if ((overload & 2) && !options(h->sname, sizeof(h->sname), m, &none))
		return -EBADMSG;
	return m->type ? 0 : -EBADMSG;
}

static uint8_t *put(uint8_t *o, uint8_t code, const void *data, size_t n)
{
	*o++ = code;
	*o++ = (uint8_t)n;
	memcpy(o, data, n);
	return o + n;
}

size_t dhcp4_build(uint8_t out[DHCP4_MSG_MAX], const struct dhcp4_req *r)
{
	static const uint8_t params[] = { DHCP4_O_MASK, DHCP4_O_ROUTES,	  DHCP4_O_ROUTER,
					  DHCP4_O_DNS,	DHCP4_O_HOSTNAME, DHCP4_O_DOMAIN,
					  DHCP4_O_MTU,	DHCP4_O_NTP };
	struct wire_dhcp4 *h = (struct wire_dhcp4 *)out;
	uint8_t id[7] = { 1 }, *o = out + sizeof(*h);
	be16 max = be16_of(1472);
	be32 a;

	memset(out, 0, DHCP4_MSG_MAX);
	h->op = 1;
	h->htype = 1;
	h->hlen = 6;
	h->xid = be32_of(r->xid);
	h->secs = be16_of(r->secs);
	h->flags = be16_of(r->broadcast ? 0x8000 : 0);
	if (!ip_is_any(r->ciaddr))
		h->ciaddr = ip4_to_wire(r->ciaddr);
	memcpy(h->chaddr, r->mac.b, 6);
	h->cookie = be32_of(DHCP4_COOKIE);
	o = put(o, DHCP4_O_TYPE, &r->type, 1);
	memcpy(id + 1, r->mac.b, 6);
	o = put(o, DHCP4_O_CLIENT_ID, id, sizeof(id));
	if (!ip_is_any(r->requested)) {
		a = ip4_to_wire(r->requested);
		o = put(o, DHCP4_O_REQUESTED, a.b, 4);
	}
	if (!ip_is_any(r->server)) {
		a = ip4_to_wire(r->server);
		o = put(o, DHCP4_O_SERVER, a.b, 4);
	}
	if (r->type != DHCP4_RELEASE && r->type != DHCP4_DECLINE) {
		o = put(o, DHCP4_O_MAX_SIZE, max.b, 2);
		o = put(o, DHCP4_O_PARAMS, params, sizeof(params));
		if (r->hostname && r->hostname[0])
			o = put(o, DHCP4_O_HOSTNAME, r->hostname,
				MIN(strlen(r->hostname), (size_t)63));
	}
	*o++ = DHCP4_O_END;
	/* RFC 1542 2.1: some relays want at least 300 bytes. */
	return MAX((size_t)(o - out), (size_t)300);
}
