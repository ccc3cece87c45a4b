/* SPDX-License-Identifier: Apache-2.0 */
/* RLIMIT_AS and RLIMIT_DATA are kept. */
#include "mem.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit r = { 300 << 20, RLIM_INFINITY };
	void *now = sbrk(0);
	char *p;

	SHOW(setrlimit(RLIMIT_AS, &r));
	MMAP(0, 400 << 20, PROT_NONE, ANON, -1, 0);
	p = MMAP(0, 200 << 20, PROT_NONE, ANON, -1, 0);
	MMAP(0, 200 << 20, PROT_NONE, ANON, -1, 0);
	SHOW(mremap(p, 200 << 20, 350 << 20, MREMAP_MAYMOVE));
	SHOW(munmap(p, 200 << 20));
	r.rlim_cur = RLIM_INFINITY;
	SHOW(setrlimit(RLIMIT_AS, &r));
	r.rlim_cur = 50 << 20;
	SHOW(setrlimit(RLIMIT_DATA, &r));
	MMAP(0, 100 << 20, RW, ANON, -1, 0);
	p = MMAP(0, 100 << 20, PROT_READ, ANON, -1, 0);
	SHOW(mprotect(p, 100 << 20, RW));
	SHOW(mprotect(p, 10 << 20, RW));
	IS(sbrk(100 << 20) == (void *)-1);
	IS(sbrk(0) == now);
	return 0;
}
