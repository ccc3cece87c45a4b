/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/mman.h>

int main(void)
{
	int p[2], fd;

	own_dir(".");
	fd = make_file("f", "x");
	SHOW(fsync(fd));
	SHOW(fdatasync(fd));
	SHOW(fsync(open("f", O_RDONLY)));
	SHOW(fsync(open(".", O_RDONLY)));
	SHOW(fsync(open("f", O_PATH)));
	pipe(p);
	SHOW(fsync(p[1]));
	SHOW(fsync(99));
	SHOW(syncfs(p[0]));
	SHOW(syncfs(99));
	SHOW(sync_file_range(fd, 0, 0, 7));
	SHOW(sync_file_range(fd, -1, 0, 7));
	SHOW(sync_file_range(fd, 0, 0, 8));
	SHOW(sync_file_range(p[0], 0, 0, 7));
	SHOW(posix_fadvise(fd, 0, 0, 99));
	SHOW(posix_fadvise(fd, 0, -1, 0));
	SHOW(posix_fadvise(p[0], 0, 0, 0));
	SHOW(readahead(fd, 0, 100));
	SHOW(readahead(p[0], 0, 100));
	return 0;
}
