/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/elf.c: from header bytes to a checked plan (System V gABI ch. 4 and 5).
 *
 * Headers are copied out of the input before they are read: the input may be unaligned, and a mapped file may
 * change under us, so that nothing is looked at twice.
 */
#include "image/elf.h"

#include "lib/mem.h"

static err_t refuse(const char **why, const char *text)
{
	*why = text;
	return -ENOEXEC;
}

static bool range_ok(uint64_t off, uint64_t len, uint64_t room)
{
	return off <= room && len <= room - off;
}

static bool is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

static err_t check_ident(const struct elf_ehdr *h, const struct elf_want *w, const char **why)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };

	if (memcmp(h->ident, magic, sizeof(magic)) != 0)
		return refuse(why, "not an ELF file");
	if (h->ident[ELF_CLASS] != ELFCLASS64)
		return refuse(why, "not a 64-bit ELF file");
	if (h->ident[ELF_DATA] != ELFDATA2LSB)
		return refuse(why, "not a little-endian ELF file");
	if (h->ident[ELF_VERSION] != EV_CURRENT || h->version != EV_CURRENT)
		return refuse(why, "unknown ELF version");
	if (h->machine != w->machine)
		return refuse(why, "built for another machine");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return refuse(why, "neither an executable nor a shared object");
	return 0;
}

static err_t read_ehdr(const void *head, const struct elf_want *w, struct elf_ehdr *h,
		       const char **why)
{
	err_t err;

	memcpy(h, head, sizeof(*h));
	err = check_ident(h, w, why);
	if (err)
		return err;
	if (h->phentsize != sizeof(struct elf_phdr))
		return refuse(why, "program headers of an unknown size");
	if (h->phnum == 0)
		return refuse(why, "no program headers");
	if (h->phnum > ELF_MAX_PHDRS)
		return refuse(why, "too many program headers");
	if (!range_ok(h->phoff, (uint64_t)h->phnum * sizeof(struct elf_phdr), w->file_size))
		return refuse(why, "program headers lie outside the file");
	return 0;
}

err_t elf_phdrs_at(const void *head, size_t head_len, const struct elf_want *w, uint64_t *off,
		   uint64_t *len, const char **why)
{
	struct elf_ehdr h;
	err_t err;

	if (head_len < sizeof(h) || w->file_size < sizeof(h))
		return refuse(why, "shorter than an ELF header");
	err = read_ehdr(head, w, &h, why);
	if (err)
		return err;
	*off = h.phoff;
	*len = (uint64_t)h.phnum * sizeof(struct elf_phdr);
	return 0;
}

static unsigned prot_of(uint32_t flags)
{
	return ((flags & PF_R) ? ELF_PROT_R : 0u) | ((flags & PF_W) ? ELF_PROT_W : 0u) |
	       ((flags & PF_X) ? ELF_PROT_X : 0u);
}

/* gABI 5-2: PT_LOAD entries ascend in p_vaddr, and p_vaddr is p_offset modulo the page size. */
static err_t add_load(struct elf_plan *p, const struct elf_phdr *ph, const struct elf_want *w,
		      const char **why)
{
	const struct elf_seg *last = p->nseg ? &p->seg[p->nseg - 1] : NULL;
	uint64_t end;

	if (ph->memsz == 0 && ph->filesz == 0)
		return 0;
	if (p->nseg == ELF_MAX_SEGS)
		return refuse(why, "too many segments");
	if (ph->filesz > ph->memsz)
		return refuse(why, "a segment is longer in the file than in memory");
	if (!range_ok(ph->offset, ph->filesz, w->file_size))
		return refuse(why, "a segment lies outside the file");
	if ((ph->vaddr ^ ph->offset) & (w->page - 1))
		return refuse(why, "a segment's address and offset differ within the page");
	if (ph->align > 1 && !is_pow2(ph->align))
		return refuse(why, "a segment's alignment is not a power of two");
	if (ph->vaddr >= w->va_max || ph->memsz > w->va_max - ph->vaddr)
		return refuse(why, "a segment lies outside the address space");
	if (last && ph->vaddr < last->vaddr + last->memsz)
		return refuse(why, "segments overlap or are out of order");
	end = ALIGN_UP(ph->vaddr + ph->memsz, w->page);
	if (end > w->va_max)
		return refuse(why, "a segment lies outside the address space");
	if (!last)
		p->lo = ALIGN_DOWN(ph->vaddr, w->page);
	p->hi = end;
	p->align = MAX(p->align, ph->align);
	p->seg[p->nseg++] = (struct elf_seg){
		.vaddr = ph->vaddr,
		.memsz = ph->memsz,
		.offset = ph->offset,
		.filesz = ph->filesz,
		.prot = prot_of(ph->flags),
	};
	return 0;
}

static err_t add_interp(struct elf_plan *p, const struct elf_phdr *ph, const struct elf_want *w,
			const char **why)
{
	if (p->has_interp)
		return refuse(why, "two interpreters");
	if (ph->filesz < 2 || ph->filesz > ELF_MAX_INTERP)
		return refuse(why, "the interpreter's path has an impossible length");
	if (!range_ok(ph->offset, ph->filesz, w->file_size))
		return refuse(why, "the interpreter's path lies outside the file");
	p->has_interp = true;
	p->interp_off = ph->offset;
	p->interp_len = ph->filesz;
	return 0;
}

