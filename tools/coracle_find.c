/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file is the program.  PATH is searched as a shell does.  A script is replaced by its
 * interpreter as execve(2) does ("#!", one optional argument, the script's path), and /usr/bin/env by
 * what it would start, because the guest runs one program and cannot start another.
 *
 * For the same reason a shell script found on PATH is passed over when a program of the same name
 * comes later: version managers (pyenv, rbenv, ...) put such scripts before the real thing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/coracle_spec.h"

enum { SHEBANG_MAX = 256, DEPTH_MAX = 5 };

struct shebang {
	char text[SHEBANG_MAX];
	char *interp, *arg; /* arg: NULL or the rest of the line */
};

/* Linux fs/binfmt_script.c: the line, blanks trimmed, the rest is one argument. */
static bool shebang_read(const char *path, struct shebang *s)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, s->text, sizeof(s->text) - 1);
	close(fd);
	if (n < 3 || memcmp(s->text, "#!", 2) != 0)
		return false;
	s->text[n] = '\0';
	s->text[strcspn(s->text, "\n")] = '\0';
	for (size_t end = strlen(s->text); end > 2 && strchr(" \t\r", s->text[end - 1]); end--)
		s->text[end - 1] = '\0';
	s->interp = s->text + 2 + strspn(s->text + 2, " \t");
	s->arg = s->interp + strcspn(s->interp, " \t");
	if (*s->arg) {
		*s->arg++ = '\0';
		s->arg += strspn(s->arg, " \t");
	}
	if (!*s->arg)
		s->arg = NULL;
	return *s->interp != '\0';
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool shell_script(const char *path)
{
	static const char *const shells[] = { "sh", "bash", "dash", "zsh", "ksh" };
	struct shebang s;
	const char *name;

	if (!shebang_read(path, &s))
		return false;
	name = base_of(s.interp);
	if (strcmp(name, "env") == 0 && s.arg)
		name = base_of(s.arg);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(name, shells[i]) == 0)
			return true;
	return false;
}

static bool runnable(struct spec *s, const char *path)
{
	struct stat st;

	return host_stat(s->plan->seen, path, &st) && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* The file for a name; a new string, NULL when there is none. */
static char *on_path(struct spec *s, const char *name)
{
	const char *env = getenv("PATH");
	char *path = xstrdup(env && *env ? env : "/usr/local/bin:/usr/bin:/bin"), *rest = path;
	char *script = NULL, *hit = NULL;

	for (char *dir; !hit && (dir = strsep(&rest, ":")) != NULL;) {
		char *at = path_abs(s->cwd, *dir ? dir : "."), *file = path_join(at, name);

		free(at);
		if (!runnable(s, file)) {
			free(file);
		} else if (shell_script(file)) {
			script = script ? script : file;
		} else {
			hit = file;
		}
	}
	free(path);
	if (hit && script)
		note("%s is a shell script, which would start another program: taking %s", script,
		     hit);
	return hit ? hit : script;
}

static char *locate(struct spec *s, const char *name)
{
	struct stat st;
	char *path;

	if (!strchr(name, '/')) {
		path = on_path(s, name);
		if (!path)
			die(EXIT_MISUSE, "%s: not found on PATH; name it by its path, as ./%s",
			    name, name);
		return path;
	}
	path = path_abs(s->cwd, name);
	if (!host_stat(s->plan->seen, path, &st))
		die_errno(EXIT_MISUSE, "%s", name);
	if (S_ISDIR(st.st_mode))
		die(EXIT_MISUSE, "%s: is a directory, not a program", name);
	if (!S_ISREG(st.st_mode))
		die(EXIT_MISUSE, "%s: is not a regular file", name);
	return path;
}

/* What env(1) would start: its assignments and -S are understood, other options are not. */
static char *through_env(struct spec *s, struct strs *head, const char *script)
{
	char *name = NULL;
	size_t i = 0;

	if (head->n > 0 && strncmp(head->v[0], "-S", 2) == 0) {
		char *copy = xstrdup(head->v[0] + 2), *rest = copy;

		strs_free(head);
		for (char *w; (w = strsep(&rest, " \t")) != NULL;)
			if (*w)
				strs_add(head, w);
		free(copy);
	}
	while (i < head->n && strchr(head->v[i], '=') && head->v[i][0] != '-')
		spec_env(s, head->v[i++], false);
	if (i < head->n && head->v[i][0] != '-')
		name = xstrdup(head->v[i++]);
	if (!name)
		die(EXIT_MISUSE,
		    "%s: cannot tell what its #! line starts; name the interpreter: "
		    "coracle run INTERPRETER %s",
		    script, script);
	for (size_t k = 0; k < i; k++)
		free(head->v[k]);
	memmove(head->v, head->v + i, (head->n - i + 1) * sizeof(*head->v));
	head->n -= i;
	return name;
}

/* The script at s->found gives way to its interpreter; false: it is no script. */
static bool interpret(struct spec *s, const char *as_named)
{
	struct strs head = { 0 }, argv = { 0 };
	const char *name;
	struct shebang sb;

	if (!shebang_read(s->found, &sb))
		return false;
	if (sb.arg)
		strs_add(&head, sb.arg);
	name = sb.interp;
	if (strcmp(base_of(name), "env") == 0)
		name = through_env(s, &head, s->found);
	strs_add(&argv, name);
	for (size_t i = 0; i < head.n; i++)
		strs_add(&argv, head.v[i]);
	/* The kernel passes the path that execve() was given: PATH's for a bare name. */
	strs_add(&argv, strchr(as_named, '/') ? as_named : s->found);
	for (size_t i = 1; i < s->argv.n; i++)
		strs_add(&argv, s->argv.v[i]);
	strs_add(&s->files, s->found);
	strs_free(&s->argv);
	strs_free(&head);
	s->argv = argv;
	s->found = locate(s, name);
	return true;
}

void spec_find(struct spec *s)
{
	const char *name = s->program;
	int depth = 0;

	s->found = locate(s, name);
	if (shell_script(s->found))
		warn("%s is a shell script: what it starts will not start in the guest", s->found);
	while (interpret(s, name)) {
		if (++depth > DEPTH_MAX)
			die(EXIT_MISUSE, "%s: its #! lines go round in circles", s->o->argv[0]);
		name = s->argv.v[0];
	}
}
