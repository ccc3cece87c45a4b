/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of an image to be.
 *
 * Two walks matter.  walk_host() goes along a path on the host and copies each step, links included.
 * walk_guest() goes along a path in the plan, makes the directories that are missing, and
 * where the host has a link at such a place (/bin on a merged-/usr system) makes that link, so that
 * the order in which things are added does not matter.
 */
#include "tools/coracle_plan.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as Linux: ELOOP */

struct plan *plan_new(void)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->root = xcalloc(1, sizeof(*p->root));
	p->root->name = xstrdup("");
	p->root->mode = 0755;
	p->seen = host_seen_new();
	return p;
}

static void node_free(struct plan_node *n)
{
	for (size_t i = 0; i < n->n; i++)
		node_free(n->child[i]);
	free(n->child);
	free(n->name);
	free(n->host);
	free(n->data);
	free(n);
}

void plan_free(struct plan *p)
{
	node_free(p->root);
	host_seen_free(p->seen);
	free(p);
}

/* Where `name` is or belongs among the children. */
static size_t slot(const struct plan_node *dir, const char *name, size_t len, bool *found)
{
	size_t lo = 0, hi = dir->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strncmp(dir->child[mid]->name, name, len);

		if (c == 0)
			c = dir->child[mid]->name[len] != '\0';
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = false;
	return lo;
}

static struct plan_node *child_get(const struct plan_node *dir, const char *name, size_t len)
{
	bool found;
	size_t i = slot(dir, name, len, &found);

	return found ? dir->child[i] : NULL;
}

static struct plan_node *child_new(struct plan_node *dir, const char *name, size_t len)
{
	bool found;
	size_t i = slot(dir, name, len, &found);
	struct plan_node *n;

	if (dir->n == dir->cap) {
		dir->cap = dir->cap ? 2 * dir->cap : 8;
		dir->child = xrealloc(dir->child, dir->cap * sizeof(struct plan_node *));
	}
	n = xcalloc(1, sizeof(*n));
	n->name = xstrndup(name, len);
	n->parent = dir;
	memmove(dir->child + i + 1, dir->child + i, (dir->n - i) * sizeof(struct plan_node *));
	dir->child[i] = n;
	dir->n++;
	return n;
}

/* A directory's times change with its every neighbour on the host: they are not worth a rebuild. */
static void take_stat(struct plan_node *n, const struct stat *st)
{
	n->mode = st->st_mode & 07777;
	n->uid = st->st_uid;
	n->gid = st->st_gid;
	if (!S_ISDIR(st->st_mode))
		n->mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool make_link(struct plan_node *n, const char *host)
{
	char target[4096];
	ssize_t len = readlink(host, target, sizeof(target));

	if (len < 0)
		return false;
	n->type = PLAN_LINK;
	n->data = xstrndup(target, (size_t)len);
	n->len = (size_t)len;
	return true;
}

static void make_file(struct plan *p, struct plan_node *n, const char *host, const struct stat *st)
{
	n->type = PLAN_FILE;
	n->host = xstrdup(host);
	n->st = *st;
	n->size = (uint64_t)st->st_size;
	take_stat(n, st);
	p->files++;
	p->bytes += n->size;
}

char *plan_path(const struct plan_node *n)
{
	char *dir, *path;

	if (!n->parent)
		return xstrdup("/");
	dir = plan_path(n->parent);
	path = path_join(dir, n->name);
	free(dir);
	return path;
}

/* A step onto a name that the plan does not have: what the host has there, or a directory. */
static struct plan_node *step_new(struct plan *p, struct plan_node *dir, const char *name,
				  size_t len)
{
	char *at = plan_path(dir), *leaf = xstrndup(name, len), *path = path_join(at, leaf);
	struct plan_node *n = child_new(dir, name, len);
	struct stat st;

	n->mode = 0755;
	if (!p->own_root && host_lstat(p->seen, path, &st)) {
		if (S_ISLNK(st.st_mode))
			make_link(n, path);
		else if (S_ISDIR(st.st_mode))
			take_stat(n, &st);
	}
	free(at);
	free(leaf);
	free(path);
	return n;
}

static struct plan_node *walk_guest(struct plan *, struct plan_node *from, const char *path,
				    bool make, int links);

/* Where a link of the plan leads, its missing directories made if `make`. */
static struct plan_node *follow(struct plan *p, struct plan_node *n, bool make, int links)
{
	if (n->type != PLAN_LINK)
		return n;
	if (links <= 0) {
		errno = ELOOP;
		return NULL;
	}
	return walk_guest(p, n->data[0] == '/' ? p->root : n->parent, n->data, make, links - 1);
}

/* The directory or file at the end of the path, links followed; NULL and errno. */
static struct plan_node *walk_guest(struct plan *p, struct plan_node *from, const char *path,
				    bool make, int links)
{
	struct plan_node *n = from;

	while (n && *path) {
		size_t len = strcspn(path, "/");
		struct plan_node *next = n;

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			next = n->parent ? n->parent : n;
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			if (n->type != PLAN_DIR) {
				errno = ENOTDIR;
				return NULL;
			}
			next = child_get(n, path, len);
			if (!next && make)
				next = step_new(p, n, path, len);
			if (!next)
				errno = ENOENT;
			else
				next = follow(p, next, make, links);
		}
		n = next;
		path += len + (path[len] == '/');
	}
	return n;
}

