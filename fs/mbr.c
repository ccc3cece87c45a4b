/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/mbr.h"

enum { TABLE = 0x1be, ENTRY_LEN = 16, TYPE = 4, FIRST = 8, COUNT = 12 };

static uint64_t le32(const uint8_t *p)
{
	return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

bool mbr_parse(const uint8_t sector[512], uint64_t disk_sectors, struct mbr_part out[MBR_PARTS])
{
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return false;
	for (int i = 0; i < MBR_PARTS; i++) {
		const uint8_t *e = sector + TABLE + i * ENTRY_LEN;
		struct mbr_part p = {
			.type = e[TYPE],
			.active = e[0] & 0x80,
			.first = le32(e + FIRST),
			.nsect = le32(e + COUNT),
		};
		bool inside = p.first <= disk_sectors && p.nsect <= disk_sectors - p.first;

		out[i] = p.nsect && inside ? p : (struct mbr_part){ 0 };
	}
	return true;
}
