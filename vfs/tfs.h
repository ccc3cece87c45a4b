/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/tfs.h: TFS volumes as file systems.  The core (fs/) keeps the metadata; this shell gives it a lock, a clock
 * and memory, and moves the data between the page cache and the device.
 */
#pragma once

#include "fs/tfs.h"
#include "vfs/fs.h"

/*
 * Mount the file system in [first, first + nsect) of blk on path; "/" for the first one.
 * flags: FS_RDONLY, FS_NOEXEC, FS_NOATIME. A damaged one is mounted read-only and says so in the log.
 */
err_t tfs_fs_mount(struct blk *blk, uint64_t first, uint64_t nsect, const char *path,
		   unsigned flags, struct fs **out) must_check;
/* Where a disk's root file system is: all of it, or the last partition of its MBR. -ENODEV. */
err_t tfs_fs_find(struct blk *blk, uint64_t *first, uint64_t *nsect,
		  struct tfs_ident *ident) must_check;
/* The manifest in the root tuple. Constant while nobody changes it: read it before the program starts. */
const struct tuple *tfs_fs_manifest(struct fs *fs);
