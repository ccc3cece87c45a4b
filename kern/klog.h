/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/klog.h: the kernel's messages.  A ring in memory, read by /dev/kmsg and the crash report, and
 * copied to the log console up to the level asked for (`loglevel=` err, warn, info, debug; default
 * warn).  Any context; never blocks on a device.
 */
#pragma once

#include <stdarg.h>

#include "lib/util.h"

enum klog_level { KLOG_ERR, KLOG_WARN, KLOG_INFO, KLOG_DEBUG };

void klog(enum klog_level level, const char *f, ...) printf_like(2, 3);
void klog_v(enum klog_level level, const char *f, va_list ap) printf_like(2, 0);
#define klog_err(...)  klog(KLOG_ERR, __VA_ARGS__)
#define klog_warn(...) klog(KLOG_WARN, __VA_ARGS__)
#define klog_info(...) klog(KLOG_INFO, __VA_ARGS__)

/* Where lines go. write() is called with interrupts off and must not block; `panicking`: poll it out. */
struct log_sink {
	void (*write)(struct log_sink *s, const char *buf, size_t len);
	void (*flush)(struct log_sink *s); /* all out, by polling; used at exit and panic */
	struct log_sink *next;
};
void klog_add_sink(struct log_sink *s); /* what was logged before is replayed to it */
void klog_set_level(enum klog_level level);
bool klog_level_of(const char *name,
		   enum klog_level *out); /* "err" .. "debug"; false: no such level */
void klog_flush(void);
void klog_raw(const char *text,
	      size_t len); /* to the sinks as it is, whatever the level; not kept */
void klog_panicking(void); /* the other CPUs are stopped: take no lock from here on */
/* Read from position *pos (0: oldest kept); returns bytes and advances. */
size_t klog_read(uint64_t *pos, char *buf, size_t size);
