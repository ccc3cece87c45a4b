/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/memdisk.h: a disk in memory that loses power.  What is written is cached until a flush, and when the power goes, any
 * part of the cache may have reached the medium: sector by sector, in any order.
 */
#pragma once

#include "iface/blk.h"

struct memdisk {
	struct blk blk;
	uint8_t *medium; /* what a power cut leaves */
	uint8_t *now;	 /* what reads see */
	struct {
		uint64_t sector;
		uint8_t data[BLK_SECTOR];
	} * cache; /* writes since the last flush, sector by sector, oldest first */
	size_t ncache, cap;
	unsigned writes; /* calls so far */
	unsigned cut;	 /* the call with this number and all behind it fail */
	unsigned flushes, reads;
	bool dead;
};

void memdisk_init(struct memdisk *, uint64_t nsect);
void memdisk_fini(struct memdisk *);
/*
 * The power goes and comes back.  seed 0: nothing of the cache is there; 1: all of it; else some of it,
 * picked by the seed.
 */
void memdisk_power(struct memdisk *, unsigned seed);
