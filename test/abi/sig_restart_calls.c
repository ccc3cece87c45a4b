/* SPDX-License-Identifier: Apache-2.0 */
/* abi: timeout 60 */
/* Every blocking call that a signal meets: with and without SA_RESTART. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static pthread_t main_thread;
static volatile int step;

static void handler(int sig)
{
}

/* What ends the call for good, should it have been made again. */
struct job {
	const char *name;
	long (*call)(void);
	void (*feed)(void);
};

static int p[2], full[2], e, efull, t_fd, s_fd, u[2], ufull[2], listener, ep, lock_a, lock_b;
static char buf[65536];

static void *poke(void *arg)
{
	struct job *j = arg;

	usleep(40000);
	pthread_kill(main_thread, SIGUSR1);
	usleep(40000);
	if (step == 0 && j->feed)
		j->feed();
	return NULL;
}

static long c_read(void)
{
	return read(p[0], buf, 1);
}
static void f_read(void)
{
	(void)!write(p[1], "x", 1);
}
static long c_readv(void)
{
	return readv(p[0], &(struct {
			     void *b;
			     size_t n;
		     }){ buf, 1 },
		     1);
}
static long c_write(void)
{
	return write(full[1], buf, 5000);
}
static void f_write(void)
{
	while (read(full[0], buf, sizeof(buf)) == sizeof(buf))
		;
}
static long c_efd(void)
{
	return read(e, buf, 8);
}
static void f_efd(void)
{
	eventfd_write(e, 1);
}
static long c_efdw(void)
{
	return write(efull, (uint64_t[]){ 5 }, 8);
}
static void f_efdw(void)
{
	(void)!read(efull, &(uint64_t){ 0 }, 8);
}
static long c_tfd(void)
{
	return read(t_fd, buf, 8);
}
static void f_tfd(void)
{
	timerfd_settime(t_fd, 0, &(struct itimerspec){ { 0, 0 }, { 0, 1 } }, NULL);
}
static long c_sfd(void)
{
	return read(s_fd, buf, 128);
}
static void f_sfd(void)
{
	kill(getpid(), SIGUSR2);
}
static long c_recv(void)
{
	return recv(u[0], buf, 1, 0);
}
static void f_recv(void)
{
	(void)!send(u[1], "x", 1, 0);
}
static long c_recvmsg(void)
{
	struct msghdr m = { 0 };
	return recvmsg(u[0], &m, 0);
}
static long c_recvto(void)
{
	return recv(u[1], buf, 1, 0);
}
static long c_send(void)
{
	return send(ufull[1], buf, sizeof(buf), 0) > 0;
}
static void f_send(void)
{
	usleep(1000);
	while (recv(ufull[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}
static long c_accept(void)
{
	int fd = accept(listener, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}
static void f_accept(void)
{
	struct sockaddr_un a = { AF_UNIX, "s" };
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a));
}
static long c_poll(void)
{
	return poll(&(struct pollfd){ p[0], POLLIN }, 1, 200);
}
static long c_ppoll(void)
{
	return ppoll(&(struct pollfd){ p[0], POLLIN }, 1, &(struct timespec){ 0, 200000000 }, NULL);
}
static long c_select(void)
{
	return select(0, NULL, NULL, NULL, &(struct timeval){ 0, 200000 });
}
static long c_pselect(void)
{
	return pselect(0, NULL, NULL, NULL, &(struct timespec){ 0, 200000000 }, NULL);
}
static long c_epoll(void)
{
	return epoll_wait(ep, (void *)buf, 1, 200);
}
static long c_epwait(void)
{
	return epoll_pwait(ep, (void *)buf, 1, 200, NULL);
}
static long c_flock(void)
{
	return flock(lock_b, LOCK_EX);
}
static void f_flock(void)
{
	flock(lock_a, LOCK_UN);
}
static long c_ofd(void)
{
	struct flock l = { .l_type = F_WRLCK };
	return fcntl(lock_b, F_OFD_SETLKW, &l);
}
static void f_ofd(void)
{
	struct flock l = { .l_type = F_UNLCK };
	fcntl(lock_a, F_OFD_SETLK, &l);
}
static sem_t sem;
static long c_sem(void)
{
	return sem_wait(&sem);
}
static void f_sem(void)
{
	sem_post(&sem);
}
static long c_semt(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 5;
	return sem_timedwait(&sem, &t);
}
static long c_sigtw(void)
{
	sigset_t s;
	siginfo_t si;
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	return sigtimedwait(&s, &si, &(struct timespec){ 0, 200000000 });
}
static long c_sigsuspend(void)
{
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	return sigsuspend(&s);
}
static long c_nanosleep(void)
{
	return nanosleep(&(struct timespec){ 0, 150000000 }, NULL);
}
static long c_fifo(void)
{
	int fd = open("fifo", O_RDONLY);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}
static void f_fifo(void)
{
	close(open("fifo", O_WRONLY));
}

/* Should the first have come too early. */
static void f_again(void)
{
	pthread_kill(main_thread, SIGUSR1);
}

int main(void)
{
	struct job jobs[] = {
		{ "read pipe", c_read, f_read },
		{ "readv pipe", c_readv, f_read },
		{ "write pipe", c_write, f_write },
		{ "read eventfd", c_efd, f_efd },
		{ "write eventfd", c_efdw, f_efdw },
		{ "read timerfd", c_tfd, f_tfd },
		{ "read signalfd", c_sfd, f_sfd },
		{ "recv", c_recv, f_recv },
		{ "recvmsg", c_recvmsg, f_recv },
		{ "send", c_send, f_send },
		{ "accept", c_accept, f_accept },
		{ "recv with SO_RCVTIMEO", c_recvto, NULL },
		{ "poll", c_poll, NULL },
		{ "ppoll", c_ppoll, NULL },
		{ "select", c_select, NULL },
		{ "pselect", c_pselect, NULL },
		{ "epoll_wait", c_epoll, NULL },
		{ "epoll_pwait", c_epwait, NULL },
		{ "flock", c_flock, f_flock },
		{ "OFD lock", c_ofd, f_ofd },
		{ "sem_wait", c_sem, f_sem },
		{ "sem_timedwait", c_semt, f_sem },
		{ "sigtimedwait", c_sigtw, NULL },
		{ "sigsuspend", c_sigsuspend, f_again },
		{ "nanosleep", c_nanosleep, NULL },
		{ "open fifo", c_fifo, f_fifo },
	};
	struct sockaddr_un a = { AF_UNIX, "s" };
	sigset_t set;

	main_thread = pthread_self();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s_fd = signalfd(-1, &set, 0);
	t_fd = timerfd_create(CLOCK_MONOTONIC, 0);
	e = eventfd(0, 0);
	efull = eventfd(0, 0);
	eventfd_write(efull, UINT64_MAX - 1);
	ep = epoll_create1(0);
	sem_init(&sem, 0, 0);
	if (pipe(p) || pipe(full) || socketpair(AF_UNIX, SOCK_STREAM, 0, u) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ufull) || mkfifo("fifo", 0600))
		return 1;
	setsockopt(u[1], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 200000 },
		   sizeof(struct timeval));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(listener, (void *)&a, sizeof(a));
	listen(listener, 5);
	lock_a = open("l", O_RDWR | O_CREAT, 0600);
	lock_b = open("l", O_RDWR);
	for (int restart = 0; restart < 2; restart++) {
		struct sigaction sa = { .sa_handler = handler,
					.sa_flags = restart ? SA_RESTART : 0 };

		sigaction(SIGUSR1, &sa, NULL);
		for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
			struct flock l = { .l_type = F_WRLCK };
			pthread_t t;
			long r;

			if (jobs[i].call == c_write)
				for (fcntl(full[1], F_SETFL, O_NONBLOCK);
				     write(full[1], buf, 4096) > 0;)
					;
			fcntl(full[1], F_SETFL, 0);
			if (jobs[i].call == c_send)
				while (send(ufull[1], buf, 4096, MSG_DONTWAIT) > 0)
					;
			if (jobs[i].call == c_flock)
				flock(lock_a, LOCK_EX);
			if (jobs[i].call == c_ofd)
				fcntl(lock_a, F_OFD_SETLK, &l);
			step = 0;
			pthread_create(&t, NULL, poke, &jobs[i]);
			errno = 0;
			r = jobs[i].call();
			printf("%s, restart %d: %ld %s\n", jobs[i].name, restart, r,
			       r < 0 ? strerrorname_np(errno) : "");
			step = r < 0;
			pthread_join(t, NULL);
			if (jobs[i].call == c_flock)
				flock(lock_a, LOCK_UN), flock(lock_b, LOCK_UN);
			l.l_type = F_UNLCK;
			if (jobs[i].call == c_ofd)
				fcntl(lock_a, F_OFD_SETLK, &l), fcntl(lock_b, F_OFD_SETLK, &l);
			if (jobs[i].call == c_efdw)
				fcntl(efull, F_SETFL,
				      O_NONBLOCK), /* full already, if interrupted */
					eventfd_write(efull, UINT64_MAX - 1 - 5),
					fcntl(efull, F_SETFL, 0);
			fcntl(full[0], F_SETFL, O_NONBLOCK);
			while (read(full[0], buf, sizeof(buf)) > 0)
				;
			fcntl(full[0], F_SETFL, 0);
		}
	}
	return 0;
}
