/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/mkimage_tree.c: the files that a manifest names: its `children`, whose leaves say
 * (contents:(host:PATH)) or (linktarget:TEXT), and the boot file system's.
 */
#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage_int.h"

static int64_t mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* No later than SOURCE_DATE_EPOCH, so that what was built does not depend on when. */
static int64_t clamp_time(int64_t ns)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long sec;

	if (!s || !*s)
		return ns;
	errno = 0;
	sec = strtoll(s, &end, 10);
	if (errno || *end || sec < 0 || sec > INT64_MAX / 1000000000)
		return ns;
	return MIN(ns, (int64_t)sec * 1000000000);
}

static struct mkimage_attr attr_of(const struct stat *st)
{
	return (struct mkimage_attr){
		.mode = st->st_mode & 07777,
		.mtime = clamp_time(mtime_of(st)),
	};
}

static char *join(const char *dir, const char *name)
{
	char *s;

	if (asprintf(&s, "%s/%s", dir, name) < 0)
		abort();
	return s;
}

/* The host's file: under the target root when it is there, else as it is named. */
static char *resolve(const char *target, const char *host)
{
	char *s = target ? join(target, host) : NULL;

	if (s && access(s, F_OK) == 0)
		return s;
	free(s);
	return strdup(host);
}

static bool add_host(struct mkimage *m, struct tfs_inode *dir, const char *name, const char *host);

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* The byte order of names, so that the image does not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_host_dir(struct mkimage *m, struct tfs_inode *dir, const char *name,
			 const char *host, const struct mkimage_attr *a)
{
	struct tfs_inode *d = mkimage_dir(m, dir, name, a);
	struct dirent **list;
	int n = d ? scandir(host, &list, no_dots, by_name) : 0;

	if (n < 0)
		return mk_fail(m, "%s: %s", host, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *sub = join(host, list[i]->d_name);

		if (!m->failed)
			add_host(m, d, list[i]->d_name, sub);
		free(sub);
		free(list[i]);
	}
	if (d)
		free(list);
	return !m->failed;
}

static bool add_host_link(struct mkimage *m, struct tfs_inode *dir, const char *name,
			  const char *host, const struct mkimage_attr *a)
{
	char target[4096];
	ssize_t n = readlink(host, target, sizeof(target) - 1);

	if (n < 0)
		return mk_fail(m, "%s: %s", host, strerror(errno));
	target[n] = 0;
	return mkimage_link(m, dir, name, a, target);
}

/* Below a directory that a manifest names, links stay links. */
static bool add_host(struct mkimage *m, struct tfs_inode *dir, const char *name, const char *host)
{
	struct mkimage_src src = { .host = host };
	struct mkimage_attr a;
	struct stat st;

	if (lstat(host, &st) < 0)
		return mk_fail(m, "%s: %s", host, strerror(errno));
	a = attr_of(&st);
	if (S_ISDIR(st.st_mode))
		return add_host_dir(m, dir, name, host, &a);
	if (S_ISLNK(st.st_mode))
		return add_host_link(m, dir, name, host, &a);
	return mkimage_file(m, dir, name, &a, &src);
}

/* `exec` and `readonly` are the manifest's word about a file, kept for the kernel. */
static bool copy_flags(struct mkimage *m, struct tfs_inode *dir, const char *name,
		       const struct tuple *t)
{
	static const char *const flags[] = { "exec", "readonly" };
	struct tfs_inode *i;
	err_t err = tfs_lookup(dir, name, strlen(name), &i);

	if (err)
		return mk_fail_err(m, err, name);
	for (size_t k = 0; k < ARRAY_LEN(flags) && !err; k++)
		if (value_get_flag(tuple_get(t, flags[k])))
			err = tfs_inode_set(i, flags[k], value_string(tfs_store(i->fs), "t", 1));
	tfs_put(i);
	return err ? mk_fail_err(m, err, name) : true;
}

