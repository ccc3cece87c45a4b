/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/manifest.c: the manifest's text becomes a tuple (doc/manifest.md, Grammar).
 *
 *	value := '(' { name ':' value } ')' | '[' { value } ']' | '"' ... '"' | bare
 *
 * Open tuples and vectors are on a stack of the heap.
 */
#include "image/manifest.h"

#include "lib/fmt.h"
#include "lib/mem.h"

enum {
	POS_MAX = (1 << 27) - 1,
	QUOTE_MAX = 40,
	DEPTH_MAX = 10000, /* twice what a path of PATH_MAX needs */
};

/* An open tuple or vector. */
struct level {
	struct tuple *t;
	struct sym *key; /* of the value being read; NULL in a vector */
	uint32_t key_pos;
	size_t open; /* where it began */
	bool vector;
};

struct parser {
	struct vstore *vs;
	const char *s;
	size_t len, at;
	struct level *v;
	uint32_t n, cap;
	struct tuple *root;
	struct manifest_error *err;
};

void manifest_where(const char *text, size_t len, uint32_t pos, uint32_t *line, uint32_t *col)
{
	uint32_t l = 1, c = 1;

	*line = *col = 0;
	if (!text || !pos || pos - 1 > len)
		return;
	for (size_t i = 0; i < pos - 1; i++) {
		c++;
		if (text[i] == '\n') {
			l++;
			c = 1;
		}
	}
	*line = l;
	*col = c;
}

static uint32_t pos_of(size_t at)
{
	return at < POS_MAX ? (uint32_t)at + 1 : 0;
}

static err_t bad(struct parser *p, size_t at, const char *what)
{
	manifest_where(p->s, p->len, pos_of(at), &p->err->line, &p->err->col);
	fmt(p->err->what, sizeof(p->err->what), "%s", what);
	return -EINVAL;
}

