/* SPDX-License-Identifier: Apache-2.0 */
/* linux/proc_self.c: /proc/PID: the process and its threads as they describe themselves; formats of proc(5). */
#include "abi/linux_stat.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/vm.h"
#include "lib/mem.h"
#include "linux/proc_int.h"
#include "linux/process.h"
#include "linux/signal_int.h"
#include "vfs/fdtable.h"
#include "vfs/proc.h"
#include "vfs/vfs.h"

#define NS_PER_TICK 10000000ull /* USER_HZ is 100 */

typedef const struct proc_ctx ctx;

static unsigned long long ull(uint64_t v)
{
	return v;
}

/* --- memory of the program that it may have changed: arguments and environment ----------------------------- */

static void copy_user(struct text *t, uint64_t from, uint64_t to)
{
	char buf[512];

	while (from < to) {
		size_t n = MIN(to - from, sizeof(buf));

		if (user_read(buf, from, n))
			return;
		text_write(t, buf, n);
		from += n;
	}
}

static void cmdline(struct text *t, ctx *c)
{
	(void)c;
	copy_user(t, process.arg_start, process.arg_end);
}

static void environ(struct text *t, ctx *c)
{
	(void)c;
	copy_user(t, process.env_start, process.env_end);
}

static void auxv(struct text *t, ctx *c)
{
	(void)c;
	text_write(t, process.auxv, process.auxv_words * sizeof(process.auxv[0]));
}

/* --- exe ------------------------------------------------------------------------------------------------------ */

static void exe(struct text *t, ctx *c)
{
	(void)c;
	if (process.exe_path)
		text_printf(t, "%s", process.exe_path);
}

static err_t jump_exe(ctx *c, struct dentry **out)
{
	(void)c;
	return process.exe_path ? path_lookup(NULL, process.exe_path, WALK_FOLLOW, out) : -ENOENT;
}

/* --- address space ---------------------------------------------------------------------------------------------- */

/*
 * Areas are printed while the address space is locked, where nothing may sleep: room is made beforehand, for as many
 * as there were a moment ago and some more.
 */
struct map_print {
	struct text *t;
	unsigned n;
	bool details;
};

enum { AREA_LINE = 320, AREA_DETAILS = 640, SPARE_AREAS = 16 };

static bool count_area(const struct vm_area_info *a, void *arg)
{
	(void)a;
	++*(unsigned *)arg;
	return true;
}

static bool make_room(struct text *t, bool details)
{
	unsigned n = 0;

	vm_for_each(count_area, &n, false);
	t->cap = (n + SPARE_AREAS) * (AREA_LINE + (details ? AREA_DETAILS : 0));
	t->buf = kmalloc(t->cap);
	t->failed = !t->buf;
	return t->buf;
}

static void print_name(struct text *t, size_t line, const char *name)
{
	enum { NAME_COLUMN = 73 };

	while (*name && t->len - line < NAME_COLUMN)
		text_printf(t, " ");
	text_printf(t, "%s\n", name);
}

static void print_details(struct text *t, const struct vm_area_info *a)
{
	uint64_t kb = (a->end - a->start) >> 10, rss = a->rss_bytes >> 10;
	bool file = a->ino != 0;

	text_printf(t,
		    "Size:           %8llu kB\nKernelPageSize:        4 kB\nMMUPageSize:           "
		    "4 kB\n",
		    ull(kb));
	text_printf(t, "Rss:            %8llu kB\nPss:            %8llu kB\n", ull(rss), ull(rss));
	text_printf(t, "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\n");
	text_printf(t, "Private_Clean:  %8llu kB\nPrivate_Dirty:  %8llu kB\n", ull(file ? rss : 0),
		    ull(file ? 0 : rss));
	text_printf(
		t,
		"Referenced:     %8llu kB\nAnonymous:      %8llu kB\nSwap:                  0 kB\n",
		ull(rss), ull(file ? 0 : rss));
}

