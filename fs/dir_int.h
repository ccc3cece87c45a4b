/* SPDX-License-Identifier: Apache-2.0 */
/* fs/dir_int.h: what fs/dir.c and fs/rename.c share. */
#pragma once

#include "fs/tfs_int.h"

must_check err_t dir_of(const struct tfs_inode *dir, struct tuple **out);
struct tuple *dir_find(const struct tuple *children, const char *name, size_t len);
must_check err_t dir_check(const struct tfs_inode *dir, const char *name, size_t len,
			   struct tuple **children);
void dir_changed(struct tfs_inode *dir, int64_t now);
void dir_edit_nlink(struct edits *es, struct tfs_inode *i, uint32_t nlink);
void dir_drop_link(struct tfs_inode *i, int64_t now);
