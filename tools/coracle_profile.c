/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runtime profiles: what a program needs beside its ELF closure, as data (doc/run.md, "Profiles").
 *
 * profiles/NAME.manifest under the installation, then $XDG_CONFIG_HOME/coracle/profiles: a user's file of
 * the same name replaces ours.  A profile applies when the program's name matches `programs`, or a
 * library matched by `needs` is in the closure.  Applying one may bring libraries that make another apply, so the
 * list is gone through until nothing changes.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "tools/coracle_paths.h"
#include "tools/coracle_spec.h"
#include "tools/coracle_wanted.h"

struct profile {
	char *name, *path;
	struct tuple *t; /* NULL until read */
	bool applied;
};

struct profiles {
	struct spec *s;
	struct profile *v;
	size_t n;
	struct strs var;   /* "prefix=/usr" */
	struct strs texts; /* files added from beside: scripts, among others */
};

/* --- finding them ---------------------------------------------------------------------------- */

static void add_file(struct profiles *ps, const char *dir, const char *file)
{
	const char *dot = strrchr(file, '.');
	struct profile p = { 0 };

	if (file[0] == '.' || !dot || strcmp(dot, ".manifest") != 0)
		return;
	p.name = xstrndup(file, (size_t)(dot - file));
	p.path = path_join(dir, file);
	for (size_t i = 0; i < ps->n; i++)
		if (strcmp(ps->v[i].name, p.name) == 0) {
			ps->v[i] = p;
			return;
		}
	ps->v = xrealloc(ps->v, (ps->n + 1) * sizeof(*ps->v));
	ps->v[ps->n++] = p;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct profile *)a)->name, ((const struct profile *)b)->name);
}

static void scan(struct profiles *ps, const char *dir)
{
	struct dirent *e;
	struct stat st;
	DIR *d;

	(void)host_stat(ps->s->plan->seen, dir, &st);
	host_list(ps->s->plan->seen, dir);
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d)) != NULL)
		add_file(ps, dir, e->d_name);
	closedir(d);
}

static void load_all(struct profiles *ps)
{
	char *ours = paths_profiles(), *theirs = paths_user_profiles();
	struct stat st;

	if (ours)
		scan(ps, ours);
	scan(ps, theirs);
	qsort(ps->v, ps->n, sizeof(*ps->v), by_name);
	for (size_t i = 0; i < ps->n; i++) {
		(void)host_stat(ps->s->plan->seen, ps->v[i].path, &st);
		ps->v[i].t = values_load(ps->v[i].path, false);
	}
	free(ours);
	free(theirs);
}

/* Unknown keys are a user's typing error more often than not. */
static void check_keys(const struct profile *p)
{
	static const char *const known[] = {
		"programs",   "arguments",   "needs",	"dynamic", "dirs",
		"files",      "libraries",   "exclude", "beside",  "beside_packages",
		"beside_cwd", "environment", "texts",	"links",   "wanted_dirs",
		"wanted_by",  "directories", "memory",	"include", "note",
	};
	const struct entry *e;
	uint32_t i = 0;

	while ((e = tuple_next(p->t, &i)) != NULL) {
		size_t k = 0;

		while (k < ARRAY_LEN(known) && strcmp(known[k], e->key->s) != 0)
			k++;
		if (k == ARRAY_LEN(known))
			die(EXIT_MISUSE, "%s: unknown key \"%s\"", p->path, e->key->s);
	}
}

/* --- does one apply? ------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool any_match(const struct strs *patterns, const char *s)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (fnmatch(patterns->v[i], s, 0) == 0)
			return true;
	return false;
}

static bool applies(struct profiles *ps, const struct profile *p)
{
	const struct spec *s = ps->s;
	struct strs programs = values_strs(p->t, "programs"), needs = values_strs(p->t, "needs");
	const struct value *dynamic = tuple_get(p->t, "dynamic");
	bool yes =
		any_match(&programs, base_of(s->found)) || any_match(&programs, base_of(s->real));

	if (dynamic && value_get_flag(dynamic) && !s->closure.dynamic)
		yes = false;
	for (size_t i = 0; !yes && i < s->closure.sonames.n; i++)
		yes = any_match(&needs, s->closure.sonames.v[i]);
	strs_free(&programs);
	strs_free(&needs);
	return yes;
}

/* --- applying -------------------------------------------------------------------------------- */

static const char *variable(const struct profiles *ps, const char *name, size_t len)
{
	for (size_t i = 0; i < ps->var.n; i++)
		if (strncmp(ps->var.v[i], name, len) == 0 && ps->var.v[i][len] == '=')
			return ps->var.v[i] + len + 1;
	return NULL;
}

