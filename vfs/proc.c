/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/proc.c: the shapes of /proc and /sys that are not texts: a directory for the process and for each of its threads,
 * its descriptors, and a directory for each CPU.
 */
#include "vfs/proc.h"

#include "kern/cpu.h"
#include "kern/thread.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/textfs.h"

enum { PROC_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572 };

static struct textfs proc, sys;
static struct text_node *pid_node, *task_node,
	*cpu_node; /* what PID/, PID/task/TID/ and cpuN/ look like */

static bool is_program_thread(uint32_t tid)
{
	struct thread *t = thread_find(tid);
	bool user = t && t->is_user;

	if (t)
		thread_put(t);
	return user || tid == PROGRAM_PID;
}

static err_t lookup_thread(struct text_node *node, const struct name *n, struct inode **out)
{
	int64_t tid = textfs_number(n);
	const struct proc_ctx c = { .tid = (uint32_t)tid };

	if (tid <= 0 || !is_program_thread((uint32_t)tid))
		return -ENOENT;
	return textfs_inode(&proc, node, &c, out);
}

/* Linux finds every thread here and lists processes only. */
static err_t root_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	(void)dir;
	return lookup_thread(pid_node, n, out);
}

static char number_name[12]; /* dir->lock; one directory at a time shows numbers of its kind */

static void number_entry(struct dirent *out, uint64_t n, uint32_t type, uint64_t ino)
{
	*out = (struct dirent){
		.name = number_name,
		.len = fmt(number_name, sizeof(number_name), "%llu", (unsigned long long)n),
		.ino = ino,
		.mode = type,
		.cookie = n,
	};
}

static err_t root_readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	(void)dir;
	if (cookie >= PROGRAM_PID)
		return -ENOENT;
	number_entry(out, PROGRAM_PID, MODE_DIR, pid_node->id + ((uint64_t)PROGRAM_PID << 20));
	return 0;
}

static err_t task_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	(void)dir;
	return lookup_thread(task_node, n, out);
}

struct next_tid {
	uint64_t after, best;
};

static bool closer_tid(struct thread *t, void *arg)
{
	struct next_tid *n = arg;

	if (t->is_user && t->tid > n->after && t->tid < n->best)
		n->best = t->tid;
	return true;
}

static err_t task_readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	struct next_tid n = { .after = cookie, .best = UINT64_MAX };

	(void)dir;
	thread_for_each(closer_tid, &n);
	if (n.best == UINT64_MAX)
		return -ENOENT;
	number_entry(out, n.best, MODE_DIR, task_node->id + (n.best << 20));
	return 0;
}

static err_t fd_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	return proc_fd_lookup(dir->fs, n, out);
}

static err_t fd_readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	(void)dir;
	return proc_fd_readdir(cookie, out);
}

static err_t cpu_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	struct name digits = { .s = n->s + 3, .len = n->len - 3 };
	struct proc_ctx c = { 0 };
	int64_t cpu;

	(void)dir;
	if (n->len < 4 || memcmp(n->s, "cpu", 3))
		return -ENOENT;
	cpu = textfs_number(&digits);
	if (cpu < 0 || cpu >= ncpus)
		return -ENOENT;
	c.n = (unsigned)cpu;
	return textfs_inode(&sys, cpu_node, &c, out);
}

static err_t cpu_readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	static char name[12];

	(void)dir;
	if (cookie >= ncpus)
		return -ENOENT;
	*out = (struct dirent){
		.name = name,
		.len = fmt(name, sizeof(name), "cpu%u", (unsigned)cookie),
		.ino = cpu_node->id + (cookie << 40),
		.mode = MODE_DIR,
		.cookie = cookie + 1,
	};
	return 0;
}

/* --- registering ---------------------------------------------------------------------------------------- */

/* Rows of a process are those of each of its threads, too. */
static err_t add_task_rows(const struct proc_row *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t type = rows[i].mode & MODE_FMT ? 0 : MODE_REG;
		struct text_node *node;
		char path[96];

		if (strncmp(rows[i].path, "PID/", 4))
			continue;
		fmt(path, sizeof(path), "PID/task/PID/%s", rows[i].path + 4);
		node = textfs_node(&proc, path, rows[i].mode | type);
		if (!node)
			return -ENOMEM;
		node->row = &rows[i];
	}
	return 0;
}

err_t proc_add(const struct proc_row *rows, unsigned n)
{
	err_t err = textfs_init(&proc);

	if (!err)
		err = textfs_add(&proc, rows, n);
	return err ? err : add_task_rows(rows, n);
}

err_t sys_add(const struct proc_row *rows, unsigned n)
{
	err_t err = textfs_init(&sys);

	return err ? err : textfs_add(&sys, rows, n);
}

static err_t special(struct textfs *t, const char *path, struct text_node **out)
{
	*out = textfs_node(t, path, MODE_DIR | 0555);
	return *out ? 0 : -ENOMEM;
}

static err_t descriptors(const char *path,
			 err_t (*look)(struct inode *, const struct name *, struct inode **))
{
	struct text_node *n;
	err_t err = special(&proc, path, &n);

	if (err)
		return err;
	n->mode = MODE_DIR | 0500;
	n->lookup = look;
	n->readdir = fd_readdir;
	return 0;
}

err_t procfs_mount(const char *path)
{
	struct text_node *task;
	err_t err = proc_add(proc_vfs_rows, proc_vfs_nrows);

	if (!err)
		err = special(&proc, "PID", &pid_node);
	if (!err)
		err = special(&proc, "PID/task", &task);
	if (!err)
		err = special(&proc, "PID/task/PID", &task_node);
	if (!err)
		err = descriptors("PID/fd", fd_lookup);
	if (!err)
		err = descriptors("PID/task/PID/fd", fd_lookup);
	if (!err)
		err = descriptors("PID/fdinfo", proc_fdinfo_lookup);
	if (!err)
		err = descriptors("PID/task/PID/fdinfo", proc_fdinfo_lookup);
	if (err)
		return err;
	proc.root->lookup = root_lookup;
	proc.root->readdir = root_readdir;
	task->lookup = task_lookup;
	task->readdir = task_readdir;
	return textfs_mount(&proc, "proc", PROC_MAGIC, path);
}

err_t sysfs_mount(const char *path)
{
	struct text_node *cpus_node;
	err_t err = sys_add(sys_vfs_rows, sys_vfs_nrows);

	if (!err)
		err = special(&sys, "devices/system/cpu/cpuN", &cpu_node);
	if (!err)
		err = special(&sys, "devices/system/cpu", &cpus_node);
	if (err)
		return err;
	cpus_node->lookup = cpu_lookup;
	cpus_node->readdir = cpu_readdir;
	return textfs_mount(&sys, "sysfs", SYSFS_MAGIC, path);
}
