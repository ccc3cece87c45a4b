/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/tty.c: the terminal: a line discipline between a character device and descriptors.  Keys arrive in
 * interrupts and go through the discipline there, echo included, so that editing works while the program computes.
 */
#include "vfs/tty.h"

#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "kern/clock.h"
#include "lib/mem.h"
#include "vfs/chrdev.h"
#include "vfs/ldisc.h"
#include "vfs/lock.h"
#include "vfs/vfs.h"

enum { SIG_INT = 2, SIG_QUIT = 3, SIG_TSTP = 20, SIG_WINCH = 28 };

static struct tty {
	struct spinlock lock; /* RANK_FILE; taken in interrupts */
	struct waitq readers; /* [lock] something to read, or the end */
	struct waitq writers; /* [lock] the device has room, or output was started again */
	struct poll_source source;
	struct mutex write_lock; /* one write(2) at a time: lines do not mix */
	struct mutex read_lock;
	struct chardev *in, *out;  /* [I] */
	struct ldisc l;		   /* [lock] */
	struct linux_winsize size; /* [lock] */
	bool eof;		   /* [lock] the host closed the input */
	bool held_back;		   /* [lock] the device keeps bytes that did not fit */
	bool room;		   /* [lock] the device said so since the last short write */
	uint32_t pgrp; /* [lock] foreground group as set by TIOCSPGRP; 0: the program's */
} tty;

struct tty_hooks tty_hooks;

static void send_signals(unsigned did)
{
	if (!tty_hooks.signal)
		return;
	if (did & LDISC_INT)
		tty_hooks.signal(SIG_INT);
	if (did & LDISC_QUIT)
		tty_hooks.signal(SIG_QUIT);
	if (did & LDISC_SUSP)
		tty_hooks.signal(SIG_TSTP);
}

/* --- from the device ------------------------------------------------------------------------------------ */

/* Echo that finds no room is lost: a screen that does not keep up loses nothing that was written. */
static void echo_out(const uint8_t *buf, uint32_t n)
{
	if (n && tty.out)
		(void)!tty.out->ops->write(tty.out, buf, n);
}

static size_t input(void *ctx, const uint8_t *buf, size_t n)
{
	unsigned did = 0;
	size_t i;
	bool on = spin_lock_irq(&tty.lock);

	(void)ctx;
	for (i = 0; i < n && !ldisc_full(&tty.l); i++) {
		did |= ldisc_input(&tty.l, buf[i]);
		echo_out(tty.l.echo, tty.l.necho);
		tty.l.necho = 0;
	}
	if (i < n)
		tty.held_back = true;
	if (did & LDISC_READABLE) {
		waitq_wake(&tty.readers, UINT32_MAX);
		poll_notify(&tty.source, POLL_IN | POLL_RDNORM);
	}
	if (did & LDISC_START)
		waitq_wake(&tty.writers, UINT32_MAX);
	spin_unlock_irq(&tty.lock, on);
	send_signals(did);
	return i;
}

static void input_eof(void *ctx)
{
	bool on = spin_lock_irq(&tty.lock);

	(void)ctx;
	tty.eof = true;
	waitq_wake(&tty.readers, UINT32_MAX);
	poll_notify(&tty.source, POLL_IN | POLL_RDNORM | POLL_HUP);
	spin_unlock_irq(&tty.lock, on);
}

static void writable(void *ctx)
{
	bool on = spin_lock_irq(&tty.lock);

	(void)ctx;
	tty.room = true;
	waitq_wake(&tty.writers, UINT32_MAX);
	poll_notify(&tty.source, POLL_OUT | POLL_WRNORM);
	spin_unlock_irq(&tty.lock, on);
}

void tty_set_winsize(uint16_t rows, uint16_t cols)
{
	bool on = spin_lock_irq(&tty.lock), differs;

	differs = rows != tty.size.rows || cols != tty.size.cols;
	tty.size.rows = rows;
	tty.size.cols = cols;
	spin_unlock_irq(&tty.lock, on);
	if (differs && tty_hooks.signal)
		tty_hooks.signal(SIG_WINCH);
}

static void winsize(void *ctx, uint16_t rows, uint16_t cols)
{
	(void)ctx;
	tty_set_winsize(rows, cols);
}

static const struct chardev_up in_up = {
	.input = input,
	.eof = input_eof,
	.writable = writable,
	.winsize = winsize,
};