/* ${prefix}, ${found}, ${name}, ${home}; NULL when one is not known. */
static char *expand(const struct profiles *ps, const struct profile *p, const char *s)
{
	struct buf b = { 0 };

	buf_str(&b, "");
	while (*s) {
		const char *end = strncmp(s, "${", 2) == 0 ? strchr(s, '}') : NULL, *value;

		if (!end) {
			buf_add(&b, s++, 1);
			continue;
		}
		value = variable(ps, s + 2, (size_t)(end - s - 2));
		if (!value)
			die(EXIT_MISUSE, "%s: unknown variable %.*s", p->path, (int)(end - s + 1),
			    s);
		buf_str(&b, value);
		s = end + 1;
	}
	return b.s;
}

/* The directory above the first wildcard decides what a pattern can find. */
static void note_glob(struct profiles *ps, const char *pattern)
{
	size_t wild = strcspn(pattern, "*?[");
	char *dir = xstrndup(pattern, wild), *slash;
	struct stat st;

	if (pattern[wild] == '\0') {
		(void)host_stat(ps->s->plan->seen, dir, &st);
	} else if ((slash = strrchr(dir, '/')) != NULL) {
		slash[slash == dir] = '\0';
		host_list(ps->s->plan->seen, dir);
	}
	free(dir);
}

/* The host's paths for each pattern of a key. */
static struct strs matches(struct profiles *ps, const struct profile *p, const char *key)
{
	struct strs pats = values_strs(p->t, key), out = { 0 };

	for (size_t i = 0; i < pats.n; i++) {
		char *pat = expand(ps, p, pats.v[i]);
		glob_t g;

		note_glob(ps, pat);
		if (glob(pat, GLOB_BRACE, NULL, &g) == 0) {
			for (size_t k = 0; k < g.gl_pathc; k++)
				strs_add(&out, g.gl_pathv[k]);
			globfree(&g);
		}
		free(pat);
	}
	strs_free(&pats);
	return out;
}

static bool is_object(const char *name)
{
	const char *so = strstr(name, ".so");

	return (so && (so[3] == '\0' || so[3] == '.')) || fnmatch("*.node", name, 0) == 0;
}

/* What the shared objects in a tree need.  One that is not for us, or lacks something, is left as it is. */
static void close_tree(struct spec *s, const struct plan_node *n)
{
	const char *why;

	if (n->type == PLAN_FILE && n->host && is_object(n->name))
		(void)closure_add_needs(&s->closure, n->host, &why);
	/* What is added here meanwhile moves the rest up: seen twice at worst, never missed. */
	for (size_t i = 0; n->type == PLAN_DIR && i < n->n; i++)
		close_tree(s, n->child[i]);
}

static void add_tree(struct profiles *ps, const char *path, const struct strs *exclude)
{
	struct plan_filter f = { .exclude = exclude };
	struct spec *s = ps->s;
	char *real;

	if (!plan_add_host(s->plan, path, &real))
		return;
	if (!plan_add_tree(s->plan, real, real, &f))
		note("%s: %s", path, strerror(errno));
	close_tree(s, plan_find(s->plan, real));
	free(real);
}

static void add_path(struct profiles *ps, const char *path, const struct strs *exclude)
{
	struct spec *s = ps->s;
	const char *why;
	struct stat st;

	if (!host_stat(s->plan->seen, path, &st))
		return;
	if (S_ISDIR(st.st_mode))
		add_tree(ps, path, exclude);
	else if (S_ISREG(st.st_mode) && is_object(base_of(path)))
		(void)closure_add(&s->closure, path, &why);
	else if (S_ISREG(st.st_mode))
		plan_add_host(s->plan, path, NULL);
}

static void add_paths(struct profiles *ps, const struct profile *p, const char *key,
		      const struct strs *exclude)
{
	struct strs found = matches(ps, p, key);

	for (size_t i = 0; i < found.n; i++)
		add_path(ps, found.v[i], exclude);
	strs_free(&found);
}

/* Does a directory hold the file that makes it a package? */
static bool is_package(struct profiles *ps, const char *dir, const struct strs *marks)
{
	for (size_t i = 0; i < marks->n; i++) {
		char *path = path_join(dir, marks->v[i]);
		struct stat st;
		bool yes = host_stat(ps->s->plan->seen, path, &st);

		free(path);
		if (yes)
			return true;
	}
	return false;
}

