/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/fdtable.c: descriptor numbers.  A slot holds NULL, a file, or RESERVED while a two-step open is
 * under way.  Readers go by the acquire/release pairs named at each access; writers hold `lock`.
 */
#include "vfs/fdtable.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/epoll.h"

#define RESERVED   ((struct file *)1)
#define FIRST_SIZE 64u
#define WORD_BITS  64u

struct fdtable {
	unsigned size;		  /* slots, a multiple of WORD_BITS */
	uint64_t *used, *cloexec; /* bit maps, [lock] */
	struct fdtable *old;	  /* smaller ones, for readers that still hold them */
	_Atomic(struct file *) slot[];
};

static struct mutex lock;
static _Atomic(struct fdtable *) table; /* [a] changed under lock */
static uint64_t limit = 1024;		/* [a] RLIMIT_NOFILE */
static unsigned first_free;		/* [lock] no free slot below it */
static unsigned nopen;			/* [lock] */

static struct fdtable *table_now(void)
{
	/* D: pairs with E in table_grow(): the new table's slots are there before it is. */
	return atomic_load_explicit(&table, memory_order_acquire);
}

static struct fdtable *table_new(unsigned size)
{
	size_t words = size / WORD_BITS;
	struct fdtable *t = kzalloc(sizeof(*t) + size * sizeof(t->slot[0]));

	if (!t)
		return NULL;
	t->size = size;
	t->used = kzalloc(2 * words * sizeof(uint64_t));
	if (!t->used) {
		kfree(t);
		return NULL;
	}
	t->cloexec = t->used + words;
	return t;
}

void fd_init(void)
{
	struct fdtable *t = table_new(FIRST_SIZE);

	ASSERT(t);
	mutex_init(&lock);
	epoll_init();
	table = t;
}

static err_t table_grow(unsigned need)
{
	struct fdtable *old = table_now(), *t;
	unsigned size = old->size;

	while (size <= need)
		size *= 2;
	t = table_new(size);
	if (!t)
		return -EMFILE;
	for (unsigned i = 0; i < old->size; i++)
		t->slot[i] = old->slot[i];
	memcpy(t->used, old->used, old->size / 8);
	memcpy(t->cloexec, old->cloexec, old->size / 8);
	t->old = old;
	/* E: pairs with D in table_now(). */
	atomic_store_explicit(&table, t, memory_order_release);
	return 0;
}

struct file *fd_get(int fd)
{
	struct file *f;
	uint32_t refs;

	for (;;) {
		struct fdtable *t = table_now();

		if ((unsigned)fd >= t->size)
			return NULL;
		f = t->slot[fd];
		if (!f || f == RESERVED)
			return NULL;
		refs = f->refs;
		if (refs == 0)
			continue; /* being closed: the slot changes, or has */
		/* B: pairs with A in file_new(). */
		if (!atomic_compare_exchange_weak_explicit(&f->refs, &refs, refs + 1,
							   memory_order_acquire,
							   memory_order_relaxed)) /* pairs: A */
			continue;
		if (likely(table_now()->slot[fd] == f))
			return f;
		file_put(f); /* it was closed and perhaps reopened as something else */
	}
}

static bool bit_test(const uint64_t *map, unsigned n)
{
	return map[n / WORD_BITS] >> (n % WORD_BITS) & 1;
}

static void bit_put(uint64_t *map, unsigned n, bool on)
{
	uint64_t bit = 1ull << (n % WORD_BITS);

	map[n / WORD_BITS] = on ? map[n / WORD_BITS] | bit : map[n / WORD_BITS] & ~bit;
}

/* The lowest free number >= min, which may be just past the end of the table. */
static unsigned lowest_free(const struct fdtable *t, unsigned min)
{
	unsigned n = MAX(min, first_free);

	while (n < t->size) {
		uint64_t free = ~t->used[n / WORD_BITS] >> (n % WORD_BITS);

		if (free)
			return n + (unsigned)__builtin_ctzll(free);
		n = ALIGN_DOWN(n, WORD_BITS) + WORD_BITS;
	}
	return n;
}

static long reserve_locked(int min, bool cloexec)
{
	unsigned n = lowest_free(table_now(), (unsigned)min);
	struct fdtable *t;

	if (n >= limit)
		return -EMFILE;
	if (n >= table_now()->size && table_grow(n) < 0)
		return -EMFILE;
	t = table_now();
	bit_put(t->used, n, true);
	bit_put(t->cloexec, n, cloexec);
	t->slot[n] = RESERVED;
	if ((unsigned)min <= first_free)
		first_free = n + 1;
	nopen++;
	return n;
}

