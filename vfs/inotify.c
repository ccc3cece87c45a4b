/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/inotify.c: see notify.h and inotify.h.  One lock guards all watches and queues: changes of watched files
 * are rare beside everything else that happens to files.
 */
#include "vfs/inotify.h"

#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/fs.h"
#include "vfs/notify.h"

enum { NAME_LONGEST = 255, FIONREAD = 0x541b };

struct watch {
	struct watch *next;   /* [n] of the inode's */
	struct list link;     /* [n] of the instance's */
	struct inotify *home; /* [I] */
	struct inode *inode;  /* [I] counted */
	uint32_t mask;	      /* [n] */
	int wd;		      /* [I] */
};

struct record { /* struct inotify_event of the uapi */
	int32_t wd;
	uint32_t mask, cookie, len;
};

struct event {
	struct list link; /* [n] */
	struct record r;
	char name[]; /* padded with NULs to r.len */
};

struct inotify {
	struct waitq wq; /* readers */
	struct poll_source source;
	struct list watches, events; /* [n] */
	uint32_t nevents, bytes;     /* [n] */
	int last_wd;		     /* [n] */
};

/* [n] */
static struct spinlock lock = SPINLOCK_INIT(RANK_FILE);
_Atomic uint32_t notify_watches;
static _Atomic uint32_t last_cookie;

/* --- queues; the lock is held ------------------------------------------------------------------------- */

static uint32_t padded(size_t len)
{
	return len ? (uint32_t)ALIGN_UP(len + 1, sizeof(struct record)) : 0;
}

/* Linux drops what says the same as the event before it. */
static bool repeats_last(const struct inotify *in, const struct event *e)
{
	const struct event *last;

	if (list_empty(&in->events))
		return false;
	last = list_entry(in->events.prev, struct event, link);
	return last->r.wd == e->r.wd && last->r.mask == e->r.mask && last->r.len == e->r.len &&
	       memcmp(last->name, e->name, e->r.len) == 0;
}

static void append(struct inotify *in, struct event *e)
{
	list_add_tail(&in->events, &e->link);
	in->nevents++;
	in->bytes += sizeof(e->r) + e->r.len;
	waitq_wake(&in->wq, 1);
	poll_notify(&in->source, POLL_IN | POLL_RDNORM);
}

static struct event *event_new(int wd, uint32_t mask, uint32_t cookie, const struct name *n)
{
	size_t len = n ? n->len : 0;
	struct event *e = kzalloc(sizeof(*e) + padded(len));

	if (!e)
		return NULL;
	e->r = (struct record){ wd, mask, cookie, padded(len) };
	if (len)
		memcpy(e->name, n->s, len);
	return e;
}

static void post(struct inotify *in, int wd, uint32_t mask, uint32_t cookie, const struct name *n)
{
	struct event *e = NULL;

	if (in->nevents < INOTIFY_QUEUE_MAX)
		e = event_new(wd, mask, cookie, n);
	if (!e)
		e = event_new(-1, NOTIFY_OVERFLOW, 0, NULL);
	if (!e)
		return;
	if (repeats_last(in, e))
		kfree(e);
	else
		append(in, e);
}

/* Off both lists, told to the reader; on `dead` for put_watches(). */
static void end_watch(struct watch *w, struct watch **dead)
{
	struct watch **p = &w->inode->watches;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	list_del(&w->link);
	atomic_fetch_sub(&notify_watches, 1);
	post(w->home, w->wd, NOTIFY_IGNORED, 0, NULL);
	w->next = *dead;
	*dead = w;
}

/* Without the lock. */
static void put_watches(struct watch *dead)
{
	while (dead) {
		struct watch *next = dead->next;

		inode_put(dead->inode);
		kfree(dead);
		dead = next;
	}
}

/* --- events ----------------------------------------------------------------------------------------------- */

struct happening {
	uint32_t event; /* with NOTIFY_ISDIR */
	uint32_t cookie;
	const struct name *name; /* NULL: of the file itself */
	bool unlinked;		 /* the name is no more: not for INOTIFY_EXCL_UNLINK */
};

static bool wanted(const struct watch *w, const struct happening *h)
{
	return w->mask & h->event & INOTIFY_EVENTS &&
	       !(h->unlinked && w->mask & INOTIFY_EXCL_UNLINK);
}

static void tell(struct inode *i, const struct happening *h)
{
	struct watch *dead = NULL, *w, *next;

	if (!i->watches)
		return;
	spin_lock(&lock);
	for (w = i->watches; w; w = next) {
		next = w->next;
		if (!wanted(w, h))
			continue;
		post(w->home, w->wd, h->event, h->cookie, h->name);
		if (w->mask & INOTIFY_ONESHOT)
			end_watch(w, &dead);
	}
	spin_unlock(&lock);
	put_watches(dead);
}

