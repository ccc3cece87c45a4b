/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over DT_NEEDED.  An object is read once, whoever needs it; the chain of those that loaded it
 * is kept for RPATH's sake (System V gABI, "Shared Object Dependencies", and ld.so(8)).
 */
#include "tools/coracle_closure.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/elf.h"

struct object {
	const char *path;  /* as it was found: $ORIGIN is its directory */
	const char *rpath; /* NULL: none, or set aside by a RUNPATH */
	const char *runpath;
	const struct object *by; /* who needs it; NULL: the program */
	bool musl;
};

/* A whole file in memory. */
struct mapped {
	void *p;
	size_t len;
};

static bool map_file(const char *path, struct mapped *m)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	m->p = MAP_FAILED;
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		m->len = (size_t)st.st_size;
		m->p = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, fd, 0);
	} else {
		errno = st.st_size == 0 ? ENOEXEC : EACCES;
	}
	close(fd);
	return m->p != MAP_FAILED;
}

static void unmap_file(struct mapped *m)
{
	munmap(m->p, m->len);
}

static bool plan_of(const struct mapped *m, struct elf_plan *plan, const char **why)
{
	struct elf_want want = {
		.machine = EM_X86_64,
		.page = 4096,
		.va_min = 4096,
		.va_max = 1ull << 47,
		.file_size = m->len,
	};

	return elf_plan_head(m->p, m->len, &want, plan, why) == 0;
}

const char *closure_refuses(const char *path)
{
	const char *why = NULL;
	struct elf_plan plan;
	struct mapped m;

	if (!map_file(path, &m))
		return errno == ENOEXEC ? "the file is empty" : strerror(errno);
	if (plan_of(&m, &plan, &why))
		why = NULL;
	else if (!why)
		why = "not a program";
	unmap_file(&m);
	return why;
}

void closure_init(struct closure *c, struct plan *p)
{
	*c = (struct closure){ .plan = p, .cache = ldcache_open(p->seen, "") };
}

void closure_fini(struct closure *c)
{
	ldcache_free(c->cache);
	strs_free(&c->done);
	strs_free(&c->sonames);
	strs_free(&c->missing);
}

/* $ORIGIN, $LIB and $PLATFORM, with or without braces (ld.so(8), "Dynamic string tokens"). */
static char *expand(const char *s, size_t len, const char *path)
{
	static const char *const token[] = { "ORIGIN", "LIB", "PLATFORM" };
	const char *value[] = { NULL, "lib/x86_64-linux-gnu", "x86_64" };
	char *dir = xstrdup(path);
	struct buf out = { 0 };

	value[0] = dirname(dir);
	buf_add(&out, "", 0);
	for (size_t i = 0; i < len;) {
		size_t t, open = s[i] == '$' && i + 1 < len && s[i + 1] == '{', n = 0;

		for (t = 0; s[i] == '$' && t < ARRAY_LEN(token); t++) {
			n = strlen(token[t]);
			if (i + 1 + 2 * open + n <= len &&
			    memcmp(s + i + 1 + open, token[t], n) == 0 &&
			    (!open || s[i + 2 + n] == '}'))
				break;
		}
		if (s[i] == '$' && t < ARRAY_LEN(token)) {
			buf_str(&out, value[t]);
			i += 1 + n + 2 * open;
		} else {
			buf_add(&out, s + i++, 1);
		}
	}
	free(dir);
	return out.s;
}

/* Is there an object for this machine?  ld.so goes on looking past one for another. */
static bool usable(struct closure *c, const char *path)
{
	struct elf_ehdr e;
	struct stat st;
	bool ok;
	int fd;

	if (!host_stat(c->plan->seen, path, &st) || !S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = read(fd, &e, sizeof(e)) == (ssize_t)sizeof(e) && memcmp(e.ident, "\177ELF", 4) == 0 &&
	     e.ident[ELF_CLASS] == ELFCLASS64 && e.machine == EM_X86_64;
	close(fd);
	return ok;
}

/* A colon-separated list of directories, relative to the object that has it. */
static char *search(struct closure *c, const char *dirs, const struct object *o, const char *name)
{
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");
		char *dir = expand(dirs, len, o->path), *path = path_join(dir, name);
		char *clean = path_clean("/", path);

		free(dir);
		free(path);
		if (len > 0 && usable(c, clean))
			return clean;
		free(clean);
		dirs += len + (dirs[len] == ':');
	}
	return NULL;
}

static char *search_musl(struct closure *c, const char *name)
{
	static const char *const dirs[] = { "/lib/x86_64-linux-musl", "/lib", "/usr/local/lib",
					    "/usr/lib", "/usr/lib/x86_64-linux-musl" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char *path = path_join(dirs[i], name);

		if (usable(c, path))
			return path;
		free(path);
	}
	return NULL;
}

