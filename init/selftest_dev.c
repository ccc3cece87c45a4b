/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init/selftest_dev.c: drivers on the machine at hand, for test/vm/test_drivers.py.  Each prints one line a
 * device that the test reads; a broken promise panics.
 */
#include "dev/blks.h"
#include "dev/chardevs.h"
#include "dev/netifs.h"
#include "init/selftest.h"
#include "kern/irq.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/waitq.h"
#include "lib/assert.h"
#include "lib/fmt.h"
#include "lib/mem.h"

enum { REQS = 200, SEGS = 4, PIECE = 4096, SPAN = 64 /* sectors */, LINES = 20000 };

static struct {
	struct spinlock lock;
	struct waitq wq;
	unsigned left;	     /* [lock] requests not done */
	unsigned failed;     /* [lock] */
	bool eof, room;	     /* [lock] */
	struct chardev *out; /* [I] where input is echoed */
	struct blk_req req[REQS];
	struct blk_seg seg[REQS][SEGS];
} s;

static void on_done(struct blk_req *r, err_t err)
{
	bool on = spin_lock_irq(&s.lock);

	(void)r;
	s.failed += err != 0;
	if (--s.left == 0)
		waitq_wake(&s.wq, 1);
	spin_unlock_irq(&s.lock, on);
}

/* [lock] dropped while asleep. */
static void sleep_a_little(void)
{
	err_t err = waitq_wait_deaf(&s.wq, WAIT_FOREVER);

	ASSERT(err == 0);
}

static void wait_for_all(void)
{
	bool on = spin_lock_irq(&s.lock);

	while (s.left)
		sleep_a_little();
	spin_unlock_irq(&s.lock, on);
	ASSERT(s.failed == 0);
}

static uint64_t word_at(unsigned req, unsigned seg, unsigned off)
{
	return req * 1000003ull + seg * 77 + off;
}

static void for_each_word(void (*fn)(uint64_t *at, uint64_t want))
{
	for (unsigned i = 0; i < REQS; i++)
		for (unsigned k = 0; k < s.req[i].nseg; k++)
			for (unsigned off = 0; off < PIECE; off += 8)
				fn((uint64_t *)(void *)((char *)s.seg[i][k].va + off),
				   word_at(i, k, off));
}

static void set_word(uint64_t *at, uint64_t want)
{
	*at = want;
}

static void clear_word(uint64_t *at, uint64_t want)
{
	(void)want;
	*at = 0;
}

static void check_word(uint64_t *at, uint64_t want)
{
	ASSERT(*at == want);
}

/* All at once: more than the ring or the slots hold. */
static void submit_all(struct blk *b, enum blk_op op)
{
	s.left = REQS;
	for (unsigned i = 0; i < REQS; i++) {
		s.req[i].op = op;
		b->submit(b, &s.req[i]);
	}
	wait_for_all();
}

static void discard_all(struct blk *b)
{
	struct blk_req r = { .op = BLK_DISCARD, .nsect = b->nsect, .done = on_done };

	s.left = 1;
	b->submit(b, &r);
	wait_for_all();
}

static void prepare(const struct blk *b)
{
	for (unsigned i = 0; i < REQS; i++) {
		for (unsigned k = 0; k < SEGS; k++) {
			if (!s.seg[i][k].va)
				s.seg[i][k] = (struct blk_seg){ kmalloc(PIECE), PIECE };
			ASSERT(s.seg[i][k].va);
		}
		s.req[i] = (struct blk_req){ .sector = i * SPAN,
					     .seg = s.seg[i],
					     .nseg = MIN(1 + i % SEGS, b->max_segs),
					     .done = on_done };
	}
}

