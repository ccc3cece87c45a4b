/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor allows is what its mappings allow, later too. */
#include "mem.h"

int main(void)
{
	char name[] = "/tmp/mem-XXXXXX", *p;
	int rw = mkstemp(name), ro = open(name, O_RDONLY), wo = open(name, O_WRONLY), dir;

	mem_catch();
	SHOW(ftruncate(rw, 2 * PAGE));
	dir = open("/tmp", O_RDONLY);
	unlink(name);
	MMAP(0, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	MMAP(0, PAGE, RW, MAP_SHARED, ro, 0);
	MMAP(0, PAGE, RW, MAP_PRIVATE, ro, 0);
	MMAP(0, PAGE, PROT_READ, MAP_SHARED, wo, 0);
	MMAP(0, PAGE, PROT_WRITE, MAP_SHARED, wo, 0);
	MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, wo, 0);
	MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	SHOW(mprotect(p, PAGE, RW));
	SHOW(mprotect(p, PAGE, PROT_NONE));
	SHOW(mprotect(p, PAGE, PROT_READ));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	SHOW(mprotect(p, PAGE, RW));
	WRITE(p, 1);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rw, 0);
	SHOW(mprotect(p, PAGE, RW));
	WRITE(p, 1);
	int pipes[2];
	SHOW(pipe(pipes));
	MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0);
	return 0;
}
