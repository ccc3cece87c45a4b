/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/fuzz/fuzz_net_input.c: frames into a whole stack: a sequence of [length, bytes], IP and transport sums
 * repaired so that the depths are reached.  Everything must come back in the end.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/wire_ip.h"
#include "net/csum.h"
#include "net/raw.h"
#include "net/udp.h"
#include "test/lib/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_l4(uint8_t *l4, size_t n, uint8_t proto, struct ip_addr src, struct ip_addr dst)
{
	static const struct {
		uint8_t proto, at;
	} where[] = { { IP_P_TCP, 16 },
		      { IP_P_UDP, 6 },
		      { IP_P_ICMP, 2 },
		      { IP_P_ICMPV6, 2 },
		      { IP_P_IGMP, 2 } };

	for (unsigned i = 0; i < ARRAY_LEN(where); i++) {
		uint64_t sum = 0;
		uint16_t v;

		if (where[i].proto != proto || n < where[i].at + 2U)
			continue;
		memset(l4 + where[i].at, 0, 2);
		if (proto != IP_P_ICMP && proto != IP_P_IGMP)
			sum = csum_pseudo(src, dst, proto, (uint32_t)n);
		v = csum_fold(csum_add(sum, l4, n));
		memcpy(l4 + where[i].at, &v, 2);
	}
}

static void fix(uint8_t *f, size_t n)
{
	if (n >= 34 && f[12] == 8 && f[13] == 0) {
		struct wire_ip4 *h = (struct wire_ip4 *)(f + 14);
		size_t hlen = (h->ver_ihl & 15U) * 4;

		if (hlen < 20 || 14 + hlen > n)
			return;
		h->csum = be16_of(0);
		csum_store(&h->csum, csum_fold(csum_add(0, h, hlen)));
		if (be16_get(h->len) >= hlen && 14U + be16_get(h->len) <= n)
			fix_l4(f + 14 + hlen, be16_get(h->len) - hlen, h->proto,
			       ip4_from_wire(h->src), ip4_from_wire(h->dst));
	} else if (n >= 54 && f[12] == 0x86 && f[13] == 0xdd) {
		struct wire_ip6 *h = (struct wire_ip6 *)(f + 14);

		if (54U + be16_get(h->plen) <= n)
			fix_l4(f + 54, be16_get(h->plen), h->next, ip6_from_wire(h->src),
			       ip6_from_wire(h->dst));
	}
}

static void run(struct link *l, const uint8_t *data, size_t size)
{
	while (size > 3) {
		size_t n = data[0] | (data[1] & 7U) << 8;
		uint8_t *f;

		l->now += (uint64_t)(data[1] >> 3) * 50000000;
		data += 2;
		size -= 2;
		n = n < size ? n : size;
		f = malloc(n);
		memcpy(f, data, n);
		if (n >= 6 && f[0] % 4 == 0)
			memcpy(f, l->end[1].dev.mac, 6);
		fix(f, n);
		link_inject(l, 1, f, n);
		free(f);
		net_poll(l->end[1].st, l->now);
		net_flush(l->end[1].st);
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_cfg k = { .seed = 1 };
	struct link l;
	struct tcp_conn *like, *c;
	struct tcp_listener *lis;
	struct udp_ep *u;
	struct raw_ep *r;
	char o;

	link_init(&l, &k);
	net_auto6_start(l.end[1].ifc, (const uint8_t[NET_SECRET]){ 1 }, true, l.now) ? abort()
										     : (void)0;
	net_dhcp4_start(l.end[1].ifc, "fuzz", l.now) ? abort() : (void)0;
	if (tcp_new(l.end[1].st, &o, &like) ||
	    tcp_listen(like, (struct ip_addr){ 0 }, 80, TCP_L_BIND_V6, 4, &o, &lis) ||
	    udp_new(l.end[1].st, &o, &u) ||
	    udp_bind(u, (struct ip_addr){ 0 }, 53, UDP_BIND_V6, NULL) ||
	    raw_new(l.end[1].st, false, 1, 0, &o, &r))
		abort();
	run(&l, data, size);
	while ((c = tcp_accept(lis, &o)) != NULL)
		tcp_abort(c, l.now);
	link_fini(&l);
	return 0;
}
