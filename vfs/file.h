/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/file.h: open file descriptions, of every kind.  What a descriptor can do is its struct file_ops; a
 * NULL member means that Linux would refuse, with the errno stated here.
 *
 * Context: threads.  Memory: a struct file is never reused for anything else, so that fd_get() may look
 *          at one that is being freed (see vfs/fdtable.h).
 *
 *   [I] set once   [a] atomic   [p] pos_lock   [w] owner of the kind
 */
#pragma once

#include "kern/mutex.h"
#include "kern/uio.h"
#include "vfs/poll.h"

struct file;
struct inode;
struct vm_object;

enum file_mode {
	FILE_READ = 1 << 0,
	FILE_WRITE = 1 << 1,
	FILE_PATH = 1 << 2, /* O_PATH: a name only */
	FILE_SEEK = 1 << 3, /* has a position; else pread and lseek are -ESPIPE */
	FILE_DIRECT = 1 << 4,
	FILE_NOWAIT_OK = 1 << 5, /* heeds UIO_NOWAIT */
};

struct file_ops {
	const char *kind; /* "file", "pipe", "socket", ... for traces and /proc/self/fd */
	/*
	 * Bytes moved, 0 at the end, or -Exxx.  *pos is where (seekable kinds advance it), NULL for streams.
	 * Blocking kinds honour O_NONBLOCK in file_flags(f) (-EAGAIN) and signals (-ERESTARTSYS when
	 * nothing was moved).  NULL: -EINVAL.
	 */
	long (*read)(struct file *f, struct uio *u, uint64_t *pos);
	long (*write)(struct file *f, struct uio *u, uint64_t *pos);
	/* What is true now; NULL: always readable and writable. */
	uint32_t (*poll)(struct file *f);
	/* The source to watch for changes of poll(); NULL: it never changes. */
	struct poll_source *(*poll_source)(struct file *f);
	int64_t (*seek)(struct file *f, int64_t off, int whence);  /* NULL: -ESPIPE */
	long (*ioctl)(struct file *f, unsigned cmd, uint64_t arg); /* NULL: -ENOTTY */
	/* fcntl(2) commands of the kind: locks, leases, pipe size, seals. `arg` as given. NULL: -EINVAL */
	long (*fcntl)(struct file *f, int cmd, uint64_t arg);
	/* NULL: -ENODEV. The object to map, without a new reference. */
	err_t (*mmap)(struct file *f, unsigned prot, unsigned flags, uint64_t offset,
		      struct vm_object **out);
	err_t (*sync)(struct file *f, bool data_only); /* NULL: -EINVAL */
	/* fcntl(F_SETFL) is about to set these; NULL: fine. */
	err_t (*set_flags)(struct file *f, uint32_t flags);
	/* Each close(2) of a descriptor (POSIX locks, flush); then release when the last reference goes. */
	void (*close)(struct file *f);
	void (*release)(struct file *f);
	/* For /proc/self/fd/N when there is no inode: "pipe:[12]". NULL: "anon_inode:[kind]". */
	size_t (*name)(struct file *f, char *buf, size_t size);
	/* Lines for /proc/self/fdinfo/N beyond pos, flags, mnt_id. */
	size_t (*fdinfo)(struct file *f, char *buf, size_t size);
};

struct file {
	const struct file_ops *ops; /* [I] */
	_Atomic uint32_t refs;	    /* [a] */
	_Atomic uint32_t flags;	    /* [a] O_* status flags as F_GETFL shows them */
	uint32_t mode;		    /* [I] FILE_* */
	struct mutex
		pos_lock; /* seekable kinds only: taken for read, write, lseek on shared descriptions */
	uint64_t pos;	  /* [p] */
	struct inode *inode;	     /* [I] NULL: anonymous */
	void *path;		     /* [I] the dentry it was opened by, counted; NULL: none */
	void *data;		     /* [I] the kind's own */
	struct list epoll_items;     /* vfs/epoll.c: who watches this description */
	uint32_t sig_owner;	     /* F_SETOWN */
	uint32_t ra_next, ra_window; /* [p] read-ahead: next expected page, window in pages */
};

/* refs = 1. -ENFILE when out of memory. */
err_t file_new(const struct file_ops *ops, uint32_t mode, uint32_t flags, void *data,
	       struct file **out) must_check;
void file_get(struct file *f);
void file_put(struct file *f);
static inline bool file_nonblock(const struct file *f)
{
	return f->flags & 04000; /* O_NONBLOCK */
}

/* Shall this one move not wait? */
static inline bool file_nowait(const struct file *f, const struct uio *u)
{
	return file_nonblock(f) || u->flags & UIO_NOWAIT;
}

/* Generic moves used by the read/write families: mode and NULL checks, position handling. */
long file_read(struct file *f, struct uio *u); /* at, and moving, the position */
long file_write(struct file *f, struct uio *u);
long file_pread(struct file *f, struct uio *u, uint64_t pos);
long file_pwrite(struct file *f, struct uio *u, uint64_t pos);
uint32_t file_poll(struct file *f);
/* For ops.seek of kinds without a position that Linux lets seek all the same: always 0. */
int64_t file_seek_nowhere(struct file *f, int64_t off, int whence);
