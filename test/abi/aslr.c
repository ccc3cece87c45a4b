/* SPDX-License-Identifier: Apache-2.0 */
/* abi: dynamic */
#include "abi.h"
#include <sys/mman.h>

/* Where things lie relative to each other, as on Linux: program, then heap, then mappings, then stack. */
int main(void)
{
	char local, *heap = sbrk(0);
	char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	IS((char *)main < heap);
	IS(heap < map);
	IS(map < &local);
	IS((unsigned long)main >> 44 == 5);
	IS((unsigned long)map >> 40 == 0x7f);
	IS((unsigned long)&local >> 40 == 0x7f);
	return 0;
}
