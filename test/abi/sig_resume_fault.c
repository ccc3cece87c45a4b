/* SPDX-License-Identifier: Apache-2.0 */
/* A handler maps the page, and the instruction goes on: how garbage collectors use faults. */
#include "abi.h"
#include <sys/mman.h>

static char *area;
static int faults;

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	faults++;
	mprotect((void *)((unsigned long)si->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	int sum = 0;

	sigaction(SIGSEGV, &sa, NULL);
	area = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 64 * 4096; i += 512)
		area[i] = 1;
	for (int i = 0; i < 64 * 4096; i += 512)
		sum += area[i];
	SAY(faults);
	SAY(sum);
	return 0;
}
