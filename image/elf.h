/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/elf.h: an ELF64 file's headers become a checked plan of what to map where.  Pure: nothing is
 * read but the bytes given, nothing is mapped.  Every number in a plan has been checked against
 * the file's length and the address space; whoever follows a plan needs no check of its own.
 *
 * The kernel gives the first page of the file (ELF_HEAD_MAX is always enough: program headers that lie further in
 * are read with a second call, see elf_plan()).  Tools give the whole file.
 */
#pragma once

#include "abi/elf.h"
#include "lib/err.h"

enum {
	ELF_HEAD_MAX = 4096,
	ELF_MAX_PHDRS = 256,   /* more is refused: -ENOEXEC */
	ELF_MAX_SEGS = 16,     /* PT_LOADs */
	ELF_MAX_INTERP = 4096, /* Linux: PATH_MAX */
};

enum {
	ELF_PROT_R = 1, /* PROT_READ, PROT_WRITE, PROT_EXEC */
	ELF_PROT_W = 2,
	ELF_PROT_X = 4,
};

/*
 * One PT_LOAD.  [vaddr, vaddr + filesz) comes from [offset, ...) of the file, the rest up to memsz is
 * zeros.  offset and vaddr are congruent modulo the page size; segments ascend and do not share
 * bytes (they may share a page).
 */
struct elf_seg {
	uint64_t vaddr, memsz;
	uint64_t offset, filesz;
	unsigned prot; /* ELF_PROT_xxx */
};

struct elf_plan {
	unsigned machine;
	bool pie;	 /* ET_DYN: place it anywhere, all addresses are relative */
	uint64_t entry;	 /* inside an executable segment */
	uint64_t lo, hi; /* page-aligned span of all segments */
	uint64_t align;	 /* the largest p_align: power of two, at least a page */
	unsigned nseg;
	struct elf_seg seg[ELF_MAX_SEGS];

	uint64_t phdr; /* AT_PHDR: where the program headers are in memory; 0: not mapped */
	unsigned phnum, phentsize;

	bool has_interp;     /* the path is interp_len bytes at interp_off of the file, */
	uint64_t interp_off; /* its NUL included and (once read) checked by elf_interp() */
	uint64_t interp_len;

	bool exec_stack;     /* PT_GNU_STACK says PF_X (absent: false) */
	uint64_t stack_size; /* PT_GNU_STACK's memsz, 0: the default */

	uint64_t tls_vaddr, tls_filesz, tls_memsz, tls_align; /* PT_TLS; memsz 0: none */
	uint64_t relro, relro_len;			      /* PT_GNU_RELRO; for maps and tools */
	uint64_t dynamic_off, dynamic_len; /* PT_DYNAMIC in the file; 0, 0: none */
};

/* What to ask of elf_plan(). */
struct elf_want {
	unsigned machine;	 /* EM_xxx */
	uint64_t page;		 /* page size */
	uint64_t va_min, va_max; /* where an ET_EXEC may lie: [va_min, va_max) */
	uint64_t file_size;
};

/*
 * Where the program headers are, from the first bytes of the file (at least 64, else -ENOEXEC).
 * When [*off, *off + *len) is not inside the bytes at hand, read it and give it to elf_plan().
 * -ENOEXEC: not an ELF for this machine; *why says what is wrong in a few words.
 */
must_check err_t elf_phdrs_at(const void *head, size_t head_len, const struct elf_want *,
			      uint64_t *off, uint64_t *len, const char **why);

/*
 * The plan.  `phdrs` are the *len bytes that elf_phdrs_at() named.  -ENOEXEC and *why; -ENOMEM: it
 * asks for more address space than there is.
 */
must_check err_t elf_plan(const void *head, const void *phdrs, const struct elf_want *,
			  struct elf_plan *out, const char **why);

/*
 * The whole of the above when the file's first `len` bytes hold the program headers as well;
 * -EAGAIN when they do not.
 */
must_check err_t elf_plan_head(const void *head, size_t len, const struct elf_want *,
			       struct elf_plan *out, const char **why);

/* The interpreter's path as read from the file: true if it is a usable, NUL-terminated path. */
bool elf_interp_ok(const char *path, size_t len);

/* --- what a dynamic file asks for; the whole file is at hand --------------------------------- */

struct elf_dynamic {
	const char *soname; /* into the file; NULL: none */
	const char *rpath;  /* DT_RPATH, ignored by ld.so when there is a runpath */
	const char *runpath;
	/* private to elf_needed() */
	const void *dyn; /* unaligned */
	uint64_t ndyn;
	const char *str;
	uint64_t strsz;
};

/* -ENOENT: no dynamic section (static).  -ENOEXEC and *why: it points outside the file. */
must_check err_t elf_dynamic(const void *file, const struct elf_plan *, uint64_t file_size,
			     struct elf_dynamic *out, const char **why);
/* The DT_NEEDED entries: *i from 0 on, NULL at the end. */
const char *elf_needed(const struct elf_dynamic *, uint64_t *i);
