/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/thread.c: threads as objects: made, found, counted, thrown away.  A thread holds a reference on
 * itself until it is off its stack for good.  Stacks have a guard page and are kept for the next thread.
 */
#include "kern/thread.h"
#include "arch/boot.h"
#include "arch/regs.h"
#include "kern/clock.h"
#include "kern/init.h"
#include "kern/sched_int.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"

_Static_assert(offsetof(struct thread, flags) == THREAD_FLAGS_AT, "entry.S reads it there");
_Static_assert(THREAD_TRACE == THREAD_FLAG_IGNORED, "entry.S tests the others");

enum {
	TID_MAX = 1 << 22, /* Linux's limit; kernel threads are numbered from there on */
	STACKS_KEPT = 16,
};

/* [l] lock */
static struct {
	struct spinlock lock;
	struct list threads;	   /* [l] live ones */
	struct rb_root by_tid;	   /* [l] */
	uint32_t next_tid;	   /* [l] */
	uint32_t next_kernel_tid;  /* [l] */
	uint64_t ended_ns;	   /* [l] CPU time of user threads that are gone */
	uint64_t ended_sys_ns;	   /* [l] of it in the kernel */
	_Atomic uint64_t user_ns;  /* [a] the most that thread_times_user() has told */
	unsigned nuser;		   /* [l] */
	void *stacks[STACKS_KEPT]; /* [l] */
	unsigned nstacks;	   /* [l] */
} all = { .lock = SPINLOCK_INIT(RANK_THREADS),
	  .threads = LIST_INIT(all.threads),
	  .next_tid = 1,
	  .next_kernel_tid = TID_MAX };

static struct slab_cache *thread_cache, *fpu_cache;

static struct thread *by_tid(struct rb_node *n)
{
	return rb_entry(n, struct thread, tid_node);
}

/* The thread numbered tid, or NULL; where it would hang goes to *parent and *side. */
static struct thread *look_up(uint32_t tid, struct rb_node **parent, unsigned *side)
{
	struct rb_node *n = all.by_tid.node;

	*parent = NULL;
	*side = 0;
	while (n && by_tid(n)->tid != tid) {
		*parent = n;
		*side = tid > by_tid(n)->tid;
		n = n->child[*side];
	}
	return n ? by_tid(n) : NULL;
}

/* Numbers are not used again before all have been. */
static void number(struct thread *t)
{
	struct rb_node *parent;
	unsigned side;

	do {
		if (t->is_user) {
			t->tid = all.next_tid++;
			if (all.next_tid == TID_MAX)
				all.next_tid = 2;
		} else {
			t->tid = all.next_kernel_tid++;
			if (!all.next_kernel_tid)
				all.next_kernel_tid = TID_MAX;
		}
	} while (look_up(t->tid, &parent, &side));
	rb_insert_at(&all.by_tid, &t->tid_node, parent, side);
}

static void enlist(struct thread *t)
{
	bool on = spin_lock_irq(&all.lock);

	number(t);
	list_add_tail(&all.threads, &t->all_link);
	all.nuser += t->is_user;
	spin_unlock_irq(&all.lock, on);
}

/* A running thread's last stretch is not in cpu_ns yet. Read without a lock: off by that at most. */
static uint64_t cpu_time(const struct thread *t)
{
	return t->cpu_ns + (t->state == THREAD_RUNNING ? clock_mono_ns() - t->last_ns : 0);
}

static void count_ended(const struct thread *t)
{
	all.ended_ns += cpu_time(t);
	all.ended_sys_ns += t->sys_ns;
}

static void delist(struct thread *t)
{
	bool on = spin_lock_irq(&all.lock);

	rb_remove(&all.by_tid, &t->tid_node);
	list_del(&t->all_link);
	all.nuser -= t->is_user;
	if (t->is_user)
		count_ended(t);
	spin_unlock_irq(&all.lock, on);
}

static void *stack_new(void)
{
	bool on = spin_lock_irq(&all.lock);
	void *stack = all.nstacks ? all.stacks[--all.nstacks] : NULL;

	spin_unlock_irq(&all.lock, on);
	return stack ? stack : vmap_alloc(KSTACK_BYTES);
}

static void stack_free(void *stack)
{
	bool on = spin_lock_irq(&all.lock), kept = all.nstacks < STACKS_KEPT;

	if (kept)
		all.stacks[all.nstacks++] = stack;
	spin_unlock_irq(&all.lock, on);
	if (!kept)
		vmap_free(stack, KSTACK_BYTES);
}

static void name_thread(struct thread *t, const char *name)
{
	size_t n = strnlen(name, sizeof(t->name) - 1);

	memcpy(t->name, name, n);
	t->name[n] = 0;
}

static void init_thread(struct thread *t, const char *name)
{
	name_thread(t, name);
	t->refs = 1;
	t->affinity = ~0ull;
	t->fpu_cpu = UINT32_MAX;
	t->sample_in = t->sample_every = 1;
	t->last_ns = clock_mono_ns();
	list_init(&t->rq_link);
	list_init(&t->all_link);
}

/* With a stack, not yet numbered; it will start in fn(arg). */
static err_t make(const char *name, void (*fn)(void *), void *arg, struct thread **out)
{
	struct thread *t = slab_zalloc(thread_cache);

	if (!t)
		return -ENOMEM;
	init_thread(t, name);
	t->kstack = stack_new();
	if (!t->kstack) {
		slab_free(thread_cache, t);
		return -ENOMEM;
	}
	t->fn = fn;
	t->arg = arg;
	ctx_init(&t->ctx, (char *)t->kstack + KSTACK_BYTES - sizeof(struct pt_regs),
		 sched_thread_start, t);
	*out = t;
	return 0;
}

