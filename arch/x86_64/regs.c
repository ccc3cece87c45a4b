/* SPDX-License-Identifier: Apache-2.0 */
/* regs.c: user registers made and made safe; registers and return addresses for people. */
#include "arch/mmu.h"
#include "arch/regs.h"
#include "asm.h"
#include "boot_int.h"
#include "lib/fmt.h"
#include "x86.h"

/* What a program may set in its flags (Intel SDM volume 3, 2.3): the arithmetic ones, TF, DF, AC, ID (NT would make IRET fault). */
#define FLAGS_USER 0x240dd5ul

void regs_make_safe(struct pt_regs *r)
{
	r->cs = USER_CS;
	r->ss = USER_DS;
	r->flags = (r->flags & FLAGS_USER) | FLAG_IF | FLAG_FIXED;
}

void regs_init_user(struct pt_regs *r, uint64_t pc, uint64_t sp)
{
	*r = (struct pt_regs){ .ip = pc, .sp = sp, .orig_ax = UINT64_MAX };
	regs_make_safe(r);
}

bool arch_regs_line(const struct pt_regs *r, unsigned n, char *buf, size_t size)
{
	switch (n) {
	case 0:
		fmt(buf, size, "rip %016lx cs %02lx flags %06lx rsp %016lx", r->ip, r->cs, r->flags,
		    r->sp);
		return true;
	case 1:
		fmt(buf, size, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->ax, r->bx, r->cx,
		    r->dx);
		return true;
	case 2:
		fmt(buf, size, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->si, r->di, r->bp,
		    r->r8);
		return true;
	case 3:
		fmt(buf, size, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10, r->r11,
		    r->r12);
		return true;
	case 4:
		fmt(buf, size, "r13 %016lx r14 %016lx r15 %016lx", r->r13, r->r14, r->r15);
		return true;
	default:
		return false;
	}
}

/* Frame records: saved bp, return address; each above the last. */
size_t arch_backtrace(uint64_t fp, uint64_t lo, uint64_t hi, uint64_t *pcs, size_t max)
{
	size_t n = 0;

	while (n < max && fp >= lo && fp <= hi - 16 && IS_ALIGNED(fp, 8)) {
		const uint64_t *frame = (const uint64_t *)fp;

		if (!frame[1])
			break;
		pcs[n++] = frame[1];
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

static bool is_text(uint64_t pc)
{
	return pc >= (uint64_t)image_start && pc < (uint64_t)text_end;
}

/* A word that may lie in a guard page. */
static bool peek(uint64_t at, uint64_t *v)
{
	uint64_t got = 0, ok = 0;

	__asm__ volatile("771: mov (%2), %0\n\t"
			 "mov $1, %1\n"
			 "772:\n\t" FIXUP("771b", "772b")
			 : "+r"(got), "+r"(ok)
			 : "r"(at));
	*v = got;
	return ok;
}

/*
 * Whatever looks like a return address between sp and the end of its stack: of the pages from sp's on, those
 * that are mapped, and not beyond the first gap after them. sp itself is in the guard page after an overflow.
 */
static size_t scan_stack(uint64_t sp, uint64_t *pcs, size_t max)
{
	uint64_t end = sp + 16384, v;
	bool mapped = false;
	size_t n = 0;

	for (uint64_t at = ALIGN_UP(sp, 8); at < end && n < max; at += 8) {
		if (!peek(at, &v)) {
			if (mapped)
				break;
			at = ALIGN_DOWN(at, 4096) + 4096 - 8;
			continue;
		}
		mapped = true;
		if (is_text(v))
			pcs[n++] = v;
	}
	return n;
}

/* Debug builds keep frame pointers, which the walk follows as long as it can read them. */
size_t arch_kernel_backtrace(uint64_t fp, uint64_t sp, uint64_t *pcs, size_t max)
{
	size_t n = 0;
#ifdef CORACLE_DEBUG
	uint64_t next, pc;

	while (n < max && fp >= sp && IS_ALIGNED(fp, 8) && peek(fp, &next) && peek(fp + 8, &pc) &&
	       is_text(pc)) {
		pcs[n++] = pc;
		if (next <= fp)
			break;
		fp = next;
	}
#else
	(void)fp;
#endif
	return n ? n : scan_stack(sp, pcs, max);
}
