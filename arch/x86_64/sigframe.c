/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/sigframe.c: the signal frame of Linux on x86-64.
 *
 *	fpstate + fpu_bytes()	the word FP_XSTATE_MAGIC2
 *	fpstate			XSAVE image in standard format, aligned to 64; bytes 464..511 say so (struct fp_mark)
 *	frame			struct frame; frame + 8 is aligned to 16, as after a call
 *
 * Extended state without XSAVE is FXSAVE's 512 bytes, without marks.
 */
#include "arch/sigframe.h"

#include "lib/mem.h"

/* struct sigcontext of the uapi, 64-bit. */
struct mcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate;
	uint64_t reserved[8];
};

struct ucontext {
	uint64_t flags, link;
	struct linux_stack stack;
	struct mcontext mcontext;
	linux_sigset_t sigmask;
};

struct frame {
	uint64_t return_address;
	struct ucontext uc;
	struct linux_siginfo info;
	uint8_t info_rest[LINUX_SIGINFO_USER_BYTES - sizeof(struct linux_siginfo)];
};
_Static_assert(sizeof(struct mcontext) == 256, "sigcontext_64");
_Static_assert(sizeof(struct ucontext) == 304, "ucontext of the uapi");
_Static_assert(sizeof(struct frame) == 440, "rt_sigframe");
_Static_assert(sizeof(struct frame) <= SIGFRAME_BYTES_MAX, "callers' buffers");

enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

/* struct _fpx_sw_bytes: in the part of the FXSAVE area that is left to software (SDM 1, table 10-2). */
struct fp_mark {
	uint32_t magic1;
	uint32_t extended_size; /* with the trailer */
	uint64_t xfeatures;
	uint32_t xstate_size;
	uint32_t zero[7];
};
_Static_assert(sizeof(struct fp_mark) == 48, "bytes 464 to 511");

#define FP_MARK_AT	    464
#define FP_XSTATE_MAGIC1    0x46505853u
#define FP_XSTATE_MAGIC2    0x46505845u
#define MXCSR_AT	    24
#define MXCSR_MASK_AT	    28
#define MXCSR_MASK_DFL	    0xffbfu /* SDM 1, 11.6.6: when the saved mask is 0 */
#define XSTATE_BV_AT	    512
#define XSTATE_HDR_SIZE	    64
#define FRAME_FLAGS_CLEARED (0x100u | 0x400u | 0x10000u) /* TF, DF, RF */

/* What XSAVE saves; 0 when the CPU has no XSAVE. */
static uint64_t xfeatures(void)
{
	return fpu_bytes() > SIGFRAME_FP_LEGACY ? fpu_components() : 0;
}

size_t sigframe_bytes(void)
{
	return sizeof(struct frame);
}

size_t sigframe_stack_min(void)
{
	return sizeof(struct frame) + 16 + fpu_bytes() + 4 + 63;
}

uint64_t sigframe_red_zone(void)
{
	return 128; /* System V ABI for AMD64, 3.2.2 */
}

struct sigframe_place sigframe_place(uint64_t sp)
{
	struct sigframe_place p;
	uint32_t word;

	p.fpstate = ALIGN_DOWN(sp - fpu_bytes() - sigframe_fp_trailer(&word), 64);
	p.frame = ALIGN_DOWN(p.fpstate - sizeof(struct frame), 16) - 8;
	return p;
}

static void fill_mcontext(struct mcontext *m, const struct pt_regs *r,
			  const struct sigframe_info *info, uint64_t fpstate)
{
	*m = (struct mcontext){
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.di = r->di,
		.si = r->si,
		.bp = r->bp,
		.bx = r->bx,
		.dx = r->dx,
		.ax = r->ax,
		.cx = r->cx,
		.sp = r->sp,
		.ip = r->ip,
		.flags = r->flags,
		.cs = (uint16_t)r->cs,
		.ss = (uint16_t)r->ss,
		.err = info->error,
		.trapno = info->trap,
		.oldmask = info->mask,
		.cr2 = info->fault_addr,
		.fpstate = fpstate,
	};
}

