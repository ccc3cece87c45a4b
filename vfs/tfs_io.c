/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/tfs_io.c: data of TFS files between the page cache and the device.
 *
 * Reading: the core maps a run of pages to sectors, the requests go out, and the page states change when the last of
 * them completes.  Writing: space is given (it was promised when the page became dirty), the data goes out, and only
 * when it has arrived is the core told, so that the log never names blocks that hold something else.
 */
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/mem.h"
#include "vfs/tfs_int.h"
#include "vfs/writeback.h"

/* --- reading ------------------------------------------------------------------------------------------ */

enum { READ_SEGS = 32 };

/* One run of pages being read; freed by whoever finishes last. */
struct reading {
	_Atomic unsigned left; /* requests, and one for the thread that makes them */
	_Atomic int err;
	unsigned n;
	uint64_t valid; /* bytes of the last page that belong to the file; the rest is zeroed */
	struct page *page[PCACHE_BATCH];
};

struct read_req {
	struct blk_req req;
	struct reading *r;
	struct blk_seg seg[READ_SEGS];
};

static void reading_put(struct reading *r)
{
	err_t err;

	if (atomic_fetch_sub(&r->left, 1) != 1)
		return;
	err = r->err;
	if (!err && r->valid < PAGE_SIZE)
		memset((char *)page_va(r->page[r->n - 1]) + r->valid, 0, PAGE_SIZE - r->valid);
	for (unsigned i = 0; i < r->n; i++)
		pcache_filled(r->page[i], err);
	kfree(r);
}

static void read_done(struct blk_req *req, err_t err)
{
	struct read_req *q = container_of(req, struct read_req, req);
	struct reading *r = q->r;

	if (err)
		r->err = err;
	kfree(q);
	reading_put(r);
}

static struct read_req *new_read(struct reading *r, uint64_t sector)
{
	struct read_req *q = kmalloc(sizeof(*q));

	if (!q)
		return NULL;
	q->r = r;
	q->req = (struct blk_req){
		.op = BLK_READ, .sector = sector, .seg = q->seg, .done = read_done
	};
	atomic_fetch_add(&r->left, 1);
	return q;
}

/* Blocks [at, at + n) of the run, from `sector` on. */
static err_t read_extent(struct tfs_fs *tf, struct reading *r, uint64_t at, uint64_t n,
			 uint64_t sector)
{
	unsigned max = MIN((unsigned)READ_SEGS, tf->blk->max_segs);
	struct read_req *q = NULL;

	if (tf->blk->max_sectors)
		max = MIN(max, tf->blk->max_sectors / BLOCKS_A_PAGE);
	max = MAX(max, 1u);

	while (n) {
		uint64_t in = at % BLOCKS_A_PAGE, len = MIN(n, BLOCKS_A_PAGE - in);

		if (!q)
			q = new_read(r, sector);
		if (!q)
			return -ENOMEM;
		q->seg[q->req.nseg++] = (struct blk_seg){
			.va = (char *)page_va(r->page[at / BLOCKS_A_PAGE]) + in * TFS_BLOCK,
			.len = (uint32_t)(len * TFS_BLOCK),
		};
		at += len;
		n -= len;
		sector += len;
		if (q->req.nseg == max || !n) {
			tf->blk->submit(tf->blk, &q->req);
			q = NULL;
		}
	}
	return 0;
}

static void zero_extent(struct reading *r, uint64_t at, uint64_t n)
{
	while (n) {
		uint64_t in = at % BLOCKS_A_PAGE, len = MIN(n, BLOCKS_A_PAGE - in);

		memset((char *)page_va(r->page[at / BLOCKS_A_PAGE]) + in * TFS_BLOCK, 0,
		       len * TFS_BLOCK);
		at += len;
		n -= len;
	}
}

/* Requests are submitted with tf->lock held: they cannot sleep, and the map cannot change under them. */
static err_t read_run(struct tfs_fs *tf, struct tfs_inode *ti, uint64_t index, struct reading *r)
{
	uint64_t base = index * BLOCKS_A_PAGE, n = (uint64_t)r->n * BLOCKS_A_PAGE, at = 0;
	uint64_t end = (index + r->n) * PAGE_SIZE;
	err_t err = 0;

	r->valid = PAGE_SIZE;
	if (ti->size < end)
		r->valid = ti->size > end - PAGE_SIZE ? ti->size - (end - PAGE_SIZE) : 0;
	while (!err && at < n) {
		struct tfs_extent e;

		err = tfs_map(ti, base + at, n - at, &e);
		if (err)
			break;
		if (e.state == TFS_DATA)
			err = read_extent(tf, r, at, e.n, e.sector);
		else
			zero_extent(r, at, e.n);
		at += e.n;
	}
	return err;
}

