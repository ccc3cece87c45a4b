/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_manifest.h: --manifest FILE on the host's side: its children into the plan, its program,
 * arguments, environment and directory into the spec.  The other keys go into the image as they are.
 */
#pragma once

#include "tools/coracle_spec.h"

/* Read it; die with FILE:LINE:COLUMN on what is wrong. */
void manifest_add(struct spec *, const char *path);
/* Its program and arguments, where the command line names none. */
void manifest_argv(struct spec *);
/* Its variables. */
void manifest_environment(struct spec *);
