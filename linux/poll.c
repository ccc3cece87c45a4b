/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/poll.c: poll(2), ppoll(2), select(2), pselect6(2): look at every descriptor; when none is ready hang
 * a watch on each and sleep until one fires.
 */
#include "abi/linux_fcntl.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "linux/fs.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"
#include "vfs/fdtable.h"

struct pollfd {
	int32_t fd;
	int16_t events, revents;
};
_Static_assert(sizeof(struct pollfd) == 8, "struct pollfd of the uapi");

struct polled {
	struct file *file; /* a reference; NULL: no such descriptor, or a negative one */
	struct poll_slot slot;
};

/* One set of descriptors under watch; `pfd` is what was asked and what was found. */
struct poll_set {
	struct pollfd *pfd;
	struct polled *polled;
	unsigned n;
	struct poll_sleeper sleeper;
};

static uint32_t wanted(const struct pollfd *p)
{
	return (uint16_t)p->events | POLL_ERR | POLL_HUP;
}

/* Fill in revents; how many are not 0. */
static long look(struct poll_set *s)
{
	long ready = 0;

	for (unsigned i = 0; i < s->n; i++) {
		struct pollfd *p = &s->pfd[i];
		struct file *f = s->polled[i].file;

		if (f)
			p->revents = (int16_t)(file_poll(f) & wanted(p));
		else
			p->revents = p->fd < 0 ? 0 : POLL_NVAL;
		ready += p->revents != 0;
	}
	return ready;
}

static void hang(struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct file *f = s->polled[i].file;
		struct poll_source *src = f && f->ops->poll_source ? f->ops->poll_source(f) : NULL;

		poll_slot_hang(&s->polled[i].slot, &s->sleeper, src, wanted(&s->pfd[i]));
	}
}

static void unhang(struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		poll_watch_del(&s->polled[i].slot.watch);
}

/* -EINTR when a signal came first; else how many are ready, 0 at the deadline. */
static long wait_set(struct poll_set *s, uint64_t deadline_ns)
{
	long ready = look(s);
	err_t err = 0;

	if (ready || deadline_ns == 0)
		return ready;
	poll_sleeper_init(&s->sleeper);
	hang(s);
	while (!(ready = look(s)) && !err)
		err = poll_sleep(&s->sleeper, deadline_ns);
	unhang(s);
	return ready || err != -EINTR ? ready : -EINTR;
}

static err_t set_new(struct poll_set *s, unsigned n)
{
	s->n = n;
	s->pfd = kmalloc(MAX(n, 1u) * sizeof(*s->pfd));
	s->polled = kzalloc(MAX(n, 1u) * sizeof(*s->polled));
	if (s->pfd && s->polled)
		return 0;
	kfree(s->pfd);
	kfree(s->polled);
	return -ENOMEM;
}

/* A descriptor that is only a name (O_PATH) is none here. */
static void set_files(struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->pfd[i].fd >= 0 && fd_get_real(s->pfd[i].fd, &s->polled[i].file) < 0)
			s->polled[i].file = NULL;
}

static void set_free(struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->polled[i].file)
			file_put(s->polled[i].file);
	kfree(s->pfd);
	kfree(s->polled);
}

static err_t write_revents(const struct poll_set *s, uaddr_t fds)
{
	err_t err = 0;

	for (unsigned i = 0; i < s->n && !err; i++)
		err = user_write(fds + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents),
				 &s->pfd[i].revents, sizeof(s->pfd[i].revents));
	return err;
}

static long do_poll(uaddr_t fds, uint64_t n, uint64_t deadline_ns)
{
	struct poll_set s;
	long r;
	err_t err;

	if ((uint32_t)n > process_rlimit(RLIM_NOFILE))
		return -EINVAL;
	err = set_new(&s, (uint32_t)n);
	if (err)
		return err;
	r = user_read(s.pfd, fds, s.n * sizeof(*s.pfd));
	if (!r) {
		set_files(&s);
		r = wait_set(&s, deadline_ns);
		if (r >= 0 && write_revents(&s, fds) < 0)
			r = -EFAULT;
	}
	set_free(&s);
	return r;
}

enum { PW_FDS, PW_N, PW_DEADLINE };

static long poll_again(struct thread *t, const uint64_t *words)
{
	long r = do_poll(words[PW_FDS], words[PW_N], words[PW_DEADLINE]);

	(void)t;
	return r == -EINTR ? restart_set(poll_again, words) : r;
}

long sys_poll(struct thread *t, const struct sysargs *a)
{
	const uint64_t words[RESTART_WORDS] = { a->v[0], a->v[1],
						timespec_ms_deadline((int)a->v[2]) };

	return poll_again(t, words);
}

