/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/mkimage.h: disk images and volumes, made on the host with the kernel's own fs/.  mkfs is a thin
 * command over it; `coracle run` makes its images with it.
 *
 * Push a tree, then finish:
 *
 *	m = mkimage_begin(&opts, err);
 *	usr = mkimage_dir(m, mkimage_root(m), "usr", &attr);
 *	mkimage_file(m, usr, "prog", &attr, &src);
 *	mkimage_set(m, "program", value);
 *	mkimage_finish(m);
 *
 * Failing: the first failure is kept; every later call is a no-op that fails, so that only
 * mkimage_finish() need be looked at.  Its text is one line in err->text.  What was half made is
 * removed.  Nothing depends on the clock or on chance unless the options ask for it: the same input
 * gives the same bytes.
 */
#pragma once

#include "fs/tfs.h"

struct mkimage;

struct mkimage_error {
	char text[512];
};

struct mkimage_opts {
	const char *path;	/* of the image; replaced when it exists */
	unsigned format;	/* 5 or 6; 0: 6 */
	bool bare;		/* a volume: TFS from byte 0, no partition table */
	uint8_t uuid[TFS_UUID]; /* all zeros: made from the contents' names and sizes */
	const char *label;	/* NULL: none */
	uint64_t size;		/* bytes of the whole image; 0: what the contents take and `room` */
	uint64_t room;		/* free bytes behind the contents, when size is 0 */
	uint64_t log_hint;	/* how many files there will be; 0: unknown */
	const char *boot_image; /* -b: stage 1 and 2, NULL: none */
	bool mark_programs; /* where the manifest asks for exec_protection, ELF files get `exec` */
	/* Called now and then with bytes of file data written so far; NULL: not. */
	void (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
};

struct mkimage_attr {
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	int64_t mtime; /* ns; 0: none is stored */
};

/* Where a file's bytes are. */
struct mkimage_src {
	const char *host; /* a host file; NULL: the bytes below */
	const void *data;
	uint64_t len; /* of data */
};

struct mkimage *mkimage_begin(const struct mkimage_opts *, struct mkimage_error *);

struct tfs_inode *mkimage_root(struct mkimage *);
/* The directory, made when it is not there.  Valid until finish.  NULL after a failure. */
struct tfs_inode *mkimage_dir(struct mkimage *, struct tfs_inode *parent, const char *name,
			      const struct mkimage_attr *);
/* A name that is there already is a failure. */
bool mkimage_file(struct mkimage *, struct tfs_inode *dir, const char *name,
		  const struct mkimage_attr *, const struct mkimage_src *);
bool mkimage_link(struct mkimage *, struct tfs_inode *dir, const char *name,
		  const struct mkimage_attr *, const char *target);
/* Another name of a file that is there, by its path from the root ("usr/bin/perl"). */
bool mkimage_hardlink(struct mkimage *, struct tfs_inode *dir, const char *name, const char *path);

/*
 * Keys of the root tuple.  A manifest's tuple is copied, but for `children`, `boot` and `imagesize`, which
 * speak to the image's maker.
 */
bool mkimage_set(struct mkimage *, const char *key, const char *text);
bool mkimage_manifest(struct mkimage *, const struct tuple *root);

/*
 * The manifest's own files: the `children` tuple, whose (contents:(host:PATH)) are read from `target`
 * first, then as they are ('target' NULL: as they are).
 */
bool mkimage_children(struct mkimage *, struct tfs_inode *dir, const struct tuple *children,
		      const char *target);
/* The boot file system's: `boot` tuple and -k kernel, either may be NULL.  Before any file. */
bool mkimage_boot(struct mkimage *, const struct tuple *boot, const char *kernel,
		  const char *target);

/* Write what is left, or remove everything.  Frees `m`.  False: err->text says why. */
bool mkimage_finish(struct mkimage *);
/* Give up without a reason of mkimage's own: remove and free. */
void mkimage_abort(struct mkimage *);

/* malloc as lib/alloc.h wants it. */
struct alloc *mkimage_alloc(void);
