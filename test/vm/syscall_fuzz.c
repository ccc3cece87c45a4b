/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscall_fuzz.c: system calls with numbers and arguments by chance, from several threads: whatever they answer, the kernel
 * stays up.  usage: syscall_fuzz SEED THREADS CALLS.  Ends with 0 after CALLS calls a thread, after a few seconds, or when the
 * program has damaged itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AREA	   0x10000000ul
#define AREA_BYTES (1ul << 17)
#define LAST_CALL  451
#define SECONDS	   5

static unsigned long seed, calls;
static __thread unsigned long state;

static unsigned long chance(void) /* xorshift64 */
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Small numbers, bits, addresses inside and outside of our memory, lengths, errors. */
static unsigned long argument(void)
{
	unsigned long r = chance();

	switch (chance() % 14) {
	case 0:
		return 0;
	case 1:
		return r % 64;
	case 2:
		return -1ul;
	case 3:
		return AREA + r % AREA_BYTES;
	case 4:
	case 5:
		return AREA + (r % AREA_BYTES & ~7ul);
	case 6:
		return r;
	case 7:
		return 1ul << r % 64;
	case 8:
		return 0x7ffffffff000ul - r % 8192;
	case 9:
		return 0xffff800000000000ul + r % 65536;
	case 10:
		return -(r % 4096);
	case 11:
		return r % 4096;
	case 12:
		return 3 + r % 10; /* descriptors that are open */
	default:
		return r % 65536 * 4096;
	}
}

/* What would end the test rather than try the kernel. */
static bool left_out(long nr)
{
	static const int list[] = {
		SYS_exit,
		SYS_exit_group,
		SYS_reboot,
		SYS_kill,
		SYS_tkill,
		SYS_tgkill,
		SYS_pause,
		SYS_alarm,
		SYS_setitimer,
		SYS_rt_sigaction,
		SYS_rt_sigreturn,
		SYS_rt_sigsuspend,
		SYS_rt_sigtimedwait,
		SYS_rt_sigqueueinfo,
		SYS_rt_tgsigqueueinfo,
		SYS_munmap,
		SYS_mprotect,
		SYS_pkey_mprotect,
		SYS_mremap,
		SYS_brk,
		SYS_madvise,
		SYS_clone,
		SYS_clone3,
		SYS_arch_prctl,
		SYS_close,
		SYS_close_range,
		SYS_dup2,
		SYS_dup3,
		SYS_shutdown,
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == nr)
			return true;
	return false;
}

static void *run(void *arg)
{
	unsigned long *area = (unsigned long *)AREA;

	state = seed * 977 + (unsigned long)arg * 7919 + 1;
	for (unsigned long i = 0; i < calls; i++) {
		long nr = (long)(chance() % LAST_CALL);

		if (chance() % 8 == 0)
			for (int k = 0; k < 64; k++)
				area[chance() % (AREA_BYTES / 8)] = argument();
		if (!left_out(nr))
			syscall(nr, argument(), argument(), argument(), argument(), argument(),
				argument());
	}
	return NULL;
}

static void done(int sig)
{
	(void)sig;
	_exit(0);
}

static void open_things(void)
{
	int fds[2];

	if (pipe2(fds, O_NONBLOCK))
		exit(1);
	open("/tmp/fuzz", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
	open("/proc/self/maps", O_RDONLY);
	open("/", O_RDONLY);
	memfd_create("fuzz", 0);
	syscall(SYS_eventfd2, 0, O_NONBLOCK);
	syscall(SYS_epoll_create1, 0);
	syscall(SYS_timerfd_create, 1, O_NONBLOCK);
	syscall(SYS_socket, 1, 1 | O_NONBLOCK, 0);
	syscall(SYS_socket, 2, 1 | O_NONBLOCK, 0);
}

int main(int argc, char **argv)
{
	unsigned long threads = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	pthread_t t[16];

	if (threads < 1 || threads > 16)
		return 2;
	seed = strtoul(argv[1], NULL, 10);
	calls = strtoul(argv[3], NULL, 10);
	mmap((void *)AREA, AREA_BYTES, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (int sig = 1; sig < 65; sig++)
		signal(sig, done);
	open_things();
	alarm(SECONDS);
	for (unsigned long i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, run, (void *)i);
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	return 0;
}
