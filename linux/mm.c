/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/mm.c: the memory calls: arguments and files are checked here, the address space is kern/vm.h's.  The
 * order of checks is that of Linux 6.x (mm/mmap.c, mm/mremap.c, mm/mlock.c).
 */
#include "abi/linux_mman.h"
#include "kern/vm.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/inode.h"
#include "vfs/tmpfs.h"

/* Flags that have always been there, so that MAP_SHARED_VALIDATE allows them. */
#define LEGACY_FLAGS                                                                       \
	(LMAP_SHARED | LMAP_PRIVATE | LMAP_FIXED | LMAP_ANONYMOUS | LMAP_DENYWRITE |       \
	 LMAP_EXECUTABLE | LMAP_GROWSDOWN | LMAP_LOCKED | LMAP_NORESERVE | LMAP_POPULATE | \
	 LMAP_NONBLOCK | LMAP_STACK | LMAP_HUGETLB | LMAP_32BIT | LMAP_FIXED_NOREPLACE |   \
	 0x7c000000 /* MAP_HUGE_2MB | MAP_HUGE_1GB */)

static unsigned vm_flags(unsigned flags)
{
	static const struct {
		unsigned lmap, vm;
	} map[] = {
		{ LMAP_FIXED, VM_FIXED },
		{ LMAP_FIXED_NOREPLACE, VM_FIXED_NOREPLACE },
		{ LMAP_GROWSDOWN, VM_GROWSDOWN },
		{ LMAP_NORESERVE, VM_NORESERVE },
		{ LMAP_32BIT, VM_32BIT },
		{ LMAP_LOCKED, VM_LOCKED | VM_POPULATE },
		/* Each thread's stack uses little of what it reserves. */
		{ LMAP_STACK, VM_HUGE_NEVER },
	};
	unsigned v = 0;

	if (!(flags & ~(unsigned)(LMAP_TYPE | LMAP_ANONYMOUS)))
		return 0;
	for (unsigned i = 0; i < ARRAY_LEN(map); i++)
		v |= flags & map[i].lmap ? map[i].vm : 0;
	if ((flags & (LMAP_POPULATE | LMAP_NONBLOCK)) == LMAP_POPULATE)
		v |= VM_POPULATE;
	if (flags & LMAP_FIXED_NOREPLACE)
		v &= ~(unsigned)VM_FIXED;
	return v;
}

static unsigned vm_prot(unsigned prot)
{
	return prot & (VM_READ | VM_WRITE | VM_EXEC);
}

struct map_args {
	uaddr_t addr;
	size_t len;
	unsigned prot, flags;
	uint64_t offset;
};

static err_t do_map(struct map_args *m, unsigned vmf, struct vm_object *o)
{
	return vm_map(&m->addr, m->len, vm_prot(m->prot), vmf, o, o ? m->offset : 0);
}

/* Shared memory without a name: an unlinked file of the memory file system, as on Linux. */
static err_t map_shared_anon(struct map_args *m, unsigned vmf)
{
	struct vm_object *o;
	struct file *f;
	err_t err = tmpfs_zero_file("/dev/zero", ALIGN_UP(m->len, PAGE_SIZE), &f);

	if (err)
		return err;
	err = f->ops->mmap(f, vm_prot(m->prot), VM_SHARED, 0, &o);
	m->offset = 0;
	if (!err)
		err = do_map(m, vmf | VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, o);
	file_put(f);
	return err;
}

static err_t map_anon(struct map_args *m)
{
	unsigned vmf = vm_flags(m->flags);

	switch (m->flags & LMAP_TYPE) {
	case LMAP_SHARED:
		if (m->flags & LMAP_GROWSDOWN)
			return -EINVAL;
		return map_shared_anon(m, vmf);
	case LMAP_PRIVATE:
		return do_map(m, vmf, NULL);
	default:
		return -EINVAL;
	}
}

static err_t check_file(const struct map_args *m, const struct file *f)
{
	bool shared = (m->flags & LMAP_TYPE) != LMAP_PRIVATE;

	if (shared && (m->prot & LPROT_WRITE) && !(f->mode & FILE_WRITE))
		return -EACCES;
	if (!(f->mode & FILE_READ))
		return -EACCES;
	if (!f->ops->mmap)
		return -ENODEV;
	return m->flags & LMAP_GROWSDOWN ? -EINVAL : 0;
}

