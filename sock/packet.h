/* SPDX-License-Identifier: Apache-2.0 */
/* sock/packet.h: AF_PACKET, packet(7): see packet_int.h. */
#pragma once

void packet_init(void); /* after shard_init() */
