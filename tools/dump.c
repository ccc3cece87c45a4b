/* SPDX-License-Identifier: Apache-2.0 */
/* tools/dump.c: what is in a TFS image: listed, extracted, or verified. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/mbr.h"
#include "tools/dump_int.h"

static const char usage_text[] =
	"usage: dump [options] IMAGE\n"
	"Show what a TFS image or volume holds.  Without options: its manifest and a list of "
	"files.\n"
	"\n"
	"  -d DIR        extract the files into DIR\n"
	"  -t            show the files as a tree\n"
	"  --check       verify every record, reference and extent; status 1 when something is "
	"wrong\n"
	"  --part N      partition 1 to 4 instead of the root file system\n"
	"  --help        this text\n";

struct args {
	const char *image, *dir;
	bool tree, check;
	unsigned part; /* 0: the root file system */
};

/* One file system of the image. */
struct place {
	uint64_t first, nsect;
	unsigned part; /* 0: the whole file */
};

_Noreturn void die(int status, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	fputs("dump: ", stderr);
	vfprintf(stderr, f, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(status);
}

static void parse_args(struct args *a, int argc, char **argv)
{
	enum { CHECK = 256, PART, HELP };
	static const struct option longs[] = {
		{ "check", no_argument, NULL, CHECK },
		{ "part", required_argument, NULL, PART },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:t", longs, NULL)) != -1) {
		if (c == 'd')
			a->dir = optarg;
		else if (c == 't')
			a->tree = true;
		else if (c == CHECK)
			a->check = true;
		else if (c == PART && optarg[0] >= '1' && optarg[0] <= '4' && !optarg[1])
			a->part = (unsigned)(optarg[0] - '0');
		else if (c == PART)
			die(EXIT_MISUSE, "--part %s: expected 1 to 4", optarg);
		else if (c == HELP)
			exit(fputs(usage_text, stdout) < 0);
		else
			exit(EXIT_MISUSE); /* getopt has said what */
	}
	if (optind + 1 != argc)
		die(EXIT_MISUSE, "expected one image file (dump --help lists the options)");
	a->image = argv[optind];
}

static const char *reason(err_t err)
{
	switch (err) {
	case -ENODEV:
		return "there is no TFS in it";
	case -EPROTONOSUPPORT:
		return "its TFS is of a format that this tool does not know";
	case -EUCLEAN:
		return "its TFS is damaged beyond reading";
	default:
		return strerror(-err);
	}
}

/* The file systems of the image, the root's last.  A volume is one without a partition table. */
static unsigned find_places(struct blk *b, const char *name, struct place out[MBR_PARTS])
{
	struct mbr_part part[MBR_PARTS];
	struct tfs_ident id;
	uint8_t sector[512];
	unsigned n = 0;
	err_t err = tfs_probe(b, 0, mkimage_alloc(), &id);

	if (!err) {
		out[0] = (struct place){ .nsect = b->nsect };
		return 1;
	}
	if (err == -ENODEV)
		err = b->nsect ? b->read(b, 0, sector, 1) : -ENODEV;
	if (err)
		die(EXIT_IMAGE, "%s: %s", name, reason(err));
	if (!mbr_parse(sector, b->nsect, part))
		die(EXIT_IMAGE, "%s: neither TFS nor a disk with a partition table", name);
	for (unsigned i = 0; i < MBR_PARTS; i++)
		if (part[i].type && !tfs_probe(b, part[i].first, mkimage_alloc(), &id))
			out[n++] = (struct place){ part[i].first, part[i].nsect, i + 1 };
	if (!n)
		die(EXIT_IMAGE, "%s: no partition of it holds a TFS", name);
	return n;
}

static struct tfs *mount_place(struct blk *b, const struct place *p, const char *name)
{
	struct tfs_where w = { .blk = b, .first = p->first, .nsect = p->nsect };
	struct tfs *fs;
	err_t err = tfs_mount(&w, TFS_RDONLY, mkimage_alloc(), &fs);

	if (err)
		die(EXIT_IMAGE, "%s: %s", name, reason(err));
	return fs;
}

/* --- --check ------------------------------------------------------------------------------------- */

struct findings {
	struct tfs_check c;
	const char *name;
	uint64_t base; /* bytes of the image before the file system */
};

static void print_finding(struct tfs_check *c, uint64_t off, const char *what)
{
	const struct findings *f = (const struct findings *)(const void *)c;

	if (off == UINT64_MAX)
		printf("%s: %s\n", f->name, what);
	else
		printf("%s: byte %llu: %s\n", f->name, (unsigned long long)(f->base + off), what);
}

static bool check_place(struct blk *b, const struct place *p, const char *name)
{
	struct findings f = {
		.c = { .found = print_finding },
		.name = name,
		.base = p->first * TFS_BLOCK,
	};
	struct tfs *fs = mount_place(b, p, name);
	err_t err = tfs_check(fs, &f.c);

	if (err)
		die(EXIT_IMAGE, "%s: %s", name, reason(err));
	if (p->part)
		printf("partition %u: ", p->part);
	printf("format %u, %llu records, %llu directories, %llu files, %llu extents, %llu blocks "
	       "in use, %llu leaked: %s\n",
	       tfs_ident(fs)->version, (unsigned long long)f.c.records,
	       (unsigned long long)f.c.dirs, (unsigned long long)f.c.files,
	       (unsigned long long)f.c.extents, (unsigned long long)f.c.used,
	       (unsigned long long)f.c.leaked, f.c.problems ? "NOT SOUND" : "sound");
	tfs_unmount(fs);
	return f.c.problems == 0;
}

/* --- listing -------------------------------------------------------------------------------------- */

static void print_ident(const struct tfs *fs)
{
	const struct tfs_ident *id = tfs_ident(fs);

	printf("# TFS format %u, uuid ", id->version);
	for (int i = 0; i < TFS_UUID; i++)
		printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id->uuid[i]);
	printf("%s%s\n", id->label[0] ? ", label " : "", id->label);
	if (tfs_damage(fs))
		fprintf(stderr, "dump: damaged: %s\n", tfs_damage(fs));
}

