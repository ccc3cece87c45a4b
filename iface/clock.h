/* SPDX-License-Identifier: Apache-2.0 */
/* iface/clock.h: time as a seam, for shells that are tested on the host with a clock that the test turns. */
#pragma once

#include <stdint.h>

struct clock_source {
	uint64_t (*mono_ns)(struct clock_source *c);
	uint64_t (*real_ns)(struct clock_source *c);
};
