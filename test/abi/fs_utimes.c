/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/time.h>
#include <time.h>
#include <utime.h>

static void say(const char *p)
{
	struct stat st;

	lstat(p, &st);
	printf("%s %ld.%09ld %ld.%09ld\n", p, st.st_atim.tv_sec, st.st_atim.tv_nsec,
	       st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int main(void)
{
	struct timespec t[2] = { { 100, 5 }, { 200, 999999999 } }, before;
	struct stat st;
	int fd;

	own_dir(".");
	fd = make_file("f", "x");
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	say("f");
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_sec = 300;
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	say("f");
	t[0] = (struct timespec){ -5, 1 };
	t[1].tv_nsec = UTIME_OMIT;
	SHOW(futimens(fd, t));
	say("f");
	t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
	SHOW(utimensat(AT_FDCWD, "missing", t, 0));
	t[0].tv_nsec = 1000000000;
	SHOW(utimensat(AT_FDCWD, "f", t, 0));
	clock_gettime(CLOCK_REALTIME_COARSE, &before);
	t[0].tv_nsec = t[1].tv_nsec = UTIME_NOW;
	SHOW(futimens(fd, t));
	fstat(fd, &st);
	IS(st.st_mtim.tv_sec >= before.tv_sec && st.st_atim.tv_sec >= before.tv_sec);
	IS(st.st_ctim.tv_sec >= before.tv_sec);
	struct timeval v[2] = { { 7, 8 }, { 9, 10 } };
	SHOW(utimes("f", v));
	say("f");
	v[0].tv_usec = 1000000;
	SHOW(utimes("f", v));
	struct utimbuf u = { 11, 12 };
	SHOW(utime("f", &u));
	say("f");
	symlink("f", "l");
	t[0] = (struct timespec){ 21, 0 };
	t[1] = (struct timespec){ 22, 0 };
	SHOW(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	say("l");
	say("f");
	SHOW(utimensat(AT_FDCWD, "none", NULL, 0));
	SHOW(utimensat(AT_FDCWD, NULL, t, 0));
	SHOW(futimens(99, t));
	/* A write moves mtime and ctime, a chmod ctime alone, and a change of names the directory's. */
	futimens(fd, t);
	write(fd, "y", 1);
	fstat(fd, &st);
	IS(st.st_mtim.tv_sec >= before.tv_sec);
	futimens(fd, t);
	chmod("f", 0600);
	fstat(fd, &st);
	IS(st.st_mtim.tv_sec == 22);
	utimensat(AT_FDCWD, ".", t, 0);
	close(make_file("g", ""));
	stat(".", &st);
	IS(st.st_mtim.tv_sec >= before.tv_sec);
	return 0;
}
