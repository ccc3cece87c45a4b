/* SPDX-License-Identifier: Apache-2.0 */
/* linux/exec.h: the one program is loaded, once, before any of it runs. */
#pragma once

#include "linux/stack.h"

struct exec_request {
	const char *path;
	struct stack_strings args, env;
};

/*
 * Load the program and start its first thread.  When it cannot be: one line on the log, and the status that shells give:
 * 127 not found, 126 cannot be executed, 125 anything that is the machine's fault.  0: it runs.
 */
unsigned exec_program(const struct exec_request *req);