static void show(struct blk *b, const struct place *p, const struct args *a)
{
	struct tfs *fs = mount_place(b, p, a->image);
	struct tfs_inode *root = tfs_root(fs);

	if (a->dir) {
		dump_extract(b, root, a->dir);
	} else {
		print_ident(fs);
		if (!a->tree)
			dump_manifest(tfs_root_tuple(fs));
		dump_list(root, a->tree);
	}
	tfs_put(root);
	tfs_unmount(fs);
}

static const struct place *pick(const struct place *p, unsigned n, const struct args *a)
{
	for (unsigned i = 0; i < n; i++)
		if (p[i].part == a->part && a->part)
			return &p[i];
	if (a->part)
		die(EXIT_IMAGE, "%s: partition %u holds no TFS", a->image, a->part);
	return &p[n - 1];
}

int main(int argc, char **argv)
{
	struct place place[MBR_PARTS];
	struct args a = { 0 };
	struct fileblk dev;
	bool sound = true;
	unsigned n;
	int fd;

	parse_args(&a, argc, argv);
	fd = open(a.image, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(EXIT_IMAGE, "%s: %s", a.image, strerror(errno));
	fileblk_init(&dev, fd, fileblk_size(fd) / BLK_SECTOR, true);
	n = find_places(&dev.blk, a.image, place);
	if (a.check) {
		for (unsigned i = 0; i < n; i++)
			if (!a.part || a.part == place[i].part)
				sound &= check_place(&dev.blk, &place[i], a.image);
	}
	if (!a.check || a.dir || a.tree)
		show(&dev.blk, pick(place, n, &a), &a);
	close(fd);
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_IMAGE, "standard output: %s", strerror(errno));
	return sound ? 0 : EXIT_IMAGE;
}
