/* SPDX-License-Identifier: Apache-2.0 */
/* Code runs where PROT_EXEC is, and only there; new code is seen at once. */
#include "mem.h"

static const unsigned char answer[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42, %eax; ret */

static void call(char *p)
{
	if (!sigsetjmp(mem_back, 1))
		printf("call: %d\n", ((int (*)(void))p)());
	else
		printf("call: %s%s\n", mem_what(), mem_info.si_addr == p ? "" : " elsewhere");
}

int main(void)
{
	char *p = mem_map(2, RW);

	mem_catch();
	memcpy(p, answer, sizeof(answer));
	call(p);
	SHOW(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	call(p);
	WRITE(p, 0);
	for (int i = 0; i < 3; i++) {
		mprotect(p, PAGE, RW);
		p[1] = (char)(50 + i);
		mprotect(p, PAGE, PROT_READ | PROT_EXEC);
		call(p);
	}
	SHOW(mprotect(p, PAGE, RW | PROT_EXEC));
	p[1] = 77;
	call(p);
	SHOW(mprotect(p, PAGE, PROT_READ));
	call(p);
	SHOW(mprotect(p, PAGE, PROT_EXEC));
	call(p);
	call(NULL);
	return 0;
}
