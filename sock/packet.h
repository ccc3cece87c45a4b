/* SPDX-License-Identifier: Apache-2.0 */
/* sock/packet.h: AF_PACKET, packet(7): see packet_int.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct packet_row {
	uint64_t ino;
	int type;
	uint16_t proto;
	uint32_t ifindex;
	size_t queued;
};
void packet_each(void (*line)(void *ctx, const struct packet_row *r), void *ctx);

void packet_init(void); /* after shard_init() */
