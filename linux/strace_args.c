/* SPDX-License-Identifier: Apache-2.0 */
/* linux/strace_args.c: one argument as text.  What cannot be read of the program's memory is shown as its address. */
#include "abi/linux_signal.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "linux/signal.h"
#include "linux/strace_int.h"
#include "linux/syscall.h"

#define STR_SHOW  96 /* bytes of a path or string */
#define DATA_SHOW 32 /* bytes of a buffer, as strace shows */
#define IOV_SHOW  4
#define AT_FDCWD  (-100)

struct arg {
	uint64_t v;
	uint64_t before;
	uint64_t next; /* the argument after it: a length or a count */
	long result;
};

typedef void (*show_fn)(struct text *t, const struct arg *a);

static void show_addr(struct text *t, uint64_t v)
{
	if (v)
		text_add(t, "%#llx", (unsigned long long)v);
	else
		text_add(t, "NULL");
}

/* Copy a structure in; else show where it would be. */
static bool fetch(struct text *t, uint64_t at, void *buf, size_t n)
{
	if (at && !user_read(buf, at, n))
		return true;
	show_addr(t, at);
	return false;
}

/* --- numbers -------------------------------------------------------------------------------------------- */

static void show_int(struct text *t, const struct arg *a)
{
	text_add(t, "%d", (int)a->v);
}

static void show_uint(struct text *t, const struct arg *a)
{
	text_add(t, "%u", (unsigned)a->v);
}

static void show_long(struct text *t, const struct arg *a)
{
	text_add(t, "%lld", (long long)a->v);
}

static void show_ulong(struct text *t, const struct arg *a)
{
	text_add(t, "%llu", (unsigned long long)a->v);
}

static void show_hex(struct text *t, const struct arg *a)
{
	text_add(t, a->v ? "%#llx" : "0", (unsigned long long)a->v);
}

static void show_octal(struct text *t, const struct arg *a)
{
	text_add(t, a->v ? "%#llo" : "0", (unsigned long long)(a->v & 0xffff));
}

/* Means something only where a file may be made: O_CREAT or O_TMPFILE in the argument before. */
static void show_mode(struct text *t, const struct arg *a)
{
	if (a->before & 020000100)
		show_octal(t, a);
}

static void show_pointer(struct text *t, const struct arg *a)
{
	show_addr(t, a->v);
}

static void show_dfd(struct text *t, const struct arg *a)
{
	if ((int)a->v == AT_FDCWD)
		text_add(t, "AT_FDCWD");
	else
		show_int(t, a);
}

static void show_signal(struct text *t, const struct arg *a)
{
	text_add(t, "%s", signal_name((int)a->v));
}

/* --- bytes ------------------------------------------------------------------------------------------------ */

static void show_string(struct text *t, const struct arg *a)
{
	char buf[STR_SHOW + 1];
	long n = a->v ? user_read_str(buf, a->v, sizeof(buf)) : -EFAULT;

	if (n == -ENAMETOOLONG && !user_read(buf, a->v, STR_SHOW))
		text_quote(t, buf, STR_SHOW, STR_SHOW, true);
	else if (n < 0)
		show_addr(t, a->v);
	else
		text_quote(t, buf, (size_t)n, STR_SHOW, false);
}

static void show_bytes(struct text *t, uint64_t at, uint64_t len)
{
	uint8_t buf[DATA_SHOW];
	size_t n = MIN(len, sizeof(buf));

	if (n && !fetch(t, at, buf, n))
		return;
	text_quote(t, buf, n, n, len > n);
}

static void show_data(struct text *t, const struct arg *a)
{
	show_bytes(t, a->v, a->next);
}

static void show_data_out(struct text *t, const struct arg *a)
{
	if (a->result < 0)
		show_addr(t, a->v);
	else
		show_bytes(t, a->v, (uint64_t)a->result);
}

static void show_iov_upto(struct text *t, const struct arg *a, uint64_t left)
{
	struct uvec v;

	text_add(t, "[");
	for (uint64_t i = 0; i < MIN(a->next, (uint64_t)IOV_SHOW); i++) {
		text_add(t, i ? ", " : "");
		if (!fetch(t, a->v + i * sizeof(v), &v, sizeof(v)))
			break;
		text_add(t, "{iov_base=");
		show_bytes(t, v.base, MIN(v.len, left));
		text_add(t, ", iov_len=%llu}", (unsigned long long)v.len);
		left -= MIN(v.len, left);
	}
	text_add(t, a->next > IOV_SHOW ? ", ...]" : "]");
}

static void show_iov(struct text *t, const struct arg *a)
{
	show_iov_upto(t, a, UINT64_MAX);
}

static void show_iov_out(struct text *t, const struct arg *a)
{
	show_iov_upto(t, a, a->result > 0 ? (uint64_t)a->result : 0);
}

/* --- structures --------------------------------------------------------------------------------------------- */

static void add_ts(struct text *t, const int64_t ts[2], const char *fraction)
{
	text_add(t, "{tv_sec=%lld, %s=%lld}", (long long)ts[0], fraction, (long long)ts[1]);
}

