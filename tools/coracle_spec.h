/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_spec.h: from the command line to what will run and with which files: the program, its
 * arguments and environment, and the plan of the image.
 */
#pragma once

#include "tools/coracle_closure.h"
#include "tools/coracle_opt.h"
#include "tools/coracle_values.h"

struct spec {
	const struct opts *o;
	char *cwd; /* the host's */
	char *guest_cwd;
	const char *program;	/* as it was named: on the command line, or in the manifest */
	char *found;		/* the program as it was found: an absolute guest path */
	char *real;		/* the same without links */
	struct strs argv;	/* the program's arguments, argv[0] first; scripts resolved */
	struct strs files;	/* absolute host paths of regular files that arguments name */
	struct strs env;	/* "K=V", each name once */
	uint64_t memory;	/* what a profile or manifest asks for at least; 0: nothing */
	struct tuple *manifest; /* --manifest; NULL */
	struct plan *plan;
	struct closure closure;
};

/* Everything, or die with one line. */
void spec_make(struct spec *, const struct opts *);

/* The image's root tuple without children: what the manifest says and no run overrides. */
void spec_root_text(const struct spec *, struct buf *);
/* The whole of it, for an image that is to be booted without a boot module. */
void spec_build_text(const struct spec *, struct buf *);
/* The boot module's keys that do not depend on the terminal (doc/run.md, 1.2), without parentheses. */
void spec_module_text(const struct spec *, struct buf *);

/* Parts of spec_make() for run --image, which has no plan: program and arguments, and variables. */
void spec_take_argv(struct spec *);
void spec_take_env(struct spec *);

/* Set a variable unless (`weak`) it is set. */
void spec_env(struct spec *, const char *assignment, bool weak);

/*
 * tools/coracle_find.c: PROGRAM on PATH, scripts followed to their interpreter.  Fills found and argv;
 * scripts go to files.
 */
void spec_find(struct spec *);
/* tools/coracle_profile.c: what the profiles add for this program. */
void spec_profiles(struct spec *);
