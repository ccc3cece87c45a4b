/* SPDX-License-Identifier: Apache-2.0 */
/* mremap() to a named place, and leaving an empty mapping behind. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(4, RW), *to = mem_map(8, RW), *q;

	mem_catch();
	memset(p, 5, 4 * PAGE);
	memset(to, 6, 8 * PAGE);
	q = mremap(p, 4 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE);
	IS(q == to + PAGE);
	READ(to);
	READ(to + PAGE);
	READ(to + 2 * PAGE);
	READ(to + 3 * PAGE);
	READ(p);
	READ(p + 3 * PAGE);
	SHOW(mremap(to, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, p));
	SHOW(mremap(to, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE));
	SHOW(mremap(to, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 1));
	SHOW(mremap(to, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 1ul << 47));
	SHOW(mremap(to, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	SHOW(mremap(to, PAGE, PAGE, MREMAP_DONTUNMAP));
	p = mem_map(2, RW);
	memset(p, 8, 2 * PAGE);
	q = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	IS(q != MAP_FAILED && q != p);
	READ(q + PAGE);
	READ(p + PAGE);
	WRITE(p, 1);
	return 0;
}
