/* SPDX-License-Identifier: Apache-2.0 */
/* vdso_image.S: the vDSO as the build linked it, to be copied into pages that the program shares. */
	.section .rodata, "a"
	.balign	8
	.global	vdso_image, vdso_image_end
	.hidden	vdso_image, vdso_image_end
vdso_image:
	.incbin	VDSO_SO
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
