/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/arch/arch_regs.h: registers of unit tests look like those of x86-64. */
#pragma once

#include "arch/x86_64/arch_regs.h"
