/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/pkt/tapstack.c: the stack as a host program on a tap device, with four services on TCP and UDP:
 * echo (7), discard (9), source (19: sends as many bytes as the peer's first line says),
 * and hash (77: answers with the CRC-32 and count of all that was sent, at end of file).
 *
 *	tapstack -i tap0 | -f descriptor  -a 10.1.0.2/24 [-g 10.1.0.1] [-6 fd01::2/64] [-o] [-m mtu] [-s seconds]
 *		[-d] [-A] [-c addr:port:bytes]
 *
 * -f: frames on a descriptor that is open already (relay.c).
 * -o: the kernel's offloads both ways (checksums, TSO), through virtio_net_hdr as in a virtual machine.
 * -d, -A: DHCPv4; router advertisements and DHCPv6.
 * -c: also connect, send so many bytes, close, and tell the checksum of what came.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "net/net.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "test/lib/pages.h"

struct dev {
	struct netif nif;
	int fd;
	bool offload;
	bool gone; /* the other end has closed */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* --- the device ----------------------------------------------------------------------------------- */

static void fill_vnet(struct virtio_net_hdr *v, const struct pkt *p)
{
	memset(v, 0, sizeof(*v));
	if (p->flags & PKT_CSUM_NEEDED) {
		v->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		v->csum_start = (uint16_t)(p->l4 - p->data);
		v->csum_offset = p->csum_off;
	}
	if (p->gso_type == PKT_GSO_TCP4 || p->gso_type == PKT_GSO_TCP6) {
		v->gso_type = p->gso_type == PKT_GSO_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4
							  : VIRTIO_NET_HDR_GSO_TCPV6;
		if (p->gso_ecn)
			v->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		v->gso_size = p->gso_size;
		v->hdr_len = (uint16_t)(p->l4 - p->data + (p->l4[12] >> 4) * 4);
	}
}

static void dev_transmit(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct dev *d = nif->dev;
	struct pkt *p;

	(void)q;
	while ((p = pkt_list_pop(batch)) != NULL) {
		struct virtio_net_hdr v;
		struct iovec iov[2 + PKT_FRAGS];
		int n = 0;

		fill_vnet(&v, p);
		if (d->offload)
			iov[n++] = (struct iovec){ &v, sizeof(v) };
		iov[n++] = (struct iovec){ p->data, p->lin };
		for (unsigned i = 0; i < p->nfrags; i++)
			iov[n++] = (struct iovec){ p->frag[i].buf->base + p->frag[i].off,
						   p->frag[i].len };
		if (writev(d->fd, iov, n) < 0)
			warn("write of %u bytes", p->len);
		pkt_free(p);
	}
}

static unsigned dev_poll(struct netif *nif, unsigned q, struct pkt_pool *pool, struct pkt_list *out,
			 unsigned max)
{
	static uint8_t buf[70000];
	struct dev *d = nif->dev;
	unsigned n = 0;

	(void)q;
	for (; n < max; n++) {
		struct virtio_net_hdr v = { 0 };
		struct iovec iov[2] = { { &v, sizeof(v) }, { buf, sizeof(buf) } };
		long got = d->offload ? readv(d->fd, iov, 2) : read(d->fd, buf, sizeof(buf));
		struct pbuf *b;
		struct pkt *p;

		if (got <= 0) {
			d->gone = got == 0;
			break;
		}
		if (d->offload)
			got -= (long)sizeof(v);
		b = pbuf_alloc(pool);
		p = b ? pkt_alloc_rx(pool, b, 0, 0) : NULL;
		if (!p || !pkt_append(p, buf, (uint32_t)got))
			errx(1, "no memory");
		if (v.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID))
			p->flags |= PKT_CSUM_OK;
		pkt_list_add(out, p);
	}
	return n;
}

static const struct netif_ops dev_ops = { .poll = dev_poll, .transmit = dev_transmit };

static int tap_open(const char *name, bool offload)
{
	struct ifreq r = { 0 };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	if (fd < 0)
		err(1, "/dev/net/tun");
	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	r.ifr_flags = IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		err(1, "%s", name);
	if (offload &&
	    ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0)
		err(1, "offloads");
	return fd;
}

static void dev_init(struct dev *d, int fd, uint32_t mtu, bool offload)
{
	d->fd = fd;
	d->offload = offload;
	d->nif = (struct netif){ .name = "eth0",
				 .ops = &dev_ops,
				 .dev = d,
				 .mac = { 2, 0, 0, 0, 9, 9 },
				 .mtu = mtu,
				 .max_mtu = 65535,
				 .gso_max = 65535,
				 .index = 2,
				 .queues = 1,
				 .link_up = true,
				 .features = NETIF_SG };
	if (offload)
		d->nif.features |= NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 | NETIF_TSO_ECN |
				   NETIF_RX_CSUM | NETIF_LRO;
}

/* --- services ------------------------------------------------------------------------------------- */

enum { ECHO = 7, DISCARD = 9, SOURCE = 19, HASH = 77 };

struct client {
	struct tcp_conn *c;
	struct client *next;
	uint16_t port;
	uint8_t buf[65536]; /* echo: bytes that wait to be written */
	size_t len, at;
	uint64_t sent, limit, received;
	uint32_t crc;
	bool eof, dead, shut, outgoing;
};

static struct client *clients;
static uint64_t served, bytes_in, bytes_out;

struct span {
	uint8_t *p;
};

static size_t span_in(void *ctx, void *b, size_t n)
{
	struct span *s = ctx;

	memcpy(s->p, b, n);
	s->p += n;
	return n;
}

static size_t span_out(void *ctx, void *b, size_t n)
{
	struct span *s = ctx;

	memcpy(b, s->p, n);
	s->p += n;
	return n;
}

/* What is sent: 65521 bytes of a linear congruence, over and over, so that each place is told from the next. */
static size_t pattern(void *ctx, void *b, size_t n)
{
	enum { PERIOD = 65521 };
	static uint8_t bytes[PERIOD];
	struct client *k = ctx;
	uint32_t x = 1;

	for (size_t i = 0; i < PERIOD && !bytes[0]; i++)
		bytes[PERIOD - 1 - i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24 | 1);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)b)[i] = bytes[k->sent++ % PERIOD];
	return n;
}

