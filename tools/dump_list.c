/* SPDX-License-Identifier: Apache-2.0 */
/* tools/dump_list.c: names and manifest of an image as text. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/dump_int.h"

enum { DEPTH_MAX = 2048 }; /* what PATH_MAX can name */

struct names {
	struct tfs_dirent *v;
	size_t n, cap;
};

static int by_name(const void *a, const void *b)
{
	const struct tfs_dirent *x = a, *y = b;
	int c = memcmp(x->name, y->name, MIN(x->len, y->len));

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

/* The directory does not change under us, so that the names stay where they are. */
static struct names read_names(struct tfs_inode *dir)
{
	struct names l = { 0 };
	struct tfs_dirent e;

	for (uint64_t c = 0; tfs_readdir(dir, c, &e) == 0; c = e.cookie) {
		if (l.n == l.cap) {
			l.cap = l.cap ? l.cap * 2 : 32;
			l.v = realloc(l.v, l.cap * sizeof(*l.v));
			if (!l.v)
				abort();
		}
		l.v[l.n++] = e;
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	return l;
}

/* Names are other people's bytes: control characters do not reach the terminal. */
static void print_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < ' ' || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static char type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFSOCK:
		return 's';
	case S_IFIFO:
		return 'p';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	default:
		return '-';
	}
}

static void print_mode(const struct tfs_inode *i)
{
	static const char rwx[] = "rwxrwxrwx";

	putchar(type_of(i->mode));
	for (int k = 0; k < 9; k++)
		putchar(i->mode & (0400u >> k) ? rwx[k] : '-');
	printf(" %3u %10llu ", i->nlink, (unsigned long long)i->size);
}

static void print_one(struct tfs_inode *i, const char *path, const struct tfs_dirent *e, bool tree,
		      unsigned depth)
{
	const char *target;
	size_t len;

	if (tree) {
		printf("%*s", (int)(depth * 4), "");
	} else {
		print_mode(i);
		print_text(path, strlen(path));
		putchar('/');
	}
	print_text(e->name, e->len);
	if (tree && S_ISDIR(i->mode))
		putchar('/');
	if (tfs_readlink(i, &target, &len) == 0) {
		fputs(" -> ", stdout);
		print_text(target, len);
	}
	putchar('\n');
}

static void list(struct tfs_inode *dir, const char *path, bool tree, unsigned depth)
{
	struct names l = read_names(dir);

	for (size_t k = 0; k < l.n; k++) {
		struct tfs_inode *i;
		char *sub;

		if (tfs_lookup(dir, l.v[k].name, l.v[k].len, &i))
			continue;
		print_one(i, path, &l.v[k], tree, depth);
		if (S_ISDIR(i->mode) && depth < DEPTH_MAX) {
			if (asprintf(&sub, "%s/%.*s", path, (int)l.v[k].len, l.v[k].name) < 0)
				abort();
			list(i, sub, tree, depth + 1);
			free(sub);
		}
		tfs_put(i);
	}
	free(l.v);
}

void dump_list(struct tfs_inode *dir, bool tree)
{
	list(dir, "", tree, 0);
}

/* --- the manifest --------------------------------------------------------------------------------- */

static void print_quoted(const char *s, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			putchar('\\');
		putchar(s[i]);
	}
	putchar('"');
}

static void print_value(const struct value *v, unsigned depth)
{
	bool vector = v->type == VALUE_VECTOR;
	const struct entry *e;
	const char *s;
	size_t len;
	uint32_t i = 0;

	if (depth > DEPTH_MAX) { /* an image's depth is its writer's choice, our stack is not */
		fputs("...", stdout);
		return;
	}
	if (v->type == VALUE_INT) {
		printf("%s%llu", v->neg ? "-" : "", (unsigned long long)v->u);
		return;
	}
	s = value_text(v, &len);
	if (s) {
		/* One zero byte is how a log says "present". */
		if (len == 1 && !s[0])
			putchar('t');
		else
			print_quoted(s, len);
		return;
	}
	putchar(vector ? '[' : '(');
	while ((e = tuple_next(v->t, &i)) != NULL) {
		putchar(' ');
		if (e->key)
			printf("%s:", e->key->s);
		print_value(&e->v, depth + 1);
	}
	fputs(vector ? " ]" : " )", stdout);
}

/* The root directory's own attributes, and its files, are no part of the manifest. */
static bool is_inode_key(const struct sym *key)
{
	static const char *const names[] = { "children", "mode",  "uid",   "gid",   "atime",
					     "mtime",	 "ctime", "btime", "xattrs" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(key->s, names[i]) == 0)
			return true;
	return false;
}

void dump_manifest(const struct tuple *root)
{
	const struct entry *e;
	uint32_t i = 0;

	puts("(");
	while ((e = tuple_next(root, &i)) != NULL) {
		if (!e->key || is_inode_key(e->key))
			continue;
		printf("    %s:", e->key->s);
		print_value(&e->v, 1);
		putchar('\n');
	}
	puts(")");
}
