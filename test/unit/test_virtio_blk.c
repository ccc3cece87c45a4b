/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_virtio_blk.c: the disk driver against a device in memory that serves requests in any order, with each
 * subset of event index and indirect descriptors: what was written is read, every request ends once,
 * errors and limits are told, and a device that lies ends every request with -EIO.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/virtio_blk.h"
#include "dev/blks.h"
#include "dev/virtio_blk.h"
#include "kern/init.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "kern/waitq.h"
#include "test/lib/fake_vdev.h"
#include "test/lib/kern.h"

enum { SECTORS = 2048, REQS = 300, MAXDISCARD = 16 };

const struct vdev_driver *const vdev_drivers[] = { &virtio_blk_driver, NULL };
uint32_t trace_mask;

static struct fake_vdev *dev;
static uint8_t disk[SECTORS * BLK_SECTOR];
static struct vqd_chain held[256];
static unsigned nheld, flushes, peak;
static bool lie, io_error;

void trace_put(enum trace_group g, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	(void)g, (void)what, (void)a, (void)b, (void)c;
}

static uint32_t transfer(const struct vqd_chain *c, const struct virtio_blk_req *h)
{
	bool in = h->type == VIRTIO_BLK_T_IN;
	uint64_t at = h->sector * BLK_SECTOR;

	for (unsigned i = 1; i < c->nout + c->nin - 1; i++) {
		assert_true(at + c->seg[i].len <= sizeof(disk));
		memcpy(in ? fake_va(&c->seg[i]) : disk + at, in ? disk + at : fake_va(&c->seg[i]),
		       c->seg[i].len);
		at += c->seg[i].len;
	}
	return in ? (uint32_t)(at - h->sector * BLK_SECTOR) : 0;
}

static void discard(const struct vqd_chain *c)
{
	const struct virtio_blk_range *r = fake_va(&c->seg[1]);

	assert_int_equal(c->seg[1].len, 16);
	assert_true(r->num_sectors && r->num_sectors <= MAXDISCARD);
	memset(disk + r->sector * BLK_SECTOR, 0xdd, r->num_sectors * (size_t)BLK_SECTOR);
}

static void serve(const struct vqd_chain *c)
{
	const struct virtio_blk_req *h = fake_va(&c->seg[0]);
	const struct vq_seg *last = &c->seg[c->nout + c->nin - 1];
	uint32_t len = 1;

	assert_int_equal(c->seg[0].len, 16);
	assert_int_equal(last->len, 1);
	*(uint8_t *)fake_va(last) = io_error ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
	switch (h->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		len += transfer(c, h);
		break;
	case VIRTIO_BLK_T_FLUSH:
		flushes++;
		break;
	case VIRTIO_BLK_T_DISCARD:
		discard(c);
		break;
	case VIRTIO_BLK_T_GET_ID:
		memcpy(fake_va(&c->seg[1]), "serial-0123456789abc", 20);
		len += 20;
		break;
	default:
		fail();
	}
	fake_push(dev, 0, lie ? 999 : c->head, len);
}

/* Some time passes: requests are taken, some of them served, in any order. */
static bool pump(void)
{
	bool any = false;

	while (nheld < 256 && fake_pop(dev, 0, &held[nheld])) {
		nheld++;
		any = true;
	}
	peak = MAX(peak, nheld);
	while (nheld && rand() % 4) {
		unsigned pick = (unsigned)rand() % nheld;

		serve(&held[pick]);
		held[pick] = held[--nheld];
		any = true;
	}
	return fake_irq(dev) || any || nheld;
}

void waitq_init(struct waitq *wq, struct spinlock *lock)
{
	wq->lock = lock;
	list_init(&wq->waiters);
}

err_t waitq_wait_deaf(struct waitq *wq, uint64_t deadline_ns)
{
	(void)deadline_ns;
	spin_unlock(wq->lock);
	assert_true(pump()); /* else nothing will ever wake us */
	spin_lock(wq->lock);
	return 0;
}

unsigned waitq_wake(struct waitq *wq, unsigned max)
{
	(void)wq, (void)max;
	return 0;
}

#define BASIC \
	(VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_DISCARD)

static struct blk *bring_up(uint64_t features)
{
	struct virtio_blk_config c = { .capacity = SECTORS,
				       .seg_max = 30,
				       .blk_size = 4096,
				       .max_discard_sectors = MAXDISCARD,
				       .max_discard_seg = 1 };
	struct blk *b = NULL;

