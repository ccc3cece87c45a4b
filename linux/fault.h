/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fault.h: what is said when the program breaks. */
#pragma once

#include "abi/linux_signal.h"

struct pt_regs;

/* The crash report on the kernel's log: why, registers, where, backtrace, memory areas. */
void crash_report(const struct pt_regs *r, const struct linux_siginfo *si);

/* The program needs memory that the machine does not have: one line, and its end. */
_Noreturn void fault_out_of_memory(void);
