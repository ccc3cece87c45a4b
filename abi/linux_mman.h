/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/linux_mman.h: numbers of the memory system calls (include/uapi/asm-generic/mman-common.h, mman.h and
 * linux/mman.h of Linux 6.x; x86-64 where they differ).
 */
#pragma once

/* mmap(2), mprotect(2): prot */
#define LPROT_READ	0x1
#define LPROT_WRITE	0x2
#define LPROT_EXEC	0x4
#define LPROT_SEM	0x8
#define LPROT_GROWSDOWN 0x01000000
#define LPROT_GROWSUP	0x02000000

/* mmap(2): flags */
#define LMAP_SHARED	     0x01
#define LMAP_PRIVATE	     0x02
#define LMAP_SHARED_VALIDATE 0x03
#define LMAP_TYPE	     0x0f
#define LMAP_FIXED	     0x10
#define LMAP_ANONYMOUS	     0x20
#define LMAP_32BIT	     0x40
#define LMAP_GROWSDOWN	     0x0100
#define LMAP_DENYWRITE	     0x0800
#define LMAP_EXECUTABLE	     0x1000
#define LMAP_LOCKED	     0x2000
#define LMAP_NORESERVE	     0x4000
#define LMAP_POPULATE	     0x8000
#define LMAP_NONBLOCK	     0x10000
#define LMAP_STACK	     0x20000
#define LMAP_HUGETLB	     0x40000
#define LMAP_SYNC	     0x80000
#define LMAP_FIXED_NOREPLACE 0x100000

/* mremap(2) */
#define LMREMAP_MAYMOVE	  1
#define LMREMAP_FIXED	  2
#define LMREMAP_DONTUNMAP 4

/* madvise(2) */
#define LMADV_NORMAL	      0
#define LMADV_RANDOM	      1
#define LMADV_SEQUENTIAL      2
#define LMADV_WILLNEED	      3
#define LMADV_DONTNEED	      4
#define LMADV_FREE	      8
#define LMADV_REMOVE	      9
#define LMADV_DONTFORK	      10
#define LMADV_DOFORK	      11
#define LMADV_MERGEABLE	      12
#define LMADV_UNMERGEABLE     13
#define LMADV_HUGEPAGE	      14
#define LMADV_NOHUGEPAGE      15
#define LMADV_DONTDUMP	      16
#define LMADV_DODUMP	      17
#define LMADV_WIPEONFORK      18
#define LMADV_KEEPONFORK      19
#define LMADV_COLD	      20
#define LMADV_PAGEOUT	      21
#define LMADV_POPULATE_READ   22
#define LMADV_POPULATE_WRITE  23
#define LMADV_DONTNEED_LOCKED 24
#define LMADV_COLLAPSE	      25

/* msync(2) */
#define LMS_ASYNC      1
#define LMS_INVALIDATE 2
#define LMS_SYNC       4

/* mlock2(2), mlockall(2) */
#define LMLOCK_ONFAULT 1
#define LMCL_CURRENT   1
#define LMCL_FUTURE    2
#define LMCL_ONFAULT   4
