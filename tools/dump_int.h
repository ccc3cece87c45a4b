/* SPDX-License-Identifier: Apache-2.0 */
/* tools/dump_int.h: what the files of dump share. */
#pragma once

#include <stdio.h>

#include "tools/fileblk.h"
#include "tools/mkimage.h"

enum { EXIT_IMAGE = 1, EXIT_MISUSE = 2 };

_Noreturn void die(int status, const char *f, ...) printf_like(2, 3);

/* The file system's files below `dir`, into the host's directory. Existing files are not touched. */
void dump_extract(struct blk *, struct tfs_inode *dir, const char *host_dir);
/* Every name, a line: as `ls -l` in one column, or (tree) indented. */
void dump_list(struct tfs_inode *dir, bool tree);
/* The keys of the root tuple but the files, as a manifest. */
void dump_manifest(const struct tuple *root);
