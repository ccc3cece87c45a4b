/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm.h: the program's address space.  There is one program, so there is one `struct aspace`.
 * Areas in a balanced tree under one rwlock: faults take it shared, changes exclusive.  Pages come lazily;
 * anonymous areas use 2 MB pages where they are aligned and allowed.
 *
 * What a file mapping needs of a file it asks through struct vm_object_ops, which vfs/'s page cache
 * answers: this floor does not know files.
 *
 * Context: threads, no spinlock held.  Errors are Linux's for the call named.
 */
#pragma once

#include "kern/mutex.h"
#include "kern/page.h"
#include "kern/uio.h"
#include "lib/rbtree.h"

enum vm_prot { VM_READ = 1, VM_WRITE = 2, VM_EXEC = 4 };

enum vm_flags {
	VM_SHARED = 1 << 0,
	VM_FIXED = 1 << 1, /* at exactly addr, replacing what is there */
	VM_FIXED_NOREPLACE = 1 << 2,
	VM_GROWSDOWN = 1 << 3,
	VM_NORESERVE = 1 << 4,
	VM_POPULATE = 1 << 5,
	VM_32BIT = 1 << 6,
	VM_STACK = 1 << 7,
	VM_LOCKED = 1 << 8,
	VM_HUGE_OK = 1 << 9,	 /* MADV_HUGEPAGE */
	VM_HUGE_NEVER = 1 << 10, /* MADV_NOHUGEPAGE */
	VM_DONTDUMP = 1 << 11,
	VM_DONTFORK = 1 << 12,
	VM_BRK = 1 << 13, /* shown as [heap] */
	VM_MAYWRITE =
		1 << 14, /* mprotect may add write (shared file opened writable, or private) */
	VM_MAYEXEC = 1 << 15,
	VM_MAYREAD = 1 << 16,
	VM_VDSO = 1 << 17,
	VM_WIPEONFORK = 1 << 18, /* remembered only: there is no fork */
};

struct vm_object;

struct vm_object_ops {
	/*
	 * The page at index, up to date, with a reference. `write`: it will be written through a shared
	 * mapping; allocate its blocks and mark it dirty. May sleep. -ENXIO: past the end of the file
	 * (SIGBUS), -EIO, -ENOMEM, -ENOSPC.
	 * Between this call and the page-table entry the file may be cut short or the page be written
	 * back: with the page-table lock held that vm_object_unmap() and vm_object_clean() take, install
	 * it only if page->owner is still this object and, for `write`, PAGE_DIRTY is still set; else
	 * call again.
	 */
	err_t (*get_page)(struct vm_object *o, uint64_t index, bool write, struct page **out);
	/* A cached, up-to-date page, with a reference: no I/O, no sleep, under the object's lock; NULL: not there. */
	struct page *(*peek_page)(struct vm_object *o, uint64_t index);
	/* msync(MS_SYNC), and the range's part of fsync. */
	err_t (*sync)(struct vm_object *o, uint64_t first, uint64_t last);
	/* MADV_WILLNEED and friends; may start reads. */
	void (*readahead)(struct vm_object *o, uint64_t first, uint64_t n);
	/* MADV_REMOVE: pages [first, first + n) become a hole. NULL: -EINVAL. */
	err_t (*punch)(struct vm_object *o, uint64_t first, uint64_t n);
	void (*get)(struct vm_object *o);
	void (*put)(struct vm_object *o);
	/* For /proc/self/maps and crash reports. */
	long (*path)(struct vm_object *o, char *buf, size_t size);
	void (*ident)(struct vm_object *o, uint64_t *dev, uint64_t *ino);
};

/* Embedded in each page cache (and in the owners of shared anonymous memory). */
struct vm_object {
	const struct vm_object_ops *ops;
	struct spinlock lock; /* RANK_AREA; guards areas */
	struct list areas;    /* [lock] shared and private areas that map it */
	bool always_dirty; /* [I] memory only: writes need not be noted, get_page(write) is read's */
};
void vm_object_init(struct vm_object *o, const struct vm_object_ops *ops);
/*
 * Take away the program's view of pages [first, first+n): truncate, hole punch. Private copies stay
 * when `keep_private`.  Of pages to be removed for good, owner was changed before: faults under way see that.
 */