static void collect(struct profiles *ps, const struct plan_node *n)
{
	if (n && n->type == PLAN_FILE && n->host)
		strs_add(&ps->texts, n->host);
	for (size_t i = 0; n && i < n->n; i++)
		collect(ps, n->child[i]);
}

static void add_beside(struct profiles *ps, const struct profile *p, const char *dir,
		       const struct strs *exclude)
{
	struct strs beside = values_strs(p->t, "beside");
	struct strs marks = values_strs(p->t, "beside_packages");
	struct dirent *e;
	DIR *d;

	host_list(ps->s->plan->seen, dir);
	d = beside.n || marks.n ? opendir(dir) : NULL;
	while (d && (e = readdir(d)) != NULL) {
		char *path = path_join(dir, e->d_name);

		if (e->d_name[0] != '.' &&
		    (any_match(&beside, e->d_name) || (marks.n && is_package(ps, path, &marks)))) {
			add_path(ps, path, exclude);
			collect(ps, plan_find(ps->s->plan, path));
		}
		free(path);
	}
	if (d)
		closedir(d);
	strs_free(&beside);
	strs_free(&marks);
}

/* Beside the files that arguments name, and in the current directory when an argument says so. */
static void add_all_beside(struct profiles *ps, const struct profile *p, const struct strs *exclude)
{
	struct strs words = values_strs(p->t, "beside_cwd"), done = { 0 };
	struct spec *s = ps->s;

	for (size_t i = 0; i < s->files.n; i++) {
		char *copy = xstrdup(s->files.v[i]), *dir = dirname(copy);

		if (!strs_has(&done, dir)) {
			strs_add(&done, dir);
			add_beside(ps, p, dir, exclude);
		}
		free(copy);
	}
	for (size_t i = 1; i < s->argv.n; i++)
		if (strs_has(&words, s->argv.v[i]) && !strs_has(&done, s->cwd)) {
			strs_add(&done, s->cwd);
			add_beside(ps, p, s->cwd, exclude);
		}
	strs_free(&words);
	strs_free(&done);
}

/* Big trees, for those who ask for something in them, or may (doc/run.md, "Profiles"). */
static void add_wanted(struct profiles *ps, const struct profile *p, const struct strs *exclude)
{
	struct strs dirs = matches(ps, p, "wanted_dirs"), by = values_strs(p->t, "wanted_by");
	struct strs names = { 0 }, files = { 0 };
	struct spec *s = ps->s;

	for (size_t i = 0; dirs.n && i < s->files.n; i++)
		strs_add(&files, s->files.v[i]);
	for (size_t i = 0; dirs.n && i < ps->texts.n; i++)
		strs_add(&files, ps->texts.v[i]);
	if (dirs.n)
		names = wanted_names(&by, p->path, &files, &s->argv);
	for (size_t i = 0; i < dirs.n; i++)
		if (s->argv.n == 1 || wanted_in(s->plan->seen, dirs.v[i], &names))
			add_path(ps, dirs.v[i], exclude);
	strs_free(&dirs);
	strs_free(&by);
	strs_free(&names);
	strs_free(&files);
}

static void add_environment(struct profiles *ps, const struct profile *p)
{
	const struct value *v = tuple_get(p->t, "environment");
	const struct entry *e;
	uint32_t i = 0;

	while (v && v->type == VALUE_TUPLE && (e = tuple_next(v->t, &i)) != NULL) {
		const char *text = value_text(&e->v, &(size_t){ 0 });
		char *value = expand(ps, p, text ? text : "");
		char *a = xasprintf("%s=%s", e->key->s, value);

		spec_env(ps->s, a, true);
		free(value);
		free(a);
	}
}

/* texts:[(path:P text:T) ...] and links:[(path:P target:T) ...], where the plan has nothing yet. */
static void add_made(struct profiles *ps, const struct profile *p, const char *key,
		     const char *what)
{
	const struct value *list = tuple_get(p->t, key);

	for (uint32_t i = 0; list && i < value_count(list); i++) {
		const struct value *v = value_at(list, i);
		const char *path = v->type == VALUE_TUPLE ? values_str(v->t, "path") : NULL;
		const char *text = path ? values_str(v->t, what) : NULL;

		if (!text)
			die(EXIT_MISUSE, "%s: %s wants entries (path:\"/...\" %s:\"...\")", p->path,
			    key, what);
		if (plan_find(ps->s->plan, path))
			continue;
		if (strcmp(what, "text") == 0)
			plan_add_data(ps->s->plan, path, text, strlen(text), 0644);
		else
			plan_add_link(ps->s->plan, path, text);
	}
}

