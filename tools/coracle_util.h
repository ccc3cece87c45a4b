/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_util.h: what every file of the coracle command needs: the one way to fail, memory that is
 * there or the process is not, growing strings and string lists.
 *
 * Failing: one line on standard error, "coracle: what and how to mend it", what was half made is
 * removed, the terminal is put back, and the process ends.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "lib/util.h"

enum {
	EXIT_MISUSE = 2, /* the command line, or a file that it names, is wrong */
	EXIT_OURS = 125, /* we failed; the program's own statuses are the others */
};

/* Ends the process with `status`.  die_errno() appends strerror(errno). */
_Noreturn void die(int status, const char *f, ...) printf_like(2, 3);
_Noreturn void die_errno(int status, const char *f, ...) printf_like(2, 3);
/* A line that does not end anything. */
void warn(const char *f, ...) printf_like(1, 2);
/* Only with --verbose. */
void note(const char *f, ...) printf_like(1, 2);
extern bool util_verbose;

/* Called (last given first) when the process dies by die() or ends by exit(). */
void at_end(void (*fn)(void));
/* Remove `path` if the process ends, by die(), exit() or a signal, before partial_done(). */
void partial_begin(const char *path);
void partial_done(void);
/* SIGINT, SIGTERM, SIGHUP remove the partial file and end the process, until signals_default(). */
void signals_tidy(void);

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *f, ...) printf_like(1, 2);

/* A list of strings; v[n] is NULL, so it serves as an argv. */
struct strs {
	char **v;
	size_t n, cap;
};
void strs_add(struct strs *, const char *s);			     /* a copy */
void strs_addf(struct strs *, const char *f, ...) printf_like(2, 3); /* printed */
bool strs_has(const struct strs *, const char *s);
void strs_free(struct strs *);

/* Bytes that grow; always NUL-terminated behind len once anything was added. */
struct buf {
	char *s;
	size_t len, cap;
};
void buf_add(struct buf *, const void *p, size_t n);
void buf_str(struct buf *, const char *s);
void buf_fmt(struct buf *, const char *f, ...) printf_like(2, 3);
void buf_free(struct buf *);

/* The whole file; false and errno.  The result ends with a NUL that is not counted. */
bool file_read(const char *path, struct buf *out);

/* Lexical: "/a/./b/../c" to "/a/c"; relative paths are taken from `cwd`.  A new string. */
char *path_clean(const char *cwd, const char *path);
/* Absolute, without "." and empty steps; ".." stays, for it may follow a link.  A new string. */
char *path_abs(const char *cwd, const char *path);
char *path_join(const char *dir, const char *name);
/* mkdir -p with mode 0700 for what it makes; false and errno. */
bool dirs_make(const char *path);

/* FNV-1a, 128 bits: names of cache entries.  Not against an adversary: the cache is the user's own. */
struct key128 {
	unsigned __int128 h;
};
void key_init(struct key128 *);
void key_add(struct key128 *, const void *p, size_t n);
void key_str(struct key128 *, const char *s); /* with its NUL */
void key_hex(const struct key128 *, char out[33]);
