/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX and open-file-description locks. */
#include "fs.h"

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}

static void test(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	if (fcntl(fd, cmd, &l))
		printf("getlk: %s\n", strerrorname_np(errno));
	else if (l.l_type == F_UNLCK)
		printf("getlk: free\n");
	else
		printf("getlk: %s %ld +%ld pid %s\n", l.l_type == F_WRLCK ? "write" : "read",
		       (long)l.l_start, (long)l.l_len,
		       l.l_pid == getpid() ? "self"
		       : l.l_pid == -1	   ? "-1"
					   : "other");
}

int main(void)
{
	int a, b, ro;

	own_dir(".");
	a = make_file("f", "0123456789");
	b = open("f", O_RDWR);
	ro = open("f", O_RDONLY);
	SHOW(lock(a, F_SETLK, F_WRLCK, 0, 10));
	SHOW(lock(b, F_SETLK, F_WRLCK, 0, 10));
	test(b, F_GETLK, F_WRLCK, 0, 10);
	test(b, F_OFD_GETLK, F_WRLCK, 5, 10);
	SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 5, 1));
	SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 10, 1));
	test(a, F_GETLK, F_WRLCK, 0, 0);
	test(a, F_GETLK, F_RDLCK, 0, 0);
	SHOW(lock(a, F_SETLK, F_UNLCK, 2, 3));
	test(b, F_OFD_GETLK, F_WRLCK, 0, 0);
	test(b, F_OFD_GETLK, F_WRLCK, 2, 3);
	test(b, F_OFD_GETLK, F_WRLCK, 3, 0);
	close(open("f", O_RDONLY)); /* takes all POSIX locks of the process with it */
	test(b, F_OFD_GETLK, F_WRLCK, 0, 0);
	SHOW(lock(ro, F_SETLK, F_WRLCK, 0, 1));
	SHOW(lock(ro, F_SETLK, F_RDLCK, 0, 1));
	SHOW(lock(open("f", O_WRONLY), F_SETLK, F_RDLCK, 0, 1));
	SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 100, 0));
	SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 1l << 40, 1));
	SHOW(lock(dup(a), F_OFD_SETLK, F_RDLCK, 100, 0));
	SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 1l << 40, 1));
	SHOW(lock(a, F_SETLK, 77, 0, 1));
	SHOW(lock(a, F_SETLK, F_RDLCK, -5, 1));
	SHOW(lock(a, F_SETLK, F_RDLCK, 5, -3));
	SHOW(lock(a, F_SETLK, F_RDLCK, 2, -3));
	struct flock l = { .l_type = F_WRLCK, .l_whence = 9 };
	SHOW(fcntl(a, F_SETLK, &l));
	SHOW(fcntl(a, F_SETLK, (void *)1));
	SHOW(fcntl(99, F_SETLK, &l));
	return 0;
}
