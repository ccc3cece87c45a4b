/* SPDX-License-Identifier: Apache-2.0 */
/* What dup shares and a second open does not. */
#include "fs.h"

int main(void)
{
	char c;
	int a, b, d;

	own_dir(".");
	a = make_file("f", "abcdef");
	lseek(a, 0, SEEK_SET);
	b = dup(a);
	d = open("f", O_RDONLY);
	read(a, &c, 1);
	printf("%c", c);
	read(b, &c, 1);
	printf("%c", c);
	read(d, &c, 1);
	printf("%c\n", c);
	SHOW(lseek(b, 0, SEEK_CUR));
	fcntl(a, F_SETFL, O_APPEND);
	IS(fcntl(b, F_GETFL) & O_APPEND);
	fcntl(a, F_SETFD, FD_CLOEXEC);
	SHOW(fcntl(b, F_GETFD));
	close(a);
	SHOW(write(b, "g", 1));
	say_content("f");
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", b);
	a = SHOW(open(path, O_RDONLY));
	read(a, &c, 1);
	printf("%c\n", c);
	unlink("f");
	d = open(path, O_RDONLY);
	IS(d >= 0);
	read(d, &c, 1);
	printf("%c\n", c);
	snprintf(path, sizeof(path), "/dev/fd/%d", b);
	IS(open(path, O_RDONLY) >= 0);
	return 0;
}
