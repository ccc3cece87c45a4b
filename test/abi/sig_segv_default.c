/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	volatile int *p = NOT_MAPPED;

	puts("before");
	fflush(stdout);
	return *p;
}
