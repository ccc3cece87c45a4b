/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/micro.c: one operation many times: `micro OPERATION COUNT`, or what lines on its input say in turn.
 * work_micro.py runs each with two counts; the difference in kernel instructions, divided by the difference in counts,
 * is what one operation costs.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void getppid_op(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void read4k(long n)
{
	static char buf[65536];
	int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf))
		err(1, "/tmp/f");
	while (n--)
		if (pread(fd, buf, 4096, (n & 15) * 4096) != 4096)
			err(1, "pread");
}

/* Each page once, 4 KB pages: huge ones are asked not to be used. */
static void fault(long n)
{
	char *p = mmap(NULL, (size_t)n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, (size_t)n * 4096, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++)
		p[i * 4096] = 1;
}

static int turn;
static long rounds;

static void hand_to(int who)
{
	__atomic_store_n(&turn, who, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_for(int me)
{
	int now;

	while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) != me)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void *partner(void *arg)
{
	for (long i = 0; i < rounds; i++) {
		wait_for(1);
		hand_to(0);
	}
	return arg;
}

/* Two hand-overs a round: the count is of hand-overs. */
static void futex_op(long n)
{
	pthread_t t;

	rounds = n / 2;
	if (pthread_create(&t, NULL, partner, NULL))
		errx(1, "pthread_create");
	for (long i = 0; i < rounds; i++) {
		hand_to(1);
		wait_for(0);
	}
	pthread_join(t, NULL);
}

static void open_close(long n)
{
	while (n--) {
		int fd = open("/etc/passwd", O_RDONLY);

		if (fd < 0)
			err(1, "/etc/passwd");
		close(fd);
	}
}

static void mmap_munmap(long n)
{
	while (n--) {
		void *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED || munmap(p, 16384))
			err(1, "mmap");
	}
}

static void nothing(long n)
{
	(void)n;
}

static const struct {
	const char *name;
	void (*run)(long n);
} ops[] = {
	{ "nothing", nothing },		{ "getppid", getppid_op },
	{ "read4k", read4k },		{ "fault", fault },
	{ "futex", futex_op },		{ "open_close", open_close },
	{ "mmap_munmap", mmap_munmap },
};

static bool run_op(const char *name, long n)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(name, ops[i].name))
			continue;
		ops[i].run(n);
		return true;
	}
	return false;
}

/* "micro: ready" is the first line that a program prints after boot: its instructions are counted, too. */
static int converse(void)
{
	char name[32];
	long n;

	setlinebuf(stdout);
	puts("micro: ready");
	while (scanf("%31s %ld", name, &n) == 2)
		printf("micro: %s %s\n", name, run_op(name, n) ? "done" : "is unknown");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return converse();
	if (argc == 3 && run_op(argv[1], atol(argv[2])))
		return 0;
	fprintf(stderr, "usage: micro [OPERATION COUNT]\n");
	return 2;
}
