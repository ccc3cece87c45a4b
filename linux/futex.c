/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex.c: futex(2): wait, wake, requeue, and the robust list.
 *
 * User memory may not be touched under a spinlock, so a waiter is queued first and looks at the word then: a
 * wake that follows a change of the word finds it queued.  If the word has changed it takes itself off
 * again; had it been woken already, the wake counts and the call returns 0, as Linux does.
 */
#include "linux/futex.h"

#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/trace.h"
#include "linux/futex_int.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"

enum { BUCKETS = 256, ROBUST_MAX = 2048 };

static struct futex_bucket buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
	futex_pi_init();
}

bool futex_key_equal(const struct vm_key *a, const struct vm_key *b)
{
	return a->offset == b->offset && a->object == b->object;
}

err_t futex_key(uaddr_t addr, bool shared, struct vm_key *key)
{
	if (addr & 3)
		return -EINVAL;
	if (!user_range_ok(addr, 4))
		return -EFAULT;
	if (shared)
		return vm_key(addr, true, key);
	*key = (struct vm_key){ .object = NULL, .offset = addr };
	return 0;
}

struct futex_bucket *futex_bucket_of(const struct vm_key *key)
{
	uint64_t h = (key->offset >> 2 ^ (uintptr_t)key->object) * 0x9e3779b97f4a7c15ull;

	return &buckets[h >> 56];
}

/* Bucket locked: after all of its thread's priority or a higher one. */
static void insert(struct futex_bucket *b, struct futex_waiter *w)
{
	struct list *at = &b->waiters;
	struct futex_waiter *o;

	if (unlikely(w->thread->prio))
		list_for_each_entry (o, &b->waiters, link)
			if (o->thread->prio < w->thread->prio) {
				at = &o->link;
				break;
			}
	list_add_tail(at, &w->link); /* that is, before `at` */
}

void futex_enqueue_on(struct futex_waiter *w, const struct vm_key *key, uint32_t bitset,
		      struct futex_waiter *on)
{
	struct futex_bucket *b = futex_bucket_of(key);

	w->key = *key;
	w->bitset = bitset;
	w->thread = thread_self();
	w->on = on;
	w->woken = false;
	if (w == on) {
		w->fired = false;
		spin_init(&w->lock, RANK_WAITQ);
		waitq_init(&w->wq, &w->lock);
	}
	spin_lock(&b->lock);
	w->bucket = b;
	b->joins++;
	insert(b, w);
	spin_unlock(&b->lock);
}

void futex_enqueue(struct futex_waiter *w, const struct vm_key *key, uint32_t bitset)
{
	futex_enqueue_on(w, key, bitset, w);
}

void futex_requeue_prio(struct futex_waiter *w)
{
	struct futex_bucket *b = w->bucket;

	if (!b)
		return;
	spin_lock(&b->lock);
	if (w->bucket == b) {
		list_del(&w->link);
		insert(b, w);
	}
	spin_unlock(&b->lock);
}

bool futex_dequeue(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while ((b = w->bucket) != NULL) {
		spin_lock(&b->lock);
		if (w->bucket == b) {
			list_del(&w->link);
			w->bucket = NULL;
			spin_unlock(&b->lock);
			return true;
		}
		spin_unlock(&b->lock); /* requeued meanwhile */
	}
	/* The waker may still be between taking us out and letting us run: our stack is its. */
	spin_lock(&w->on->lock);
	while (!w->woken) {
		spin_unlock(&w->on->lock);
		cpu_relax();
		spin_lock(&w->on->lock);
	}
	spin_unlock(&w->on->lock);
	return false;
}

err_t futex_sleep(struct futex_waiter *w, uint64_t deadline_ns)
{
	err_t err = 0;

	spin_lock(&w->lock);
	while (!w->fired && !err)
		err = waitq_wait(&w->wq, deadline_ns);
	spin_unlock(&w->lock);
	return err;
}

void futex_release_locked(struct futex_waiter *w)
{
	struct futex_waiter *on = w->on;

	list_del(&w->link);
	w->bucket = NULL;
	spin_lock(&on->lock);
	w->woken = true;
	on->fired = true;
	waitq_wake(&on->wq, 1);
	spin_unlock(&on->lock);
}

