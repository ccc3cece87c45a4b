/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing, memory, strings and paths for the coracle command.
 */
#include "tools/coracle_util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool util_verbose;

static void (*ends[8])(void);
static size_t nends;
static char partial[4096];
static volatile sig_atomic_t partial_set;

static void run_ends(void)
{
	while (nends > 0)
		ends[--nends]();
	if (partial_set)
		unlink(partial);
	partial_set = 0;
}

void at_end(void (*fn)(void))
{
	static bool hooked;

	if (!hooked && atexit(run_ends) == 0)
		hooked = true;
	if (fn && nends < ARRAY_LEN(ends))
		ends[nends++] = fn;
}

void partial_begin(const char *path)
{
	at_end(NULL);
	if (snprintf(partial, sizeof(partial), "%s", path) < (int)sizeof(partial))
		partial_set = 1;
}

void partial_done(void)
{
	partial_set = 0;
}

/* Async-signal-safe: unlink, signal and raise are. */
static void tidy(int sig)
{
	if (partial_set)
		unlink(partial);
	signal(sig, SIG_DFL);
	raise(sig);
}

void signals_tidy(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
		if (signal(sigs[i], tidy) == SIG_IGN)
			signal(sigs[i], SIG_IGN);
}

static void line(const char *f, va_list ap, const char *tail) printf_like(1, 0);

/* One write, so that lines of two processes do not mix. */
static void line(const char *f, va_list ap, const char *tail)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "coracle: ");

	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 2, f, ap);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	if (tail)
		n += snprintf(text + n, sizeof(text) - (size_t)n - 1, ": %s", tail);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n++] = '\n';
	fflush(stdout);
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		return;
}

void die(int status, const char *f, ...)
{
	va_list ap;

	run_ends();
	va_start(ap, f);
	line(f, ap, NULL);
	va_end(ap);
	exit(status);
}

void die_errno(int status, const char *f, ...)
{
	const char *why = strerror(errno);
	va_list ap;

	run_ends();
	va_start(ap, f);
	line(f, ap, why);
	va_end(ap);
	exit(status);
}

void warn(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	line(f, ap, NULL);
	va_end(ap);
}

void note(const char *f, ...)
{
	va_list ap;

	if (!util_verbose)
		return;
	va_start(ap, f);
	line(f, ap, NULL);
	va_end(ap);
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die(EXIT_OURS, "out of memory");
	return p;
}

void *xmalloc(size_t n)
{
	return xrealloc(NULL, n);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die(EXIT_OURS, "out of memory");
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

static char *xvasprintf(const char *f, va_list ap) printf_like(1, 0);

static char *xvasprintf(const char *f, va_list ap)
{
	char *s;

	if (vasprintf(&s, f, ap) < 0)
		die(EXIT_OURS, "out of memory");
	return s;
}

char *xasprintf(const char *f, ...)
{
	va_list ap;
	char *s;

	va_start(ap, f);
	s = xvasprintf(f, ap);
	va_end(ap);
	return s;
}

static void strs_take(struct strs *l, char *s)
{
	if (l->n + 2 > l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strs_add(struct strs *l, const char *s)
{
	strs_take(l, xstrdup(s));
}

void strs_addf(struct strs *l, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	strs_take(l, xvasprintf(f, ap));
	va_end(ap);
}

bool strs_has(const struct strs *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void strs_free(struct strs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strs){ 0 };
}

static void buf_room(struct buf *b, size_t n)
{
	if (b->len + n + 1 <= b->cap)
		return;
	b->cap = MAX(2 * b->cap, b->len + n + 64);
	b->s = xrealloc(b->s, b->cap);
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_room(b, n);
	if (n)
		memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_fmt(struct buf *b, const char *f, ...)
{
	va_list ap;
	char *s;

	va_start(ap, f);
	s = xvasprintf(f, ap);
	va_end(ap);
	buf_str(b, s);
	free(s);
}

void buf_free(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

bool file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	struct stat st;

	*out = (struct buf){ 0 };
	if (fd < 0)
		return false;
	buf_room(out, fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 4096);
	while ((n = read(fd, out->s + out->len, out->cap - out->len - 1)) > 0) {
		out->len += (size_t)n;
		if (out->cap - out->len < 2)
			buf_room(out, 4096);
	}
	close(fd);
	if (n < 0) {
		buf_free(out);
		return false;
	}
	out->s[out->len] = '\0';
	return true;
}

static char *path_walk(const char *cwd, const char *path, bool up)
{
	char *all = path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", cwd, path);
	char *to = xmalloc(strlen(all) + 2);
	size_t n = 0;

	for (const char *p = all; *p;) {
		size_t len = strcspn(p, "/");

		if (up && len == 2 && memcmp(p, "..", 2) == 0) {
			while (n > 0 && to[--n] != '/')
				;
		} else if (len > 0 && !(len == 1 && *p == '.')) {
			to[n++] = '/';
			memcpy(to + n, p, len);
			n += len;
		}
		p += len + (p[len] == '/');
	}
	if (n == 0)
		to[n++] = '/';
	to[n] = '\0';
	free(all);
	return to;
}

char *path_clean(const char *cwd, const char *path)
{
	return path_walk(cwd, path, true);
}

char *path_abs(const char *cwd, const char *path)
{
	return path_walk(cwd, path, false);
}

char *path_join(const char *dir, const char *name)
{
	return xasprintf("%s%s%s", dir, dir[0] && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

bool dirs_make(const char *path)
{
	char *p = xstrdup(path);
	bool ok = true;

	for (char *s = p + 1; ok; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		ok = mkdir(p, 0700) == 0 || errno == EEXIST;
		*s = c;
		if (c == '\0')
			break;
	}
	free(p);
	return ok;
}

void key_init(struct key128 *k)
{
	k->h = (unsigned __int128)0x6c62272e07bb0142ull << 64 | 0x62b821756295c58dull;
}

/* The prime is 2^88 + 2^8 + 0x3b. */
void key_add(struct key128 *k, const void *p, size_t n)
{
	const unsigned char *c = p;
	unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;

	for (size_t i = 0; i < n; i++)
		k->h = (k->h ^ c[i]) * prime;
}

void key_str(struct key128 *k, const char *s)
{
	key_add(k, s, strlen(s) + 1);
}

void key_hex(const struct key128 *k, char out[33])
{
	snprintf(out, 33, "%016llx%016llx", (unsigned long long)(k->h >> 64),
		 (unsigned long long)k->h);
}
