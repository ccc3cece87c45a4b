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
