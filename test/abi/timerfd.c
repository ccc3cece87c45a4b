/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd: relative, absolute, periodic; reading, polling, setting anew; cancelled when the clock is set. */
#include "abi.h"
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

#define MS 1000000l

static struct itimerspec its(long value, long interval)
{
	return (struct itimerspec){ { interval / 1000000000, interval % 1000000000 },
				    { value / 1000000000, value % 1000000000 } };
}

static long set(int fd, int flags, long value, long interval)
{
	struct itimerspec new = its(value, interval);

	return timerfd_settime(fd, flags, &new, NULL);
}

static int64_t now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void basic(clockid_t clock)
{
	int fd = timerfd_create(clock, TFD_NONBLOCK);
	struct itimerspec cur, old;
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	uint64_t n = 0;

	printf("clock %d\n", clock);
	SHOW(read(fd, &n, 8));
	SHOW(timerfd_gettime(fd, &cur));
	SAY(cur.it_value.tv_sec + cur.it_value.tv_nsec);
	SHOW(set(fd, 0, 30 * MS, 0));
	SHOW(poll(&p, 1, 0));
	SHOW(poll(&p, 1, 5000));
	SAY(p.revents);
	SHOW(read(fd, &n, 7));
	SHOW(read(fd, &n, 100));
	SAY(n);
	SHOW(read(fd, &n, 8));
	SHOW(timerfd_gettime(fd, &cur));
	SAY(cur.it_value.tv_sec + cur.it_value.tv_nsec);
	SHOW(set(fd, 0, 100000 * MS, 7 * MS));
	SHOW(timerfd_gettime(fd, &cur));
	IS(cur.it_value.tv_sec > 98 && cur.it_value.tv_sec <= 100);
	SAY(cur.it_interval.tv_nsec);
	cur = its(10 * MS, 10 * MS);
	SHOW(timerfd_settime(fd, 0, &cur, &old));
	IS(old.it_value.tv_sec > 98);
	SAY(old.it_interval.tv_nsec);
	usleep(105000);
	SHOW(read(fd, &n, 8));
	IS(n >= 10 && n < 100);
	cur = its(0, 10 * MS);
	SHOW(timerfd_settime(fd, 0, &cur, NULL)); /* disarmed */
	usleep(20000);
	SHOW(read(fd, &n, 8));
	SHOW(set(fd, TFD_TIMER_ABSTIME, now(clock) + 20 * MS, 0));
	fcntl(fd, F_SETFL, 0);
	SHOW(read(fd, &n, 8));
	SAY(n);
	SHOW(set(fd, TFD_TIMER_ABSTIME, now(clock) - 55 * MS, 10 * MS));
	SHOW(read(fd, &n, 8));
	IS(n >= 6 && n < 100);
	SHOW(set(fd, TFD_TIMER_ABSTIME, 1, 0));
	SHOW(read(fd, &n, 8));
	SAY(n);
	/* set anew: what had expired is forgotten */
	SHOW(set(fd, 0, 1, 0));
	usleep(5000);
	SHOW(set(fd, 0, 100000 * MS, 0));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	SHOW(read(fd, &n, 8));
	close(fd);
}

static void errors(void)
{
	struct itimerspec bad[] = { its(MS, 0), its(MS, 0), its(MS, 0), its(MS, 0) };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	SHOW(fcntl(fd, F_GETFD));
	bad[0].it_value.tv_nsec = 1000000000;
	bad[1].it_value.tv_nsec = -1;
	bad[2].it_interval.tv_nsec = 1000000000;
	bad[3].it_value.tv_sec = -1;
	for (int i = 0; i < 4; i++)
		SHOW(timerfd_settime(fd, 0, &bad[i], NULL));
	SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC_RAW, 0));
	SHOW(timerfd_create(77, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, 0x1234));
	SHOW(set(fd, 0x100, MS, 0));
	SHOW(set(0, 0, MS, 0));
	SHOW(set(99, 0, MS, 0));
	SHOW(timerfd_settime(fd, 0, NOT_MAPPED, NULL));
	SHOW(timerfd_settime(fd, 0, NULL, NULL));
	SHOW(timerfd_gettime(fd, NOT_MAPPED));
	SHOW(timerfd_gettime(99, bad));
	SHOW(timerfd_gettime(0, bad));
	SHOW(write(fd, bad, 8));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(set(fd, TFD_TIMER_CANCEL_ON_SET, 100000 * MS, 0)); /* without ABSTIME: no effect */
}

int main(void)
{
	basic(CLOCK_MONOTONIC);
	basic(CLOCK_REALTIME);
	basic(CLOCK_BOOTTIME);
	errors();
	return 0;
}
