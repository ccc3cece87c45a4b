/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h: for programs that say what a system does, run on the host's Linux and in the VM, and compared (test_abi.py).  What they
 * print must not depend on time, addresses or process numbers.  A comment in the first lines may say how to build and run:
 *
 *	abi: dynamic		linked dynamically (default: statically)
 *	abi: args a b		its arguments
 *	abi: env A=b		an environment variable
 *	abi: timeout 20		seconds, default 20
 *	abi: netns		on the host, in a network namespace with nothing but a loopback (needs root)
 *	abi: vm-only-status N	the host is not asked: the VM must exit with N
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Show a call and what it returned: the number, or the error's name. */
#define SHOW(call)                                                          \
	({                                                                  \
		errno = 0;                                                  \
		long show_r = (long)(call);                                 \
		if (show_r == -1 && errno)                                  \
			printf("%s = %s\n", #call, strerrorname_np(errno)); \
		else                                                        \
			printf("%s = %ld\n", #call, show_r);                \
		show_r;                                                     \
	})
/* Only whether it worked: for results that differ from run to run. */
#define WORKS(call)                                                                       \
	({                                                                                \
		errno = 0;                                                                \
		long works_r = (long)(call);                                              \
		printf("%s: %s\n", #call, works_r == -1 ? strerrorname_np(errno) : "ok"); \
		works_r;                                                                  \
	})
#define SAY(x)	   printf("%s: %lld\n", #x, (long long)(x))
#define IS(x)	   printf("%s: %s\n", #x, (x) ? "yes" : "no")
#define NOT_MAPPED ((void *)16)
