/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd_open, pidfd_send_signal, pidfd_getfd, process_vm_readv and writev on the process itself; adjtimex that only reads. */
#include "abi.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>

static volatile int hits, code, value;

static void handler(int sig, siginfo_t *si, void *uc)
{
	hits++;
	code = si->si_code;
	value = si->si_value.sival_int;
	IS(si->si_pid == getpid());
}

static long send_signal(int fd, int sig, siginfo_t *si, unsigned flags)
{
	return syscall(SYS_pidfd_send_signal, fd, sig, si, flags);
}

static void pidfds(void)
{
	siginfo_t si = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
	int fd = syscall(SYS_pidfd_open, getpid(), 0), p[2], dup_;
	struct pollfd pf = { fd, POLLIN, 0 };
	char c;

	IS(fd > 2);
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(syscall(SYS_pidfd_open, getpid(), O_NONBLOCK), F_GETFL) & O_NONBLOCK);
	SHOW(poll(&pf, 1, 0));
	SHOW(read(fd, &c, 1));
	SHOW(syscall(SYS_pidfd_open, 0, 0));
	SHOW(syscall(SYS_pidfd_open, -1, 0));
	SHOW(syscall(SYS_pidfd_open, 4000000, 0));
	SHOW(syscall(SYS_pidfd_open, getpid(), 1));
	sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO },
		  NULL);
	SHOW(send_signal(fd, SIGUSR1, NULL, 0));
	printf("hits %d code %d\n", hits, code);
	si.si_pid = getpid();
	si.si_value.sival_int = 33;
	SHOW(send_signal(fd, SIGUSR1, &si, 0));
	printf("hits %d code %d value %d\n", hits, code, value);
	SHOW(send_signal(fd, SIGUSR2, &si, 0));
	SHOW(send_signal(fd, 0, NULL, 0));
	SHOW(send_signal(fd, 65, NULL, 0));
	SHOW(send_signal(fd, -1, NULL, 0));
	SHOW(send_signal(fd, SIGUSR1, NULL, 0x100));
	SHOW(send_signal(fd, SIGUSR1, NOT_MAPPED, 0));
	SHOW(send_signal(0, SIGUSR1, NULL, 0));
	SHOW(send_signal(99, SIGUSR1, NULL, 0));
	if (pipe(p))
		return;
	dup_ = syscall(SYS_pidfd_getfd, fd, p[1], 0);
	SHOW(fcntl(dup_, F_GETFD));
	SHOW(write(dup_, "x", 1));
	SHOW(read(p[0], &c, 1));
	SHOW(syscall(SYS_pidfd_getfd, fd, 99, 0));
	SHOW(syscall(SYS_pidfd_getfd, 0, 1, 0));
	SHOW(syscall(SYS_pidfd_getfd, fd, 1, 1));
}

static void memory(void)
{
	char from[] = "abcdefghij", to[32] = "";
	struct iovec l[3] = { { to, 2 }, { to + 10, 3 }, { to + 20, 10 } },
		     r[3] = { { from, 4 }, { from + 6, 4 }, { from, 2 } };
	char *m = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec edge = { m + 4090, 12 }, big = { to, 32 };

	SHOW(process_vm_readv(getpid(), l, 3, r, 3, 0));
	printf("%s %s %s\n", to, to + 10, to + 20);
	SHOW(process_vm_writev(getpid(), &(struct iovec){ "12345", 5 }, 1, r, 2, 0));
	puts(from);
	munmap(m + 4096, 4096);
	SHOW(process_vm_readv(getpid(), &big, 1, &edge, 1, 0));
	edge.iov_base = m + 4096;
	SHOW(process_vm_readv(getpid(), &big, 1, &edge, 1, 0));
	SHOW(process_vm_readv(getpid(), &edge, 1, r, 1, 0));
	mprotect(m, 4096, PROT_READ);
	edge.iov_base = m;
	SHOW(process_vm_readv(getpid(), &big, 1, &edge, 1, 0));
	SHOW(process_vm_writev(getpid(), &big, 1, &edge, 1, 0));
	SHOW(process_vm_readv(getpid(), NULL, 0, r, 1, 0));
	SHOW(process_vm_readv(getpid(), l, 1, NULL, 0, 0));
	SHOW(process_vm_readv(getpid(), l, 1025, r, 1, 0));
	SHOW(process_vm_readv(getpid(), l, 1, r, 1025, 0));
	SHOW(process_vm_readv(getpid(), l, 1, r, 1, 1));
	SHOW(process_vm_readv(getpid(), NOT_MAPPED, 1, r, 1, 0));
	SHOW(process_vm_readv(getpid(), l, 1, NOT_MAPPED, 1, 0));
	SHOW(process_vm_readv(4000000, l, 1, r, 1, 0));
}

static void clocks(void)
{
	struct timex t = { 0 };
	int r = adjtimex(&t);

	IS(r >= 0 && r <= 5);
	IS(t.tick >= 9000 && t.tick <= 11000);
	SAY(t.tolerance);
	IS(t.time.tv_sec > 1700000000 && t.time.tv_sec - time(NULL) < 3);
	SHOW(clock_adjtime(CLOCK_MONOTONIC, &t));
	SHOW(clock_adjtime(77, &t));
	SHOW(syscall(SYS_adjtimex, NOT_MAPPED));
}

int main(void)
{
	pidfds();
	memory();
	clocks();
	return 0;
}
