/* SPDX-License-Identifier: Apache-2.0 */
/* preadv2 and pwritev2: the flags of one call. */
#include "abi.h"
#include <sys/uio.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static char buf[64];

static long w(int fd, const char *s, off_t off, int flags)
{
	return pwritev2(fd, &(struct iovec){ (void *)s, strlen(s) }, 1, off, flags);
}

static long r(int fd, int n, off_t off, int flags)
{
	memset(buf, 0, sizeof(buf));
	return preadv2(fd, &(struct iovec){ buf, n }, 1, off, flags);
}

static void content(int fd)
{
	char b[100] = "";

	pread(fd, b, 99, 0);
	printf("[%s] at %ld\n", b, (long)lseek(fd, 0, SEEK_CUR));
}

int main(void)
{
	int f = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2], a;

	SHOW(w(f, "hello", 0, 0));
	SHOW(w(f, "abc", -1, 0));
	content(f);
	SHOW(w(f, "XY", 1, RWF_APPEND));
	content(f);
	SHOW(w(f, "Z", -1, RWF_APPEND));
	content(f);
	SHOW(w(f, "d", 0, RWF_DSYNC));
	SHOW(w(f, "s", 1, RWF_SYNC));
	SHOW(w(f, "h", 2, RWF_HIPRI));
	content(f);
	SHOW(r(f, 5, 0, RWF_NOWAIT));
	puts(buf);
	SHOW(r(f, 5, 100, RWF_NOWAIT));
	SHOW(r(f, 5, -1, RWF_NOWAIT));
	puts(buf);
	SHOW(r(f, 5, 0, 0x10000));
	SHOW(w(f, "q", 0, 0x10000));
	SHOW(w(f, "q", -2, 0));
	SHOW(r(f, 5, 0, RWF_APPEND));
	SHOW(r(f, 5, 0, RWF_DSYNC));
	SHOW(r(f, 5, 0, RWF_SYNC));
	a = open("f", O_RDWR | O_APPEND);
	SHOW(w(a, "end", 0, 0));
	content(a);
	SHOW(w(a, "no", 0, RWF_NOAPPEND));
	content(a);
	SHOW(w(a, "no", 0, RWF_NOAPPEND | RWF_APPEND));
	if (pipe(p))
		return 1;
	SHOW(r(p[0], 5, -1, RWF_NOWAIT));
	SHOW(w(p[1], "pipe", -1, RWF_NOWAIT));
	SHOW(r(p[0], 5, -1, RWF_NOWAIT));
	puts(buf);
	SHOW(r(p[0], 5, 0, RWF_NOWAIT));
	SHOW(w(p[1], "x", -1, RWF_APPEND));
	SHOW(r(p[0], 5, 0, 0));
	return 0;
}
