/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stamps of host paths.  A record is a letter (L: lstat, S: stat, D: a directory's names), the path, a NUL, and the binary stamp: all
 * zeros for a path that was not there.
 *
 * The stamp takes the change time as well as the modification time: cp -p and touch -d can set the one
 * and not the other.
 */
#include "tools/coracle_host.h"

#include <stdlib.h>
#include <string.h>

struct stamp {
	uint64_t dev, ino, size;
	int64_t mtime, ctime;
	uint32_t mode, uid, gid, zero;
};

struct host_seen {
	struct buf text;
	uint64_t *set; /* open hash of (kind, path) */
	size_t n, cap;
};

static int64_t ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* A directory on the way to something else is only itself; one that was listed has times too. */
static struct stamp stamp_of(const struct stat *st, bool listed)
{
	bool timed = listed || !S_ISDIR(st->st_mode);

	return (struct stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
		.mtime = timed ? ns_of(&st->st_mtim) : 0,
		.ctime = timed ? ns_of(&st->st_ctim) : 0,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
	};
}

struct host_seen *host_seen_new(void)
{
	return xcalloc(1, sizeof(struct host_seen));
}

void host_seen_free(struct host_seen *s)
{
	if (!s)
		return;
	buf_free(&s->text);
	free(s->set);
	free(s);
}

static uint64_t hash_of(char kind, const char *path)
{
	uint64_t h = 0xcbf29ce484222325ull ^ (unsigned char)kind;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3ull;
	return h ? h : 1;
}

static bool set_insert(struct host_seen *s, uint64_t h)
{
	size_t i = h & (s->cap - 1);

	while (s->set[i] && s->set[i] != h)
		i = (i + 1) & (s->cap - 1);
	if (s->set[i] == h)
		return false;
	s->set[i] = h;
	s->n++;
	return true;
}

static void set_grow(struct host_seen *s)
{
	uint64_t *old = s->set;
	size_t cap = s->cap;

	if (2 * s->n < s->cap)
		return;
	s->cap = cap ? 2 * cap : 1024;
	s->set = xcalloc(s->cap, sizeof(*s->set));
	s->n = 0;
	for (size_t i = 0; i < cap; i++)
		if (old[i])
			set_insert(s, old[i]);
	free(old);
}

static void remember(struct host_seen *s, char kind, const char *path, const struct stat *st)
{
	struct stamp stamp = { 0 };

	if (!s)
		return;
	set_grow(s);
	if (!set_insert(s, hash_of(kind, path)))
		return;
	if (st)
		stamp = stamp_of(st, kind == 'D');
	buf_add(&s->text, &kind, 1);
	buf_add(&s->text, path, strlen(path) + 1);
	buf_add(&s->text, &stamp, sizeof(stamp));
}

bool host_lstat(struct host_seen *s, const char *path, struct stat *st)
{
	bool ok = lstat(path, st) == 0;

	remember(s, 'L', path, ok ? st : NULL);
	return ok;
}

bool host_stat(struct host_seen *s, const char *path, struct stat *st)
{
	bool ok = stat(path, st) == 0;

	remember(s, 'S', path, ok ? st : NULL);
	return ok;
}

void host_list(struct host_seen *s, const char *path)
{
	struct stat st;

	remember(s, 'D', path, stat(path, &st) == 0 ? &st : NULL);
}

void host_seen_write(const struct host_seen *s, struct buf *out)
{
	buf_add(out, s->text.s, s->text.len);
}

static bool holds(char kind, const char *path, const char *raw)
{
	struct stamp was, is = { 0 };
	struct stat st;

	memcpy(&was, raw, sizeof(was));
	if ((kind == 'L' ? lstat(path, &st) : stat(path, &st)) == 0)
		is = stamp_of(&st, kind == 'D');
	return memcmp(&was, &is, sizeof(is)) == 0;
}

bool host_seen_holds(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\0', len);
		size_t used;

		if (!end || !strchr("LSD", *text))
			return false;
		used = (size_t)(end - text) + 1 + sizeof(struct stamp);
		if (used > len || !holds(*text, text + 1, end + 1))
			return false;
		text += used;
		len -= used;
	}
	return true;
}

void host_key(struct key128 *k, const struct stat *st)
{
	struct stamp s = stamp_of(st, false);

	key_add(k, &s, sizeof(s));
}