static long wake_key(const struct vm_key *key, unsigned max, uint32_t bitset)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_waiter *w, *tmp;
	long n = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe (w, tmp, &b->waiters, link) {
		if (n >= (long)max)
			break;
		if (!futex_key_equal(&w->key, key))
			continue;
		if (unlikely(!w->bitset)) { /* it waits for a lock, not for a wake */
			n = -EINVAL;
			break;
		}
		if (w->bitset & bitset) {
			futex_release_locked(w);
			n++;
		}
	}
	spin_unlock(&b->lock);
	return n;
}

static long futex_wake(uaddr_t addr, bool shared, unsigned max, uint32_t bitset)
{
	struct vm_key key;
	err_t err;

	if (!bitset)
		return -EINVAL;
	err = futex_key(addr, shared, &key);
	if (err)
		return err;
	return wake_key(&key, max, bitset);
}

/* The words a restarted wait needs. */
enum { RW_ADDR, RW_VAL, RW_SHARED, RW_DEADLINE, RW_BITSET };

static long wait_again(struct thread *t, const uint64_t *words);

static long futex_wait(uaddr_t addr, bool shared, uint32_t val, uint64_t deadline_ns,
		       uint32_t bitset)
{
	const uint64_t words[RESTART_WORDS] = {
		[RW_ADDR] = addr,     [RW_VAL] = val,
		[RW_SHARED] = shared, [RW_DEADLINE] = deadline_ns,
		[RW_BITSET] = bitset,
	};
	struct futex_waiter w;
	struct vm_key key;
	uint32_t now;
	err_t err;

	if (!bitset)
		return -EINVAL;
	err = futex_key(addr, shared, &key);
	if (err)
		return err;
	futex_enqueue(&w, &key, bitset);
	err = user_load32(addr, &now);
	if (!err && now != val)
		err = -EAGAIN;
	if (!err)
		err = futex_sleep(&w, deadline_ns);
	if (!err || !futex_dequeue(&w))
		return 0;
	if (err != -EINTR)
		return err;
	return deadline_ns == WAIT_FOREVER ? -ERESTARTSYS : restart_set(wait_again, words);
}

static long wait_again(struct thread *t, const uint64_t *words)
{
	(void)t;
	return futex_wait(words[RW_ADDR], words[RW_SHARED], (uint32_t)words[RW_VAL],
			  words[RW_DEADLINE], (uint32_t)words[RW_BITSET]);
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b) no_lock_analysis
{
	if (a == b) {
		spin_lock(&a->lock);
	} else {
		spin_lock(a < b ? &a->lock : &b->lock);
		spin_lock(a < b ? &b->lock : &a->lock);
	}
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b) no_lock_analysis
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static long requeue_locked(const struct vm_key *from, const struct vm_key *to, unsigned nwake,
			   unsigned nmove)
{
	struct futex_bucket *b = futex_bucket_of(from), *dst = futex_bucket_of(to);
	struct futex_waiter *w, *tmp;
	unsigned woken = 0, moved = 0;

	list_for_each_entry_safe (w, tmp, &b->waiters, link) {
		if (!futex_key_equal(&w->key, from) || !w->bitset)
			continue;
		if (woken < nwake) {
			futex_release_locked(w);
			woken++;
		} else if (moved < nmove) {
			w->key = *to;
			if (dst != b) {
				list_del(&w->link);
				w->bucket = dst;
				insert(dst, w);
			}
			dst->joins++;
			moved++;
		} else {
			break;
		}
	}
	return (long)woken + moved;
}