/* Calls with a timespec, which they bring up to date, and a signal mask for their time. */
static long finish_timed(long r, uaddr_t ts, uint64_t deadline_ns)
{
	uint64_t now;

	if (ts && deadline_ns != WAIT_FOREVER) {
		now = clock_mono_ns();
		/* A timeout that cannot be written back changes nothing else. */
		(void)!timespec_write(ts, deadline_ns > now ? deadline_ns - now : 0);
	}
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

/* A zero timeout means one look. */
static uint64_t look_once_if_zero(uint64_t deadline_ns)
{
	return deadline_ns <= clock_mono_ns() ? 0 : deadline_ns;
}

long sys_ppoll(struct thread *t, const struct sysargs *a)
{
	uint64_t deadline;
	err_t err = timespec_deadline(a->v[2], &deadline);

	(void)t;
	if (!err)
		err = signal_mask_arg(a->v[3], a->v[4]);
	if (err)
		return err;
	return finish_timed(do_poll(a->v[0], a->v[1], look_once_if_zero(deadline)), a->v[2],
			    deadline);
}

/* --- select ------------------------------------------------------------------------------------- */

enum { SEL_IN, SEL_OUT, SEL_EX, SEL_SETS };

/* Linux's POLLIN_SET, POLLOUT_SET, POLLEX_SET. */
static const uint32_t sel_mask[SEL_SETS] = {
	[SEL_IN] = POLL_IN | POLL_RDNORM | POLL_RDBAND | POLL_HUP | POLL_ERR,
	[SEL_OUT] = POLL_OUT | POLL_WRNORM | POLL_WRBAND | POLL_ERR,
	[SEL_EX] = POLL_PRI,
};

struct select_bits {
	unsigned nfds;
	size_t bytes;	    /* of one set, whole words */
	uint64_t *in, *out; /* SEL_SETS sets each: asked, found */
};

static uint64_t *word_of(const struct select_bits *b, uint64_t *sets, unsigned set, unsigned fd)
{
	return &sets[set * b->bytes / 8 + fd / 64];
}

static bool asked(const struct select_bits *b, unsigned set, unsigned fd)
{
	return *word_of(b, b->in, set, fd) >> (fd % 64) & 1;
}

static err_t read_bits(struct select_bits *b, const uaddr_t *addr)
{
	err_t err = 0;

	b->bytes = ALIGN_UP(DIV_UP((size_t)b->nfds, 8), 8ul);
	b->in = kzalloc(MAX(2 * SEL_SETS * b->bytes, 8ul));
	if (!b->in)
		return -ENOMEM;
	b->out = b->in + SEL_SETS * b->bytes / 8;
	for (unsigned s = 0; s < SEL_SETS && !err; s++)
		if (addr[s])
			err = user_read(word_of(b, b->in, s, 0), addr[s], b->bytes);
	if (err)
		kfree(b->in);
	return err;
}

/* Linux cuts nfds to what the table can hold. */
static unsigned highest(const struct select_bits *b)
{
	for (unsigned fd = b->nfds; fd-- > 0;)
		if (asked(b, SEL_IN, fd) || asked(b, SEL_OUT, fd) || asked(b, SEL_EX, fd))
			return fd + 1;
	return 0;
}

static uint32_t asked_mask(const struct select_bits *b, unsigned fd)
{
	uint32_t mask = 0;

	for (unsigned s = 0; s < SEL_SETS; s++)
		if (asked(b, s, fd))
			mask |= sel_mask[s];
	return mask;
}

static void fill_pollfds(const struct select_bits *b, struct poll_set *s, unsigned top)
{
	unsigned n = 0;

	for (unsigned fd = 0; fd < top; fd++) {
		uint32_t mask = asked_mask(b, fd);

		if (mask)
			s->pfd[n++] = (struct pollfd){ .fd = (int)fd, .events = (int16_t)mask };
	}
	s->n = n;
}

static bool any_missing(const struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!s->polled[i].file)
			return true;
	return false;
}

static long found_bits(struct select_bits *b, const struct poll_set *s)
{
	long n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		unsigned fd = (unsigned)s->pfd[i].fd;

		for (unsigned set = 0; set < SEL_SETS; set++) {
			if (!asked(b, set, fd) || !((uint16_t)s->pfd[i].revents & sel_mask[set]))
				continue;
			*word_of(b, b->out, set, fd) |= 1ull << (fd % 64);
			n++;
		}
	}
	return n;
}

static long select_bits_wait(struct select_bits *b, uint64_t deadline_ns)
{
	unsigned top = highest(b);
	struct poll_set s;
	long r;
	err_t err = set_new(&s, top);

	if (err)
		return err;
	fill_pollfds(b, &s, top);
	set_files(&s);
	r = any_missing(&s) ? -EBADF : wait_set(&s, deadline_ns);
	if (r >= 0)
		r = found_bits(b, &s);
	set_free(&s);
	return r;
}

static long do_select(int nfds, const uaddr_t *addr, uint64_t deadline_ns)
{
	struct select_bits b;
	err_t err;
	long r;

	if (nfds < 0)
		return -EINVAL;
	b.nfds = (unsigned)MIN((uint64_t)nfds, process_rlimit(RLIM_NOFILE));
	err = read_bits(&b, addr);
	if (err)
		return err;
	r = select_bits_wait(&b, deadline_ns);
	for (unsigned s = 0; s < SEL_SETS && r >= 0; s++)
		if (addr[s] && user_write(addr[s], word_of(&b, b.out, s, 0), b.bytes) < 0)
			r = -EFAULT;
	kfree(b.in);
	return r;
}

long sys_select(struct thread *t, const struct sysargs *a)
{
	uint64_t ns, now, deadline = WAIT_FOREVER;
	err_t err = 0;
	long r;

	(void)t;
	if (a->v[4]) {
		err = timeval_read(a->v[4], &ns);
		deadline = timespec_add_sat(clock_mono_ns(), err ? 0 : ns);
	}
	if (err)
		return err;
	r = do_select((int)a->v[0], &a->v[1], look_once_if_zero(deadline));
	now = clock_mono_ns();
	if (a->v[4])
		(void)!timeval_write(a->v[4], deadline > now ? deadline - now : 0);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

long sys_pselect6(struct thread *t, const struct sysargs *a)
{
	uint64_t deadline, mask[2] = { 0, 8 }; /* address and size of the mask */
	err_t err = timespec_deadline(a->v[4], &deadline);

	(void)t;
	if (!err && a->v[5])
		err = user_read(mask, a->v[5], sizeof(mask));
	if (!err)
		err = signal_mask_arg(mask[0], mask[1]);
	if (err)
		return err;
	return finish_timed(do_select((int)a->v[0], &a->v[1], look_once_if_zero(deadline)), a->v[4],
			    deadline);
}
