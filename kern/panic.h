/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/panic.h: the ends.  panic() is for broken invariants of ours: stops the other CPUs, prints
 * message, registers, backtrace and the trace ring's tail, exits with 125.  vm_exit() is the orderly end:
 * at-exit steps in order (sync file systems, flush consoles), then the machine's exit.
 */
#pragma once

#include "lib/util.h"

_Noreturn void panic(const char *f, ...) printf_like(1, 2);
/* One clear line on the log console, status 125: a machine we cannot run on, a bad image. */
_Noreturn void vm_fail(const char *f, ...) printf_like(1, 2);

enum exit_order { EXIT_PROGRAM, EXIT_SYNC, EXIT_REPORT, EXIT_CONSOLE, EXIT_NORDERS };
struct exit_step {
	void (*fn)(unsigned status);
	enum exit_order order;
	struct exit_step *next;
};
void exit_add_step(struct exit_step *s); /* static storage */
_Noreturn void vm_exit(unsigned status); /* thread context */
