/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/lock.h"

#include "kern/slab.h"
#include "vfs/inode.h"

struct held {
	struct list link; /* by start */
	enum lock_kind kind;
	bool exclusive;
	uint64_t start, end;
	const struct file *owner; /* NULL: the process */
};

struct inode_locks {
	struct list held; /* locks_mutex */
	struct waitq wq;  /* wake_lock: something was released */
	uint32_t changes; /* wake_lock */
};

static struct mutex locks_mutex;
static struct spinlock wake_lock = SPINLOCK_INIT(RANK_WAITQ);
static _Atomic bool ready;

static const struct file *owner_of(const struct file *f, enum lock_kind kind)
{
	return kind == LOCK_POSIX ? NULL : f;
}

/* flock and fcntl locks do not see each other; the two kinds of fcntl locks do. */
static bool same_family(enum lock_kind a, enum lock_kind b)
{
	return (a == LOCK_FLOCK) == (b == LOCK_FLOCK);
}

static bool overlaps(const struct held *h, const struct lock_range *r)
{
	return h->start <= r->end && r->start <= h->end;
}

static struct held *conflict(struct inode_locks *l, const struct file *f,
			     const struct lock_range *r)
{
	const struct file *me = owner_of(f, r->kind);
	struct held *h;

	list_for_each_entry (h, &l->held, link)
		if (same_family(h->kind, r->kind) && (h->kind != r->kind || h->owner != me) &&
		    (h->exclusive || r->exclusive) && overlaps(h, r))
			return h;
	return NULL;
}

static void insert_sorted(struct inode_locks *l, struct held *n)
{
	struct held *h;

	list_for_each_entry (h, &l->held, link)
		if (h->start > n->start)
			break;
	list_insert(&n->link, h->link.prev, &h->link);
}

static struct held *new_held(const struct file *owner, const struct lock_range *r)
{
	struct held *h = kzalloc(sizeof(*h));

	if (h)
		*h = (struct held){
			.kind = r->kind,
			.exclusive = r->exclusive,
			.start = r->start,
			.end = r->end,
			.owner = owner,
		};
	return h;
}

/* Take r out of what `owner` holds. `spare` is used if a lock is split in two. */
static void carve(struct inode_locks *l, const struct file *owner, const struct lock_range *r,
		  struct held **spare)
{
	struct held *h, *tmp;

	list_for_each_entry_safe (h, tmp, &l->held, link) {
		if (h->kind != r->kind || h->owner != owner || !overlaps(h, r))
			continue;
		if (h->start < r->start && h->end > r->end) {
			struct held *right = *spare;

			*right = *h;
			right->start = r->end + 1;
			insert_sorted(l, right);
			*spare = NULL;
			h->end = r->start - 1;
		} else if (h->start < r->start) {
			h->end = r->start - 1;
		} else if (h->end > r->end) {
			h->start = r->end + 1;
		} else {
			list_del(&h->link);
			kfree(h);
		}
	}
}

/* Neighbours of one owner and kind become one. */
static void merge(struct inode_locks *l, struct held *n)
{
	struct held *h, *tmp;

	list_for_each_entry_safe (h, tmp, &l->held, link) {
		if (h == n || h->kind != n->kind || h->owner != n->owner ||
		    h->exclusive != n->exclusive)
			continue;
		if (h->end != UINT64_MAX && h->end + 1 == n->start)
			n->start = h->start;
		else if (n->end != UINT64_MAX && n->end + 1 == h->start)
			n->end = h->end;
		else
			continue;
		list_del(&h->link);
		kfree(h);
	}
	list_del(&n->link);
	insert_sorted(l, n);
}

static void wake(struct inode_locks *l)
{
	bool on = spin_lock_irq(&wake_lock);

	l->changes++;
	waitq_wake(&l->wq, UINT32_MAX);
	spin_unlock_irq(&wake_lock, on);
}

static void lock_all(void) acquires(&locks_mutex)
{
	static struct spinlock once = SPINLOCK_INIT(RANK_FILE);

	if (!ready) {
		spin_lock(&once);
		if (!ready)
			mutex_init(&locks_mutex);
		ready = true;
		spin_unlock(&once);
	}
	mutex_lock(&locks_mutex);
}

