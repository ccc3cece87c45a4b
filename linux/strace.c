/* SPDX-License-Identifier: Apache-2.0 */
/* linux/strace.c: the line of a traced call, from its row's signature. */
#include "linux/strace.h"

#include "abi/linux_signal.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "linux/signal.h"
#include "linux/strace_int.h"
#include "vfs/vfs.h"

#define LINE_MAX 1024
#define ARGS_MAX 768
#define O_TRACE	 (1u | 0100 | 01000 | 02000) /* O_WRONLY|O_CREAT|O_TRUNC|O_APPEND */

static bool enabled;
static struct file *trace_file;	    /* NULL: the log console */
static uint8_t hidden[NR_SYSCALLS]; /* 1: left out */
static bool listed;		    /* only those that are named */

/* One traced call. Arguments are written as they become known, and put together in their order at the end. */
struct traced {
	char args[ARGS_MAX];
	struct text text; /* over args */
	uint16_t start[7], len[6];
	char line[LINE_MAX];
};

static void emit(const char *line, size_t len)
{
	struct uio u;

	if (!trace_file) {
		klog_raw(line, len);
		return;
	}
	uio_kernel(&u, (void *)(uintptr_t)line, len);
	if (file_write(trace_file, &u) < 0) {
		trace_file = NULL; /* the disk is full, or worse: the console has to do */
		klog_warn("trace: the file cannot be written any more");
	}
}

void strace_enable(void)
{
	enabled = true;
}

void strace_new_thread(struct thread *t)
{
	if (enabled)
		atomic_fetch_or(&t->flags, THREAD_TRACE);
}

err_t strace_to_file(const char *path)
{
	const struct open_how how = { .flags = O_TRACE, .mode = 0644 };

	return vfs_open(NULL, path, &how, &trace_file);
}

err_t strace_filter(const char *name, bool only)
{
	for (uint64_t nr = 0; nr < NR_SYSCALLS; nr++) {
		const char *known = syscall_name(nr);

		if (!known || strcmp(known, name))
			continue;
		if (only && !listed)
			memset(hidden, 1, sizeof(hidden));
		listed |= only;
		hidden[nr] = !only;
		return 0;
	}
	return -ENOENT;
}

/* The next word of a signature; *n is its length, 0: no more. */
static const char *next_type(const char **sig, size_t *n)
{
	const char *p = *sig;

	while (*p == ' ')
		p++;
	for (*n = 0; p[*n] && p[*n] != ' '; ++*n)
		;
	*sig = p + *n;
	return p;
}

static void show_args(struct traced *c, const char *sig, const struct sysargs *a, bool after,
		      long result)
{
	const char *type;
	size_t n;

	for (unsigned i = 0; i < 6; i++) {
		type = next_type(&sig, &n);
		if (!n || *type == '=')
			break;
		if (arg_comes_out(type, n) != after)
			continue;
		c->start[i] = (uint16_t)c->text.len;
		text_arg(&c->text, type, n, a, i, result);
		c->len[i] = (uint16_t)(c->text.len - c->start[i]);
	}
}

static bool returns_never(const char *sig)
{
	const char *how = strchr(sig, '=');

	return how && how[1] == '!';
}

static void show_result(struct text *t, const char *sig, long result)
{
	const char *how = strchr(sig, '=');
	const char *err = result < 0 ? errno_name((int)-result) : NULL;

	if (returns_never(sig))
		text_add(t, "?");
	else if (err && result >= -4095)
		text_add(t, "-1 %s", err);
	else if (how && how[1] == 'x')
		text_add(t, "%#lx", (unsigned long)result);
	else if (how && how[1] == 'o')
		text_add(t, "%#lo", (unsigned long)result);
	else
		text_add(t, "%ld", result);
}

static void write_line(struct traced *c, uint32_t tid, const char *name, long result, uint64_t ns)
{
	struct text line = { .buf = c->line, .size = sizeof(c->line) - 1 };

	text_add(&line, "[%u] %s(", tid, name);
	for (unsigned i = 0; i < 6; i++)
		if (c->len[i])
			text_add(&line, "%s%.*s", i ? ", " : "", (int)c->len[i],
				 c->args + c->start[i]);
	text_add(&line, ") = ");
	show_result(&line, syscall_sig(name), result);
	if (ns != UINT64_MAX)
		text_add(&line, " <%llu.%06llu>", (unsigned long long)(ns / 1000000000),
			 (unsigned long long)(ns / 1000 % 1000000));
	c->line[line.len] = '\n';
	emit(c->line, line.len + 1);
}

long strace_call(struct thread *t, uint64_t nr, syscall_fn fn, const struct sysargs *a)
{
	const char *name = syscall_name(nr), *sig;
	struct traced *c = name && !hidden[nr] ? kzalloc(sizeof(*c)) : NULL;
	uint64_t start;
	long result;

	if (!c)
		return fn(t, a);
	c->text = (struct text){ .buf = c->args, .size = sizeof(c->args) };
	sig = syscall_sig(name);
	show_args(c, sig, a, false, 0);
	if (returns_never(sig)) {
		write_line(c, t->tid, name, 0, UINT64_MAX);
		kfree(c);
		return fn(t, a);
	}
	start = clock_mono_ns();
	result = fn(t, a);
	start = clock_mono_ns() - start;
	show_args(c, sig, a, true, result);
	write_line(c, t->tid, name, result, start);
	kfree(c);
	return result;
}

void strace_signal(const struct linux_siginfo *si)
{
	char line[128];
	size_t n;

	n = fmt(line, sizeof(line), "--- %s {si_signo=%s, si_code=%d, si_addr=%#llx} ---\n",
		signal_name(si->signo), signal_name(si->signo), si->code,
		si->code > 0 ? (unsigned long long)si->fault.addr : 0);
	emit(line, MIN(n, sizeof(line) - 1));
}
