/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/tfs_int.h: what tfs.c (names, attributes) and tfs_io.c (data) share. */
#pragma once

#include "vfs/pcache.h"
#include "vfs/tfs.h"

enum { TFS_IO_REQS = 64, TFS_IO_SEGS = 128, BLOCKS_A_PAGE = PAGE_SIZE / TFS_BLOCK };

/* Requests under way, and the thread that waits for all of them. */
struct tfs_wait {
	struct spinlock lock; /* RANK_WAITQ; taken in interrupts */
	struct waitq wq;
	unsigned left; /* [lock] */
	err_t err;     /* [lock] the first */
};

/* One batch of writes being put together; io_lock. */
struct tfs_io {
	struct blk_req req[TFS_IO_REQS];
	struct blk_seg seg[TFS_IO_SEGS];
	unsigned nreq, nseg;
	struct tfs_wait wait;
	struct page *tail; /* a last page, with zeroes behind the end */
};

struct tfs_fs {
	struct fs fs;
	struct blk *blk;	      /* [I] */
	struct tfs *t;		      /* [I]; every call under `lock` */
	struct mutex lock;	      /* the core's */
	struct mutex io_lock;	      /* one batch of writes at a time; taken before `lock` */
	struct tfs_io *io;	      /* io_lock */
	struct mutex sync_lock;	      /* one flush at a time */
	_Atomic uint64_t sync_wanted; /* [a] requests for a flush so far */
	uint64_t sync_done;	      /* sync_lock: those that a flush has served */
};

struct tfs_node {
	struct inode i;
	struct pcache pages;
	struct tfs_inode *ti; /* counted */
};

static inline struct tfs_node *tfs_node(struct inode *i)
{
	return container_of(i, struct tfs_node, i);
}
static inline struct tfs_fs *tfs_fs_of(const struct inode *i)
{
	return i->fs->priv;
}

extern const struct pcache_ops tfs_page_ops;
err_t tfs_io_init(struct tfs_fs *tf) must_check;
