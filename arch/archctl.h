/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/archctl.h: arch_prctl(2), the call that only this CPU has.  Context: the thread itself.
 */
#pragma once

#include "lib/err.h"

#define ARCHCTL_STORE 1 /* store *value at the address that the program gave */

/* 0, -Exxx, or ARCHCTL_STORE. */
long arch_control(unsigned code, uint64_t arg, uint64_t *value) must_check;

extern const unsigned arch_elf_machine;		    /* EM_xxx */
extern const char arch_machine_name[];		    /* uname's machine */
void arch_hwcap(uint64_t *hwcap, uint64_t *hwcap2); /* AT_HWCAP, AT_HWCAP2 */
extern const char arch_platform[];		    /* AT_PLATFORM */
