/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/shm.c: System V shared memory.  A segment is an unlinked file of the memory file system; attaching it is a shared
 * mapping.  Who is attached is not kept anywhere: the address space knows, and is asked.  A segment that was removed
 * goes when the calls here next find nobody attached to it; its memory may so outlive a plain munmap(2) by a while.
 *
 * shm.mtx guards the table; the address space is asked and changed with it held.
 */
#include "abi/linux_mman.h"
#include "kern/clock.h"
#include "kern/mutex.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/vm.h"
#include "lib/fmt.h"
#include "lib/list.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"
#include "vfs/file.h"
#include "vfs/tmpfs.h"

enum {
	IPC_CREAT = 01000,
	IPC_EXCL = 02000,
	SHM_DEST = 01000,
	SHM_LOCKED = 02000,
	SHM_RDONLY = 010000,
	SHM_RND = 020000,
	SHM_REMAP = 040000,
	SHM_EXEC = 0100000,
	SEGMENTS_MAX = 4096, /* SHMMNI */
	CAP_IPC_OWNER = 15,
};
enum {
	IPC_RMID = 0,
	IPC_SET = 1,
	IPC_STAT = 2,
	SHM_LOCK = 11,
	SHM_UNLOCK = 12,
	SHM_STAT = 13,
	SHM_STAT_ANY = 15
};
#define SIZE_MAX_SEGMENT (UINT64_MAX - (1ull << 24)) /* SHMMAX */

/* struct shmid64_ds of x86-64; what is kept of a segment is what is told of it. */
struct shmid_ds {
	int32_t key;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq, pad[3];
	uint64_t unused[2];
	uint64_t size;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	uint64_t nattch, unused2[2];
};
_Static_assert(sizeof(struct shmid_ds) == 112, "struct shmid64_ds");

struct segment {
	struct list link;
	int id;
	struct shmid_ds ds; /* ds.mode with SHM_DEST: removed, and without a key */
	struct file *file;
};

static struct {
	struct mutex mtx;
	struct list segments; /* oldest first: an index into it is what SHM_STAT takes */
	int last_id;
	unsigned count;
} shm = { .segments = LIST_INIT(shm.segments) };

void shm_init(void)
{
	mutex_init(&shm.mtx);
}

/* --- where it is attached -------------------------------------------------------------------------------- */

/* The mappings of one file; a mapping's base is where the file's first byte is, or would be. */
struct search {
	uint64_t dev, ino;
	uaddr_t base;	    /* only those of this base; 0: any */
	uaddr_t start, end; /* the first one found */
	uaddr_t last_base;
	unsigned found; /* bases */
};

static bool look(const struct vm_area_info *a, void *arg)
{
	struct search *s = arg;
	uaddr_t base = a->start - a->offset;

	if (a->ino != s->ino || a->dev != s->dev || (s->base && base != s->base))
		return true;
	if (!s->found) {
		s->start = a->start;
		s->end = a->end;
	}
	s->found += base != s->last_base;
	s->last_base = base;
	return true;
}

static struct vm_object *object_of(const struct segment *g)
{
	struct vm_object *o = NULL;

	/* The files here are readable, writable and without seals. */
	return g->file->ops->mmap(g->file, VM_READ | VM_WRITE, VM_SHARED, 0, &o) ? NULL : o;
}

static struct search search(const struct segment *g, uaddr_t base)
{
	struct vm_object *o = object_of(g);
	struct search s = { .base = base };

	if (!o)
		return s;
	o->ops->ident(o, &s.dev, &s.ino);
	vm_for_each(look, &s, false);
	return s;
}

/* --- segments ---------------------------------------------------------------------------------------------- */

static void segment_free(struct segment *g)
{
	list_del(&g->link);
	shm.count--;
	file_put(g->file);
	kfree(g);
}

static void sweep(void)
{
	struct segment *g, *tmp;

	list_for_each_entry_safe (g, tmp, &shm.segments, link)
		if (g->ds.mode & SHM_DEST && !search(g, 0).found)
			segment_free(g);
}

static struct segment *by_id(int id)
{
	struct segment *g;

	list_for_each_entry (g, &shm.segments, link)
		if (g->id == id)
			return g;
	return NULL;
}

static struct segment *by_index(int index)
{
	struct segment *g;

