/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	SHOW(syscall(1000));
	SHOW(syscall(-1));
	SHOW(syscall(100000));
	SHOW(syscall(174));
	return 0;
}