/*
 * arguments:[(option:O has:H add:T) ...]: the program is to be called with option O; with `add`, that its
 * value is T, or a value without H in it has T appended.
 */
static void ensure_argument(struct strs *argv, const char *option, const char *has, const char *add)
{
	size_t i = 1;

	while (i < argv->n && strcmp(argv->v[i], option) != 0)
		i++;
	if (i >= argv->n) {
		strs_add(argv, option);
		if (add)
			strs_add(argv, add);
	} else if (add && i + 1 < argv->n && !strstr(argv->v[i + 1], has)) {
		char *both = xasprintf("%s %s", argv->v[i + 1], add);

		free(argv->v[i + 1]);
		argv->v[i + 1] = both;
	}
}

static void add_arguments(struct profiles *ps, const struct profile *p)
{
	const struct value *list = tuple_get(p->t, "arguments");

	for (uint32_t i = 0; list && i < value_count(list); i++) {
		const struct value *v = value_at(list, i);
		const char *option = v->type == VALUE_TUPLE ? values_str(v->t, "option") : NULL;
		const char *has;

		if (!option)
			die(EXIT_MISUSE, "%s: arguments wants entries (option:\"-x\" ...)",
			    p->path);
		has = values_str(v->t, "has");
		ensure_argument(&ps->s->argv, option, has ? has : "", values_str(v->t, "add"));
	}
}

static void add_directories(struct profiles *ps, const struct profile *p)
{
	struct strs dirs = values_strs(p->t, "directories");

	for (size_t i = 0; i < dirs.n; i++) {
		char *path = expand(ps, p, dirs.v[i]);

		if (!plan_add_host(ps->s->plan, path, NULL))
			plan_add_dir(ps->s->plan, path, 0755);
		free(path);
	}
	strs_free(&dirs);
}

static void apply(struct profiles *ps, struct profile *p);

static void apply_included(struct profiles *ps, const struct profile *p)
{
	struct strs names = values_strs(p->t, "include");

	for (size_t i = 0; i < names.n; i++) {
		size_t k = 0;

		while (k < ps->n && strcmp(ps->v[k].name, names.v[i]) != 0)
			k++;
		if (k == ps->n)
			die(EXIT_MISUSE, "%s: includes \"%s\", and there is no such profile",
			    p->path, names.v[i]);
		apply(ps, &ps->v[k]);
	}
	strs_free(&names);
}

static void apply(struct profiles *ps, struct profile *p)
{
	struct strs exclude;
	const struct value *memory = tuple_get(p->t, "memory");
	uint64_t size;

	if (p->applied)
		return;
	p->applied = true;
	note("profile %s", p->name);
	check_keys(p);
	apply_included(ps, p);
	exclude = values_strs(p->t, "exclude");
	add_paths(ps, p, "dirs", &exclude);
	add_paths(ps, p, "files", &exclude);
	add_paths(ps, p, "libraries", &exclude);
	add_all_beside(ps, p, &exclude);
	add_wanted(ps, p, &exclude);
	add_environment(ps, p);
	add_made(ps, p, "texts", "text");
	add_made(ps, p, "links", "target");
	add_directories(ps, p);
	add_arguments(ps, p);
	if (memory && value_get_size(memory, &size) == 0)
		ps->s->memory = MAX(ps->s->memory, size);
	strs_free(&exclude);
}

/* ${found} is the prefix by which the program was called: a virtual environment's, for one. */
static void set_variables(struct profiles *ps)
{
	const char *path[] = { ps->s->real, ps->s->found };
	const char *name[] = { "prefix", "found" };

	for (int i = 0; i < 2; i++) {
		char *copy = xstrdup(path[i]), *dir = dirname(dirname(copy));

		strs_addf(&ps->var, "%s=%s", name[i], strcmp(dir, "/") == 0 ? "/usr" : dir);
		free(copy);
	}
	strs_addf(&ps->var, "name=%s", base_of(ps->s->real));
	strs_addf(&ps->var, "home=%s", getenv("HOME") ? getenv("HOME") : "/root");
}

void spec_profiles(struct spec *s)
{
	struct profiles ps = { .s = s };
	bool changed = true;

	load_all(&ps);
	set_variables(&ps);
	while (changed) {
		changed = false;
		for (size_t i = 0; i < ps.n; i++)
			if (!ps.v[i].applied && applies(&ps, &ps.v[i])) {
				apply(&ps, &ps.v[i]);
				changed = true;
			}
	}
	strs_free(&ps.var);
	strs_free(&ps.texts);
	free(ps.v);
}
