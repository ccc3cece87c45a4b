/* SPDX-License-Identifier: Apache-2.0 */
/* tools/mkimage_int.h: what the files of mkimage share. */
#pragma once

#include "tools/fileblk.h"
#include "tools/mkimage.h"

enum {
	MK_SECTOR = 512,
	MK_BOOTFS_SECTORS = 12 * 2048, /* 12 MB */
	MK_CHUNK = 1 << 20,
};

/* A file system being filled. */
struct mk_fs {
	struct tfs_where w;
	struct tfs *fs;
};

struct mkimage {
	struct mkimage_opts o;
	struct mkimage_error *err;
	bool failed;
	bool mark; /* ELF files get `exec` */
	int fd;
	char *tmp; /* written under this name, renamed when whole; NULL: a device, written in place */
	bool in_place;
	struct fileblk dev;
	struct mk_fs root, boot; /* boot.fs NULL: none */
	struct tfs_inode *root_dir;
	struct {
		struct tfs_inode *i;
		int64_t mtime;
	} * dir; /* directories held until the end */
	size_t ndir, cap;
	uint8_t *chunk;
	uint64_t written;
	unsigned __int128 key; /* of what was put in: the uuid when none is given */
};

/* Keep the first failure.  Always false. */
bool mk_fail(struct mkimage *, const char *f, ...) printf_like(2, 3);
/* The same for an error of the core about `what`. */
bool mk_fail_err(struct mkimage *, err_t, const char *what);
void mk_key(struct mkimage *, const void *p, size_t n);

/* mkimage_disk.c */
bool mk_open(struct mkimage *);
/* The partition table and the boot image's code. */
bool mk_write_mbr(struct mkimage *, uint64_t root_sectors);
uint64_t mk_root_start(struct mkimage *);
bool mk_close(struct mkimage *);
void mk_discard(struct mkimage *);
bool mk_format(struct mkimage *, struct mk_fs *, unsigned version, uint64_t first, uint64_t nsect,
	       uint64_t log_sectors);
