/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_net_hdr.h: between the header that virtio puts before a frame (VIRTIO 1.2, 5.1.6) and the marks
 * on a packet.  Pure; what the device wrote is checked here.
 */
#pragma once

#include "abi/virtio_net.h"
#include "lib/pkt.h"

/* 5.1.6.2: what the device is to do with `p`. */
void virtio_net_hdr_of(const struct pkt *p, struct virtio_net_hdr *h);

/*
 * 5.1.6.4: mark a received frame, whose first piece is linear.  `features`: as negotiated.  False: the header
 * contradicts the frame or the features, and the frame is to be dropped.
 */
bool virtio_net_hdr_apply(const struct virtio_net_hdr *h, uint64_t features,
			  struct pkt *p) must_check;
