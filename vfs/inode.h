/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/inode.h: files as objects, whatever file system they live on.  An inode is shared by all its names and
 * all its open descriptions; it is there while somebody holds it, and its file system decides what happens
 * when nobody does.
 *
 * Locks: inode->lock (a mutex) is taken by this floor around every directory operation and every change of
 *        a file's content or length.  Two directories: by address, lowest first, after fs->rename_lock.
 *        Attributes are written under attr_lock and read without it, a word at a time.
 * Order: inode->lock, then the address space (user copies), then a file system's own locks.
 *
 *   [I] set once   [a] atomic   [i] inode->lock   [t] attr_lock to write
 */
#pragma once

#include "abi/linux_stat.h"
#include "kern/mutex.h"
#include "vfs/file.h"

struct dentry;
struct fs;
struct inode;
struct pcache;
struct inode_locks;
struct pipe;
struct watch;

struct name { /* one path component; not terminated */
	const char *s;
	size_t len;
};

struct inode_new {     /* what to create */
	uint32_t mode; /* type and permissions, umask applied */
	uint64_t rdev;
	const char *target; /* symlinks */
	size_t target_len;
};

enum {
	ATTR_MODE = 1,
	ATTR_UID = 2,
	ATTR_GID = 4,
	ATTR_ATIME = 8,
	ATTR_MTIME = 16,
	ATTR_CTIME = 32
};

struct inode_attr {
	unsigned set; /* ATTR_* */
	uint32_t mode, uid, gid;
	int64_t atime, mtime, ctime; /* ns since 1970 */
};

struct dirent {
	const char *name;
	size_t len;
	uint64_t ino;
	uint32_t mode;	 /* type bits */
	uint64_t cookie; /* where to go on behind it */
};

enum { RENAME_NO_REPLACE = 1, RENAME_SWAP = 2 };

/* A NULL member: the errno at its end. */
struct inode_ops {
	/* --- directories; dir->lock held.  Names are checked: not empty, no '/', <= 255 bytes. --- */
	/* With a reference. -ENOENT. */
	err_t (*lookup)(struct inode *dir, const struct name *n, struct inode **out);
	err_t (*create)(struct inode *dir, const struct name *n, const struct inode_new *w,
			struct inode **out);						/* -EPERM */
	err_t (*link)(struct inode *dir, const struct name *n, struct inode *target);	/* -EPERM */
	err_t (*unlink)(struct inode *dir, const struct name *n, struct inode *victim); /* -EPERM */
	err_t (*rmdir)(struct inode *dir, const struct name *n, struct inode *victim);	/* -EPERM */
	/* Types and loops were checked above; -ENOTEMPTY is the file system's to find. */
	err_t (*rename)(struct inode *from, const struct name *fn, struct inode *to,
			const struct name *tn, unsigned flags); /* -EPERM */
	/* The first entry behind `cookie`; -ENOENT: no more. "." and ".." are not its business. */
	err_t (*readdir)(struct inode *dir, uint64_t cookie, struct dirent *out);

	/* --- any kind --- */
	/* inode's own fields are set afterwards by the caller. NULL: fine. */
	err_t (*setattr)(struct inode *i, const struct inode_attr *a);
	/* Bring size, nlink, times up to date before stat. NULL: they are. */
	void (*refresh)(struct inode *i);
	/* A symlink's text that is made on demand (/proc/self). NULL: inode->link. */
	long (*readlink)(struct inode *i, char *buf, size_t size);
	/* A magic link: the object itself, with a reference. NULL: an ordinary one. */
	err_t (*jump)(struct inode *i, struct dentry **out);
	/* Make the description itself, instead of all below. NULL: an ordinary file. */
	err_t (*open_own)(struct inode *i, uint32_t flags, struct file **out);
	/* Turn a new description into one of its kind: set ops and data, refuse. NULL: regular or directory. */
	err_t (*open)(struct inode *i, struct file *f);
	err_t (*xattr_get)(struct inode *i, const char *name, void *buf,
			   size_t *len); /* -EOPNOTSUPP */
	err_t (*xattr_set)(struct inode *i, const char *name, const void *val, size_t len,
			   unsigned flags);			  /* -EOPNOTSUPP */
	err_t (*xattr_remove)(struct inode *i, const char *name); /* -EOPNOTSUPP */
	/* Names, each with its NUL; *len: room in, needed out. */
	err_t (*xattr_list)(struct inode *i, char *buf, size_t *len); /* none */

