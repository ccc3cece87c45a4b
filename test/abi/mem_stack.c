/* SPDX-License-Identifier: Apache-2.0 */
/* The stack grows to its limit and no further; the fault is handled on another stack. */
#include "mem.h"
#include <sys/resource.h>

static int deep(int n)
{
	volatile char frame[4096];

	frame[0] = (char)n;
	frame[4095] = 1;
	return n ? deep(n - 1) + frame[4095] : frame[0];
}

static volatile int depth;
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) int endless(int n)
{
	volatile char frame[4096];

	frame[n & 4095] = 1;
	depth = n;
	return endless(n + 1) + frame[1];
}

int main(void)
{
	struct rlimit r;

	mem_catch();
	getrlimit(RLIMIT_STACK, &r);
	SAY(r.rlim_cur >> 10);
	SAY(deep(1000));
	if (!sigsetjmp(mem_back, 1))
		endless(0);
	printf("overflow: %s\n", mem_what());
	IS(depth > 1900 && depth < 2060);
	if (!sigsetjmp(mem_back, 1))
		endless(0);
	IS(depth > 1900 && depth < 2060);
	return 0;
}
