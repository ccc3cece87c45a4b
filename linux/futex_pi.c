/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex_pi.c: futexes that hold their owner's thread id (FUTEX_LOCK_PI and friends).  The word is handed
 * from owner to the longest waiter by the kernel.  There is one scheduling class here, so nothing is
 * boosted; what programs rely on (the protocol of the word, its errors, the hand-over) is whole.
 *
 * pi_mtx serialises all slow paths: the word and the queue change together, and the word is user memory, which
 * no spinlock may be held over.  Uncontended locks never come here.
 */
#include "kern/mutex.h"
#include "linux/futex_int.h"
#include "linux/process.h"

static struct mutex pi_mtx;

void futex_pi_init(void)
{
	mutex_init(&pi_mtx);
}

static struct futex_waiter *first_waiter(const struct vm_key *key, bool *more)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_waiter *w, *first = NULL;

	*more = false;
	spin_lock(&b->lock);
	list_for_each_entry (w, &b->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (first) {
			*more = true;
			break;
		}
		first = w;
	}
	spin_unlock(&b->lock);
	return first;
}

static void hand_over(struct futex_waiter *w)
{
	struct futex_bucket *b = w->bucket;

	spin_lock(&b->lock);
	futex_release_locked(w);
	spin_unlock(&b->lock);
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

/* One look at the word: 0: ours now; -EAGAIN: look again; -EBUSY: wait for it. */
static err_t try_word(struct thread *t, uaddr_t addr, uint32_t *word)
{
	uint32_t owner, old;
	struct thread *o;
	err_t err = user_load32(addr, word);

	if (err)
		return err;
	owner = *word & FUTEX_TID_MASK;
	if (!owner)
		return take_free(addr, *word, t->tid);
	if (owner == t->tid)
		return -EDEADLK;
	o = thread_find(owner);
	if (!o)
		return -ESRCH;
	thread_put(o);
	if (*word & FUTEX_WAITERS)
		return -EBUSY;
	err = user_cmpxchg32(addr, *word, *word | FUTEX_WAITERS, &old);
	if (err)
		return err;
	return old == *word ? -EBUSY : -EAGAIN;
}

long futex_lock_pi(struct thread *t, uaddr_t addr, bool shared, uint64_t deadline_ns, bool try_only)
{
	struct futex_waiter w;
	struct vm_key key;
	uint32_t word;
	err_t err = futex_key(addr, shared, &key);

	if (err)
		return err;
	mutex_lock(&pi_mtx);
	do {
		err = try_word(t, addr, &word);
	} while (err == -EAGAIN);
	if (err == -EBUSY && !try_only)
		futex_enqueue(&w, &key, 0); /* no bit: plain wakes and requeues pass it by */
	mutex_unlock(&pi_mtx);
	if (err != -EBUSY)
		return err;
	if (try_only)
		return -EAGAIN;
	err = futex_sleep(&w, deadline_ns);
	if (!err)
		return 0;
	mutex_lock(&pi_mtx); /* against a hand-over that is under way */
	if (!futex_dequeue(&w))
		err = 0;
	mutex_unlock(&pi_mtx);
	return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* pi_mtx held: the word goes to the longest waiter, or to nobody. `flags` stay. */
static err_t pass_on(uaddr_t addr, const struct vm_key *key, uint32_t word, uint32_t flags)
{
	bool more;
	struct futex_waiter *w = first_waiter(key, &more);
	uint32_t new = flags, old;
	err_t err;

	if (w)
		new |= (w->thread->tid & FUTEX_TID_MASK) | (more ? FUTEX_WAITERS : 0);
	err = user_cmpxchg32(addr, word, new, &old);
	if (err)
		return err;
	if (old != word)
		return -EAGAIN;
	if (w)
		hand_over(w);
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

void futex_pi_owner_died(uaddr_t addr)
{
	struct vm_key key;
	uint32_t word;
	bool more;
	err_t err;

	for (int shared = 0; shared < 2; shared++) {
		if (futex_key(addr, shared, &key) < 0)
			continue;
		mutex_lock(&pi_mtx);
		do {
			err = user_load32(addr, &word);
			if (!err && first_waiter(&key, &more) && !(word & FUTEX_TID_MASK))
				err = pass_on(addr, &key, word, FUTEX_OWNER_DIED);
		} while (err == -EAGAIN);
		mutex_unlock(&pi_mtx);
	}
}
