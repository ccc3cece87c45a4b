/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/tfs.h: TFS on disk, the parts with a fixed layout.  doc/tfs.md is the specification.  Formats 4
 * and 5 are streams of opcodes and varints; format 6 frames the same values in records.  Sectors
 * are 512 bytes and count from the beginning of the file system; integers are little-endian.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	TFS_MAGIC_LEN = 6, /* "NVMTFS", first in sector 0 (all formats) and in format 5's extents */
	TFS_V4 = 4,
	TFS_V5 = 5,
	TFS_V6 = 6,

	/* Formats 4 and 5: opcodes. */
	TFS_OP_END = 1,
	TFS_OP_TUPLE = 2,      /* total length, length here, bytes */
	TFS_OP_TUPLE_MORE = 3, /* length here, bytes */
	TFS_OP_SEGMENT = 4,    /* was END until the next mount appended */
	TFS_OP_LINK = 5,       /* sector, sectors */

	/* Value encoding: types. */
	TFS_T_BUFFER = 0, /* also: symbol */
	TFS_T_TUPLE = 1,
	TFS_T_VECTOR = 2,
	TFS_T_INTEGER = 3,
	TFS_T_STRING = 4,

	/* Format 6: fixed places. */
	TFS6_HEAD_A = 8,
	TFS6_HEAD_B = 16,
	TFS6_DATA = 24, /* the first sector that may belong to a log extent or a file */

	/* Format 6: record types. */
	TFS6_REC_VALUES = 1,
	TFS6_REC_LINK = 2,
	TFS6_REC_CRITICAL = 0x8000, /* unknown types with this bit clear may be skipped */
};

/*
 * Format 6, sector 0 after the version: as format 5 (sectors = 1, uuid, label), zeros, and at byte
 * 508 the CRC-32C of bytes 0 .. 507.
 */
enum { TFS6_SUPER_CRC = 508 };

/* Format 6: a head slot.  The valid one with the higher seq says where the log begins. */
struct tfs6_head {
	uint8_t magic[8];     /*  0 "TFS6HEAD" */
	uint32_t crc;	      /*  8 of bytes 12 .. 511 */
	uint32_t zero;	      /* 12 */
	uint64_t seq;	      /* 16 one more than the other slot's when it was written */
	uint64_t gen;	      /* 24 generation of the log */
	uint64_t log_sector;  /* 32 its first extent */
	uint64_t log_sectors; /* 40 */
	uint64_t reached;     /* 48 records up to this seq are in the log; later ones may be */
	uint64_t compact;     /* 56 sectors that the log took when it was last compact */
	uint8_t pad[448];     /* 64 zeros */
};
_Static_assert(sizeof(struct tfs6_head) == 512, "tfs6_head fills a sector");
_Static_assert(offsetof(struct tfs6_head, compact) == 56, "tfs6_head.compact at 56");

/* Format 6: the first sector of a log extent. */
struct tfs6_extent {
	uint8_t magic[8]; /*  0 "TFS6LOGX" */
	uint32_t crc;	  /*  8 of bytes 12 .. 511 */
	uint32_t zero;	  /* 12 */
	uint64_t gen;	  /* 16 */
	uint64_t sector;  /* 24 where this extent is */
	uint64_t sectors; /* 32 its length, this sector included */
	uint64_t first;	  /* 40 seq of its first record */
	uint8_t uuid[16]; /* 48 */
	uint8_t pad[448]; /* 64 zeros */
};
_Static_assert(sizeof(struct tfs6_extent) == 512, "tfs6_extent fills a sector");
_Static_assert(offsetof(struct tfs6_extent, uuid) == 48, "tfs6_extent.uuid at 48");

/* Format 6: a record, at the beginning of a sector; its payload follows, then zeros to the sector's end. */
struct tfs6_rec {
	uint32_t magic;	  /*  0 "TREC" */
	uint32_t crc;	  /*  4 of bytes 8 .. 48 + len */
	uint64_t gen;	  /*  8 */
	uint64_t seq;	  /* 16 one more than the record before it */
	uint64_t durable; /* 24 records up to this seq were durable when this one was written */
	uint32_t prev;	  /* 32 crc of the record (or extent header, for a log's first) before it */
	uint32_t len;	  /* 36 payload bytes */
	uint16_t type;	  /* 40 */
	uint16_t flags;	  /* 42 zero */
	uint32_t zero;	  /* 44 */
};
_Static_assert(sizeof(struct tfs6_rec) == 48, "tfs6_rec is 48 bytes");
_Static_assert(offsetof(struct tfs6_rec, len) == 36, "tfs6_rec.len at 36");

/* The payload of TFS6_REC_LINK. */
struct tfs6_link {
	uint64_t sector;
	uint64_t sectors;
};
_Static_assert(sizeof(struct tfs6_link) == 16, "tfs6_link is 16 bytes");

enum { TFS6_REC_MAGIC = 0x43455254 }; /* "TREC" */
