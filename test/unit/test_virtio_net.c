/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_virtio_net.c: the network driver against a device that is a loop: what is sent comes back as one or
 * more receive buffers.  Bytes and marks survive with every subset of the ring features, no packet and
 * no buffer is lost, back-pressure is told, and lies in headers drop a frame or stop the device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dev/netifs.h"
#include "dev/virtio_net.h"
#include "dev/virtio_net_hdr.h"
#include "kern/init.h"
#include "kern/mutex.h"
#include "kern/rand.h"
#include "kern/trace.h"
#include "test/lib/fake_vdev.h"
#include "test/lib/kern.h"

const struct vdev_driver *const vdev_drivers[] = { &virtio_net_driver, NULL };
uint32_t trace_mask;

static struct fake_vdev *dev;
static struct netif *nif;
static struct pkt_pool pool;
static unsigned rx_ready, tx_room;
static long pages_out;

void trace_put(enum trace_group g, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	(void)g, (void)what, (void)a, (void)b, (void)c;
}

void mutex_init(struct mutex *m)
{
	(void)m;
}

void mutex_lock(struct mutex *m) no_lock_analysis
{
	(void)m;
}

void mutex_unlock(struct mutex *m) no_lock_analysis
{
	(void)m;
}

void rand_bytes(void *buf, size_t n)
{
	memset(buf, 0xff, n);
}

/* The driver looks at the clock while it waits for the control queue: the device's moment. */
static uint8_t ctl_seen[64][16];
static unsigned nctl;
static uint8_t ctl_answer;
static bool ctl_deaf;

uint64_t clock_mono_ns(void);
uint64_t clock_mono_ns(void)
{
	static uint64_t now;
	struct vqd_chain c;
	unsigned q = dev->config[8] ? 2u * dev->config[8] : 2u;

	while (!ctl_deaf && fake_pop(dev, q, &c)) {
		assert_true(c.nout == 1 && c.nin == 1 && c.seg[1].len == 1);
		memcpy(ctl_seen[nctl++ % 64], fake_va(&c.seg[0]), MIN(c.seg[0].len, 16u));
		*(uint8_t *)fake_va(&c.seg[1]) = ctl_answer;
		fake_push(dev, q, c.head, 1);
	}
	return now += 1000000;
}

static void *src_get(void *ctx)
{
	struct page *p = page_alloc(0, 0);

	(void)ctx;
	pages_out += p != NULL;
	return p ? page_va(p) : NULL;
}

static void src_put(void *ctx, void *va)
{
	(void)ctx;
	pages_out--;
	page_put(pa_to_page(va_to_pa(va)));
}

static void on_rx(void *ctx, struct netif *n, unsigned q)
{
	(void)ctx, (void)n, (void)q;
	rx_ready++;
}

static void on_tx(void *ctx, struct netif *n, unsigned q)
{
	(void)ctx, (void)n, (void)q;
	tx_room++;
}

static const struct netif_up up = { .rx_ready = on_rx, .tx_room = on_tx };

static void bring_up(uint64_t features, unsigned pairs)
{
	struct page_src src = { .get = src_get, .put = src_put };
	struct virtio_net_config c = { .mac = { 2, 3, 4, 5, 6, 7 },
				       .status = 1,
				       .mtu = 9000,
				       .max_virtqueue_pairs = (uint16_t)pairs };

	dev = calloc(1, sizeof(*dev));
	nctl = 0;
	ctl_answer = VIRTIO_NET_CTRL_OK;
	ctl_deaf = false;
	fake_init(dev, VIRTIO_ID_NET, features);
	memcpy(dev->config, &c, sizeof(c));
	assert_int_equal(vdev_probe(&dev->vd), 0);
	for (nif = NULL; netif_next(nif);)
		nif = netif_next(nif);
	nif->up = &up;
	rx_ready = tx_room = 0;
	pkt_pool_init(&pool, &src, 4096);
}

/* The device is gone: so is everything it held. */
static void take_down(void)
{
	struct pkt_list l;

	vdev_fail(&dev->vd, "the test is over");
	pkt_list_init(&l);
	for (unsigned q = 0; q < nif->queues; q++)
		assert_int_equal(nif->ops->poll(nif, q, &pool, &l, 100), 0);
	pkt_pool_fini(&pool); /* asserts that all came back */
	assert_int_equal(pages_out, 0);
}