static void show_ts(struct text *t, const struct arg *a)
{
	int64_t ts[2];

	if (fetch(t, a->v, ts, sizeof(ts)))
		add_ts(t, ts, "tv_nsec");
}

static void show_tv(struct text *t, const struct arg *a)
{
	int64_t tv[2];

	if (fetch(t, a->v, tv, sizeof(tv)))
		add_ts(t, tv, "tv_usec");
}

static void show_pair(struct text *t, const struct arg *a, const char *fraction)
{
	int64_t v[4];

	if (!fetch(t, a->v, v, sizeof(v)))
		return;
	text_add(t, "{it_interval=");
	add_ts(t, v, fraction);
	text_add(t, ", it_value=");
	add_ts(t, v + 2, fraction);
	text_add(t, "}");
}

static void show_itimerval(struct text *t, const struct arg *a)
{
	show_pair(t, a, "tv_usec");
}

static void show_itimerspec(struct text *t, const struct arg *a)
{
	show_pair(t, a, "tv_nsec");
}

static void add_sigset(struct text *t, linux_sigset_t set)
{
	const char *sep = "";
	bool inverted = __builtin_popcountll(set) > 32;

	text_add(t, inverted ? "~[" : "[");
	for (int n = 1; n <= LSIG_MAX; n++) {
		if (!!(set & LSIG_BIT(n)) == inverted)
			continue;
		text_add(t, "%s%s", sep, signal_name(n) + 3);
		sep = " ";
	}
	text_add(t, "]");
}

static void show_sigset(struct text *t, const struct arg *a)
{
	linux_sigset_t set;

	if (fetch(t, a->v, &set, sizeof(set)))
		add_sigset(t, set);
}

static void show_sigaction(struct text *t, const struct arg *a)
{
	struct linux_sigaction s;

	if (!fetch(t, a->v, &s, sizeof(s)))
		return;
	text_add(t, "{sa_handler=");
	if (s.handler <= LSIG_IGN)
		text_add(t, s.handler ? "SIG_IGN" : "SIG_DFL");
	else
		show_addr(t, s.handler);
	text_add(t, ", sa_mask=");
	add_sigset(t, s.mask);
	text_add(t, ", sa_flags=%#llx}", (unsigned long long)s.flags);
}

static void show_siginfo(struct text *t, const struct arg *a)
{
	struct linux_siginfo s;

	if (fetch(t, a->v, &s, sizeof(s)))
		text_add(t, "{si_signo=%s, si_code=%d}", signal_name(s.signo), s.code);
}

static void show_stack(struct text *t, const struct arg *a)
{
	struct linux_stack s;

	if (fetch(t, a->v, &s, sizeof(s)))
		text_add(t, "{ss_sp=%#llx, ss_flags=%#x, ss_size=%llu}", (unsigned long long)s.sp,
			 s.flags, (unsigned long long)s.size);
}

/* The words of struct stat that people look for: st_mode and st_size (x86-64's layout). */
static void show_stat(struct text *t, const struct arg *a)
{
	uint64_t w[18];

	if (a->result < 0)
		show_addr(t, a->v);
	else if (fetch(t, a->v, w, sizeof(w)))
		text_add(t, "{st_mode=%#o, st_size=%lld, ...}", (unsigned)w[3], (long long)w[6]);
}

static void show_rlim(struct text *t, const struct arg *a)
{
	uint64_t r[2];

	if (!fetch(t, a->v, r, sizeof(r)))
		return;
	for (unsigned i = 0; i < 2; i++) {
		text_add(t, i ? ", rlim_max=" : "{rlim_cur=");
		if (r[i] == UINT64_MAX)
			text_add(t, "RLIM64_INFINITY");
		else
			text_add(t, "%llu", (unsigned long long)r[i]);
	}
	text_add(t, "}");
}

static void show_fds(struct text *t, const struct arg *a)
{
	int fd[2];

	if (fetch(t, a->v, fd, sizeof(fd)))
		text_add(t, "[%d, %d]", fd[0], fd[1]);
}

static void show_pollfds(struct text *t, const struct arg *a)
{
	struct {
		int fd;
		uint16_t events, revents;
	} p;

	text_add(t, "[");
	for (uint64_t i = 0; i < MIN((uint32_t)a->next, (uint32_t)IOV_SHOW); i++) {
		text_add(t, i ? ", " : "");
		if (!fetch(t, a->v + i * sizeof(p), &p, sizeof(p)))
			break;
		text_add(t, "{fd=%d, events=%#x}", p.fd, p.events);
	}
	text_add(t, (uint32_t)a->next > IOV_SHOW ? ", ...]" : "]");
}

static void show_epoll(struct text *t, const struct arg *a)
{
	uint32_t e[3]; /* events, and data that is not aligned */

	if (fetch(t, a->v, e, sizeof(e)))
		text_add(t, "{events=%#x, data=%#llx}", e[0],
			 (unsigned long long)(e[1] | (uint64_t)e[2] << 32));
}

