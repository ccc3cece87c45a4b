/* SPDX-License-Identifier: Apache-2.0 */
/* The auxiliary vector: what must be equal is shown, what may differ is checked. */
#include "abi.h"
#include <elf.h>
#include <sys/auxv.h>

extern char __executable_start;

int main(int argc, char **argv)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	unsigned sum = 0;

	(void)argc;
	SAY(getauxval(AT_PAGESZ));
	SAY(getauxval(AT_CLKTCK));
	SAY(getauxval(AT_UID));
	SAY(getauxval(AT_EUID));
	SAY(getauxval(AT_GID));
	SAY(getauxval(AT_EGID));
	SAY(getauxval(AT_SECURE));
	SAY(getauxval(AT_FLAGS));
	SAY(getauxval(AT_PHENT));
	SAY(getauxval(AT_PHNUM));
	SAY(getauxval(AT_BASE));
	IS(getauxval(AT_PHDR) == (unsigned long)&__executable_start + sizeof(Elf64_Ehdr));
	IS(getauxval(AT_ENTRY) > (unsigned long)&__executable_start);
	IS(getauxval(AT_SYSINFO_EHDR) != 0);
	IS(getauxval(AT_MINSIGSTKSZ) >= 1000);
	IS(getauxval(AT_HWCAP) != 0);
	printf("platform %s\n", (char *)getauxval(AT_PLATFORM));
	printf("execfn is argv[0]: %d\n", !strcmp((char *)getauxval(AT_EXECFN), argv[0]));
	for (int i = 0; i < 16; i++)
		sum += random[i];
	IS(sum != 0);
	return 0;
}
