/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static void *later(void *arg)
{
	usleep(20000);
	kill(getpid(), SIGUSR2);
	return arg;
}

static void show(const struct signalfd_siginfo *s)
{
	printf("signo %u code %d pid %d int %d\n", s->ssi_signo, s->ssi_code,
	       s->ssi_pid == (unsigned)getpid(), s->ssi_int);
}

int main(void)
{
	struct signalfd_siginfo s[3];
	struct epoll_event ev = { .events = EPOLLIN };
	sigset_t set;
	struct pollfd p;
	pthread_t t;
	int fd, ep = epoll_create1(0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGKILL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	IS((fd = signalfd(-1, &set, SFD_NONBLOCK)) > 2);
	p = (struct pollfd){ fd, POLLIN, 0 };
	SHOW(read(fd, s, sizeof(s)));
	SHOW(poll(&p, 1, 0));
	raise(SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 77 });
	SHOW(poll(&p, 1, 0));
	SHOW(read(fd, s, 100));
	SHOW(read(fd, s, sizeof(s)));
	show(&s[0]);
	show(&s[1]);
	SHOW(read(fd, s, sizeof(s)));
	SHOW(write(fd, s, sizeof(s)));
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	pthread_create(&t, NULL, later, NULL);
	SHOW(epoll_wait(ep, &ev, 1, 5000));
	SHOW(read(fd, s, sizeof(s)));
	show(&s[0]);
	pthread_join(t, NULL);
	fcntl(fd, F_SETFL, 0);
	pthread_create(&t, NULL, later, NULL);
	SHOW(read(fd, s, sizeof(s)));
	show(&s[0]);
	pthread_join(t, NULL);
	sigdelset(&set, SIGUSR1);
	SHOW(signalfd(fd, &set, 0) == fd);
	raise(SIGUSR1);
	SHOW(poll(&p, 1, 0));
	SHOW(signalfd(0, &set, 0));
	SHOW(signalfd(99, &set, 0));
	SHOW(signalfd(-1, &set, 0x1234));
	return 0;
}
