/* SPDX-License-Identifier: Apache-2.0 */
/* The least program: `coracle run examples/hello/hello`. */
#include <stdio.h>

int main(int argc, char **argv)
{
	printf("Hello from %s, process %s of one.\n", argv[0], argc > 1 ? argv[1] : "1");
	return 0;
}
