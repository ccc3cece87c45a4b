/* SPDX-License-Identifier: Apache-2.0 */
/* init/selftest.c: threads, locks, timers and calls under load; idleness; a panic on purpose. */
#include "init/selftest.h"
#include "init/selftest_int.h"
#include "arch/boot.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/klog.h"
#include "kern/mutex.h"
#include "kern/page.h"
#include "kern/panic.h"
#include "kern/rand.h"
#include "kern/thread.h"
#include "kern/timer.h"
#include "lib/assert.h"
#include "lib/mem.h"

#define MS 1000000ull

enum { WORKERS = 12, ROUNDS = 400 };

/* What the workers share. Each counter is guarded by the lock of its name. */
static struct {
	struct mutex mutex;
	struct rwlock rw;
	struct spinlock lock;
	struct waitq wq;
	uint64_t by_mutex, by_rw, by_rw_copy;
	_Atomic unsigned calls, running, ended;
} s;

static void nap(uint64_t ns)
{
	uint64_t end = clock_mono_ns() + ns;
	err_t err;

	spin_lock(&s.lock);
	do
		err = waitq_wait(&s.wq, end);
	while (err == 0); /* woken by somebody's wake: not our time yet */
	spin_unlock(&s.lock);
	ASSERT(err == -ETIMEDOUT);
	ASSERT(clock_mono_ns() >= end);
}

static void count_call(void *arg)
{
	(void)arg;
	ASSERT(!irq_enabled());
	atomic_fetch_add(&s.calls, 1);
}

static void one_round(void)
{
	switch (rand_u64() % 8) {
	case 0:
		nap(rand_u64() % (2 * MS));
		break;
	case 1:
		spin_lock(&s.lock);
		waitq_wake(&s.wq, 2);
		spin_unlock(&s.lock);
		break;
	case 2:
		sched_yield();
		break;
	case 3:
		read_lock(&s.rw);
		ASSERT(s.by_rw == s.by_rw_copy);
		if (rand_u64() % 4 == 0)
			sched_yield();
		ASSERT(s.by_rw == s.by_rw_copy);
		read_unlock(&s.rw);
		break;
	case 4:
		cpu_call(~0ull, count_call, NULL);
		break;
	default:
		break;
	}
	mutex_lock(&s.mutex);
	s.by_mutex++;
	if (rand_u64() % 16 == 0)
		sched_yield();
	mutex_unlock(&s.mutex);
	write_lock(&s.rw);
	s.by_rw++;
	if (rand_u64() % 16 == 0)
		sched_yield();
	s.by_rw_copy++;
	write_unlock(&s.rw);
}

static void worker(void *arg)
{
	(void)arg;
	atomic_fetch_add(&s.running, 1);
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round();
	atomic_fetch_add(&s.ended, 1);
}

static void start_worker(unsigned i)
{
	struct thread *t;

	if (thread_new("worker", worker, NULL, &t) != 0)
		panic("selftest: no memory for a thread");
	if (i % 3 == 0)
		ASSERT(thread_set_affinity(t, 1ull << (i / 3 % ncpus)) == 0);
	thread_start(t);
}

static void test_threads(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		start_worker(i);
	while (atomic_load(&s.ended) < WORKERS)
		nap(5 * MS);
	ASSERT(s.by_mutex == WORKERS * ROUNDS);
	ASSERT(s.by_rw == WORKERS * ROUNDS && s.by_rw_copy == s.by_rw);
	ASSERT(atomic_load(&s.calls) % ncpus == 0);
	klog_warn("selftest: %u rounds of %u threads on %u CPUs", ROUNDS, WORKERS, ncpus);
}

/* Two threads hand one token to and fro. */
static struct {
	struct spinlock lock;
	struct waitq wq;
	unsigned turn, done;
} ball;

static void player(void *arg)
{
	unsigned me = arg != NULL;

	for (unsigned i = 0; i < 2000; i++) {
		spin_lock(&ball.lock);
		while (ball.turn != me)
			ASSERT(waitq_wait(&ball.wq, WAIT_FOREVER) == 0);
		ball.turn = !me;
		waitq_wake(&ball.wq, 1);
		spin_unlock(&ball.lock);
	}
	spin_lock(&ball.lock);
	ball.done++;
	spin_unlock(&ball.lock);
}

static void test_pingpong(void)
{
	struct thread *a, *b;
	uint64_t start = clock_mono_ns();

	spin_init(&ball.lock, RANK_FILE);
	waitq_init(&ball.wq, &ball.lock);
	if (thread_new("ping", player, NULL, &a) || thread_new("pong", player, &ball, &b))
		panic("selftest: no memory for a thread");
	thread_start(a);
	thread_start(b);
	while (ball.done < 2)
		nap(MS);
	klog_warn("selftest: 4000 hand-overs in %lu us", (clock_mono_ns() - start) / 1000);
}

