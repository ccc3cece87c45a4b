/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/tfs.h: the TFS file system, its metadata and its mapping (doc/tfs.md is the format).
 *
 * A pure core.  It reads and writes metadata through iface/blk.h (and may sleep there), maps file
 * blocks to device sectors, and never moves file data: the page cache does.
 *
 * Locks: none here.  The shell holds one mutex per file system around every call.
 * Time:  an argument, nanoseconds since 1970 (int64_t); 0 records none.
 * Memory: the allocator given at mount.  -ENOMEM changes nothing.
 * Errors: -EROFS on a read-only or damaged file system, -EIO from the device, -ENOSPC, -EUCLEAN for
 *         metadata that contradicts itself, and those named at each call.
 *
 * What is durable: a change is staged in memory, reaches the log at tfs_commit() and is durable after
 * tfs_sync().  Data before metadata: a file's extent or length is staged by tfs_write_end(), which
 * the shell calls when the data's write has completed; the core flushes the device before it logs
 * such a change.
 *
 * Blocks are 512 bytes (TFS_BLOCK) throughout.  The core allocates in units of TFS_ALLOC blocks (4 KB),
 * aligned in the file; files written by others may have extents of any number of blocks, so
 * a page can span several extents.
 */
#pragma once

#include "iface/blk.h"
#include "lib/alloc.h"
#include "lib/value.h"

enum {
	TFS_BLOCK = 512,
	TFS_BLOCK_SHIFT = 9,
	TFS_ALLOC = 8, /* blocks: a page */
	TFS_NAME_MAX = 255,
	TFS_LABEL_MAX = 32,
	TFS_UUID = 16,
	TFS_SYMLINK_MAX = 4095,
};

/* --- finding and making ---------------------------------------------------------------------- */

struct tfs_ident {
	unsigned version; /* 4, 5 or 6 */
	uint8_t uuid[TFS_UUID];
	char label[TFS_LABEL_MAX + 1];
};

/* 0; -ENODEV: no TFS there; -EPROTONOSUPPORT: a version that we do not know (ident->version set). */
must_check err_t tfs_probe(struct blk *, uint64_t first_sector, struct alloc *, struct tfs_ident *);

struct tfs_where {
	struct blk *blk;
	uint64_t first; /* sector of the device at which the file system begins */
	uint64_t nsect; /* its size */
};

struct tfs_format {
	unsigned version; /* 5 or 6 */
	uint8_t uuid[TFS_UUID];
	const char *label;    /* "" for none */
	uint64_t log_sectors; /* size of the first log extent; 0: chosen */
};

struct tfs;
struct tfs_inode;

/*
 * Make an empty file system and leave it mounted.  Nothing is written before the first tfs_sync(),
 * which writes the whole tree as one compact log.
 */
must_check err_t tfs_format(const struct tfs_where *, const struct tfs_format *, struct alloc *,
			    struct tfs **out);

enum {
	TFS_RDONLY = 1 << 0,
	TFS_NOATIME = 1 << 1,
};

/*
 * Mount.  A torn or stale end of the log is normal and ends it; a damaged log mounts read-only, and
 * tfs_damage() says so.  -ENODEV, -EPROTONOSUPPORT, -EUCLEAN (not even the beginning makes sense).
 */
must_check err_t tfs_mount(const struct tfs_where *, unsigned flags, struct alloc *,
			   struct tfs **out);

/* Commits nothing: call tfs_sync() first.  Every inode must have been put. */
void tfs_unmount(struct tfs *);

const struct tfs_ident *tfs_ident(const struct tfs *);
bool tfs_readonly(const struct tfs *);
/* NULL: sound.  Otherwise one line that says what is wrong and at which byte of the file system. */
const char *tfs_damage(const struct tfs *);

