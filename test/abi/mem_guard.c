/* SPDX-License-Identifier: Apache-2.0 */
/* Guard pages around a stack of our own, as thread libraries make them. */
#include "mem.h"

int main(void)
{
	char *p = mmap(NULL, 18 * PAGE, PROT_NONE, ANON | MAP_STACK | MAP_NORESERVE, -1, 0);

	mem_catch();
	SHOW(mprotect(p + PAGE, 16 * PAGE, RW));
	WRITE(p + 17 * PAGE - 1, 1);
	WRITE(p + 17 * PAGE, 1);
	WRITE(p + PAGE, 1);
	WRITE(p + PAGE - 1, 1);
	SHOW(mprotect(p, 18 * PAGE, PROT_NONE));
	READ(p + PAGE);
	SHOW(madvise(p + PAGE, 16 * PAGE, MADV_DONTNEED));
	SHOW(mprotect(p + PAGE, 16 * PAGE, RW));
	READ(p + PAGE);
	return 0;
}
