/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_blk.c: disks (VIRTIO 1.2, 5.2) behind iface/blk.h.
 *
 * A queue has a fixed number of slots, each with the memory that a request needs beside its data: header,
 * status byte, range of a discard.  A request that finds no slot waits in a list, first come first
 * served.  Completion is in interrupt context: done() is called when the queue's lock is dropped.
 *
 *   [I] set by attach   [q] vqueue.lock
 */
#include "dev/virtio_blk.h"

#include "abi/virtio_blk.h"
#include "dev/blks.h"
#include "kern/cpu.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "kern/waitq.h"
#include "lib/mem.h"

#define RING_SIZE 128u
#define SLOTS	  64u
#define TABLES	  16u
#define TABLE_LEN 64u
#define SEGS_MAX  (TABLE_LEN - 2) /* header and status take two */

#define OP_GET_ID ((enum blk_op)(BLK_DISCARD + 1)) /* ours only: a read of the serial number */

/* What the device sees of a request beside its data. */
struct slot_mem {
	struct virtio_blk_req hdr;
	struct virtio_blk_range range;
	uint8_t status; /* written by the device */
};

struct slot {
	struct blk_req *req;  /* [q] */
	struct slot_mem *mem; /* [I] */
	uint64_t bus;	      /* [I] of mem */
	uint64_t nsect;	      /* [q] of this piece of a discard */
	uint32_t expect;      /* [q] bytes that the device writes if all goes well */
	struct slot *next;    /* [q] free list */
};

struct blk_queue {
	struct vqueue *vq;   /* [I] */
	struct slot *free;   /* [q] */
	struct list waiting; /* [q] of struct blk_req */
	struct slot slot[SLOTS];
	struct vq_seg seg[TABLE_LEN]; /* [q] scratch: too big for a stack */
};

struct vblk {
	struct blk blk;
	struct vdev *vd;	   /* [I] */
	uint32_t max_discard;	   /* [I] sectors */
	unsigned nqueues;	   /* [I] */
	struct blk_queue *queue[]; /* [I] */
};

static struct vblk *vblk_of(struct blk *b)
{
	return container_of(b, struct vblk, blk);
}

/* --- one request ---------------------------------------------------------------------------------- */

static void finish(struct blk_req *r, err_t err)
{
	r->driver = NULL;
	r->done(r, err);
}

static void finish_all(struct list *done)
{
	struct blk_req *r;

	while ((r = list_first(done, struct blk_req, link))) {
		list_del(&r->link);
		finish(r, (err_t)(intptr_t)r->driver);
	}
}

/* To be finished when the lock is dropped. */
static void add_done(struct list *done, struct blk_req *r, err_t err)
{
	r->driver = (void *)(intptr_t)err;
	list_add_tail(done, &r->link);
}

/* How far a discard has come is kept in the request: the device takes so many sectors at once. */
static uint64_t discard_progress(const struct blk_req *r)
{
	return (uintptr_t)r->driver;
}

static unsigned add_data(struct vq_seg *seg, const struct blk_req *r, uint32_t *bytes)
{
	*bytes = 0;
	for (unsigned i = 0; i < r->nseg; i++) {
		seg[i] = (struct vq_seg){ vdev_bus(r->seg[i].va), r->seg[i].len };
		*bytes += r->seg[i].len;
	}
	return r->nseg;
}

static unsigned add_range(const struct vblk *v, struct vq_seg *seg, struct slot *s)
{
	uint64_t from = discard_progress(s->req), left = s->req->nsect - from;

	s->nsect = MIN(left, (uint64_t)v->max_discard);
	s->mem->range = (struct virtio_blk_range){ .sector = s->req->sector + from,
						   .num_sectors = (uint32_t)s->nsect };
	*seg = (struct vq_seg){ s->bus + offsetof(struct slot_mem, range), sizeof(s->mem->range) };
	return 1;
}

