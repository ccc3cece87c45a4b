/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: capacity, PIPE_BUF, partial writes, F_SETPIPE_SZ, FIONREAD, packets, ends that go, what one may not do. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

static char buf[1 << 20];

static long fill(int fd, size_t chunk)
{
	long n, sum = 0;

	while ((n = write(fd, buf, chunk)) > 0)
		sum += n;
	return sum;
}

static long drain(int fd, size_t chunk)
{
	long n, sum = 0;

	while ((n = read(fd, buf, chunk)) > 0)
		sum += n;
	return sum;
}

static void sizes(void)
{
	int p[2], n = -1;

	if (pipe2(p, O_NONBLOCK))
		return;
	SHOW(fcntl(p[0], F_GETPIPE_SZ));
	SHOW(fill(p[1], sizeof(buf)));
	SHOW(write(p[1], buf, 1));
	SHOW(ioctl(p[0], FIONREAD, &n));
	SAY(n);
	SHOW(read(p[0], buf, 4095));
	SHOW(write(p[1], buf, 4096));
	SHOW(write(p[1], buf, 1));
	SHOW(read(p[0], buf, 1));
	SHOW(write(p[1], buf, 4096));
	SHOW(write(p[1], buf, 8192));
	SHOW(read(p[0], buf, 8192));
	SHOW(write(p[1], buf, 100000));
	SHOW(drain(p[0], 1000));
	SHOW(fill(p[1], 1));
	SHOW(drain(p[0], sizeof(buf)));
	SHOW(fill(p[1], 4096));
	SHOW(drain(p[0], sizeof(buf)));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 1));
	SHOW(fcntl(p[1], F_GETPIPE_SZ));
	SHOW(fill(p[1], sizeof(buf)));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 5000));
	SHOW(fill(p[1], sizeof(buf)));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 70000));
	SHOW(fill(p[1], sizeof(buf)));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 4096));
	SHOW(drain(p[0], sizeof(buf)));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 4096));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 1 << 20));
	SHOW(fill(p[1], sizeof(buf)));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 0));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, -1));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 0x80000001u));
	SHOW(fcntl(open("f", O_RDWR | O_CREAT, 0600), F_GETPIPE_SZ));
	SHOW(fcntl(0, F_SETPIPE_SZ, 4096));
	close(p[0]);
	close(p[1]);
}

static void merging(void)
{
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	int p[2];

	if (pipe2(p, O_NONBLOCK))
		return;
	SHOW(writev(p[1], v, 3));
	SHOW(read(p[0], buf, 3));
	SHOW(read(p[0], buf, 100));
	SHOW(write(p[1], buf, 0));
	SHOW(read(p[0], buf, 0));
	SHOW(read(p[0], buf, 1));
	SHOW(write(p[0], buf, 1));
	SHOW(read(p[1], buf, 1));
	SHOW(lseek(p[0], 0, SEEK_CUR));
	SHOW(pread(p[0], buf, 1, 0));
	SHOW(pwrite(p[1], buf, 1, 0));
	SHOW(fsync(p[1]));
	SHOW(ftruncate(p[1], 0));
	SHOW(write(p[1], NOT_MAPPED, 5));
	SHOW(write(p[1], "xyz", 3));
	SHOW(read(p[0], NOT_MAPPED, 5));
	SHOW(drain(p[0], 10));
	SHOW(pipe2(p, 0x1000000));
	SHOW(syscall(SYS_pipe2, NOT_MAPPED, 0));
	SHOW(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	SHOW(fcntl(p[0], F_GETFD));
	SHOW(fcntl(p[1], F_GETFL));
	SHOW(fcntl(p[0], F_GETFL));
}

static void packets(void)
{
	int p[2], n;

	SHOW(pipe2(p, O_DIRECT | O_NONBLOCK));
	SHOW(fcntl(p[1], F_GETFL));
	SHOW(write(p[1], "one", 3));
	SHOW(write(p[1], "three", 5));
	SHOW(write(p[1], "", 0));
	SHOW(write(p[1], buf, 5000));
	SHOW(ioctl(p[0], FIONREAD, &n));
	SAY(n);
	SHOW(read(p[0], buf, 100));
	SHOW(read(p[0], buf, 2)); /* the rest of the packet is lost */
	SHOW(read(p[0], buf, 10000));
	SHOW(read(p[0], buf, 10000));
	SHOW(read(p[0], buf, 10000));
	for (n = 0; write(p[1], "x", 1) == 1; n++)
		;
	SAY(n);
	SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SHOW(drain(p[0], 100));
	SHOW(write(p[1], "ab", 2));
	SHOW(write(p[1], "cd", 2));
	SHOW(read(p[0], buf, 100));
	SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	SHOW(write(p[1], "ab", 2));
	SHOW(write(p[1], "cd", 2));
	SHOW(read(p[0], buf, 100));
	SHOW(fcntl(open("f", O_RDWR), F_SETFL, O_DIRECT));
}

static void ends(void)
{
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe(p))
		return;
	SHOW(write(p[1], "abc", 3));
	close(p[1]);
	SHOW(read(p[0], buf, 10));
	SHOW(read(p[0], buf, 10));
	close(p[0]);
	if (pipe(p))
		return;
	close(p[0]);
	SHOW(write(p[1], "abc", 3));
	SHOW(write(p[1], "abc", 0));
	close(p[1]);
}

/* Writes of at most PIPE_BUF bytes are not mixed with others'; longer ones may be. */
static int atomic_pipe[2];

static void *write_records(void *arg)
{
	char rec[PIPE_BUF];

	memset(rec, *(char *)arg, sizeof(rec));
	for (int i = 0; i < 50; i++)
		if (write(atomic_pipe[1], rec, sizeof(rec) - i) != (long)sizeof(rec) - i)
			puts("short write");
	return NULL;
}

static void atomic(void)
{
	long runs[3] = { 0 }, total = 0, n, i, start;
	pthread_t t[3];
	char *all = malloc(3 * 50 * PIPE_BUF);

	if (pipe(atomic_pipe))
		return;
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, write_records, "abc" + i);
	for (i = 0, n = 0; i < 3; i++)
		for (int k = 0; k < 50; k++)
			n += PIPE_BUF - k;
	while (total < n && (i = read(atomic_pipe[0], all + total, 3001)) > 0)
		total += i;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	IS(total == n);
	/* each run of one letter is a sum of whole records: count the records that fit exactly */
	for (i = 0; i < total;) {
		int w = all[i] - 'a';

		start = i;
		i += PIPE_BUF - runs[w]++;
		for (long k = start; k < i && k < total; k++)
			if (all[k] != all[start]) {
				puts("mixed");
				return;
			}
	}
	printf("%ld %ld %ld\n", runs[0], runs[1], runs[2]);
}

int main(void)
{
	sizes();
	merging();
	packets();
	ends();
	atomic();
	return 0;
}