static void fill(struct pcache *pc, uint64_t index, struct page **pages, unsigned n)
{
	struct tfs_fs *tf = tfs_fs_of(pc->inode);
	struct reading *r = kmalloc(sizeof(*r));
	err_t err;

	if (!r) {
		for (unsigned i = 0; i < n; i++)
			pcache_filled(pages[i], -ENOMEM);
		return;
	}
	*r = (struct reading){ .left = 1, .n = n };
	memcpy(r->page, pages, n * sizeof(struct page *));
	mutex_lock(&tf->lock);
	err = read_run(tf, tfs_node(pc->inode)->ti, index, r);
	mutex_unlock(&tf->lock);
	if (err)
		r->err = err;
	reading_put(r);
}

/* --- promises --------------------------------------------------------------------------------------------- */

/* Blocks of the page that have no space yet. tf->lock held. */
static err_t holes_in(struct tfs_inode *ti, uint64_t index, uint64_t *holes)
{
	uint64_t at = index * BLOCKS_A_PAGE, end = at + BLOCKS_A_PAGE;

	*holes = 0;
	while (at < end) {
		struct tfs_extent e;
		err_t err = tfs_map(ti, at, end - at, &e);

		if (err)
			return err;
		if (e.state == TFS_HOLE)
			*holes += e.n;
		at += e.n;
	}
	return 0;
}

/* What was deleted is free once the log says so: a full disk is asked again after that. tf->lock held. */
static err_t promise(struct tfs_fs *tf)
{
	err_t err = tfs_reserve(tf->t, BLOCKS_A_PAGE);

	if (err != -ENOSPC || !tfs_dirty(tf->t) || tfs_sync(tf->t))
		return err;
	return tfs_reserve(tf->t, BLOCKS_A_PAGE);
}

/* PAGE_RESERVED stands for a whole page promised; it changes under tf->lock only. */
static err_t reserve(struct pcache *pc, struct page *p)
{
	struct tfs_fs *tf = tfs_fs_of(pc->inode);
	uint64_t holes;
	err_t err = 0;

	if (p->flags & PAGE_RESERVED)
		return 0;
	mutex_lock(&tf->lock);
	if (!(p->flags & PAGE_RESERVED)) {
		err = holes_in(tfs_node(pc->inode)->ti, p->index, &holes);
		if (!err && holes)
			err = promise(tf);
		if (!err && holes)
			atomic_fetch_or(&p->flags, PAGE_RESERVED);
	}
	mutex_unlock(&tf->lock);
	return err;
}

static void unreserve_locked(struct tfs_fs *tf, struct page *p, uint64_t used)
{
	if (!(p->flags & PAGE_RESERVED))
		return;
	atomic_fetch_and(&p->flags, (uint16_t)~PAGE_RESERVED);
	if (used < BLOCKS_A_PAGE)
		tfs_unreserve(tf->t, BLOCKS_A_PAGE - used);
}

static void unreserve(struct pcache *pc, struct page *p)
{
	struct tfs_fs *tf = tfs_fs_of(pc->inode);

	mutex_lock(&tf->lock);
	unreserve_locked(tf, p, 0);
	mutex_unlock(&tf->lock);
}

/* --- writing -------------------------------------------------------------------------------------------------- */

static void write_done(struct blk_req *req, err_t err)
{
	struct tfs_wait *w = req->arg;
	bool on = spin_lock_irq(&w->lock);

	if (err && !w->err)
		w->err = err;
	if (--w->left == 0)
		waitq_wake(&w->wq, 1);
	spin_unlock_irq(&w->lock, on);
}

/* Send what was put together and wait for it. */
static err_t send(struct tfs_fs *tf)
{
	struct tfs_io *io = tf->io;
	struct tfs_wait *w = &io->wait;
	bool on;
	err_t err;

	w->left = io->nreq;
	w->err = 0;
	for (unsigned i = 0; i < io->nreq; i++)
		tf->blk->submit(tf->blk, &io->req[i]);
	on = spin_lock_irq(&w->lock);
	while (w->left)
		if (waitq_wait_deaf(&w->wq, WAIT_FOREVER)) {
			spin_unlock_irq(&w->lock,
					on); /* the program ends; the device has our memory */
			sched_yield();
			on = spin_lock_irq(&w->lock);
		}
	err = w->err;
	spin_unlock_irq(&w->lock, on);
	io->nreq = io->nseg = 0;
	return err;
}

static bool io_full(const struct tfs_io *io)
{
	return io->nreq == TFS_IO_REQS || io->nseg == TFS_IO_SEGS;
}

/* Append to the last request if it goes on there, else begin a new one. */
static void add_piece(struct tfs_fs *tf, uint64_t sector, void *va, uint64_t blocks)
{
	struct tfs_io *io = tf->io;
	struct blk_req *q = io->nreq ? &io->req[io->nreq - 1] : NULL;
	struct blk_seg *s = &io->seg[io->nseg++];

	*s = (struct blk_seg){ .va = va, .len = (uint32_t)(blocks * TFS_BLOCK) };
	if (q && q->sector + q->nsect == sector && q->nseg < tf->blk->max_segs &&
	    (!tf->blk->max_sectors || q->nsect + blocks <= tf->blk->max_sectors)) {
		q->nseg++;
		q->nsect +=
			blocks; /* ours to count with: the driver looks at it for discards only */
		return;
	}
	io->req[io->nreq++] = (struct blk_req){
		.op = BLK_WRITE,
		.sector = sector,
		.nsect = blocks,
		.seg = s,
		.nseg = 1,
		.done = write_done,
		.arg = &io->wait,
	};
}