static void test_disk(struct blk *b)
{
	uint64_t irqs = irq_total();
	void *page = kmalloc(PIECE);

	ASSERT(page && b->nsect >= REQS * SPAN);
	prepare(b);
	for_each_word(set_word);
	submit_all(b, BLK_WRITE);
	ASSERT(b->flush(b) == 0);
	for_each_word(clear_word);
	submit_all(b, BLK_READ);
	for_each_word(check_word);
	irqs = irq_total() - irqs;
	ASSERT(b->read(b, b->nsect - 1, page, 2) == -EINVAL);
	if (b->discards)
		discard_all(b);
	kfree(page);
	klog_warn("disk %s: %lu sectors, serial %s, %u requests, %lu interrupts", b->name, b->nsect,
		  *b->serial ? b->serial : "-", 2 * REQS, irqs);
}

static void test_disks(void)
{
	for (struct blk *b = blk_next(NULL); b; b = blk_next(b)) {
		if (!b->readonly) {
			test_disk(b);
			continue;
		}
		ASSERT(b->write(b, 0, s.req, 1) == -EROFS);
		klog_warn("disk %s: read-only", b->name);
	}
}

/* --- console -------------------------------------------------------------------------------------- */

/* What does not fit is offered again when there is room for output. */
static size_t on_input(void *ctx, const uint8_t *buf, size_t n)
{
	(void)ctx;
	return s.out->ops->write(s.out, buf, n);
}

static void on_eof(void *ctx)
{
	bool on = spin_lock_irq(&s.lock);

	(void)ctx;
	s.eof = true;
	waitq_wake(&s.wq, 1);
	spin_unlock_irq(&s.lock, on);
}

static void on_writable(void *ctx)
{
	struct chardev *in = ctx;
	bool on = spin_lock_irq(&s.lock);

	s.room = true;
	waitq_wake(&s.wq, 1);
	spin_unlock_irq(&s.lock, on);
	if (in->up)
		in->ops->resume(in);
}

static void wait_for_room(void)
{
	bool on = spin_lock_irq(&s.lock);

	while (!s.room)
		sleep_a_little();
	s.room = false;
	spin_unlock_irq(&s.lock, on);
}

static void write_lines(struct chardev *out)
{
	char line[64];

	for (unsigned i = 0; i < LINES; i++) {
		size_t n = fmt(line, sizeof(line), "line %u of the program\n", i), done = 0;

		while ((done += out->ops->write(out, line + done, n - done)) < n)
			wait_for_room();
	}
	out->ops->drain(out);
}

/* Lines to the output, then all input to the output, to its end. */
static void test_console(void)
{
	static const struct chardev_up out_up = { .writable = on_writable };
	static const struct chardev_up in_up = { .input = on_input, .eof = on_eof };
	struct chardev *in = chardev_find("coracle.stdin");
	uint64_t irqs = irq_total();
	bool on;

	s.out = chardev_find("coracle.stdout");
	ASSERT(in && s.out);
	chardev_open(s.out, &out_up, in);
	write_lines(s.out);
	klog_warn("console: %u lines, %lu interrupts", LINES, irq_total() - irqs);
	chardev_open(in, &in_up, NULL);
	on = spin_lock_irq(&s.lock);
	while (!s.eof)
		sleep_a_little();
	spin_unlock_irq(&s.lock, on);
	s.out->ops->drain(s.out);
	klog_warn("console: end of input");
}

static void test_nets(void)
{
	for (struct netif *n = netif_next(NULL); n; n = netif_next(n))
		klog_warn("net %s: %02x:%02x:%02x:%02x:%02x:%02x mtu %u queues %u features %#x "
			  "link %d",
			  n->name, n->mac[0], n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5],
			  n->mtu, n->queues, n->features, n->link_up);
}

err_t selftest_dev(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = { { "disk", test_disks }, { "console", test_console }, { "net", test_nets } };

	spin_init(&s.lock, RANK_WAITQ);
	waitq_init(&s.wq, &s.lock);
	for (unsigned i = 0; i < ARRAY_LEN(tests); i++)
		if (strcmp(name, tests[i].name) == 0) {
			tests[i].run();
			return 0;
		}
	return -EINVAL;
}
