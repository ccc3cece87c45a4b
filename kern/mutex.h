/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/mutex.h: sleeping locks, for what may wait for a device or touch user memory.
 * Context: threads only, no spinlock held.  Not recursive.  Waiting is deaf to signals: owners must not
 * hold one while they wait for the program's own doing.
 */
#pragma once

#include "kern/waitq.h"

struct thread;

struct lockable mutex {
	struct spinlock lock; /* rank RANK_WAITQ */
	struct waitq wq;
	struct thread *owner; /* [lock] */
};

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m) acquires(m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m) releases(m);
bool mutex_held(const struct mutex *m);

/*
 * Many readers or one writer; a waiting writer keeps new readers out.  The uncontended read lock is
 * one atomic operation.
 */
struct lockable rwlock {
	_Atomic int64_t state; /* -1: writer; n > 0: readers */
	struct spinlock lock;  /* rank RANK_WAITQ; the slow path */
	struct waitq wq;
	_Atomic unsigned writers_waiting; /* changed under [lock] */
};

void rwlock_init(struct rwlock *l);
void read_lock(struct rwlock *l) no_lock_analysis;
void read_unlock(struct rwlock *l) no_lock_analysis;
void write_lock(struct rwlock *l) acquires(l);
void write_unlock(struct rwlock *l) releases(l);
void write_downgrade(struct rwlock *l) no_lock_analysis; /* writer becomes a reader */
