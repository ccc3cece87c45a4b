/* SPDX-License-Identifier: Apache-2.0 */
/* Reservations far beyond memory, touched here and there. */
#include "mem.h"

int main(void)
{
	unsigned long tera = 1ul << 40, sum = 0;
	char *p = MMAP(0, tera, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), *q;

	mem_catch();
	READ(p + tera / 2);
	SHOW(mprotect(p + tera / 2, 64 * PAGE, RW));
	WRITE(p + tera / 2 + 7, 8);
	q = MMAP(0, tera, RW, ANON | MAP_NORESERVE, -1, 0);
	for (unsigned long at = 0; at < tera; at += tera / 64)
		q[at] = (char)(at / (tera / 64));
	for (unsigned long at = 0; at < tera; at += tera / 64)
		sum += (unsigned char)q[at];
	SAY(sum);
	SHOW(munmap(q, tera));
	SHOW(munmap(p, tera));
	MMAP(0, 64 * tera, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	MMAP(0, 64 * tera, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	return 0;
}
