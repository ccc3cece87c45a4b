/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_virtio_console.c: the console driver against a host that speaks as QEMU does (doc/run.md 1.3): bytes
 * arrive once and in order whatever the sizes and delays, input is held back while nobody takes it, the
 * end of input is told after its last byte and only when it is one, and a failed device blocks nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/virtio_console.h"
#include "dev/chardevs.h"
#include "dev/virtio_console.h"
#include "kern/clock.h"
#include "kern/init.h"
#include "kern/klog.h"
#include "kern/waitq.h"
#include "test/lib/fake_vdev.h"
#include "test/lib/kern.h"

enum { TOTAL = 300000, Q_IN = 4, Q_OUT = 7, Q_ERR = 9 };

const struct vdev_driver *const vdev_drivers[] = { &virtio_console_driver, NULL };

static struct fake_vdev *dev;
static struct chardev *port[4];
static uint8_t out[TOTAL + 64], in_got[TOTAL + 64];
static size_t nout, nin, in_room;
static unsigned eofs, writables;
static bool host_slow, host_has_port, host_open, lie;
static struct vqd_chain held; /* output that a slow host has not taken */
static bool holding;
static size_t host_sent, host_total;

void chardev_register(struct chardev *cd)
{
	for (unsigned i = 1; i < 4; i++)
		if (!port[i]) {
			port[i] = cd;
			return;
		}
}

void klog_add_sink(struct log_sink *s)
{
	(void)s;
}

uint64_t clock_mono_ns(void)
{
	return 0;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 256);
}

static void take_output(const struct vqd_chain *c)
{
	for (unsigned i = 0; i < c->nout; i++) {
		assert_true(nout + c->seg[i].len <= sizeof(out));
		memcpy(out + nout, fake_va(&c->seg[i]), c->seg[i].len);
		nout += c->seg[i].len;
	}
	fake_push(dev, Q_OUT, lie ? 77 : c->head, 0);
}

static void say(unsigned id, unsigned event, unsigned value)
{
	struct virtio_console_control m = { id, (uint16_t)event, (uint16_t)value };
	struct vqd_chain c;

	assert_true(fake_pop(dev, 2, &c));
	memcpy(fake_va(&c.seg[0]), &m, sizeof(m));
	fake_push(dev, 2, c.head, sizeof(m));
}

/* What QEMU does with the driver's messages. */
static void hear(const struct virtio_console_control *m)
{
	if (m->event == VIRTIO_CONSOLE_DEVICE_READY && host_has_port)
		for (unsigned id = 1; id <= 3; id++)
			say(id, VIRTIO_CONSOLE_DEVICE_ADD, 1);
	if (m->event == VIRTIO_CONSOLE_PORT_READY) {
		say(m->id, VIRTIO_CONSOLE_PORT_NAME, 1);
		if (host_open)
			say(m->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	}
	if (m->event == VIRTIO_CONSOLE_PORT_OPEN && m->id == 1)
		host_total = m->value ? host_total : 0;
}

static bool send_input(void)
{
	struct vqd_chain c;
	size_t n;

	if (host_sent == host_total || !fake_pop(dev, Q_IN, &c))
		return false;
	n = MIN((size_t)(1 + rand() % (int)c.seg[0].len), host_total - host_sent);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)fake_va(&c.seg[0]))[i] = byte_at(host_sent++);
	fake_push(dev, Q_IN, c.head, (uint32_t)n);
	return true;
}

static bool pump(void)
{
	struct vqd_chain c;
	bool any = false;

	while (fake_pop(dev, 3, &c)) {
		hear(fake_va(&c.seg[0]));
		fake_push(dev, 3, c.head, 0);
		any = true;
	}
	while (!holding && fake_pop(dev, Q_OUT, &c)) {
		any = true;
		held = c;
		holding = host_slow && rand() % 2;
		if (!holding)
			take_output(&c);
	}
	if (holding && rand() % 3 == 0) {
		take_output(&held);
		holding = false;
	}
	if (rand() % 2)
		any |= send_input();
	return fake_irq(dev) || any || holding;
}

void waitq_init(struct waitq *wq, struct spinlock *lock)
{
	wq->lock = lock;
	list_init(&wq->waiters);
}

err_t waitq_wait_deaf(struct waitq *wq, uint64_t deadline_ns)
{
	struct list me;
	bool moved = false;

	(void)deadline_ns;
	list_add(&wq->waiters, &me);
	spin_unlock(wq->lock);
	for (unsigned i = 0; i < 100; i++)
		moved |= pump();
	assert_true(moved);
	spin_lock(wq->lock);
	list_del(&me);
	return 0;
}

unsigned waitq_wake(struct waitq *wq, unsigned max)
{
	(void)wq, (void)max;
	return 0;
}

static size_t on_input(void *ctx, const uint8_t *buf, size_t n)
{
	size_t take = MIN(n, in_room);

	(void)ctx;
	assert_int_equal(eofs, 0);
	memcpy(in_got + nin, buf, take);
	nin += take;
	in_room -= take;
	return take;
}

static void on_eof(void *ctx)
{
	(void)ctx;
	eofs++;
}

static void on_writable(void *ctx)
{
	(void)ctx;
	writables++;
}

static const struct chardev_up up = { .input = on_input, .eof = on_eof, .writable = on_writable };

