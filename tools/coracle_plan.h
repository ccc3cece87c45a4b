/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_plan.h: the tree of files that an image will hold, each leaf saying where on the host it
 * comes from.  Nothing is copied here; the plan's key names its contents without reading them.
 *
 * Guest paths are absolute.  A path's symbolic links are kept as links, and their targets come along:
 * adding /lib/x86_64-linux-gnu/libz.so.1 of a merged-/usr host gives /lib -> usr/lib,
 * /usr/lib/x86_64-linux-gnu/libz.so.1 -> libz.so.1.2.13 and that file.
 */
#pragma once

#include "tools/coracle_host.h"

enum plan_type { PLAN_DIR, PLAN_FILE, PLAN_LINK };

struct plan_node {
	char *name;
	enum plan_type type;
	uint32_t mode, uid, gid; /* permission bits only */
	int64_t mtime;		 /* ns */
	char *host;		 /* FILE: where its bytes are; NULL: they are `data` */
	char *data;		 /* FILE without host; LINK: the target */
	size_t len;		 /* of data */
	uint64_t size;		 /* FILE: bytes */
	struct stat st;		 /* FILE with host: for the key */
	struct plan_node *parent;
	struct plan_node **child; /* DIR: sorted by name */
	size_t n, cap;
};

struct plan {
	struct plan_node *root;
	struct host_seen *seen;
	bool own_root; /* the tree is a whole system: the host's links mean nothing in it */
	uint64_t files, bytes;
};

/* What a tree does not take along: patterns of fnmatch(3) on names (no '/') or on whole paths. */
struct plan_filter {
	const struct strs *exclude;
};

struct plan *plan_new(void);
void plan_free(struct plan *);

/*
 * The host's file at the same path of the guest, with the links on the way.  A directory comes empty.
 * False and errno: it is not there or not to be read.  *real, when wanted: where the links led.
 */
bool plan_add_host(struct plan *, const char *path, char **real);
/* The host's file, links followed, at another path. */
bool plan_add_at(struct plan *, const char *host, const char *guest);
/* The host's directory and all below it; links inside are kept as they are. */
bool plan_add_tree(struct plan *, const char *host, const char *guest, const struct plan_filter *);
/* Bytes of our own making.  An existing file is replaced. */
void plan_add_data(struct plan *, const char *guest, const void *data, size_t len, uint32_t mode);
void plan_add_dir(struct plan *, const char *guest, uint32_t mode);
void plan_add_link(struct plan *, const char *guest, const char *target);

/* The node at a guest path, its links followed inside the plan; NULL. */
struct plan_node *plan_find(struct plan *, const char *guest);
/* The path of a node; a new string. */
char *plan_path(const struct plan_node *);
/* Remove a node and what is below it. */
void plan_drop(struct plan *, struct plan_node *);

/* Everything that decides the image's contents. */
void plan_key(const struct plan *, struct key128 *);
/* Each file, link and directory, a line; for --dry-run. */
void plan_print(const struct plan *, FILE *);
