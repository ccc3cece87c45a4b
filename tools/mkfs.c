/* SPDX-License-Identifier: Apache-2.0 */
/* tools/mkfs.c: a disk image from a manifest, or an empty volume. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "image/manifest.h"
#include "tools/mkimage.h"

enum { EXIT_IMAGE = 1, EXIT_MISUSE = 2, OPT_FORMAT = 256, OPT_UUID, OPT_HELP };

struct args {
	struct mkimage_opts o;
	const char *kernel, *target;
	bool empty, uuid_given;
};

static const char usage_text[] =
	"usage: mkfs [options] IMAGE < MANIFEST\n"
	"       mkfs [options] -e IMAGE\n"
	"Make a disk image that holds what the manifest names, or (-e) an empty volume.\n"
	"\n"
	"  -b FILE       boot image: stages 1 and 2\n"
	"  -k FILE       kernel, into the boot file system\n"
	"  -r DIR        look for the manifest's host files under DIR first\n"
	"  -s SIZE       size of the image: bytes, or with K, M, G\n"
	"  -e            empty: no manifest is read\n"
	"  -l LABEL      label, at most 32 bytes\n"
	"  --format N    5 (Nanos's) or 6 (default)\n"
	"  --uuid UUID   instead of a random one\n"
	"  --help        this text\n"
	"\n"
	"With SOURCE_DATE_EPOCH set, the same input gives the same bytes.\n";

static _Noreturn void die(int status, const char *f, ...) printf_like(2, 3);

static _Noreturn void die(int status, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	fputs("mkfs: ", stderr);
	vfprintf(stderr, f, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(status);
}

static _Noreturn void misuse(const char *what)
{
	die(EXIT_MISUSE, "%s (mkfs --help lists the options)", what);
}

/* --- the command line -------------------------------------------------------------------------- */

static uint64_t size_of(const char *s)
{
	struct value v = { .type = VALUE_STRING, .len = (uint32_t)strlen(s), .s = s };
	uint64_t n;

	if (value_get_size(&v, &n) || n == 0 || n > INT64_MAX)
		die(EXIT_MISUSE, "-s %s: not a size: expected a number, maybe with K, M or G", s);
	return n;
}

/* 32 hexadecimal digits, dashes anywhere. */
static void uuid_of(const char *s, uint8_t out[TFS_UUID])
{
	const char *at = s;
	unsigned n = 0;

	for (; *at; at++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = strchr(digits, *at | 0x20);

		if (*at == '-')
			continue;
		if (!d || n == 2 * TFS_UUID)
			break;
		out[n / 2] = (uint8_t)(out[n / 2] << 4 | (d - digits));
		n++;
	}
	if (*at || n != 2 * TFS_UUID)
		die(EXIT_MISUSE, "--uuid %s: expected 32 hexadecimal digits", s);
}

static void take_option(struct args *a, int c)
{
	switch (c) {
	case 'b':
		a->o.boot_image = optarg;
		break;
	case 'k':
		a->kernel = optarg;
		break;
	case 'r':
		a->target = optarg;
		break;
	case 's':
		a->o.size = size_of(optarg);
		break;
	case 'e':
		a->empty = true;
		break;
	case 'l':
		a->o.label = optarg;
		if (strlen(optarg) > TFS_LABEL_MAX)
			die(EXIT_MISUSE, "-l %s: a label has at most 32 bytes", optarg);
		break;
	case OPT_FORMAT:
		a->o.format = strcmp(optarg, "5") == 0 ? 5 : strcmp(optarg, "6") == 0 ? 6 : 0;
		if (!a->o.format)
			die(EXIT_MISUSE, "--format %s: expected 5 or 6", optarg);
		break;
	case OPT_UUID:
		uuid_of(optarg, a->o.uuid);
		a->uuid_given = true;
		break;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		exit(EXIT_MISUSE); /* getopt has said what */
	}
}

static void parse_args(struct args *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "uuid", required_argument, NULL, OPT_UUID },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "b:k:r:s:el:", longs, NULL)) != -1)
		take_option(a, c);
	if (optind == argc)
		misuse("no image file named");
	if (optind + 1 < argc)
		misuse("more than one image file named");
	a->o.path = argv[optind];
	a->o.bare = a->empty;
	if (a->empty && (a->o.boot_image || a->kernel || a->target))
		misuse("an empty volume takes no -b, -k or -r");
}

