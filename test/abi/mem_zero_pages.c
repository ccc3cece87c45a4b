/* SPDX-License-Identifier: Apache-2.0 */
/* Reads before writes: zero, and each page its own once written; counts of faults are not asked. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(2000, RW);
	unsigned long sum = 0;

	for (unsigned i = 0; i < 2000; i++)
		sum += (unsigned char)p[i * PAGE + i];
	for (unsigned i = 0; i < 2000; i += 3)
		p[i * PAGE] = 1;
	for (unsigned i = 0; i < 2000; i++)
		sum += (unsigned char)p[i * PAGE];
	SAY(sum);
	return 0;
}