static void free_locked(unsigned n)
{
	struct fdtable *t = table_now();

	t->slot[n] = NULL;
	bit_put(t->used, n, false);
	bit_put(t->cloexec, n, false);
	first_free = MIN(first_free, n);
	nopen--;
}

long fd_reserve(int min, bool cloexec)
{
	long n;

	if (min < 0 || (uint64_t)min >= limit)
		return min < 0 ? -EINVAL : -EMFILE;
	mutex_lock(&lock);
	n = reserve_locked(min, cloexec);
	mutex_unlock(&lock);
	return n;
}

void fd_commit(int fd, struct file *f)
{
	/* Under the lock: the table may grow meanwhile, and a store into the old one would be lost. */
	mutex_lock(&lock);
	table_now()->slot[fd] = f;
	mutex_unlock(&lock);
}

void fd_abort(int fd)
{
	mutex_lock(&lock);
	free_locked((unsigned)fd);
	mutex_unlock(&lock);
}

long fd_install(struct file *f, int min, bool cloexec)
{
	long n;

	mutex_lock(&lock);
	n = reserve_locked(min, cloexec);
	if (n >= 0)
		table_now()->slot[n] = f;
	mutex_unlock(&lock);
	return n;
}

static void file_close(struct file *f)
{
	if (f->ops->close)
		f->ops->close(f);
	file_put(f);
}

/* The file that was there leaves the table; NULL: none. */
static struct file *take_locked(unsigned fd)
{
	struct fdtable *t = table_now();
	struct file *f = fd < t->size ? t->slot[fd] : NULL;

	if (!f || f == RESERVED)
		return NULL;
	free_locked(fd);
	return f;
}

err_t fd_close(int fd)
{
	struct file *f;

	mutex_lock(&lock);
	f = take_locked((unsigned)fd);
	mutex_unlock(&lock);
	if (!f)
		return -EBADF;
	file_close(f);
	return 0;
}

long fd_replace(struct file *f, int newfd, bool cloexec)
{
	struct file *was;
	struct fdtable *t;

	if (newfd < 0 || (uint64_t)newfd >= limit)
		return -EBADF;
	mutex_lock(&lock);
	if ((unsigned)newfd >= table_now()->size && table_grow((unsigned)newfd) < 0) {
		mutex_unlock(&lock);
		return -EMFILE;
	}
	t = table_now();
	was = t->slot[newfd];
	if (was == RESERVED) {
		mutex_unlock(&lock);
		return -EBUSY;
	}
	if (!was)
		nopen++;
	t->slot[newfd] = f;
	bit_put(t->used, (unsigned)newfd, true);
	bit_put(t->cloexec, (unsigned)newfd, cloexec);
	mutex_unlock(&lock);
	if (was)
		file_close(was);
	return newfd;
}

err_t fd_close_range(unsigned first, unsigned last, bool only_cloexec_flag)
{
	for (unsigned n = first; n <= last && n < table_now()->size; n++) {
		if (only_cloexec_flag)
			(void)!fd_set_cloexec((int)n, true);
		else
			(void)!fd_close((int)n);
	}
	return 0;
}

void fd_close_all(void)
{
	(void)!fd_close_range(0, UINT32_MAX - 1, false);
}

bool fd_cloexec(int fd)
{
	struct fdtable *t = table_now();

	return (unsigned)fd < t->size && bit_test(t->cloexec, (unsigned)fd);
}

err_t fd_set_cloexec(int fd, bool on)
{
	struct fdtable *t;
	err_t err = -EBADF;

	mutex_lock(&lock);
	t = table_now();
	if ((unsigned)fd < t->size && t->slot[fd] && t->slot[fd] != RESERVED) {
		bit_put(t->cloexec, (unsigned)fd, on);
		err = 0;
	}
	mutex_unlock(&lock);
	return err;
}

void fd_set_limit(uint64_t nofile)
{
	limit = nofile;
}

int fd_next(int fd)
{
	struct fdtable *t = table_now();

	for (unsigned n = (unsigned)MAX(fd, 0); n < t->size; n++)
		if (t->slot[n] && t->slot[n] != RESERVED)
			return (int)n;
	return -1;
}

unsigned fd_count(void)
{
	return nopen;
}
