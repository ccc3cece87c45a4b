/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_mmio.h: virtio devices named on the command line. */
#pragma once

#include "lib/err.h"

struct virtio_mmio_arg {
	uint64_t base, size;
	unsigned gsi;
};

/* SIZE@BASE:IRQ[:ID], numbers in decimal or 0x hexadecimal, SIZE with K or M. Pure. -EINVAL. */
err_t virtio_mmio_parse(const char *s, struct virtio_mmio_arg *out) must_check;

/* Probe them in the order of their addresses. Returns how many the command line names. */
unsigned virtio_mmio_scan(void);
