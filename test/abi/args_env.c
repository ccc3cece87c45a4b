/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi: args one two --three=3 four
 * abi: env COLOUR=blue
 */
#include "abi.h"

int main(int argc, char **argv, char **envp)
{
	printf("%d\n", argc);
	for (int i = 1; i < argc; i++)
		printf("[%s]\n", argv[i]);
	IS(argv[argc] == NULL);
	IS((void *)envp == (void *)(argv + argc + 1));
	printf("COLOUR=%s\n", getenv("COLOUR"));
	IS(((unsigned long)argv & 7) == 0);
	return 0;
}
