/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex_pi.c: futexes that hold their owner's thread id (FUTEX_LOCK_PI and friends).  The word is handed
 * from owner to the waiter of the highest priority by the kernel; until then the owner runs with that waiter's
 * priority, and so does whom the owner itself waits for.
 *
 * pi_mtx serialises all slow paths: the word and the queue change together, and the word is user memory, which
 * no spinlock may be held over.  Uncontended locks never come here.
 */
#include "kern/mutex.h"
#include "linux/futex.h"
#include "linux/futex_int.h"
#include "linux/process.h"

/* One who waits, on its stack.  [m] pi_mtx */
struct pi_waiter {
	struct futex_waiter w;
	uaddr_t addr;		   /* [I] the word */
	struct list link;	   /* [m] in owner->pi_waiters */
	struct user_thread *owner; /* [m] */
};

static struct mutex pi_mtx;

void futex_pi_init(void)
{
	mutex_init(&pi_mtx);
}

/* --- priorities ----------------------------------------------------------------------------------- */

static unsigned prio_of(const struct user_thread *u)
{
	const struct pi_waiter *p;
	unsigned prio = u->sched_prio;

	list_for_each_entry (p, &u->pi_waiters, link)
		prio = MAX(prio, p->w.thread->prio);
	return prio;
}

/* What u waits with has changed, or who waits for u: it, and those it waits for in turn. pi_mtx held. */
static void inherit(struct user_thread *u)
{
	while (u) {
		unsigned prio = prio_of(u);
		bool rr = u->sched_policy == SCHED_RR && prio == u->sched_prio;

		if (prio != u->thread->prio || rr != u->thread->rr)
			thread_set_prio(u->thread, prio, rr);
		if (!u->pi_wait)
			return;
		futex_requeue_prio(&u->pi_wait->w);
		u = u->pi_wait->owner;
	}
}

void futex_pi_prio_changed(struct thread *t)
{
	mutex_lock(&pi_mtx);
	inherit(t->user);
	mutex_unlock(&pi_mtx);
}

/* Would `self` wait for itself, if it waited for `owner`? */
static bool is_circle(const struct user_thread *self, const struct user_thread *owner)
{
	while (owner != self && owner->pi_wait)
		owner = owner->pi_wait->owner;
	return owner == self;
}

static void wait_for(struct pi_waiter *p, struct user_thread *self, struct user_thread *owner)
{
	p->owner = owner;
	list_add_tail(&owner->pi_waiters, &p->link);
	self->pi_wait = p;
	inherit(owner);
}

static void wait_no_more(struct pi_waiter *p, struct user_thread *self)
{
	list_del(&p->link);
	self->pi_wait = NULL;
	inherit(p->owner);
}

/* --- the word -------------------------------------------------------------------------------------- */

static struct pi_waiter *first_waiter(const struct vm_key *key)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_waiter *w;
	struct pi_waiter *first = NULL;

	spin_lock(&b->lock);
	list_for_each_entry (w, &b->waiters, link)
		if (!w->bitset && futex_key_equal(&w->key, key)) {
			first = container_of(w, struct pi_waiter, w);
			break;
		}
	spin_unlock(&b->lock);
	return first;
}

/* The lock is p's: those who still wait for it wait for p's thread now. */
static void hand_over(struct pi_waiter *p)
{
	struct user_thread *was = p->owner, *new = p->w.thread->user;
	struct futex_bucket *b = p->w.bucket;
	struct pi_waiter *o, *tmp;

	list_del(&p->link);
	new->pi_wait = NULL;
	list_for_each_entry_safe (o, tmp, &was->pi_waiters, link) {
		if (!futex_key_equal(&o->w.key, &p->w.key))
			continue;
		list_del(&o->link);
		o->owner = new;
		list_add_tail(&new->pi_waiters, &o->link);
	}
	inherit(new);
	spin_lock(&b->lock);
	futex_release_locked(&p->w);
	spin_unlock(&b->lock);
	inherit(was);
}

/* Take a word that nobody owns, keeping its flags. -EAGAIN: it changed. */
static err_t take_free(uaddr_t addr, uint32_t word, uint32_t tid)
{
	uint32_t old;
	err_t err = user_cmpxchg32(addr, word, (word & ~FUTEX_TID_MASK) | tid, &old);

	if (err)
		return err;
	return old == word ? 0 : -EAGAIN;
}

/* The owner of a word, with a reference on its thread: -ESRCH: none, or it is on its way out. */
static err_t find_owner(uint32_t tid, struct thread **out)
{
	struct thread *o = thread_find(tid);

	if (!o)
		return -ESRCH;
	if (!o->user || o->user->pi_gone) {
		thread_put(o);
		return -ESRCH;
	}
	*out = o;
	return 0;
}

