/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/siphash.h: SipHash-2-4 (Aumasson and Bernstein, 2012), a keyed hash that cannot be predicted
 * without the key.  Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

uint64_t siphash(const struct siphash_key *k, const void *data, size_t n);