/* --- the manifest -------------------------------------------------------------------------------- */

static char *read_all(FILE *f, size_t *len)
{
	size_t cap = 1 << 16, n = 0, got;
	char *s = malloc(cap);

	while (s && (got = fread(s + n, 1, cap - n, f)) > 0) {
		n += got;
		if (n == cap)
			s = realloc(s, cap *= 2);
	}
	if (!s)
		die(EXIT_IMAGE, "no memory for the manifest");
	if (ferror(f))
		die(EXIT_IMAGE, "the manifest cannot be read: %s", strerror(errno));
	*len = n;
	return s;
}

static void print_finding(struct manifest_sink *s, enum manifest_severity severity,
			  const struct manifest_error *e)
{
	(void)s;
	fprintf(stderr, "mkfs: line %u, column %u: %s%s\n", e->line, e->col,
		severity == MANIFEST_WARNING ? "warning: " : "", e->what);
}

static struct tuple *read_manifest(struct vstore *vs)
{
	struct manifest_sink sink = { .found = print_finding };
	struct manifest_error e;
	struct tuple *root;
	size_t len;
	char *text;
	err_t err;

	if (isatty(STDIN_FILENO))
		fputs("mkfs: reading the manifest from the terminal; end it with Ctrl-D\n", stderr);
	text = read_all(stdin, &len);
	err = manifest_parse(vs, text, len, &root, &e);
	if (err == -EINVAL)
		die(EXIT_MISUSE, "line %u, column %u: %s", e.line, e.col, e.what);
	if (err)
		die(EXIT_IMAGE, "no memory for the manifest");
	manifest_check(root, text, len, &sink);
	if (sink.errors)
		exit(EXIT_MISUSE);
	free(text);
	return root;
}

/* Names in the tree of children: how long the log will be. */
static uint64_t count_names(const struct value *v)
{
	const struct entry *e;
	uint64_t n = 0;
	uint32_t i = 0;

	if (!v || v->type != VALUE_TUPLE)
		return 0;
	while ((e = tuple_next(v->t, &i)) != NULL)
		n += 1 +
		     (e->v.type == VALUE_TUPLE ? count_names(tuple_get(e->v.t, "children")) : 0);
	return n;
}

static void take_imagesize(struct args *a, const struct tuple *root)
{
	const struct value *v = tuple_get(root, "imagesize");

	if (a->o.size || !v)
		return;
	if (value_get_size(v, &a->o.size))
		die(EXIT_MISUSE, "imagesize: expected a number, maybe with K, M or G");
}

static void fill(struct mkimage *m, const struct args *a, const struct tuple *root)
{
	const struct value *children = tuple_get(root, "children"), *boot = tuple_get(root, "boot");
	const struct tuple *b = boot && boot->type == VALUE_TUPLE ? boot->t : NULL;

	if (b || a->kernel || a->o.boot_image)
		mkimage_boot(m, b, a->kernel, a->target);
	mkimage_manifest(m, root);
	if (children && children->type == VALUE_TUPLE)
		mkimage_children(m, mkimage_root(m), children->t, a->target);
}

int main(int argc, char **argv)
{
	struct args a = { .o = { .format = 6 } };
	struct mkimage_error err;
	struct tuple *root = NULL;
	struct vstore vs;
	struct mkimage *m;

	parse_args(&a, argc, argv);
	if (vstore_init(&vs, mkimage_alloc()))
		die(EXIT_IMAGE, "no memory");
	if (!a.empty) {
		root = read_manifest(&vs);
		take_imagesize(&a, root);
		a.o.log_hint = count_names(tuple_get(root, "children"));
	}
	if (!a.uuid_given && !getenv("SOURCE_DATE_EPOCH") &&
	    getrandom(a.o.uuid, TFS_UUID, 0) == TFS_UUID) {
		a.o.uuid[6] = (a.o.uuid[6] & 0x0f) | 0x40; /* RFC 9562 5.4: version 4 */
		a.o.uuid[8] = (a.o.uuid[8] & 0x3f) | 0x80;
	}
	m = mkimage_begin(&a.o, &err);
	if (root)
		fill(m, &a, root);
	if (!mkimage_finish(m))
		die(EXIT_IMAGE, "%s", err.text);
	tuple_put(&vs, root);
	vstore_fini(&vs);
	return 0;
}