static uint8_t byte_at(unsigned id, size_t i)
{
	return (uint8_t)(id * 17 + i * 31 + i / 256);
}

/* A frame with headers in its room and a payload in fragments. */
static struct pkt *make_frame(unsigned id, size_t bytes)
{
	struct pkt *k = pkt_alloc(&pool);
	size_t lin = MIN(bytes, (size_t)60), done = lin;

	for (size_t i = 0; i < lin; i++)
		*pkt_put(k, 1) = byte_at(id, i);
	while (done < bytes) {
		struct pbuf *b = pbuf_alloc(&pool);
		uint32_t n = (uint32_t)MIN(bytes - done, (size_t)b->size);

		for (uint32_t i = 0; i < n; i++)
			b->base[i] = byte_at(id, done + i);
		assert_true(pkt_add_frag(k, b, 0, n));
		done += n;
	}
	k->l4 = k->data + 34;
	return k;
}

static void check_frame(const struct pkt *k, unsigned id, size_t bytes)
{
	uint8_t *got = malloc(bytes);

	assert_int_equal(k->len, bytes);
	pkt_copy_out(k, 0, got, (uint32_t)bytes);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(got[i], byte_at(id, i));
	free(got);
}

/* Put `bytes` (header and frame) into receive buffers; returns how many. */
static unsigned receive(uint8_t *bytes, size_t n, unsigned lie_buffers)
{
	struct vqd_chain c[32];
	uint32_t room = PBUF_ROOM;
	unsigned need = MAX((unsigned)DIV_UP(n, room), 1u);
	struct virtio_net_hdr h;

	memcpy(&h, bytes, sizeof(h));
	h.num_buffers = (uint16_t)(lie_buffers ?: need);
	memcpy(bytes, &h, sizeof(h));
	for (unsigned i = 0; i < need; i++) {
		assert_true(fake_pop(dev, 0, &c[i]));
		assert_true(c[i].nin == 1 && c[i].seg[0].len == room);
		memcpy(fake_va(&c[i].seg[0]), bytes + i * room, MIN(n - i * room, (size_t)room));
	}
	for (unsigned i = 0; i < need; i++)
		fake_push(dev, 0, c[i].head, (uint32_t)MIN(n - i * room, (size_t)room));
	return need;
}

static bool loop_one(struct virtio_net_hdr *seen)
{
	static uint8_t bytes[PBUF_ROOM * 21];
	struct vqd_chain c;
	size_t n = 0;

	if (!fake_pop(dev, 1, &c))
		return false;
	for (unsigned i = 0; i < c.nout; i++) {
		memcpy(bytes + n, fake_va(&c.seg[i]), c.seg[i].len);
		n += c.seg[i].len;
	}
	memcpy(seen, bytes, sizeof(*seen));
	receive(bytes, n, 0);
	fake_push(dev, 1, c.head, 0);
	fake_irq(dev);
	return true;
}

static void poll_first(void)
{
	struct pkt_list l;

	pkt_list_init(&l);
	assert_int_equal(nif->ops->poll(nif, 0, &pool, &l, 64), 0); /* fills the ring */
}

static void loop(uint64_t features, size_t most)
{
	struct virtio_net_hdr h;
	struct pkt_list l;

	bring_up(features | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS, 0);
	assert_true(nif->link_up && nif->mac[5] == 7 && nif->queues == 1);
	poll_first();
	for (unsigned id = 0; id < 3000; id++) {
		size_t bytes = 60 + (size_t)rand() % (most - 60);

		assert_false(nif->ops->rx_irq(nif, 0, true));
		rx_ready = 0;
		pkt_list_init(&l);
		pkt_list_add(&l, make_frame(id, bytes));
		nif->ops->transmit(nif, 0, &l);
		assert_int_equal(l.count, 0);
		assert_true(loop_one(&h));
		assert_true(rx_ready > 0);
		nif->ops->rx_irq(nif, 0, false);
		assert_int_equal(nif->ops->poll(nif, 0, &pool, &l, 64), 1);
		check_frame(l.first, id, bytes);
		assert_ptr_equal(l.first->nif, nif);
		pkt_list_free(&l);
	}
	assert_int_equal(nif->stats[0].tx_packets, 3000);
	assert_int_equal(nif->stats[0].rx_bytes, nif->stats[0].tx_bytes);
	take_down();
}

