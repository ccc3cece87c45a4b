/* SPDX-License-Identifier: Apache-2.0 */
/* abi: static-pie */
#include "abi.h"

static int *const self_pointer = (int *)&self_pointer;

int main(void)
{
	IS(self_pointer == (int *)&self_pointer); /* relocated */
	return 0;
}
