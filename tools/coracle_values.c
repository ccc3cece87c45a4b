/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifest text in and out.
 */
#include "tools/coracle_values.h"

#include <errno.h>
#include <string.h>

#include "tools/mkimage.h"

struct vstore *values_store(void)
{
	static struct vstore store;
	static bool ready;

	if (!ready && vstore_init(&store, mkimage_alloc()))
		die(EXIT_OURS, "out of memory");
	ready = true;
	return &store;
}

struct file_sink {
	struct manifest_sink sink;
	const char *path;
};

static void found(struct manifest_sink *s, enum manifest_severity sev,
		  const struct manifest_error *e)
{
	const struct file_sink *f = container_of(s, struct file_sink, sink);

	if (sev == MANIFEST_ERROR)
		die(EXIT_MISUSE, "%s:%u:%u: %s", f->path, e->line, e->col, e->what);
	warn("%s:%u:%u: warning: %s", f->path, e->line, e->col, e->what);
}

struct tuple *values_load(const char *path, bool check)
{
	struct file_sink sink = { .sink = { .found = found }, .path = path };
	struct manifest_error e = { 0 };
	struct tuple *t = NULL;
	struct buf text;
	err_t err;

	if (!file_read(path, &text))
		die_errno(EXIT_MISUSE, "%s", path);
	err = manifest_parse(values_store(), text.s, text.len, &t, &e);
	if (err == -ENOMEM)
		die(EXIT_OURS, "out of memory");
	if (err)
		die(EXIT_MISUSE, "%s:%u:%u: %s", path, e.line, e.col, e.what);
	if (check)
		manifest_check(t, text.s, text.len, &sink.sink);
	buf_free(&text);
	return t;
}

void quote(struct buf *b, const char *s, size_t len)
{
	buf_str(b, "\"");
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_str(b, "\\");
		buf_add(b, s + i, 1);
	}
	buf_str(b, "\"");
}

static bool listed(const char *const *l, const char *s)
{
	for (; l && *l; l++)
		if (strcmp(*l, s) == 0)
			return true;
	return false;
}

static void print_tuple(struct buf *b, const struct value *v, const char *const *skip)
{
	bool vector = v->type == VALUE_VECTOR;
	const struct entry *e;
	uint32_t i = 0;

	buf_str(b, vector ? "[" : "(");
	while ((e = tuple_next(v->t, &i)) != NULL) {
		if (!vector && listed(skip, e->key->s))
			continue;
		if (!vector)
			buf_fmt(b, "%s:", e->key->s);
		value_print(b, &e->v, NULL);
		buf_str(b, " ");
	}
	buf_str(b, vector ? "]" : ")");
}

void value_print(struct buf *b, const struct value *v, const char *const *skip)
{
	const char *s;
	size_t len;

	switch (v->type) {
	case VALUE_STRING:
	case VALUE_BUFFER:
		s = value_text(v, &len);
		quote(b, s, len);
		break;
	case VALUE_INT:
		buf_fmt(b, "%s%llu", v->neg ? "-" : "", (unsigned long long)v->u);
		break;
	case VALUE_TUPLE:
	case VALUE_VECTOR:
		print_tuple(b, v, skip);
		break;
	default:
		buf_str(b, "\"\"");
	}
}

struct strs values_strs(const struct tuple *t, const char *key)
{
	const struct value *v = tuple_get(t, key);
	struct strs out = { 0 };
	const char *s = v ? value_text(v, &(size_t){ 0 }) : NULL;

	if (s)
		strs_add(&out, s);
	for (uint32_t i = 0; v && !s && i < value_count(v); i++) {
		const char *item = value_text(value_at(v, i), &(size_t){ 0 });

		if (item)
			strs_add(&out, item);
	}
	return out;
}

const char *values_str(const struct tuple *t, const char *key)
{
	const struct value *v = tuple_get(t, key);

	return v ? value_text(v, &(size_t){ 0 }) : NULL;
}
