/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread and one poll loop.  A channel reads only when what it read before has been written, so a slow
 * reader slows the guest down and nothing piles up here.  The guest's sockets are ours to close: closing
 * the output ones tells the guest that the reader is gone, shutting down the writing half of the
 * input one that the input has ended.
 */
#include "tools/coracle_console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	CHANNEL_BUF = 64 << 10,
	LINE_MAX_LOG = 64 << 10,
	GRACE_MS = 10000,    /* after `signal 15`, before the guest is killed */
	IMPATIENT_MS = 2000, /* three signals within this time kill it at once */
	ESCAPE = 0x1d,	     /* ^] three times within IMPATIENT_MS kills as well */
	ESCAPES = 3,
};

struct channel {
	int from, to; /* -1: closed */
	size_t off, len;
	char buf[CHANNEL_BUF];
};

struct server {
	struct console *c;
	pid_t qemu;
	int sig; /* signalfd */
	struct channel in, out[2];
	struct buf line; /* of the log, unfinished */
	struct buf ctl;	 /* commands not yet written to COM1 */
	struct buf noise;
	int64_t deadline;	 /* ms; 0: none */
	int64_t recent[ESCAPES]; /* when the last stop signals or escapes came */
	int stop_sig;
	bool dead;
	struct outcome res;
};

static struct termios saved;
static bool saved_set;

static void terminal_restore(void)
{
	if (saved_set)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	saved_set = false;
}

static void terminal_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return;
	saved_set = true;
	at_end(terminal_restore);
	t = saved;
	cfmakeraw(&t);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- opening --------------------------------------------------------------------------------- */

static enum stdio_kind kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return STDIO_NULL;
	if (isatty(fd))
		return STDIO_TTY;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return STDIO_NULL;
	return STDIO_PIPE;
}

static void pair(int *host, int *guest)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		die_errno(EXIT_OURS, "socketpair");
	*host = fd[0];
	*guest = fd[1];
}

static bool window(unsigned *rows, unsigned *cols)
{
	struct winsize w;

	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
			*rows = w.ws_row;
			*cols = w.ws_col;
			return true;
		}
	return false;
}

/* Descriptors 0 to 2 that are closed would be taken by the first files we open. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		close(fd);
}

/* The sockets that one QEMU uses up. */
static void open_pairs(struct console *c)
{
	int fd[2];

	for (int i = 1; i < 3; i++)
		if (c->kind[i] != STDIO_NULL)
			pair(&c->host[i], &c->guest[i]);
	pair(&c->log_host, &c->log_guest);
	if (pipe2(fd, O_CLOEXEC) < 0)
		die_errno(EXIT_OURS, "pipe");
	c->noise_read = fd[0];
	c->noise_write = fd[1];
}

void console_reopen(struct console *c)
{
	open_pairs(c);
}

void console_open(struct console *c, const char *log_path)
{
	memset(c, 0, sizeof(*c));
	fill_stdio();
	for (int i = 0; i < 3; i++) {
		c->kind[i] = kind_of(i);
		c->host[i] = c->guest[i] = -1;
	}
	if (c->kind[0] != STDIO_NULL)
		pair(&c->host[0], &c->guest[0]);
	open_pairs(c);
	c->raw = c->kind[0] == STDIO_TTY && (c->kind[1] == STDIO_TTY || c->kind[2] == STDIO_TTY);
	if (c->kind[0] == STDIO_TTY && !c->raw)
		c->kind[0] = STDIO_PIPE;
	window(&c->rows, &c->cols);
	c->log_fd = STDERR_FILENO;
	if (log_path) {
		c->log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (c->log_fd < 0)
			die_errno(EXIT_MISUSE, "--log %s", log_path);
	}
}

