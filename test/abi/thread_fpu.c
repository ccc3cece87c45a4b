/* SPDX-License-Identifier: Apache-2.0 */
/* abi: libs -lm */
/* Each thread's vector registers, rounding mode and x87 stack are its own across switches. */
#include "abi.h"
#include <fenv.h>
#include <pthread.h>

static void *run(void *arg)
{
	static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
	long n = (long)arg;
	volatile double one = 1, three = 3;
	double first, bad = 0;

	fesetround(modes[n & 3]);
	first = one / three;
	for (int i = 0; i < 3000; i++) {
		bad += one / three != first;
		if (i % 50 == 0)
			sched_yield();
	}
	bad += fegetround() != modes[n & 3];
	return (void *)(long)bad;
}

int main(void)
{
	pthread_t t[8];
	long bad = 0;

	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, run, (void *)i);
	for (int i = 0; i < 8; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (long)r;
	}
	SAY(bad);
	return 0;
}
