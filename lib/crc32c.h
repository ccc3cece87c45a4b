/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/crc32c.h: CRC-32C (Castagnoli; RFC 3720 B.4): reflected polynomial 0x82f63b78, initial value and final xor of all ones.  Pure.
 */
#pragma once

#include "lib/util.h"

/* The CRC of bytes that follow those whose CRC is `crc` (0 for none). */
uint32_t crc32c(uint32_t crc, const void *p, size_t len);
