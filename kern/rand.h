/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/rand.h: the kernel's generator (ChaCha20, fast key erasure), seeded by RDSEED/RDRAND, virtio-rng
 * and timing jitter.  Any context.
 */
#pragma once

#include "iface/rand.h"
#include "lib/err.h"

void rand_bytes(void *buf, size_t n); /* never blocks; seeded by rand_init() at boot */
uint64_t rand_u64(void);
void rand_mix(const void *buf, size_t n); /* add entropy; any quality */
extern struct rand_source kern_rand;
