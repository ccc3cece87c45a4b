/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/epoll.c: see epoll.h.
 *
 * Locks: ep->mtx (sleeping) guards the item tree and is held while ready items are looked at, so a file that
 * is going away (epoll_forget() takes it) stays whole meanwhile.  ep->lock (RANK_WAITQ) guards the ready list;
 * event callbacks take it under the poll source's lock.  links_lock guards the lists from file to items.
 */
#include "vfs/epoll.h"

#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "lib/rbtree.h"

enum { NEST_MAX = 4 }; /* epolls below an epoll, as Linux's EP_MAX_NESTS */

struct epoll {
	_Atomic uint32_t refs;
	struct mutex mtx;
	struct rb_root items; /* [mtx] by (file, fd) */
	struct spinlock lock; /* RANK_WAITQ */
	struct waitq wq;
	struct list ready;	   /* [lock] */
	_Atomic unsigned nready;   /* [a] changed under lock */
	struct poll_source source; /* an epoll can be polled too */
};

struct item {
	struct rb_node node;	/* [ep->mtx] */
	struct epoll *ep;	/* [I] */
	struct file *file;	/* [I] no reference: goes with the file */
	int fd;			/* [I] */
	uint32_t events;	/* [ep->mtx] as asked, flags included; 0 after a one-shot */
	uint64_t data;		/* [ep->mtx] */
	struct list ready_link; /* [ep->lock] */
	bool ready;		/* [ep->lock] */
	struct list file_link;	/* [links_lock] */
	struct poll_watch watch;
};

static struct spinlock links_lock = SPINLOCK_INIT(RANK_FILE);
static const struct file_ops epoll_ops;

#define EVENT_FLAGS (EPOLL_ONESHOT | EPOLL_ET | EPOLL_WAKEUP | EPOLL_EXCLUSIVE)

static void ep_get(struct epoll *ep)
{
	ep->refs++;
}

static void ep_put(struct epoll *ep)
{
	if (--ep->refs == 0)
		kfree(ep);
}

static bool ready_push_locked(struct epoll *ep, struct item *it)
{
	if (it->ready)
		return false;
	it->ready = true;
	list_add_tail(&ep->ready, &it->ready_link);
	ep->nready++;
	return true;
}

static void ready_remove_locked(struct epoll *ep, struct item *it)
{
	if (!it->ready)
		return;
	it->ready = false;
	list_del(&it->ready_link);
	ep->nready--;
}

static bool item_event(struct poll_watch *w, uint32_t mask)
{
	struct item *it = container_of(w, struct item, watch);
	struct epoll *ep = it->ep;
	bool on;
	unsigned woken = 0;

	(void)mask;
	on = spin_lock_irq(&ep->lock);
	if (ready_push_locked(ep, it))
		woken = waitq_wake(&ep->wq, 1);
	spin_unlock_irq(&ep->lock, on);
	/* An epoll that watches this one by edge hears of each event. */
	poll_notify(&ep->source, POLL_IN | POLL_RDNORM);
	return woken != 0;
}

static uint32_t item_poll(const struct item *it)
{
	return file_poll(it->file) & it->events & ~EVENT_FLAGS;
}

static int item_cmp(const struct item *it, const struct file *f, int fd)
{
	if (it->file != f)
		return (uintptr_t)it->file < (uintptr_t)f ? -1 : 1;
	return it->fd - fd;
}

static struct item *item_find(struct epoll *ep, const struct file *f, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct item *it = rb_entry(n, struct item, node);
		int c = item_cmp(it, f, fd);

		if (c == 0)
			return it;
		n = n->child[c < 0];
	}
	return NULL;
}

/* Any item of the file. */
static struct item *item_find_file(struct epoll *ep, const struct file *f)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct item *it = rb_entry(n, struct item, node);

		if (it->file == f)
			return it;
		n = n->child[(uintptr_t)it->file < (uintptr_t)f];
	}
	return NULL;
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct item *y = rb_entry(b, struct item, node);

	return item_cmp(rb_entry(a, struct item, node), y->file, y->fd) < 0;
}

/* ep->mtx held. */
static void item_free(struct item *it)
{
	struct epoll *ep = it->ep;
	bool on;

	poll_watch_del(&it->watch);
	on = spin_lock_irq(&ep->lock);
	ready_remove_locked(ep, it);
	spin_unlock_irq(&ep->lock, on);
	spin_lock(&links_lock);
	list_del(&it->file_link);
	spin_unlock(&links_lock);
	rb_remove(&ep->items, &it->node);
	kfree(it);
}

/* Hang the item (again) and count what is true already as an event. */
static void item_arm(struct item *it)
{
	struct epoll *ep = it->ep;
	struct poll_source *s =
		it->file->ops->poll_source ? it->file->ops->poll_source(it->file) : NULL;
	bool on;

	it->watch.want = it->events & ~EVENT_FLAGS;
	if (s)
		poll_watch_add(s, &it->watch);
	if (!item_poll(it))
		return;
	on = spin_lock_irq(&ep->lock);
	if (ready_push_locked(ep, it))
		waitq_wake(&ep->wq, 1);
	spin_unlock_irq(&ep->lock, on);
	poll_notify(&ep->source, POLL_IN | POLL_RDNORM);
}

