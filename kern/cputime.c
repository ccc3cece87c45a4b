/* SPDX-License-Identifier: Apache-2.0 */
/* kern/cputime.c: see cputime.h. */
#include "kern/cputime.h"

#include "kern/clock.h"

enum { EVERY_MAX = 32 };
#define OFTEN_NS  10000u /* samples closer than this: fewer of them */
#define SELDOM_NS 100000u

/* CPU time: what the thread waits does not count. */
uint64_t cputime_start(const struct thread *t)
{
	return t->cpu_ns + clock_mono_ns() - t->last_ns;
}

/*
 * -log2 of a random number in (0, 1), in 1/65536: the exponent, and the mantissa for its logarithm, which makes the mean
 * 3/2 instead of 1/ln 2.
 */
static uint32_t random_log2(struct thread *t)
{
	unsigned zeros;

	t->sample_seed = t->sample_seed * 6364136223846793005u + 1442695040888963407u;
	zeros = (unsigned)__builtin_clzll(t->sample_seed | 1);
	return (zeros + 1) * 65536 - (uint32_t)(t->sample_seed << zeros << 1 >> 48);
}

/*
 * Each entry is timed with a chance of 1 in `every`, whatever came before: a geometric gap.  Anything more regular
 * would favour some of the calls that a program makes in turn, above all as `every` follows their cost.  The
 * exponential distribution rounded up, of mean 1 / -ln(1 - 1/every), which is every - 1/2.
 */
static uint32_t next_gap(struct thread *t)
{
	const uint32_t two_thirds = 21845; /* in 1/32768; makes the mean 1 */

	if (t->sample_every == 1)
		return 1;
	return 1 +
	       (uint32_t)((uint64_t)(2 * t->sample_every - 1) * random_log2(t) * two_thirds >> 32);
}

void cputime_end(struct thread *t, uint64_t start)
{
	uint64_t now = cputime_start(t), since = now - t->sampled_ns;

	t->sys_ns += (now - start) * t->sample_every;
	if (since < OFTEN_NS && t->sample_every < EVERY_MAX)
		t->sample_every *= 2;
	else if (since > SELDOM_NS && t->sample_every > 1)
		t->sample_every /= 2;
	t->sampled_ns = now;
	t->sample_in = next_gap(t);
}
