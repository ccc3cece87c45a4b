/* SPDX-License-Identifier: Apache-2.0 */
/* What stat says of each kind of file. */
#include "fs.h"
#include <sys/eventfd.h>
#include <sys/sysmacros.h>

static void say(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		printf("%s: %s\n", path, strerrorname_np(errno));
	else
		printf("%s: %s %04o rdev %d:%d\n", path, type_name(st.st_mode), st.st_mode & 07777,
		       major(st.st_rdev), minor(st.st_rdev));
}

int main(void)
{
	struct stat st, st2;
	int p[2], fd;

	say("/dev/null");
	say("/dev/zero");
	say("/dev/full");
	say("/dev/random");
	say("/dev/urandom");
	say("/proc/self/status");
	say("/proc/self/exe");
	say("/proc/self/fd");
	say("/proc/meminfo");
	say("/tmp");
	pipe(p);
	fstat(p[0], &st);
	fstat(p[1], &st2);
	printf("pipe %s %o nlink %ld same %d\n", type_name(st.st_mode), st.st_mode & 07777,
	       (long)st.st_nlink, st.st_ino == st2.st_ino);
	fd = eventfd(0, 0);
	fstat(fd, &st);
	printf("eventfd %o\n", st.st_mode);
	own_dir(".");
	mknod("chr", S_IFCHR | 0600, makedev(1, 3));
	say_lstat("chr");
	fd = SHOW(open("chr", O_RDWR));
	SHOW(write(fd, "x", 1));
	SHOW(read(fd, p, 1));
	SHOW(mknod("reg", S_IFREG | 0640, 0));
	SHOW(mknod("sock", S_IFSOCK | 0600, 0));
	SHOW(mknod("dir", S_IFDIR | 0600, 0));
	SHOW(mknod("bad", 0170000, 0));
	SHOW(mknod("plain", 0600, 0));
	SHOW(mknod("reg", S_IFREG | 0640, 0));
	say_lstat("reg");
	say_lstat("sock");
	say_lstat("plain");
	SHOW(open("sock", O_RDWR));
	mknod("odd", S_IFCHR | 0600, makedev(240, 77));
	SHOW(open("odd", O_RDWR));
	fd = make_file("f", "12345");
	fstat(fd, &st);
	IS(st.st_blksize == 4096);
	IS(st.st_blocks * 512 >= 0);
	stat("f", &st2);
	IS(st.st_ino == st2.st_ino && st.st_dev == st2.st_dev);
	return 0;
}