struct pt_regs *thread_regs(const struct thread *t)
{
	return (void *)((char *)t->kstack + KSTACK_BYTES - sizeof(struct pt_regs));
}

err_t thread_new(const char *name, void (*fn)(void *), void *arg, struct thread **out)
{
	err_t err = make(name, fn, arg, out);

	if (!err)
		enlist(*out);
	return err;
}

static void enter_user(void *arg)
{
	arch_enter_user(thread_regs(arg));
}

err_t thread_new_user(const char *name, const struct pt_regs *regs, uint64_t tls,
		      struct thread **out)
{
	void *fpu = slab_alloc(fpu_cache);
	struct thread *t;
	err_t err;

	if (!fpu)
		return -ENOMEM;
	err = make(name, enter_user, NULL, &t);
	if (err) {
		slab_free(fpu_cache, fpu);
		return err;
	}
	fpu_init_area(fpu);
	t->arg = t;
	t->fpu = fpu;
	t->tls = tls;
	t->is_user = true;
	*thread_regs(t) = *regs;
	enlist(t);
	*out = t;
	return 0;
}

void thread_start(struct thread *t)
{
	sched_add(t);
}

void thread_exit(void)
{
	assert_may_sleep();
	delist(thread_self());
	sched_exit();
}

/* What only a thread that may run needs. */
static void free_parts(struct thread *t)
{
	if (t->kstack != arch_boot_stack()) /* that one is part of the image, and stays */
		stack_free(t->kstack);
	t->kstack = NULL;
	if (t->fpu)
		slab_free(fpu_cache, t->fpu);
	t->fpu = NULL;
}

/* Interrupts off, on another thread's stack. */
void thread_reap(struct thread *t)
{
	free_parts(t);
	thread_put(t);
}

void thread_get(struct thread *t)
{
	/* Relaxed: the caller has a reference already. */
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

void thread_put(struct thread *t)
{
	/* Both ways: the last one sees what all others did. Pairs with itself. */
	if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (t->state ==
	    THREAD_NEW) { /* never started: thread_exit() did not take it off the list */
		delist(t);
		free_parts(t);
	}
	kfree(t->user);
	slab_free(thread_cache, t);
}

struct thread *thread_find(uint32_t tid)
{
	bool on = spin_lock_irq(&all.lock);
	struct rb_node *parent;
	unsigned side;
	struct thread *t = look_up(tid, &parent, &side);

	if (t)
		thread_get(t);
	spin_unlock_irq(&all.lock, on);
	return t;
}

void thread_for_each(bool (*fn)(struct thread *t, void *arg), void *arg)
{
	bool on = spin_lock_irq(&all.lock);
	struct thread *t;

	list_for_each_entry (t, &all.threads, all_link)
		if (!fn(t, arg))
			break;
	spin_unlock_irq(&all.lock, on);
}

unsigned thread_count_user(void)
{
	return all.nuser;
}

err_t thread_set_affinity(struct thread *t, cpumask_t mask)
{
	cpumask_t online = ncpus < CPUS_MAX ? (1ull << ncpus) - 1 : ~0ull;

	if (!(mask & online))
		return -EINVAL;
	t->affinity = mask & online;
	/* Where it may not run any more, the next way to user mode takes it away. */
	if (!(mask >> atomic_load(&t->cpu) & 1))
		thread_notify(t, THREAD_RESCHED);
	return 0;
}

/*
 * The user part of `total`: an estimate of the system part may jump, but neither part that was told goes back. While
 * `told` stands still, the other part takes all that comes.
 */
static uint64_t user_part(uint64_t total, uint64_t sys, _Atomic uint64_t *told)
{
	uint64_t user = total - MIN(sys, total), was = atomic_load(told);

	while (user > was)
		if (atomic_compare_exchange_weak(told, &was, user))
			return user;
	return was;
}

void thread_times(struct thread *t, uint64_t *total_ns, uint64_t *user_ns)
{
	*total_ns = cpu_time(t);
	*user_ns = user_part(*total_ns, t->sys_ns, &t->user_ns);
}

void thread_times_user(uint64_t *total_ns, uint64_t *user_ns)
{
	bool on = spin_lock_irq(&all.lock);
	uint64_t sum = all.ended_ns, sys = all.ended_sys_ns;
	struct thread *t;

	list_for_each_entry (t, &all.threads, all_link)
		if (t->is_user) {
			sum += cpu_time(t);
			sys += t->sys_ns;
		}
	spin_unlock_irq(&all.lock, on);
	*total_ns = sum;
	*user_ns = user_part(sum, sys, &all.user_ns);
}

static void idle_main(void *arg)
{
	(void)arg;
	sched_idle();
}

err_t thread_new_idle(struct cpu *c)
{
	struct thread *t;
	err_t err = make("idle", idle_main, NULL, &t);

	if (err)
		return err;
	t->affinity = 1ull << c->arch.id;
	t->cpu = c->arch.id;
	t->state = THREAD_RUNNING;
	c->idle = t;
	return 0;
}

/* The boot thread goes on as thread `init`, on the boot stack. */
err_t sched_init(void)
{
	static struct thread boot_thread;
	struct cpu *c = this_cpu();
	err_t err;

	thread_cache = slab_new("thread", sizeof(struct thread), 64);
	fpu_cache = slab_new("fpu", fpu_bytes(), 64);
	init_thread(&boot_thread, "init");
	boot_thread.refs = 2; /* never freed */
	boot_thread.state = THREAD_RUNNING;
	boot_thread.kstack = arch_boot_stack();
	arch_set_thread(&boot_thread, (uint64_t)boot_thread.kstack + KSTACK_BYTES);
	enlist(&boot_thread);
	err = thread_new_idle(c);
	if (err)
		return err;
	sched_init_cpu();
	return timer_init_cpu();
}