/* The manifest, `children` included.  Owned by the file system; changes with it. */
const struct tuple *tfs_root_tuple(const struct tfs *);
/* Set or (VALUE_NONE) remove a key of the root tuple, for mkfs.  Takes over `v` on success. */
must_check err_t tfs_root_set(struct tfs *, const char *key, struct value v);
/* The same for a key of an inode that the core does not know (`exec`), for mkfs. */
must_check err_t tfs_inode_set(struct tfs_inode *, const char *key, struct value v);
/* Before the first tfs_sync() of a file system that tfs_format() made. */
void tfs_set_uuid(struct tfs *, const uint8_t uuid[TFS_UUID]);
/* Sectors up to the end of the last one in use: what an image file can be cut to. */
must_check err_t tfs_end(struct tfs *, uint64_t *nsect);
/* The store that values given to this file system must come from. */
struct vstore *tfs_store(struct tfs *);

/* --- inodes ---------------------------------------------------------------------------------- */

/*
 * An inode that somebody holds: the pointer is stable, one per file, until the last tfs_put().
 * The shell reads these members and writes none but `priv`.  Directories hold their parent.
 */
struct tfs_inode {
	uint64_t ino;
	uint32_t mode;	/* S_IFxxx and permissions */
	uint32_t nlink; /* 0: unlinked or not linked yet; gone at the last put */
	uint32_t uid, gid;
	uint64_t rdev;
	uint64_t size;	 /* bytes, as far as write_end and truncate have told; dirs: 0 */
	uint64_t blocks; /* allocated, 512-byte blocks */
	int64_t atime, mtime, ctime, btime; /* ns since 1970 */
	struct tfs *fs;
	struct tfs_inode *parent; /* directories only; the root is its own */
	bool exec;		  /* the manifest says that it may be run: exec_protection */
	bool readonly;		  /* the manifest said so */
	void *priv;		  /* the shell's: vnode, page tree */

	/* the core's own */
	uint32_t refs;
	uint8_t dirty;
	uint8_t mapped;
	struct tuple *t;
	struct list link; /* on the file system's dirty list */
	struct tfs_map {
		struct tfs_ext *e;
		uint32_t n, cap;
	} map;
	uint64_t goal; /* where the next allocation would like to be */
};

struct tfs_inode *tfs_root(struct tfs *); /* takes a reference */
struct tfs_inode *tfs_get(struct tfs_inode *);
/* The last put of an unlinked file frees its space; the shell must have ended its I/O. */
void tfs_put(struct tfs_inode *);

/* -ENOENT, -ENOTDIR, -ENAMETOOLONG.  "." and ".." are the caller's. */
must_check err_t tfs_lookup(struct tfs_inode *dir, const char *name, size_t len,
			    struct tfs_inode **out);

struct tfs_dirent {
	const char *name; /* valid until the directory changes */
	size_t len;
	uint64_t ino;
	uint32_t mode;	 /* type bits only */
	uint64_t cookie; /* pass it back to go on behind this entry */
};

/*
 * The first entry behind `cookie` (0: from the start); -ENOENT at the end.  An entry that is there
 * throughout is seen exactly once whatever else comes and goes.
 */
must_check err_t tfs_readdir(struct tfs_inode *dir, uint64_t cookie, struct tfs_dirent *out);
bool tfs_dir_empty(const struct tfs_inode *dir);

/* --- names ----------------------------------------------------------------------------------- */

struct tfs_new {
	uint32_t mode; /* S_IFxxx and permissions */
	uint32_t uid, gid;
	uint64_t rdev;
	const char *target; /* S_IFLNK */
	size_t target_len;
	int64_t now;
};

/*
 * Any type of file.  -EEXIST, -ENOTDIR, -ENAMETOOLONG, -EINVAL (empty name, '/' or NUL in it),
 * -ENOENT (the directory itself was removed).
 */
must_check err_t tfs_create(struct tfs_inode *dir, const char *name, size_t len,
			    const struct tfs_new *, struct tfs_inode **out);
