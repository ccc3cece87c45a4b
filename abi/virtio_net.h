/* SPDX-License-Identifier: Apache-2.0 */
/* abi/virtio_net.h: network device.  VIRTIO 1.2, 5.1. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 5.1.3 */
#define VIRTIO_NET_F_CSUM	(1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MTU	(1ull << 3)
#define VIRTIO_NET_F_MAC	(1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (1ull << 8)
#define VIRTIO_NET_F_GUEST_ECN	(1ull << 9)
#define VIRTIO_NET_F_HOST_TSO4	(1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6	(1ull << 12)
#define VIRTIO_NET_F_HOST_ECN	(1ull << 13)
#define VIRTIO_NET_F_MRG_RXBUF	(1ull << 15)
#define VIRTIO_NET_F_STATUS	(1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ	(1ull << 17)
#define VIRTIO_NET_F_CTRL_RX	(1ull << 18)
#define VIRTIO_NET_F_MQ		(1ull << 22)
#define VIRTIO_NET_F_GUEST_USO4 (1ull << 54)
#define VIRTIO_NET_F_GUEST_USO6 (1ull << 55)
#define VIRTIO_NET_F_HOST_USO	(1ull << 56)

/* 5.1.4 */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};
_Static_assert(sizeof(struct virtio_net_config) == 12, "5.1.4, its first four fields");
#define VIRTIO_NET_S_LINK_UP 1u

/*
 * 5.1.6: before every frame.
 *   OFFSET  SIZE  FIELD
 *        0     1  flags
 *        1     1  gso_type
 *        2     2  hdr_len
 *        4     2  gso_size
 *        6     2  csum_start   from the frame's first byte
 *        8     2  csum_offset  from csum_start
 *       10     2  num_buffers  received with MRG_RXBUF
 */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.6");

#define VIRTIO_NET_HDR_NEEDS_CSUM 1u
#define VIRTIO_NET_HDR_DATA_VALID 2u

enum virtio_net_gso {
	VIRTIO_NET_GSO_NONE = 0,
	VIRTIO_NET_GSO_TCPV4 = 1,
	VIRTIO_NET_GSO_UDP = 3,
	VIRTIO_NET_GSO_TCPV6 = 4,
	VIRTIO_NET_GSO_UDP_L4 = 5,
	VIRTIO_NET_GSO_ECN = 0x80,
};

/* 5.1.6.5: a command is this, its data, and one byte of answer. */
struct virtio_net_ctrl {
	uint8_t class, command;
};
enum virtio_net_ctrl_class {
	VIRTIO_NET_CTRL_RX = 0,
	VIRTIO_NET_CTRL_MAC = 1,
	VIRTIO_NET_CTRL_MQ = 4,
};
#define VIRTIO_NET_CTRL_RX_PROMISC	0
#define VIRTIO_NET_CTRL_RX_ALLMULTI	1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET	0
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0
#define VIRTIO_NET_CTRL_OK		0
