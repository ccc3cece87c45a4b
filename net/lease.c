/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/lease.c: what DHCP and routers say about names, put together.  Each source keeps its own list of name
 * servers, so that one that is heard again does not take away what another said.
 */
#include "net/net_int.h"

static bool listed(const struct net_lease *l, struct ip_addr a)
{
	for (unsigned i = 0; i < l->ndns; i++)
		if (ip_eq(l->dns[i], a))
			return true;
	return false;
}

static void merge(struct net_if *ifc)
{
	struct net_lease *l = &ifc->lease;

	l->ndns = 0;
	for (unsigned s = 0; s < DNS_SOURCES; s++)
		for (unsigned i = 0; i < ifc->dns[s].n && l->ndns < NET_DNS_MAX; i++)
			if (!listed(l, ifc->dns[s].addr[i]))
				l->dns[l->ndns++] = ifc->dns[s].addr[i];
}

void lease_dns(struct net_if *ifc, enum dns_source s, const struct ip_addr *a, unsigned n)
{
	struct dns_list *d = &ifc->dns[s];

	if (d->n == n && memcmp(d->addr, a, n * sizeof(*a)) == 0)
		return;
	d->n = (uint8_t)MIN(n, (unsigned)NET_DNS_MAX);
	memcpy(d->addr, a, d->n * sizeof(*a));
	merge(ifc);
	net_changed(ifc, NET_CHG_DNS);
}

/* Names go into a file that programs read: letters, digits, '-', '_' only. */
static bool label_ok(const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool ok = (b[i] >= 'a' && b[i] <= 'z') || (b[i] >= 'A' && b[i] <= 'Z') ||
			  (b[i] >= '0' && b[i] <= '9') || b[i] == '-' || b[i] == '_';

		if (!ok)
			return false;
	}
	return n != 0;
}

void lease_domains(char *to, size_t room, const uint8_t *b, size_t n)
{
	size_t len = 0, at = 0, end = 0;
	bool in_name = false;

	/* RFC 1035 3.1: labels with a length before them, a zero length ends a name; more zeros are padding. */
	while (at < n) {
		size_t k = b[at++];

		if (k == 0) {
			in_name = false;
			end = len;
			continue;
		}
		if (k > 63 || k > n - at || len + k + 2 > room || !label_ok(b + at, k))
			break;
		if (len)
			to[len++] = in_name ? '.' : ' ';
		memcpy(to + len, b + at, k);
		len += k;
		at += k;
		in_name = true;
	}
	to[end] = 0;
}
