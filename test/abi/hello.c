/* SPDX-License-Identifier: Apache-2.0 */
/* The least there is. */
#include "abi.h"

int main(void)
{
	puts("hello");
	return 7;
}