/* 5.2.6: header, data, status. */
static err_t put_request(struct vblk *v, struct blk_queue *q, struct slot *s)
{
	static const uint32_t type[] = { [BLK_READ] = VIRTIO_BLK_T_IN,
					 [BLK_WRITE] = VIRTIO_BLK_T_OUT,
					 [BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
					 [BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
					 [OP_GET_ID] = VIRTIO_BLK_T_GET_ID };
	struct blk_req *r = s->req;
	struct vq_seg *seg = q->seg;
	bool reads = r->op == BLK_READ || r->op == OP_GET_ID;
	unsigned n = 1, nin = 1;
	uint32_t bytes;

	s->mem->hdr = (struct virtio_blk_req){ .type = type[r->op] };
	s->mem->status = 0xff;
	s->expect = 1;
	seg[0] = (struct vq_seg){ s->bus, sizeof(s->mem->hdr) };
	if (reads || r->op == BLK_WRITE) {
		s->mem->hdr.sector = r->sector;
		n += add_data(seg + 1, r, &bytes);
	} else if (r->op == BLK_DISCARD) {
		n += add_range(v, seg + 1, s);
	}
	if (reads) {
		nin = n; /* all data and the status; the header is the one that is read */
		s->expect += bytes;
	}
	seg[n++] = (struct vq_seg){ s->bus + offsetof(struct slot_mem, status), 1 };
	return vq_add(&q->vq->ring, seg, n - nin, nin, s);
}

/* [q] False: no room now. */
static bool start(struct vblk *v, struct blk_queue *q, struct blk_req *r)
{
	struct slot *s = q->free;

	if (!s)
		return false;
	s->req = r;
	if (put_request(v, q, s))
		return false;
	q->free = s->next;
	TRACE(TRACE_BLK, "blk start", r->op, r->sector, r->nseg);
	return true;
}

static void put_slot(struct blk_queue *q, struct slot *s)
{
	s->req = NULL;
	s->next = q->free;
	q->free = s;
}

/* [q] Start what waits, as far as there is room. */
static void start_waiting(struct vblk *v, struct blk_queue *q)
{
	struct blk_req *r;

	while ((r = list_first(&q->waiting, struct blk_req, link)) && start(v, q, r))
		list_del(&r->link);
}

/* --- completion ----------------------------------------------------------------------------------- */

static err_t result_of(const struct slot *s, uint32_t len)
{
	/* One read: the device could change it between two. */
	uint8_t status = *(const volatile uint8_t *)&s->mem->status;

	if (status == VIRTIO_BLK_S_UNSUPP)
		return -EOPNOTSUPP;
	/* Less written than asked for is not a success, whatever the status says. */
	return status == VIRTIO_BLK_S_OK && len >= s->expect ? 0 : -EIO;
}

/* [q] */
static void complete(struct blk_queue *q, struct slot *s, uint32_t len, struct list *done)
{
	struct blk_req *r = s->req;
	err_t err = result_of(s, len);

	TRACE(TRACE_BLK, "blk done", r->op, r->sector, err);
	if (r->op == BLK_DISCARD && !err && discard_progress(r) + s->nsect < r->nsect) {
		r->driver = (void *)(uintptr_t)(discard_progress(r) + s->nsect);
		list_add(&q->waiting, &r->link);
	} else {
		add_done(done, r, err);
	}
	put_slot(q, s);
}

/* The device has failed: every request on this queue ends. */
static void abort_queue(struct blk_queue *q)
{
	struct list done = LIST_INIT(done);
	struct blk_req *r;
	struct slot *s;
	bool on = spin_lock_irq(&q->vq->lock);

	while ((s = vq_drain(&q->vq->ring))) {
		add_done(&done, s->req, -EIO);
		put_slot(q, s);
	}
	while ((r = list_first(&q->waiting, struct blk_req, link))) {
		list_del(&r->link);
		add_done(&done, r, -EIO);
	}
	spin_unlock_irq(&q->vq->lock, on);
	finish_all(&done);
}

static void on_failed(struct vdev *vd)
{
	struct vblk *v = vd->priv;

	for (unsigned i = 0; i < v->nqueues; i++)
		abort_queue(v->queue[i]);
}

static void on_irq(struct vqueue *vq)
{
	struct blk_queue *q = vq->owner;
	struct vblk *v = vq->vd->priv;
	struct list done = LIST_INIT(done);
	bool on = spin_lock_irq(&vq->lock);
	struct slot *s;
	uint32_t len;

	do {
		while ((s = vq_take(&vq->ring, &len)))
			complete(q, s, len, &done);
		start_waiting(v, q);
		vqueue_kick(vq);
	} while (vq_irq_enable(&vq->ring, 0) && !vq->ring.error);
	if (vq->ring.error)
		vdev_fail(vq->vd, "%s", vq->ring.error);
	spin_unlock_irq(&vq->lock, on);
	finish_all(&done);
	if (vdev_failed(vq->vd))
		on_failed(vq->vd);
}

/* --- iface/blk.h ---------------------------------------------------------------------------------- */

/* 0: to the device; 1: done already, and well; else refused. */
static int check(const struct vblk *v, const struct blk_req *r)
{
	uint64_t nsect = r->op == BLK_DISCARD ? r->nsect : 0;

	if (r->op == OP_GET_ID)
		return 0;
	if (r->op == BLK_FLUSH)
		return v->blk.write_cache ? 0 : 1;
	if (r->op != BLK_READ && v->blk.readonly)
		return -EROFS;
	for (unsigned i = 0; r->op != BLK_DISCARD && i < r->nseg; i++)
		nsect += r->seg[i].len / BLK_SECTOR;
	if (!blk_range_ok(&v->blk, r->sector, nsect) || r->nseg > v->blk.max_segs)
		return -EINVAL;
	if (nsect == 0 || (r->op == BLK_DISCARD && !v->blk.discards))
		return 1;
	return 0;
}

static void vblk_submit(struct blk *b, struct blk_req *r)
{
	struct vblk *v = vblk_of(b);
	struct blk_queue *q = v->queue[this_cpu()->arch.id % v->nqueues];
	int verdict = check(v, r);
	bool on, gone;

	r->driver = NULL;
	if (verdict) {
		finish(r, verdict > 0 ? 0 : verdict);
		return;
	}
	on = spin_lock_irq(&q->vq->lock);
	gone = vdev_failed(v->vd);
	if (!gone) {
		/* Those who wait go first. */
		if (!list_empty(&q->waiting) || !start(v, q, r))
			list_add_tail(&q->waiting, &r->link);
		vqueue_kick(q->vq);
	}
	spin_unlock_irq(&q->vq->lock, on);
	if (gone)
		finish(r, -EIO);
}

/* A thread that waits for its request. */
struct sync {
	struct blk_req req;
	struct blk_seg seg;
	struct spinlock lock; /* RANK_WAITQ */
	struct waitq wq;
	bool done; /* [lock] */
	err_t err; /* [lock] */
};

static void sync_done(struct blk_req *r, err_t err)
{
	struct sync *s = container_of(r, struct sync, req);
	bool on = spin_lock_irq(&s->lock);

	s->done = true;
	s->err = err;
	waitq_wake(&s->wq, 1);
	spin_unlock_irq(&s->lock, on); /* the last touch: the thread owns the memory from here on */
}

static err_t sync_run(struct blk *b, struct sync *s)
{
	bool on;
	err_t err;

	spin_init(&s->lock, RANK_WAITQ);
	waitq_init(&s->wq, &s->lock);
	s->done = false;
	s->req.done = sync_done;
	vblk_submit(b, &s->req);
	on = spin_lock_irq(&s->lock);
	while (!s->done)
		if (waitq_wait_deaf(&s->wq, WAIT_FOREVER)) {
			/* The program ends, and sleep with it; but the device has our memory. */
			spin_unlock_irq(&s->lock, on);
			cpu_relax();
			on = spin_lock_irq(&s->lock);
		}
	err = s->err;
	spin_unlock_irq(&s->lock, on);
	return err;
}

static err_t sync_rw(struct blk *b, enum blk_op op, uint64_t sector, void *buf, uint32_t nsect)
{
	uint32_t most = MIN(b->max_sectors ?: UINT32_MAX, (uint32_t)(UINT32_MAX / BLK_SECTOR));
	char *at = buf;
	err_t err = 0;

	while (nsect && !err) {
		uint32_t n = MIN(nsect, most);
		struct sync s = { .seg = { at, n * BLK_SECTOR } };

		s.req = (struct blk_req){ .op = op, .sector = sector, .seg = &s.seg, .nseg = 1 };
		err = sync_run(b, &s);
		sector += n;
		at += (size_t)n * BLK_SECTOR;
		nsect -= n;
	}
	return err;
}

static err_t vblk_read(struct blk *b, uint64_t sector, void *buf, uint32_t nsect)
{
	return sync_rw(b, BLK_READ, sector, buf, nsect);
}

static err_t vblk_write(struct blk *b, uint64_t sector, const void *buf, uint32_t nsect)
{
	return sync_rw(b, BLK_WRITE, sector, (void *)(uintptr_t)buf, nsect);
}

static err_t vblk_flush(struct blk *b)
{
	struct sync s = { .req = { .op = BLK_FLUSH } };

	return sync_run(b, &s);
}

/* --- bringing it up ------------------------------------------------------------------------------- */

#define CONFIG(vd, width, field) vdev_config##width(vd, offsetof(struct virtio_blk_config, field))

static void read_capacity(struct vblk *v)
{
	v->blk.nsect = MIN(CONFIG(v->vd, 64, capacity), (uint64_t)INT64_MAX / BLK_SECTOR);
}

static void read_limits(struct vblk *v)
{
	struct vdev *vd = v->vd;
	struct blk *b = &v->blk;
	uint32_t segs = vdev_has(vd, VIRTIO_BLK_F_SEG_MAX) ? CONFIG(vd, 32, seg_max) : 1;
	uint32_t size = vdev_has(vd, VIRTIO_BLK_F_SIZE_MAX) ? CONFIG(vd, 32, size_max) : 0;

	/* A chain that finds no table must fit the ring. */
	b->max_segs = MAX(MIN(segs, SEGS_MAX), 1u);
	b->max_sectors = size / BLK_SECTOR; /* 0: no limit; then no segment is longer either */
}

/* 5.2.4: sizes that make no sense are taken as not given. */
static void read_block_size(struct vblk *v)
{
	bool topology = vdev_has(v->vd, VIRTIO_BLK_F_TOPOLOGY);
	uint32_t size = vdev_has(v->vd, VIRTIO_BLK_F_BLK_SIZE) ? CONFIG(v->vd, 32, blk_size) : 0;
	uint32_t opt = topology ? CONFIG(v->vd, 32, opt_io_size) : 0;
	unsigned exp = topology ? CONFIG(v->vd, 8, physical_block_exp) : 0;

	if (size < BLK_SECTOR || size > 1u << 16)
		size = BLK_SECTOR;
	v->blk.phys_sectors = (size / BLK_SECTOR) << (exp <= 7 ? exp : 0);
	v->blk.opt_sectors = opt <= UINT16_MAX ? opt * (size / BLK_SECTOR) : 0;
}

static void read_features(struct vblk *v)
{
	struct vdev *vd = v->vd;
	struct blk *b = &v->blk;

	b->readonly = vdev_has(vd, VIRTIO_BLK_F_RO);
	/* 5.2.5.2: without FLUSH the device writes through. */
	b->write_cache = vdev_has(vd, VIRTIO_BLK_F_FLUSH);
	if (vdev_has(vd, VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE))
		b->write_cache = CONFIG(vd, 8, writeback) != 0;
	if (vdev_has(vd, VIRTIO_BLK_F_DISCARD))
		v->max_discard = CONFIG(vd, 32, max_discard_sectors);
	b->discards = v->max_discard != 0 && CONFIG(vd, 32, max_discard_seg) != 0;
}

static err_t make_queue(struct vblk *v, unsigned i)
{
	struct blk_queue *q = kzalloc(sizeof(*q));
	struct vqueue_want w = { .index = i,
				 .size_max = RING_SIZE,
				 .ntables = TABLES,
				 .table_len = TABLE_LEN,
				 .cpu = i,
				 .irq = on_irq,
				 .owner = q };
	const size_t stride = ALIGN_UP(sizeof(struct slot_mem), (size_t)64);
	uint64_t bus;
	char *mem;
	err_t err;

	if (!q)
		return -ENOMEM;
	v->queue[i] = q;
	list_init(&q->waiting);
	mem = vdev_alloc(v->vd, SLOTS * stride, &bus);
	if (!mem)
		return -ENOMEM;
	for (unsigned k = 0; k < SLOTS; k++) {
		q->slot[k].mem = (struct slot_mem *)(void *)(mem + k * stride);
		q->slot[k].bus = bus + k * stride;
		put_slot(q, &q->slot[k]);
	}
	err = vqueue_new(v->vd, &w, &q->vq);
	if (!err)
		/* A request without a table must fit a ring that the device made small. */
		v->blk.max_segs = MIN(v->blk.max_segs, MAX(q->vq->ring.size, 3u) - 2u);
	return err;
}

static unsigned count_queues(struct vdev *vd)
{
	unsigned n = vdev_has(vd, VIRTIO_BLK_F_MQ) ? CONFIG(vd, 16, num_queues) : 1;

	/* More than one interrupts on one CPU buy nothing. */
	return vd->tr->steers ? MAX(MIN(n, ncpus), 1u) : 1;
}

/* 5.2.6.1: 20 bytes, not terminated if all are used. A device without one answers UNSUPP. */
static void read_serial(struct vblk *v)
{
	char *buf = kzalloc(BLK_SECTOR);
	struct sync s = { .seg = { buf, VIRTIO_BLK_ID_BYTES } };

	if (!buf)
		return;
	s.req = (struct blk_req){ .op = OP_GET_ID, .seg = &s.seg, .nseg = 1 };
	if (sync_run(&v->blk, &s) == 0)
		memcpy(v->blk.serial, buf, strnlen(buf, VIRTIO_BLK_ID_BYTES));
	kfree(buf);
}

static void free_all(struct vblk *v)
{
	for (unsigned i = 0; i < v->nqueues; i++)
		kfree(v->queue[i]);
	kfree(v);
}

static err_t attach(struct vdev *vd)
{
	unsigned n = count_queues(vd);
	struct vblk *v = kzalloc(sizeof(*v) + n * sizeof(v->queue[0]));
	err_t err = 0;

	if (!v)
		return -ENOMEM;
	v->vd = vd;
	v->nqueues = n;
	vd->priv = v;
	v->blk.read = vblk_read;
	v->blk.write = vblk_write;
	v->blk.flush = vblk_flush;
	v->blk.submit = vblk_submit;
	v->blk.priv = v;
	read_capacity(v);
	read_limits(v);
	read_block_size(v);
	read_features(v);
	for (unsigned i = 0; !err && i < n; i++)
		err = make_queue(v, i);
	if (!err)
		err = blk_register(&v->blk, "vd");
	if (err) {
		free_all(v);
		return err;
	}
	vdev_ready(vd);
	read_serial(v);
	return 0;
}

static void on_config(struct vdev *vd)
{
	read_capacity(vd->priv);
}

const struct vdev_driver virtio_blk_driver = {
	.name = "virtio-blk",
	.type = VIRTIO_ID_BLOCK,
	.wanted = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO |
		  VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY |
		  VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_MQ | VIRTIO_BLK_F_DISCARD,
	.attach = attach,
	.config_changed = on_config,
	.failed = on_failed,
};