struct plan_node *plan_find(struct plan *p, const char *guest)
{
	return walk_guest(p, p->root, guest, false, LINKS_MAX);
}

/* The directory that will hold `guest`, and its last name; NULL and errno. */
static struct plan_node *parent_of(struct plan *p, const char *guest, const char **name)
{
	const char *slash = strrchr(guest, '/');
	char *dir = slash ? xstrndup(guest, (size_t)(slash - guest)) : xstrdup("");
	struct plan_node *n = walk_guest(p, p->root, dir, true, LINKS_MAX);

	free(dir);
	*name = slash ? slash + 1 : guest;
	if (n && n->type != PLAN_DIR) {
		errno = ENOTDIR;
		return NULL;
	}
	return n;
}

void plan_drop(struct plan *p, struct plan_node *n)
{
	struct plan_node *dir = n->parent;
	bool found;
	size_t i = slot(dir, n->name, strlen(n->name), &found);

	if (n->type == PLAN_FILE) {
		p->files--;
		p->bytes -= n->size;
	}
	memmove(dir->child + i, dir->child + i + 1, (dir->n - i - 1) * sizeof(struct plan_node *));
	dir->n--;
	node_free(n);
}

/* An empty place for a leaf: what was there makes way, except a directory. */
static struct plan_node *place(struct plan *p, const char *guest)
{
	const char *name;
	struct plan_node *dir = parent_of(p, guest, &name), *n;

	if (!dir)
		return NULL;
	n = child_get(dir, name, strlen(name));
	if (n && n->type == PLAN_DIR) {
		errno = EISDIR;
		return NULL;
	}
	if (n)
		plan_drop(p, n);
	return child_new(dir, name, strlen(name));
}

/* One step of walk_host(): the host's `path` becomes a child of `dir`, or is one already. */
static struct plan_node *copy_step(struct plan *p, struct plan_node *dir, const char *name,
				   size_t len, const char *path)
{
	struct plan_node *n = child_get(dir, name, len);
	struct stat st;

	if (n)
		return n;
	if (!host_lstat(p->seen, path, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode)) {
		errno = ENOTSUP;
		return NULL;
	}
	n = child_new(dir, name, len);
	if (S_ISREG(st.st_mode))
		make_file(p, n, path, &st);
	else if (S_ISDIR(st.st_mode))
		take_stat(n, &st);
	else if (!make_link(n, path))
		return NULL;
	return n;
}

/*
 * Along the host's path from `dir`, whose own path is that of the guest.  NULL and errno: something
 * is not there.
 */
static struct plan_node *walk_host(struct plan *p, struct plan_node *dir, const char *rest,
				   int links)
{
	struct plan_node *n = dir;

	while (*rest) {
		size_t len = strcspn(rest, "/");

		if (len == 2 && memcmp(rest, "..", 2) == 0) {
			n = n->parent ? n->parent : n;
		} else if (len > 0 && !(len == 1 && *rest == '.')) {
			char *at = plan_path(n), *leaf = xstrndup(rest, len);
			char *path = path_join(at, leaf);

			n = n->type == PLAN_DIR ? copy_step(p, n, rest, len, path) : NULL;
			free(at);
			free(leaf);
			free(path);
			if (!n)
				return NULL;
		}
		if (n->type == PLAN_LINK) {
			if (links-- <= 0) {
				errno = ELOOP;
				return NULL;
			}
			n = walk_host(p, n->data[0] == '/' ? p->root : n->parent, n->data, links);
			if (!n)
				return NULL;
		}
		rest += len + (rest[len] == '/');
	}
	return n;
}

bool plan_add_host(struct plan *p, const char *path, char **real)
{
	struct plan_node *n = walk_host(p, p->root, path, LINKS_MAX);

	if (n && real)
		*real = plan_path(n);
	return n != NULL;
}

bool plan_add_at(struct plan *p, const char *host, const char *guest)
{
	struct plan_node *n;
	struct stat st;

	if (!host_stat(p->seen, host, &st))
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
		return false;
	}
	n = place(p, guest);
	if (!n)
		return false;
	make_file(p, n, host, &st);
	return true;
}

void plan_add_data(struct plan *p, const char *guest, const void *data, size_t len, uint32_t mode)
{
	struct plan_node *n = place(p, guest);

	if (!n)
		die_errno(EXIT_MISUSE, "cannot put %s into the image", guest);
	n->type = PLAN_FILE;
	n->mode = mode;
	n->data = xstrndup(data, len);
	n->len = len;
	n->size = len;
	p->files++;
	p->bytes += len;
}