/* A file that the manifest names is wanted, whatever links lead to it. */
static bool add_contents(struct mkimage *m, struct tfs_inode *dir, const char *name,
			 const struct tuple *t, const char *host)
{
	struct mkimage_src src = { .host = host };
	struct mkimage_attr a;
	struct stat st;

	if (stat(host, &st) < 0)
		return mk_fail(m, "%s: %s (named by the manifest for \"%s\")", host,
			       strerror(errno), name);
	a = attr_of(&st);
	if (S_ISDIR(st.st_mode))
		return add_host_dir(m, dir, name, host, &a);
	if (value_get_flag(tuple_get(t, "exec")))
		a.mode |= 0555;
	return mkimage_file(m, dir, name, &a, &src) && copy_flags(m, dir, name, t);
}

static bool add_one(struct mkimage *m, struct tfs_inode *dir, const char *name,
		    const struct value *v, const char *target)
{
	static const struct mkimage_attr plain = { .mode = 0755 }, data = { .mode = 0644 };
	const struct mkimage_src empty = { .data = "" };
	const struct value *children, *contents, *link;
	const char *text = NULL;
	char *host;
	bool ok;

	if (v->type != VALUE_TUPLE)
		return mk_fail(m, "children: \"%s\" is not described by a tuple, (...)", name);
	children = tuple_get(v->t, "children");
	contents = tuple_get(v->t, "contents");
	link = tuple_get(v->t, "linktarget");
	if (children && children->type == VALUE_TUPLE) {
		struct tfs_inode *d = mkimage_dir(m, dir, name, &plain);

		return d && mkimage_children(m, d, children->t, target);
	}
	if (link && value_text(link, NULL))
		return mkimage_link(m, dir, name, &plain, link->s);
	if (!contents)
		return mkimage_file(m, dir, name, &data, &empty);
	if (contents->type == VALUE_TUPLE)
		text = value_text(tuple_get(contents->t, "host"), NULL);
	if (!text)
		return mk_fail(m, "children: the contents of \"%s\" are not (host:PATH)", name);
	host = resolve(target, text);
	ok = add_contents(m, dir, name, v->t, host);
	free(host);
	return ok;
}

bool mkimage_children(struct mkimage *m, struct tfs_inode *dir, const struct tuple *children,
		      const char *target)
{
	const struct entry *e;
	uint32_t i = 0;

	while (!m->failed && (e = tuple_next(children, &i)) != NULL)
		if (e->key)
			add_one(m, dir, e->key->s, &e->v, target);
	return !m->failed;
}

/*
 * Format 5 always: whatever boots from it may be older than we are.  The root file system moves behind
 * it.
 */
static bool make_boot(struct mkimage *m)
{
	uint64_t first = m->root.w.first, all = m->root.w.nsect;
	struct tfs_inode *root = m->root_dir;

	if (m->boot.fs)
		return true;
	if (m->ndir || all < MK_BOOTFS_SECTORS + 128)
		return mk_fail(m, "%s: too small for a boot file system of 12 MB", m->o.path);
	tfs_put(root);
	tfs_unmount(m->root.fs);
	m->root_dir = NULL;
	m->root.fs = NULL;
	if (!mk_format(m, &m->boot, 5, first, MK_BOOTFS_SECTORS, 64) ||
	    !mk_format(m, &m->root, m->o.format, first + MK_BOOTFS_SECTORS, all - MK_BOOTFS_SECTORS,
		       64))
		return false;
	m->root_dir = tfs_root(m->root.fs);
	return true;
}

bool mkimage_boot(struct mkimage *m, const struct tuple *boot, const char *kernel,
		  const char *target)
{
	const struct value *children = boot ? tuple_get(boot, "children") : NULL;
	const struct mkimage_attr a = { .mode = 0755 };
	struct mkimage_src src = { .host = kernel };
	struct tfs_inode *dir;
	bool ok = true;

	if (m->failed || !make_boot(m))
		return false;
	dir = tfs_root(m->boot.fs);
	if (kernel)
		ok = mkimage_file(m, dir, "kernel", &a, &src);
	if (ok && children && children->type == VALUE_TUPLE)
		ok = mkimage_children(m, dir, children->t, target);
	tfs_put(dir);
	return ok;
}
