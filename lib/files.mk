# SPDX-License-Identifier: Apache-2.0
lib-y :=
lib-y += lib/rbtree.c
lib-y += lib/fmt.c
# lib files that only the kernel links; on the host libc has them.
lib-kernel-y := lib/mem.c
lib-y += lib/objcache.c
lib-y += lib/pkt.c
