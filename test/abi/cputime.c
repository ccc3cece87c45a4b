/* SPDX-License-Identifier: Apache-2.0 */
/* abi: timeout 60 */
/* CPU time: the program's own, the kernel's, of a thread and of all; sleeping is free; the clocks agree. */
#include "abi.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static double now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

struct split {
	double user, sys;
};

static struct split usage(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (struct split){ seconds(r.ru_utime), seconds(r.ru_stime) };
}

static struct split since(struct split a, int who)
{
	struct split b = usage(who);

	return (struct split){ b.user - a.user, b.sys - a.sys };
}

static void compute(void)
{
	double end = now(CLOCK_THREAD_CPUTIME_ID) + 0.4;
	volatile double x = 1;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		for (int i = 0; i < 20000; i++)
			x = x * 1.0000001;
}

static int fd;
static char buf[1 << 16];

static void reads(void)
{
	(void)!pread(fd, buf, sizeof(buf), 0);
}

/* Two calls in turn, one cheap and one dear: whoever samples must not always meet the same. */
static void in_turn(void)
{
	getppid();
	(void)!pread(fd, buf, sizeof(buf), 0);
}

static void faults(void)
{
	char *m = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(m, 64 * 4096, MADV_NOHUGEPAGE);
	for (int i = 0; i < 64; i++)
		m[i * 4096] = 1;
	munmap(m, 64 * 4096);
}

/* An emulated CPU takes its time to get into a fault and out of it, which looks like the program's own. */
static void in_kernel(const char *what, void (*work)(void), double share)
{
	struct split before = usage(RUSAGE_THREAD), d;
	double end = now(CLOCK_THREAD_CPUTIME_ID) + 0.4;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		for (int i = 0; i < 20; i++)
			work();
	d = since(before, RUSAGE_THREAD);
	printf("%s: kernel %s\n", what, d.sys > share * (d.user + d.sys) ? "most" : "little");
}

static void *thread(void *arg)
{
	struct split before = usage(RUSAGE_THREAD), d;

	compute();
	d = since(before, RUSAGE_THREAD);
	IS(d.user + d.sys > 0.35 && d.user + d.sys < 0.6);
	return NULL;
}

static void monotone(void)
{
	struct split last = usage(RUSAGE_SELF);
	int back = 0;

	for (int i = 0; i < 20000; i++) {
		struct split s = usage(RUSAGE_SELF);

		back += s.user < last.user || s.sys < last.sys;
		last = s;
		if (i % 100 == 0)
			reads();
	}
	SAY(back);
}

int main(void)
{
	struct split before, d, self;
	struct tms tms;
	pthread_t t;
	double cpu;

	fd = open("f", O_RDWR | O_CREAT, 0600);
	(void)!write(fd, buf, sizeof(buf));
	before = usage(RUSAGE_THREAD);
	compute();
	d = since(before, RUSAGE_THREAD);
	IS(d.user > 0.85 * (d.user + d.sys));
	in_kernel("reads", reads, 0.5);
	in_kernel("in turn", in_turn, 0.5);
	in_kernel("faults", faults, 0.03);
	before = usage(RUSAGE_SELF);
	usleep(300000);
	d = since(before, RUSAGE_SELF);
	IS(d.user + d.sys < 0.1);
	before = usage(RUSAGE_THREAD);
	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	d = since(before, RUSAGE_THREAD);
	IS(d.user + d.sys < 0.2);
	self = usage(RUSAGE_SELF);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	IS(self.user + self.sys <= cpu + 0.02 && self.user + self.sys > cpu - 0.02);
	times(&tms);
	IS(tms.tms_utime / 100.0 <= self.user + 0.03 && tms.tms_utime / 100.0 >= self.user - 0.03);
	IS(tms.tms_stime / 100.0 <= self.sys + 0.03 && tms.tms_stime / 100.0 >= self.sys - 0.03);
	SAY(tms.tms_cutime + tms.tms_cstime);
	monotone();
	SHOW(getrusage(7, (void *)buf));
	SHOW(getrusage(RUSAGE_SELF, NOT_MAPPED));
	return 0;
}