/* One look at the word: 0: ours now; -EAGAIN: look again; -EBUSY: wait for *owner, a reference. */
static err_t try_word(struct thread *t, uaddr_t addr, bool wait, struct thread **owner)
{
	uint32_t word, old;
	err_t err = user_load32(addr, &word);

	if (err)
		return err;
	if (!(word & FUTEX_TID_MASK))
		return take_free(addr, word, t->tid);
	if ((word & FUTEX_TID_MASK) == t->tid)
		return -EDEADLK;
	err = find_owner(word & FUTEX_TID_MASK, owner);
	if (err)
		return err;
	if (wait && is_circle(t->user, (*owner)->user))
		err = -EDEADLK;
	else
		err = user_cmpxchg32(addr, word, word | FUTEX_WAITERS, &old);
	if (!err)
		err = old == word ? -EBUSY : -EAGAIN;
	if (err != -EBUSY)
		thread_put(*owner);
	return err;
}

static long sleep_for(struct pi_waiter *p, struct thread *t, uint64_t deadline_ns)
{
	err_t err = futex_sleep(&p->w, deadline_ns);

	if (!err)
		return 0;
	mutex_lock(&pi_mtx); /* against a hand-over that is under way */
	if (futex_dequeue(&p->w))
		wait_no_more(p, t->user);
	else
		err = 0;
	mutex_unlock(&pi_mtx);
	return err == -EINTR ? -ERESTARTNOINTR : err;
}

long futex_lock_pi(struct thread *t, uaddr_t addr, bool shared, uint64_t deadline_ns, bool try_only)
{
	struct pi_waiter p = { .addr = addr };
	struct thread *owner;
	struct vm_key key;
	err_t err = futex_key(addr, shared, &key);

	if (err)
		return err;
	mutex_lock(&pi_mtx);
	do {
		err = try_word(t, addr, !try_only, &owner);
	} while (err == -EAGAIN);
	if (err == -EBUSY) {
		if (!try_only) {
			futex_enqueue(&p.w, &key, 0); /* no bit: plain requeues pass it by */
			wait_for(&p, t->user, owner->user);
		}
		thread_put(owner);
	}
	mutex_unlock(&pi_mtx);
	if (err != -EBUSY)
		return err;
	return try_only ? -EAGAIN : sleep_for(&p, t, deadline_ns);
}

/* pi_mtx held: the word goes to the first waiter, or to nobody. `flags` stay. */
static err_t pass_on(uaddr_t addr, const struct vm_key *key, uint32_t word, uint32_t flags)
{
	struct pi_waiter *p = first_waiter(key);
	uint32_t new = flags, old;
	err_t err;

	if (p) /* with FUTEX_WAITERS always, as Linux: the next unlock comes here again and looks */
		new |= (p->w.thread->tid & FUTEX_TID_MASK) | FUTEX_WAITERS;
	err = user_cmpxchg32(addr, word, new, &old);
	if (err)
		return err;
	if (old != word)
		return -EAGAIN;
	if (p)
		hand_over(p);
	return 0;
}

long futex_unlock_pi(struct thread *t, uaddr_t addr, bool shared)
{
	struct vm_key key;
	uint32_t word;
	err_t err = futex_key(addr, shared, &key);

	if (err)
		return err;
	mutex_lock(&pi_mtx);
	do {
		err = user_load32(addr, &word);
		if (!err && (word & FUTEX_TID_MASK) != t->tid)
			err = -EPERM;
		if (!err)
			err = pass_on(addr, &key, word, 0);
	} while (err == -EAGAIN);
	mutex_unlock(&pi_mtx);
	return err;
}

/* The dead owner's lock goes on, marked; where the word cannot be written, the waiter gets it all the same. */
static void bequeath(struct pi_waiter *p)
{
	struct vm_key key = p->w.key;
	uint32_t word;
	err_t err;

	do {
		err = user_load32(p->addr, &word);
		if (!err)
			err = pass_on(p->addr, &key, word, FUTEX_OWNER_DIED);
	} while (err == -EAGAIN);
	if (err)
		hand_over(p);
}

void futex_pi_exit(struct thread *t, bool all)
{
	struct user_thread *u = t->user;
	struct pi_waiter *p;

	mutex_lock(&pi_mtx);
	u->pi_gone = true;
	while ((p = list_first(&u->pi_waiters, struct pi_waiter, link)) != NULL) {
		if (all)
			hand_over(p); /* the program ends: nobody looks at the word any more */
		else
			bequeath(p);
	}
	mutex_unlock(&pi_mtx);
}