/* A file without a name (O_TMPFILE), which tfs_link() may name. */
must_check err_t tfs_tmpfile(struct tfs *, const struct tfs_new *, struct tfs_inode **out);
/* -EEXIST, -EPERM (a directory), -EMLINK. */
must_check err_t tfs_link(struct tfs_inode *dir, const char *name, size_t len, struct tfs_inode *,
			  int64_t now);
/* -EISDIR. */
must_check err_t tfs_unlink(struct tfs_inode *dir, const char *name, size_t len, int64_t now);
/* -ENOTDIR, -ENOTEMPTY. */
must_check err_t tfs_rmdir(struct tfs_inode *dir, const char *name, size_t len, int64_t now);

enum {
	TFS_RENAME_NOREPLACE = 1 << 0, /* Linux's numbers */
	TFS_RENAME_EXCHANGE = 1 << 1,
};

struct tfs_name {
	struct tfs_inode *dir;
	const char *s;
	size_t len;
};

/* rename(2)'s errors: -ENOENT, -EEXIST, -EISDIR, -ENOTDIR, -ENOTEMPTY, -EINVAL (into itself). */
must_check err_t tfs_rename(const struct tfs_name *from, const struct tfs_name *to, unsigned flags,
			    int64_t now);
/* The target; not NUL-terminated.  Valid while the inode is held. */
must_check err_t tfs_readlink(struct tfs_inode *, const char **target, size_t *len);

/* --- attributes ------------------------------------------------------------------------------ */

enum {
	TFS_SET_MODE = 1 << 0, /* permission bits; the type stays */
	TFS_SET_UID = 1 << 1,
	TFS_SET_GID = 1 << 2,
	TFS_SET_ATIME = 1 << 3,
	TFS_SET_MTIME = 1 << 4,
	TFS_SET_CTIME = 1 << 5,
};

struct tfs_attr {
	unsigned set; /* TFS_SET_xxx */
	uint32_t mode, uid, gid;
	int64_t atime, mtime, ctime;
};

/* In memory at once, in the log with the next commit.  -EROFS. */
must_check err_t tfs_setattr(struct tfs_inode *, const struct tfs_attr *);

/* Extended attributes, by full name ("user.x").  Values are any bytes. */
must_check err_t tfs_xattr_get(struct tfs_inode *, const char *name, const char **val, size_t *len);
enum {
	TFS_XATTR_CREATE = 1,
	TFS_XATTR_REPLACE = 2,
}; /* Linux's numbers */
/* -EEXIST, -ENODATA. */
must_check err_t tfs_xattr_set(struct tfs_inode *, const char *name, const void *val, size_t len,
			       unsigned flags, int64_t now);
must_check err_t tfs_xattr_remove(struct tfs_inode *, const char *name, int64_t now);
/* *i from 0 on; NULL at the end. */
const char *tfs_xattr_next(struct tfs_inode *, uint32_t *i, size_t *len);

/* --- mapping and writing --------------------------------------------------------------------- */

enum tfs_state {
	TFS_HOLE,    /* no space; reads as zeros */
	TFS_UNINIT,  /* space without data (fallocate); reads as zeros */
	TFS_PENDING, /* space given by write_begin, its data not yet there; reads as zeros */
	TFS_DATA,
};

struct tfs_extent {
	uint64_t sector; /* of the device; 0 in a hole */
	uint64_t n;	 /* blocks, at least 1, at most what was asked for */
	enum tfs_state state;
};

/* The piece of [block, block + n) that begins at `block`.  n > 0.  Extents outside the device: -EUCLEAN. */
must_check err_t tfs_map(struct tfs_inode *, uint64_t block, uint64_t n, struct tfs_extent *out);

/* Space promised to dirty pages that have none yet, so that writeback cannot fail: -ENOSPC. */
must_check err_t tfs_reserve(struct tfs *, uint64_t blocks);
void tfs_unreserve(struct tfs *, uint64_t blocks);