	/* --- regular files; i->lock held --- */
	err_t (*truncate)(struct inode *i, uint64_t size); /* -EINVAL */
	/* Linux's FALLOC_FL_* modes; pages of a punched range are gone already. */
	err_t (*fallocate)(struct inode *i, unsigned mode, uint64_t off,
			   uint64_t len);					/* -EOPNOTSUPP */
	err_t (*seek)(struct inode *i, uint64_t off, bool data, uint64_t *out); /* all is data */
	/* Everything about the file is durable (its pages have been written). NULL: nothing to do. */
	err_t (*sync)(struct inode *i, bool data_only);

	/*
	 * The last reference may be this one: drop it, and free the inode if it was. Serialised by the file
	 * system against lookup.
	 */
	void (*put_last)(struct inode *i);
};

struct inode {
	const struct inode_ops *ops;	    /* [I] */
	struct fs *fs;			    /* [I] */
	_Atomic uint32_t refs;		    /* [a] */
	uint32_t mode;			    /* type [I], permissions [t] */
	uint32_t nlink, uid, gid;	    /* [t] */
	uint32_t flags;			    /* [t] INODE_* */
	uint64_t ino, rdev;		    /* [I] */
	_Atomic uint64_t size;		    /* [i] to write */
	uint64_t blocks;		    /* [t] of 512 bytes */
	int64_t atime, mtime, ctime, btime; /* [t] ns since 1970 */
	struct mutex lock;		    /* content, names */
	struct dentry *alias; /* dcache_lock: one of its names, not counted; NULL: none is cached */
	struct pcache *pages; /* [I] regular files */
	uint32_t seals;	      /* [i] SEAL_* of memfd_create(2) */
	const char *link;     /* [I] a symlink's text, link_len bytes */
	size_t link_len;      /* [I] */
	struct inode_locks *locks; /* vfs/lock.c */
	struct watch *watches;	   /* vfs/inotify.c */
	_Atomic int32_t writers;   /* [a] open for writing; < 0: being executed, writing refused */
	struct pipe *pipe;	   /* [i] a FIFO's, while it was ever opened */
	void *priv;		   /* [I] the file system's */
};

enum {
	INODE_VOLATILE = 1, /* its name, or in a directory missing names, come and go: not cached */
	INODE_READONLY = 2, /* the manifest says so */
	INODE_MAGIC = 4,    /* a link that is followed by jump(), not by text */
	INODE_SEALABLE = 8, /* memfd_create(2): has seals, if only the one that forbids more */
	INODE_EXEC = 16,    /* the manifest says that it may be run: exec_protection asks */
};

/* What this floor keeps in an inode goes; for put_last(). */
void inode_fini(struct inode *i);
/* Fill a new inode: one reference, times of now. The file system gave the memory. */
void inode_init(struct inode *i, struct fs *fs, const struct inode_ops *ops, uint32_t mode);
static inline void inode_get(struct inode *i)
{
	atomic_fetch_add_explicit(&i->refs, 1, memory_order_relaxed); /* the caller has one */
}
void inode_put(struct inode *i); /* threads, no spinlock held; NULL is fine */
/* For put_last(): true when that was the last reference. */
static inline bool inode_unref(struct inode *i)
{
	return atomic_fetch_sub(&i->refs, 1) == 1;
}

static inline bool inode_is(const struct inode *i, uint32_t type)
{
	return (i->mode & MODE_FMT) == type;
}
static inline bool inode_is_dir(const struct inode *i)
{
	return inode_is(i, MODE_DIR);
}

enum { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };

/* Whose rights count: one program, one identity. linux/ writes it when the program changes its own. */
struct vfs_cred {
	uint32_t uid, gid; /* fsuid, fsgid */
	uint32_t groups[32];
	unsigned ngroups;
	bool override; /* CAP_DAC_OVERRIDE, CAP_FOWNER: what uid 0 has */
};
extern struct vfs_cred vfs_cred;

/* -EACCES; -EROFS for MAY_WRITE on a read-only file system. */
err_t inode_permission(const struct inode *i, unsigned may) must_check;
/* The same for another identity: access(2) asks with the real one. */
err_t inode_permission_as(const struct inode *i, unsigned may, const struct vfs_cred *c) must_check;
bool inode_owner(const struct inode *i); /* or privileged */
err_t inode_setattr(struct inode *i, const struct inode_attr *a) must_check;
void inode_touch(struct inode *i, unsigned set); /* ATTR_*TIME := now; failure does not matter */
err_t inode_truncate(struct inode *i, uint64_t size) must_check; /* checks and takes the lock */
int64_t vfs_now(void);

/* Opened for writing / executed: -ETXTBSY. */
err_t inode_get_write(struct inode *i) must_check;
void inode_put_write(struct inode *i);
err_t inode_deny_write(struct inode *i) must_check;
void inode_allow_write(struct inode *i);