void vm_object_unmap(struct vm_object *o, uint64_t first, uint64_t n, bool keep_private);
/* Before write-back: make shared mappings of these pages of it (by page->index, each counted) read-only again. */
void vm_object_clean(struct vm_object *o, struct page *const *pages, unsigned n);

/* mmap(2). *addr: hint in, address out. object may be NULL (anonymous); a reference is taken. */
err_t vm_map(uaddr_t *addr, size_t len, unsigned prot, unsigned flags, struct vm_object *o,
	     uint64_t offset) must_check;
err_t vm_unmap(uaddr_t addr, size_t len) must_check;
err_t vm_protect(uaddr_t addr, size_t len, unsigned prot) must_check;
err_t vm_remap(uaddr_t *addr, size_t old_len, size_t new_len, unsigned mremap_flags,
	       uaddr_t new_addr) must_check;
/* Name anonymous memory; NULL: no more. -EINVAL, -ENOMEM (also: a hole, the rest is named), -EBADF: it is a file's. */
err_t vm_set_name(uaddr_t addr, size_t len, const char *text) must_check;
err_t vm_advise(uaddr_t addr, size_t len, int linux_advice) must_check;
err_t vm_sync(uaddr_t addr, size_t len, int linux_flags) must_check;
err_t vm_incore(uaddr_t addr, size_t len, uaddr_t vec) must_check;
err_t vm_lock(uaddr_t addr, size_t len, bool on_fault) must_check;
err_t vm_unlock(uaddr_t addr, size_t len) must_check;
err_t vm_lock_all(bool current, bool future, bool on_fault) must_check; /* mlockall(2) */
void vm_unlock_all(void);
uaddr_t vm_brk(uaddr_t new_brk); /* the break that holds afterwards */
void vm_set_brk(uaddr_t start);	 /* by the loader */
/* The first stack, which ends at top and grows down to `limit` bytes; decides where mmap() places things. */
err_t vm_set_stack(uaddr_t top, uint64_t limit) must_check;
/* A page of the kernel's, shared with the program read-only or read-exec (vDSO, its data). */
err_t vm_map_kernel(uaddr_t *addr, struct page **pages, unsigned n, unsigned prot,
		    unsigned flags) must_check;

/* What happened at a user address: 0 (go on), or a signal to send. */
struct vm_fault_result {
	int signo; /* 0, SIGSEGV, SIGBUS; -ENOMEM: out of memory */
	int code;  /* SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR */
};
/* A copy to or from the program failed for want of memory since the last call (THREAD_WORK was set). */
bool vm_ran_out(void);
struct vm_fault_result vm_fault(uaddr_t addr, bool write, bool exec, bool user_mode);

/* Futex keys: what a user address means to everybody. Private anonymous: (NULL, addr). -EFAULT. */
struct vm_key {
	void *object;
	uint64_t offset;
};
err_t vm_key(uaddr_t addr, bool shared, struct vm_key *out) must_check;

/* Walk areas in address order for /proc/self/maps and the crash report. Do not sleep in fn. */
struct vm_area_info {
	uaddr_t start, end;
	unsigned prot, flags;
	uint64_t offset, dev, ino;
	size_t rss_bytes; /* only when asked for: costs a page-table walk */
	const char *name; /* "[heap]", "[stack]", "[vdso]" or a path, or "" */
};
void vm_for_each(bool (*fn)(const struct vm_area_info *a, void *arg), void *arg, bool rss);
bool vm_find(uaddr_t addr, struct vm_area_info *out, char *path, size_t size);

struct vm_stats {
	size_t total_bytes, locked_bytes, data_bytes, stack_bytes, exec_bytes, shared_bytes;
	size_t rss_anon_bytes, rss_file_bytes, peak_rss_bytes, peak_total_bytes;
	uint64_t minor_faults, major_faults;
};
void vm_stats(struct vm_stats *s);

struct vm_policy { /* from the manifest and the command line, before exec */
	bool noaslr, exec_protection, thp_never;
	uint64_t mmap_min_addr;
	uint64_t limit_as, limit_data, limit_memlock, limit_stack; /* rlimits; UINT64_MAX: none */
};
extern struct vm_policy vm_policy;
/* A random page-aligned offset of up to `bits` bits of pages; 0 under noaslr. */
uint64_t vm_aslr(unsigned bits);
