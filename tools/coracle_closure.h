/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_closure.h: an ELF file and all that the dynamic loader will open for it: the
 * interpreter, the DT_NEEDED libraries, theirs, and so on, each found where ld.so(8) finds it: RPATH
 * of the object and of those that loaded it (unless it has a RUNPATH), its RUNPATH, ld.so.cache, the built-in
 * directories.  LD_LIBRARY_PATH is not looked at: the guest does not have the host's environment.
 */
#pragma once

#include "tools/coracle_ldcache.h"
#include "tools/coracle_plan.h"

struct closure {
	struct plan *plan;
	struct ldcache *cache;
	struct strs done;    /* objects taken, real paths */
	struct strs sonames; /* names that were needed, for the profiles */
	struct strs missing; /* "libx.so.1 (needed by /path)", each once */
	bool dynamic;	     /* some object had an interpreter */
};

void closure_init(struct closure *, struct plan *);
void closure_fini(struct closure *);

/* Why a file is not a program for the guest; a few words.  NULL: it is one. */
const char *closure_refuses(const char *path);

/*
 * Take the object at an absolute host path.  Missing libraries are noted and do not end the walk.
 * False: the file itself cannot be taken; *why says it.
 */
bool closure_add(struct closure *, const char *path, const char **why);
/* The same without the object itself: what a file needs that is in the plan at another path. */
bool closure_add_needs(struct closure *, const char *path, const char **why);
