/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of images.  Files come into being under a temporary name and are renamed when complete, so a
 * name always means a whole file.  CORACLE_CACHE_SIZE (default 8G) bounds it: the images
 * unused for longest go first.
 */
#include "tools/coracle_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/coracle_image.h"
#include "tools/coracle_paths.h"

/* Free space for what the program writes beside /tmp: holes, until it does. */
#define ROOM (1ull << 30)

static const char head[] = "coracle request 1\n";

enum {
	CACHE_DEFAULT_GB = 8,
	REQUESTS_MAX = 2000,
	LOCK_TRIES = 50, /* a second, then a word to the user */
	LOCK_PAUSE_US = 20000,
};

static char *cache_path(const char *sub, const char *name)
{
	char *base = paths_cache(), *path = xasprintf("%s/%s%s", base, sub, name);

	free(base);
	return path;
}

static void make_dirs(void)
{
	static const char *const sub[] = { "images", "requests" };

	for (size_t i = 0; i < ARRAY_LEN(sub); i++) {
		char *dir = cache_path(sub[i], "");

		if (!dirs_make(dir))
			die_errno(EXIT_OURS,
				  "cannot make the cache directory %s (set XDG_CACHE_HOME to "
				  "one that can be written)",
				  dir);
		free(dir);
	}
}

static void key_self(struct key128 *k)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) == 0)
		host_key(k, &st);
}

static void key_strs(struct key128 *k, const struct strs *l)
{
	key_add(k, &l->n, sizeof(l->n));
	for (size_t i = 0; i < l->n; i++)
		key_str(k, l->v[i]);
}

static void key_pairs(struct key128 *k, const struct opt_pairs *l)
{
	key_add(k, &l->n, sizeof(l->n));
	for (size_t i = 0; i < l->n; i++) {
		key_str(k, l->v[i].host);
		key_str(k, l->v[i].guest ? l->v[i].guest : "");
	}
}

static void key_text(struct key128 *k, const char *s)
{
	key_str(k, s ? s : "\1");
}

void cache_request_key(const struct opts *o, char hex[33])
{
	static const char *const vars[] = { "PATH", "HOME", "TERM", "XDG_CONFIG_HOME" };
	char *cwd = getcwd(NULL, 0);
	uid_t uid = geteuid();
	struct key128 k;

	key_init(&k);
	key_self(&k);
	key_text(&k, cwd);
	key_add(&k, &uid, sizeof(uid));
	for (size_t i = 0; i < ARRAY_LEN(vars); i++)
		key_text(&k, getenv(vars[i]));
	key_pairs(&k, &o->files);
	key_pairs(&k, &o->dirs);
	key_pairs(&k, &o->volumes);
	key_strs(&k, &o->env);
	key_text(&k, o->manifest);
	key_text(&k, o->root);
	key_text(&k, o->cwd);
	key_text(&k, o->no_profiles ? "bare" : "");
	for (int i = 0; i < o->argc; i++)
		key_str(&k, o->argv[i]);
	key_hex(&k, hex);
	free(cwd);
}

/* Take hold of an image: false when it is not there. */
static bool hold(const char *key, struct cached *out)
{
	char *path = cache_path("images/", key), *img = xasprintf("%s.img", path);

	free(path);
	out->fd = open(img, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0) {
		free(img);
		return false;
	}
	/* The lock is refused only while somebody removes the file. */
	if (flock(out->fd, LOCK_SH | LOCK_NB) < 0 || access(img, R_OK) < 0) {
		close(out->fd);
		free(img);
		return false;
	}
	futimens(out->fd, NULL); /* used now: it goes last */
	out->image = img;
	return true;
}

/* "coracle request 1\n", KEY "\n", memory "\n", module length "\n", module, stamps. */
bool cache_recall(const char *request, struct cached *out)
{
	char *path = cache_path("requests/", request), key[33], *at;
	unsigned long long memory, len;
	struct buf b;
	int n = 0;
	bool ok = false;

	*out = (struct cached){ .fd = -1 };
	if (!file_read(path, &b)) {
		free(path);
		return false;
	}
	free(path);
	if (b.len > sizeof(head) - 1 && memcmp(b.s, head, sizeof(head) - 1) == 0) {
		at = b.s + sizeof(head) - 1;
		if (sscanf(at, "%32s\n%llu\n%llu%n", key, &memory, &len, &n) == 3 &&
		    at[n] == '\n' && len <= b.len - (size_t)(at + n + 1 - b.s)) {
			at += n + 1;
			ok = host_seen_holds(at + len, b.len - (size_t)(at + len - b.s)) &&
			     hold(key, out);
			if (ok)
				buf_add(&out->module, at, len);
			out->memory = memory;
		}
	}
	buf_free(&b);
	return ok;
}

