/* SPDX-License-Identifier: Apache-2.0 */
/* test_elf.c: a small ELF file, made here, and every way to make it wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "image/elf.h"

enum { SIZE = 0x3000, PH = 7 };

struct file {
	struct elf_ehdr h;
	struct elf_phdr p[PH];
};

static uint8_t bytes[SIZE];
static struct file *f = (void *)bytes;
static struct elf_want want;

/* Text at 0, data at 0x2000 with a tail of zeros, an interpreter, a dynamic section, TLS. */
static int setup(void **state)
{
	static const struct elf_dyn dyn[] = {
		{ DT_NEEDED, 1 },	 { DT_NEEDED, 10 }, { DT_SONAME, 19 }, { DT_RUNPATH, 25 },
		{ DT_STRTAB, 0x400800 }, { DT_STRSZ, 31 },  { DT_NULL, 0 },
	};

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	f->h = (struct elf_ehdr){
		.ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.type = ET_EXEC,
		.machine = EM_X86_64,
		.version = EV_CURRENT,
		.entry = 0x400500,
		.phoff = 64,
		.phentsize = 56,
		.phnum = PH,
	};
	f->p[0] = (struct elf_phdr){ PT_INTERP, PF_R, 0x700, 0x400700, 0, 12, 12, 1 };
	f->p[1] = (struct elf_phdr){ PT_LOAD, PF_R | PF_X, 0, 0x400000, 0, 0x1000, 0x1000, 4096 };
	f->p[2] =
		(struct elf_phdr){ PT_LOAD, PF_R | PF_W, 0x2000, 0x402000, 0, 0x800, 0x5000, 4096 };
	f->p[3] = (struct elf_phdr){ PT_DYNAMIC, PF_R,	      0x600,	   0x400600,
				     0,		 sizeof(dyn), sizeof(dyn), 8 };
	f->p[4] = (struct elf_phdr){ PT_TLS, PF_R, 0x2000, 0x402000, 0, 16, 64, 32 };
	f->p[5] = (struct elf_phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0x20000, 16 };
	f->p[6] = (struct elf_phdr){ PT_GNU_RELRO, PF_R, 0x2000, 0x402000, 0, 0x100, 0x100, 1 };
	memcpy(bytes + 0x700, "/lib/ld.so.1", 12);
	bytes[0x70b] = 0;
	memcpy(bytes + 0x600, dyn, sizeof(dyn));
	memcpy(bytes + 0x800, "\0libc.so.\0libm.so.\0me.so\0/opt/l", 32);
	want = (struct elf_want){
		.machine = EM_X86_64,
		.page = 4096,
		.va_min = 65536,
		.va_max = 0x7ffffffff000,
		.file_size = SIZE,
	};
	return 0;
}

static void test_plan(void **state)
{
	struct elf_dynamic d;
	struct elf_plan p;
	const char *why;
	uint64_t i = 0;

	(void)state;
	assert_int_equal(elf_plan_head(bytes, 4096, &want, &p, &why), 0);
	assert_false(p.pie);
	assert_int_equal(p.entry, 0x400500);
	assert_int_equal(p.nseg, 2);
	assert_int_equal(p.lo, 0x400000);
	assert_int_equal(p.hi, 0x407000);
	assert_int_equal(p.seg[0].prot, ELF_PROT_R | ELF_PROT_X);
	assert_int_equal(p.seg[1].prot, ELF_PROT_R | ELF_PROT_W);
	assert_int_equal(p.seg[1].offset, 0x2000);
	assert_int_equal(p.seg[1].filesz, 0x800);
	assert_int_equal(p.seg[1].memsz, 0x5000);
	assert_int_equal(p.phdr, 0x400040);
	assert_int_equal(p.phnum, PH);
	assert_true(p.has_interp);
	assert_true(elf_interp_ok((char *)bytes + p.interp_off, p.interp_len));
	assert_string_equal(bytes + p.interp_off, "/lib/ld.so.");
	assert_false(p.exec_stack);
	assert_int_equal(p.stack_size, 0x20000);
	assert_int_equal(p.tls_memsz, 64);
	assert_int_equal(p.tls_align, 32);
	assert_int_equal(p.relro_len, 0x100);
	assert_int_equal(elf_dynamic(bytes, &p, SIZE, &d, &why), 0);
	assert_string_equal(elf_needed(&d, &i), "libc.so.");
	assert_string_equal(elf_needed(&d, &i), "libm.so.");
	assert_null(elf_needed(&d, &i));
	assert_string_equal(d.soname, "me.so");
	assert_null(d.rpath);
	assert_null(d.runpath); /* not terminated inside the table */
	/* Headers further in than what is at hand. */
	assert_int_equal(elf_plan_head(bytes, 100, &want, &p, &why), -EAGAIN);
	assert_int_equal(elf_plan_head(bytes, 10, &want, &p, &why), -ENOEXEC);
}

static void refused(const char *text)
{
	struct elf_plan p;
	const char *why = "";

	assert_int_equal(elf_plan_head(bytes, SIZE, &want, &p, &why), -ENOEXEC);
	assert_string_equal(why, text);
	setup(NULL);
}

