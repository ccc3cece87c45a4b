/* SPDX-License-Identifier: Apache-2.0 */
/* Threads map, use, protect, move and unmap at once; no page is ever seen by two, or with old bytes. */
/* abi: timeout 60 */
#include "mem.h"
#include <pthread.h>

static void *storm(void *arg)
{
	unsigned long me = (unsigned long)arg, bad = 0;
	unsigned seed = (unsigned)me;

	for (int i = 0; i < 400; i++) {
		size_t n = 1 + (unsigned)rand_r(&seed) % 40;
		char *p = mmap(NULL, n * PAGE, RW, ANON, -1, 0);

		for (size_t k = 0; k < n; k++) {
			bad += p[k * PAGE] != 0;
			p[k * PAGE] = (char)(me + k);
		}
		mprotect(p, n * PAGE, PROT_READ);
		for (size_t k = 0; k < n; k++)
			bad += p[k * PAGE] != (char)(me + k);
		p = mremap(p, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
		for (size_t k = 0; k < n; k++)
			bad += p[k * PAGE] != (char)(me + k);
		if (i & 1)
			madvise(p, n * PAGE, MADV_DONTNEED);
		munmap(p, 2 * n * PAGE);
	}
	return (void *)bad;
}

int main(void)
{
	pthread_t t[4];
	unsigned long bad = 0;

	for (unsigned long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, storm, (void *)(i * 50 + 1));
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (unsigned long)r;
	}
	SAY(bad);
	return 0;
}