void console_child(const struct console *c)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	for (int i = 0; i < 3; i++)
		if (c->guest[i] >= 0)
			fcntl(c->guest[i], F_SETFD, 0);
	fcntl(c->log_guest, F_SETFD, 0);
	dup2(null, STDIN_FILENO);
	dup2(c->noise_write, STDOUT_FILENO);
	dup2(c->noise_write, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void console_manifest(const struct console *c, struct buf *out)
{
	static const char *const port[] = { "stdin", "stdout", "stderr" };
	static const char *const kind[] = { "null", "pipe", "tty" };

	buf_str(out, "stdio:(");
	for (int i = 0; i < 3; i++)
		buf_fmt(out, "%s%s:%s", i ? " " : "", port[i], kind[c->kind[i]]);
	if (c->rows)
		buf_fmt(out, " rows:%u columns:%u", c->rows, c->cols);
	buf_str(out, c->raw ? " raw:t)\n" : ")\n");
}

/* --- channels -------------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A read of the channel; false at its end. */
static bool channel_fill(struct channel *ch)
{
	ssize_t n = read(ch->from, ch->buf, sizeof(ch->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	ch->off = 0;
	ch->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/*
 * A write that does not block once poll() said POLLOUT: a pipe then has room for PIPE_BUF (pipe(7)),
 * and files never block.  False: nobody reads any more.
 */
static bool channel_drain(struct channel *ch, bool socket)
{
	size_t n = socket ? ch->len : MIN(ch->len, (size_t)PIPE_BUF);
	ssize_t w = socket ? send(ch->to, ch->buf + ch->off, n, MSG_DONTWAIT | MSG_NOSIGNAL)
			   : write(ch->to, ch->buf + ch->off, n);

	if (w < 0)
		return errno == EINTR || errno == EAGAIN;
	ch->off += (size_t)w;
	ch->len -= (size_t)w;
	return true;
}

static void ctl(struct server *s, const char *f, ...) printf_like(2, 3);

static void ctl(struct server *s, const char *f, ...)
{
	char text[64];
	va_list ap;
	int n;

	va_start(ap, f);
	n = vsnprintf(text, sizeof(text), f, ap);
	va_end(ap);
	buf_add(&s->ctl, text, (size_t)n);
}

static void kill_guest(struct server *s, int sig)
{
	if (!s->stop_sig)
		s->stop_sig = sig;
	kill(s->qemu, SIGKILL);
}

/* True when this is the third of its kind in a short time. */
static bool impatient(struct server *s)
{
	int64_t now = now_ms();

	memmove(s->recent, s->recent + 1, sizeof(s->recent) - sizeof(s->recent[0]));
	s->recent[ESCAPES - 1] = now;
	return s->recent[0] && now - s->recent[0] < IMPATIENT_MS;
}

static void look_for_escape(struct server *s)
{
	for (size_t i = 0; i < s->in.len; i++) {
		if (s->in.buf[i] != ESCAPE)
			memset(s->recent, 0, sizeof(s->recent));
		else if (impatient(s))
			kill_guest(s, SIGKILL);
	}
}

static void serve_input(struct server *s, short from, short to)
{
	struct channel *in = &s->in;

	if (from && in->len == 0) {
		if (!channel_fill(in)) {
			shutdown(in->to, SHUT_WR);
			in->from = -1;
		} else if (s->c->raw) {
			look_for_escape(s);
		}
	}
	if ((from || to) && in->len > 0 && !channel_drain(in, true)) {
		in->from = -1;
		in->len = 0;
	}
}

static void serve_output(struct channel *ch, short from, short to)
{
	if (from && ch->len == 0 && !channel_fill(ch)) {
		close_fd(&ch->from);
		return;
	}
	if (to && ch->len > 0 && !channel_drain(ch, false)) {
		ch->len = 0;
		close_fd(&ch->from); /* the guest hears of it as PORT_OPEN = 0 */
	}
}

/* --- the log --------------------------------------------------------------------------------- */

static void put_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			return;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
}

static void log_line(struct server *s, const char *text, size_t len)
{
	static const char exit_line[] = "coracle: exit status ";
	bool to_tty = saved_set && s->c->log_fd == STDERR_FILENO && s->c->kind[2] == STDIO_TTY;
	size_t skip = sizeof(exit_line) - 1;

	if (len > skip && memcmp(text, exit_line, skip) == 0 && text[skip] >= '0' &&
	    text[skip] <= '9') {
		s->res.told = true;
		s->res.status = atoi(text + skip) & 0xff;
		return;
	}
	put_all(s->c->log_fd, text, len);
	put_all(s->c->log_fd, to_tty ? "\r\n" : "\n", to_tty ? 2 : 1);
}

static void log_text(struct server *s, bool end)
{
	char *p = s->line.s, *nl;
	size_t left = s->line.len;

	while (left > 0 && (nl = memchr(p, '\n', left)) != NULL) {
		size_t len = (size_t)(nl - p);

		log_line(s, p, len > 0 && p[len - 1] == '\r' ? len - 1 : len);
		left -= len + 1;
		p = nl + 1;
	}
	if (left > 0 && (end || left > LINE_MAX_LOG)) {
		log_line(s, p, left);
		left = 0;
	}
	if (left > 0)
		memmove(s->line.s, p, left);
	s->line.len = left;
}

static void serve_log(struct server *s, short ev)
{
	char buf[4096];
	ssize_t n;

	if ((ev & POLLOUT) && s->ctl.len > 0) {
		n = send(s->c->log_host, s->ctl.s, s->ctl.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			memmove(s->ctl.s, s->ctl.s + n, s->ctl.len - (size_t)n);
			s->ctl.len -= (size_t)n;
		}
	}
	if (!(ev & (POLLIN | POLLHUP | POLLERR)))
		return;
	n = read(s->c->log_host, buf, sizeof(buf));
	if (n > 0)
		buf_add(&s->line, buf, (size_t)n);
	s->res.heard |= n > 0;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		close_fd(&s->c->log_host);
	log_text(s, s->c->log_host < 0);
}

/* QEMU's own words: the last line matters if it fails; with --verbose each is shown. */
static void serve_noise(struct server *s)
{
	char buf[1024];
	ssize_t n = read(s->c->noise_read, buf, sizeof(buf));
	char *nl;

	if (n <= 0) {
		close_fd(&s->c->noise_read);
		return;
	}
	buf_add(&s->noise, buf, (size_t)n);
	while ((nl = strchr(s->noise.s, '\n')) != NULL) {
		size_t len = (size_t)(nl - s->noise.s);

		snprintf(s->res.noise, sizeof(s->res.noise), "%.*s", (int)len, s->noise.s);
		note("%s", s->res.noise);
		memmove(s->noise.s, nl + 1, s->noise.len - len);
		s->noise.len -= len + 1;
	}
}

/* --- signals --------------------------------------------------------------------------------- */

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die_errno(EXIT_OURS, "signalfd");
	return fd;
}

static void guest_gone(struct server *s)
{
	if (!s->dead && waitpid(s->qemu, &s->res.qemu, WNOHANG) == s->qemu)
		s->dead = true;
}

static void pass_on(struct server *s, int sig)
{
	ctl(s, "signal %d\n", sig);
	if (sig == SIGUSR1 || sig == SIGUSR2)
		return;
	if (sig != SIGINT && !s->deadline) {
		s->deadline = now_ms() + GRACE_MS;
		s->stop_sig = sig;
	}
	if (impatient(s))
		kill_guest(s, sig);
}

static void serve_signals(struct server *s)
{
	struct signalfd_siginfo si;
	unsigned rows, cols;

	while (read(s->sig, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			guest_gone(s);
		else if (si.ssi_signo != SIGWINCH)
			pass_on(s, (int)si.ssi_signo);
		else if (window(&rows, &cols))
			ctl(s, "winsize %u %u\n", rows, cols);
	}
}

/* --- the loop -------------------------------------------------------------------------------- */

enum { P_IN, P_IN_TO, P_OUT, P_OUT_TO, P_ERR, P_ERR_TO, P_LOG, P_NOISE, P_SIG, P_N };

/* Which side of a channel to wait for: the reader's when something is left to be written. */
static void channel_poll(const struct channel *ch, struct pollfd *from, struct pollfd *to)
{
	*from = (struct pollfd){ .fd = ch->len == 0 ? ch->from : -1, .events = POLLIN };
	*to = (struct pollfd){ .fd = ch->len > 0 ? ch->to : -1, .events = POLLOUT };
}

static bool over(const struct server *s)
{
	return s->dead && s->c->log_host < 0 && s->c->noise_read < 0 && s->out[0].from < 0 &&
	       s->out[0].len == 0 && s->out[1].from < 0 && s->out[1].len == 0;
}

static int wait_ms(struct server *s)
{
	int64_t left;

	if (!s->deadline || s->dead)
		return -1;
	left = s->deadline - now_ms();
	if (left > 0)
		return (int)left;
	warn("the program did not stop within %d s: killed", GRACE_MS / 1000);
	kill_guest(s, s->stop_sig);
	s->deadline = 0;
	return -1;
}

static void serve_once(struct server *s)
{
	struct pollfd p[P_N];

	channel_poll(&s->in, &p[P_IN], &p[P_IN_TO]);
	channel_poll(&s->out[0], &p[P_OUT], &p[P_OUT_TO]);
	channel_poll(&s->out[1], &p[P_ERR], &p[P_ERR_TO]);
	p[P_LOG] = (struct pollfd){ .fd = s->c->log_host,
				    .events = (short)(POLLIN | (s->ctl.len ? POLLOUT : 0)) };
	p[P_NOISE] = (struct pollfd){ .fd = s->c->noise_read, .events = POLLIN };
	p[P_SIG] = (struct pollfd){ .fd = s->sig, .events = POLLIN };
	if (poll(p, P_N, wait_ms(s)) < 0)
		return;
	serve_output(&s->out[0], p[P_OUT].revents, p[P_OUT_TO].revents);
	serve_output(&s->out[1], p[P_ERR].revents, p[P_ERR_TO].revents);
	s->res.heard |= s->out[0].len + s->out[1].len > 0;
	serve_input(s, p[P_IN].revents, p[P_IN_TO].revents);
	if (p[P_LOG].revents)
		serve_log(s, p[P_LOG].revents);
	if (p[P_NOISE].revents)
		serve_noise(s);
	if (p[P_SIG].revents)
		serve_signals(s);
}

struct outcome console_serve(struct console *c, pid_t qemu)
{
	struct server *s = xcalloc(1, sizeof(*s));
	struct outcome res;

	s->c = c;
	s->qemu = qemu;
	s->in.from = c->kind[0] == STDIO_NULL ? -1 : STDIN_FILENO;
	s->in.to = c->host[0];
	for (int i = 0; i < 2; i++) {
		s->out[i].from = c->host[i + 1];
		s->out[i].to = i + 1;
	}
	close_fd(&c->guest[1]); /* not the input's: see console_reopen() */
	close_fd(&c->guest[2]);
	close_fd(&c->log_guest);
	close_fd(&c->noise_write);
	s->sig = signals_open();
	guest_gone(s);
	if (c->raw)
		terminal_raw();
	while (!over(s))
		serve_once(s);
	terminal_restore();
	if (s->stop_sig && !s->res.told) {
		s->res.told = true;
		s->res.status = 128 + s->stop_sig;
	}
	res = s->res;
	close_fd(&s->sig);
	buf_free(&s->line);
	buf_free(&s->ctl);
	buf_free(&s->noise);
	free(s);
	return res;
}
