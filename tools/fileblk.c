/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/fileblk.h"

#include <errno.h>
#include <sys/mount.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd_of(struct blk *b)
{
	return container_of(b, struct fileblk, blk)->fd;
}

static err_t file_read(struct blk *b, uint64_t sector, void *buf, uint32_t nsect)
{
	size_t len = (size_t)nsect * BLK_SECTOR, got = 0;

	if (!blk_range_ok(b, sector, nsect))
		return -EINVAL;
	while (got < len) {
		ssize_t n = pread(fd_of(b), (char *)buf + got, len - got,
				  (off_t)(sector * BLK_SECTOR + got));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	memset((char *)buf + got, 0, len - got);
	return 0;
}

static err_t file_write(struct blk *b, uint64_t sector, const void *buf, uint32_t nsect)
{
	size_t len = (size_t)nsect * BLK_SECTOR, done = 0;

	if (!blk_range_ok(b, sector, nsect))
		return -EINVAL;
	if (b->readonly)
		return -EROFS;
	while (done < len) {
		ssize_t n = pwrite(fd_of(b), (const char *)buf + done, len - done,
				   (off_t)(sector * BLK_SECTOR + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Ordering against other readers of the file needs nothing; an image is synced once, when it is whole. */
static err_t file_flush(struct blk *b)
{
	(void)b;
	return 0;
}

void fileblk_init(struct fileblk *f, int fd, uint64_t nsect, bool readonly)
{
	*f = (struct fileblk){
		.fd = fd,
		.blk = {
			.name = "file",
			.nsect = nsect,
			.readonly = readonly,
			.phys_sectors = 1,
			.max_segs = 1,
			.read = file_read,
			.write = file_write,
			.flush = file_flush,
		},
	};
}

uint64_t fileblk_size(int fd)
{
	struct stat st;
	uint64_t bytes = 0;

	if (fstat(fd, &st) < 0)
		return 0;
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64, &bytes) < 0 ? 0 : bytes;
	return (uint64_t)st.st_size;
}
