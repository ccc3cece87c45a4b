/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of fault: signal, code, address, trap number, and the way out by siglongjmp. */
#include "abi.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf env;
static volatile char *expect;

static void handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	printf("%s code %d addr %s trap %lld err %lld\n", sigabbrev_np(sig), si->si_code,
	       si->si_addr == expect ? "as expected"
	       : si->si_addr == NULL ? "null"
				     : "other",
	       uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_ERR]);
	siglongjmp(env, 1);
}

#define TRY(what, code)                   \
	do {                              \
		printf("%s: ", what);     \
		if (!sigsetjmp(env, 1)) { \
			code;             \
			puts("nothing");  \
		}                         \
	} while (0)

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	char *ro = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char name[] = "faultXXXXXX";
	int fd = mkstemp(name);
	char *file = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	volatile int zero = 0;
	int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

	unlink(name);
	for (unsigned i = 0; i < 5; i++)
		sigaction(sigs[i], &sa, NULL);
	expect = NOT_MAPPED;
	TRY("read low", (void)*expect);
	TRY("write low", *expect = 1);
	expect = ro + 5000;
	(void)*expect;
	TRY("write read-only", *expect = 1);
	expect = none + 7;
	TRY("read none", (void)*expect);
	expect = file + 1;
	TRY("past end of file", (void)*expect);
	data[0] = (char)0xc3;
	expect = data;
	TRY("run data", ((void (*)(void))data)());
	expect = (char *)0x1234;
	TRY("run nothing", ((void (*)(void))expect)());
	expect = (void *)0xdead000000000000;
	TRY("non-canonical", (void)*expect);
	expect = (void *)0xffffffff80000000;
	TRY("kernel", (void)*expect);
	expect = NULL;
	TRY("privileged", __asm__ volatile("hlt"));
	TRY("undefined", __asm__ volatile("ud2"));
	TRY("divide", zero = 1 / zero);
	TRY("breakpoint", __asm__ volatile("int3"));
	TRY("port", __asm__ volatile("outb %al, $0x80"));
	TRY("cli", __asm__ volatile("cli"));
	return 0;
}
