/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command line means: its program, the files that its arguments name, --file, --dir, --manifest
 * and --root, in that order, then the profiles.
 */
#include "tools/coracle_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/coracle_manifest.h"

static const char default_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void spec_env(struct spec *s, const char *assignment, bool weak)
{
	size_t name = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < s->env.n; i++) {
		if (strncmp(s->env.v[i], assignment, name) != 0)
			continue;
		if (!weak) {
			free(s->env.v[i]);
			s->env.v[i] = xstrdup(assignment);
		}
		return;
	}
	strs_add(&s->env, assignment);
}

/* --- files that arguments name --------------------------------------------------------------- */

/* Places where the guest has its own. */
static bool virtual_path(const char *path)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		size_t n = strlen(own[i]);

		if (strncmp(path, own[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

/* A directory that holds far more than an argument can mean: the root, its children, a home. */
static bool too_wide(const char *real)
{
	const char *home = getenv("HOME");
	size_t n = strlen(real);

	if (strchr(real + 1, '/') == NULL)
		return true;
	return home && strncmp(home, real, n) == 0 && (home[n] == '/' || home[n] == '\0');
}

static void add_dir_argument(struct spec *s, const char *path, const char *arg)
{
	struct plan_filter f = { 0 };
	char *real;

	if (!plan_add_host(s->plan, path, &real))
		return;
	if (strcmp(real, "/") == 0)
		; /* the guest has one */
	else if (too_wide(real))
		warn("the argument %s is a directory too wide to add whole: use --dir for what the "
		     "program needs of it",
		     arg);
	else if (!plan_add_tree(s->plan, real, real, &f))
		warn("%s: %s: not all of it was added", path, strerror(errno));
	free(real);
}

/* The directory of a file that is yet to be made. */
static void add_parent(struct spec *s, const char *path)
{
	char *dir = xstrdup(path);
	struct stat st;

	*strrchr(dir, '/') = '\0';
	if (*dir && host_stat(s->plan->seen, dir, &st) && S_ISDIR(st.st_mode))
		plan_add_host(s->plan, dir, NULL);
	free(dir);
}

static bool add_argument(struct spec *s, const char *arg, size_t len)
{
	char *word = xstrndup(arg, len), *path = path_abs(s->cwd, word);
	bool there = false;
	struct stat st;

	if (len == 0 || len >= 4096 || virtual_path(path))
		goto out;
	there = host_stat(s->plan->seen, path, &st);
	if (!there) {
		if (strchr(word, '/'))
			add_parent(s, path);
	} else if (S_ISDIR(st.st_mode)) {
		add_dir_argument(s, path, word);
	} else if (S_ISREG(st.st_mode) && plan_add_host(s->plan, path, NULL)) {
		strs_add(&s->files, path);
	}
out:
	free(word);
	free(path);
	return there;
}

/* "FILE", "--option=FILE", "-oFILE" is not guessed at, "DIR:DIR:FILE". */
static void add_arguments(struct spec *s)
{
	for (size_t i = 1; i < s->argv.n; i++) {
		const char *a = s->argv.v[i], *eq = strchr(a, '=');

		if (strs_has(&s->files, a) || add_argument(s, a, strlen(a)))
			continue;
		if (eq && add_argument(s, eq + 1, strlen(eq + 1)))
			continue;
		if (eq && a[0] == '-')
			a = eq + 1;
		while (strchr(a, ':') && *a) {
			size_t len = strcspn(a, ":");

			add_argument(s, a, len);
			a += len + (a[len] == ':');
			if (!strchr(a, ':') && *a)
				add_argument(s, a, strlen(a));
		}
	}
}

/* --- files that options name ----------------------------------------------------------------- */

static void add_file_option(struct spec *s, const struct opt_pair *p)
{
	char *host = path_abs(s->cwd, p->host), *guest;
	const char *why;

	guest = p->guest ? path_clean("/", p->guest) : path_clean(s->cwd, p->host);
	if (!plan_add_at(s->plan, host, guest))
		die_errno(EXIT_MISUSE, "--file %s", p->host);
	if (!s->o->root)
		(void)closure_add_needs(&s->closure, host, &why);
	free(host);
	free(guest);
}

static void add_dir_option(struct spec *s, const struct opt_pair *p)
{
	char *host = path_abs(s->cwd, p->host), *guest;
	struct plan_filter f = { 0 };

	guest = p->guest ? path_clean("/", p->guest) : path_clean(s->cwd, p->host);
	if (!plan_add_tree(s->plan, host, guest, &f))
		die_errno(EXIT_MISUSE, "--dir %s", p->host);
	free(host);
	free(guest);
}

static void add_options(struct spec *s)
{
	const struct opts *o = s->o;

	for (size_t i = 0; i < o->dirs.n; i++)
		add_dir_option(s, &o->dirs.v[i]);
	for (size_t i = 0; i < o->files.n; i++)
		add_file_option(s, &o->files.v[i]);
	for (size_t i = 0; i < o->volumes.n; i++)
		plan_add_dir(s->plan, o->volumes.v[i].guest, 0755);
}

/* --- the program ----------------------------------------------------------------------------- */

/* --root: the program is looked for inside. */
static void find_in_root(struct spec *s)
{
	static const char *const dirs[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					    "/usr/bin",	       "/sbin",		 "/bin" };
	const char *name = s->program;
	struct plan_node *n = NULL;
	const char *why;

	if (strchr(name, '/')) {
		s->found = path_clean("/", name);
		n = plan_find(s->plan, s->found);
	}
	for (size_t i = 0; !n && !strchr(name, '/') && i < ARRAY_LEN(dirs); i++) {
		free(s->found);
		s->found = path_join(dirs[i], name);
		n = plan_find(s->plan, s->found);
	}
	if (!n || n->type != PLAN_FILE)
		die(EXIT_MISUSE, "%s: no such program under %s", name, s->o->root);
	why = n->host ? closure_refuses(n->host) : NULL;
	if (why)
		die(EXIT_MISUSE, "%s%s: %s", s->o->root, s->found, why);
	s->real = plan_path(n);
}

static void add_root(struct spec *s)
{
	static const char *const skip[] = { "/proc/*", "/sys/*", "/dev/*" };
	char *dir = path_clean(s->cwd, s->o->root);
	struct strs exclude = { 0 };
	struct plan_filter f = { .exclude = &exclude };

	for (size_t i = 0; i < ARRAY_LEN(skip); i++)
		strs_addf(&exclude, "%s%s", strcmp(dir, "/") == 0 ? "" : dir, skip[i]);
	s->plan->own_root = true;
	if (!plan_add_tree(s->plan, dir, "/", &f))
		die_errno(EXIT_MISUSE, "--root %s", s->o->root);
	strs_free(&exclude);
	free(dir);
}

/* A manifest may bring the program's file itself, under whatever name. */
static bool program_in_plan(struct spec *s)
{
	struct plan_node *n = s->program[0] == '/' ? plan_find(s->plan, s->program) : NULL;
	const char *why = NULL;

	if (!n || n->type != PLAN_FILE)
		return false;
	s->found = xstrdup(s->program);
	s->real = plan_path(n);
	if (n->host && !closure_add_needs(&s->closure, n->host, &why))
		die(EXIT_MISUSE, "%s: %s", n->host, why);
	return true;
}

static void add_program(struct spec *s)
{
	const char *why = NULL;

	spec_find(s);
	why = closure_refuses(s->found);
	if (why)
		die(EXIT_MISUSE, "%s: %s", s->found, why);
	if (access(s->found, X_OK) < 0)
		die(EXIT_MISUSE, "%s: not executable: chmod +x %s", s->found, s->found);
	if (!plan_add_host(s->plan, s->found, &s->real))
		die_errno(EXIT_MISUSE, "%s", s->found);
	if (!closure_add(&s->closure, s->found, &why))
		die(EXIT_MISUSE, "%s: %s", s->found, why);
	/* Scripts that gave way to their interpreters, which will open them. */
	for (size_t i = 0; i < s->files.n; i++)
		if (!plan_add_host(s->plan, s->files.v[i], NULL))
			die_errno(EXIT_MISUSE, "%s", s->files.v[i]);
}

static void refuse_missing(const struct spec *s)
{
	const struct strs *m = &s->closure.missing;
	struct buf b = { 0 };

	if (m->n == 0)
		return;
	for (size_t i = 0; i < m->n && i < 4; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", m->v[i]);
	if (m->n > 4)
		buf_fmt(&b, " and %zu more", m->n - 4);
	die(EXIT_MISUSE, "%s: missing library %s: install it, or give it with --file HOST:GUEST",
	    s->found, b.s);
}

/* A file that --file put where the loader will look is not missing. */
static void forgive_given(struct spec *s)
{
	struct strs left = { 0 };

	for (size_t i = 0; i < s->closure.missing.n; i++) {
		const char *line = s->closure.missing.v[i];
		char *name = xstrndup(line, strcspn(line, " "));
		bool given = false;

		for (size_t k = 0; k < s->o->files.n; k++) {
			const struct opt_pair *p = &s->o->files.v[k];
			const char *path = p->guest ? p->guest : p->host;
			const char *base = strrchr(path, '/');

			given |= strcmp(base ? base + 1 : path, name) == 0;
		}
		if (!given)
			strs_add(&left, line);
		free(name);
	}
	strs_free(&s->closure.missing);
	s->closure.missing = left;
}

/* --- environment and settings ---------------------------------------------------------------- */

void spec_take_env(struct spec *s)
{
	const char *term = getenv("TERM");
	char *t;

	for (size_t i = 0; i < s->o->env.n; i++)
		spec_env(s, s->o->env.v[i], false);
	spec_env(s, default_path, true);
	spec_env(s, "HOME=/root", true);
	if (term && *term) {
		t = xasprintf("TERM=%s", term);
		spec_env(s, t, true);
		free(t);
	}
}

static void add_cwd(struct spec *s)
{
	if (!s->guest_cwd && s->o->cwd)
		s->guest_cwd = path_clean("/", s->o->cwd);
	if (!s->guest_cwd)
		s->guest_cwd = xstrdup(s->o->root ? "/" : s->cwd);
	if (s->o->cwd || s->o->root || !plan_add_host(s->plan, s->guest_cwd, NULL))
		plan_add_dir(s->plan, s->guest_cwd, 0);
}

void spec_take_argv(struct spec *s)
{
	const struct opts *o = s->o;

	for (int i = 0; i < o->argc; i++)
		strs_add(&s->argv, o->argv[i]);
	s->program = o->argc ? o->argv[0] : NULL;
	if (!s->program && s->manifest)
		manifest_argv(s);
	if (!s->program)
		die(EXIT_MISUSE,
		    "which program? usage: coracle run [options] PROGRAM [arguments...]");
}

void spec_make(struct spec *s, const struct opts *o)
{
	*s = (struct spec){ .o = o, .plan = plan_new() };
	s->cwd = getcwd(NULL, 0);
	if (!s->cwd)
		die_errno(EXIT_OURS, "the current directory");
	closure_init(&s->closure, s->plan);
	if (o->root)
		add_root(s);
	if (o->manifest)
		manifest_add(s, o->manifest);
	spec_take_argv(s);
	if (o->root)
		find_in_root(s);
	else if (!program_in_plan(s))
		add_program(s);
	if (!o->root) {
		add_arguments(s);
		forgive_given(s);
		refuse_missing(s);
	}
	add_options(s);
	forgive_given(s);
	if (!o->root && !o->no_profiles)
		spec_profiles(s);
	spec_take_env(s);
	add_cwd(s);
	for (size_t i = 0; i < s->closure.missing.n; i++)
		note("not found: %s", s->closure.missing.v[i]);
}

/* --- as text --------------------------------------------------------------------------------- */

static void put_string(struct buf *b, const char *key, const char *s)
{
	buf_fmt(b, "%s:", key);
	quote(b, s, strlen(s));
	buf_str(b, "\n");
}

static void put_list(struct buf *b, const char *key, const struct strs *l)
{
	buf_fmt(b, "%s:[", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? " " : "");
		quote(b, l->v[i], strlen(l->v[i]));
	}
	buf_str(b, "]\n");
}

/* Names that the language has no way to write are left out, with a word. */
static void put_env(struct buf *b, const struct strs *env)
{
	buf_str(b, "environment:(");
	for (size_t i = 0, n = 0; i < env->n; i++) {
		size_t name = strcspn(env->v[i], "=");

		if (env->v[i][strcspn(env->v[i], "()[]:|/ \t\n\"#=")] != '=') {
			warn("environment: the name %.*s cannot be passed on", (int)name,
			     env->v[i]);
			continue;
		}
		buf_fmt(b, "%s%.*s:", n++ ? " " : "", (int)name, env->v[i]);
		quote(b, env->v[i] + name + 1, strlen(env->v[i] + name + 1));
	}
	buf_str(b, ")\n");
}

static void put_manifest(const struct spec *s, const char *const *skip, struct buf *b)
{
	if (s->manifest)
		value_print(b, &(struct value){ .type = VALUE_TUPLE, .t = s->manifest }, skip);
	else
		buf_str(b, "()");
}

void spec_root_text(const struct spec *s, struct buf *b)
{
	static const char *const skip[] = { "children",	 "boot",   "program",
					    "arguments", "cwd",	   "environment",
					    "imagesize", "mounts", NULL };

	put_manifest(s, skip, b);
}

void spec_build_text(const struct spec *s, struct buf *b)
{
	struct buf keys = { 0 };

	spec_root_text(s, b);
	b->s[--b->len] = '\0'; /* the closing parenthesis */
	spec_module_text(s, &keys);
	buf_str(b, "\n");
	buf_add(b, keys.s, keys.len);
	buf_str(b, ")\n");
	buf_free(&keys);
}

/* The manifest's mounts, then --volume's. */
static void put_mounts(struct buf *b, const struct spec *s)
{
	const struct opt_pairs *vols = &s->o->volumes;
	const struct value *v = s->manifest ? tuple_get(s->manifest, "mounts") : NULL;

	if (!v && vols->n == 0)
		return;
	buf_str(b, "mounts:");
	if (v && v->type == VALUE_TUPLE) {
		value_print(b, v, NULL);
		b->s[--b->len] = '\0';
	} else {
		buf_str(b, "(");
	}
	for (size_t i = 0; i < vols->n; i++) {
		buf_fmt(b, "%s%s:", i ? " " : "", vols->v[i].host);
		quote(b, vols->v[i].guest, strlen(vols->v[i].guest));
	}
	buf_str(b, ")\n");
}

void spec_module_text(const struct spec *s, struct buf *b)
{
	put_string(b, "program", s->found);
	put_list(b, "arguments", &s->argv);
	put_env(b, &s->env);
	put_string(b, "cwd", s->guest_cwd);
	put_mounts(b, s);
}
