/* SPDX-License-Identifier: Apache-2.0 */
/* tools/fileblk.h: a file of the host as a block device.  What lies behind the file's end reads as zeros. */
#pragma once

#include "iface/blk.h"

struct fileblk {
	struct blk blk;
	int fd; /* the caller's */
};

/* `nsect` may be more than the file has: writes extend it. */
void fileblk_init(struct fileblk *, int fd, uint64_t nsect, bool readonly);
/* Size of what fd names in bytes, block devices included; 0 when it cannot be told. */
uint64_t fileblk_size(int fd);
