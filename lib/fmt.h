/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/fmt.h: printf for freestanding code.  Pure; writes at most `size` bytes, always terminates when
 * size is not 0, and returns the length that the whole text needs, as C99's snprintf does.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, with flags - 0 # + space, width and precision (also *),
 * and the lengths hh h l ll z j t.
 */
#pragma once

#include <stdarg.h>

#include "lib/util.h"

size_t fmt_v(char *buf, size_t size, const char *f, va_list ap) printf_like(3, 0);
size_t fmt(char *buf, size_t size, const char *f, ...) printf_like(3, 4);
