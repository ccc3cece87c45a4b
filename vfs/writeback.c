/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/writeback.h"

#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/thread.h"
#include "kern/timer.h"
#include "lib/assert.h"
#include "vfs/dentry.h"
#include "vfs/fs.h"
#include "vfs/reclaim.h"

#define AGE_NS	     (5 * 1000000000ull)
#define TRIM_WAIT_NS 200000000ull

static struct spinlock lock = SPINLOCK_INIT(RANK_WAITQ);
static struct waitq wq;
static struct list dirty_files =
	LIST_INIT(dirty_files); /* [lock] oldest first; each counts its inode */
static uint64_t fs_dirty_since; /* [lock] 0: no metadata to write */
static bool kicked, due;	/* [lock] */
static struct timer timer;
static _Atomic long ndirty;
static struct thread *writer; /* [I] */
static struct waitq trimmed;  /* [lock] the thread has made a round for memory */
static uint64_t ntrims;	      /* [lock] */

uint64_t writeback_dirty_pages(void)
{
	long n = atomic_load(&ndirty);

	return n > 0 ? (uint64_t)n : 0;
}

void writeback_page_dirty(long n)
{
	atomic_fetch_add(&ndirty, n);
	page_account(PAGE_DIRTY, n);
}

static void wake_locked(void)
{
	waitq_wake(&wq, 1);
}

static void timer_fired(struct timer *t)
{
	bool on = spin_lock_irq(&lock);

	(void)t;
	due = true;
	wake_locked();
	spin_unlock_irq(&lock, on);
}

/* Arm the timer for the oldest thing that is dirty; nothing dirty, no timer. */
static void arm_locked(void)
{
	uint64_t oldest = fs_dirty_since;
	struct pcache *pc = list_first(&dirty_files, struct pcache, dirty_link);

	if (pc && (!oldest || pc->dirty_since < oldest))
		oldest = pc->dirty_since;
	if (oldest)
		timer_set(&timer, oldest + AGE_NS);
}

void writeback_file(struct pcache *pc)
{
	bool on = spin_lock_irq(&lock);

	if (list_empty(&pc->dirty_link)) {
		bool idle = list_empty(&dirty_files) && !fs_dirty_since;

		inode_get(pc->inode);
		pc->dirty_since = clock_mono_ns();
		list_add_tail(&dirty_files, &pc->dirty_link);
		if (idle)
			arm_locked();
	}
	spin_unlock_irq(&lock, on);
}

void writeback_settle(struct pcache *pc)
{
	struct inode *i = pc->inode;
	bool on = spin_lock_irq(&lock), leave;

	leave = !list_empty(&pc->dirty_link) &&
		(pc->ndirty == 0 || (i->nlink == 0 && i->refs == 2));
	if (leave)
		list_del(&pc->dirty_link);
	spin_unlock_irq(&lock, on);
	if (leave)
		inode_put(i);
}

void writeback_fs(struct fs *fs)
{
	bool on = spin_lock_irq(&lock);

	(void)fs; /* all are asked: there are few */
	if (!fs_dirty_since) {
		fs_dirty_since = clock_mono_ns();
		if (list_empty(&dirty_files))
			arm_locked();
	}
	spin_unlock_irq(&lock, on);
}

bool writeback_trim(void)
{
	uint64_t deadline = clock_mono_ns() + TRIM_WAIT_NS;
	bool on;
	uint64_t before;

	if (thread_self() == writer)
		return false;
	on = spin_lock_irq(&lock);
	before = ntrims;
	kicked = true;
	wake_locked();
	while (ntrims == before && waitq_wait_deaf(&trimmed, deadline) == 0)
		;
	spin_unlock_irq(&lock, on);
	return true;
}

/* --- one file ------------------------------------------------------------------------------------- */

/* Off the list; a page that becomes dirty now puts the file back. The list's count is the caller's. */
static struct pcache *take_file(uint64_t not_after, struct fs *fs)
{
	struct pcache *pc, *found = NULL;
	bool on = spin_lock_irq(&lock);

	list_for_each_entry (pc, &dirty_files, dirty_link) {
		if (pc->dirty_since > not_after)
			break;
		if (fs && pc->inode->fs != fs)
			continue;
		list_del(&pc->dirty_link);
		found = pc;
		break;
	}
	spin_unlock_irq(&lock, on);
	return found;
}

