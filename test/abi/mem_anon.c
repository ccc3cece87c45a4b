/* SPDX-License-Identifier: Apache-2.0 */
/* Anonymous memory: zero at first, kept, gone after munmap(). */
#include "mem.h"

int main(void)
{
	char *p = mem_map(300, RW);
	unsigned long sum = 0;

	mem_catch();
	for (unsigned i = 0; i < 300 * PAGE; i++)
		sum += (unsigned char)p[i];
	SAY(sum);
	for (unsigned i = 0; i < 300; i++)
		memset(p + i * PAGE, (int)i, PAGE);
	for (unsigned i = 0; i < 300 * PAGE; i++)
		sum += (unsigned char)p[i];
	SAY(sum);
	SHOW(munmap(p, 300 * PAGE));
	READ(p);
	WRITE(p + 299 * PAGE, 1);
	return 0;
}
