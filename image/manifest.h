/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/manifest.h: the manifest's text becomes a tuple, and keys are checked against what the kernel
 * and the tools know (doc/manifest.md).  Pure: bytes in, values and findings out.  Values are
 * lib/value.h's, so the getters there read a parsed manifest and the root tuple of a mounted TFS
 * alike.
 */
#pragma once

#include "lib/value.h"

/* Where and what.  Lines and columns count from 1; columns count bytes. */
struct manifest_error {
	uint32_t line, col; /* 0: no position (not from text) */
	char what[160];	    /* "expected ':' after a name" */
};

/*
 * Parse `len` bytes.  0 and the root tuple in *out (the caller's reference); -EINVAL and *err; -ENOMEM.
 * A key given twice is an error, and so are more than 10,000
 * levels: who walks the result may recurse.  Values remember where their keys began (value.pos).
 */
must_check err_t manifest_parse(struct vstore *, const char *text, size_t len, struct tuple **out,
				struct manifest_error *err);

/* Line and column of a position, as struct value has it. */
void manifest_where(const char *text, size_t len, uint32_t pos, uint32_t *line, uint32_t *col);

enum manifest_severity {
	MANIFEST_WARNING, /* unknown key, or one whose feature is not there */
	MANIFEST_ERROR,	  /* wrong form, or a promise of protection that cannot be kept */
};

struct manifest_sink {
	void (*found)(struct manifest_sink *, enum manifest_severity,
		      const struct manifest_error *);
	unsigned warnings, errors; /* counted by manifest_check() */
};

/*
 * Check the keys of the root tuple and of the tuples below it that have a schema.  `text` may be NULL (the root of a mounted file
 * system): findings then have no position.
 */
void manifest_check(const struct tuple *root, const char *text, size_t len, struct manifest_sink *);

/* A dotted path of keys, "boot.children": NULL when one is missing. */
const struct value *manifest_find(const struct tuple *root, const char *path);
