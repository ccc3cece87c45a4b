/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	char path[64];
	struct stat st;
	int fd;

	own_dir("/tmp");
	SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
	SHOW(open("none", O_TMPFILE | O_RDWR, 0600));
	close(make_file("f", ""));
	SHOW(open("f", O_TMPFILE | O_RDWR, 0600));
	fd = SHOW(open(".", O_TMPFILE | O_RDWR, 0644));
	fstat(fd, &st);
	printf("%s %o nlink %ld\n", type_name(st.st_mode), st.st_mode & 07777, (long)st.st_nlink);
	SHOW(write(fd, "secret", 6));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	say_content("named");
	say_lstat("named");
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	IS(fd >= 0);
	close(fd);
	return 0;
}
