/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line may ask for several modules ("import a, b"): after a match the search goes on behind it.
 */
#include "tools/coracle_wanted.h"

#include <dirent.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 8, TEXT_MAX = 1 << 20 };

static void add_name(struct strs *names, const char *s, size_t len)
{
	char *name = xstrndup(s, len);

	if (len > 0 && !strs_has(names, name))
		strs_add(names, name);
	free(name);
}

static void scan_line(const regex_t *re, const char *line, struct strs *names)
{
	regmatch_t m[GROUPS];

	while (*line && regexec(re, line, GROUPS, m, 0) == 0) {
		size_t g = GROUPS;

		while (--g > 0 && m[g].rm_so < 0)
			;
		add_name(names, line + m[g].rm_so, (size_t)(m[g].rm_eo - m[g].rm_so));
		if (m[0].rm_eo == 0)
			return;
		line += m[0].rm_eo;
	}
}

static void scan_text(const regex_t *re, char *text, struct strs *names)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		scan_line(re, line, names);
}

static void scan_file(const regex_t *re, const char *path, struct strs *names)
{
	struct stat st;
	struct buf b;

	if (stat(path, &st) < 0 || st.st_size > TEXT_MAX || !file_read(path, &b))
		return;
	if (!memchr(b.s, '\0', b.len))
		scan_text(re, b.s, names);
	buf_free(&b);
}

static void scan_all(const regex_t *re, const struct strs *files, const struct strs *args,
		     struct strs *names)
{
	for (size_t i = 0; i < files->n; i++)
		scan_file(re, files->v[i], names);
	for (size_t i = 0; i < args->n; i++) {
		char *text = xstrdup(args->v[i]);

		scan_text(re, text, names);
		free(text);
	}
}

static bool plain(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
			     strlen(s);
}

struct strs wanted_names(const struct strs *patterns, const char *where, const struct strs *files,
			 const struct strs *args)
{
	struct strs names = { 0 };

	for (size_t i = 0; i < patterns->n; i++) {
		regex_t re;

		if (regcomp(&re, patterns->v[i], REG_EXTENDED) != 0)
			die(EXIT_MISUSE, "%s: wanted_by: not a regular expression: %s", where,
			    patterns->v[i]);
		scan_all(&re, files, args, &names);
		regfree(&re);
	}
	for (size_t i = 1; i < args->n; i++)
		if (plain(args->v[i]))
			add_name(&names, args->v[i], strlen(args->v[i]));
	return names;
}

bool wanted_in(struct host_seen *seen, const char *dir, const struct strs *names)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool yes = false;

	host_list(seen, dir);
	while (d && !yes && (e = readdir(d)) != NULL) {
		char *stem = xstrndup(e->d_name, strcspn(e->d_name, "."));

		yes = *stem && strs_has(names, stem);
		free(stem);
	}
	if (d)
		closedir(d);
	return yes;
}
