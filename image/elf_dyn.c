/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/elf_dyn.c: what a dynamic file asks the run-time linker for (gABI ch. 5, Dynamic Section).
 * Host tools compute closures with it.  Addresses in the section are virtual; the plan's segments turn them
 * into file offsets.
 */
#include "image/elf.h"

#include "lib/mem.h"

static err_t refuse(const char **why, const char *text)
{
	*why = text;
	return -ENOEXEC;
}

static void dyn_read(const struct elf_dynamic *d, uint64_t i, struct elf_dyn *out)
{
	memcpy(out, (const char *)d->dyn + i * sizeof(*out), sizeof(*out));
}

/* The value of the first entry with this tag. */
static bool dyn_find(const struct elf_dynamic *d, int64_t tag, uint64_t *val)
{
	struct elf_dyn e;

	for (uint64_t i = 0; i < d->ndyn; i++) {
		dyn_read(d, i, &e);
		if (e.tag == tag) {
			*val = e.val;
			return true;
		}
	}
	return false;
}

static bool file_offset(const struct elf_plan *p, uint64_t va, uint64_t len, uint64_t *off)
{
	for (unsigned i = 0; i < p->nseg; i++) {
		const struct elf_seg *s = &p->seg[i];

		if (va >= s->vaddr && va - s->vaddr <= s->filesz &&
		    len <= s->filesz - (va - s->vaddr)) {
			*off = s->offset + (va - s->vaddr);
			return true;
		}
	}
	return false;
}

/* NULL unless it is a terminated string inside the string table. */
static const char *str_at(const struct elf_dynamic *d, uint64_t off)
{
	if (off >= d->strsz || !memchr(d->str + off, 0, d->strsz - off))
		return NULL;
	return d->str + off;
}

static const char *str_of(const struct elf_dynamic *d, int64_t tag)
{
	uint64_t off;

	return dyn_find(d, tag, &off) ? str_at(d, off) : NULL;
}

/* The entries before DT_NULL. */
static void count_entries(struct elf_dynamic *d, uint64_t room)
{
	struct elf_dyn e;

	for (d->ndyn = 0; d->ndyn < room; d->ndyn++) {
		dyn_read(d, d->ndyn, &e);
		if (e.tag == DT_NULL)
			break;
	}
}

err_t elf_dynamic(const void *file, const struct elf_plan *p, uint64_t file_size,
		  struct elf_dynamic *out, const char **why)
{
	struct elf_dynamic d = { 0 };
	uint64_t strtab, off;

	if (!p->dynamic_len)
		return -ENOENT;
	if (p->dynamic_off > file_size || p->dynamic_len > file_size - p->dynamic_off)
		return refuse(why, "the dynamic section lies outside the file");
	d.dyn = (const char *)file + p->dynamic_off;
	count_entries(&d, p->dynamic_len / sizeof(struct elf_dyn));
	if (!dyn_find(&d, DT_STRTAB, &strtab) || !dyn_find(&d, DT_STRSZ, &d.strsz))
		return refuse(why, "the dynamic section has no string table");
	if (!file_offset(p, strtab, d.strsz, &off) || off > file_size || d.strsz > file_size - off)
		return refuse(why, "the dynamic string table lies outside the file");
	d.str = (const char *)file + off;
	d.soname = str_of(&d, DT_SONAME);
	d.rpath = str_of(&d, DT_RPATH);
	d.runpath = str_of(&d, DT_RUNPATH);
	*out = d;
	return 0;
}

const char *elf_needed(const struct elf_dynamic *d, uint64_t *i)
{
	struct elf_dyn e;
	const char *s;

	while (*i < d->ndyn) {
		dyn_read(d, (*i)++, &e);
		s = e.tag == DT_NEEDED ? str_at(d, e.val) : NULL;
		if (s)
			return s;
	}
	return NULL;
}