	dev = calloc(1, sizeof(*dev));
	fake_init(dev, VIRTIO_ID_BLOCK, features);
	memcpy(dev->config, &c, sizeof(c));
	nheld = 0;
	lie = io_error = false;
	assert_int_equal(vdev_probe(&dev->vd), 0);
	while (blk_next(b))
		b = blk_next(b);
	return b;
}

struct op {
	struct blk_req req;
	struct blk_seg seg[8];
	unsigned done;
	err_t err;
};

static void op_done(struct blk_req *r, err_t err)
{
	struct op *o = container_of(r, struct op, req);

	o->done++;
	o->err = err;
}

static struct op *op_new(enum blk_op op, uint64_t sector, unsigned nseg, uint8_t fill)
{
	struct op *o = calloc(1, sizeof(*o));

	for (unsigned i = 0; i < nseg; i++) {
		o->seg[i] = (struct blk_seg){ kmalloc(1024), 1024 };
		memset(o->seg[i].va, fill, 1024);
	}
	o->req = (struct blk_req){
		.op = op, .sector = sector, .seg = o->seg, .nseg = nseg, .done = op_done
	};
	return o;
}

static void op_free(struct op *o)
{
	for (unsigned i = 0; i < o->req.nseg; i++)
		kfree(o->seg[i].va);
	free(o);
}

static void settle(void)
{
	for (unsigned quiet = 0; quiet < 100;)
		quiet = pump() ? 0 : quiet + 1;
}

/* Each request has its own sectors, so order does not matter; more requests than slots. */
static void many(uint64_t features)
{
	struct blk *b = bring_up(features);
	struct op *o[REQS];

	peak = 0;
	for (unsigned i = 0; i < REQS; i++) {
		o[i] = op_new(BLK_WRITE, i * 6, 1 + i % 3, (uint8_t)(i + 1));
		b->submit(b, &o[i]->req);
	}
	settle();
	for (unsigned i = 0; i < REQS; i++) {
		assert_true(o[i]->done == 1 && o[i]->err == 0);
		op_free(o[i]);
		o[i] = op_new(BLK_READ, i * 6, 1 + i % 3, 0);
		b->submit(b, &o[i]->req);
		if (rand() % 8 == 0)
			pump();
	}
	settle();
	assert_true(peak >= 25);
	for (unsigned i = 0; i < REQS; i++) {
		assert_true(o[i]->done == 1 && o[i]->err == 0);
		for (unsigned s = 0; s < o[i]->req.nseg; s++)
			for (unsigned k = 0; k < 1024; k++)
				assert_int_equal(((uint8_t *)o[i]->seg[s].va)[k], (uint8_t)(i + 1));
		op_free(o[i]);
	}
}

static void test_many(void **state)
{
	(void)state;
	many(BASIC);
	many(BASIC | VIRTIO_F_EVENT_IDX);
	many(BASIC | VIRTIO_F_INDIRECT_DESC);
	many(BASIC | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC);
}

static void test_sync(void **state)
{
	struct blk *b = bring_up(BASIC | VIRTIO_F_EVENT_IDX);
	uint8_t *buf = page_va(page_alloc(4, 0));

	(void)state;
	for (unsigned i = 0; i < 65536; i++)
		buf[i] = (uint8_t)(i * 7 + i / 512);
	assert_int_equal(b->write(b, 100, buf, 128), 0);
	assert_memory_equal(disk + 100 * BLK_SECTOR, buf, 65536);
	memset(buf, 0, 65536);
	assert_int_equal(b->read(b, 100, buf, 128), 0);
	assert_memory_equal(disk + 100 * BLK_SECTOR, buf, 65536);
	flushes = 0;
	assert_int_equal(b->flush(b), 0);
	assert_int_equal(flushes, 1);
	assert_string_equal(b->serial, "serial-0123456789abc");
	assert_int_equal(b->phys_sectors, 8);
	assert_int_equal(b->max_segs, 30);
	assert_true(b->write_cache && b->discards && !b->readonly);
	assert_int_equal(b->read(b, SECTORS - 1, buf, 2), -EINVAL);
	assert_int_equal(b->read(b, UINT64_MAX, buf, 1), -EINVAL);
	io_error = true;
	assert_int_equal(b->read(b, 0, buf, 1), -EIO);
}