static size_t no_input(void *ctx, const uint8_t *buf, size_t n)
{
	(void)ctx;
	(void)buf;
	return n;
}

static void no_eof(void *ctx)
{
	(void)ctx;
}

static const struct chardev_up out_up = {
	.input = no_input,
	.eof = no_eof,
	.writable = writable,
	.winsize = winsize,
};

/* --- reading ------------------------------------------------------------------------------------------------ */

/* How long a read waits, and for how much: termios(3), "Canonical and noncanonical mode". */
struct patience {
	size_t min;	   /* bytes; 0: do not insist */
	uint64_t deadline; /* for the next byte */
	uint64_t between;  /* ns between bytes; 0: for ever */
};

static struct patience patience_of(const struct ldisc *l)
{
	uint64_t time = l->t.cc[TT_VTIME] * 100000000ull;
	size_t min = l->t.cc[TT_VMIN];
	struct patience p = { .min = 1, .deadline = WAIT_FOREVER };

	if (l->t.lflag & TT_ICANON)
		return p;
	p.min = min;
	if (min)
		p.between = time; /* the clock starts with the first byte */
	else
		p.deadline = clock_mono_ns() + time;
	return p;
}

static bool canonical(void)
{
	return tty.l.t.lflag & TT_ICANON;
}

/* Wait until a read has something to take. 0: it has, or time is over, or the input ended. */
static err_t await_input(const struct file *f, const struct patience *p, size_t want)
{
	while (!ldisc_readable(&tty.l, want) && !tty.eof) {
		err_t err;

		if (file_nonblock(f))
			return -EAGAIN;
		if (p->deadline != WAIT_FOREVER && clock_mono_ns() >= p->deadline)
			return -ETIMEDOUT;
		err = waitq_wait(&tty.readers, p->deadline);
		if (err)
			return err == -EINTR ? -ERESTARTSYS : err;
	}
	return 0;
}

/* Up to a buffer's worth under the lock; bytes, 0 at the end, or an error. */
static long take(const struct file *f, struct patience *p, uint8_t *buf, size_t n, bool first)
{
	bool on = spin_lock_irq(&tty.lock), eof = false, resume;
	long got = 0;
	err_t err = await_input(f, p, canonical() ? 1 : MIN(MAX(p->min, (size_t)1), n));

	if (err == -ETIMEDOUT || (err == -EAGAIN && !first))
		err = 0;
	if (!err)
		got = (long)ldisc_read(&tty.l, buf, n, &eof);
	resume = tty.held_back && !ldisc_full(&tty.l);
	if (resume)
		tty.held_back = false;
	spin_unlock_irq(&tty.lock, on);
	if (resume && tty.in->ops->resume)
		tty.in->ops->resume(tty.in);
	return err ? err : got;
}

static long read_locked(struct file *f, struct uio *u)
{
	struct patience p = patience_of(&tty.l);
	long total = 0;

	while (u->left) {
		uint8_t buf[256];
		size_t n = MIN(u->left, sizeof(buf));
		long got = take(f, &p, buf, n, total == 0), put;

		if (got <= 0)
			return total ? total : got;
		put = uio_write(u, buf, (size_t)got);
		if (put < 0)
			return total ? total : put;
		total += put;
		if (canonical() && (buf[got - 1] == '\n' || (size_t)got < n))
			break;
		if (!canonical() && (size_t)total >= p.min && !ldisc_readable(&tty.l, 1))
			break;
		p.min = p.min > (size_t)got ? p.min - (size_t)got : 0;
		p.deadline =
			canonical() || !p.between ? clock_mono_ns() : clock_mono_ns() + p.between;
	}
	return total;
}