static char *search_cache(struct closure *c, const char *name)
{
	struct strs all = ldcache_find(c->cache, name);
	char *found = NULL;

	for (size_t i = 0; !found && i < all.n; i++)
		if (usable(c, all.v[i]))
			found = xstrdup(all.v[i]);
	strs_free(&all);
	return found;
}

static char *find(struct closure *c, const struct object *o, const char *name)
{
	char *path = NULL;

	if (strchr(name, '/')) {
		path = expand(name, strlen(name), o->path);
		return usable(c, path) ? path : NULL;
	}
	for (const struct object *a = o; !path && a && !o->runpath; a = a->by)
		path = search(c, a->rpath, a, name);
	if (!path)
		path = search(c, o->runpath, o, name);
	if (!path)
		path = o->musl ? search_musl(c, name) : search_cache(c, name);
	return path;
}

/* musl's loader is its C library, and answers for these names itself. */
static bool built_in(const struct object *o, const char *name)
{
	static const char *const own[] = { "libc.",  "libpthread.", "librt.",	"libm.",
					   "libdl.", "libutil.",    "libxnet.", "ld-musl-" };

	for (size_t i = 0; o->musl && i < ARRAY_LEN(own); i++)
		if (strncmp(name, own[i], strlen(own[i])) == 0)
			return true;
	return false;
}

static bool take(struct closure *, const char *path, const struct object *by, bool musl,
		 const char **why);

static void miss(struct closure *c, const struct object *o, const char *name)
{
	char *line = xasprintf("%s (needed by %s)", name, o->path);

	if (!strs_has(&c->missing, line))
		strs_add(&c->missing, line);
	free(line);
}

static void need(struct closure *c, const struct object *o, const char *name)
{
	const char *why;
	char *path;

	if (built_in(o, name))
		return;
	if (!strs_has(&c->sonames, name))
		strs_add(&c->sonames, name);
	path = find(c, o, name);
	if (!path || !take(c, path, o, o->musl, &why))
		miss(c, o, name);
	free(path);
}

/* PT_INTERP's path; the interpreter is an object like the others. */
static bool take_interp(struct closure *c, const struct mapped *m, const struct elf_plan *plan,
			struct object *o, const char **why)
{
	const char *path = (const char *)m->p + plan->interp_off;

	if (!elf_interp_ok(path, plan->interp_len)) {
		*why = "the interpreter's path is damaged";
		return false;
	}
	c->dynamic = true;
	o->musl = strstr(path, "/ld-musl-") != NULL;
	if (!usable(c, path) || !take(c, path, o, o->musl, why))
		miss(c, o, path);
	return true;
}

static bool take_needed(struct closure *c, const struct mapped *m, const struct elf_plan *plan,
			struct object *o, const char **why)
{
	struct elf_dynamic d;
	const char *name;
	err_t err = elf_dynamic(m->p, plan, m->len, &d, why);

	if (err == -ENOENT)
		return true; /* static */
	if (err)
		return false;
	o->runpath = d.runpath;
	o->rpath = d.runpath ? NULL : d.rpath;
	for (uint64_t i = 0; (name = elf_needed(&d, &i)) != NULL;)
		need(c, o, name);
	return true;
}

/* Read the object at `real` and take what it needs; `path` is how it was found. */
static bool read_object(struct closure *c, const char *real, struct object *o, const char **why)
{
	struct elf_plan plan;
	struct mapped m;
	bool ok;

	if (!map_file(real, &m)) {
		*why = strerror(errno);
		return false;
	}
	*why = "not a program";
	ok = plan_of(&m, &plan, why) && (!plan.has_interp || take_interp(c, &m, &plan, o, why)) &&
	     take_needed(c, &m, &plan, o, why);
	unmap_file(&m);
	return ok;
}

static bool take(struct closure *c, const char *path, const struct object *by, bool musl,
		 const char **why)
{
	struct object o = { .path = path, .by = by, .musl = musl };
	char *real;
	bool ok = true;

	if (!plan_add_host(c->plan, path, &real)) {
		*why = strerror(errno);
		return false;
	}
	if (!strs_has(&c->done, real)) {
		strs_add(&c->done, real);
		if (!by)
			o.path = real; /* the program's $ORIGIN is that of /proc/self/exe */
		ok = read_object(c, real, &o, why);
	}
	free(real);
	return ok;
}

bool closure_add(struct closure *c, const char *path, const char **why)
{
	return take(c, path, NULL, false, why);
}

bool closure_add_needs(struct closure *c, const char *path, const char **why)
{
	struct object o = { .path = path };

	return read_object(c, path, &o, why);
}
