/* SPDX-License-Identifier: Apache-2.0 */
/* abi: timeout 30 */
/* A file is read into and written from its own mapping, pages in memory or not, and by several threads at once. */
#include "mem.h"
#include <pthread.h>

static int fd;
static char *map;

static void *reader(void *arg)
{
	char buf[3000];
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 300; i++)
		bad += pread(fd, buf, sizeof(buf), (i % 40) * 1000) != sizeof(buf);
	return (void *)bad;
}

static void *writer(void *arg)
{
	long bad = 0;

	for (int i = 0; i < 300; i++)
		bad += pwrite(fd, map + (i * 7 % 40) * 1000, 3000, (long)arg + (i % 40) * 1000) !=
		       3000;
	return (void *)bad;
}

static void *mapper(void *arg)
{
	(void)arg;
	for (int i = 0; i < 300; i++) {
		char *p = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);

		p[i % 10 * PAGE] = 1;
		munmap(p, 10 * PAGE);
	}
	return NULL;
}

int main(void)
{
	static void *(*const work[])(void *) = { reader, writer, writer, mapper };
	pthread_t t[4];
	long bad = 0;

	fd = mem_file(20 * PAGE);
	map = mmap(NULL, 20 * PAGE, RW, MAP_SHARED, fd, 0);
	SHOW(pwrite(fd, map, PAGE, 0));
	SHOW(pwrite(fd, map + PAGE, PAGE, 2 * PAGE));
	SHOW(map[2 * PAGE]);
	SHOW(pwrite(fd, map + 5 * PAGE + 100, PAGE, 5 * PAGE + 50));
	SHOW(pread(fd, map + 7 * PAGE, PAGE, 7 * PAGE));
	SHOW(pread(fd, map + 9 * PAGE, PAGE, 8 * PAGE));
	SHOW(map[9 * PAGE]);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	madvise(map, 20 * PAGE, MADV_DONTNEED);
	SHOW(pwrite(fd, map + 12 * PAGE, 2 * PAGE, 12 * PAGE));
	SHOW(pwrite(fd, map + 15 * PAGE, PAGE, 20 * PAGE));
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, work[i], (void *)(i * 17));
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (long)r;
	}
	SAY(bad);
	return 0;
}
