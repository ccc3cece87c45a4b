/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/linux_stat.h: file types, permission bits and device numbers as stat(2) shows them.
 */
#pragma once

#include <stdint.h>

enum {
	MODE_FMT = 0170000,
	MODE_SOCK = 0140000,
	MODE_LNK = 0120000,
	MODE_REG = 0100000,
	MODE_BLK = 0060000,
	MODE_DIR = 0040000,
	MODE_CHR = 0020000,
	MODE_FIFO = 0010000,
	MODE_SUID = 04000,
	MODE_SGID = 02000,
	MODE_STICKY = 01000,
	MODE_PERM = 07777,
};

enum { SYMLINKS_MAX = 40 };

static inline uint64_t dev_make(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | ((uint64_t)(major & 0xfff) << 8) |
	       ((uint64_t)(minor & ~0xffu) << 12) | ((uint64_t)(major & ~0xfffu) << 32);
}
static inline uint32_t dev_major(uint64_t dev)
{
	return (uint32_t)((dev >> 8) & 0xfff) | (uint32_t)((dev >> 32) & ~0xfffu);
}
static inline uint32_t dev_minor(uint64_t dev)
{
	return (uint32_t)(dev & 0xff) | (uint32_t)((dev >> 12) & ~0xffu);
}

/* struct stat of x86-64: stat(2). */
struct linux_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, zero;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
	int64_t unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat is 144 bytes on x86-64");

struct linux_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t zero;
};

/* struct statx: statx(2), the same on every CPU. */
struct linux_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, zero;
	uint64_t ino, size, blocks, attributes_mask;
	struct linux_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint32_t dio_mem_align, dio_offset_align;
	uint64_t spare[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx is 256 bytes");

enum {
	LX_STATX_BASIC = 0x7ff,
	LX_STATX_BTIME = 0x800,
	LX_STATX_MNT_ID = 0x1000,
	LX_STATX_RESERVED = (int)0x80000000,
	LX_STATX_ATTR_MOUNT_ROOT = 0x2000,
};

/* struct statfs of 64-bit CPUs: statfs(2). */
struct linux_statfs {
	uint64_t type, bsize, blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	uint64_t namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs is 120 bytes");