static err_t write_files(uint64_t not_after, struct fs *fs)
{
	struct pcache *pc;
	err_t err = 0;

	while ((pc = take_file(not_after, fs))) {
		uint64_t any = 0;
		bool gone = pc->inode->nlink == 0 && pc->inode->refs == 1; /* only we hold it */
		err_t e = gone ? 0 : pcache_flush(pc, 0, UINT64_MAX, true);

		if (e && !err)
			err = e;
		if (!gone && pcache_next_dirty(pc, &any))
			writeback_file(
				pc); /* it stayed dirty throughout: nobody else will say so */
		inode_put(pc->inode);
	}
	return err;
}

err_t writeback_all(struct fs *fs)
{
	return write_files(clock_mono_ns(), fs);
}

/* --- the thread --------------------------------------------------------------------------------------- */

static void write_metadata(uint64_t not_after)
{
	static err_t last_error; /* the same one is said once */
	bool on = spin_lock_irq(&lock), old = fs_dirty_since && fs_dirty_since <= not_after;

	if (old)
		fs_dirty_since = 0;
	spin_unlock_irq(&lock, on);
	if (!old)
		return;
	for (struct fs *fs = fs_next(NULL); fs; fs = fs_next(fs)) {
		err_t err = fs->ops->sync && !(fs->flags & FS_RDONLY) ? fs->ops->sync(fs) : 0;

		if (err && err != last_error)
			klog_err("%s: cannot write to %s: error %d", fs->type, fs->source, -err);
		if (err)
			writeback_fs(fs); /* another time */
		last_error = err;
	}
}

/*
 * Somebody waits for memory, and gets what comes fastest: clean pages, then mapped ones, and only if that was not much
 * what must be written first. A larger machine has more to do at once, a share of its memory each time.
 */
static void trim(void)
{
	enum { TRIM_PAGES = 256, TRIM_SHARE = 32, TRIM_NAMES = 128 };
	unsigned long want = MAX(page_total() / TRIM_SHARE, (uint64_t)TRIM_PAGES), got;

	dentry_prune(TRIM_NAMES);
	got = lru_shrink(want);
	if (got < want / 2)
		got += lru_shrink_mapped(want - got);
	if (got >= want / 2)
		return;
	(void)!write_files(clock_mono_ns(), NULL);
	if (lru_shrink(want - got) == 0)
		lru_shrink_mapped(want - got);
}

static void say_trimmed(void)
{
	bool on = spin_lock_irq(&lock);

	ntrims++;
	waitq_wake(&trimmed, UINT32_MAX);
	spin_unlock_irq(&lock, on);
}

static void run(void *arg)
{
	(void)arg;
	for (;;) {
		bool on = spin_lock_irq(&lock), short_of_memory, old;
		uint64_t then;

		while (!kicked && !due)
			(void)!waitq_wait_deaf(&wq, WAIT_FOREVER);
		short_of_memory = kicked;
		old = due;
		kicked = due = false;
		spin_unlock_irq(&lock, on);

		if (short_of_memory) {
			trim();
			say_trimmed();
		}
		if (old) {
			then = clock_mono_ns();
			(void)!write_files(then - MIN(then, AGE_NS), NULL);
			write_metadata(clock_mono_ns()); /* what the data brought with it, too */
		}

		on = spin_lock_irq(&lock);
		arm_locked();
		spin_unlock_irq(&lock, on);
	}
}

/* At most a fifth of memory may wait to be written; whoever makes more writes its own out first. */
void writeback_throttle(struct pcache *pc)
{
	static uint64_t limit;
	struct page_stats s;

	if (!limit) {
		page_stats(&s);
		limit = s.total_bytes / PAGE_SIZE / 5;
	}
	if (pc->ops->write && writeback_dirty_pages() > limit)
		(void)!pcache_flush(pc, 0, UINT64_MAX, false);
}

err_t writeback_init(void)
{
	struct thread *t;
	err_t err;

	waitq_init(&wq, &lock);
	waitq_init(&trimmed, &lock);
	timer_init(&timer, timer_fired);
	err = thread_new("writeback", run, NULL, &t);
	if (err)
		return err;
	writer = t;
	thread_start(t);
	return 0;
}
