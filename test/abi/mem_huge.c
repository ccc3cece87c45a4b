/* SPDX-License-Identifier: Apache-2.0 */
/* Memory in big areas, cut up: whatever pages it is made of, its bytes stay. */
#include "mem.h"

#define MB (1ul << 20)

static unsigned long sum(const char *p, unsigned long n)
{
	unsigned long s = 0;

	for (unsigned long i = 0; i < n; i += 512)
		s += (unsigned char)p[i] * (i / 512 % 13 + 1);
	return s;
}

int main(void)
{
	char *p = mmap(NULL, 16 * MB, RW, ANON, -1, 0), *q;

	mem_catch();
	madvise(p, 16 * MB, MADV_HUGEPAGE);
	for (unsigned long i = 0; i < 16 * MB; i += 512)
		p[i] = (char)(i / 512 % 251);
	SAY(sum(p, 16 * MB));
	SHOW(mprotect(p + 3 * MB + PAGE, 5 * PAGE, PROT_READ));
	WRITE(p + 3 * MB + PAGE, 1);
	WRITE(p + 3 * MB + 6 * PAGE, p[3 * MB + 6 * PAGE]);
	SAY(sum(p, 16 * MB));
	SHOW(munmap(p + 5 * MB + 3 * PAGE, MB));
	READ(p + 5 * MB + 3 * PAGE);
	SAY(sum(p, 5 * MB) + sum(p + 7 * MB, 9 * MB));
	q = mremap(p + 8 * MB, 4 * MB, 4 * MB, MREMAP_MAYMOVE | MREMAP_FIXED,
		   p + 20 * MB + 7 * PAGE);
	IS(q == p + 20 * MB + 7 * PAGE);
	SAY(sum(q, 4 * MB));
	q = mremap(p + 12 * MB, 4 * MB, 8 * MB, MREMAP_MAYMOVE);
	SAY(sum(q, 8 * MB));
	SHOW(madvise(q + MB, PAGE, MADV_DONTNEED));
	READ(q + MB);
	READ(q + MB + PAGE);
	SHOW(madvise(q, 2 * MB, MADV_NOHUGEPAGE));
	return 0;
}
