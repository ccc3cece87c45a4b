/* SPDX-License-Identifier: Apache-2.0 */
/* init/app.c: program, arguments, environment and flags out of the manifest. */
#include "init/app.h"

#include "arch/arch.h"
#include "init/config.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "kern/vm.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "linux/exec.h"
#include "linux/proc.h"
#include "linux/process.h"
#include "linux/strace.h"
#include "linux/system.h"
#include "vfs/missing.h"
#include "vfs/vfs.h"

/* --- settings --------------------------------------------------------------------------------------------- */

static void memory_policy(void)
{
	const struct value *thp = config_get("transparent_hugepage");

	vm_policy.noaslr = config_flag("noaslr");
	vm_policy.exec_protection = config_flag("exec_protection");
	vm_policy.thp_never = thp && value_is(thp, "never");
	vm_policy.mmap_min_addr = 65536; /* Linux's default */
	if (value_get_size(config_get("mmap_min_addr"), &vm_policy.mmap_min_addr) == -EINVAL)
		klog_warn("manifest: mmap_min_addr is not a number");
}

static void names(void)
{
	const struct value *u = config_get("uname");
	size_t n;

	if (u && u->type == VALUE_TUPLE)
		system_set_uname(value_text(tuple_get(u->t, "sysname"), &n),
				 value_text(tuple_get(u->t, "release"), &n), NULL);
	system_set_uname(NULL, NULL, config_text("hostname"));
}

/* tracelist: only these; notrace: all but these. */
static void trace_filter(const char *key, bool only)
{
	const struct value *v = config_get(key);
	size_t n;

	for (uint32_t i = 0; v && i < value_count(v); i++) {
		const char *name = value_text(value_at(v, i), &n);

		if (name && strace_filter(name, only))
			klog_warn("manifest: %s: there is no system call %s", key, name);
	}
}

static void trace_calls(void)
{
	const char *file = config_text("trace_file");

	if (!config_flag("debugsyscalls") && !config_names("trace", "syscalls") &&
	    !config_names("trace", "all"))
		return;
	trace_filter("tracelist", true);
	trace_filter("notrace", false);
	if (file && strace_to_file(file))
		klog_warn("trace: %s cannot be written; the trace goes to the console", file);
	strace_enable();
}

static void trace_kernel(void)
{
	if ((config_flag("futex_trace") || config_names("trace", "futex")) &&
	    !trace_enable_live("futex"))
		klog_warn("trace: futex is not known");
	if ((config_flag("fault") || config_names("trace", "faults")) &&
	    !trace_enable_live("fault"))
		klog_warn("trace: faults are not known");
}

static void log_level(void)
{
	const char *name = config_text("log_level");
	enum klog_level level;

	if (!name)
		return;
	if (klog_level_of(name, &level))
		klog_set_level(level);
	else
		klog_warn("manifest: log_level: there is no level %s", name);
}

/* The date, from who started the machine, in ns since 1970: finer than an RTC, and there where that is not. */
static void host_time(void)
{
	uint64_t ns;

	if (!value_get_u64(config_get("host_time"), &ns))
		clock_real_set(ns);
}

err_t app_settings(void)
{
	err_t err;

	log_level();
	host_time();
	memory_policy();
	err = process_init();
	if (err)
		return err;
	names();
	trace_kernel();
	return linux_proc_init();
}

/* --- the program ------------------------------------------------------------------------------------------- */

/* A vector of strings as it is passed to the program. */
static err_t strings_of(const struct value *v, struct stack_strings *out)
{
	uint32_t n = v ? value_count(v) : 0;
	const char **s = kmalloc((n + 1) * sizeof(*s));
	size_t len;

	if (!s)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		s[i] = value_text(value_at(v, i), &len);
		if (!s[i])
			vm_fail("manifest: argument %u is not a string", i);
	}
	*out = (struct stack_strings){ s, n };
	return 0;
}

static char *pair(const struct entry *e)
{
	size_t len, size;
	const char *value = value_text(&e->v, &len);
	char *s;

	if (!value)
		vm_fail("manifest: environment: %s is not a string", e->key->s);
	size = e->key->len + 1 + len + 1;
	s = kmalloc(size);
	if (s)
		fmt(s, size, "%s=%s", e->key->s, value);
	return s;
}

/* environment:(NAME:value ...) as NAME=value strings. */
static err_t environment(struct stack_strings *out)
{
	const struct value *v = config_get("environment");
	const struct tuple *t = v && v->type == VALUE_TUPLE ? v->t : NULL;
	const char **s = kmalloc(((t ? t->live : 0) + 1) * sizeof(*s));
	const struct entry *e;
	uint32_t n = 0;

	if (!s)
		return -ENOMEM;
	for (uint32_t i = 0; t && (e = tuple_next(t, &i));) {
		if (!e->key)
			continue;
		s[n] = pair(e);
		if (!s[n++])
			return -ENOMEM;
	}
	*out = (struct stack_strings){ s, n };
	return 0;
}

static void change_directory(void)
{
	const char *cwd = config_text("cwd");
	struct dentry *d;

	if (!cwd)
		return;
	if (path_lookup(NULL, cwd, WALK_FOLLOW, &d))
		vm_fail("manifest: cwd: there is no directory %s", cwd);
	vfs_set_cwd(d);
}

static void say_missing_call(const char *name, unsigned nr, void *arg)
{
	(void)arg;
	klog_err("missing: system call %s (%u)", name, nr);
}

static void say_missing_file(const char *path, void *arg)
{
	(void)arg;
	klog_err("missing: file %s", path);
}

static void report_missing(unsigned status)
{
	(void)status;
	syscall_for_each_missing(say_missing_call, NULL);
	missing_each(say_missing_file, NULL);
}

static void prepare_report(void)
{
	static struct exit_step step = { .fn = report_missing, .order = EXIT_REPORT };

	missing_wanted = config_flag("missing_files");
	if (missing_wanted)
		exit_add_step(&step);
}

err_t app_start(void)
{
	struct exec_request req = { .path = config_text("program") };
	unsigned status;
	err_t err;

	if (!req.path)
		vm_fail("manifest: no program is named");
	err = strings_of(config_get("arguments"), &req.args);
	if (!err)
		err = environment(&req.env);
	if (err)
		return err;
	if (!req.args.n)
		req.args = (struct stack_strings){ &req.path, 1 };
	change_directory();
	prepare_report();
	trace_calls();
	irq_enable(); /* off since the machine began; the program's pages are brought in by faults */
	status = exec_program(&req);
	if (status)
		vm_exit(status);
	return 0;
}
