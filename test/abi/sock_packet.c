/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET: frames over loopback, their addresses, filters, statistics, the ring. abi: netns */
#include "sock.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/mman.h>

static int lo;

static void show_ll(const char *what, const struct sockaddr_ll *a, socklen_t len)
{
	printf("%s: len %u family %u proto %04x if %d hatype %u type %u halen %u addr "
	       "%02x%02x..%02x\n",
	       what, len, a->sll_family, ntohs(a->sll_protocol), a->sll_ifindex, a->sll_hatype,
	       a->sll_pkttype, a->sll_halen, a->sll_addr[0], a->sll_addr[1], a->sll_addr[5]);
}

static int bound(int type, int proto)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(proto),
				 .sll_ifindex = lo };
	int fd = socket(AF_PACKET, type | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, ADDR(a)))
		printf("no packet socket: %s\n", err(-1));
	return fd;
}

static void receive(const char *what, int fd)
{
	struct sockaddr_ll a = { 0 };
	socklen_t n = sizeof(a);
	uint8_t buf[2000];
	long r = recvfrom(fd, buf, sizeof(buf), MSG_TRUNC, (struct sockaddr *)&a, &n);

	printf("%s: %ld %s", what, r, err(r));
	if (r >= 0) {
		printf(" first bytes %02x%02x last %02x\n", buf[0], buf[1], buf[r - 1]);
		show_ll(what, &a, n);
	} else {
		printf("\n");
	}
}

static void send_udp(int port, const char *text)
{
	struct sockaddr_in to = in4("127.0.0.1", port);
	int u = socket(AF_INET, SOCK_DGRAM, 0), sink = socket(AF_INET, SOCK_DGRAM, 0);

	bind(sink, ADDR(to));
	sendto(u, text, strlen(text), 0, ADDR(to));
	close(u);
	close(sink);
}

static void errors(void)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = 4242 };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	int one = 1, v;
	socklen_t n = sizeof(v);
	char buf[64] = { 0 };

	SHOW(socket(AF_PACKET, SOCK_STREAM, 0));
	SHOW(socket(AF_PACKET, SOCK_SEQPACKET, 0));
	SHOW(bind(fd, (struct sockaddr *)&a, 8));
	SHOW(bind(fd, ADDR(a)));
	SHOW(connect(fd, ADDR(a)));
	SHOW(listen(fd, 1));
	SHOW(shutdown(fd, SHUT_RDWR));
	SHOW(getpeername(fd, (struct sockaddr *)&a, &(socklen_t){ sizeof(a) }));
	SHOW(send(fd, buf, 64, 0));
	SHOW(sendto(fd, buf, 64, 0, (struct sockaddr *)&a, 8));
	SHOW(sendto(fd, buf, 64, 0, ADDR(a)));
	a.sll_ifindex = lo;
	SHOW(sendto(fd, buf, 10, 0, ADDR(a)));
	SHOW(sendto(fd, buf, 64, MSG_OOB, ADDR(a)));
	SHOW(recv(fd, buf, 64, MSG_OOB));
	SHOW(recv(fd, buf, 64, MSG_ERRQUEUE | MSG_DONTWAIT));
	SHOW(setsockopt(fd, SOL_PACKET, 999, &one, 4));
	SHOW(getsockopt(fd, SOL_PACKET, 999, &v, &n));
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, 2));
	v = TPACKET_V2;
	SHOW(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &n));
	SAY(v);
	v = 77;
	SHOW(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &v, &n));
	close(fd);
}

static void members(void)
{
	int fd = bound(SOCK_RAW, ETH_P_ALL);
	struct packet_mreq r = { .mr_ifindex = lo, .mr_type = PACKET_MR_PROMISC };

	SHOW(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, 4));
	r.mr_ifindex = 4242;
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, sizeof(r)));
	close(fd);
}

