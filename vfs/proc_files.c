/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/proc_files.c: the files of /proc and /sys whose answers are known to kern/ and vfs/. */
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/page.h"
#include "kern/rand.h"
#include "kern/thread.h"
#include "kern/trace.h"
#include "kern/vm.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/fdtable.h"
#include "vfs/inotify.h"
#include "vfs/proc.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

#define NS_PER_TICK 10000000ull /* USER_HZ is 100 */
#define NS_PER_SEC  1000000000ull

typedef const struct proc_ctx ctx;

/* --- memory ---------------------------------------------------------------------------------------------- */

static void meminfo(struct text *t, ctx *c)
{
	struct page_stats s;
	struct vm_stats v;
	uint64_t avail;

	(void)c;
	page_stats(&s);
	vm_stats(&v);
	avail = s.free_bytes + s.cached_bytes - MIN(s.cached_bytes, s.dirty_bytes);
	const struct {
		const char *name;
		uint64_t bytes;
	} lines[] = {
		{ "MemTotal:", s.total_bytes },
		{ "MemFree:", s.free_bytes },
		{ "MemAvailable:", avail },
		{ "Buffers:", 0 },
		{ "Cached:", s.cached_bytes },
		{ "SwapCached:", 0 },
		{ "Active:", s.anon_bytes },
		{ "Inactive:", s.cached_bytes },
		{ "SwapTotal:", 0 },
		{ "SwapFree:", 0 },
		{ "Dirty:", s.dirty_bytes },
		{ "Writeback:", 0 },
		{ "AnonPages:", s.anon_bytes },
		{ "Mapped:", v.rss_file_bytes },
		{ "Shmem:", 0 },
		{ "Slab:", s.slab_bytes },
		{ "KernelStack:", (uint64_t)thread_count_user() * KSTACK_BYTES },
		{ "CommitLimit:", s.total_bytes },
		{ "Committed_AS:", v.total_bytes },
		{ "HugePages_Total:", 0 },
		{ "HugePages_Free:", 0 },
		{ "Hugepagesize:", HUGE_SIZE },
	};

	for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
		text_printf(t,
			    strncmp(lines[i].name, "HugeP", 5) ? "%-15s %8llu kB\n"
							       : "%-15s %8llu\n",
			    lines[i].name, (unsigned long long)lines[i].bytes >> 10);
}

static void vmstat(struct text *t, ctx *c)
{
	struct page_stats s;
	struct vm_stats v;

	(void)c;
	page_stats(&s);
	vm_stats(&v);
	text_printf(t,
		    "nr_free_pages %llu\nnr_file_pages %llu\nnr_dirty %llu\nnr_anon_pages %llu\n",
		    (unsigned long long)s.free_bytes / PAGE_SIZE,
		    (unsigned long long)s.cached_bytes / PAGE_SIZE,
		    (unsigned long long)s.dirty_bytes / PAGE_SIZE,
		    (unsigned long long)s.anon_bytes / PAGE_SIZE);
	text_printf(t, "pgfault %llu\npgmajfault %llu\n",
		    (unsigned long long)(v.minor_faults + v.major_faults),
		    (unsigned long long)v.major_faults);
}

/* --- time and load ---------------------------------------------------------------------------------------- */

static uint64_t idle_all(void)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < ncpus; i++)
		ns += cpus[i]->idle_ns;
	return ns;
}

static void uptime(struct text *t, ctx *c)
{
	uint64_t up = clock_mono_ns(), idle = idle_all();

	(void)c;
	text_printf(t, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / NS_PER_SEC),
		    (unsigned long long)(up / NS_PER_TICK % 100),
		    (unsigned long long)(idle / NS_PER_SEC),
		    (unsigned long long)(idle / NS_PER_TICK % 100));
}

static bool newest_tid(struct thread *th, void *arg)
{
	uint32_t *max = arg;

	if (th->is_user && th->tid > *max)
		*max = th->tid;
	return true;
}