static long tty_read(struct file *f, struct uio *u, uint64_t *pos)
{
	long n;

	(void)pos;
	mutex_lock(&tty.read_lock);
	n = read_locked(f, u);
	mutex_unlock(&tty.read_lock);
	return n;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

/* All of buf to the device; -EAGAIN, -ERESTARTSYS when it takes no more. *sent: how much it took. */
static err_t push(const struct file *f, const uint8_t *buf, size_t n, size_t *sent)
{
	bool on = spin_lock_irq(&tty.lock);
	err_t err = 0;

	*sent = 0;
	while (!err) {
		if (!tty.l.stopped) {
			tty.room = false;
			*sent += tty.out->ops->write(tty.out, buf + *sent, n - *sent);
		}
		if (*sent == n)
			break;
		if (file_nonblock(f))
			err = -EAGAIN;
		while (!err && (tty.l.stopped || !tty.room))
			err = waitq_wait(&tty.writers, WAIT_FOREVER);
	}
	spin_unlock_irq(&tty.lock, on);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static size_t cook(const uint8_t *src, size_t n, uint8_t *to, size_t room, size_t *out)
{
	bool on = spin_lock_irq(&tty.lock);
	size_t used = ldisc_output(&tty.l, src, n, to, room, out);

	spin_unlock_irq(&tty.lock, on);
	return used;
}

static long write_locked(struct file *f, struct uio *u)
{
	long total = 0;

	while (u->left) {
		uint8_t raw[128], cooked[256];
		long n = uio_read(u, raw, MIN(u->left, sizeof(raw)));
		size_t out, sent;
		err_t err;

		if (n <= 0)
			return total ? total : n;
		(void)!cook(raw, (size_t)n, cooked, sizeof(cooked),
			    &out); /* twice the room: all of it */
		err = push(f, cooked, out, &sent);
		if (err && sent == 0)
			return total ? total : err;
		total += n;
		if (err)
			break;
	}
	return total;
}

static long tty_write(struct file *f, struct uio *u, uint64_t *pos)
{
	long n;

	(void)pos;
	if (!tty.out)
		return -EIO;
	mutex_lock(&tty.write_lock);
	n = write_locked(f, u);
	mutex_unlock(&tty.write_lock);
	return n;
}

/* --- state ------------------------------------------------------------------------------------------------------ */

static uint32_t tty_poll(struct file *f)
{
	bool on = spin_lock_irq(&tty.lock);
	size_t min = tty.l.t.cc[TT_VTIME] ? 1 : tty.l.t.cc[TT_VMIN];
	uint32_t mask = 0;

	(void)f;
	if (ldisc_readable(&tty.l, min) || tty.eof)
		mask |= POLL_IN | POLL_RDNORM;
	if (tty.eof)
		mask |= POLL_HUP;
	if (!tty.l.stopped)
		mask |= POLL_OUT | POLL_WRNORM;
	spin_unlock_irq(&tty.lock, on);
	return mask;
}

static struct poll_source *tty_poll_source(struct file *f)
{
	(void)f;
	return &tty.source;
}

static void drain(void)
{
	if (tty.out && tty.out->ops->drain)
		tty.out->ops->drain(tty.out);
}

static void flush_input(void)
{
	bool on = spin_lock_irq(&tty.lock);

	ldisc_flush_input(&tty.l);
	spin_unlock_irq(&tty.lock, on);
}

static long get_termios(uaddr_t to)
{
	struct linux_termios t;
	bool on = spin_lock_irq(&tty.lock);

	t = tty.l.t;
	spin_unlock_irq(&tty.lock, on);
	return user_write(to, &t, sizeof(t));
}

static long set_termios(unsigned cmd, uaddr_t from)
{
	struct linux_termios t;
	err_t err = user_read(&t, from, sizeof(t));
	bool on;

	if (err)
		return err;
	if (cmd != LX_TCSETS)
		drain();
	on = spin_lock_irq(&tty.lock);
	if (cmd == LX_TCSETSF)
		ldisc_flush_input(&tty.l);
	ldisc_set(&tty.l, &t);
	waitq_wake(&tty.readers, UINT32_MAX); /* who waits by the old rules looks again */
	waitq_wake(&tty.writers, UINT32_MAX);
	spin_unlock_irq(&tty.lock, on);
	return 0;
}

static long get_winsize(uaddr_t to)
{
	struct linux_winsize w;
	bool on = spin_lock_irq(&tty.lock);

	w = tty.size;
	spin_unlock_irq(&tty.lock, on);
	return user_write(to, &w, sizeof(w));
}

static long set_winsize(uaddr_t from)
{
	struct linux_winsize w;
	err_t err = user_read(&w, from, sizeof(w));

	if (err)
		return err;
	tty_set_winsize(w.rows, w.cols);
	tty.size.xpixel = w.xpixel;
	tty.size.ypixel = w.ypixel;
	return 0;
}

static long set_pgrp(uaddr_t from)
{
	uint32_t pgrp;
	err_t err = user_load32(from, &pgrp);

	if (err)
		return err;
	if ((int32_t)pgrp < 0)
		return -EINVAL;
	if (!tty_hooks.pgrp || pgrp != tty_hooks.pgrp())
		return -ESRCH; /* no other group exists */
	tty.pgrp = pgrp;
	return 0;
}

static long flow_control(int how)
{
	bool on = spin_lock_irq(&tty.lock);

	if (how == 0 || how == 1) /* TCOOFF, TCOON */
		tty.l.stopped = how == 0;
	waitq_wake(&tty.writers, UINT32_MAX);
	spin_unlock_irq(&tty.lock, on);
	return how >= 0 && how <= 3 ? 0 : -EINVAL;
}

static long flush(int what)
{
	if (what < 0 || what > 2)
		return -EINVAL;
	if (what != 1)
		flush_input();
	return 0; /* output has left for the device: nothing of it is ours to drop */
}

static long pending_input(uaddr_t to)
{
	bool on = spin_lock_irq(&tty.lock);
	uint32_t n = (uint32_t)ldisc_pending(&tty.l);

	spin_unlock_irq(&tty.lock, on);
	return user_store32(to, n);
}

static long pending_output(uaddr_t to)
{
	size_t n = tty.out && tty.out->ops->pending ? tty.out->ops->pending(tty.out) : 0;

	return user_store32(to, (uint32_t)n);
}

static long tty_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	enum { TIOCGETD = 0x5424, TIOCSTI = 0x5412 };

	(void)f;
	switch (cmd) {
	case LX_TCGETS:
		return get_termios(arg);
	case LX_TCSETS:
	case LX_TCSETSW:
	case LX_TCSETSF:
		return set_termios(cmd, arg);
	case LX_TCSBRK:
		drain();
		return 0;
	case LX_TCXONC:
		return flow_control((int)arg);
	case LX_TCFLSH:
		return flush((int)arg);
	case LX_TIOCGWINSZ:
		return get_winsize(arg);
	case LX_TIOCSWINSZ:
		return set_winsize(arg);
	case LX_TIOCGPGRP:
		return user_store32(arg, tty.pgrp	  ? tty.pgrp
					 : tty_hooks.pgrp ? tty_hooks.pgrp()
							  : 1);
	case LX_TIOCSPGRP:
		return set_pgrp(arg);
	case LX_TIOCGSID:
		return user_store32(arg, tty_hooks.session ? tty_hooks.session() : 1);
	case LX_TIOCSCTTY:
	case LX_TIOCNOTTY:
	case LX_TIOCEXCL:
	case LX_TIOCNXCL:
		return 0; /* it is the only terminal of the only session: these change nothing */
	case LX_FIONREAD:
		return pending_input(arg);
	case LX_TIOCOUTQ:
		return pending_output(arg);
	case TIOCGETD:
		return user_store32(arg, 0);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops tty_ops = {
	.kind = "tty",
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.poll_source = tty_poll_source,
	.ioctl = tty_ioctl,
	.fcntl = file_lock_fcntl,
};

static struct chrdev nodes[] = {
	{ .name = "tty", .major = 5, .minor = 0, .mode = 0666, .fops = &tty_ops },
	{ .name = "console", .major = 5, .minor = 1, .mode = 0620, .fops = &tty_ops },
	{ .name = "ttyS0", .major = 4, .minor = 64, .mode = 0620, .fops = &tty_ops },
};

err_t tty_open(uint32_t flags, struct file **out)
{
	const struct open_how how = { .flags = flags | LX_O_NOCTTY };

	return vfs_open(NULL, "/dev/console", &how, out);
}

err_t tty_init(const struct tty_setup *s)
{
	err_t err = 0;

	spin_init(&tty.lock, RANK_FILE);
	waitq_init(&tty.readers, &tty.lock);
	waitq_init(&tty.writers, &tty.lock);
	poll_source_init(&tty.source);
	mutex_init(&tty.write_lock);
	mutex_init(&tty.read_lock);
	ldisc_init(&tty.l, s->host);
	tty.size.rows = s->rows ? s->rows : 24;
	tty.size.cols = s->cols ? s->cols : 80;
	tty.in = s->in;
	tty.out = s->out;
	tty.eof = !s->in;
	for (unsigned i = 0; i < ARRAY_LEN(nodes) && !err; i++)
		err = chrdev_add(&nodes[i]);
	if (tty.out && tty.out != tty.in)
		chardev_open(tty.out, &out_up, &tty);
	if (tty.in)
		chardev_open(tty.in, &in_up, &tty);
	return err;
}