static uint32_t dir_bit(const struct inode *i)
{
	return inode_is_dir(i) ? NOTIFY_ISDIR : 0;
}

/* The watched directory that d is in, counted, and d's name there; NULL: none. */
static struct inode *watched_parent(struct dentry *d, char room[NAME_LONGEST + 1], struct name *n,
				    bool *unlinked)
{
	struct inode *dir = NULL;

	spin_lock(&dcache_lock);
	if (d->parent != d && d->parent->inode && d->parent->inode->watches) {
		dir = d->parent->inode;
		inode_get(dir);
		memcpy(room, d->name, d->len);
		*n = (struct name){ room, d->len };
		*unlinked = !d->hashed;
	}
	spin_unlock(&dcache_lock);
	return dir;
}

void notify_dentry_slow(struct dentry *d, uint32_t event)
{
	char room[NAME_LONGEST + 1];
	struct happening h = { .event = event | dir_bit(d->inode) };
	struct name n;
	struct inode *dir = watched_parent(d, room, &n, &h.unlinked);

	if (dir) {
		h.name = &n;
		tell(dir, &h);
		inode_put(dir);
	}
	notify_self_slow(d->inode, event);
}

void notify_self_slow(struct inode *i, uint32_t event)
{
	tell(i, &(struct happening){ .event = event | dir_bit(i) });
}

void notify_inode_slow(struct inode *i, uint32_t event)
{
	struct dentry *d;

	spin_lock(&dcache_lock);
	d = i->alias;
	if (d)
		dentry_get_locked(d);
	spin_unlock(&dcache_lock);
	if (d) {
		notify_dentry_slow(d, event);
		dentry_put(d);
	} else {
		notify_self_slow(i, event);
	}
}

void notify_name_slow(struct inode *dir, const struct name *n, uint32_t event, bool is_dir)
{
	tell(dir, &(struct happening){ .event = event | (is_dir ? NOTIFY_ISDIR : 0), .name = n });
}

void notify_move(struct inode *from, const struct name *fn, struct inode *to, const struct name *tn,
		 struct inode *moved, struct inode *replaced)
{
	struct happening h = { .event = NOTIFY_MOVED_FROM | dir_bit(moved), .name = fn };

	if (!notify_anyone())
		return;
	h.cookie = atomic_fetch_add(&last_cookie, 1) + 1;
	tell(from, &h);
	h.event = NOTIFY_MOVED_TO | dir_bit(moved);
	h.name = tn;
	tell(to, &h);
	if (replaced)
		notify_self_slow(replaced, NOTIFY_ATTRIB);
	tell(moved, &(struct happening){ .event = NOTIFY_MOVE_SELF });
}

void notify_gone_slow(struct inode *i)
{
	struct watch *dead = NULL;

	if (!i->watches)
		return;
	tell(i, &(struct happening){ .event = NOTIFY_DELETE_SELF });
	spin_lock(&lock);
	while (i->watches)
		end_watch(i->watches, &dead);
	spin_unlock(&lock);
	put_watches(dead);
}

/* --- the descriptor ------------------------------------------------------------------------------------------ */

/* The next event if it fits: NULL and 0 when it does not, -EAGAIN and -ERESTARTSYS as for any read. */
static err_t take(struct file *f, size_t room, bool wait, struct event **out)
{
	struct inotify *in = f->data;
	err_t err = 0;

	*out = NULL;
	spin_lock(&lock);
	while (list_empty(&in->events) && wait && !err)
		err = waitq_wait(&in->wq, WAIT_FOREVER);
	if (!list_empty(&in->events)) {
		struct event *e = list_entry(in->events.next, struct event, link);

		err = 0;
		if (sizeof(e->r) + e->r.len <= room) {
			list_del(&e->link);
			in->nevents--;
			in->bytes -= (uint32_t)(sizeof(e->r) + e->r.len);
			*out = e;
		}
	} else {
		err = err ? -ERESTARTSYS : -EAGAIN;
	}
	spin_unlock(&lock);
	return err;
}

static long inotify_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct event *e;
	long done = 0, n;
	err_t err;

	(void)pos;
	for (;;) {
		err = take(f, u->left, !done && !file_nonblock(f), &e);
		if (!e)
			break;
		n = uio_write(u, &e->r, sizeof(e->r) + e->r.len);
		done += (long)(sizeof(e->r) + e->r.len);
		kfree(e);
		if (n < 0)
			return n;
	}
	if (done)
		return done;
	return err ? err : -EINVAL;
}

