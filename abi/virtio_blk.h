/* SPDX-License-Identifier: Apache-2.0 */
/* abi/virtio_blk.h: block device.  VIRTIO 1.2, 5.2. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 5.2.3 */
#define VIRTIO_BLK_F_SIZE_MAX	  (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX	  (1ull << 2)
#define VIRTIO_BLK_F_GEOMETRY	  (1ull << 4)
#define VIRTIO_BLK_F_RO		  (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE	  (1ull << 6)
#define VIRTIO_BLK_F_FLUSH	  (1ull << 9)
#define VIRTIO_BLK_F_TOPOLOGY	  (1ull << 10)
#define VIRTIO_BLK_F_CONFIG_WCE	  (1ull << 11)
#define VIRTIO_BLK_F_MQ		  (1ull << 12)
#define VIRTIO_BLK_F_DISCARD	  (1ull << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES (1ull << 14)

/* 5.2.4: configuration. */
struct virtio_blk_config {
	uint64_t capacity; /* in 512-byte sectors, whatever blk_size says */
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads, sectors;
	uint32_t blk_size;
	uint8_t physical_block_exp, alignment_offset;
	uint16_t min_io_size;
	uint32_t opt_io_size;
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
};
_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_write_zeroes_sectors) == 48, "5.2.4");
_Static_assert(sizeof(struct virtio_blk_config) == 64, "5.2.4 without padding between members");

/* 5.2.6: a request is this header, the data, and one status byte. */
enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
	VIRTIO_BLK_T_DISCARD = 11,
	VIRTIO_BLK_T_WRITE_ZEROES = 13,
};
struct virtio_blk_req {
	uint32_t type;
	uint32_t unused;
	uint64_t sector;
};
_Static_assert(sizeof(struct virtio_blk_req) == 16, "5.2.6");

/* Data of DISCARD and WRITE_ZEROES. */
struct virtio_blk_range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};
_Static_assert(sizeof(struct virtio_blk_range) == 16, "5.2.6");
#define VIRTIO_BLK_RANGE_UNMAP 1u

enum virtio_blk_status { VIRTIO_BLK_S_OK = 0, VIRTIO_BLK_S_IOERR = 1, VIRTIO_BLK_S_UNSUPP = 2 };

#define VIRTIO_BLK_ID_BYTES 20
#define VIRTIO_BLK_SECTOR   512