static void bring_up(uint64_t features)
{
	struct virtio_console_config c = { .max_nr_ports = 4 };

	memset(port, 0, sizeof(port));
	nout = nin = host_sent = eofs = writables = 0;
	in_room = SIZE_MAX;
	host_slow = holding = lie = false;
	host_has_port = host_open = true;
	host_total = TOTAL;
	dev = calloc(1, sizeof(*dev));
	fake_init(dev, VIRTIO_ID_CONSOLE, features | VIRTIO_CONSOLE_F_MULTIPORT);
	dev->queue_max = 32;
	memcpy(dev->config, &c, sizeof(c));
	assert_int_equal(vdev_probe(&dev->vd), 0);
	assert_string_equal(port[2]->name, "coracle.stdout");
}

static void settle(void)
{
	for (unsigned quiet = 0; quiet < 200;)
		quiet = pump() ? 0 : quiet + 1;
}

static void output(uint64_t features, bool slow)
{
	uint8_t buf[5000];
	size_t sent = 0;

	bring_up(features);
	host_slow = slow;
	chardev_open(port[2], &up, NULL);
	while (sent < TOTAL) {
		size_t n = MIN((size_t)(rand() % (int)sizeof(buf)), TOTAL - sent), done;

		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(sent + i);
		done = port[2]->ops->write(port[2], buf, n);
		sent += done;
		if (done < n) {
			unsigned before = writables;

			for (unsigned i = 0; writables == before; i++) {
				pump();
				assert_true(i < 1000); /* writable() must come */
			}
		}
	}
	if (rand() % 2) {
		settle(); /* it goes out even if nobody waits for it */
		assert_int_equal(nout, TOTAL);
	}
	port[2]->ops->drain(port[2]);
	assert_int_equal(port[2]->ops->pending(port[2]), 0);
	assert_int_equal(nout, TOTAL);
	for (size_t i = 0; i < TOTAL; i++)
		assert_int_equal(out[i], byte_at(i));
}

static void test_output(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++)
		output(i & 1 ? VIRTIO_F_EVENT_IDX : 0, i & 2);
}

static void check_input(void)
{
	assert_int_equal(nin, host_sent);
	for (size_t i = 0; i < nin; i++)
		assert_int_equal(in_got[i], byte_at(i));
}

static void input(uint64_t features)
{
	size_t before;

	bring_up(features);
	settle();
	assert_int_equal(nin, 0); /* nobody opened it */
	in_room = 10000;
	chardev_open(port[1], &up, NULL);
	settle();
	assert_int_equal(nin, 10000);
	before = host_sent;
	assert_true(before < 10000 + 5 * 2048); /* held back */
	settle();
	assert_int_equal(host_sent, before);
	while (host_sent < TOTAL) {
		in_room = (size_t)rand() % 9000;
		port[1]->ops->resume(port[1]);
		settle();
	}
	assert_int_equal(eofs, 0);
	in_room = 0;
	say(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	settle();
	assert_true(eofs == (nin == TOTAL)); /* not before the last byte */
	in_room = SIZE_MAX;
	port[1]->ops->resume(port[1]);
	settle();
	assert_int_equal(eofs, 1);
	check_input();
}

static void test_input(void **state)
{
	(void)state;
	input(0);
	input(VIRTIO_F_EVENT_IDX);
}

/* The host closed its side before the guest looked. */
static void test_empty(void **state)
{
	(void)state;
	bring_up(VIRTIO_F_EVENT_IDX);
	host_open = false;
	host_total = 0;
	settle();
	assert_int_equal(eofs, 0);
	chardev_open(port[1], &up, NULL);
	settle();
	assert_int_equal(eofs, 1);
}

static void test_open_is_not_the_end(void **state)
{
	(void)state;
	bring_up(0);
	host_total = 0;
	chardev_open(port[1], &up, NULL);
	settle();
	assert_int_equal(eofs, 0);
	say(9, VIRTIO_CONSOLE_PORT_OPEN, 0); /* ports that we do not have */
	say(0, VIRTIO_CONSOLE_PORT_OPEN, 0);
	say(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_ADD, 0);
	settle();
	assert_int_equal(eofs, 0);
}

static void test_lie(void **state)
{
	uint8_t buf[100] = { 0 };

	(void)state;
	bring_up(0);
	chardev_open(port[1], &up, NULL);
	chardev_open(port[2], &up, NULL);
	settle();
	lie = true;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(port[2]->ops->write(port[2], buf, sizeof(buf)), sizeof(buf));
		pump();
	}
	assert_true(vdev_failed(&dev->vd));
	port[2]->ops->drain(port[2]); /* does not hang */
}

/* With 0, 1, 2, ... pages left the device is refused, until there is enough. */
static void test_out_of_memory(void **state)
{
	struct virtio_console_config c = { .max_nr_ports = 4 };
	unsigned refused = 0;
	err_t err = -ENOMEM;

	(void)state;
	for (unsigned pages = 0; err; pages++) {
		memset(port, 0, sizeof(port));
		dev = calloc(1, sizeof(*dev));
		fake_init(dev, VIRTIO_ID_CONSOLE, VIRTIO_CONSOLE_F_MULTIPORT);
		memcpy(dev->config, &c, sizeof(c));
		fake_starve(pages);
		err = vdev_probe(&dev->vd);
		fake_feed();
		assert_true(err == 0 || err == -ENOMEM);
		assert_true((port[1] != NULL) == (err == 0));
		if (err) {
			refused++;
			free(dev);
		}
	}
	assert_true(refused >= 3);
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
		cmocka_unit_test(test_output), cmocka_unit_test(test_input),
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_open_is_not_the_end),
		cmocka_unit_test(test_lie),    cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, machine, NULL);
}
