/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/timerfd.c: see timerfd.h.  Expirations between two reads are counted from the clock and not by one
 * timer interrupt each: while nobody has read the first, the timer is not armed again.
 */
#include "vfs/timerfd.h"

#include "abi/linux_fcntl.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "kern/timer.h"
#include "lib/fmt.h"

struct timerfd {
	struct spinlock lock; /* RANK_FILE; irq: the timer's callback takes it */
	struct waitq wq;
	struct poll_source source;
	struct timer timer;
	enum timerfd_clock clock;     /* [I] */
	uint64_t next_ns;	      /* [lock] mono time of the next expiration; 0: disarmed */
	uint64_t interval_ns;	      /* [lock] */
	bool absolute, cancel_on_set; /* [lock] as set */
	uint64_t value_ns;    /* [lock] absolute realtime value, to re-arm when the clock steps */
	struct list all_link; /* all_lock: realtime ones */
	bool cancelled;	      /* [lock] the clock was stepped */
	bool rang;	      /* [lock] expired since the last read */
};

static struct spinlock all_lock = SPINLOCK_INIT(RANK_REGISTRY);
static struct list all_real = LIST_INIT(all_real);

/* How many periods have ended by now; moves next_ns past now. */
static uint64_t take_expirations(struct timerfd *t)
{
	uint64_t now = clock_mono_ns(), n;

	if (!t->next_ns || now < t->next_ns)
		return 0;
	if (!t->interval_ns) {
		t->next_ns = 0;
		return 1;
	}
	n = 1 + (now - t->next_ns) / t->interval_ns;
	t->next_ns += n * t->interval_ns;
	t->value_ns += n * t->interval_ns;
	return n;
}

static bool expired(const struct timerfd *t)
{
	return t->cancelled || (t->next_ns && clock_mono_ns() >= t->next_ns);
}

static void timerfd_ring(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	bool on = spin_lock_irq(&t->lock);

	t->rang = true;
	waitq_wake(&t->wq, UINT32_MAX);
	spin_unlock_irq(&t->lock, on);
	poll_notify(&t->source, POLL_IN | POLL_RDNORM);
}

static long wait_expired(struct file *f, struct timerfd *t)
{
	err_t err = 0;

	while (!expired(t) && !file_nonblock(f) && !err)
		err = waitq_wait(&t->wq, WAIT_FOREVER);
	if (expired(t))
		return 0;
	return err ? -ERESTARTSYS : -EAGAIN;
}

static long timerfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct timerfd *t = f->data;
	uint64_t n = 0;
	bool on;
	long r;

	(void)pos;
	if (u->left < sizeof(n))
		return -EINVAL;
	on = spin_lock_irq(&t->lock);
	r = wait_expired(f, t);
	if (!r && t->cancelled) {
		t->cancelled = false;
		r = -ECANCELED;
	} else if (!r) {
		n = take_expirations(t);
		t->rang = false;
		if (t->next_ns)
			timer_set(&t->timer, t->next_ns);
	}
	spin_unlock_irq(&t->lock, on);
	if (r)
		return r;
	r = uio_write(u, &n, sizeof(n));
	return r < 0 ? r : (long)sizeof(n);
}

static uint32_t timerfd_poll(struct file *f)
{
	struct timerfd *t = f->data;

	return expired(t) ? POLL_IN | POLL_RDNORM : 0;
}

static struct poll_source *timerfd_source(struct file *f)
{
	return &((struct timerfd *)f->data)->source;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->data;
	bool on = spin_lock_irq(&all_lock);

	list_del(&t->all_link);
	spin_unlock_irq(&all_lock, on);
	timer_cancel_sync(&t->timer);
	kfree(t);
}

static size_t timerfd_info(struct file *f, char *buf, size_t size)
{
	struct timerfd_spec left;

	timerfd_get(f, &left);
	return fmt(buf, size, "clockid: %d\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
		   ((struct timerfd *)f->data)->clock == TIMERFD_MONO,
		   (unsigned long long)(left.value_ns / 1000000000),
		   (unsigned long long)(left.value_ns % 1000000000),
		   (unsigned long long)(left.interval_ns / 1000000000),
		   (unsigned long long)(left.interval_ns % 1000000000));
}