	list_for_each_entry (g, &shm.segments, link)
		if (index-- == 0)
			return g;
	return NULL;
}

static struct segment *by_key(int key)
{
	struct segment *g;

	list_for_each_entry (g, &shm.segments, link)
		if (g->ds.key == key && !(g->ds.mode & SHM_DEST))
			return g;
	return NULL;
}

static int64_t seconds(void)
{
	return (int64_t)(clock_real_ns() / NS_PER_SEC);
}

/* sysvipc(7), as ipcperms() of Linux: three bits of `want` against the owner's, the group's or the others'. */
static err_t permitted(const struct segment *g, uint32_t want)
{
	const struct creds *c = &process.creds;
	uint32_t asked = want | want >> 3 | want >> 6, granted = g->ds.mode;

	if (c->euid == g->ds.uid || c->euid == g->ds.cuid)
		granted >>= 6;
	else if (c->egid == g->ds.gid || c->egid == g->ds.cgid)
		granted >>= 3;
	return asked & ~granted & 7 && !process_capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

static bool is_owner(const struct segment *g)
{
	uint32_t euid = process.creds.euid;

	return euid == g->ds.uid || euid == g->ds.cuid || process_capable(21); /* CAP_SYS_ADMIN */
}

static long segment_new(int key, uint64_t size, uint32_t mode)
{
	const struct creds *c = &process.creds;
	struct segment *g;
	char name[24];
	err_t err;

	if (!size || size > SIZE_MAX_SEGMENT)
		return -EINVAL;
	if (shm.count >= SEGMENTS_MAX)
		return -ENOSPC;
	g = kzalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	fmt(name, sizeof(name), "/SYSV%08x", (unsigned)key);
	err = tmpfs_zero_file(name, ALIGN_UP(size, PAGE_SIZE), &g->file);
	if (err) {
		kfree(g);
		return err;
	}
	g->id = shm.last_id++;
	g->ds = (struct shmid_ds){ .key = key,
				   .uid = c->euid,
				   .gid = c->egid,
				   .cuid = c->euid,
				   .cgid = c->egid,
				   .mode = mode & 0777,
				   .size = size,
				   .cpid = PROCESS_PID,
				   .ctime = seconds() };
	list_add_tail(&shm.segments, &g->link);
	shm.count++;
	return g->id;
}

static long get_locked(int key, uint64_t size, uint32_t flags)
{
	struct segment *g = key ? by_key(key) : NULL; /* 0: IPC_PRIVATE */
	err_t err;

	if (!g)
		return key && !(flags & IPC_CREAT) ? -ENOENT : segment_new(key, size, flags);
	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	err = permitted(g, flags & 0777);
	if (err)
		return err;
	return size > g->ds.size ? -EINVAL : g->id;
}

long sys_shmget(struct thread *t, const struct sysargs *a)
{
	long r;

	(void)t;
	mutex_lock(&shm.mtx);
	sweep();
	r = get_locked((int)a->v[0], a->v[1], (uint32_t)a->v[2]);
	mutex_unlock(&shm.mtx);
	return r;
}

/* --- attaching ----------------------------------------------------------------------------------------------- */

static err_t place_of(uaddr_t *at, uint32_t flags)
{
	if (*at & PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*at &= ~(uaddr_t)PAGE_MASK;
	}
	return !*at && flags & SHM_REMAP ? -EINVAL : 0;
}

static long attach(struct segment *g, uaddr_t at, uint32_t flags)
{
	bool rdonly = flags & SHM_RDONLY;
	unsigned prot = VM_READ | (rdonly ? 0 : VM_WRITE) | (flags & SHM_EXEC ? VM_EXEC : 0);
	unsigned vmf = VM_SHARED | VM_MAYREAD | VM_MAYEXEC | (rdonly ? 0 : VM_MAYWRITE);
	struct vm_object *o = object_of(g);
	err_t err = permitted(g, rdonly ? 0444 : 0666);

	if (err)
		return err;
	if (!o)
		return -ENOMEM;
	if (at)
		vmf |= flags & SHM_REMAP ? VM_FIXED : VM_FIXED_NOREPLACE;
	err = vm_map(&at, ALIGN_UP(g->ds.size, PAGE_SIZE), prot, vmf, o, 0);
	if (err)
		return err == -EEXIST ? -EINVAL : err;
	g->ds.atime = seconds();
	g->ds.lpid = PROCESS_PID;
	return (long)at;
}

long sys_shmat(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[2];
	uaddr_t at = a->v[1];
	struct segment *g;
	long r;

	(void)t;
	if ((int)a->v[0] < 0)
		return -EINVAL;
	r = place_of(&at, flags);
	if (r)
		return r;
	mutex_lock(&shm.mtx);
	g = by_id((int)a->v[0]);
	r = g ? attach(g, at, flags) : -EINVAL;
	mutex_unlock(&shm.mtx);
	return r;
}

/* All that is still mapped of the attachment at `base`. */
static bool detach(struct segment *g, uaddr_t base)
{
	struct search s;
	bool any = false;

	while ((s = search(g, base)).found && vm_unmap(s.start, s.end - s.start) == 0)
		any = true;
	if (any) {
		g->ds.dtime = seconds();
		g->ds.lpid = PROCESS_PID;
	}
	return any;
}

long sys_shmdt(struct thread *t, const struct sysargs *a)
{
	struct segment *g;
	long r = -EINVAL;

	(void)t;
	if (!a->v[0] || a->v[0] & PAGE_MASK)
		return -EINVAL;
	mutex_lock(&shm.mtx);
	list_for_each_entry (g, &shm.segments, link)
		if (detach(g, a->v[0])) {
			r = 0;
			break;
		}
	sweep();
	mutex_unlock(&shm.mtx);
	return r;
}

/* --- shmctl ---------------------------------------------------------------------------------------------------- */

static err_t change(struct segment *g, const struct shmid_ds *new)
{
	if (!is_owner(g))
		return -EPERM;
	g->ds.uid = new->uid;
	g->ds.gid = new->gid;
	g->ds.mode = (g->ds.mode & ~0777u) | (new->mode & 0777);
	g->ds.ctime = seconds();
	return 0;
}

/* Gone for who has no mapping; the memory goes with the last one. */
static err_t discard(struct segment *g)
{
	if (!is_owner(g))
		return -EPERM;
	g->ds.mode |= SHM_DEST;
	g->ds.key = 0;
	return 0;
}

/* Memory is never swapped out, so that locking changes nothing but what is told. */
static err_t lock(struct segment *g, bool on)
{
	if (!is_owner(g))
		return -EPERM;
	g->ds.mode = on ? g->ds.mode | SHM_LOCKED : g->ds.mode & ~(uint32_t)SHM_LOCKED;
	return 0;
}

static long ctl_locked(struct segment *g, int cmd, struct shmid_ds *ds)
{
	long err;

	switch (cmd) {
	case IPC_RMID:
		return discard(g);
	case IPC_SET:
		return change(g, ds);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return lock(g, cmd == SHM_LOCK);
	default: /* the kinds of STAT */
		err = cmd == SHM_STAT_ANY ? 0 : permitted(g, 0444);
		*ds = g->ds;
		ds->nattch = search(g, 0).found;
		return err || cmd == IPC_STAT ? err : g->id;
	}
}

static bool is_stat(int cmd)
{
	return cmd == IPC_STAT || cmd == SHM_STAT || cmd == SHM_STAT_ANY;
}

long sys_shmctl(struct thread *t, const struct sysargs *a)
{
	int id = (int)a->v[0], cmd = (int)a->v[1];
	struct shmid_ds ds;
	struct segment *g;
	long r;

	(void)t;
	if (id < 0 || cmd < 0)
		return -EINVAL;
	if (!is_stat(cmd) && cmd != IPC_RMID && cmd != IPC_SET && cmd != SHM_LOCK &&
	    cmd != SHM_UNLOCK)
		return -EINVAL;
	if (cmd == IPC_SET && user_read(&ds, a->v[2], sizeof(ds)))
		return -EFAULT;
	mutex_lock(&shm.mtx);
	sweep();
	g = cmd == SHM_STAT || cmd == SHM_STAT_ANY ? by_index(id) : by_id(id);
	r = g ? ctl_locked(g, cmd, &ds) : -EINVAL;
	sweep();
	mutex_unlock(&shm.mtx);
	if (r >= 0 && is_stat(cmd) && user_write(a->v[2], &ds, sizeof(ds)))
		return -EFAULT;
	return r;
}