/* "expected ':' after a name, found ...": what is there, so that it can be found by searching for it too. */
static err_t expected(struct parser *p, size_t at, const char *what)
{
	char c = at < p->len ? p->s[at] : 0;
	char text[sizeof(p->err->what)];

	if (at >= p->len)
		fmt(text, sizeof(text), "expected %s, but the manifest ends", what);
	else if (c == '\n')
		fmt(text, sizeof(text), "expected %s, but the line ends", what);
	else if (c > ' ' && c <= '~')
		fmt(text, sizeof(text), "expected %s, found '%c'", what, c);
	else
		fmt(text, sizeof(text), "expected %s, found byte 0x%02x", what, (unsigned char)c);
	return bad(p, at, text);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* White space and comments. */
static void skip(struct parser *p)
{
	while (p->at < p->len) {
		char c = p->s[p->at];

		if (c == '#') {
			while (p->at < p->len && p->s[p->at] != '\n')
				p->at++;
		} else if (is_space(c)) {
			p->at++;
		} else {
			return;
		}
	}
}

static bool ends_bare(char c)
{
	return is_space(c) || c == '(' || c == ')' || c == '[' || c == ']';
}

static bool ends_name(char c)
{
	return ends_bare(c) || c == ':' || c == '|' || c == '/';
}

static err_t push(struct parser *p, struct tuple *t, bool vector)
{
	struct alloc *a = p->vs->a;
	struct level *v;
	uint32_t cap;

	if (p->n == p->cap) {
		cap = p->cap ? p->cap * 2 : 8;
		v = a->resize(a, p->v, p->cap * sizeof(*v), cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n++] = (struct level){ .t = t, .vector = vector, .open = p->at };
	return 0;
}

static struct level *top(struct parser *p)
{
	return &p->v[p->n - 1];
}

/* A value is complete: into the innermost tuple or vector.  Takes it over. */
static err_t store(struct parser *p, struct value v, size_t at)
{
	struct level *l = top(p);
	err_t err;

	if (v.type == VALUE_NONE)
		return -ENOMEM;
	v.pos = l->vector ? pos_of(at) & POS_MAX : l->key_pos & POS_MAX;
	if (l->vector) {
		err = vector_add(p->vs, l->t, v);
	} else {
		err = tuple_set(p->vs, l->t, l->key, v);
		sym_put(p->vs, l->key);
		l->key = NULL;
	}
	if (err)
		value_put(p->vs, &v);
	return err;
}

/* '(' or '[': the tuple is stored in its place at once and filled later. */
static err_t open_nested(struct parser *p, bool vector)
{
	struct tuple *t = tuple_new(p->vs, 0);
	size_t at = p->at;
	err_t err;

	if (!t)
		return -ENOMEM;
	if (p->n == DEPTH_MAX) {
		tuple_put(p->vs, t);
		return bad(p, at, "nested too deeply");
	}
	if (p->n) {
		err = store(p, vector ? value_vector(t) : value_tuple(t), at);
		if (err)
			return err;
	} else {
		p->root = t;
	}
	err = push(p, t, vector);
	p->at++;
	return err;
}

/* '\x' is x, whatever x is: there are no other escapes. */
static err_t read_quoted(struct parser *p)
{
	size_t open = p->at, n = 0, i;
	struct value v;
	char *text;
	err_t err;

	for (i = open + 1; i < p->len && p->s[i] != '"'; i++, n++)
		if (p->s[i] == '\\')
			i++;
	if (i >= p->len)
		return bad(p, open, "this string is not closed: expected '\"'");
	text = alloc_get(p->vs->a, n + 1);
	if (!text)
		return -ENOMEM;
	n = 0;
	for (i = open + 1; p->s[i] != '"'; i++) {
		if (p->s[i] == '\\')
			i++;
		text[n++] = p->s[i];
	}
	p->at = i + 1;
	v = value_string(p->vs, text, n);
	alloc_put(p->vs->a, text, n + 1);
	err = store(p, v, open);
	if (!err && p->at < p->len && !ends_bare(p->s[p->at]) && p->s[p->at] != '#')
		return expected(p, p->at, "white space after a quoted string");
	return err;
}

static err_t read_bare(struct parser *p)
{
	size_t start = p->at;

	while (p->at < p->len && !ends_bare(p->s[p->at]))
		p->at++;
	return store(p, value_string(p->vs, p->s + start, p->at - start), start);
}

static err_t read_value(struct parser *p)
{
	char c;

	skip(p);
	c = p->at < p->len ? p->s[p->at] : ')';
	switch (c) {
	case '(':
	case '[':
		return open_nested(p, c == '[');
	case ')':
	case ']':
		return expected(p, p->at, "a value");
	case '"':
		return read_quoted(p);
	default:
		return read_bare(p);
	}
}

static err_t duplicate(struct parser *p, size_t at, const struct value *first)
{
	char text[sizeof(p->err->what)];
	uint32_t line, col;
	size_t n = p->at - at;

	manifest_where(p->s, p->len, first->pos, &line, &col);
	fmt(text, sizeof(text), "\"%.*s\" is given twice, first in line %u",
	    (int)MIN(n, (size_t)QUOTE_MAX), p->s + at, line);
	return bad(p, at, text);
}

/* name ':' */
static err_t read_name(struct parser *p)
{
	struct level *l = top(p);
	const struct value *first;
	size_t start = p->at;

	while (p->at < p->len && !ends_name(p->s[p->at]))
		p->at++;
	if (p->at == start)
		return expected(p, start, "a name or ')'");
	first = tuple_getn(l->t, p->s + start, p->at - start);
	if (first)
		return duplicate(p, start, first);
	l->key = sym_get(p->vs, p->s + start, p->at - start);
	if (!l->key)
		return -ENOMEM;
	l->key_pos = pos_of(start);
	skip(p);
	if (p->at >= p->len || p->s[p->at] != ':')
		return expected(p, p->at, "':' after a name");
	p->at++;
	return 0;
}

/* What comes next inside the innermost tuple or vector. */
static err_t read_item(struct parser *p)
{
	struct level *l = top(p);
	char close = l->vector ? ']' : ')';
	err_t err;

	skip(p);
	if (p->at >= p->len)
		return bad(p, l->open,
			   l->vector ? "this '[' is not closed: expected ']'"
				     : "this '(' is not closed: expected ')'");
	if (p->s[p->at] == close) {
		p->at++;
		p->n--;
		return 0;
	}
	if (l->vector)
		return read_value(p);
	err = read_name(p);
	return err ? err : read_value(p);
}

static err_t read_all(struct parser *p)
{
	err_t err = 0;

	skip(p);
	if (p->at >= p->len || p->s[p->at] != '(')
		return expected(p, p->at, "'(', which begins a manifest");
	err = open_nested(p, false);
	while (!err && p->n)
		err = read_item(p);
	if (err)
		return err;
	skip(p);
	return p->at < p->len ? expected(p, p->at, "nothing behind the manifest's ')'") : 0;
}

err_t manifest_parse(struct vstore *vs, const char *text, size_t len, struct tuple **out,
		     struct manifest_error *error)
{
	struct parser p = { .vs = vs, .s = text, .len = len, .err = error };
	err_t err = read_all(&p);

	for (uint32_t i = 0; i < p.n; i++)
		sym_put(vs, p.v[i].key);
	alloc_put(vs->a, p.v, p.cap * sizeof(*p.v));
	if (err) {
		tuple_put(vs, p.root);
		return err;
	}
	*out = p.root;
	return 0;
}

const struct value *manifest_find(const struct tuple *root, const char *path)
{
	const struct tuple *t = root;

	for (;;) {
		const char *dot = strchr(path, '.');
		size_t len = dot ? (size_t)(dot - path) : strlen(path);
		const struct value *v = tuple_getn(t, path, len);

		if (!v || !dot)
			return v;
		if (v->type != VALUE_TUPLE)
			return NULL;
		t = v->t;
		path = dot + 1;
	}
}
