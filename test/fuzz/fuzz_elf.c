/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_elf.c: any bytes are a plan or a refusal, and a plan's promises hold: everything inside the file and the
 * address space, segments in order, the entry executable.
 */
#include <stdlib.h>
#include <string.h>

#include "image/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok)
{
	if (!ok)
		abort();
}

static void check_plan(const struct elf_plan *p, const struct elf_want *w)
{
	uint64_t end = 0;

	want(p->nseg > 0 && p->nseg <= ELF_MAX_SEGS);
	want(p->lo < p->hi && p->hi <= w->va_max);
	want(p->pie || p->lo >= w->va_min);
	for (unsigned i = 0; i < p->nseg; i++) {
		const struct elf_seg *s = &p->seg[i];

		want(s->vaddr >= end && s->vaddr >= p->lo);
		want(s->filesz <= s->memsz);
		want(s->offset <= w->file_size && s->filesz <= w->file_size - s->offset);
		want(((s->vaddr ^ s->offset) & (w->page - 1)) == 0);
		end = s->vaddr + s->memsz;
		want(end >= s->vaddr && end <= p->hi);
	}
	if (p->has_interp)
		want(p->interp_off <= w->file_size &&
		     p->interp_len <= w->file_size - p->interp_off);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_want w = {
		.machine = EM_X86_64,
		.page = 4096,
		.va_min = 65536,
		.va_max = 0x7ffffffff000,
		.file_size = size,
	};
	uint8_t *file = malloc(size ? size : 1);
	const char *why = NULL, *s;
	struct elf_dynamic d;
	struct elf_plan p;
	uint64_t i = 0;
	err_t err;

	memcpy(file, data, size);
	err = elf_plan_head(file, size, &w, &p, &why);
	if (err == -ENOEXEC)
		want(why != NULL);
	if (!err) {
		check_plan(&p, &w);
		if (p.has_interp)
			(void)!elf_interp_ok((char *)file + p.interp_off, p.interp_len);
		if (!elf_dynamic(file, &p, size, &d, &why)) {
			while ((s = elf_needed(&d, &i)) != NULL)
				want(strlen(s) < size);
			want(!d.soname || strlen(d.soname) < size);
			want(!d.rpath || strlen(d.rpath) < size);
			want(!d.runpath || strlen(d.runpath) < size);
		}
	}
	free(file);
	return 0;
}
