/* SPDX-License-Identifier: Apache-2.0 */
/* fs/mbr.h: the partition table of a master boot record (doc/tfs.md, Image layout).  Pure. */
#pragma once

#include "lib/util.h"

enum { MBR_PARTS = 4 };

struct mbr_part {
	uint8_t type; /* 0: the entry is empty */
	bool active;
	uint64_t first, nsect;
};

/* False: no boot record.  Entries that lie outside a disk of `disk_sectors` come out empty. */
bool mbr_parse(const uint8_t sector[512], uint64_t disk_sectors, struct mbr_part out[MBR_PARTS]);
