/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/loader.h: ELF files into the address space.  image/elf.h plans, this maps: pages of the file are mapped, not copied,
 * and only a segment's last partial page is touched, to clear what follows the file's bytes.
 *
 * Context: a thread that may sleep; the address space is the program's.
 */
#pragma once

#include "image/elf.h"
#include "kern/uio.h"

struct file;

struct loaded {
	uint64_t base;	/* added to every address in the plan */
	uint64_t entry; /* absolute */
	uint64_t end; /* the first page boundary after the last segment: where the heap may begin */
};

/* -ENOEXEC, -EIO, -EACCES, -ENOMEM; *why: what is wrong with it, for the one line that the user gets. */
err_t loader_plan(struct file *f, struct elf_plan *plan, const char **why) must_check;
/* The interpreter's path into buf (ELF_MAX_INTERP bytes). */
err_t loader_interp(struct file *f, const struct elf_plan *plan, char *buf,
		    const char **why) must_check;
/* `at`: where a position-independent file goes, page-aligned; 0: wherever mmap would put it. */
err_t loader_map(struct file *f, const struct elf_plan *plan, uint64_t at,
		 struct loaded *out) must_check;