static void loadavg(struct text *t, ctx *c)
{
	uint32_t avg[3], last = 0;

	(void)c;
	sched_loadavg(avg);
	for (unsigned i = 0; i < 3; i++)
		text_printf(t, "%u.%02u ", avg[i] >> 16, (avg[i] & 0xffff) * 100 >> 16);
	thread_for_each(newest_tid, &last);
	text_printf(t, "%u/%u %u\n", sched_nrunning(), thread_count_user(), last);
}

struct cpu_use {
	uint64_t user, all;
};

static bool add_times(struct thread *th, void *arg)
{
	struct cpu_use *u = arg;
	uint64_t all, user;

	if (!th->is_user)
		return true;
	thread_times(th, &all, &user);
	u->all += all;
	u->user += user;
	return true;
}

static void stat_line(struct text *t, const char *name, uint64_t user, uint64_t system,
		      uint64_t idle)
{
	text_printf(t, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name,
		    (unsigned long long)(user / NS_PER_TICK),
		    (unsigned long long)(system / NS_PER_TICK),
		    (unsigned long long)(idle / NS_PER_TICK));
}

/* Time is kept for each thread, not for each CPU: a CPU's busy time is shared out in the proportion of all. */
static void stat_cpus(struct text *t, const struct cpu_use *u)
{
	uint64_t now = clock_mono_ns();

	for (unsigned i = 0; i < ncpus; i++) {
		uint64_t idle = MIN(cpus[i]->idle_ns, now), busy = now - idle;
		uint64_t user = u->all ? busy / 1000 * (u->user * 1000 / u->all) : 0;
		char name[12];

		fmt(name, sizeof(name), "cpu%u", i);
		stat_line(t, name, MIN(user, busy), busy - MIN(user, busy), idle);
	}
}

static void stat(struct text *t, ctx *c)
{
	struct cpu_use u = { 0 };
	uint64_t intr = 0, ctxt = 0;

	(void)c;
	thread_for_each(add_times, &u);
	stat_line(t, "cpu ", u.user, u.all - u.user, idle_all());
	stat_cpus(t, &u);
	for (unsigned i = 0; i < ncpus; i++) {
		intr += cpus[i]->nirq;
		ctxt += cpus[i]->nswitch;
	}
	text_printf(t,
		    "intr %llu\nctxt %llu\nbtime %llu\nprocesses %u\nprocs_running "
		    "%u\nprocs_blocked 0\n",
		    (unsigned long long)intr, (unsigned long long)ctxt,
		    (unsigned long long)((clock_real_ns() - clock_mono_ns()) / NS_PER_SEC),
		    thread_count_user(), sched_nrunning());
}

static void interrupts(struct text *t, ctx *c)
{
	static uint64_t count[CPUS_MAX];
	const char *name;

	(void)c;
	text_printf(t, "     ");
	for (unsigned i = 0; i < ncpus; i++)
		text_printf(t, "      CPU%-2u", i);
	text_printf(t, "\n");
	for (unsigned irq = 0; irq_stat(irq, &name, count, ncpus); irq++) {
		text_printf(t, "%4u:", irq);
		for (unsigned i = 0; i < ncpus; i++)
			text_printf(t, " %10llu", (unsigned long long)count[i]);
		text_printf(t, "  %s\n", name);
	}
}

/* --- file systems ------------------------------------------------------------------------------------------ */

static void filesystems(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\ttfs\n");
}

/* Where it is mounted; 0 bytes when that is outside the program's root. */
static void mount_path(struct fs *fs, char *buf, size_t size)
{
	if (!fs->on)
		fmt(buf, size, "/");
	else if (vfs_path(fs->on, buf, size) < 0)
		buf[0] = '\0';
}

static void options(struct text *t, const struct fs *fs)
{
	text_printf(t, "%s%s%s%s", fs->flags & FS_RDONLY ? "ro" : "rw",
		    fs->flags & FS_NODEV ? ",nodev" : "", fs->flags & FS_NOEXEC ? ",noexec" : "",
		    fs->flags & FS_NOATIME ? ",noatime" : ",relatime");
}

