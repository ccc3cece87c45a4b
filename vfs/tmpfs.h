/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/tmpfs.h: files in memory: /tmp, /run, /dev/shm, memfd_create(2), and the nodes of /dev. */
#pragma once

#include "vfs/fs.h"

/* limit: bytes of content at most; 0: half of memory, as Linux has it. mode: of the root directory. */
err_t tmpfs_mount(const char *path, const char *type, uint32_t mode, unsigned flags,
		  uint64_t limit) must_check;
/* A file without a name anywhere, as memfd_create(2) makes it; flags: O_* of the description. */
err_t tmpfs_memfd(const char *name, bool sealable, uint32_t flags, struct file **out) must_check;
/* What stands behind mmap(MAP_SHARED | MAP_ANONYMOUS) and shmget(2): `size` bytes of zeroes, open for both. */
err_t tmpfs_zero_file(const char *shown, uint64_t size, struct file **out) must_check;
