/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

enum { MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE };

int main(void)
{
	unsigned long nodes = 1;
	int mode = -1;

	SHOW(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0));
	SAY(mode);
	SHOW(syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 64));
	SHOW(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0));
	SAY(mode);
	SHOW(syscall(SYS_set_mempolicy, MPOL_BIND, NULL, 0));
	SHOW(syscall(SYS_set_mempolicy, 99, NULL, 0));
	SHOW(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	SHOW(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 99));
	return 0;
}