static struct inode_locks *locks_of(struct inode *i)
{
	struct inode_locks *l = i->locks;

	if (l)
		return l;
	l = kzalloc(sizeof(*l));
	if (!l)
		return NULL;
	list_init(&l->held);
	waitq_init(&l->wq, &wake_lock);
	i->locks = l;
	return l;
}

static uint32_t changes(const struct inode_locks *l)
{
	bool on = spin_lock_irq(&wake_lock);
	uint32_t n = l->changes;

	spin_unlock_irq(&wake_lock, on);
	return n;
}

static err_t wait_change(struct inode_locks *l, uint32_t seen)
{
	bool on = spin_lock_irq(&wake_lock);
	err_t err = 0;

	while (!err && l->changes == seen)
		err = waitq_wait(&l->wq, WAIT_FOREVER);
	spin_unlock_irq(&wake_lock, on);
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* Replaces what this owner holds there. */
static err_t set_locked(struct inode_locks *l, const struct file *owner, const struct lock_range *r)
{
	struct held *n = new_held(owner, r), *spare = new_held(owner, r);

	if (!n || !spare) {
		kfree(n);
		kfree(spare);
		return -ENOLCK;
	}
	carve(l, owner, r, &spare);
	kfree(spare);
	insert_sorted(l, n);
	if (r->kind != LOCK_FLOCK)
		merge(l, n);
	return 0;
}

/* flock(2): a conversion gives up the old lock first, and so may lose it. */
static err_t blocked(struct inode_locks *l, const struct file *f, const struct lock_range *r)
{
	struct held *spare = NULL; /* the whole range is carved: nothing is split */

	if (r->kind == LOCK_FLOCK) {
		carve(l, f, r, &spare);
		wake(l);
	}
	return -EAGAIN;
}

err_t file_lock(struct file *f, const struct lock_range *r, bool wait)
{
	err_t err = 0;

	for (;;) {
		struct inode_locks *l;
		uint32_t seen = 0;

		lock_all();
		l = locks_of(f->inode);
		if (!l)
			err = -ENOLCK;
		else if (conflict(l, f, r))
			err = blocked(l, f, r);
		else
			err = set_locked(l, owner_of(f, r->kind), r);
		if (l)
			seen = changes(l);
		mutex_unlock(&locks_mutex);
		if (l && !err)
			wake(l); /* a lock may have become a weaker one */
		if (err != -EAGAIN || !wait)
			return err;
		err = wait_change(l, seen);
		if (err)
			return err;
	}
}

static void drop(struct inode *i, const struct file *owner, const struct lock_range *r)
{
	struct held *spare = new_held(owner, r);

	if (!i->locks) {
		kfree(spare);
		return;
	}
	lock_all();
	if (spare) /* without memory for a split the lock stays whole: late, never lost */
		carve(i->locks, owner, r, &spare);
	mutex_unlock(&locks_mutex);
	kfree(spare);
	wake(i->locks);
}

void file_unlock(struct file *f, const struct lock_range *r)
{
	drop(f->inode, owner_of(f, r->kind), r);
}

bool file_lock_test(struct file *f, const struct lock_range *r, struct lock_range *found)
{
	struct held *h = NULL;

	if (!f->inode->locks)
		return false;
	lock_all();
	h = conflict(f->inode->locks, f, r);
	if (h)
		*found = (struct lock_range){ h->kind, h->exclusive, h->start, h->end };
	mutex_unlock(&locks_mutex);
	return h != NULL;
}

void file_locks_close(struct file *f)
{
	const struct lock_range all = { .kind = LOCK_POSIX, .end = UINT64_MAX };

	if (f->inode && f->inode->locks)
		drop(f->inode, NULL, &all);
}

void file_locks_release(struct file *f)
{
	struct lock_range all = { .kind = LOCK_OFD, .end = UINT64_MAX };

	if (!f->inode || !f->inode->locks)
		return;
	drop(f->inode, f, &all);
	all.kind = LOCK_FLOCK;
	drop(f->inode, f, &all);
}

void locks_free(struct inode *i)
{
	struct held *h, *tmp;

	if (!i->locks)
		return;
	list_for_each_entry_safe (h, tmp, &i->locks->held, link)
		kfree(h);
	kfree(i->locks);
	i->locks = NULL;
}
