/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/elf.h: ELF64, little-endian (System V gABI ch. 4 and 5; x86-64 psABI).  Layout only; who reads
 * one from outside goes through image/elf.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 *   OFFSET  SIZE  FIELD
 *        0    16  ident: 7f 'E' 'L' 'F' class data version osabi abiversion, zeros
 *       16     2  type        24  8  entry      48  4  flags      56  2  phnum
 *       18     2  machine     32  8  phoff      52  2  ehsize     58  2  shentsize
 *       20     4  version     40  8  shoff      54  2  phentsize  60  2  shnum   62  2  shstrndx
 */
struct elf_ehdr {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};
_Static_assert(sizeof(struct elf_ehdr) == 64, "ELF64 header");
_Static_assert(offsetof(struct elf_ehdr, phnum) == 56, "e_phnum at 56");

/* 0 type, 4 flags, 8 offset, 16 vaddr, 24 paddr, 32 filesz, 40 memsz, 48 align */
struct elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};
_Static_assert(sizeof(struct elf_phdr) == 56, "ELF64 program header");

/* 0 tag, 8 value */
struct elf_dyn {
	int64_t tag;
	uint64_t val;
};
_Static_assert(sizeof(struct elf_dyn) == 16, "ELF64 dynamic entry");

enum {
	ELF_CLASS = 4, /* indices into ident */
	ELF_DATA = 5,
	ELF_VERSION = 6,
	ELF_OSABI = 7,

	ELFCLASS64 = 2,
	ELFDATA2LSB = 1,
	EV_CURRENT = 1,
	ELFOSABI_NONE = 0,
	ELFOSABI_GNU = 3,

	ET_EXEC = 2,
	ET_DYN = 3,

	EM_386 = 3,
	EM_X86_64 = 62,
	EM_AARCH64 = 183,
	EM_RISCV = 243,

	PT_NULL = 0,
	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PT_INTERP = 3,
	PT_NOTE = 4,
	PT_PHDR = 6,
	PT_TLS = 7,
	PT_GNU_STACK = 0x6474e551,
	PT_GNU_RELRO = 0x6474e552,
	PT_GNU_PROPERTY = 0x6474e553,

	PF_X = 1,
	PF_W = 2,
	PF_R = 4,

	DT_NULL = 0,
	DT_NEEDED = 1,
	DT_STRTAB = 5,
	DT_STRSZ = 10,
	DT_SONAME = 14,
	DT_RPATH = 15,
	DT_RUNPATH = 29,
};