static void show_epoll_out(struct text *t, const struct arg *a)
{
	struct arg one = *a;

	text_add(t, "[");
	for (long i = 0; i < MIN(a->result, (long)IOV_SHOW); i++) {
		text_add(t, i ? ", " : "");
		one.v = a->v + (uint64_t)i * 12;
		show_epoll(t, &one);
	}
	text_add(t, a->result > IOV_SHOW ? ", ...]" : "]");
}

static void show_sockaddr(struct text *t, const struct arg *a)
{
	uint8_t s[28];
	uint16_t family;

	if (!fetch(t, a->v, s, 16))
		return;
	memcpy(&family, s, 2);
	if (family == 2) {
		text_add(t, "{sa_family=AF_INET, sin_port=%u, sin_addr=%u.%u.%u.%u}",
			 s[2] << 8 | s[3], s[4], s[5], s[6], s[7]);
	} else if (family == 1) {
		struct arg path = { .v = a->v + 2 };

		text_add(t, "{sa_family=AF_UNIX, sun_path=");
		show_string(t, &path);
		text_add(t, "}");
	} else {
		text_add(t, "{sa_family=%u, ...}", family);
	}
}

static void show_uname(struct text *t, const struct arg *a)
{
	struct arg node = { .v = a->v + 65 };

	if (a->result < 0) {
		show_addr(t, a->v);
		return;
	}
	text_add(t, "{sysname=");
	show_string(t, a);
	text_add(t, ", nodename=");
	show_string(t, &node);
	text_add(t, ", ...}");
}

static void show_word(struct text *t, const struct arg *a)
{
	uint64_t w;

	if (fetch(t, a->v, &w, sizeof(w)))
		text_add(t, "[%#llx]", (unsigned long long)w);
}

static void show_strings(struct text *t, const struct arg *a)
{
	uint64_t p;

	text_add(t, "[");
	for (unsigned i = 0; i < IOV_SHOW; i++) {
		struct arg s;

		if (!a->v || user_read(&p, a->v + i * 8, sizeof(p)) || !p)
			break;
		s = (struct arg){ .v = p };
		text_add(t, i ? ", " : "");
		show_string(t, &s);
	}
	text_add(t, "]");
}

/* struct clone_args: flags, ..., stack, stack_size, tls. */
static void show_clone(struct text *t, const struct arg *a)
{
	uint64_t w[8];

	if (!fetch(t, a->v, w, sizeof(w)))
		return;
	text_add(t, "{flags=");
	text_names(t, name_set_find("cloneflags", 10), w[0]);
	text_add(t, ", stack=%#llx, stack_size=%#llx, tls=%#llx}", (unsigned long long)w[5],
		 (unsigned long long)w[6], (unsigned long long)w[7]);
}

static const struct {
	const char *type;
	show_fn fn;
} kinds[] = {
	{ "d", show_int },
	{ "u", show_uint },
	{ "l", show_long },
	{ "ul", show_ulong },
	{ "x", show_hex },
	{ "o", show_octal },
	{ "mode", show_mode },
	{ "p", show_pointer },
	{ "fd", show_int },
	{ "dfd", show_dfd },
	{ "id", show_int },
	{ "sig", show_signal },
	{ "str", show_string },
	{ "in", show_data },
	{ "out", show_data_out },
	{ "iov", show_iov },
	{ "*iov", show_iov_out },
	{ "ts", show_ts },
	{ "tv", show_tv },
	{ "itimerval", show_itimerval },
	{ "itimerspec", show_itimerspec },
	{ "sigset", show_sigset },
	{ "sigaction", show_sigaction },
	{ "siginfo", show_siginfo },
	{ "stack", show_stack },
	{ "stat", show_stat },
	{ "rlim", show_rlim },
	{ "fds", show_fds },
	{ "pollfds", show_pollfds },
	{ "epollevent", show_epoll },
	{ "*epollevents", show_epoll_out },
	{ "sockaddr", show_sockaddr },
	{ "uname", show_uname },
	{ "cpumask", show_word },
	{ "openhow", show_word },
	{ "strs", show_strings },
	{ "cloneargs", show_clone },
};

bool arg_comes_out(const char *type, size_t len)
{
	return type[0] == '*' || (len == 3 && !memcmp(type, "out", 3));
}

static show_fn find(const char *type, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strlen(kinds[i].type) == len && !memcmp(kinds[i].type, type, len))
			return kinds[i].fn;
	if (type[0] == '*')
		return find(type + 1, len - 1);
	return NULL;
}

void text_arg(struct text *t, const char *type, size_t len, const struct sysargs *a, unsigned i,
	      long result)
{
	struct arg arg = { .v = a->v[i],
			   .before = i ? a->v[i - 1] : 0,
			   .next = i < 5 ? a->v[i + 1] : 0,
			   .result = result };
	const struct name_set *set = name_set_find(type, len);
	show_fn fn = find(type, len);

	if (set)
		text_names(t, set, (uint32_t)arg.v);
	else if (fn)
		fn(t, &arg);
	else
		show_hex(t, &arg);
}