/* What must hold of the word when waiters move; `val` NULL: nothing. */
static long requeue(const struct vm_key *from, const struct vm_key *to, int nwake, int nmove,
		    uaddr_t addr, const uint32_t *val)
{
	struct futex_bucket *a = futex_bucket_of(from), *b = futex_bucket_of(to);
	uint32_t joins, now;
	err_t err;
	long n;

	for (;;) {
		spin_lock(&a->lock);
		joins = a->joins;
		spin_unlock(&a->lock);
		err = val ? user_load32(addr, &now) : 0;
		if (err)
			return err;
		if (val && now != *val)
			return -EAGAIN;
		lock_two(a, b);
		/* Nobody has come since the word was read, so all who wait came before. */
		if (!val || a->joins == joins)
			break;
		unlock_two(a, b);
	}
	n = requeue_locked(from, to, (unsigned)nwake, (unsigned)nmove);
	unlock_two(a, b);
	return n;
}

static long futex_requeue(const struct sysargs *a, bool shared, bool compare)
{
	int nwake = (int)a->v[2], nmove = (int)a->v[3];
	uint32_t val = (uint32_t)a->v[5];
	struct vm_key from, to;
	err_t err;

	if (nwake < 0 || nmove < 0)
		return -EINVAL;
	err = futex_key(a->v[0], shared, &from);
	if (!err)
		err = futex_key(a->v[4], shared, &to);
	if (err)
		return err;
	return requeue(&from, &to, nwake, nmove, a->v[0], compare ? &val : NULL);
}

