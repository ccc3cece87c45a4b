/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <asm/prctl.h>

int main(void)
{
	unsigned long fs = 0, self;

	SHOW(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	__asm__("mov %%fs:0, %0" : "=r"(self));
	IS(fs == self);
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_FS, fs));
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_FS, 0xffff800000000000ul));
	SHOW(syscall(SYS_arch_prctl, ARCH_GET_FS, NOT_MAPPED));
	SHOW(syscall(SYS_arch_prctl, 0x9999, 0));
	return 0;
}
