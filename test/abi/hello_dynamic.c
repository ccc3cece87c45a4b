/* SPDX-License-Identifier: Apache-2.0 */
/* abi: dynamic */
#include "abi.h"

int main(void)
{
	puts("hello");
	return 0;
}