static bool print_area(const struct vm_area_info *a, void *arg)
{
	struct map_print *p = arg;
	struct text *t = p->t;
	size_t line = t->len;

	if (t->cap - t->len < AREA_LINE + (p->details ? AREA_DETAILS : 0))
		return false;
	text_printf(t, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", ull(a->start), ull(a->end),
		    a->prot & VM_READ ? 'r' : '-', a->prot & VM_WRITE ? 'w' : '-',
		    a->prot & VM_EXEC ? 'x' : '-', a->flags & VM_SHARED ? 's' : 'p', ull(a->offset),
		    dev_major(a->dev), dev_minor(a->dev), ull(a->ino));
	print_name(t, line, a->name ? a->name : "");
	if (p->details)
		print_details(t, a);
	return true;
}

static void print_areas(struct text *t, bool details)
{
	struct map_print p = { .t = t, .details = details };

	if (make_room(t, details))
		vm_for_each(print_area, &p, details);
}

static void maps(struct text *t, ctx *c)
{
	(void)c;
	print_areas(t, false);
}

static void smaps(struct text *t, ctx *c)
{
	(void)c;
	print_areas(t, true);
}

static void statm(struct text *t, ctx *c)
{
	struct vm_stats v;

	(void)c;
	vm_stats(&v);
	text_printf(t, "%llu %llu %llu %llu 0 %llu 0\n", ull(v.total_bytes / PAGE_SIZE),
		    ull((v.rss_anon_bytes + v.rss_file_bytes) / PAGE_SIZE),
		    ull(v.rss_file_bytes / PAGE_SIZE), ull(v.exec_bytes / PAGE_SIZE),
		    ull((v.data_bytes + v.stack_bytes) / PAGE_SIZE));
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

static char state_of(const struct thread *th)
{
	switch (th->state) {
	case THREAD_RUNNABLE:
	case THREAD_RUNNING:
		return 'R';
	case THREAD_BLOCKED:
		return th->sleep == 0 ? 'S' : 'D'; /* 0: signals end it */
	default:
		return 'X';
	}
}

static const char *state_name(char s)
{
	return s == 'R'	  ? "R (running)"
	       : s == 'S' ? "S (sleeping)"
	       : s == 'D' ? "D (disk sleep)"
			  : "X (dead)";
}

static void comm(struct text *t, ctx *c)
{
	struct thread *th = thread_find(c->tid);

	text_printf(t, "%s\n", th ? th->name : "");
	if (th)
		thread_put(th);
}

/* The thread that writes names itself, as prctl(PR_SET_NAME) does. */
static err_t set_comm(const char *s, size_t n)
{
	struct thread *me = thread_self();

	n = MIN(n, sizeof(me->name) - 1);
	memcpy(me->name, s, n);
	me->name[n] = '\0';
	return 0;
}

struct times {
	uint64_t all, user;
};

/* As the scheduler sees it: proc(5), field 18. */
static int stat_prio(const struct thread *th)
{
	return th->prio ? -1 - th->prio : 20 + th->nice;
}

static bool add_times(struct thread *th, void *arg)
{
	struct times *sum = arg;
	uint64_t all, user;

	if (th->is_user) {
		thread_times(th, &all, &user);
		sum->all += all;
		sum->user += user;
	}
	return true;
}

static void stat(struct text *t, ctx *c)
{
	struct thread *th = thread_find(c->tid);
	struct times sum = { 0 };
	struct vm_stats v;

	if (!th)
		return;
	vm_stats(&v);
	thread_for_each(add_times, &sum);
	text_printf(t, "%u (%s) %c 0 %u %u 0 -1 4194304 %llu 0 %llu 0 ", c->tid, th->name,
		    state_of(th), process.pgid, process.sid, ull(v.minor_faults),
		    ull(v.major_faults));
	text_printf(t, "%llu %llu 0 0 %d %d %u 0 %llu ", ull(sum.user / NS_PER_TICK),
		    ull((sum.all - sum.user) / NS_PER_TICK), stat_prio(th), th->nice,
		    thread_count_user(), ull(process.start_ns / NS_PER_TICK));
	text_printf(t, "%llu %llu %llu 0 0 0 0 0 ", ull(v.total_bytes),
		    ull((v.rss_anon_bytes + v.rss_file_bytes) / PAGE_SIZE), ull(UINT64_MAX));
	text_printf(t, "0 0 0 0 0 0 0 17 %u %u %u 0 0 0 0 0 0 %llu %llu %llu %llu 0\n",
		    (unsigned)th->cpu, th->user ? th->user->sched_prio : 0,
		    th->user ? th->user->sched_policy : 0, ull(process.arg_start),
		    ull(process.arg_end), ull(process.env_start), ull(process.env_end));
	thread_put(th);
}

/* --- status ---------------------------------------------------------------------------------------------------------- */

static void status_memory(struct text *t)
{
	struct vm_stats v;

	vm_stats(&v);
	const struct {
		const char *name;
		uint64_t bytes;
	} lines[] = {
		{ "VmPeak:", v.peak_total_bytes },
		{ "VmSize:", v.total_bytes },
		{ "VmLck:", v.locked_bytes },
		{ "VmPin:", 0 },
		{ "VmHWM:", v.peak_rss_bytes },
		{ "VmRSS:", v.rss_anon_bytes + v.rss_file_bytes },
		{ "RssAnon:", v.rss_anon_bytes },
		{ "RssFile:", v.rss_file_bytes },
		{ "RssShmem:", 0 },
		{ "VmData:", v.data_bytes },
		{ "VmStk:", v.stack_bytes },
		{ "VmExe:", v.exec_bytes },
		{ "VmLib:", 0 },
		{ "VmPTE:", 0 },
		{ "VmSwap:", 0 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
		text_printf(t, "%s\t%8llu kB\n", lines[i].name, ull(lines[i].bytes >> 10));
}

static void status_signals(struct text *t, const struct thread *th)
{
	linux_sigset_t pending = 0, shared, blocked = 0, ignored = 0, caught = 0;
	unsigned queued;
	bool on = spin_lock_irq(&sig.lock);

	shared = sig.shared.pending;
	queued = sig.nqueued;
	if (th->user) {
		pending = th->user->queue.pending;
		blocked = th->user->mask;
	}
	for (int n = 1; n <= LSIG_MAX; n++) {
		uint64_t h = sig.action[n - 1].handler;

		if (h == 1)
			ignored |= LSIG_BIT(n);
		else if (h)
			caught |= LSIG_BIT(n);
	}
	spin_unlock_irq(&sig.lock, on);
	text_printf(t, "SigQ:\t%u/%llu\n", queued, ull(process_rlimit(RLIM_SIGPENDING)));
	text_printf(t,
		    "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%"
		    "016llx\nSigCgt:\t%016llx\n",
		    ull(pending), ull(shared), ull(blocked), ull(ignored), ull(caught));
}

static void status_ids(struct text *t)
{
	const struct creds *k = &process.creds;

	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", k->uid, k->euid, k->suid, k->fsuid);
	text_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", k->gid, k->egid, k->sgid, k->fsgid);
	text_printf(t, "FDSize:\t%u\nGroups:\t", MAX(64u, ALIGN_UP(fd_count(), 64u)));
	for (uint32_t i = 0; i < k->ngroups; i++)
		text_printf(t, "%u ", k->groups[i]);
	text_printf(t, "\n");
}

static void status_caps(struct text *t)
{
	const struct creds *k = &process.creds;

	text_printf(t,
		    "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%"
		    "016llx\nCapAmb:\t%016llx\n",
		    ull(k->cap_inheritable), ull(k->cap_permitted), ull(k->cap_effective),
		    ull(k->cap_bounding), ull(k->cap_ambient));
	text_printf(t, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", process.no_new_privs);
}

static void status_cpus(struct text *t, const struct thread *th)
{
	uint64_t online = ncpus >= 64 ? UINT64_MAX : (1ull << ncpus) - 1;

	text_printf(t, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", ull(th->affinity & online));
	text_list(t, th->affinity & online);
	text_printf(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	text_printf(t, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    ull(th->nvcsw), ull(th->nivcsw));
}

static void status(struct text *t, ctx *c)
{
	struct thread *th = thread_find(c->tid);

	if (!th)
		return;
	text_printf(t,
		    "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:"
		    "\t0\nTracerPid:\t0\n",
		    th->name, (unsigned)vfs_umask, state_name(state_of(th)), PROGRAM_PID, c->tid);
	status_ids(t);
	text_printf(t, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", PROGRAM_PID, c->tid,
		    process.pgid, process.sid);
	status_memory(t);
	text_printf(t, "CoreDumping:\t0\nTHP_enabled:\t%d\nThreads:\t%u\n", !vm_policy.thp_never,
		    thread_count_user());
	status_signals(t, th);
	status_caps(t);
	status_cpus(t, th);
	thread_put(th);
}

/* --- limits ------------------------------------------------------------------------------------------------------------ */

static void print_limit(struct text *t, uint64_t v)
{
	if (v == RLIM_NONE)
		text_printf(t, "%-20s ", "unlimited");
	else
		text_printf(t, "%-20llu ", ull(v));
}

static void limits(struct text *t, ctx *c)
{
	static const struct {
		unsigned which;
		const char *name, *unit;
	} rows[] = {
		{ RLIM_CPU, "Max cpu time", "seconds" },
		{ RLIM_FSIZE, "Max file size", "bytes" },
		{ RLIM_DATA, "Max data size", "bytes" },
		{ RLIM_STACK, "Max stack size", "bytes" },
		{ RLIM_CORE, "Max core file size", "bytes" },
		{ RLIM_RSS, "Max resident set", "bytes" },
		{ RLIM_NPROC, "Max processes", "processes" },
		{ RLIM_NOFILE, "Max open files", "files" },
		{ RLIM_MEMLOCK, "Max locked memory", "bytes" },
		{ RLIM_AS, "Max address space", "bytes" },
		{ RLIM_LOCKS, "Max file locks", "locks" },
		{ RLIM_SIGPENDING, "Max pending signals", "signals" },
		{ RLIM_MSGQUEUE, "Max msgqueue size", "bytes" },
		{ RLIM_NICE, "Max nice priority", "" },
		{ RLIM_RTPRIO, "Max realtime priority", "" },
		{ RLIM_RTTIME, "Max realtime timeout", "us" },
	};

	(void)c;
	text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		text_printf(t, "%-25s ", rows[i].name);
		print_limit(t, process.rlimit[rows[i].which].cur);
		print_limit(t, process.rlimit[rows[i].which].max);
		text_printf(t, "%-10s\n", rows[i].unit);
	}
}

/* --- knobs that are kept and shown ---------------------------------------------------------------------------------------- */

static _Atomic int oom_adj;

static void oom_score_adj(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%d\n", oom_adj);
}

/* Kept for the program to read back: there is no other process to prefer. */
static err_t set_oom_score_adj(const char *s, size_t n)
{
	bool minus = *s == '-';
	int v = 0;

	(void)n;
	for (s += minus; *s >= '0' && *s <= '9' && v <= 1000; s++)
		v = v * 10 + (*s - '0');
	if ((*s && *s != '\n') || v > 1000)
		return -EINVAL;
	oom_adj = minus ? -v : v;
	return 0;
}

static void oom_score(struct text *t, ctx *c)
{
	struct page_stats s;
	struct vm_stats v;

	(void)c;
	page_stats(&s);
	vm_stats(&v);
	text_printf(t, "%llu\n",
		    ull((v.rss_anon_bytes + v.rss_file_bytes) * 1000 / (s.total_bytes + 1)));
}

static void personality(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%08x\n", process.personality);
}

const struct proc_row proc_self_rows[] = {
	{ .path = "PID/auxv", .mode = 0400, .show = auxv },
	{ .path = "PID/cmdline", .mode = 0444, .show = cmdline },
	{ .path = "PID/comm", .mode = 0644, .show = comm, .store = set_comm },
	{ .path = "PID/environ", .mode = 0400, .show = environ },
	{ .path = "PID/exe", .mode = MODE_LNK | 0777, .show = exe, .jump = jump_exe },
	{ .path = "PID/limits", .mode = 0444, .show = limits },
	{ .path = "PID/maps", .mode = 0444, .show = maps },
	{ .path = "PID/oom_score", .mode = 0444, .show = oom_score },
	{ .path = "PID/oom_score_adj",
	  .mode = 0644,
	  .show = oom_score_adj,
	  .store = set_oom_score_adj },
	{ .path = "PID/personality", .mode = 0400, .show = personality },
	{ .path = "PID/smaps", .mode = 0444, .show = smaps },
	{ .path = "PID/stat", .mode = 0444, .show = stat },
	{ .path = "PID/statm", .mode = 0444, .show = statm },
	{ .path = "PID/status", .mode = 0444, .show = status },
};
const unsigned proc_self_nrows = ARRAY_LEN(proc_self_rows);
