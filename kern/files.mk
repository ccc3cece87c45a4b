# SPDX-License-Identifier: Apache-2.0
kern-y :=
kern-y += kern/page.c
kern-y += kern/page_buddy.c
kern-y += kern/page_boot.c
kern-y += kern/pt.c
kern-y += kern/kmap.c
kern-y += kern/tlb.c
kern-y += kern/slab.c
kern-y += kern/slab_debug.c
kern-y += kern/vmap.c
kern-y += kern/clock.c
kern-y += kern/cpu.c
kern-y += kern/exit.c
kern-y += kern/klog.c
kern-y += kern/panic.c
kern-y += kern/spinlock.c
kern-y += kern/trace.c
