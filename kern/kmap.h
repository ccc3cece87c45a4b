/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/kmap.h: the kernel half of the tables.  Different ranges may be set by different CPUs at once; who owns a
 * range sees to it that nobody uses it meanwhile.
 */
#pragma once

#include "arch/mmu.h"

/* Map [va, va + len) to pa on in 4 KB leaves; no flush: for what was empty. -ENOMEM: partly done. */
err_t kmap_set(uint64_t va, paddr_t pa, uint64_t len, unsigned prot) must_check;
/* Narrow or widen the rights of mapped memory, splitting large leaves; flushes. -ENOMEM. */
err_t kmap_protect(uint64_t va, uint64_t len, unsigned prot) must_check;
/*
 * W^X: text read-execute, rodata read-only, data not executable, and text and rodata not writable
 * through the direct map either. Once, on the boot CPU.
 */
err_t kmap_seal_image(void) must_check;
/* The low identity mapping of boot goes, once all CPUs are up. */
void kmap_drop_identity(void);
