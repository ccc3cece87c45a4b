/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/misc.c: calls whose answer follows from there being one process, one memory node and one terminal session, and which
 * check their arguments as Linux does before they give it.
 */
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/signal.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"

/* --- children: there never are any --------------------------------------------------------------------- */

enum {
	WNOHANG = 1,
	WUNTRACED = 2,
	WEXITED = 4,
	WCONTINUED = 8,
	WNOWAIT = 0x01000000,
	WNOTHREAD = 0x20000000,
	WALL = 0x40000000
};
#define WCLONE 0x80000000u

long sys_wait4(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if ((uint32_t)a->v[2] & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if ((int)a->v[0] == INT32_MIN)
		return -ESRCH;
	return -ECHILD;
}

long sys_waitid(struct thread *t, const struct sysargs *a)
{
	uint32_t options = (uint32_t)a->v[3];

	(void)t;
	if (options &
	    ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if (!(options & (WEXITED | WUNTRACED | WCONTINUED)))
		return -EINVAL;
	if ((uint32_t)a->v[0] > 3 || ((int)a->v[1] <= 0 && a->v[0] == 1))
		return -EINVAL;
	return -ECHILD;
}

/* --- one memory node --------------------------------------------------------------------------------------- */

enum {
	MPOL_DEFAULT,
	MPOL_PREFERRED,
	MPOL_BIND,
	MPOL_INTERLEAVE,
	MPOL_LOCAL,
	MPOL_PREFERRED_MANY,
	MPOL_NMODES
};
enum { MPOL_F_NODE = 1, MPOL_F_ADDR = 2, MPOL_F_MEMS_ALLOWED = 4 };
#define MPOL_MODE_FLAGS 0xe000u
#define NODE_BITS_MAX	1024u

static _Atomic uint32_t mempolicy;

/* A node mask of the program: only node 0 may be named. */
static long read_nodes(uint64_t addr, uint64_t maxnode, uint64_t *first)
{
	uint64_t word;

	*first = 0;
	if (!addr || maxnode <= 1)
		return 0;
	maxnode--;
	if (maxnode > NODE_BITS_MAX * 8)
		return -EINVAL;
	for (uint64_t i = 0; i < DIV_UP(maxnode, 64); i++) {
		if (user_read(&word, addr + i * 8, sizeof(word)))
			return -EFAULT;
		if (i == DIV_UP(maxnode, 64) - 1 && maxnode % 64)
			word &= (1ull << maxnode % 64) - 1;
		if (i == 0)
			*first = word;
		else if (word)
			return -EINVAL;
	}
	return *first & ~1ull ? -EINVAL : 0;
}

static long check_policy(uint32_t mode, uint64_t nodes)
{
	mode &= ~MPOL_MODE_FLAGS;
	if (mode >= MPOL_NMODES)
		return -EINVAL;
	if ((mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && nodes)
		return -EINVAL;
	if ((mode == MPOL_BIND || mode == MPOL_INTERLEAVE || mode == MPOL_PREFERRED_MANY) && !nodes)
		return -EINVAL;
	return 0;
}

long sys_set_mempolicy(struct thread *t, const struct sysargs *a)
{
	uint64_t nodes;
	long err = read_nodes(a->v[1], a->v[2], &nodes);

	(void)t;
	if (!err)
		err = check_policy((uint32_t)a->v[0], nodes);
	if (!err)
		mempolicy = (uint32_t)a->v[0];
	return err;
}

long sys_mbind(struct thread *t, const struct sysargs *a)
{
	uint64_t nodes;
	long err;

	(void)t;
	if (a->v[0] & 4095 || a->v[5] & ~7ull)
		return -EINVAL;
	err = read_nodes(a->v[3], a->v[4], &nodes);
	return err ? err : check_policy((uint32_t)a->v[2], nodes);
}

static long write_nodes(uint64_t addr, uint64_t maxnode, uint64_t word)
{
	if (!addr)
		return 0;
	if (maxnode < 2)
		return -EINVAL;
	for (uint64_t i = 0; i < DIV_UP(MIN(maxnode, (uint64_t)NODE_BITS_MAX), 64); i++)
		if (user_store64(addr + i * 8, i ? 0 : word))
			return -EFAULT;
	return 0;
}

long sys_get_mempolicy(struct thread *t, const struct sysargs *a)
{
	uint32_t mode = mempolicy;
	uint64_t flags = a->v[4];

	(void)t;
	if (flags & ~7ull || (flags & MPOL_F_MEMS_ALLOWED && flags & (MPOL_F_NODE | MPOL_F_ADDR)))
		return -EINVAL;
	if (!(flags & MPOL_F_ADDR) && a->v[3])
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED)
		return write_nodes(a->v[1], a->v[2], 1);
	if (flags & MPOL_F_NODE)
		mode = 0; /* the node that it would come from */
	if (a->v[0] && user_store32(a->v[0], mode))
		return -EFAULT;
	return write_nodes(a->v[1], a->v[2], (mode & ~MPOL_MODE_FLAGS) == MPOL_DEFAULT ? 0 : 1);
}

/* --- comparing, fencing ------------------------------------------------------------------------------------- */

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };

static bool is_thread(int tid)
{
	struct thread *t = tid > 0 ? thread_find((uint32_t)tid) : NULL;

	if (t)
		thread_put(t);
	return t != NULL;
}

/* The same open file description? Otherwise an order that lasts as long as both are open. */
static long kcmp_files(int fd1, int fd2)
{
	struct file *f1 = fd_get(fd1), *f2 = fd_get(fd2);
	long r = -EBADF;

	if (f1 && f2)
		r = f1 == f2 ? 0 : (uintptr_t)f1 < (uintptr_t)f2 ? 1 : 2;
	if (f1)
		file_put(f1);
	if (f2)
		file_put(f2);
	return r;
}

long sys_kcmp(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if (!is_thread((int)a->v[0]) || !is_thread((int)a->v[1]))
		return -ESRCH;
	switch ((int)a->v[2]) {
	case KCMP_FILE:
		return kcmp_files((int)a->v[3], (int)a->v[4]);
	case KCMP_VM:
	case KCMP_FILES:
	case KCMP_FS:
	case KCMP_SIGHAND:
	case KCMP_IO:
	case KCMP_SYSVSEM:
		return 0; /* threads share them all */
	default:
		return -EINVAL;
	}
}

enum membarrier_cmd {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1 << 0,
	MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
	MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
	MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
	MEMBARRIER_PRIVATE_EXPEDITED_RSEQ = 1 << 7,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8,
	MEMBARRIER_GET_REGISTRATIONS = 1 << 9,
};

static _Atomic uint32_t membarrier_registered;

/*
 * Every thread that is running passes through kern_user_return(), which is a full barrier, before this returns.  One caller at
 * a time: two could wait for each other.
 */
static struct mutex membarrier_lock;

static bool ask_one(struct thread *t, void *arg)
{
	(void)arg;
	if (t->is_user && t != thread_self())
		thread_notify(t, THREAD_WORK);
	return true;
}

static bool look_at_one(struct thread *t, void *arg)
{
	bool *waiting = arg;

	if (t->is_user && t != thread_self() && t->state == THREAD_RUNNING &&
	    atomic_load(&t->flags) & THREAD_WORK)
		*waiting = true;
	return !*waiting;
}

static void fence_all(void)
{
	bool waiting = true;

	mutex_lock(&membarrier_lock);
	thread_for_each(ask_one, NULL);
	while (waiting) {
		waiting = false;
		thread_for_each(look_at_one, &waiting);
		if (waiting)
			sched_yield();
	}
	mutex_unlock(&membarrier_lock);
}

void misc_init(void)
{
	mutex_init(&membarrier_lock);
}

long sys_membarrier(struct thread *t, const struct sysargs *a)
{
	uint32_t cmd = (uint32_t)a->v[0];

	(void)t;
	if (a->v[1] && !(cmd == MEMBARRIER_PRIVATE_EXPEDITED_RSEQ && a->v[1] == 1))
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return (1 << 9) - 1;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		atomic_fetch_or(&membarrier_registered, cmd);
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_PRIVATE_EXPEDITED_RSEQ:
		if (!(membarrier_registered & cmd << 1))
			return -EPERM;
		break;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		break;
	default:
		return -EINVAL;
	}
	fence_all();
	return 0;
}