static err_t map_file(struct map_args *m, struct file *f)
{
	unsigned vmf = vm_flags(m->flags) | VM_MAYREAD | VM_MAYEXEC | VM_MAYWRITE;
	struct vm_object *o = NULL;
	err_t err;

	switch (m->flags & LMAP_TYPE) {
	case LMAP_SHARED:
	case LMAP_SHARED_VALIDATE:
		if ((m->flags & LMAP_TYPE) == LMAP_SHARED_VALIDATE &&
		    m->flags & ~(unsigned)LEGACY_FLAGS)
			return -EOPNOTSUPP;
		vmf |= VM_SHARED;
		if (!(f->mode & FILE_WRITE))
			vmf &= ~(unsigned)VM_MAYWRITE;
		break;
	case LMAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	err = check_file(m, f);
	if (!err)
		err = f->ops->mmap(f, vm_prot(m->prot), vmf, m->offset, &o);
	if (err)
		return err;
	if (!o) /* a device that is plain memory: /dev/zero */
		return vmf & VM_SHARED ? map_shared_anon(m, vmf) : do_map(m, vmf, NULL);
	return do_map(m, vmf, o);
}

/* exec_protection (doc/manifest.md): only what the manifest marks, and never memory that can be written. */
static err_t check_exec(const struct map_args *m, const struct file *f)
{
	if (!vm_policy.exec_protection || !(m->prot & LPROT_EXEC))
		return 0;
	if (!f || !f->inode || !(f->inode->flags & INODE_EXEC) || m->prot & LPROT_WRITE)
		return -EACCES;
	return 0;
}

static err_t check_map(const struct map_args *m)
{
	if (m->len == 0)
		return -EINVAL;
	if (m->len > USER_TOP)
		return -ENOMEM;
	if (m->offset + m->len < m->offset)
		return -EOVERFLOW;
	/* No pool of reserved large pages exists: what Linux says when its pool is empty. */
	return m->flags & LMAP_HUGETLB ? -ENOMEM : 0;
}

long sys_mmap(struct thread *t, const struct sysargs *a)
{
	struct map_args m = { a->v[0], a->v[1], (unsigned)a->v[2], (unsigned)a->v[3], a->v[5] };
	struct file *f = NULL;
	err_t err;

	(void)t;
	if (m.offset & PAGE_MASK)
		return -EINVAL;
	if (!(m.flags & LMAP_ANONYMOUS)) {
		f = fd_get((int)a->v[4]);
		if (!f)
			return -EBADF;
		if (m.flags & LMAP_HUGETLB) {
			file_put(f);
			return -EINVAL;
		}
	}
	err = check_map(&m);
	if (!err)
		err = check_exec(&m, f);
	if (!err)
		err = f ? map_file(&m, f) : map_anon(&m);
	if (f)
		file_put(f);
	return err ? err : (long)m.addr;
}

long sys_munmap(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_unmap(a->v[0], a->v[1]);
}

long sys_mprotect(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_protect(a->v[0], a->v[1], (unsigned)a->v[2]);
}

long sys_mremap(struct thread *t, const struct sysargs *a)
{
	uaddr_t addr = a->v[0];
	err_t err = vm_remap(&addr, a->v[1], a->v[2], (unsigned)a->v[3], a->v[4]);

	(void)t;
	return err ? err : (long)addr;
}

long sys_brk(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return (long)vm_brk(a->v[0]);
}

long sys_madvise(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_advise(a->v[0], a->v[1], (int)a->v[2]);
}

long sys_msync(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_sync(a->v[0], a->v[1], (int)a->v[2]);
}

long sys_mincore(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_incore(a->v[0], a->v[1], a->v[2]);
}

long sys_mlock(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_lock(a->v[0], a->v[1], false);
}

long sys_mlock2(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if (a->v[2] & ~(uint64_t)LMLOCK_ONFAULT)
		return -EINVAL;
	return vm_lock(a->v[0], a->v[1], a->v[2] & LMLOCK_ONFAULT);
}

long sys_munlock(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vm_unlock(a->v[0], a->v[1]);
}

long sys_mlockall(struct thread *t, const struct sysargs *a)
{
	unsigned f = (unsigned)a->v[0];

	(void)t;
	if (!f || f & ~(unsigned)(LMCL_CURRENT | LMCL_FUTURE | LMCL_ONFAULT) || f == LMCL_ONFAULT)
		return -EINVAL;
	return vm_lock_all(f & LMCL_CURRENT, f & LMCL_FUTURE, f & LMCL_ONFAULT);
}

long sys_munlockall(struct thread *t, const struct sysargs *a)
{
	(void)t, (void)a;
	vm_unlock_all();
	return 0;
}

/* Protection keys are a CPU feature that is not turned on: -1 is "no key", and there is none to be had. */
long sys_pkey_mprotect(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if ((int)a->v[3] != -1)
		return -EINVAL;
	return vm_protect(a->v[0], a->v[1], (unsigned)a->v[2]);
}

long sys_pkey_alloc(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return a->v[0] || a->v[1] & ~3ull ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(struct thread *t, const struct sysargs *a)
{
	(void)t, (void)a;
	return -EINVAL;
}