/* The bytes to write for a page: a copy with zeroes behind the end of the file, if that lies in it. */
static char *bytes_of(struct tfs_io *io, struct page *p, uint64_t size)
{
	uint64_t start = (uint64_t)p->index << PAGE_SHIFT;
	char *copy;

	if (size - start >= PAGE_SIZE)
		return page_va(p);
	copy = page_va(io->tail);
	memcpy(copy, page_va(p), size - start);
	memset(copy + (size - start), 0, PAGE_SIZE - (size - start));
	return copy;
}

/* Space for one page, and its pieces into the batch. */
static err_t add_page(struct tfs_fs *tf, struct tfs_inode *ti, struct page *p, uint64_t size)
{
	uint64_t first = (uint64_t)p->index * BLOCKS_A_PAGE, at = 0, holes;
	bool promised = p->flags & PAGE_RESERVED;
	err_t err = holes_in(ti, p->index, &holes);
	char *va;

	if (err)
		return err;
	va = bytes_of(tf->io, p, size);
	while (!err && at < BLOCKS_A_PAGE) {
		struct tfs_extent e;

		err = tfs_write_begin(ti, first + at, BLOCKS_A_PAGE - at, promised, &e);
		if (err)
			break;
		if (io_full(tf->io))
			err = -EAGAIN; /* cannot be: the caller sends in time */
		else
			add_piece(tf, e.sector, va + at * TFS_BLOCK, e.n);
		at += e.n;
	}
	if (err) {
		if (at)
			tfs_write_abort(ti, first, at);
		return err;
	}
	unreserve_locked(tf, p, holes);
	return 0;
}

/* Tell the core what has arrived, or that it has not. */
static err_t finish(struct tfs_inode *ti, struct inode *i, struct page **pages, unsigned n,
		    uint64_t size, err_t err)
{
	for (unsigned k = 0; k < n; k++) {
		uint64_t first = (uint64_t)pages[k]->index * BLOCKS_A_PAGE;
		uint64_t end = ((uint64_t)pages[k]->index + 1) << PAGE_SHIFT;
		uint64_t known =
			MIN(size, (uint64_t)i->size); /* a truncation meanwhile has the last word */
		err_t e;

		if (err) {
			tfs_write_abort(ti, first, BLOCKS_A_PAGE);
			continue;
		}
		e = tfs_write_end(ti, first, BLOCKS_A_PAGE, MIN(known, end), i->mtime);
		if (e)
			err = e;
	}
	return err;
}

/* As many pages as fit one batch; *taken of them. */
static err_t write_some(struct tfs_fs *tf, struct inode *i, struct page **pages, unsigned n,
			uint64_t size, unsigned *taken)
{
	struct tfs_inode *ti = tfs_node(i)->ti;
	unsigned k;
	err_t err = 0, sent;

	mutex_lock(&tf->lock);
	for (k = 0; k < n && !err; k++) {
		if (tf->io->nreq + BLOCKS_A_PAGE > TFS_IO_REQS ||
		    tf->io->nseg + BLOCKS_A_PAGE > TFS_IO_SEGS)
			break;
		err = add_page(tf, ti, pages[k], size);
	}
	if (err)
		k--;
	mutex_unlock(&tf->lock);
	sent = tf->io->nreq ? send(tf) : 0;
	mutex_lock(&tf->lock);
	sent = finish(ti, i, pages, k, size, sent);
	mutex_unlock(&tf->lock);
	*taken = k;
	return err ? err : sent;
}

static err_t write_pages(struct pcache *pc, struct page **pages, unsigned n, uint64_t size)
{
	struct tfs_fs *tf = tfs_fs_of(pc->inode);
	err_t err = 0;

	while (n && (uint64_t)pages[n - 1]->index << PAGE_SHIFT >= size)
		n--; /* cut off meanwhile */
	mutex_lock(&tf->io_lock);
	while (n && !err) {
		unsigned taken;

		err = write_some(tf, pc->inode, pages, n, size, &taken);
		pages += taken;
		n -= taken;
	}
	mutex_unlock(&tf->io_lock);
	writeback_fs(&tf->fs);
	return err;
}

const struct pcache_ops tfs_page_ops = {
	.fill = fill,
	.reserve = reserve,
	.unreserve = unreserve,
	.write = write_pages,
};

err_t tfs_io_init(struct tfs_fs *tf)
{
	struct tfs_io *io = kzalloc(sizeof(*io));

	if (!io)
		return -ENOMEM;
	io->tail = page_alloc(0, 0);
	if (!io->tail) {
		kfree(io);
		return -ENOMEM;
	}
	spin_init(&io->wait.lock, RANK_WAITQ);
	waitq_init(&io->wait.wq, &io->wait.lock);
	tf->io = io;
	return 0;
}
