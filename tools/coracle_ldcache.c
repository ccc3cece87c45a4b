/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/ld.so.cache in the format "glibc-ld.so.cache1.1" (glibc 2.2 and later; the only one that is
 * written since 2.32).  All integers are the host's.
 *
 *   OFFSET  SIZE  FIELD
 *        0    20  magic and version, "glibc-ld.so.cache1.1"
 *       20     4  nlibs
 *       24     4  length of the strings behind the entries
 *       28    20  flags, extension offset, unused
 *       48    24  per library: flags, name offset, path offset, os version (4 each), hwcap (8)
 *
 * The file is input: an offset that points outside, or a string without an end, ends the search.
 */
#include "tools/coracle_ldcache.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 48,
	ENTRY = 24,
	FLAGS_X86_64 = 0x0303, /* FLAG_X8664_LIB64 | FLAG_ELF_LIBC6 */
	CONF_DEPTH = 8,
};

struct ldcache {
	char *root;
	struct host_seen *seen;
	struct buf raw; /* ld.so.cache, empty when there is none of the known format */
	uint32_t nlibs;
	struct strs dirs; /* ld.so.conf's when there is no cache, then the built-in ones */
};

static const char magic[] = "glibc-ld.so.cache1.1";

static void conf_read(struct ldcache *c, const char *path, int depth);

static void conf_include(struct ldcache *c, const char *pattern, int depth)
{
	char *p = xasprintf("%s%s%s", c->root, pattern[0] == '/' ? "" : "/etc/", pattern);
	glob_t g;

	if (glob(p, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			conf_read(c, g.gl_pathv[i], depth + 1);
		globfree(&g);
	}
	free(p);
}

static void conf_line(struct ldcache *c, char *line, int depth)
{
	line[strcspn(line, "#\r")] = '\0';
	line += strspn(line, " \t");
	for (size_t n = strlen(line); n > 0 && strchr(" \t", line[n - 1]); n--)
		line[n - 1] = '\0';
	if (strncmp(line, "include", 7) == 0 && strchr(" \t", line[7]))
		conf_include(c, line + 7 + strspn(line + 7, " \t"), depth);
	else if (line[0] == '/')
		strs_add(&c->dirs, line);
}

static void conf_read(struct ldcache *c, const char *path, int depth)
{
	struct buf text;
	struct stat st;
	char *rest;

	if (depth > CONF_DEPTH || !host_stat(c->seen, path, &st) || !file_read(path, &text))
		return;
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		conf_line(c, line, depth);
	buf_free(&text);
}

static bool cache_read(struct ldcache *c)
{
	char *path = xasprintf("%s/etc/ld.so.cache", c->root);
	struct stat st;
	bool ok = host_stat(c->seen, path, &st) && file_read(path, &c->raw);

	free(path);
	if (!ok)
		return false;
	if (c->raw.len < HEAD || memcmp(c->raw.s, magic, sizeof(magic) - 1) != 0) {
		buf_free(&c->raw);
		return false;
	}
	memcpy(&c->nlibs, c->raw.s + 20, 4);
	c->nlibs = MIN(c->nlibs, (uint32_t)((c->raw.len - HEAD) / ENTRY));
	return true;
}

struct ldcache *ldcache_open(struct host_seen *seen, const char *root)
{
	static const char *const builtin[] = { "/lib/x86_64-linux-gnu",
					       "/usr/lib/x86_64-linux-gnu",
					       "/lib64",
					       "/usr/lib64",
					       "/lib",
					       "/usr/lib" };
	struct ldcache *c = xcalloc(1, sizeof(*c));

	c->root = xstrdup(root);
	c->seen = seen;
	if (!cache_read(c)) {
		char *conf = xasprintf("%s/etc/ld.so.conf", root);

		conf_read(c, conf, 0);
		free(conf);
	}
	for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
		strs_add(&c->dirs, builtin[i]);
	return c;
}

void ldcache_free(struct ldcache *c)
{
	free(c->root);
	buf_free(&c->raw);
	strs_free(&c->dirs);
	free(c);
}

/* A string of the cache; NULL when it is not wholly inside. */
static const char *text_at(const struct ldcache *c, uint32_t off)
{
	if (off >= c->raw.len || !memchr(c->raw.s + off, '\0', c->raw.len - off))
		return NULL;
	return c->raw.s + off;
}

struct strs ldcache_find(const struct ldcache *c, const char *soname)
{
	struct strs found = { 0 };

	for (uint32_t i = 0; i < c->nlibs; i++) {
		uint32_t f[3]; /* flags, name, path */
		const char *name, *path;

		memcpy(f, c->raw.s + HEAD + (size_t)i * ENTRY, sizeof(f));
		name = text_at(c, f[1]);
		path = text_at(c, f[2]);
		if (!name || !path)
			break;
		if (f[0] == FLAGS_X86_64 && path[0] == '/' && strcmp(name, soname) == 0)
			strs_add(&found, path);
	}
	for (size_t i = 0; i < c->dirs.n; i++) {
		char *path = path_join(c->dirs.v[i], soname);

		if (!strs_has(&found, path))
			strs_add(&found, path);
		free(path);
	}
	return found;
}
