/* SPDX-License-Identifier: Apache-2.0 */
/* linux/exit.h: the ends of threads and of the process. */
#pragma once

#include "lib/util.h"

/*
 * The calling thread ends: its robust futexes are marked, its clear_child_tid word is zeroed and woken. When it is the last
 * one, the process ends with the status that exit(2) gave.
 */
_Noreturn void user_thread_exit(void);
/* The process ends: every other thread is told to, then vm_exit(status). */
_Noreturn void process_exit(unsigned status);
