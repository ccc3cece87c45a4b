/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a plan to an image.  mkimage keeps the first failure and does nothing from then on, so only its
 * end is looked at.
 */
#include "tools/coracle_image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tools/coracle_values.h"
#include "tools/mkimage.h"

/* --- progress -------------------------------------------------------------------------------- */

struct progress {
	uint64_t total;
	time_t began, shown;
	bool tty;
};

/* Nothing in the first second, then at most a line a second, each over the last. */
static void show(void *arg, uint64_t bytes)
{
	struct progress *p = arg;
	struct timespec t;

	if (!p->tty)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	if (t.tv_sec - p->began < 2 || t.tv_sec == p->shown)
		return;
	p->shown = t.tv_sec;
	fprintf(stderr, "\rcoracle: making the image, %llu of %llu MB ",
		(unsigned long long)bytes >> 20, (unsigned long long)p->total >> 20);
}

static void show_begin(struct progress *p, uint64_t total)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	*p = (struct progress){ .total = total, .began = t.tv_sec };
	p->tty = isatty(STDERR_FILENO);
}

static void show_end(const struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}

/* --- the tree -------------------------------------------------------------------------------- */

static struct mkimage_attr attr_of(const struct plan_node *n)
{
	return (struct mkimage_attr){ n->mode, n->uid, n->gid, n->mtime };
}

static void add_children(struct mkimage *m, struct tfs_inode *dir, const struct plan_node *n);

static void add_node(struct mkimage *m, struct tfs_inode *dir, const struct plan_node *n)
{
	struct mkimage_attr attr = attr_of(n);
	struct mkimage_src src = { n->host, n->data, n->len };
	struct tfs_inode *sub;

	switch (n->type) {
	case PLAN_FILE:
		(void)mkimage_file(m, dir, n->name, &attr, &src);
		break;
	case PLAN_LINK:
		(void)mkimage_link(m, dir, n->name, &attr, n->data);
		break;
	case PLAN_DIR:
		sub = mkimage_dir(m, dir, n->name, &attr);
		if (sub)
			add_children(m, sub, n);
		break;
	}
}

static void add_children(struct mkimage *m, struct tfs_inode *dir, const struct plan_node *n)
{
	for (size_t i = 0; i < n->n; i++)
		add_node(m, dir, n->child[i]);
}

static void add_root_tuple(struct mkimage *m, const char *text)
{
	struct manifest_error e = { 0 };
	struct tuple *root;

	if (manifest_parse(values_store(), text, strlen(text), &root, &e))
		die(EXIT_OURS, "our own manifest: line %u column %u: %s", e.line, e.col, e.what);
	(void)mkimage_manifest(m, root);
	tuple_put(values_store(), root);
}

/* mkimage works under another name until it is done; a signal must find it. */
static void begin(const char *path)
{
	char *part = xasprintf("%s.part%ld", path, (long)getpid());

	partial_begin(part);
	free(part);
}

void image_make(const struct plan *p, const struct image_want *want)
{
	struct progress pr;
	struct mkimage_error err = { 0 };
	struct mkimage_opts opts = {
		.path = want->path,
		.label = want->label,
		.size = want->size,
		.room = want->room,
		.log_hint = p->files,
		.mark_programs = true,
		.progress = show,
		.progress_arg = &pr,
	};
	struct mkimage *m;

	show_begin(&pr, p->bytes);
	begin(want->path);
	m = mkimage_begin(&opts, &err);
	if (!m)
		die(EXIT_OURS, "%s", err.text);
	add_root_tuple(m, want->root_text);
	add_children(m, mkimage_root(m), p->root);
	if (!mkimage_finish(m)) {
		show_end(&pr);
		die(EXIT_OURS, "%s", err.text);
	}
	show_end(&pr);
	partial_done();
}

void image_make_empty(const char *path, const char *label, uint64_t size)
{
	struct mkimage_opts opts = { .path = path, .bare = true, .label = label, .size = size };
	struct mkimage_error err = { 0 };
	struct mkimage *m;

	/* Two volumes are never the same one, as two images of the same files are. */
	if (getrandom(opts.uuid, sizeof(opts.uuid), 0) != (ssize_t)sizeof(opts.uuid))
		die_errno(EXIT_OURS, "getrandom");
	begin(path);
	m = mkimage_begin(&opts, &err);
	if (!m || !mkimage_finish(m))
		die(EXIT_OURS, "%s", err.text);
	partial_done();
}