static err_t item_add(struct epoll *ep, int fd, struct file *f, const struct epoll_event_user *ev)
{
	struct item *it;

	if (item_find(ep, f, fd))
		return -EEXIST;
	it = kzalloc(sizeof(*it));
	if (!it)
		return -ENOMEM;
	it->ep = ep;
	it->file = f;
	it->fd = fd;
	it->events = ev->events | POLL_ERR | POLL_HUP;
	it->data = ev->data;
	it->watch.fn = item_event;
	it->watch.exclusive = ev->events & EPOLL_EXCLUSIVE;
	rb_insert(&ep->items, &it->node, item_less);
	spin_lock(&links_lock);
	list_add_tail(&f->epoll_items, &it->file_link);
	spin_unlock(&links_lock);
	item_arm(it);
	return 0;
}

static err_t item_mod(struct epoll *ep, int fd, struct file *f, const struct epoll_event_user *ev)
{
	struct item *it = item_find(ep, f, fd);

	if (!it)
		return -ENOENT;
	if ((it->events | ev->events) & EPOLL_EXCLUSIVE)
		return -EINVAL;
	poll_watch_del(&it->watch);
	it->events = ev->events | POLL_ERR | POLL_HUP;
	it->data = ev->data;
	item_arm(it);
	return 0;
}

static err_t item_del(struct epoll *ep, int fd, struct file *f)
{
	struct item *it = item_find(ep, f, fd);

	if (!it)
		return -ENOENT;
	item_free(it);
	return 0;
}

/* -ELOOP when a way down from ep meets `top` or is too long. */
static err_t check_below(struct epoll *ep, const struct epoll *top, int depth)
{
	err_t err = 0;

	if (ep == top || depth > NEST_MAX)
		return -ELOOP;
	mutex_lock(&ep->mtx);
	for (struct rb_node *n = rb_first(&ep->items); n && !err; n = rb_next(n)) {
		struct item *it = rb_entry(n, struct item, node);

		if (epoll_is(it->file))
			err = check_below(it->file->data, top, depth + 1);
	}
	mutex_unlock(&ep->mtx);
	return err;
}

/* Nesting is rare and its checks walk several epolls: one at a time. */
static struct mutex nest_mtx;

static err_t ctl(struct epoll *ep, int op, int fd, struct file *target,
		 const struct epoll_event_user *ev)
{
	err_t err = -EINVAL;

	mutex_lock(&ep->mtx);
	if (op == EPOLL_CTL_ADD)
		err = item_add(ep, fd, target, ev);
	else if (op == EPOLL_CTL_MOD)
		err = item_mod(ep, fd, target, ev);
	else if (op == EPOLL_CTL_DEL)
		err = item_del(ep, fd, target);
	mutex_unlock(&ep->mtx);
	return err;
}

static err_t add_nested(struct epoll *ep, int fd, struct file *target,
			const struct epoll_event_user *ev)
{
	err_t err;

	mutex_lock(&nest_mtx);
	err = check_below(target->data, ep, 1);
	if (!err)
		err = ctl(ep, EPOLL_CTL_ADD, fd, target, ev);
	mutex_unlock(&nest_mtx);
	return err;
}

/* Linux's ep_can... rules for EPOLLEXCLUSIVE: only with ADD, only with these bits, not for an epoll. */
static bool exclusive_ok(int op, const struct epoll_event_user *ev, const struct file *target)
{
	const uint32_t ok = POLL_IN | POLL_OUT | POLL_ERR | POLL_HUP | EVENT_FLAGS;

	if (!ev || !(ev->events & EPOLL_EXCLUSIVE))
		return true;
	return op != EPOLL_CTL_MOD && !(op == EPOLL_CTL_ADD && epoll_is(target)) &&
	       !(ev->events & ~ok) && !(ev->events & EPOLL_ONESHOT);
}

err_t epoll_ctl(struct file *epf, int op, int fd, struct file *target,
		const struct epoll_event_user *ev)
{
	if (!target->ops->poll)
		return -EPERM;
	if (epf == target || !epoll_is(epf) || !exclusive_ok(op, ev, target))
		return -EINVAL;
	if (op == EPOLL_CTL_ADD && epoll_is(target))
		return add_nested(epf->data, fd, target, ev);
	return ctl(epf->data, op, fd, target, ev);
}

/* The next to be looked at; `again`, if any, is ready still and goes to the tail. */
static struct item *ready_next(struct epoll *ep, struct item *again)
{
	struct item *it;
	bool on = spin_lock_irq(&ep->lock);

	if (again)
		ready_push_locked(ep, again);
	it = list_first(&ep->ready, struct item, ready_link);
	if (it)
		ready_remove_locked(ep, it);
	spin_unlock_irq(&ep->lock, on);
	return it;
}

static void ready_push(struct epoll *ep, struct item *it)
{
	bool on = spin_lock_irq(&ep->lock);

	ready_push_locked(ep, it);
	spin_unlock_irq(&ep->lock, on);
}