static void frames(void)
{
	int raw = bound(SOCK_RAW, ETH_P_ALL), cooked = bound(SOCK_DGRAM, ETH_P_IP), one = 1;
	int inward = bound(SOCK_RAW, ETH_P_ALL);
	struct tpacket_stats st;
	socklen_t n = sizeof(st);
	struct sockaddr_ll a;

	setsockopt(inward, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	n = sizeof(a);
	SHOW(getsockname(raw, (struct sockaddr *)&a, &n));
	show_ll("bound", &a, n);
	send_udp(5001, "twelve bytes");
	receive("raw out", raw);
	receive("raw in", raw);
	receive("raw none", raw);
	receive("cooked", cooked);
	receive("cooked none", cooked);
	receive("inward", inward);
	receive("inward none", inward);
	n = sizeof(st);
	SHOW(getsockopt(raw, SOL_PACKET, PACKET_STATISTICS, &st, &n));
	printf("packets %u drops %u\n", st.tp_packets, st.tp_drops);
	SHOW(getsockopt(raw, SOL_PACKET, PACKET_STATISTICS, &st, &n));
	printf("packets %u drops %u\n", st.tp_packets, st.tp_drops);
	close(raw);
	close(cooked);
	close(inward);
}

/* Frames of our own: the sender does not hear them leave, others do. */
static void sending(void)
{
	int a = bound(SOCK_RAW, 0x88b5), b = bound(SOCK_RAW, 0x88b5),
	    c = bound(SOCK_RAW, ETH_P_ALL);
	int d = bound(SOCK_DGRAM, 0x88b5);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(0x88b5),
				  .sll_ifindex = lo,
				  .sll_halen = 6,
				  .sll_addr = { 2, 3, 4, 5, 6, 7 } };
	uint8_t frame[64] = { [12] = 0x88, [13] = 0xb5, [14] = 1, [63] = 9 };

	SHOW(send(a, frame, sizeof(frame), 0));
	receive("a", a);
	receive("b", b);
	receive("c out", c);
	receive("c in", c);
	receive("d", d);
	SHOW(sendto(d, "payload", 7, 0, ADDR(to)));
	SHOW(send(d, "payload", 7, 0));
	receive("d again", d);
	receive("a again", a);
	close(a);
	close(b);
	close(c);
	close(d);
}

static void filters(void)
{
	/* udp to port 5003: ldh [36]; of that, 20 bytes */
	struct sock_filter code[] = {
		{ 0x30, 0, 0, 23 },   { 0x15, 0, 3, 17 }, { 0x28, 0, 0, 36 },
		{ 0x15, 0, 1, 5003 }, { 0x06, 0, 0, 44 }, { 0x06, 0, 0, 0 },
	};
	struct sock_filter bad[] = { { 0x05, 0, 0, 7 }, { 0x06, 0, 0, 0 } };
	struct sock_fprog p = { 6, code }, q = { 2, bad }, none = { 0, code };
	int fd = bound(SOCK_RAW, ETH_P_ALL), one = 1, zero = 0;

	SHOW(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &q, sizeof(q)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, 4));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)));
	send_udp(5002, "not this");
	send_udp(5003, "this one");
	receive("filtered", fd);
	receive("filtered in", fd);
	receive("filtered none", fd);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &zero, sizeof(zero)));
	close(fd);
	fd = bound(SOCK_RAW, ETH_P_ALL);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, NULL, 0));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	close(fd);
}

static void ring(void)
{
	int fd = bound(SOCK_RAW, ETH_P_ALL), v = TPACKET_V2;
	struct tpacket_req r = {
		.tp_block_size = 8192, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 4
	};
	struct tpacket_req none = { 0 }, bad = r;
	struct tpacket_stats st;
	socklen_t n = sizeof(st);
	uint8_t *m;

	SHOW(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)));
	bad.tp_frame_nr = 5;
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)));
	bad = r;
	bad.tp_block_size = 5000;
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &bad, sizeof(bad)));
	IS(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)));
	m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(m != MAP_FAILED);
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)));
	show_poll("empty ring", fd);
	for (int i = 0; i < 3; i++)
		send_udp(5005, "through the ring");
	show_poll("full ring", fd);
	for (int i = 0; i < 4; i++) {
		struct tpacket2_hdr *h = (void *)(m + 2048 * i);
		struct sockaddr_ll *a = (void *)((uint8_t *)h + TPACKET_ALIGN(sizeof(*h)));

		printf("frame %d: user %d losing %d len %u snap %u mac %u net %u type %u last %c\n",
		       i, h->tp_status & TP_STATUS_USER, !!(h->tp_status & TP_STATUS_LOSING),
		       h->tp_len, h->tp_snaplen, h->tp_mac, h->tp_net, a->sll_pkttype,
		       ((char *)h)[h->tp_mac + h->tp_len - 1]);
	}
	SHOW(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &n));
	printf("packets %u drops %u\n", st.tp_packets, st.tp_drops);
	SHOW(munmap(m, 8192));
	SHOW(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)));
	close(fd);
}

int main(void)
{
	lo = if_nametoindex("lo");
	errors();
	members();
	frames();
	sending();
	filters();
	ring();
	return 0;
}