static void mounts(struct text *t, ctx *c)
{
	char path[256];

	(void)c;
	for (struct fs *fs = fs_next(NULL); fs; fs = fs_next(fs)) {
		mount_path(fs, path, sizeof(path));
		text_printf(t, "%s %s %s ", fs->source, path, fs->type);
		options(t, fs);
		text_printf(t, "%s%s 0 0\n", fs->options[0] ? "," : "", fs->options);
	}
}

static void mountinfo(struct text *t, ctx *c)
{
	char path[256];

	(void)c;
	for (struct fs *fs = fs_next(NULL); fs; fs = fs_next(fs)) {
		mount_path(fs, path, sizeof(path));
		text_printf(t, "%u %u %u:%u / %s ", fs->id, fs->on ? fs->on->fs->id : 1,
			    dev_major(fs->dev), dev_minor(fs->dev), path);
		options(t, fs);
		text_printf(t, " - %s %s %s%s%s\n", fs->type, fs->source,
			    fs->flags & FS_RDONLY ? "ro" : "rw", fs->options[0] ? "," : "",
			    fs->options);
	}
}

static void devices(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 "
		       "/dev/console\n\nBlock devices:\n");
}

static void swaps(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

/* --- limits and policies ------------------------------------------------------------------------------------- */

static void file_nr(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u\t0\t%llu\n", fd_count(), 9223372036854775807ull);
}

static void random_uuid(struct text *t)
{
	uint8_t u[16];

	rand_bytes(u, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40; /* RFC 9562: version 4, variant 10 */
	u[8] = (u[8] & 0x3f) | 0x80;
	for (unsigned i = 0; i < sizeof(u); i++)
		text_printf(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	text_printf(t, "\n");
}

static void uuid(struct text *t, ctx *c)
{
	(void)c;
	random_uuid(t);
}

static void boot_id(struct text *t, ctx *c)
{
	static struct text id; /* made once: what stays the same until the next boot */

	(void)c;
	if (!id.len)
		random_uuid(&id);
	text_write(t, id.buf, id.len);
}

/* Constants of this kernel, each a file. */
#define CONSTANT(fn, text_)                    \
	static void fn(struct text *t, ctx *c) \
	{                                      \
		(void)c;                       \
		text_printf(t, text_ "\n");    \
	}
CONSTANT(pid_max, "4194304")
CONSTANT(overcommit, "1")
CONSTANT(map_count, "2147483647")
CONSTANT(zero, "0")
CONSTANT(one, "1")
CONSTANT(aslr, "2")
CONSTANT(file_max, "9223372036854775807")
CONSTANT(nr_open, "1048576")
CONSTANT(pipe_max, "1048576")
CONSTANT(somaxconn, "4096")
CONSTANT(entropy, "256")
CONSTANT(cap_last, "40")
CONSTANT(dirty_background, "10")
CONSTANT(dirty_ratio, "20")
CONSTANT(cgroup_none, "0::/")

static void threads_max(struct text *t, ctx *c)
{
	struct page_stats s;

	(void)c;
	page_stats(&s);
	text_printf(t, "%llu\n", (unsigned long long)(s.total_bytes / (8 * KSTACK_BYTES)));
}

static void mmap_min(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%llu\n", (unsigned long long)vm_policy.mmap_min_addr);
}

/* --- our own counters ------------------------------------------------------------------------------------------- */

static void coracle_cpus(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "cpu interrupts switches idle_ns\n");
	for (unsigned i = 0; i < ncpus; i++)
		text_printf(t, "%u %llu %llu %llu\n", i, (unsigned long long)cpus[i]->nirq,
			    (unsigned long long)cpus[i]->nswitch,
			    (unsigned long long)cpus[i]->idle_ns);
}

static void coracle_memory(struct text *t, ctx *c)
{
	struct page_stats s;

	(void)c;
	page_stats(&s);
	text_printf(t,
		    "total %llu\nfree %llu\ncached %llu\ndirty %llu\nanon %llu\nslab %llu\nkernel "
		    "%llu\n",
		    (unsigned long long)s.total_bytes, (unsigned long long)s.free_bytes,
		    (unsigned long long)s.cached_bytes, (unsigned long long)s.dirty_bytes,
		    (unsigned long long)s.anon_bytes, (unsigned long long)s.slab_bytes,
		    (unsigned long long)s.kernel_bytes);
}

static void trace_line(void *arg, const char *s)
{
	text_printf(arg, "%s\n", s);
}

static void coracle_trace(struct text *t, ctx *c)
{
	(void)c;
	trace_dump(trace_line, t);
}

/* --- links -------------------------------------------------------------------------------------------------------- */

static void self(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u", PROGRAM_PID);
}

static void thread_self_link(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u/task/%u", PROGRAM_PID, thread_self()->tid);
}

CONSTANT(self_mounts_nl, "self/mounts")
static void self_mounts(struct text *t, ctx *c)
{
	self_mounts_nl(t, c);
	t->len -= t->len > 0; /* a link's text has no newline */
}

static void show_dentry(struct text *t, struct dentry *d)
{
	char path[768];
	long n = vfs_path(d, path, sizeof(path));

	dentry_put(d);
	if (n > 0)
		text_write(t, path, (size_t)n);
}

static void cwd(struct text *t, ctx *c)
{
	(void)c;
	show_dentry(t, vfs_cwd());
}

static void root(struct text *t, ctx *c)
{
	(void)c;
	show_dentry(t, vfs_root());
}

static err_t jump_cwd(ctx *c, struct dentry **out)
{
	(void)c;
	*out = vfs_cwd();
	return 0;
}

static err_t jump_root(ctx *c, struct dentry **out)
{
	(void)c;
	*out = vfs_root();
	return 0;
}

static void inotify_queue(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u\n", INOTIFY_QUEUE_MAX);
}

static void inotify_watch_max(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u\n", INOTIFY_WATCHES_MAX);
}

enum { LINK = MODE_LNK | 0777 };

const struct proc_row proc_vfs_rows[] = {
	{ .path = "self", .mode = LINK, .show = self },
	{ .path = "thread-self", .mode = LINK, .show = thread_self_link },
	{ .path = "mounts", .mode = LINK, .show = self_mounts },
	{ .path = "meminfo", .mode = 0444, .show = meminfo },
	{ .path = "vmstat", .mode = 0444, .show = vmstat },
	{ .path = "uptime", .mode = 0444, .show = uptime },
	{ .path = "loadavg", .mode = 0444, .show = loadavg },
	{ .path = "stat", .mode = 0444, .show = stat },
	{ .path = "interrupts", .mode = 0444, .show = interrupts },
	{ .path = "filesystems", .mode = 0444, .show = filesystems },
	{ .path = "devices", .mode = 0444, .show = devices },
	{ .path = "swaps", .mode = 0444, .show = swaps },
	{ .path = "sys/kernel/pid_max", .mode = 0444, .show = pid_max },
	{ .path = "sys/kernel/threads-max", .mode = 0444, .show = threads_max },
	{ .path = "sys/kernel/cap_last_cap", .mode = 0444, .show = cap_last },
	{ .path = "sys/kernel/randomize_va_space", .mode = 0444, .show = aslr },
	{ .path = "sys/kernel/random/uuid", .mode = 0444, .show = uuid },
	{ .path = "sys/kernel/random/boot_id", .mode = 0444, .show = boot_id },
	{ .path = "sys/kernel/random/entropy_avail", .mode = 0444, .show = entropy },
	{ .path = "sys/kernel/random/poolsize", .mode = 0444, .show = entropy },
	{ .path = "sys/vm/overcommit_memory", .mode = 0444, .show = overcommit },
	{ .path = "sys/vm/max_map_count", .mode = 0444, .show = map_count },
	{ .path = "sys/vm/mmap_min_addr", .mode = 0444, .show = mmap_min },
	{ .path = "sys/vm/swappiness", .mode = 0444, .show = zero },
	{ .path = "sys/vm/nr_hugepages", .mode = 0444, .show = zero },
	{ .path = "sys/vm/dirty_background_ratio", .mode = 0444, .show = dirty_background },
	{ .path = "sys/vm/dirty_ratio", .mode = 0444, .show = dirty_ratio },
	{ .path = "sys/fs/file-max", .mode = 0444, .show = file_max },
	{ .path = "sys/fs/file-nr", .mode = 0444, .show = file_nr },
	{ .path = "sys/fs/inotify/max_queued_events", .mode = 0444, .show = inotify_queue },
	{ .path = "sys/fs/inotify/max_user_watches", .mode = 0444, .show = inotify_watch_max },
	{ .path = "sys/fs/nr_open", .mode = 0444, .show = nr_open },
	{ .path = "sys/fs/pipe-max-size", .mode = 0444, .show = pipe_max },
	{ .path = "sys/net/core/somaxconn", .mode = 0444, .show = somaxconn },
	{ .path = "coracle/cpus", .mode = 0444, .show = coracle_cpus },
	{ .path = "coracle/memory", .mode = 0444, .show = coracle_memory },
	{ .path = "coracle/trace", .mode = 0444, .show = coracle_trace },
	{ .path = "PID/mounts", .mode = 0444, .show = mounts },
	{ .path = "PID/mountinfo", .mode = 0444, .show = mountinfo },
	{ .path = "PID/cgroup", .mode = 0444, .show = cgroup_none },
	{ .path = "PID/cwd", .mode = LINK, .show = cwd, .jump = jump_cwd },
	{ .path = "PID/root", .mode = LINK, .show = root, .jump = jump_root },
};
const unsigned proc_vfs_nrows = ARRAY_LEN(proc_vfs_rows);

/* --- /sys ------------------------------------------------------------------------------------------------------------- */

static uint64_t all_cpus(void)
{
	return ncpus >= 64 ? UINT64_MAX : (1ull << ncpus) - 1;
}

static void cpu_list(struct text *t, ctx *c)
{
	(void)c;
	text_list(t, all_cpus());
	text_printf(t, "\n");
}

static void kernel_max(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%u\n", CPUS_MAX - 1);
}

static void cpu_number(struct text *t, ctx *c)
{
	text_printf(t, "%u\n", c->n);
}

static void cpu_self_list(struct text *t, ctx *c)
{
	text_printf(t, "%u\n", c->n);
}

static void thp(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t,
		    vm_policy.thp_never ? "always madvise [never]\n" : "[always] madvise never\n");
}

static void thp_size(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%lu\n", HUGE_SIZE);
}

#define CPU_DIR "devices/system/cpu/"

const struct proc_row sys_vfs_rows[] = {
	{ .path = CPU_DIR "online", .mode = 0444, .show = cpu_list },
	{ .path = CPU_DIR "possible", .mode = 0444, .show = cpu_list },
	{ .path = CPU_DIR "present", .mode = 0444, .show = cpu_list },
	{ .path = CPU_DIR "kernel_max", .mode = 0444, .show = kernel_max },
	{ .path = CPU_DIR "cpuN/online", .mode = 0444, .show = one },
	{ .path = CPU_DIR "cpuN/topology/core_id", .mode = 0444, .show = cpu_number },
	{ .path = CPU_DIR "cpuN/topology/physical_package_id", .mode = 0444, .show = zero },
	{ .path = CPU_DIR "cpuN/topology/thread_siblings_list",
	  .mode = 0444,
	  .show = cpu_self_list },
	{ .path = CPU_DIR "cpuN/topology/core_cpus_list", .mode = 0444, .show = cpu_self_list },
	{ .path = CPU_DIR "cpuN/topology/core_siblings_list", .mode = 0444, .show = cpu_list },
	{ .path = "devices/system/node/online", .mode = 0444, .show = zero },
	{ .path = "devices/system/node/node0/cpulist", .mode = 0444, .show = cpu_list },
	{ .path = "kernel/mm/transparent_hugepage/enabled", .mode = 0444, .show = thp },
	{ .path = "kernel/mm/transparent_hugepage/hpage_pmd_size", .mode = 0444, .show = thp_size },
	{ .path = "fs/cgroup", .mode = MODE_DIR | 0555 },
};
const unsigned sys_vfs_nrows = ARRAY_LEN(sys_vfs_rows);
