/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/ptimer.c: POSIX timers, the three interval timers and alarm(2).
 *
 * All are one thing: a clock, an expiration in that clock's time, an interval, and a signal.  Each owns its queue
 * entry (linux/sigqueue.h), so an expiration never fails for want of memory; while the signal waits, further
 * expirations are only counted (si_overrun), from the clock and not by a timer interrupt each.
 *
 * Clocks of CPU time need no tick: the process cannot use more than `ncpus` seconds a second, so the kernel
 * timer is set for the earliest moment at which the target can be reached, and looks again then.
 *
 * Locks: lock (RANK_REGISTRY, irq) guards the table and every timer; signals are sent under it.
 */
#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/timer.h"
#include "lib/mem.h"
#include "linux/clockid.h"
#include "linux/process.h"
#include "linux/ptimer.h"
#include "linux/syscall.h"
#include "linux/timespec.h"

struct ptimer {
	struct timer timer;
	struct sigentry entry;
	struct clockid clock;		/* [I] */
	int id;				/* [I] */
	int notify, signo;		/* [I] LX_SIGEV_* */
	uint64_t value;			/* [I] sigev_value */
	struct thread *target;		/* [I] SIGEV_THREAD_ID: a reference; else NULL */
	uint64_t next_ns;		/* [lock] in the clock's time; 0: disarmed */
	uint64_t interval_ns;		/* [lock] */
	uint64_t overrun, last_overrun; /* [lock] being counted; of the last signal taken */
	bool absolute;			/* [lock] moves with CLOCK_REALTIME */
};

enum { OVERRUN_MAX = INT32_MAX };

static struct spinlock lock = SPINLOCK_INIT(RANK_REGISTRY);
static struct ptimer **table; /* [lock] by id; NULL: free */
static int table_size;	      /* [lock] */
/* ITIMER_REAL, VIRTUAL, PROF; RLIMIT_CPU's soft limit, which rings each second from then on, and its hard one */
enum { CPU_SOFT = 3, CPU_HARD, NITIMERS };
static struct ptimer itimer[NITIMERS];

/* The monotonic moment to look at the timer again. */
static uint64_t look_at(const struct ptimer *p)
{
	uint64_t now, off;

	if (p->clock.kind == CLOCK_KIND_MONO)
		return p->next_ns;
	if (p->clock.kind == CLOCK_KIND_REAL) {
		off = clock_real_offset_ns();
		return p->next_ns > off ? p->next_ns - off : 0;
	}
	now = clockid_now(&p->clock);
	if (now >= p->next_ns)
		return clock_mono_ns();
	return clock_mono_ns() + (p->next_ns - now) / (p->clock.whole_process ? ncpus : 1) + 1;
}

static void arm(struct ptimer *p)
{
	if (p->next_ns)
		timer_set(&p->timer, look_at(p));
	else
		timer_cancel(&p->timer);
}

/* Move next_ns past now; returns the periods that ended, 0 when none has. */
static uint64_t take_periods(struct ptimer *p)
{
	uint64_t now = clockid_now(&p->clock), n;

	if (!p->next_ns || now < p->next_ns)
		return 0;
	if (!p->interval_ns) {
		p->next_ns = 0;
		return 1;
	}
	n = 1 + (now - p->next_ns) / p->interval_ns;
	p->next_ns += n * p->interval_ns;
	return n;
}

static void send(struct ptimer *p)
{
	memset(&p->entry.info, 0, sizeof(p->entry.info));
	p->entry.info.signo = p->signo;
	p->entry.info.code = p->id < 0 ? LSI_KERNEL : LSI_TIMER;
	p->entry.info.timer.id = p->id < 0 ? 0 : p->id;
	p->entry.info.timer.value = p->value;
	signal_send_entry(p->target, &p->entry);
}