#define WRONG(change, text)    \
	do {                   \
		change;        \
		refused(text); \
	} while (0)

static void test_refusals(void **state)
{
	struct elf_plan p;
	const char *why;

	(void)state;
	WRONG(bytes[0] = 0, "not an ELF file");
	WRONG(bytes[4] = 1, "not a 64-bit ELF file");
	WRONG(bytes[5] = 2, "not a little-endian ELF file");
	WRONG(bytes[6] = 2, "unknown ELF version");
	WRONG(f->h.version = 2, "unknown ELF version");
	WRONG(f->h.machine = EM_AARCH64, "built for another machine");
	WRONG(f->h.type = 1, "neither an executable nor a shared object");
	WRONG(f->h.phentsize = 55, "program headers of an unknown size");
	WRONG(f->h.phnum = 0, "no program headers");
	WRONG(f->h.phnum = 300, "too many program headers");
	WRONG(f->h.phoff = SIZE - 100, "program headers lie outside the file");
	WRONG(f->h.phoff = UINT64_MAX - 8, "program headers lie outside the file");
	WRONG(f->p[1].type = f->p[2].type = PT_NULL, "nothing to load");
	WRONG(f->p[1].filesz = 0x1001, "a segment is longer in the file than in memory");
	WRONG(f->p[2].offset = 0x12000, "a segment lies outside the file");
	WRONG(f->p[2].offset = UINT64_MAX - 0xfff, "a segment lies outside the file");
	WRONG(f->p[2].vaddr += 8, "a segment's address and offset differ within the page");
	WRONG(f->p[2].align = 4095, "a segment's alignment is not a power of two");
	WRONG(f->p[2].vaddr = 0x7ffffffff000, "a segment lies outside the address space");
	WRONG(f->p[2].memsz = UINT64_MAX - 0x1000, "a segment lies outside the address space");
	WRONG(f->p[1].memsz = 0x2001, "segments overlap or are out of order");
	WRONG(f->p[2].vaddr = 0x300000, "segments overlap or are out of order");
	WRONG(want.va_min = 0x401000, "a segment lies below the lowest address allowed");
	WRONG(f->h.entry = 0x402000, "the entry point is not in an executable segment");
	WRONG(f->h.entry = 0x999999, "the entry point is not in an executable segment");
	WRONG(f->h.entry = 0, "no entry point");
	WRONG(f->p[0].filesz = 5000, "the interpreter's path has an impossible length");
	WRONG(f->p[0].offset = SIZE, "the interpreter's path lies outside the file");
	WRONG(f->p[5] = f->p[0], "two interpreters");
	WRONG(f->p[3].filesz = SIZE, "the dynamic section lies outside the file");
	WRONG(f->p[4].filesz = 65, "the TLS segment lies outside the file");
	WRONG(f->p[4].align = 3, "the TLS alignment is not a power of two");
	WRONG(f->p[5] = f->p[4], "two TLS segments");
	f->h.type = ET_DYN;
	want.va_max = 0x408000;
	want.va_min = 0x406000;
	assert_int_equal(elf_plan_head(bytes, SIZE, &want, &p, &why), -ENOMEM);
	setup(NULL);
	f->h.type = ET_DYN;
	f->h.entry = 0; /* a library */
	assert_int_equal(elf_plan_head(bytes, SIZE, &want, &p, &why), 0);
	assert_true(p.pie);
}

static void test_interp(void **state)
{
	(void)state;
	assert_true(elf_interp_ok("/a", 3));
	assert_false(elf_interp_ok("/a", 2));
	assert_false(elf_interp_ok("/a\0b", 5));
	assert_false(elf_interp_ok("", 1));
}

static void dynamic_refused(const char *text)
{
	struct elf_dynamic d;
	struct elf_plan p;
	const char *why = "";

	assert_int_equal(elf_plan_head(bytes, SIZE, &want, &p, &why), 0);
	assert_int_equal(elf_dynamic(bytes, &p, SIZE, &d, &why), -ENOEXEC);
	assert_string_equal(why, text);
	setup(NULL);
}

static void test_dynamic(void **state)
{
	struct elf_dyn *dyn = (void *)(bytes + 0x600);
	struct elf_dynamic d;
	struct elf_plan p;
	const char *why;

	(void)state;
	dyn[4].tag = 99;
	dynamic_refused("the dynamic section has no string table");
	dyn[4].val = 0x500000;
	dynamic_refused("the dynamic string table lies outside the file");
	dyn[5].val = 0x10000;
	dynamic_refused("the dynamic string table lies outside the file");
	f->p[3].type = PT_NULL;
	assert_int_equal(elf_plan_head(bytes, SIZE, &want, &p, &why), 0);
	assert_int_equal(elf_dynamic(bytes, &p, SIZE, &d, &why), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plan, setup),
		cmocka_unit_test_setup(test_refusals, setup),
		cmocka_unit_test(test_interp),
		cmocka_unit_test_setup(test_dynamic, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
