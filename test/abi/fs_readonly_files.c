/* SPDX-License-Identifier: Apache-2.0 */
/* Rights are checked when a file is opened, not after. */
#include "fs.h"

int main(void)
{
	int fd, rd;

	own_dir("/tmp");
	chmod(".", 0777);
	setgid(1000);
	setuid(1000);
	fd = SHOW(open("f", O_CREAT | O_RDWR, 0000)); /* a new file opens whatever its mode */
	SHOW(write(fd, "abc", 3));
	SHOW(open("f", O_RDONLY));
	chmod("f", 0400);
	rd = SHOW(open("f", O_RDONLY));
	SHOW(open("f", O_WRONLY));
	SHOW(open("f", O_RDONLY | O_TRUNC));
	chmod("f", 0);
	SHOW(write(fd, "d", 1));
	SHOW(read(rd, (char[4]){ 0 }, 4));
	mkdir("d", 0700);
	close(make_file("d/x", "x"));
	chmod("d", 0600);
	SHOW(access("d/x", F_OK));
	SHOW(open("d/x", O_RDONLY));
	SHOW(open("d", O_RDONLY) >= 0);
	chmod("d", 0100);
	SHOW(open("d", O_RDONLY));
	SHOW(open("d/x", O_RDONLY) >= 0);
	SHOW(unlink("d/x"));
	SHOW(mkdir("d/y", 0700));
	chmod("d", 0700);
	return 0;
}