static void ring(struct timer *timer)
{
	struct ptimer *p = container_of(timer, struct ptimer, timer);
	bool on = spin_lock_irq(&lock);
	uint64_t n = take_periods(p);

	if (n) {
		p->overrun = n - 1;
		if (p->notify != LX_SIGEV_NONE)
			send(p);
	}
	/* A periodic timer goes on when its signal is taken; interval timers of setitimer(2) at once. */
	if (!n || p->id < 0 || p->notify == LX_SIGEV_NONE)
		arm(p);
	spin_unlock_irq(&lock, on);
}

static void ptimer_free(struct ptimer *p)
{
	if (p->target)
		thread_put(p->target);
	kfree(p);
}

/*
 * The signal was taken (or dropped): what expired meanwhile counts as overrun, and the period goes on. Called
 * under signal.c's lock, whose rank is above ours: so only this timer's own fields are touched, and the kernel
 * timer set.
 */
static void taken(struct sigentry *e, struct linux_siginfo *out)
{
	struct ptimer *p = container_of(e, struct ptimer, entry);

	if (p->id < 0)
		return;
	p->last_overrun = MIN(p->overrun + take_periods(p), (uint64_t)OVERRUN_MAX);
	p->overrun = 0;
	if (out)
		out->timer.overrun = (int32_t)p->last_overrun;
	if (p->next_ns)
		timer_set(&p->timer, look_at(p));
}

static void left(struct ptimer *p, uint64_t *value_ns, uint64_t *interval_ns)
{
	uint64_t now = clockid_now(&p->clock), next = p->next_ns;

	if (next && next <= now && p->interval_ns)
		next += (1 + (now - next) / p->interval_ns) * p->interval_ns;
	*interval_ns = p->interval_ns;
	*value_ns = !next ? 0 : next > now ? next - now : 1; /* armed timers never read 0 */
}

static void set(struct ptimer *p, uint64_t value_ns, uint64_t interval_ns, bool absolute)
{
	p->interval_ns = interval_ns;
	p->overrun = 0;
	p->absolute = absolute;
	if (!value_ns)
		p->next_ns = 0;
	else
		p->next_ns =
			absolute ? value_ns : timespec_add_sat(clockid_now(&p->clock), value_ns);
	arm(p);
}

/* --- timer_create(2) and its family ------------------------------------------------------------ */

static err_t grow_locked(void)
{
	int size = table_size ? 2 * table_size : 16;
	struct ptimer **t = krealloc(table, (size_t)size * sizeof(*t));

	if (!t)
		return -EAGAIN;
	memset(t + table_size, 0, (size_t)(size - table_size) * sizeof(*t));
	table = t;
	table_size = size;
	return 0;
}

static int insert_locked(struct ptimer *p)
{
	int id = 0;

	while (id < table_size && table[id])
		id++;
	if (id == table_size && grow_locked() < 0)
		return -EAGAIN;
	table[id] = p;
	p->id = id;
	return id;
}

static struct ptimer *find_locked(int id)
{
	return id >= 0 && id < table_size ? table[id] : NULL;
}

static err_t set_event(struct ptimer *p, uaddr_t addr)
{
	struct linux_sigevent ev = { .signo = LSIGALRM, .notify = LX_SIGEV_SIGNAL };
	err_t err = addr ? user_read(&ev, addr, sizeof(ev)) : 0;

	if (err)
		return err;
	p->notify = ev.notify;
	p->signo = ev.signo;
	p->value = ev.value;
	if (ev.notify == LX_SIGEV_NONE)
		return 0;
	if (ev.signo < 1 || ev.signo > LSIG_MAX)
		return -EINVAL;
	if (ev.notify == LX_SIGEV_SIGNAL || ev.notify == LX_SIGEV_THREAD)
		return 0;
	if (ev.notify != LX_SIGEV_THREAD_ID)
		return -EINVAL;
	p->target = thread_find((uint32_t)ev.tid);
	return p->target && p->target->is_user ? 0 : -EINVAL;
}

