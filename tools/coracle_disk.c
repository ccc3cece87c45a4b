/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named disks.  A file has its name only when it is complete.
 */
#include "tools/coracle_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/coracle_cmds.h"
#include "tools/coracle_image.h"
#include "tools/coracle_opt.h"
#include "tools/coracle_paths.h"

/* <linux/fs.h>'s; a folder of ours is named linux. */
#define FICLONE _IOW(0x94, 9, int)

enum { NAME_MAX_LABEL = 32 };

#define VOLUME_SIZE (1ull << 30)

static bool good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= NAME_MAX_LABEL && s[0] != '.' && s[0] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static char *dir_of(const char *kind)
{
	char *base = paths_data(), *dir = path_join(base, kind);

	free(base);
	return dir;
}

static char *file_of(const char *kind, const char *name)
{
	char *dir = dir_of(kind), *path;

	if (!good_name(name))
		die(EXIT_MISUSE, "%s: not a name: 1 to 32 of letters, digits, '.', '_', '-'", name);
	path = xasprintf("%s/%s.img", dir, name);
	free(dir);
	return path;
}

static void make_dir(const char *kind)
{
	char *dir = dir_of(kind);

	if (!dirs_make(dir))
		die_errno(EXIT_OURS, "cannot make %s", dir);
	free(dir);
}

/* For the rest of the process. */
static void hold(const char *path, const char *name)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die_errno(EXIT_OURS, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		die(EXIT_OURS, "%s is in use by another run", name);
}

static void volume_make(const char *path, const char *name, uint64_t size)
{
	char *part = xasprintf("%s.part%d", path, getpid());

	make_dir("volumes");
	image_make_empty(part, name, size);
	partial_begin(part);
	/* link() and not rename(): another run may have made it meanwhile. */
	if (link(part, path) < 0 && errno != EEXIST)
		die_errno(EXIT_OURS, "%s", path);
	unlink(part);
	partial_done();
	free(part);
}

char *disk_volume(const char *name)
{
	char *path = file_of("volumes", name);

	if (access(path, F_OK) < 0)
		volume_make(path, name, VOLUME_SIZE);
	hold(path, name);
	return path;
}

/* --- kept roots ------------------------------------------------------------------------------ */

static bool copy_range(int from, int to, off_t off, off_t end)
{
	while (off < end) {
		off_t in = off, out = off;
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - off), 0);

		if (n <= 0)
			return false;
		off += n;
	}
	return true;
}

/* The whole at once where the file system shares blocks; otherwise what is not a hole. */
static bool copy_sparse(int from, int to, off_t size)
{
	off_t data = 0, hole;

	if (ioctl(to, FICLONE, from) == 0)
		return true;
	if (ftruncate(to, size) < 0)
		return false;
	while (data < size) {
		data = lseek(from, data, SEEK_DATA);
		if (data < 0)
			return errno == ENXIO;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || !copy_range(from, to, data, hole))
			return false;
		data = hole;
	}
	return true;
}

static void kept_make(const char *path, const char *image)
{
	char *part = xasprintf("%s.part%d", path, getpid());
	int from = open(image, O_RDONLY | O_CLOEXEC), to;
	struct stat st;

	make_dir("disks");
	partial_begin(part);
	to = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (from < 0 || to < 0 || fstat(from, &st) < 0 || !copy_sparse(from, to, st.st_size) ||
	    close(to) < 0 || rename(part, path) < 0)
		die_errno(EXIT_OURS, "%s", path);
	close(from);
	partial_done();
	free(part);
}

char *disk_kept(const char *name, const char *image)
{
	char *path = file_of("disks", name);

	if (access(path, F_OK) < 0)
		kept_make(path, image);
	hold(path, name);
	return path;
}

/* --- the commands ---------------------------------------------------------------------------- */

static int list(const char *kind)
{
	char *dir = dir_of(kind);
	struct dirent **e;
	int n = scandir(dir, &e, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = path_join(dir, e[i]->d_name), *dot = strrchr(e[i]->d_name, '.');
		struct stat st;

		if (dot && strcmp(dot, ".img") == 0 && stat(path, &st) == 0) {
			*dot = '\0';
			printf("%-32s %8lluM %8lluM used\n", e[i]->d_name,
			       (unsigned long long)st.st_size >> 20,
			       ((unsigned long long)st.st_blocks * 512 + (1 << 20) - 1) >> 20);
		}
		free(path);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	free(dir);
	return 0;
}

static int rm(const char *kind, int argc, char **argv)
{
	if (argc < 2)
		die(EXIT_MISUSE, "rm: which? see 'coracle help'");
	for (int i = 1; i < argc; i++) {
		char *path = file_of(kind, argv[i]);

		if (access(path, F_OK) < 0)
			die(EXIT_MISUSE, "there is no %s named %s",
			    kind[0] == 'v' ? "volume" : "disk", argv[i]);
		hold(path, argv[i]);
		if (unlink(path) < 0)
			die_errno(EXIT_OURS, "%s", path);
		free(path);
	}
	return 0;
}

static int create(int argc, char **argv)
{
	uint64_t size = VOLUME_SIZE;
	const char *name = NULL;
	char *path;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-s") == 0 || strcmp(argv[i], "--size") == 0) {
			if (i + 1 == argc || !opt_size_parse(argv[++i], 1, &size) || size < 1 << 20)
				die(EXIT_MISUSE, "-s wants a size of at least 1M, as 64M or 2G");
		} else if (argv[i][0] == '-' || name) {
			die(EXIT_MISUSE, "usage: coracle volume create NAME [-s SIZE]");
		} else {
			name = argv[i];
		}
	}
	if (!name)
		die(EXIT_MISUSE, "usage: coracle volume create NAME [-s SIZE]");
	path = file_of("volumes", name);
	if (access(path, F_OK) == 0)
		die(EXIT_MISUSE, "there is a volume named %s already", name);
	volume_make(path, name, size);
	free(path);
	return 0;
}

int cmd_volume(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	signals_tidy();
	if (strcmp(what, "list") == 0 && argc == 2)
		return list("volumes");
	if (strcmp(what, "rm") == 0)
		return rm("volumes", argc - 1, argv + 1);
	if (strcmp(what, "create") == 0)
		return create(argc - 1, argv + 1);
	die(EXIT_MISUSE, "usage: coracle volume create NAME [-s SIZE] | list | rm NAME...");
}

int cmd_disk(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "list") == 0 && argc == 2)
		return list("disks");
	if (strcmp(what, "rm") == 0)
		return rm("disks", argc - 1, argv + 1);
	die(EXIT_MISUSE, "usage: coracle disk list | rm NAME...");
}
