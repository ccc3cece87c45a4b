# SPDX-License-Identifier: Apache-2.0
lib-y :=
lib-y += lib/rbtree.c
lib-y += lib/fmt.c
# lib files that only the kernel links; on the host libc has them.
lib-kernel-y := lib/mem.c
lib-y += lib/objcache.c
lib-y += lib/pkt.c
lib-y += lib/crc32c.c
lib-y += lib/ranges.c
lib-y += lib/value.c
lib-y += lib/tuple.c
lib-y += lib/value_get.c
lib-y += lib/radix.c
lib-y += lib/siphash.c
lib-y += lib/wheel.c
lib-kernel-y += lib/compiler.c
lib-y += lib/chacha20.c
lib-y += lib/bpf.c