/*
 * Where the data of [block, block + n) goes: gives space to holes, and answers the first piece.
 * New space is PENDING: in the map, not in the log.  Loop until the range is covered, write the data,
 * then call write_end for what arrived and write_abort for what did not.  A new piece covers whole
 * TFS_ALLOC units where the hole allows: write zeros beyond the data you have.
 * `reserved` says that the space was promised by tfs_reserve(); the core takes what it uses off that
 * account.
 */
must_check err_t tfs_write_begin(struct tfs_inode *, uint64_t block, uint64_t n, bool reserved,
				 struct tfs_extent *out);
/*
 * The data of [block, block + n) is written (completed, not necessarily flushed).  The file is at
 * least `size` bytes long now.  n = 0 for a change of length alone (a file that grew by truncate goes through
 * tfs_truncate()).
 * Bytes between the length and the end of its block must be zeros on the device: a writer zeroes
 * the tail of the last page.
 */
must_check err_t tfs_write_end(struct tfs_inode *, uint64_t block, uint64_t n, uint64_t size,
			       int64_t now);
void tfs_write_abort(struct tfs_inode *, uint64_t block, uint64_t n);

/*
 * Set the length.  Down: space of whole TFS_ALLOC units behind it goes back; the shell zeroes the tail of the last
 * page itself.  Up: a hole.  -EFBIG.
 */
must_check err_t tfs_truncate(struct tfs_inode *, uint64_t size, int64_t now);

/* Space for [block, block + n) without data (TFS_UNINIT); the length stays unless `size` is larger. */
must_check err_t tfs_fallocate(struct tfs_inode *, uint64_t block, uint64_t n, uint64_t size,
			       int64_t now);
/* [block, block + n) becomes a hole; the shell zeroes partial blocks at the edges. */
must_check err_t tfs_punch(struct tfs_inode *, uint64_t block, uint64_t n, int64_t now);
/* The same, but the space is kept (TFS_UNINIT) and holes get some: FALLOC_FL_ZERO_RANGE. */
must_check err_t tfs_zero(struct tfs_inode *, uint64_t block, uint64_t n, uint64_t size,
			  int64_t now);
/* SEEK_DATA and SEEK_HOLE in bytes; -ENXIO.  PENDING counts as data. */
must_check err_t tfs_seek(struct tfs_inode *, uint64_t off, bool data, uint64_t *out);

/* --- the whole file system ------------------------------------------------------------------- */

/* Write what is staged to the log, without waiting for the medium. */
must_check err_t tfs_commit(struct tfs *);
/* The same and a flush: everything up to here is durable. */
must_check err_t tfs_sync(struct tfs *);
/* Is there anything that tfs_commit() would write? */
bool tfs_dirty(const struct tfs *);
/* Rewrite the log without what is obsolete.  tfs_commit() does it by itself when it is worth it. */
must_check err_t tfs_compact(struct tfs *);

struct tfs_stat {
	uint64_t blocks, free, avail; /* avail: free less reserved and less the log's own reserve */
	uint64_t files;
	uint64_t log_bytes; /* length of the log */
	uint64_t mem_bytes; /* held by the metadata */
};
must_check err_t tfs_statfs(struct tfs *, struct tfs_stat *);

/* The device (or its partition) has become larger. */
must_check err_t tfs_grow(struct tfs *, uint64_t nsect);

/* --- checking -------------------------------------------------------------------------------- */

struct tfs_check {
	/* One finding; `off` is a byte offset in the file system, UINT64_MAX when it has none. */
	void (*found)(struct tfs_check *, uint64_t off, const char *what);
	uint64_t problems, files, dirs, extents, records;
	uint64_t used, leaked; /* blocks */
};
/* Every inode, reference and extent.  0 when it could look; the findings are in *c. */
must_check err_t tfs_check(struct tfs *, struct tfs_check *c);
