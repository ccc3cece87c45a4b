/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/util.h: the handful of macros and attributes that every floor uses.  Pure, no state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Each argument is evaluated once; the counter keeps nested uses from shadowing each other. */
#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define PICK_(a, b, op, x, y)          \
	({                             \
		__typeof__(a) x = (a); \
		__typeof__(b) y = (b); \
		x op y ? x : y;        \
	})
#define PICK(a, b, op, n) PICK_(a, b, op, PASTE(pick_a_, n), PASTE(pick_b_, n))
#define MIN(a, b)	  PICK(a, b, <, __COUNTER__)
#define MAX(a, b)	  PICK(a, b, >, __COUNTER__)

/* Powers of two only. */
#define ALIGN_UP(x, a)	 (((x) + ((__typeof__(x))(a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define DIV_UP(x, d)	 (((x) + (d)-1) / (d))

#define container_of(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define must_check	  __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define maybe_unused	  __attribute__((unused))
#define packed		  __attribute__((packed))
#define noinline	  __attribute__((noinline))
#define cold		  __attribute__((cold))
#define section_named(s)  __attribute__((section(s)))

/* Lock annotations, checked by clang's -Wthread-safety and invisible to gcc. */
#if defined(__clang__)
#define lockable	 __attribute__((capability("lock")))
#define acquires(l)	 __attribute__((acquire_capability(l)))
#define releases(l)	 __attribute__((release_capability(l)))
#define needs(l)	 __attribute__((requires_capability(l)))
#define no_lock_analysis __attribute__((no_thread_safety_analysis))
#else
#define lockable
#define acquires(l)
#define releases(l)
#define needs(l)
#define no_lock_analysis
#endif