void sigframe_fill(void *image, const struct pt_regs *r, const struct sigframe_info *info,
		   uint64_t fpstate)
{
	struct frame *f = image;

	memset(f, 0, sizeof(*f));
	f->return_address = info->restorer;
	f->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (xfeatures() ? UC_FP_XSTATE : 0);
	f->uc.stack = info->altstack;
	f->uc.sigmask = info->mask;
	f->info = *info->siginfo;
	fill_mcontext(&f->uc.mcontext, r, info, fpstate);
}

void sigframe_enter(struct pt_regs *r, uint64_t handler, int signo, uint64_t frame)
{
	regs_set_args3(r, (uint64_t)signo, frame + offsetof(struct frame, info),
		       frame + offsetof(struct frame, uc));
	r->ax = 0; /* no vector arguments, should the handler be variadic */
	r->sp = frame;
	r->ip = handler;
	r->flags &= ~(uint64_t)FRAME_FLAGS_CLEARED;
	regs_make_safe(r);
}

/* The handler's return has popped the return address. */
uint64_t sigframe_of_return(const struct pt_regs *r)
{
	return r->sp - 8;
}

void sigframe_read(const void *image, struct pt_regs *r, linux_sigset_t *mask,
		   struct linux_stack *altstack, uint64_t *fpstate)
{
	const struct frame *f = image;
	const struct mcontext *m = &f->uc.mcontext;

	*mask = f->uc.sigmask;
	*altstack = f->uc.stack;
	*fpstate = m->fpstate;
	*r = (struct pt_regs){
		.r8 = m->r8,
		.r9 = m->r9,
		.r10 = m->r10,
		.r11 = m->r11,
		.r12 = m->r12,
		.r13 = m->r13,
		.r14 = m->r14,
		.r15 = m->r15,
		.di = m->di,
		.si = m->si,
		.bp = m->bp,
		.bx = m->bx,
		.dx = m->dx,
		.ax = m->ax,
		.cx = m->cx,
		.sp = m->sp,
		.ip = m->ip,
		.flags = m->flags,
		.cs = m->cs,
		.ss = m->ss,
		.orig_ax = UINT64_MAX,
	};
	regs_make_safe(r);
}

void sigframe_fp_seal(void *fpu_image)
{
	struct fp_mark mark = { 0 };
	uint64_t features = xfeatures();

	if (!features)
		return;
	mark.magic1 = FP_XSTATE_MAGIC1;
	mark.xfeatures = features;
	mark.xstate_size = (uint32_t)fpu_bytes();
	mark.extended_size = mark.xstate_size + 4;
	memcpy((char *)fpu_image + FP_MARK_AT, &mark, sizeof(mark));
}

size_t sigframe_fp_trailer(uint32_t *word)
{
	*word = FP_XSTATE_MAGIC2;
	return xfeatures() ? sizeof(*word) : 0;
}

size_t sigframe_fp_wanted(const void *legacy)
{
	struct fp_mark mark;

	memcpy(&mark, (const char *)legacy + FP_MARK_AT, sizeof(mark));
	if (!xfeatures() || mark.magic1 != FP_XSTATE_MAGIC1 || mark.xstate_size != fpu_bytes())
		return SIGFRAME_FP_LEGACY;
	return fpu_bytes();
}

/* XRSTOR raises #GP for reserved bits in the header and MXCSR (SDM 1, 13.8): none is left. */
void sigframe_fp_sanitize(void *fpu_image, size_t len)
{
	char *p = fpu_image;
	uint32_t mxcsr, valid;
	uint64_t bv = 3; /* x87 and SSE: the legacy part */

	memcpy(&mxcsr, p + MXCSR_AT, 4);
	memcpy(&valid, p + MXCSR_MASK_AT, 4);
	mxcsr &= valid & 0x2ffff ? valid & 0x2ffff & MXCSR_MASK_DFL : MXCSR_MASK_DFL;
	memcpy(p + MXCSR_AT, &mxcsr, 4);
	if (fpu_bytes() <= SIGFRAME_FP_LEGACY)
		return;
	if (len > SIGFRAME_FP_LEGACY)
		memcpy(&bv, p + XSTATE_BV_AT, sizeof(bv));
	memset(p + XSTATE_BV_AT, 0, XSTATE_HDR_SIZE);
	bv &= xfeatures();
	memcpy(p + XSTATE_BV_AT, &bv, sizeof(bv));
}
