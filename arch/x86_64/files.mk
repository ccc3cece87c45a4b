# SPDX-License-Identifier: Apache-2.0
arch-y :=
arch-y += arch/x86_64/sigframe.c
arch-y += arch/x86_64/trapsig.c
arch-y += arch/x86_64/pci.c