static uint32_t inotify_poll(struct file *f)
{
	const struct inotify *in = f->data;

	return list_empty(&in->events) ? 0 : POLL_IN | POLL_RDNORM;
}

static struct poll_source *inotify_source(struct file *f)
{
	return &((struct inotify *)f->data)->source;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	int bytes = (int)((struct inotify *)f->data)->bytes;

	return cmd == FIONREAD ? user_write(arg, &bytes, sizeof(bytes)) : -ENOTTY;
}

static void inotify_release(struct file *f)
{
	struct inotify *in = f->data;
	struct watch *dead = NULL;

	spin_lock(&lock);
	while (!list_empty(&in->watches))
		end_watch(list_entry(in->watches.next, struct watch, link), &dead);
	spin_unlock(&lock);
	put_watches(dead);
	while (!list_empty(&in->events)) {
		struct event *e = list_entry(in->events.next, struct event, link);

		list_del(&e->link);
		kfree(e);
	}
	kfree(in);
}

static size_t inotify_info(struct file *f, char *buf, size_t size)
{
	struct inotify *in = f->data;
	struct watch *w;
	size_t len = 0;

	spin_lock(&lock);
	list_for_each_entry (w, &in->watches, link) {
		if (len >= size)
			break; /* fmt() says what it would have needed */
		len += fmt(buf + len, size - len, "inotify wd:%x ino:%llx sdev:%llx mask:%x\n",
			   w->wd, (unsigned long long)w->inode->ino,
			   (unsigned long long)w->inode->fs->dev, w->mask & INOTIFY_EVENTS);
	}
	spin_unlock(&lock);
	return len;
}

static const struct file_ops inotify_ops = {
	.kind = "inotify",
	.read = inotify_read,
	.poll = inotify_poll,
	.poll_source = inotify_source,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.fdinfo = inotify_info,
};

err_t inotify_new(uint32_t flags, struct file **out)
{
	struct inotify *in = kzalloc(sizeof(*in));
	err_t err;

	if (!in)
		return -ENOMEM;
	waitq_init(&in->wq, &lock);
	poll_source_init(&in->source);
	list_init(&in->watches);
	list_init(&in->events);
	err = file_new(&inotify_ops, FILE_READ, flags, in, out);
	if (err)
		kfree(in);
	return err;
}

bool inotify_is(const struct file *f)
{
	return f->ops == &inotify_ops;
}

/* --- watches ------------------------------------------------------------------------------------------------- */

static struct watch *find(struct inotify *in, const struct inode *i)
{
	struct watch *w;

	for (w = i->watches; w && w->home != in; w = w->next)
		;
	return w;
}

static long change(struct watch *w, uint32_t mask)
{
	if (mask & INOTIFY_MASK_CREATE)
		return -EEXIST;
	w->mask = mask & INOTIFY_MASK_ADD ? w->mask | mask : mask;
	return w->wd;
}

/* Numbers are not given twice until they wrap: a late event of a removed watch names nobody else's. */
static int next_wd(struct inotify *in)
{
	struct watch *w;

	for (;;) {
		in->last_wd = in->last_wd == INT32_MAX ? 1 : in->last_wd + 1;
		list_for_each_entry (w, &in->watches, link)
			if (w->wd == in->last_wd)
				break;
		if (&w->link == &in->watches)
			return in->last_wd;
	}
}

long inotify_add(struct file *f, struct inode *i, uint32_t mask)
{
	struct inotify *in = f->data;
	struct watch *fresh = kzalloc(sizeof(*fresh)), *w;
	long wd;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&lock);
	w = find(in, i);
	if (w) {
		wd = change(w, mask);
	} else if (notify_watches >= INOTIFY_WATCHES_MAX) {
		wd = -ENOSPC;
	} else {
		inode_get(i);
		wd = next_wd(in);
		*fresh = (struct watch){ i->watches, .home = in, .inode = i, .mask = mask,
					 .wd = (int)wd };
		list_add_tail(&in->watches, &fresh->link);
		i->watches = fresh;
		fresh = NULL;
		atomic_fetch_add(&notify_watches, 1);
	}
	spin_unlock(&lock);
	kfree(fresh);
	return wd;
}

err_t inotify_remove(struct file *f, int wd)
{
	struct inotify *in = f->data;
	struct watch *dead = NULL, *w;

	spin_lock(&lock);
	list_for_each_entry (w, &in->watches, link)
		if (w->wd == wd) {
			end_watch(w, &dead);
			break;
		}
	spin_unlock(&lock);
	if (!dead)
		return -EINVAL;
	put_watches(dead);
	return 0;
}