long sys_timer_create(struct thread *t, const struct sysargs *a)
{
	struct ptimer *p;
	struct clockid c;
	int id;
	bool on;
	err_t err = clockid_parse((int)a->v[0], &c);

	if (err)
		return err;
	if (!c.can_timer)
		return -EOPNOTSUPP;
	p = kzalloc(sizeof(*p));
	if (!p)
		return -EAGAIN;
	if (c.kind == CLOCK_KIND_CPU && !c.whole_process && !c.tid)
		c.tid = t->tid;
	p->clock = c;
	timer_init(&p->timer, ring);
	sigentry_init(&p->entry, taken);
	err = set_event(p, a->v[1]);
	if (err)
		goto out_free;
	on = spin_lock_irq(&lock);
	id = insert_locked(p);
	spin_unlock_irq(&lock, on);
	err = id < 0 ? id : 0;
	if (err)
		goto out_free;
	if (!a->v[1])
		p->value = (uint64_t)id;
	err = user_store32(a->v[2], (uint32_t)id);
	if (!err)
		return 0;
	on = spin_lock_irq(&lock);
	table[id] = NULL;
	spin_unlock_irq(&lock, on);
out_free:
	ptimer_free(p);
	return err;
}

static err_t read_spec(uaddr_t addr, uint64_t *value_ns, uint64_t *interval_ns)
{
	err_t err = timespec_read(addr + 16, value_ns);

	return err ? err : timespec_read(addr, interval_ns);
}

static err_t write_spec(uaddr_t addr, uint64_t value_ns, uint64_t interval_ns)
{
	err_t err = timespec_write(addr, interval_ns);

	return err ? err : timespec_write(addr + 16, value_ns);
}

long sys_timer_settime(struct thread *t, const struct sysargs *a)
{
	uint64_t value, interval, was_value, was_interval;
	struct ptimer *p;
	err_t err;
	bool on;

	(void)t;
	if (!a->v[2])
		return -EINVAL;
	err = read_spec(a->v[2], &value, &interval);
	if (err)
		return err;
	on = spin_lock_irq(&lock);
	p = find_locked((int)a->v[0]);
	if (p) {
		left(p, &was_value, &was_interval);
		signal_cancel_entry(&p->entry);
		set(p, value, interval, a->v[1] & LX_TIMER_ABSTIME);
	}
	spin_unlock_irq(&lock, on);
	if (!p)
		return -EINVAL;
	return a->v[3] ? write_spec(a->v[3], was_value, was_interval) : 0;
}

long sys_timer_gettime(struct thread *t, const struct sysargs *a)
{
	uint64_t value, interval;
	struct ptimer *p;
	bool on = spin_lock_irq(&lock);

	(void)t;
	p = find_locked((int)a->v[0]);
	if (p)
		left(p, &value, &interval);
	spin_unlock_irq(&lock, on);
	return p ? write_spec(a->v[1], value, interval) : -EINVAL;
}

long sys_timer_getoverrun(struct thread *t, const struct sysargs *a)
{
	long n = -EINVAL;
	struct ptimer *p;
	bool on = spin_lock_irq(&lock);

	(void)t;
	p = find_locked((int)a->v[0]);
	if (p)
		n = (long)p->last_overrun;
	spin_unlock_irq(&lock, on);
	return n;
}

long sys_timer_delete(struct thread *t, const struct sysargs *a)
{
	struct ptimer *p;
	bool on = spin_lock_irq(&lock);

	(void)t;
	p = find_locked((int)a->v[0]);
	if (p) {
		table[p->id] = NULL;
		p->next_ns = 0;
		signal_cancel_entry(&p->entry);
	}
	spin_unlock_irq(&lock, on);
	if (!p)
		return -EINVAL;
	timer_cancel_sync(&p->timer);
	signal_cancel_entry(&p->entry); /* the callback may have sent it meanwhile */
	ptimer_free(p);
	return 0;
}

/* --- setitimer(2), alarm(2) ---------------------------------------------------------------------- */