static long conn_read(struct client *k, void *buf, size_t n, uint64_t now)
{
	struct span s = { buf };
	long got = tcp_recv(k->c, &(struct net_iov){ span_in, &s }, n, 0, now);

	if (got > 0)
		bytes_in += (uint64_t)got;
	return got;
}

static long conn_write(struct client *k, const void *buf, size_t n, uint64_t now)
{
	struct span s = { (uint8_t *)(size_t)buf };
	long put = tcp_send(k->c, &(struct net_iov){ span_out, &s }, n, 0, now);

	if (put > 0)
		bytes_out += (uint64_t)put;
	return put;
}

/* The CRC-32 of zlib, so that the other side may be a script. */
static void sum(struct client *k, const uint8_t *p, long n)
{
	static uint32_t table[256];

	for (uint32_t i = 0; i < 256 && !table[255]; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	k->crc = ~k->crc;
	for (long i = 0; i < n; i++)
		k->crc = table[(k->crc ^ p[i]) & 255] ^ k->crc >> 8;
	k->crc = ~k->crc;
	k->received += (uint64_t)n;
}

/* Read all there is; true: something was or the end has come. */
static void read_some(struct client *k, uint64_t now)
{
	static uint8_t tmp[65536];
	long n;

	if (k->port == ECHO) {
		if (k->len)
			return;
		n = conn_read(k, k->buf, sizeof(k->buf), now);
		k->len = n > 0 ? (size_t)n : 0;
		k->at = 0;
	} else {
		while ((n = conn_read(k, tmp, sizeof(tmp), now)) > 0) {
			if (k->port == HASH || k->outgoing)
				sum(k, tmp, n);
			if (k->port == SOURCE && !k->limit)
				k->limit = strtoull((char *)tmp, NULL, 10);
		}
	}
	if (n == 0)
		k->eof = true;
	else if (n < 0 && n != -EAGAIN)
		k->dead = true;
}

static void write_some(struct client *k, uint64_t now)
{
	long n;

	if (k->port == ECHO)
		while (k->at < k->len) {
			n = conn_write(k, k->buf + k->at, k->len - k->at, now);
			if (n < 0) {
				k->dead = n != -EAGAIN;
				return;
			}
			k->at += (size_t)n;
			if (k->at == k->len)
				k->len = k->at = 0;
		}
	if (k->port == SOURCE || k->outgoing)
		while (k->sent < k->limit) {
			size_t want = k->limit - k->sent < 65536 ? k->limit - k->sent : 65536;

			n = tcp_send(k->c, &(struct net_iov){ pattern, k }, want, 0, now);
			if (n < 0) {
				k->dead = n != -EAGAIN;
				return;
			}
			bytes_out += (uint64_t)n;
		}
	if (k->port == HASH && k->eof && !k->shut) {
		char line[64];
		int len = snprintf(line, sizeof(line), "%08x %lu\n", k->crc, k->received);

		conn_write(k, line, (size_t)len, now);
	}
}

static bool finished(const struct client *k)
{
	if (k->port == SOURCE)
		return (k->limit && k->sent >= k->limit) || k->eof;
	if (k->outgoing)
		return k->sent >= k->limit;
	return k->eof && k->len == 0;
}

static void serve(struct client *k, uint64_t now)
{
	if (tcp_conn_state(k->c) == TCP_SYN_SENT)
		return;
	do {
		read_some(k, now);
		write_some(k, now);
	} while (k->port == ECHO && k->len == 0 && !k->eof && !k->dead && tcp_readable(k->c));
	if (finished(k) && !k->shut && !k->dead) {
		k->shut = true;
		if (tcp_shutdown(k->c, TCP_SHUT_WR, now) != 0)
			k->dead = true;
	}
	if (k->dead || (k->shut && k->eof)) {
		struct client **at = &clients;

		if (k->outgoing)
			fprintf(stderr, "out: sent %lu received %lu %08x%s\n", k->sent, k->received,
				k->crc, k->dead ? " died" : "");
		tcp_close(k->c, now);
		while (*at != k)
			at = &(*at)->next;
		*at = k->next;
		free(k);
		served++;
	}
}

static struct client *client_new(uint16_t port)
{
	struct client *k = calloc(1, sizeof(*k));

	k->port = port;
	k->next = clients;
	clients = k;
	return k;
}

static void udp_serve(struct udp_ep *u, uint64_t now)
{
	struct udp_rx rx;
	struct pkt *p;

	while (udp_rx_peek(u, &rx)) {
		static uint8_t buf[65536];
		struct span s = { buf };
		struct udp_tx tx = {
			.dst = rx.src, .dport = rx.sport, .src = rx.dst, .ttl = -1, .tos = -1
		};
		uint32_t n;

		p = udp_rx_pop(u);
		n = p->len;
		pkt_copy_out(p, 0, buf, n);
		pkt_free(p);
		if (udp_send(u, &tx, &(struct net_iov){ span_out, &s }, n, now) < 0)
			warnx("udp send");
	}
}

/* --- main ----------------------------------------------------------------------------------------- */

static void *zalloc(void *ctx, size_t n)
{
	(void)ctx;
	return calloc(1, n);
}

static void zfree(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

static void check(int e, const char *what)
{
	if (e)
		errx(1, "%s: %s", what, strerror(-e));
}

static void add_addr(struct net_if *ifc, char *text, uint64_t now)
{
	char *slash = strchr(text, '/');
	struct net_ifaddr a = { .flags = NET_ADDR_NODAD };

	if (!slash)
		errx(2, "%s: no prefix", text);
	*slash = 0;
	a.bits = (uint8_t)atoi(slash + 1);
	check(ip_addr_parse(text, &a.addr), text);
	check(net_addr_add(ifc, &a, now), text);
}

static struct net_stack *st;
static struct dev dev;
static struct netif lo = { .name = "lo",
			   .features = NETIF_LOOPBACK,
			   .mtu = 65535,
			   .max_mtu = 65535,
			   .gso_max = 65535,
			   .index = 1,
			   .queues = 1,
			   .link_up = true };

static void stack_new(struct net_if **ifc, struct net_if **loif)
{
	static struct test_pages pages;
	struct net_cfg cfg = { .max_pages = 65536,
			       .primary = true,
			       .now = now_ns(),
			       .wall_ns = (uint64_t)time(NULL) * 1000000000ULL };
	int fd = open("/dev/urandom", O_RDONLY);

	if (fd < 0 || read(fd, cfg.key, sizeof(cfg.key)) != sizeof(cfg.key))
		err(1, "/dev/urandom");
	close(fd);
	test_pages_init(&pages);
	cfg.mem = (struct net_mem){ .pages = pages.src, .alloc = zalloc, .free = zfree };
	check(net_new(&cfg, &st), "stack");
	check(net_if_add(st, &lo, loif), "lo");
	check(net_if_add(st, &dev.nif, ifc), "eth0");
	net_if_up(*loif, true, cfg.now);
	net_if_up(*ifc, true, cfg.now);
	check(net_addr_add(*loif, &(struct net_ifaddr){ .addr = ip4(0x7f000001), .bits = 8 },
			   cfg.now),
	      "127/8");
}

static void print_counters(void)
{
	const struct net_mib *m = net_mib(st);

	fprintf(stderr, "served %llu, in %llu, out %llu\n", (unsigned long long)served,
		(unsigned long long)bytes_in, (unsigned long long)bytes_out);
	for (int i = 0; i < MIB_COUNT; i++)
		if (m->v[i])
			fprintf(stderr, "  %s.%s %llu\n", net_mib_group(i), net_mib_name(i),
				(unsigned long long)m->v[i]);
	for (int i = 0; i < DROP_COUNT; i++)
		if (net_drops(st, (enum drop)i))
			fprintf(stderr, "  drop %s %llu\n", drop_name((enum drop)i),
				(unsigned long long)net_drops(st, (enum drop)i));
}

static void connect_out(char *spec, uint64_t now)
{
	char *bytes = strrchr(spec, ':'), *port;
	struct tcp_conn_addr a = { .local = ip4(0) };
	struct client *k = client_new(0);

	*bytes++ = 0;
	port = strrchr(spec, ':');
	*port++ = 0;
	check(ip_addr_parse(spec, &a.remote), spec);
	if (!ip_is_v4(a.remote))
		a.local = (struct ip_addr){ 0 };
	a.rport = (uint16_t)atoi(port);
	k->outgoing = true;
	k->limit = strtoull(bytes, NULL, 10);
	check(tcp_new(st, k, &k->c), "conn");
	check(tcp_connect(k->c, &a, now), "connect");
}

static void wake(struct net_ep *ep, struct tcp_listener **lis, uint64_t now)
{
	struct client *k;
	struct tcp_conn *c;
	struct tcp_conn_addr a;

	switch (ep->kind) {
	case NET_LISTENER:
		for (int i = 0; i < 4; i++)
			while (tcp_listener_ep(lis[i]) == ep &&
			       (c = tcp_accept(lis[i], lis[i])) != NULL) {
				tcp_conn_addr(c, &a);
				k = client_new(a.lport);
				k->c = c;
				ep = tcp_ep(c);
				ep->owner = k;
				ep = tcp_listener_ep(lis[i]);
				serve(k, now);
			}
		break;
	case NET_TCP:
		serve(ep->owner, now);
		break;
	case NET_UDP:
		udp_serve(ep->owner, now);
		break;
	}
}

static void loop(struct net_if *ifc, struct tcp_listener **lis, uint64_t until)
{
	struct pollfd pfd = { .fd = dev.fd, .events = POLLIN };
	struct pkt_list in;
	struct net_ep *ep;
	unsigned ev;

	pkt_list_init(&in);
	for (uint64_t now = now_ns(); now < until && !dev.gone; now = now_ns()) {
		uint64_t at = net_deadline(st), ns = at <= now ? 0 : at - now;
		struct timespec t = { .tv_nsec = (long)(ns < 100000000 ? ns : 100000000) };

		if (dev_poll(&dev.nif, 0, net_pool(st), &in, 64) == 0) {
			ppoll(&pfd, 1, &t, NULL);
			now = now_ns();
			dev_poll(&dev.nif, 0, net_pool(st), &in, 64);
		}
		net_input(st, ifc, &in, now);
		net_poll(st, now);
		net_flush(st);
		while ((ep = net_ready_pop(st, &ev)) != NULL)
			wake(ep, lis, now);
		net_flush(st);
	}
}

int main(int argc, char **argv)
{
	static const uint16_t ports[4] = { ECHO, DISCARD, SOURCE, HASH };
	char *name = NULL, *a4 = NULL, *a6 = NULL, *gw = NULL, *out = NULL;
	struct tcp_listener *lis[4];
	struct net_if *ifc, *loif;
	struct tcp_conn *like;
	struct udp_ep *u;
	bool offload = false, dhcp = false, auto6 = false;
	unsigned seconds = 3600, mtu = 1500;
	int opt, fd = -1;

	while ((opt = getopt(argc, argv, "i:f:a:6:g:om:s:c:dA")) != -1)
		switch (opt) {
		case 'i':
			name = optarg;
			break;
		case 'f':
			fd = atoi(optarg);
			break;
		case 'm':
			mtu = (unsigned)atoi(optarg);
			break;
		case 'a':
			a4 = optarg;
			break;
		case '6':
			a6 = optarg;
			break;
		case 'g':
			gw = optarg;
			break;
		case 'o':
			offload = true;
			break;
		case 's':
			seconds = (unsigned)atoi(optarg);
			break;
		case 'c':
			out = optarg;
			break;
		case 'd':
			dhcp = true;
			break;
		case 'A':
			auto6 = true;
			break;
		default:
			errx(2, "see the head of test/pkt/tapstack.c");
		}
	if (!name && fd < 0)
		errx(2, "-i tap device or -f descriptor");
	dev_init(&dev, name ? tap_open(name, offload) : fd, mtu, offload);
	stack_new(&ifc, &loif);
	if (a4)
		add_addr(ifc, a4, now_ns());
	if (a6)
		add_addr(ifc, a6, now_ns());
	if (gw) {
		struct net_route r = { .ifc = ifc };

		check(ip_addr_parse(gw, &r.gateway), gw);
		check(net_route_add(st, &r), gw);
	}
	if (dhcp)
		check(net_dhcp4_start(ifc, "tapstack", now_ns()), "dhcp");
	if (auto6)
		check(net_auto6_start(ifc, (uint8_t[NET_SECRET]){ 1 }, false, now_ns()), "auto6");
	check(tcp_new(st, NULL, &like), "conn");
	for (int i = 0; i < 4; i++) {
		check(tcp_listen(like, (struct ip_addr){ 0 }, ports[i], TCP_L_BIND_V6, 128, &lis[i],
				 &lis[i]),
		      "listen");
	}
	check(udp_new(st, &u, &u), "udp");
	udp_net_ep(u)->owner = u;
	check(udp_bind(u, (struct ip_addr){ 0 }, ECHO, UDP_BIND_V6, NULL), "udp bind");
	if (out)
		connect_out(out, now_ns());
	net_flush(st);
	loop(ifc, lis, now_ns() + seconds * 1000000000ULL);
	print_counters();
	return 0;
}
