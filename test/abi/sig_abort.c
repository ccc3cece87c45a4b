/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	puts("before");
	fflush(stdout);
	abort();
}
