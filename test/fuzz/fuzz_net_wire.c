/* SPDX-License-Identifier: Apache-2.0 */
/* test/fuzz/fuzz_net_wire.c: the pure parsers of net/, each on an exact-size copy of the input. */
#include <stdlib.h>
#include <string.h>

#include "net/dhcp4_int.h"
#include "net/dhcp6_int.h"
#include "net/tcp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_tcp(const uint8_t *b, uint32_t n)
{
	struct tcp_seg s;

	if (tcp_seg_parse(b, n, n, &s) == DROP_NONE) {
		ASSERT(s.hlen + s.len == n);
		ASSERT(s.nsack <= TCP_SACKS && (!(s.flags & TCPF_SYN) || s.wscale <= 14));
	}
}

static void as_dhcp(const uint8_t *b, size_t n)
{
	struct dhcp4_msg *m = malloc(sizeof(*m));

	if (dhcp4_parse(b, n, m) == 0) {
		ASSERT(m->ndns <= NET_DNS_MAX && m->nroutes <= DHCP4_ROUTES_MAX);
		ASSERT(memchr(m->hostname, 0, sizeof(m->hostname)) &&
		       memchr(m->domain, 0, sizeof(m->domain)));
	}
	free(m);
}

static void as_dhcp6(const uint8_t *b, size_t n)
{
	/* An identity of zeros, which the fuzzer finds at once. */
	static const struct dhcp6_id id;
	struct dhcp6_msg *m = malloc(sizeof(*m));

	if (dhcp6_parse(b, n, &id, m) == 0) {
		ASSERT(m->ndns <= NET_DNS_MAX && m->naddrs <= DHCP6_ADDRS_MAX);
		ASSERT(m->server.len && m->server.len <= DHCP6_DUID_MAX);
		ASSERT(memchr(m->domains, 0, sizeof(m->domains)));
	}
	free(m);
}

static void as_text(const uint8_t *b, size_t n)
{
	char *s = malloc(n + 1), out[IP_ADDR_TEXT];
	struct ip_addr a, again;

	memcpy(s, b, n);
	s[n] = 0;
	if (ip_addr_parse(s, &a) == 0) {
		/* What we print we must read back the same. */
		ip_addr_text(out, a);
		ASSERT(ip_addr_parse(out, &again) == 0 && ip_eq(a, again));
	}
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct icmp_err e;
	uint8_t *b;

	if (size < 1)
		return 0;
	b = malloc(size - 1);
	memcpy(b, data + 1, size - 1);
	size--;
	switch (data[0] % 6) {
	case 0:
		as_tcp(b, (uint32_t)size);
		break;
	case 1:
		as_dhcp(b, size);
		break;
	case 2:
		as_text(b, size);
		break;
	case 3:
		(void)icmp_quote_parse(&e, b, (uint32_t)size, data[0] & 0x80);
		break;
	case 4:
		net_flow_hash(b, size);
		break;
	case 5:
		as_dhcp6(b, size);
		break;
	}
	free(b);
	return 0;
}