/* One ready item: 1 reported, 0 not ready after all, -EFAULT.  *again: it stays ready. */
static long item_report(struct item *it, uaddr_t to, bool *again)
{
	struct epoll_event_user ev = { .events = item_poll(it), .data = it->data };

	*again = false;
	if (!ev.events)
		return 0;
	*again = true;
	if (user_write(to, &ev, sizeof(ev)) < 0)
		return -EFAULT;
	if (it->events & EPOLL_ONESHOT) {
		it->events &= EVENT_FLAGS;
		it->watch.want = 0;
	}
	/* By level: looked at again by the next wait. */
	*again = !(it->events & (EPOLL_ONESHOT | EPOLL_ET));
	return 1;
}

/*
 * Report what is ready. Only as many items are looked at as were ready at the start: level-triggered ones go
 * back to the tail.
 */
static long ready_report(struct epoll *ep, uaddr_t events, int max)
{
	unsigned left = ep->nready;
	struct item *it, *last = NULL;
	long n = 0, r = 0;
	bool on, again;

	mutex_lock(&ep->mtx);
	while (n < max && left-- && (it = ready_next(ep, last)) != NULL) {
		r = item_report(it, events + (uint64_t)n * sizeof(struct epoll_event_user), &again);
		last = again ? it : NULL;
		if (r < 0)
			break;
		n += r;
	}
	if (last)
		ready_push(ep, last);
	mutex_unlock(&ep->mtx);
	if (!waitq_empty(&ep->wq)) { /* more for the others */
		on = spin_lock_irq(&ep->lock);
		if (ep->nready)
			waitq_wake(&ep->wq, 1);
		spin_unlock_irq(&ep->lock, on);
	}
	return n ? n : MIN(r, 0);
}

static err_t ready_wait(struct epoll *ep, uint64_t deadline_ns)
{
	err_t err = 0;
	bool on = spin_lock_irq(&ep->lock);

	while (list_empty(&ep->ready) && !err)
		err = waitq_wait(&ep->wq, deadline_ns);
	spin_unlock_irq(&ep->lock, on);
	return err;
}

long epoll_wait(struct file *epf, uaddr_t events, int max, uint64_t deadline_ns)
{
	struct epoll *ep = epf->data;
	long n;
	err_t err;

	for (;;) {
		n = list_empty(&ep->ready) ? 0 : ready_report(ep, events, max);
		if (n || deadline_ns == 0)
			return n;
		err = ready_wait(ep, deadline_ns);
		if (err == -ETIMEDOUT)
			return 0;
		if (err)
			return err;
	}
}

static uint32_t epoll_poll(struct file *f)
{
	struct epoll *ep = f->data;
	unsigned left = ep->nready;
	uint32_t mask = 0;
	struct item *it;

	mutex_lock(&ep->mtx);
	while (!mask && left-- && (it = ready_next(ep, NULL)) != NULL)
		if (item_poll(it)) {
			ready_push(ep, it);
			mask = POLL_IN | POLL_RDNORM;
		}
	mutex_unlock(&ep->mtx);
	return mask;
}

static struct poll_source *epoll_source(struct file *f)
{
	struct epoll *ep = f->data;

	return &ep->source;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->data;
	struct rb_node *n;

	mutex_lock(&ep->mtx);
	while ((n = rb_first(&ep->items)) != NULL)
		item_free(rb_entry(n, struct item, node));
	mutex_unlock(&ep->mtx);
	ep_put(ep);
}

static const struct file_ops epoll_ops = {
	.kind = "eventpoll",
	.poll = epoll_poll,
	.poll_source = epoll_source,
	.seek = file_seek_nowhere,
	.release = epoll_release,
};

void epoll_init(void)
{
	mutex_init(&nest_mtx);
}

bool epoll_is(const struct file *f)
{
	return f->ops == &epoll_ops;
}

err_t epoll_new(uint32_t flags, struct file **out)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	err_t err;

	if (!ep)
		return -ENOMEM;
	ep->refs = 1;
	mutex_init(&ep->mtx);
	spin_init(&ep->lock, RANK_WAITQ);
	waitq_init(&ep->wq, &ep->lock);
	list_init(&ep->ready);
	poll_source_init(&ep->source);
	err = file_new(&epoll_ops, FILE_READ | FILE_WRITE, flags, ep, out);
	if (err)
		kfree(ep);
	return err;
}

/* The epoll that watches f through its first item, with a reference; NULL: none left. */
static struct epoll *first_watcher(struct file *f)
{
	struct item *it;
	struct epoll *ep = NULL;

	spin_lock(&links_lock);
	it = list_first(&f->epoll_items, struct item, file_link);
	if (it) {
		ep = it->ep;
		ep_get(ep);
	}
	spin_unlock(&links_lock);
	return ep;
}

void epoll_forget(struct file *f)
{
	struct epoll *ep;
	struct item *it;

	while ((ep = first_watcher(f)) != NULL) {
		mutex_lock(&ep->mtx);
		while ((it = item_find_file(ep, f)) != NULL)
			item_free(it);
		mutex_unlock(&ep->mtx);
		ep_put(ep);
	}
}