void ptimer_init(void)
{
	static const struct {
		struct clockid clock;
		int signo;
	} kinds[NITIMERS] = {
		[LX_ITIMER_REAL] = { { .kind = CLOCK_KIND_MONO }, LSIGALRM },
		[LX_ITIMER_VIRTUAL] = { { .kind = CLOCK_KIND_CPU,
					  .whole_process = true,
					  .user_only = true },
					LSIGVTALRM },
		[LX_ITIMER_PROF] = { { .kind = CLOCK_KIND_CPU, .whole_process = true }, LSIGPROF },
		[CPU_SOFT] = { { .kind = CLOCK_KIND_CPU, .whole_process = true }, LSIGXCPU },
		[CPU_HARD] = { { .kind = CLOCK_KIND_CPU, .whole_process = true }, LSIGKILL },
	};

	for (int i = 0; i < NITIMERS; i++) {
		timer_init(&itimer[i].timer, ring);
		sigentry_init(&itimer[i].entry, taken);
		itimer[i].clock = kinds[i].clock;
		itimer[i].signo = kinds[i].signo;
		itimer[i].id = -1;
	}
}

static void itimer_swap(struct ptimer *p, uint64_t *value_ns, uint64_t *interval_ns, bool do_set)
{
	uint64_t was_value, was_interval;
	bool on = spin_lock_irq(&lock);

	left(p, &was_value, &was_interval);
	if (do_set)
		set(p, *value_ns, *interval_ns, false);
	spin_unlock_irq(&lock, on);
	*value_ns = was_value;
	*interval_ns = was_interval;
}

static void limit(struct ptimer *p, uint64_t seconds, uint64_t again_ns)
{
	bool none = seconds >= UINT64_MAX / NS_PER_SEC, on = spin_lock_irq(&lock);

	set(p, none ? 0 : MAX(seconds, 1ull) * NS_PER_SEC, again_ns, true);
	spin_unlock_irq(&lock, on);
}

void ptimer_cpu_limit(uint64_t soft, uint64_t hard)
{
	limit(&itimer[CPU_SOFT], soft, NS_PER_SEC);
	limit(&itimer[CPU_HARD], hard, 0);
}

/* To whole microseconds, an armed timer never to 0. */
static err_t write_itimerval(uaddr_t addr, uint64_t value_ns, uint64_t interval_ns)
{
	err_t err = timeval_write(addr, interval_ns);

	return err ? err : timeval_write(addr + 16, value_ns ? MAX(value_ns, 1000ull) : 0);
}

long sys_getitimer(struct thread *t, const struct sysargs *a)
{
	uint64_t value, interval;

	(void)t;
	if (a->v[0] > LX_ITIMER_PROF)
		return -EINVAL;
	itimer_swap(&itimer[a->v[0]], &value, &interval, false);
	return write_itimerval(a->v[1], value, interval);
}

long sys_setitimer(struct thread *t, const struct sysargs *a)
{
	uint64_t value = 0, interval = 0;
	err_t err = 0;

	(void)t;
	if (a->v[1]) {
		err = timeval_read(a->v[1] + 16, &value);
		if (!err)
			err = timeval_read(a->v[1], &interval);
	}
	if (err)
		return err;
	if (a->v[0] > LX_ITIMER_PROF)
		return -EINVAL;
	itimer_swap(&itimer[a->v[0]], &value, &interval, true);
	return a->v[2] ? write_itimerval(a->v[2], value, interval) : 0;
}

long sys_alarm(struct thread *t, const struct sysargs *a)
{
	uint64_t value = (uint32_t)a->v[0] * NS_PER_SEC, interval = 0;

	(void)t;
	itimer_swap(&itimer[LX_ITIMER_REAL], &value, &interval, true);
	/* alarm(2): rounded, but never to 0 while armed. */
	return value ? (long)MAX((value + NS_PER_SEC / 2) / NS_PER_SEC, 1ull) : 0;
}

static bool moves_with_clock(const struct ptimer *p)
{
	return p && p->clock.kind == CLOCK_KIND_REAL && p->absolute && p->next_ns;
}

void ptimer_clock_was_set(void)
{
	bool on = spin_lock_irq(&lock);

	for (int i = 0; i < table_size; i++)
		if (moves_with_clock(table[i]))
			arm(table[i]);
	spin_unlock_irq(&lock, on);
}
