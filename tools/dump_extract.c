/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/dump_extract.c: an image's files onto the host.  The image is untrusted: names are single
 * components, every directory is opened without following links, and no existing file is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/dump_int.h"

enum { CHUNK_SECTORS = 2048, DEPTH_MAX = 500 }; /* each level has a descriptor open */

struct extract {
	unsigned depth;
	struct blk *blk;
	uint8_t *chunk;
};

static void write_all(int fd, const uint8_t *p, size_t n, uint64_t off, const char *name)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, (off_t)off);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
		p += w;
		off += (uint64_t)w;
		n -= (size_t)w;
	}
}

static void copy_extent(struct extract *x, int fd, const struct tfs_extent *e, uint64_t off,
			uint64_t size, const char *name)
{
	for (uint64_t at = 0; at < e->n && off < size; at += CHUNK_SECTORS) {
		uint32_t n = (uint32_t)MIN(e->n - at, (uint64_t)CHUNK_SECTORS);
		uint64_t bytes = MIN((uint64_t)n * TFS_BLOCK, size - off);

		if (x->blk->read(x->blk, e->sector + at, x->chunk, n))
			die(EXIT_IMAGE, "%s: cannot be read from the image", name);
		write_all(fd, x->chunk, bytes, off, name);
		off += bytes;
	}
}

static void copy_data(struct extract *x, int fd, struct tfs_inode *i, const char *name)
{
	uint64_t blocks = DIV_UP(i->size, (uint64_t)TFS_BLOCK);

	for (uint64_t block = 0; block < blocks;) {
		struct tfs_extent e;

		if (tfs_map(i, block, blocks - block, &e))
			die(EXIT_IMAGE, "%s: its extents make no sense", name);
		if (e.state == TFS_DATA)
			copy_extent(x, fd, &e, block * TFS_BLOCK, i->size, name);
		block += e.n;
	}
	if (ftruncate(fd, (off_t)i->size) < 0)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
}

static void set_attrs(int fd, const struct tfs_inode *i)
{
	struct timespec t[2] = {
		{ i->atime / 1000000000, i->atime % 1000000000 },
		{ i->mtime / 1000000000, i->mtime % 1000000000 },
	};

	/* As far as the host lets us; the contents are what matters. */
	if (fchmod(fd, i->mode & 0777) < 0 || (i->mtime > 0 && futimens(fd, t) < 0))
		return;
}

static void put_file(struct extract *x, int at, struct tfs_inode *i, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
	copy_data(x, fd, i, name);
	set_attrs(fd, i);
	if (close(fd) < 0)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
}

static void put_link(int at, struct tfs_inode *i, const char *name)
{
	const char *target;
	size_t len;

	/* A target that no Linux would have made. */
	if (tfs_readlink(i, &target, &len) || !len || memchr(target, 0, len)) {
		fprintf(stderr, "dump: %s: skipped: not a link's target\n", name);
		return;
	}
	if (symlinkat(target, at, name) < 0)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
}

static void put_dir(struct extract *x, int at, struct tfs_inode *dir, const char *name);

static void put_one(struct extract *x, int at, struct tfs_inode *i, const char *name)
{
	if (S_ISDIR(i->mode))
		put_dir(x, at, i, name);
	else if (S_ISREG(i->mode))
		put_file(x, at, i, name);
	else if (S_ISLNK(i->mode))
		put_link(at, i, name);
	else
		fprintf(stderr, "dump: %s: skipped: a special file\n", name);
}

static void put_dir(struct extract *x, int at, struct tfs_inode *dir, const char *name)
{
	struct tfs_dirent e;
	int fd;

	if (x->depth++ == DEPTH_MAX)
		die(EXIT_IMAGE, "%s: directories nest too deeply to be extracted", name);
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
	fd = openat(at, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (at == AT_FDCWD ? 0 : O_NOFOLLOW));
	if (fd < 0)
		die(EXIT_IMAGE, "%s: %s", name, strerror(errno));
	for (uint64_t c = 0; tfs_readdir(dir, c, &e) == 0; c = e.cookie) {
		struct tfs_inode *i;
		char *sub;

		if (tfs_lookup(dir, e.name, e.len, &i))
			continue;
		sub = strndup(e.name, e.len);
		put_one(x, fd, i, sub);
		free(sub);
		tfs_put(i);
	}
	if (at != AT_FDCWD)
		set_attrs(fd, dir);
	x->depth--;
	close(fd);
}

void dump_extract(struct blk *b, struct tfs_inode *dir, const char *host_dir)
{
	struct extract x = { .blk = b, .chunk = malloc((size_t)CHUNK_SECTORS * TFS_BLOCK) };

	if (!x.chunk)
		die(EXIT_IMAGE, "no memory");
	put_dir(&x, AT_FDCWD, dir, host_dir);
	free(x.chunk);
}
