/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are.
 */
#include "tools/coracle_paths.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *paths_self(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n < 0)
		die_errno(EXIT_OURS, "/proc/self/exe");
	return xstrndup(path, (size_t)n);
}

/* `checkout` beside the binary, or `installed` under the prefix; NULL when neither is there. */
static char *own(const char *checkout, const char *installed)
{
	char *self = paths_self(), *dir = dirname(self);
	char *path = path_join(dir, checkout);

	if (access(path, R_OK) < 0) {
		char *base = basename(dir);
		bool bin = strcmp(base, "bin") == 0;

		free(path);
		path = bin ? xasprintf("%s/lib/coracle/%s", dirname(dir), installed) : NULL;
	}
	if (path && access(path, R_OK) < 0) {
		free(path);
		path = NULL;
	}
	free(self);
	return path;
}

char *paths_kernel(const char *given)
{
	char *path;

	if (given && *given) {
		if (access(given, R_OK) < 0)
			die_errno(EXIT_MISUSE, "kernel %s", given);
		return xstrdup(given);
	}
	path = own("out/x86_64-release/coracle.elf", "coracle.elf");
	if (!path)
		die(EXIT_OURS,
		    "no kernel beside this binary (out/x86_64-release/coracle.elf) nor in "
		    "PREFIX/lib/coracle: run 'make', or give --kernel FILE");
	return path;
}

char *paths_profiles(void)
{
	return own("profiles", "profiles");
}

static char *xdg(const char *var, const char *fallback)
{
	const char *dir = getenv(var), *home = getenv("HOME");

	if (dir && dir[0] == '/')
		return path_join(dir, "coracle");
	return xasprintf("%s/%s/coracle", home && *home ? home : "/root", fallback);
}

char *paths_user_profiles(void)
{
	char *base = xdg("XDG_CONFIG_HOME", ".config"), *dir = path_join(base, "profiles");

	free(base);
	return dir;
}

char *paths_cache(void)
{
	return xdg("XDG_CACHE_HOME", ".cache");
}

char *paths_data(void)
{
	return xdg("XDG_DATA_HOME", ".local/share");
}

static char *search_path(const char *name)
{
	const char *env = getenv("PATH");
	char *copy = xstrdup(env ? env : "/usr/bin:/bin"), *rest = copy, *hit = NULL;

	for (char *dir; !hit && (dir = strsep(&rest, ":")) != NULL;) {
		char *path = path_join(*dir ? dir : ".", name);

		if (access(path, X_OK) == 0)
			hit = path;
		else
			free(path);
	}
	free(copy);
	return hit;
}

char *paths_qemu(const char *given)
{
	const char *name = given && *given ? given : "qemu-system-x86_64";
	char *path = strchr(name, '/') ? xstrdup(name) : search_path(name);

	if (!path || access(path, X_OK) < 0)
		die(EXIT_OURS,
		    "%s is not there: install it (apt install qemu-system-x86), or say "
		    "--qemu FILE",
		    name);
	return path;
}
