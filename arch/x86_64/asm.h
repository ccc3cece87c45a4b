/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asm.h: what assembler files share: functions, fix-ups, and STAC/CLAC sites that boot_reloc.c patches in
 * where the CPU has SMAP.
 */
#pragma once

#ifdef __ASSEMBLY__
/* clang-format off */
	.macro	FUNC name
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
	.endm

	.macro	END name
	.size	\name, . - \name
	.endm

	/* A fault at `from` goes on at `to` instead of being the kernel's fault. */
	.macro	FIXUP from, to
	.pushsection .fixups, "a"
	.balign	4
	.long	\from - .
	.long	\to - .
	.popsection
	.endm

	.macro	SMAP_SITE op
773:	.byte	0x0f, 0x1f, 0x00	/* a three-byte NOP */
	.pushsection .smap_sites, "a"
	.balign	4
	.long	773b - .
	.long	\op
	.popsection
	.endm

	.macro	CLAC
	SMAP_SITE 0xca
	.endm

	.macro	STAC
	SMAP_SITE 0xcb
	.endm
/* clang-format on */
#else
/* The same for inline assembly. */
#define SMAP_SITE(op)                                      \
	"773: .byte 0x0f, 0x1f, 0x00\n\t"                  \
	".pushsection .smap_sites, \"a\"\n\t"              \
	".balign 4\n\t.long 773b - .\n\t.long " #op "\n\t" \
	".popsection\n\t"
#define CLAC SMAP_SITE(0xca)
#define STAC SMAP_SITE(0xcb)
#define FIXUP(from, to)                                           \
	".pushsection .fixups, \"a\"\n\t"                         \
	".balign 4\n\t.long " from " - .\n\t.long " to " - .\n\t" \
	".popsection\n\t"
#endif