static const struct file_ops timerfd_ops = {
	.kind = "timerfd",
	.read = timerfd_read,
	.poll = timerfd_poll,
	.poll_source = timerfd_source,
	.seek = file_seek_nowhere,
	.release = timerfd_release,
	.fdinfo = timerfd_info,
};

bool timerfd_is(const struct file *f)
{
	return f->ops == &timerfd_ops;
}

err_t timerfd_new(enum timerfd_clock clock, uint32_t flags, struct file **out)
{
	struct timerfd *t = kzalloc(sizeof(*t));
	err_t err;
	bool on;

	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, RANK_FILE);
	waitq_init(&t->wq, &t->lock);
	poll_source_init(&t->source);
	timer_init(&t->timer, timerfd_ring);
	list_init(&t->all_link);
	t->clock = clock;
	err = file_new(&timerfd_ops, FILE_READ | FILE_WRITE, flags | LX_O_RDWR, t, out);
	if (err) {
		kfree(t);
		return err;
	}
	if (clock == TIMERFD_REAL) {
		on = spin_lock_irq(&all_lock);
		list_add_tail(&all_real, &t->all_link);
		spin_unlock_irq(&all_lock, on);
	}
	return 0;
}

static void left_locked(struct timerfd *t, struct timerfd_spec *left)
{
	uint64_t now = clock_mono_ns(), next = t->next_ns;

	if (next && now >= next && t->interval_ns)
		next += (1 + (now - next) / t->interval_ns) * t->interval_ns;
	left->interval_ns = t->interval_ns;
	left->value_ns = next > now ? next - now : 0;
}

void timerfd_get(struct file *f, struct timerfd_spec *left)
{
	struct timerfd *t = f->data;
	bool on = spin_lock_irq(&t->lock);

	left_locked(t, left);
	spin_unlock_irq(&t->lock, on);
}

/* The mono time at which an absolute value of the timer's clock comes; never 0. */
static uint64_t to_mono(const struct timerfd *t, uint64_t value_ns)
{
	uint64_t off = t->clock == TIMERFD_REAL ? clock_real_offset_ns() : 0;

	return value_ns > off ? value_ns - off : 1;
}

void timerfd_set(struct file *f, bool absolute, bool cancel_on_set, const struct timerfd_spec *now,
		 struct timerfd_spec *was)
{
	struct timerfd *t = f->data;
	bool on = spin_lock_irq(&t->lock);

	left_locked(t, was);
	t->interval_ns = now->interval_ns;
	t->value_ns = now->value_ns;
	t->absolute = absolute;
	t->cancel_on_set = cancel_on_set && absolute && t->clock == TIMERFD_REAL;
	t->cancelled = false;
	t->rang = false;
	if (!now->value_ns)
		t->next_ns = 0;
	else
		t->next_ns = absolute ? to_mono(t, now->value_ns) : clock_mono_ns() + now->value_ns;
	if (t->next_ns)
		timer_set(&t->timer, t->next_ns);
	else
		timer_cancel(&t->timer);
	spin_unlock_irq(&t->lock, on);
}

/* CLOCK_REALTIME was stepped: absolute timers on it move, and those that asked to be told are. */
void timerfd_clock_was_set(void)
{
	struct timerfd *t;
	bool on = spin_lock_irq(&all_lock);

	list_for_each_entry (t, &all_real, all_link) {
		spin_lock(&t->lock);
		if (t->absolute && t->next_ns && !t->rang) {
			t->next_ns = to_mono(t, t->value_ns);
			timer_set(&t->timer, t->next_ns);
		}
		if (t->cancel_on_set) {
			t->cancelled = true;
			timer_set(&t->timer, clock_mono_ns());
		}
		spin_unlock(&t->lock);
	}
	spin_unlock_irq(&all_lock, on);
}
