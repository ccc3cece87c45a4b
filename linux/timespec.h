/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/timespec.h: the program's timespecs and timevals as nanoseconds.  Values past UINT64_MAX ns (584
 * years) saturate.  Context: threads, no spinlock held.
 */
#pragma once

#include "kern/uio.h"

#define NS_PER_SEC 1000000000ull

/* -EFAULT; -EINVAL: negative, or a fraction out of range. */
err_t timespec_read(uaddr_t a, uint64_t *ns) must_check;
err_t timespec_write(uaddr_t a, uint64_t ns) must_check;
err_t timeval_read(uaddr_t a, uint64_t *ns) must_check;
err_t timeval_write(uaddr_t a, uint64_t ns) must_check;
uint64_t timespec_add_sat(uint64_t a, uint64_t b);
/* A relative timeout argument (0: none) as a deadline: WAIT_FOREVER when there is none. */
err_t timespec_deadline(uaddr_t a, uint64_t *deadline_ns) must_check;
/* The timeout of poll(2) and epoll_wait(2) as a deadline: negative is WAIT_FOREVER, 0 is 0 (look once). */
uint64_t timespec_ms_deadline(int ms);
