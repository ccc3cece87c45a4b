/* SPDX-License-Identifier: Apache-2.0 */
/* fs.h: what the programs about files share: a directory of their own, and words for what stat says. */
#pragma once

#include "abi.h"

#include <sys/stat.h>

/* Work in a new empty directory, under `where` ("." for the program's own place). */
static inline void own_dir(const char *where)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/absXXXXXX", where);
	umask(022);
	if (!mkdtemp(path) || chdir(path)) {
		perror(path);
		exit(99);
	}
}

static inline const char *type_name(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
		return "chr";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "sock";
	case S_IFBLK:
		return "blk";
	default:
		return "?";
	}
}

static inline void say_lstat(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		printf("lstat(%s) = %s\n", path, strerrorname_np(errno));
	else if (S_ISDIR(st.st_mode))
		printf("%s: %s %04o\n", path, type_name(st.st_mode), st.st_mode & 07777);
	else
		printf("%s: %s %04o nlink %ld size %ld uid %d gid %d\n", path,
		       type_name(st.st_mode), st.st_mode & 07777, (long)st.st_nlink,
		       (long)st.st_size, st.st_uid, st.st_gid);
}

static inline int make_file(const char *path, const char *content)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		printf("make_file(%s): %s\n", path, strerrorname_np(errno));
	return fd;
}

static inline void say_content(const char *path)
{
	char buf[256] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		printf("%s: %s\n", path, strerrorname_np(errno));
	else
		printf("%s: \"%.*s\"\n", path, (int)n, buf);
	if (fd >= 0)
		close(fd);
}
