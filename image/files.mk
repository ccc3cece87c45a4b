# SPDX-License-Identifier: Apache-2.0
image-y :=
image-y += image/elf.c
image-y += image/elf_dyn.c
image-y += image/manifest.c
image-y += image/schema.c
image-y += image/suggest.c