static void test_loop(void **state)
{
	const uint64_t big = VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4;

	(void)state;
	loop(0, 1514);
	loop(VIRTIO_F_EVENT_IDX, 4000);
	loop(big, 65000);
	loop(big | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC, 65000);
}

/* A slow device: what finds no room stays, and room is told once it is there. */
static void full(uint64_t features)
{
	struct virtio_net_hdr h;
	struct pkt_list l;
	unsigned left;

	bring_up(features, 0);
	poll_first();
	pkt_list_init(&l);
	for (unsigned id = 0; id < 400; id++)
		pkt_list_add(&l, make_frame(id, 1000));
	nif->ops->transmit(nif, 0, &l);
	left = l.count;
	assert_true(left > 0 && left < 400);
	assert_false(nif->ops->tx_irq(nif, 0, true));
	while (!tx_room && loop_one(&h)) {
		struct pkt_list in;

		pkt_list_init(&in);
		nif->ops->poll(nif, 0, &pool, &in, 64);
		pkt_list_free(&in);
	}
	assert_true(tx_room >= 1);
	nif->ops->transmit(nif, 0, &l);
	assert_true(l.count < left);
	pkt_list_free(&l);
	take_down();
}

static void test_full(void **state)
{
	(void)state;
	full(0);
	full(VIRTIO_F_EVENT_IDX);
	full(VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC);
}

static void test_headers(void **state)
{
	struct virtio_net_hdr h;
	struct pkt *k;

	(void)state;
	bring_up(0, 0);
	k = make_frame(1, 5000);
	k->data[34 + 12] = 0x80; /* a TCP header of 32 bytes */
	k->flags = PKT_CSUM_NEEDED;
	k->csum_off = 16;
	k->gso_type = PKT_GSO_TCP6;
	k->gso_size = 1440;
	k->gso_ecn = 1;
	virtio_net_hdr_of(k, &h);
	assert_int_equal(h.flags, VIRTIO_NET_HDR_NEEDS_CSUM);
	assert_int_equal(h.csum_start, 34);
	assert_int_equal(h.csum_offset, 16);
	assert_int_equal(h.gso_type, VIRTIO_NET_GSO_TCPV6 | VIRTIO_NET_GSO_ECN);
	assert_int_equal(h.hdr_len, 66);
	assert_int_equal(h.gso_size, 1440);
	k->gso_type = PKT_GSO_UDP;
	k->gso_ecn = 0;
	virtio_net_hdr_of(k, &h);
	assert_int_equal(h.hdr_len, 42);
	pkt_free(k);
	take_down();
}

static bool apply(struct virtio_net_hdr h, uint64_t features, struct pkt *out)
{
	struct pkt *k = make_frame(1, 200);
	bool good = virtio_net_hdr_apply(&h, features, k);

	*out = *k;
	pkt_free(k);
	return good;
}

static void test_received_headers(void **state)
{
	const uint64_t f = VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4;
	struct pkt k;

	(void)state;
	bring_up(0, 0);
	assert_true(apply((struct virtio_net_hdr){ 0 }, 0, &k) && !k.flags && !k.gso_type);
	assert_true(apply((struct virtio_net_hdr){ .flags = 2 }, f, &k) && k.flags == PKT_CSUM_OK);
	assert_true(apply((struct virtio_net_hdr){ .flags = 3 }, 0, &k) && !k.flags);
	assert_true(apply(
		(struct virtio_net_hdr){ .flags = 1, .csum_start = 34, .csum_offset = 16 }, f, &k));
	assert_int_equal(k.flags, PKT_CSUM_NEEDED);
	assert_int_equal(k.csum_off, 16);
	assert_true(apply(
		(struct virtio_net_hdr){ .flags = 1, .csum_start = 42, .csum_offset = 16 }, f, &k));
	assert_false(apply(
		(struct virtio_net_hdr){ .flags = 1, .csum_start = 43, .csum_offset = 16 }, f, &k));
	assert_false(apply(
		(struct virtio_net_hdr){ .flags = 1, .csum_start = 65535, .csum_offset = 65535 }, f,
		&k));
	assert_true(apply((struct virtio_net_hdr){ .gso_type = 1, .gso_size = 1448 }, f, &k));
	assert_true(k.gso_type == PKT_GSO_TCP4 && k.gso_size == 1448);
	assert_false(apply((struct virtio_net_hdr){ .gso_type = 1 }, f, &k));
	assert_false(apply((struct virtio_net_hdr){ .gso_type = 4, .gso_size = 9 }, f, &k));
	assert_false(apply((struct virtio_net_hdr){ .gso_type = 3, .gso_size = 9 }, ~0ull, &k));
	take_down();
}

