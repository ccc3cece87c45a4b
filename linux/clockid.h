/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/clockid.h: what a clockid_t means: the fixed clocks, and the CPU-time clocks of the process and of
 * its threads (clock_getcpuclockid(3) packs a tid into a negative number).
 */
#pragma once

#include "lib/err.h"

struct thread;

enum clock_kind { CLOCK_KIND_REAL, CLOCK_KIND_MONO, CLOCK_KIND_CPU };

struct clockid {
	enum clock_kind kind;
	bool coarse;
	bool whole_process; /* CPU time of all threads; else of `tid` */
	bool user_only;	    /* CPU time in user mode only (CPUCLOCK_VIRT) */
	bool can_timer;	    /* timer_create(2) takes it */
	bool can_sleep;	    /* clock_nanosleep(2) takes it */
	uint32_t tid;	    /* 0: the caller */
};

err_t clockid_parse(int id, struct clockid *c) must_check; /* -EINVAL: no such clock or thread */
uint64_t clockid_now(const struct clockid *c);		   /* ns of that clock */