/* futex(2), FUTEX_WAKE_OP: the operation in `code` on the word; -ENOSYS: no such operation. */
static err_t op_apply(uint32_t code, uint32_t old, uint32_t *new)
{
	uint32_t arg = (uint32_t)((int32_t)(code << 8) >> 20);

	if (code >> 31)
		arg = 1u << (arg & 31);
	switch (code >> 28 & 7) {
	case 0:
		*new = arg;
		return 0;
	case 1:
		*new = old + arg;
		return 0;
	case 2:
		*new = old | arg;
		return 0;
	case 3:
		*new = old & ~arg;
		return 0;
	case 4:
		*new = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* 1 or 0; -ENOSYS: no such comparison. */
static int op_compare(uint32_t code, uint32_t old_word)
{
	int32_t old = (int32_t)old_word, arg = (int32_t)(code << 20) >> 20;

	switch (code >> 24 & 15) {
	case 0:
		return old == arg;
	case 1:
		return old != arg;
	case 2:
		return old < arg;
	case 3:
		return old <= arg;
	case 4:
		return old > arg;
	case 5:
		return old >= arg;
	default:
		return -ENOSYS;
	}
}

static err_t op_on_word(uaddr_t addr, uint32_t code, uint32_t *old)
{
	uint32_t seen, new;
	err_t err = user_load32(addr, &seen);

	while (!err) {
		err = op_apply(code, seen, &new);
		if (!err)
			err = user_cmpxchg32(addr, seen, new, old);
		if (!err && *old == seen)
			return 0;
		seen = *old;
	}
	return err;
}

static long futex_wake_op(const struct sysargs *a, bool shared)
{
	uint32_t code = (uint32_t)a->v[5], old = 0;
	struct vm_key key, key2;
	int cmp;
	long n;
	err_t err = futex_key(a->v[0], shared, &key);

	if (!err)
		err = futex_key(a->v[4], shared, &key2);
	if (!err)
		err = op_on_word(a->v[4], code, &old);
	if (err)
		return err;
	cmp = op_compare(code, old);
	if (cmp < 0)
		return cmp;
	n = wake_key(&key, (unsigned)MAX((int)a->v[2], 1), FUTEX_BITSET_ANY);
	if (cmp && n >= 0)
		n += wake_key(&key2, (unsigned)MAX((int)a->v[3], 1), FUTEX_BITSET_ANY);
	return n;
}

/* The deadline of commands that have one, in monotonic time. */
static err_t deadline_arg(int cmd, uint32_t op, uaddr_t ts, uint64_t *deadline_ns)
{
	bool real = (op & FUTEX_CLOCK_REALTIME) || cmd == FUTEX_LOCK_PI;
	uint64_t ns, off;
	err_t err;

	*deadline_ns = WAIT_FOREVER;
	if (!ts)
		return 0;
	err = timespec_read(ts, &ns);
	if (err)
		return err;
	off = real ? clock_real_offset_ns() : 0;
	if (cmd == FUTEX_WAIT)
		*deadline_ns = timespec_add_sat(clock_mono_ns(), ns);
	else
		*deadline_ns = ns > off ? ns - off : 0;
	return 0;
}

static bool has_deadline(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI ||
	       cmd == FUTEX_LOCK_PI2;
}

static bool clock_flag_ok(int cmd)
{
	return cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI2;
}

long sys_futex(struct thread *t, const struct sysargs *a)
{
	uint32_t op = (uint32_t)a->v[1];
	int cmd = (int)(op & FUTEX_CMD_MASK);
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	uint64_t deadline = WAIT_FOREVER;
	err_t err = 0;

	TRACE(TRACE_FUTEX, "futex", a->v[0], op, a->v[2]);
	if (has_deadline(cmd))
		err = deadline_arg(cmd, op, a->v[3], &deadline);
	if (err)
		return err;
	if ((op & FUTEX_CLOCK_REALTIME) && !clock_flag_ok(cmd))
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return futex_wait(a->v[0], shared, (uint32_t)a->v[2], deadline, FUTEX_BITSET_ANY);
	case FUTEX_WAIT_BITSET:
		return futex_wait(a->v[0], shared, (uint32_t)a->v[2], deadline, (uint32_t)a->v[5]);
	case FUTEX_WAKE:
		return futex_wake(a->v[0], shared, (unsigned)MAX((int)a->v[2], 1),
				  FUTEX_BITSET_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(a->v[0], shared, (unsigned)MAX((int)a->v[2], 1),
				  (uint32_t)a->v[5]);
	case FUTEX_REQUEUE:
		return futex_requeue(a, shared, false);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(a, shared, true);
	case FUTEX_WAKE_OP:
		return futex_wake_op(a, shared);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(t, a->v[0], shared, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(t, a->v[0], shared, WAIT_FOREVER, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(t, a->v[0], shared);
	default:
		return -ENOSYS;
	}
}

void futex_wake_addr(uaddr_t addr, unsigned n)
{
	struct vm_key key;

	if (futex_key(addr, false, &key) == 0)
		wake_key(&key, n, FUTEX_BITSET_ANY);
	if (futex_key(addr, true, &key) == 0 && key.object)
		wake_key(&key, n, FUTEX_BITSET_ANY);
}

/*
 * The word of one robust mutex of a thread that ends (set_robust_list(2), "owner died").  A thread that ended between
 * freeing the word and waking the next (`pending`) leaves a 0 behind; futex_pi_exit() hands over the words of `pi`.
 */
static void robust_word(struct thread *t, uaddr_t addr, bool pi, bool pending)
{
	uint32_t word, old;

	if ((addr & 3) || user_load32(addr, &word) < 0)
		return;
	if (pending && !pi && !word)
		futex_wake_addr(addr, 1);
	while ((word & FUTEX_TID_MASK) == t->tid) {
		if (user_cmpxchg32(addr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &old) < 0)
			return;
		if (old == word) {
			if (!pi && (word & FUTEX_WAITERS))
				futex_wake_addr(addr, 1);
			return;
		}
		word = old;
	}
}

/* An entry's address; bit 0 says that it is a priority-inheritance mutex. */
static bool robust_next(uaddr_t at, uint64_t *entry)
{
	return user_read(entry, at, sizeof(*entry)) == 0;
}

void futex_exit_robust(struct thread *t, uaddr_t head)
{
	uint64_t entry, next, pending;
	int64_t off;

	if (!head || !robust_next(head, &entry) || user_read(&off, head + 8, sizeof(off)) < 0 ||
	    !robust_next(head + 16, &pending))
		return;
	/* The list is the program's: it may be a loop. */
	for (unsigned n = 0; n < ROBUST_MAX && (entry & ~1ull) != head; n++) {
		bool more = robust_next(entry & ~1ull, &next);

		if ((entry & ~1ull) != (pending & ~1ull))
			robust_word(t, (entry & ~1ull) + (uint64_t)off, entry & 1, false);
		if (!more)
			return;
		entry = next;
	}
	if (pending & ~1ull)
		robust_word(t, (pending & ~1ull) + (uint64_t)off, pending & 1, true);
}