/* A frame that is too short, or lacks buffers, stops the device; one that cannot be is dropped. */
static void lie(size_t n, unsigned buffers, bool stops)
{
	static uint8_t bytes[PBUF_ROOM * 21];
	struct pkt_list l;

	bring_up(VIRTIO_NET_F_MRG_RXBUF, 0);
	poll_first();
	memset(bytes, 0, sizeof(bytes));
	receive(bytes, n, buffers);
	pkt_list_init(&l);
	assert_int_equal(nif->ops->poll(nif, 0, &pool, &l, 64), 0);
	assert_int_equal(vdev_failed(&dev->vd), stops);
	take_down();
}

static void test_lies(void **state)
{
	(void)state;
	lie(11, 1, true);
	lie(0, 1, true);
	lie(100, 2, true);
	lie(100, 65535, true);
	lie(PBUF_ROOM * 20, 0, false); /* more pieces than a packet holds */
}

/* A device that does anything: packets and buffers all come back. */
static void test_hostile(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 150; seed++) {
		bring_up(seed & 1 ? VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX : 0, 0);
		srand(seed);
		poll_first();
		for (unsigned i = 0; i < 60; i++) {
			struct pkt_list l;

			pkt_list_init(&l);
			pkt_list_add(&l, make_frame(i, 60 + (size_t)rand() % 3000));
			nif->ops->transmit(nif, 0, &l);
			pkt_list_free(&l);
			fake_misbehave(dev, (unsigned)rand() % 2);
			nif->ops->poll(nif, 0, &pool, &l, 64);
			pkt_list_free(&l);
			(void)nif->ops->tx_irq(nif, 0, rand() % 2);
			(void)nif->ops->rx_irq(nif, 0, rand() % 2);
		}
		take_down();
	}
}

static void test_control(void **state)
{
	static const uint8_t mac[2][6] = { { 1, 2, 3, 4, 5, 6 }, { 0x33, 0x33, 0, 0, 0, 1 } };

	(void)state;
	test_cpu_enter(1); /* two CPUs */
	test_cpu_enter(0);
	bring_up(VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_MQ | VIRTIO_NET_F_MTU,
		 4);
	assert_int_equal(nif->queues, 2);
	assert_int_equal(nctl, 0);
	assert_int_equal(nif->ops->use_queues(nif, 3), -EINVAL);
	assert_int_equal(nif->ops->use_queues(nif, 2), 0);
	assert_int_equal(nctl, 1);
	assert_memory_equal(ctl_seen[0], "\4\0\2\0", 4);
	assert_int_equal(nif->mac[0], 0xfe); /* random ones, local and single */
	assert_int_equal(nif->mtu, PBUF_ROOM - 12 - 18);
	assert_int_equal(nif->ops->rx_filter(nif, mac, 2, false, false), 0);
	assert_memory_equal(ctl_seen[1], "\0\0\0", 3);
	assert_memory_equal(ctl_seen[2], "\0\1\0", 3);
	assert_memory_equal(ctl_seen[3], "\1\0\0\0\0\0\2\0\0\0\1\2\3\4\5\6", 16);
	ctl_answer = 1;
	assert_int_equal(nif->ops->rx_filter(nif, mac, 2, true, false), -EIO);
	assert_false(vdev_failed(&dev->vd));
	ctl_deaf = true;
	assert_int_equal(nif->ops->rx_filter(nif, mac, 2, true, false), -EIO);
	assert_true(vdev_failed(&dev->vd));
	take_down();
}

static int machine(void **state)
{
	(void)state;
	test_machine_new(64 << 20);
	return page_init() || slab_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),	cmocka_unit_test(test_full),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_received_headers),
		cmocka_unit_test(test_lies),	cmocka_unit_test(test_control),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, machine, NULL);
}