/* A failure to remember costs time at the next run and nothing else. */
static void remember(const struct spec *s, const char *request, const char *key,
		     const struct cached *c)
{
	char *path = cache_path("requests/", request), *tmp = xasprintf("%s.%d", path, getpid());
	struct buf b = { 0 };
	FILE *f;

	buf_str(&b, head);
	buf_fmt(&b, "%s\n%llu\n%zu\n", key, (unsigned long long)c->memory, c->module.len);
	buf_add(&b, c->module.s, c->module.len);
	host_seen_write(s->plan->seen, &b);
	f = fopen(tmp, "we");
	if (f) {
		bool ok = fwrite(b.s, 1, b.len, f) == b.len;

		ok &= fclose(f) == 0;
		if (!ok || rename(tmp, path) < 0)
			unlink(tmp);
	}
	buf_free(&b);
	free(tmp);
	free(path);
}

/* --- making room ----------------------------------------------------------------------------- */

struct aged {
	char *path;
	time_t used;
	uint64_t size;
};

static int by_age(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

static struct aged *list_aged(const char *dir, size_t *n, uint64_t *total)
{
	DIR *d = opendir(dir);
	struct aged *v = NULL;
	struct dirent *e;
	struct stat st;

	*n = 0;
	*total = 0;
	while (d && (e = readdir(d)) != NULL) {
		char *path = path_join(dir, e->d_name);

		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
			free(path);
			continue;
		}
		v = xrealloc(v, (*n + 1) * sizeof(*v));
		v[(*n)++] = (struct aged){ path, st.st_mtime, (uint64_t)st.st_blocks * 512 };
		*total += v[*n - 1].size;
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(v, *n, sizeof(*v), by_age);
	return v;
}

/* Nobody runs from it, or is still writing it. */
static bool remove_unused(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(path) == 0;
	close(fd);
	return ok;
}

static uint64_t limit(void)
{
	const char *s = getenv("CORACLE_CACHE_SIZE");
	uint64_t bytes;

	if (s && *s && opt_size_parse(s, 1, &bytes))
		return bytes;
	return (uint64_t)CACHE_DEFAULT_GB << 30;
}

static void free_aged(struct aged *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].path);
	free(v);
}

/* Old images beyond the limit, left-overs of builds that were killed, old requests. */
static void prune(void)
{
	char *images = cache_path("images", ""), *requests = cache_path("requests", "");
	uint64_t total, max = limit();
	struct aged *v;
	size_t n;

	v = list_aged(images, &n, &total);
	for (size_t i = 0; i < n; i++) {
		bool partial = strstr(strrchr(v[i].path, '/'), ".part") != NULL;

		if ((partial || total > max) && remove_unused(v[i].path))
			total -= v[i].size;
	}
	free_aged(v, n);
	v = list_aged(requests, &n, &total);
	for (size_t i = 0; n > REQUESTS_MAX && i < n / 2; i++)
		unlink(v[i].path);
	free_aged(v, n);
	free(images);
	free(requests);
}

/* --- building -------------------------------------------------------------------------------- */

static int lock_builds(void)
{
	char *path = cache_path("lock", "");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die_errno(EXIT_OURS, "%s", path);
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0 && tries < LOCK_TRIES; tries++)
		usleep(LOCK_PAUSE_US);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		warn("waiting for another coracle to finish its image");
		while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
			;
	}
	free(path);
	return fd;
}

static void build(const struct spec *s, const char *key, const char *root_text)
{
	char *path = cache_path("images/", key), *img = xasprintf("%s.img", path);
	struct image_want want = { .path = img, .root_text = root_text, .label = "", .room = ROOM };

	image_make(s->plan, &want);
	free(path);
	free(img);
}

static void image_key(const struct spec *s, const struct buf *root, char hex[33])
{
	struct key128 k;

	key_init(&k);
	key_self(&k);
	key_add(&k, root->s, root->len);
	plan_key(s->plan, &k);
	key_hex(&k, hex);
}

void cache_describe(const struct spec *s, struct cached *out)
{
	struct buf root = { 0 };
	char key[33], *path;

	*out = (struct cached){ .fd = -1, .memory = s->memory };
	spec_root_text(s, &root);
	image_key(s, &root, key);
	path = cache_path("images/", key);
	out->image = xasprintf("%s.img", path);
	spec_module_text(s, &out->module);
	free(path);
	buf_free(&root);
}

void cache_image(const struct spec *s, const char *request, struct cached *out)
{
	struct buf root = { 0 };
	char key[33];
	int lock;

	*out = (struct cached){ .fd = -1, .memory = s->memory };
	spec_root_text(s, &root);
	image_key(s, &root, key);
	make_dirs();
	if (!hold(key, out)) {
		lock = lock_builds();
		if (!hold(key, out)) {
			prune();
			build(s, key, root.s);
			if (!hold(key, out))
				die(EXIT_OURS, "the image that was just built is gone");
		}
		close(lock);
	}
	spec_module_text(s, &out->module);
	remember(s, request, key, out);
	buf_free(&root);
}