static err_t add_tls(struct elf_plan *p, const struct elf_phdr *ph, const struct elf_want *w,
		     const char **why)
{
	if (p->tls_memsz)
		return refuse(why, "two TLS segments");
	if (ph->filesz > ph->memsz || !range_ok(ph->offset, ph->filesz, w->file_size))
		return refuse(why, "the TLS segment lies outside the file");
	if (ph->align > 1 && !is_pow2(ph->align))
		return refuse(why, "the TLS alignment is not a power of two");
	if (ph->vaddr >= w->va_max || ph->memsz > w->va_max - ph->vaddr)
		return refuse(why, "the TLS segment lies outside the address space");
	p->tls_vaddr = ph->vaddr;
	p->tls_filesz = ph->filesz;
	p->tls_memsz = ph->memsz;
	p->tls_align = MAX(ph->align, (uint64_t)1);
	return 0;
}

static err_t add_dynamic(struct elf_plan *p, const struct elf_phdr *ph, const struct elf_want *w,
			 const char **why)
{
	if (!range_ok(ph->offset, ph->filesz, w->file_size))
		return refuse(why, "the dynamic section lies outside the file");
	p->dynamic_off = ph->offset;
	p->dynamic_len = ph->filesz;
	return 0;
}

static err_t add_phdr(struct elf_plan *p, const struct elf_phdr *ph, const struct elf_want *w,
		      const char **why)
{
	switch (ph->type) {
	case PT_LOAD:
		return add_load(p, ph, w, why);
	case PT_INTERP:
		return add_interp(p, ph, w, why);
	case PT_TLS:
		return add_tls(p, ph, w, why);
	case PT_DYNAMIC:
		return add_dynamic(p, ph, w, why);
	case PT_GNU_STACK:
		p->exec_stack = (ph->flags & PF_X) != 0;
		p->stack_size = ph->memsz;
		return 0;
	case PT_GNU_RELRO:
		p->relro = ph->vaddr;
		p->relro_len = ph->memsz;
		return 0;
	default: /* gABI 5-2: unknown types are skipped */
		return 0;
	}
}

static const struct elf_seg *seg_at(const struct elf_plan *p, uint64_t va, uint64_t len)
{
	for (unsigned i = 0; i < p->nseg; i++) {
		const struct elf_seg *s = &p->seg[i];

		if (va >= s->vaddr && range_ok(va - s->vaddr, len, s->memsz))
			return s;
	}
	return NULL;
}

/* AT_PHDR: the segment whose file bytes hold the table, as Linux finds it. */
static void find_phdr_in_memory(struct elf_plan *p, const struct elf_ehdr *h)
{
	uint64_t len = (uint64_t)h->phnum * sizeof(struct elf_phdr);

	p->phnum = h->phnum;
	p->phentsize = h->phentsize;
	for (unsigned i = 0; i < p->nseg; i++) {
		const struct elf_seg *s = &p->seg[i];

		if (h->phoff >= s->offset && range_ok(h->phoff - s->offset, len, s->filesz)) {
			p->phdr = s->vaddr + (h->phoff - s->offset);
			return;
		}
	}
}

/* What can only be said once all headers have been seen. */
static err_t check_whole(struct elf_plan *p, const struct elf_ehdr *h, const struct elf_want *w,
			 const char **why)
{
	const struct elf_seg *s;

	if (p->nseg == 0)
		return refuse(why, "nothing to load");
	if (!p->pie && p->lo < w->va_min)
		return refuse(why, "a segment lies below the lowest address allowed");
	if (p->align >= w->va_max)
		return refuse(why, "a segment's alignment is impossible");
	if (p->hi - p->lo > w->va_max - w->va_min)
		return -ENOMEM;
	/* A shared library may have no entry point at all; what is run has one. */
	s = seg_at(p, h->entry, 1);
	if (h->entry && (!s || !(s->prot & ELF_PROT_X)))
		return refuse(why, "the entry point is not in an executable segment");
	if (!h->entry && !p->pie)
		return refuse(why, "no entry point");
	if (p->relro_len && !seg_at(p, p->relro, 1))
		p->relro_len = 0;
	return 0;
}

err_t elf_plan(const void *head, const void *phdrs, const struct elf_want *w, struct elf_plan *out,
	       const char **why)
{
	const char *at = phdrs;
	struct elf_phdr ph;
	struct elf_ehdr h;
	err_t err;

	err = read_ehdr(head, w, &h, why);
	if (err)
		return err;
	*out = (struct elf_plan){
		.machine = h.machine,
		.pie = h.type == ET_DYN,
		.entry = h.entry,
		.align = w->page,
	};
	for (unsigned i = 0; i < h.phnum; i++) {
		memcpy(&ph, at + i * sizeof(ph), sizeof(ph));
		err = add_phdr(out, &ph, w, why);
		if (err)
			return err;
	}
	find_phdr_in_memory(out, &h);
	return check_whole(out, &h, w, why);
}

err_t elf_plan_head(const void *head, size_t len, const struct elf_want *w, struct elf_plan *out,
		    const char **why)
{
	uint64_t off, n;
	err_t err;

	err = elf_phdrs_at(head, len, w, &off, &n, why);
	if (err)
		return err;
	if (!range_ok(off, n, len))
		return -EAGAIN;
	return elf_plan(head, (const char *)head + off, w, out, why);
}

bool elf_interp_ok(const char *path, size_t len)
{
	return len >= 2 && path[0] && !path[len - 1] && memchr(path, 0, len) == path + len - 1;
}
