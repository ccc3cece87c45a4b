/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that a signal interrupts: made again with SA_RESTART, EINTR without, and what never restarts. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

static int fds[2];
static pthread_t main_thread;

static void handler(int sig)
{
	(void)sig;
}

static void *poke(void *arg)
{
	usleep(60000);
	pthread_kill(main_thread, SIGUSR1);
	usleep(60000);
	if (arg && write(fds[1], "x", 1) != 1)
		puts("?");
	return NULL;
}

#define INTERRUPTED(call, feed)                                                         \
	do {                                                                            \
		pthread_t t;                                                            \
		pthread_create(&t, NULL, poke, feed);                                   \
		SHOW(call);                                                             \
		pthread_join(t, NULL);                                                  \
		if (feed)                                                               \
			fcntl(fds[0], F_SETFL, O_NONBLOCK), (void)!read(fds[0], &c, 1), \
				fcntl(fds[0], F_SETFL, 0);                              \
	} while (0)

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	struct pollfd p;
	struct timespec ts = { 0, 200000000 }, rem = { 0, 0 };
	struct epoll_event ev;
	int ep = epoll_create1(0);
	char c;

	main_thread = pthread_self();
	if (pipe(fds))
		return 1;
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	for (int restart = 0; restart < 2; restart++) {
		sa.sa_flags = restart ? SA_RESTART : 0;
		sigaction(SIGUSR1, &sa, NULL);
		printf("restart %d\n", restart);
		INTERRUPTED(read(fds[0], &c, 1), &c);
		INTERRUPTED(poll(&p, 1, 1000), NULL);
		INTERRUPTED(nanosleep(&ts, &rem), NULL);
		IS(rem.tv_nsec > 50000000 && rem.tv_nsec < 190000000);
		INTERRUPTED(epoll_wait(ep, &ev, 1, 1000), NULL);
		INTERRUPTED(select(0, NULL, NULL, NULL, &(struct timeval){ 1, 0 }), NULL);
		INTERRUPTED(pause(), NULL);
		INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &rem), NULL);
	}
	return 0;
}