void plan_add_dir(struct plan *p, const char *guest, uint32_t mode)
{
	bool there = plan_find(p, guest) != NULL;
	struct plan_node *n = walk_guest(p, p->root, guest, true, LINKS_MAX);

	if (!n || n->type != PLAN_DIR)
		die(EXIT_MISUSE, "cannot make the directory %s in the image: a file is in the way",
		    guest);
	if (!there && mode)
		n->mode = mode;
}

void plan_add_link(struct plan *p, const char *guest, const char *target)
{
	struct plan_node *n = place(p, guest);

	if (!n)
		die_errno(EXIT_MISUSE, "cannot put %s into the image", guest);
	n->type = PLAN_LINK;
	n->mode = 0777;
	n->data = xstrdup(target);
	n->len = strlen(target);
}

static bool excluded(const struct plan_filter *f, const char *name, const char *path)
{
	if (!f || !f->exclude)
		return false;
	for (size_t i = 0; i < f->exclude->n; i++) {
		const char *pat = f->exclude->v[i];

		if (fnmatch(pat, strchr(pat, '/') ? path : name, 0) == 0)
			return true;
	}
	return false;
}

static bool tree(struct plan *p, struct plan_node *dir, const char *host,
		 const struct plan_filter *f);

/* Not ours to read: root's files beside those that everybody needs. */
static bool unreadable(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_mode & S_IROTH || access(path, R_OK) == 0)
		return false;
	note("%s: left out: %s", path, strerror(errno));
	return true;
}

/* One name of a directory.  Devices, sockets and pipes are left out: they are not files' contents. */
static bool tree_entry(struct plan *p, struct plan_node *dir, const char *name, const char *path,
		       const struct plan_filter *f)
{
	struct plan_node *n = child_get(dir, name, strlen(name));
	struct stat st;

	if (!host_lstat(p->seen, path, &st))
		return errno == ENOENT; /* gone since readdir */
	if (n && n->type == PLAN_DIR && S_ISDIR(st.st_mode))
		return tree(p, n, path, f);
	if (n && n->type == PLAN_LINK && S_ISDIR(st.st_mode)) {
		n = follow(p, n, true, LINKS_MAX);
		return n && n->type == PLAN_DIR && tree(p, n, path, f);
	}
	if (n || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode)) ||
	    unreadable(path, &st))
		return true;
	n = child_new(dir, name, strlen(name));
	if (S_ISLNK(st.st_mode))
		return make_link(n, path);
	if (S_ISREG(st.st_mode)) {
		make_file(p, n, path, &st);
		return true;
	}
	take_stat(n, &st);
	return tree(p, n, path, f);
}

static bool tree(struct plan *p, struct plan_node *dir, const char *host,
		 const struct plan_filter *f)
{
	DIR *d = opendir(host);
	struct dirent *e;
	bool ok = true;

	host_list(p->seen, host);
	if (!d)
		return errno == EACCES && dir->parent; /* as an unreadable file */
	while (ok && (e = readdir(d)) != NULL) {
		char *path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		path = path_join(host, e->d_name);
		if (!excluded(f, e->d_name, path))
			ok = tree_entry(p, dir, e->d_name, path, f);
		free(path);
	}
	closedir(d);
	return ok;
}

bool plan_add_tree(struct plan *p, const char *host, const char *guest, const struct plan_filter *f)
{
	struct plan_node *dir;
	struct stat st;

	if (!host_stat(p->seen, host, &st))
		return false;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	dir = walk_guest(p, p->root, guest, true, LINKS_MAX);
	if (!dir)
		return false;
	if (dir->type != PLAN_DIR) {
		errno = ENOTDIR;
		return false;
	}
	take_stat(dir, &st);
	return tree(p, dir, host, f);
}

static void key_node(const struct plan_node *n, struct key128 *k)
{
	uint64_t fixed[] = { n->type, n->mode, n->uid, n->gid, n->size, n->n };

	key_str(k, n->name);
	key_add(k, fixed, sizeof(fixed));
	if (n->host) {
		key_str(k, n->host);
		host_key(k, &n->st);
	} else {
		key_add(k, &n->mtime, sizeof(n->mtime));
		key_add(k, n->data, n->len);
	}
	for (size_t i = 0; i < n->n; i++)
		key_node(n->child[i], k);
}

void plan_key(const struct plan *p, struct key128 *k)
{
	key_node(p->root, k);
}

static void print_node(const struct plan_node *n, FILE *f)
{
	char *path = plan_path(n);

	if (n->type == PLAN_LINK)
		fprintf(f, "%s -> %s\n", path, n->data);
	else if (n->type == PLAN_FILE && n->host && strcmp(n->host, path) != 0)
		fprintf(f, "%s (%s)\n", path, n->host);
	else if (n->type == PLAN_FILE)
		fprintf(f, "%s\n", path);
	else if (n->n == 0)
		fprintf(f, "%s/\n", path);
	for (size_t i = 0; i < n->n; i++)
		print_node(n->child[i], f);
	free(path);
}

void plan_print(const struct plan *p, FILE *f)
{
	print_node(p->root, f);
}