static void ring(struct timer *t)
{
	(void)t;
	atomic_fetch_add(&s.running, 1);
}

static void test_timers(void)
{
	static struct timer t[64];
	uint64_t now = clock_mono_ns();
	unsigned cancelled = 0;

	atomic_store(&s.running, 0);
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		timer_init(&t[i], ring);
		timer_set(&t[i], now + (i * 7 % 64) * MS / 4 + (i % 2 ? 20 * MS : 0));
	}
	for (unsigned i = 1; i < ARRAY_LEN(t); i += 2)
		cancelled += timer_cancel(&t[i]);
	nap(60 * MS);
	ASSERT(atomic_load(&s.running) + cancelled == ARRAY_LEN(t));
	ASSERT(cancelled == 32);
	ASSERT(!timer_cancel_sync(&t[0]));
	klog_warn("selftest: %u timers rang, %u cancelled", atomic_load(&s.running), cancelled);
}

/* Nobody has anything to do: no interrupt but the one that ends the test. */
static void test_idle(void)
{
	uint64_t before = irq_total();

	nap(10000 * MS);
	klog_warn("selftest: %lu interrupts in 10 s of idleness", irq_total() - before - 1);
}

/* What the machine is, and the end: without a disk the steps that follow would fail. */
static void test_boot(void)
{
	struct page_stats mem;

	page_stats(&mem);
	klog_warn("%u CPUs, %lu KB of memory, %lu KB used, entered by %s", ncpus,
		  mem.total_bytes >> 10, (mem.total_bytes - mem.free_bytes) >> 10,
		  boot_info.protocol);
}

static void test_panic(void)
{
	panic("on purpose");
}

static void test_fault(void)
{
	volatile uintptr_t null = 8;

	*(volatile int *)null = 1;
}

static void test_text(void)
{
	*(volatile char *)(uintptr_t)&test_fault = 0;
}

static void test_stack(void);
static void (*volatile deeper)(void) = test_stack; /* so that no compiler sees where it leads */

static void test_stack(void)
{
	volatile char frame[256];

	frame[0] = 1;
	deeper();
	frame[1] = frame[0];
}

static void test_rank(void)
{
	struct spinlock a, b;

	spin_init(&a, RANK_LOG);
	spin_init(&b, RANK_DEV);
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
}

static void test_sleep_locked(void)
{
	struct spinlock a;

	spin_init(&a, RANK_DEV);
	spin_lock(&a);
	sched_yield();
	spin_unlock(&a);
}

static struct spinlock shared = SPINLOCK_INIT(RANK_DEV);

static void take_in_irq(struct timer *t)
{
	(void)t;
	spin_lock(&shared);
	spin_unlock(&shared);
}

/* A lock that an interrupt takes, held with interrupts on: no deadlock today, but one day. */
static void test_irq_lock(void)
{
	static struct timer t;

	timer_init(&t, take_in_irq);
	timer_set(&t, 0);
	nap(10 * MS);
	spin_lock(&shared);
	spin_unlock(&shared);
}

static void on_a_thread(void *fn)
{
	((void (*)(void))fn)();
}

err_t selftest_run(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
		bool dies; /* on a thread of its own, whose stack has a guard page */
	} tests[] = {
		{ "boot", test_boot, false },	      { "threads", test_threads, false },
		{ "pingpong", test_pingpong, false }, { "timers", test_timers, false },
		{ "idle", test_idle, false },	      { "panic", test_panic, true },
		{ "fault", test_fault, true },	      { "text", test_text, true },
		{ "stack", test_stack, true },	      { "irqlock", test_irq_lock, true },
		{ "rank", test_rank, true },	      { "sleep", test_sleep_locked, true },
		{ "wx", selftest_wx, false },	      { "memory", selftest_memory, false },
		{ "copies", selftest_copies, false },
	};
	struct thread *t;

	mutex_init(&s.mutex);
	rwlock_init(&s.rw);
	spin_init(&s.lock, RANK_FILE);
	waitq_init(&s.wq, &s.lock);
	for (unsigned i = 0; i < ARRAY_LEN(tests); i++) {
		if (strcmp(name, tests[i].name) != 0)
			continue;
		if (!tests[i].dies) {
			tests[i].run();
			vm_exit(0);
		}
		if (thread_new(name, on_a_thread, (void *)(uintptr_t)tests[i].run, &t) != 0)
			return -ENOMEM;
		thread_start(t);
		nap(1000 * MS);
		panic("selftest %s: nothing happened", name);
	}
	return -EINVAL;
}
