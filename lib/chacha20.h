/* SPDX-License-Identifier: Apache-2.0 */
/* lib/chacha20.h: the ChaCha20 block function, RFC 8439, 2.3.  Pure. */
#pragma once

#include "lib/util.h"

#define CHACHA20_KEY_BYTES   32
#define CHACHA20_BLOCK_BYTES 64

/* state: constants, key, counter, nonce (RFC 8439, 2.3); the counter goes on by one a block. */
struct chacha20 {
	uint32_t v[16];
};

void chacha20_init(struct chacha20 *c, const uint8_t key[CHACHA20_KEY_BYTES], uint32_t counter,
		   const uint8_t nonce[12]);
void chacha20_block(struct chacha20 *c, uint8_t out[CHACHA20_BLOCK_BYTES]);
