/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest's children: (name:(contents:(host:PATH)) name:(linktarget:TARGET) name:(children:(...))).
 * Host paths are relative to the current directory, as mkfs takes them.
 */
#include "tools/coracle_manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add_children(struct spec *s, const struct tuple *dir, const char *guest);

static const struct tuple *tuple_at(const struct tuple *t, const char *key)
{
	const struct value *v = tuple_get(t, key);

	return v && v->type == VALUE_TUPLE ? v->t : NULL;
}

static void add_child(struct spec *s, const struct tuple *t, const char *guest)
{
	const struct tuple *contents = tuple_at(t, "contents"), *children = tuple_at(t, "children");
	const char *target = values_str(t, "linktarget"), *host;
	char *path;

	if (target) {
		plan_add_link(s->plan, guest, target);
		return;
	}
	if (!contents) {
		plan_add_dir(s->plan, guest, 0755);
		if (children)
			add_children(s, children, guest);
		return;
	}
	host = values_str(contents, "host");
	if (!host)
		die(EXIT_MISUSE, "%s: %s: contents wants (host:FILE)", s->o->manifest, guest);
	path = path_abs(s->cwd, host);
	if (!plan_add_at(s->plan, path, guest))
		die_errno(EXIT_MISUSE, "%s: %s", s->o->manifest, host);
	free(path);
}

static void add_children(struct spec *s, const struct tuple *dir, const char *guest)
{
	const struct entry *e;
	uint32_t i = 0;

	while ((e = tuple_next(dir, &i)) != NULL) {
		char *path = path_join(guest, e->key->s);

		if (e->v.type != VALUE_TUPLE)
			die(EXIT_MISUSE, "%s: children: %s: expected a tuple", s->o->manifest,
			    path);
		add_child(s, e->v.t, path);
		free(path);
	}
}

void manifest_environment(struct spec *s)
{
	const struct tuple *env = tuple_at(s->manifest, "environment");
	const struct entry *e;
	uint32_t i = 0;

	while (env && (e = tuple_next(env, &i)) != NULL) {
		const char *v = value_text(&e->v, &(size_t){ 0 });
		char *a = xasprintf("%s=%s", e->key->s, v ? v : "");

		spec_env(s, a, false);
		free(a);
	}
}

void manifest_add(struct spec *s, const char *path)
{
	const struct tuple *t;
	const char *cwd;
	struct stat st;

	(void)host_stat(s->plan->seen, path, &st);
	s->manifest = values_load(path, true);
	t = tuple_at(s->manifest, "children");
	if (t)
		add_children(s, t, "/");
	manifest_environment(s);
	cwd = values_str(s->manifest, "cwd");
	if (cwd && !s->o->cwd)
		s->guest_cwd = path_clean("/", cwd);
}

void manifest_argv(struct spec *s)
{
	struct strs args = values_strs(s->manifest, "arguments");

	s->program = values_str(s->manifest, "program");
	if (!s->program)
		die(EXIT_MISUSE, "%s: names no program, and neither does the command line",
		    s->o->manifest ? s->o->manifest : s->o->image);
	strs_add(&s->argv, args.n ? args.v[0] : s->program);
	for (size_t i = 1; i < args.n; i++)
		strs_add(&s->argv, args.v[i]);
	strs_free(&args);
}
