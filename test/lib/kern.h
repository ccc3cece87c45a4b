/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/kern.h: enough of a machine for unit tests of kern/: an arena as RAM, one CPU a test thread, spin
 * locks that spin.  Link test/lib/kern.c.
 */
#pragma once

#include "kern/cpu.h"

/* RAM of `bytes`, described to the kernel by boot_info as one range from 0; the tables' root. */
void test_machine_new(uint64_t bytes);
void test_machine_free(void);
/* The calling thread becomes CPU `id`. */
void test_cpu_enter(unsigned id);
