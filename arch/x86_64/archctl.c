/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/archctl.c: thread pointers and CPU facts that programs ask Linux for on x86-64: arch_prctl(2), getauxval(3). */
#include "arch/archctl.h"

#include "abi/elf.h"
#include "arch/arch.h"
#include "arch/mmu.h"

const unsigned arch_elf_machine = EM_X86_64;
const char arch_machine_name[] = "x86_64";
const char arch_platform[] = "x86_64";

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS,
	ARCH_GET_FS,
	ARCH_GET_GS,
	ARCH_GET_CPUID = 0x1011,
	ARCH_SET_CPUID,
	ARCH_GET_XCOMP_SUPP = 0x1021,
	ARCH_GET_XCOMP_PERM,
	ARCH_REQ_XCOMP_PERM
};

long arch_control(unsigned code, uint64_t arg, uint64_t *value)
{
	switch (code) {
	case ARCH_SET_FS:
		if (arg >= USER_TOP)
			return -EPERM;
		tls_set(arg);
		return 0;
	case ARCH_SET_GS:
		if (arg >= USER_TOP)
			return -EPERM;
		tls2_set(arg);
		return 0;
	case ARCH_GET_FS:
		*value = tls_get();
		return ARCHCTL_STORE;
	case ARCH_GET_GS:
		*value = tls2_get();
		return ARCHCTL_STORE;
	case ARCH_GET_CPUID:
		return 1; /* CPUID is not made to fault */
	case ARCH_SET_CPUID:
		return -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		*value = fpu_components();
		return ARCHCTL_STORE;
	case ARCH_REQ_XCOMP_PERM:
		return arg < 64 && (fpu_components() & 1ull << arg) ? 0 : -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* AT_HWCAP is CPUID 1's EDX; AT_HWCAP2 bit 0: MWAIT in ring 3, bit 1: FSGSBASE instructions may be used. */
void arch_hwcap(uint64_t *hwcap, uint64_t *hwcap2)
{
	uint32_t a = 1, b, c, d;
	uint64_t cr4;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	*hwcap = d;
	*hwcap2 = cr4 & 1u << 16 ? 2 : 0; /* CR4.FSGSBASE */
}