static void test_without(void **state)
{
	struct blk *b = bring_up(VIRTIO_BLK_F_RO);
	uint8_t *buf = page_va(page_alloc(0, 0));
	struct op *d = op_new(BLK_DISCARD, 0, 0, 0);

	(void)state;
	assert_int_equal(b->max_segs, 1);
	assert_true(b->readonly && !b->write_cache && !b->discards);
	assert_int_equal(b->write(b, 0, buf, 1), -EROFS);
	flushes = 0;
	assert_int_equal(b->flush(b), 0);
	assert_int_equal(flushes, 0);
	d->req.nsect = 4;
	b->submit(b, &d->req);
	assert_true(d->done == 1 && d->err == -EROFS);
	op_free(d);
}

static void test_discard(void **state)
{
	struct blk *b = bring_up(BASIC);
	struct op *d = op_new(BLK_DISCARD, 10, 0, 0);

	(void)state;
	memset(disk, 0x11, sizeof(disk));
	d->req.nsect = 3 * MAXDISCARD + 1;
	b->submit(b, &d->req);
	settle();
	assert_true(d->done == 1 && d->err == 0);
	for (size_t i = 0; i < sizeof(disk) / BLK_SECTOR; i++)
		assert_int_equal(disk[i * BLK_SECTOR],
				 i >= 10 && i < 11 + 3 * MAXDISCARD ? 0xdd : 0x11);
	op_free(d);
}

/* Whatever is in flight or waiting ends with -EIO, once, and what comes later too. */
static void test_lie(void **state)
{
	struct blk *b = bring_up(BASIC | VIRTIO_F_EVENT_IDX);
	struct op *o[REQS], *late = op_new(BLK_READ, 0, 1, 0);

	(void)state;
	for (unsigned i = 0; i < REQS; i++) {
		o[i] = op_new(BLK_READ, i, 1, 0);
		b->submit(b, &o[i]->req);
	}
	lie = true;
	settle();
	assert_true(vdev_failed(&dev->vd));
	for (unsigned i = 0; i < REQS; i++) {
		assert_true(o[i]->done == 1 && o[i]->err == -EIO);
		op_free(o[i]);
	}
	b->submit(b, &late->req);
	assert_true(late->done == 1 && late->err == -EIO);
	op_free(late);
}

/*
 * A device that does anything, now and then between honest work: each request ends once, whether the device
 * is caught or not.  The test's device does not look at the ring any more: it completes what it pleases.
 */
static void test_hostile(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 150; seed++) {
		struct blk *b = bring_up(BASIC | (seed & 1 ? VIRTIO_F_EVENT_IDX : 0) |
					 (seed & 2 ? VIRTIO_F_INDIRECT_DESC : 0));
		struct op *o[50];

		srand(seed);
		for (unsigned i = 0; i < 50; i++) {
			o[i] = op_new(i % 3 ? BLK_READ : BLK_WRITE, i, 1 + i % 5, 0);
			b->submit(b, &o[i]->req);
			for (unsigned n = (unsigned)rand() % 3; n; n--)
				fake_misbehave(dev, 0);
			fake_irq(dev);
		}
		vdev_fail(&dev->vd, "the test is over");
		virtio_blk_driver.failed(&dev->vd);
		for (unsigned i = 0; i < 50; i++) {
			assert_int_equal(o[i]->done, 1);
			op_free(o[i]);
		}
	}
}

/* With 0, 1, 2, ... pages left the device is refused, until there is enough; nothing is lost on the way. */
static void test_out_of_memory(void **state)
{
	struct virtio_blk_config c = { .capacity = SECTORS, .seg_max = 30 };
	struct page_stats before, after;
	unsigned refused = 0;
	err_t err;

	(void)state;
	fake_starve(0); /* all memory is under management from here on */
	fake_feed();
	page_stats(&before);
	for (unsigned pages = 0;; pages++) {
		dev = calloc(1, sizeof(*dev));
		fake_init(dev, VIRTIO_ID_BLOCK, BASIC | VIRTIO_F_INDIRECT_DESC);
		memcpy(dev->config, &c, sizeof(c));
		fake_starve(pages);
		err = vdev_probe(&dev->vd);
		fake_feed();
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_true(dev->status & VIRTIO_S_FAILED);
		free(dev);
		refused++;
	}
	assert_true(refused >= 5);
	page_stats(&after);
	assert_true(before.free_bytes - after.free_bytes <=
		    6 * PAGE_SIZE); /* the disk that came up */
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
		cmocka_unit_test(test_many),	      cmocka_unit_test(test_sync),
		cmocka_unit_test(test_without),	      cmocka_unit_test(test_discard),
		cmocka_unit_test(test_lie),	      cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, machine, NULL);
}
