/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/mem.h: the string.h functions that freestanding code may use.  The prototypes are ISO C's, so
 * on the host libc answers; in the kernel arch/<cpu>/ answers for the block operations and lib/mem.c
 * for the rest.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/*
 * -ffreestanding takes away what the compiler knows of these names: with it back, a copy or comparison of
 * a few bytes is a few moves and not a call.  Hosted compilers know them anyway.
 */
#if !__STDC_HOSTED__
#define memcpy(dst, src, n)  __builtin_memcpy(dst, src, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define memset(dst, c, n)    __builtin_memset(dst, c, n)
#define memcmp(a, b, n)	     __builtin_memcmp(a, b, n)
#define strlen(s)	     __builtin_strlen(s)
#define strcmp(a, b)	     __builtin_strcmp(a, b)
#endif
